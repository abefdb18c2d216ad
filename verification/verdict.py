"""A verdict: one claim, the only words for it, and all that it rests on."""

import platform
import re
from dataclasses import asdict, dataclass, field
from typing import Any

from verification.proof import Answer, Obligation, versions

WORDS = (
    "PROVED-IEEE", "PROVED-REAL", "CONFIRMED", "EXHAUSTED", "SEARCHED", "TESTED", "MEASURED",
    "REFUTED", "OPEN",
)  # fmt: skip


@dataclass
class Verdict:
    """One claim and what became of it; `word` is one of WORDS."""

    id: str
    statement: str
    word: str
    method: str
    arithmetic: str = ""
    assumptions: list[str] = field(default_factory=list)
    code: list[str] = field(default_factory=list)
    twin: str = ""
    reason: str = ""
    counterexample: dict[str, Any] | None = None
    answers: list[dict[str, Any]] = field(default_factory=list)
    evidence: list[str] = field(default_factory=list)
    budget: dict[str, int] = field(default_factory=dict)
    program_digest: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    inductive: str = ""  # what a failed obligation means, where it is no violation but a weak invariant

    def __post_init__(self) -> None:
        if self.word not in WORDS:
            raise ValueError(f"{self.word} is no word for a verdict")

    def as_dict(self) -> dict[str, Any]:
        """The JSON object of the contract."""
        return asdict(self)

    @property
    def shown(self) -> bool:
        """Whether the claim holds, by whatever its word stands for."""
        return self.word not in ("OPEN", "REFUTED")

    @property
    def names(self) -> set[str]:
        """The words of its assumptions; the ids of the claims that discharge them are among these."""
        return {word for text in self.assumptions for word in re.split(r"[\s,.:()]+", text)}

    def rest_on(self, answers: list[Answer]) -> "Verdict":
        """Take the word from the solvers: proved only if every obligation is, refuted if one is sat."""
        for a in answers:
            self.answers.append(
                {"obligation": a.obligation, "file": a.file, "main": a.main, "answer": a.answer,
                 "replay_solver": a.replay_solver, "replay": a.replay, "vacuity": a.vacuity,
                 "rlimit": a.rlimit}
            )  # fmt: skip
        self.evidence += [a.file for a in answers]
        self.budget = {"rlimit": sum(a.rlimit for a in answers)}
        self.versions |= versions()
        bad = next((a for a in answers if a.answer == "sat"), None)
        if not answers and not self.reason:
            self.word, self.reason = "OPEN", "there is no obligation: nothing was asked"
        elif bad is not None and self.inductive:
            self.word, self.reason = "OPEN", f"{bad.obligation}: {self.inductive}"
        elif bad is not None:
            self.word, self.reason = "REFUTED", f"{bad.obligation} has a counterexample"
            self.counterexample = dict(bad.model)
        elif unsure := next((a for a in answers if not a.proved), None):
            self.word = "OPEN"
            self.reason = (
                f"{unsure.obligation}: {unsure.main} says {unsure.answer}, "
                f"{unsure.replay_solver} says {unsure.replay or 'nothing'}, "
                f"assumptions {unsure.vacuity or 'unchecked'}"
            )
        return self


@dataclass
class Pending:
    """A verdict that waits for its obligations."""

    verdict: Verdict
    obligations: list[Obligation]

    def settle(self, answers: dict[str, Answer]) -> Verdict:
        """The verdict by what the solvers said."""
        return self.verdict.rest_on([answers[o.name] for o in self.obligations])


def rest(verdicts: list[Verdict]) -> None:
    """Open every claim that assumes, by any chain, one of these claims that is not shown.

    Claims that name each other stand or fall together: each is one part of an induction over periods.
    """
    waiting = [v for v in verdicts if not v.shown]
    while waiting:
        missing = waiting.pop()
        for v in verdicts:
            if v.shown and missing.id in v.names:
                v.word, v.reason = "OPEN", f"it assumes {missing.id}, which is {missing.word}"
                waiting.append(v)


def ended(told: Verdict, wrong: Any, reason: str, budget: dict[str, int]) -> Verdict:
    """What a check ended with, of a claim whose word says what it shows; wrong: its counterexample."""
    told.budget, told.versions = budget, python_version()
    if wrong is not None:
        told.word, told.reason, told.counterexample = "REFUTED", reason, wrong
    return told


def decide(holds: bool, word: str) -> str:
    """word where the check holds, else REFUTED."""
    return word if holds else "REFUTED"


def python_version() -> dict[str, str]:
    """The interpreter, for verdicts without a solver."""
    return {"python": platform.python_version()}
