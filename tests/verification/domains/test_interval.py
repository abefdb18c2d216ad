"""Containment: the interval of a node holds its binary64 value and its exact one, for any program."""

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.kernel.scalar import select
from tests.programs import Source, meaning, numbers, sources
from verification.domains.interval import ANY_FLOAT, Interval, evaluate, interval
from verification.program import INTEGER, Graph, Program, trace

BOXES = 3
Point = dict[str, Any]


def contains(v: Interval, box: int, value: Any) -> bool:
    """Whether a value of one box is in the interval; NaN where it is allowed."""
    if isinstance(v.low, int):
        return bool(v.low <= value <= v.high)
    if isinstance(value, float) and math.isnan(value):
        return v.nan
    low, high = (float(np.broadcast_to(end, (BOXES,))[box]) for end in (v.low, v.high))
    return not (low > value or high < value)  # a Fraction compares with infinities too


@st.composite
def situations(draw: Any, infinite: bool) -> tuple[Source, dict[str, Interval], list[Point]]:
    """A program, a box for its inputs in each of BOXES boxes, and a point in every box."""
    source = draw(sources())
    known: dict[str, Interval] = {}
    points: list[Point] = [{} for _ in range(BOXES)]
    for name in source.reals:
        ends, nan = [], False
        for point in points:
            a, b, c = draw(st.tuples(*[numbers(infinite)] * 3))
            low, middle, high = sorted(0.0 if math.isnan(v) else v for v in (a, b, c))
            use_nan = infinite and draw(st.integers(0, 9)) == 0
            nan = nan or use_nan
            point[name] = math.nan if use_nan else middle
            ends.append((low, high))
        known[name] = Interval(np.array([e[0] for e in ends]), np.array([e[1] for e in ends]), nan)
    for name in source.wholes:
        low, high = sorted(draw(st.tuples(*[st.integers(-1000, 1000)] * 2)))
        known[name] = Interval(low, high)
        for point in points:
            point[name] = draw(st.integers(low, high))
    return source, known, points


def check(situation: tuple[Source, dict[str, Interval], list[Point]], exact: bool) -> None:
    source, known, points = situation
    program = source.program()
    ranges = {n: known[path] for path, n in program.inputs.items()}
    found = evaluate(program.graph, program.cone(), ranges, BOXES)
    for box, point in enumerate(points):
        for n, value in meaning(program, point, exact).items():
            node = program.graph.nodes[n]
            assert contains(found[n], box, value), f"{node} is {value}, not in {found[n]}\n{source.text}"


@settings(max_examples=400, deadline=None)
@given(situations(infinite=True))
def test_the_binary64_value_of_every_node_is_inside(
    situation: tuple[Source, dict[str, Interval], list[Point]],
) -> None:
    check(situation, exact=False)


@settings(max_examples=300, deadline=None)
@given(situations(infinite=False))
def test_the_exact_value_of_every_node_is_inside(
    situation: tuple[Source, dict[str, Interval], list[Point]],
) -> None:
    check(situation, exact=True)


def read(program: Program, **known: Interval) -> Interval:
    ranges = {program.inputs[name]: value for name, value in known.items()}
    return evaluate(program.graph, program.cone(), ranges)[program.outputs["result"]]


def test_zero_inside_an_interval_times_infinity_may_be_nan() -> None:
    """No corner of [-1, 1] * [1, inf] is NaN, but 0 * inf is."""
    program = trace(lambda a, b: a * b, {"a": 0.0, "b": 0.0})
    for a, b in (((-1.0, 1.0), (1.0, math.inf)), ((-math.inf, -1.0), (-1.0, 2.0))):
        assert read(program, a=interval(*a), b=interval(*b)).nan
    assert not read(program, a=interval(1.0, 2.0), b=interval(1.0, math.inf)).nan


def clamp_to_high(v: float, high: float) -> float:
    return select(v, high, v, high)


@pytest.mark.parametrize(
    ("v", "high", "low_end", "high_end", "nan"),
    [
        (ANY_FLOAT, (2.0, 3.0), -math.inf, 3.0, False),  # NaN in v falls on high
        ((5.0, 6.0), (1.0, 5.0), 1.0, 5.0, False),  # a tie takes the second branch
        ((-0.0, 0.0), (0.0, 0.0), 0.0, 0.0, False),  # -0.0 < 0.0 does not hold
        ((math.inf, math.inf), (1.0, 1.0), 1.0, 1.0, False),
    ],
)
def test_select_learns_from_its_comparison(
    v: Any, high: tuple[float, float], low_end: float, high_end: float, nan: bool
) -> None:
    given_ = v if isinstance(v, Interval) else interval(*v)
    found = read(trace(clamp_to_high, {"v": 0.0, "high": 0.0}), v=given_, high=interval(*high))
    assert (float(found.low[0]), float(found.high[0]), found.nan) == (low_end, high_end, nan)


def test_a_nan_bound_is_not_learnt_from() -> None:
    """With high NaN, v < high is false for any v: the clamp gives NaN, not a number of the range."""
    program = trace(clamp_to_high, {"v": 0.0, "high": 0.0})
    nan_bound = Interval(np.array([1.0]), np.array([2.0]), True)
    assert read(program, v=interval(0.0, 9.0), high=nan_bound).nan


def test_every_rounding_is_enclosed_for_the_real_run() -> None:
    """1 + 2^-60 is 1 in binary64, but the real sum is not."""
    program = trace(lambda a, b: a + b, {"a": 0.0, "b": 0.0})
    found = read(program, a=interval(1.0, 1.0), b=interval(2.0**-60, 2.0**-60))
    assert float(found.low[0]) <= 1.0 and Fraction(float(found.high[0])) >= 1 + Fraction(1, 2**60)


def test_an_input_without_a_range_is_refused() -> None:
    graph = Graph()
    n = graph.add("input", (), INTEGER, "m")
    with pytest.raises(KeyError, match="m"):
        evaluate(graph, [n], {})
