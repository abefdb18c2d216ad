"""Compile the printed C once for each set of sources, compiler and processor; with cc, else with ziglang."""

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache as once
from pathlib import Path

from controller.errors import InputError
from controller.native.bundle import digest, kernel_sources

WARNINGS = ["-Wall", "-Wextra", "-Wconversion", "-Wpedantic", "-Werror"]
MEANING = ["-std=c99", "-ffp-contract=off"]  # no fused multiply-add: it would change bits
FAST = ["-O3"]
DESK = ("desk.h", "desk.c", "binding.c")  # around the printed kernel; none of it flies
COMPLAINT = re.compile("error|failed|cannot|undefined", re.IGNORECASE)
WORDS = 300  # characters of what a compiler said


def compiler() -> list[str]:
    """The command of a C compiler; raises InputError if there is none."""
    if shutil.which("cc"):
        return ["cc"]
    if importlib.util.find_spec("ziglang"):
        return [sys.executable, "-m", "ziglang", "cc"]
    raise InputError("native backend: no C compiler; apt-get install gcc, or pip install 'seawall[cross]'")


def here() -> list[str]:
    """The command that compiles C for this machine, as fast as its meaning allows."""
    return [*compiler(), *MEANING, *WARNINGS, *FAST, "-march=native"]


def run(command: Sequence[str], folder: Path) -> str:
    """Run a compiler in a folder; what it prints. Raises InputError with a line of its words if it fails."""
    name = name_of(command)
    # the very file that was found first: a search of PATH passes over one that can't be run
    words = [os.path.abspath(_program(command)), *command[1:]]  # noqa: PTH100 (a link stays one)
    # plain English, so that its words fit a sentence; a wrapper may still speak any encoding
    env = {**os.environ, "LC_ALL": "C"}
    try:
        done = subprocess.run(
            words, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, check=False, env=env
        )
    except OSError as fault:
        raise InputError(f"compiler {name}: can't be run ({fault.strerror}); mend or remove it") from None
    if done.returncode != 0:
        ended = f"signal {-done.returncode}" if done.returncode < 0 else f"status {done.returncode}"
        said = _complaint(_decoded(done.stderr)) or f"it ended with {ended}"
        raise InputError(
            f"compiler {name}: {said}; it must know C99, and have room in TMPDIR and for its output"
        )
    return _decoded(done.stdout)


def _complaint(said: str) -> str:
    """A compiler's first complaint and the line of C under it, as one line."""
    lines = [line for line in said.splitlines() if line.strip(" |^~")]
    first = next((n for n, line in enumerate(lines) if COMPLAINT.search(line)), 0)
    line = " ".join(" ".join(lines[first : first + 2]).split())
    return "".join(c if c.isprintable() else "?" for c in line[:WORDS]).rstrip(".")


def name_of(command: Sequence[str]) -> str:
    """How a user knows the compiler of a command."""
    return "zig" if "ziglang" in command[:3] else _program(command)


def _program(command: Sequence[str]) -> str:
    return shutil.which(command[0]) or command[0]


def _decoded(said: bytes) -> str:
    return said.decode("utf-8", "replace")


def identity(command: Sequence[str]) -> str:
    """Which compiler a command runs, and which processor and meaning of floats it compiles for; a digest.

    Its version and the macros that it predefines tell -march=native of one machine from that of another, and
    a -ffast-math that a wrapper adds; the bytes of what is run tell two wrappers apart.
    """
    found = Path(_program(command))
    try:
        status = found.stat()
    except OSError as fault:
        raise InputError(f"compiler {found}: can't be run ({fault.strerror}); mend or remove it") from None
    return _identity(tuple(command), found, status.st_mtime_ns, status.st_size)


@once  # a question to the compiler takes some milliseconds
def _identity(command: tuple[str, ...], found: Path, changed_ns: int, size: int) -> str:
    root = Path("/")
    driver = command[:4] if "ziglang" in command[:3] else command[:1]
    version = run([*driver, "--version"], root)
    macros = run([*command, "-dM", "-E", "-x", "c", os.devnull], root)
    try:
        program = hashlib.sha256(found.read_bytes()).hexdigest()
    except OSError:  # it may be run but not read
        program = f"{found} of {changed_ns}, {size} bytes"
    return digest({"version": version, "macros": macros, "program": program})


def cache() -> Path:
    """Where compiled kernels are kept: SEAWALL_CACHE, or the user's cache folder; raises InputError."""
    base = os.environ.get("SEAWALL_CACHE") or os.environ.get("XDG_CACHE_HOME")
    try:
        return Path(base or Path.home() / ".cache") / "seawall"
    except RuntimeError:
        what = "cache: this user has no home folder to keep what is compiled"
        raise InputError(f"{what}; set SEAWALL_CACHE to a folder that can") from None


def headers() -> Path | None:
    """The folder of this Python's C headers, or None where they are not installed or may not be read."""
    folder = Path(sysconfig.get_path("include"))
    return folder if os.access(folder / "Python.h", os.R_OK) else None


def library(sizes: dict[str, int]) -> Path:
    """The shared library of the kernel for these sizes; compiled on the first call.

    With Python's headers it is an extension module too (binding.c). Raises InputError.
    """
    desk = Path(__file__).parent
    sources = kernel_sources(sizes) | {name: (desk / name).read_text(encoding="utf-8") for name in DESK}
    command, units = [*here(), "-shared", "-fPIC"], ["desk.c"]  # which includes kernel.c
    include = headers()
    if include:
        command += ["-isystem", str(include)]
        units.append("binding.c")
    abi = sysconfig.get_config_var("SOABI")
    return cached(f"kernel-{abi}", sources, command, units, ".so")


def cached(
    name: str,
    sources: dict[str, str],
    command: Sequence[str],
    units: Sequence[str] | None = None,
    suffix: str = "",
) -> Path:
    """What the compiler makes of the units (else every .c) for this machine; compiled on the first call.

    Its name in the cache says what it was made of, by whom and for which processor, and what must be in it,
    since a file that was cut short ends the process that loads it. Raises InputError.
    """
    made_of = {"command": " ".join([*command, *(units or ())]), "compiler": identity(command)}
    stem, folder = f"{name}-{digest({**sources, **made_of})[:32]}", cache()
    target = _find(folder, f"{stem}-*{suffix}")
    if target is None:
        with _compiled(folder, sources, command, units) as made:
            target = folder / f"{stem}-{_sum(made)}{suffix}"
            made.replace(target)
    try:
        whole = target.name == f"{stem}-{_sum(target)}{suffix}"
    except OSError as fault:
        raise InputError(f"{target}: can't be read ({fault.strerror}); delete it") from None
    if not whole:
        raise InputError(f"{target}: is not what was compiled; delete it, and it is compiled again")
    if not os.access(target, os.X_OK):
        what = "may not be executed; delete it"
        raise InputError(f"{target}: {what}, or set SEAWALL_CACHE to a folder on a disk without noexec")
    return target


def _find(folder: Path, pattern: str) -> Path | None:
    try:
        return min(folder.glob(pattern), default=None)
    except OSError as fault:
        raise _unfit(folder, fault) from None


def _unfit(folder: Path, fault: OSError) -> InputError:
    where = f"{folder}: can't hold what is compiled ({fault.strerror})"
    return InputError(f"{where}; set SEAWALL_CACHE to a folder that can")


def _sum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def compile_to(
    target: Path, sources: dict[str, str], command: list[str], units: Sequence[str] | None = None
) -> None:
    """Write the sources aside, compile the units (else every .c), and move the result into place at once."""
    with _compiled(target.parent, sources, command, units) as made:
        made.replace(target)


@contextmanager
def _compiled(
    folder: Path, sources: dict[str, str], command: Sequence[str], units: Sequence[str] | None
) -> Iterator[Path]:
    """What the compiler makes of the sources, in a folder of its own beside its place."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as aside:
            for name, text in sources.items():
                Path(aside, name).write_text(text, encoding="utf-8")
            every = sorted(name for name in sources if name.endswith(".c"))
            run([*command, *(every if units is None else units), "-o", "out"], Path(aside))
            if not Path(aside, "out").is_file():
                raise InputError(f"compiler {name_of(command)}: wrote nothing; mend or remove it")
            yield Path(aside, "out")
    except OSError as fault:
        raise _unfit(folder, fault) from None
