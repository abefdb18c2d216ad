"""The README is true: its examples run, its words are the verdicts', its commands exist."""

import doctest
import re
from pathlib import Path

import pytest
from setuptools.config.pyprojecttoml import read_configuration
from typer.main import get_command

from certification.models import MEANINGS
from seawall import app

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")


def test_its_examples_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    result = doctest.testfile(str(ROOT / "README.md"), module_relative=False)
    assert result.attempted > 8 and result.failed == 0


def test_its_words_are_the_verdicts() -> None:
    assert dict(re.findall(r"^\| `([A-Z-]+)` \| (.+) \|$", TEXT, re.M)) == MEANINGS


def test_its_commands_are_all_commands() -> None:
    shown = set(re.findall(r"^seawall (\w+)", TEXT, re.M))
    assert shown == set(get_command(app).commands)  # type: ignore[attr-defined]


def test_its_pictures_exist() -> None:
    assert all((ROOT / path).is_file() for path in re.findall(r"!\[[^]]*\]\(([^)]+)\)", TEXT))


def test_a_fresh_clone_can_be_installed() -> None:
    asked = read_configuration(ROOT / "pyproject.toml")["tool"]["setuptools"]
    assert asked["py-modules"] == ["seawall"]  # an example's modules are no package of ours
    assert (ROOT / "seawall.py").is_file()
