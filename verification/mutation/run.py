"""Many defects before the claims: in batches over an executor's processes, what is known left out."""

import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Executor, as_completed
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from controller.config import Config
from controller.project import FILE_NAME, load
from controller.reference import load_reference
from verification import kept
from verification.flight import Flight
from verification.mutation.judge import identity
from verification.mutation.kernel import FOLDER, sources
from verification.mutation.operators import Mutant
from verification.proof import Progress

BATCH = 8  # defects that one process judges: it needs a second to start
LIMIT_S = 600  # after which a defect counts as lost: nothing is claimed of it
FINAL = ("killed", "refused", "same")  # words that are kept: a survivor is asked about again


@dataclass(frozen=True)
class Defect:
    """What is planted: files of the code, or of the printed C, that read otherwise; its class and name."""

    kind: str
    name: str
    files: dict[str, str] = field(default_factory=dict)
    printed: dict[str, str] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """Names it."""
        return kept.key(self.files, self.printed)


@dataclass(frozen=True)
class Result:
    """What became of one: see judge.py; seconds is how long it took."""

    kind: str
    name: str
    word: str
    claim: str
    reason: str
    seconds: float


def defect(mutant: Mutant, text: str) -> Defect:
    """A mutant as what is planted; text: its file's."""
    return Defect(mutant.operator, mutant.name, {f"{FOLDER}/{mutant.file}": mutant.apply(text)})


def defects(mutants: list[Mutant], root: Path = kept.ROOT) -> list[Defect]:
    """The same for many."""
    texts = sources(root)
    return [defect(m, texts[m.file]) for m in mutants]


def judge_all(
    planted: list[Defect],
    project: Path,
    executor: Executor,
    work: Path,
    progress: Progress | None = None,
    limit_s: int = LIMIT_S,
) -> list[Result]:
    """What becomes of each, in order, in the project of a folder; work: where answers and words are kept."""
    given = load(project)
    same = identity(Flight(given.law, given.sizes).programs)
    load_reference(given)  # a fault in it is told here, not by every defect
    names = (FILE_NAME, *named(given.config))
    texts = {name: (project / name).read_text(encoding="utf-8") for name in names}
    about = kept.key(texts, kept.code_digest(), kept.environment())
    known = {d.digest: kept.get(_place(work, about, d), kept.key(about, d.digest)) for d in planted}
    new = [d for d in planted if not known[d.digest]]
    batches = [new[i : i + BATCH] for i in range(0, len(new), BATCH)]
    waiting = {executor.submit(judge_batch, b, texts, same, work / "answers", limit_s): b for b in batches}
    done = len(planted) - len(new)
    for future in as_completed(waiting):
        for one, said in zip(waiting[future], future.result(), strict=True):
            known[one.digest] = said
            if said["word"] in FINAL:
                kept.put(_place(work, about, one), kept.key(about, one.digest), said)
        done += len(waiting[future])
        if progress:
            progress("defects", done, len(planted))
    return [Result(d.kind, d.name, **known[d.digest]) for d in planted]


def named(config: Config) -> list[str]:
    """The files that a project names: its network and, where there is one, its reference."""
    told = config.controller
    return [told.network, *([told.reference] if told.reference else [])]


def outside(name: str) -> bool:
    """Whether a file may lie outside the folder that names it; no defect is planted in such a project."""
    return Path(name).is_absolute() or ".." in Path(name).parts


def judge_batch(
    batch: list[Defect], texts: dict[str, str], same: str, answers: Path, limit_s: int
) -> list[dict[str, Any]]:
    """What a process of its own says of some; texts: the project's files."""
    tasks = [{"files": d.files, "printed": d.printed, "same": same} for d in batch]
    lines = "".join(json.dumps(task) + "\n" for task in tasks)
    with _folder(texts) as project:
        args = [kept.ROOT, project, answers, limit_s]
        command = [sys.executable, "-m", "verification.mutation.worker", *map(str, args)]
        ran = subprocess.run(command, input=lines, capture_output=True, text=True, check=False)
    said = [json.loads(line) for line in ran.stdout.splitlines()]
    if len(said) != len(batch):
        raise RuntimeError(f"the judge of defects ended early: {ran.stderr.strip()[-500:]}")
    return said


@contextmanager
def _folder(texts: dict[str, str]) -> Iterator[Path]:
    with TemporaryDirectory(prefix="seawall-project-") as name:
        project = Path(name) / "project"
        for file, text in texts.items():
            (project / file).parent.mkdir(parents=True, exist_ok=True)
            (project / file).write_text(text, encoding="utf-8")
        yield project


def _place(work: Path, about: str, one: Defect) -> Path:
    return work / "defects" / f"{kept.key(about, one.digest)}.json"


def counted(results: list[Result]) -> list[dict[str, Any]]:
    """A row for each class: how many were tried (not refused, not the same), and which claims killed them."""
    rows = []
    for kind in dict.fromkeys(r.kind for r in results):
        mine = [r for r in results if r.kind == kind]
        words = {
            word: sum(r.word == word for r in mine)
            for word in ("killed", "survived", "lost", "refused", "same")
        }
        claims = [r.claim for r in mine if r.word == "killed"]
        by = {
            claim: claims.count(claim) for claim in sorted(set(claims), key=lambda c: (-claims.count(c), c))
        }
        tried = words["killed"] + words["survived"] + words["lost"]
        rows.append({"class": kind, "planted": len(mine), "tried": tried, **words, "claims": by})
    return rows


def as_dicts(results: list[Result]) -> list[dict[str, Any]]:
    """Plain data."""
    return [asdict(r) for r in results]
