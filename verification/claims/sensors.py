"""An unhealthy sensor never drives the actuator: non-interference, for every bit pattern of its value.

The traced step is read with all integers known and all floats open (domains/dependence.py): what the command
may depend on is a set of names, and the names of an unhealthy sensor must not be in it. The same is then seen
in the running kernel: two runs that differ in such a value alone must give the same bits.
"""

import struct
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import asdict, dataclass
from itertools import product
from types import ModuleType
from typing import Any

from controller.kernel import step as kernel
from controller.kernel.inbox import EMPTY
from controller.kernel.records import State
from verification.claims.modes import (
    AGE_US,
    CODE,
    NAN,
    NOW_US,
    TRACED,
    TWIN,
    Place,
    law,
    memory,
    places,
    scratch,
)  # fmt: skip
from verification.domains.dependence import NOTHING, dependence
from verification.program import INTEGER, Graph, Program, leaves, trace
from verification.verdict import Verdict, ended

RECOVERIES = (1, 2)
CLOCKS_US = (2_000, NOW_US)  # soon after the start, when no sample at all would not seem an old one; later
HEALTH: dict[str, tuple[int, int | None]] = {  # bad or not, and the age of what is held
    "good": (0, 0), "bad": (1, 0), "stale": (0, AGE_US + 1), "missing": (0, None),
    "bad and stale": (1, AGE_US + 1), "future": (0, -1),
}  # fmt: skip
BAD_VALUES = (NAN, float("inf"), float("-inf"), 1.0e300, -1.7e308, 1.0000000000000002, -1.5)
GUARDED = ("law.limits.low[0]", "law.limits.high[0]", "law.limits.safe[0]", "law.limits.max_rate[0]",
           "state.output[0]")  # fmt: skip
PERIODS_AFTER = 4


@dataclass(frozen=True)
class Case:
    """The PID's sensor, the health of both, the mode and count, a missed deadline, a late clock."""

    reference: int
    health: tuple[str, str]
    place: Place
    missed: int
    late: int
    now_us: int

    @property
    def unhealthy(self) -> list[int]:
        """The numbers of the unhealthy sensors."""
        return [j for j in (0, 1) if self.health[j] != "good"]

    def memory(self) -> State:
        """The state before the period."""
        state = memory(*self.place[:2], self.now_us)
        for j in (0, 1):
            state.bad[j], age = HEALTH[self.health[j]]
            state.held_us[j] = EMPTY if age is None else self.now_us - age
        state.previous_us += self.late * 900  # a dt of 100 us is below the declared 500
        return state

    def as_dict(self) -> dict[str, Any]:
        """For a counterexample."""
        return asdict(self)


def cases() -> Iterator[Case]:
    """Every case, healthy ones included."""
    for reference, a, b, now_us in product((0, 1), HEALTH, HEALTH, CLOCKS_US):
        for place, missed, late in product(places(RECOVERIES), (0, 1), (0, 1)):
            yield Case(reference, (a, b), place, missed, late, now_us)


def program(step: ModuleType) -> Program:
    """The control period of the bench's shape, traced."""
    records = {"law": law(1), "state": memory(0, 0), "work": scratch(), "now_us": 0, "missed": 0}
    return trace(step.step, records, Graph())


def depends(traced: Program, nodes: list[int], case: Case) -> set[str]:
    """The float inputs that the command of this case may depend on."""
    numbers = {
        **dict(leaves(law(case.place[2], case.reference), "law")),
        **dict(leaves(case.memory(), "state")),
        "now_us": case.now_us,
        "missed": case.missed,
    }
    known = {
        node: numbers[path]
        for path, node in traced.inputs.items()
        if traced.graph.nodes[node].type == INTEGER and path in numbers
    }
    meaning = dependence(traced.graph, nodes, known)[traced.outputs["state.output[0]"]]
    return {traced.graph.nodes[n].leaf for n in (meaning if isinstance(meaning, frozenset) else NOTHING)}


def allowed(case: Case) -> set[str] | None:
    """What the command may depend on; None where both sensors are healthy and nothing is claimed."""
    if not case.unhealthy:
        return None
    if case.reference in case.unhealthy:
        return set(GUARDED)
    pid = {f"law.pid.{name}[0]" for name in ("setpoint", "kp", "ki", "kd", "integral_low", "integral_high")}
    memory_of_pid = {"state.integral[0]", "state.previous_error[0]", f"state.held[{case.reference}]"}
    return {*GUARDED, *pid, *memory_of_pid}


def flow(step: ModuleType) -> tuple[dict[str, Any] | None, int]:
    """The first case whose command depends on too much, or None; and the number of cases."""
    traced = program(step)
    nodes = sorted(traced.cone())
    done, drives = 0, False
    for case in cases():
        done += 1
        found, may = depends(traced, nodes, case), allowed(case)
        drives |= {"state.held[0]", "state.held[1]", "law.network.w_in[0][0]"} <= found
        if may is not None and not found <= may:
            return {"case": case.as_dict(), "depends on": sorted(found - may)}, done
    return (None if drives else {"vacuous": "no healthy sensor drives either"}), done


def bits(values: list[float]) -> bytes:
    """Floats as their bit patterns."""
    return struct.pack(f"<{len(values)}d", *values)


def run(step: ModuleType, case: Case, held: tuple[float, float], hidden: float, integral: float) -> Any:
    """The command's bits, the mode and the cause after one period with these values."""
    state = case.memory()
    state.held, state.hidden = list(held), [hidden]
    state.integral, state.previous_error = [integral], [-integral]
    step.step(law(case.place[2], case.reference), state, scratch(), case.now_us, case.missed)
    return bits(state.output), state.mode, state.cause


def twins(step: ModuleType) -> tuple[dict[str, Any] | None, int]:
    """The first case in which a value that must not count changes the command; the number of runs."""
    done, drives = 0, False
    for case in cases():
        for j in case.unhealthy or [0]:
            whole = case.reference in case.unhealthy
            results = []
            for value, hidden in ((0.25, 0.1), (-0.75, -0.6), (1.0, 0.9)):
                held = (value, 0.5) if j == 0 else (0.25, value)
                results.append(run(step, case, held, hidden, value if whole else 0.2))
            done += len(results)
            same = all(r == results[0] for r in results)
            if case.unhealthy and not same:
                return {"case": case.as_dict(), "sensor": j, "results": repr(results)}, done
            drives |= not same
    return (None if drives else {"vacuous": "no healthy sensor drives either"}), done


def bad_samples(step: ModuleType) -> tuple[dict[str, Any] | None, int]:
    """The first case in which the value of a bad sample leaves a trace in the periods that follow it."""
    done = 0
    for reference, j, place in product((0, 1), (0, 1), places(RECOVERIES)):
        traces = []
        for value in BAD_VALUES:
            done += 1
            state, rules, found = memory(*place[:2]), law(place[2], reference), []
            for n in range(1 + PERIODS_AFTER):
                now_us = NOW_US + 1000 * n
                step.receive(rules, state, now_us, j, now_us, value if n == 0 else 0.125 * n)
                step.step(rules, state, scratch(), now_us, 0)
                found.append(fingerprint(state))
                if n == 0 and not state.bad[j]:
                    return {"vacuous": "the bad sample did not get in", "value": repr(value)}, done
            traces.append(found)
        if any(found != traces[0] for found in traces):
            return {"reference": reference, "sensor": j, "place": place, "values": repr(BAD_VALUES)}, done
    return None, done


def fingerprint(state: State) -> str:
    """The state to the last bit, the values of empty slots left out: nothing reads them."""
    copy = deepcopy(state)
    box = copy.inbox
    rows = zip(box.time_us, box.value, strict=True)
    box.value = [[v if t >= 0 else 0.0 for t, v in zip(*row, strict=True)] for row in rows]
    return repr([v.hex() if isinstance(v, float) else v for _, v in leaves(copy, "state")])


def unhealthy_told() -> Verdict:
    """MODES-UNHEALTHY-NEVER-DRIVES."""
    return Verdict(
        "MODES-UNHEALTHY-NEVER-DRIVES",
        "With two sensors, one output and a recovery of 1 and 2: "
        "in a period in which a sensor is bad (its last "
        "sample NaN or out of range), stale or missing, the "
        "command depends neither on the value held for it nor on the network: on the PID's own healthy "
        "sensor if the other is unhealthy, and on nothing but the safe value, the last command and the "
        "limits if the PID's own is. The value of a bad sample is never held.",
        "EXHAUSTED",
        "data flow through the traced step with every integer case and all floats open; then the kernel run "
        f"with differing values, and with {len(BAD_VALUES)} bad values for {1 + PERIODS_AFTER} periods, bits "
        "compared",
        "binary64, all bit patterns",
        [
            "two sensors, one output; each sensor good, bad, stale, missing, bad and stale, or from the "
            "clock's future; recovery 1 "
            "and 2; deadline met or missed, dt in its range or not; soon after the start and later",
            "what a sensor gave while it was good stays in the network's state and in the PID's integral and "
            "last error, which count again after the recovery",
            TRACED,
        ],
        CODE,
        f"{TWIN}::test_modes_unhealthy_never_drives_twin",
    )


def unhealthy_verdict(step: ModuleType = kernel) -> Verdict:
    """MODES-UNHEALTHY-NEVER-DRIVES: the data flow, then the running kernel."""
    total, wrong = 0, None
    for look in (flow, twins, bad_samples):
        wrong, done = look(step)
        total += done
        if wrong:
            break
    return ended(unhealthy_told(), wrong, "a value that must not count reaches the command", {"cases": total})
