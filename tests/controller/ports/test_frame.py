"""The wire in Python: laws of symbols, CRC-32 and the splitter, with its definition and zlib as oracles."""

import random
import zlib

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from controller.ports import frame, messages
from controller.ports.frame import Splitter, cut, decode, encode, stuff, unstuff
from controller.ports.messages import Command, Kind, Sample, Tick, pack, unpack

DATA = st.one_of(st.binary(max_size=64), st.integers(0, 300).map(bytes))


def slowly(payload: bytes) -> bytes:
    """A frame by the words of docs/wire.md, bit by bit."""
    groups = [payload[at : at + 7] for at in range(0, len(payload), 7)]
    values = [byte % 128 for byte in payload]
    values += [sum(byte // 128 << k for k, byte in enumerate(group)) for group in groups]
    body = bytes(v if f"{v:b}".count("1") >= 4 else 255 - v for v in values)
    nibbles = [zlib.crc32(body) // 16**k % 16 for k in range(8)]
    return body + bytes(16 * n + (15 - n) for n in nibbles) + b"\0"


@given(DATA)
@example(b"")
@example(b"\xff" * 7)
@example(b"\x80" * 300)
def test_a_frame_is_made_by_the_words_of_its_page(data: bytes) -> None:
    assert encode(data) == slowly(data)
    assert unstuff(stuff(data)) == data


@given(st.binary(max_size=40))
def test_nothing_else_is_unstuffed(stuffed: bytes) -> None:
    """Any bytes give None, or data of which they are the only image."""
    data = unstuff(stuffed)
    assert data is None or stuff(data) == stuffed


@given(st.lists(st.sampled_from(list(frame.SYMBOLS)), max_size=40))
def test_no_two_strings_of_symbols_are_the_same_data(symbols: list[int]) -> None:
    data = unstuff(bytes(symbols))
    assert data is None or stuff(data) == bytes(symbols)


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


def flip(sent: bytes, *bits: int) -> bytes:
    return (int.from_bytes(sent, "little") ^ sum(1 << bit for bit in bits)).to_bytes(len(sent), "little")


def test_two_flipped_bits_of_a_long_frame_are_refused() -> None:
    """Under COBS with the CRC inside, these two moved zeros and were taken with another payload."""
    draw = random.Random(165)
    payload = bytes(draw.choice((0, 0, draw.randrange(256))) for _ in range(1100))
    splitter = Splitter()
    assert splitter.feed(flip(encode(payload), 1519, 1894)) == []
    assert splitter.refused == 1


@given(st.binary(max_size=100), st.data())
def test_up_to_three_flipped_bits_give_nothing(payload: bytes, data: st.DataObject) -> None:
    """Anywhere on the wire, the zero at the end included; only the frame behind a lost end goes with it."""
    sent = encode(payload)
    place = st.one_of(st.integers(0, 8 * len(sent) - 1), st.integers(8 * len(sent) - 8, 8 * len(sent) - 1))
    spoilt = flip(sent, *data.draw(st.sets(place, min_size=1, max_size=3)))
    found = Splitter().feed(encode(b"before") + spoilt + encode(b"next") + encode(b"after"))
    assert found == ([b"before", b"after"] if spoilt[-1] else [b"before", b"next", b"after"])


@given(st.binary(min_size=1, max_size=40), st.data())
def test_no_three_flipped_bits_bring_a_frame_out_of_a_payload(payload: bytes, data: st.DataObject) -> None:
    """A payload may hold a whole frame, between bytes that are nearly zero."""
    inner = encode(payload)
    sent = encode(b"\1" + inner[:-1] + b"\1")
    flips = data.draw(st.sets(st.integers(0, 8 * len(sent) - 1), min_size=1, max_size=3))
    assert Splitter().feed(flip(sent, *flips)) == []


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
    assert decode(encode(b"abc")[:-1] + b"\1") is None


@pytest.mark.parametrize(("over", "told"), [(-1, (1, 0)), (0, (1, 0)), (1, (0, 1))])
def test_a_frame_is_too_long_from_the_first_byte_that_no_payload_needs(
    over: int, told: tuple[int, int]
) -> None:
    """As the longest one it is refused for what it holds, beyond that for its length; all good ones pass."""
    longest = encode(bytes(frame.PAYLOAD_LIMIT))
    splitter = Splitter()
    splitter.feed(b"y" * (len(longest) - 1 + over) + b"\0")
    assert (splitter.refused, splitter.oversized) == told
    assert splitter.feed(longest) == [bytes(frame.PAYLOAD_LIMIT)]


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
