"""Seawall's own result: it speaks of the code whose digests it holds, wherever that is installed."""

import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from shutil import copyfile

import pytest

import certification
from certification import suite
from certification.code import SUITE, all_digests, is_checkout, root_of
from certification.suite import KEPT, Suite, find, lacking, obtain, parse, run, summary
from controller.errors import InputError
from tests.certification.fixture import NOW, junit_xml

jsonschema = pytest.importorskip("jsonschema")
FAILED = "some of Seawall's own tests failed; see "
TWIN = "tests/should_fail/test_x.py"
GOOD = "import pytest\n@pytest.mark.parametrize('n', [1, 2])\ndef test_twin(n): assert n\n"


def checkout(root: Path, twin: str = GOOD) -> Path:
    """A small project that is laid out as Seawall's checkout is."""
    for path, text in {
        "pyproject.toml": "[tool.pytest.ini_options]\ntestpaths = ['tests']\n",
        "controller/kernel/x.py": "A = 1\n",
        "seawall.py": "A = 1\n",
        TWIN: twin,
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


def result(root: Path, outcome: str = "passed") -> Suite:
    test = f"{TWIN}::test_twin"
    return summary(junit_xml([test], {test: outcome}).encode(), all_digests(root), NOW)


def keep(root: Path, place: Path | str, outcome: str = "passed") -> bytes:
    data = result(root, outcome).dump()
    (root / place).parent.mkdir(parents=True, exist_ok=True)
    (root / place).write_bytes(data)
    return data


def test_cases_are_counted_by_function_and_the_worst_counts() -> None:
    ids = [
        "test_t.py::test_a[1]",
        "test_t.py::test_a[2[x]]",
        "test_t.py::test_b",
        "test_t.py::test_c[1]",
        "test_t.py::test_c[2]",
    ]
    outcomes = {ids[3]: "failed", ids[2]: "skipped"}
    found = summary(junit_xml(ids, outcomes).encode(), {}, NOW)
    assert found.tests == {
        "test_t.py::test_a": {"passed": 2},
        "test_t.py::test_b": {"skipped": 1},
        "test_t.py::test_c": {"failed": 1, "passed": 1},
    }
    assert [test.outcome for test in found.results] == ["passed", "skipped", "failed"]


def test_its_file_fits_the_schema_and_comes_back(tmp_path: Path) -> None:
    found = result(checkout(tmp_path))
    schema = json.loads((Path(certification.__file__).parent / "schema" / "suite-1.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads(found.dump()), schema, cls=jsonschema.Draft202012Validator)
    assert parse(found.dump(), "x") == found


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"schema": "seawall/suite/2"}', b"\xff"])
def test_what_is_no_result_is_refused(data: bytes) -> None:
    with pytest.raises(InputError, match=r"^place: is not a valid seawall/suite/1"):
        parse(data, "place")


@pytest.mark.parametrize("place", [SUITE, KEPT])
def test_a_result_counts_for_its_code_alone(tmp_path: Path, place: Path | str) -> None:
    """Shipped or kept: no file may differ, be gone or be new, in the code or in the tests."""
    root = checkout(tmp_path)
    data = keep(root, place)
    assert find(root) == data
    for path in (TWIN, "controller/kernel/x.py", "seawall.py", "pyproject.toml"):
        before = (root / path).read_bytes()
        (root / path).write_bytes(before + b"#")
        assert find(root) is None, path
        (root / path).write_bytes(before)
    new = root / "hil" / "new.c"
    new.parent.mkdir()
    new.touch()
    assert find(root) is None
    new.unlink()
    for made in ("controller/__pycache__/x.pyc", "tests/build/x", "controller/.x.swp", "docs/evidence.png"):
        (root / made).parent.mkdir(parents=True, exist_ok=True)
        (root / made).touch()
    assert find(root) == data


def test_a_shipped_result_of_other_code_makes_way_for_the_kept_one(tmp_path: Path) -> None:
    root = checkout(tmp_path)
    keep(root, SUITE, "failed")
    (root / "seawall.py").write_text("A = 2\n")
    assert find(root) is None
    data = keep(root, KEPT)
    assert find(root) == data


def test_among_installed_packages_a_folder_of_tests_is_anothers(tmp_path: Path) -> None:
    root = checkout(tmp_path)
    data = keep(root, SUITE)
    (root / "pyproject.toml").unlink()
    assert not is_checkout(root) and find(root) == data
    (root / TWIN).write_text("another's")
    assert find(root) == data
    (root / "seawall.py").write_text("A = 2\n")
    assert find(root) is None and obtain(root / "log", pytest.fail, root) is None
    assert "install Seawall again" in (lacking(root) or "")


def test_what_pip_installs_is_what_the_result_speaks_of(tmp_path: Path) -> None:
    """A wheel built from this checkout, unpacked: its files are all that a shipped result needs."""
    source, here = tmp_path / "source", all_digests()
    for path in here:
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        copyfile(root_of() / path, source / path)
    shipped = summary(junit_xml([f"{TWIN}::test_twin"]).encode(), here, NOW).dump()
    (source / SUITE).write_bytes(shipped)
    script = "from setuptools import build_meta; print(build_meta.build_wheel('../dist'))"
    (tmp_path / "dist").mkdir()
    subprocess.run([sys.executable, "-c", script], cwd=source, check=True, capture_output=True)
    (wheel,) = (tmp_path / "dist").iterdir()
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    assert find(tmp_path / "site") == shipped
    (tmp_path / "site" / "hil" / "agent" / "main.c").write_text("/* another */")
    assert find(tmp_path / "site") is None


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One worker, and nothing of the pytest around."""
    monkeypatch.setattr(suite.os, "cpu_count", lambda: 1)
    monkeypatch.setenv("PYTEST_ADDOPTS", "--collect-only")
    yield


@pytest.mark.usefixtures("quick")
def test_a_checkout_runs_its_tests_once_for_the_same_code(tmp_path: Path) -> None:
    root, log, told = checkout(tmp_path), tmp_path / "work" / "suite.log", list[str]()
    assert lacking(root) is None
    data = obtain(log, told.append, root)
    assert data is not None and parse(data, "x").tests == {f"{TWIN}::test_twin": {"passed": 2}}
    assert (root / KEPT).read_bytes() == data == find(root) and "2 passed" in log.read_text()
    log.unlink()
    assert obtain(log, told.append, root) == data
    assert not log.exists() and not told


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("twin", "kept", "says"),
    [
        ("def test_twin(): assert 0", {"failed": 1}, FAILED),
        ("import os\ndef test_twin(): os._exit(0)", {"failed": 1}, FAILED),
        ("A = 1", None, "Seawall's own tests: pytest ended with status 5; see "),
        (
            "from pathlib import Path\ndef test_twin(): Path('seawall.py').write_text('A = 3')",
            None,
            "Seawall's own tests: the code changed while they ran; run them again; see ",
        ),
    ],
)
def test_a_run_that_fails_is_told_and_one_that_does_not_end_keeps_nothing(
    tmp_path: Path, twin: str, kept: dict[str, int] | None, says: str
) -> None:
    root, told = checkout(tmp_path, twin), list[str]()
    data = obtain(tmp_path / "suite.log", told.append, root)
    assert len(told) == 1 and told[0].startswith(says)
    assert (root / KEPT).exists() == (kept is not None)
    assert (data and parse(data, "x").tests) == (kept and {f"{TWIN}::test_twin": kept})
    if kept:
        assert obtain(tmp_path / "suite.log", told.append, root) == data and "make test" in told[1]


@pytest.mark.usefixtures("quick")
def test_a_run_that_is_refused_leaves_no_older_result(tmp_path: Path) -> None:
    root = checkout(tmp_path, "A = 1")
    keep(root, KEPT)
    with pytest.raises(InputError):
        run(root, subprocess.DEVNULL, 1)
    assert find(root) is None
