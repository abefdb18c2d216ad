"""Checks a pack again from its own files alone: digests, words, counts, traces, reports and proofs.

Whoever can write to a pack can make it again, seal included, as they like it, and only the pack's digest
tells: compare it with the one that its maker gave you, by another way than the pack came. So remade, these
can be changed unseen: what a claim, an assumption or a bound says; an obligation, for another that is unsat;
the answer of the first solver; the words CONFIRMED, EXHAUSTED and SEARCHED, and each PROVED of the notes; the
tests' outcomes, and which tests they were; every number of the campaign, as long as counts, limits and
histograms agree; the digests of the code; the machine; names and dates. Where those digests are not this
code's, which is noted, so can what is derived from the project's files, which claims and requirements there
are, and both reports. Not so a false obligation, a word without its answers, a sum or a trace that does not
follow from the rest, or C that is not the C of the program digest.
"""

import json
import re
import stat
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor
from contextlib import nullcontext, suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

from certification import maker
from certification import manifest as manifests
from certification.campaigns import campaigns
from certification.canonical import dump, listing_digest, load, sha256, sources_digest
from certification.code import installed_of
from certification.derived import counted, project_findings
from certification.evidence import SCHEMA, about_run, derive, of_suite
from certification.models import Claim, parse
from certification.pack import SUITE_NAME, partition
from certification.project_tests import results
from certification.replay import replay_job
from certification.report.glyphs import for_browser
from certification.report.render import html, page_one, pdf, renderer_digest
from certification.requirements import OWN
from certification.suite import parse as parse_suite
from certification.verdicts import faults, proved, replayable
from certification.workers import workers
from controller.errors import InputError

Progress = Callable[[int, int], None]
MOST_BYTES = 1 << 28
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
        findings += _named(evidence, manifest)
        findings += _derived(evidence)
        rows = evidence["trace"]["requirements"]
        for source, whose in (("project", "of the project"), (OWN, "of Seawall itself")):
            ends = [row["status"] for row in rows if row["source"] == source]
            shown = ends.count("shown")
            notes.append(f"the pack itself says that {shown} of {len(ends)} requirements {whose} are shown")
        findings += _verdicts(evidence, manifest, notes)
        findings += _kernel(pack, evidence, manifest)
        findings += project_findings(pack, evidence, lambda path: _read(pack, path), notes)
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
        findings += [str(error)] if str(error) not in findings else []
    except BrokenExecutor:
        findings.append("proofs/: a solver broke down on one of the files")
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        findings.append(f"evidence.json: its shape is broken ({type(error).__name__}: {error})")
    return {
        "schema": "seawall/audit/1",
        "pack": str(pack),
        "pack_digest": manifests.seal(manifest),
        "status": 1 if findings else 0,
        # A pack's texts can't clear a terminal or write lines of their own.
        "findings": [for_browser(finding) for finding in findings],
        "notes": [for_browser(note) for note in notes],
        "files": len(manifest["files"]),
        **report,
    }


def _manifest(pack: Path) -> tuple[dict[str, Any], bytes]:
    """The manifest, as data and bytes. Raises InputError where there is none that can be read."""
    path = pack / manifests.NAME
    if not path.exists():
        raise InputError(f"{pack}: has no {manifests.NAME}, so it is no pack; give a pack's folder")
    try:
        raw = _read(pack, manifests.NAME)
        data = load(raw)
    except InputError as fault:
        raise InputError(f"{pack}: {fault}; get the pack again") from None
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
        elif not manifests.has_place(path):
            yield f"{path}: is no part of a pack"
        else:
            try:
                if sha256(_read(pack, path)) != files[path]:
                    yield f"{path}: its SHA-256 is not the manifest's"
            except InputError as fault:
                yield str(fault)


def _read(pack: Path, path: str) -> bytes:
    """A file of the pack. Raises InputError on a link, a pipe or a device, and on more than it may hold."""
    place = pack / path
    try:
        status = place.lstat()
        if stat.S_ISLNK(status.st_mode) or not place.resolve().is_relative_to(pack.resolve()):
            raise InputError(f"{path}: is a link")
        if not stat.S_ISREG(status.st_mode):
            raise InputError(f"{path}: is no plain file")
        if status.st_size > MOST_BYTES:
            raise InputError(f"{path}: has {status.st_size:,} bytes, more than any file of a pack")
        return place.read_bytes()
    except (OSError, ValueError) as fault:
        raise InputError(f"{path}: can't be read ({getattr(fault, 'strerror', None) or fault})") from None


def _load(pack: Path, path: str) -> dict[str, Any]:
    try:
        data = load(_read(pack, path))
    except ValueError:
        raise InputError(f"{path}: is no JSON") from None
    if not isinstance(data, dict):
        raise InputError(f"{path}: is no JSON object")
    return data


def _named(evidence: dict[str, Any], manifest: dict[str, Any]) -> Iterator[str]:
    """What the manifest says of itself, no more and nothing else than evidence.json."""
    about = {"project": evidence["project"]["name"], "seawall": evidence["seawall"]["version"]}
    for key in sorted(manifest.keys() ^ manifests.KEYS):
        yield f"manifest.json: {key} {'is no part of it' if key in manifest else 'is missing'}"
    for key, value in about.items():
        if manifest.get(key) != value:
            yield f"manifest.json: its {key} is {manifest.get(key)!r}, and that of evidence.json {value!r}"


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
    runs = sum(claim.word in ("CONFIRMED", "EXHAUSTED", "SEARCHED") for claim in _claims(evidence))
    notes.append(
        f"{runs} claims by search or enumeration, {len(evidence['tests'])} tests of the project and the "
        "campaigns are what their maker's runs gave; a pack can't repeat them"
    )
    notes.append(
        f"{evidence['suite']['cases']:,} tests of Seawall itself ran on the code whose digests {SUITE_NAME} "
        "holds; that this code gave the claims is their maker's word"
    )
    for path in sorted(files):
        if path.startswith("proofs/"):
            if path not in named:
                yield f"{path}: no claim names it"
            if evidence.get("proofs", {}).get(path) != manifest["files"][path]:
                yield f"{path}: is not the file whose digest evidence.json holds"


def _kernel(pack: Path, evidence: dict[str, Any], manifest: dict[str, Any]) -> Iterator[str]:
    """The C in kernel/ against the digests that the proofs and the target name."""
    names = [path.removeprefix("kernel/") for path in manifest["files"] if path.startswith("kernel/")]
    sources = {name: _read(pack, f"kernel/{name}").decode("utf-8", "replace") for name in sorted(names)}
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
    reports = [path for path in manifests.files_in(pack) if manifests.REPORTS.fullmatch(path)]
    tests = [test.model_dump() for test in results({path: _read(pack, path) for path in reports})]
    if tests != evidence["tests"]:
        yield f"evidence.json: its tests are not those of {', '.join(reports) or 'any file in tests/'}"
    yield from _suite(pack, evidence)
    if _load(pack, "hil/campaign.json") != evidence["hil"]:
        yield "hil/campaign.json: is not the campaign in evidence.json"
    measured = _load(pack, "hil/measured.json")
    words = [run.model_dump() for run in campaigns(evidence["hil"], measured, evidence["program"])]
    if words != evidence["campaigns"]:
        yield "evidence.json: the campaigns' verdicts do not follow from hil/"
    for sentence in counted(evidence["hil"], measured, _load(pack, "hil/histogram.json")):
        yield f"hil/measured.json: {sentence}"


def _suite(pack: Path, evidence: dict[str, Any]) -> Iterator[str]:
    """The result of Seawall's own tests: what evidence.json takes from it, and the code that it speaks of."""
    there = (pack / SUITE_NAME).exists()
    suite = parse_suite(_read(pack, SUITE_NAME), SUITE_NAME) if there else None
    if of_suite(suite) != evidence["suite"]:
        yield f"evidence.json: its tests of Seawall are not those of {SUITE_NAME}"
    if about_run(suite) != _load(pack, "hil/measured.json").get("suite"):
        yield f"hil/measured.json: its date and machine of Seawall's tests are not those of {SUITE_NAME}"
    if suite and listing_digest(installed_of(suite.files)) != evidence["seawall"]["digest"]:
        yield f"{SUITE_NAME}: speaks of other code than that which made the pack"
    for path, digest in evidence["code"].items() if suite else ():
        if suite and suite.files.get(path) != digest:
            yield f"{SUITE_NAME}: speaks of another {path} than evidence.json"


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
        if evidence["seawall"]["digest"] == maker.digest():
            yield "manifest.json: its renderer is not that of the Seawall that the pack names"
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
            if answer.replay == "unsat":
                with suppress(InputError):  # said already
                    text = _read(pack, answer.file).decode("utf-8", "replace")
                    jobs.append((answer.file, answer.main, answer.replay_solver, text))
    if not jobs:
        return
    if progress:
        progress(0, len(jobs))
    with nullcontext(executor) if executor else workers(len(jobs)) as pool:
        for done, (file, said, rest) in enumerate(pool.map(replay_job, jobs), 1):
            if progress:
                progress(done, len(jobs))
            if said != "unsat":
                yield f"{file}: the second solver answers {said}, not unsat"
            elif rest == "unsat":
                yield f"{file}: its assumptions contradict each other, so that it proves nothing"
            else:
                yield ""
