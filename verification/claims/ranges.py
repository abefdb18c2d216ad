"""No NaN, no infinity, no overflow, no division by zero: the interval reading of everything that flies.

The reading starts from the ranges that the state is declared to have, and ends by checking that one period
leaves every number in the same range again, so that what it says holds for ever.
"""

from dataclasses import dataclass, field

import numpy as np

from verification.domains.interval import Interval, evaluate, interval
from verification.flight import Box, Flight
from verification.program import ARITHMETIC, INTEGER, Program
from verification.verdict import Verdict, python_version

WORD = 2**63
TWIN = "tests/should_fail/test_ranges.py"
RAW = "the sample as it arrives, and its magnitude, before the kernel has looked at it"


@dataclass
class Reading:
    """What the reading found: places by name, each list empty where all is well."""

    operations: int = 0
    integers: int = 0
    divisions: int = 0
    not_finite: list[str] = field(default_factory=list)
    zero_divisor: list[str] = field(default_factory=list)
    overflow: list[str] = field(default_factory=list)
    escaped: list[str] = field(default_factory=list)  # state that may leave its declared range


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
        ranges = evaluate(flight.graph, program.cone(), known)
        _judge(entry, program, ranges, found)
        _kept(entry, flight, box, program, ranges, found)
    return found


def _judge(entry: str, program: Program, ranges: dict[int, Interval], found: Reading) -> None:
    raw = program.inputs.get("value")
    for n in program.cone():
        node = program.graph.nodes[n]
        if node.operation not in ARITHMETIC:
            continue
        found.operations += 1
        place = f"{entry}: node {n} ({node.operation})"
        if node.type == INTEGER:
            found.integers += 1
            if not -WORD <= ranges[n].low <= ranges[n].high < WORD:
                found.overflow.append(place)
        elif not ranges[n].finite and not (node.operation == "abs" and node.arguments[0] == raw):
            found.not_finite.append(place)
        if node.operation == "div":
            found.divisions += 1
            divisor = ranges[node.arguments[1]]
            if divisor.nan or bool(np.any((divisor.low <= 0.0) & (divisor.high >= 0.0))):
                found.zero_divisor.append(place)


def _kept(
    entry: str, flight: Flight, box: Box, program: Program, ranges: dict[int, Interval], found: Reading
) -> None:
    for path, n in program.outputs.items():
        wanted, got = flight.declared(path, box), ranges[n]
        inside = bool(np.all(got.low >= wanted.low) and np.all(got.high <= wanted.high))
        if not inside or (got.nan and not wanted.nan):
            found.escaped.append(f"{entry}: {path}")


def range_verdicts(flight: Flight, box: Box) -> list[Verdict]:
    """FINITE, NO-DIVISION-BY-ZERO and INTEGER-RANGE."""
    found = read_all(flight, box)
    kept = f"; not kept in its range: {found.escaped[0]}" if found.escaped else ""
    rests = ["the states stay in their box (STATE-BOUNDS)", "held values stay in range (SENSOR-RANGE)"]
    step = ["controller/kernel/step.py", "controller/kernel/scalar.py"]
    finite = (
        f"None of the {found.operations:,} operations of reset, receive and step gives NaN, infinity or an "
        f"overflow, for ever; only {RAW} may be such."
    )
    divisor = f"None of the {found.divisions} divisors can be zero or NaN."
    whole = f"Each of the {found.integers:,} integer operations stays in 64 bits with its sign."
    rows: list[tuple[str, str, list[str], list[str]]] = [
        ("FINITE", finite, found.not_finite, rests),
        ("NO-DIVISION-BY-ZERO", divisor, found.zero_divisor, rests),
        ("INTEGER-RANGE", whole, found.overflow, []),
    ]
    return [
        _verdict(flight, id_, text, wrong + found.escaped, kept, assumed, step)
        for id_, text, wrong, assumed in rows
    ]


def _verdict(
    flight: Flight, id_: str, text: str, wrong: list[str], kept: str, assumed: list[str], code: list[str]
) -> Verdict:
    """OPEN, not REFUTED, where the reading sees a danger: an interval may be wider than what happens."""
    return Verdict(
        id_,
        text,
        "OPEN" if wrong else "PROVED-IEEE",
        "interval reading, outward-rounded, of every operation; one period keeps every range",
        "binary64 and int64",
        assumed,
        code,
        f"{TWIN}::test_{id_.lower().replace('-', '_')}_twin",
        f"may fail at {wrong[0]}{kept}" if wrong else "",
        program_digest=flight.digest,
        versions=python_version(),
    )
