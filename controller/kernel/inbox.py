"""The inbox: preallocated rows of timestamped samples, one row for each channel. On integers only.

A row's slots are kept oldest first; an empty slot has time -1 and so counts as older than any sample. A
channel has its own slots, so that nothing that one sensor sends takes another one's place. A step uses all
that waits. Each kind of odd sample has one meaning:
  late          not newer than the newest sample of its channel that a step has used: dropped
  duplicate     same channel and time as a sample that waits or was last used: the first one stays
  out of order  put in its place in time
  overflow      the oldest sample of the full row gives way (it may be the newcomer)
  refused       unknown channel, negative time, or further ahead of the clock than declared (when it comes,
                or when the clock has stepped back): dropped
Each of the four that lose a sample is counted; a counter stops at COUNT_LIMIT.
"""

from controller.kernel.clamp import bounded, finite, outside, same
from controller.kernel.records import Inbox, Law, SlotInts, Slots, State
from controller.kernel.scalar import select

EMPTY = -1
LATEST_US = 9007199254740992  # 2**53 us, 285 years
COUNT_LIMIT = 2147483647
NOT_FINITE = 1.0e299  # stands for NaN and infinities: outside every declared range


def count(counter: int, flag: int) -> int:
    """counter + flag, stopping at COUNT_LIMIT.

    pre: 0 <= counter <= 2147483647 and 0 <= flag <= 1
    post: counter <= _ <= 2147483647
    """
    return bounded(counter + flag, 0, COUNT_LIMIT)


def push(box: Inbox, ahead_us: int, now_us: int, channel: int, time_us: int, value: float) -> None:
    """Put one sample, received at now_us, into its channel's row.

    pre: all(row == sorted(row) and row[0] >= -1 for row in box.time_us) and ahead_us >= 0
    pre: 0 <= min(box.late, box.duplicate, box.overflow, box.refused)
    pre: max(box.late, box.duplicate, box.overflow, box.refused) <= 2147483647
    post: all(row == sorted(row) and row[0] >= -1 for row in box.time_us)
    post: [len(row) for row in box.time_us] == [len(row) for row in __old__.box.time_us]
    """
    ahead = select(bounded(now_us, 0, LATEST_US) + ahead_us, time_us, 1, 0)
    ahead = select(LATEST_US, now_us, 1, ahead)
    in_time = select(time_us, 0, 0, select(0, ahead, 0, 1))
    known = 0
    for j in range(len(box.seen_us)):
        mine = same(j, channel, in_time, 0)
        known = select(0, mine, 1, known)
        judge(box, j, mine, time_us, finite(value, NOT_FINITE))
    box.refused = count(box.refused, 1 - known)


def judge(box: Inbox, j: int, mine: int, time_us: int, value: float) -> None:
    """Store a sample of channel j or count why not; where `mine` is 0 nothing changes."""
    twin = same(time_us, box.seen_us[j], 1, 0)
    for s in range(len(box.time_us[j])):
        twin = same(time_us, box.time_us[j][s], 1, twin)
    new = select(0, twin, 0, mine)
    fresh = select(time_us, box.seen_us[j], 0, new)
    box.duplicate = count(box.duplicate, select(0, twin, mine, 0))
    box.late = count(box.late, select(time_us, box.seen_us[j], new, 0))
    box.overflow = count(box.overflow, select(EMPTY, box.time_us[j][0], fresh, 0))
    insert(box.time_us[j], box.value[j], select(box.time_us[j][0], time_us, fresh, 0), time_us, value)


def insert(times: SlotInts, values: Slots, stored: int, time_us: int, value: float) -> None:
    """Put a sample in its place in time: what is older moves down a slot, and the oldest is lost.

    Where `stored` is 0 nothing changes.
    """
    for s in range(len(times) - 1):
        moved = select(times[s + 1], time_us, stored, 0)
        put(times, values, s, stored, time_us, value)
        times[s] = select(0, moved, times[s + 1], times[s])
        values[s] = select(0, moved, values[s + 1], values[s])
    put(times, values, len(times) - 1, stored, time_us, value)


def put(times: SlotInts, values: Slots, s: int, stored: int, time_us: int, value: float) -> None:
    """Put a sample in slot s, where what is there is older and `stored` is 1."""
    older = select(times[s], time_us, stored, 0)
    times[s] = select(0, older, time_us, times[s])
    values[s] = select(0, older, value, values[s])


def take(law: Law, state: State, now_us: int, back: int, moved: int) -> None:
    """Move every sample that waits into state.held, oldest first, and empty its slot, if the clock moved.

    A sample outside its channel's range is not held but marks the channel bad until a good one comes.
    Where the clock stepped back, the age of all that is held or waits is unknown: it counts as missing.
    """
    for j in range(len(state.held)):
        state.held_us[j] = select(0, back, EMPTY, state.held_us[j])
        state.inbox.seen_us[j] = select(0, back, EMPTY, state.inbox.seen_us[j])
        for s in range(len(state.inbox.time_us[j])):
            use(law, state, j, s, now_us, back, moved)


def use(law: Law, state: State, j: int, s: int, now_us: int, back: int, moved: int) -> None:
    """Use the sample in slot s of channel j, and empty the slot; one of another clock is refused.

    A sample ahead of the clock is held as of now: how far ahead it may be counts in stale().
    """
    box, sensors = state.inbox, law.sensors
    time_us, value = box.time_us[j][s], box.value[j][s]
    waits = select(time_us, 0, 0, moved)
    ours = select(now_us + law.clock.ahead_us, time_us, 0, select(0, back, 0, waits))
    bad = outside(value, sensors.low[j], sensors.high[j])
    good = select(0, bad, 0, ours)
    state.held[j] = select(0, good, value, state.held[j])
    state.held_us[j] = select(0, good, select(now_us, time_us, now_us, time_us), state.held_us[j])
    state.bad[j] = select(0, ours, bad, state.bad[j])
    box.seen_us[j] = select(0, ours, time_us, box.seen_us[j])
    box.refused = count(box.refused, select(0, ours, 0, waits))
    box.time_us[j][s] = select(0, waits, EMPTY, time_us)


def stale(held_us: int, now_us: int, limit_us: int, ahead_us: int) -> int:
    """1 where what is held may be older than limit_us, came from the future or never came, else 0.

    A sender's clock may be ahead_us ahead of this one, so a sample may be older than its time says by that.

    post: _ == (0 if 0 <= held_us <= now_us and now_us - held_us + ahead_us <= limit_us else 1)
    """
    old = select(held_us, now_us + ahead_us - limit_us, 1, 0)
    return select(held_us, 0, 1, select(now_us, held_us, 1, old))
