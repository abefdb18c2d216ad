"""The project's own tests: those in its folder `tests`, collected at the start and run in time, and JUnit."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from certification.models import TestResult
from certification.pytest_ids import COLLECTED
from certification.results import failures, join, read_file, read_junit
from controller.errors import InputError

ENDED, NONE = (0, 1), 5  # pytest's statuses: all tests ran; there are none
FOLDER = "tests"
RUN_NAME, GIVEN_NAME = "tests/project.xml", "tests/junit-{}.xml"  # in the pack
Warn = Callable[[str], None]


@dataclass
class ProjectTests:
    """What is known before the work: the ids that pytest finds, and the JUnit files by name in the pack."""

    root: Path
    log: Path
    collected: list[str]
    given: dict[str, bytes]

    @property
    def names(self) -> list[str]:
        """Every id that a requirement's pattern may find."""
        return sorted({*self.collected, *(test.id for test in results(self.given))})

    def reports(self, warn: Warn) -> dict[str, bytes]:
        """Run the folder's tests: all JUnit files by name in the pack, without one that a broken run left."""
        run = _run(self, warn) if self.collected else None
        return ({RUN_NAME: run} if run is not None else {}) | self.given


def results(files: dict[str, bytes]) -> list[TestResult]:
    """The tests of a pack's JUnit files, each by the worst of its outcomes."""
    return join(read_junit(data, name) for name, data in sorted(files.items()))


def gather(root: Path, junit: Sequence[Path], work: Path, warn: Warn) -> ProjectTests:
    """Read the JUnit files and collect the tests of a project's folder; raises InputError."""
    given = {}
    for n, path in enumerate(junit, 1):
        data = read_file(path)
        read_junit(data, str(path), warn)
        given[GIVEN_NAME.format(n)] = data
    log = work / "tests.log"
    return ProjectTests(root, log, collect(root, log), given)


def collect(root: Path, log: Path) -> list[str]:
    """The ids of the tests in a project's folder `tests`, none where it has none; raises InputError."""
    place = root / FOLDER
    if not place.is_dir():
        return []
    if importlib.util.find_spec("pytest") is None:
        raise InputError(f"{place}: pytest, which runs them, is not installed; pip install pytest")
    listing = (log.parent / "tests.collected").resolve()
    listing.parent.mkdir(parents=True, exist_ok=True)
    listing.unlink(missing_ok=True)
    status = _pytest(root, log, ["--collect-only"], {COLLECTED: str(listing)})
    if status == NONE:
        return []
    if status != 0 or not listing.exists():
        raise InputError(f"{place}: pytest can't collect them ({_ended(status)}); see {log} and fix them")
    found: list[str] = json.loads(listing.read_text(encoding="utf-8"))
    return found


def _run(tests: ProjectTests, warn: Warn) -> bytes | None:
    """The JUnit XML of a run; of one that did not end or lacks a test, the failures alone, or None."""
    place = tests.root / FOLDER
    report = (tests.log.parent / "tests.xml").resolve()
    report.unlink(missing_ok=True)
    status = _pytest(tests.root, tests.log, [f"--junitxml={report}"], {})
    try:
        data = read_file(report)
        outcomes = {test.id: test.outcome for test in read_junit(data, str(report))}
    except InputError:
        outcomes = {}
    lost = [name for name in tests.collected if name not in outcomes]
    if status not in ENDED or lost:
        first = f"; {len(lost)} have no result, {lost[0]} the first" if lost else ""
        warn(f"{place}: the tests did not end ({_ended(status)}{first}); see {tests.log}; "
             "what they show stays not shown")  # fmt: skip
    elif status:
        warn(f"{place}: some tests failed; see {tests.log}")
    if status in ENDED and not lost:
        return data
    return failures(data) if "failed" in outcomes.values() else None


def _pytest(root: Path, log: Path, words: list[str], env: dict[str, str]) -> int:
    """As its owner runs it in that folder, with the ids from there; the status."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "certification.pytest_ids",
        f"--rootdir={root.resolve()}",
    ]
    with log.open("w", encoding="utf-8") as stream:
        return subprocess.run(
            [*command, *words, FOLDER], cwd=root, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream,
            env={**os.environ, **env}, check=False,
        ).returncode  # fmt: skip


def _ended(status: int) -> str:
    if status < 0:
        return f"killed by {signal.Signals(-status).name}"
    return f"pytest's status is {status}"
