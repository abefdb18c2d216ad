"""Every bit of a kernel record, and streams of hostile input for both backends."""

import math
import random
import struct
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

NASTY = (
    math.nan, -math.nan, math.inf, -math.inf, 0.0, -0.0, 5e-324, -5e-324, 2.2250738585072014e-308,
    1e300, -1e300, 1.7976931348623157e308, 1e-300, 1.0, -1.0, math.nextafter(1.0, 2.0), 1e16,
)  # fmt: skip
WORDS = (0, 1, -1, 2**31, -(2**31), 2**53, 2**53 + 1, 2**63 - 1, -(2**63), 1_000_000)


def bits(record: Any, leave_out: str = "") -> bytes:
    """All numbers of a record in order, as 64-bit words: equal bytes are equal bits."""
    parts = []
    for field in fields(record):
        if field.name == leave_out:
            continue
        value = getattr(record, field.name)
        if is_dataclass(value):
            parts.append(bits(value))
            continue
        row = value if isinstance(value, list) else [value]
        row = [v for part in row for v in part] if isinstance(row[0], list) else row
        kind = "q" if isinstance(row[0], int) else "d"
        parts.append(struct.pack(f"<{len(row)}{kind}", *row))
    return b"".join(parts)


Sample = tuple[int, int, float]  # channel, time_us, value


def hostile(seed: int, inputs: int, steps: int) -> Iterator[tuple[list[Sample], int, bool]]:
    """Periods of (samples, now_us, missed): hostile ones, and healthy stretches so that every mode is met."""
    draw = random.Random(seed)
    now = 0
    for n in range(steps):
        quiet = n // 40 % 3 == 0
        if quiet:
            now = max(now, 0) % 2**50 + 1000
            samples = [(j, now, draw.uniform(-0.9, 0.9)) for j in range(inputs)]
            yield samples, now, False
            continue
        now = _time(draw, now)
        samples = [_sample(draw, inputs, now) for _ in range(draw.randrange(2 * inputs + 3))]
        samples += samples[: draw.randrange(2)]  # a duplicate
        yield samples, now, draw.random() < 0.1


def _time(draw: random.Random, now: int) -> int:
    chance = draw.random()
    if chance < 0.02:
        return draw.choice(WORDS)
    if chance < 0.1:
        return max(now - draw.randrange(5000), -(2**63))
    return min(now + draw.choice((1000, 1000, 1000, 0, 500, 2000, 1999, 2001)), 2**63 - 1)


def _sample(draw: random.Random, inputs: int, now: int) -> Sample:
    channel = draw.choice((*range(inputs), *range(inputs), -1, inputs, draw.choice(WORDS)))
    time = now + draw.choice((0, 0, -1, -500, -3000, 1, 700, 2_000_000))
    time = draw.choice(WORDS) if draw.random() < 0.05 else min(max(time, -(2**63)), 2**63 - 1)
    value = draw.choice(NASTY) if draw.random() < 0.3 else draw.uniform(-1.2, 1.2)
    return channel, time, value
