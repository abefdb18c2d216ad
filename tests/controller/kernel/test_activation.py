"""exp and tanh against the true functions: a rigorous bound for every binary64 input, not a sample.

The proof follows the code by its traced graph. With u = 2^-53, r = v / 2^10 (exact but for underflow):
1. p, before the squarings, is a polynomial in r with exact coefficients: read over the rationals, it
   differs from the Taylor polynomial by known coefficients, and that from e^r by Lagrange's remainder.
2. verification.domains.rounding bounds the binary64 run of that polynomial, box by box of r.
3. Ten squarings: 1 + d becomes (1 + d)^2 (1 + u) each time.
4. tanh = 1 - 2 / (e + 1): with q the true quotient, its relative error is at most
   (1 + u) / ((1 - u) (1 - D (1 - q/2))) - 1, for e / (e + 1) = 1 - q/2; one more rounding at the end.
All numbers are exact rationals or arb balls.
"""

import math
import struct
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from types import FunctionType
from typing import Any

import flint
import numpy as np
import pytest
from flint import arb, fmpq, fmpq_poly
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.kernel import activation
from controller.kernel.activation import EXP_LIMIT, SQUARINGS, exp, tanh
from controller.kernel.clamp import clamp
from controller.kernel.scalar import select
from verification.domains.interval import Interval, evaluate, interval
from verification.domains.rounding import errors
from verification.domains.smt import define, name
from verification.program import Program, trace
from verification.proof import ask_z3

STATED = fmpq(1, 2**40)
UNIT = fmpq(1, 2**53)
UNDERFLOW = fmpq(1, 2**1074)  # of the scaling, where v is below 2^-1012
BOXES = 512
TERMS = 8


@pytest.fixture(autouse=True)
def precise() -> Any:
    before, flint.ctx.prec = flint.ctx.prec, 200
    yield
    flint.ctx.prec = before


def rational(value: float) -> fmpq:
    f = Fraction(value)
    return fmpq(f.numerator, f.denominator)


def upper(value: Any) -> fmpq:
    """An exact upper bound of a ball."""
    top = arb(value).upper()
    mantissa, exponent = top.man_exp()
    return fmpq(int(mantissa)) * fmpq(2) ** int(exponent)


class Shape:
    """exp's graph, taken apart: the scaled argument, the polynomial, the squarings."""

    def __init__(self, function: Callable[..., float]) -> None:
        self.program = trace(function, {"v": 0.0})
        graph = self.program.graph
        node, self.squarings = self.program.outputs["result"], 0
        while graph.nodes[node].operation == "mul" and len(set(graph.nodes[node].arguments)) == 1:
            node, self.squarings = graph.nodes[node].arguments[0], self.squarings + 1
        self.polynomial = node
        (held,) = [c for c in self.program.calls if c.name == "clamp"]
        low, high = (float.fromhex(graph.nodes[n].leaf) for n in held.arguments[1:])
        assert (low, high) == (-EXP_LIMIT, EXP_LIMIT)
        scale = graph.constant(2.0**-self.squarings)  # so that e^v is (e^r)^(2^squarings)
        self.scaled = graph.add("mul", (held.result, scale), "real")
        assert self.scaled in self.program.cone()
        self.nodes = [n for n in self.program.cone() if self.scaled <= n <= self.polynomial]

    def coefficients(self) -> fmpq_poly:
        """The polynomial of r that the code computes, over the rationals."""
        value: dict[int, Any] = {self.scaled: fmpq_poly([0, 1])}
        for n in self.program.cone():
            node = self.program.graph.nodes[n]
            if node.operation == "constant":
                value[n] = fmpq_poly([rational(float.fromhex(node.leaf))])
            elif n not in value and all(a in value for a in node.arguments) and node.arguments:
                a, *rest = (value[k] for k in node.arguments)
                if node.operation in ("add", "mul"):
                    value[n] = a + rest[0] if node.operation == "add" else a * rest[0]
        return value[self.polynomial]

    def rounding(self) -> tuple[list[tuple[float, float]], list[float]]:
        """Boxes that cover r, and the rounding error of the polynomial in each."""
        reach = EXP_LIMIT * 2.0**-self.squarings
        ends = np.linspace(-reach, reach, BOXES + 1)
        graph, known = self.program.graph, {self.scaled: interval(ends[:-1], ends[1:], BOXES)}
        constants = [n for n in self.program.cone() if graph.nodes[n].operation == "constant"]
        nodes = sorted({*self.nodes, *constants})
        ranges = evaluate(graph, nodes, known, BOXES)
        bound = errors(graph, nodes, ranges, {self.scaled})[self.polynomial]
        return [(float(a), float(b)) for a, b in pairwise(ends)], list(bound)


def exp_error(function: Callable[..., float]) -> fmpq:
    """A rigorous bound on the relative error of exp, for every float in [-32, 32]."""
    shape, worst = Shape(function), fmpq(0)
    found = shape.coefficients()
    for (low, high), rounded in zip(*shape.rounding(), strict=True):
        size = max(abs(rational(low)), abs(rational(high)))
        formula = fmpq(0)
        for k in range(max(TERMS, found.length())):
            taylor = fmpq(1, math.factorial(k)) if k < TERMS else fmpq(0)
            formula += abs(found[k] - taylor) * size**k
        remainder = upper(arb(size).exp()) * size**TERMS / math.factorial(TERMS)
        absolute = formula + remainder + rational(rounded)
        worst = max(worst, upper(arb(absolute) / arb(rational(low)).exp()))
    relative = arb(worst + 2 * UNDERFLOW)
    for _ in range(shape.squarings):
        relative = (1 + relative) ** 2 * (1 + arb(UNIT)) - 1
    return upper(relative)


def tanh_error(exp_bound: fmpq, parts: int = 256) -> fmpq:
    """A rigorous bound on the absolute error of tanh, given that of exp, for every input."""
    worst, u, d = fmpq(0), arb(UNIT), arb(exp_bound)
    for k in range(parts):  # q = 2 / (e + 1) is in [0, 1]
        q = arb(fmpq(k, parts)).union(arb(fmpq(k + 1, parts)))
        relative = (1 + u) / ((1 - u) * (1 - d * (1 - q / 2))) - 1
        worst = max(worst, upper(q * relative))
    beyond = upper(1 - arb(rational(EXP_LIMIT) / 2).tanh())  # past the clamp tanh still rises by this
    return worst + UNIT + beyond


def bits(value: fmpq) -> float:
    return math.log2(float(Fraction(int(value.p), int(value.q))))


def perturbed(function: Any, old: float, new: float) -> Any:
    """The function with one constant of its code changed."""
    constants = tuple(new if c == old else c for c in function.__code__.co_consts)
    assert constants != function.__code__.co_consts
    code = function.__code__.replace(co_consts=constants)
    return FunctionType(code, function.__globals__, function.__name__)


def test_exp_is_within_its_stated_relative_error() -> None:
    bound = exp_error(exp)
    assert bound <= STATED, bits(bound)
    assert bits(bound) > -42  # and the bound is no accident: ten squarings cost ten bits


def test_tanh_is_within_its_stated_error() -> None:
    bound = tanh_error(exp_error(exp))
    assert bound <= STATED / 2, bits(bound)  # a bit better than stated


def tail(e: float) -> float:
    return clamp(1.0 - 2.0 / (e + 1.0), 0.0, 1.0)


def stated_tanh(z: float) -> float:
    return select(z, 0.0, -tail(exp(2.0 * abs(z))), tail(exp(2.0 * abs(z))))


def test_tanh_is_the_formula_that_the_proof_speaks_of() -> None:
    assert trace(stated_tanh, {"z": 0.0}).digest == trace(tanh, {"z": 0.0}).digest


@pytest.mark.parametrize(
    ("old", "new"),
    [(0.5, 0.5 + 2.0**-30), (1.0 / 120.0, 1.0 / 121.0), (1.0 / 5040.0, -1.0 / 5040.0), (1.0, 1.0 + 2.0**-50)],
)
def test_a_perturbed_coefficient_breaks_the_proof(old: float, new: float) -> None:
    """The twin: each coefficient is needed."""
    assert exp_error(perturbed(exp, old, new)) > STATED


def test_a_shorter_squaring_breaks_the_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(activation, "SQUARINGS", SQUARINGS - 1)
    with pytest.raises(AssertionError):
        Shape(exp)


@settings(max_examples=300, deadline=None)
@given(st.floats(-EXP_LIMIT, EXP_LIMIT))
def test_exp_obeys_the_bound_at_random_points(v: float) -> None:
    true = arb(rational(v)).exp()
    assert abs(arb(rational(exp(v))) / true - 1) < arb(STATED)


any_bits = st.integers(0, 2**64 - 1).map(lambda b: struct.unpack("<d", struct.pack("<Q", b))[0])


@settings(max_examples=500, deadline=None)
@given(st.one_of(any_bits, st.floats(), st.floats(-20.0, 20.0)))
def test_tanh_obeys_the_bound_for_all_bit_patterns(z: float) -> None:
    value = tanh(z)
    assert -1.0 <= value <= 1.0
    if math.isfinite(z):
        assert abs(arb(rational(value)) - arb(rational(z)).tanh()) < arb(STATED)
    if z != 0.0 and not math.isnan(z):
        assert tanh(-z).hex() == (-value).hex()


def test_the_odd_patterns_of_tanh() -> None:
    """Both zeros give +0.0; infinities give what |z| >= 16 gives; NaN gives that of +inf."""
    top = tanh(16.0)
    assert [tanh(z).hex() for z in (0.0, -0.0)] == [(0.0).hex()] * 2
    assert (tanh(math.inf), tanh(-math.inf), tanh(math.nan)) == (top, -top, top)
    assert exp(math.nan) == exp(EXP_LIMIT) == exp(math.inf)


def both_signs(z: float, out: list[float]) -> None:
    out[0] = tanh(z)
    out[1] = tanh(-z)


def mirrored() -> tuple[Program, list[int], list[int], list[int]]:
    """tanh(z) and tanh(-z) over one graph: the results, the clamp results in them, the exp arguments."""
    program = trace(both_signs, {"z": 0.0, "out": [0.0, 0.0]})
    results = [program.outputs["out[0]"], program.outputs["out[1]"]]
    inner = [c.arguments[0] for c in program.calls if c.name == "exp"]
    zero = program.graph.constant(0.0)
    parts = [c.result for c in program.calls if c.name == "clamp" and c.arguments[1] == zero]
    return program, results, parts, inner


def z3_says(lines: list[str]) -> str:
    return ask_z3("\n".join(["(set-logic QF_FP)", *lines, "(check-sat)"]))[0]


def test_tanh_is_odd_to_the_bit_for_every_number_but_zero() -> None:
    """exp sees the same argument for z and -z, and only the sign of the result differs."""
    program, results, parts, inner = mirrored()
    graph = program.graph
    z = name(graph, program.inputs["z"])
    lines = define(graph, inner, set(), "ieee")
    differ = f"(assert (not (= {name(graph, inner[0])} {name(graph, inner[1])})))"
    assert z3_says([*lines, f"(assert (not (fp.isNaN {z})))", differ]) == "unsat"
    lines = define(graph, results, set(parts), "ieee")
    lines.append(f"(assert (= {name(graph, parts[0])} {name(graph, parts[1])}))")
    lines.append(f"(assert (not (fp.isNaN {name(graph, parts[0])})))")
    odd = f"(= {name(graph, results[1])} (fp.neg {name(graph, results[0])}))"
    lines.append(f"(assert (not {odd}))")
    number = [f"(assert (not (fp.isNaN {z})))", f"(assert (not (fp.isZero {z})))"]
    assert z3_says([*lines, *number]) == "unsat"
    assert z3_says([*lines, number[0]]) == "sat"  # the twin: at zero the sign of the result is +


def test_tanh_is_held_to_one_for_every_bit_pattern_of_all_before_the_clamp() -> None:
    program = trace(tanh, {"z": 0.0})
    graph, result = program.graph, program.outputs["result"]
    zero = graph.constant(0.0)
    (held,) = [c for c in program.calls if c.name == "clamp" and c.arguments[1] == zero]
    lines = define(graph, [result], {held.arguments[0]}, "ieee")
    one = "((_ to_fp 11 53) RNE 1.0)"
    inside = f"(and (fp.leq (fp.neg {one}) {name(graph, result)}) (fp.leq {name(graph, result)} {one}))"
    assert z3_says([*lines, f"(assert (not {inside}))"]) == "unsat"
    free = define(graph, [result], {held.result}, "ieee")  # the twin: without the clamp it may be anything
    assert z3_says([*free, f"(assert (not {inside}))"]) == "sat"


def test_the_interval_reading_of_exp_meets_its_contract() -> None:
    program = trace(exp, {"v": 0.0})
    anything = Interval(np.array([-math.inf]), np.array([math.inf]), True)
    found = evaluate(program.graph, program.cone(), {program.inputs["v"]: anything})
    value = found[program.outputs["result"]]
    assert value.finite and float(value.low[0]) >= 0.0 and float(value.high[0]) < 1.0e14
