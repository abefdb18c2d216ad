"""Defects of a pack itself: obligations, verdicts, bounds and digests that say something else.

Each is made as whoever can write to the pack would make it: what derives from the change is derived again,
both reports are rendered again, the manifest is sealed. What an audit finds before it asks solvers kills it.
"""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, as_completed
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from certification import manifest as manifests
from certification.audit import audit
from certification.canonical import dump, sha256
from certification.evidence import derive
from certification.report.render import html, pdf
from verification.mutation.run import Result
from verification.proof import Progress

ABOUT = ("project", "seawall", "renderer", "typst")  # what a manifest says of its pack
EVIDENCE = "evidence.json"
ASSERT = re.compile(r"^\(assert .*\)$", re.MULTILINE)
NUMBER = re.compile(r"(?<=[ (])\d+(?:\.\d+)?(?=[ )])")


@dataclass(frozen=True)
class Forgery:
    """A proof that reads otherwise, or a place in evidence.json with another value; its class and name."""

    kind: str
    name: str
    path: str
    text: str = ""
    way: tuple[str | int, ...] = ()
    value: Any = None


class Unasked(Executor):
    """Solvers that are not asked: what only they would find is not found here."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """No answer."""
        raise BrokenExecutor


def forgeries(pack: Path) -> list[Forgery]:
    """All that are known of, in order."""
    return [*_obligations(pack), *_evidence(pack)]


def _obligations(pack: Path) -> Iterator[Forgery]:
    for path in sorted((pack / "proofs").glob("*.smt2")):
        name, text = f"proofs/{path.name}", path.read_text(encoding="utf-8")
        asserts = [found.span() for found in ASSERT.finditer(text)]
        if not asserts:
            continue
        goal = asserts[-1]
        rows = [("assumption added", goal[0], goal[0], "(assert false)\n"), ("goal dropped", *goal, "")]
        rows += [("assumption dropped", *asserts[0], "")] if asserts[1:] else []
        rows += [("number", n.start(), n.start(), "1") for n in [NUMBER.search(text, goal[0])] if n]
        for kind, start, end, new in rows:
            changed = text[:start] + new + text[end:]
            yield Forgery(f"proof: {kind}", f"{name}: {kind}", name, changed)


def _evidence(pack: Path) -> Iterator[Forgery]:
    whole = json.loads((pack / EVIDENCE).read_bytes())

    def changed(kind: str, name: str, value: Any, *way: str | int) -> Forgery:
        return Forgery(f"evidence: {kind}", f"{EVIDENCE}: {name}", EVIDENCE, way=way, value=value)

    for n, claim in enumerate(whole["claims"]):
        always = claim["statement"] + " Always."
        for key, new in (("statement", always), ("word", "PROVED-IEEE"), ("assumptions", [])):
            if claim[key] != new:
                yield changed(key, f"{key} of {claim['id']}", new, "claims", n, key)
    for kind, rows in whole["bounds"].items():
        for n, (low, high) in enumerate(rows):
            yield changed("bound", f"{kind} {n} halved", [low / 2, high / 2], "bounds", kind, n)
    for key, new in (("digest", "00" * 32), ("operations", 1)):
        yield changed("program", f"program.{key}", new, "program", key)


def judge_forgery(pack: Path, one: Forgery | None) -> list[str]:
    """What an audit finds of a copy with the forgery; of the pack as it is without."""
    with TemporaryDirectory(prefix="seawall-forged-") as folder:
        place = Path(folder) / "pack"
        shutil.copytree(pack, place)
        if one:
            (place / one.path).write_bytes(_bytes(place, one))
            _again(place)
        found = audit(place, executor=Unasked())["findings"]
    return list(map(str, found))


def _bytes(pack: Path, one: Forgery) -> bytes:
    """What stands in its file."""
    if not one.way:
        return one.text.encode()
    whole = json.loads((pack / EVIDENCE).read_bytes())
    place: Any = whole
    for key in one.way[:-1]:
        place = place[key]
    place[one.way[-1]] = one.value
    return dump(whole)


def _again(pack: Path) -> None:
    """All that derives from what a pack holds, made again."""
    evidence = json.loads((pack / EVIDENCE).read_bytes())
    evidence |= derive(evidence)
    evidence["proofs"] = {f"proofs/{p.name}": sha256(p.read_bytes()) for p in (pack / "proofs").iterdir()}
    evidence = json.loads(dump(evidence))
    shown = json.loads((pack / "hil/measured.json").read_bytes())
    shown |= {"histogram": json.loads((pack / "hil/histogram.json").read_bytes())}
    (pack / EVIDENCE).write_bytes(dump(evidence))
    (pack / "index.html").write_bytes(html(evidence, shown))
    (pack / "evidence.pdf").write_bytes(pdf(evidence, shown, pack.parent / "typst"))
    manifest = json.loads((pack / manifests.NAME).read_bytes())
    (pack / manifests.NAME).write_bytes(dump(manifests.make(pack, {key: manifest[key] for key in ABOUT})))


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
