"""A pack in which all is shown, and a copy of it to spoil."""

import shutil
from pathlib import Path

import pytest

from tests.certification.real import Real


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Real.of().write(tmp_path_factory.mktemp("whole")).path


@pytest.fixture
def pack(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "pack"))
