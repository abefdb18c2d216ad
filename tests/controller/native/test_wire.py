"""wire.h against frame.py and messages.py: the same bytes both ways, compiled clean."""

import ctypes
import shutil
import struct
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.native.build import FAST, MEANING, WARNINGS, compile_to, compiler
from controller.ports import frame
from controller.ports.frame import Splitter
from controller.ports.messages import Command, Kind, Sample, Tick, header, pack, unpack

WIRE = Path(frame.__file__).parents[1] / "native" / "wire.h"
EXPORTS = """#include "wire.h"
uint32_t t_crc32(const uint8_t *data, size_t n);
size_t t_encode(const uint8_t *payload, size_t n, uint8_t *out);
size_t t_decode(uint8_t *data, size_t n);
size_t t_split(const uint8_t *data, size_t n, uint8_t *out, uint32_t *counts);
int t_sample(const uint8_t *payload, size_t n, int64_t *integers, double *value);
int t_tick(const uint8_t *payload, size_t n, int64_t *integers);
size_t t_command(uint8_t *payload, uint32_t sequence, int64_t now_us, const double *outputs, size_t count);
unsigned t_header(const uint8_t *payload, size_t n, uint32_t *sequence);
uint32_t t_crc32(const uint8_t *data, size_t n) { return wire_crc32(0, data, n); }
size_t t_encode(const uint8_t *payload, size_t n, uint8_t *out) { return wire_encode(payload, n, out); }
size_t t_decode(uint8_t *data, size_t n) { return wire_decode(data, n); }
size_t t_split(const uint8_t *data, size_t n, uint8_t *out, uint32_t *counts)
{
    static wire_Splitter splitter;
    size_t used = 0;
    wire_splitter_reset(&splitter);
    for (size_t i = 0; i < n; i++) {
        const size_t length = wire_splitter_take(&splitter, data[i]);
        if (length != WIRE_REFUSED) {
            used = (size_t)(wire_put(out + used, length, 2) - out);
            memcpy(out + used, splitter.data, length);
            used += length;
        }
    }
    counts[0] = splitter.refused;
    counts[1] = splitter.oversized;
    return used;
}
int t_sample(const uint8_t *payload, size_t n, int64_t *integers, double *value)
{
    wire_Sample sample = {0, 0, 0.0};
    const int found = wire_get_sample(payload, n, &sample);
    integers[0] = sample.channel;
    integers[1] = sample.time_us;
    *value = sample.value;
    return found;
}
int t_tick(const uint8_t *payload, size_t n, int64_t *integers)
{
    wire_Tick tick = {0, 0};
    const int found = wire_get_tick(payload, n, &tick);
    integers[0] = tick.now_us;
    integers[1] = tick.missed;
    return found;
}
unsigned t_header(const uint8_t *payload, size_t n, uint32_t *sequence)
{
    return wire_get_header(payload, n, sequence);
}
size_t t_command(uint8_t *payload, uint32_t sequence, int64_t now_us, const double *outputs, size_t count)
{
    return wire_put_command(payload, sequence, now_us, 1, 3, outputs, count);
}
"""


@pytest.fixture(scope="module")
def wire(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """wire.h as a shared library, compiled with every warning an error."""
    target = tmp_path_factory.mktemp("wire") / "wire.so"
    command = [*compiler(), *MEANING, *WARNINGS, *FAST, "-shared", "-fPIC"]
    compile_to(target, {"wire.h": WIRE.read_text(encoding="utf-8"), "wire.c": EXPORTS}, command)
    code = ctypes.CDLL(str(target))
    for name in ("t_encode", "t_decode", "t_split", "t_command"):
        getattr(code, name).restype = ctypes.c_size_t
    code.t_crc32.restype = ctypes.c_uint32
    return code


def size(n: int) -> ctypes.c_size_t:
    return ctypes.c_size_t(n)


def c_encode(wire: Any, payload: bytes) -> bytes:
    out = ctypes.create_string_buffer(frame.STUFFED_LIMIT + 1)
    length = wire.t_encode(payload, size(len(payload)), out)
    return out.raw[:length]


def c_decode(wire: Any, stuffed: bytes) -> bytes | None:
    data = ctypes.create_string_buffer(stuffed, max(1, len(stuffed)))
    length = wire.t_decode(data, size(len(stuffed)))
    return None if length == ctypes.c_size_t(-1).value else data.raw[:length]


def c_split(wire: Any, stream: bytes) -> tuple[list[bytes], int, int]:
    out = ctypes.create_string_buffer(3 * len(stream) + 8)
    counts = (ctypes.c_uint32 * 2)()
    used = wire.t_split(stream, size(len(stream)), out, counts)
    rest = out.raw[:used]
    found = []
    while rest:
        length = int.from_bytes(rest[:2], "little")
        found.append(rest[2 : 2 + length])
        rest = rest[2 + length :]
    return found, counts[0], counts[1]


@given(payload=st.binary(max_size=600))
def test_frames_are_the_same_bytes(wire: Any, payload: bytes) -> None:
    assert wire.t_crc32(payload, size(len(payload))) == frame.crc32(payload)
    assert c_encode(wire, payload) == frame.encode(payload)


@pytest.mark.parametrize("n", [0, 6, 7, 8, 504, 4095, 4096])
def test_long_runs_are_the_same_bytes(wire: Any, n: int) -> None:
    payload = b"\x87" * n
    sent = frame.encode(payload)
    assert c_encode(wire, payload) == sent
    assert c_decode(wire, sent[:-1]) == payload


SYMBOLS = st.lists(st.sampled_from(list(frame.SYMBOLS)), max_size=30).map(bytes)


@given(body=st.one_of(st.binary(max_size=30), SYMBOLS), fitting=st.booleans())
def test_any_bytes_are_judged_alike(wire: Any, body: bytes, fitting: bool) -> None:
    stuffed = body + frame.check(body) if fitting else body
    assert c_decode(wire, stuffed) == frame.decode(stuffed + b"\0")


def test_every_byte_is_a_symbol_in_both_or_in_none(wire: Any) -> None:
    for low in range(256):
        for top in range(256):
            body = bytes([low, top])
            stuffed = body + frame.check(body)
            assert c_decode(wire, stuffed) == frame.decode(stuffed + b"\0")


@given(payload=st.binary(min_size=1, max_size=60), at=st.integers(0, 1 << 30), flip=st.integers(1, 255))
def test_damaged_frames_are_judged_alike(wire: Any, payload: bytes, at: int, flip: int) -> None:
    stuffed = bytearray(frame.encode(payload)[:-1])
    stuffed[at % len(stuffed)] ^= flip
    assert c_decode(wire, bytes(stuffed)) == frame.decode(bytes(stuffed) + b"\0")


PIECES = st.one_of(st.binary(max_size=20), st.binary(max_size=20).map(frame.encode), st.just(b"y" * 5000))


@given(pieces=st.lists(PIECES, max_size=6))
def test_streams_are_split_alike(wire: Any, pieces: list[bytes]) -> None:
    stream = b"".join(pieces)
    splitter = Splitter()
    payloads = splitter.feed(stream)
    assert c_split(wire, stream) == (payloads, splitter.refused, splitter.oversized)


@pytest.mark.parametrize("over", [-1, 0, 1])
def test_the_longest_frame_is_the_same(wire: Any, over: int) -> None:
    whole = frame.encode(bytes(frame.PAYLOAD_LIMIT))
    stream = b"y" * (frame.STUFFED_LIMIT + over) + b"\0" + whole
    splitter = Splitter()
    payloads = splitter.feed(stream)
    assert c_split(wire, stream) == (payloads, splitter.refused, splitter.oversized)
    body = frame.stuff(bytes(frame.PAYLOAD_LIMIT + over))
    assert (c_decode(wire, body + frame.check(body)) is None) == (over == 1)


def test_a_tick_says_0_or_1(wire: Any) -> None:
    integers = (ctypes.c_int64 * 2)()
    for last in range(256):
        payload = pack(4, Tick(5, False))[:-1] + bytes([last])
        assert (
            wire.t_tick(payload, size(len(payload)), integers) == (last <= 1) == (unpack(payload) is not None)
        )


WORD = st.integers(-(2**63), 2**63 - 1)


@given(channel=WORD, time_us=WORD, bits=st.integers(0, 2**64 - 1))
def test_samples_are_read_alike(wire: Any, channel: int, time_us: int, bits: int) -> None:
    body = struct.pack("<qqQ", channel, time_us, bits)
    payload = pack(9, Sample(0, 0, 0.0))[:5] + body
    integers, value = (ctypes.c_int64 * 2)(), (ctypes.c_double * 1)()
    assert wire.t_sample(payload, size(len(payload)), integers, value) == 1
    assert struct.pack("<qq", *integers) + bytes(value) == body


@given(
    payload=st.one_of(st.binary(max_size=40), st.builds(Tick, WORD, st.booleans()).map(lambda t: pack(4, t)))
)
def test_ticks_and_samples_are_told_apart_alike(wire: Any, payload: bytes) -> None:
    integers, value = (ctypes.c_int64 * 2)(), (ctypes.c_double * 1)()
    found = unpack(payload)
    message = found[1] if found else None
    assert wire.t_tick(payload, size(len(payload)), integers) == isinstance(message, Tick)
    if isinstance(message, Tick):
        assert tuple(integers) == (message.now_us, message.missed)
    assert wire.t_sample(payload, size(len(payload)), integers, value) == isinstance(message, Sample)


NUMBER = st.integers(0, 2**32 - 1)


@given(number=NUMBER, now_us=WORD, outputs=st.lists(st.floats(), max_size=4))
def test_commands_are_written_alike(wire: Any, number: int, now_us: int, outputs: list[float]) -> None:
    payload = ctypes.create_string_buffer(64)
    reals = (ctypes.c_double * max(1, len(outputs)))(*outputs)
    length = wire.t_command(
        payload, ctypes.c_uint32(number), ctypes.c_int64(now_us), reals, size(len(outputs))
    )
    assert payload.raw[:length] == pack(number, Command(now_us, 1, 3, tuple(outputs)))


@given(kind=st.integers(0, 255), number=NUMBER, body=st.binary(max_size=3), cut=st.integers(0, 8))
def test_a_header_is_read_whole_or_not_at_all(
    wire: Any, kind: int, number: int, body: bytes, cut: int
) -> None:
    payload = (header(kind, number) + body)[:cut]
    found = ctypes.c_uint32(7)
    got = wire.t_header(payload, size(len(payload)), ctypes.byref(found))
    assert (got, found.value) == ((kind, number) if len(payload) >= 5 else (0, 7))


def test_the_kinds_are_the_same_numbers() -> None:
    text = WIRE.read_text(encoding="utf-8")
    for kind in Kind:
        assert f"WIRE_{kind.name} = 0x{kind.value:02x}" in text


def test_cppcheck_finds_nothing(tmp_path: Path) -> None:
    if not shutil.which("cppcheck"):
        pytest.skip("needs cppcheck: apt-get install cppcheck")
    source = tmp_path / "wire.c"
    source.write_text(EXPORTS, encoding="utf-8")
    command = ["cppcheck", "--std=c99", "--enable=warning,style,performance,portability", "--quiet"]
    command += ["--error-exitcode=1", f"-I{WIRE.parent}", str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
