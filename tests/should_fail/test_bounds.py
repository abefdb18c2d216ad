"""Walls that are too close, limits inside the box, and an adversary that finds a hole."""

from copy import deepcopy
from typing import Any

import pytest

from controller.kernel import step
from tests.settling import flown, settled, small
from tests.should_fail.mutant import Change, mutant
from verification import translation
from verification.claims.bounds import find_box, limit_claim, output_claim, state_claim
from verification.falsify import falsify
from verification.flight import Flight
from verification.refusal import diverging_trace
from verification.verdict import Pending
from verification.verify import refuse, searched


def test_state_bounds_twin() -> None:
    """The smallest box minus a little is not kept, and no solver says that it is."""
    _, flight, box = flown()
    low, high = box[0]
    pending = state_claim(flight, [(low, 0.5 * high), *box[1:]])
    moved = [o for o in pending.obligations if o.name == "STATE-BOUNDS-0-high"]
    verdict = settled(Pending(pending.verdict, moved))
    assert verdict.word == "OPEN" and "not inductive" in verdict.reason


def test_state_bounds_twin_start() -> None:
    """A box that is kept but does not hold the initial state says nothing about what flies."""
    _, flight, box = flown()
    verdict = state_claim(flight, [(0.5 * box[0][1], box[0][1]), *box[1:]]).verdict
    assert verdict.word == "OPEN" and "start" in verdict.reason


@pytest.mark.parametrize(
    "bug",
    [
        ("clamp(finite(work.stage[i], 0.0)", "clamp(finite(2.0 * work.stage[i], 0.0)"),
        ("    return met", "    state.hidden[0] = 2.0 * state.hidden[0]\n    return met"),
    ],
)
def test_state_bounds_twin_hand_over(bug: Change, monkeypatch: pytest.MonkeyPatch) -> None:
    """An RK4 result that stays in the box is no use where something else is handed on."""
    _, flight, box = flown()
    monkeypatch.setattr(translation, "step", mutant(step, bug).step)
    verdict = state_claim(Flight(flight.law, flight.sizes), box).verdict
    assert verdict.word == "OPEN" and "neuron 0" in verdict.reason


def test_state_bounds_twin_divergence() -> None:
    """A network that is too fast for the step is refuted by a trajectory, not by a solver."""
    fast: dict[str, Any] = {"network.tau_gain": [0.0, 0.0], "network.tau_bias": [-8.0, -8.0]}
    project = small(**fast)
    flight = Flight(project.law, project.sizes)
    verdict = settled(state_claim(flight, find_box(flight)))
    assert verdict.word == "OPEN"
    refuse(project, verdict, None)
    assert verdict.word == "REFUTED" and verdict.counterexample
    assert diverging_trace(project) is not None


def test_output_bounds_twin() -> None:
    """An output bound that the decoder leaves."""
    _, flight, box = flown()
    _, bounds = output_claim(flight, box)
    (low, high) = bounds[0]
    verdict = settled(output_claim(flight, box, [(low, low + 0.75 * (high - low))])[0])
    assert verdict.word == "OPEN"


def test_state_limit_twin() -> None:
    """Limits that the states do meet."""
    _, flight, box = flown()
    law = deepcopy(flight.law)
    law.limits.state_high[0] = 0.5 * box[0][1]
    assert settled(limit_claim(Flight(law, flight.sizes), box)).word == "OPEN"


@pytest.mark.parametrize(
    "bug",
    [
        ("clamp(finite(work.stage[i], 0.0)", "clamp(finite(0.5 * work.stage[i], 0.0)"),
        ("outside(work.stage[i], low, high)", "outside(work.stage[i], low, low)"),
    ],
)
def test_state_limit_twin_enforced(bug: Change, monkeypatch: pytest.MonkeyPatch) -> None:
    """What enforces the limits halves a state inside them, or tells that one was met."""
    _, flight, box = flown()
    monkeypatch.setattr(translation, "step", mutant(step, bug).step)
    assert settled(limit_claim(Flight(flight.law, flight.sizes), box)).word == "OPEN"


@pytest.mark.parametrize(
    "bug",
    [
        ("FALLBACK, work.decoded[k], fallback)", "FALLBACK, work.decoded[0], fallback)"),
        ("FALLBACK, work.decoded[k], fallback)", "FALLBACK, 2.0 * work.decoded[k], fallback)"),
    ],
)
def test_output_bounds_twin_guard(bug: Change, monkeypatch: pytest.MonkeyPatch) -> None:
    """The guard gets another command than the one that is bounded."""
    project = small(hidden=1, outputs=2)
    monkeypatch.setattr(translation, "step", mutant(step, bug).step)
    flight = Flight(project.law, project.sizes)
    verdict = output_claim(flight, find_box(flight))[0].verdict
    assert verdict.word == "OPEN" and "guard" in verdict.reason


def test_bounds_searched_twin() -> None:
    """A bound that trajectories leave is seen to be left."""
    project, flight, box = flown()
    _, bounds = output_claim(flight, box)
    narrow = [(0.1 * low, 0.1 * high) for low, high in box]
    verdict = searched(flight, falsify(project, narrow, bounds, tries=64, steps=400))
    assert verdict.word == "REFUTED" and verdict.counterexample


def test_the_unchanged_claims_hold() -> None:
    """The same claims without a planted fault, of one neuron: the replay is what takes the time."""
    project = small(hidden=1)
    flight = Flight(project.law, project.sizes)
    box = find_box(flight)
    output, bounds = output_claim(flight, box)
    for pending in (state_claim(flight, box), output, limit_claim(flight, box)):
        assert settled(pending).word == "PROVED-IEEE"
    assert searched(flight, falsify(project, box, bounds, tries=64, steps=400)).word == "SEARCHED"


def test_the_bounds_of_a_decoder_of_zeros_are_proved() -> None:
    """No range at all still leaves room for the enclosed rounding; the statement says each bound exactly."""
    project = small(hidden=1, **{"network.w_out": [[0.0]], "network.b_out": [0.0]})
    flight = Flight(project.law, project.sizes)
    pending, bounds = output_claim(flight, find_box(flight))
    assert settled(pending).word == "PROVED-IEEE"
    assert repr(list(bounds[0])) in pending.verdict.statement
