"""Checks a pack again from its own files alone: digests, words, counts, traces, reports and proofs.

It can't know that an obligation says what its claim says, nor who wrote the pack: compare the pack's
digest with the one that its maker gave you.
"""

import json
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from certification import manifest as manifests
from certification.campaigns import campaigns
from certification.canonical import dump, listing_digest, load, sha256, sources_digest
from certification.evidence import SCHEMA, derive
from certification.models import Claim, parse
from certification.pack import partition
from certification.replay import replay_job
from certification.report.render import html, page_one, pdf, renderer_digest
from certification.results import read_junit
from certification.verdicts import faults, proved, replayable
from controller.errors import InputError

Progress = Callable[[int, int], None]
PAGE_ONE = re.compile(rb'<script type="application/json" id="page-one">(.*?)</script>', re.DOTALL)


def audit(pack: Path, progress: Progress | None = None, executor: Executor | None = None) -> dict[str, Any]:
    """The object that `audit --json` gives (schema/audit-1.json); its `status` is the exit status.

    0: nothing found; 1: `findings` says in one sentence each what is wrong, and in which file. Raises
    InputError (exit 2) where `pack` is no pack. progress(done, all) is called as proofs are replayed.
    """
    manifest, raw = _manifest(pack)
    findings = list(_digests(pack, manifest, raw))
    notes: list[str] = []
    report: dict[str, Any] = {"counts": [], "replayed": 0, "unsat": 0}
    try:
        evidence = _load(pack, "evidence.json")
        if evidence.get("schema") != SCHEMA:
            raise InputError(f"evidence.json: is no {SCHEMA}")
        findings += _derived(evidence)
        findings += _verdicts(evidence, manifest, notes)
        findings += _kernel(pack, evidence)
        findings += _sources(pack, evidence)
        findings += _reports(pack, evidence, manifest, notes)
        replays = list(_replay(pack, evidence, progress, executor))
        findings += [finding for finding in replays if finding]
        report = {
            "counts": evidence["counts"],
            "replayed": len(replays),
            "unsat": sum(1 for finding in replays if not finding),
        }
    except InputError as error:
        findings.append(str(error))
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        findings.append(f"evidence.json: its shape is broken ({type(error).__name__}: {error})")
    return {
        "schema": "seawall/audit/1",
        "pack": str(pack),
        "pack_digest": manifest.get("pack_digest", ""),
        "status": 1 if findings else 0,
        "findings": findings,
        "notes": notes,
        "files": len(manifest["files"]),
        **report,
    }


def _manifest(pack: Path) -> tuple[dict[str, Any], bytes]:
    """The manifest, as data and bytes. Raises InputError where there is none that can be read."""
    path = pack / manifests.NAME
    try:
        raw = path.read_bytes()
        data = load(raw)
    except OSError:
        raise InputError(f"{pack}: has no {manifests.NAME}, so it is no pack; give a pack's folder") from None
    except ValueError:
        raise InputError(f"{path}: is no JSON, so this is no evidence pack; get it again") from None
    if not isinstance(data, dict) or data.get("schema") != manifests.SCHEMA:
        raise InputError(f"{path}: is no {manifests.SCHEMA}; get the pack again")
    files = data.get("files")
    if not isinstance(files, dict) or not all(isinstance(digest, str) for digest in files.values()):
        raise InputError(f"{path}: lists no files; get the pack again")
    return data, raw


def _digests(pack: Path, manifest: dict[str, Any], raw: bytes) -> Iterator[str]:
    """The manifest against itself and against the files."""
    files, here = manifest["files"], manifests.files_in(pack)
    if dump(manifest) != raw:
        yield "manifest.json: its bytes are not in the form in which it was written"
    if manifest.get("pack_digest") != manifests.seal(manifest):
        yield "manifest.json: pack_digest does not fit the manifest"
    steady = manifests.deterministic(files)
    if manifest.get("deterministic") != steady:
        yield "manifest.json: the list of deterministic files is not the declared one"
    elif manifest.get("deterministic_digest") != listing_digest({path: files[path] for path in steady}):
        yield "manifest.json: deterministic_digest does not fit the files"
    for path in sorted({*files, *here}):
        if path not in here:
            yield f"{path}: is missing"
        elif path not in files:
            yield f"{path}: is not in the manifest"
        elif (pack / path).is_symlink():
            yield f"{path}: is a link"
        elif sha256((pack / path).read_bytes()) != files[path]:
            yield f"{path}: its SHA-256 is not the manifest's"


def _read(pack: Path, path: str) -> bytes:
    try:
        return (pack / path).read_bytes()
    except OSError:
        raise InputError(f"{path}: can't be read") from None


def _load(pack: Path, path: str) -> dict[str, Any]:
    try:
        data = load(_read(pack, path))
    except ValueError:
        raise InputError(f"{path}: is no JSON") from None
    if not isinstance(data, dict):
        raise InputError(f"{path}: is no JSON object")
    return data


def _derived(evidence: dict[str, Any]) -> Iterator[str]:
    """Counts, trace, assumptions and status, derived again."""
    for key, value in derive(evidence).items():
        if evidence.get(key) != value:
            yield f"evidence.json: {key} does not follow from the claims, tests and campaigns in it"


def _claims(evidence: dict[str, Any]) -> list[Claim]:
    return [parse(Claim, entry, "evidence.json: claims") for entry in evidence["claims"]]


def _verdicts(evidence: dict[str, Any], manifest: dict[str, Any], notes: list[str]) -> Iterator[str]:
    """Each word against its answers, and the proof files against those that claims name."""
    files, named = set(manifest["files"]), set()
    for claim in _claims(evidence):
        yield from faults(claim, files)
        named |= {*claim.evidence, *(answer.file for answer in claim.answers)}
        if proved(claim) and not replayable(claim):
            notes.append(f"{claim.id} rests on a computation that a pack can't repeat: {claim.method}")
        if claim.program_digest and claim.program_digest != evidence["program"]["digest"]:
            yield f"evidence.json: claim {claim.id} is about another program"
    for path in sorted(files):
        if path.startswith("proofs/"):
            if path not in named:
                yield f"{path}: no claim names it"
            if evidence.get("proofs", {}).get(path) != manifest["files"][path]:
                yield f"{path}: is not the file whose digest evidence.json holds"


def _kernel(pack: Path, evidence: dict[str, Any]) -> Iterator[str]:
    """The C in kernel/ against the digests that the proofs and the target name."""
    paths = sorted(path for path in (pack / "kernel").glob("*") if path.is_file())
    sources = {path.name: path.read_bytes().decode("utf-8", "replace") for path in paths}
    kernel, parameters = partition(sources)
    program = evidence["program"]
    for name, part in (("kernel_digest", kernel), ("parameter_digest", parameters)):
        digest = sources_digest(part)
        if not digest == evidence["kernel"][name] == program[name]:
            yield f"kernel/: {name} is not that of the proved program"
    if {name: sha256(text.encode()) for name, text in sources.items()} != evidence["kernel"]["files"]:
        yield "kernel/: its files are not those that evidence.json lists"


def _sources(pack: Path, evidence: dict[str, Any]) -> Iterator[str]:
    """The lists in evidence.json against the files that they were read from."""
    if (pack / "tests/junit.xml").is_file():
        tests = [test.model_dump() for test in read_junit(_read(pack, "tests/junit.xml"), "tests/junit.xml")]
        if tests != evidence["tests"]:
            yield "evidence.json: its tests are not those of tests/junit.xml"
    elif evidence["tests"]:
        yield "tests/junit.xml: is missing, yet evidence.json lists tests"
    if _load(pack, "hil/campaign.json") != evidence["hil"]:
        yield "hil/campaign.json: is not the campaign in evidence.json"
    measured = _load(pack, "hil/measured.json")
    words = [run.model_dump() for run in campaigns(evidence["hil"], measured, evidence["program"])]
    if words != evidence["campaigns"]:
        yield "evidence.json: the campaigns' verdicts do not follow from hil/"


def _reports(
    pack: Path, evidence: dict[str, Any], manifest: dict[str, Any], notes: list[str]
) -> Iterator[str]:
    """The data in the page, and both reports rendered again where the renderer is the same."""
    page = _read(pack, "index.html")
    found = PAGE_ONE.search(page)
    try:
        inside = json.loads(found.group(1)) if found else None
    except ValueError:
        inside = None
    if inside != page_one(evidence):
        yield "index.html: the counts and verdicts of page one are not those of evidence.json"
    if manifest.get("renderer") != renderer_digest():
        notes.append("the reports were made by another version of Seawall and were not rendered again")
        return
    shown = _load(pack, "hil/measured.json") | {"histogram": _load(pack, "hil/histogram.json")}
    if _rendered(lambda: html(evidence, shown)) != page:
        yield "index.html: is not what evidence.json and hil/ give"
    if manifest.get("typst") != version("typst"):
        notes.append("evidence.pdf was made by another version of typst and was not rendered again")
        return
    with tempfile.TemporaryDirectory() as folder:
        if _rendered(lambda: pdf(evidence, shown, Path(folder))) != _read(pack, "evidence.pdf"):
            yield "evidence.pdf: is not what evidence.json and hil/ give"


def _rendered(render: Callable[[], bytes]) -> bytes:
    """The report, or nothing: tampered data may fail in the renderers in any way."""
    try:
        return render()
    except Exception:
        return b""


def _replay(
    pack: Path, evidence: dict[str, Any], progress: Progress | None, executor: Executor | None
) -> Iterator[str]:
    """One finding, or "" where all is well, for each obligation recorded as unsat by the second solver."""
    jobs = []
    for claim in _claims(evidence):
        for answer in claim.answers:
            path = pack / answer.file
            if answer.replay == "unsat" and path.resolve().is_relative_to(pack.resolve()) and path.is_file():
                text = path.read_bytes().decode("utf-8", "replace")
                jobs.append((answer.file, answer.main, answer.replay_solver, text))
    own = None
    if executor is None and jobs:
        own = executor = ProcessPoolExecutor(min(len(jobs), os.cpu_count() or 1), get_context("spawn"))
    try:
        results = executor.map(replay_job, jobs) if executor else []
        for done, (file, said, rest) in enumerate(results, 1):
            if progress:
                progress(done, len(jobs))
            if said != "unsat":
                yield f"{file}: the second solver answers {said}, not unsat"
            elif rest == "unsat":
                yield f"{file}: its assumptions contradict each other, so that it proves nothing"
            else:
                yield ""
    finally:
        if own:
            own.shutdown(cancel_futures=True)
