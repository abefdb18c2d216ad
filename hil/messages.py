"""The test bench's own messages: their fields after the header, little-endian and packed.

IDENTIFY  ->  protocol u16, sizes u32 x 5, kernel digest, parameter digest (32 bytes each), machine
RESET     ->  (nothing)
STEP      detail u8, count u16, then for each period: now_us i64, missed u8, samples u8, samples
          ->  for each period: kernel_ns u32, mode u8, cause u8, outputs f64, state CRC-32,
              and with detail 1 the hidden state f64
CAMPAIGN  seed u64, first u64, count u32
          ->  output digest u64, worst_ns u32, worst step u64, then bin u16 and count u32, each used bin
CLOCK     ->  now_ns u64, overhead_ns u32, steps u64, then u32 frames: accepted, refused, oversized,
              repeated, dropped
ERROR     <-  kind refused u8, reason u8
"""

from collections.abc import Sequence
from dataclasses import dataclass
from struct import Struct

from controller.ports.messages import SAMPLE, Sample

PROTOCOL = 1
IDENTITY = Struct("<H5I32s32s")
STEP = Struct("<BH")
PERIOD = Struct("<qBB")
TIME = Struct("<I")
CAMPAIGN = Struct("<QQI")
OUTCOME = Struct("<QIQ")
BIN = Struct("<HI")
CLOCK = Struct("<QIQ5I")
REASONS = {1: "unknown kind of message", 2: "malformed message", 3: "answer too long", 4: "out of order"}


@dataclass(frozen=True, slots=True)
class Identity:
    """What a target says it is: sizes as in Project.sizes, digests as hex."""

    sizes: tuple[int, ...]
    kernel_digest: str
    parameter_digest: str
    machine: str

    @classmethod
    def read(cls, body: bytes) -> "Identity | None":
        """From the answer to IDENTIFY; None where it is another protocol's."""
        if len(body) < IDENTITY.size:
            return None
        protocol, *sizes, kernel, parameters = IDENTITY.unpack_from(body)
        machine = body[IDENTITY.size :].decode("utf-8", "replace")
        known = protocol == PROTOCOL
        return cls(tuple(sizes), kernel.hex(), parameters.hex(), machine) if known else None


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
