"""The C sources of a project: kernel.h, kernel.c, scalar.h, parameters.c, with their digests."""

import hashlib
from pathlib import Path

from controller.kernel.records import Law
from controller.kernel.step import receive, reset, step
from controller.native.emit import print_kernel
from controller.native.types import declare_structs, initialiser

NOTE = "/* Printed from the Python kernel by Seawall. Do not edit: the proof names the digest. */\n"


def kernel_sources(sizes: dict[str, int]) -> dict[str, str]:
    """The kernel for these sizes: file name to text. It does not depend on any weight."""
    prototypes, functions = print_kernel([reset, receive, step])
    header = (
        f"{NOTE}#ifndef SEAWALL_KERNEL_H\n#define SEAWALL_KERNEL_H\n\n#include <stdint.h>\n\n"
        f"{declare_structs(sizes)}\n{prototypes}\n#endif\n"
    )
    source = f'{NOTE}#include "kernel.h"\n#include "scalar.h"\n\n{functions}'
    words = Path(__file__).with_name("scalar.h").read_text(encoding="utf-8")
    return {"scalar.h": words, "kernel.h": header, "kernel.c": source}


def parameter_sources(law: Law) -> dict[str, str]:
    """The parameter table in hex floats, and its declaration."""
    declaration = "extern const sw_Law seawall_law;\n"
    header = (
        f"{NOTE}#ifndef SEAWALL_PARAMETERS_H\n#define SEAWALL_PARAMETERS_H\n\n"
        f'#include "kernel.h"\n\n{declaration}\n#endif\n'
    )
    source = f'{NOTE}#include "parameters.h"\n\nconst sw_Law seawall_law = {initialiser(law)};\n'
    return {"parameters.h": header, "parameters.c": source}


def digest(sources: dict[str, str]) -> str:
    """SHA-256 over names and texts, in order of name."""
    sha = hashlib.sha256()
    for name in sorted(sources):
        sha.update(f"{name}\0{sources[name]}\0".encode())
    return sha.hexdigest()
