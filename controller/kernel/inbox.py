"""The inbox: a preallocated, time-ordered ring of timestamped samples. On integers only.

Slots are kept oldest first; an empty slot has time -1 and so counts as older than any sample.
Each kind of odd sample has one meaning:
  late          not newer than the newest sample of its channel that a step has used: dropped
  duplicate     same channel and time as a sample that waits or was last used: the first one stays
  out of order  put in its place in time
  overflow      the oldest sample of the full ring gives way (it may be the newcomer)
  refused       unknown channel, negative time, or more than a second ahead of the clock: dropped
Each of the four that lose a sample is counted; a counter stops at COUNT_LIMIT.
"""

from controller.kernel.clamp import bounded, finite, outside, same
from controller.kernel.records import Inbox, Sensors, State
from controller.kernel.scalar import select

EMPTY = -1
LATEST_US = 9007199254740992  # 2**53 us, 285 years
AHEAD_US = 1000000
COUNT_LIMIT = 2147483647
NOT_FINITE = 1.0e299  # stands for NaN and infinities: outside every declared range


def count(counter: int, flag: int) -> int:
    """counter + flag, stopping at COUNT_LIMIT.

    pre: 0 <= counter <= 2147483647 and 0 <= flag <= 1
    post: counter <= _ <= 2147483647
    """
    return bounded(counter + flag, 0, COUNT_LIMIT)


def push(box: Inbox, now_us: int, channel: int, time_us: int, value: float) -> None:
    """Put one sample, received at now_us, into the inbox.

    pre: all(a <= b for a, b in zip(box.time_us, box.time_us[1:])) and min(box.time_us) >= -1
    pre: 0 <= min(box.late, box.duplicate, box.overflow, box.refused)
    pre: max(box.late, box.duplicate, box.overflow, box.refused) <= 2147483647
    post: all(a <= b for a, b in zip(box.time_us, box.time_us[1:])) and min(box.time_us) >= -1
    post: len(box.time_us) == len(__old__.box.time_us)
    """
    last = EMPTY
    known = 0
    for j in range(len(box.seen_us)):
        last = same(channel, j, box.seen_us[j], last)
        known = same(channel, j, 1, known)
    ahead = select(LATEST_US, now_us, 1, select(bounded(now_us, 0, LATEST_US) + AHEAD_US, time_us, 1, 0))
    in_time = select(time_us, 0, 0, select(0, ahead, 0, known))
    twin = same(time_us, last, in_time, 0)
    for i in range(len(box.time_us)):
        alike = same(box.channel[i], channel, in_time, 0)
        twin = same(box.time_us[i], time_us, select(0, alike, 1, twin), twin)
    late = select(time_us, last, in_time, 0)
    fresh = select(0, twin, 0, select(0, late, 0, in_time))
    stored = select(box.time_us[0], time_us, fresh, 0)
    lost = select(EMPTY, box.time_us[0], fresh, 0)
    box.refused = count(box.refused, 1 - in_time)
    box.duplicate = count(box.duplicate, twin)
    box.late = count(box.late, select(0, twin, 0, late))
    box.overflow = count(box.overflow, lost)
    box.time_us[0] = select(0, stored, time_us, box.time_us[0])
    box.channel[0] = select(0, stored, channel, box.channel[0])
    box.value[0] = select(0, stored, finite(value, NOT_FINITE), box.value[0])
    for i in range(len(box.time_us) - 1):
        swap(box, i)


def swap(box: Inbox, i: int) -> None:
    """Put slots i and i + 1 in order of time; the order of equals (of two channels) is no matter."""
    t, u = box.time_us[i], box.time_us[i + 1]
    c, d = box.channel[i], box.channel[i + 1]
    v, w = box.value[i], box.value[i + 1]
    box.time_us[i] = select(t, u, t, u)
    box.time_us[i + 1] = select(t, u, u, t)
    box.channel[i] = select(t, u, c, d)
    box.channel[i + 1] = select(t, u, d, c)
    box.value[i] = select(t, u, v, w)
    box.value[i + 1] = select(t, u, w, v)


def take(sensors: Sensors, state: State, now_us: int) -> None:
    """Move every sample up to now into state.held, oldest first, and empty its slot.

    A sample outside its channel's range is not held but marks the channel bad until a good one comes.
    """
    box = state.inbox
    for i in range(len(box.time_us)):
        time_us = box.time_us[i]
        due = select(now_us, time_us, 0, select(time_us, 0, 0, 1))
        for j in range(len(state.held)):
            mine = same(box.channel[i], j, due, 0)
            bad = outside(box.value[i], sensors.low[j], sensors.high[j])
            good = select(0, bad, 0, mine)
            state.held[j] = select(0, good, box.value[i], state.held[j])
            state.held_us[j] = select(0, good, time_us, state.held_us[j])
            state.bad[j] = select(0, mine, bad, state.bad[j])
            box.seen_us[j] = select(0, mine, time_us, box.seen_us[j])
        box.time_us[i] = select(0, due, EMPTY, time_us)
