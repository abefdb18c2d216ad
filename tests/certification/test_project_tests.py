"""The project's own tests: collected at the start, run in time, joined with files; a broken run is told."""

import subprocess
import sys
from pathlib import Path

import pytest

from certification.about import about
from certification.canonical import sha256
from certification.project_tests import RUN_NAME, ProjectTests, collect, gather, results
from controller.errors import InputError
from controller.initialise import initialise
from controller.project import load
from tests.certification.dialects import GTEST
from tests.certification.fixture import junit_xml

GOOD = """import pytest
@pytest.mark.parametrize("n", [1, 2])
def test_holds(n): assert n
class TestMore:
    def test_more(self): pytest.skip("no rig")
"""
IDS = [
    "tests/rig_test.py::TestMore::test_more",
    "tests/rig_test.py::test_holds[1]",
    "tests/rig_test.py::test_holds[2]",
]
ID = "tests/rig_test.py::test_holds"


def project(root: Path, text: str = GOOD) -> Path:
    (root / "tests").mkdir(parents=True, exist_ok=True)
    (root / "tests" / "rig_test.py").write_text(text)
    return root


def gathered(root: Path, *junit: Path) -> tuple[ProjectTests, list[str]]:
    told: list[str] = []
    return gather(root, junit, root / "work", told.append), told


def outcomes(reports: dict[str, bytes]) -> dict[str, str]:
    return {test.id: test.outcome for test in results(reports)}


def test_they_run_in_the_projects_folder_by_their_own_ids(tmp_path: Path) -> None:
    tests, told = gathered(project(tmp_path / "rig"))
    assert tests.names == IDS
    reports = tests.reports(told.append)
    assert outcomes(reports) == dict(zip(IDS, ["skipped", "passed", "passed"], strict=True))
    assert (list(reports), told) == ([RUN_NAME], [])


def test_a_relative_folder_with_settings_above_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As her own pytest would run there: her settings hold, and the ids are still the folder's."""
    project(tmp_path / "rigs" / "one")
    (tmp_path / "pyproject.toml").write_text("[tool.pytest.ini_options]\naddopts = '-q -q -k holds'\n")
    monkeypatch.chdir(tmp_path)
    tests, told = gathered(Path("rigs/one"))
    assert tests.names == IDS[1:]
    assert outcomes(tests.reports(told.append)) == dict.fromkeys(IDS[1:], "passed") and not told


def test_files_join_them_and_the_worst_counts(tmp_path: Path) -> None:
    root = project(tmp_path)
    one, two = tmp_path / "one.xml", tmp_path / "two.xml"
    one.write_text(GTEST)
    two.write_text(junit_xml([IDS[1], IDS[0]], {IDS[1]: "failed"}))
    tests, told = gathered(root, one, two)
    assert set(IDS) < set(tests.names) and "Brake::Holds" in tests.names
    reports = tests.reports(told.append)
    assert list(reports) == [RUN_NAME, "tests/junit-1.xml", "tests/junit-2.xml"]
    found = outcomes(reports)
    assert (found[IDS[0]], found[IDS[1]], found[IDS[2]]) == ("skipped", "failed", "passed")
    assert (found["Brake::Holds"], found["Brake::DISABLED_Ice"]) == ("passed", "skipped")


@pytest.mark.parametrize("text", [None, "A = 1"])
def test_a_project_without_tests_has_none(tmp_path: Path, text: str | None) -> None:
    root = project(tmp_path, text) if text else tmp_path
    tests, told = gathered(root)
    assert (tests.names, tests.reports(told.append), told) == ([], {}, [])


@pytest.mark.parametrize("text", ["import nowhere", "def test_(:", "import os; os._exit(3)", "exit()"])
def test_what_can_not_be_collected_is_told_at_the_start(tmp_path: Path, text: str) -> None:
    with pytest.raises(
        InputError, match=r"/tests: pytest can't collect them \(pytest's status is \d\); see "
    ):
        gathered(project(tmp_path, text))


def test_a_python_without_pytest_is_told_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.setattr(sys, "meta_path", [])
    monkeypatch.delitem(sys.modules, "pytest")
    with pytest.raises(InputError, match="pytest, which runs them, is not installed; pip install pytest"):
        collect(project(tmp_path), tmp_path / "log")


def breaking(how: str) -> str:
    """A test that passes, and one that breaks only where all are run: the second time that it is loaded."""
    return f"import os, pytest, signal\ndef test_before(): pass\ndef test_holds(): {how}\n"


def test_the_pack_names_the_tests_that_ran(tmp_path: Path) -> None:
    """By a digest that changes with any of them, and that sha256sum gives too."""
    root = initialise(tmp_path / "mine").root
    (root / "tests" / "deep").mkdir(parents=True)
    assert about(load(root))["tests_digest"] == ""
    (root / "tests" / "deep" / "test_it.py").write_text("def test_it(): assert f() == 1\n")
    before = about(load(root))["tests_digest"]
    listing = subprocess.run(
        ["sha256sum", "deep/test_it.py"], cwd=root / "tests", capture_output=True, check=True
    )
    assert before == sha256(listing.stdout)
    (root / "tests" / "deep" / "test_it.py").write_text("def test_it(): assert True\n")
    assert before != about(load(root))["tests_digest"]


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ("os._exit(0)", "pytest's status is 0; 2 have no result"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "killed by SIGKILL; 2 have no result"),
        ("os.abort()", "killed by SIGABRT; 2 have no result"),
        ("pytest.exit('enough', 0)", f"pytest's status is 0; 1 have no result, {ID} the first"),
        ("os.kill(os.getpid(), signal.SIGINT)", f"pytest's status is 2; 1 have no result, {ID} the first"),
    ],
)
def test_a_run_that_does_not_end_is_told_and_shows_nothing(tmp_path: Path, how: str, says: str) -> None:
    tests, told = gathered(project(tmp_path, breaking(how)))
    assert tests.reports(told.append) == {}
    assert len(told) == 1 and says in told[0] and told[0].endswith("stays not shown")


def test_of_a_run_that_does_not_end_a_failure_stays_and_nothing_else(tmp_path: Path) -> None:
    text = (
        "import pytest\ndef test_a(): pass\ndef test_b(): assert 0\ndef test_c(): pytest.exit('enough', 0)\n"
    )
    tests, told = gathered(project(tmp_path, text))
    assert outcomes(tests.reports(told.append)) == {"tests/rig_test.py::test_b": "failed"}
    assert "1 have no result" in told[0]


def test_a_failure_is_told(tmp_path: Path) -> None:
    tests, told = gathered(project(tmp_path, "def test_holds(): assert 0"))
    assert outcomes(tests.reports(told.append)) == {ID: "failed"}
    assert len(told) == 1 and "some tests failed; see " in told[0]


def test_an_older_runs_report_is_not_this_ones(tmp_path: Path) -> None:
    tests, told = gathered(project(tmp_path, "def test_holds(): pass"))
    assert tests.reports(told.append)
    (tmp_path / "tests" / "rig_test.py").write_text("import os; os._exit(0)")
    assert tests.reports(told.append) == {}
