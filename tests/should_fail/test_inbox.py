"""Planted bugs in the inbox's functions: CrossHair must see each."""

import pytest

from controller.kernel import clamp, inbox
from tests.should_fail.mutant import Change, mutant
from verification.claims import inbox as claims
from verification.contracts import check

UNCOUNTED = ("box.overflow = count(box.overflow, select(EMPTY, box.time_us[j][0], fresh, 0))", "pass")
ONE_SWAP = ("for s in range(len(times) - 1):", "for s in range(min(len(times) - 1, 1)):")
LATE_IN = ("fresh = select(time_us, box.seen_us[j], 0, new)", "fresh = new")
TWICE = ("twin = same(time_us, box.time_us[j][s], 1, twin)", "pass")
OLD_STAYS = ("box.value[j], select(box.time_us[j][0], time_us, fresh, 0)",
             "box.value[j], select(box.time_us[j][0], 0, fresh, 0)")  # fmt: skip
FAR_AHEAD = ("+ ahead_us, time_us, 1, 0)", "+ ahead_us + 1, time_us, 1, 0)")
NEGATIVE = ("in_time = select(time_us, 0, 0, select(0, ahead, 0, 1))", "in_time = select(0, ahead, 0, 1)")
MIXED_UP = ("values[s] = select(0, moved, values[s + 1], values[s])", "values[s] = values[s + 1]")
LIMITLESS = ("return bounded(counter + flag, 0, COUNT_LIMIT)", "return counter + flag")
KEPT = ("box.time_us[j][s] = select(0, waits, EMPTY, time_us)", "pass")
ANY_CLOCK = ("select(now_us + law.clock.ahead_us, time_us, 0, select(0, back, 0, waits))", "waits")
UNSEEN = ("box.seen_us[j] = select(0, ours, time_us, box.seen_us[j])", "pass")
FORGIVEN = (
    "state.bad[j] = select(0, ours, bad, state.bad[j])",
    "state.bad[j] = select(0, bad, 1, state.bad[j])",
)
HELD = ("good = select(0, bad, 0, ours)", "good = ours")
FUTURE = ("select(now_us, time_us, now_us, time_us)", "time_us")
REMEMBERED = ("state.held_us[j] = select(0, back, EMPTY, state.held_us[j])", "pass")
STILL_LATE = ("state.inbox.seen_us[j] = select(0, back, EMPTY, state.inbox.seen_us[j])", "pass")
REPEATED = ("waits = select(time_us, 0, 0, moved)", "waits = select(time_us, 0, 0, 1)")
UNTOLD = ("box.refused = count(box.refused, select(0, ours, 0, waits))", "pass")
TAKEN = [KEPT, ANY_CLOCK, UNSEEN, FORGIVEN, HELD, FUTURE, REMEMBERED, STILL_LATE, REPEATED, UNTOLD]
PUSHED = [UNCOUNTED, ONE_SWAP, LATE_IN, TWICE, OLD_STAYS, FAR_AHEAD, NEGATIVE, MIXED_UP]


@pytest.mark.parametrize(
    ("bug", "target"),
    [*((bug, "push_into_three") for bug in PUSHED), *((bug, "take_two") for bug in TAKEN),
     (LIMITLESS, "count")],
)  # fmt: skip
def test_inbox_contracts_twin(bug: Change, target: str) -> None:
    """CrossHair finds a counterexample; ONE_SWAP shows only in a row that holds two samples already."""
    bad = mutant(inbox, bug)
    place = mutant(claims, push=bad.push, take=bad.take, count=bad.count)
    verdict = claims.contracts_verdict(check(getattr(place, target)))
    assert verdict.word == "REFUTED" and verdict.counterexample


@pytest.mark.parametrize(
    "bug",
    [("now_us + ahead_us - limit_us", "now_us - limit_us"), ("select(now_us, held_us, 1, old)", "old"),
     ("select(held_us, 0, 1, select(now_us, held_us, 1, old))", "select(now_us, held_us, 1, old)")],
)  # fmt: skip
def test_inbox_contracts_twin_age(bug: Change) -> None:
    """A sender's lead that does not count, what is of the clock's future, what never came."""
    assert claims.contracts_verdict(check(mutant(inbox, bug).stale)).word == "REFUTED"


@pytest.mark.parametrize(
    ("name", "bug"),
    [("bounded", ("    top = select(n, high, n, high)\n", "    top = n\n")),
     ("same", ("return select(a, b, y, select(b, a, y, x))", "return select(a, b, y, x)")),
     ("outside", ("above = select(high, v, 1, select(v, HUGE, 0, 1))", "above = select(v, HUGE, 0, 1)"))],
)  # fmt: skip
def test_inbox_contracts_twin_words(name: str, bug: Change) -> None:
    """The words that the inbox is made of."""
    assert claims.contracts_verdict(check(getattr(mutant(clamp, bug), name))).word == "REFUTED"
