"""What the claims know of the program that flies, and the ranges that its state is declared to have."""

from copy import deepcopy
from typing import Any

import pytest

from controller.kernel import step
from tests.settling import flown, small
from tests.should_fail.mutant import Change, mutant
from verification import translation
from verification.claims.bounds import find_box
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


def test_a_state_enters_its_range() -> None:
    """reset and receive are looked at, not believed."""
    _, flight, box = flown()
    assert flight.enters("state.hidden[0]", box) and flight.enters("state.output[0]", box)
    assert not flight.enters("state.hidden[0]", [(0.1, 0.2), *box[1:]])
    assert not flight.enters("state.inbox.late", box)  # receive counts
    law = deepcopy(flight.law)
    law.limits.safe[0] = 2.0 * law.limits.high[0]
    assert not Flight(law, flight.sizes).enters("state.output[0]", box)
