"""The wire in Python: laws of COBS, CRC-32 and the splitter, with the cobs package and zlib as oracles."""

import random
import zlib

import pytest
from cobs import cobs
from hypothesis import example, given, settings
from hypothesis import strategies as st

from controller.ports import frame, messages
from controller.ports.frame import Splitter, cut, decode, encode, stuff, unstuff
from controller.ports.messages import Command, Kind, Sample, Tick, pack, unpack

RUNS = st.lists(st.tuples(st.integers(0, 600), st.booleans()), max_size=4).map(
    lambda runs: b"".join(bytes([7]) * n + (b"\0" if zero else b"") for n, zero in runs)
)
DATA = st.one_of(st.binary(max_size=64), RUNS)


@given(DATA)
@example(b"")
@example(b"\1" * 254)
@example(b"\1" * 254 + b"\0")
@example(b"\0" * 300)
def test_stuffing_is_that_of_the_cobs_package(data: bytes) -> None:
    assert stuff(data) == cobs.encode(data)
    assert unstuff(stuff(data)) == data


@given(st.binary(min_size=1, max_size=40))
def test_unstuffing_agrees_with_the_cobs_package(stuffed: bytes) -> None:
    try:
        expected: bytes | None = cobs.decode(stuffed)
    except cobs.DecodeError:
        expected = None
    assert unstuff(stuffed) == expected


def test_crc_by_bits_is_zlibs_on_a_basis() -> None:
    """A CRC is affine over bits: equal on zero and on every single bit means equal on all of that length."""
    for size in range(33):
        assert frame.crc32_by_bits(bytes(size)) == zlib.crc32(bytes(size))
        for bit in range(8 * size):
            data = (1 << bit).to_bytes(size, "little")
            assert frame.crc32_by_bits(data) == frame.crc32(data)


@given(st.binary(max_size=300))
def test_a_frame_comes_back_and_has_one_zero(payload: bytes) -> None:
    sent = encode(payload)
    assert decode(sent) == payload
    assert sent.index(0) == len(sent) - 1


@given(st.binary(max_size=100), st.data())
def test_up_to_three_flipped_bits_are_refused(payload: bytes, data: st.DataObject) -> None:
    """Flips before the stuffing, where the CRC alone must see them."""
    checked = payload + frame.crc32(payload).to_bytes(4, "little")
    size = 8 * len(checked)
    flips = data.draw(st.sets(st.integers(0, size - 1), min_size=1, max_size=3))
    word = int.from_bytes(checked, "little")
    for bit in flips:
        word ^= 1 << bit
    assert decode(stuff(word.to_bytes(len(checked), "little")) + b"\0") is None


def test_damage_on_the_wire_is_refused() -> None:
    draw = random.Random(3)
    for _ in range(20_000):
        sent = bytearray(encode(draw.randbytes(draw.randrange(40))))
        sent[draw.randrange(len(sent) - 1)] ^= draw.randrange(1, 256)
        splitter = Splitter()
        assert splitter.feed(bytes(sent)) == []


@given(st.lists(st.binary(max_size=30), max_size=6), st.lists(st.integers(1, 20), min_size=1, max_size=8))
def test_a_splitter_does_not_mind_how_a_stream_is_cut(payloads: list[bytes], sizes: list[int]) -> None:
    stream = b"".join(encode(payload) for payload in payloads)
    splitter, found, at = Splitter(), [], 0
    while at < len(stream):
        size = sizes[at % len(sizes)]
        found += splitter.feed(stream[at : at + size])
        at += size
    assert found == payloads
    assert (splitter.refused, splitter.oversized, splitter.buffer) == (0, 0, b"")


@given(st.lists(st.binary(max_size=9), max_size=20), st.integers(1, 8))
def test_a_splitters_buffer_is_bounded_whatever_comes(chunks: list[bytes], limit: int) -> None:
    splitter = Splitter(limit=limit)
    for chunk in chunks:
        assert all(1 <= len(block) <= limit for block in cut(splitter, chunk))
        assert len(splitter.buffer) <= limit


def test_a_good_frame_after_noise_and_an_endless_one_is_found() -> None:
    splitter = Splitter()
    noise = b"\x05abc\0" + b"x" * (3 * frame.PAYLOAD_LIMIT) + b"\0"
    assert splitter.feed(noise + encode(b"good")) == [b"good"]
    assert (splitter.refused, splitter.oversized) == (1, 1)


def test_limits_of_size() -> None:
    longest = bytes(range(1, 256)) * 17
    assert decode(encode(longest[: frame.PAYLOAD_LIMIT])) == longest[: frame.PAYLOAD_LIMIT]
    with pytest.raises(ValueError, match="4097 bytes"):
        encode(longest[: frame.PAYLOAD_LIMIT] + b"x")
    assert decode(b"") is None
    assert decode(encode(b"abc")[:-1]) is None


MESSAGES = st.one_of(
    st.builds(
        Sample, st.integers(-(2**63), 2**63 - 1), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False)
    ),
    st.builds(Tick, st.integers(0, 2**53), st.booleans()),
    st.builds(
        Command,
        st.integers(0, 2**53),
        st.integers(0, 2),
        st.integers(0, 8),
        st.lists(st.floats(allow_nan=False), max_size=5).map(tuple),
    ),
)


@given(st.integers(0, 2**32 - 1), MESSAGES)
def test_a_message_comes_back(sequence: int, message: messages.Message) -> None:
    assert unpack(pack(sequence, message)) == (sequence, message)


@given(st.binary(max_size=40))
@settings(max_examples=300)
def test_unpack_takes_anything(payload: bytes) -> None:
    found = unpack(payload)
    if found is not None:
        assert pack(*found) == payload or b"\x7f\xf0" in payload or b"\xff" in payload  # a NaN may be quieted


def test_wrong_lengths_and_kinds_are_no_message() -> None:
    tick = pack(1, Tick(5, True))
    assert unpack(tick[:-1]) is None
    assert unpack(tick + b"\0") is None
    assert unpack(tick[:-1] + b"\2") is None
    assert unpack(messages.header(Kind.RESET, 1)) is None
