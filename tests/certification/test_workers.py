"""Workers leave nothing behind: not after a kill, and not after a stop in the middle of a long job."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from certification.workers import workers

BUSY = """
import sys, time
from certification.workers import workers
if __name__ == "__main__":
    with workers(2) as pool:
        first = [pool.submit(__import__("os").getpid) for _ in range(8)]
        print(*{job.result() for job in first}, flush=True)
        list(pool.map(time.sleep, [600] * 20))
"""


def runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def wait(pids: list[int]) -> list[int]:
    """Those that still run after a while."""
    for _ in range(300):
        if not any(runs(pid) for pid in pids):
            return []
        time.sleep(0.1)
    return [pid for pid in pids if runs(pid)]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_workers_end_with_their_parent(number: int) -> None:
    command, pipe = [sys.executable, "-c", BUSY], subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as parent:
        assert parent.stdout is not None
        pids = [int(word) for word in parent.stdout.readline().split()]
        assert pids and all(runs(pid) for pid in pids)
        os.kill(parent.pid, number)
        assert wait([parent.pid, *pids]) == []
        assert parent.stderr is not None
        told = parent.stderr.read()
        assert told.count("Traceback") == (number == signal.SIGINT), told  # its own, not the pool's


def test_what_fails_inside_is_raised_at_once() -> None:
    with pytest.raises(ZeroDivisionError), workers(1) as pool:
        assert pool.submit(abs, -1).result() == 1
        pool.submit(time.sleep, 600)
        raise ZeroDivisionError
