"""Planted bugs in the inbox: both claims must see them."""

import pytest

from controller.kernel import clamp, inbox
from tests.should_fail.mutant import Change, mutant
from verification.claims import inbox as claims
from verification.contracts import check

UNCOUNTED = ("box.overflow = count(box.overflow, lost)", "box.overflow = count(box.overflow, 0)")
ONE_SWAP = ("for i in range(len(box.time_us) - 1):", "for i in range(min(len(box.time_us) - 1, 1)):")
LATE_IN = ("fresh = select(0, twin, 0, select(0, late, 0, in_time))", "fresh = select(0, twin, 0, in_time)")
TWICE = ("twin = same(box.time_us[i], time_us, select(0, alike, 1, twin), twin)", "pass")
OLD_STAYS = (
    "stored = select(box.time_us[0], time_us, fresh, 0)",
    "stored = select(box.time_us[0], 0, fresh, 0)",
)
FAR_AHEAD = ("+ AHEAD_US, time_us, 1, 0))", "+ AHEAD_US + 1, time_us, 1, 0))")
ANY_CHANNEL = ("in_time = select(time_us, 0, 0, select(0, ahead, 0, known))",
               "in_time = select(time_us, 0, 0, select(0, ahead, 0, 1))")  # fmt: skip
NEGATIVE = ("in_time = select(time_us, 0, 0, select(0, ahead, 0, known))",
            "in_time = select(0, ahead, 0, known)")  # fmt: skip
MIXED_UP = ("box.value[i + 1] = select(t, u, w, v)", "box.value[i + 1] = w")
KEPT = ("box.time_us[i] = select(0, due, EMPTY, time_us)", "pass")
EARLY = ("due = select(now_us, time_us, 0, select(time_us, 0, 0, 1))", "due = select(time_us, 0, 0, 1)")
UNSEEN = ("box.seen_us[j] = select(0, mine, time_us, box.seen_us[j])", "pass")
FORGIVEN = (
    "state.bad[j] = select(0, mine, bad, state.bad[j])",
    "state.bad[j] = select(0, bad, 1, state.bad[j])",
)
HELD = ("good = select(0, bad, 0, mine)", "good = mine")


@pytest.mark.parametrize(
    ("bug", "target"),
    [(UNCOUNTED, "push_into_three"), (ONE_SWAP, "push_into_three"), (LATE_IN, "push_into_three"),
     (TWICE, "push_into_three"), (OLD_STAYS, "push_into_three"), (FAR_AHEAD, "push_beside"),
     (ANY_CHANNEL, "push_unknown"), (NEGATIVE, "push_beside"), (MIXED_UP, "push_beside"), (KEPT, "take_two"),
     (EARLY, "take_two"), (UNSEEN, "take_two"), (FORGIVEN, "take_two"), (HELD, "take_two")],
)  # fmt: skip
def test_inbox_contracts_twin(bug: Change, target: str) -> None:
    """CrossHair finds a counterexample; ONE_SWAP shows only in a ring that holds two samples already."""
    bad = mutant(inbox, bug)
    place = mutant(claims, push=bad.push, take=bad.take)
    verdict = claims.contracts_verdict(check(getattr(place, target)))
    assert verdict.word == "REFUTED" and verdict.counterexample


@pytest.mark.parametrize(
    ("name", "bug"),
    [("bounded", ("    top = select(n, high, n, high)\n", "    top = n\n")),
     ("same", ("return select(a, b, y, select(b, a, y, x))", "return select(a, b, y, x)")),
     ("outside", ("above = select(high, v, 1, select(v, HUGE, 0, 1))", "above = select(v, HUGE, 0, 1)"))],
)  # fmt: skip
def test_inbox_contracts_twin_words(name: str, bug: Change) -> None:
    """The words that the inbox is made of."""
    assert claims.contracts_verdict(check(getattr(mutant(clamp, bug), name))).word == "REFUTED"


@pytest.mark.parametrize(
    "bug",
    [UNCOUNTED, ONE_SWAP, LATE_IN, TWICE, OLD_STAYS, FAR_AHEAD, ANY_CHANNEL, NEGATIVE, MIXED_UP, KEPT, EARLY,
     UNSEEN, FORGIVEN, HELD],
)  # fmt: skip
def test_inbox_order_twin(bug: Change) -> None:
    """The enumeration finds each of them as well."""
    bad = mutant(inbox, bug)
    verdict = claims.order_verdict(bad.push, bad.take)
    assert verdict.word == "REFUTED" and verdict.counterexample


def test_inbox_order_twin_limit() -> None:
    """A counter that runs on at its limit is seen in no small state: the limit is looked at by itself."""
    bad = mutant(inbox, ("return bounded(counter + flag, 0, COUNT_LIMIT)", "return counter + flag"))
    verdict = claims.order_verdict(bad.push, bad.take)
    assert verdict.word == "REFUTED" and "limit" in str(verdict.counterexample)
