"""The look at this process's arithmetic: every departure is told, by a real processor state."""

import subprocess
import sys
from pathlib import Path

import pytest

from controller import floats
from tests.controller.odd import PARTS, STATES, odd_library

ROOT = Path(__file__).resolve().parents[2]
FLY = """
import ctypes, sys
from controller.controller import Controller
from controller.errors import InputError
Controller.load(sys.argv[2], sys.argv[3])
ctypes.CDLL(sys.argv[1])
try:
    Controller.load(sys.argv[2], sys.argv[3])
except InputError as fault:
    print(fault)
"""


def told(library: Path, backend: str) -> str:
    """What Controller says once the library is loaded, after one that it made before."""
    words = [sys.executable, "-c", FLY, str(library), "examples/cart", backend]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_this_process_is_sound() -> None:
    assert floats.departure() is None
    floats.check()


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("backend", ["python", "native"])
def test_a_controller_is_refused(tmp_path: Path, state: str, backend: str) -> None:
    said = told(odd_library(tmp_path, state), backend)
    assert said.startswith(f"floating point: this process {state}, ") and said.count("\n") == 1


@pytest.mark.parametrize("part", PARTS)
def test_half_of_the_flushing_is_enough(tmp_path: Path, part: str) -> None:
    assert "flushes subnormal numbers" in told(odd_library(tmp_path, part), "python")
