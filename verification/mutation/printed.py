"""Mutants of the printed C, by its tokens: what a slip of an editor, a merge or a tool would leave there.

Comments and white space are left alone, and so is what often means the same: the order of two statements, a
statement said twice, const.
"""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from verification.mutation.run import Defect

TOKEN = re.compile(
    r"(?P<skip>/\*.*?\*/|\s+)|(?P<number>0x[0-9a-fA-F.]+p[+-]\d+|0x[0-9a-fA-F]+|\d+\.\d+(?:e[+-]?\d+)?|\d+)"
    r"|(?P<name>[A-Za-z_]\w*)|(?P<sign>->|\+\+|[-+*/]=|\S)",
    re.DOTALL,
)
SIGNS = {"+": "-", "-": "+", "*": "/", "/": "*", "+=": "-=", "<": "<=", "&": "|", "|": "&"}
TYPES = {"double": "float", "int64_t": "int32_t", "uint64_t": "uint32_t"}
COUNTERS = ("i", "j", "k", "s", "m")


class Token(NamedTuple):
    """A token that is no white space and no comment, and where it stands."""

    group: str
    text: str
    start: int
    end: int


def tokens(text: str) -> list[Token]:
    """Those of a file."""
    found = [Token(m.lastgroup or "", m.group(), *m.span()) for m in TOKEN.finditer(text)]
    return [t for t in found if t.group != "skip"]


def of_c(sources: dict[str, str]) -> list[Defect]:
    """Each defect of each file once, in order."""
    found: dict[tuple[str, str], Defect] = {}
    for file, text in sources.items():
        for kind, start, end, new in [*_tokens(text), *_statements(text), *_arguments(text)]:
            changed = text[:start] + new + text[end:]
            if changed != text:
                line = text.count("\n", 0, start) + 1
                old, now = (" ".join(part.split()) for part in (text[start:end], new))
                name = f"{file}:{line}: {old} -> {now or 'nothing'}"
                found.setdefault((file, changed), Defect(f"C: {kind}", name, printed={file: changed}))
    return list(found.values())


Place = tuple[str, int, int, str]  # class, from, to, what is put there


def _tokens(text: str) -> Iterator[Place]:
    found = tokens(text)
    fields = sorted({b.text for a, b in pairwise(found) if a.text in ("->", ".") and b.group == "name"})
    for before, t in pairwise(found):
        if t.group == "number":
            for new in _numbers(t.text):
                yield "constant", t.start, t.end, new
        elif t.text in SIGNS and before.text != "#":
            yield "operator", t.start, t.end, SIGNS[t.text]
        elif t.text in TYPES:
            yield "type", t.start, t.end, TYPES[t.text]
        elif t.text in COUNTERS and before.text == "[":
            for other in COUNTERS:
                yield "index", t.start, t.end, other
        elif before.text in ("->", ".") and t.text in fields:
            after = fields[(fields.index(t.text) + 1) % len(fields)]
            yield "field", t.start, t.end, after


def _numbers(text: str) -> list[str]:
    if "p" in text or "." in text:
        value = float.fromhex(text) if "p" in text else float(text)
        return [f"-{text}", (value * (1.0 + 2.0**-52) or 5e-324).hex()]
    value = int(text, 16 if text.startswith("0x") else 10)
    return [str(value + 1), *([f"0{value}"] if value > 7 else [])]


def _statements(text: str) -> Iterator[Place]:
    for found in re.finditer(r"(?<=\n)[ ]{4,}[^\n{}]*;(?=[^\n]*\n)", text):
        yield "statement dropped", *found.span(), ""


def _arguments(text: str) -> Iterator[Place]:
    """Two neighbours in a list in parentheses or braces swapped: of calls, parameters, initialisers."""
    open_: list[list[int]] = []
    for t in tokens(text):
        if t.text in ("(", "{", "["):
            open_.append([t.end])
        elif t.text == "," and open_:
            open_[-1].append(t.start)
        elif t.text in (")", "}", "]") and open_:
            cuts = [*open_.pop(), t.start]
            parts = [text[a:b].lstrip(",") for a, b in pairwise(cuts)]
            for n in (n for n in range(len(parts) - 1) if parts[n].strip() != parts[n + 1].strip()):
                start, end = cuts[n], cuts[n + 2]
                lead = "," if n else ""
                yield "arguments swapped", start, end, f"{lead}{parts[n + 1]},{parts[n]}"
