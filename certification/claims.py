"""The claims of a pack against those that this Seawall makes of the pack's own project and C.

First without a solver: which claims there are, all that they say, and every obligation, byte for byte.
Then by verdict: both solvers are asked again, about this Seawall's own obligations and never about a pack's
text, and what needs none is computed again. Searches, enumerations and CrossHair run again where that is
asked for; else their words are the maker's.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor
from copy import deepcopy
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from certification.canonical import dump
from certification.opened import Opened
from controller.project import Project
from verification.claims.discrete import contract_verdicts
from verification.falsify import falsify
from verification.proof import Progress
from verification.proof import versions as solvers
from verification.verdict import Verdict, python_version, rest
from verification.verify import TRIES, Asked, Place, limits, program, prove, searched, unrun, untied

SAID = ("statement", "method", "arithmetic", "assumptions", "code", "twin", "program_digest", "inductive")
ENDED = ("word", "reason", "counterexample", "budget", "answers", "evidence")
WEAK = ("OPEN", "REFUTED")
SEARCH = "BOUNDS-SEARCHED"
Make = Callable[[Project, dict[str, str]], Asked]


class Claims:
    """What this Seawall claims of a pack's project, beside what the pack says."""

    def __init__(self, pack: Opened, evidence: Mapping[str, Any], made: Asked) -> None:
        self.pack, self.evidence, self.project, self.asked = pack, evidence, made.project, made
        self.untied = untied(made.project)
        self.unrun = unrun(self.asked)
        self.held: dict[str, dict[str, Any]] = {entry["id"]: entry for entry in evidence["claims"]}
        self.proved = self.again = 0  # obligations: those that both solvers confirm, of those asked again

    @cached_property
    def versions(self) -> dict[str, str]:
        """The solvers and the interpreter here."""
        return {**solvers(), **python_version()}

    def said(self) -> Iterator[str]:
        """A sentence on each thing that differs before any verdict."""
        made = [*(p.verdict for p in self.asked.pending), *self.asked.decided, *self.untied, *self.unrun]
        names = [v.id for v in made]
        if [entry["id"] for entry in self.evidence["claims"]] != names:
            yield from _names(names, [entry["id"] for entry in self.evidence["claims"]])
            return
        for verdict in made:
            entry, wanted = self.held[verdict.id], plain(verdict)
            for key in sorted({*SAID, *(entry.keys() ^ wanted.keys())}):
                if entry.get(key) != wanted.get(key):
                    yield f"evidence.json: claim {verdict.id}: its {key} is not what this Seawall says"
            if any(self.evidence["versions"].get(k, v) != v for k, v in entry["versions"].items()):
                yield f"evidence.json: claim {verdict.id}: its versions are not those of the pack"
        for verdict in self.unrun:
            entry = self.held[verdict.id]
            if entry["word"] not in (verdict.word, *WEAK) or entry["answers"] or entry["evidence"]:
                yield f"evidence.json: claim {verdict.id} can't be {entry['word']} by what shows it"
            elif entry["word"] == verdict.word and (entry["reason"] or entry["counterexample"]):
                yield f"evidence.json: claim {verdict.id} is {entry['word']}, and says what speaks against it"
        flight, box, bounds = self.asked.flight, self.asked.box, self.asked.bounds
        named = {"program": program(self.project, flight), "bounds": limits(box, bounds)}
        for key, value in named.items():
            if self.evidence[key] != value:
                yield f"evidence.json: {key} is not what this Seawall makes of project/"
        yield from self._attained()
        yield from self._obligations()

    def _attained(self) -> Iterator[str]:
        """What the adversary reached, which lies in the bounds that it did not leave."""
        bounds, reached = self.evidence["bounds"], self.evidence["attained"]
        whole = reached.keys() == bounds.keys() and all(len(reached[k]) == len(bounds[k]) for k in bounds)
        pairs = [pair for k in bounds for pair in zip(bounds[k], reached[k], strict=False)]
        within = all(low <= a <= b <= high for (low, high), (a, b) in pairs)
        if not whole or (not within and self.held[SEARCH]["word"] not in WEAK):
            yield f"evidence.json: attained is not within the bounds that {SEARCH} says were never left"

    def _obligations(self) -> Iterator[str]:
        """Every obligation written again, byte for byte."""
        made = {f"proofs/{o.name}.smt2": o.text() for p in self.asked.pending for o in p.obligations}
        for path in sorted(made.keys() | {f for f in self.pack.files if f.startswith("proofs/")}):
            if path not in made:
                yield f"{path}: is no obligation that this Seawall has for project/"
            elif path not in self.pack.files or self.pack.read(path) != made[path].encode():
                yield f"{path}: is not the obligation that this Seawall writes for project/"

    def shown(
        self, executor: Executor, progress: Progress | None = None, thorough: bool = False
    ) -> Iterator[str]:
        """A sentence on each verdict that is another here; thorough: every search and enumeration runs."""
        with TemporaryDirectory(prefix="seawall-") as folder:  # without kept answers: an audit asks
            admission = prove(self.asked, Place(Path(folder)), executor, progress)
        answers = [answer for v in admission.verdicts for answer in v.answers]
        self.again = len(answers)
        self.proved = sum(a["answer"] == a["replay"] == "unsat" and a["vacuity"] == "sat" for a in answers)
        made = [self._told(v) if self._out_of_time(v) else v for v in [*admission.verdicts, *self.untied]]
        if thorough:
            search = executor.submit(falsify, self.project, self.asked.box, self.asked.bounds, TRIES)
            discrete = contract_verdicts(executor, progress)
            found = search.result()
            made += [searched(self.asked.flight, found), *discrete]
            if found["attained"] != self.evidence["attained"]:
                yield "evidence.json: attained is not what the adversary reaches"
        else:
            made += [self._told(v) for v in self.unrun]
        rest(made)
        for verdict in made:
            yield from self._differs(verdict)

    def _told(self, verdict: Verdict) -> Verdict:
        """The claim as its maker's run ended."""
        return replace(verdict, **{key: deepcopy(self.held[verdict.id][key]) for key in ENDED})

    def _out_of_time(self, verdict: Verdict) -> bool:
        """Whether the maker left open what is not refuted here: bitwuzla has no budget but its time."""
        entry = self.held[verdict.id]
        said = [{a["main"]: a["answer"], a["replay_solver"]: a["replay"]} for a in entry["answers"]]
        return (
            entry["word"] == "OPEN"
            and verdict.word != "REFUTED"
            and any(s.get("bitwuzla") == "unknown" for s in said)
        )

    def _differs(self, verdict: Verdict) -> Iterator[str]:
        """The verdict against the pack's; a solver's steps count only where its version is the same."""
        entry, wanted = self.held[verdict.id], plain(verdict)
        if entry["word"] != wanted["word"]:
            why = f", as {wanted['reason']}" if wanted["reason"] else ""
            yield f"evidence.json: claim {verdict.id} is {entry['word']}, and {wanted['word']} here{why}"
            return
        if self.evidence["versions"] != self.versions:  # another solver takes another number of steps
            for answer, told in zip(wanted["answers"], entry["answers"], strict=False):
                answer["rlimit"] = told["rlimit"]
            if entry["answers"]:
                wanted["budget"] = {"rlimit": sum(answer["rlimit"] for answer in entry["answers"])}
        for key in ENDED:
            if entry[key] != wanted[key]:
                yield f"evidence.json: claim {verdict.id}: its {key} is not what comes out here"

    def notes(self, thorough: bool) -> Iterator[str]:
        """What rests on the maker's word."""
        if not thorough:
            names = ", ".join(v.id for v in self.unrun)
            yield f"on their maker's word, as --thorough runs them again: {names}; and what was attained"
        if self.evidence["versions"] != self.versions:
            here = ", ".join(f"{name} {version}" for name, version in self.versions.items())
            yield f"the pack names other solvers than {here}, so that their counts of steps were not compared"


def plain(verdict: Verdict) -> dict[str, Any]:
    """The claim as a pack holds it."""
    found: dict[str, Any] = json.loads(dump(verdict.as_dict()))
    return found


def _names(wanted: list[str], held: list[str]) -> Iterator[str]:
    """Where the claims are others, or in another order."""
    for name in sorted({*wanted, *held}):
        if held.count(name) != wanted.count(name):
            what = (
                "is missing"
                if name not in held
                else "is none of this Seawall's"
                if name not in wanted
                else "stands twice"
            )
            yield f"evidence.json: claim {name} {what}"
    if sorted(wanted) == sorted(held):
        yield "evidence.json: its claims are not in their order"
