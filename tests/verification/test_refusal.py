"""Networks that must not fly: a concrete trace where one exists, None where none is found."""

import json
from pathlib import Path
from typing import Any

import pytest

from controller.kernel.modes import STATE_LIMIT
from controller.project import load
from tests.flights import fly
from tests.projects import make_project
from verification.refusal import diverging_trace

STIFF: dict[str, Any] = {"network.tau_gain": [0.0] * 4, "network.tau_bias": [-8.0] * 4}
ONE_MS = {"dt.low_us": 1000, "dt.high_us": 1000}
HUGE: dict[str, Any] = {f"network.{n}": [1.0e6, -1.0e6, 1.0e6, -1.0e6] for n in ("b", "tau_gain", "tau_bias")}
HUGE |= {"network.w_rec": [[1.0e6] * 4] * 4, "network.w_in": [[-1.0e6] * 4] * 2}


@pytest.mark.parametrize("overrides", [STIFF, STIFF | ONE_MS, HUGE], ids=["2 ms", "1 ms", "weights of 1e6"])
def test_a_diverging_network_gives_a_trace_that_flies(tmp_path: Path, overrides: dict[str, Any]) -> None:
    project = load(make_project(tmp_path, hidden=4, **overrides))
    found = diverging_trace(project)
    assert found is not None
    json.dumps(found, allow_nan=False)
    assert found["kind"] == "diverging"
    assert sum(s["steps"] for s in found["trace"]) == found["step"] + 1
    state, work = fly(project, found["trace"])
    assert work.stage[found["neuron"]].hex() == found["value"].hex()
    assert state.cause == STATE_LIMIT  # the flying kernel itself meets its limit there
    assert found["unlimited"]["step"] >= found["step"]
    if found["step"]:
        before = [*found["trace"][:-1], {**found["trace"][-1], "steps": found["trace"][-1]["steps"] - 1}]
        state, _ = fly(project, before)
        assert state.cause != STATE_LIMIT


def test_a_limit_that_is_met_without_divergence_is_a_violation(tmp_path: Path) -> None:
    limit: dict[str, Any] = {"state.limit": 0.05}
    project = load(make_project(tmp_path, hidden=4, **limit))
    found = diverging_trace(project)
    assert found is not None
    assert (found["kind"], found["unlimited"]) == ("violating", None)
    state, _ = fly(project, found["trace"])
    assert state.cause == STATE_LIMIT


@pytest.mark.parametrize("overrides", [{}, {"network.w_rec": [[1.0e6] * 4] * 4}], ids=["plain", "saturated"])
def test_a_network_that_stays_gives_no_trace(tmp_path: Path, overrides: dict[str, Any]) -> None:
    assert diverging_trace(load(make_project(tmp_path, hidden=4, **overrides)), tries=16) is None
