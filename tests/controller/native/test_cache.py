"""The cache and the places around it, by real processes: what can't be used is one sentence and status 2."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from controller.controller import Controller
from controller.errors import InputError
from controller.native import build
from controller.project import load
from tests.controller.native.compilers import needs_cc

ROOT = Path(__file__).resolve().parents[3]
CART = str(ROOT / "examples" / "cart")
RUN = [sys.executable, str(ROOT / "seawall.py"), "run", CART, "--seconds", "0.05"]
DEPLOY = [sys.executable, str(ROOT / "seawall.py"), "deploy", CART, "-o", "bundle"]
pytestmark = needs_cc


def refused(words: list[str], at: Path, **env: str | None) -> str:
    """The one sentence that a command ends with, status 2; an env of None is one that is not set."""
    kept = {k: v for k, v in (os.environ | env).items() if v is not None}
    done = subprocess.run(words, cwd=at, env=kept, capture_output=True, text=True, timeout=300)
    assert done.returncode == 2 and done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.startswith("seawall: ")
    return done.stderr


def with_disk(options: str, words: list[str], prepare: str = "true") -> list[str]:
    """The command with an own small disk at ./disk, in a mount namespace of its own."""
    space = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]
    script = f'mount -t tmpfs -o {options} tmpfs disk && {prepare} && exec "$@"'
    return [*space, "sh", "-c", script, "sh", *words]


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """A folder for an own disk; skips where none may be mounted."""
    (tmp_path / "disk").mkdir()
    if not shutil.which("unshare") or subprocess.run(with_disk("size=4k", ["true"]), cwd=tmp_path).returncode:
        pytest.skip("this user may mount nothing, not even for itself")
    return tmp_path / "disk"


DAMAGES = {
    "empty": lambda data: b"",
    "cut short": lambda data: data[: len(data) // 2],  # ends the process that loads it
    "one bit": lambda data: data[:-1] + bytes([data[-1] ^ 1]),
    "no library": lambda data: b"#!/bin/sh\n",
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_told_and_can_be_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    monkeypatch.setenv("SEAWALL_CACHE", str(tmp_path))
    library = build.library(load(CART).sizes)
    good = library.read_bytes()
    library.write_bytes(DAMAGES[damage](good))
    said = refused(RUN, tmp_path)
    assert said == f"seawall: {library}: is not what was compiled; delete it, and it is compiled again\n"
    library.unlink()
    assert build.library(load(CART).sizes).read_bytes() == good


def test_a_library_that_does_not_load_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As one that was linked with another libc: what is in its name, and nothing to load."""
    monkeypatch.setenv("SEAWALL_CACHE", str(tmp_path))
    library = build.library(load(CART).sizes)
    library.write_bytes(b"\x7fELF of another kind")
    stem = library.name.rpartition("-")[0]
    library.rename(library.with_name(f"{stem}-{build._sum(library)}.so"))
    assert "can't be loaded" in refused(RUN, tmp_path)
    with pytest.raises(InputError, match="can't be loaded"):
        Controller.load(CART, "native")


def test_a_program_of_the_cache_is_checked_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEAWALL_CACHE", str(tmp_path))
    sources = {"main.c": "int main(void)\n{\n    return 7;\n}\n"}
    program = build.cached("seven", sources, build.here())
    assert subprocess.run([program], check=False).returncode == 7
    assert build.cached("seven", sources, build.here()) == program
    program.write_bytes(b"")
    with pytest.raises(InputError, match="is not what was compiled"):
        build.cached("seven", sources, build.here())


def test_a_cache_without_execution(disk: Path, tmp_path: Path) -> None:
    said = refused(with_disk("noexec", RUN), tmp_path, SEAWALL_CACHE=str(disk))
    assert str(disk) in said and "set SEAWALL_CACHE to a folder on a disk without noexec" in said


def test_a_cache_that_is_full(disk: Path, tmp_path: Path) -> None:
    said = refused(with_disk("size=16k", RUN), tmp_path, SEAWALL_CACHE=str(disk))
    assert "No space left on device" in said


def test_temporary_files_that_have_no_room(disk: Path, tmp_path: Path) -> None:
    """The compiler's; another one does not fly in its place, and deploy says so before the proofs."""
    full = "! cat /dev/zero > disk/full 2> /dev/null"
    env = {"TMPDIR": str(disk), "SEAWALL_CACHE": str(tmp_path / "cache")}
    for words in (RUN, DEPLOY):
        said = refused(with_disk("size=64k", words, full), tmp_path, **env)
        assert "No space left on device" in said and "cc: " in said and "room in TMPDIR" in said


NOBODY = """
#include <pwd.h>
#include <stddef.h>
int getpwuid_r(uid_t uid, struct passwd *entry, char *buffer, size_t size, struct passwd **found)
{
    (void)uid, (void)entry, (void)buffer, (void)size;
    *found = NULL;
    return 0;
}
"""


def test_a_user_without_a_home(tmp_path: Path) -> None:
    """A number that no list of users has, as in a container, and no HOME."""
    (tmp_path / "nobody.c").write_text(NOBODY)
    subprocess.run(["cc", "-shared", "-fPIC", "nobody.c", "-o", "nobody.so"], cwd=tmp_path, check=True)
    none = {"HOME": None, "XDG_CACHE_HOME": None, "SEAWALL_CACHE": None}
    said = refused(RUN, tmp_path, LD_PRELOAD=str(tmp_path / "nobody.so"), **none)
    assert "no home folder" in said and "set SEAWALL_CACHE" in said


BECOME_ANOTHER = """
import os, sys
from controller.controller import Controller
from controller.errors import InputError
from controller.project import load
project = load(sys.argv[1])
os.setuid(12345)
try:
    Controller(project, "native")
except InputError as fault:
    print(fault)
"""


def test_a_home_that_is_another_users(tmp_path: Path) -> None:
    """It may not even be looked into; a real one, where this user may become another."""
    if os.geteuid() != 0:
        pytest.skip("only root may become another user")
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    words = [sys.executable, "-c", BECOME_ANOTHER, CART]
    env = os.environ | {"SEAWALL_CACHE": str(home)}
    done = subprocess.run(words, cwd=ROOT, env=env, capture_output=True, text=True)
    assert "can't hold what is compiled (Permission denied)" in done.stdout, done
