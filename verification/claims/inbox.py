"""The inbox: its contracts over all times on small rings, and all that can happen to it over a few times.

INBOX-CONTRACTS takes any integers as times, on rings of one to three slots with given channels; INBOX-ORDER
takes a few times, but every state that any number of samples and steps can reach from an empty ring, and
compares each move with a model that knows only sets. Both judge the kernel's own Python.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from controller.kernel.clamp import bounded, finite, outside, same
from controller.kernel.inbox import AHEAD_US, COUNT_LIMIT, EMPTY, LATEST_US, NOT_FINITE, count, push, take
from controller.kernel.records import Inbox, Sensors, State
from verification.contracts import Finding, Target, check, judge, loud
from verification.verdict import Verdict, decide, python_version

TWIN = "tests/should_fail/test_inbox.py"
CODE = ["controller/kernel/inbox.py", "controller/kernel/clamp.py"]
GOOD, BAD = 0.5, float("nan")  # values inside and outside the range of the sensors below
SENSORS = Sensors([0.0, 0.0], [1.0, 1.0], [0.0, 0.0], [1.0, 1.0], [0.0, 0.0], [5, 5], [1, 0])
UNTOUCHED = -7  # held time and bad flag before a take: what the take leaves alone

Sample = tuple[int, int, float]  # time, channel, value
Counts = tuple[int, int, int, int]  # late, duplicate, overflow, refused
LATE, DUPLICATE, OVERFLOW, REFUSED = (1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1)
QUIET: Counts = (0, 0, 0, 0)


def lost(waiting: Iterable[Sample], seen: int, now_us: int, time_us: int, channel: int) -> Counts:
    """The counter of a sample that does not get in for its own sake: its one meaning; or QUIET."""
    if time_us < 0 or now_us > LATEST_US or time_us > max(now_us, 0) + AHEAD_US:
        return REFUSED
    if time_us == seen or any(t == time_us and c == channel for t, c, _ in waiting):
        return DUPLICATE
    return LATE if time_us < seen else QUIET


def pushed(
    waiting: list[Sample], slots: int, seen: int, now_us: int, new: Sample
) -> tuple[list[Sample], Counts]:
    """The model of push for samples of different times: what waits after it, oldest first; the counters."""
    reason = lost(waiting, seen, now_us, new[0], new[1])
    if reason != QUIET:
        return waiting, reason
    full = len(waiting) == slots
    if full and new[0] <= waiting[0][0]:
        return waiting, OVERFLOW
    kept = waiting[1:] if full else waiting
    before = [s for s in kept if s[0] < new[0]]
    return [*before, new, *kept[len(before) :]], OVERFLOW if full else QUIET


def samples(box: Inbox) -> list[Sample]:
    """The samples that wait, in the order of the slots."""
    slots = zip(box.time_us, box.channel, box.value, strict=True)
    return [s for s in slots if s[0] >= 0]


def counters(box: Inbox) -> Counts:
    """The four counters."""
    return box.late, box.duplicate, box.overflow, box.refused


def push_into_three(t0: int, t1: int, t2: int, seen: int, now_us: int, time_us: int) -> Any:
    """A sample of the channel whose samples fill the ring; three slots.

    pre: -1 <= t0 <= t1 <= t2 and -1 <= seen
    pre: (t0 < 0 or seen < t0 < t1) and (t1 < 0 or seen < t1 < t2) and (t2 < 0 or seen < t2)
    post: _[0] == _[1]
    """
    box = Inbox([t0, t1, t2], [0, 0, 0], [1.0, 2.0, 3.0], [seen], 0, 0, 0, 0)
    wanted = pushed(samples(box), 3, seen, now_us, (time_us, 0, 4.0))
    with loud():
        push(box, now_us, 0, time_us, 4.0)
    return (samples(box), counters(box)), wanted


def push_beside(t0: int, t1: int, seen: int, now_us: int, time_us: int) -> Any:
    """A sample of one channel among those of another; two slots. The order of equal times is no matter.

    pre: -1 <= t0 <= t1 and -1 <= seen and (t0 < 0 or t0 < t1)
    post: _[0] == _[1]
    """
    box = Inbox([t0, t1], [1, 1], [1.0, 2.0], [seen, EMPTY], 0, 0, 0, 0)
    waiting, counted = pushed(samples(box), 2, seen, now_us, (time_us, 0, 4.0))
    with loud():
        push(box, now_us, 0, time_us, 4.0)
    return (sorted(samples(box)), counters(box)), (sorted(waiting), counted)


def push_unknown(t0: int, seen: int, now_us: int, channel: int, time_us: int) -> Any:
    """A sample of a channel that there is not; one slot.

    pre: -1 <= t0 and -1 <= seen and channel != 0
    post: _ == ([t0], [seen], (0, 0, 0, 1))
    """
    box = Inbox([t0], [0], [1.0], [seen], 0, 0, 0, 0)
    with loud():
        push(box, now_us, channel, time_us, 4.0)
    return box.time_us, box.seen_us, counters(box)


def take_two(t0: int, t1: int, seen: int, now_us: int, first: bool, second: bool) -> Any:
    """A step's look into two slots of one channel; first and second say which samples are in range.

    pre: -1 <= t0 <= t1 and -1 <= seen and (t0 < 0 or seen < t0 < t1) and (t1 < 0 or seen < t1)
    post: _[0] == _[1]
    """
    box = Inbox([t0, t1], [0, 0], [GOOD if first else 2.0, 0.75 if second else -2.0], [seen], 0, 0, 0, 0)
    held: Held = (0.25, UNTOUCHED, UNTOUCHED)
    due = [s for s in samples(box) if s[0] <= now_us]
    wanted = ([s for s in samples(box) if s[0] > now_us], due[-1][0] if due else seen, after(held, due))
    state = _state(box, [held])
    with loud():
        take(SENSORS, state, now_us)
    return (samples(box), box.seen_us[0], (state.held[0], state.held_us[0], state.bad[0])), wanted


Held = tuple[float, int, int]  # value, its time, whether the channel is bad


def after(held: Held, due: list[Sample]) -> Held:
    """The model of take for a channel: the last good sample is held; the last one says whether it is bad."""
    for time_us, _, value in due:
        good = 0.0 <= value <= 1.0
        held = (value, time_us, 0) if good else (*held[:2], 1)
    return held


def _state(box: Inbox, held: list[Held]) -> State:
    values, times, bad = (list(column) for column in zip(*held, strict=True))
    return State(box, values, times, bad, [], [], [], [], [], 0, 0, 0, 0)


CONTRACTS: tuple[Target, ...] = (
    push_into_three, push_beside, push_unknown, take_two, count, bounded, same, finite, outside,
)  # fmt: skip


def contracts_verdict(findings: Iterable[Finding] | None = None) -> Verdict:
    """INBOX-CONTRACTS, from the findings on CONTRACTS (made here where none are given)."""
    found = [f for target in CONTRACTS for f in check(target)] if findings is None else findings
    return judge(
        Verdict(
            "INBOX-CONTRACTS",
            "For all times and clocks: a sample that is pushed waits in its place in time or has one of the "
            "four declared meanings, each counted once; a step takes what is due, oldest first, and holds "
            "the last sample in range. Each function that the inbox calls keeps its own contract.",
            "OPEN",
            "CrossHair, PEP 316 contracts over all paths, against a model with lists",
            "integers",
            [
                "rings of one (unknown channel), two (two channels; take) and three slots (one channel), "
                "with given channels and values; the enumeration mixes them",
                "the ring is in order and what waits is newer than what was used: both hold at the start and "
                "are kept (INBOX-ORDER)",
                "CrossHair's integers are unbounded, its floats are reals",
            ],
            CODE,
            f"{TWIN}::test_inbox_contracts_twin",
        ),
        found,
    )


Ring = tuple[tuple[int, ...], tuple[int, ...], tuple[float, ...], tuple[int, ...]]  # the slots, then seen
Push = tuple[int, int, int, float]  # now, channel, time, value
Move = Push | int  # or a take at this clock
TIMES = (0, 1, AHEAD_US + 1)
PUSHES: list[Push] = [
    *((1, channel, time_us, value) for channel in (0, 1) for time_us in TIMES for value in (GOOD, BAD)),
    (0, 0, AHEAD_US + 1, GOOD), (-1, 0, AHEAD_US + 1, GOOD),  # too far ahead of these clocks
    (1, 2, 0, GOOD), (1, -1, 0, GOOD), (1, 0, -1, GOOD), (LATEST_US + 1, 0, 0, GOOD),
]  # fmt: skip
CLOCKS = (-1, 0, 1, AHEAD_US + 1)
MOVES: list[Move] = [*PUSHES, *CLOCKS]


def put(waiting: frozenset[Sample], slots: int, seen: tuple[int, ...], move: Push) -> Iterator[Any]:
    """The model of push, with sets: each outcome that is allowed, as what waits and the counters.

    There is more than one only where a full ring has two oldest samples, of two channels.
    """
    now_us, channel, time_us, value = move
    known = 0 <= channel < len(seen)
    reason = lost(waiting, seen[channel], now_us, time_us, channel) if known else REFUSED
    new = (time_us, channel, value if abs(value) < NOT_FINITE else NOT_FINITE)
    if reason != QUIET:
        yield waiting, reason
    elif len(waiting) < slots:
        yield waiting | {new}, QUIET
    else:
        oldest = min(t for t, _, _ in waiting)
        for gone in (s for s in waiting if s[0] == oldest):
            yield (waiting - {gone} | {new} if oldest < time_us else waiting), OVERFLOW


@dataclass
class Explorer:
    """Walks every state that pushes of PUSHES and takes at CLOCKS can reach; stops at the first surprise."""

    push: Callable[..., None]
    take: Callable[..., None]
    slots: int
    moves: int = 0

    def walk(self) -> dict[str, Any] | None:
        """None where every move from every state is as the model says, else the move."""
        start: Ring = ((EMPTY,) * self.slots, (EMPTY,) * self.slots, (0.0,) * self.slots, (EMPTY, EMPTY))
        known, todo = {start}, [start]
        while todo:
            ring = todo.pop()
            for move in MOVES:
                self.moves += 1
                times, channels, values, seen = ring
                box = Inbox(list(times), list(channels), list(values), list(seen), *QUIET)
                wrong = self._taken(ring, box, move) if isinstance(move, int) else self._put(box, move)
                now = box.time_us
                if not wrong and (now != sorted(now) or now[0] < EMPTY or len(now) != self.slots):
                    wrong = "the ring is out of order, or has changed its size"
                if wrong:
                    return {"slots": self.slots, "ring": ring, "move": move, "box": repr(box), "wrong": wrong}
                new: Ring = (tuple(now), tuple(box.channel), tuple(box.value), tuple(box.seen_us))
                if new not in known:
                    known.add(new)
                    todo.append(new)
        return None

    def _put(self, box: Inbox, move: Push) -> str:
        """A push; what is wrong with it."""
        before, seen = frozenset(samples(box)), tuple(box.seen_us)
        allowed = list(put(before, self.slots, seen, move))
        self.push(box, move[0], *move[1:])
        result = (frozenset(samples(box)), counters(box))
        fine = result in allowed and tuple(box.seen_us) == seen and len(samples(box)) == len(result[0])
        return "" if fine else f"allowed: {allowed}"

    def _taken(self, ring: Ring, box: Inbox, now_us: int) -> str:
        """A take; what is wrong with it. What the channels held before can't matter, so it is a mark."""
        waiting = sorted(samples(box))
        held: list[Held] = [(0.25, UNTOUCHED, UNTOUCHED)] * 2
        state = _state(box, held)
        self.take(SENSORS, state, now_us)
        for j in (0, 1):
            due = [s for s in waiting if s[0] <= now_us and s[1] == j]
            if (state.held[j], state.held_us[j], state.bad[j]) != after(held[j], due):
                return f"channel {j} should hold {after(held[j], due)}"
            if box.seen_us[j] != (due[-1][0] if due else ring[3][j]):
                return f"channel {j}: the last used time is wrong"
        fine = sorted(samples(box)) == [s for s in waiting if s[0] > now_us] and counters(box) == QUIET
        return "" if fine else "what waits, or a counter, is wrong"


def saturation(push: Callable[..., None]) -> dict[str, Any] | None:
    """None where each counter stops at COUNT_LIMIT under the sample that would move it."""
    used: dict[str, tuple[list[int], Push]] = {
        "late": ([5], (9, 0, 4, GOOD)), "duplicate": ([5], (9, 0, 5, GOOD)),
        "overflow": ([5], (9, 0, 8, GOOD)), "refused": ([5], (9, 1, 8, GOOD)),
    }  # fmt: skip
    for name, (seen, (now_us, channel, time_us, value)) in used.items():
        box = Inbox([7], [0], [GOOD], seen, *[COUNT_LIMIT] * 4)
        push(box, now_us, channel, time_us, value)
        if counters(box) != (COUNT_LIMIT,) * 4:
            return {"counter": name, "box": repr(box), "wrong": "a counter left its limit"}
    return None


def order_verdict(
    push: Callable[..., None] = push, take: Callable[..., None] = take, slots: tuple[int, ...] = (1, 2, 3)
) -> Verdict:
    """INBOX-ORDER: walk all reachable rings of these sizes."""
    explorers = [Explorer(push, take, n) for n in slots]
    wrong = next((w for w in (e.walk() for e in explorers) if w), None) or saturation(push)
    return Verdict(
        "INBOX-ORDER",
        "After any number of pushes and takes of the listed ones: the ring is in order of time and of its "
        "first size, samples are taken oldest first, and each late, duplicate, refused or overflowing sample "
        "has its one declared meaning and moves its one counter by one, up to COUNT_LIMIT.",
        decide(wrong is None, "EXHAUSTED"),
        "every state that can be reached from the empty ring, every move from it, compared with a model "
        "that has sets instead of a ring",
        "integers",
        [
            f"rings of {', '.join(map(str, slots))} slots, two channels, times 0, 1 and a second after, one "
            "value in range and NaN, unknown channels, negative times and clocks that are behind or absurd",
            "all other times are left to the contracts",
        ],
        CODE,
        f"{TWIN}::test_inbox_order_twin",
        counterexample=wrong,
        reason="a move differs from the model" if wrong else "",
        budget={"moves": sum(e.moves for e in explorers)},
        versions=python_version(),
    )
