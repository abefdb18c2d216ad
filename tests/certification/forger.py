"""What a forger does to a pack, and what an audit finds of it."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

from certification import manifest as manifests
from certification.audit import audit
from certification.canonical import dump, listing_digest, sha256
from certification.code import installed_of
from certification.evidence import derive
from certification.pack import SUITE_NAME
from certification.report.render import html, pdf
from certification.suite import parse as parse_suite
from tests.certification.fixture import read


class Trusting(Executor):
    """Takes each obligation as confirmed: for tests of all the rest."""

    def map(self, fn: Callable[..., Any], *iterables: Any, **_: Any) -> Iterator[Any]:
        return iter([(job[0], "unsat", "sat") for job in iterables[0]])


def reseal(pack: Path) -> None:
    """What a forger would do: the manifest made again over the changed files."""
    about = {key: read(pack, manifests.NAME)[key] for key in ("project", "seawall", "renderer", "typst")}
    (pack / manifests.NAME).write_bytes(dump(manifests.make(pack, about)))


def edit(pack: Path, change: Callable[[dict[str, Any]], None], all_of_it: bool = False) -> None:
    """Change evidence.json and reseal; with all_of_it, derive and render everything again too."""
    evidence = read(pack, "evidence.json")
    change(evidence)
    if all_of_it:
        evidence |= derive(evidence)
        evidence["proofs"] = {f"proofs/{p.name}": sha256(p.read_bytes()) for p in (pack / "proofs").iterdir()}
        shown = read(pack, "hil/measured.json") | {"histogram": read(pack, "hil/histogram.json")}
        evidence = json.loads(dump(evidence))
        (pack / "index.html").write_bytes(html(evidence, shown))
        (pack / "evidence.pdf").write_bytes(pdf(evidence, shown, pack.parent / "typst"))
    (pack / "evidence.json").write_bytes(dump(evidence))
    reseal(pack)


def claim(evidence: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(entry for entry in evidence["claims"] if entry["id"] == name)
    return found


def findings(pack: Path, executor: Executor | None = None) -> str:
    report = audit(pack, executor=executor or Trusting())
    assert report["status"] == (1 if report["findings"] else 0)
    return "\n".join(report["findings"])


def of_other_code(pack: Path) -> None:
    """The pack as another version would have made it."""
    other = read(pack, SUITE_NAME)
    other["files"]["verification/verify.py"] = "00" * 32
    (pack / SUITE_NAME).write_bytes(dump(other))

    def rename(evidence: dict[str, Any]) -> None:
        evidence["suite"]["digest"] = parse_suite(dump(other), "x").digest
        evidence["seawall"]["digest"] = listing_digest(installed_of(other["files"]))

    edit(pack, rename, all_of_it=True)
