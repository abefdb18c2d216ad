"""What the times are worth that a target tells: each is its own word, and here is all that bounds it.

From above:
- A step's time lies within the round trip of its frame, as the host sees it, and a sum within its request's.
- The target's clock never runs back, and keeps the host's rate within RATE; CLOCK requests show that: the
  reading lies between the request and its answer, so that two of them, far enough apart, bound the rate.
- The least change of its clock is at most RESOLUTION of the deadline, and no less than the readings show. It
  makes room for times that are told too long, never for ones too short.
- The least time between two readings, of which CLOCK takes OVERHEADS, fits CLOCK's round trip so often.

From below:
- The mean time of steps is at least 1 / SHARE of what one step more costs by the host's clock (GAUGE: a
  sample of each input received, and the step, often, from one state); the rest is to copy the state back.
  Nothing shows that it flies all that it is gauged by: without, excess.py is what bounds the mean.
- What the host sees of frames and of the target's own flight is told within a factor: excess.py.
- Where a step costs more than the deadline by the host's clock, times below it are not believed.

One thing that does not hold is a doubt, and timings in doubt show nothing: their verdict is OPEN. What none
of this sees is the target's word: how the times within one round trip spread, and so the tail and the maximum
where they are shorter than a round trip.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from hil.link import Link
from hil.messages import COUNT, GAUGE, Clock, Gauged, Period
from hil.statistics import LONGEST_NS, Histogram

Progress = Callable[[str, int, int], None]

RATE = 1.0e-4
RESOLUTION = 0.01  # of the deadline
SHARE = 2
OVERHEADS = 100  # as in agent.c
SPREAD = 4.0  # standard deviations, at least, of what the ticks of many times sum up to
BURST = 30  # readings of the clock, of which the one with the shortest round trip counts
LONGEST_S = 150.0  # how long the rate is measured at most: a round trip of 7 ms needs 140
PAUSE_S = 0.1
GAUGE_NS = 500_000  # the time that steps must take beside a round trip to be gauged by: a quiet moment
MOST_STEPS = 1 << 24
GAUGE_TIMEOUT_S = 10.0
TRIES = (10, 200)  # the least and the most
NEVER = (1 << 62, 0)
AGAIN = 5  # gauged so often where a mean seems too short
NOTHING = Period(0, 0, [])


@dataclass(frozen=True)
class Reading:
    """What a target's clock said at some time between two readings of the host's."""

    before_ns: int
    after_ns: int
    told_ns: int

    @property
    def trip_ns(self) -> int:
        """The round trip."""
        return self.after_ns - self.before_ns


def rate(first: Reading, last: Reading, tick_ns: int) -> tuple[float, float]:
    """The least and the most ns of the target's clock that went by in one of the host's."""
    told = last.told_ns - first.told_ns
    low = (told - tick_ns) / (last.after_ns - first.before_ns)
    surely = last.before_ns - first.after_ns
    return low, (told + tick_ns) / surely if surely > 0 else math.inf


class Watch:
    """The host's eye on a target's clock; doubts: the first sentence of each kind."""

    def __init__(self, link: Link, deadline_us: int, period: Period = NOTHING) -> None:
        self.link, self.deadline_ns = link, deadline_us * 1000
        self.period = period.pack()  # what each step that is gauged is given
        self.doubts: dict[str, str] = {}
        self.tick_ns = 0
        self.step_ns = math.inf  # what one more step costs at most, by the host's clock
        self.rate: tuple[float, float] | None = None
        self._first: Reading | None = None
        self._last: Reading | None = None

    def begin(self) -> Clock:
        """Look at the clock of a target that was just started, or met; what it said."""
        self._first = self._last = self.rate = None
        self._told: list[int] = []
        self.step_ns = math.inf
        self.tick_ns = self._ask(0).tick_ns
        if self.tick_ns == 0:
            self.doubt("resolution", "its clock stands still")
        elif self.tick_ns > RESOLUTION * self.deadline_ns:
            self.doubt(
                "resolution",
                f"its clock moves by {self.tick_ns:,} ns at a time, over {RESOLUTION:.0%} of the deadline",
            )
        clock, self._first = self._burst()
        self._check_tick()
        self._gauge()
        return clock

    def _check_tick(self) -> None:
        """No tick is less than what all readings of the clock are multiples of."""
        told = self._told
        if (seen := math.gcd(*(now - told[0] for now in told))) > self.tick_ns > 0:
            self.doubt(
                "tick",
                f"it says that its clock moves by {self.tick_ns:,} ns at a time, and it moves by {seen:,}",
            )

    @property
    def limit_ns(self) -> int:
        """A time that a target tells is late above this: the deadline less a tick, by which it may be short.

        A time that a target can tell only as its longest counts as late.
        """
        return max(0, min(self.deadline_ns - self.tick_ns, LONGEST_NS - 1))

    def doubt(self, kind: str, sentence: str) -> None:
        """Note what is wrong, where it is the first of its kind."""
        self.doubts.setdefault(kind, sentence)

    def trip_ns(self) -> int:
        """The line's shortest round trip, as CLOCK shows it."""
        assert self._first is not None
        return self._first.trip_ns

    def _slack_ns(self, steps: int) -> float:
        """By how much the sum of so many times may be too long: each is by a tick, or not at all."""
        return self.tick_ns * min(steps, 1.0 + SPREAD * math.sqrt(steps))

    def read(self) -> tuple[Clock, Reading]:
        """One reading of the target's clock, judged against those before it."""
        before = time.perf_counter_ns()
        clock = self.link.clock()
        found = Reading(before, time.perf_counter_ns(), clock.now_ns)
        self._told = [*self._told[: BURST - 1], clock.now_ns]
        if OVERHEADS * clock.overhead_ns > found.trip_ns * (1.0 + RATE) + self._slack_ns(OVERHEADS):
            self.doubt(
                "overhead",
                f"it says that reading its clock takes {clock.overhead_ns:,} ns, and reads it {OVERHEADS} "
                f"times in a round trip of {found.trip_ns:,}",
            )
        for earlier in (self._first, self._last):
            if earlier is not None:
                self._compare(earlier, found)
        self._last = found
        return clock, found

    def _compare(self, earlier: Reading, later: Reading) -> None:
        low, high = rate(earlier, later, self.tick_ns)
        if later.told_ns < earlier.told_ns:
            back = earlier.told_ns - later.told_ns
            self.doubt("monotonic", f"its clock went back by {back:,} ns from one reading to a later one")
        elif high < 1.0 - RATE or low > 1.0 + RATE:
            told, most = later.told_ns - earlier.told_ns, later.after_ns - earlier.before_ns
            self.doubt("rate", f"its clock went on by {told:,} ns in at most {most:,} of the host's")

    def _burst(self) -> tuple[Clock, Reading]:
        """The best of some readings: the one with the shortest round trip."""
        return min((self.read() for _ in range(BURST)), key=lambda pair: pair[1].trip_ns)

    def settle(self, progress: Progress) -> None:
        """Measure until the rate is shown or in doubt, for as long as is reasonable."""
        assert self._first is not None
        progress("the rate of the target's clock", 0, round(LONGEST_S))
        while not self.doubts:
            last = self._burst()[1]
            low, high = self.rate = rate(self._first, last, self.tick_ns)
            seconds = (last.before_ns - self._first.after_ns) / 1e9
            if low >= 1.0 - RATE and high <= 1.0 + RATE:
                break
            if seconds > LONGEST_S:
                self.doubt(
                    "rate",
                    f"after {seconds:.0f} s its clock's rate is only known to lie between {low:.6f} and "
                    f"{high:.6f} of the host's, and {RATE * 1e6:g} ppm are asked for",
                )
            progress("the rate of the target's clock", round(seconds), round(LONGEST_S))
            time.sleep(PAUSE_S)
        progress("the rate of the target's clock", round(LONGEST_S), round(LONGEST_S))

    def within(self, told_ns: int, host_ns: int, steps: int) -> None:
        """Judge times of that many steps, by their sum, against a round trip that they all lie in."""
        if told_ns > host_ns * (1.0 + RATE) + self._slack_ns(steps):
            what = "a step" if steps == 1 else f"{steps:,} steps"
            self.doubt(
                "round trip", f"{what} took {told_ns:,} ns by its clock, in a round trip of {host_ns:,}"
            )

    def mean(self, times: Histogram, what: str) -> None:
        """Judge the mean of times against what a step costs by the host's clock."""
        mean_ns = times.bounds_ns()[1] / max(1, times.total)
        for _ in range(AGAIN):
            if "cost" in self.doubts or SHARE * mean_ns >= self.step_ns:
                return
            self._gauge()
        self.doubt(
            f"mean of {what}",
            f"{what} took {mean_ns:,.0f} ns in the mean by its clock, and flying a step once more "
            f"{self.step_ns:,.0f} ns by the host's",
        )

    def _gauge(self) -> None:
        """What a step costs by the host's clock: many in one request, at its quickest, less a round trip."""
        assert self._first is not None
        self.link.reset()
        steps, tries, best, trip_ns = 1, 0, NEVER, self._first.trip_ns
        while tries < TRIES[1]:  # more where something else kept the machine busy
            best, tries = min(best, self._flown(steps)), tries + 1
            if best[0] < GAUGE_NS + 3 * trip_ns:
                if steps == MOST_STEPS:
                    return self.doubt("cost", f"it flies {steps:,} steps in no time that the host could see")
                steps, tries, best = 2 * steps, 0, NEVER
                continue
            cost_ns, told_ns = (best[0] - trip_ns) / steps, best[1] / steps
            if tries >= TRIES[0] and SHARE * told_ns >= cost_ns:
                self.step_ns = min(self.step_ns, cost_ns)
                return None
        self.doubt(
            "cost",
            f"a step flown once more costs {cost_ns:,.0f} ns by the host's clock, and {told_ns:,.0f} by "
            "its own",
        )

    def _flown(self, steps: int) -> tuple[int, int]:
        """(host's ns, target's ns) for steps flown from one state."""
        before = time.perf_counter_ns()
        told_ns = self._ask(steps).total_ns
        host_ns = time.perf_counter_ns() - before
        self.within(told_ns, host_ns, steps)
        return host_ns, told_ns

    def _ask(self, steps: int) -> Gauged:
        return self.link.ask(GAUGE, COUNT.pack(steps) + self.period, Gauged.read, GAUGE_TIMEOUT_S)


def verdict(
    watch: Watch,
    doubts: Sequence[str],
    counted: Sequence[tuple[int, int]],
    deadline_us: int,
    late_per_million: int,
) -> dict[str, Any]:
    """The result's `timing`. counted: (late steps, steps) of each flight; each may have so many late."""
    late = any(1_000_000 * above > late_per_million * steps for above, steps in counted)
    reasons = list(doubts)
    if deadline_us * 1000.0 < watch.step_ns < math.inf and not late:
        reasons.append(
            f"a step flown once more costs {watch.step_ns:,.0f} ns by the host's clock, over the deadline"
        )
    return {
        "word": "OPEN" if reasons else "REFUTED" if late else "MEASURED",
        "reasons": reasons,
        "rate": list(watch.rate) if watch.rate and math.isfinite(watch.rate[1]) else None,
        "tick_ns": watch.tick_ns,
        "step_ns": watch.step_ns if math.isfinite(watch.step_ns) else None,
    }
