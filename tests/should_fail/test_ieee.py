"""Pieces of the kernel with a planted bug: each IEEE claim must be refuted with a bit pattern."""

from typing import Any

import pytest

from controller.kernel import activation, filter, guard, inbox, pid, step
from tests.settling import flown, settled
from tests.should_fail.mutant import Change, mutant
from verification.claims import ieee
from verification.verdict import Pending


def refuted(pending: Pending) -> None:
    verdict = settled(pending)
    assert verdict.word == "REFUTED" and verdict.counterexample, verdict.reason


def test_tanh_bound_twin() -> None:
    """Without its clamp: proved over the reals elsewhere, false on the machine."""
    bug = ("clamp(1.0 - 2.0 / (e + 1.0), 0.0, 1.0)", "1.0 - 2.0 / (e + 1.0)")
    refuted(ieee.tanh_bound(mutant(activation, bug).tanh))


@pytest.mark.parametrize(
    "bug", [("select(z, 0.0, -t, t)", "select(z, 1.0, -t, t)"), ("exp(2.0 * abs(z))", "exp(2.0 * z)")]
)
def test_tanh_odd_twin(bug: Change) -> None:
    """A sign that switches elsewhere, and a missing magnitude."""
    refuted(ieee.tanh_odd(mutant(activation, bug).tanh))


@pytest.mark.parametrize(
    "bug",
    [
        ("    return clamp(wanted, lower, upper)", "    return clamp(wanted, down, up)"),
        ("select(low, down, down, low)", "select(down, low, down, low)"),
    ],
)
def test_guard_range_twin(bug: Change) -> None:
    """The window without the range, and the further wall in place of the nearer one."""
    wild = ("wanted = clamp(finite(command, safe), low, high)", "wanted = finite(command, safe)")
    refuted(ieee.guard_range(mutant(guard, bug, wild).guard))


def test_guard_slew_twin() -> None:
    """Only the range is kept."""
    bug = ("    return clamp(wanted, lower, upper)", "    return wanted")
    refuted(ieee.guard_slew(mutant(guard, bug).guard))


def test_guard_slew_twin_exact() -> None:
    """|out - previous| <= slew is false once it is rounded: the claim must state the rounded window."""
    pending = ieee.guard_slew()
    exact = "(fp.leq (fp.abs (fp.sub RNE {result} {previous})) {slew})"
    refuted(Pending(pending.verdict, [ieee.guarded("GUARD-SLEW", exact, guard.guard)]))


def test_filter_range_twin() -> None:
    """The low-pass without its clamp."""
    bug = ("clamp(y + share * (x - y), -1.0, 1.0)", "y + share * (x - y)")
    refuted(ieee.filter_range(mutant(filter, bug).low_pass))


def test_pid_integral_twin() -> None:
    """The integral without its limits."""
    bug = ("clamp(integral + error * dt, low, high)", "integral + error * dt")
    refuted(ieee.pid_integral(mutant(pid, bug).accumulate))


def test_sensor_range_twin() -> None:
    """Every sample is held, whatever its value."""
    bad: Any = mutant(inbox, ("good = select(0, bad, 0, mine)", "good = mine"))
    refuted(ieee.sensor_range(flown()[1], mutant(step, take=bad.take).step))


def test_a_piece_that_does_not_fly_proves_nothing() -> None:
    """Where the program does not end in the guard, the guard's claims are open."""
    assert ieee.unused(ieee.guard_range()).verdict.word == "OPEN"


def test_the_unchanged_claims_hold() -> None:
    """The same claims without a planted bug."""
    for pending in ieee.ieee_claims(flown()[1]):
        assert settled(pending).word == "PROVED-IEEE", pending.verdict.id
