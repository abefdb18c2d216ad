"""Whether `run` may know that a network is proved: by its weights, its settings and the code, and no less."""

import os
from pathlib import Path
from typing import Any

import pytest

from controller.project import Project, load
from tests.projects import make_project
from verification import kept
from verification.proved import doubt, recorded

WANTED = ("STATE-BOUNDS", "OUTPUT-BOUNDS", "FINITE", "C-EQUALS-PYTHON", "C-PARAMETERS")
SHOWN = [{"id": name, "word": "PROVED-IEEE"} for name in WANTED]


def project(folder: Path, **overrides: Any) -> Project:
    return load(make_project(folder / "p", hidden=2, **overrides))


def proved(work: Path, of: Project, claims: list[dict[str, Any]]) -> Path:
    with recorded(work, of) as words:
        words += claims
    (file,) = (work / "proved").iterdir()
    return file


def test_what_is_proved_is_flown_without_a_word(tmp_path: Path) -> None:
    flown = project(tmp_path)
    nothing = doubt(tmp_path / "work", flown)
    assert f"{tmp_path}/work/proved holds no record" in nothing and nothing.endswith(f"verify {flown.root}")
    proved(tmp_path / "work", flown, SHOWN)
    assert doubt(tmp_path / "work", flown) == ""


@pytest.mark.parametrize(
    "change",
    [
        {"controller.reference": "trained.csv"},
        {"network.b": [0.1, 0.2]},
        {"output.0.high": 4.5},
        {"dt.high_us": 2001},
        {"controller.substeps": 2},
    ],
)
def test_a_changed_weight_limit_or_time_brings_the_doubt_back(tmp_path: Path, change: dict[str, Any]) -> None:
    proved(tmp_path / "work", project(tmp_path), SHOWN)
    changed = project(tmp_path, **change)
    assert "not known to be proved" in doubt(tmp_path / "work", changed)
    assert doubt(tmp_path / "work", project(tmp_path)) == ""


def test_another_reference_or_tolerance_brings_the_doubt_back(tmp_path: Path) -> None:
    tied: dict[str, Any] = {"controller.reference": "trained.csv"}
    proved(tmp_path / "work", project(tmp_path, **tied), SHOWN)
    assert doubt(tmp_path / "work", project(tmp_path, **tied)) == ""
    coarse = project(tmp_path, **tied, **{"controller.reference_tolerance": 1.0e-3})
    assert "not known to be proved" in doubt(tmp_path / "work", coarse)
    flown = project(tmp_path, **tied)
    for change in (lambda p: p.write_text(p.read_text() + "\n"), lambda p: p.unlink()):
        change(flown.root / "trained.csv")
        assert "not known to be proved" in doubt(tmp_path / "work", flown)


def test_another_place_brings_the_doubt_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flown = project(tmp_path)
    proved(tmp_path / "work", flown, SHOWN)
    monkeypatch.setattr(kept, "environment", lambda: "with other packages")
    assert "not known to be proved" in doubt(tmp_path / "work", flown)


def test_the_last_word_of_a_claim_counts_and_the_others_stay(tmp_path: Path) -> None:
    """`verify` and `deploy` each record what they show."""
    flown = project(tmp_path)
    proved(tmp_path / "work", flown, [{"id": "FINITE", "word": "OPEN"}])
    proved(tmp_path / "work", flown, SHOWN[:3])
    proved(tmp_path / "work", flown, SHOWN[3:])
    assert doubt(tmp_path / "work", flown) == ""
    proved(tmp_path / "work", flown, [{"id": "FINITE", "word": "REFUTED"}])
    assert "FINITE is REFUTED" in doubt(tmp_path / "work", flown)


def test_other_code_brings_the_doubt_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flown = project(tmp_path)
    proved(tmp_path / "work", flown, SHOWN)
    monkeypatch.setattr(kept, "code_digest", lambda: "of other code")
    assert "this very code" in doubt(tmp_path / "work", flown)


def test_code_that_changed_meanwhile_is_not_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with recorded(tmp_path / "work", project(tmp_path)) as words:
        words += SHOWN
        monkeypatch.setattr(kept, "code_digest", lambda: "of other code")
    assert not (tmp_path / "work").exists()


@pytest.mark.parametrize("word", ["OPEN", "REFUTED"])
def test_what_was_not_shown_is_told(tmp_path: Path, word: str) -> None:
    flown = project(tmp_path)
    proved(tmp_path / "work", flown, [*SHOWN, {"id": "GUARD-SLEW", "word": word}])
    assert (
        f"not all of this network is shown: {tmp_path}/work/proved records that GUARD-SLEW is {word}"
        in doubt(tmp_path / "work", flown)
    )


@pytest.mark.parametrize("name", WANTED)
def test_a_record_of_too_little_is_none(tmp_path: Path, name: str) -> None:
    flown = project(tmp_path)
    proved(tmp_path / "work", flown, [claim for claim in SHOWN if claim["id"] != name])
    assert "holds no record" in doubt(tmp_path / "work", flown)


@pytest.mark.parametrize("text", ["", "{}", "[1", '{"STATE-BOUNDS": "PROVED-IEEE"}'])
def test_an_odd_record_is_none(tmp_path: Path, text: str) -> None:
    flown = project(tmp_path)
    file = proved(tmp_path / "work", flown, SHOWN)
    file.write_text(text)
    assert "holds no record" in doubt(tmp_path / "work", flown)
    file.unlink()
    os.mkfifo(file)
    assert "holds no record" in doubt(tmp_path / "work", flown)


def test_a_record_under_another_name_is_none(tmp_path: Path) -> None:
    """The file of a proved network, put where another network's is looked for."""
    other = project(tmp_path, **{"network.b": [0.1, 0.2]})
    file = proved(tmp_path / "other", other, SHOWN)
    flown = project(tmp_path)
    mine = proved(tmp_path / "work", flown, SHOWN)
    file.replace(mine)
    assert "holds no record" in doubt(tmp_path / "work", flown)
