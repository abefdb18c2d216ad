"""The defects of kernel and printed C that a pack speaks of: a sample, planted on the project itself."""

import random
from concurrent.futures import Executor
from pathlib import Path
from typing import Any, TypeVar

from certification.evidence import NO_ATTACK
from certification.forgeries import Forgery
from controller.project import Project
from verification import kept
from verification.mutation.kernel import mutants
from verification.mutation.printed import of_c
from verification.mutation.run import Defect, counted, defects, judge_all, named, outside
from verification.proof import Progress

Kind = TypeVar("Kind", Defect, Forgery)
SAMPLE = 2  # of each class, unless all are asked for: about a minute on two processors
ALIVE = ("survived", "lost")
SEED = NO_ATTACK["seed"]  # of the sample that a pack speaks of
UNTIED = "REFERENCE"  # red where a project names none; then no defect is judged by it


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
    possible = possible_of(sources)
    results = judge_all(sample(possible, SEED), project.root, executor, work, progress)
    alive = [f"{r.word}: {r.name}" for r in results if r.word in ALIVE]
    return NO_ATTACK | {"possible": len(possible), "classes": counted(results), "survived": alive}


def possible_of(printed: dict[str, str]) -> list[Defect]:
    """All defects of the kernel here and of printed C."""
    return [*defects(mutants(kept.ROOT)), *of_c(printed)]


def sample(possible: list[Kind], seed: int, each: int = SAMPLE) -> list[Kind]:
    """Some of each class, in order; the same for the same seed."""
    draw = random.Random(seed)
    kinds = dict.fromkeys(d.kind for d in possible)
    drawn = {kind: [n for n, d in enumerate(possible) if d.kind == kind] for kind in kinds}
    chosen = sorted(n for places in drawn.values() for n in draw.sample(places, min(each, len(places))))
    return [possible[n] for n in chosen]
