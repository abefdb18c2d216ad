"""Writes an evidence pack aside and moves it in place in one rename."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from certification import manifest as manifests
from certification.about import DIGESTS
from certification.campaigns import split
from certification.canonical import dump, sha256, sources_digest
from certification.evidence import about_run, assemble
from certification.models import Claim, parse
from certification.project_tests import results
from certification.report.render import html, pdf, renderer_digest
from certification.requirements import Requirements, load, with_project
from certification.signature import sign
from certification.suite import parse as parse_suite
from certification.verdicts import faults
from controller.errors import InputError

SUITE_NAME = "tests/suite.json"


@dataclass(frozen=True)
class Packed:
    """A written pack: its folder, exit status (0, 1 or 3), digest, and the object for `--json`."""

    path: Path
    status: int
    digest: str
    summary: dict[str, Any]


def write_pack(
    out: Path,
    project_info: dict[str, Any],
    verify: dict[str, Any],
    hil: dict[str, Any] | None,
    reports: dict[str, bytes],
    suite: bytes | None,
    kernel_sources: dict[str, str],
    proofs_dir: Path,
    requirements: Requirements | None = None,
    code: dict[str, str] | None = None,
    now: datetime | None = None,
    attack: dict[str, Any] | None = None,
    key: Path | None = None,
) -> Packed:
    """Write the pack to `out`, which holds nothing yet or an older pack; a kill leaves that or nothing.

    project_info is what about() gives.
    reports holds the JUnit files of the project's tests, by their paths in the pack; suite the result of
    Seawall's own, None where there is none for this code.
    kernel_sources holds the printed C, parameter files included; proofs_dir the `.smt2` files that the
    verdicts name as `proofs/NAME`; code the digests of the sources by path; attack what became of planted
    defects; key is of who signs the pack. Raises InputError.
    """
    check_place(out)
    rules = with_project(requirements or load(), project_info.get("requirements", []), "controller.toml")
    repeatable, measured = split(hil or {})
    measured.setdefault("date", (now or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%S+00:00"))
    made, files = _project(project_info, verify)
    measured["host"] = made["host"]
    tests, own = results(reports), parse_suite(suite, SUITE_NAME) if suite is not None else None
    measured["suite"] = about_run(own)
    proofs = _proofs(verify, proofs_dir)
    kernel = _kernel(kernel_sources, verify["program"])
    project = made["project"]
    evidence = assemble(project, verify, repeatable, measured, tests, kernel, code or {}, rules, own, attack)
    evidence["seawall"] = made["seawall"]
    evidence["proofs"] = {file: sha256(data) for file, data in sorted(proofs.items())}
    histogram = measured.pop("histogram", {})
    contents = {
        "evidence.json": dump(evidence),
        "hil/measured.json": dump(measured),
        "hil/histogram.json": dump(histogram),
        "hil/campaign.json": dump(repeatable),
        **{f"project/{name}": data for name, data in files.items()},
        **{f"kernel/{name}": text.encode() for name, text in kernel_sources.items()},
        **proofs,
        **reports,
    }
    if suite is not None:
        contents[SUITE_NAME] = suite
    # The reports are made from what the files say, as an audit makes them again.
    evidence = json.loads(contents["evidence.json"])
    shown = json.loads(dump(measured | {"histogram": histogram}))
    with _staged(out) as stage:
        contents["index.html"] = html(evidence, shown)
        contents["evidence.pdf"] = pdf(evidence, shown, stage.with_name(stage.name + ".pdf"))
        for path, data in contents.items():
            (stage / path).parent.mkdir(parents=True, exist_ok=True)
            (stage / path).write_bytes(data)
        about = {"project": project["name"], "seawall": made["seawall"]["version"]}
        about |= {"renderer": renderer_digest(), "typst": version("typst")}
        manifest = manifests.make(stage, about)
        (stage / manifests.NAME).write_bytes(dump(manifest))
        if key is not None:
            sign(stage / manifests.NAME, key)
        _move(stage, out)
    summary = _summary(out, manifest, evidence)
    return Packed(out, evidence["status"], manifest["pack_digest"], summary)


def _project(info: dict[str, Any], verify: dict[str, Any]) -> tuple[dict[str, Any], dict[str, bytes]]:
    """({project, seawall, host}, files) of about(); the files must be those that were proved."""
    apart = ("requirements", "files", "seawall", "host")
    project = {key: value for key, value in info.items() if key not in apart}
    files: dict[str, bytes] = info["files"]
    for name, data in files.items():
        key = DIGESTS[name]
        if not sha256(data) == project[key] == verify["project"].get(key, project[key]):
            raise InputError(f"project: {name} is not the one that was proved; run `seawall verify` again")
    return {"project": project, "seawall": info["seawall"], "host": info["host"]}, files


def _proofs(verify: dict[str, Any], folder: Path) -> dict[str, bytes]:
    """The files that the verdicts name, by their path in the pack. Raises InputError where one is missing."""
    found: dict[str, bytes] = {}
    claims = [parse(Claim, entry, "verify: claims") for entry in verify["claims"]]
    names = [claim.id for claim in claims]
    if len(set(names)) != len(names):
        raise InputError("verify: claims: an id stands twice; run `seawall verify` again")
    for claim in claims:
        for file in [*claim.evidence, *(answer.file for answer in claim.answers)]:
            path = folder / Path(file).relative_to("proofs") if file.startswith("proofs/") else None
            if path is None or ".." in Path(file).parts:
                raise InputError(f"verify: claim {claim.id}: {file} is not under proofs/; name it so")
            if path.is_file():
                found[file] = path.read_bytes()
        wrong = faults(claim, found)
        if wrong:
            raise InputError(f"verify: {wrong[0]}; run `seawall verify` again")
    return found


def _kernel(sources: dict[str, str], program: dict[str, Any]) -> dict[str, Any]:
    """Digests of the printed C, which must be those that the proofs name."""
    kernel, parameters = partition(sources)
    found = {"kernel_digest": sources_digest(kernel), "parameter_digest": sources_digest(parameters)}
    for name, digest in found.items():
        if digest != program[name]:
            raise InputError(f"kernel: {name} is not the proved one; run `seawall verify` again")
    files = {name: sha256(text.encode()) for name, text in sorted(sources.items())}
    return found | {"files": files}


def partition(sources: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """(kernel files, parameter files): the two that have a digest each."""
    parameters = {name: text for name, text in sources.items() if name.startswith("parameters.")}
    return {name: text for name, text in sources.items() if name not in parameters}, parameters


def _summary(out: Path, manifest: dict[str, Any], evidence: dict[str, Any]) -> dict[str, Any]:
    """The object that `certify --json` gives (schema/certify-1.json)."""
    matrix = evidence["trace"]
    rows = [
        {key: row[key] for key in ("id", "source", "where", "status", "means", "reasons")}
        for row in matrix["requirements"]
    ]
    return {
        "schema": "seawall/certify/1",
        "pack": str(out),
        "pack_digest": manifest["pack_digest"],
        "deterministic_digest": manifest["deterministic_digest"],
        "status": evidence["status"],
        "counts": evidence["counts"],
        "outcomes": evidence["outcomes"],
        "requirements": rows,
        "orphans": matrix["orphans"],
        "unsourced": matrix["unsourced"],
        "open": [claim["id"] for claim in evidence["claims"] if claim["word"] == "OPEN"],
    }


def check_place(out: Path) -> None:
    """Raises InputError unless a pack can be written there: an empty place, or a pack to replace."""
    if out.is_symlink() or (out.exists() and not out.is_dir()) or not out.name:
        raise InputError(f"{out}: is no folder of its own; give another place for the pack")
    if out.exists() and any(out.iterdir()) and not (out / manifests.NAME).is_file():
        raise InputError(f"{out}: holds files that are no pack; give another place, or empty it")
    _stage(out).rmdir()


@contextmanager
def _staged(out: Path) -> Iterator[Path]:
    """A folder to fill, of which nothing is left unless it was moved in place. Raises InputError."""
    stage = _stage(out)
    try:
        yield stage
    except OSError as fault:
        raise InputError(f"{out}: can't be written ({fault.strerror}); give another place") from None
    finally:
        for left in (stage, stage.with_name(stage.name + ".pdf")):
            shutil.rmtree(left, ignore_errors=True)


def _stage(out: Path) -> Path:
    """A fresh folder beside `out`; what killed runs left there goes. Raises InputError."""
    stage = out.parent / f".{out.name}.{os.getpid()}.partial"
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        _clear(out)
        stage.mkdir()
    except OSError as fault:
        raise InputError(f"{out}: can't be written ({fault.strerror}); give another place") from None
    return stage


def _clear(out: Path) -> None:
    for left in out.parent.glob(f".{out.name}.*.partial*"):
        pid = left.name.removeprefix(f".{out.name}.").split(".")[0]
        if pid.isdigit() and (int(pid) == os.getpid() or not Path(f"/proc/{pid}").exists()):
            shutil.rmtree(left, ignore_errors=True)


def _move(stage: Path, out: Path) -> None:
    """Put the finished folder in place of the old one. Killed between the two renames, none is there."""
    old = stage.with_name(stage.name + ".old")
    if out.exists():
        out.rename(old)
    stage.rename(out)
    shutil.rmtree(old, ignore_errors=True)
