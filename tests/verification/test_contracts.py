"""CrossHair as an engine: its traps are met. tests/examples/ shows that what is shipped gets its words."""

from verification.contracts import Finding, check, judge, loud
from verification.verdict import Verdict


def verdict(findings: list[Finding]) -> Verdict:
    """The judgement on a claim that says nothing by itself."""
    return judge(Verdict("X", "x", "OPEN", "x"), findings)


def bump(n: int) -> int:
    """n + 1.

    pre: n >= 0
    post: _ > n
    """
    return n + 1


def impossible(n: int) -> int:
    """A contract that nothing can meet.

    pre: n < 0 and n > 0
    post: _ == 7
    """
    return n


def failing(n: int) -> int:
    """A contract that is broken for one n.

    post: _ != 1000
    """
    return n


def crashing(n: int) -> int:
    """A function that raises for one n.

    post: True
    """
    return 1 // (n - 3)


def broken(n: int) -> int:
    """A callee that breaks its own contract where n > 5.

    post: _ <= 5
    """
    return n


def quiet_caller(n: int) -> int:
    """Calls broken; CrossHair drops the paths on which it breaks, so that 6 is never looked at.

    post: _ != 6
    """
    return broken(n)


def loud_caller(n: int) -> int:
    """The same, and the break is heard.

    post: _ != 6
    """
    with loud():
        return broken(n)


def wrong_use(n: int) -> int:
    """Calls bump outside its precondition.

    post: True
    """
    return bump(n)


def without(n: int) -> int:
    """No contract at all."""
    return n


def test_confirmed() -> None:
    """A contract that holds."""
    assert verdict(check(bump)).word == "CONFIRMED"


def test_an_unmet_precondition_is_no_pass() -> None:
    """PRE_UNSAT leaves the claim OPEN."""
    judged = verdict([*check(bump), *check(impossible)])
    assert judged.word == "OPEN" and "PRE_UNSAT" in judged.reason


def test_no_contract_is_no_pass() -> None:
    """A target without contracts, and a claim without targets."""
    assert verdict(check(without)).word == "OPEN"
    assert verdict([]).word == "OPEN"


def test_too_few_paths_are_no_pass() -> None:
    """What the budget doesn't reach is not confirmed."""
    judged = verdict(check(bump, paths=1))
    assert judged.word == "OPEN" and "CANNOT_CONFIRM" in judged.reason


def test_refuted() -> None:
    """A counterexample, an exception and a call outside a precondition each refute, with the example."""
    for target, text in ((failing, "failing(1000)"), (crashing, "crashing(3)"), (wrong_use, "wrong_use")):
        judged = verdict([*check(impossible), *check(target)])
        assert judged.word == "REFUTED" and text in str(judged.counterexample)


def test_a_callee_that_breaks_its_contract_is_heard() -> None:
    """The trap: without loud() the broken callee hides the counterexample."""
    assert verdict(check(quiet_caller)).word == "CONFIRMED"
    assert verdict(check(loud_caller)).word == "REFUTED"
    assert verdict(check(broken)).word == "REFUTED"
