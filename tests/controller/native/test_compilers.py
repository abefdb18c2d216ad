"""Whose compiler, for which processor, with which meaning of floats: told, or another file of the cache."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from controller.controller import Controller
from controller.errors import InputError
from controller.native import build, cross
from tests.controller.native.compilers import EXCHANGE, REAL, adds, needs_cc, wrapper
from tests.projects import make_project

ROOT = Path(__file__).resolve().parents[3]
SIZES = {"inputs": 1, "hidden": 2, "outputs": 1, "substeps": 1, "slots": 2}
LOAD = """
import sys
from controller.controller import Controller
from controller.errors import InputError
try:
    controller = Controller.load(sys.argv[1], "native")
    print(controller.step(1000, [0.25, 0.5])[0].hex(), controller.state[0].hex())
except InputError as fault:
    print(fault)
"""
pytestmark = needs_cc


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of this test's own."""
    monkeypatch.setenv("SEAWALL_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "seawall"


def python(*words: str, **env: str) -> str:
    """What a fresh process prints."""
    done = subprocess.run(
        [sys.executable, "-c", *words], cwd=ROOT, env={**os.environ, **env}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_each_compiler_has_its_own_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [adds(tmp_path / str(n), *flags) for n, flags in enumerate([(), ("-ffast-math",), ("-g0",)])]
    found = []
    for path in [*paths, paths[0]]:
        monkeypatch.setenv("PATH", path)
        found.append(build.library(SIZES))
    assert len(set(found)) == 3 and found[0] == found[-1]


def test_each_processor_has_its_own_library(tmp_path: Path) -> None:
    """The same compiler, and a -march=native that means another processor, as in a cache on a shared disk."""
    path = wrapper(tmp_path / "bin", EXCHANGE, f'exec {REAL} "$@"')
    show = f"from controller.native.build import library; print(library({SIZES}))"
    here, again, there = (python(show, PATH=path, CPU=cpu) for cpu in ("native", "native", other_processor()))
    assert here == again != there


def other_processor() -> str:
    """A processor that this machine's compiler knows and that is not this machine."""
    for name in ("x86-64", "armv8-a", "rv64gc"):
        command = [str(REAL), f"-march={name}", "-E", "-x", "c", os.devnull]
        if subprocess.run(command, capture_output=True, check=False).returncode == 0:
            return name
    pytest.skip("no other processor is known to this compiler")


CHANGES = {
    "any liberty": ["-ffast-math"],
    "sums in another order": ["-fassociative-math", "-fno-signed-zeros", "-fno-trapping-math"],
    "no NaN": ["-ffinite-math-only"],
    "fused products": ["-ffp-contract=fast"],
}


def fuses() -> bool:
    """Whether this processor has a fused multiply-add."""
    return "FP_FAST_FMA " in build.run([*build.here(), "-dM", "-E", "-x", "c", os.devnull], Path("/"))


@pytest.mark.parametrize("change", CHANGES)
def test_a_compiler_that_changes_floats_is_told_and_leaves_nothing_behind(
    tmp_path: Path, change: str
) -> None:
    if change == "fused products" and not fuses():
        pytest.skip("this processor has no fused multiply-add")
    project = str(make_project(tmp_path / "project"))
    path = adds(tmp_path / "bin", *CHANGES[change])
    for _ in range(2):  # compiled, and from the cache
        said = python(LOAD, project, PATH=path)
        assert said.startswith("native backend: the compiler changes the meaning of floats (")
        assert said.endswith(f"; make {tmp_path}/bin/cc compile without -ffast-math and the like\n")
        assert said.count("\n") == 1
    reference = Controller.load(project, "python")
    expected = reference.step(1000, [0.25, 0.5])[0].hex(), reference.state[0].hex()
    assert python(LOAD, project).split() == list(expected)  # the right compiler, the same cache


BROKEN = {
    "speaks Latin-1": (
        "printf 'a.c: error: caract\\350re\\n' >&2; exit 1",
        "compiler {cc}: a.c: error: caract",
    ),
    "says nothing": ("exit 3", "compiler {cc}: it ended with status 3; "),
    "says much": (
        "printf 'In file x:\\n\\na.c:1:1: error: no\\n 1 | x\\n   | ^~\\n' >&2; exit 1",
        "compiler {cc}: a.c:1:1: error: no 1 | x; ",
    ),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_compiler_is_told_in_one_line(
    tmp_path: Path, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines, said = BROKEN[how]
    monkeypatch.setenv("PATH", wrapper(tmp_path / "bin", lines))
    for use in (lambda: build.library(SIZES), lambda: cross.toolchain("host")):
        with pytest.raises(InputError) as caught:
            use()
        assert str(caught.value).startswith(said.format(cc=tmp_path / "bin/cc"))
        assert len(str(caught.value).splitlines()) == 1


def test_a_compiler_whose_version_is_latin_1_compiles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    speak = '[ "$1" = --version ] && { printf "compilateur fran\\347ais\\n"; exit; }'
    monkeypatch.setenv("PATH", wrapper(tmp_path / "bin", speak, f'exec {REAL} "$@"'))
    assert build.library(SIZES).exists()
    assert cross.toolchain("host").version.startswith("compilateur fran")


def test_a_program_that_is_no_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", wrapper(tmp_path / "bin"))
    (tmp_path / "bin" / "cc").write_bytes(b"\x7fELF")
    for use in (lambda: build.library(SIZES), lambda: cross.toolchain("host")):
        with pytest.raises(InputError, match="cc: can't be run"):
            use()


def test_no_other_compiler_flies_unsaid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cc that has a static libc and can't link, for want of a place for its files, is no reason for zig."""
    monkeypatch.setenv("TMPDIR", "/proc")
    with pytest.raises(InputError, match=r"cc: .*/proc.* room in TMPDIR"):
        cross.toolchain("host")
    with pytest.raises(InputError, match=r"cc: .*/proc.* room in TMPDIR"):
        build.library(SIZES)


def test_a_cc_without_a_static_libc_leaves_it_to_zig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lacks = 'case "$*" in -print-file-name=libc.a) echo libc.a; exit;; *-static*) exit 1;; esac'
    monkeypatch.setenv("PATH", wrapper(tmp_path / "bin", lacks, f'exec {REAL} "$@"'))
    assert cross.toolchain("host").words.startswith("python3 -m ziglang cc -target")
