"""What payloads mean: a type byte, a sequence number, then fixed fields, all little-endian and packed.

The first three fly: SAMPLE and TICK go from the plant to the controller, COMMAND comes back. The others
are of the test bench (hil/messages.py has their fields). controller/native/wire.h is the same in C.
"""

from dataclasses import dataclass
from enum import IntEnum
from struct import Struct

HEADER = Struct("<BI")  # kind, sequence
SAMPLE = Struct("<qqd")  # channel, time_us, value
TICK = Struct("<qB")  # now_us, missed
COMMAND = Struct("<qBB")  # now_us, mode, cause; then the outputs
REAL = Struct("<d")
SEQUENCES = 1 << 32


class Kind(IntEnum):
    """The type byte; a reply of the test bench has REPLY added to its request's."""

    SAMPLE = 0x01
    TICK = 0x02
    COMMAND = 0x03
    IDENTIFY = 0x10
    RESET = 0x11
    STEP = 0x12
    CAMPAIGN = 0x13
    CLOCK = 0x14
    ERROR = 0x1F


REPLY = 0x80


@dataclass(frozen=True, slots=True)
class Sample:
    """One measurement: input number, time in us, value in the input's unit."""

    channel: int
    time_us: int
    value: float


@dataclass(frozen=True, slots=True)
class Tick:
    """One control period at now_us; missed: whether the last one ended after its deadline."""

    now_us: int
    missed: bool


@dataclass(frozen=True, slots=True)
class Command:
    """What the controller did at now_us: mode and cause (kernel/modes.py), outputs in their units."""

    now_us: int
    mode: int
    cause: int
    outputs: tuple[float, ...]


Message = Sample | Tick | Command


def header(kind: int, sequence: int) -> bytes:
    """The first five bytes of any payload; the sequence number counts modulo 2**32."""
    return HEADER.pack(kind, sequence % SEQUENCES)


def pack(sequence: int, message: Message) -> bytes:
    """The payload of a message that flies."""
    match message:
        case Sample(channel, time_us, value):
            return header(Kind.SAMPLE, sequence) + SAMPLE.pack(channel, time_us, value)
        case Tick(now_us, missed):
            return header(Kind.TICK, sequence) + TICK.pack(now_us, missed)
        case Command(now_us, mode, cause, outputs):
            reals = b"".join(REAL.pack(value) for value in outputs)
            return header(Kind.COMMAND, sequence) + COMMAND.pack(now_us, mode, cause) + reals


def unpack(payload: bytes) -> tuple[int, Message] | None:
    """The sequence number and the message of a payload; None where it is none of the three that fly."""
    if len(payload) < HEADER.size:
        return None
    kind, sequence = HEADER.unpack_from(payload)
    body = payload[HEADER.size :]
    if kind == Kind.SAMPLE and len(body) == SAMPLE.size:
        return sequence, Sample(*SAMPLE.unpack(body))
    if kind == Kind.TICK and len(body) == TICK.size and body[-1] <= 1:
        now_us, missed = TICK.unpack(body)
        return sequence, Tick(now_us, missed == 1)
    if kind == Kind.COMMAND and len(body) >= COMMAND.size and (len(body) - COMMAND.size) % REAL.size == 0:
        outputs = tuple(value for (value,) in REAL.iter_unpack(body[COMMAND.size :]))
        now_us, mode, cause = COMMAND.unpack_from(body)
        return sequence, Command(now_us, mode, cause, outputs)
    return None
