"""A printed C file as tokens with their places, for operators that change it, without the reader's code."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

TOKEN = re.compile(
    r"(?P<none>\s+|/\*.*?\*/)|(?P<directive>^#[^\n]*)|(?P<word>[A-Za-z_]\w*)"
    r"|(?P<number>\d(?:[eEpP][+-]|[\w.])*)|(?P<sign>->|\+\+|[-+*/]=|.)",
    re.DOTALL | re.MULTILINE,
)
CLOSES = {")": "(", "]": "[", "}": "{"}
TYPES = ("double", "int64_t", "uint64_t", "int", "void")
KEYWORDS = ("for", "return", "const", "static", "inline", "enum", "struct", "typedef", "union", "extern")
Edit = tuple[str, str]  # what was done, and the text with it


@dataclass(frozen=True)
class Token:
    """Its text, its kind and its place."""

    text: str
    kind: str
    start: int
    end: int


@dataclass(frozen=True)
class Text:
    """One file."""

    file: str
    text: str

    @cached_property
    def tokens(self) -> list[Token]:
        """All but comments and white space."""
        found = TOKEN.finditer(self.text)
        return [Token(m[0], m.lastgroup or "", m.start(), m.end()) for m in found if m.lastgroup != "none"]

    @cached_property
    def pairs(self) -> dict[int, int]:
        """The number of each bracket's other end, both ways."""
        found: dict[int, int] = {}
        opened: list[int] = []
        for n, token in enumerate(self.tokens):
            if token.text in CLOSES.values() and token.kind == "sign":
                opened.append(n)
            elif token.text in CLOSES:
                found[n] = opened.pop()
                found[found[n]] = n
        return found

    def line(self, n: int) -> int:
        """The line of a token, from 1."""
        return self.text.count("\n", 0, self.tokens[n].start) + 1

    def source(self, first: int, last: int) -> str:
        """The text from one token to another, both with it."""
        return self.text[self.tokens[first].start : self.tokens[last].end]

    def put(self, first: int, last: int, new: str) -> Edit:
        """The file with other text in place of some tokens."""
        old = self.source(first, last)
        text = self.text[: self.tokens[first].start] + new + self.text[self.tokens[last].end :]
        return f"{self.file}:{self.line(first)} `{_short(old)}` becomes `{_short(new)}`", text

    def exchange(self, a: tuple[int, int], b: tuple[int, int]) -> Edit:
        """The file with two pieces in each other's place; a stands before b."""
        between = self.text[self.tokens[a[1]].end : self.tokens[b[0]].start]
        return self.put(a[0], b[1], self.source(*b) + between + self.source(*a))

    def binaries(self) -> Iterator[int]:
        """The operators between two operands: `a * b`, but not `sw_Law *law` or `&law`."""
        for n, token in enumerate(self.tokens[1:-1], 1):
            before = self.tokens[n - 1]
            operand = before.kind in ("word", "number") or before.text in (")", "]")
            spaced = operand and before.text not in KEYWORDS and self.text[token.end] == " "
            if spaced and token.text in ("+", "-", "*", "/", "<", "&", "|"):
                yield n

    def operand_before(self, n: int) -> int:
        """The first token of the operand that ends before token n."""
        first = n - 1
        while True:
            if self.tokens[first].text in (")", "]"):
                first = self.pairs[first]
                if self.tokens[first - 1].kind == "word" and self.tokens[first - 1].text not in KEYWORDS:
                    first -= 1
                elif self.tokens[first - 1].text == "]":
                    first -= 1
                    continue
            if self.tokens[first - 1].text not in (".", "->"):
                return first
            first -= 2

    def operand_after(self, n: int) -> int:
        """The last token of the operand that begins after token n."""
        last = n + 1
        while self.tokens[last].text in ("-", "~", "&"):
            last += 1
        if self.tokens[last].text == "(":
            last = self.pairs[last]
            if self.tokens[last - 1].text in TYPES:  # a cast
                return self.operand_after(last)
        while True:
            after = self.tokens[last + 1].text
            if after in ("(", "["):
                last = self.pairs[last + 1]
            elif after in (".", "->"):
                last += 2
            else:
                return last

    def lists(self) -> Iterator[tuple[int, list[tuple[int, int]]]]:
        """Each `name(…, …)`: the number of its name, and first and last token of each part."""
        for n, token in enumerate(self.tokens[1:], 1):
            name = self.tokens[n - 1]
            if token.text == "(" and name.kind == "word" and name.text not in KEYWORDS:
                yield n - 1, self.parts(n)

    def parts(self, opening: int) -> list[tuple[int, int]]:
        """What stands between commas after an opening bracket."""
        found, first, n = [], opening + 1, opening + 1
        while n < self.pairs[opening]:
            if self.tokens[n].text in ("(", "[", "{"):
                n = self.pairs[n]
            elif self.tokens[n].text == ",":
                found.append((first, n - 1))
                first = n + 1
            n += 1
        return [*found, (first, n - 1)] if first < n else found

    def declares(self, n: int) -> bool:
        """Whether the name at n is a function's, where it is declared or defined."""
        return self.tokens[n - 1].text in TYPES

    def scope(self, n: int) -> tuple[int, int]:
        """The tokens of the function around token n, its head too."""
        last = next((m for m in range(n, len(self.tokens)) if self._ends_function(m)), len(self.tokens) - 1)
        first = next((m + 1 for m in range(n - 1, -1, -1) if self._ends_function(m)), 0)
        return first, last

    def _ends_function(self, n: int) -> bool:
        token = self.tokens[n]
        return token.text == "}" and (token.start == 0 or self.text[token.start - 1] == "\n")


def _short(text: str) -> str:
    words = " ".join(re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL).split())
    return words if len(words) <= 60 else words[:28] + " … " + words[-28:]
