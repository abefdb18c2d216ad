"""Pieces of the kernel with a planted bug: each IEEE claim must be refuted with a bit pattern."""

from copy import deepcopy
from typing import Any

import pytest

from controller.kernel import activation, cell, filter, guard, inbox, pid, rk4, step
from tests.settling import flown, settled, small
from tests.should_fail.mutant import Change, mutant
from verification import translation
from verification.claims import ieee
from verification.flight import Flight
from verification.proof import SOLVERS
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
    bug = ("clamp(y + share * (x - y), low, high)", "y + share * (x - y)")
    refuted(ieee.filter_range(mutant(filter, bug).low_pass))


def test_pid_integral_twin() -> None:
    """The integral without its limits."""
    bug = ("clamp(integral + error * dt, low, high)", "integral + error * dt")
    refuted(ieee.pid_integral(mutant(pid, bug).accumulate))


def test_sensor_range_twin() -> None:
    """Every sample is held, whatever its value."""
    bad: Any = mutant(inbox, ("good = select(0, bad, 0, ours)", "good = ours"))
    refuted(ieee.sensor_range(flown()[1], mutant(step, take=bad.take).step))


PIECES: dict[str, tuple[Change, set[str]]] = {
    "another slew": (
        ("max_rate[k] * slew_s", "max_rate[k] * (slew_s + slew_s)"),
        {"GUARD-RANGE", "GUARD-SLEW"},
    ),
    "another clock": (
        ("real(bounded(passed, 0,", "real(bounded(elapsed, 0,"),
        {"GUARD-RANGE", "GUARD-SLEW"},
    ),
    "a start outside": (
        ("state.output[k] = law.limits.safe[k]", "state.output[k] = law.limits.max_rate[k]"),
        {"GUARD-RANGE", "GUARD-SLEW"},
    ),
    "an integral that is not limited": (
        ("integral = accumulate(state.integral[k], error, dt, low, high)", "integral = error * dt"),
        {"PID-INTEGRAL"},
    ),
    "other limits": (("error, dt, low, high)", "error, dt, low, low)"), {"PID-INTEGRAL"}),
    "a filter that is passed by": (
        ("y = low_pass(", "y = x + low_pass("),
        {"FILTER-RANGE"},
    ),
    "a filter of another range": (
        ("filter_s[j], dt, low, high)", "filter_s[j], dt, low, law.sensors.seen_high[0])"),
        {"FILTER-RANGE"},
    ),
    "a filter that starts outside": (
        ("state.filtered[j] = observe(law, state.held[j], j)", "state.filtered[j] = law.limits.max_rate[0]"),
        {"FILTER-RANGE"},
    ),
    "a sample held as it comes": (
        ("    push(state.inbox,", "    state.held[0] = value\n    push(state.inbox,"),
        {"SENSOR-RANGE"},
    ),
}


@pytest.mark.parametrize("name", PIECES)
def test_a_piece_that_does_not_fly_proves_nothing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the program that flies does not use a piece as its claim says, the claim is open."""
    bug, wanted = PIECES[name]
    flight = flown()[1]
    changed = mutant(step, bug)
    for entry in ("reset", "receive", "step"):
        monkeypatch.setattr(translation, entry, getattr(changed, entry))
    made = ieee.ieee_claims(Flight(flight.law, flight.sizes))
    assert {p.verdict.id for p in made if p.verdict.word == "OPEN"} == wanted


WIDE = mutant(activation, ("+ 1.0), 0.0, 1.0)", "+ 1.0), 0.0, 2.0)"))
CELL = mutant(cell, tanh=WIDE.tanh)
UP = ("up = previous + slew\n", "up = previous + 2.0 * slew\n")
HIGH = ("(x - y), low, high)", "(x - y), low, high + high)")
LOW = ("error * dt, low, high)", "error * dt, low + low, high)")
PARTS: dict[str, tuple[dict[str, Any], set[str]]] = {
    "a guard": ({"guard": mutant(guard, UP).guard}, {"GUARD-RANGE", "GUARD-SLEW"}),
    "a low-pass": ({"low_pass": mutant(filter, HIGH).low_pass}, {"FILTER-RANGE"}),
    "an integral": ({"accumulate": mutant(pid, LOW).accumulate}, {"PID-INTEGRAL"}),
    "a tanh": (
        {"integrate": mutant(rk4, derivative=CELL.derivative).integrate},
        {"TANH-BOUND", "TANH-ODD"},
    ),
}


@pytest.mark.parametrize("name", PARTS)
def test_another_piece_of_the_same_name_proves_nothing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    parts, wanted = PARTS[name]
    monkeypatch.setattr(translation, "step", mutant(step, **parts).step)
    made = ieee.ieee_claims(Flight(flown()[1].law, flown()[1].sizes))
    assert {p.verdict.id for p in made if p.verdict.word == "OPEN"} == wanted


def test_limits_out_of_order_prove_nothing() -> None:
    """What the obligations assume of the limits is checked on the project's own."""
    flight = flown()[1]
    law = deepcopy(flight.law)
    law.limits.max_rate[0] = -1.0
    made = ieee.ieee_claims(Flight(law, flight.sizes))
    assert {p.verdict.id for p in made if p.verdict.word == "OPEN"} == {"GUARD-RANGE", "GUARD-SLEW"}


def of_one_input() -> list[Pending]:
    """The claims about a project of one input and two slots."""
    project = small(hidden=1, inputs=1, **{"controller.inbox_slots": 2})
    return ieee.ieee_claims(Flight(project.law, project.sizes))


def test_the_unchanged_claims_hold() -> None:
    """No solver that refutes the twins refutes the claims; the replay is for what is shipped, and below."""
    for pending in of_one_input():
        assert pending.verdict.word == "PROVED-IEEE", pending.verdict.reason
        for o in pending.obligations:
            found = [SOLVERS[o.main](text)[0] for text in (o.text(), o.text(vacuity=True))]
            assert found == ["unsat", "sat"], o.name


@pytest.mark.soak
def test_the_unchanged_claims_are_replayed() -> None:
    """The same by both solvers."""
    for pending in of_one_input():
        assert settled(pending).word == "PROVED-IEEE", pending.verdict.id
