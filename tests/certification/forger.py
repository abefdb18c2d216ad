"""What a forger does to a pack, and what an audit finds of it."""

import json
from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

from certification import manifest as manifests
from certification.agreement import disagreements
from certification.audit import audit
from certification.canonical import dump, listing_digest, sha256
from certification.code import installed_of
from certification.evidence import derive
from certification.opened import Opened
from certification.pack import SUITE_NAME
from certification.planted import ONCE
from certification.report import again
from certification.report.render import html, pdf
from certification.suite import parse as parse_suite
from tests.certification.fixture import read
from tests.certification.real import Trusting

Evidence = dict[str, Any]


def reseal(pack: Path) -> None:
    """What a forger would do: the manifest made again over the changed files."""
    about = {key: read(pack, manifests.NAME)[key] for key in ("project", "seawall", "renderer", "typst")}
    (pack / manifests.NAME).write_bytes(dump(manifests.make(pack, about)))


def edit(pack: Path, change: Callable[[Evidence], Any], all_of_it: bool = False) -> None:
    """Change evidence.json and reseal; with all_of_it, derive and render everything again too."""
    evidence = read(pack, "evidence.json")
    change(evidence)
    if all_of_it:
        evidence |= derive(evidence)
        evidence["proofs"] = {f"proofs/{p.name}": sha256(p.read_bytes()) for p in (pack / "proofs").iterdir()}
        evidence = json.loads(dump(evidence))
        render(pack, evidence)
    (pack / "evidence.json").write_bytes(dump(evidence))
    reseal(pack)


def render(pack: Path, evidence: Evidence) -> None:
    """Page and document of what the files say."""
    shown = read(pack, "hil/measured.json") | {"histogram": read(pack, "hil/histogram.json")}
    (pack / "index.html").write_bytes(html(evidence, shown))
    (pack / "evidence.pdf").write_bytes(pdf(evidence, shown, pack.parent / "typst"))


def claim(evidence: Evidence, name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(entry for entry in evidence["claims"] if entry["id"] == name)
    return found


def findings(pack: Path, executor: Executor | None = None) -> str:
    report = audit(pack, executor=executor or Trusting(), make=ONCE)
    assert report["status"] == (1 if report["findings"] else 0)
    return "\n".join(report["findings"])


def disagreeing(pack: Path) -> str:
    """What does not fit within a pack itself, whatever Seawall would claim of its project."""
    opened = Opened(pack)
    evidence = opened.load("evidence.json")
    parts = opened.digests(), disagreements(opened, evidence), again.findings(opened, evidence)
    return "\n".join(finding for part in parts for finding in part)


def of_other_code(pack: Path) -> None:
    """The pack as another version would have made it."""
    other = read(pack, SUITE_NAME)
    other["files"]["verification/verify.py"] = "00" * 32
    (pack / SUITE_NAME).write_bytes(dump(other))

    def rename(evidence: Evidence) -> None:
        evidence["suite"]["digest"] = parse_suite(dump(other), "x").digest
        evidence["seawall"]["digest"] = listing_digest(installed_of(other["files"]))

    edit(pack, rename, all_of_it=True)
