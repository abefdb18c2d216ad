"""What a run says of itself: quantiles, transitions, the live line and the report."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.controller import Controller
from controller.kernel.modes import DEADLINE
from controller.ports.closed_loop import ClosedLoop
from controller.project import Project
from controller.runtime import run
from controller.summary import Stopwatch, Tick, report, tick_line, transition_counts
from tests.controller.native.flights import cart_project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return cart_project(tmp_path)


times_ns = st.lists(st.integers(0, 10**9), min_size=1, max_size=50)


@given(times_ns, st.integers(1, 20))
def test_quantiles_are_nearest_rank_over_what_is_kept(times: list[int], capacity: int) -> None:
    watch = Stopwatch((None, 500_000, None, None), capacity)
    for time_ns in times:
        watch.note(0, time_ns, 1, 2)
    kernel = watch.stages()[1]
    kept = np.array(times[-capacity:])
    expected = np.quantile(kept, [0.5, 0.99, 0.999], method="inverted_cdf") / 1000
    assert [kernel.p50_us, kernel.p99_us, kernel.p99_9_us] == expected.tolist()
    assert kernel.max_us == kept.max() / 1000
    assert kernel.over == sum(t > 500_000_000 for t in times)
    assert [s.over for s in watch.stages()] == [0, kernel.over, 0, 0]


def test_the_live_line(project: Project) -> None:
    tick = Tick(step=5, time_us=12_345_678, mode=1, cause=DEADLINE, outputs=(-1.25,), misses=3)
    line = tick_line(project, tick)
    for part in ("12.346 s", "FALLBACK", "output0 -1.25 N", "misses 3", "(deadline missed)"):
        assert part in line
    assert "(" not in tick_line(project, replace(tick, cause=0))
    assert len(line.splitlines()) == 1


def test_the_report_says_what_counts(project: Project) -> None:
    summary = run(Controller(project, "native"), ClosedLoop(project), steps=100)
    text = "\n".join(report(summary))
    parts = ("100 periods", "virtual time", "native backend: completed", "NOMINAL", "late 0")
    for part in (*parts, "recover 1, leave safe 1"):
        assert part in text
    assert "budget" not in text
    real = "\n".join(report(replace(summary, realtime=True, deadline_misses=2, skipped=1)))
    assert "deadline misses: 2 at 1000 us, of them periods skipped 1" in real
    assert "budget  periods over" in real


def test_transitions_leave_out_holds() -> None:
    assert transition_counts(list(range(9))) == {
        "degrade": 1, "trip": 2, "recover": 3, "trip from fallback": 5, "leave safe": 7,
    }  # fmt: skip
