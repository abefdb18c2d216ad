"""Normalisation and the low-pass: always in [-1, 1], and the filter that they say they are."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.kernel.filter import low_pass, normalise
from tests.programs import numbers

unit = st.floats(-1.0, 1.0)
steps = st.floats(1.0e-6, 10.0)


@given(numbers(), numbers(infinite=False), numbers(infinite=False))
def test_normalise_stays_in_the_unit_range(measured: float, centre: float, scale: float) -> None:
    assert -1.0 <= normalise(measured, centre, scale) <= 1.0


@given(st.floats(-1.0e6, 1.0e6), st.floats(1.0e-3, 1.0e6))
def test_the_ends_of_a_range_become_minus_one_and_one(low: float, width: float) -> None:
    high = low + width
    centre, scale = (low + high) / 2.0, 2.0 / (high - low)
    assert normalise(low, centre, scale) == pytest.approx(-1.0, abs=1e-6)
    assert normalise(high, centre, scale) == pytest.approx(1.0, abs=1e-6)
    assert normalise(centre, centre, scale) == 0.0


@given(numbers(), numbers(), st.floats(0.0, 1.0e6), steps)
def test_the_low_pass_stays_in_the_unit_range(y: float, x: float, time_s: float, dt: float) -> None:
    assert -1.0 <= low_pass(y, x, time_s, dt) <= 1.0


@given(unit, unit, st.floats(0.0, 1.0e6), steps)
def test_the_low_pass_moves_towards_its_input_and_never_past_it(
    y: float, x: float, time_s: float, dt: float
) -> None:
    new = low_pass(y, x, time_s, dt)
    slack = 2.0**-50
    assert min(x, y) - slack <= new <= max(x, y) + slack


def test_the_time_constant_is_the_time_to_63_per_cent() -> None:
    y, dt = 0.0, 1.0e-5
    for _ in range(round(0.01 / dt)):
        y = low_pass(y, 1.0, 0.01, dt)
    assert y == pytest.approx(1.0 - math.exp(-1.0), abs=1e-3)


@given(unit, unit, steps)
def test_no_time_constant_is_no_filter(y: float, x: float, dt: float) -> None:
    assert low_pass(y, x, 0.0, dt) == pytest.approx(x, abs=2.0**-52)
