"""Random straight-line programs in the kernel's language, with their meaning: one law for every reading.

A program is Python source, so that it can be run, traced, printed as C and read back like the kernel.
`meaning` walks its graph in plain Python: binary64 with IEEE division, or exact rationals.
"""

import linecache
import math
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import count
from typing import Any

from hypothesis import strategies as st

from controller.kernel.scalar import real, select
from verification.program import INTEGER, REAL, Program, trace

POLYNOMIAL = ("add", "sub", "mul", "neg")
ALL = ("add", "sub", "mul", "div", "neg", "abs", "select")
SIGN = {"add": "+", "sub": "-", "mul": "*", "div": "/"}
LARGEST_INT = 2**40  # integer values are kept below it: no reading overflows 64 bits
CONSTANTS = (0.0, -0.0, 1.0, -1.0, 0.5, 3.0, 0.1, 1.0e300, 5e-324, 2.0**-53, 1.0 + 2.0**-52)
ODD = (0.0, -0.0, 1.0, -1.0, 5e-324, -5e-324, 2.0**-1022, 1.0e300, -1.0e300, 1.7976931348623157e308)
INFINITE = (math.inf, -math.inf, math.nan)
_numbers = count()


@dataclass(frozen=True)
class Source:
    """A program of `reals` float and `wholes` int parameters, and its text."""

    text: str
    reals: tuple[str, ...]
    wholes: tuple[str, ...]

    def function(self) -> Callable[..., float]:
        """The Python function, with its source where inspect finds it."""
        number = next(_numbers)
        file = f"tests/random/program{number}.py"
        text = self.text.replace("def program(", f"def program{number}(")
        linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
        space: dict[str, Any] = {"select": select, "real": real}
        exec(compile(text, file, "exec"), space)
        made: Callable[..., float] = space[f"program{number}"]
        return made

    def program(self) -> Program:
        """The traced graph."""
        sample = dict.fromkeys(self.reals, 0.0) | dict.fromkeys(self.wholes, 0)
        return trace(self.function(), sample)


class _Writer:
    """Collects statements; each new name is drawn from what stands there already."""

    def __init__(self, draw: Any, reals: list[str], wholes: list[str], printable: bool) -> None:
        self.draw, self.lines, self.printable = draw, [""], printable
        self.names = {REAL: list(reals), INTEGER: list(wholes)}
        self.size = dict.fromkeys(wholes, 1000)  # a bound on each integer

    def name(self, kind: str) -> str:
        chosen: str = self.draw(st.sampled_from(self.names[kind]))
        return chosen

    def operand(self, kind: str) -> str:
        if self.draw(st.integers(0, 4)):
            return self.name(kind)
        if kind == INTEGER:
            return str(self.draw(st.integers(0, 9)))
        value = self.draw(st.sampled_from(CONSTANTS))
        return f"({value!r})" if math.copysign(1.0, value) < 0.0 else repr(value)

    def put(self, kind: str, text: str, size: int = 0) -> None:
        new = f"{'x' if kind == REAL else 'n'}{len(self.lines)}"
        self.lines.append(f"    {new} = {text}\n")
        self.names[kind].append(new)
        self.size[new] = size

    def statement(self, operations: tuple[str, ...]) -> None:
        word = self.draw(st.sampled_from(operations))
        whole = bool(self.names[INTEGER]) and self.draw(st.booleans())
        if whole:
            self.integer(word)
        elif word in SIGN:
            left, right = self.name(REAL), self.operand(REAL)
            if self.draw(st.booleans()) and word != "div":
                left, right = right, left
            self.put(REAL, f"{left} {SIGN[word]} {right}")
        elif word == "select":
            self.put(REAL, self.pick(REAL))
        else:
            self.put(REAL, f"-{self.name(REAL)}" if word == "neg" else f"abs({self.name(REAL)})")

    def pick(self, kind: str) -> str:
        """A select; its branches are often sides of the comparison, as in a clamp."""
        compared = self.draw(st.sampled_from([k for k in (REAL, INTEGER) if self.names[k]]))
        a, b = self.operand(compared), self.name(compared)
        if compared == kind and self.draw(st.booleans()):
            x, y = self.draw(st.sampled_from([(a, b), (b, a), (a, self.name(kind)), (b, self.name(kind))]))
        else:
            x, y = self.name(kind), self.name(kind)
        if kind == compared == REAL and self.draw(st.integers(0, 3)) == 0:
            return f"select(abs({b}), {a}, {b}, {y})"
        return f"select({a}, {b}, {x}, {y})"

    def integer(self, word: str) -> None:
        left, right = self.name(INTEGER), self.name(INTEGER)
        a, b = self.size[left], self.size[right]
        size = {"add": a + b, "sub": a + b, "mul": a * b}.get(word, a)
        if word == "div":
            self.put(REAL, f"real({left})")
        elif word == "select":
            self.put(INTEGER, self.pick(INTEGER), max(self.size.values()))
        elif word in SIGN and size < LARGEST_INT:
            self.put(INTEGER, f"{left} {SIGN[word]} {right}", size)
        else:
            absolute = word == "abs" and not self.printable
            self.put(INTEGER, f"abs({left})" if absolute else f"-{left}", a)


@st.composite
def sources(
    draw: Any, operations: tuple[str, ...] = ALL, reals: int = 3, wholes: int = 2, longest: int = 12,
    printable: bool = False,
) -> Source:  # fmt: skip
    """A random program; the last three floats meet in the result. printable: without abs of an int."""
    named, counted = [f"v{i}" for i in range(reals)], [f"m{i}" for i in range(wholes)]
    writer = _Writer(draw, named, counted, printable)
    for _ in range(draw(st.integers(1, longest))):
        writer.statement(operations)
    last = [n for n in writer.names[REAL] if n not in named][-3:] or named[:1]
    parameters = ", ".join([f"{n}: float" for n in named] + [f"{n}: int" for n in counted])
    head = f'def program({parameters}) -> float:\n    """Random."""\n'
    text = head + "".join(writer.lines) + f"    return {' - '.join(last)}\n"
    return Source(text, tuple(named), tuple(counted))


def numbers(infinite: bool = True) -> st.SearchStrategy[float]:
    """Floats of all bit patterns, odd ones often; with infinities and NaN or without."""
    bits = st.integers(0, 2**64 - 1).map(lambda b: float(struct.unpack("<d", struct.pack("<Q", b))[0]))
    small = st.integers(-40, 40).map(lambda n: n / 8.0)
    anything = st.one_of(small, st.sampled_from(ODD + (INFINITE if infinite else ())), bits)
    return anything if infinite else anything.filter(math.isfinite)


def divide(a: float, b: float) -> float:
    """IEEE division: CPython's, with infinities and NaN where CPython raises."""
    if b != 0.0:
        return a / b
    if a == 0.0 or math.isnan(a):
        return math.nan
    return math.copysign(math.inf, math.copysign(1.0, a) * math.copysign(1.0, b))


def meaning(program: Program, given: Mapping[str, Any], exact: bool = False) -> dict[int, Any]:
    """Every node's value from the inputs' values: binary64, or exact rationals.

    In exact arithmetic nodes behind a division by zero have no value and are left out.
    """
    value: dict[int, Any] = {}
    for n in program.cone():
        node = program.graph.nodes[n]
        if node.operation == "input":
            raw = given[node.leaf]
            value[n] = Fraction(raw) if exact and node.type == REAL else raw
        elif node.operation == "constant":
            number: Any = int(node.leaf) if node.type == INTEGER else float.fromhex(node.leaf)
            value[n] = Fraction(number) if exact and node.type == REAL else number
        elif all(a in value for a in node.arguments):
            arguments = [value[a] for a in node.arguments]
            if not (exact and node.operation == "div" and arguments[1] == 0):
                value[n] = _apply(node.operation, arguments, exact)
    return value


def _apply(operation: str, v: list[Any], exact: bool) -> Any:
    match operation:
        case "add":
            return v[0] + v[1]
        case "sub":
            return v[0] - v[1]
        case "mul":
            return v[0] * v[1]
        case "div":
            return v[0] / v[1] if exact else divide(v[0], v[1])
        case "neg":
            return -v[0]
        case "abs":
            return abs(v[0])
        case "select":
            return v[2] if v[0] < v[1] else v[3]
        case "real":
            return Fraction(v[0]) if exact else float(v[0])
    raise AssertionError(operation)


def same(a: float, b: float) -> bool:
    """The same bits, or two NaNs."""
    return a.hex() == b.hex()
