"""What `run` may know cheaply of a network: whether this code has proved it in this folder.

A record is kept beside the proofs' answers, by the digests of the printed kernel, of all parameters (weights,
limits, times), of the reference, and of the code that proves: a change in any of these makes another name.
It is believed as they are.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from controller.native.bundle import digest, kernel_sources, parameter_sources
from controller.project import Project
from verification import kept

FOLDER = "proved"
NEEDED = ("STATE-BOUNDS", "OUTPUT-BOUNDS", "FINITE", "C-EQUALS-PYTHON", "C-PARAMETERS")


@contextmanager
def recorded(work: Path, project: Project) -> Iterator[list[dict[str, Any]]]:
    """Keep the words of the claims that are put into the list, unless the code was changed meanwhile."""
    code = kept.code_digest()
    claims: list[dict[str, Any]] = []
    yield claims
    if kept.code_digest() == code:
        name = _name(project, code)
        words = _words(work, name) | {claim["id"]: claim["word"] for claim in claims}
        kept.put(work / FOLDER / f"{name}.json", name, words)


def doubt(work: Path, project: Project) -> str:
    """Why the network is not known to be proved, in one sentence, or ""; it says what was looked at."""
    place, name = work / FOLDER, _name(project, kept.code_digest())
    words, mend = _words(work, name), f"seawall verify {project.root}"
    bad = next((claim for claim, word in words.items() if word in ("OPEN", "REFUTED")), None)
    if bad:
        return f"not all of this network is shown: {place} records that {bad} is {words[bad]}; see {mend}"
    if not {*NEEDED} <= words.keys():
        what = "holds no record that these very weights and settings were proved with this very code"
        return f"this network is not known to be proved: {place} {what}; run {mend}"
    return ""


def _name(project: Project, code: str) -> str:
    kernel, parameters = kernel_sources(project.sizes), parameter_sources(project.law)
    told = project.config.controller
    tie = [told.reference_tolerance, _digest(project.root / told.reference)] if told.reference else []
    return kept.key(digest(kernel), digest(parameters), tie, code, kept.environment())


def _digest(path: Path) -> str:
    """Of a file's bytes; "" where there is none to read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
    except OSError:
        return ""


def _words(work: Path, name: str) -> dict[str, str]:
    found = kept.get(work / FOLDER / f"{name}.json", name)
    whole = isinstance(found, dict) and all(isinstance(word, str) for word in found.values())
    return found if whole else {}
