"""No NaN, no infinity, no overflow, no division by zero: the interval reading of everything that flies.

The reading starts from the ranges that the state is declared to have, and ends by checking that one period
leaves every number in the same range again, so that what it says holds for ever. Integers have a reading of
their own, in which a float may be anything, NaN included: INTEGER-RANGE assumes no other claim.
"""

from dataclasses import dataclass, field

import numpy as np

from verification.domains.interval import ANY_FLOAT, Interval, evaluate, interval
from verification.flight import Box, Flight
from verification.program import ARITHMETIC, INTEGER, REAL, Program
from verification.verdict import Verdict, python_version

WORD = 2**63
TWIN = "tests/should_fail/test_ranges.py"
RAW = "the sample as it arrives, and its magnitude, before the kernel has looked at it"


@dataclass
class Reading:
    """What the reading found: places by name, each list empty where all is well."""

    operations: int = 0
    divisions: int = 0
    not_finite: list[str] = field(default_factory=list)
    zero_divisor: list[str] = field(default_factory=list)
    escaped: list[str] = field(default_factory=list)  # state that may leave its declared range


@dataclass
class Integers:
    """What the reading of the integers found."""

    operations: int = 0
    overflow: list[str] = field(default_factory=list)
    escaped: list[str] = field(default_factory=list)


def read_integers(flight: Flight, box: Box) -> Integers:
    """All three entry points, whatever the floats are."""
    found = Integers()
    for entry, program in flight.programs.items():
        known = flight.known(program, box)
        known |= {n: ANY_FLOAT for n in program.inputs.values() if program.graph.nodes[n].type == REAL}
        ranges = evaluate(flight.graph, program.cone(), known)
        for n in program.cone():
            node = program.graph.nodes[n]
            if node.operation in ARITHMETIC and node.type == INTEGER:
                found.operations += 1
                if not -WORD <= ranges[n].low <= ranges[n].high < WORD:
                    found.overflow.append(f"{entry}: node {n} ({node.operation})")
        found.escaped += _escaped(entry, flight, box, program, ranges, INTEGER)
    return found


def read_all(flight: Flight, box: Box) -> Reading:
    """All three entry points: every operation of every cone."""
    found = Reading()
    for entry, program in flight.programs.items():
        known = flight.known(program, box)
        if entry == "step":
            for n, wall in zip(flight.limited, box * flight.sizes["substeps"], strict=True):
                known[n] = interval(*wall)  # STATE-BOUNDS
            for j in range(flight.sizes["inputs"]):
                path = f"state.held[{j}]"
                known[program.outputs[path]] = flight.declared(path, box)  # SENSOR-RANGE
            for k in range(flight.sizes["outputs"]):
                path = f"state.output[{k}]"
                known[program.outputs[path]] = flight.declared(path, box)  # GUARD-RANGE
        ranges = evaluate(flight.graph, program.cone(), known)
        _judge(entry, program, ranges, found)
        for kind in (REAL, INTEGER):
            found.escaped += _escaped(entry, flight, box, program, ranges, kind)
    return found


def _judge(entry: str, program: Program, ranges: dict[int, Interval], found: Reading) -> None:
    raw = program.inputs.get("value")
    for n in program.cone():
        node = program.graph.nodes[n]
        if node.operation not in ARITHMETIC:
            continue
        found.operations += 1
        place = f"{entry}: node {n} ({node.operation})"
        if (
            node.type == REAL
            and not ranges[n].finite
            and not (node.operation == "abs" and node.arguments[0] == raw)
        ):
            found.not_finite.append(place)
        if node.operation == "div":
            found.divisions += 1
            divisor = ranges[node.arguments[1]]
            if divisor.nan or bool(np.any((divisor.low <= 0.0) & (divisor.high >= 0.0))):
                found.zero_divisor.append(place)


def _escaped(
    entry: str, flight: Flight, box: Box, program: Program, ranges: dict[int, Interval], kind: str
) -> list[str]:
    """The state variables of a kind that may leave their declared range."""
    return [
        f"{entry}: {path}"
        for path, n in program.outputs.items()
        if program.graph.nodes[n].type == kind and not ranges[n].within(flight.declared(path, box))
    ]


def range_verdicts(flight: Flight, box: Box) -> list[Verdict]:
    """FINITE, NO-DIVISION-BY-ZERO and INTEGER-RANGE."""
    found, integers = read_all(flight, box), read_integers(flight, box)
    rests = ["the states stay in their box (STATE-BOUNDS)", "held values stay in range (SENSOR-RANGE)"]
    rests += ["outputs stay in range (GUARD-RANGE)"]
    finite = (
        f"None of the {found.operations:,} operations of reset, receive and step gives NaN, infinity or an "
        f"overflow, for ever; only {RAW} may be such."
    )
    divisor = f"None of the {found.divisions} divisors can be zero or NaN, for ever."
    whole = (
        f"Each of the {integers.operations:,} integer operations stays in 64 bits with its sign, for ever, "
        "whatever the floats are."
    )
    rows: list[tuple[str, str, list[str], list[str], list[str]]] = [
        ("FINITE", finite, found.not_finite, found.escaped, rests),
        ("NO-DIVISION-BY-ZERO", divisor, found.zero_divisor, found.escaped, rests),
        ("INTEGER-RANGE", whole, integers.overflow, integers.escaped, []),
    ]
    return [_verdict(flight, *row) for row in rows]


def _verdict(
    flight: Flight, id_: str, text: str, wrong: list[str], escaped: list[str], assumed: list[str]
) -> Verdict:
    """OPEN, not REFUTED, where the reading sees a danger: an interval may be wider than what happens."""
    reasons = [f"may fail at {place}" for place in wrong[:1]]
    reasons += [f"not kept in its range: {place}" for place in escaped[:1]]
    return Verdict(
        id_,
        text,
        "OPEN" if reasons else "PROVED-IEEE",
        "interval reading, outward-rounded, of every operation; one period keeps every range",
        "binary64 and int64",
        assumed,
        ["controller/kernel/step.py", "controller/kernel/scalar.py"],
        f"{TWIN}::test_{id_.lower().replace('-', '_')}_twin",
        "; ".join(reasons),
        program_digest=flight.digest,
        versions=python_version(),
    )
