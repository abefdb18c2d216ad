"""The loop: the same flight every time in virtual time, and safe at every end."""

import os
import signal
import subprocess
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from controller.controller import Backend, Controller
from controller.errors import InputError
from controller.kernel.modes import DEADLINE, FALLBACK, NOMINAL, SAFE, TRANSITION_NAMES
from controller.ports import Ended, Lost
from controller.ports.closed_loop import ClosedLoop
from controller.ports.messages import Command, Sample
from controller.project import Project
from controller.realtime import VirtualClock
from controller.runtime import Flight, every, periods, run
from controller.summary import STAGES, Tick, report
from tests.controller.bits import bits
from tests.controller.native.flights import PLANT, cart_project
from tests.projects import make_project

SAFE_OUTPUT = (3.0,)


class Logged(ClosedLoop):
    """The simulated plant, with a log of every command, and a fault in the period after `good`."""

    def __init__(self, project: Project, good: int = 1 << 30, fault: BaseException | None = None) -> None:
        super().__init__(project)
        self.log: list[Command] = []
        self.good, self.fault = good, fault

    def receive(self, now_us: int) -> list[Sample]:
        if len(self.log) == self.good and self.fault:
            raise self.fault
        return super().receive(now_us)

    def send(self, command: Command, last: bool = False) -> bool:
        self.log.append(command)
        return super().send(command, last)


class Behind(VirtualClock):
    """Virtual time in which some periods end late and some never start."""

    def __init__(self, period_us: int, late: set[int], skipped: dict[int, int]) -> None:
        super().__init__(period_us)
        self.late, self.skips, self.period = late, skipped, -1

    def wait(self, stopping: Callable[[], bool]) -> int:
        self.period += 1
        self.skipped += self.skips.get(self.period, 0)
        return super().wait(stopping)

    def spent_ns(self) -> int:
        return 10**9 if self.period in self.late else 0


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return cart_project(tmp_path, **{"output.0.safe": 3.0})


def commands(project: Project, backend: Backend, steps: int = 400) -> list[bytes]:
    """Every bit of the commands of a run."""
    port = Logged(project)
    run(Controller(project, backend), port, steps=steps)
    return [np.array([c.now_us, c.mode, c.cause]).tobytes() + np.array(c.outputs).tobytes() for c in port.log]


def test_virtual_time_is_the_same_every_time_and_on_both_backends(project: Project) -> None:
    first = commands(project, "native")
    assert commands(project, "native") == first
    assert commands(project, "python") == first
    assert len(set(first)) > 300


def test_a_run_begins_at_the_declared_start(project: Project) -> None:
    """The same controller flown twice gives the same flight."""
    controller, port, again = Controller(project, "native"), Logged(project), Logged(project)
    run(controller, port, steps=50)
    run(controller, again, steps=50)
    assert port.log == again.log


def test_the_summary_is_what_the_ticks_were(project: Project) -> None:
    seen: list[Tick] = []
    controller = Controller(project, "native")
    summary = run(
        controller, ClosedLoop(project), steps=300, start_us=5000, on_tick=lambda t: seen.append(replace(t))
    )
    assert [t.step for t in seen] == list(range(1, 301))
    assert [t.time_us for t in seen] == list(range(5000, 305_000, 1000))
    assert (summary.first_us, summary.last_us, summary.periods, summary.end) == (
        5000,
        304_000,
        300,
        "completed",
    )
    modes = [t.mode for t in seen]
    assert summary.modes == {
        "NOMINAL": modes.count(NOMINAL),
        "FALLBACK": modes.count(1),
        "SAFE": modes.count(SAFE),
    }
    changes = [
        TRANSITION_NAMES[pair] for pair in zip([SAFE, *modes], modes, strict=False) if pair[0] != pair[1]
    ]
    assert summary.transitions == {
        name: changes.count(name) for name in TRANSITION_NAMES.values() if name in changes
    }
    assert summary.transitions["leave safe"] == 1
    assert summary.outputs == seen[-1].outputs
    assert sum(summary.causes.values()) == 300
    assert 500 < summary.samples < 600  # two a period, two in a hundred dropped
    assert [s.name for s in summary.stages] == list(STAGES)
    assert summary.deadline_misses == 0
    assert not summary.over_budget


def test_no_steps_is_no_flight(project: Project) -> None:
    port = Logged(project)
    summary = run(Controller(project), port, steps=0)
    assert (summary.periods, summary.stages, summary.transitions) == (0, (), {})
    assert [c.outputs for c in port.log] == [SAFE_OUTPUT]
    assert len(report(summary)) > 3


def test_a_miss_is_told_to_the_next_period_only(project: Project) -> None:
    port = Logged(project)
    clock = Behind(1000, late={100}, skipped={200: 3})
    seen: list[int] = []
    summary = run(
        Controller(project, "native"), port, clock=clock, steps=300, on_tick=lambda t: seen.append(t.misses)
    )
    told = [n for n, command in enumerate(port.log[:300]) if command.cause == DEADLINE]
    assert told == [101, 200]
    assert port.log[101].mode == port.log[200].mode == FALLBACK
    assert (summary.deadline_misses, summary.skipped) == (4, 3)
    assert (seen[99], seen[100], seen[199], seen[200]) == (0, 1, 1, 4)
    assert summary.stages[-1].over >= 1
    assert summary.stages[-1].max_us >= 1e6


class Stopped(Behind):
    """Behind, and stopped where it waits for a period."""

    def wait(self, stopping: Callable[[], bool]) -> int:
        now_us = super().wait(stopping)
        if self.period == 5:
            raise KeyboardInterrupt
        return now_us


def test_periods_that_were_skipped_just_before_a_stop_are_misses_too(project: Project) -> None:
    clock = Stopped(1000, late=set(), skipped={3: 1, 5: 2})
    summary = run(Controller(project, "native"), Logged(project), clock=clock)
    assert (summary.periods, summary.deadline_misses, summary.skipped) == (5, 3, 3)


def is_safe_end(log: list[Command], period_us: int = 1000) -> bool:
    """Whether the last command is the safe one and the way there keeps to the slew limit of 400 N/s."""
    last = log[-1]
    slew = 400.0 * period_us * 1e-6 * (1.0 + 1e-9)
    path = [c.outputs[0] for c in log]
    steps = [abs(b - a) for a, b in pairwise(path)]
    return last.mode == SAFE and last.outputs == SAFE_OUTPUT and max(steps) <= slew


def test_a_completed_run_ends_safe_by_the_slew_limit(project: Project) -> None:
    port = Logged(project)
    summary = run(Controller(project, "native"), port, steps=40)
    assert abs(port.log[39].outputs[0] - 3.0) > 0.5
    assert len(port.log) > 42
    assert is_safe_end(port.log)
    assert summary.periods == 40
    assert summary.samples <= 80  # what brings it to rest is no part of the flight


@pytest.mark.parametrize(
    "fault", [RuntimeError("the port burnt down"), SystemExit(3), ZeroDivisionError(), GeneratorExit()]
)
def test_a_loop_that_dies_ends_safe_and_says_why(project: Project, fault: BaseException) -> None:
    port = Logged(project, 40, fault)
    with pytest.raises(type(fault)) as caught:
        run(Controller(project, "native"), port)
    assert caught.value is fault
    assert len(port.log) > 41
    assert is_safe_end(port.log)


def test_a_callback_that_fails_ends_safe(project: Project) -> None:
    port = Logged(project)

    def bad(tick: Tick) -> None:
        if tick.step == 40:
            raise ValueError("no terminal")

    with pytest.raises(ValueError, match="no terminal"):
        run(Controller(project), port, on_tick=bad)
    assert is_safe_end(port.log)


@pytest.mark.parametrize(
    ("fault", "end", "lost"),
    [
        (Ended("all was read"), "all was read", False),
        (KeyboardInterrupt(), "interrupted", False),
        (Lost("the cable fell out"), "the cable fell out", True),
    ],
)
def test_ends_that_are_no_faults(project: Project, fault: BaseException, end: str, lost: bool) -> None:
    port = Logged(project, 40, fault)
    summary = run(Controller(project, "native"), port)
    assert (summary.end, summary.lost, summary.periods) == (end, lost, 40)
    last = port.log[-1]
    assert (last.mode, last.outputs) == (SAFE, SAFE_OUTPUT)
    assert lost or is_safe_end(port.log)


class Deaf(Logged):
    """A line that breaks in the period after `good`, for commands too."""

    def send(self, command: Command, last: bool = False) -> bool:
        if len(self.log) >= self.good:
            raise Lost("the cable fell out")
        return super().send(command, last)


def test_a_safe_output_that_could_not_be_sent_is_said(project: Project) -> None:
    summary = run(Controller(project, "native"), Deaf(project, 40))
    assert summary.lost and not summary.safe and summary.failed
    assert summary.end.startswith("the cable fell out; the safe output could not be sent")
    assert "stop the actuator by other means" in summary.end
    with pytest.raises(OSError, match="burnt") as caught:
        run(Controller(project, "native"), Deaf(project, 0, OSError("burnt")))
    assert any("by other means" in note for note in caught.value.__notes__)


def test_a_stop_that_does_not_settle_is_bounded(tmp_path: Path) -> None:
    """At 1 N/s the way from 5 N would take 5 s; after one second the safe command goes out all the same."""
    project = cart_project(
        tmp_path, **{"output.0.max_rate": 1.0, "output.0.safe": 1.0, "fallback.0.setpoint": 0.5}
    )
    port = Logged(project)
    run(Controller(project, "native"), port, steps=3000)
    assert abs(port.log[2999].outputs[0] - 1.0) > 1.0
    assert len(port.log) == 3000 + 1000 + 1
    assert (port.log[-1].outputs, port.log[-1].mode) == ((1.0,), SAFE)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_period_and_then_the_run(project: Project, number: signal.Signals) -> None:
    before = signal.getsignal(number)
    port = Logged(project)

    def send(tick: Tick) -> None:
        if tick.step == 40:
            os.kill(os.getpid(), number)

    summary = run(Controller(project, "native"), port, on_tick=send)
    assert (summary.end, summary.periods) == ("interrupted", 40)
    assert is_safe_end(port.log)
    assert signal.getsignal(number) is before


def test_a_signal_wakes_a_sleeping_loop(tmp_path: Path) -> None:
    """A period of ten seconds is not slept out. In a process of its own, which ends with its summary."""
    changes: dict[str, Any] = {
        "controller.period_us": 10**7,
        "dt.high_us": 10**7,
        "controller.ahead_us": 0,
        "plant": PLANT,
    }
    directory = make_project(tmp_path, 2, 8, 1, **changes)
    script = (
        "import sys; from controller.controller import Controller; from controller.runtime import run;"
        "from controller.ports.closed_loop import ClosedLoop\n"
        f"c = Controller.load({str(directory)!r})\n"
        "s = run(c, ClosedLoop(c.project), realtime=True, on_tick=lambda t: print(t.step, flush=True))\n"
        "print(s.end, s.periods)"
    )
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "1\n"
    begin = time.monotonic()
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert out == "interrupted 1\n"
    assert process.returncode == 0
    assert time.monotonic() - begin < 60


def test_a_run_beside_the_main_thread(project: Project) -> None:
    """Signals belong to the main thread; a run elsewhere leaves them alone."""
    ends: list[str] = []
    thread = threading.Thread(
        target=lambda: ends.append(run(Controller(project, "native"), ClosedLoop(project), steps=5).end)
    )
    thread.start()
    thread.join()
    assert ends == ["completed"]


def test_nothing_grows(project: Project) -> None:
    controller = Controller(project, "native")
    flight = Flight(controller, ClosedLoop(project), VirtualClock(1000), None, capacity=64)
    grown: list[int] = []

    def look(tick: Tick) -> None:
        if tick.step in (500, 1500):
            grown.append(tracemalloc.get_traced_memory()[0])

    flight.on_tick = look
    tracemalloc.start()
    try:
        flight.fly(1501)
    finally:
        tracemalloc.stop()
    assert grown[1] - grown[0] < 1024
    assert len(bits(controller.snapshot())) == len(bits(Controller(project).snapshot()))


def test_every_shows_the_first_and_then_at_most_so_often() -> None:
    shown: list[int] = []
    rarely, always = every(1e6, lambda t: shown.append(t.step)), every(0.0, lambda t: shown.append(-t.step))
    for n in range(1, 6):
        rarely(Tick(step=n))
        always(Tick(step=n))
    assert shown == [1, -1, -2, -3, -4, -5]


@pytest.mark.parametrize(
    ("seconds", "wanted"),
    [
        (0.0, None),
        (-0.0, None),
        (5e-324, 1),
        (0.0004, 1),
        (0.0005, 1),
        (0.0016, 2),
        (5.0, 5000),
        (1e9, 10**12),
    ],
)
def test_only_no_time_at_all_is_without_end(tmp_path: Path, seconds: float, wanted: int | None) -> None:
    assert periods(cart_project(tmp_path), seconds) == wanted


@pytest.mark.parametrize("seconds", [float("nan"), float("inf"), -1.0, -5e-324])
def test_what_is_no_time_is_refused(tmp_path: Path, seconds: float) -> None:
    with pytest.raises(InputError, match="is no time to fly"):
        periods(cart_project(tmp_path), seconds)
