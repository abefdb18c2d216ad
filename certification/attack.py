"""Defects planted in what a pack holds, and which claim turns red: how much the claims would miss.

The kernel's Python is changed as a slip would change it, and judged on the pack's own project; the printed C
likewise; what the pack says is forged, and audited. The claims stop at the first that is not shown. A class
says how many were tried: those that the language refuses, and those that give the same program node for node,
are no defects.
"""

import random
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from certification import manifest as manifests
from certification.about import NETWORK, REFERENCE, parsed
from certification.evidence import NO_ATTACK
from certification.forgeries import Forgery, forgeries
from certification.planted import judge_forgeries
from controller.errors import InputError
from controller.native.bundle import kernel_sources, parameter_sources
from controller.project import FILE_NAME, Project, load
from verification import kept
from verification.mutation import patch as patches
from verification.mutation.kernel import mutants
from verification.mutation.printed import of_c
from verification.mutation.run import Defect, Result, counted, defects, judge_all, named, outside
from verification.proof import Progress

Kind = TypeVar("Kind", Defect, Forgery)
SCHEMA = "seawall/attack/1"
ALIVE = ("survived", "lost")
SEED = NO_ATTACK["seed"]  # of the sample that a pack speaks of
UNTIED = "REFERENCE"  # red where a project names none; then no defect is judged by it
SAMPLE = 2  # of each class, unless all are asked for: about a minute on two processors
MOST_BYTES = 1 << 28


def table(
    project: Project,
    claims: list[dict[str, Any]],
    sources: dict[str, str],
    executor: Executor,
    work: Path,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """`attack` of the evidence: what became of the defects of a sample, planted in a project's own kernel.

    claims: on the sound kernel; sources: its printed C by file; work: where answers are kept.
    """
    red = [claim["id"] for claim in claims if claim["word"] in ("OPEN", "REFUTED") and claim["id"] != UNTIED]
    if red:
        return NO_ATTACK | {"why": f"{red[0]} is red without one"}
    if any(outside(name) for name in named(project.config)):
        return NO_ATTACK | {"why": "a file of the project lies outside its folder"}
    possible = _possible(sources)
    results = judge_all(sample(possible, SEED), project.root, executor, work, progress)
    alive = [f"{r.word}: {r.name}" for r in results if r.word in ALIVE]
    return NO_ATTACK | {"possible": len(possible), "classes": counted(results), "survived": alive}


def _possible(printed: dict[str, str]) -> list[Defect]:
    """All defects of the kernel here and of printed C."""
    return [*defects(mutants(kept.ROOT)), *of_c(printed)]


def attack(
    pack: Path,
    executor: Executor,
    work: Path,
    every: bool = False,
    seed: int = 0,
    patch: Path | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """The object that `attack --json` gives (schema/attack-1.json); its `status` is the exit status.

    0: all that was tried turned a claim red; 1: a defect survived, and is named; 3: a judge gave no answer.
    every: all defects, not a sample by seed; patch: a unified diff instead. work: where answers are kept.
    Raises InputError where `pack` is no pack of this Seawall, or `patch` does not fit.
    """
    with _project(pack) as place:
        printed = _printed(pack, place)
        own = patches.read(patch, kept.ROOT, printed) if patch else None
        possible = [own] if own else _possible(printed)
        planted = possible if every or own else sample(possible, seed)
        results = judge_all(planted, place, executor, work, progress)
    forged = [] if own else forgeries(pack)
    chosen = forged if every else sample(forged, seed, 1)
    results += judge_forgeries(pack, chosen, executor, progress) if chosen else []
    return report(pack, results, len(possible) + len(forged), None if every or own else seed, own is not None)


def sample(possible: list[Kind], seed: int, each: int = SAMPLE) -> list[Kind]:
    """Some of each class, in order; the same for the same seed."""
    draw = random.Random(seed)
    kinds = dict.fromkeys(d.kind for d in possible)
    drawn = {kind: [n for n, d in enumerate(possible) if d.kind == kind] for kind in kinds}
    chosen = sorted(n for places in drawn.values() for n in draw.sample(places, min(each, len(places))))
    return [possible[n] for n in chosen]


def report(pack: Path, results: list[Result], possible: int, seed: int | None, own: bool) -> dict[str, Any]:
    """What became of the defects, a row a class."""
    words = {r.word for r in results}
    alive = [r for r in results if r.word in ALIVE]
    shown = results if own else alive
    return {
        "schema": SCHEMA,
        "pack": str(pack),
        "pack_digest": manifests.seal(_manifest(pack)),
        "code_digest": kept.code_digest(),
        "possible": possible,
        "seed": seed,
        "classes": counted(results),
        "defects": [
            {"class": r.kind, "name": r.name, "word": r.word, "claim": r.claim, "reason": r.reason}
            for r in shown
        ],
        "status": 1 if "survived" in words else 3 if "lost" in words else 0,
    }


def _manifest(pack: Path) -> dict[str, Any]:
    from certification.canonical import load as read

    try:
        data = read(_bytes(pack, manifests.NAME))
    except ValueError:
        data = None
    if not isinstance(data, dict) or data.get("schema") != manifests.SCHEMA:
        raise InputError(f"{pack}: is no {manifests.SCHEMA}; give a pack's folder")
    return data


def _bytes(pack: Path, name: str) -> bytes:
    try:
        with (pack / name).open("rb") as stream:
            return stream.read(MOST_BYTES)
    except OSError as fault:
        raise InputError(f"{pack}: {name} can't be read ({fault.strerror}); give a pack's folder") from None


@contextmanager
def _project(pack: Path) -> Iterator[Path]:
    """A folder with the project of a pack, its files named as it names them. Raises InputError."""
    _manifest(pack)
    config = _bytes(pack, f"project/{FILE_NAME}")
    files = dict(zip(named(parsed(config)), (NETWORK, REFERENCE), strict=False))
    if any(outside(name) for name in files):
        raise InputError(
            f"project/{FILE_NAME}: a file lies outside the project, so it is of no pack; get it again"
        )
    with TemporaryDirectory(prefix="seawall-attack-") as folder:
        (Path(folder) / FILE_NAME).write_bytes(config)
        for name, as_packed in files.items():
            (Path(folder) / name).parent.mkdir(parents=True, exist_ok=True)
            (Path(folder) / name).write_bytes(_bytes(pack, f"project/{as_packed}"))
        yield Path(folder)


def _printed(pack: Path, place: Path) -> dict[str, str]:
    """The C of a pack, which must be what this Seawall prints of its project. Raises InputError."""
    given = load(place)
    printed = kernel_sources(given.sizes) | parameter_sources(given.law)
    for name, text in printed.items():
        if _bytes(pack, f"kernel/{name}") != text.encode():
            raise InputError(
                f"{pack}: kernel/{name} is not what this Seawall prints; attack it with the one that did"
            )
    return printed
