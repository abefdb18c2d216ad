"""The inbox's functions over all times on small rows, against a model with lists: CrossHair on their Python.

That the program that flies does the same with every row, channel and slot of the project is AS-SPECIFIED's to
show; the model is another one than the specification, so the two are opponents.
"""

from collections.abc import Iterable
from typing import Any

from controller.kernel.clamp import bounded, finite, outside, same
from controller.kernel.inbox import count, push, stale, take
from controller.kernel.records import Inbox, Law, State, allocate
from verification.contracts import Finding, Target, check, judge, loud
from verification.verdict import Verdict

TWIN = "tests/should_fail/test_inbox.py"
CODE = ["controller/kernel/inbox.py", "controller/kernel/clamp.py"]
EMPTY, LATEST_US = -1, 2**53
GOOD = 0.5  # a value in the range of the sensor below
SIZES = {"inputs": 1, "hidden": 1, "outputs": 1, "slots": 1, "substeps": 1}
AHEAD_US = 2  # how far ahead of the clock a sample may be, on the bench
BENCH = allocate(Law, SIZES)
BENCH.sensors.high = [1.0]
BENCH.clock.ahead_us = AHEAD_US
UNTOUCHED = 7  # held time and bad flag before a take: what the take leaves alone

Sample = tuple[int, float]  # time, value
Counts = tuple[int, int, int, int]  # late, duplicate, overflow, refused
LATE, DUPLICATE, OVERFLOW, REFUSED = (1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1)
QUIET: Counts = (0, 0, 0, 0)


def lost(waiting: Iterable[Sample], seen: int, ahead_us: int, now_us: int, time_us: int) -> Counts:
    """The counter of a sample that does not get in for its own sake: its one meaning; or QUIET."""
    if time_us < 0 or now_us > LATEST_US or time_us > max(now_us, 0) + ahead_us:
        return REFUSED
    if time_us == seen or any(t == time_us for t, _ in waiting):
        return DUPLICATE
    return LATE if time_us < seen else QUIET


def pushed(
    waiting: list[Sample], slots: int, seen: int, ahead_us: int, now_us: int, new: Sample
) -> tuple[list[Sample], Counts]:
    """The model of push for a sample of a row: what waits in the row after it, oldest first; the counters."""
    reason = lost(waiting, seen, ahead_us, now_us, new[0])
    if reason != QUIET:
        return waiting, reason
    full = len(waiting) == slots
    if full and new[0] <= waiting[0][0]:
        return waiting, OVERFLOW
    kept = waiting[1:] if full else waiting
    before = [s for s in kept if s[0] < new[0]]
    return [*before, new, *kept[len(before) :]], OVERFLOW if full else QUIET


def samples(box: Inbox) -> list[Sample]:
    """The samples that wait in the only row, in the order of the slots."""
    return [s for s in zip(box.time_us[0], box.value[0], strict=True) if s[0] >= 0]


def counters(box: Inbox) -> Counts:
    """The four counters."""
    return box.late, box.duplicate, box.overflow, box.refused


def push_into_three(t0: int, t1: int, t2: int, seen: int, ahead_us: int, now_us: int, time_us: int) -> Any:
    """A sample into a row of three slots.

    pre: -1 <= t0 <= t1 <= t2 and -1 <= seen and 0 <= ahead_us
    pre: (t0 < 0 or seen < t0 < t1) and (t1 < 0 or seen < t1 < t2) and (t2 < 0 or seen < t2)
    post: _[0] == _[1]
    """
    box = Inbox([[t0, t1, t2]], [[1.0, 2.0, 3.0]], [seen], 0, 0, 0, 0)
    wanted = pushed(samples(box), 3, seen, ahead_us, now_us, (time_us, 4.0))
    with loud():
        push(box, ahead_us, now_us, 0, time_us, 4.0)
    return (samples(box), counters(box)), wanted


def take_two(
    t0: int, t1: int, seen: int, now_us: int, first: bool, second: bool, back: bool, moved: bool
) -> Any:
    """A step's look into a row of two slots; first and second say which samples are in range.

    pre: -1 <= t0 <= t1 and -1 <= seen and (t0 < 0 or seen < t0 < t1) and (t1 < 0 or seen < t1)
    pre: 0 <= now_us and (moved or not back)
    post: _[0] == _[1]
    """
    box = Inbox([[t0, t1]], [[GOOD if first else 2.0, 0.75 if second else -2.0]], [seen], 0, 0, 0, 0)
    wanted = taken(samples(box), seen, now_us, back, moved)
    value, time_us, bad = MARK
    state = State(box, [value], [time_us], [bad], [], [], [], [], [], 0, 0, 0, 0)
    with loud():
        take(BENCH, state, now_us, int(back), int(moved))
    return _looked(state), wanted


Held = tuple[float, int, int]  # value, its time, whether the channel is bad
Taken = tuple[list[Sample], int, Held, int]  # what waits, the last used time, what is held, how many refused
MARK: Held = (0.25, UNTOUCHED, UNTOUCHED)


def taken(waiting: list[Sample], seen: int, now_us: int, back: bool, moved: bool) -> Taken:
    """The model of take for a row: the last good sample is held; the last one says whether it is bad."""
    if not moved:
        return waiting, seen, MARK, 0
    if back:
        return [], EMPTY, (MARK[0], EMPTY, MARK[2]), len(waiting)
    ours = [s for s in waiting if s[0] <= now_us + AHEAD_US]
    held = MARK
    for time_us, value in ours:
        seen = time_us
        held = (value, min(time_us, now_us), 0) if 0.0 <= value <= 1.0 else (*held[:2], 1)
    return [], seen, held, len(waiting) - len(ours)


def _looked(state: State) -> Taken:
    held = state.held[0], state.held_us[0], state.bad[0]
    return samples(state.inbox), state.inbox.seen_us[0], held, state.inbox.refused


CONTRACTS: tuple[Target, ...] = (push_into_three, take_two, count, stale, bounded, same, finite, outside)


def contracts_verdict(findings: Iterable[Finding] | None = None) -> Verdict:
    """INBOX-CONTRACTS, from the findings on CONTRACTS (made here where none are given)."""
    found = [f for target in CONTRACTS for f in check(target)] if findings is None else findings
    return judge(
        Verdict(
            "INBOX-CONTRACTS",
            "For all times and clocks, in a row of its channel: a sample that is pushed waits in its place "
            "in time, or is late, a duplicate or refused as of another clock, or the oldest gives way, each "
            "counted once; a step uses all that waits, oldest first, and holds the last sample in range; "
            "told that the clock stepped back, it holds none. What is held is fresh only from its own time "
            "on and while its age, with what a sender may be ahead, is within its limit. Each function that "
            "the inbox calls keeps its own contract.",
            "OPEN",
            "CrossHair, PEP 316 contracts over all paths, against a model with lists",
            "integers",
            [
                "one channel; a row of three slots that takes a sample, a row of two that a step uses, with "
                "given values and, in the step, a given lead; for all sizes: AS-SPECIFIED",
                "the row is in order, each time once, and what waits is newer than what was used, from reset "
                "on (ROWS-IN-ORDER)",
                "no sender's clock is further ahead of the controller's than declared: who is, and as late, "
                "looks fresh",
                "CrossHair's integers are unbounded, its floats are reals",
            ],
            CODE,
            f"{TWIN}::test_inbox_contracts_twin",
        ),
        found,
    )
