"""How much more the host sees of steps than the target tells of them: the bound from below.

The same STEP frame sent again gets the same answer and flies nothing (agent.c), so that its round trip is the
line's own, for the same bytes. What the first round trip takes beyond it was taken by the steps, by handing
samples and answers over, and by the checks over the state. So, of frames of one size:

- the quickest takes at most SEEN times what its steps took by the target's clock, and floor_ns(), beyond the
  line's own quickest trip;
- those that take longer than told by more than late_ns() are not far more than those that take so long with
  nothing flown: where they are, steps over the deadline are hidden. A host that is busy holds up both, and
  the more often the longer they take.

A target that delays what it sends again as much as what it flies looks like a slow line: no host can tell.
"""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass

from hil.timing import Watch

SEEN = 32
FLOOR, FLOOR_NS = 0.05, 20_000.0  # of the deadline, and at least
LATE_NS = 500_000
LEAST = 20  # round trips of a size, before any is judged
OFTEN = 4  # so many times as often for the time that they take, and BY more, is far more
BY = 30
FEW = 3  # by so many more, it is worth looking on
MOST = 2000  # round trips more, at most, in one look
PART = 0.25  # of the frames that share steps are sent again


def floor_ns(deadline_ns: int) -> float:
    """What no target need explain: a small part of the deadline, or of a round trip."""
    return max(FLOOR * deadline_ns, FLOOR_NS)


def late_ns(deadline_ns: int) -> int:
    """The deadline, or where that is short, what only a pause of host or target takes."""
    return max(deadline_ns, LATE_NS)


@dataclass
class Size:
    """What was seen of the frames of one size."""

    pairs: int = 0
    line_ns: float = math.inf  # the quickest with nothing flown
    beyond_ns: float = math.inf  # the least that is beyond SEEN times what was told
    told_ns: int = 0  # of that one
    trip_ns: int = 0
    slow: int = 0  # over late_ns() beyond what was told
    held: int = 0  # over late_ns() with nothing flown

    def unmet(self) -> float:
        """How many more were slow than were likely held up by the host."""
        return self.slow - OFTEN * (1.0 + self.told_ns / self.line_ns) * self.held if self.pairs else 0.0


class Excess:
    """Judges round trips against the same with nothing flown."""

    def __init__(self, watch: Watch) -> None:
        self.watch = watch
        self.sizes: dict[int, Size] = {}
        self._draw = random.Random()

    def wants(self, steps: int) -> bool:
        """Whether a frame of so many steps is to be sent again: no target knows beforehand."""
        return steps == 1 or self._size(steps).pairs < LEAST or self._draw.random() < PART

    def add(self, steps: int, told_ns: int, trip_ns: int, again_ns: int) -> None:
        """A frame's round trip with its steps flown, and again with nothing flown."""
        size, limit_ns = self._size(steps), late_ns(self.watch.deadline_ns)
        size.pairs += 1
        size.line_ns = min(size.line_ns, again_ns)
        if trip_ns - SEEN * told_ns < size.beyond_ns:
            size.beyond_ns, size.told_ns, size.trip_ns = trip_ns - SEEN * told_ns, told_ns, trip_ns
        size.slow += trip_ns - told_ns - size.line_ns > limit_ns
        size.held += again_ns - size.line_ns > limit_ns

    def judge(self, fly: Callable[[], object]) -> None:
        """Judge all; fly: one step more, in a frame of its own, where there are too few to tell."""
        single = self._size(1)
        for _ in range(MOST):
            quick = single.pairs >= LEAST and self._fits(single)
            if quick and not FEW < single.unmet() <= BY:
                break
            fly()
        for steps, size in self.sizes.items():
            if size.pairs >= LEAST:
                self._judge(steps, size)

    def _size(self, steps: int) -> Size:
        return self.sizes.setdefault(steps, Size())

    def _fits(self, size: Size) -> bool:
        return size.beyond_ns - size.line_ns <= floor_ns(self.watch.deadline_ns)

    def _judge(self, steps: int, size: Size) -> None:
        what = "a step" if steps == 1 else f"{steps} steps"
        if not self._fits(size):
            self.watch.doubt(
                "hidden",
                f"{what} took {size.told_ns:,} ns by its clock, in a round trip of {size.trip_ns:,} that "
                f"takes {size.line_ns:,} with nothing flown",
            )
        if size.unmet() > BY:
            self.watch.doubt(
                "late unseen",
                f"of {size.pairs:,} frames with {what} each, {size.slow:,} took longer than it told by more "
                f"than {late_ns(self.watch.deadline_ns):,} ns, and {size.held:,} with nothing flown",
            )
