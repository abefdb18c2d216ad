"""What every refusal of a file must be: one sentence that names the file and gives the mend."""

import re
from pathlib import Path

import pytest

from controller.errors import InputError
from controller.project import load


def refused(directory: Path, file: str, place: str, words: str) -> str:
    """Load a project that must be refused; file, place and words must stand in the one sentence."""
    with pytest.raises(InputError) as caught:
        load(directory)
    said = str(caught.value)
    assert "\n" not in said and "Traceback" not in said and len(said) < 400 + len(str(directory))
    assert said.startswith(str(directory / file)), said
    rest = said.removeprefix(str(directory / file))
    assert place in rest, said
    assert re.search(words, rest), said
    assert ";" in said or "at most" in said, f"no mend: {said}"
    assert caught.value.__suppress_context__ or caught.value.__context__ is None  # no second traceback
    return said
