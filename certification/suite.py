"""Seawall's own tests: one result, that speaks of the code whose digests it holds and of no other.

It ships as suite.json, so that a user's pack needs no run of them. In a checkout whose code is another they
are run, and the result is kept in build/suite.json. `python -m certification.suite` runs them and keeps it.
"""

import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from certification.canonical import dump, listing_digest, load
from certification.code import SUITE, all_digests, installed_of, is_checkout, root_of
from certification.models import Outcome, Strict, TestResult
from certification.results import read_junit, worst
from controller.errors import InputError
from controller.faults import read_bytes
from controller.output_file import written

SCHEMA = "seawall/suite/1"
SIZE_LIMIT = 1 << 24
ENDED = (0, 1)  # pytest ran all tests: they passed, or some failed
KEPT = Path("build") / "suite.json"


class Suite(Strict):
    """The whole suite's result (schema/suite-1.json): tests by function, with how many cases ended how."""

    schema_: Literal["seawall/suite/1"]
    date: str
    python: str
    machine: str
    files: dict[str, str]
    tests: dict[str, Annotated[dict[Outcome, Annotated[int, Field(ge=1)]], Field(min_length=1)]]

    @property
    def digest(self) -> str:
        """Of all files that it speaks of."""
        return listing_digest(self.files)

    @property
    def results(self) -> list[TestResult]:
        """Each function once, by the worst of its cases."""
        return [TestResult(id=test, outcome=worst(*cases)) for test, cases in sorted(self.tests.items())]

    def fits(self, root: Path | None = None) -> bool:
        """Whether it speaks of this code: of every file here, and in a checkout of its tests too."""
        here = all_digests(root)
        if is_checkout(root):
            return here == self.files
        return here == installed_of(self.files)

    def dump(self) -> bytes:
        """Its file's bytes."""
        return dump({"schema": self.schema_, **self.model_dump(exclude={"schema_"})})


def parse(data: bytes, place: str) -> Suite:
    """Raises InputError on bytes that dump() can't have written."""
    try:
        found = load(data)
        return Suite.model_validate({"schema_" if k == "schema" else k: v for k, v in found.items()})
    except (ValueError, AttributeError, ValidationError):
        raise InputError(f"{place}: is not a valid {SCHEMA}; run Seawall's tests again") from None


def find(root: Path | None = None) -> bytes | None:
    """The shipped or the kept result, the first that speaks of this code; None where neither does."""
    base = root_of(root)
    for path in (base / SUITE, *([base / KEPT] if is_checkout(base) else [])):
        try:
            data = read_bytes(path, SIZE_LIMIT)
            if parse(data, str(path)).fits(base):
                return data
        except InputError:
            continue
    return None


def lacking(root: Path | None = None) -> str | None:
    """Why there is no result and none can be made, in one sentence; None where all is well."""
    base = root_of(root)
    if find(base) is not None or (is_checkout(base) and os.access(base, os.W_OK)):
        return None
    return (
        f"{base / SUITE}: is missing or speaks of other code than this, so what Seawall's own tests show "
        "stays not shown; install Seawall again, or use a checkout that may be written"
    )


def obtain(log: Path, warn: Callable[[str], None], root: Path | None = None) -> bytes | None:
    """The result for this code: found, or made now in a checkout and kept there.

    None where lacking() says why, and where a run did not end, which is told.
    """
    base = root_of(root)
    data = find(base)
    if data is not None:
        if any(test.outcome == "failed" for test in parse(data, "suite").results):
            warn("some of Seawall's own tests failed in the run that is kept; `make test` runs them again")
        return data
    if lacking(base):
        return None
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("w", encoding="utf-8") as stream:
            status = run(base, stream, os.cpu_count() or 1)
    except InputError as fault:
        warn(f"{fault}; see {log}")
        return None
    if status:
        warn(f"some of Seawall's own tests failed; see {log}")
    return find(base)


def run(root: Path, stream: Any = None, processes: int = 2) -> int:
    """Run all tests of a checkout and keep their result there; pytest's status, 0 or 1.

    stream: where pytest writes; standard output unless given. Raises InputError where pytest did not end, or
    where the code changed meanwhile: then nothing is kept.
    """
    (root / KEPT).unlink(missing_ok=True)
    before = all_digests(root)
    with tempfile.TemporaryDirectory(prefix="seawall-") as folder:
        report = Path(folder) / "junit.xml"
        command = [sys.executable, "-m", "pytest", "-q", "-n", str(processes), "--dist", "loadgroup"]
        plain = {key: value for key, value in os.environ.items() if key != "PYTEST_ADDOPTS"}
        done = subprocess.run(
            [*command, "-p", "certification.pytest_ids", f"--junitxml={report}"],
            cwd=root, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, env=plain, check=False,
        )  # fmt: skip
        if done.returncode not in ENDED or not report.exists():
            raise InputError(f"Seawall's own tests: pytest ended with status {done.returncode}")
        found = summary(report.read_bytes(), before)
    if all_digests(root) != before:
        raise InputError("Seawall's own tests: the code changed while they ran; run them again")
    (root / KEPT).parent.mkdir(exist_ok=True)
    with written(root / KEPT) as stream:
        stream.write(found.dump().decode())
    return done.returncode


def summary(junit: bytes, files: dict[str, str], now: datetime | None = None) -> Suite:
    """The suite's result from its JUnit XML and the digests of what was tested."""
    tests: dict[str, dict[Outcome, int]] = {}
    for test in read_junit(junit, "Seawall's own tests"):
        cases = tests.setdefault(test.id.partition("[")[0], {})
        cases[test.outcome] = cases.get(test.outcome, 0) + 1
    return Suite(
        schema_="seawall/suite/1",
        date=(now or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%S+00:00"),
        python=platform.python_version(),
        machine=f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors",
        files=files,
        tests=tests,
    )


def main() -> int:
    """Run the tests here and keep the result: pytest's status, 2 where there is none to keep."""
    try:
        return run(root_of())
    except InputError as fault:
        print(f"seawall: {fault}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    raise SystemExit(main())
