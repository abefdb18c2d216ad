"""Planted bugs in the modes: each claim must see its own."""

from types import ModuleType

import pytest

from controller.kernel import inbox, modes, step
from controller.kernel.modes import NOMINAL, SAFE, TRANSITION_NAMES
from tests.should_fail.mutant import Change, mutant
from verification.claims import modes as claims
from verification.claims.sensors import unhealthy_verdict
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


def kernel(*changes: Change) -> ModuleType:
    """The step around a modes.py with these bugs."""
    bad = mutant(modes, *changes)
    names = ("worst", "wanted", "tally", "advance", "remaining")
    return mutant(step, **{name: getattr(bad, name) for name in names})


@pytest.mark.parametrize("bug", [SWAPPED, UNSEEN, EAGER, LAZY, IMPATIENT, LEAPING])
def test_modes_priority_twin(bug: Change) -> None:
    """Swapped priority, unseen cause, recovery at once, a fall that waits, a tally that stays, a leap."""
    verdict = claims.priority_verdict(kernel(bug))
    assert verdict.word == "REFUTED" and verdict.counterexample


@pytest.mark.parametrize("bug", [MILD, HARSH, LAZY])
def test_modes_safe_reachable_twin(bug: Change) -> None:
    """A stale reference that only degrades, a stale sensor that trips, a trip that waits."""
    assert claims.safe_verdict(kernel(bug)).word == "REFUTED"


def test_modes_safe_reachable_twin_output() -> None:
    """SAFE by name only: the network goes on driving."""
    bug = ("chosen = select(FALLBACK, state.mode, limits.safe[k], chosen)", "chosen = work.decoded[k]")
    assert claims.safe_verdict(mutant(step, bug)).word == "REFUTED"


@pytest.mark.parametrize("bug", [FORGETFUL, LATER, LAZY, LEAPING])
def test_modes_no_deadlock_twin(bug: Change) -> None:
    """A tally that doesn't count, one that overshoots (seen from a later state only), no fall, a leap."""
    assert claims.deadlock_verdict(kernel(bug)).word == "REFUTED"


def test_modes_no_deadlock_twin_names() -> None:
    """A transition without a name; a name without a transition; a name for two transitions."""
    missing = {k: v for k, v in TRANSITION_NAMES.items() if v != "leave safe"}
    assert claims.deadlock_verdict(names=missing).word == "REFUTED"
    assert claims.deadlock_verdict(names={**TRANSITION_NAMES, (2, 0): "arm"}).word == "REFUTED"
    assert claims.deadlock_verdict(names={**TRANSITION_NAMES, (2, 1): "trip"}).word == "REFUTED"


@pytest.mark.parametrize("bug", [LEAPING, EAGER, IMPATIENT, UNSEEN, FORGETFUL])
def test_modes_nominal_earned_twin(bug: Change) -> None:
    """From SAFE straight to NOMINAL, no count, one that stays, a cause that is not seen, NOMINAL never."""
    verdict = claims.earned_verdict(kernel(bug))
    assert verdict.word == "REFUTED" and verdict.counterexample


def test_modes_nominal_earned_twin_flight() -> None:
    """The flight that review found: all but one of the counted periods ask for the PID, one is healthy."""
    wrong, _ = claims.unearned(kernel(LEAPING), 5)
    ones = [(SAFE, n, 0) for n in range(5)]
    assert wrong == {"recovery": 5, "mode, count, healthy in a row": [*ones, (NOMINAL, 0, 1)]}


@pytest.mark.parametrize(
    ("bug", "target"),
    [(SWAPPED, "first_flag"), (UNSEEN, "worst"), (EAGER, "advance"), (LAZY, "one_move"), (MILD, "wanted"),
     (LEAPING, "advance"), (LEAPING, "one_move"), (FORGETFUL, "tally"), (LATER, "remaining"),
     (LATER, "one_move"), (LEAPING, "earned_move"), (EAGER, "earned_move"), (IMPATIENT, "earned_move")],
)  # fmt: skip
def test_modes_contracts_twin(bug: Change, target: str) -> None:
    """CrossHair finds a counterexample to each, with the contracts as they are shipped."""
    bad = mutant(modes, bug)
    parts = {name: getattr(bad, name) for name in ("worst", "wanted", "tally", "advance", "remaining")}
    place = mutant(claims, **parts)
    verdict = claims.contracts_verdict(check(getattr(place, target)))
    assert verdict.word == "REFUTED" and verdict.counterexample


@pytest.mark.parametrize(
    "bug",
    [
        ("other_stale = select(0, used, other_stale, select(0, old, 1, other_stale))", "pass"),
        ("reference_bad = select(0, used, select(0, state.bad[j], 1, reference_bad), reference_bad)", "pass"),
        ("chosen = select(state.mode, FALLBACK, work.decoded[k], fallback)", "chosen = work.decoded[k]"),
        ("chosen = select(FALLBACK, state.mode, limits.safe[k], chosen)", "pass"),
        ("measured, select(pid.channel[k], j, measured, state.held[j]))", "measured, state.held[j])"),
    ],
)
def test_modes_unhealthy_never_drives_twin(bug: Change) -> None:
    """Health that isn't looked at, a network or PID that goes on driving, a PID that reads another sensor."""
    verdict = unhealthy_verdict(mutant(step, bug))
    assert verdict.word == "REFUTED" and verdict.counterexample


@pytest.mark.parametrize(
    "bug",
    [
        (
            "return select(held_us, 0, 1, select(now_us, held_us, 1, old))",
            "return select(now_us, held_us, 1, old)",
        ),
        (
            "return select(held_us, 0, 1, select(now_us, held_us, 1, old))",
            "return select(held_us, 0, 1, old)",
        ),
        ("now_us + ahead_us - limit_us", "now_us - limit_us"),
    ],
)
def test_modes_unhealthy_never_drives_twin_age(bug: Change) -> None:
    """What never came, what is of the clock's future, a sender's lead that does not count into the age."""
    assert unhealthy_verdict(mutant(step, stale=mutant(inbox, bug).stale)).word == "REFUTED"


def test_modes_unhealthy_never_drives_twin_held() -> None:
    """A bad sample that is held: it marks its sensor bad, and drives when the next good one is awaited."""
    bad = mutant(inbox, ("good = select(0, bad, 0, ours)", "good = ours"))
    assert unhealthy_verdict(mutant(step, take=bad.take)).word == "REFUTED"


def test_modes_unhealthy_never_drives_twin_vacuous() -> None:
    """A kernel that always gives the safe output shows nothing about sensors."""
    bug = ("chosen = select(state.mode, FALLBACK, work.decoded[k], fallback)", "chosen = limits.safe[k]")
    assert unhealthy_verdict(mutant(step, bug)).word == "REFUTED"
