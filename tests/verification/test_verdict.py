"""Words: nothing is proved by no answer, and nothing rests on what is not shown."""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from controller.project import load
from tests.projects import make_project
from verification.proof import Answer
from verification.verdict import Verdict, rest
from verification.verify import Place, admit

UNSAT = Answer("A-1", "proofs/A-1.smt2", "z3", "unsat", "cvc5", "unsat", vacuity="sat")


def verdict(id_: str, word: str, *assumptions: str) -> Verdict:
    return Verdict(id_, "It holds.", word, "by hand", assumptions=list(assumptions))


def test_no_answer_proves_nothing() -> None:
    """A claim without obligations has no proof."""
    assert verdict("A", "PROVED-IEEE").rest_on([]).word == "OPEN"
    assert verdict("A", "PROVED-IEEE").rest_on([UNSAT]).word == "PROVED-IEEE"


def test_a_claim_rests_on_what_it_assumes() -> None:
    """By any chain; a claim whose id only begins alike is another one."""
    first, second = verdict("A-BOUND", "OPEN"), verdict("B", "PROVED-IEEE", "it stays small (A-BOUND).")
    third, fourth = verdict("C", "EXHAUSTED", "by B, kept"), verdict("D", "PROVED-IEEE", "by A-BOUND-2")
    rest([third, second, first, fourth])
    assert [v.word for v in (first, second, third, fourth)] == ["OPEN", "OPEN", "OPEN", "PROVED-IEEE"]
    assert third.reason == "it assumes B, which is OPEN"


def test_claims_of_one_induction_stand_together() -> None:
    """Two claims that assume each other hold if both steps do."""
    pair = [verdict("A", "PROVED-IEEE", "by B"), verdict("B", "PROVED-IEEE", "by A")]
    rest(pair)
    assert [v.word for v in pair] == ["PROVED-IEEE", "PROVED-IEEE"]
    rest([*pair, verdict("C", "REFUTED"), verdict("E", "PROVED-IEEE", "by C")])
    assert pair[0].shown
    pair[0].word = "REFUTED"
    rest(pair)
    assert pair[1].word == "OPEN" and "A, which is REFUTED" in pair[1].reason


def test_without_the_box_nothing_that_assumes_it_is_proved(tmp_path: Path) -> None:
    """A limit below what the states reach: the box is not kept, so no claim about what it bounds is."""
    project = load(make_project(tmp_path / "p", hidden=1, **{"state.limit": 0.05}))
    with ProcessPoolExecutor(1, get_context("spawn")) as executor:
        admission = admit(project, Place(tmp_path / "proofs"), executor)
    words = {v.id: v.word for v in admission.verdicts}
    assert words["STATE-BOUNDS"] == "REFUTED" and admission.status == 1
    for name in ("OUTPUT-BOUNDS", "STATE-LIMIT-UNREACHED", "FINITE", "NO-DIVISION-BY-ZERO"):
        assert words[name] == "OPEN", name
    assert words["INTEGER-RANGE"] == words["C-EQUALS-PYTHON"] == "PROVED-IEEE"
