"""Paired timing: all contenders take turns in every round, and only ratios within a round are judged.

A shared machine changes its speed from second to second; it does so to all that are timed side by side.
"""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import repeat

Timed = Callable[[int], float]  # runs something that many times; the time it took, in ns
Notice = Callable[[str, int, int], None]  # what, done, total


@dataclass(frozen=True)
class Row:
    """One contender's times in ns a call, one for each round; the first row of a table is the measure."""

    name: str
    samples_ns: tuple[float, ...]

    @property
    def median_ns(self) -> float:
        """The median time of a call, in ns."""
        return statistics.median(self.samples_ns)

    def ratio(self, measure: "Row") -> tuple[float, float, float]:
        """How many times as long as the measure: median, first and third quartile of the rounds' ratios."""
        ratios = [a / b for a, b in zip(self.samples_ns, measure.samples_ns, strict=True)]
        low, middle, high = (
            statistics.quantiles(ratios, n=4, method="inclusive") if len(ratios) > 1 else ratios * 3
        )
        return middle, low, high


def calls(function: Callable[..., object], *arguments: object) -> Timed:
    """A function called again and again from a Python loop, whose own cost is part of the time."""

    def timed(count: int) -> float:
        start = time.perf_counter_ns()
        for _ in repeat(None, count):
            function(*arguments)
        return time.perf_counter_ns() - start

    return timed


def race(
    contenders: dict[str, Timed], rounds: int, slice_ms: float, notice: Notice | None = None
) -> list[Row]:
    """Every contender's rows, in order; each runs about slice_ms in each round, the order turning."""
    counts = {name: _count(timed, slice_ms * 1e6) for name, timed in contenders.items()}
    samples: dict[str, list[float]] = {name: [] for name in contenders}
    names = list(contenders)
    for n in range(rounds):
        start = n % len(names)
        for name in names[start:] + names[:start]:
            samples[name].append(contenders[name](counts[name]) / counts[name])
        if notice:
            notice("round", n + 1, rounds)
    return [Row(name, tuple(values)) for name, values in samples.items()]


def _count(timed: Timed, slice_ns: float) -> int:
    """How many calls fill a slice; the calls that find it out also warm up."""
    count = 1
    while (taken := timed(count)) < slice_ns / 4:
        count *= 2
    return max(1, round(count * slice_ns / taken))
