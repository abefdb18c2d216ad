"""Systematic forgeries of a pack: every kind of thing that a pack says, said otherwise, one at a time.

Whoever can write to the pack makes what derives from it again (planted.py). What no audit can see, since only
its maker was there, is not here: audit.py lists it.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from certification import manifest as manifests

EVIDENCE, MEASURED, HISTOGRAM = "evidence.json", "hil/measured.json", "hil/histogram.json"
CAMPAIGN = "hil/campaign.json"
ASSERT = re.compile(r"^\(assert .*\)$", re.MULTILINE)
NUMBER = re.compile(r"(?<=[ (])\d+(?:\.\d+)?(?=[ )])")
WORDS = ("PROVED-IEEE", "CONFIRMED", "EXHAUSTED", "TESTED")
# of each file of the C: what stands there, and what stands there then
IN_C = {
    "kernel.c": ((" + ", " - "), (" * ", " + "), ("[0]", "[1]"), ("SAFE", "NOMINAL")),
    "kernel.h": (("double ", "float "), ("int64_t ", "int32_t "), ("#include <stdint.h>", "")),
    "parameters.c": (("0x1.", "0x2."), ("-0x", "0x"), ("{", "{ ")),
    "parameters.h": (("extern", "static"), ("const", "")),
    "scalar.h": ((" < ", " > "), ("uint64_t", "int64_t"), ("~", "-")),
}


@dataclass(frozen=True)
class Forgery:
    """A file that holds other bytes (None: it is gone), or a place in a JSON file with another value.

    way: the keys and indices that lead to the place; empty for a whole file. kind is its class, name its own.
    """

    kind: str
    name: str
    path: str
    data: bytes | None = None
    way: tuple[str | int, ...] = ()
    value: Any = None


def forgeries(pack: Path) -> list[Forgery]:
    """All that are known of, in order."""
    whole = json.loads((pack / EVIDENCE).read_bytes())
    parts = _obligations(pack), _claims(whole), _program(whole), _rules(whole), _derived(whole), _c(pack)
    more = _project(pack, whole), _campaign(pack), _tests(pack, whole), _reports(pack), _manifest(pack)
    found: dict[str, Forgery] = {}
    for one in (one for part in (*parts, *more) for one in part):
        found[one.name if one.name not in found else f"{one.name} ({len(found)})"] = one
    return [replace(one, kind=one.kind.partition(":")[0], name=name) for name, one in found.items()]


def changed(kind: str, value: Any, *way: str | int, path: str = EVIDENCE) -> Forgery:
    """Another value at a place of a JSON file."""
    name = f"{path}: {'.'.join(map(str, way))} becomes {str(value)[:40]}"
    return Forgery(kind, name, path, None, way, value)


def gone(kind: str, rows: list[Any], n: int, name: str, *way: str | int) -> Forgery:
    """A list of evidence.json without its entry n, which has a name."""
    told = f"{EVIDENCE}: {'.'.join(map(str, way))} without {name}"
    return Forgery(kind, told, EVIDENCE, None, way, rows[:n] + rows[n + 1 :])


def replaced(kind: str, pack: Path, path: str, old: str, new: str, which: int = 0) -> Iterator[Forgery]:
    """One place of a text, where the old text stands there."""
    text = (pack / path).read_text(encoding="utf-8")
    places = [found.start() for found in re.finditer(re.escape(old), text)]
    if places[which:]:
        at = places[which]
        data = text[:at] + new + text[at + len(old) :]
        yield Forgery(kind, f"{path}: {old!r} becomes {new!r}", path, data.encode())


def _obligations(pack: Path) -> Iterator[Forgery]:
    texts = {f"proofs/{p.name}": p.read_text(encoding="utf-8") for p in sorted(pack.glob("proofs/*.smt2"))}
    for (name, text), other in zip(texts.items(), [*list(texts.values())[1:], ""], strict=True):
        asserts = [found.span() for found in ASSERT.finditer(text)]
        if not asserts:
            continue
        goal = asserts[-1]
        rows = [("assumption added", goal[0], goal[0], "(assert false)\n"), ("goal dropped", *goal, "")]
        rows += [("assumption dropped", *asserts[0], "")] if asserts[1:] else []
        rows += [("number", n.start(), n.start(), "1") for n in [NUMBER.search(text, goal[0])] if n]
        rows += [("another's", 0, len(text), other)]
        for kind, start, end, new in rows:
            data = (text[:start] + new + text[end:]).encode()
            yield Forgery(f"proof: {kind}", f"{name}: {kind}", name, data)
        yield Forgery("proof: taken away", f"{name}: taken away", name)


def _claims(whole: dict[str, Any]) -> Iterator[Forgery]:
    claims = whole["claims"]
    for n, claim in enumerate(claims):
        others = {
            "statement": claim["statement"] + " Always.", "method": claim["method"] + ", twice",
            "assumptions": claim["assumptions"][1:] or ["nothing"], "twin": claims[n - 1]["twin"] + "_too",
            "arithmetic": claim["arithmetic"] + "reals", "code": [], "inductive": "never",
            "reason": "all is well", "versions": {"z3": "0"}, "id": claim["id"] * 2,
            "program_digest": "" if claim["program_digest"] else whole["program"]["digest"],
            "counterexample": {"x": 1}, "evidence": claim["evidence"][1:] or ["proofs/none.smt2"],
        }  # fmt: skip
        for key, new in others.items():
            if claim[key] != new:
                yield changed(f"claim: {key}", new, "claims", n, key)
        word = next(w for w in WORDS[n % len(WORDS) :] + WORDS if w != claim["word"])
        yield changed("claim: word", word, "claims", n, "word")
        yield gone("claim: taken away", claims, n, claim["id"], "claims")
        if claim["answers"]:
            yield from _answered(claim, n)
    yield changed("claim: order", [claims[1], claims[0], *claims[2:]], "claims")
    yield changed("claim: twice", [*claims, claims[0]], "claims")


def _answered(claim: dict[str, Any], n: int) -> Iterator[Forgery]:
    """A claim that solvers show."""
    for key, new in (("rlimit", 1), ("replay_solver", "none"), ("vacuity", ""), ("replay", "sat")):
        yield changed(f"answer: {key}", new, "claims", n, "answers", 0, key)
    yield changed("claim: budget", {"rlimit": 1}, "claims", n, "budget")
    yield changed("claim: left open", claim | {"word": "OPEN", "reason": "who knows"}, "claims", n)


def _program(whole: dict[str, Any]) -> Iterator[Forgery]:
    for kind in ("bounds", "attained"):
        for key, rows in whole[kind].items():
            for n, (low, high) in enumerate(rows):
                factor = 0.5 if kind == "bounds" else 8.0
                yield changed(f"bounds: {kind}", [low * factor, high * factor], kind, key, n)
            yield changed(f"bounds: {kind}", rows[1:], kind, key)
    for key in whole["program"]:
        new: Any = 1 if key == "operations" else "00" * 32
        yield changed("program", new, "program", key)
    for key in whole["versions"]:
        yield changed("claim: version", "0", "claims", 0, "versions", key)


def _rules(whole: dict[str, Any]) -> Iterator[Forgery]:
    for key in ("requirements", "families", "trusted"):
        rows = whole[key]
        for n, row in enumerate(rows):
            yield gone("requirements: one taken away", rows, n, f"row {n}", key)
            for name, value in row.items():
                new = value[1:] if isinstance(value, list) else f"{value}X"
                if value:
                    yield changed(f"requirements: {name}", new, key, n, name)
    for path in whole["code"]:
        yield changed("digest: code", "00" * 32, "code", path)
    for key in ("version", "digest", "approved"):
        yield changed("digest: Seawall", "00" * 32, "seawall", key)


def _derived(whole: dict[str, Any]) -> Iterator[Forgery]:
    """What follows from the rest, and is said otherwise at the end."""
    for n, row in enumerate(whole["trace"]["requirements"]):
        for new in ("shown", "not shown"):
            if row["status"] != new:
                yield changed("trace", new, "trace", "requirements", n, "status")
    for key, rows in whole["trace"]["orphans"].items():
        yield changed("trace", [*rows, "x"], "trace", "orphans", key)
    for n, row in enumerate(whole["counts"]):
        for word, count in row["words"].items():
            yield changed("trace: counts", count + 1, "counts", n, "words", word)
    for n, row in enumerate(whole["outcomes"]):
        yield changed("trace: outcomes", row["passed"] + 1, "outcomes", n, "passed")
    yield changed("trace: assumptions", whole["assumptions"][1:], "assumptions")
    yield changed("trace: status", 3 - whole["status"], "status")
    for n, run in enumerate(whole["campaigns"]):
        for key, new in (("word", "PROVED-IEEE"), ("text", run["text"] + " Always."), ("where", "anywhere")):
            yield changed(f"campaign: {key}", new, "campaigns", n, key)
    for path in whole["proofs"]:
        yield changed("digest: proof", "00" * 32, "proofs", path)
    for path in whole["kernel"]["files"]:
        yield changed("digest: C", "00" * 32, "kernel", "files", path)


def _c(pack: Path) -> Iterator[Forgery]:
    for name, edits in IN_C.items():
        for old, new in edits:
            yield from replaced(f"C: {name}", pack, f"kernel/{name}", old, new)
            yield from replaced(f"C: {name}", pack, f"kernel/{name}", old, new, 1)
        yield Forgery(f"C: {name}", f"kernel/{name}: taken away", f"kernel/{name}")
    yield Forgery("C: a file more", "kernel/more.c: added", "kernel/more.c", b"int more;\n")


def _project(pack: Path, whole: dict[str, Any]) -> Iterator[Forgery]:
    """Files of the project, their digests made again, and what evidence.json says of them."""
    path = "project/network.json"
    network = json.loads((pack / path).read_bytes())
    for key, value in network.items():
        if isinstance(value, list):
            yield changed("project: a weight", _first(value), key, path=path)
    path = "project/reference.csv"
    if (pack / path).exists():
        *rows, last = (pack / path).read_text(encoding="utf-8").splitlines()
        data = "\n".join([*rows, last + "1", ""]).encode()
        yield Forgery("project: a reference's value", f"{path}: its last value", path, data)
        yield Forgery("project: a file taken away", f"{path}: taken away", path)
    for key, value in whole["project"].items():
        if isinstance(value, dict):
            for name in value:
                yield changed("project: a setting told", "X", "project", key, name)
        elif isinstance(value, list):
            yield changed("project: a row told", value[1:], "project", key)


def _first(value: Any) -> Any:
    """The same weights, the first of them another."""
    return [_first(value[0]), *value[1:]] if isinstance(value, list) else value + 0.25


def _campaign(pack: Path) -> Iterator[Forgery]:
    flown = json.loads((pack / CAMPAIGN).read_bytes())
    if not flown:
        return
    for key, new in (("deadline_us", 1), ("late_per_million", 999_999), ("steps", 10**9)):
        yield changed("campaign: what it was judged by", new, key, path=CAMPAIGN)
    measured = json.loads((pack / MEASURED).read_bytes())
    for key, count in measured["deadline"].items():
        if key in ("kernel", "on_target", "kernel_of", "on_target_of"):
            yield changed("campaign: late steps", count + 7, "deadline", key, path=MEASURED)
    for key, allowed in measured["line"]["allowed"].items():
        yield changed("campaign: what it was judged by", allowed + 9, "line", "allowed", key, path=MEASURED)
    for key, bins in json.loads((pack / HISTOGRAM).read_bytes()).items():
        if key != "round_trip_us":
            fewer = [[edge, count // 2] for edge, count in bins]
            yield changed("campaign: histogram", fewer, key, path=HISTOGRAM)


def _tests(pack: Path, whole: dict[str, Any]) -> Iterator[Forgery]:
    for key, rows in (("tests", whole["tests"]), ("suite", whole["suite"]["tests"])):
        way: tuple[str | int, ...] = ("tests",) if key == "tests" else ("suite", "tests")
        yield changed("tests: one more", [*rows, {"id": "a.py::b", "outcome": "passed"}], *way)
        for n, row in list(enumerate(rows))[:8]:
            yield gone("tests: one less", rows, n, row["id"], *way)
            other = "failed" if row["outcome"] == "passed" else "passed"
            yield changed("tests: outcome told", other, *way, n, "outcome")
    yield changed("tests: how many", whole["suite"]["cases"] + 1, "suite", "cases")
    path = "tests/suite.json"
    if (pack / path).exists():
        for file in whole["code"]:
            yield changed("tests: of other code", "00" * 32, "files", file, path=path)


def _reports(pack: Path) -> Iterator[Forgery]:
    page = (pack / "index.html").read_text(encoding="utf-8")
    for at in [found.start() for found in re.finditer(r"\d", page)][:: max(1, page.count("0") // 2)]:
        data = page[:at] + str(9 - int(page[at])) + page[at + 1 :]
        yield Forgery("report: page", f"index.html: digit {at}", "index.html", data.encode())
    pdf = (pack / "evidence.pdf").read_bytes()
    for name, other in (("a line more", pdf + b"\n"), ("the page", page.encode()), ("empty", b"")):
        yield Forgery("report: document", f"evidence.pdf: {name}", "evidence.pdf", other)


def _manifest(pack: Path) -> Iterator[Forgery]:
    told = json.loads((pack / manifests.NAME).read_bytes())
    for key in manifests.ABOUT:
        yield changed("manifest", f"{told[key]}X", key, path=manifests.NAME)
    moved = told["measured"] + [EVIDENCE]
    for key, new in (("deterministic", told["deterministic"][1:]), ("measured", moved), ("approved", "yes")):
        yield changed("manifest", new, key, path=manifests.NAME)
    yield changed("manifest", "00" * 32, "deterministic_digest", path=manifests.NAME)
    yield Forgery("manifest: a file more", "summary.html: added", "summary.html", b"all is well\n")
    yield Forgery("manifest: a file more", "proofs/more.smt2: added", "proofs/more.smt2", b"(check-sat)\n")
