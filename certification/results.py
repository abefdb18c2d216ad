"""Tests' results: a JUnit XML file read into node ids and outcomes."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from certification.models import Outcome, TestResult
from controller.errors import InputError


def node_id(classname: str, name: str) -> str:
    """The pytest node id of a case: `a.test_b.TestC` and `test_d` give `a/test_b.py::TestC::test_d`."""
    parts = classname.split(".")
    for i, part in enumerate(parts):
        if part.startswith("test_"):
            return "::".join(["/".join(parts[: i + 1]) + ".py", *parts[i + 1 :], name])
    return f"{classname}::{name}" if classname else name


def _outcome(case: TestCase) -> Outcome:
    kinds = [type(result) for result in case.result]
    if any(kind in (Failure, Error) for kind in kinds):
        return "failed"
    return "skipped" if Skipped in kinds else "passed"


def read_junit(data: bytes, place: str) -> list[TestResult]:
    """Tests in order of id, each once: the worst of its outcomes. Raises InputError on a broken file."""
    try:
        root = JUnitXml.fromstring(data)
    except Exception as error:
        raise InputError(f"{place}: is no JUnit XML ({error}); run the tests again") from None
    suites = [root] if isinstance(root, TestSuite) else list(root)
    rank: dict[Outcome, int] = {"passed": 0, "skipped": 1, "failed": 2}
    found: dict[str, Outcome] = {}
    for suite in suites:
        for case in suite:
            test = node_id(case.classname or "", case.name or "")
            outcome = _outcome(case)
            known = found.get(test)
            found[test] = outcome if known is None else max(known, outcome, key=lambda o: rank[o])
    return [TestResult(id=test, outcome=found[test]) for test in sorted(found)]


def junit_bytes(path: Path) -> bytes:
    """The file's bytes; raises InputError where it can't be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: can't be read ({error.strerror}); give the tests' JUnit XML") from None


def run_tests(work: Path, warn: Callable[[str], None]) -> Path | None:
    """The JUnit XML of Seawall's own tests, run now; None where they are not beside this installation."""
    root = Path(__file__).resolve().parent.parent
    if not (root / "tests").is_dir():
        warn("no tests beside this installation, so what they show stays not shown; give --junit")
        return None
    work.mkdir(parents=True, exist_ok=True)
    report, log = (work / "junit.xml").resolve(), work / "tests.log"
    report.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", "-q", "-n", str(os.cpu_count() or 1), "--dist", "loadgroup"]
    with log.open("w", encoding="utf-8") as stream:
        done = subprocess.run(
            [*command, f"--junitxml={report}"], cwd=root, stdout=stream, stderr=stream, check=False
        )
    if done.returncode != 0:
        warn(f"some tests failed; see {log}")
    return report if report.exists() else None
