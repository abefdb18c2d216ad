"""Planted bugs in the wire format: each claim must see its own."""

from itertools import product

import pytest

from controller.ports import frame
from tests.should_fail.mutant import Change, mutant
from verification.claims import damage
from verification.claims import wire as claims
from verification.contracts import check

IGNORED = ("return unstuff(body) if told == check(body) else None", "return unstuff(body)")
INSIDE = (  # the CRC over what was unstuffed, as it was once
    ("return body + check(body) + b", "return body + check(payload) + b"),
    ("return unstuff(body) if told == check(body) else None",
     "return unstuff(body) if told == check(unstuff(body) or b\"\") else None"),
)  # fmt: skip
PART = ("told == check(body)", "told[1:] == check(body)[1:]")
LIGHT = ("ONES = 4", "ONES = 3")  # three flipped bits make a zero
LIGHTEST = ("ONES = 4", "ONES = 1")  # as COBS: any byte but zero
ANY = ("if stuffed.translate(None, SYMBOLS) or body_size", "if body_size")
THIN = ("return 15 * bits + 15", "return 16 * bits + 1")  # no complement
LOST = ("tops = data.translate(_TOP)", "tops = bytes(len(data))")
HALF = ("return zlib.crc32(data)", "return zlib.crc32(data) & 0xFFFF")
POOR = ("POLYNOMIAL = 0xEDB88320", "POLYNOMIAL = 0x80000001")  # repeats itself: two bits cancel out
THREE = ("POLYNOMIAL = 0xEDB88320", "POLYNOMIAL = 0x90000000")  # x**32 + x**3 + 1: itself three bits
CARRYING = ("return ((crc >> 1) & 0x7FFFFFFF) ^ (POLYNOMIAL & -(crc & 1))",
            "return ((crc >> 1) & 0x7FFFFFFF) + (POLYNOMIAL & -(crc & 1))")  # fmt: skip


@pytest.mark.parametrize(
    "bug",
    [
        ("if splitter.skipping or len(splitter.buffer) + len(piece) > splitter.limit:",
         "if splitter.skipping or len(piece) > splitter.limit:"),
        ("zero = data.find(0, start)\n        piece", "zero = data.find(1, start)\n        piece"),
    ],
)  # fmt: skip
def test_wire_contracts_twin(bug: Change) -> None:
    """CrossHair finds a buffer that grows, and a frame with a zero."""
    verdict = claims.contracts_verdict(check(mutant(frame, bug).cut, paths=400))
    assert verdict.word == "REFUTED" and verdict.counterexample


@pytest.mark.parametrize("bug", [LIGHT, LIGHTEST, ANY, THIN, LOST])
def test_wire_symbols_twin(bug: Change) -> None:
    """Bytes that three flips make a zero, any byte taken in a frame, a check of few ones, top bits lost."""
    verdict = claims.symbols_verdict(mutant(frame, bug))
    assert verdict.word == "REFUTED" and verdict.counterexample


def test_wire_symbols_twin_whole_frame_inside() -> None:
    """What SYMBOLS are for: without them, two flipped bits bring a frame out of a payload."""
    light = mutant(frame, LIGHTEST)
    payloads = (bytes(pair) for pair in product(range(129, 256), range(1, 128)))
    inner = next(f for f in map(light.encode, payloads) if max(f) < 0x80)
    sent = light.encode(b"\1" + inner[:-1] + b"\1")
    spoilt = sent.replace(b"\1" + inner[:-1] + b"\1", b"\0" + inner[:-1] + b"\0")
    assert len(spoilt) == len(sent) and spoilt != sent
    assert light.Splitter().feed(spoilt) == [light.decode(inner)]


@pytest.mark.parametrize("bugs", [[IGNORED], [PART], INSIDE, [HALF], [POOR], [THREE], [CARRYING]])
def test_wire_crc_twin(bugs: list[Change]) -> None:
    """A check that isn't looked at, or in part, or is of the payload; half of one, two poor polynomials, a
    register that carries."""
    verdict = claims.crc_verdict(mutant(frame, *bugs))
    assert verdict.word == "REFUTED" and verdict.counterexample


def test_wire_crc_twin_triple() -> None:
    """A polynomial of three terms is a damage that it can't see; the search over triples finds it."""
    spot = claims.blind_spot(mutant(frame, THREE))
    assert spot is not None and spot["bits from the end"] == [0, 3, 32]


@pytest.mark.parametrize("bug", [IGNORED, HALF, PART])
def test_wire_flips_twin(bug: Change) -> None:
    """A check that isn't looked at, half of one, a part of one."""
    assert damage.flips_verdict(mutant(frame, bug)).word == "REFUTED"


@pytest.mark.parametrize("bug", [IGNORED, ("zlib.crc32(data)", "zlib.crc32(data) & 0x3FF")])
def test_wire_search_twin(bug: Change) -> None:
    """Without the CRC the opponent wins at once; with ten bits of it, a little later."""
    assert damage.search_verdict(mutant(frame, bug)).word == "REFUTED"
