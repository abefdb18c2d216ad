"""Kernels that miss SAFE, go there for nothing, or never come back: each claim is refuted."""

from types import ModuleType

import pytest

from controller.kernel import guard, modes, step
from tests.settling import flown, settled, small
from tests.should_fail.mutant import Change, mutant
from tests.should_fail.test_clock import fly
from tests.should_fail.test_modes import EAGER, FORGETFUL, HARSH, LATER, LAZY, LEAPING, MILD
from verification.claims import safety
from verification.flight import Flight

PARTS = ("worst", "wanted", "tally", "advance", "remaining")
GUARDED = "guard(chosen, state.output[k], limits.low[k], limits.high[k], limits.safe[k], slew)"


def kernel(bug: Change) -> ModuleType:
    """The step around a modes.py with this bug."""
    bad = mutant(modes, bug)
    return mutant(step, **{name: getattr(bad, name) for name in PARTS})


@pytest.mark.parametrize("bug", [MILD, HARSH, LAZY])
def test_modes_safe_reachable_twin(bug: Change, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stale reference that only degrades, another sensor that trips, a trip that waits."""
    verdict = settled(safety.safe_reachable(fly(kernel(bug), monkeypatch)))
    assert verdict.word == "REFUTED" and verdict.counterexample


@pytest.mark.parametrize(
    "bug",
    [
        ("select(0, used, select(0, old, 1, reference_stale), reference_stale)", "select(0, used, old, 0)"),
        ("    want = wanted(cause)\n", "    want = select(0, missed, SAFE, wanted(cause))\n"),
        ("chosen = select(FALLBACK, state.mode, limits.safe[k], chosen)", "pass"),
        ("chosen = select(FALLBACK, state.mode, limits.safe[k], chosen)", "chosen = work.decoded[k]"),
        (GUARDED, GUARDED.replace("limits.high[k]", "limits.high[0]")),
        (GUARDED, GUARDED.replace("slew)", "2.0 * slew)")),
        (GUARDED, "limits.safe[k]"),
    ],
)
def test_modes_safe_reachable_twin_step(bug: Change, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last sensor's age alone, a miss that trips, a PID or network that drives on, another guard."""
    project = small(outputs=2)
    fly(mutant(step, bug), monkeypatch)
    verdict = settled(safety.safe_reachable(Flight(project.law, project.sizes)))
    assert verdict.word == "REFUTED" and verdict.counterexample


def test_modes_safe_reachable_twin_guard(monkeypatch: pytest.MonkeyPatch) -> None:
    """A window that is wider than the limits."""
    bad = mutant(guard, ("upper = select(up, high, up, high)", "upper = up"))
    verdict = settled(safety.safe_reachable(fly(mutant(step, guard=bad.guard), monkeypatch)))
    assert verdict.word == "REFUTED"


@pytest.mark.parametrize("bug", [FORGETFUL, LATER, LAZY, LEAPING, EAGER])
def test_modes_no_deadlock_twin(bug: Change, monkeypatch: pytest.MonkeyPatch) -> None:
    """No count, one that overshoots, no fall, a leap, recovery at once."""
    verdict = settled(safety.no_deadlock(fly(kernel(bug), monkeypatch)))
    assert verdict.word == "REFUTED" and verdict.counterexample


@pytest.mark.parametrize(
    "bug",
    [
        ("    want = wanted(cause)\n", "    want = select(0, missed, 1, wanted(cause))\n"),
        (
            "mode = advance(state.mode, want, count, law.clock.recovery)",
            "mode = select(0, state_limit, 0, want)",
        ),
    ],
)
def test_modes_no_deadlock_twin_step(bug: Change, monkeypatch: pytest.MonkeyPatch) -> None:
    """A healthy period that asks for the PID, NOMINAL with a cause."""
    assert settled(safety.no_deadlock(fly(mutant(step, bug), monkeypatch))).word == "REFUTED"


def test_the_unchanged_claims_hold() -> None:
    for pending in safety.safety_claims(flown()[1]):
        assert settled(pending).word == "PROVED-IEEE", pending.verdict.reason
