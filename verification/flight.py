"""The program that flies, with the ranges that its inputs are declared to have."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from controller.kernel.inbox import COUNT_LIMIT
from controller.kernel.records import Law
from verification.domains.interval import ANY_FLOAT, Interval, evaluate, interval, outward
from verification.program import INTEGER, REAL, Graph, Program, TraceError, leaves, reach
from verification.translation import python_programs

Box = list[tuple[float, float]]
FAR_US = 2**61  # the ends of the kernel's clock
SECONDS_PER_US = 1.0e-6
INT64 = Interval(-(2**63), 2**63 - 1)
FLAG = Interval(0, 1)


@dataclass
class Flight:
    """reset, receive and step of one project, traced over one graph."""

    law: Law
    sizes: dict[str, int]

    @cached_property
    def graph(self) -> Graph:
        """The graph that all three share."""
        return self.programs["step"].graph

    @cached_property
    def programs(self) -> dict[str, Program]:
        """The three entry points."""
        return python_programs(self.sizes, Graph())

    @property
    def step(self) -> Program:
        """The control period."""
        return self.programs["step"]

    @property
    def digest(self) -> str:
        """The digest of the control period's program; it holds for all weights of these sizes."""
        return self.step.digest

    @cached_property
    def now(self) -> int:
        """The clock that a period goes by: now_us, held to the kernel's range of times."""
        low, high = self.graph.constant(-FAR_US), self.graph.constant(FAR_US)
        return self._held(self.step.inputs["now_us"], low, high)

    @cached_property
    def moved(self) -> int:
        """1 but where the clock stands at the last step's time."""
        one, zero, before = self.graph.constant(1), self.graph.constant(0), self.before
        return self._select(self.now, before, one, self._select(before, self.now, one, zero))

    @property
    def before(self) -> int:
        """The time of the last step."""
        return self.step.inputs["state.previous_us"]

    @cached_property
    def passed(self) -> int:
        """The time since the last step in us, negative where the clock stepped back; 0 in the first step."""
        zero, far = self.graph.constant(0), self.graph.constant(-FAR_US)
        first = self._select(self.before, far, self.graph.constant(1), zero)
        passed = self.graph.add("sub", (self.now, self.before), INTEGER)
        return self._select(zero, first, zero, passed)

    def slew(self, k: int) -> int:
        """max_rate x the time since the last step in s, from 0 to the longest dt: how far output k may go."""
        graph = self.graph
        us = self._held(self.passed, graph.constant(0), self.step.inputs["law.clock.high_us"])
        seconds = graph.add("mul", (graph.add("real", (us,), REAL), graph.constant(SECONDS_PER_US)), REAL)
        return graph.add("mul", (self.step.inputs[f"law.limits.max_rate[{k}]"], seconds), REAL)

    def _held(self, n: int, low: int, high: int) -> int:
        top = self._select(n, high, n, high)
        return self._select(low, top, top, low)

    def _select(self, a: int, b: int, x: int, y: int) -> int:
        return self.graph.add("select", (a, b, x, y), self.graph.nodes[x].type)

    def renewed(self, path: str) -> int | None:
        """What a new period puts at a path of the state; None where a repeated one would change it too."""
        guard = (self.graph.constant(0), self.moved)
        node = self.graph.nodes[self.step.outputs[path]]
        if node.operation != "select" or node.arguments[:2] != guard:
            return None
        new, old = node.arguments[2:]
        while self.graph.nodes[old].arguments[:2] == guard:  # of the substep before, under the same guard
            old = self.graph.nodes[old].arguments[3]
        return new if old == self.step.inputs[path] else None

    @cached_property
    def stages(self) -> list[int]:
        """The RK4 results before the state limits: neuron by neuron, substep by substep."""
        lows = {self.step.inputs[f"law.limits.state_low[{i}]"] for i in range(self.sizes["hidden"])}
        found = [c.arguments[0] for c in self.step.calls if c.name == "outside" and c.arguments[1] in lows]
        return _all(found, self.sizes["hidden"] * self.sizes["substeps"], "RK4 results")

    @cached_property
    def limited(self) -> list[int]:
        """The same after the state limits."""
        lows = {self.step.inputs[f"law.limits.state_low[{i}]"] for i in range(self.sizes["hidden"])}
        found = [c.result for c in self.step.calls if c.name == "clamp" and c.arguments[1] in lows]
        return _all(found, self.sizes["hidden"] * self.sizes["substeps"], "limited states")

    @cached_property
    def decoded(self) -> list[int]:
        """The network's commands before the guard."""
        far = self.graph.constant(-1.0e300)
        found = [c.arguments[0] for c in self.step.calls if c.name == "outside" and c.arguments[1] == far]
        return _all(found, self.sizes["outputs"], "commands")

    def declared(self, path: str, box: Box) -> Interval:
        """The range of an input or a state variable, by its path; without a box a state may be anything."""
        limits, pid, sensors = self.law.limits, self.law.pid, self.law.sensors
        name, _, rest = path.removeprefix("state.").removeprefix("inbox.").partition("[")
        i = int(rest.partition("]")[0]) if rest else 0
        match name:
            case "hidden":
                return interval(*box[i]) if box else ANY_FLOAT
            case "filtered":
                return interval(sensors.seen_low[i], sensors.seen_high[i])
            case "held":
                return interval(sensors.low[i], sensors.high[i])
            case "integral":
                return interval(pid.integral_low[i], pid.integral_high[i])
            case "previous_error":
                return self._errors(i)
            case "output":
                return interval(limits.low[i], limits.high[i])
            case "value":
                return interval(-1.0e300, 1.0e300) if rest else ANY_FLOAT
        whole = {
            "bad": FLAG, "mode": Interval(0, 2), "cause": Interval(0, 8),
            "healthy": Interval(0, self.law.clock.recovery - 1), "previous_us": Interval(-(2**62), FAR_US),
        }  # fmt: skip
        if name in ("late", "duplicate", "overflow", "refused"):
            return Interval(0, COUNT_LIMIT)
        return whole.get(name, INT64)

    def _errors(self, k: int) -> Interval:
        """setpoint - measured, rounded; 0 as well, where it starts."""
        pid, sensors = self.law.pid, self.law.sensors
        a, j = pid.setpoint[k], pid.channel[k]
        found = outward(np.array([a - sensors.high[j]]), np.array([a - sensors.low[j]]), False)
        return interval(np.minimum(found.low, 0.0), np.maximum(found.high, 0.0))

    def known(self, program: Program, box: Box) -> dict[int, Interval]:
        """The ranges of a program's inputs: parameters as they are, the rest as declared."""
        constants = dict(leaves(self.law, "law"))
        ranges = {}
        for path, node in program.inputs.items():
            if path in constants:
                value = constants[path]
                integer = program.graph.nodes[node].type == INTEGER
                ranges[node] = Interval(value, value) if integer else interval(value, value)
            elif not path.startswith("work."):
                ranges[node] = self.declared(path, box)
        return ranges

    def enters(self, path: str, box: Box) -> bool:
        """Whether reset puts a state variable into its declared range, and receive leaves it alone."""
        reset, receive = self.programs["reset"], self.programs["receive"]
        known, n = self.known(reset, box), reset.outputs[path]
        start = evaluate(self.graph, sorted(reach(self.graph, [n], set(known))), known)[n]
        return receive.outputs[path] == receive.inputs[path] and start.within(self.declared(path, box))

    def read(self, roots: list[int], box: Box) -> dict[int, Interval]:
        """The interval reading of step up to some roots; inside the state's walls it trusts the box."""
        known = self.known(self.step, box)
        for n, (low, high) in zip(self.limited, box * self.sizes["substeps"], strict=True):
            known[n] = interval(low, high)
        return evaluate(self.graph, sorted(reach(self.graph, roots, set(known))), known)


def _all(found: list[int], wanted: int, what: str) -> list[int]:
    """The nodes, if each is there; a claim about none of them would hold for nothing."""
    if len(found) != wanted:
        raise TraceError(f"the claims know {len(found)} of {wanted} {what} of the program that flies")
    return found
