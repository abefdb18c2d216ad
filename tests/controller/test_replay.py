"""Replay of a real recording: as it is, and with samples dropped, doubled, swapped, delayed and spoilt."""

import csv
import math
import os
import random
import threading
import tracemalloc
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from controller.controller import Backend, Controller
from controller.errors import InputError
from controller.project import Project
from controller.replay import replay
from controller.summary import Summary, Tick, report
from tests.controller.bits import bits
from tests.controller.imu import NAMES, Sample, imu_project, samples, write_csv

BACKENDS: tuple[Backend, ...] = ("python", "native")
Flown = tuple[list[bytes], list[bytes], Summary]  # each period's whole state; the same without the ring
CHANNELS = len(NAMES)


@pytest.fixture(scope="module")
def recorded() -> list[Sample]:
    """The first four seconds: nine channels, three clocks."""
    everything = samples()
    start = everything[0][1]
    return [s for s in everything if s[1] < start + 4_000_000]


def fly(project: Project, path: Path) -> Flown:
    """Replay on both backends, which must agree on every bit of every period's state; the run."""
    flown = []
    for backend in BACKENDS:
        controller = Controller(project, backend)
        states: list[bytes] = []
        acts: list[bytes] = []

        def each(
            tick: Tick,
            controller: Controller = controller,
            states: list[bytes] = states,
            acts: list[bytes] = acts,
        ) -> None:
            state = controller.snapshot()
            states.append(bits(state))
            acts.append(bits(state, leave_out="inbox"))
            assert tuple(state.output) == tick.outputs

        flown.append((states, acts, replay(controller, path, on_tick=each)))
    assert flown[0][0] == flown[1][0]
    assert flown[0][2].inbox == flown[1][2].inbox
    assert len({len(state) for state in flown[0][0]}) == 1  # nothing grows
    return flown[1]


def counted(summary: Summary) -> dict[str, int]:
    """The inbox counters that are not 0."""
    return {name: n for name, n in summary.inbox.items() if n}


def test_the_whole_recording(tmp_path: Path) -> None:
    everything = samples()
    per_channel = Counter(channel for channel, _, _ in everything)
    assert sorted(set(per_channel.values())) == [198, 480, 500]
    states, _, summary = fly(imu_project(tmp_path), write_csv(tmp_path / "imu.csv", everything))
    assert counted(summary) == {}
    assert summary.end == "the recording has ended"
    assert summary.samples == len(everything) == 3534
    assert summary.first_us == everything[0][1]
    assert summary.periods == math.ceil((everything[-1][1] - everything[0][1]) / 10_000) + 1
    assert summary.modes["NOMINAL"] > 900
    assert set(summary.transitions) >= {"leave safe", "recover"}
    assert len(set(states)) == len(states)
    assert summary.outputs != (0.0,)


def test_names_and_numbers_csv_and_npz_are_the_same(tmp_path: Path, recorded: list[Sample]) -> None:
    project = imu_project(tmp_path)
    expected = fly(project, write_csv(tmp_path / "names.csv", recorded))[0]
    assert fly(project, write_csv(tmp_path / "numbers.csv", recorded, by_name=False))[0] == expected
    channel, time_us, value = (np.array(column) for column in zip(*recorded, strict=True))
    np.savez(tmp_path / "numbers.npz", time_us=time_us, channel=channel, value=value)
    assert fly(project, tmp_path / "numbers.npz")[0] == expected
    names = np.array(NAMES)[channel]
    np.savez_compressed(tmp_path / "names.npz", time_us=time_us, channel=names, value=value)
    assert fly(project, tmp_path / "names.npz")[0] == expected


def test_dropped_samples_are_only_missing(tmp_path: Path, recorded: list[Sample]) -> None:
    kept = [s for n, s in enumerate(recorded) if n % 7]
    _, _, summary = fly(imu_project(tmp_path), write_csv(tmp_path / "d.csv", kept))
    assert counted(summary) == {}
    assert summary.samples == len(kept) < len(recorded)


def test_a_silent_stream_is_stale_by_name(tmp_path: Path, recorded: list[Sample]) -> None:
    """The magnetometer stops for a second: FALLBACK, and then the network again."""
    start = recorded[0][1] + 1_500_000
    kept = [s for s in recorded if s[0] < 6 or not start < s[1] < start + 1_000_000]
    _, _, summary = fly(imu_project(tmp_path), write_csv(tmp_path / "s.csv", kept))
    assert summary.transitions == {"leave safe": 1, "degrade": 1, "recover": 2}
    assert summary.causes["sensor stale or missing"] > 80


@pytest.mark.parametrize("after", [0, 5])
def test_duplicates_are_counted_and_the_first_one_stays(
    tmp_path: Path, recorded: list[Sample], after: int
) -> None:
    """The copy has another value; it comes at once, or when the first one may have been used."""
    project = imu_project(tmp_path)
    expected = fly(project, write_csv(tmp_path / "plain.csv", recorded))
    planted, copies = [], 0
    for n, sample in enumerate(recorded):
        planted.append(sample)
        twin = recorded[n - after]
        if n >= after and n % 4 == 0 and twin[1] == newest(recorded[: n + 1], twin[0]):
            planted.append((twin[0], twin[1], twin[2] + 0.5))
            copies += 1
    _, acts, summary = fly(project, write_csv(tmp_path / "twice.csv", planted))
    assert copies > 20
    assert counted(summary) == {"duplicate": copies}
    assert acts == expected[1]


def newest(planted: list[Sample], channel: int) -> int:
    """The newest time of a channel so far."""
    return max(time_us for c, time_us, _ in planted if c == channel)


@pytest.mark.parametrize("period_us", [10_000, 60_000])
def test_swapped_pairs_within_the_ring_change_nothing(
    tmp_path: Path, recorded: list[Sample], period_us: int
) -> None:
    """Neighbours that arrive within one period, the channel's own next sample included at 60 ms."""
    project = imu_project(tmp_path, period_us, slots=64)
    expected = fly(project, write_csv(tmp_path / "plain.csv", recorded))
    start = recorded[0][1]

    def period(sample: Sample) -> int:
        return -((start - sample[1]) // period_us)  # the number of the tick that takes it

    planted, swaps, own, n = list(recorded), 0, 0, 0
    reach = 1 if period_us < 20_000 else 9
    while n < len(planted) - reach:
        a, b = planted[n], planted[n + reach]
        if period(a) == period(b) and a[1] < b[1]:
            planted[n], planted[n + reach] = b, a
            swaps += 1
            own += a[0] == b[0]
            n += reach
        n += 1
    assert swaps > 50
    assert own > 10 or reach == 1
    _, acts, summary = fly(project, write_csv(tmp_path / "swapped.csv", planted))
    assert counted(summary) == {}
    assert acts == expected[1]


def delayed(recorded: list[Sample], every: int) -> tuple[list[Sample], list[Sample], int]:
    """Every so-manieth sample moved behind the second next of its channel; the rest; how many moved."""
    planted: list[Sample] = []
    kept: list[Sample] = []
    waiting: dict[int, tuple[int, Sample]] = {}
    moved = 0
    for n, sample in enumerate(recorded[: -6 * CHANNELS]):
        channel = sample[0]
        if n % every == 0 and channel not in waiting:
            waiting[channel] = 2, sample
            continue
        planted.append(sample)
        kept.append(sample)
        if channel in waiting:
            left, late = waiting.pop(channel)
            if left > 1:
                waiting[channel] = left - 1, late
            else:
                planted.append(late)
                moved += 1
    return planted, kept, moved


def test_late_samples_are_as_if_dropped(tmp_path: Path, recorded: list[Sample]) -> None:
    project = imu_project(tmp_path)
    planted, kept, moved = delayed(recorded, 31)
    assert moved > 20
    dropped = fly(project, write_csv(tmp_path / "dropped.csv", kept))
    late = fly(project, write_csv(tmp_path / "late.csv", planted))
    assert counted(dropped[2]) == {}
    assert counted(late[2]) == {"late": moved}
    assert late[1] == dropped[1]


@pytest.mark.parametrize(("period_us", "slots"), [(50_000, 1), (100_000, 3)])
def test_overflow_is_what_does_not_fit(
    tmp_path: Path, recorded: list[Sample], period_us: int, slots: int
) -> None:
    """In order and all taken in each period: each period loses what is more than a channel's row holds."""
    project = imu_project(tmp_path, period_us, slots)
    start = recorded[0][1]
    arrivals = Counter((channel, -((start - time_us) // period_us)) for channel, time_us, _ in recorded)
    lost = sum(max(n - slots, 0) for n in arrivals.values())
    assert lost > 0
    _, _, summary = fly(project, write_csv(tmp_path / "o.csv", recorded))
    assert counted(summary) == {"overflow": lost}


def test_unknown_channels_are_refused_and_faulty_values_counted(
    tmp_path: Path, recorded: list[Sample]
) -> None:
    planted = list(recorded)
    for n, channel in enumerate((CHANNELS, -1, 2**62, 99)):
        planted.insert(100 * n + 50, (channel, planted[100 * n + 50][1], 1.0))
    bad = [n for n, s in enumerate(planted) if s[0] == 8][5:9]  # four of the magnetometer, not the PID's
    for n, value in zip(bad, (math.nan, math.inf, -math.inf, math.nan), strict=True):
        planted[n] = (8, planted[n][1], value)
    _, _, summary = fly(imu_project(tmp_path), write_csv(tmp_path / "r.csv", planted))
    assert counted(summary) == {"refused": 4}
    assert summary.not_finite == 4
    assert "sensor out of range" in summary.causes
    assert "refused 4" in "\n".join(report(summary))
    assert "not finite 4" in "\n".join(report(summary))


def test_everything_at_once_counts_exactly(tmp_path: Path, recorded: list[Sample]) -> None:
    """Dropped, doubled, delayed and foreign samples in one recording; each counter is what was planted."""
    draw = random.Random(11)
    planted, _, moved = delayed([s for s in recorded if draw.random() > 0.05], 37)
    times: dict[int, list[int]] = {}
    out, copies, foreign = [], 0, 0
    for sample in planted:
        out.append(sample)
        seen = times.setdefault(sample[0], [])
        fresh = bisect_left(seen, sample[1]) == len(seen)
        if fresh:
            seen.append(sample[1])
            if draw.random() < 0.1:
                out.append((sample[0], sample[1], -sample[2]))
                copies += 1
        if draw.random() < 0.05:
            out.append((50, sample[1], 0.0))
            foreign += 1
    _, _, summary = fly(imu_project(tmp_path, slots=32), write_csv(tmp_path / "all.csv", out))
    assert min(moved, copies, foreign) > 20
    assert counted(summary) == {"late": moved, "duplicate": copies, "refused": foreign}


def test_output_file(tmp_path: Path, recorded: list[Sample]) -> None:
    project = imu_project(tmp_path / "p")
    path = write_csv(tmp_path / "r.csv", recorded)
    target = tmp_path / "commands.csv"
    target.write_text("old", encoding="utf-8")
    outputs: list[tuple[float, ...]] = []
    summary = replay(
        Controller(project, "native"), path, output=target, on_tick=lambda t: outputs.append(t.outputs)
    )
    with target.open(newline="", encoding="utf-8") as stream:
        header, *rows = list(csv.reader(stream))
    assert header == ["time_us", "mode", "cause", "output0"]
    assert [(float(row[3]),) for row in rows] == outputs
    assert [int(row[0]) for row in rows] == list(range(summary.first_us, summary.last_us + 1, 10_000))
    assert {name: n for name, n in summary.modes.items() if n} == Counter(row[1] for row in rows)
    assert list(tmp_path.glob(".commands*")) == []


def test_no_output_file_where_the_recording_is_bad(tmp_path: Path, recorded: list[Sample]) -> None:
    project = imu_project(tmp_path / "p")
    path = write_csv(tmp_path / "r.csv", recorded[:50])
    path.write_text(path.read_text(encoding="utf-8") + "1,gyro_x,fast\n", encoding="utf-8")
    folder = tmp_path / "out"
    folder.mkdir()
    with pytest.raises(InputError, match="line 52: value: is 'fast'"):
        replay(Controller(project), path, output=folder / "commands.csv")
    assert list(folder.iterdir()) == []


def test_output_in_a_bad_place(tmp_path: Path, recorded: list[Sample]) -> None:
    controller = Controller(imu_project(tmp_path / "p"))
    path = write_csv(tmp_path / "r.csv", recorded[:50])
    for target, said in (
        (path, "is the recording itself"),
        (tmp_path / "p" / "controller.toml", "is the project's own file; give another"),
        (tmp_path / "p" / "network.json", "is the project's own network; give another"),
        (tmp_path / "missing" / "c.csv", "can't be written"),
        (tmp_path / "p", "can't be written"),
    ):
        with pytest.raises(InputError, match=said):
            replay(controller, path, output=target)


def test_realtime_replay_keeps_the_pace(tmp_path: Path, recorded: list[Sample]) -> None:
    start = recorded[0][1]
    part = [s for s in recorded if s[1] < start + 300_000]
    controller = Controller(imu_project(tmp_path), "native")
    summary = replay(controller, write_csv(tmp_path / "r.csv", part), realtime=True)
    assert summary.realtime
    assert summary.samples == len(part)
    assert summary.end == "the recording has ended"
    assert summary.last_us >= part[-1][1]


def test_progress_reaches_its_end(tmp_path: Path, recorded: list[Sample]) -> None:
    seen: list[tuple[str, int, int]] = []
    progress: Callable[[str, int, int], None] = lambda *now: seen.append(now)  # noqa: E731
    path = write_csv(tmp_path / "r.csv", recorded)
    replay(Controller(imu_project(tmp_path, period_us=1000), "native"), path, progress=progress)
    assert len(seen) > 2
    assert seen[-1] == ("replay", path.stat().st_size, path.stat().st_size)
    assert seen == sorted(seen)


def test_a_long_recording_is_streamed(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    rows = (f"{1000 * n},gyro_x,{n % 7}.25\n" for n in range(40_000))
    path.write_text("time_us,channel,value\n" + "".join(rows), encoding="utf-8")
    controller = Controller(imu_project(tmp_path, period_us=1_000_000), "native")
    replay(controller, path)
    tracemalloc.start()
    try:
        summary = replay(controller, path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert summary.samples == 40_000
    stopwatch = 4 * 8 * (1 << 20)
    assert peak - stopwatch < 300_000


def test_the_output_may_be_a_pipe(tmp_path: Path, recorded: list[Sample]) -> None:
    """Such as a device, it is written to as the rows come, and stays what it is."""
    pipe, got = tmp_path / "pipe", list[str]()
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: got.append(pipe.read_text(encoding="utf-8")))
    reader.start()
    path = write_csv(tmp_path / "r.csv", recorded[:50])
    summary = replay(Controller(imu_project(tmp_path / "p")), path, output=pipe)
    reader.join()
    assert len(got[0].splitlines()) == summary.periods + 1
    assert pipe.is_fifo()
