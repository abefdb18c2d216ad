"""Single changes of printed C, made wherever they fit: each operator gives all its mutants of a file."""

import math
import re
from collections.abc import Callable, Iterator
from itertools import pairwise

from tests.mutants.c_text import KEYWORDS, TYPES, Edit, Text

OTHER = {
    "+": ["-", "*"], "-": ["+", "/"], "*": ["+", "/"], "/": ["*", "-"], "<": ["<=", ">"], "&": ["|", "&&"],
    "|": ["&", "^"], "+=": ["-=", "="], "++": ["--", " += 2"], "->": ["."],
}  # fmt: skip
WIDTHS = {
    "int64_t": ["int", "uint64_t", "double"], "double": ["float", "long double", "int64_t"],
    "uint64_t": ["int64_t", "unsigned"], "int": ["int64_t", "unsigned", "char"], "void": ["int"],
}  # fmt: skip
QUALIFIERS = {
    "const": ["", "volatile", "const volatile"], "static": ["", "extern", "static inline"], "inline": [""],
    "extern": ["", "static"],
}  # fmt: skip
SPARE = ["#include <math.h>", '#include "scalar.h"', "#define double float", "#pragma STDC FP_CONTRACT ON"]


def other_operator(t: Text) -> Iterator[Edit]:
    """Another operator in its place."""
    binary = set(t.binaries())
    for n, token in enumerate(t.tokens):
        if n in binary or (token.text in ("+=", "++", "->") and token.kind == "sign"):
            yield from (t.put(n, n, new) for new in OTHER[token.text])


def swapped_operands(t: Text) -> Iterator[Edit]:
    """b - a for a - b."""
    for n in t.binaries():
        a, b = (t.operand_before(n), n - 1), (n + 1, t.operand_after(n))
        if t.source(*a) != t.source(*b):
            yield t.exchange(a, b)


def lost_operand(t: Text) -> Iterator[Edit]:
    """a for a - b, and b."""
    for n in t.binaries():
        yield t.put(n, t.operand_after(n), "")
        yield t.put(t.operand_before(n), n, "")


def swapped_arguments(t: Text) -> Iterator[Edit]:
    """f(b, a) for f(a, b)."""
    for name, parts in t.lists():
        if not t.declares(name):
            pairs = pairwise(parts)
            yield from (t.exchange(a, b) for a, b in pairs if t.source(*a) != t.source(*b))


def number_of_arguments(t: Text) -> Iterator[Edit]:
    """f(a) and f(a, b, b) for f(a, b)."""
    for _, parts in t.lists():
        first, last = parts[-1]
        yield t.put(first, last, f"{t.source(first, last)}, {t.source(first, last)}")
        if len(parts) > 1:
            yield t.put(parts[-2][1] + 1, last, "")


def swapped_parameters(t: Text) -> Iterator[Edit]:
    """Two parameters of a function in the other order, in one file."""
    for name, parts in t.lists():
        if t.declares(name):
            yield from (t.exchange(a, b) for a, b in pairwise(parts))


def another_call(t: Text) -> Iterator[Edit]:
    """Another function, of as many arguments; or the argument alone."""
    known = {t.tokens[n].text: len(p) for n, p in t.lists() if t.declares(n)}
    words = ["less_real", "less_int", "either_real", "either_int"]
    for n, parts in t.lists():
        name = t.tokens[n].text
        if t.declares(n):
            continue
        peers = [f for f, count in known.items() if count == len(parts)] if name in known else words
        yield t.put(n, n, _next(peers, name))
        yield t.put(n, t.pairs[n + 1], t.source(*parts[-1]))


def another_name(t: Text) -> Iterator[Edit]:
    """Another variable, constant or size of the same type."""
    constants = re.findall(r"^static const (\w+) (\w+) =", t.text, re.MULTILINE)
    sizes = [("size", name) for name in ("SW_INPUTS", "SW_HIDDEN", "SW_OUTPUTS", "SW_SUBSTEPS", "SW_SLOTS")]
    around: dict[int, list[tuple[str, str]]] = {}
    for n, token in enumerate(t.tokens):
        if token.kind != "word" or t.tokens[n - 1].text in (".", "->", *TYPES) or token.text in KEYWORDS:
            continue
        first, last = t.scope(n)
        if first not in around:
            around[first] = re.findall(
                r"\b(int64_t|double|int|uint64_t) (\w+)(?=[ ,)=;])", t.source(first, last)
            )
        for group in (constants, sizes, around[first]):
            kind = next((kind for kind, name in group if name == token.text), None)
            peers = list(dict.fromkeys(name for other, name in group if other == kind))
            if kind and len(peers) > 1 and token.text not in TYPES:
                yield t.put(n, n, _next(peers, token.text))


def another_member(t: Text, header: Text) -> Iterator[Edit]:
    """Another member of the same record and type."""
    for struct in re.findall(r"typedef struct \{(.*?)\}", header.text, re.DOTALL):
        members = re.findall(r"    (\w+) (\w+)(.*);", struct)
        for kind, name, extent in members:
            peers = [other for k, other, e in members if (k, e) == (kind, extent)]
            for n, token in enumerate(t.tokens):
                if token.text == name and t.tokens[n - 1].text in (".", "->") and len(peers) > 1:
                    yield t.put(n, n, _next(peers, name))


def index(t: Text) -> Iterator[Edit]:
    """Another index, or extent: 0, one more, one less, in the other order."""
    for n, token in enumerate(t.tokens):
        if token.text == "[":
            inner = t.source(n + 1, t.pairs[n] - 1)
            news = ["0" if inner != "0" else "1", f"{inner} + 1", f"{inner} - 1", ""]
            yield from (t.put(n + 1, t.pairs[n] - 1, new) for new in news)
            if t.tokens[t.pairs[n] + 1].text == "[" and inner != t.source(*t.parts(t.pairs[n] + 1)[0]):
                yield t.exchange((n + 1, t.pairs[n] - 1), t.parts(t.pairs[n] + 1)[0])


def number(t: Text) -> Iterator[Edit]:
    """One ulp or one unit up and down, and the other sign."""
    for n, token in enumerate(t.tokens):
        if token.kind != "number":
            continue
        if re.fullmatch(r"\d+|0x[0-9a-f]+", token.text):
            value = int(token.text, 0)
            news = [str(value + 1), str(value - 1), f"-{token.text}" if value else "2"]
        else:
            exact = float.fromhex(token.text) if "x" in token.text else float(token.text)
            news = [math.nextafter(exact, side).hex() for side in (math.inf, -math.inf)] + [f"-{token.text}"]
        yield from (t.put(n, n, new) for new in news)


def spelling(t: Text) -> Iterator[Edit]:
    """A number that C reads in another type or base."""
    for n, token in enumerate(t.tokens):
        if token.kind == "number":
            whole = token.text.isdigit()
            news = [f"0{token.text}", f"{token.text}u"] if whole else [f"{token.text}f", f"{token.text}L"]
            yield from (t.put(n, n, new) for new in news)


def width(t: Text) -> Iterator[Edit]:
    """Another type."""
    records = list(dict.fromkeys(re.findall(r"\bsw_[A-Z]\w*", t.text)))
    for n, token in enumerate(t.tokens):
        if token.text in WIDTHS:
            yield from (t.put(n, n, new) for new in WIDTHS[token.text])
        elif token.text in records and len(records) > 1:
            yield t.put(n, n, _next(records, token.text))


def qualifier(t: Text) -> Iterator[Edit]:
    """const, static, inline and extern dropped or changed; volatile, register, restrict put in."""
    for n, token in enumerate(t.tokens):
        if token.text in QUALIFIERS:
            yield from (t.put(n, n, new) for new in QUALIFIERS[token.text])
        elif token.text in ("double", "int64_t") and t.tokens[n + 1].kind == "word":
            yield t.put(n, n, f"volatile {token.text}")
            yield t.put(n, n, f"register {token.text}")
        elif token.text == "*" and t.text[token.end] != " ":
            yield t.put(n, n, "*restrict ")
            yield t.put(n, n, "**")


def cast(t: Text) -> Iterator[Edit]:
    """A cast dropped, and casts put where a value is assigned or returned."""
    for n, token in enumerate(t.tokens):
        if token.text == "(" and t.tokens[n + 1].text in TYPES and t.pairs[n] == n + 2:
            yield t.put(n, n + 2, "")
        elif token.text in ("=", "return") and t.tokens[n + 1].text != "{":
            yield from (t.put(n, n, f"{token.text} ({kind})") for kind in ("int", "float"))


def sign(t: Text) -> Iterator[Edit]:
    """A minus or a tilde dropped, or put before an operand."""
    binary = set(t.binaries())
    for n, token in enumerate(t.tokens):
        if token.text in ("-", "~") and n not in binary:
            yield t.put(n, n, "")
        elif token.text in ("=", "return") or (n in binary and token.text != "<"):
            yield t.put(n, n, f"{token.text} -")


def parentheses(t: Text) -> Iterator[Edit]:
    """A pair dropped, and a pair put round an operand with what stands before it."""
    binary = list(t.binaries())
    for n, token in enumerate(t.tokens):
        called = t.tokens[n - 1].kind == "word" and t.tokens[n - 1].text != "return"
        if token.text == "(" and not called and t.tokens[n + 1].text not in TYPES:
            yield t.put(n, t.pairs[n], t.source(n + 1, t.pairs[n] - 1))
    for a, b in pairwise(binary):
        if t.operand_after(a) == b - 1:  # a - b - c: the other way round
            yield t.put(a + 1, t.operand_after(b), f"({t.source(a + 1, t.operand_after(b))})")


def line(t: Text) -> Iterator[Edit]:
    """A statement, a member, an enumerator or an initialiser dropped, doubled, or after the next one."""
    lines = t.text.splitlines(keepends=True)
    code = [re.sub(r"/\*.*?\*/", "", text).rstrip() for text in lines]
    for k, text in enumerate(code):
        if text.startswith("    ") and text.endswith((";", ",")) and not text.strip().startswith("}"):
            what = f"{t.file}:{k + 1} `{text.strip()[:60]}`"
            yield f"{what} dropped", "".join([*lines[:k], *lines[k + 1 :]])
            yield f"{what} doubled", "".join([*lines[: k + 1], *lines[k:]])
            after = code[k + 1]
            same = after.endswith(text[-1]) and len(after) - len(after.lstrip()) == len(text) - len(
                text.lstrip()
            )
            if same and after != text:
                yield f"{what} after the next", "".join([*lines[:k], lines[k + 1], lines[k], *lines[k + 2 :]])


def element(t: Text) -> Iterator[Edit]:
    """An element of an initialiser dropped, doubled, or after the next one."""
    for n, token in enumerate(t.tokens):
        after = t.tokens[min(n + 1, len(t.tokens) - 1)]
        if token.text == "{" and (after.text in ("-", "{") or after.kind == "number"):
            parts = t.parts(n)
            for k, (first, last) in enumerate(parts):
                yield t.put(first, last, f"{t.source(first, last)}, {t.source(first, last)}")
                yield t.put(first, last, f"{{{t.source(first, last)}}}")
                if k + 1 < len(parts):
                    yield t.put(first, last + 1, "")
                    if t.source(first, last) != t.source(*parts[k + 1]):
                        yield t.exchange((first, last), parts[k + 1])


def directive(t: Text) -> Iterator[Edit]:
    """A directive dropped, doubled, another one, one more."""
    found = [n for n, token in enumerate(t.tokens) if token.kind == "directive"]
    for n in found:
        old = t.tokens[n].text
        yield t.put(n, n, "")
        yield t.put(n, n, f"{old}\n{old}")
        yield t.put(n, n, re.sub(r"\w+(?=\.h|_H)", "other", old) if "H" in old or ".h" in old else "#else")
        yield from (t.put(n, n, f"{old}\n{new}") for new in SPARE if new != old)
    for a, b in pairwise(found):
        yield t.exchange((a, a), (b, b))


def token(t: Text) -> Iterator[Edit]:
    """Any token dropped, and any doubled."""
    for n, one in enumerate(t.tokens):
        if one.kind != "directive":
            yield t.put(n, n, "")
            yield t.put(n, n, f"{one.text} {one.text}")


def _next(names: list[str], name: str) -> str:
    """Another name of a list, the one after."""
    return names[(names.index(name) + 1) % len(names)] if name in names else names[0]


OPERATORS: dict[str, Callable[[Text], Iterator[Edit]]] = {
    "another operator": other_operator,
    "operands swapped": swapped_operands,
    "an operand lost": lost_operand,
    "arguments swapped": swapped_arguments,
    "an argument more or less": number_of_arguments,
    "parameters swapped": swapped_parameters,
    "another function": another_call,
    "another variable or constant": another_name,
    "another index or extent": index,
    "a number by one ulp or unit, or its sign": number,
    "a number in another type or base": spelling,
    "another type": width,
    "a qualifier": qualifier,
    "a cast": cast,
    "a sign": sign,
    "parentheses": parentheses,
    "a line dropped, doubled, moved": line,
    "an element dropped, doubled, moved": element,
    "a directive": directive,
    "a token dropped or doubled": token,
}
MEMBER = "another member of the same type"
