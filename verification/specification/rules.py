"""The rules on samples, health and modes: whole numbers, and floats that are only compared and passed on.

Times are in us. A row holds the samples of one channel that wait, oldest first; -1 is no time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from verification.specification.law import NO_NUMBER, trusted
from verification.specification.notation import Number, Truth, both, either, no, where, within

NONE = -1  # no sample, or none yet
MOST_US = 9_007_199_254_740_992  # a sample's clock: 2**53
MOST_COUNTED = 2_147_483_647
UNUSABLE = 1.0e299  # what waits in place of a value that is no number; out of every range
NOMINAL, FALLBACK, SAFE = 0, 1, 2
HEALTHY = 0
MODE_ASKED = (NOMINAL, SAFE, SAFE, FALLBACK, FALLBACK, FALLBACK, FALLBACK, FALLBACK, FALLBACK)  # by cause

Whole = Number  # an int, or a term of one
Rows = list[list[Number]]


def counted(counter: Whole, *events: Truth | bool) -> Whole:
    """A counter after the events that happened, at most MOST_COUNTED."""
    for event in events:
        counter = within(counter + where(event, 1, 0), 0, MOST_COUNTED)
    return counter


@dataclass
class Arrival:
    """What becomes of a sample, as one channel sees it; of another channel's all are false."""

    mine: Truth | bool
    duplicate: Truth | bool
    late: Truth | bool
    fresh: Truth | bool


def arrival(
    j: int,
    row: Sequence[Whole],
    used_us: Whole,
    ahead_us: Whole,
    now_us: Whole,
    channel: Whole,
    time_us: Whole,
) -> Arrival:
    """A sample must be of this clock, and neither known nor older than the newest that was used."""
    of_now = both(time_us >= 0, now_us <= MOST_US, time_us <= within(now_us, 0, MOST_US) + ahead_us)
    mine = both(channel == j, of_now)
    known = either(*(t == time_us for t in reversed(row)), used_us == time_us)
    old = time_us < used_us
    new = both(no(known), mine)
    return Arrival(mine, both(known, mine), both(old, new), both(no(old), new))


def inserted(
    times: Sequence[Whole], values: Sequence[Number], arrived: Arrival, time_us: Whole, value: Number
) -> tuple[list[Whole], list[Number]]:
    """The row of a fresh sample: what is older is a slot further down, the oldest gone; else as it was."""
    down = [both(t < time_us, times[0] < time_us, arrived.fresh) for t in times]
    new_times, new_values = [], []
    for s, (t, v) in enumerate(zip(times, values, strict=True)):
        t, v = where(down[s], time_us, t), where(down[s], value, v)
        if s + 1 < len(times):
            t, v = where(down[s + 1], times[s + 1], t), where(down[s + 1], values[s + 1], v)
        new_times.append(t)
        new_values.append(v)
    return new_times, new_values


@dataclass
class Look:
    """What a period makes of one channel's row."""

    held: Number
    held_us: Whole
    bad: Whole
    used_us: Whole
    times: list[Whole]
    refused: list[Truth | bool]


def look(
    times: Sequence[Whole], values: Sequence[Number], low: Number, high: Number, ahead_us: Whole, now: Whole,
    back: Truth | bool, before: tuple[Number, Whole, Whole, Whole],
) -> Look:  # fmt: skip
    """All that waits is used, or refused as of another clock; the newest in range is held.

    before: the value held, its time, the channel's bad flag, the newest time used. A sample ahead of the
    clock is held as of now. Where the clock stepped back nothing that was held has a time any more.
    """
    held, held_us, bad, used_us = before
    held_us, used_us = where(back, NONE, held_us), where(back, NONE, used_us)
    refused = []
    for t, v in zip(times, values, strict=True):
        ours = both(t <= now + ahead_us, no(back), t >= 0)
        in_range = both(no(v < low), no(high < v), v < NO_NUMBER)
        good = both(in_range, ours)
        held, held_us = where(good, v, held), where(good, where(now < t, now, t), held_us)
        bad, used_us = where(ours, where(in_range, 0, 1), bad), where(ours, t, used_us)
        refused.append(both(no(ours), t >= 0))
    return Look(held, held_us, bad, used_us, [where(t >= 0, NONE, t) for t in times], refused)


def fresh(held_us: Whole, now: Whole, limit_us: Whole, ahead_us: Whole) -> Any:
    """Whether a held value is of now: not of the future, and its age, with a sender's lead, in its limit."""
    return both(held_us >= 0, held_us <= now, held_us >= now + ahead_us - limit_us)


def cause_of(signs: Sequence[Truth | bool]) -> Whole:
    """The number of the first sign that holds, counted from 1, else HEALTHY."""
    cause: Whole = HEALTHY
    for number, sign in reversed(list(enumerate(signs, 1))):
        cause = where(sign, number, cause)
    return cause


def next_mode(mode: Whole, healthy: Whole, cause: Whole, recovery: Whole) -> tuple[Whole, Whole]:
    """Mode and tally: worse at once; a mode better after `recovery` periods in a row that ask for it."""
    asked: Whole = NOMINAL
    for number, wants in enumerate(MODE_ASKED):
        asked = where(cause == number, wants, asked)
    climbs = healthy + 1 >= recovery
    better = where(mode == SAFE, FALLBACK, NOMINAL)
    stays = asked >= mode
    return (
        where(stays, asked, where(climbs, better, mode)),
        where(stays, 0, where(climbs, 0, healthy + 1)),
    )


def usable(value: Number) -> Number:
    """What waits of a value: itself, or UNUSABLE where it is no number."""
    return trusted(value, UNUSABLE)
