"""Golden vectors: what a reference answers to odd inputs, for the flight binary to recompute.

`seawall deploy` has the specification answer them, not the kernel that they judge.

Deterministic: the same project gives the same bytes. Blocks of healthy periods alternate with blocks of
faults (NaN, infinities, subnormals, values out of range, late, early, twin and unknown samples, silence,
a clock that jumps), so that every cause that can occur and every mode is met.
"""

import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from controller.controller import PythonKernel
from controller.kernel.records import Law, State
from controller.native.types import initialiser, is_record, record_hints

Progress = Callable[[str, int, int], None]
Reference = Callable[[Law, dict[str, int]], Any]  # something that flies as PythonKernel does
RECOVERY = 3  # periods; the vectors fly with this in place of the project's, which may be a million
BLOCK = 16  # periods
MOST_BLOCKS, FEWEST_BLOCKS = 24, 6
LOAD = 20_000_000  # inner loop turns of the Python reference, some tens of seconds
ODD_VALUES = (
    float("nan"), float("inf"), float("-inf"), 5.0e-324, -2.0e-308, -0.0, 1.0e300, -1.7976931348623157e308,
)  # fmt: skip


@dataclass(frozen=True)
class Sample:
    """One sample as it reaches the inbox; time in us."""

    channel: int
    time_us: int
    value: float


@dataclass(frozen=True)
class Period:
    """One step: its samples and time, and what the reference answered."""

    now_us: int
    missed: int
    samples: tuple[Sample, ...]
    output: tuple[float, ...] = ()
    mode: int = 0
    cause: int = 0


@dataclass(frozen=True)
class Golden:
    """The answered periods and the state after the last."""

    periods: tuple[Period, ...]
    final: State

    @property
    def samples(self) -> int:
        """How many samples the periods have together."""
        return sum(len(period.samples) for period in self.periods)


def record(
    law: Law, sizes: dict[str, int], progress: Progress | None = None, reference: Reference = PythonKernel
) -> Golden:
    """Fly a reference through the script; the vectors."""
    kernel = reference(replace(law, clock=replace(law.clock, recovery=RECOVERY)), sizes)
    wanted = list(script(law, sizes))
    answered = []
    if progress:
        progress("golden vectors", 0, len(wanted))
    for n, period in enumerate(wanted):
        for s in period.samples:
            kernel.receive(period.now_us, s.channel, s.time_us, s.value)
        kernel.step(period.now_us, period.missed)
        answered.append(replace(period, output=kernel.output, mode=kernel.mode, cause=kernel.cause))
        if progress:
            progress("golden vectors", n + 1, len(wanted))
    return Golden(tuple(answered), kernel.snapshot())


def script(law: Law, sizes: dict[str, int]) -> Iterator[Period]:
    """The periods to fly, unanswered; fewer where one step of the reference is slow."""
    turns = 3 * sizes["slots"] * (sizes["inputs"] + 1) + sizes["inputs"] * sizes["slots"]
    turns += sizes["substeps"] * 4 * sizes["hidden"] * (sizes["hidden"] + sizes["inputs"] + 60)
    blocks = max(FEWEST_BLOCKS, min(MOST_BLOCKS, LOAD // (turns * BLOCK)))
    draw = Random(1)
    now_us = 0
    for block in range(blocks):
        for n in range(BLOCK):
            if block % 2 == 0:
                now_us += _between(draw, law.clock.low_us, law.clock.high_us)
                yield Period(now_us, 0, tuple(_healthy(draw, law, now_us)))
            else:
                period = _faulty(draw, law, sizes, now_us, block // 2 * BLOCK + n)
                now_us = max(period.now_us, 0)
                yield period


def _healthy(draw: Random, law: Law, now_us: int) -> Iterator[Sample]:
    """One good sample of each channel."""
    for channel, (low, high) in enumerate(zip(law.sensors.low, law.sensors.high, strict=True)):
        value = min(max(low + (high - low) * draw.random(), low), high)
        yield Sample(channel, now_us, value)


def _faulty(draw: Random, law: Law, sizes: dict[str, int], now_us: int, turn: int) -> Period:
    """A period with one kind of fault, chosen in turn."""
    clock = law.clock
    step_us = (clock.low_us, clock.nominal_us, clock.high_us)[turn % 3]
    now = now_us + step_us
    good = list(_healthy(draw, law, now))
    channel = turn // 9 % sizes["inputs"]
    sensor_low, sensor_high = law.sensors.low[channel], law.sensors.high[channel]
    others = [s for s in good if s.channel != channel]
    match turn % 9:
        case 0:  # a value that no sensor may give
            return Period(now, 0, (*others, Sample(channel, now, ODD_VALUES[turn // 9 % len(ODD_VALUES)])))
        case 1:  # just out of range, or on its edge
            reach = (sensor_high - sensor_low) * (turn // 9 % 2)
            return Period(now, 0, (*others, Sample(channel, now, sensor_high + reach)))
        case 2:  # the deadline was missed
            return Period(now, 1, tuple(good))
        case 3:  # silence for longer than any sample may be old
            return Period(now_us + max(law.sensors.stale_us) + clock.high_us + 1, 0, ())
        case 4:  # one channel is silent for as long as it may be, and a period more
            return Period(
                now_us + law.sensors.stale_us[channel] + 1, 0, tuple(_at(others, law, channel, now_us))
            )
        case 5:  # the clock stands still, or goes back
            return Period(now_us - turn // 9 % 2, 0, tuple(good))
        case 6:  # late, early and unknown samples, and times that can't be
            odd = [(channel, 0), (channel, now + clock.low_us), (channel, now + clock.ahead_us + 1)]
            odd += [(channel, -1), (-1, now), (sizes["inputs"], now), (channel, 2**62)]
            return Period(now, 0, (*good, *(Sample(c, t, sensor_low) for c, t in odd)))
        case 7:  # newest first, each twice, more than the inbox holds
            count = min(sizes["slots"] + 2, 40)
            times = [max(now - n, 0) for n in range(count) for _ in range(2)]
            return Period(now, 0, tuple(Sample(channel, t, sensor_low) for t in times))
        case _:  # too soon, or too late
            return Period(now_us + (clock.low_us - 1, clock.high_us + 1)[turn // 9 % 2], 0, tuple(good))


def _at(others: list[Sample], law: Law, channel: int, now_us: int) -> Iterator[Sample]:
    """The other channels' samples, moved to the time at which `channel` has just become stale."""
    for sample in others:
        yield replace(sample, time_us=now_us + law.sensors.stale_us[channel] + 1)


def _between(draw: Random, low: int, high: int) -> int:
    return low + int(draw.random() * (high - low + 1))


def words(value: Any) -> Iterator[bytes]:
    """A record, list or number as it lies in memory on a little-endian target: eight bytes each."""
    if is_record(type(value)):
        for name in record_hints(type(value)):
            yield from words(getattr(value, name))
    elif isinstance(value, list):
        for element in value:
            yield from words(element)
    else:
        yield struct.pack("<d" if isinstance(value, float) else "<q", value)


def sources(golden: Golden, law: Law) -> dict[str, str]:
    """golden.h and golden.c; inputs as bit patterns (NaN has several), answers in hex floats."""
    samples = [s for period in golden.periods for s in period.samples]
    table, state = b"".join(words(law)), b"".join(words(golden.final))
    header = HEADER.format(
        crc=zlib.crc32(table), recovery=RECOVERY, steps=len(golden.periods), samples=len(samples)
    )
    checks = {"law": ("sw_Law", len(table)), "state": ("sw_State", len(state))}
    lines = [
        '#include "golden.h"',
        "",
        "/* The layout that the checksums and sizes speak of; an array of -1 does not compile. */",
    ]
    lines += [
        f"typedef char {n}_has_{size}_bytes[sizeof({t}) == {size} ? 1 : -1];"
        for n, (t, size) in checks.items()
    ]
    lines += ["", "const golden_Sample golden_samples[GOLDEN_SAMPLES] = {"]
    lines += [f"    {{{s.channel}, {s.time_us}, 0x{_bits(s.value):016x}}}," for s in samples]
    lines += ["};\n", "const golden_Step golden_steps[GOLDEN_STEPS] = {"]
    end = 0
    for p in golden.periods:
        end += len(p.samples)
        outputs = ", ".join(v.hex() for v in p.output)
        lines.append(f"    {{{p.now_us}, {p.missed}, {end}, {p.mode}, {p.cause}, {{{outputs}}}}},")
    lines += ["};\n", f"const sw_State golden_final = {initialiser(golden.final)};\n"]
    return {"golden.h": header, "golden.c": "\n".join(lines)}


def _bits(value: float) -> int:
    return int.from_bytes(struct.pack("<d", value), "little")


HEADER = """\
/* What the reference answered to odd inputs; the binary recomputes it before it arms. Generated. */
#ifndef SEAWALL_GOLDEN_H
#define SEAWALL_GOLDEN_H

#include <stdint.h>

#include "kernel.h"

#define GOLDEN_PARAMETERS_CRC UINT32_C(0x{crc:08x})

enum {{
    GOLDEN_RECOVERY = {recovery},
    GOLDEN_STEPS = {steps},
    GOLDEN_SAMPLES = {samples},
}};

typedef struct {{
    int64_t channel;
    int64_t time_us;
    uint64_t value_bits;
}} golden_Sample;

typedef struct {{
    int64_t now_us;
    int64_t missed;
    int64_t samples_end; /* the samples before this one have arrived */
    int64_t mode;
    int64_t cause;
    double output[SW_OUTPUTS];
}} golden_Step;

extern const golden_Sample golden_samples[GOLDEN_SAMPLES];
extern const golden_Step golden_steps[GOLDEN_STEPS];
extern const sw_State golden_final;

#endif
"""
