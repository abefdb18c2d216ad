"""The program that flies, with the ranges that its inputs are declared to have."""

from dataclasses import dataclass
from functools import cached_property

from controller.kernel.inbox import COUNT_LIMIT, LATEST_US
from controller.kernel.records import Law
from verification.domains.interval import ANY_FLOAT, Interval, evaluate, interval
from verification.program import INTEGER, Graph, Program, leaves, reach
from verification.translation import python_programs

Box = list[tuple[float, float]]
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
    def stages(self) -> list[int]:
        """The RK4 results before the state limits: neuron by neuron, substep by substep."""
        lows = {self.step.inputs[f"law.limits.state_low[{i}]"] for i in range(self.sizes["hidden"])}
        return [c.arguments[0] for c in self.step.calls if c.name == "outside" and c.arguments[1] in lows]

    @cached_property
    def limited(self) -> list[int]:
        """The same after the state limits."""
        lows = {self.step.inputs[f"law.limits.state_low[{i}]"] for i in range(self.sizes["hidden"])}
        return [c.result for c in self.step.calls if c.name == "clamp" and c.arguments[1] in lows]

    @cached_property
    def decoded(self) -> list[int]:
        """The network's commands before the guard."""
        far = self.graph.constant(-1.0e300)
        return [c.arguments[0] for c in self.step.calls if c.name == "outside" and c.arguments[1] == far]

    def declared(self, path: str, box: Box) -> Interval:
        """The range of an input or a state variable, by its path."""
        limits, pid, sensors = self.law.limits, self.law.pid, self.law.sensors
        name, _, rest = path.removeprefix("state.").removeprefix("inbox.").partition("[")
        i = int(rest.rstrip("]")) if rest else 0
        match name:
            case "hidden":
                return interval(*box[i])
            case "filtered":
                return interval(-1.0, 1.0)
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
            "healthy": Interval(0, self.law.clock.recovery - 1), "previous_us": Interval(-1, LATEST_US),
        }  # fmt: skip
        if name in ("late", "duplicate", "overflow", "refused"):
            return Interval(0, COUNT_LIMIT)
        return whole.get(name, INT64)

    def _errors(self, k: int) -> Interval:
        """setpoint - measured; measured is 0 before the PID's input is met."""
        low = min(0.0, *self.law.sensors.low)
        high = max(0.0, *self.law.sensors.high)
        a = self.law.pid.setpoint[k]
        return interval(a - high, a - low)

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

    def read(self, roots: list[int], box: Box) -> dict[int, Interval]:
        """The interval reading of step up to some roots; inside the state's walls it trusts the box."""
        known = self.known(self.step, box)
        for n, (low, high) in zip(self.limited, box * self.sizes["substeps"], strict=True):
            known[n] = interval(low, high)
        return evaluate(self.graph, sorted(reach(self.graph, roots, set(known))), known)
