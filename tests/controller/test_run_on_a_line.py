"""`seawall run --port` as a process on a pseudo-terminal: what it sends, tells and says at its end."""

import os
import re
import select
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from controller.kernel.modes import CAUSE_NAMES, DEADLINE, NOMINAL
from controller.ports.messages import Command, Sample
from controller.summary import STAGES
from tests.controller.native.flights import PLANT
from tests.controller.native.rig import Rig, gaps, read_slowly
from tests.projects import make_project

PERIOD_US = 20_000
RUN = [sys.executable, "-m", "seawall", "run"]


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The command that flies a project whose network pushes at once, slowly enough for a loaded machine."""
    stages = ("sensor", "preprocess", "network", "output")
    folder = make_project(
        tmp_path_factory.mktemp("line"),
        **{"controller.period_us": PERIOD_US, "controller.recovery_periods": 2, "plant": PLANT,
           "dt.low_us": 1, "dt.high_us": 10_000_000, "timing.deadline_us": 20_000, "network.b_out": [3.0],
           "input.0.stale_us": 60_000_000, "input.1.stale_us": 60_000_000, "output.0.max_rate": 40.0},
        **{f"timing.budget_us.{stage}": 5000 for stage in stages},
    )  # fmt: skip
    return [*RUN, str(folder), "--seconds", "0", "--port"]


def answer(rig: Rig, periods: int) -> tuple[int, Command]:
    """Answer so many commands with samples of their time; the last command and its number."""
    for sequence in range(periods):
        number, command = rig.command()
        rig.send(sequence, *(Sample(j, command.now_us, 0.1) for j in range(2)))
    return number, command


def drive(rig: Rig) -> int:
    """Feed it until the network drives with a good push; that command's number."""
    for _ in range(100):
        number, command = answer(rig, 5)
        if command.mode == NOMINAL and command.outputs[0] > 1.0:
            return number
    raise AssertionError("the network does not drive")


def told(out: str, name: str) -> int:
    """The number behind a name in the summary, 0 where the name is not there."""
    found = re.search(f"{re.escape(name)} (\\d+)", out)
    return int(found[1]) if found else 0


def skipped(out: str) -> int:
    """How many commands were skipped, as the summary tells."""
    return told(out, "commands skipped")


def was_slow(out: str) -> bool:
    """Whether the machine kept the loop from its times: a deadline, a command or a stage's budget."""
    rows = [line.split() for line in out.splitlines()]
    over = any(row[-1] not in "0-" for row in rows if row and row[0] in STAGES)
    return over or told(out, "deadline misses:") > 0 or skipped(out) > 0


def test_a_good_line_is_a_success_unless_the_machine_is_slow(command: list[str]) -> None:
    with Rig(command) as rig:
        drive(rig)
        commands, status, out, _ = rig.stop()
    assert commands[-1].outputs == (0.0,) and "frames refused 0" in out
    assert status == 0 or was_slow(out)


def test_a_slow_reader_reads_new_commands_and_is_told_of(command: list[str]) -> None:
    """It reads 60 % of what is made; before, the line held hundreds and the oldest came first."""
    with Rig(command) as rig:
        answer(rig, 5)
        numbers = read_slowly(rig, PERIOD_US)
        _, status, out, _ = rig.stop()
    assert numbers == sorted(set(numbers))
    assert skipped(out) >= gaps(numbers)
    assert status == 1 and "no success: a frame was damaged, or over 1% of the commands were skipped" in out


def test_nobody_reads_so_it_is_not_safe(command: list[str]) -> None:
    """Of the commands after the last that was read, the line holds one, and the others are skipped."""
    with Rig(command) as rig:
        read = drive(rig)
        time.sleep(5 * PERIOD_US * 1e-6)
        rig.process.send_signal(signal.SIGTERM)
        out, _ = rig.process.communicate(timeout=60)
    assert rig.process.returncode == 1
    assert "the safe output did not get through in 1 s; stop the actuator by other means" in out
    assert skipped(out) >= int(out.split(" periods")[0]) - read - 1


def test_a_far_end_that_hangs_up_in_the_stop_has_not_read(command: list[str]) -> None:
    with Rig(command) as rig:
        drive(rig)
        rig.process.send_signal(signal.SIGTERM)
        rig.leave(1)
        out, _ = rig.process.communicate(timeout=60)
    assert rig.process.returncode == 1 and "stop the actuator by other means" in out


def test_a_socket_is_flown_with_a_word_on_what_it_does_not_tell(command: list[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"socket://127.0.0.1:{server.getsockname()[1]}"
        again = [*command[:-1], "--port", url]
        with subprocess.Popen(again, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            server.settimeout(60)
            far, _ = server.accept()
            far.settimeout(60)
            with far:
                far.recv(1000)
                process.send_signal(signal.SIGTERM)
                while far.recv(4096):
                    pass
            _, err = process.communicate(timeout=60)
    assert "does not tell what the far end has read" in err


def test_damaged_frames_are_told_and_no_success(command: list[str]) -> None:
    with Rig(command) as rig:
        answer(rig, 3)
        rig.send_bytes(b"\x05\x01\x02\0" * 50)
        answer(rig, 5)
        _, status, out, _ = rig.stop()
    assert "frames refused 50" in out and status == 1


def test_a_stalled_period_misses_its_deadline_and_is_told(command: list[str]) -> None:
    """A stop of ten periods falls anywhere in the loop: its miss reaches the kernel, with the real time.

    The miss is told in the next period or the one after, so each stop is flown out before the next; and no
    command may claim a time at which the process stood still.
    """
    stops = 3
    with Rig(command) as rig:
        drive(rig)
        for _ in range(stops):
            since_us, until_us = rig.pause(10 * PERIOD_US * 1e-6)
            times = [answer(rig, 1)[1].now_us for _ in range(5)]
            assert not [now_us for now_us in times if since_us < now_us < until_us]
            drive(rig)
        _, status, out, _ = rig.stop()
    assert told(out, CAUSE_NAMES[DEADLINE]) >= stops
    assert status == 1 and told(out, "deadline misses:") >= 8 * stops


def test_a_full_error_pipe_does_not_stop_the_loop(command: list[str]) -> None:
    """It tells its state once a second, and nobody reads it."""
    with Rig(command) as rig:
        answer(rig, 3)
        with Path(f"/proc/{rig.process.pid}/fd/2").open("wb", buffering=0) as pipe:
            os.set_blocking(pipe.fileno(), False)
            while pipe.write(b"x" * 4096) is not None:
                pass
        answer(rig, 3 * 1_000_000 // PERIOD_US)  # three seconds of flight
        rig.process.send_signal(signal.SIGTERM)
        while rig.process.poll() is None:
            if select.select([rig.master], [], [], 0.05)[0]:
                os.read(rig.master, 4096)
