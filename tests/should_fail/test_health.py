"""Kernels in which somebody drives who may not: each claim is refuted."""

from dataclasses import replace

import pytest

from controller.kernel import inbox, step
from tests.settling import flown, settled
from tests.should_fail.mutant import Change, mutant
from tests.should_fail.test_clock import fly
from verification.claims import health
from verification.flight import Flight

OLD = "old = stale(state.held_us[j], now, law.sensors.stale_us[j], law.clock.ahead_us)"
DRIVES = {
    "a miss that is not seen": ("command_bad, clock, missed,", "command_bad, clock, 0,"),
    "a clock that is not seen": ("command_bad, clock, missed,", "command_bad, 0, missed,"),
    "a long period": ("select(law.clock.high_us, elapsed, 1, 0))", "0)"),
    "a short period": ("select(elapsed, law.clock.low_us, 1, ", "select(elapsed, 0, 1, "),
    "another limit": (OLD, OLD.replace("now, law.sensors.stale_us[j]", "now, law.sensors.stale_us[j] + 1")),
    "no lead": (OLD, OLD.replace("law.clock.ahead_us", "0")),
    "the last one's age counts": (
        "reference_stale = select(0, used, select(0, old, 1, reference_stale), reference_stale)",
        "reference_stale = select(0, used, old, 0)",
    ),
    "another sensor is not looked at": (
        "other_stale = select(0, used, other_stale, select(0, old, 1, other_stale))", "other_stale = 0"
    ),
    "a bad sensor drives": (
        "reference_bad = select(0, used, select(0, state.bad[j], 1, reference_bad), reference_bad)",
        "reference_bad = 0",
    ),
    "an old now": ("choose_mode(law, state, work, now,", "choose_mode(law, state, work, now - 1000,"),
}  # fmt: skip


@pytest.mark.parametrize("name", DRIVES)
def test_modes_drive_healthy_twin(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cause that is not seen, an age that is counted otherwise."""
    verdict = settled(health.drives_healthy(fly(mutant(step, DRIVES[name]), monkeypatch)))
    assert verdict.word == "REFUTED" and verdict.counterexample


BACK = "select(passed, 0, 1, 0)"


@pytest.mark.parametrize(
    "bug", [(BACK, "0"), (BACK, "select(passed, -1, 1, 0)"), (BACK, "select(0, missed, 1, 0)")]
)
def test_step_back_twin(bug: Change, monkeypatch: pytest.MonkeyPatch) -> None:
    """A step back that is not told, one by a single microsecond, a miss in its place."""
    assert settled(health.step_back(fly(mutant(step, bug), monkeypatch))).word == "REFUTED"


@pytest.mark.parametrize(
    "bug",
    [("state.held_us[j] = select(0, back, EMPTY, state.held_us[j])", "pass"),
     ("state.inbox.seen_us[j] = select(0, back, EMPTY, state.inbox.seen_us[j])", "pass"),
     ("select(0, back, 0, waits))", "waits)")],
)  # fmt: skip
def test_step_back_twin_inbox(bug: Change, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is held, was used or waits outlives the step back."""
    bad = mutant(step, take=mutant(inbox, bug).take)
    assert settled(health.step_back(fly(bad, monkeypatch))).word == "REFUTED"


def test_modes_drive_healthy_twin_channel() -> None:
    """A PID that reads a sensor that is not watched as its own."""
    flight = flown()[1]
    other = replace(flight.law, sensors=replace(flight.law.sensors, fallback=[0, 1]))
    verdict = health.drives_healthy(Flight(other, flight.sizes)).verdict
    assert verdict.word == "OPEN" and "sensor of PID 0" in verdict.reason


def test_the_unchanged_claims_hold() -> None:
    for pending in health.health_claims(flown()[1]):
        assert settled(pending).word == "PROVED-IEEE", pending.verdict.reason
