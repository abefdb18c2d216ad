"""What the claims know of the program that flies, and the ranges that its state is declared to have."""

from copy import deepcopy
from typing import Any

import pytest

from controller.kernel import step
from controller.kernel.activation import exp, tanh
from tests.settling import flown, small
from tests.should_fail.mutant import Change, mutant
from verification import translation
from verification.claims.bounds import find_box, gap
from verification.claims.ranges import range_verdicts
from verification.flight import Flight
from verification.program import TraceError

ODD: dict[str, dict[str, Any]] = {
    "one input": {"inputs": 1},
    "three outputs": {"outputs": 3},
    "three substeps": {"controller.substeps": 3},
    "a range of 1e-9": {"input.0.low": -1.0e-9, "input.0.high": 1.0e-9},
    "the widest ranges": {"input.0.low": -1.0e150, "input.0.high": 1.0e150, "output.0.max_rate": 1.0e150},
    "a range without 0": {"input.0.low": 1.0, "input.0.high": 3.0, "fallback.0.setpoint": 2.0},
    "no filter": {"input.0.filter_s": 0.0},
    "largest gains": {"fallback.0.kp": 1.0e9, "fallback.0.kd": -1.0e9},
    "the safe value at the edge": {"output.0.safe": 5.0},
}


@pytest.mark.parametrize("name", ODD)
def test_every_project_keeps_its_declared_ranges(name: str) -> None:
    """What controller.toml accepts, the interval reading can follow."""
    project = small(**ODD[name])
    flight = Flight(project.law, project.sizes)
    for verdict in range_verdicts(flight, find_box(flight)):
        assert verdict.word == "PROVED-IEEE", verdict.reason


@pytest.mark.parametrize(
    "bug",
    [
        ("outside(work.decoded[k], -1.0e300, 1.0e300)", "outside(work.decoded[k], -1.0e299, 1.0e299)"),
        ("outside(work.stage[i], low, high)", "outside(work.stage[i], -high, high)"),
        ("clamp(finite(work.stage[i], 0.0), low, high)", "clamp(finite(work.stage[i], 0.0), -high, high)"),
    ],
)
def test_a_piece_that_is_not_found_is_no_proof(bug: Change, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the claims don't find what they speak of they stop: a claim about nothing would hold."""
    _, flight, _ = flown()
    monkeypatch.setattr(translation, "step", mutant(step, bug).step)
    with pytest.raises(TraceError, match="of the program that flies"):
        changed = Flight(flight.law, flight.sizes)
        len([*changed.stages, *changed.limited, *changed.decoded])


@pytest.mark.parametrize("substeps", [1, 2, 5])
def test_what_the_substeps_hand_on_is_followed(substeps: int) -> None:
    """Each substep renews the state under the same guard; the last one's result is the period's."""
    project = small(**{"controller.substeps": substeps})
    flight = Flight(project.law, project.sizes)
    assert [flight.renewed(f"state.hidden[{i}]") for i in (0, 1)] == flight.limited[-2:]
    assert gap(flight, find_box(flight)) == ""


def test_a_state_enters_its_range() -> None:
    """reset and receive are looked at, not believed."""
    _, flight, box = flown()
    assert flight.enters("state.hidden[0]", box) and flight.enters("state.output[0]", box)
    assert not flight.enters("state.hidden[0]", [(0.1, 0.2), *box[1:]])
    assert not flight.enters("state.inbox.late", box)  # receive counts
    law = deepcopy(flight.law)
    law.limits.safe[0] = 2.0 * law.limits.high[0]
    assert not Flight(law, flight.sizes).enters("state.output[0]", box)


UNUSED = {
    "a call that no output needs": "unused = exp(state.hidden[0])",
    "an activation of it": "unused = tanh(state.held[0])",
    "a state's limit": "unused = clamp(state.hidden[0], law.limits.state_low[0], law.limits.state_high[0])",
    "a judgement of a state": "unused = outside(state.held[0], law.limits.state_low[0], 1.0)",
    "a judgement of a command": "unused = outside(state.hidden[0], -1.0e300, 1.0e300)",
    "a parameter of no use": "state.mode = ignoring(state.mode, exp(state.held[0]))",
    "a record's field": "unused = law.pid.kp[0] * state.integral[0]",
}


@pytest.mark.parametrize("line", UNUSED.values(), ids=UNUSED)
def test_what_nothing_uses_is_no_part_of_the_program(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The claims speak of the same calls and come to the same box as without it."""
    project, flight, box = flown()
    first = "    now = bounded(now_us, -FAR_US, FAR_US)\n"
    planted = mutant(step, (first, f"{first}    {line}\n"), exp=exp, tanh=tanh, ignoring=ignoring)
    monkeypatch.setattr(translation, "step", planted.step)
    other = Flight(project.law, project.sizes)
    assert other.step.operations() == flight.step.operations()
    assert find_box(other) == box
    assert len(other.stages) == len(other.limited) == len(flight.stages)
    assert len(other.decoded) == len(flight.decoded)
    assert [v.word for v in range_verdicts(other, box)] == [v.word for v in range_verdicts(flight, box)]


def ignoring(mode: int, unused: float) -> int:
    """A kernel function with a parameter that it does not use."""
    return mode
