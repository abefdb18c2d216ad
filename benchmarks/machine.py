"""What the numbers are from: processor, load, Python, compiler and its flags, numpy and its BLAS."""

import ctypes
import os
import platform
import re
from pathlib import Path

import numpy

from controller.native.build import FAST, MEANING, compiler, run

ASK = "scipy_openblas_get_corename64_", "scipy_openblas_get_corename", "openblas_get_corename"


def machine() -> list[str]:
    """Four lines for the head of a table."""
    command = compiler()
    said = run([*command, "--version"], Path("/"))
    flags = " ".join([*FAST, "-march=native", *MEANING])
    blas = numpy.show_config(mode="dicts")["Build Dependencies"]["blas"]
    return [
        f"{_processor()}; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; {platform.system()}",
        f"{platform.python_implementation()} {platform.python_version()}",
        f"{(said.splitlines() or command)[0]}: {flags}",
        f"numpy {numpy.__version__}, {blas.get('name')} {blas.get('version')}, its kernels for {_core()}",
    ]


def _processor() -> str:
    """The processor's name, with family and model, since virtual machines shorten the name."""
    text = _text("/proc/cpuinfo")
    found = [
        re.search(rf"^{key}\s*: (.*)$", text, re.MULTILINE) for key in ("model name", "cpu family", "model")
    ]
    name, family, model = (match[1] if match else "unknown" for match in found)
    return f"{name}, family {family}, model {model}" if text else platform.machine()


def _core() -> str:
    """The processor whose matrix kernels numpy's OpenBLAS chose, as far as it can be asked."""
    for path in {line.split()[-1] for line in _text("/proc/self/maps").splitlines() if "openblas" in line}:
        for name in (
            "scipy_openblas_get_corename64_",
            "scipy_openblas_get_corename",
            "openblas_get_corename",
        ):
            ask = getattr(ctypes.CDLL(path), name, None)
            if ask is not None:
                ask.restype = ctypes.c_char_p
                return str(ask().decode())
    return "an unknown core"


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError:
        return ""
