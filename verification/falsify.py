"""The opponent of every bound: it steers trajectories of the flying program out of the proved box.

Bang-bang inputs and steps of the declared ranges, on many runs at once: first every corner and the signs
of the input weights, then random switching, then changes to the runs that went furthest. What it
reaches is a fact about the kernel; what it doesn't reach is no proof.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from controller.project import Project
from verification.flight import Box, Flight
from verification.simulation import Floats, Schedule, Simulation

Progress = Callable[[str, int, int], None]
SCHEMA = "seawall/falsify/1"
COLUMNS = 256
SEGMENTS = 12
HORIZON_S = 4.0  # tau is below 1 s, so this is at least four time constants
LONGEST, SHORTEST = 2000, 200  # steps of a run
ORDERS = 8_000_000  # numpy calls of one generation, some 5 s: a larger network flies shorter runs
LARGEST = float(np.finfo(float).max)
REPORTED = 4  # escapes that are spelled out


def falsify(
    project: Project, box_state: Box, box_output: Box, tries: int = 768, seed: int = 0,
    progress: Progress | None = None, steps: int = 0,
) -> dict[str, Any]:  # fmt: skip
    """What `tries` runs of `steps` reach (0: long enough), in file order; `left`: bounds left, with a trace.

    box_state, box_output: [low, high] of each hidden state and each command before the guard. ratio:
    proved width / attained width (None where nothing moved). steps: periods simulated, all runs together.
    In a trace the first step takes the nominal period, whatever its segment says.
    """
    search, size = _sized(project, tries, seed, steps)
    rounds = size["tries"] // search.columns
    for _ in range(rounds):
        search.play(rounds, progress)
    reached, hidden = search.attained(), len(box_state)
    box = [*box_state, *box_output]
    left: list[dict[str, Any]] = []
    for target, ((low, high), (a, b)) in enumerate(zip(box, reached, strict=True)):
        for side, holds in enumerate((a >= low, b <= high)):  # a NaN holds nowhere
            if not holds and len(left) < REPORTED:
                left.append(search.escape(target, side, (low, high)))
    return {
        "attained": {"state": reached[:hidden], "output": reached[hidden:]},
        "ratio": {
            "state": _ratios(box_state, reached[:hidden]),
            "output": _ratios(box_output, reached[hidden:]),
        },
        **size,
        "left": left,
    }


def extent(project: Project, tries: int, seed: int = 0) -> dict[str, Any]:
    """The `tries`, `steps` and `seed` of falsify(), which is not run, as if no bound had been `left`."""
    return _sized(project, tries, seed)[1] | {"left": []}


def _sized(project: Project, tries: int, seed: int, steps: int = 0) -> tuple["Search", dict[str, Any]]:
    search = Search(project, min(COLUMNS, tries), seed, steps)
    made = -(-tries // search.columns) * search.columns
    return search, {"tries": made, "steps": made * search.steps, "seed": seed}


def as_object(
    project: Project, flight: Flight, box: Box, bounds: Box, found: dict[str, Any]
) -> dict[str, Any]:
    """The object of schema/falsify-1.json: what was attained beside the bounds that it was to leave."""
    digests = {"network_digest": project.network_digest, "config_digest": project.config_digest}
    return {
        "schema": SCHEMA,
        "project": {"name": project.name, **digests},
        "program_digest": flight.digest,
        "bounds": {"state": [list(pair) for pair in box], "output": [list(pair) for pair in bounds]},
        **found,
    }


def _number(value: float, otherwise: float) -> float:
    return float(value) if np.isfinite(value) else otherwise


def _ratios(proved: Box, attained: list[list[float]]) -> list[float | None]:
    pairs = zip(proved, attained, strict=True)
    return [(high - low) / (b - a) if b > a else None for (low, high), (a, b) in pairs]


@dataclass
class Search:
    """A population of schedules that is steered towards the extremes of every state and command."""

    project: Project
    columns: int
    seed: int
    steps: int = 0  # of one run; 0 chooses
    played: int = 0
    best: Floats = field(init=False)  # targets x 2: how far each side was driven; NaN counts as infinite
    runs: list[list[Schedule]] = field(init=False)  # the run that did it

    def __post_init__(self) -> None:
        self.random = np.random.default_rng(self.seed)
        clock = self.project.law.clock
        self.simulation = Simulation(self.project, self.columns)
        affordable = max(SHORTEST, ORDERS // self.simulation.machine.orders)
        self.steps = self.steps or min(LONGEST, int(HORIZON_S * 1e6 / clock.high_us) + 2, affordable)
        hidden = self.project.sizes["hidden"]
        self.stages = [self.simulation.stages[i::hidden] for i in range(hidden)]
        self.targets = [*self.stages, *([n] for n in self.simulation.decoded)]
        self.best = np.zeros((len(self.targets), 2))
        self.runs = []

    def play(self, rounds: int = 1, progress: Progress | None = None, walls: Box | None = None) -> None:
        """One generation of `rounds`: new schedules, the trajectories, and what they reached.

        walls: bounds of the first targets; once one is left, the generation may end early.
        """
        schedule = self._children() if self.runs else self._first()
        if progress:
            progress("falsify", self.played, rounds * self.steps)
        low = np.zeros((len(self.targets), self.columns))  # every state starts at 0
        high = np.zeros_like(low)
        low[len(self.stages) :] = np.inf
        high[len(self.stages) :] = -np.inf
        for t in self.simulation.run(schedule, self.steps):
            for k, nodes in enumerate(self.targets):
                for n in nodes:
                    value = self.simulation.value(n)
                    np.minimum(low[k], value, out=low[k])  # NaN stays
                    np.maximum(high[k], value, out=high[k])
            if (t + 1) % 50 == 0:
                if progress:
                    progress("falsify", self.played + t + 1, rounds * self.steps)
                if walls and not all(
                    np.all(low[k] >= a) and np.all(high[k] <= b) for k, (a, b) in enumerate(walls)
                ):
                    break
        self.played += self.steps
        self._keep(schedule, low, high)
        if progress:
            progress("falsify", self.played, rounds * self.steps)

    def _keep(self, schedule: Schedule, low: Floats, high: Floats) -> None:
        first = not self.runs
        for k in range(len(self.targets)):
            champions = []
            for side, values in enumerate((low[k], high[k])):
                distance = np.where(np.isnan(values), np.inf, values if side else -values)
                c = int(np.argmax(distance))
                old = self.best[k, side] if side else -self.best[k, side]
                if first or distance[c] > old:
                    self.best[k, side] = values[c]
                    champions.append(schedule.take([c]))
                else:
                    champions.append(self.runs[k][side])
            if first:
                self.runs.append(champions)
            else:
                self.runs[k] = champions

    def attained(self) -> list[list[float]]:
        """[low, high] of every state, then of every command; NaN and infinities as the largest number."""
        return [[_number(a, -LARGEST), _number(b, LARGEST)] for a, b in self.best]

    def escape(self, target: int, side: int, bound: tuple[float, float]) -> dict[str, Any]:
        """Fly the run that left a bound again, alone, to its first step outside."""
        schedule, alone = self.runs[target][side], Simulation(self.project, 1)
        hidden = len(self.stages)
        nodes = alone.stages[target::hidden] if target < hidden else [alone.decoded[target - hidden]]
        for t in alone.run(schedule, self.steps):
            for substep, value in enumerate(float(alone.value(n)[0]) for n in nodes):
                if not bound[0] <= value <= bound[1]:
                    return {
                        "what": "state" if target < hidden else "output",
                        "index": target if target < hidden else target - hidden,
                        "value": value if np.isfinite(value) else repr(value),
                        "bound": list(bound),
                        "step": t,
                        "substep": substep,
                        "seed": self.seed,
                        "trace": schedule.segments(0, t + 1),
                    }
        raise RuntimeError("a run that left its bound did not leave it again")

    # -- schedules -----------------------------------------------------------------------------

    def _first(self) -> Schedule:
        """Constant corners and weight signs, then random bang-bang runs."""
        schedule = self._random(self.columns)
        corners = self._corners()[: self.columns // 2]
        for c, corner in enumerate(corners):
            schedule.levels[:, :, c] = corner
        schedule.dt_us[:, : len(corners)] = self.project.law.clock.high_us
        return schedule

    def _corners(self) -> list[Floats]:
        """All corners of few inputs; else those that drive each neuron up and down, and some by chance."""
        sensors, inputs = self.project.law.sensors, self.project.sizes["inputs"]
        low, high = np.array(sensors.low), np.array(sensors.high)
        if inputs <= 5:
            signs = [np.array(s) for s in itertools.product((False, True), repeat=inputs)]
        else:
            up = np.array(self.project.law.network.w_in).T > 0.0
            signs = [s for row in up for s in (row, ~row)]
        return [np.where(s, high, low) for s in signs]

    def _random(self, columns: int) -> Schedule:
        """Bang-bang runs; one level in eight is anywhere in the range; hold times of all scales."""
        draw, clock, sensors = self.random, self.project.law.clock, self.project.law.sensors
        shape = (SEGMENTS, self.project.sizes["inputs"], columns)
        low, high = (np.array(v)[None, :, None] for v in (sensors.low, sensors.high))
        levels = np.where(draw.random(shape) < 0.5, low, high)
        inside = np.clip(low + (high - low) * draw.random(shape), low, high)
        levels = np.where(draw.random(shape) < 0.125, inside, levels)
        anything = draw.integers(clock.low_us, clock.high_us, (SEGMENTS, columns), endpoint=True)
        dt_us = np.where(draw.random((SEGMENTS, columns)) < 0.75, clock.high_us, anything)
        hold = np.exp(draw.uniform(0.0, np.log(self.steps), (SEGMENTS, columns)))
        ends = np.ceil(np.cumsum(hold, axis=0)).astype(np.int64)
        return Schedule(levels, dt_us, ends)

    def _children(self) -> Schedule:
        """Three in four change a champion: one level, one step time or one switch; the rest are new."""
        schedule, draw = self._random(self.columns), self.random
        champions = [run for pair in self.runs for run in pair]
        clock = self.project.law.clock
        for c in range(self.columns * 3 // 4):
            child = champions[c % len(champions)].take([0])
            for _ in range(int(draw.integers(1, 4))):
                s = int(draw.integers(SEGMENTS))
                j = int(draw.integers(child.levels.shape[1]))
                low, high = self.project.law.sensors.low[j], self.project.law.sensors.high[j]
                kind = draw.random()
                if kind < 0.4:
                    child.levels[s, j, 0] = low if child.levels[s, j, 0] > (low / 2.0 + high / 2.0) else high
                elif kind < 0.6:
                    child.dt_us[s, 0] = draw.choice([clock.low_us, clock.high_us])
                else:
                    child.ends[s, 0] = max(1, round(child.ends[s, 0] * np.exp(draw.normal(0.0, 0.5))))
                    child.ends.sort(axis=0)
            schedule.put([c], child)
        return schedule
