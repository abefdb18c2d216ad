"""`seawall init`: what it writes loads, flies, and can be proved; nothing is overwritten."""

import subprocess
import sys
from pathlib import Path

import pytest

from controller.controller import Controller
from controller.errors import InputError
from controller.initialise import FILES, initialise
from controller.ports.closed_loop import ClosedLoop
from controller.ports.messages import Sample
from controller.project import load
from controller.runtime import run
from verification.claims.bounds import find_box, output_obligations, state_obligations
from verification.flight import Flight
from verification.proof import ask


def test_the_first_project_flies(tmp_path: Path) -> None:
    """The plant comes to its target and stays: the network drives, and no sensor is ever out of range."""
    project = initialise(tmp_path / "servo")
    port = ClosedLoop(project)
    errors: list[float] = []
    summary = run(
        Controller(project, "native"), port, steps=3000, on_tick=lambda _: errors.append(port.plant.error_m)
    )
    assert summary.transitions == {"leave safe": 1, "recover": 1}
    assert summary.causes == {"healthy": 3000}
    assert errors[0] == -project.config.plant.step_m  # type: ignore[union-attr]
    assert max(abs(e) for e in errors[1500:]) < 0.02
    assert max(errors) < 0.05 * 0.3


class NoForce(ClosedLoop):
    """The plant with a force sensor that never says anything."""

    def receive(self, now_us: int) -> list[Sample]:
        return [sample for sample in super().receive(now_us) if sample.channel == 0]


def test_the_fallback_of_the_first_project_flies_too(tmp_path: Path) -> None:
    project = initialise(tmp_path)
    port = NoForce(project)
    summary = run(Controller(project, "native"), port, steps=4000)
    assert summary.transitions == {"leave safe": 1}
    assert summary.causes == {"sensor stale or missing": 4000}
    assert abs(port.plant.error_m) < 0.03


def test_the_first_project_can_be_proved(tmp_path: Path) -> None:
    project = initialise(tmp_path)
    flight = Flight(project.law, project.sizes)
    box = find_box(flight)
    limit = project.config.state.limit
    assert all(-limit < low < 0.0 < high < limit for low, high in box)
    outputs, _ = output_obligations(flight, box)
    for obligation in [state_obligations(flight, box)[3], *outputs]:
        assert ask(obligation).proved, obligation.name


@pytest.mark.parametrize(
    ("folder", "name", "expected"),
    [
        ("servo-2", None, "servo-2"),
        ("my servo", None, "my-servo"),
        ("2nd_try", None, "nd_try"),
        ("42", None, "servo"),
        ("n" * 80, None, "n" * 64),
        ("x", "Arm_1", "Arm_1"),
    ],
)
def test_the_name(tmp_path: Path, folder: str, name: str | None, expected: str) -> None:
    project = initialise(tmp_path / "deep" / folder, name)
    assert project.name == expected
    assert load(tmp_path / "deep" / folder).config_digest == project.config_digest


@pytest.mark.parametrize("name", ["", "2fast", "a b", "a" * 65, 'x"\nperiod_us = 1'])
def test_a_bad_name_writes_nothing(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="must begin with a letter"):
        initialise(tmp_path / "p", name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("file", FILES)
def test_nothing_is_overwritten(tmp_path: Path, file: str) -> None:
    (tmp_path / file).write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match=f"{file}: exists already"):
        initialise(tmp_path)
    assert [(p.name, p.read_text(encoding="utf-8")) for p in tmp_path.iterdir()] == [(file, "mine")]


def test_a_dangling_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "controller.toml").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InputError, match="exists already"):
        initialise(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["controller.toml"]


def test_a_bad_place(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    for place, said in (("file", "is a file"), ("file/below", "can't be written"), ("n" * 300, "can't be")):
        with pytest.raises(InputError, match=said):
            initialise(tmp_path / place)


FULL = """
import resource, sys
import subprocess
import sys
from pathlib import Path
from controller.errors import InputError
from controller.initialise import initialise
resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
try:
    initialise(Path(sys.argv[1]))
except InputError as fault:
    print(fault)
"""


def test_a_place_without_room_holds_no_half_of_a_project(tmp_path: Path) -> None:
    """A limit on the size of files stands in for the full disk: the reference is longer."""
    done = subprocess.run([sys.executable, "-c", FULL, tmp_path], capture_output=True, text=True, check=True)
    assert "can't be written (File too large)" in done.stdout and list(tmp_path.iterdir()) == []
