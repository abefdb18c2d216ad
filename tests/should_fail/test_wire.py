"""Planted bugs in the wire format: each claim must see its own."""

import pytest

from controller.ports import frame
from tests.should_fail.mutant import Change, mutant
from verification.claims import wire as claims
from verification.contracts import check

IGNORED = ("return payload if crc32(payload) == int.from_bytes(checked[-CHECK:], \"little\") else None",
           "return payload")  # fmt: skip
HALF = ("return zlib.crc32(data)", "return zlib.crc32(data) & 0xFFFF")
POOR = ("POLYNOMIAL = 0xEDB88320", "POLYNOMIAL = 0x80000001")  # repeats itself: two bits cancel out
THREE = ("POLYNOMIAL = 0xEDB88320", "POLYNOMIAL = 0x90000000")  # x**32 + x**3 + 1: itself three bits
CARRYING = ("return ((crc >> 1) & 0x7FFFFFFF) ^ (POLYNOMIAL & -(crc & 1))",
            "return ((crc >> 1) & 0x7FFFFFFF) + (POLYNOMIAL & -(crc & 1))")  # fmt: skip
EDGE = ("if code <= block and end < size:", "if code < block and end < size:")
LOST_ZERO = ("if start < end or not data or data[-1] == 0:", "if start < end or not data:")


@pytest.mark.parametrize(
    ("name", "bug"),
    [("stuff", EDGE), ("stuff", LOST_ZERO), ("stuff", ("out.append(block + 1)", "out.append(block)")),
     ("unstuff", ("if code <= block and end < size:", "if code <= block:")),
     ("cut", ("if splitter.skipping or len(splitter.buffer) + len(piece) > splitter.limit:",
              "if splitter.skipping or len(piece) > splitter.limit:"))],
)  # fmt: skip
def test_wire_contracts_twin(name: str, bug: Change) -> None:
    """CrossHair finds data that doesn't come back, a zero too many, a buffer that grows."""
    verdict = claims.contracts_verdict(check(getattr(mutant(frame, bug), name), paths=400))
    assert verdict.word == "REFUTED" and verdict.counterexample


@pytest.mark.parametrize("bug", [EDGE, LOST_ZERO])
def test_wire_cobs_twin(bug: Change) -> None:
    """A block's edge read wrongly, a last zero forgotten."""
    assert claims.cobs_verdict(mutant(frame, bug)).word == "REFUTED"


@pytest.mark.parametrize("bug", [IGNORED, HALF, POOR, THREE, CARRYING])
def test_wire_crc_twin(bug: Change) -> None:
    """A check that isn't looked at, half of one, two poor polynomials, a register that carries."""
    verdict = claims.crc_verdict(mutant(frame, bug))
    assert verdict.word == "REFUTED" and verdict.counterexample


def test_wire_crc_twin_triple() -> None:
    """A polynomial of three terms is a damage that it can't see; the search over triples finds it."""
    spot = claims.blind_spot(mutant(frame, THREE))
    assert spot is not None and spot["bits from the end"] == [0, 3, 32]


def test_wire_search_twin() -> None:
    """Without the CRC the opponent wins at once."""
    assert claims.search_verdict(mutant(frame, IGNORED)).word == "REFUTED"
