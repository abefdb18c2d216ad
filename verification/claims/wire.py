"""The wire format: contracts, every pattern of zeros, CRC-32 against three damaged bits, and an opponent.

What is shown is controller/ports/frame.py; that wire.h gives the same bytes is tested, not shown here.
"""

import random
from collections.abc import Iterable, Iterator
from itertools import combinations, product
from types import ModuleType
from typing import Any

import z3

from controller.ports import frame
from verification.contracts import Finding, Target, check, judge
from verification.verdict import Verdict, decide, python_version

TWIN = "tests/should_fail/test_wire.py"
CODE = ["controller/ports/frame.py"]
TRIES, SEED = 100_000, 7
ALIKE, ALIKE_SEED = 2_000, 3  # random payloads on which both ways to a CRC must agree
PATTERN, BLOCKS = 11, (1, 2, 3, 4)  # COBS: the longest pattern; small blocks bring its edges near
SHORT = (0, 1, 2)  # bytes of the payloads whose every damage goes through decode
C_TOO = "the same bytes come from wire.h (tests/controller/native/test_wire.py)"

CONTRACTS: tuple[Target, ...] = (frame.stuff, frame.unstuff, frame.cut)


def contracts_verdict(findings: Iterable[Finding] | None = None) -> Verdict:
    """WIRE-CONTRACTS, from the findings on CONTRACTS (made here where none are given)."""
    found = [f for target in CONTRACTS for f in check(target)] if findings is None else findings
    verdict = _verdict(
        "WIRE-CONTRACTS",
        "Stuffed data has no zero byte and comes back as it was; unstuffing any bytes gives fewer bytes or "
        "None and raises nothing; the splitter's buffer stays within its limit and its frames have no zero.",
        "CrossHair, PEP 316 contracts over all paths",
        ["data, stuffed data and limits of three or four bytes, all block lengths from 1 to 254", C_TOO],
        "test_wire_contracts_twin",
        None,
        {},
    )
    return judge(verdict, found)


def patterns(wire: ModuleType) -> Iterator[tuple[bytes, int]]:
    """Data and block length: every pattern of zeros, then long runs around the real block's edges."""
    for size in range(PATTERN + 1):
        for zeros in product((False, True), repeat=size):
            data = bytes(0 if zero else 1 + i for i, zero in enumerate(zeros))
            yield from ((data, block) for block in BLOCKS)
    block = wire.BLOCK
    edges = [0, 1, 2, *(n * block + d for n in (1, 2) for d in (-2, -1, 0, 1, 2))]
    for runs in product(edges, repeat=3):
        for ends in product((b"", b"\0"), repeat=2):
            body = b"\0".join(bytes(1 + i % 255 for i in range(n)) for n in runs)
            yield ends[0] + body + ends[1], block


def cobs_verdict(wire: ModuleType = frame) -> Verdict:
    """WIRE-COBS: the round trip on every pattern."""
    done, wrong = 0, None
    for data, block in patterns(wire):
        done += 1
        stuffed = wire.stuff(data, block)
        overhead = len(stuffed) - len(data)
        if wire.unstuff(stuffed, block) != data or 0 in stuffed or overhead > len(data) // block + 1:
            wrong = {"data": data.hex(), "block": block, "stuffed": stuffed.hex()}
            break
    wrong = wrong or _whole_frames(wire)
    return _verdict(
        "WIRE-COBS",
        "Every pattern of zero and other bytes comes back as it was sent, without a zero on the way and with "
        "at most one byte more in each block and one at the end; so does every payload of up to two bytes in "
        "a whole frame, and the longest.",
        "enumeration of all patterns",
        [
            f"patterns of up to {PATTERN} bytes with blocks of {', '.join(map(str, BLOCKS))}; with the real "
            "block, three runs of every length within two of a block's edge",
            "COBS looks at a byte only to see whether it is zero; WIRE-CONTRACTS has all values",
            C_TOO,
        ],
        "test_wire_cobs_twin",
        wrong,
        {"cases": done + 65_793},
    )


def _whole_frames(wire: ModuleType) -> dict[str, Any] | None:
    longest = bytes(i % 256 for i in range(wire.PAYLOAD_LIMIT))
    for payload in (*(bytes(p) for n in SHORT for p in product(range(256), repeat=n)), longest):
        got = wire.decode(wire.encode(payload))
        if got != payload:
            return {"payload": payload.hex(), "came back": got and got.hex()}
    return None


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
    """What one flipped bit does to the check, from the last bit of the longest frame to its first.

    The register shifts by one for each bit that follows; the last bits are the CRC's own.
    """
    chain = [1 << 31]
    for _ in range(8 * (wire.PAYLOAD_LIMIT + wire.CHECK) - 1):
        chain.append(wire.crc_bit(chain[-1]))
    return chain


def blind_spot(wire: ModuleType) -> dict[str, Any] | None:
    """One, two or three bits of the longest frame whose flips cancel out, by their syndromes; or None.

    The shift T is linear and invertible, and syndrome i is T**i of the first; so if any three cancel, then
    so do three of which one is the first, and looking at each pair with the first is looking at all triples.
    """
    chain = syndromes(wire)
    place = {s: i for i, s in enumerate(chain)}
    if 0 in place or len(place) < len(chain):
        return {"bits": "one or two", "wrong": "a syndrome is zero or occurs twice"}
    for i, s in enumerate(chain[1:], 1):
        if (j := place.get(s ^ chain[0], 0)) > i:
            return {"bits from the end": [0, i, j], "wrong": "these three cancel out"}
    return None


def other_way(wire: ModuleType) -> dict[str, Any] | None:
    """Where the CRC in use differs from its definition; or None.

    Each single bit of the longest payload, no bits at each length, and random payloads of random lengths.
    """
    chain = syndromes(wire)
    register = 0xFFFFFFFF
    for size in range(wire.PAYLOAD_LIMIT + 1):
        if wire.crc32(bytes(size)) != register ^ 0xFFFFFFFF:
            return {"zero bytes": size, "wrong": "crc32 is not the CRC by bits"}
        register = wire.crc_byte(register, 0)
    nothing = wire.crc32(bytes(wire.PAYLOAD_LIMIT))
    for bit in range(8 * wire.PAYLOAD_LIMIT):
        data = bytearray(wire.PAYLOAD_LIMIT)
        data[bit // 8] = 1 << bit % 8
        if wire.crc32(bytes(data)) ^ nothing != chain[-1 - bit]:
            return {"bit": bit, "wrong": "crc32 is not the CRC by bits"}
    draw = random.Random(ALIKE_SEED)
    for _ in range(ALIKE):
        payload = draw.randbytes(draw.randrange(64))
        if wire.crc32(payload) != wire.crc32_by_bits(payload):
            return {"payload": payload.hex(), "wrong": "crc32 is not the CRC by bits"}
    return None


def short_frames(wire: ModuleType) -> dict[str, Any] | None:
    """A damage of one to three bits that decode lets through, in payloads of SHORT sizes; or None."""
    for size in SHORT:
        payload = bytes(range(0xA5, 0xA5 + size))
        whole = payload + wire.crc32(payload).to_bytes(wire.CHECK, "little")
        number, length = int.from_bytes(whole, "little"), len(whole)
        masks = [1 << k for k in range(8 * length)]
        for count in (1, 2, 3):
            for flips in combinations(masks, count):
                damaged = (number ^ sum(flips)).to_bytes(length, "little")
                if wire.decode(wire.stuff(damaged) + b"\0") is not None:
                    return {"payload": payload.hex(), "damaged": damaged.hex()}
    return None


def crc_verdict(wire: ModuleType = frame) -> Verdict:
    """WIRE-CRC: no one to three flipped bits of payload and check cancel out."""
    text = linear(wire)
    wrong = {"wrong": text} if text else None
    for look in (blind_spot, other_way, short_frames):
        wrong = wrong or look(wire)
    bits = 8 * (wire.PAYLOAD_LIMIT + wire.CHECK)
    verdict = _verdict(
        "WIRE-CRC",
        f"Any one, two or three flipped bits among the up to {bits} bits of payload and CRC (as they are "
        "after the COBS decoding) make decode refuse the frame, whatever the payload.",
        "z3: the CRC's step is linear and invertible over all bit vectors; then all pairs and triples of "
        "syndromes, and every damage of short frames through decode",
        [
            "damage that changes the COBS structure is another matter: WIRE-SEARCH",
            "zlib's CRC-32 is affine: it equals the definition by bits on each single bit of "
            f"{wire.PAYLOAD_LIMIT} bytes, on zeros of each length and on {ALIKE} random payloads",
            C_TOO,
        ],
        "test_wire_crc_twin",
        wrong,
        {"bits": bits},
    )
    verdict.versions["z3"] = z3.get_version_string()
    return verdict


def damage(draw: random.Random, line: bytes) -> bytes:
    """The bytes of a line after one to four accidents of any kind."""
    data = bytearray(line)
    for _ in range(draw.randint(1, 4)):
        at = draw.randrange(len(data)) if data else 0
        kind = draw.randrange(6)
        if kind == 0 and data:
            data[at] ^= 1 << draw.randrange(8)
        elif kind == 1:
            data.insert(at, draw.choice((0, draw.randrange(256))))
        elif kind == 2:
            del data[at : at + draw.randint(1, 4)]
        elif kind == 3:
            data[at : at + 4] = draw.randbytes(draw.randint(0, 6))
        elif kind == 4:
            data = data[at:] + data[:at]
        else:
            data[at:at] = data[at : at + draw.randint(1, 8)]
    return bytes(data)


def search_verdict(wire: ModuleType = frame, tries: int = TRIES) -> Verdict:
    """WIRE-SEARCH: an opponent damages lines of three frames."""
    draw = random.Random(SEED)
    wrong, lost = None, 0
    for _ in range(tries):
        sent = [draw.randbytes(draw.choice((0, 1, 5, 29, 260))) for _ in range(3)]
        line = damage(draw, b"".join(wire.encode(p) for p in sent))
        got = wire.Splitter().feed(line + b"\0")
        lost += any(p not in got for p in sent)
        if any(p not in sent for p in got):
            wrong = {"sent": [p.hex() for p in sent], "line": line.hex(), "got": [p.hex() for p in got]}
            break
    if wrong is None and lost < tries // 2:
        wrong = {"vacuous": f"only {lost} of {tries} damaged lines lost a frame"}
    verdict = _verdict(
        "WIRE-SEARCH",
        "Three frames on a damaged line (flipped, lost, inserted, repeated, overwritten bytes, zeros among "
        "them) never give a payload that was not sent.",
        f"random search, {tries} lines of seed {SEED}, one to four accidents each",
        [C_TOO],
        "test_wire_search_twin",
        wrong,
        {"tries": tries},
    )
    verdict.word = decide(wrong is None, "SEARCHED")
    return verdict


def _verdict(
    name: str,
    statement: str,
    method: str,
    assumptions: list[str],
    twin: str,
    wrong: Any,
    budget: dict[str, int],
) -> Verdict:
    return Verdict(
        name,
        statement,
        decide(wrong is None, "EXHAUSTED"),
        method,
        "bytes",
        assumptions,
        CODE,
        f"{TWIN}::{twin}",
        reason="a case differs" if wrong else "",
        counterexample=wrong,
        budget=budget,
        versions=python_version(),
    )
