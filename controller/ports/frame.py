"""The wire: a payload as bytes with four ones or more, a CRC-32 over these bytes, and a zero byte as the end.

No three flipped bits make a zero of such a byte, or such a byte of a zero, so they neither cut a frame in two
nor join two unseen; and the CRC is over what is on the wire, so that no three flipped bits escape it. COBS,
which passes most bytes as they are, can't have that: a payload may hold a whole frame between two bytes with
a single one, and two flipped bits bring it out.

encode and decode are pure; a Splitter finds frames in a stream of bytes with a buffer that can't grow.
controller/native/wire.h is the same in C, docs/wire.md the page for whoever writes the far end. What payloads
mean is in messages.py.
"""

import zlib
from dataclasses import dataclass

PAYLOAD_LIMIT = 4096  # bytes; a longer payload is refused by both ends
GROUP = 7  # payload bytes whose top bits share a byte
ONES = 4  # each byte of a frame has so many or more: more than may flip
CHECK = 8  # bytes of CRC-32, four bits each with their complement
POLYNOMIAL = 0xEDB88320  # IEEE 802.3, reflected


def body_size(payload: int) -> int:
    """How many bytes stand for a payload of so many: one for each, and one for the top bits of each seven."""
    return payload + -(-payload // GROUP)


STUFFED_LIMIT = body_size(PAYLOAD_LIMIT) + CHECK  # of a frame without its ending zero


def symbol(bits: int) -> int:
    """The byte for seven bits: they themselves, or where they have fewer ones than ONES all eight inverted.

    Source: Stan and Burleson, Bus-invert coding for low-power I/O, 1995.
    """
    return bits if bits.bit_count() >= ONES else bits ^ 0xFF


def check_byte(bits: int) -> int:
    """The byte for four bits of the CRC: they, and below them their complement, so four ones in any case."""
    return 15 * bits + 15


SYMBOLS = bytes(map(symbol, range(128)))
_LOW = SYMBOLS * 2  # the symbol of a byte's low seven bits
_TOP = bytes(128) + bytes([1]) * 128  # its top bit
_BITS = bytes.maketrans(SYMBOLS, bytes(range(128)))
_SHARED = {  # the symbol of up to seven top bits, the first one lowest
    bytes(bits >> k & 1 for k in range(size)): bytes([symbol(bits)])
    for size in range(1, GROUP + 1)
    for bits in range(1 << size)
}
_SPREAD = [bytes((bits >> k & 1) << 7 for k in range(GROUP)) for bits in range(128)]
_CHECKS = bytes.maketrans(b"0123456789abcdef", bytes(map(check_byte, range(16))))


def stuff(data: bytes) -> bytes:
    """The data as symbols: the low seven bits of each byte, then the top bits of each seven bytes."""
    tops = data.translate(_TOP)
    shared = [_SHARED[tops[at : at + GROUP]] for at in range(0, len(tops), GROUP)]
    return data.translate(_LOW) + b"".join(shared)


def unstuff(stuffed: bytes) -> bytes | None:
    """The data that stuff() hid, or None where it can't have made these bytes."""
    size = GROUP * len(stuffed) // (GROUP + 1)
    if stuffed.translate(None, SYMBOLS) or body_size(size) != len(stuffed):
        return None
    bits = stuffed.translate(_BITS)
    tops = b"".join([_SPREAD[shared] for shared in bits[size:]])
    if any(tops[size:]):
        return None
    whole = int.from_bytes(bits[:size], "little") | int.from_bytes(tops[:size], "little")
    return whole.to_bytes(size, "little")


def check(body: bytes) -> bytes:
    """The CRC-32 of a frame's symbols as check bytes, lowest four bits first."""
    return (b"%08x" % crc32(body))[::-1].translate(_CHECKS)


def crc_bit(crc: int) -> int:
    """One shift of the CRC register (32 bits); written so that a 32-bit vector can take the int's place."""
    return ((crc >> 1) & 0x7FFFFFFF) ^ (POLYNOMIAL & -(crc & 1))


def crc_byte(crc: int, byte: int) -> int:
    """One byte into the CRC register."""
    crc = crc ^ byte
    for _ in range(8):
        crc = crc_bit(crc)
    return crc


def crc32_by_bits(data: bytes) -> int:
    """CRC-32 by its definition: the register starts at all ones and is inverted at the end."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc_byte(crc, byte)
    return crc ^ 0xFFFFFFFF


def crc32(data: bytes) -> int:
    """crc32_by_bits, by zlib: a CRC is affine, so that a basis of each length shows them equal (tests)."""
    return zlib.crc32(data)


def encode(payload: bytes) -> bytes:
    """The frame of a payload of at most PAYLOAD_LIMIT bytes, its ending zero included."""
    if len(payload) > PAYLOAD_LIMIT:
        raise ValueError(f"a payload of {len(payload)} bytes; at most {PAYLOAD_LIMIT} fit a frame")
    body = stuff(payload)
    return body + check(body) + b"\0"


def decode(frame: bytes) -> bytes | None:
    """The payload of one frame with its ending zero, or None where it is damaged or too long."""
    if not CHECK < len(frame) <= STUFFED_LIMIT + 1 or frame[-1] != 0:
        return None
    body, told = frame[: -CHECK - 1], frame[-CHECK - 1 : -1]
    return unstuff(body) if told == check(body) else None


@dataclass(slots=True)
class Splitter:
    """Finds frames in a stream; bytes that belong to no good frame are dropped and counted.

    buffer: an unfinished frame, at most `limit` bytes; skipping: whether a frame too long is being dropped.
    refused: frames that were damaged; oversized: frames that were too long.
    """

    limit: int = STUFFED_LIMIT
    buffer: bytes = b""
    skipping: bool = False
    refused: int = 0
    oversized: int = 0

    def feed(self, data: bytes) -> list[bytes]:
        """The payloads of the good frames that end in data."""
        payloads = []
        for stuffed in cut(self, data):
            payload = decode(stuffed + b"\0")
            if payload is None:
                self.refused += 1
            else:
                payloads.append(payload)
        return payloads


def cut(splitter: Splitter, data: bytes) -> list[bytes]:
    """The frames that end in data, without their zeros; an empty one is no frame.

    pre: 1 <= splitter.limit <= 3 and len(splitter.buffer) <= splitter.limit and len(data) <= 3
    pre: splitter.buffer.find(0) < 0 and splitter.oversized >= 0
    post: len(splitter.buffer) <= splitter.limit and splitter.buffer.find(0) < 0
    post: all(1 <= len(frame) <= splitter.limit and frame.find(0) < 0 for frame in _)
    post: __old__.splitter.oversized <= splitter.oversized
    """
    found: list[bytes] = []
    start = 0
    while True:
        zero = data.find(0, start)
        piece = data[start:] if zero < 0 else data[start:zero]
        if splitter.skipping or len(splitter.buffer) + len(piece) > splitter.limit:
            splitter.skipping, splitter.buffer = True, b""
        else:
            splitter.buffer = splitter.buffer + piece
        if zero < 0:
            return found
        if splitter.skipping:
            splitter.oversized += 1
        elif splitter.buffer:
            found.append(splitter.buffer)
        splitter.skipping, splitter.buffer = False, b""
        start = zero + 1
