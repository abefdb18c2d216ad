"""The test bench's own messages: their fields after the header, little-endian and packed.

Every answer begins with the nonce (u64) of the conversation, which IDENTIFY gave: a target that restarted
has forgotten it. IDENTIFY's own answer has it behind the protocol's number.

IDENTIFY  nonce u64
          ->  protocol u16, nonce u64, sizes u32 x 5, kernel digest, parameter digest (32 bytes each), machine
RESET     ->  (nothing)
STEP      detail u8, count u16, then for each period: now_us i64, missed u8, samples u8, samples
          ->  for each period: kernel_ns u32, mode u8, cause u8, outputs f64, state CRC-32,
              and with detail 1 the hidden state f64
CAMPAIGN  seed u64, first u64, count u32, limit_ns u32
          ->  output digest u64, worst_ns u32, worst step u64, steps that took longer than limit_ns u32,
              then bin u16 and count u32, each used bin
CLOCK     ->  now_ns u64, overhead_ns u32, steps u64, then u32 frames: accepted, refused, oversized,
              repeated, dropped
GAUGE     count u32, then a period as in STEP, received and flown so many times from one state, which it
          leaves; 0 reads the clock alone
          ->  sum of the steps' times in ns u64, least change of the clock that was seen in ns u32
ERROR     <-  kind refused u8, reason u8

A target may lie or break: each answer is read by one function here, which takes nothing that can't be.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from struct import Struct

from controller.ports.messages import SAMPLE, Kind, Sample
from hil.statistics import BINS, bin_of, lower_edge, upper_edge

PROTOCOL = 4
GAUGE = 0x15  # a Kind of the bench only
NONCE = Struct("<Q")
IDENTITY = Struct("<HQ5I32s32s")
STEP = Struct("<BH")
PERIOD = Struct("<qBB")
TIME = Struct("<I")
CAMPAIGN = Struct("<QQII")
OUTCOME = Struct("<QIQI")
BIN = Struct("<HI")
CLOCK = Struct("<QIQ5I")
COUNT = Struct("<I")
GAUGED = Struct("<QI")
REASONS = {1: "unknown kind of message", 2: "malformed message", 3: "answer too long", 4: "out of order"}


class Unreadable(ValueError):
    """An answer that can't be; the reason in a few words."""


def name_of(kind: int) -> str:
    """A request's name for people."""
    return "GAUGE" if kind == GAUGE else Kind(kind).name


@dataclass(frozen=True, slots=True)
class Identity:
    """What a target says it is: sizes as in Project.sizes, digests as hex."""

    nonce: int
    sizes: tuple[int, ...]
    kernel_digest: str
    parameter_digest: str
    machine: str

    @classmethod
    def read(cls, body: bytes) -> "Identity":
        """From the answer to IDENTIFY; raises Unreadable."""
        if len(body) < IDENTITY.size or int.from_bytes(body[:2], "little") != PROTOCOL:
            raise Unreadable("it speaks another protocol")
        _, nonce, *sizes, kernel, parameters = IDENTITY.unpack_from(body)
        machine = body[IDENTITY.size :].decode("utf-8", "replace")
        return cls(nonce, tuple(sizes), kernel.hex(), parameters.hex(), machine)


@dataclass(frozen=True, slots=True)
class Clock:
    """A target's clock and counters since it was started."""

    now_ns: int
    overhead_ns: int  # the least time between two readings of the clock
    steps: int
    accepted: int
    refused: int
    oversized: int
    repeated: int
    dropped: int

    @classmethod
    def read(cls, body: bytes) -> "Clock":
        """From the answer to CLOCK; raises Unreadable."""
        _sized(body, CLOCK.size)
        return cls(*CLOCK.unpack(body))


@dataclass(frozen=True, slots=True)
class Gauged:
    """The sum of the times of the steps that GAUGE asked for, and the clock's least change, both in ns."""

    total_ns: int
    tick_ns: int

    @classmethod
    def read(cls, body: bytes) -> "Gauged":
        """From the answer to GAUGE; raises Unreadable."""
        _sized(body, GAUGED.size)
        return cls(*GAUGED.unpack(body))


@dataclass(frozen=True, slots=True)
class Told:
    """What a target told of one step: its time in ns, and the bytes that must be the reference's."""

    kernel_ns: int
    judged: bytes

    @classmethod
    def read(cls, body: bytes, count: int, outputs: int) -> "list[Told]":
        """From the answer to a STEP of `count` periods without detail; raises Unreadable."""
        size = TIME.size + 2 + 8 * outputs + 4
        _sized(body, count * size)
        parts = (body[at : at + size] for at in range(0, count * size, size))
        return [cls(TIME.unpack_from(part)[0], part[TIME.size :]) for part in parts]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a target told of steps that it flew by itself: digest, longest time and its step, times by bin.

    late: how many took longer than the limit that it was given.
    """

    digest: int
    longest_ns: int
    step: int
    late: int
    bins: Mapping[int, int]

    @classmethod
    def read(cls, body: bytes, first: int, count: int, limit_ns: int) -> "Outcome":
        """From the answer to a CAMPAIGN of `count` steps from `first` on; raises Unreadable."""
        if len(body) < OUTCOME.size or (len(body) - OUTCOME.size) % BIN.size:
            raise Unreadable(f"it has {len(body)} bytes")
        digest, longest_ns, step, late = OUTCOME.unpack_from(body)
        pairs = list(BIN.iter_unpack(body[OUTCOME.size :]))
        numbers, counted = [number for number, _ in pairs], sum(times for _, times in pairs)
        if counted != count:
            raise Unreadable(f"it has the times of {counted:,} steps, {count:,} were asked for")
        if numbers != sorted(set(numbers)) or numbers[-1] >= BINS or any(times == 0 for _, times in pairs):
            raise Unreadable("its bins are out of order")
        if bin_of(longest_ns) != numbers[-1]:
            raise Unreadable(f"its longest time, {longest_ns:,} ns, is not in its last bin")
        if not first <= step < first + count:
            raise Unreadable(f"its longest step, {step:,}, is none of those asked for")
        least = sum(times for number, times in pairs if lower_edge(number) > limit_ns)
        most = sum(times for number, times in pairs if min(upper_edge(number), longest_ns) > limit_ns)
        if not least <= late <= most:
            raise Unreadable(f"it says that {late:,} steps took over {limit_ns:,} ns, its bins say otherwise")
        return cls(digest, longest_ns, step, late, dict(pairs))


def _sized(body: bytes, size: int) -> None:
    if len(body) != size:
        raise Unreadable(f"it has {len(body)} bytes, not {size}")


@dataclass(frozen=True, slots=True)
class Period:
    """One control period as the plant sees it."""

    now_us: int
    missed: int
    samples: Sequence[Sample]

    def pack(self) -> bytes:
        """As a part of a STEP."""
        head = PERIOD.pack(self.now_us, self.missed, len(self.samples))
        return head + b"".join(SAMPLE.pack(s.channel, s.time_us, s.value) for s in self.samples)
