"""Which claim refuses a mutant of the C: the three that read it, and no test."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from controller.native.bundle import kernel_sources, parameter_sources
from controller.project import load
from tests.mutants.c_operators import MEMBER, OPERATORS, another_member
from tests.mutants.c_text import Text
from tests.projects import make_project
from tests.settling import settled
from verification.claims.code import equality, parameters
from verification.claims.words import words_claim
from verification.flight import Flight

CART = Path(__file__).resolve().parents[2] / "examples" / "cart"
FILES = ("kernel.h", "kernel.c", "scalar.h", "parameters.h", "parameters.c")


@dataclass(frozen=True)
class Mutant:
    """A file of a project's C with a single change."""

    project: str
    operator: str
    file: str
    what: str
    text: str


@cache
def flight(project: str) -> Flight:
    """The cart, or a project with 3 inputs and 2 outputs whose sizes all differ."""
    if project == "cart":
        loaded = load(CART)
    else:
        with TemporaryDirectory() as folder:
            small = {"controller.substeps": 1, "controller.inbox_slots": 5}
            loaded = load(make_project(Path(folder) / "p", inputs=3, hidden=4, outputs=2, **small))
    return Flight(loaded.law, loaded.sizes)


@cache
def files(project: str) -> dict[str, str]:
    """The printed C."""
    found = flight(project)
    return kernel_sources(found.sizes) | parameter_sources(found.law)


def refused_by(mutant: Mutant) -> str | None:
    """The first claim that is not shown of the C with this change; None where all three are."""
    found = flight(mutant.project)
    sources = files(mutant.project) | {mutant.file: mutant.text}
    if mutant.file.startswith("parameters"):
        verdicts = [parameters(found, sources)]
    elif mutant.file == "scalar.h":
        verdicts = [settled(words_claim(sources["scalar.h"]))]
    else:
        verdicts = [equality(found, sources)]  # the others do not read these files
    return next((v.id for v in verdicts if not v.shown), None)


@cache
def mutants(project: str) -> list[Mutant]:
    """Every mutant that an operator makes, each once."""
    found = []
    seen = set(files(project).values())
    header = Text("kernel.h", files(project)["kernel.h"])
    for file in FILES:
        text = Text(file, files(project)[file])
        edits = [(name, edit) for name, operator in OPERATORS.items() for edit in operator(text)]
        edits += [(MEMBER, edit) for edit in another_member(text, header)]
        for operator, (what, changed) in edits:
            if changed not in seen:
                seen.add(changed)
                found.append(Mutant(project, operator, file, what, changed))
    return found
