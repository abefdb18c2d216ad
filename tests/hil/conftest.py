"""A small project, and its agent as a real process behind a pty."""

from collections.abc import Iterator

import pytest

from controller.project import Project, load
from hil.link import Link
from hil.targets import Embedded, embedded
from tests.projects import make_project


@pytest.fixture(scope="package")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Two inputs, eight hidden, one output."""
    return load(make_project(tmp_path_factory.mktemp("project")))


@pytest.fixture
def target(project: Project) -> Iterator[Embedded]:
    """The project's agent, running."""
    with embedded(project) as found:
        yield found


@pytest.fixture
def link(target: Embedded) -> Iterator[Link]:
    """A link to it."""
    with Link(target.url) as found:
        yield found


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A short line needs two seconds to bound a clock's rate; a slow one, or a busy machine, gets five.

    Then the rate is in doubt, as it would be after the whole time; what needs it bounded is flown anew.
    """
    monkeypatch.setattr("hil.timing.LONGEST_S", 5.0)
