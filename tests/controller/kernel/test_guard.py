"""The guard: range and rounded slew window, whatever comes before it."""

import math

from hypothesis import assume, given
from hypothesis import strategies as st

from controller.kernel.guard import guard
from tests.programs import numbers

finite = st.floats(-1.0e150, 1.0e150)
actuators = st.tuples(finite, finite, finite, finite).map(sorted)


@given(numbers(), actuators, st.booleans(), st.floats(0.0, 1.0e150))
def test_every_command_ends_in_range_and_in_the_slew_window(
    command: float, ends: list[float], swap: bool, slew: float
) -> None:
    low, safe, previous, high = ends
    if swap:
        safe, previous = previous, safe
    out = guard(command, previous, low, high, safe, slew)
    assert low <= out <= high
    assert previous - slew <= out <= previous + slew


@given(st.sampled_from([math.nan, math.inf, -math.inf, 1.0e300, -1.0e300]), actuators)
def test_what_is_no_number_becomes_the_safe_value(command: float, ends: list[float]) -> None:
    low, safe, previous, high = ends
    assert guard(command, previous, low, high, safe, 1.0e160) == safe


@given(actuators, st.floats(0.0, 1.0e150))
def test_a_command_that_is_allowed_passes_to_the_bit(ends: list[float], slew: float) -> None:
    low, command, previous, high = ends
    assume(previous - slew <= command and low < command < high)
    out = guard(command, previous, low, high, 0.5 * low + 0.5 * high, slew)
    assert out == command


def test_a_plain_difference_would_break_the_slew_limit_after_rounding() -> None:
    """Why the window is the rounded one: the exact distance may exceed the slew by an ulp."""
    previous, slew = 1.0, 2.0**-53 + 2.0**-54
    out = guard(2.0, previous, 0.0, 2.0, 0.0, slew)
    assert out - previous > slew
    assert out <= previous + slew
