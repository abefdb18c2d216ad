"""The inbox: its contracts over all times on small rows, and all that can happen to it over a few times.

INBOX-CONTRACTS takes any integers as times, on rows of one to three slots with given channels; INBOX-ORDER
takes a few times, but every state that any number of samples and steps can reach from empty rows, and
compares each move with a model of lists. Both judge the kernel's own Python.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from controller.kernel.clamp import bounded, finite, outside, same
from controller.kernel.inbox import COUNT_LIMIT, EMPTY, LATEST_US, NOT_FINITE, count, push, stale, take
from controller.kernel.records import Inbox, Law, State, allocate
from verification.contracts import Finding, Target, check, judge, loud
from verification.verdict import Verdict, ended

TWIN = "tests/should_fail/test_inbox.py"
CODE = ["controller/kernel/inbox.py", "controller/kernel/clamp.py"]
GOOD, BAD = 0.5, float("nan")  # values inside and outside the range of the sensors below
SIZES = {"inputs": 2, "hidden": 1, "outputs": 1, "slots": 1, "substeps": 1}
AHEAD_US = 2  # how far ahead of the clock a sample may be, on the bench
BENCH = allocate(Law, SIZES)
BENCH.sensors.high, BENCH.sensors.stale_us, BENCH.sensors.fallback = [1.0, 1.0], [5, 5], [1, 0]
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


def samples(box: Inbox, j: int = 0) -> list[Sample]:
    """The samples that wait in a row, in the order of the slots."""
    return [s for s in zip(box.time_us[j], box.value[j], strict=True) if s[0] >= 0]


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


def push_beside(t0: int, t1: int, seen: int, other: int, now_us: int, time_us: int) -> Any:
    """A sample of one channel leaves the row and the last used time of the other as they are.

    pre: -1 <= t0 <= t1 and -1 <= seen and -1 <= other
    post: _[0] == _[1]
    """
    box = Inbox([[EMPTY, EMPTY], [t0, t1]], [[0.0, 0.0], [1.0, 2.0]], [seen, other], 0, 0, 0, 0)
    waiting, counted = pushed([], 2, seen, AHEAD_US, now_us, (time_us, 4.0))
    with loud():
        push(box, AHEAD_US, now_us, 0, time_us, 4.0)
    rest = box.time_us[1], box.value[1], box.seen_us
    return (samples(box), counters(box), rest), (waiting, counted, ([t0, t1], [1.0, 2.0], [seen, other]))


def push_unknown(t0: int, seen: int, now_us: int, channel: int, time_us: int) -> Any:
    """A sample of a channel that there is not; one slot.

    pre: -1 <= t0 and -1 <= seen and channel != 0
    post: _ == ([[t0]], [seen], (0, 0, 0, 1))
    """
    box = Inbox([[t0]], [[1.0]], [seen], 0, 0, 0, 0)
    with loud():
        push(box, AHEAD_US, now_us, channel, time_us, 4.0)
    return box.time_us, box.seen_us, counters(box)


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
    state = _state(box, 1)
    with loud():
        take(BENCH, state, now_us, int(back), int(moved))
    return _looked(state, 0), wanted


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


def _looked(state: State, j: int) -> Taken:
    box = state.inbox
    held = state.held[j], state.held_us[j], state.bad[j]
    return samples(box, j), box.seen_us[j], held, box.refused


def _state(box: Inbox, channels: int) -> State:
    value, time_us, bad = MARK
    return State(
        box, [value] * channels, [time_us] * channels, [bad] * channels, [], [], [], [], [], 0, 0, 0, 0
    )


CONTRACTS: tuple[Target, ...] = (
    push_into_three, push_beside, push_unknown, take_two, count, stale, bounded, same, finite, outside,
)  # fmt: skip


def contracts_verdict(findings: Iterable[Finding] | None = None) -> Verdict:
    """INBOX-CONTRACTS, from the findings on CONTRACTS (made here where none are given)."""
    found = [f for target in CONTRACTS for f in check(target)] if findings is None else findings
    return judge(
        Verdict(
            "INBOX-CONTRACTS",
            "For all times and clocks: a sample that is pushed waits in its place in its channel's row or "
            "has one of the four declared meanings, each counted once; a step uses all that waits, oldest "
            "first, and holds the last sample in range; told that the clock stepped back, it holds none. "
            "What is held is fresh only from its own time on and while its age, with what a sender may be "
            "ahead, is within its limit. Each function that the inbox calls keeps its own contract.",
            "OPEN",
            "CrossHair, PEP 316 contracts over all paths, against a model with lists",
            "integers",
            [
                "rows of one (unknown channel), two (two channels; take) and three slots (one channel), "
                "with given channels and values; the enumeration mixes them",
                "the rows are in order and what waits is newer than what was used: both hold at the start "
                "and are kept (INBOX-ORDER)",
                "no sender's clock is further ahead of the controller's than declared: who is, and as late, "
                "looks fresh",
                "CrossHair's integers are unbounded, its floats are reals",
            ],
            CODE,
            f"{TWIN}::test_inbox_contracts_twin",
        ),
        found,
    )


Row = tuple[list[int], list[float], int]  # times, values, the last used time


class Push(NamedTuple):
    """A sample and the clock at which it comes."""

    now_us: int
    channel: int
    time_us: int
    value: float


class Take(NamedTuple):
    """A step's look: its clock, whether that stepped back, whether it moved."""

    now_us: int
    back: bool = False
    moved: bool = True


TIMES = (0, 1, 1 + AHEAD_US)
MOVES: list[Push | Take] = [
    *(Push(1, 0, time_us, value) for time_us in TIMES for value in (GOOD, BAD)),
    *(Push(1, 1, time_us, GOOD) for time_us in TIMES),
    *(Push(now_us, 0, 1 + AHEAD_US, GOOD) for now_us in (0, -1)), Push(1, 1, 2 + AHEAD_US, GOOD),  # too far
    Push(1, 2, 0, GOOD), Push(1, -1, 0, GOOD), Push(1, 0, -1, GOOD), Push(LATEST_US + 1, 0, 0, GOOD),
    *(Take(now_us) for now_us in (0, 1, 1 + AHEAD_US)), Take(0, back=True), Take(1, moved=False),
]  # fmt: skip


@dataclass
class Explorer:
    """Walks every state that MOVES can reach; stops at the first surprise."""

    push: Callable[..., None]
    take: Callable[..., None]
    slots: int
    moves: int = 0

    def walk(self) -> dict[str, Any] | None:
        """None where every move from every state is as the model says, else the move."""
        empty: Row = ([EMPTY] * self.slots, [0.0] * self.slots, EMPTY)
        todo = [[empty, empty]]
        known = {repr(todo[0])}
        while todo:
            rows = todo.pop()
            for move in MOVES:
                self.moves += 1
                box = _box(rows)
                wrong = self._put(box, move) if isinstance(move, Push) else self._take(box, move)
                if not wrong and any(r != sorted(r) or r[0] < EMPTY for r in box.time_us):
                    wrong = "a row is out of order"
                if not wrong and any(len(r) != self.slots for r in box.time_us + box.value):
                    wrong = "a row has changed its size"
                if wrong:
                    return {"slots": self.slots, "rows": rows, "move": move, "box": repr(box), "wrong": wrong}
                new = list(zip(box.time_us, box.value, box.seen_us, strict=True))
                if repr(new) not in known:
                    known.add(repr(new))
                    todo.append(new)
        return None

    def _put(self, box: Inbox, move: Push) -> str:
        """A push; what is wrong with it."""
        channel, time_us, value = move[1:]
        before = [(samples(box, j), box.seen_us[j]) for j in (0, 1)]
        allowed, counted = [waiting for waiting, _ in before], REFUSED
        if channel in (0, 1):
            new = time_us, value if abs(value) < NOT_FINITE else NOT_FINITE
            waiting, seen = before[channel]
            allowed[channel], counted = pushed(waiting, self.slots, seen, AHEAD_US, move.now_us, new)
        self.push(box, AHEAD_US, *move)
        got = [samples(box, j) for j in (0, 1)], counters(box), box.seen_us
        return (
            ""
            if got == (allowed, counted, [seen for _, seen in before])
            else f"allowed: {allowed}, {counted}"
        )

    def _take(self, box: Inbox, move: Take) -> str:
        """A take; what is wrong with it. What the channels held before can't matter, so it is a mark."""
        wanted = [taken(samples(box, j), box.seen_us[j], *move) for j in (0, 1)]
        state = _state(box, 2)
        self.take(BENCH, state, move.now_us, int(move.back), int(move.moved))
        refused = sum(one[3] for one in wanted)
        for j in (0, 1):
            if _looked(state, j)[:3] != wanted[j][:3]:
                return f"channel {j} should be {wanted[j]}"
        return "" if counters(box) == (0, 0, 0, refused) else "a counter is wrong"


def _box(rows: list[Row]) -> Inbox:
    times, values, seen = zip(*rows, strict=True)
    return Inbox([list(row) for row in times], [list(row) for row in values], list(seen), *QUIET)


def saturation(push: Callable[..., None]) -> dict[str, Any] | None:
    """None where each counter stops at COUNT_LIMIT under the sample that would move it."""
    used: dict[str, tuple[list[int], tuple[int, int, int, float]]] = {
        "late": ([5], (9, 0, 4, GOOD)), "duplicate": ([5], (9, 0, 5, GOOD)),
        "overflow": ([5], (9, 0, 8, GOOD)), "refused": ([5], (9, 1, 8, GOOD)),
    }  # fmt: skip
    for name, (seen, (now_us, channel, time_us, value)) in used.items():
        box = Inbox([[7]], [[GOOD]], seen, *[COUNT_LIMIT] * 4)
        push(box, AHEAD_US, now_us, channel, time_us, value)
        if counters(box) != (COUNT_LIMIT,) * 4:
            return {"counter": name, "box": repr(box), "wrong": "a counter left its limit"}
    return None


def order_told(slots: tuple[int, ...] = (1, 2, 3)) -> Verdict:
    """INBOX-ORDER."""
    return Verdict(
        "INBOX-ORDER",
        "After any number of pushes and takes of the listed ones: each channel's row is in order of time and "
        "of its first size, a sample changes no other row, all that waits is used oldest first or refused "
        "where the clock stepped back, and each late, duplicate, refused or overflowing sample has its one "
        "declared meaning and moves its one counter by one, up to COUNT_LIMIT.",
        "EXHAUSTED",
        "every state that can be reached from empty rows, every move from it, compared with a model of lists",
        "integers",
        [
            f"rows of {', '.join(map(str, slots))} slots, two channels, times 0, 1 and as far ahead as may "
            "be, a value in range and NaN, unknown channels, negative times, clocks behind or absurd",
            "all other times are left to the contracts",
        ],
        CODE,
        f"{TWIN}::test_inbox_order_twin",
    )


def order_verdict(
    push: Callable[..., None] = push, take: Callable[..., None] = take, slots: tuple[int, ...] = (1, 2, 3)
) -> Verdict:
    """INBOX-ORDER: walk all reachable rows of these sizes."""
    explorers = [Explorer(push, take, n) for n in slots]
    wrong = next((w for w in (e.walk() for e in explorers) if w), None) or saturation(push)
    return ended(
        order_told(slots), wrong, "a move differs from the model", {"moves": sum(e.moves for e in explorers)}
    )
