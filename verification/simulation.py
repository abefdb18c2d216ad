"""Many trajectories of the flying program at once, from the declared initial state.

Only the inbox is left out: a schedule says what each sensor holds, anything in its declared range, and
how long each step takes. All else, filters, RK4, state limits and decoder, is the traced step program.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from controller.kernel.records import State, allocate
from controller.kernel.step import reset
from controller.project import Project
from verification.domains.floats import Machine
from verification.flight import Flight
from verification.program import leaves

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass
class Schedule:
    """Piecewise constant inputs of many runs.

    levels: segments x inputs x columns, in input units; dt_us: segments x columns; ends: segments x
    columns, the step before which each segment ends, rising; the last one lasts.
    """

    levels: Floats
    dt_us: Ints
    ends: Ints

    def take(self, columns: Any) -> "Schedule":
        """A copy of some columns."""
        levels, dt_us, ends = self.levels, self.dt_us, self.ends
        return Schedule(levels[:, :, columns].copy(), dt_us[:, columns].copy(), ends[:, columns].copy())

    def put(self, columns: Any, other: "Schedule") -> None:
        """Overwrite some columns."""
        self.levels[:, :, columns] = other.levels
        self.dt_us[:, columns], self.ends[:, columns] = other.dt_us, other.ends

    def segments(self, column: int, steps: int) -> list[dict[str, Any]]:
        """The first `steps` steps of one run in words: steps, dt_us and inputs of each segment."""
        found, start = [], 0
        for s in range(len(self.ends)):
            last = s == len(self.ends) - 1
            end = steps if last else min(int(self.ends[s, column]), steps)
            if end > start:
                inputs = [float(v) for v in self.levels[s, :, column]]
                found.append({"steps": end - start, "dt_us": int(self.dt_us[s, column]), "inputs": inputs})
                start = end
        return found


class Simulation:
    """The trajectories: `stages` are the RK4 results before the state limits, `decoded` the commands.

    With limited=False the next step starts from the RK4 result itself, as if there were no limits. varied:
    constants of the law, by their paths, that differ from run to run, one value a column.
    """

    def __init__(
        self, project: Project, columns: int, limited: bool = True, varied: Mapping[str, Floats] | None = None
    ) -> None:
        self.flight = Flight(project.law, project.sizes)
        self.law, self.columns = project.law, columns
        step, hidden = self.flight.step, project.sizes["hidden"]
        self.stages, self.decoded = self.flight.stages, self.flight.decoded
        names = range(hidden)
        self._hidden = [step.inputs[f"state.hidden[{i}]"] for i in names]
        after = self.flight.limited if limited else self.stages
        self._next = after[-hidden:]
        inputs = range(project.sizes["inputs"])
        self._filtered = [step.inputs[f"state.filtered[{j}]"] for j in inputs]
        self._smooth = [step.outputs[f"state.filtered[{j}]"] for j in inputs]
        self._held = [step.outputs[f"state.held[{j}]"] for j in inputs]
        self._now, self._before = step.inputs["now_us"], step.inputs["state.previous_us"]
        other = {step.inputs[path]: values for path, values in (varied or {}).items()}
        constants = {step.inputs[path]: value for path, value in leaves(self.law, "law")}
        self.machine = Machine(
            self.flight.graph,
            [*self.stages, *self.decoded, *self._next, *self._smooth],
            [*self._hidden, *self._filtered, *self._held, self._now, self._before, *other],
            {n: value for n, value in constants.items() if n not in other},
            columns,
        )
        for n, values in other.items():
            self.machine.set(n, values)
        start = allocate(State, project.sizes)
        reset(self.law, start)
        self._start = start.filtered
        self.reset()

    def reset(self) -> None:
        """The declared initial state."""
        for n in (*self._hidden, self._before):
            self.machine.set(n, 0)
        for n, value in zip(self._filtered, self._start, strict=True):
            self.machine.set(n, value)

    def begin(self, hidden: Iterable[Any], filtered: Iterable[Any]) -> None:
        """Another start: hidden states, and what the network sees; each one value or one a column."""
        for n, values in zip([*self._hidden, *self._filtered], [*hidden, *filtered], strict=True):
            self.machine.set(n, values)

    def state(self) -> Floats:
        """The hidden states after the last step, hidden x columns."""
        return np.array([self.machine.get(n) for n in self._hidden])

    def step(self, held: Floats, dt_us: Ints) -> None:
        """One period: held is inputs x columns in input units, dt_us the time since the last step."""
        for n, values in zip(self._held, held, strict=True):
            self.machine.set(n, values)
        self.machine.set(self._now, dt_us)
        self.machine.run()
        new = [*self._hidden, *self._filtered]
        for n, source in zip(new, [*self._next, *self._smooth], strict=True):
            self.machine.set(n, self.machine.get(source))

    def value(self, node: int) -> Floats:
        """A stage, command or filtered input after the last step, in every column."""
        return self.machine.get(node)

    def run(self, schedule: Schedule, steps: int) -> Iterator[int]:
        """Reset, then step by step along the schedule; yields the number of each step once it is done.

        The first step takes the nominal period, as in flight.
        """
        self.reset()
        columns = np.arange(self.columns)
        last = len(schedule.ends) - 1
        for t in range(steps):
            segment = np.minimum((schedule.ends <= t).sum(axis=0), last)
            dt_us = schedule.dt_us[segment, columns]
            if t == 0:
                dt_us = np.full(self.columns, self.law.clock.nominal_us, np.int64)
            self.step(schedule.levels[segment, :, columns].T, dt_us)
            yield t
