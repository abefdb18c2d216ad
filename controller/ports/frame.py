"""The wire: a payload and its CRC-32, stuffed by COBS so that a zero byte ends a frame and is nowhere else.

encode and decode are pure; a Splitter finds frames in a stream of bytes with a buffer that can't grow.
controller/native/wire.h is the same in C. What a payload means is in messages.py.
"""

import zlib
from dataclasses import dataclass

PAYLOAD_LIMIT = 4096  # bytes; a longer payload is refused by both ends
BLOCK = 254  # the longest run of bytes that one COBS code byte can stand for
CHECK = 4  # bytes of CRC-32, little-endian, after the payload
STUFFED_LIMIT = PAYLOAD_LIMIT + CHECK + (PAYLOAD_LIMIT + CHECK) // BLOCK + 1
POLYNOMIAL = 0xEDB88320  # IEEE 802.3, reflected


def stuff(data: bytes, block: int = BLOCK) -> bytes:
    """The data without zero bytes (COBS): each run up to a zero is led by its length plus one.

    A run of `block` bytes has the code block + 1 and no zero after it. Source: Cheshire and Baker, 1999.

    pre: len(data) <= 3 and 1 <= block <= 254
    post: all(code > 0 for code in _)
    post: unstuff(_, block) == data
    """
    out = bytearray()
    start, size = 0, len(data)
    while True:
        zero = data.find(0, start)
        end = size if zero < 0 else zero
        while end - start >= block:
            out.append(block + 1)
            out += data[start : start + block]
            start += block
        if zero < 0:
            if start < end or not data or data[-1] == 0:  # else a full run has ended the data
                out.append(end - start + 1)
                out += data[start:end]
            return bytes(out)
        out.append(end - start + 1)
        out += data[start:end]
        start = end + 1


def unstuff(stuffed: bytes, block: int = BLOCK) -> bytes | None:
    """The data that stuff() hid, or None where the codes do not fit.

    pre: len(stuffed) <= 4 and 1 <= block <= 254
    post: _ is None or len(_) < len(stuffed)
    """
    out = bytearray()
    start, size = 0, len(stuffed)
    if not size or stuffed.find(0) >= 0:
        return None
    while start < size:
        code = stuffed[start]
        end = start + code
        if code > block + 1 or end > size:
            return None
        out += stuffed[start + 1 : end]
        if code <= block and end < size:
            out.append(0)
        start = end
    return bytes(out)


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
    return stuff(payload + crc32(payload).to_bytes(CHECK, "little")) + b"\0"


def decode(frame: bytes) -> bytes | None:
    """The payload of one frame with its ending zero, or None where it is damaged or too long."""
    if not frame or frame[-1] != 0 or len(frame) > STUFFED_LIMIT + 1:
        return None
    checked = unstuff(frame[:-1])
    if checked is None or not CHECK <= len(checked) <= PAYLOAD_LIMIT + CHECK:
        return None
    payload = checked[:-CHECK]
    return payload if crc32(payload) == int.from_bytes(checked[-CHECK:], "little") else None


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
