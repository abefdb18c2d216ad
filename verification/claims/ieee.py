"""Claims for every bit pattern: pieces of the kernel as IEEE 754 obligations, inputs left free.

Each piece is traced by itself, all its arguments symbols, so that the proof covers every project.
ieee_claims() checks that the program that flies uses the piece where the claim needs it.
"""

import re
from collections.abc import Callable
from typing import Any

from controller.kernel import activation, filter, guard, pid
from controller.kernel import step as kernel
from controller.kernel.records import Law, State, Work, allocate
from verification.domains.smt import define, ieee, name
from verification.flight import Flight
from verification.program import REAL, Call, Graph, Program, Symbol, bind, trace
from verification.proof import Obligation
from verification.verdict import Pending, Verdict

TWIN = "tests/should_fail/test_ieee.py"
START = "the last output was in range: the safe output is, and then every output by this claim itself"
GUARDED = ("state.output", "law.limits.low", "law.limits.high", "law.limits.safe")
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
    id_: str, statement: str, obligations: list[Obligation], code: list[str], assumptions: list[str]
) -> Pending:
    """A claim over IEEE 754 with its twin."""
    solvers = "; ".join(sorted({f"{o.main}, replayed by {o.replay}" for o in obligations}))
    verdict = Verdict(
        id_, statement, "PROVED-IEEE", f"IEEE 754 obligations for all bit patterns; {solvers}",
        "binary64", assumptions, [f"controller/kernel/{c}.py" for c in code],
        f"{TWIN}::test_{id_.lower().replace('-', '_')}_twin",
    )  # fmt: skip
    return Pending(verdict, obligations)


def results(p: Program, called: str) -> set[int]:
    """The results of the calls of a kernel function within a traced one: free where they are cut."""
    return {c.result for c in p.calls if c.name == called}


def tanh_bound(tanh: Function = activation.tanh) -> Pending:
    """|tanh| <= 1 whatever exp gives."""
    p = program(tanh, z=0.0)
    goal = f"(and (fp.leq {ieee(-1.0)} {{result}}) (fp.leq {{result}} {ieee(1.0)}))"
    made = obligation("TANH-BOUND", "|tanh(z)| <= 1, exp left free.", p, [], goal, results(p, "exp"))
    text = "|tanh(z)| is at most 1 for every bit pattern of z and whatever exp gives."
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
    text = "tanh(-z) is -tanh(z), bit for bit but for the sign of zero, for every z that is not NaN."
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
    return obligation(label, comment, p, assumptions, goal)


def guard_range(guard_: Function = guard.guard) -> Pending:
    """The command stays in its declared range."""
    goal = "(and (fp.leq {low} {result}) (fp.leq {result} {high}))"
    text = (
        "Every output lies in its declared range, for every bit pattern of all that comes before the guard."
    )
    return claim("GUARD-RANGE", text, [guarded("GUARD-RANGE", goal, guard_)], ["guard", "clamp"], [START])


def guard_slew(guard_: Function = guard.guard) -> Pending:
    """The command stays in the rounded slew window."""
    low, high = "(fp.sub RNE {previous} {slew})", "(fp.add RNE {previous} {slew})"
    goal = f"(and (fp.leq {low} {{result}}) (fp.leq {{result}} {high}))"
    text = (
        "Every output lies within [previous - slew, previous + slew] as binary64 rounds these, for every bit "
        "pattern of all that comes before the guard."
    )
    return claim("GUARD-SLEW", text, [guarded("GUARD-SLEW", goal, guard_)], ["guard", "clamp"], [START])


def filter_range(low_pass: Function = filter.low_pass) -> Pending:
    """The low-pass stays in [-1, 1], the range of what it filters."""
    p = program(low_pass, y=0.0, x=0.0, time_constant_s=0.0, dt=0.0)
    goal = f"(and (fp.leq {ieee(-1.0)} {{result}}) (fp.leq {{result}} {ieee(1.0)}))"
    moved = {c.arguments[0] for c in p.calls if c.name == "clamp"}
    made = obligation("FILTER-RANGE", "The low-pass, its new value left free.", p, [], goal, moved)
    text = "The input filter stays in [-1, 1], the range of its normalised input, for every bit pattern."
    return claim("FILTER-RANGE", text, [made], ["filter", "clamp"], [])


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
    return claim("PID-INTEGRAL", text, [made], ["pid", "clamp"], [])


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
    start = "the held value starts in the middle of its range"
    return claim("SENSOR-RANGE", text, made, ["inbox", "clamp", "step"], [start])


def ieee_claims(flight: Flight) -> list[Pending]:
    """All of them, checked against the program that flies."""
    step = flight.step
    guards = {c.result: c.arguments[1:5] for c in step.calls if c.name == "guard"}
    limits = [[step.inputs[f"{path}[{k}]"] for path in GUARDED] for k in range(flight.sizes["outputs"])]
    last = all(
        list(guards.get(step.outputs[f"state.output[{k}]"], ())) == limits[k] for k in range(len(limits))
    )
    filters = results(step, "low_pass")
    filtered = all(step.outputs[f"state.filtered[{j}]"] in filters for j in range(flight.sizes["inputs"]))
    made = [tanh_bound(), tanh_odd(), sensor_range(flight), pid_integral()]
    made += [c if last else unused(c) for c in (guard_range(), guard_slew())]
    return [*made, filter_range() if filtered else unused(filter_range())]


def unused(pending: Pending) -> Pending:
    """A claim about a piece that does not stand where it must."""
    pending.verdict.word = "OPEN"
    pending.verdict.reason = "the program that flies does not end in this function"
    return pending
