"""The fallback: a limited integral and the textbook sum."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.kernel.pid import accumulate, command
from tests.programs import numbers

gains = st.floats(-100.0, 100.0)


@given(numbers(), numbers(), numbers(), st.tuples(*[st.floats(-1e6, 1e6)] * 2).map(sorted))
def test_the_integral_stays_in_its_limits(
    integral: float, error: float, dt: float, ends: tuple[float, float]
) -> None:
    low, high = ends
    assert low <= accumulate(integral, error, dt, low, high) <= high


def test_the_integral_of_a_constant_is_a_ramp_that_stops() -> None:
    integral = 0.0
    seen = []
    for _ in range(6):
        integral = accumulate(integral, 2.0, 0.25, -1.0, 2.0)
        seen.append(integral)
    assert seen == [0.5, 1.0, 1.5, 2.0, 2.0, 2.0]


@given(st.floats(-10, 10), st.floats(-10, 10), st.floats(-10, 10), st.floats(1e-4, 1.0), gains, gains, gains)
def test_the_command_is_the_three_terms(
    error: float, previous: float, integral: float, dt: float, kp: float, ki: float, kd: float
) -> None:
    wanted = math.fsum([kp * error, ki * integral, kd * (error - previous) / dt])
    size = abs(kp * error) + abs(ki * integral) + abs(kd * (error - previous) / dt)
    assert command(error, previous, integral, dt, kp, ki, kd) == pytest.approx(
        wanted, abs=1e-14 * size + 1e-300
    )


def test_each_gain_acts_alone() -> None:
    assert command(2.0, 1.0, 3.0, 0.5, 1.0, 0.0, 0.0) == 2.0
    assert command(2.0, 1.0, 3.0, 0.5, 0.0, 1.0, 0.0) == 3.0
    assert command(2.0, 1.0, 3.0, 0.5, 0.0, 0.0, 1.0) == 2.0
