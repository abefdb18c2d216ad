"""The wire format: its symbols, CRC-32 against three flipped bits of what is on the wire, and an opponent.

The argument for SW-WIRE-1, part by part. A frame is bytes with four ones or more, so that three flips make
no zero of them, and no frame is cut (WIRE-SYMBOLS). Three flips of its ending zero make a byte that no frame
has, so that what is joined there is refused (WIRE-SYMBOLS). So a frame that is taken has its own bytes with
at most three flips among them, and the CRC over them sees these (WIRE-CRC). WIRE-FLIPS and WIRE-SEARCH let
the whole code run on damage: an independent look at the argument (damage.py).

What is shown is controller/ports/frame.py; that wire.h gives the same bytes is tested, not shown here.
"""

import random
from collections.abc import Iterable, Iterator
from itertools import combinations, product
from types import ModuleType
from typing import Any

import z3

from controller.ports import frame
from verification.contracts import Finding, Target, judge
from verification.contracts import check as contracts_of
from verification.proof import versions
from verification.verdict import Verdict, ended

TWIN = "tests/should_fail/test_wire.py"
CODE = ["controller/ports/frame.py"]
DIFFERS = "a case differs"
ALIKE, ALIKE_SEED = 2_000, 3  # random payloads on which both ways to a CRC must agree
FLIPS = 3  # bits of a frame with its ending zero
TOPS = 15  # payload bytes whose top bits take every pattern: two groups, and the first of a third
C_TOO = "the same bytes come from wire.h (tests/controller/native/test_wire.py)"

CONTRACTS: tuple[Target, ...] = (frame.cut,)


def contracts_verdict(findings: Iterable[Finding] | None = None) -> Verdict:
    """WIRE-CONTRACTS, from the findings on CONTRACTS (made here where none are given)."""
    found = [f for target in CONTRACTS for f in contracts_of(target)] if findings is None else findings
    verdict = verdict_of(
        "WIRE-CONTRACTS",
        "The splitter's buffer stays within its limit, and what it finds has no zero byte and is no longer.",
        "CrossHair, PEP 316 contracts over all paths",
        ["data and limits of three bytes", C_TOO],
        "test_wire_contracts_twin",
    )
    return judge(verdict, found)


def flipped(byte: int, most: int = FLIPS) -> Iterator[int]:
    """The byte with one to `most` of its bits flipped, in all ways."""
    for count in range(1, most + 1):
        for bits in combinations(range(8), count):
            yield byte ^ sum(1 << bit for bit in bits)


def symbols(wire: ModuleType) -> dict[str, Any] | None:
    """A byte of a frame that three flips make a zero, or that three flips make of a zero; or None.

    The bytes of a body are SYMBOLS, as payloads() looks; those of a check are looked at here, all 16.
    """
    checks = {bits: wire.check_byte(bits) for bits in range(16)}
    for byte in {*wire.SYMBOLS, *checks.values()}:
        if byte == 0 or 0 in flipped(byte):
            return {"byte": byte, "wrong": "three flipped bits make it a zero, which cuts a frame in two"}
    for (a, byte), (b, other) in product(checks.items(), repeat=2):
        if (byte ^ other).bit_count() < (a ^ b).bit_count():
            return {"bits": [a, b], "wrong": "their bytes differ in fewer bits than they"}
    return joined(wire)


def joined(wire: ModuleType) -> dict[str, Any] | None:
    """Two frames that are taken as one where their zero was flipped; or None.

    What decode refuses is looked at for each byte that a zero may become, at each place of a frame with the
    right CRC over it: in the body, where the check is made to fit, and in the check itself.
    """
    for made in flipped(0):
        for size in (1, wire.GROUP, wire.GROUP + 1):
            body = wire.stuff(bytes(size))
            for at in range(len(body)):
                spoilt = body[:at] + bytes([made]) + body[at + 1 :]
                if wire.decode(spoilt + wire.check(spoilt) + b"\0") is not None:
                    return {"byte": made, "at": at, "wrong": "a byte that is no symbol is taken"}
        whole = wire.encode(b"\xa5")
        for at in range(len(whole) - 1 - wire.CHECK, len(whole) - 1):
            if wire.decode(whole[:at] + bytes([made]) + whole[at + 1 :]) is not None:
                return {"byte": made, "at": at, "wrong": "a byte that no check has is taken"}
    return None


def payloads(wire: ModuleType) -> Iterator[bytes]:
    """All of up to two bytes; every pattern of top bits; each byte at each place of a group; the longest."""
    yield from (bytes(p) for size in range(3) for p in product(range(256), repeat=size))
    for size in range(3, TOPS + 1):
        yield from (bytes(0x80 * (bits >> k & 1) for k in range(size)) for bits in range(1 << size))
    for at, value in product(range(2 * wire.GROUP), range(256)):
        yield bytes(value if k == at else 0x55 for k in range(2 * wire.GROUP))
    yield from (bytes(i % 256 for i in range(wire.PAYLOAD_LIMIT - short)) for short in range(wire.GROUP + 1))


def symbols_told() -> Verdict:
    """WIRE-SYMBOLS."""
    return verdict_of(
        "WIRE-SYMBOLS",
        "A payload comes back from its frame. No one to three flipped bits make a zero of any byte of a "
        "frame, so they don't cut it; and whatever they make of its ending zero is a byte that no frame has: "
        "wherever it stands, the receiver refuses what is joined there.",
        "enumeration of all bytes of a frame with all flips, and of payloads",
        [
            "payloads of up to two bytes, of every pattern of top bits in up to "
            f"{TOPS} bytes, of each byte at each place of two groups, and the longest: each byte of a frame "
            "depends on one byte, or on the top bits of one group",
            C_TOO,
        ],
        "test_wire_symbols_twin",
    )


def symbols_verdict(wire: ModuleType = frame) -> Verdict:
    """WIRE-SYMBOLS: frames come back, and no three flips make, or pass for, the end of one."""
    done, wrong = 0, symbols(wire)
    for payload in payloads(wire):
        sent = wire.encode(payload)
        done += 1
        others = sent[:-1].translate(None, wire.SYMBOLS + bytes(map(wire.check_byte, range(16))))
        size = wire.body_size(len(payload)) + wire.CHECK + 1
        if wire.decode(sent) != payload or sent[-1] != 0 or others or len(sent) != size:
            wrong = wrong or {"payload": payload.hex(), "frame": sent.hex()}
            break
    return ended(symbols_told(), wrong, DIFFERS, {"cases": done})


def linear(wire: ModuleType) -> str:
    """What z3 finds wrong with the step of the CRC register, or "" where it is linear and loses nothing."""
    a, b, x, y = z3.BitVecs("a b x y", 32)
    claims = {
        "a shift is not linear": wire.crc_bit(a ^ b) == wire.crc_bit(a) ^ wire.crc_bit(b),
        "a byte is not eight shifts": wire.crc_byte(a, x) == _shifted(wire, a ^ x, 8),
        "a shift forgets": z3.Implies(wire.crc_bit(a) == 0, a == 0),
        "a byte is not linear": wire.crc_byte(a ^ b, x ^ y) == wire.crc_byte(a, x) ^ wire.crc_byte(b, y),
    }
    for wrong, claim in claims.items():
        solver = z3.Solver()
        solver.add(z3.Not(claim))
        if solver.check() != z3.unsat:
            return wrong
    return ""


def _shifted(wire: ModuleType, register: Any, times: int) -> Any:
    for _ in range(times):
        register = wire.crc_bit(register)
    return register


def syndromes(wire: ModuleType) -> list[int]:
    """What one flipped bit on the wire does to the CRC, from the last of the longest frame to its first.

    The register shifts by one for each bit that follows; the last 32 are the CRC's own.
    """
    found = [1 << 31]
    for _ in range(8 * _body_limit(wire) + 31):
        found.append(wire.crc_bit(found[-1]))
    return found


def _body_limit(wire: ModuleType) -> int:
    return int(wire.body_size(wire.PAYLOAD_LIMIT))


def blind_spot(wire: ModuleType) -> dict[str, Any] | None:
    """One, two or three bits of the longest body and its CRC whose flips cancel out, by syndromes; or None.

    A bit of the CRC takes two flips on the wire, its own and its complement's: so one is even more than here.

    The shift T is linear and invertible, and syndrome i is T**i of the first; so if any three cancel, then
    so do three of which one is the first, and looking at each pair with the first is looking at all triples.
    """
    found = syndromes(wire)
    place = {s: i for i, s in enumerate(found)}
    if 0 in place or len(place) < len(found):
        return {"bits": "one or two", "wrong": "a syndrome is zero or occurs twice"}
    for i, s in enumerate(found[1:], 1):
        if (j := place.get(s ^ found[0], 0)) > i:
            return {"bits from the end": [0, i, j], "wrong": "these three cancel out"}
    return None


def other_way(wire: ModuleType) -> dict[str, Any] | None:
    """Where the CRC in use differs from its definition; or None.

    Each single bit of the longest body, no bits at each length, and random bytes of random lengths.
    """
    found, longest = syndromes(wire), _body_limit(wire)
    register = 0xFFFFFFFF
    for size in range(longest + 1):
        if wire.crc32(bytes(size)) != register ^ 0xFFFFFFFF:
            return {"zero bytes": size, "wrong": "crc32 is not the CRC by bits"}
        register = wire.crc_byte(register, 0)
    nothing = wire.crc32(bytes(longest))
    for bit in range(8 * longest):
        data = bytearray(longest)
        data[bit // 8] = 1 << bit % 8
        if wire.crc32(bytes(data)) ^ nothing != found[-1 - bit]:
            return {"bit": bit, "wrong": "crc32 is not the CRC by bits"}
    draw = random.Random(ALIKE_SEED)
    for _ in range(ALIKE):
        data_ = draw.randbytes(draw.randrange(64))
        if wire.crc32(data_) != wire.crc32_by_bits(data_):
            return {"data": data_.hex(), "wrong": "crc32 is not the CRC by bits"}
    return None


def checked(wire: ModuleType) -> dict[str, Any] | None:
    """A frame whose check is not the CRC of the bytes before it, or where another is taken; or None."""
    draw = random.Random(ALIKE_SEED)
    for size in (0, 1, 2, 14, 29, 1100, wire.PAYLOAD_LIMIT):
        sent = wire.encode(draw.randbytes(size))
        body, told = sent[: -wire.CHECK - 1], sent[-wire.CHECK - 1 : -1]
        crc = wire.crc32_by_bits(body)
        if told != bytes(wire.check_byte(crc >> 4 * k & 15) for k in range(wire.CHECK)):
            return {"frame": sent.hex(), "wrong": "the check is not the CRC of what is on the wire"}
        for bit in range(8 * wire.CHECK):
            other = (int.from_bytes(told, "little") ^ 1 << bit).to_bytes(wire.CHECK, "little")
            if wire.decode(body + other + b"\0") is not None:
                return {"frame": sent.hex(), "bit": bit, "wrong": "another check is taken"}
    return None


def crc_told(wire: ModuleType = frame) -> Verdict:
    """WIRE-CRC."""
    bits = 8 * _body_limit(wire)
    return verdict_of(
        "WIRE-CRC",
        "Any one, two or three flipped bits among a frame's bytes as they are on the wire, up to "
        f"{bits} bits and their check, leave a frame whose check does not fit, whatever the payload.",
        "z3: the CRC's step is linear and invertible over all bit vectors; then all pairs and triples of "
        "syndromes of the longest frame",
        [
            "zlib's CRC-32 is affine: it equals the definition by bits on each single bit of "
            f"{bits // 8} bytes, on zeros of each length and on {ALIKE} random strings",
            "that decode compares all of the check is looked at on frames of seven lengths, each bit of it",
            C_TOO,
        ],
        "test_wire_crc_twin",
    )


def crc_verdict(wire: ModuleType = frame) -> Verdict:
    """WIRE-CRC: no one to three flipped bits of what is on the wire cancel out."""
    text = linear(wire)
    wrong = {"wrong": text} if text else None
    for look in (blind_spot, other_way, checked):
        wrong = wrong or look(wire)
    bits = 8 * _body_limit(wire)
    verdict = ended(crc_told(wire), wrong, DIFFERS, {"bits": bits})
    verdict.versions["z3"] = versions()["z3"]  # as the solvers' own, whatever the library calls itself
    return verdict


def verdict_of(name: str, statement: str, method: str, assumptions: list[str], twin: str) -> Verdict:
    return Verdict(name, statement, "EXHAUSTED", method, "bytes", assumptions, CODE, f"{TWIN}::{twin}")
