"""Where a file goes: whole or not at all; devices, pipes, links and what is read-only stay what they are."""

import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from controller.errors import InputError
from controller.output_file import check, written

ROOM = 4096


def put(path: Path, text: str = "new") -> None:
    """Check the place, then write."""
    check(path, str(path), ROOM)
    with written(path, room=ROOM) as stream:
        stream.write(text)


def test_a_device_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    """A null device of the test's own, which only root may make."""
    place = tmp_path / "null"
    try:
        os.mknod(place, stat.S_IFCHR | 0o666, os.makedev(1, 3))
    except OSError:
        pytest.skip("no right to make a device")
    put(place)
    assert stat.S_ISCHR(place.stat().st_mode) and list(tmp_path.iterdir()) == [place]


def test_a_pipe_gets_the_text_and_stays_a_pipe(tmp_path: Path) -> None:
    pipe, got = tmp_path / "pipe", list[str]()
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: got.append(pipe.read_text()))
    reader.start()
    put(pipe)
    reader.join()
    assert got == ["new"] and stat.S_ISFIFO(pipe.stat().st_mode)


@pytest.mark.parametrize("old", ["old", None], ids=["to a file", "to nothing yet"])
def test_a_link_stays_a_link_and_its_target_is_written(tmp_path: Path, old: str | None) -> None:
    (tmp_path / "far").mkdir()
    target, link = tmp_path / "far" / "target", tmp_path / "link"
    if old is not None:
        target.write_text(old)
    (tmp_path / "middle").symlink_to(Path("far", "target"))
    link.symlink_to("middle")
    put(link)
    assert link.is_symlink() and (tmp_path / "middle").is_symlink() and target.read_text() == "new"
    assert list(target.parent.iterdir()) == [target]


def test_a_file_keeps_its_mode_and_a_new_one_gets_the_usual_one(tmp_path: Path) -> None:
    old, new, usual = tmp_path / "old", tmp_path / "new", tmp_path / "usual"
    old.write_text("old")
    old.chmod(0o600)
    usual.write_text("")
    put(old)
    put(new)
    assert stat.S_IMODE(old.stat().st_mode) == 0o600
    assert new.stat().st_mode == usual.stat().st_mode


def test_the_old_file_is_whole_until_the_new_one_is(tmp_path: Path) -> None:
    """The new one is written beside it, on the same disk, and whoever has the old one open reads on in it."""
    place, mask = tmp_path / "file", os.umask(0o022)
    place.write_text("old")
    with place.open() as reader:
        with written(place) as stream:
            stream.write("new")
            stream.flush()
            assert len(list(tmp_path.iterdir())) == 2 and place.read_text() == "old"
        assert reader.read() == "old" and place.read_text() == "new"
    with written(tmp_path / "other"):
        pass
    assert os.umask(mask) == 0o022


FULL = """
import resource, signal, sys
from pathlib import Path
from controller.errors import InputError
from controller.output_file import check
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
check(Path(sys.argv[1]), "it", 4096)
try:
    check(Path(sys.argv[1]), "it", 4097)
except InputError as fault:
    print(fault)
"""


def test_room_that_is_not_there_is_told_before_the_work(tmp_path: Path) -> None:
    command = [sys.executable, "-c", FULL, str(tmp_path / "file")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("it: can't be written (") and not list(tmp_path.iterdir())


def test_beside_a_pipe_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor beside a device: in its folder nobody but root may make a file."""
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.setattr("tempfile.mkstemp", None)
    check(tmp_path / "pipe", "it", ROOM)


def test_a_descriptor_of_another_process_is_not_taken_for_ones_own(tmp_path: Path) -> None:
    mine = (tmp_path / "mine").open("w")
    with mine, subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        path = Path(f"/proc/{other.pid}/fd/{mine.fileno()}")
        with pytest.raises(InputError, match="can't be written"):
            put(path)
        other.communicate()
    assert (tmp_path / "mine").read_text() == ""


def test_nothing_is_written_where_the_work_fails(tmp_path: Path) -> None:
    place = tmp_path / "file"
    place.write_text("old")
    with pytest.raises(ZeroDivisionError), written(place) as stream:
        stream.write("half")
        raise ZeroDivisionError
    assert place.read_text() == "old" and list(tmp_path.iterdir()) == [place]


def _circle(path: Path) -> None:
    path.symlink_to(path.name)


def _read_only(path: Path) -> None:
    path.write_text("old")
    path.chmod(0o444)


BAD: dict[str, tuple[Callable[[Path], object], str]] = {
    "a folder": (Path.mkdir, "is a folder and can't be written; give a file's name"),
    "read-only": (_read_only, r"can't be written \(it is read-only\); give another place, or remove it"),
    "a circle": (_circle, "can't be written"),
    "a link to a folder": (lambda path: path.symlink_to("/"), "is a folder"),
    "a link to nowhere": (lambda path: path.symlink_to("no/where"), "there is no such folder"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_can_not_be_written_is_one_sentence_before_the_work(tmp_path: Path, name: str) -> None:
    make, said = BAD[name]
    place = tmp_path / "place"
    make(place)
    before = place.lstat()
    for act in (lambda: check(place, str(place), ROOM), lambda: put(place)):
        with pytest.raises(InputError, match=said):
            act()
    after = place.lstat()
    assert (after.st_ino, after.st_mode, after.st_size) == (before.st_ino, before.st_mode, before.st_size)


STDOUT = """
import sys
from pathlib import Path
from controller.output_file import written
print("before", flush=True)
with written(Path("/dev/stdout")) as stream:
    stream.write("between\\n")
print("after")
"""


def test_standard_output_by_its_path_goes_on_where_it_was(tmp_path: Path) -> None:
    """As a file it is neither replaced nor written from its start."""
    with (tmp_path / "out").open("w") as out:
        subprocess.run([sys.executable, "-c", STDOUT], stdout=out, check=True)
    assert (tmp_path / "out").read_text() == "before\nbetween\nafter\n"
