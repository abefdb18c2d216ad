"""A pack in which all is shown, one in which a claim is open, and a copy of the first to spoil."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.certification.real import Real, remember


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        remember(patch)
        yield Real.of().write(tmp_path_factory.mktemp("whole")).path


@pytest.fixture
def pack(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "pack"))
