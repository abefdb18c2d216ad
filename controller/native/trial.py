"""A few hostile periods that show whether a compiler kept the meaning of the kernel's floats.

They fly the Python kernel; whoever has compiled it flies the same and compares every bit of the state after
each. The weights are drawn, so that a product fused into a sum or a sum in another order shows whatever the
project's own weights are; then all is near zero, so that a flushed subnormal number or a lost sign shows.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from controller.kernel.records import Law, Network, State, Work, allocate
from controller.kernel.step import receive, reset, step
from controller.native.types import record_hints

PERIODS = 32
TURNS = 1_000_000  # turns of the Python kernel's inner loop, some tens of milliseconds
RECOVERY = 1  # period, so that the network drives between two odd samples
ODD = (float("nan"), -0.0, float("inf"), 5.0e-324, -1.0e300, 0.0, float("-inf"), -2.0e-308)
TINY = (5.0e-324, -0.0, 2.2250738585072014e-308, -1.0e-310, 1.0e-308, 0.0, -4.9e-322)


@dataclass(frozen=True)
class Period:
    """What happens before one step: samples (channel, time in us, value), the time and a missed deadline."""

    now_us: int
    missed: int
    samples: tuple[tuple[int, int, float], ...]


@dataclass(frozen=True)
class Flight:
    """A law, the state to start from, and what happens; the state advances as the periods are flown."""

    law: Law
    state: State
    periods: tuple[Period, ...]
    work: Work

    def fly(self) -> Iterator[Period]:
        """Each period, flown by the Python kernel as it is given."""
        for period in self.periods:
            for channel, time_us, value in period.samples:
                receive(self.law, self.state, period.now_us, channel, time_us, value)
            step(self.law, self.state, self.work, period.now_us, period.missed)
            yield period


def flights(law: Law, sizes: dict[str, int]) -> Iterator[Flight]:
    """Two flights under a project's limits and clock: drawn weights from rest, and none from near zero."""
    turns = sizes["substeps"] * 4 * sizes["hidden"] * (sizes["hidden"] + sizes["inputs"] + 60)
    count = max(1, min(PERIODS, TURNS // turns))
    clock = replace(law.clock, recovery=RECOVERY)
    for weights, start, periods in (
        (_drawn(sizes), _rest(law, sizes), _script(law, count)),
        (allocate(Network, sizes), _near_zero(law, sizes), _script(law, 1)),
    ):
        yield Flight(replace(law, network=weights, clock=clock), start, periods, allocate(Work, sizes))


def _drawn(sizes: dict[str, int]) -> Network:
    """Weights in [-1, 1] that use all 53 bits."""
    draw, network = Random(1), allocate(Network, sizes)
    for name in record_hints(Network):
        _draw(draw, getattr(network, name))
    return network


def _draw(draw: Random, into: list[Any]) -> None:
    for i, value in enumerate(into):
        if isinstance(value, list):
            _draw(draw, value)
        else:
            into[i] = draw.uniform(-1.0, 1.0)


def _rest(law: Law, sizes: dict[str, int]) -> State:
    state = allocate(State, sizes)
    reset(law, state)
    return state


def _near_zero(law: Law, sizes: dict[str, int]) -> State:
    """At rest but for subnormal numbers and zeros of both signs in what the filters and the network keep."""
    state = _rest(law, sizes)
    for kept in (state.filtered, state.hidden):
        kept[:] = [TINY[i % len(TINY)] for i in range(len(kept))]
    return state


def _script(law: Law, count: int) -> tuple[Period, ...]:
    """Samples all over each range; in every third period one is odd, and at times a deadline was missed."""
    draw, now_us, found = Random(2), 0, []
    sensors, clock = law.sensors, law.clock
    for n in range(count):
        now_us += (clock.nominal_us, clock.low_us, clock.high_us)[n % 3]
        values = [
            low + (high - low) * draw.random() for low, high in zip(sensors.low, sensors.high, strict=True)
        ]
        if n % 3 == 2:
            values[n % len(values)] = ODD[n // 3 % len(ODD)]
        samples = tuple((j, now_us, value) for j, value in enumerate(values))
        found.append(Period(now_us, 1 if n % 8 == 7 else 0, samples))
    return tuple(found)
