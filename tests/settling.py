"""Ask the solvers here and now."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from controller.project import Project, load
from tests.projects import make_project
from verification.claims.bounds import find_box
from verification.flight import Box, Flight
from verification.proof import ask
from verification.verdict import Pending, Verdict


def settled(pending: Pending) -> Verdict:
    """The verdict by both solvers' answers."""
    return pending.settle({o.name: ask(o) for o in pending.obligations})


def small(hidden: int = 2, outputs: int = 1, **overrides: Any) -> Project:
    """A loaded project of few neurons."""
    with TemporaryDirectory() as folder:
        return load(make_project(Path(folder) / "p", hidden=hidden, outputs=outputs, **overrides))


@cache
def flown() -> tuple[Project, Flight, Box]:
    """A small project that can be proved: the project, its program and its box."""
    project = small()
    flight = Flight(project.law, project.sizes)
    return project, flight, find_box(flight)
