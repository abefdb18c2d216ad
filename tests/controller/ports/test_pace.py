"""A recording whose times can't be those of its samples: a clock that goes back or wraps, a wrong unit."""

from collections.abc import Callable
from pathlib import Path

import pytest

from controller.controller import Controller
from controller.errors import InputError
from controller.ports import messages
from controller.ports.pace import JUDGED, RUN_LIMIT, Pace
from controller.replay import replay
from controller.summary import report
from tests.controller.imu import Sample, imu_project, samples, write_csv


@pytest.fixture(scope="module")
def recorded() -> list[Sample]:
    """The first four seconds: nine channels, three clocks."""
    everything = samples()
    start = everything[0][1]
    return [s for s in everything if s[1] < start + 4_000_000]


def shifted(recorded: list[Sample], when: Callable[[int, int], int]) -> list[Sample]:
    """The recording with other times: of a row's number and its time from the start."""
    start = recorded[0][1]
    return [
        (channel, when(n, time_us - start), value) for n, (channel, time_us, value) in enumerate(recorded)
    ]


HALF_S = 500_000
CLOCKS: dict[str, tuple[Callable[[list[Sample]], list[Sample]], str]] = {
    "wraps at 2**32 us": (
        lambda r: shifted(r, lambda _, t: (t + 2**32 - HALF_S) % 2**32),
        "time goes back by 4294.9. s; a 32-bit clock wrapped: add 4294967296 to the times",
    ),
    "wraps with a sign": (
        lambda r: shifted(r, lambda _, t: t + 2**31 - HALF_S - (2**32 if t >= HALF_S else 0)),
        "is negative; a 32-bit clock wrapped: add 4294967296 to the times",
    ),
    "wraps at 2**32 ms": (
        lambda r: shifted(r, lambda _, t: (t + 1000 * 2**32 - HALF_S) % (1000 * 2**32)),
        "a 32-bit clock wrapped: add 4294967296000 to the times",
    ),
    "is set back by three seconds": (
        lambda r: shifted(r, lambda n, t: t + (3_000_000 if n < 300 else 0)),
        "line 302: time goes back by 2.98.* s; sort the rows by time_us, or split the recording",
    ),
    "is set back by a third of a second": (
        lambda r: shifted(r, lambda n, t: t + (300_000 if n < 300 else 0)),
        "line 302: from here on 64 rows are no newer than what their channels had before",
    ),
    "is sorted by channel": (sorted, "time goes back by .* s; sort the rows by time_us"),
    "stands there twice": (lambda r: r + r, "time goes back by .* s; sort the rows by time_us"),
    "is in seconds": (
        lambda r: shifted(r, lambda _, t: t // 1_000_000),
        "line 11: from here on 64 rows are no newer .*; give microseconds, or sort",
    ),
}


@pytest.mark.parametrize("clock", CLOCKS)
def test_a_clock_that_goes_back_is_told_with_its_line(
    tmp_path: Path, recorded: list[Sample], clock: str
) -> None:
    """What follows would be lost: the time is another one, and nothing would say so."""
    change, said = CLOCKS[clock]
    path = write_csv(tmp_path / "r.csv", change(recorded))
    with pytest.raises(InputError, match=said) as caught:
        replay(Controller(imu_project(tmp_path / "p"), "native"), path)
    assert str(caught.value).startswith(f"{path}: line ")


UNITS: dict[str, tuple[Callable[[int, int], int], str]] = {
    "milliseconds": (lambda _, t: t // 1000, "if time_us is in milliseconds, multiply it by 1000"),
    "nanoseconds": (lambda _, t: 1000 * t, "if time_us is in nanoseconds, divide it by 1000"),
}


@pytest.mark.parametrize("unit", UNITS)
def test_a_likely_unit_is_named(tmp_path: Path, recorded: list[Sample], unit: str) -> None:
    when, said = UNITS[unit]
    warned: list[str] = []
    project = imu_project(tmp_path / "p", slots=4)
    path = write_csv(tmp_path / "r.csv", shifted(recorded[:1200], when))
    summary = replay(Controller(project, "native"), path, on_warning=warned.append)
    assert len(warned) == 1 and warned[0].startswith(f"{path}: ") and warned[0].endswith(said)
    assert summary.failed and f"no success: {warned[0]}" in report(summary)
    warned.clear()
    replay(Controller(project, "native"), write_csv(tmp_path / "r.csv", recorded), on_warning=warned.append)
    assert warned == []


def test_a_slow_recording_in_seconds_is_named_and_fails(tmp_path: Path, recorded: list[Sample]) -> None:
    """Few rows share a second: most are twice there."""
    slow = [s for n, s in enumerate(recorded) if n % 45 < 9]
    warned: list[str] = []
    project = imu_project(tmp_path / "p", period_us=50_000, slots=2)
    path = write_csv(tmp_path / "r.csv", shifted(slow, lambda _, t: t // 1_000_000))
    summary = replay(Controller(project, "native"), path, on_warning=warned.append)
    assert summary.failed and summary.inbox["duplicate"] > len(slow) // 2
    assert len(warned) == 1 and warned[0].endswith("if time_us is in seconds, multiply it by 1000000")
    assert "were of no use; check their times and channels" in "\n".join(report(summary))


def test_a_run_whose_samples_are_of_no_use_has_failed(tmp_path: Path, recorded: list[Sample]) -> None:
    """Of no channel that the project has, and so refused; or of one that has it twice."""
    project = imu_project(tmp_path / "p")
    foreign = [(s[0] + 50 * (n % 3 > 0), *s[1:]) for n, s in enumerate(recorded)]
    twice = [s for s in recorded for _ in range(3)]
    for planted in (foreign, twice):
        summary = replay(Controller(project, "native"), write_csv(tmp_path / "r.csv", planted))
        assert summary.failed and "of the samples 67% were of no use" in "\n".join(report(summary))
    summary = replay(Controller(project, "native"), write_csv(tmp_path / "r.csv", recorded))
    assert not summary.failed and "no use" not in "\n".join(report(summary))


def paced(rows: list[tuple[int, int]], channels: int = 1, **limits: int) -> Pace:
    """What was seen of rows of a channel and a time."""
    pace = Pace(range(channels), **limits)
    for n, (channel, time_us) in enumerate(rows):
        pace.check(messages.Sample(channel, time_us, 0.0), lambda n=n: f"row {n}")  # type: ignore[misc]
    return pace


def test_a_row_may_be_late_by_what_is_declared_and_no_more() -> None:
    """Behind the newest time, not the last one."""
    paced([(0, 1000), (0, 990), (0, 900)], late_us=100)
    for rows in ([(0, 1000), (0, 899)], [(0, 1000), (0, 950), (0, 899)]):
        with pytest.raises(InputError, match=r"time goes back by 0\.000101 s"):
            paced(rows, late_us=100)


def test_rows_of_no_channel_of_the_project_count_for_nothing() -> None:
    foreign = [(9, 5000)] * (2 * RUN_LIMIT)
    assert paced([(0, 5000), *foreign]).remark(1000, 4, [5000], over=True) == ""


def test_what_is_no_newer_is_told_as_what_it_is() -> None:
    """The same time again may be another unit; an older one is another clock."""
    said = "row 1: from here on 64 rows are no newer than what their channels had before; "
    for back_us, mend in ((0, "give microseconds, or sort"), (1, "sort")):
        with pytest.raises(InputError, match=f"^{said}{mend}"):
            paced([(0, 5000)] + [(0, 5000 - back_us)] * RUN_LIMIT)


def rows(channel: int, apart_us: int, count: int) -> list[tuple[int, int]]:
    return [(channel, n * apart_us) for n in range(count)]


def test_no_unit_is_judged_before_all_channels_are_known_or_the_end() -> None:
    pace = paced([*rows(0, 1, 2 * JUDGED), *rows(1, 1, JUDGED - 1)], channels=2)
    assert pace.remark(1000, 4, [5000] * 2, over=False) == "" and not pace.judged
    pace.check(messages.Sample(1, JUDGED, 0.0), str)
    assert "multiply it by 1000" in pace.remark(1000, 4, [5000] * 2, over=False) and pace.judged
    assert pace.remark(1000, 4, [5000] * 2, over=True) == ""


SPACED: dict[str, tuple[list[tuple[int, int]], list[int], str]] = {
    "as many as the slots": (rows(0, 1, 4), [5000], ""),
    "one more": (
        rows(0, 100, 5), [5000],
        "a channel's samples are 100 us apart, more than its 4 slots take in a period: raise inbox_slots",
    ),
    "in milliseconds": (rows(0, 1, 5), [5000], "if time_us is in milliseconds, multiply it by 1000"),
    "in none by which they would be fresh": (rows(0, 1, 5), [500], "raise inbox_slots"),
    "rare": (rows(0, 6000, 5), [5000], "if time_us is in nanoseconds, divide it by 1000"),
    "far too rare": (rows(0, 6_000_000, 5), [5000], "check time_us and stale_us"),
    "one of two is rare": ([*rows(0, 6000, 5), *rows(1, 4000, 5)], [5000] * 2, ""),
    "steady": (rows(0, 1000, 5), [5000], ""),
}  # fmt: skip


@pytest.mark.parametrize("name", SPACED)
def test_what_a_spacing_says(name: str) -> None:
    seen, stale_us, said = SPACED[name]
    told = paced(seen, channels=len(stale_us)).remark(1000, 4, stale_us, over=True)
    assert told.endswith(said) and bool(told) == bool(said)
