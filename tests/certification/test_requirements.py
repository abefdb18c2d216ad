"""Requirements as data: the shipped file, and every way in which a file can be wrong."""

import pytest

from certification.models import Requirement
from certification.pattern import matches, select
from certification.requirements import kernel_text, load, with_project
from controller.errors import InputError

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
