"""An opponent of the wire: the whole code of controller/ports/frame.py on damaged frames and lines."""

import random
from collections.abc import Iterator
from itertools import chain, combinations
from types import ModuleType

from controller.ports import frame, messages
from verification.claims.wire import C_TOO, DIFFERS, FLIPS, verdict_of
from verification.verdict import Verdict, ended

TRIES, SEED = 100_000, 7
SHORT = (0, 1)  # bytes of the payloads whose every damage goes through a splitter


def hits(wire: ModuleType) -> Iterator[tuple[list[bytes], int, tuple[int, ...]]]:
    """Three payloads, and the bits of the second one's frame, its ending zero among them, that are flipped.

    All ways to flip one to three bits of the shortest frames; all to flip one or two of those that fly.
    """
    flying = (
        messages.Sample(1, 1_000_000, 0.0),
        messages.Tick(1_000_000, False),
        messages.Command(1_000_000, 0, 0, (0.0,)),
    )
    short = [(bytes(range(0xA5, 0xA5 + size)), FLIPS) for size in SHORT]
    for payload, most in chain(short, ((messages.pack(7, message), 2) for message in flying)):
        bits = range(8 * len(wire.encode(payload)))
        for count in range(1, most + 1):
            for flips in combinations(bits, count):
                yield [b"before", payload, b"after"], 1, flips


def flips_told() -> Verdict:
    """WIRE-FLIPS."""
    return verdict_of(
        "WIRE-FLIPS",
        "A frame with one to three flipped bits, those of its ending zero among them, gives nothing; the "
        "frames before and after it arrive, but the one after it is lost where the zero between them is.",
        "enumeration through the splitter, frame by frame",
        [
            f"all one to three bits of frames with {' and '.join(map(str, SHORT))} bytes of payload; all one "
            "or two of a SAMPLE, a TICK and a COMMAND; for all others WIRE-SYMBOLS and WIRE-CRC",
            C_TOO,
        ],
        "test_wire_flips_twin",
    )


def flips_verdict(wire: ModuleType = frame) -> Verdict:
    """WIRE-FLIPS: every such damage of short frames and of those that fly, between two others."""
    done, wrong = 0, None
    frames: dict[bytes, bytes] = {}
    for sent, hit, flips in hits(wire):
        done += 1
        parts = [frames.get(p) or frames.setdefault(p, wire.encode(p)) for p in sent]
        number = int.from_bytes(parts[hit], "little") ^ sum(1 << bit for bit in flips)
        parts[hit] = number.to_bytes(len(parts[hit]), "little")
        expected = [sent[0]] if parts[hit][-1] else [sent[0], sent[2]]  # a lost end costs the next frame too
        got = wire.Splitter().feed(b"".join(parts))
        if got != expected:
            wrong = {"sent": [p.hex() for p in sent], "flipped": flips, "got": [p.hex() for p in got]}
            break
    return ended(flips_told(), wrong, DIFFERS, {"cases": done})


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


def spoil(draw: random.Random, frames: list[bytes]) -> bytes:
    """The bytes of a line on which each frame with its ending zero has up to three flipped bits."""
    spoilt = []
    for sent in frames:
        number = int.from_bytes(sent, "little")
        for _ in range(draw.randint(0, FLIPS)):
            end = draw.random() < 0.2  # of them in the zero at the end
            bits = 8 * len(sent)
            number ^= 1 << (draw.randrange(bits - 8, bits) if end else draw.randrange(bits))
        spoilt.append(number.to_bytes(len(sent), "little"))
    return b"".join(spoilt)


def search_told(tries: int = TRIES) -> Verdict:
    """WIRE-SEARCH."""
    verdict = verdict_of(
        "WIRE-SEARCH",
        "Three frames on a damaged line never give a payload that was not sent: up to three flipped bits in "
        "each frame with its end, or flipped, lost, inserted, repeated, overwritten bytes, zeros among them.",
        f"random search, {tries} lines of seed {SEED}; half with flips alone, half with 1 to 4 accidents",
        [C_TOO],
        "test_wire_search_twin",
    )
    verdict.word = "SEARCHED"
    return verdict


def search_verdict(wire: ModuleType = frame, tries: int = TRIES) -> Verdict:
    """WIRE-SEARCH: an opponent damages lines of three frames."""
    draw = random.Random(SEED)
    wrong, lost = None, 0
    for n in range(tries):
        sent = [draw.randbytes(draw.choice((0, 1, 5, 14, 29, 260))) for _ in range(3)]
        if n % 99 == 0:  # as the test bench sends them
            sent[1] = draw.choice((bytes, draw.randbytes))(draw.choice((1100, wire.PAYLOAD_LIMIT)))
        frames = [wire.encode(p) for p in sent]
        line = spoil(draw, frames) if n % 2 else damage(draw, b"".join(frames))
        got = wire.Splitter().feed(line + b"\0")
        lost += any(p not in got for p in sent)
        if any(p not in sent for p in got):
            wrong = {"sent": [p.hex() for p in sent], "line": line.hex(), "got": [p.hex() for p in got]}
            break
    if wrong is None and lost < tries // 2:
        wrong = {"vacuous": f"only {lost} of {tries} damaged lines lost a frame"}
    return ended(search_told(tries), wrong, DIFFERS, {"tries": tries})
