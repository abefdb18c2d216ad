"""The adversary: it stays inside true bounds, breaks false ones, and its traces fly on the kernel."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from controller.project import Project, load
from tests.flights import fly
from tests.projects import make_project
from verification.claims.bounds import find_box, output_obligations
from verification.falsify import falsify
from verification.flight import Box, Flight
from verification.simulation import Schedule, Simulation


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return load(make_project(tmp_path_factory.mktemp("project"), hidden=3, seed=4))


@pytest.fixture(scope="module")
def boxes(project: Project) -> tuple[Box, Box]:
    flight = Flight(project.law, project.sizes)
    box = find_box(flight)
    return box, output_obligations(flight, box)[1]


def test_nothing_leaves_the_proved_box_and_much_of_it_is_reached(
    project: Project, boxes: tuple[Box, Box]
) -> None:
    ticks: list[tuple[str, int, int]] = []
    found = falsify(project, *boxes, tries=96, seed=1, steps=700, progress=lambda *tick: ticks.append(tick))
    assert found["left"] == []
    assert found["tries"] == 96 and found["steps"] == 96 * (ticks[-1][2])
    assert ticks[-1][0] == "falsify" and ticks[-1][1] == ticks[-1][2]
    assert [t[1] for t in ticks] == sorted(t[1] for t in ticks)
    for kind, box in zip(("state", "output"), boxes, strict=True):
        for (low, high), (a, b), ratio in zip(
            box, found["attained"][kind], found["ratio"][kind], strict=True
        ):
            assert low <= a < b <= high
            assert ratio == pytest.approx((high - low) / (b - a))
    assert min(found["ratio"]["state"]) < 2.0  # a search that stands still would be far above


def test_the_same_seed_finds_the_same_and_another_does_not(project: Project, boxes: tuple[Box, Box]) -> None:
    first, again, other = (falsify(project, *boxes, tries=16, seed=s, steps=100) for s in (3, 3, 4))
    assert first == again
    assert first["attained"] != other["attained"]


@pytest.mark.parametrize("kind", ["state", "output"])
@pytest.mark.parametrize("side", [0, 1])
def test_a_box_below_the_reachable_is_left_and_the_trace_flies(
    project: Project, boxes: tuple[Box, Box], kind: str, side: int
) -> None:
    """The twin: what the search reached, less a hundredth of it, is no bound."""
    reached = falsify(project, *boxes, tries=32, seed=0, steps=300)["attained"][kind]
    index = max(range(len(reached)), key=lambda i: reached[i][1] - reached[i][0])
    inwards = (reached[index][1] - reached[index][0]) * (-0.01 if side else 0.01)
    state, output = ([list(b) for b in box] for box in boxes)
    shrunk = state if kind == "state" else output
    shrunk[index][side] = reached[index][side] + inwards
    found = falsify(
        project, [(a, b) for a, b in state], [(a, b) for a, b in output], tries=32, seed=0, steps=300
    )
    (escape,) = found["left"]
    assert (escape["what"], escape["index"]) == (kind, index)
    assert sum(s["steps"] for s in escape["trace"]) == escape["step"] + 1
    assert not escape["bound"][0] <= escape["value"] <= escape["bound"][1]
    trace = [dict(s) for s in escape["trace"]]
    _, work = fly(project, trace)
    flown = work.stage[index] if kind == "state" else work.decoded[index]
    assert flown.hex() == escape["value"].hex()


def test_every_column_has_the_bits_of_the_kernel(tmp_path: Path) -> None:
    settings: dict[str, Any] = {"controller.substeps": 2}
    project = load(make_project(tmp_path, hidden=3, outputs=2, **settings))
    steps, columns, inputs = 120, 5, project.sizes["inputs"]
    draw = np.random.default_rng(8)
    sensors, clock = project.law.sensors, project.law.clock
    levels = draw.uniform(
        np.array(sensors.low)[None, :, None], np.array(sensors.high)[None, :, None], (6, inputs, columns)
    )
    dt_us = draw.integers(clock.low_us, clock.high_us, (6, columns), endpoint=True)
    ends = np.sort(draw.integers(1, steps, (6, columns)), axis=0)
    schedule, simulation = Schedule(levels, dt_us, ends), Simulation(project, columns)
    done = list(simulation.run(schedule, steps))
    assert done == list(range(steps))
    for c in range(columns):
        trace = schedule.segments(c, steps)
        short = steps - sum(s["steps"] for s in trace)
        trace[-1]["steps"] += short  # the last segment holds to the end
        _, work = fly(project, trace)
        last = simulation.stages[-project.sizes["hidden"] :]
        assert [float(simulation.value(n)[c]).hex() for n in last] == [v.hex() for v in work.stage]
        commands = [float(simulation.value(n)[c]).hex() for n in simulation.decoded]
        assert commands == [v.hex() for v in work.decoded]


def test_many_inputs_are_steered_by_the_signs_of_the_weights(tmp_path: Path) -> None:
    project = load(make_project(tmp_path, inputs=7, hidden=2, outputs=2))
    whole = [(-1.0625, 1.0625)] * 2
    found = falsify(project, whole, [(-9.0, 9.0)] * 2, tries=24, steps=300)
    assert found["left"] == []
    assert all(b - a > 0.5 for a, b in found["attained"]["state"])
