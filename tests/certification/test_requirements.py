"""Requirements as data: the shipped file, and every way in which a file can be wrong."""

from pathlib import Path
from typing import Any

import pytest

from certification.campaigns import CAMPAIGN_IDS
from certification.code import code_digests, root_of
from certification.models import Requirement
from certification.pattern import matches, select
from certification.requirements import check, kernel_text, load, with_project
from controller.errors import InputError
from controller.initialise import initialise
from controller.project import load as project_of
from tests.projects import make_project
from verification.claims import CLAIMS

HEAD = '[[requirement]]\nid = "A-1"\ntext = "It holds."\nclaims = ["A"]\n'
REST = '[[family]]\nname = "All"\nclaims = ["*"]\n[[trusted]]\nwhat = "x"\nwhy = "y"\n'


def test_shipped_requirements_load() -> None:
    rules = load()
    assert len(rules.requirements) >= 25
    assert all(entry.source == "kernel" for entry in rules.requirements)
    assert all(entry.text.endswith(".") for entry in rules.requirements)
    assert rules.families and rules.trusted


@pytest.mark.parametrize("word", ["certified", "compliant", "guarantee"])
def test_shipped_requirements_promise_nothing_they_do_not_show(word: str) -> None:
    assert word not in kernel_text().lower()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[requirement", "mend the TOML"),
        (HEAD + 'colour = "red"\n' + REST, "requirement A-1: colour: extra inputs are not permitted"),
        (HEAD.replace('"A-1"', '"1 A"') + REST, "requirement 1 A: id"),
        (HEAD.replace('["A"]', '"A"') + REST, "requirement A-1: claims"),
        (HEAD.replace('["A"]', "[]") + REST, "names nothing that shows it"),
        (HEAD.replace('"It holds."', '""') + REST, "requirement A-1: text"),
        (HEAD + 'accepts = ["SURE"]\n' + REST, "requirement A-1: accepts: 0"),
        (HEAD + HEAD + REST, "requirement A-1 stands twice"),
        (HEAD, "family: field required"),
        (HEAD + REST + "[extra]\n", "extra: extra inputs"),
    ],
)
def test_wrong_file_is_refused_with_its_place(text: str, says: str) -> None:
    with pytest.raises(InputError, match=r"^place: ") as caught:
        load(text, "place")
    assert says in str(caught.value)


def test_shipped_requirements_name_what_there_is() -> None:
    """Each pattern finds something, and each claim and campaign has a requirement."""
    rules = load().requirements
    files, root = list(code_digests()), root_of()
    for entry in rules:
        for patterns, names in ((entry.claims, CLAIMS), (entry.campaigns, CAMPAIGN_IDS), (entry.code, files)):
            assert all(select([pattern], names) for pattern in patterns), entry.id
        assert all((root / pattern).exists() for pattern in entry.tests), entry.id
    assert select([p for entry in rules for p in entry.claims], CLAIMS) == list(CLAIMS)
    assert select([p for entry in rules for p in entry.campaigns], CAMPAIGN_IDS) == list(CAMPAIGN_IDS)


TESTS = ["tests/test_rig.py::test_holds[1]", "Brake::Holds"]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"claims": ["GAURD-RANGE"]}, "claims: no claim that verify gives is 'GAURD-RANGE'; did you mean "),
        ({"claims": ["GAURD-RANGE"]}, "'GAURD-RANGE'; did you mean 'GUARD-RANGE'?"),
        ({"claims": ["GUARD-*", "GAURD-*"]}, "claims: no claim that verify gives is 'GAURD-*'; did you mean"),
        ({"claims": ["guard-range"]}, "'guard-range'; did you mean 'GUARD-RANGE'?"),
        ({"claims": ["42"]}, "no claim that verify gives is '42'; there are AS-DECLARED, AS-SPECIFIED, "),
        ({"campaigns": ["HIL-TIME"]}, "campaigns: no campaign is 'HIL-TIME'; did you mean 'HIL-TIMING'?"),
        ({"tests": ["tests/test_rigs.py"]}, "did you mean 'tests/test_rig.py'?"),
        ({"tests": ["tests/test_rig.py::test_hold"]}, "did you mean 'tests/test_rig.py::test_holds[1]'?"),
        ({"claims": []}, "REQ-1 names nothing that shows it; give claims, tests or campaigns"),
        ({"id": "SW-PID-1"}, "id: SW-PID-1 is a requirement of Seawall's own; choose another id"),
    ],
)  # fmt: skip
def test_a_requirement_that_names_nothing_is_told_with_its_line(
    changes: dict[str, Any], says: str, tmp_path: Path
) -> None:
    """At once, from the file alone and the names that there will be."""
    entry = {"id": "REQ-1", "text": "It holds.", "claims": ["FINITE"]} | changes
    first = {"id": "REQ-0", "text": "It holds.", "campaigns": ["HIL-*"], "tests": ["tests/", "Brake::*"]}
    project = project_of(make_project(tmp_path, requirement=[first, entry]))
    with pytest.raises(InputError, match=r"controller\.toml: line \d+: requirement\[1\]\.") as caught:
        check(project, TESTS)
    assert says in str(caught.value)


def test_tests_are_looked_at_where_they_are_known(tmp_path: Path) -> None:
    entry = {"id": "REQ-0", "text": "It holds.", "tests": ["tests/"]}
    project = project_of(make_project(tmp_path, requirement=[entry]))
    check(project)
    check(project, TESTS)
    with pytest.raises(InputError, match="there is none, so add one"):
        check(project, [])


def test_the_cart_and_the_template_name_what_there_is(tmp_path: Path) -> None:
    check(project_of(root_of() / "examples" / "cart"))
    check(initialise(tmp_path / "servo"))


def test_project_requirements_join_and_may_not_clash() -> None:
    shipped = load()
    both = with_project(shipped, [{"id": "P-1", "text": "t", "claims": ["FINITE"]}], "controller.toml")
    assert both.requirements[-1] == Requirement(id="P-1", text="t", claims=["FINITE"])
    with pytest.raises(InputError, match="stands twice"):
        with_project(shipped, [{"id": "SW-PID-1", "text": "t", "claims": ["FINITE"]}], "controller.toml")
    with pytest.raises(InputError, match=r"controller\.toml: requirement: text"):
        with_project(shipped, [{"id": "P-1", "claims": ["FINITE"]}], "controller.toml")


@pytest.mark.parametrize(
    ("pattern", "name", "fits"),
    [
        ("FINITE", "FINITE", True),
        ("FINITE", "FINITE-2", False),
        ("MODES-*", "MODES-PRIORITY", True),
        ("MODES-*", "MODE", False),
        ("tests/a/", "tests/a/test_b.py::test_c", True),
        ("tests/a/", "tests/ab/test_b.py::test_c", False),
        ("tests/a/test_b.py", "tests/a/test_b.py::T::test_c", True),
        ("tests/a/test_b.py::test_c", "tests/a/test_b.py::test_c[x-1]", True),
        ("tests/a/test_b.py::test_c", "tests/a/test_b.py::test_cd", False),
        ("t.py::test_c[a*]", "t.py::test_c[ab]", True),
        ("t.py::test_c[ab]", "t.py::test_ca", False),
        ("a.b", "axb", False),
    ],
)
def test_patterns(pattern: str, name: str, fits: bool) -> None:
    assert matches(pattern, name) is fits


def test_select_keeps_the_order_of_names_and_repeats_none() -> None:
    assert select(["*", "b"], ["c", "b", "a"]) == ["c", "b", "a"]


def test_each_test_of_seawall_is_named_by_a_requirement_and_by_few() -> None:
    """A file under a folder that one requirement names shows that one; most are named by themselves."""
    root = Path(__file__).resolve().parents[2]
    files = [path.relative_to(root).as_posix() for path in (root / "tests").rglob("test_*.py")]
    owners = {file: [r.id for r in load().requirements if select(r.tests, [file])] for file in files}
    assert [file for file, named in owners.items() if not named] == []
    assert {file: named for file, named in owners.items() if len(named) > 3} == {}
    assert {p for r in load().requirements for p in r.tests if p.endswith(".py")} <= set(files)
