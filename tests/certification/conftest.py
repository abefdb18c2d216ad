"""A pack in which all is shown, one in which a claim is open, and a copy of the first to spoil."""

import shutil
from pathlib import Path

import pytest

from tests.certification.fixture import Inputs


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Inputs().write(tmp_path_factory.mktemp("whole")).path


@pytest.fixture(scope="module")
def undecided(tmp_path_factory: pytest.TempPathFactory) -> Path:
    inputs = Inputs()
    inputs.open("GUARD-SLEW")
    return inputs.write(tmp_path_factory.mktemp("open")).path


@pytest.fixture
def pack(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "pack"))
