"""The shapes of the data that a pack is made of: verdicts, answers, campaigns, tests, requirements."""

from typing import Any, Literal, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from controller.errors import InputError

Word = Literal[
    "PROVED-IEEE",
    "PROVED-REAL",
    "CONFIRMED",
    "EXHAUSTED",
    "SEARCHED",
    "TESTED",
    "MEASURED",
    "REFUTED",
    "OPEN",
]
WORDS: tuple[Word, ...] = get_args(Word)
MEANINGS: dict[Word, str] = {
    "PROVED-IEEE": "proved for binary64 numbers, every rounding included",
    "PROVED-REAL": "proved for real numbers; rounding is not covered",
    "CONFIRMED": "confirmed by symbolic execution of all paths",
    "EXHAUSTED": "a finite set of cases, all of them run",
    "SEARCHED": "no counterexample found in a stated number of tries",
    "TESTED": "shown by examples that were run",
    "MEASURED": "observed on a machine; says nothing of runs that were not made",
    "REFUTED": "false: there is a counterexample",
    "OPEN": "not decided, for the reason given",
}
Status = Literal["shown", "not shown", "failed"]
Outcome = Literal["passed", "failed", "skipped"]
Model = TypeVar("Model", bound=BaseModel)


class Strict(BaseModel):
    """Data of our own: an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Foreign(BaseModel):
    """Data that another room wrote: keys that it adds are kept."""

    model_config = ConfigDict(extra="allow", frozen=True)


class Requirement(Strict):
    """What must hold, and the patterns of what shows it (`*` stands for any text)."""

    id: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9._-]*$")
    text: str = Field(min_length=1)
    source: str = "project"
    claims: list[str] = []
    accepts: list[Word] = []
    tests: list[str] = []
    campaigns: list[str] = []
    code: list[str] = []


class Family(Strict):
    """A row of page one: a name and the claims that it counts."""

    name: str
    claims: list[str]


class Trusted(Strict):
    """A part that no claim covers, and why one may still rely on it."""

    what: str
    why: str


class Answer(Foreign):
    """One obligation: its SMT-LIB file, the main solver's answer and the second solver's.

    `vacuity` is the answer without the goal: `sat` where the assumptions can hold.
    """

    obligation: str
    file: str
    main: str
    answer: str
    replay_solver: str
    replay: str
    rlimit: int | None = None
    vacuity: str = ""


class Claim(Foreign):
    """One verdict, as `verify` gives it."""

    id: str
    statement: str
    word: Word
    arithmetic: str = ""
    assumptions: list[str] = []
    method: str = ""
    versions: dict[str, str] = {}
    program_digest: str = ""
    evidence: list[str] = []
    budget: dict[str, Any] = {}
    reason: str = ""
    counterexample: Any = None
    answers: list[Answer] = []
    twin: str = ""
    code: list[str] = []


class Campaign(Strict):
    """What a run on the target showed, without its timings; where: of what machine that is all it says."""

    id: str
    word: Word
    text: str
    where: str = ""


class TestResult(Strict):
    """A test by its node id."""

    __test__ = False
    id: str
    outcome: Outcome


def parse(model: type[Model], data: Any, place: str) -> Model:
    """Data as a model; raises InputError with the first fault and its place."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise InputError(f"{place}: {where}: {first['msg']}; mend this entry") from None
