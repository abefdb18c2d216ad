"""Compilers that are not as they should be, as real programs named cc on a PATH of their own."""

import os
import shutil
from pathlib import Path

import pytest

REAL = shutil.which("cc")
needs_cc = pytest.mark.skipif(REAL is None, reason="cc is missing: apt-get install gcc")
# an argument of the command that is not what the caller gave
EXCHANGE = 'for a; do shift; [ "$a" = -march=native ] && a="-march=$CPU"; set -- "$@" "$a"; done'


def wrapper(folder: Path, *lines: str) -> str:
    """Put a shell script named cc into the folder, made if missing; the PATH on which it is found."""
    folder.mkdir(parents=True, exist_ok=True)
    script = folder / "cc"
    script.write_text("\n".join(["#!/bin/sh", *lines, ""]), encoding="utf-8")
    script.chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


def adds(folder: Path, *flags: str) -> str:
    """A cc that adds flags to whatever it is asked for; its PATH."""
    return wrapper(folder, f'exec {REAL} "$@" {" ".join(flags)}')
