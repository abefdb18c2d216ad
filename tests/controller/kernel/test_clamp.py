"""Saturation, finiteness and equality, for all bit patterns."""

import math

from hypothesis import given
from hypothesis import strategies as st

from controller.kernel.clamp import HUGE, bounded, clamp, finite, outside, same
from tests.programs import numbers

ints = st.integers(-(2**63), 2**63 - 1)
ranges = st.tuples(numbers(infinite=False), numbers(infinite=False)).map(sorted)


@given(numbers(), ranges)
def test_clamp_holds_every_pattern_and_keeps_what_is_inside(v: float, ends: list[float]) -> None:
    low, high = ends
    held = clamp(v, low, high)
    assert low <= held <= high
    if math.isnan(v):
        assert held == high
    elif low < v < high:
        assert held.hex() == v.hex()
    else:
        assert held == min(max(v, low), high)


@given(numbers(), numbers(infinite=False).filter(lambda v: abs(v) < HUGE))
def test_finite_ends_nan_infinities_and_the_huge(v: float, safe: float) -> None:
    kept = finite(v, safe)
    assert abs(kept) < HUGE
    assert kept.hex() == (v if abs(v) < HUGE else safe).hex()


@given(numbers(), ranges)
def test_outside_is_not_inside(v: float, ends: list[float]) -> None:
    low, high = ends
    assert outside(v, low, high) == int(not (low <= v <= high and v < HUGE))


@given(ints, st.tuples(ints, ints).map(sorted))
def test_bounded_is_the_nearest_of_the_range(n: int, ends: list[int]) -> None:
    low, high = ends
    assert bounded(n, low, high) == min(max(n, low), high)


@given(ints, st.one_of(ints, st.none()), ints, ints)
def test_same_picks_by_equality(a: int, b: int | None, x: int, y: int) -> None:
    other = a if b is None else b
    assert same(a, other, x, y) == (x if a == other else y)
