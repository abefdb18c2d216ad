"""Claims for every bit pattern: pieces of the kernel as IEEE 754 obligations, inputs left free.

Each piece is traced by itself, all its arguments symbols, so that the proof covers every project.
ieee_claims() checks that the program that flies is this piece, node for node, where the claim needs it and
with the arguments that it speaks of, that the declared limits are in order, and that reset starts where the
induction does.
"""

import math
import re
from collections.abc import Callable, Iterable
from typing import Any

from controller.kernel import activation, filter, guard, pid
from controller.kernel import step as kernel
from controller.kernel.records import Law, State, Work, allocate
from verification.domains.smt import define, ieee, name
from verification.flight import Flight
from verification.program import REAL, Call, Graph, Program, Symbol, bind, lift, trace
from verification.proof import Obligation
from verification.verdict import Pending, Verdict

TWIN = "tests/should_fail/test_ieee.py"
INTEGERS = "no integer of the kernel overflows (INTEGER-RANGE)"
Function = Callable[..., Any]


def program(function: Function, **arguments: float) -> Program:
    """The function over symbols."""
    return trace(function, arguments, Graph())


def obligation(
    label: str, comment: str, p: Program, assumptions: list[str], goal: str, cut: set[int] | None = None,
    main: str = "bitwuzla", replay: str = "z3",
) -> Obligation:  # fmt: skip
    """The goal about p's inputs and outputs, each written by its name in braces: `{result}`."""
    places = p.inputs | p.outputs
    spoken = {path for text in (*assumptions, goal) for path in re.findall(r"{([^}]+)}", text)}
    lines = define(p.graph, [places[path] for path in spoken], cut or set(), "ieee")

    def written(text: str) -> str:
        return re.sub(r"{([^}]+)}", lambda found: name(p.graph, places[found[1]]), text)

    return Obligation(
        label, "QF_BVFP", comment, lines, [written(a) for a in assumptions], written(goal), main, replay
    )


def claim(
    id_: str, statement: str, obligations: list[Obligation], code: list[str], assumptions: list[str],
    twins: str = TWIN,
) -> Pending:  # fmt: skip
    """A claim over IEEE 754 with its twin."""
    solvers = "; ".join(sorted({f"{o.main}, replayed by {o.replay}" for o in obligations}))
    verdict = Verdict(
        id_, statement, "PROVED-IEEE", f"IEEE 754 obligations for all bit patterns; {solvers}",
        "binary64", assumptions, [f"controller/kernel/{c}.py" for c in code],
        f"{twins}::test_{id_.lower().replace('-', '_')}_twin",
    )  # fmt: skip
    return Pending(verdict, obligations)


def unchanged(program: Program, paths: Iterable[str]) -> tuple[str, Program]:
    """That these leaves of the state are after the program what they were before: a goal, and its program."""
    outputs = {f"after {p}": program.outputs[p] for p in paths if program.outputs[p] != program.inputs[p]}
    goal = " ".join(f"(= {{{path}}} {{{path.removeprefix('after ')}}})" for path in outputs)
    return f"(and true true {goal})", Program(program.graph, program.inputs, outputs)


def calls(flight: Flight, function: Function) -> list[Call]:
    """The calls in the step that are this very function of their arguments, node for node."""
    bound = bind(function, flight.graph, [])

    def made(call: Call) -> int:
        return lift(flight.graph, bound(*(Symbol(flight.graph, n) for n in call.arguments)))

    return [c for c in flight.step.calls if c.name == function.__name__ and made(c) == c.result]


def results(p: Program, called: str) -> set[int]:
    """The results of the calls of a kernel function within a traced one: free where they are cut."""
    return {c.result for c in p.calls if c.name == called}


def tanh_bound(tanh: Function = activation.tanh) -> Pending:
    """|tanh| <= 1 whatever exp gives."""
    p = program(tanh, z=0.0)
    goal = f"(and (fp.leq {ieee(-1.0)} {{result}}) (fp.leq {{result}} {ieee(1.0)}))"
    made = obligation("TANH-BOUND", "|tanh(z)| <= 1, exp left free.", p, [], goal, results(p, "exp"))
    text = (
        "Each tanh in the step lies in [-1, 1] for every bit pattern of its argument, and whatever exp gives."
    )
    return claim("TANH-BOUND", text, [made], ["activation", "clamp"], [])


def tanh_odd(tanh: Function = activation.tanh) -> Pending:
    """tanh(-z) = -tanh(z) for every z that is not NaN; exp is only known to be a function."""
    graph, calls = Graph(), list[Call]()
    z = Symbol(graph, graph.add("input", (), REAL, "z"))
    twice = bind(tanh, graph, calls)
    outputs = {"result": (twice(-z) + twice(z)).number}
    for n, call in enumerate(c for c in calls if c.name == "exp"):
        outputs |= {f"argument{n}": call.arguments[0], f"exp{n}": call.result}
    p = Program(graph, {"z": z.number}, outputs, calls)
    function = "(=> (= {argument0} {argument1}) (= {exp0} {exp1}))"
    away = "(not (or (fp.isNaN {z}) (fp.isZero {z})))"
    goal = f"(fp.eq {{result}} {ieee(0.0)})"
    comment = "tanh(-z) + tanh(z) is exactly zero; exp of the same argument gives the same result."
    made = [obligation("TANH-ODD", comment, p, [away, function], goal, results(p, "exp"), replay="cvc5")]
    zero = program(tanh, z=0.0)
    made.append(obligation("TANH-ODD-zero", "tanh(0) is 0.", zero, ["(fp.isZero {z})"], goal))
    text = (
        "Of each tanh in the step, tanh(-z) is -tanh(z), bit for bit but for the sign of zero, "
        "for every z that is not NaN, if exp gives the same for the same argument."
    )
    return claim("TANH-ODD", text, made, ["activation"], [])


def guarded(label: str, goal: str, guard_: Function) -> Obligation:
    """A goal about the guard for any command, given that the last output was in range."""
    p = program(guard_, command=0.0, previous=0.0, low=0.0, high=0.0, safe=0.0, slew=0.0)
    assumptions = [
        "(and (fp.leq {low} {safe}) (fp.leq {safe} {high}))",
        "(and (fp.leq {low} {previous}) (fp.leq {previous} {high}))",
        f"(fp.leq {ieee(0.0)} {{slew}})",
        "(not (or (fp.isInfinite {low}) (fp.isInfinite {high}) (fp.isInfinite {slew})))",
    ]
    comment = "The guard, for every bit pattern of the command; limits, last output and slew are free."
    return obligation(label, comment, p, assumptions, goal)  # z3 is slow here, but shares no code


def guard_range(guard_: Function = guard.guard) -> Pending:
    """The command stays in its declared range."""
    goal = "(and (fp.leq {low} {result}) (fp.leq {result} {high}))"
    text = (
        "Every output lies in its declared range, for every bit pattern of all that comes before the guard."
    )
    return claim("GUARD-RANGE", text, [guarded("GUARD-RANGE", goal, guard_)], ["guard", "clamp", "step"], [])


def guard_slew(guard_: Function = guard.guard) -> Pending:
    """The command stays in the rounded slew window."""
    low, high = "(fp.sub RNE {previous} {slew})", "(fp.add RNE {previous} {slew})"
    goal = f"(and (fp.leq {low} {{result}}) (fp.leq {{result}} {high}))"
    text = (
        "Every output lies within [previous - slew, previous + slew] as binary64 rounds these, for every bit "
        "pattern of all that comes before the guard; slew is max_rate x (us x 1e-6), each product rounded, "
        "and us the time since the last step, held to 0 and dt.high_us: so 0 in the first step, and where "
        "the clock stands still or steps back."
    )
    return claim("GUARD-SLEW", text, [guarded("GUARD-SLEW", goal, guard_)], ["guard", "clamp", "step"], [])


def filter_range(low_pass: Function = filter.low_pass) -> Pending:
    """The low-pass stays in the range of what it filters."""
    p = program(low_pass, y=0.0, x=0.0, time_constant_s=0.0, dt=0.0, low=0.0, high=0.0)
    goal = "(and (fp.leq {low} {result}) (fp.leq {result} {high}))"
    moved = {c.arguments[0] for c in p.calls if c.name == "clamp"}
    comment = "The low-pass, its new value left free."
    made = obligation("FILTER-RANGE", comment, p, ["(fp.leq {low} {high})"], goal, moved)
    text = (
        "What the network sees of an input stays in the range that the network sees of the declared one, for "
        "every bit pattern."
    )
    return claim("FILTER-RANGE", text, [made], ["filter", "clamp", "step"], [])


def pid_integral(accumulate: Function = pid.accumulate) -> Pending:
    """The integral stays in its limits."""
    p = program(accumulate, integral=0.0, error=0.0, dt=0.0, low=0.0, high=0.0)
    goal = "(and (fp.leq {low} {result}) (fp.leq {result} {high}))"
    added = {c.arguments[0] for c in p.calls if c.name == "clamp"}
    made = obligation(
        "PID-INTEGRAL",
        "The limited integral, its new value left free.",
        p,
        ["(fp.leq {low} {high})"],
        goal,
        added,
    )
    text = "The fallback's integral stays in its declared limits for every bit pattern of error and time."
    return claim("PID-INTEGRAL", text, [made], ["pid", "clamp", "step"], [])


def sensor_range(flight: Flight, step: Function = kernel.step) -> Pending:
    """A held value is always one that its sensor's declared range allows."""
    law, state, work = (allocate(r, flight.sizes) for r in (Law, State, Work))
    records = {"law": law, "state": state, "work": work, "now_us": 0, "missed": 0}
    p = trace(step, records, Graph())
    made = []
    for j in range(flight.sizes["inputs"]):
        one = Program(p.graph, p.inputs, {"result": p.outputs[f"state.held[{j}]"]})
        held, low, high = (
            f"{{{path}[{j}]}}" for path in ("state.held", "law.sensors.low", "law.sensors.high")
        )
        inside = f"(and (fp.leq {low} {held}) (fp.leq {held} {high}))"
        goal = f"(and (fp.leq {low} {{result}}) (fp.leq {{result}} {high}))"
        comment = f"What one control period may put in place of the held value of input {j}."
        made.append(obligation(f"SENSOR-RANGE-{j}", comment, one, [inside], goal))
    text = (
        "The value held of a sensor stays in the sensor's declared range, for every bit pattern of samples."
    )
    return claim("SENSOR-RANGE", text, made, ["inbox", "clamp", "step"], [INTEGERS])


def guards(flight: Flight, k: int) -> bool:
    """Whether output k is what the guard gives for the last output and the declared limits, in order."""
    step, limits = flight.step, flight.law.limits
    paths = ("state.output", "law.limits.low", "law.limits.high", "law.limits.safe")
    held = tuple(step.inputs[f"{path}[{k}]"] for path in paths)
    wanted = flight.renewed(f"state.output[{k}]"), (*held, flight.slew(k))
    met = [(c.result, c.arguments[1:]) for c in calls(flight, guard.guard)]
    numbers = (limits.low[k], limits.high[k], limits.max_rate[k])
    ordered = limits.low[k] <= limits.safe[k] <= limits.high[k] and limits.max_rate[k] >= 0.0
    return wanted in met and ordered and all(map(math.isfinite, numbers))


def filters(flight: Flight, j: int) -> bool:
    """Whether the filtered input j is what the low-pass gives within the range that the network sees."""
    step, sensors = flight.step, flight.law.sensors
    walls = tuple(step.inputs[f"law.sensors.seen_{side}[{j}]"] for side in ("low", "high"))
    smooth = {c.result for c in calls(flight, filter.low_pass) if c.arguments[4:] == walls}
    return flight.renewed(f"state.filtered[{j}]") in smooth and sensors.seen_low[j] <= sensors.seen_high[j]


def integrates(flight: Flight, k: int) -> bool:
    """Whether the integral k is either 0 or what the limited integral gives for the declared limits."""
    step, pid_ = flight.step, flight.law.pid
    walls = tuple(step.inputs[f"law.pid.integral_{side}[{k}]"] for side in ("low", "high"))
    allowed = {c.result for c in calls(flight, pid.accumulate) if c.arguments[3:] == walls}
    allowed.add(flight.graph.constant(0.0))
    allowed.add(step.inputs[f"state.integral[{k}]"])  # where the clock stands still
    todo = [step.outputs[f"state.integral[{k}]"]]
    while todo:
        n = todo.pop()
        node = flight.graph.nodes[n]
        if n not in allowed:
            if node.operation != "select":
                return False
            todo += node.arguments[2:]
    return pid_.integral_low[k] <= 0.0 <= pid_.integral_high[k]


def holds(flight: Flight, j: int) -> bool:
    """Whether the declared range of input j is one."""
    return flight.law.sensors.low[j] <= flight.law.sensors.high[j]


def ieee_claims(flight: Flight) -> list[Pending]:
    """All of them, checked against the program that flies."""
    rows: list[tuple[Pending, str, int, Callable[[Flight, int], bool]]] = [
        (sensor_range(flight), "held", flight.sizes["inputs"], holds),
        (pid_integral(), "integral", flight.sizes["outputs"], integrates),
        (guard_range(), "output", flight.sizes["outputs"], guards),
        (guard_slew(), "output", flight.sizes["outputs"], guards),
        (filter_range(), "filtered", flight.sizes["inputs"], filters),
    ]
    tanhs = [c for c in flight.step.calls if c.name == "tanh"]
    flown = bool(tanhs) and calls(flight, activation.tanh) == tanhs
    made = [p if flown else unused(p, "tanh") for p in (tanh_bound(), tanh_odd())]
    for pending, name_, size, flies in rows:
        path = "state." + name_
        fit = all(flies(flight, n) and flight.enters(f"{path}[{n}]", []) for n in range(size))
        made.append(pending if fit else unused(pending, path))
    return made


def unused(pending: Pending, path: str) -> Pending:
    """A claim about a piece that does not stand where it must."""
    pending.verdict.word = "OPEN"
    pending.verdict.reason = f"{path} of the program that flies is not what the claim speaks of"
    return pending
