"""Real time: the clock never starts early, rights are asked for, named where denied, and given back."""

import gc
import json
import os
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest

from controller.controller import Backend, Controller
from controller.ports.closed_loop import ClosedLoop
from controller.project import Project
from controller.realtime import RealClock, rights
from controller.runtime import run
from controller.summary import Tick
from tests.controller.native.flights import cart_project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return cart_project(tmp_path)


@pytest.mark.parametrize("backend", ["python", "native"])
def test_real_time(project: Project, backend: Backend) -> None:
    before = os.sched_getscheduler(0), os.sched_getaffinity(0), gc.isenabled(), gc.get_freeze_count()
    port = ClosedLoop(project)
    warnings: list[str] = []
    inside: list[tuple[int, bool, int, int]] = []

    def look(tick: Tick) -> None:
        inside.append((tick.time_us, gc.isenabled(), os.sched_getscheduler(0), len(os.sched_getaffinity(0))))

    summary = run(
        Controller(project, backend), port, steps=300, realtime=True, on_tick=look, on_warning=warnings.append
    )
    after = os.sched_getscheduler(0), os.sched_getaffinity(0), gc.isenabled(), gc.get_freeze_count()
    assert (before, warnings) == (after, list(summary.warnings))
    assert (summary.realtime, summary.periods, summary.end) == (True, 300, "completed")
    times = [row[0] for row in inside]
    assert all(b > a for a, b in pairwise(times))
    assert times[-1] >= (299 + summary.skipped) * 1000  # no period starts before its time
    assert not any(row[1] for row in inside)
    if not any("SCHED_FIFO" in w for w in warnings):
        assert {row[2] & ~os.SCHED_RESET_ON_FORK for row in inside} == {os.SCHED_FIFO}
    if not any("affinity" in w for w in warnings):
        assert {row[3] for row in inside} == {1}
    late = summary.stages[-1].over
    assert summary.deadline_misses == late + summary.skipped
    for stage in summary.stages:
        assert 0 <= stage.p50_us <= stage.p99_us <= stage.p99_9_us <= stage.max_us
    assert summary.stages[-1].max_us >= max(s.max_us for s in summary.stages[:-1])
    assert summary.stages[0].budget_us == 200


def test_rights_that_are_denied_are_named_with_their_mend() -> None:
    """A process without privileges: each denied right is one sentence, and the rest still holds."""
    script = (
        "import json, os, resource; from controller.realtime import rights\n"
        "for what in (resource.RLIMIT_MEMLOCK, resource.RLIMIT_RTPRIO): resource.setrlimit(what, (0, 0))\n"
        "if os.geteuid() == 0: os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "with rights(cpu=100000) as denied: print(json.dumps(denied))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    affinity, fifo, memory = json.loads(done.stdout)
    assert affinity.startswith("CPU affinity: CPU 100000 was denied")
    assert "choose one of: " in affinity
    assert fifo.startswith("SCHED_FIFO: priority 80 was denied")
    assert "CAP_SYS_NICE" in fifo
    assert memory.startswith("mlockall: ")
    assert "CAP_IPC_LOCK" in memory


def test_rights_on_a_chosen_cpu() -> None:
    cpu = min(os.sched_getaffinity(0))
    with rights(cpu) as denied:
        assert any("affinity" in sentence for sentence in denied) or os.sched_getaffinity(0) == {cpu}
    assert cpu in os.sched_getaffinity(0)


def test_the_real_clock_skips_what_has_passed() -> None:
    clock = RealClock(1000, start_us=7_000_000)
    assert clock.wait(lambda: False) >= 7_000_000
    time.sleep(0.0056)
    assert clock.spent_ns() >= 5_600_000
    now_us = clock.wait(lambda: False)
    assert clock.skipped >= 4
    assert now_us >= 7_005_600
    before = clock.skipped
    later = clock.wait(lambda: False)
    assert later >= 7_000_000 + 1000 * (2 + before)


def test_the_real_clock_stops_early_where_asked() -> None:
    clock = RealClock(10_000_000, start_us=0)
    clock.wait(lambda: False)
    assert clock.wait(lambda: True) < 10_000_000
