"""Compile the printed C once for each set of sources, with cc if there is one, else with ziglang."""

import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Sequence
from pathlib import Path

from controller.errors import InputError
from controller.native.bundle import digest, kernel_sources

WARNINGS = ["-Wall", "-Wextra", "-Wconversion", "-Wpedantic", "-Werror"]
MEANING = ["-std=c99", "-ffp-contract=off"]  # no fused multiply-add: it would change bits
FAST = ["-O3"]
DESK = ("desk.h", "desk.c", "binding.c")  # around the printed kernel; none of it flies


def compiler() -> list[str]:
    """The command of a C compiler; raises InputError if there is none."""
    if shutil.which("cc"):
        return ["cc"]
    if importlib.util.find_spec("ziglang"):
        return [sys.executable, "-m", "ziglang", "cc"]
    raise InputError("native backend: no C compiler; apt-get install gcc, or pip install 'seawall[cross]'")


def cache() -> Path:
    """Where compiled kernels are kept: SEAWALL_CACHE, or the user's cache folder."""
    base = os.environ.get("SEAWALL_CACHE") or os.environ.get("XDG_CACHE_HOME")
    return Path(base or Path.home() / ".cache") / "seawall"


def headers() -> Path | None:
    """The folder of this Python's C headers, or None where they are not installed."""
    folder = Path(sysconfig.get_path("include"))
    return folder if (folder / "Python.h").is_file() else None


def library(sizes: dict[str, int]) -> Path:
    """The shared library of the kernel for these sizes; compiled on the first call.

    With Python's headers it is an extension module too (binding.c).
    """
    here = Path(__file__).parent
    sources = kernel_sources(sizes) | {name: (here / name).read_text(encoding="utf-8") for name in DESK}
    command = [*compiler(), *MEANING, *WARNINGS, *FAST, "-march=native", "-shared", "-fPIC"]
    units = ["desk.c"]  # which includes kernel.c
    include = headers()
    if include:
        command += ["-isystem", str(include)]
        units.append("binding.c")
    abi = str(sysconfig.get_config_var("SOABI"))
    key = digest({**sources, "command": " ".join([*command, *units]), "abi": abi})
    target = cache() / f"kernel-{key[:32]}.so"
    if not target.exists():
        compile_to(target, sources, command, units)
    return target


def compile_to(
    target: Path, sources: dict[str, str], command: list[str], units: Sequence[str] | None = None
) -> None:
    """Write the sources aside, compile the units (else every .c), and move the result into place at once."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as folder:
            for name, text in sources.items():
                Path(folder, name).write_text(text, encoding="utf-8")
            every = sorted(name for name in sources if name.endswith(".c"))
            run = [*command, *(every if units is None else units), "-o", "out"]
            done = subprocess.run(run, cwd=folder, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                raise InputError(f"compiler {command[0]}: {done.stderr.strip()}; the C needs a C99 compiler")
            Path(folder, "out").replace(target)
    except OSError as fault:
        where = f"{target.parent}: can't hold what is compiled ({fault.strerror})"
        raise InputError(f"{where}; set SEAWALL_CACHE to a folder that can") from None
