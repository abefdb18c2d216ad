"""Forgeries of a pack made, as whoever can write to it would make them, and audited.

What derives from the change is derived again, both reports are rendered again, the manifest is sealed. In
place of the solvers stand the answers that the sound pack holds: what these would not find is not found here.
"""

import json
import shutil
from collections.abc import Callable
from concurrent.futures import Executor, Future, as_completed
from contextlib import suppress
from copy import deepcopy
from dataclasses import fields, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from certification import manifest as manifests
from certification.about import DIGESTS, described, parsed
from certification.audit import audit
from certification.campaigns import campaigns
from certification.canonical import dump, sha256, sources_digest
from certification.evidence import about_run, derive, of_suite
from certification.forgeries import CAMPAIGN, EVIDENCE, HISTOGRAM, MEASURED, Forgery
from certification.pack import SUITE_NAME, partition
from certification.project_tests import results
from certification.report.render import html, pdf
from certification.suite import parse as parse_suite
from controller.errors import InputError
from controller.project import FILE_NAME, Project
from verification.mutation.judge import Here
from verification.mutation.run import Result
from verification.proof import Answer, Progress, ask
from verification.verdict import Pending
from verification.verify import Asked, asked


class Recorded(Here):
    """An executor that gives what a pack says that both solvers said, and runs all else here."""

    def __init__(self, evidence: dict[str, Any]) -> None:
        kept = {field.name for field in fields(Answer)}
        rows = [row for claim in evidence["claims"] for row in claim["answers"]]
        self.said = {r["obligation"]: Answer(**{k: v for k, v in r.items() if k in kept}) for r in rows}

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """The finished result."""
        if fn is not ask:
            return super().submit(fn, *args, **kwargs)
        o = args[0]
        unknown = Answer(o.name, f"proofs/{o.name}.smt2", o.main, "unknown", o.replay, "")
        return super().submit(lambda: deepcopy(self.said.get(o.name, unknown)))


class Once:
    """Claims as asked() makes them, made once for the same files and the same C."""

    def __init__(self) -> None:
        self.made: dict[tuple[str, ...], Asked] = {}

    def __call__(self, project: Project, sources: dict[str, str] | None = None) -> Asked:
        """Claims of its own: an audit writes into them."""
        name = project.config.controller.reference
        tie = (project.root / name).read_bytes() if name else b""
        key = project.config_digest, project.network_digest, sha256(tie), json.dumps(sources, sort_keys=True)
        if key not in self.made:
            self.made[key] = asked(project, sources)
            _ = self.made[key].decided
        made = self.made[key]
        again = replace(made, pending=[Pending(deepcopy(p.verdict), p.obligations) for p in made.pending])
        again.decided = deepcopy(made.decided)
        return again


ONCE = Once()  # of this process


def judge_forgery(pack: Path, one: Forgery | None) -> list[str]:
    """What an audit finds of a copy with the forgery; of the pack as it is without."""
    solvers = Recorded(json.loads((pack / EVIDENCE).read_bytes()))
    with TemporaryDirectory(prefix="seawall-forged-") as folder:
        place = Path(folder) / "pack"
        shutil.copytree(pack, place)
        if one:
            forge(place, one)
        found = audit(place, executor=solvers, make=ONCE)["findings"]
    return list(map(str, found))


def forge(pack: Path, one: Forgery) -> None:
    """Make it, and all that derives from it."""
    _put(pack, one)
    evidence, measured = _again(pack)
    _write(pack, EVIDENCE, evidence)
    _write(pack, MEASURED, measured)
    if one.way and one.path in (
        EVIDENCE,
        MEASURED,
    ):  # where it derives from others, it is forged all the same
        _put(pack, one)
        evidence = json.loads((pack / EVIDENCE).read_bytes())
    shown = json.loads((pack / MEASURED).read_bytes())
    shown |= {"histogram": json.loads((pack / HISTOGRAM).read_bytes())}
    with suppress(KeyError):  # what can't be rendered leaves the old reports there
        if one.path != "index.html":
            (pack / "index.html").write_bytes(html(evidence, shown))
        if one.path != "evidence.pdf":
            (pack / "evidence.pdf").write_bytes(pdf(evidence, shown, pack.parent / "typst"))
    told = json.loads((pack / manifests.NAME).read_bytes())
    sealed = manifests.make(pack, {key: told[key] for key in manifests.ABOUT})
    if one.path == manifests.NAME:
        sealed[str(one.way[0])] = one.value
        sealed["pack_digest"] = manifests.seal(sealed)
    _write(pack, manifests.NAME, sealed)


def _put(pack: Path, one: Forgery) -> None:
    """The bytes of its file."""
    if not one.way and one.data is None:
        (pack / one.path).unlink()
    elif not one.way:
        (pack / one.path).write_bytes(one.data or b"")
    elif one.path != manifests.NAME:
        whole: Any = json.loads((pack / one.path).read_bytes())
        place = whole
        for key in one.way[:-1]:
            place = place[key]
        place[one.way[-1]] = one.value
        _write(pack, one.path, whole)


def _write(pack: Path, path: str, data: Any) -> None:
    (pack / path).write_bytes(dump(data))


def _again(pack: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """evidence.json and hil/measured.json as they follow from all other files and from what they say."""
    evidence, measured = (json.loads((pack / path).read_bytes()) for path in (EVIDENCE, MEASURED))
    files = {path: (pack / path).read_bytes() for path in manifests.files_in(pack)}
    sources = {p.removeprefix("kernel/"): d.decode() for p, d in files.items() if p.startswith("kernel/")}
    for key, part in zip(("kernel_digest", "parameter_digest"), partition(sources), strict=True):
        evidence["kernel"][key] = evidence["program"][key] = sources_digest(part)
    evidence["kernel"]["files"] = {name: sha256(text.encode()) for name, text in sources.items()}
    evidence["proofs"] = {path: sha256(data) for path, data in files.items() if path.startswith("proofs/")}
    for claim in evidence["claims"]:
        claim["answers"] = [a for a in claim["answers"] if a["file"] in files]
        claim["evidence"] = [path for path in claim["evidence"] if path in files]
        if claim["program_digest"]:
            claim["program_digest"] = evidence["program"]["digest"]
    told = evidence["project"]
    told |= {key: sha256(files[f"project/{n}"]) for n, key in DIGESTS.items() if f"project/{n}" in files}
    with suppress(InputError, KeyError):  # no project at all: then it says what it said
        told |= described(parsed(files[f"project/{FILE_NAME}"]))
    evidence["hil"] = json.loads(files[CAMPAIGN])
    evidence["tests"] = [t.model_dump() for t in results(_reports(files))]
    suite = parse_suite(files[SUITE_NAME], SUITE_NAME) if SUITE_NAME in files else None
    evidence["suite"], measured["suite"] = of_suite(suite), about_run(suite)
    runs = campaigns(evidence["hil"], measured, evidence["program"])
    evidence["campaigns"] = [run.model_dump() for run in runs]
    with suppress(KeyError):  # what names nothing can't be traced
        evidence |= derive(evidence)
    again: dict[str, Any] = json.loads(dump(evidence))
    return again, measured


def _reports(files: dict[str, bytes]) -> dict[str, bytes]:
    return {path: data for path, data in files.items() if manifests.REPORTS.fullmatch(path)}


def judge_forgeries(
    pack: Path, planted: list[Forgery], executor: Executor, progress: Progress | None = None
) -> list[Result]:
    """What became of each: killed where the audit finds more than in the pack as it is."""
    waiting = [executor.submit(judge_forgery, pack, one) for one in (None, *planted)]
    if progress:
        for done, _ in enumerate(as_completed(waiting)):
            progress("forgeries", done, len(planted))
    before, *found = [set(future.result()) for future in waiting]
    results = []
    for one, now in zip(planted, found, strict=True):
        new = sorted(now - before)
        word, claim = ("killed", "the audit") if new else ("survived", "")
        results.append(Result(one.kind, one.name, word, claim, new[0] if new else "no solver was asked", 0.0))
    return results
