"""Planted bugs in the functions of the modes: CrossHair must see each."""

import pytest

from controller.kernel import modes
from tests.should_fail.mutant import Change, mutant
from verification.claims import modes as claims
from verification.contracts import check

SWAPPED = (  # a bad sensor counts only where nothing below it does
    "SENSOR_STALE, cause)\n    cause = select(0, sensor_bad, SENSOR_BAD, cause)",
    "SENSOR_STALE, cause)\n    cause = select(cause, 1, select(0, sensor_bad, SENSOR_BAD, cause), cause)",
)
UNSEEN = ("cause = select(0, deadline, DEADLINE, HEALTHY)", "cause = HEALTHY")
EAGER = ("return select(mode, want, want, better)", "return want")
LAZY = ("return select(mode, want, want, better)", "return better")
MILD = ("select(0, cause, select(cause, SENSOR_BAD, SAFE, FALLBACK), NOMINAL)",
        "select(0, cause, select(cause, REFERENCE_STALE, SAFE, FALLBACK), NOMINAL)")  # fmt: skip
HARSH = ("select(0, cause, select(cause, SENSOR_BAD, SAFE, FALLBACK), NOMINAL)",
         "select(0, cause, select(cause, SENSOR_STALE, SAFE, FALLBACK), NOMINAL)")  # fmt: skip
FORGETFUL = ("return select(want, mode, healthy + 1, 0)", "return select(want, mode, healthy, 0)")
LATER = ("return select(count, recovery, count, 0)", "return select(count, recovery + 1, count, 0)")
LEAPING = ("above = select(FALLBACK, mode, FALLBACK, NOMINAL)", "above = want")  # no mode on the way up
IMPATIENT = ("return select(want, mode, healthy + 1, 0)", "return select(want, mode, healthy + 1, healthy)")


@pytest.mark.parametrize(
    ("bug", "target"),
    [(SWAPPED, "first_flag"), (UNSEEN, "worst"), (EAGER, "advance"), (LAZY, "one_move"), (MILD, "wanted"),
     (LEAPING, "advance"), (LEAPING, "one_move"), (FORGETFUL, "tally"), (LATER, "remaining"),
     (LATER, "one_move"), (IMPATIENT, "tally"), (HARSH, "wanted")],
)  # fmt: skip
def test_modes_contracts_twin(bug: Change, target: str) -> None:
    """CrossHair finds a counterexample to each, with the contracts as they are shipped."""
    bad = mutant(modes, bug)
    parts = {name: getattr(bad, name) for name in ("worst", "wanted", "tally", "advance", "remaining")}
    place = mutant(claims, **parts)
    verdict = claims.contracts_verdict(check(getattr(place, target)))
    assert verdict.word == "REFUTED" and verdict.counterexample
