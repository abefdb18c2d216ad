"""Obligations: two solvers, vacuity, and answers that outlive a killed run."""

import json
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from verification.proof import SOLVERS, TRY_RLIMIT, Obligation, ask, ask_z3, discharge_all, readable

LINES = ["(declare-const x Real)"]


def about(goal: str, *assumptions: str, name: str = "X") -> Obligation:
    return Obligation(name, "QF_LRA", "a comment", LINES, list(assumptions), goal)


class Nobody(Executor):
    """No solver is asked."""

    def submit(self, *_: Any, **__: Any) -> Future[Any]:
        raise AssertionError("this was answered before")


def test_a_true_goal_is_unsat_for_both_and_its_assumptions_can_hold() -> None:
    answer = ask(about("(< x 2.0)", "(< x 1.0)"))
    assert (answer.answer, answer.replay, answer.vacuity, answer.proved) == ("unsat", "unsat", "sat", True)
    assert answer.rlimit > 0


def test_a_false_goal_has_a_model() -> None:
    answer = ask(about("(< x 1.0)", "(< x 2.0)"))
    assert answer.answer == "sat" and answer.model and not answer.proved


def test_assumptions_that_contradict_each_other_prove_nothing() -> None:
    answer = ask(about("(< x 1.0)", "(< x 2.0)", "(< 3.0 x)"))
    assert (answer.answer, answer.vacuity, answer.proved) == ("unsat", "unsat", False)


@pytest.mark.parametrize("solver", SOLVERS)
def test_each_solver_answers_ieee(solver: str) -> None:
    text = "(set-logic QF_FP)\n(declare-const x Float64)\n(assert (fp.lt x x))\n(check-sat)\n"
    assert SOLVERS[solver](text)[0] == "unsat"
    assert SOLVERS[solver](text.replace("fp.lt x x", "fp.leq x x"))[0] == "sat"


def test_the_budget_is_the_same_in_every_run() -> None:
    assert len({ask(about("(< x 2.0)", "(< x 1.0)")).rlimit for _ in range(3)}) == 1


def test_a_wall_beside_zero_is_decided_by_another_order_of_variables() -> None:
    """A neuron that only positive activations drive: in the first order nlsat does not end in minutes."""
    text = Path(__file__).with_name("one_sided.smt2").read_text()
    answer, used, _ = ask_z3(text, 2 * TRY_RLIMIT)
    assert answer == "unsat" and TRY_RLIMIT < used < 2 * TRY_RLIMIT


def test_answers_are_kept_and_not_asked_again(tmp_path: Path) -> None:
    obligations = [about("(< x 2.0)", "(< x 1.0)", name=f"X-{i}") for i in range(3)]
    with ThreadPoolExecutor(1) as executor:
        first = discharge_all(obligations[:2], tmp_path / "proofs", executor, tmp_path / "known")
        both = discharge_all(obligations, tmp_path / "proofs", executor, tmp_path / "known")
    again = discharge_all(obligations, tmp_path / "proofs", Nobody(), tmp_path / "known")
    assert both == again and first == {k: both[k] for k in first}
    assert (tmp_path / "proofs" / "X-2.smt2").read_text() == obligations[2].text()


def test_another_question_is_asked(tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as executor:
        discharge_all([about("(< x 2.0)", "(< x 1.0)")], tmp_path, executor, tmp_path / "known")
        other = discharge_all([about("(< x 0.5)", "(< x 1.0)")], tmp_path, executor, tmp_path / "known")
    assert other["X"].answer == "sat"


@pytest.mark.parametrize("text", ["", "{", "[]", "7", '{"answer": "unsat"}', '{"new": 1}', "\udc80"])
def test_a_damaged_answer_is_asked_again(tmp_path: Path, text: str) -> None:
    """Half a file, an older version's, or no object."""
    one = about("(< x 2.0)", "(< x 1.0)")
    kept = tmp_path / "known" / f"{one.key}.json"
    kept.parent.mkdir()
    kept.write_bytes(text.encode("utf-8", "surrogateescape"))
    with ThreadPoolExecutor(1) as executor:
        assert discharge_all([one], tmp_path, executor, kept.parent)["X"].proved
    assert discharge_all([one], tmp_path, Nobody(), kept.parent)["X"].proved


def test_progress_ends_at_all(tmp_path: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    with ThreadPoolExecutor(1) as executor:
        discharge_all(
            [about("(< x 2.0)", "(< x 1.0)", name=f"X-{i}") for i in range(2)], tmp_path, executor,
            progress=lambda what, done, total: seen.append((what, done, total)),
        )  # fmt: skip
    assert seen == [("proofs", 0, 2), ("proofs", 1, 2), ("proofs", 2, 2)]


def test_models_are_readable() -> None:
    one = "(fp #b0 #b01111111111 #b" + 52 * "0" + ")"
    assert (readable(one), readable("#b" + 64 * "1"), readable("#b1")) == ("1.0", "-1", "#b1")
    assert json.dumps(readable("(/ 1.0 3.0)")) == '"(/ 1.0 3.0)"'
