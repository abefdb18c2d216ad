"""What the network sees of an input: always in its range, and the filter that it says it is."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.kernel.filter import low_pass, seen
from tests.programs import numbers

unit = st.floats(-1.0, 1.0)
steps = st.floats(1.0e-6, 10.0)
ranges = st.tuples(numbers(infinite=False), numbers(infinite=False)).filter(lambda ends: ends[0] <= ends[1])


@given(numbers(), numbers(infinite=False), numbers(infinite=False), ranges)
def test_what_is_seen_stays_in_its_range(
    measured: float, offset: float, scale: float, ends: tuple[float, float]
) -> None:
    assert ends[0] <= seen(measured, offset, scale, *ends) <= ends[1]


@given(numbers(infinite=False), ranges)
def test_a_physical_value_is_seen_as_it_is(measured: float, ends: tuple[float, float]) -> None:
    assert seen(measured, 0.0, 1.0, *ends) == min(max(measured, ends[0]), ends[1])


@given(st.floats(-1.0e6, 1.0e6), st.floats(1.0e-3, 1.0e6))
def test_the_ends_of_a_range_become_minus_one_and_one(low: float, width: float) -> None:
    high = low + width
    centre, scale = (low + high) / 2.0, 2.0 / (high - low)
    assert seen(low, centre, scale, -1.0, 1.0) == pytest.approx(-1.0, abs=1e-6)
    assert seen(high, centre, scale, -1.0, 1.0) == pytest.approx(1.0, abs=1e-6)
    assert seen(centre, centre, scale, -1.0, 1.0) == 0.0


@given(numbers(), numbers(), st.floats(0.0, 1.0e6), steps, ranges)
def test_the_low_pass_stays_in_its_range(
    y: float, x: float, time_s: float, dt: float, ends: tuple[float, float]
) -> None:
    assert ends[0] <= low_pass(y, x, time_s, dt, *ends) <= ends[1]


@given(unit, unit, st.floats(0.0, 1.0e6), steps)
def test_the_low_pass_moves_towards_its_input_and_never_past_it(
    y: float, x: float, time_s: float, dt: float
) -> None:
    new = low_pass(y, x, time_s, dt, -1.0, 1.0)
    slack = 2.0**-50
    assert min(x, y) - slack <= new <= max(x, y) + slack


def test_the_time_constant_is_the_time_to_63_per_cent() -> None:
    y, dt = 0.0, 1.0e-5
    for _ in range(round(0.01 / dt)):
        y = low_pass(y, 1.0, 0.01, dt, -1.0, 1.0)
    assert y == pytest.approx(1.0 - math.exp(-1.0), abs=1e-3)


@given(unit, unit, steps)
def test_no_time_constant_is_no_filter(y: float, x: float, dt: float) -> None:
    assert low_pass(y, x, 0.0, dt, -1.0, 1.0) == pytest.approx(x, abs=2.0**-52)
