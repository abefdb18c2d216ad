"""JUnit XML of many programs read into ids and outcomes: nothing counts as passed that did not pass."""

from pathlib import Path

import pytest

from certification.results import failures, join, node_id, read_file, read_junit
from controller.errors import InputError
from tests.certification.dialects import OUTCOMES, PYTEST, UNKNOWN
from tests.certification.fixture import all_tests, junit_xml


@pytest.mark.parametrize("dialect", OUTCOMES)
def test_each_dialect_means_what_its_program_says(dialect: str) -> None:
    text, outcomes = OUTCOMES[dialect]
    assert {test.id: test.outcome for test in read_junit(text.encode(), "x")} == outcomes


def test_words_that_are_not_known_are_told() -> None:
    told: list[str] = []
    read_junit(UNKNOWN.encode(), "x.xml", told.append)
    assert told == [
        'x.xml: a::odd: status="wobbly" is not known, so the test counts as skipped',
        "x.xml: a::quarantined: <quarantined> is not known, so the test counts as skipped",
    ]


@pytest.mark.parametrize(
    ("classname", "name", "file", "expected"),
    [
        ("tests.a.test_b", "test_c", "", "tests/a/test_b.py::test_c"),
        ("tests.a.test_b.TestC", "test_d[1.5]", "", "tests/a/test_b.py::TestC::test_d[1.5]"),
        ("test_b", "test_c", "", "test_b.py::test_c"),
        ("test_suite.test_b", "test_c", "", "test_suite/test_b.py::test_c"),
        ("tests.rig_test.TestC", "test_d", "", "tests/rig_test.py::TestC::test_d"),
        ("checks.rig.TestC", "test_d", "checks/rig.py", "checks/rig.py::TestC::test_d"),
        ("Brake", "Holds", "brake.cc", "Brake::Holds"),
        ("suite", "case", "", "suite::case"),
        ("", "case", "", "case"),
    ],
)
def test_node_ids(classname: str, name: str, file: str, expected: str) -> None:
    assert node_id(classname, name, file) == expected


def test_outcomes_and_order() -> None:
    ids = all_tests()
    found = read_junit(junit_xml(ids[::-1], {ids[0]: "failed", ids[1]: "skipped"}).encode(), "x")
    assert [test.id for test in found] == sorted(ids)
    assert [test.outcome for test in found[:3]] == ["failed", "skipped", "passed"]


@pytest.mark.parametrize(
    ("inside", "outcome"),
    [
        ('<group><testcase name="t"><failure/></testcase></group>', "failed"),
        ('<TestCase name="t"><failure/></TestCase>', "failed"),
        ('<test-case name="t" result="Failed"/>', "failed"),
        ('<testsuite status="notrun"><testcase name="t"/></testsuite>', "skipped"),
        *((f'<testcase name="t" {said}/>', "failed") for said in ('state="failed"', 'failed="1"')),
        *(
            (f'<testcase name="t" {said}/>', "skipped")
            for said in ('Status="notrun"', 'run="false"', 'enabled="no"', 'skipped="true"', 'success="0"')
        ),
        ('<testcase name="t" skipped="0" failed="false" success="true" time="NaN"/>', "passed"),
    ],
)
def test_whatever_says_that_a_test_did_not_pass_counts(inside: str, outcome: str) -> None:
    found = read_junit(f'<testsuite><testcase name="ok"/>{inside}</testsuite>'.encode(), "x")
    assert {"t": outcome, "ok": "passed"}.items() <= {test.id: test.outcome for test in found}.items()


@pytest.mark.parametrize(
    ("attributes", "inside", "outcome"),
    [
        ("", "<failure/>", "failed"),
        ("", "<error>Segmentation fault</error>", "failed"),
        ("", "<crash/>", "skipped"),
        ('errors="1"', "", "failed"),
        ('failed="2"', "", "failed"),
        ('skipped="1"', "", "skipped"),
        ('disabled="true"', "", "skipped"),
        ("", '<testsuite name="s" tests="12"/>', "skipped"),
    ],
)
def test_what_a_suite_tells_and_no_test_shows(attributes: str, inside: str, outcome: str) -> None:
    told: list[str] = []
    text = f'<testsuite name="s" {attributes}><testcase name="ok"/>{inside}</testsuite>'
    found = {test.id: test.outcome for test in read_junit(text.encode(), "x", told.append)}
    assert found == {"ok": "passed", "s::(the suite itself)": outcome}
    assert outcome == "failed" or told[0].startswith("x: s::(the suite itself): ")


def test_failures_keep_what_a_suite_alone_tells() -> None:
    text = b'<testsuites><testsuite name="s" errors="1"><testcase name="ok"/></testsuite></testsuites>'
    assert [(test.id, test.outcome) for test in read_junit(failures(text), "x")] == [
        ("s::(the suite itself)", "failed")
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            '<!DOCTYPE s SYSTEM "s.dtd"><testsuite><testcase name="t" status="&notrun;"/></testsuite>',
            "has a DTD",
        ),
        ('<!DOCTYPE s [<!ENTITY a "">]><testsuite><testcase name="&a;t"/></testsuite>', "has a DTD"),
        ("<testsuite>" * 50_000 + '<testcase name="t"/>' + "</testsuite>" * 50_000, "deep inside each other"),
    ],
)
def test_a_file_that_no_two_readers_read_alike_is_refused(text: str, says: str) -> None:
    for read in (lambda data: read_junit(data, "x.xml"), failures):
        with pytest.raises(InputError, match=says):
            read(text.encode())


@pytest.mark.parametrize("outcome", ["failed", "skipped"])
def test_a_test_that_ran_twice_counts_by_its_worst(outcome: str) -> None:
    """In one file, and in two."""
    ids = ["a/test_b.py::test_c"]
    good, bad = junit_xml(ids), junit_xml(ids, {ids[0]: outcome})
    cut = bad.split('pytest">')[1].split("</testsuite>")[0]
    twice = good.replace("</testsuite>", cut + "</testsuite>")
    assert [test.outcome for test in read_junit(twice.encode(), "x")] == [outcome]
    files = [read_junit(text.encode(), "x") for text in (good, bad, good)]
    assert [test.outcome for test in join(files)] == [outcome]


def test_failures_alone() -> None:
    left = read_junit(failures(PYTEST.encode()), "x")
    assert [test.id for test in left] == [
        "tests/rig_test.py::test_teardown",
        "tests/test_rig.py::TestFade::test_fades[1.5]",
    ]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "is not a valid XML file"),
        (b"<testsuite", "is not a valid XML file"),
        (b"no xml", "is not a valid XML file"),
        (b'<?xml version="1.0" encoding="none"?><testsuite/>', "is not a valid XML file"),
        (b"<coverage/>", "is no JUnit XML (it begins with <coverage>)"),
        (b"<testsuites/>", "holds no test"),
        (b"\xff\xfe", "is not a valid XML file"),
    ],
)
def test_broken_file_is_refused(data: bytes, says: str) -> None:
    with pytest.raises(InputError, match=r"^place: ") as caught:
        read_junit(data, "place")
    assert says in str(caught.value)


def test_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no such file"):
        read_file(tmp_path / "none.xml")
