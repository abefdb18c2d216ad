"""The measure: of the systematic mutants of the kernel, how many the claims alone refuse.

A seeded sample here; all of them with `make soak`, over a Dask cluster where SEAWALL_SCHEDULER names one.
"""

import os
import random
import tomllib
from pathlib import Path

import pytest

from certification.workers import executors, workers
from tests.mutants import sixteen
from tests.mutants.subject import subject
from verification import kept
from verification.mutation.kernel import mutants
from verification.mutation.run import Defect, Result, counted, defects, judge_all

SEED, SAMPLE = 8, 4
LEAST, SHARE = 400, 0.99  # mutants that are tried, and how many of them a claim refuses
LISTED = Path(__file__).with_name("survivors.toml")


def reasons() -> dict[str, str]:
    """Why each survivor is no bug, by its name."""
    rows = tomllib.loads(LISTED.read_text(encoding="utf-8")).get("survivor", [])
    found = {row["name"]: row["why"] for row in rows}
    assert len(found) == len(rows) and all(why.endswith(".") for why in found.values())
    return found


def nameless(name: str) -> str:
    """A mutant's name without its line, so that an edit above it does not rename it."""
    place, _, rest = name.partition(":")
    return f"{place} {rest.partition(' ')[2]}"


def judged(planted: list[Defect], folder: Path) -> list[Result]:
    """What becomes of each; nothing is kept."""
    project = subject(folder / "project")
    with workers(2) as executor:
        return judge_all(planted, project, executor, folder / "work")


def unexpected(results: list[Result]) -> list[str]:
    """Survivors that are not listed, listed ones that a claim refuses, and claims that break on a mutant."""
    listed, alive = reasons(), [r for r in results if r.word in ("survived", "lost")]
    unlisted = [f"{r.word}: {r.name}" for r in alive if nameless(r.name) not in listed]
    dead = [r for r in results if r.word == "killed" and nameless(r.name) in listed]
    broken = [f"{r.name}: {r.reason}" for r in results if r.claim == "CRASH"]
    return unlisted + broken + [f"listed, and refused by {r.claim}: {r.name}" for r in dead]


def test_each_survivor_is_a_mutant() -> None:
    """A name in the list that is none is an old one."""
    assert reasons().keys() <= {nameless(m.name) for m in mutants(kept.ROOT)}


def test_a_sample_of_the_mutants_is_refused(tmp_path: Path) -> None:
    """Of those that are not listed, by one process."""
    listed = reasons()
    possible = [d for d in defects(mutants(kept.ROOT)) if nameless(d.name) not in listed]
    results = judged(random.Random(SEED).sample(possible, SAMPLE), tmp_path)
    assert unexpected(results) == [] and any(r.word == "killed" for r in results)


def test_the_kernel_with_sixteen_bugs_is_refused(tmp_path: Path) -> None:
    """All at once; each alone is the soak's."""
    (result,) = judged([sixteen.planted()], tmp_path)
    assert result.word == "killed" and result.claim


@pytest.mark.soak
def test_each_of_the_sixteen_bugs_is_refused(tmp_path: Path) -> None:
    results = judged([sixteen.planted(bug["name"]) for bug in sixteen.BUGS], tmp_path)
    assert len(results) == 16
    assert [(r.name, r.word) for r in results if r.word != "killed"] == []


@pytest.mark.soak
def test_the_claims_refuse_the_mutants(tmp_path: Path) -> None:
    """All of them; the table is printed, and what was judged is kept for a run that was stopped."""
    project, work = subject(tmp_path / "project"), Path("build/mutants")
    with executors(os.environ.get("SEAWALL_SCHEDULER")) as executor:
        results = judge_all(defects(mutants(kept.ROOT)), project, executor, work)
    rows = counted(results)
    for row in rows:
        print(row)
    tried, killed = (sum(row[key] for row in rows) for key in ("tried", "killed"))
    assert unexpected(results) == []
    assert tried >= LEAST and killed >= SHARE * tried
