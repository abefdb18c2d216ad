"""What the host sees beyond what is told: hidden steps are found, and a busy host's holes are not blamed."""

import random
from itertools import cycle

import pytest

from hil.excess import LEAST, Excess
from hil.link import Link
from hil.timing import Watch

LINE, HOLE = 40_000, 50_000_000


@pytest.fixture
def watch(link: Link) -> Watch:
    return Watch(link, 1000)


def judged(watch: Watch, trips: list[tuple[int, int]], first: int = 500) -> list[str]:
    """The doubts after the first (trip, trip again) of single steps; the same go on where more are flown."""
    excess, more = Excess(watch), cycle(trips)
    for _ in range(min(first, len(trips))):
        excess.add(1, 600, *next(more))
    excess.judge(lambda: excess.add(1, 600, *next(more)))
    return list(watch.doubts)


def test_an_honest_target_is_in_no_doubt(watch: Watch) -> None:
    assert judged(watch, [(LINE + 8000, LINE)] * 100) == []


def test_steps_that_are_hidden_in_every_frame(watch: Watch) -> None:
    assert judged(watch, [(LINE + 900_000, LINE)] * 100) == ["hidden"]


def test_steps_that_are_hidden_in_frames_of_many(watch: Watch) -> None:
    excess = Excess(watch)
    for _ in range(LEAST):
        excess.add(64, 64 * 600, LINE + 3_000_000, LINE)
    excess.judge(lambda: excess.add(1, 600, LINE + 8000, LINE))
    assert list(watch.doubts) == ["hidden"]


@pytest.mark.parametrize("share", [0.02, 0.2])
def test_some_steps_that_are_hidden(watch: Watch, share: float) -> None:
    draw = random.Random(3)
    slow = [(LINE + 5_000_000 if draw.random() < share else LINE + 8000, LINE) for _ in range(500)]
    assert judged(watch, slow) == ["late unseen"]


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("share", [0.001, 0.01, 0.1, 0.5])
def test_holes_of_a_busy_host_are_not_the_targets(watch: Watch, share: float, seed: int) -> None:
    """A round trip with steps is longer, so that a hole falls into it twice as often."""
    draw = random.Random(seed)
    trips = [
        (LINE + 8000 + HOLE * (draw.random() < share), LINE + HOLE * (draw.random() < share / 2))
        for _ in range(500)
    ]
    assert judged(watch, trips) == []


def test_a_long_step_meets_more_holes_than_the_line_alone(watch: Watch) -> None:
    """Told as it is: 600 us in 640, beside a line of 40, on a host with a hole of 50 ms every 20 ms or so."""
    draw, excess = random.Random(4), Excess(watch)

    def fly() -> None:
        holes = [HOLE * (draw.random() < trip / 20e6) for trip in (640_000, LINE)]
        excess.add(1, 600_000, 640_000 + holes[0], LINE + holes[1])

    for _ in range(5000):
        fly()
    excess.judge(fly)
    assert watch.doubts == {}


def test_too_few_are_judged_by_more(watch: Watch) -> None:
    """The first ones all fell into holes."""
    assert judged(watch, [(LINE + HOLE, LINE)] * 3 + [(LINE + 8000, LINE)] * 600, 3) == []
    assert judged(watch, [(LINE + 900_000, LINE)] * 3) == ["hidden"]
