"""Where JSON goes: tried first, written whole or not at all, and a device is left a device."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from certification import json_file
from controller.errors import InputError


def test_a_file_is_written_whole_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    place = tmp_path / "result.json"
    json_file.check(place)
    assert list(tmp_path.iterdir()) == []
    json_file.write(place, "{}\n")
    json_file.write(place, "[]\n")
    assert place.read_text() == "[]\n" and list(tmp_path.iterdir()) == [place]


FULL = """
import resource, sys
from pathlib import Path
from certification import json_file
from controller.errors import InputError
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
for act in (json_file.check, lambda place: json_file.write(place, "x" * 2000)):
    try:
        act(Path(sys.argv[1]))
    except InputError as fault:
        print(fault)
"""


def test_a_place_without_room_is_told_and_keeps_what_it_had(tmp_path: Path) -> None:
    """A limit on the size of files stands in for the full disk."""
    place = tmp_path / "result.json"
    place.write_text("before")
    done = subprocess.run([sys.executable, "-c", FULL, place], capture_output=True, text=True, check=True)
    assert done.stdout.count("can't be written (File too large); give another place\n") == 2
    assert place.read_text() == "before" and list(tmp_path.iterdir()) == [place]


def test_a_full_device_is_told_and_stays_a_device() -> None:
    place = Path("/dev/full")
    json_file.check(place)
    with pytest.raises(InputError, match="No space left on device"):
        json_file.write(place, "{}")
    assert stat.S_ISCHR(place.stat().st_mode)


def test_a_pipe_gets_the_text(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with subprocess.Popen(["cat", tmp_path / "pipe"], stdout=subprocess.PIPE, text=True) as reader:
        json_file.write(tmp_path / "pipe", "{}")
        assert reader.communicate()[0] == "{}"
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
