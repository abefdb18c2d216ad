"""Parameters that make a number overflow, a divisor vanish, or an integer leave 64 bits."""

from collections.abc import Callable
from copy import deepcopy

import pytest

from controller.kernel.records import Law
from tests.settling import flown
from verification.claims.ranges import range_verdicts
from verification.flight import Flight

NAMES = ("FINITE", "NO-DIVISION-BY-ZERO", "INTEGER-RANGE")


def words(change: Callable[[Law], None]) -> dict[str, str]:
    """Each claim's word about a law with this change."""
    _, flight, box = flown()
    law = deepcopy(flight.law)
    change(law)
    return {v.id: v.word for v in range_verdicts(Flight(law, flight.sizes), box)}


def huge_gain(law: Law) -> None:
    law.pid.kp[0] = law.pid.ki[0] = 1.0e308


def endless_range(law: Law) -> None:
    law.sensors.high[0] = float("inf")


@pytest.mark.parametrize("change", [huge_gain, endless_range])
def test_finite_twin(change: Callable[[Law], None]) -> None:
    """A gain and a range that overflow."""
    assert words(change)["FINITE"] == "OPEN"


def test_no_division_by_zero_twin() -> None:
    """A time between steps that may be zero."""

    def change(law: Law) -> None:
        law.clock.low_us = 0

    assert words(change)["NO-DIVISION-BY-ZERO"] == "OPEN"


def test_integer_range_twin() -> None:
    """An age limit that overflows when it is taken from the clock."""

    def change(law: Law) -> None:
        law.sensors.stale_us[0] = -(2**63)

    assert words(change)["INTEGER-RANGE"] == "OPEN"


def test_integers_rest_on_no_float() -> None:
    """Where a float may be infinite the integers still stay in their words: that claim assumes no other."""
    assert words(endless_range)["INTEGER-RANGE"] == "PROVED-IEEE"


def test_the_unchanged_claims_hold() -> None:
    """The same claims without a planted fault."""
    assert words(lambda law: None) == dict.fromkeys(NAMES, "PROVED-IEEE")
