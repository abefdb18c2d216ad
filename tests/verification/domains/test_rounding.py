"""|binary64 - real| is within the bound, for any polynomial program and any cut."""

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.programs import POLYNOMIAL, Source, meaning, sources
from verification.domains.interval import Interval, evaluate, interval
from verification.domains.rounding import errors
from verification.program import Program, trace

MAGNITUDES = st.one_of(
    st.floats(-4.0, 4.0), st.floats(-1.0e-300, 1.0e-300), st.floats(-1.0e20, 1.0e20), st.just(5e-324)
)


def exact_run(program: Program, given_: dict[str, float], cut: set[int]) -> dict[int, Fraction]:
    """The real run from the binary64 values at the cut."""
    floats, real = meaning(program, given_), {}
    signs: dict[str, Any] = {"add": lambda a, b: a + b, "sub": lambda a, b: a - b, "mul": lambda a, b: a * b}
    for n, value in floats.items():
        node = program.graph.nodes[n]
        if n in cut or node.operation == "constant":
            real[n] = Fraction(value)
        elif node.operation == "neg":
            real[n] = -real[node.arguments[0]]
        else:
            real[n] = signs[node.operation](*(real[a] for a in node.arguments))
    return real


@settings(max_examples=400, deadline=None)
@given(sources(POLYNOMIAL, wholes=0), st.data())
def test_the_distance_of_the_float_run_from_the_real_one_is_bounded(source: Source, data: Any) -> None:
    program = source.program()
    known, point = {}, {}
    for path, n in program.inputs.items():
        low, value, high = sorted(data.draw(st.tuples(*[MAGNITUDES] * 3)))
        known[n], point[path] = interval(low, high), value
    cone = program.cone()
    cut = set(program.inputs.values()) | set(data.draw(st.sets(st.sampled_from(cone), max_size=2)))
    ranges = evaluate(program.graph, cone, known)
    if not all(ranges[n].finite for n in cone):
        return  # the standard model holds where nothing overflows
    bound = errors(program.graph, cone, ranges, cut)
    floats, real = meaning(program, point), exact_run(program, point, cut)
    for n in cone:
        distance = abs(Fraction(floats[n]) - real[n])
        assert distance <= Fraction(float(bound[n][0])), source.text


def test_the_bound_is_no_wider_than_the_model_asks() -> None:
    """A bound of infinity would pass the law above: one sum of [1, 2] is within 4 units of 2^-53."""
    program = trace(lambda a, b: a + b, {"a": 0.0, "b": 0.0})
    known = {n: interval(1.0, 2.0) for n in program.inputs.values()}
    ranges = evaluate(program.graph, program.cone(), known)
    found = errors(program.graph, program.cone(), ranges, set(known))[program.outputs["result"]]
    assert 2.0**-53 < float(found[0]) < 4.0001 * 2.0**-53


def test_all_boxes_at_once() -> None:
    program = trace(lambda a: a * a, {"a": 0.0})
    known = {n: Interval(np.array([0.0, 0.0]), np.array([1.0, 8.0])) for n in program.inputs.values()}
    ranges = evaluate(program.graph, program.cone(), known, 2)
    found = errors(program.graph, program.cone(), ranges, set(known))[program.outputs["result"]]
    assert found[1] == pytest.approx(64.0 * found[0]) and math.isfinite(found[1])


def test_other_operations_must_be_cut() -> None:
    program = trace(lambda a, b: a / b, {"a": 0.0, "b": 0.0})
    known = {n: interval(1.0, 2.0) for n in program.inputs.values()}
    ranges = evaluate(program.graph, program.cone(), known)
    with pytest.raises(ValueError, match="div"):
        errors(program.graph, program.cone(), ranges, set(known))
