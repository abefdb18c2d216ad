"""What z3 computes from the SMT-LIB text is what the program computes, in both theories."""

import math
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.kernel.scalar import real
from tests.programs import POLYNOMIAL, Source, meaning, numbers, sources
from verification.domains.smt import define, ieee, name, rational
from verification.program import INTEGER, trace
from verification.proof import ask_z3


def answer(lines: list[str], logic: str) -> str:
    return ask_z3("\n".join([f"(set-logic {logic})", *lines, "(check-sat)"]))[0]


@settings(max_examples=40, deadline=None)
@given(sources(wholes=0, longest=8), st.lists(numbers(), min_size=3, max_size=3))
def test_z3_has_the_bits_of_the_program(source: Source, values: list[float]) -> None:
    program = source.program()
    given_ = dict(zip(source.reals, values, strict=True))
    result = program.outputs["result"]
    fixed = {n: given_[path] for path, n in program.inputs.items()}
    lines = define(program.graph, [result], set(), "ieee", fixed)
    wanted = ieee(meaning(program, given_)[result])
    other = f"(assert (not (= {name(program.graph, result)} {wanted})))"
    assert answer([*lines, other], "QF_FP") == "unsat", source.text
    assert answer(lines, "QF_FP") == "sat"


@settings(max_examples=40, deadline=None)
@given(sources(POLYNOMIAL, wholes=0, longest=6), st.lists(numbers(infinite=False), min_size=3, max_size=3))
def test_z3_computes_the_exact_value_over_the_reals(source: Source, values: list[float]) -> None:
    program = source.program()
    given_ = dict(zip(source.reals, values, strict=True))
    result = program.outputs["result"]
    fixed = {n: given_[path] for path, n in program.inputs.items()}
    lines = define(program.graph, [result], set(), "real", fixed)
    exact = meaning(program, given_, exact=True)[result]
    other = f"(assert (not (= {name(program.graph, result)} {rational(exact)})))"
    assert answer([*lines, other], "QF_NRA") == "unsat", source.text


@settings(max_examples=40, deadline=None)
@given(
    sources(("add", "sub", "mul", "neg", "select"), reals=1, longest=8, printable=True),
    numbers(),
    st.lists(st.integers(-1000, 1000), min_size=2, max_size=2),
)
def test_z3_computes_the_integers_as_64_bit_vectors(source: Source, value: float, wholes: list[int]) -> None:
    program = source.program()
    given_ = {source.reals[0]: value} | dict(zip(source.wholes, wholes, strict=True))
    values = meaning(program, given_)
    roots = list(program.cone())
    lines, wrong = define(program.graph, roots, set(), "ieee"), []
    for n in roots:
        node, word = program.graph.nodes[n], name(program.graph, n)
        exact = f"(_ bv{values[n] % 2**64} 64)" if node.type == INTEGER else ieee(values[n])
        if node.operation == "input":
            lines.append(f"(assert (= {word} {exact}))")
        else:
            wrong.append(f"(not (= {word} {exact}))")
    assert answer([*lines, f"(assert (or false {' '.join(wrong)}))"], "QF_BVFP") == "unsat", source.text


@given(st.fractions())
def test_rationals_are_written_exactly(value: Fraction) -> None:
    text = rational(value)
    sign = -1 if text.startswith("(-") else 1
    numbers_ = [Fraction(w) for w in text.replace("(", " ").replace(")", " ").split() if w[0].isdigit()]
    assert sign * (numbers_[0] / numbers_[1] if len(numbers_) == 2 else numbers_[0]) == value


def test_nan_and_the_zeros_have_their_own_bits() -> None:
    assert ieee(0.0) != ieee(-0.0)
    assert answer([f"(assert (fp.isNaN {ieee(math.nan)}))"], "QF_FP") == "sat"


def as_real(m: int) -> float:
    return real(m) * 2.0


def test_what_is_of_no_theory_must_be_cut() -> None:
    program = trace(as_real, {"m": 0})
    with pytest.raises(ValueError, match="must be cut"):
        define(program.graph, program.outputs.values(), set(), "ieee")
