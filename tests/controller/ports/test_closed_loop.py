"""The port onto the simulated plant."""

import math
from collections.abc import Iterable
from pathlib import Path

import pytest

from controller.errors import InputError
from controller.ports.closed_loop import ClosedLoop
from controller.ports.messages import Command, Sample
from controller.project import Project, load
from tests.controller.native.flights import cart_project
from tests.projects import make_project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return cart_project(tmp_path)


def test_a_project_without_a_plant_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"controller\.toml: has no \[plant\]; fly yours with --port, or"):
        ClosedLoop(load(make_project(tmp_path)))


def test_the_plant_moves_by_the_command_of_the_last_period(project: Project) -> None:
    port = ClosedLoop(project)
    port.receive(0)
    port.send(Command(0, 0, 0, (5.0,)))
    assert port.plant.position_m == 0.0
    port.receive(100_000)
    moved = port.plant.position_m
    assert moved > 0.0
    port.receive(100_000)
    assert port.plant.position_m == moved
    samples: Iterable[Sample] = port.receive(200_000)
    assert all(s.time_us == 200_000 and math.isfinite(s.value) for s in samples)
