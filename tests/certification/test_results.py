"""JUnit XML read into node ids."""

from pathlib import Path

import pytest

from certification.results import junit_bytes, node_id, read_junit
from controller.errors import InputError
from tests.certification.fixture import all_tests, junit_xml


@pytest.mark.parametrize(
    ("classname", "name", "expected"),
    [
        ("tests.a.test_b", "test_c", "tests/a/test_b.py::test_c"),
        ("tests.a.test_b.TestC", "test_d[1.5]", "tests/a/test_b.py::TestC::test_d[1.5]"),
        ("test_b", "test_c", "test_b.py::test_c"),
        ("suite", "case", "suite::case"),
        ("", "case", "case"),
    ],
)
def test_node_ids(classname: str, name: str, expected: str) -> None:
    assert node_id(classname, name) == expected


def test_outcomes_and_order() -> None:
    ids = all_tests()
    found = read_junit(junit_xml(ids[::-1], {ids[0]: "failed", ids[1]: "skipped"}).encode(), "x")
    assert [test.id for test in found] == sorted(ids)
    assert [test.outcome for test in found[:3]] == ["failed", "skipped", "passed"]


def test_a_test_that_ran_twice_counts_by_its_worst() -> None:
    passed, failed = junit_xml(["a/test_b.py::test_c"]), '<failure message="no"/></testcase>'
    twice = passed.replace(
        "</testcase>", "</testcase>" + passed.split('pytest">')[1].split("</testcase>")[0] + failed
    )
    assert [test.outcome for test in read_junit(twice.encode(), "x")] == ["failed"]


@pytest.mark.parametrize("data", [b"", b"<a", b"no xml"])
def test_broken_file_is_refused(data: bytes) -> None:
    with pytest.raises(InputError, match=r"^place: is no JUnit XML"):
        read_junit(data, "place")


def test_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="can't be read"):
        junit_bytes(tmp_path / "none.xml")
