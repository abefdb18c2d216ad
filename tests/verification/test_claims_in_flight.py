"""What the claims say of every flight, seen in flights: extreme times, channels, values and clocks."""

import math
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from controller.kernel import step as kernel
from controller.kernel.records import State, Work, allocate
from controller.project import Project
from tests.settling import small
from tests.should_fail.mutant import Change, mutant
from verification.claims.bounds import find_box
from verification.flight import FAR_US, Flight
from verification.program import leaves

PERIODS = 400
WORDS = (0, 1, -1, 2**53, 2**53 + 1, 2**63 - 1, -(2**63), 10**6, -(10**6))
VALUES = (math.nan, math.inf, -math.inf, 1.7e308, -1.7e308, 1.0e300, -1.0e299, 5e-324, -0.0, 0.0, 1.0, -1.0)
PROJECTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "one input, three outputs": {"inputs": 1, "outputs": 3},
    "three substeps, no filter": {"controller.substeps": 3, "input.0.filter_s": 0.0},
    "narrow range, safe at the edge": {"input.0.low": -1.0e-9, "input.0.high": 1.0e-9, "output.0.safe": 5.0},
    "widest": {"input.0.low": -1.0e150, "input.0.high": 1.0e150, "output.0.low": -1.0e150,
               "output.0.high": 1.0e150, "output.0.max_rate": 1.0e150, "fallback.0.kp": 1.0e9,
               "fallback.0.kd": -1.0e9, "network.w_out": [[1.0e9], [-1.0e9]]},
    "any dt": {"dt.low_us": 1, "dt.high_us": 2_000, "network.tau_gain": [-8.0, 8.0]},
    "limits that are met": {"state.limit": 0.01},
}  # fmt: skip


def ends(flight: Flight) -> dict[str, tuple[float, float]]:
    """The declared range of every state variable by its path; none of them allows NaN."""
    box = find_box(flight)
    ranges = {path: flight.declared(path, box) for path in flight.step.outputs}
    assert not any(r.nan for r in ranges.values())
    return {path: (np.max(r.low), np.min(r.high)) for path, r in ranges.items()}


def fly(project: Project, step: ModuleType) -> list[str]:
    """Most periods in order, some with a clock that jumps and samples of any time and value; what broke."""
    declared = ends(Flight(project.law, project.sizes))
    law, draw = project.law, np.random.default_rng(0)
    state, work = allocate(State, project.sizes), allocate(Work, project.sizes)
    step.reset(law, state)
    now, broken, longest_us = 0, [], law.clock.high_us
    for n in range(PERIODS):
        wild = draw.random() < 0.1
        now += int(draw.integers(law.clock.low_us, law.clock.high_us, endpoint=True))
        for j in range(project.sizes["inputs"]):
            at, time = (int(draw.choice(WORDS)), int(draw.choice(WORDS))) if wild else (now, now)
            value = VALUES if wild or n % 40 == 0 else (law.sensors.low[j], law.sensors.high[j])
            channel = int(draw.choice(WORDS)) if draw.random() < 0.02 else j
            step.receive(law, state, at, channel, time, float(draw.choice(value)))
        last, before = list(state.output), state.previous_us
        at = int(draw.choice(WORDS)) if draw.random() < 0.02 else now
        step.step(law, state, work, at, int(draw.random() < 0.02))
        for path, number in leaves(state, "state"):
            low, high = declared[path]
            broken += [] if low <= number <= high else [path]
        for k, (old, new) in enumerate(zip(last, state.output, strict=True)):
            passed_us = 0 if before < -FAR_US else max(0, min(state.previous_us - before, longest_us))
            slew = law.limits.max_rate[k] * (passed_us * 1.0e-6)
            broken += [] if old - slew <= new <= old + slew else [f"slew {k}"]
    return broken


@pytest.mark.parametrize("name", PROJECTS)
def test_flights_keep_what_is_claimed(name: str) -> None:
    """Every number in its declared range, every output in its slew window."""
    assert not fly(small(**PROJECTS[name]), kernel)


@pytest.mark.parametrize(
    ("bug", "seen"),
    [
        (("limits.safe[k], slew)", "limits.safe[k], 9.0 * slew)"), "slew 0"),
        (("now = bounded(now_us, -FAR_US, FAR_US)", "now = now_us"), "state.previous_us"),
        (("error = pid.setpoint[k] - measured", "error = 9.0 * measured"), "state.previous_error[0]"),
        (("clamp(finite(work.stage[i], 0.0), low, high)", "9.0 * work.stage[i]"), "state.hidden[0]"),
    ],
)
def test_flights_see_a_claim_that_is_broken(bug: Change, seen: str) -> None:
    """The same flights of a kernel with a planted bug."""
    assert seen in fly(small(), mutant(kernel, bug))
