"""Each solver, by name, on a file: unsat, sat, and every way to say nothing."""

from pathlib import Path

import pytest

from certification.replay import replay, replay_job, without_goal
from tests.certification.fixture import FLOATS, REALS

SAT = REALS.replace("(* 0.5 x)", "(* 1.5 x)")
VOID = REALS.replace("(<= u 1.0)", "(<= u (- 7.0))")


@pytest.mark.parametrize("solver", ["z3", "cvc5"])
def test_reals(solver: str) -> None:
    assert replay(solver, REALS) == "unsat"
    assert replay(solver, SAT) == "sat"


@pytest.mark.parametrize("solver", ["z3", "cvc5", "bitwuzla"])
def test_floats(solver: str) -> None:
    assert replay(solver, FLOATS) == "unsat"
    assert replay(solver, FLOATS.replace("(ite (fp.lt x one) x one)", "x")) == "sat"


@pytest.mark.parametrize("solver", ["z3", "cvc5", "bitwuzla", "yices"])
@pytest.mark.parametrize(
    "text", ["", "(check-sat)\n(check-sat)\n", "(assert nonsense)\n(check-sat)\n", "\x00(check-sat)"]
)
def test_what_is_no_obligation_is_an_error(solver: str, text: str) -> None:
    assert replay(solver, text).startswith("error")


def test_assumptions_that_contradict_each_other_are_seen() -> None:
    assert replay_job(("f", "z3", "cvc5", VOID)) == ("f", "unsat", "unsat")
    assert replay_job(("f", "z3", "cvc5", REALS)) == ("f", "unsat", "sat")
    assert replay_job(("f", "z3", "cvc5", SAT)) == ("f", "sat", "")


def test_without_goal_drops_the_last_assertion_only() -> None:
    assert without_goal("(assert a)\n(assert (not b))\n(check-sat)\n") == "(assert a)\n(check-sat)\n"
    assert without_goal("(assert a)\n(check-sat)\n") is None
    assert without_goal("(check-sat)\n") is None


@pytest.mark.parametrize("solver", ["z3", "cvc5", "bitwuzla"])
@pytest.mark.parametrize(
    "line",
    [
        '(set-option :regular-output-channel "{file}")',
        '(set-option :diagnostic-output-channel "{file}")',
        '(set-info :status unsat)(set-option :regular-output-channel "{file}")',
        '( ; a comment\n set-option :regular-output-channel "{file}")',
        '(|set-option| :regular-output-channel "{file}")',
        '; a comment\r(set-option :regular-output-channel "{file}")',
        '(include "{file}")',
        '(echo "unsat")',
        "(exit)",
        "(push 1)",
        ")",
        "check-sat",
        "(",
        "(assert |a\n(set-info :x |)",
    ],
)
def test_a_file_reaches_nothing_but_the_solver(solver: str, line: str, tmp_path: Path) -> None:
    text = line.replace("{file}", str(tmp_path / "reached")) + "\n" + FLOATS
    assert replay(solver, text).startswith("error: the file"), text
    assert not list(tmp_path.iterdir())


def test_the_question_stands_at_the_end() -> None:
    assert (
        replay("z3", "(check-sat)\n(assert false)\n")
        == "error: the file must ask (check-sat) once, at its end"
    )
