"""Compilers for the flight targets: the host's cc where it links statically, else zig's clang with musl."""

import importlib.util
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from controller.errors import InputError
from controller.native.build import MEANING, WARNINGS, run

TARGETS = {
    "host": "",
    "aarch64-linux": "aarch64-linux-musl",
    "armv7-linux": "arm-linux-musleabihf",
    "riscv64-linux": "riscv64-linux-musl",
}
LINK = ("-pthread", "-static", "-s")
SPEED = "-O2"  # what flies is compiled plainly; -O3 and -march are the desk's
EMPTY_PROGRAM = "int main(void) { return 0; }\n"


@dataclass(frozen=True)
class Toolchain:
    """One compiler: the command that runs it here, the words that name it anywhere, and its version."""

    command: tuple[str, ...]
    words: str
    version: str


def flags() -> list[str]:
    """What every unit is compiled with."""
    return [*MEANING, *WARNINGS, SPEED]


def toolchain(target: str) -> Toolchain:
    """The compiler of a target; raises InputError on an unknown target or where none is installed."""
    if target not in TARGETS:
        raise InputError(f"target {target!r}: there is no such target; choose from {', '.join(TARGETS)}")
    if target == "host" and shutil.which("cc") and _links_statically():
        return Toolchain(("cc",), "cc", _first_line(["cc", "--version"]))
    if importlib.util.find_spec("ziglang") is None:
        also = " or apt-get install gcc libc6-dev" if target == "host" else ""
        what = f"target {target}: no compiler for static binaries is installed"
        raise InputError(f"{what}; pip install 'seawall[cross]'{also}")
    zig = (sys.executable, "-m", "ziglang")
    triple = ["-target", TARGETS[target]] if TARGETS[target] else _host_musl()
    words = " ".join(["python3 -m ziglang cc", *triple])
    return Toolchain((*zig, "cc", *triple), words, "zig " + _first_line([*zig, "version"]))


def link(tools: Toolchain, folder: Path, units: Iterable[str], name: str) -> None:
    """Compile and link the units, which lie in the folder, to a static stripped binary in it.

    Names are relative, so the bytes do not depend on the folder. Raises InputError with the compiler's words.
    """
    run([*tools.command, *flags(), *LINK, *units, "-o", name], folder)


def stack_bytes(tools: Toolchain, folder: Path, unit: str) -> int | None:
    """A bound on the stack of a unit without recursion: the sum of its functions' frames; gcc only.

    None where the compiler writes no -fstack-usage file. The unit must have no recursion.
    """
    with tempfile.TemporaryDirectory() as scratch:
        target = Path(scratch, "unit.o")
        run([*tools.command, *flags(), "-fstack-usage", "-c", unit, "-o", str(target)], folder)
        usage = target.with_suffix(".su")
        if not usage.is_file():
            return None
        rows = [line.split("\t") for line in usage.read_text(encoding="utf-8").splitlines()]
    return sum(int(size) for _, size, _ in rows) if all(kind == "static" for _, _, kind in rows) else None


def _links_statically() -> bool:
    """Whether the host's cc has a static libc; raises InputError where it has one and still can't link.

    Asked for the archive, it gives its path, or the bare name again where it has none. A cc that fails for
    another reason is no cause to let another compiler fly unsaid.
    """
    with tempfile.TemporaryDirectory() as scratch:
        Path(scratch, "empty.c").write_text(EMPTY_PROGRAM, encoding="utf-8")
        try:
            run(["cc", "-static", "empty.c", "-o", "empty"], Path(scratch))
        except InputError:
            if Path(run(["cc", "-print-file-name=libc.a"], Path(scratch)).strip()).is_absolute():
                raise
            return False
    return True


def _host_musl() -> list[str]:
    """zig's static libc for this machine."""
    return ["-target", f"{platform.machine()}-linux-musl"]


def _first_line(command: list[str]) -> str:
    return (run(command, Path("/")).splitlines() or ["unknown"])[0]
