"""Tests' results: JUnit XML, as many programs write it, read into test ids and outcomes.

A test counts as passed only where nothing says otherwise: it failed where any of its runs did (Maven's
flaky ones too), and is skipped where it did not run, or where a word or an element is none that is known.
What a suite says of itself counts for all in it; what it tells of and no case shows is a test of its own.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, XMLParser, tostring

from certification.models import Outcome, TestResult
from controller.errors import InputError
from controller.faults import read_bytes, shorten

NODE_ID = "seawall node id"  # the property in which certification/pytest_ids.py keeps a test's own id
SIZE_LIMIT = 1 << 28
RANK: dict[Outcome, int] = {"passed": 0, "skipped": 1, "failed": 2}

# What stands inside a <testcase>; the first row says nothing against it. All without -, _ and capitals.
ELEMENTS: dict[Outcome, set[str]] = {
    "passed": {"properties", "property", "systemout", "systemerr", "output", "attachments", "traits"},
    "failed": {"failure", "error", "rerunfailure", "rerunerror", "flakyfailure", "flakyerror"},
    "skipped": {"skipped", "ignored", "disabled", "pending"},
}
# What its attributes say.
WORDS: dict[Outcome, set[str]] = {
    "passed": {"", "run", "completed", "passed", "pass", "success", "succeeded", "successful", "ok", "true",
               "yes", "executed"},
    "failed": {"fail", "failed", "failure", "error", "errored", "broken", "timeout", "crashed", "aborted"},
    "skipped": {"notrun", "disabled", "suppressed", "skipped", "skip", "ignored", "ignore", "pending", "todo",
                "notexecuted", "notrunnable", "inconclusive", "false", "no"},
}  # fmt: skip
SUITES = ("testsuites", "testsuite")
SAYS = ("status", "result", "outcome", "executed", "state", "verdict", "run", "enabled", "success", "passed")
DENIES: dict[str, Outcome] = {"skipped": "skipped", "disabled": "skipped", "ignored": "skipped",
                              "notrun": "skipped", "failed": "failed"}  # fmt: skip
NO = ("", "0", "false", "no")
COUNTS: dict[Outcome, tuple[str, ...]] = {
    "failed": ("failures", "errors", "failed"),
    "skipped": ("skipped", "disabled", "ignored", "notrun"),
    "passed": ("tests",),
}
ITSELF = "(the suite itself)"
DEEPEST = 100  # elements inside each other
Note = Callable[[str], None]


def read_file(path: Path) -> bytes:
    """The file's bytes; raises InputError where it is none that can be read."""
    return read_bytes(path, SIZE_LIMIT)


def read_junit(data: bytes, place: str, note: Note | None = None) -> list[TestResult]:
    """Tests in order of id, each once, by the worst of its outcomes; raises InputError on what is no JUnit.

    note: told of a word or an element that is not known, for which the test counts as skipped.
    """
    found: dict[str, Outcome] = {}
    for test, outcome in _all(_parse(data, place), place, note or (lambda sentence: None)):
        found[test] = worst(found.get(test, "passed"), outcome)
    if not found:
        raise InputError(f"{place}: holds no test; run the tests again, or leave it out")
    return [TestResult(id=test, outcome=found[test]) for test in sorted(found)]


def join(files: Iterable[list[TestResult]]) -> list[TestResult]:
    """The tests of several files, in order of id, each once, by the worst of its outcomes."""
    found: dict[str, Outcome] = {}
    for tests in files:
        for test in tests:
            found[test.id] = worst(found.get(test.id, "passed"), test.outcome)
    return [TestResult(id=test, outcome=found[test]) for test in sorted(found)]


def failures(data: bytes) -> bytes:
    """The JUnit XML of the failed tests of another; raises InputError as read_junit() does."""
    root = _parse(data, "the tests")
    left = Element("testsuite")
    cases = [e for e in root.iter() if _plain(_tag(e)) == "testcase"]
    left.extend(case for case in cases if _outcome(case, "", lambda sentence: None) == "failed")
    known = {_case_id(case) for case in left}
    for test in read_junit(data, "the tests"):  # what a suite says has no case of its own
        if test.outcome == "failed" and test.id not in known:
            left.append(Element("testcase", name=test.id, status="failed"))
    return bytes(tostring(left, encoding="utf-8", xml_declaration=True))


def worst(*outcomes: Outcome) -> Outcome:
    """failed before skipped before passed."""
    return max(outcomes, key=lambda outcome: RANK[outcome])


class _Builder(TreeBuilder):
    """Refuses a DTD: its entities and defaults could say anything of a test."""

    def doctype(self, name: str, public: str, system: str) -> None:
        raise ValueError("it has a DTD, which no JUnit XML needs; take it out")


def _parse(data: bytes, place: str) -> Element:
    try:
        parser = XMLParser(target=_Builder())
        parser.feed(data)
        root: Element = parser.close()
        _shallow(root)
    except (ParseError, ValueError, LookupError, RecursionError) as error:
        raise InputError(f"{place}: is not a valid XML file ({error}); run the tests again") from None
    if _tag(root) not in SUITES:
        found = shorten(_tag(root))
        raise InputError(f"{place}: is no JUnit XML (it begins with <{found}>); give the tests' JUnit XML")
    return root


def _shallow(root: Element) -> None:
    level = [root]
    for _ in range(DEEPEST):
        level = [inner for element in level for inner in element]
    if level:
        raise ValueError(f"its elements are more than {DEEPEST} deep inside each other")


def _all(root: Element, place: str, note: Note) -> Iterator[tuple[str, Outcome]]:
    """Each case, however deep and in whatever; and each suite that tells of what no case in it shows."""
    parents = {inner: outer for outer in root.iter() for inner in outer}
    said: dict[Element, Outcome] = {}  # by the suites around an element, it included
    seen: dict[Element, set[Outcome]] = {element: set() for element in root.iter() if _tag(element) in SUITES}
    for element in root.iter():
        outer = parents.get(element)
        said[element] = "passed" if outer is None else said[outer]
        if element in seen:
            said[element] = worst(said[element], _of_suite(element))
        elif _plain(_tag(element)) == "testcase":
            outcome = worst(said[element], _outcome(element, place, note))
            yield _case_id(element), outcome
            while outer is not None:
                seen.get(outer, set()).add(outcome)
                outer = parents.get(outer)
        elif outer in seen and _plain(_tag(element)) not in ELEMENTS["passed"]:
            shown = f"<{shorten(_tag(element))}>"
            yield _itself(outer), _meaning(_tag(element), ELEMENTS, _itself(outer), place, shown, note)
    for suite, ends in seen.items():
        for outcome, keys in COUNTS.items():
            told = [key for key in keys if suite.get(key, "0").strip() not in NO]
            if told and not (ends if outcome == "passed" else outcome in ends):
                note(f'{place}: {_itself(suite)}: {told[0]}="{suite.get(told[0])}", and no test in it is so')
                yield _itself(suite), worst(outcome, "skipped")


def _of_suite(suite: Element) -> Outcome:
    """What its status says where that is known; counts are not its status."""
    words = [suite.get(key, "") for key in ("status", "result", "outcome", "state")]
    return worst(*(_known(word) or "passed" for word in words))


def _itself(suite: Element) -> str:
    return f"{suite.get('name') or 'suite'}::{ITSELF}"


def _outcome(case: Element, place: str, note: Note) -> Outcome:
    name = _case_id(case)
    said: list[Outcome] = ["passed"]
    for element in case:
        tag = _tag(element)
        said.append(_meaning(tag, ELEMENTS, name, place, f"<{shorten(tag)}>", note))
    for key, value in case.attrib.items():
        plain = _plain(key)
        if plain in DENIES:
            said.append("passed" if value.strip().lower() in NO else DENIES[plain])
        elif plain in SAYS:
            said.append(_meaning(value, WORDS, name, place, f'{key}="{shorten(value)}"', note))
    return worst(*said)


def _meaning(
    word: str, table: dict[Outcome, set[str]], name: str, place: str, shown: str, note: Note
) -> Outcome:
    found = _known(word, table)
    if found is None:
        note(f"{place}: {name}: {shown} is not known, so the test counts as skipped")
    return found or "skipped"


def _known(word: str, table: dict[Outcome, set[str]] = WORDS) -> Outcome | None:
    return next((outcome for outcome, words in table.items() if _plain(word) in words), None)


def _plain(word: str) -> str:
    return re.sub(r"[-_ ]", "", word.lower())


def _case_id(case: Element) -> str:
    """pytest's node id where the file tells it or the class's name fits one; else class::name."""
    own = next((e.get("value", "") for e in case.iter() if e.get("name") == NODE_ID), "")
    return own or node_id(case.get("classname") or "", case.get("name") or "", case.get("file") or "")


def node_id(classname: str, name: str, file: str = "") -> str:
    """The pytest node id of a case: `a.test_b.TestC` and `test_d` give `a/test_b.py::TestC::test_d`."""
    module = file.removesuffix(".py").replace("/", ".")
    if file.endswith(".py") and f"{classname}.".startswith(f"{module}."):
        return "::".join([file, *classname.removeprefix(module).split(".")[1:], name])
    parts = classname.split(".")
    for i in reversed(range(len(parts))):
        if parts[i].startswith("test_") or parts[i].endswith("_test"):
            return "::".join(["/".join(parts[: i + 1]) + ".py", *parts[i + 1 :], name])
    return f"{classname}::{name}" if classname else name


def _tag(element: Element) -> str:
    return element.tag.rpartition("}")[2]
