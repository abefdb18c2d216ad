"""All that the C may consist of, and its text: what has no place in this model can't be in the file.

str() of a part is its canonical text. It tells every part from every other by the grammar of C, so equal text
is equal meaning. Parentheses stand where the order of operations needs them, and around `&` and `|` in each
other.
"""

from collections.abc import Iterator
from dataclasses import dataclass, is_dataclass
from typing import TypeAlias

POWER = {"|": 1, "&": 2, "<": 3, "+": 4, "-": 4, "*": 5, "/": 5}  # how tightly an operator binds
BITS = ("|", "&")
UNARY, POSTFIX = 6, 7


@dataclass(frozen=True)
class Name:
    """A variable, parameter or constant."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Number:
    """A literal, as it is spelled."""

    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Unary:
    """-x or ~x."""

    sign: str
    inner: "Expression"

    def __str__(self) -> str:
        return self.sign + at_least(UNARY, self.inner)


@dataclass(frozen=True)
class Binary:
    """left sign right."""

    sign: str
    left: "Expression"
    right: "Expression"

    def __str__(self) -> str:
        own = POWER[self.sign]
        left, right = (UNARY, UNARY) if self.sign in BITS else (own, own + 1)
        return f"{at_least(left, self.left)} {self.sign} {at_least(right, self.right)}"


@dataclass(frozen=True)
class Cast:
    """(type)inner."""

    type: str
    inner: "Expression"

    def __str__(self) -> str:
        return f"({self.type}){at_least(UNARY + 1, self.inner)}"


@dataclass(frozen=True)
class Member:
    """record.name, or record->name."""

    record: "Expression"
    arrow: bool
    name: str

    def __str__(self) -> str:
        return f"{at_least(POSTFIX, self.record)}{'->' if self.arrow else '.'}{self.name}"


@dataclass(frozen=True)
class Index:
    """array[index]."""

    array: "Expression"
    index: "Expression"

    def __str__(self) -> str:
        return f"{at_least(POSTFIX, self.array)}[{self.index}]"


@dataclass(frozen=True)
class Address:
    """&place."""

    place: "Expression"

    def __str__(self) -> str:
        return f"&{at_least(POSTFIX, self.place)}"


@dataclass(frozen=True)
class Call:
    """function(arguments)."""

    function: str
    arguments: tuple["Expression", ...]

    def __str__(self) -> str:
        return f"{self.function}({', '.join(map(str, self.arguments))})"


Expression: TypeAlias = Name | Number | Unary | Binary | Cast | Member | Index | Address | Call


def at_least(power: int, part: Expression) -> str:
    """The text of a part, in parentheses where it binds less tightly."""
    match part:
        case Binary():
            own = POWER[part.sign]
        case Unary(sign="-"):
            own = POWER["*"]  # `x * (-y)` keeps its parentheses
        case Unary() | Cast() | Address():
            own = UNARY
        case _:
            own = POSTFIX
    return f"({part})" if own < power else str(part)


@dataclass(frozen=True)
class Variable:
    """What is declared: [const] type [*]name[extents]."""

    const: bool
    type: str
    pointer: bool
    name: str
    extents: tuple[Expression, ...] = ()

    def __str__(self) -> str:
        const = "const " if self.const else ""
        extents = "".join(f"[{e}]" for e in self.extents)
        return f"{const}{self.type} {'*' if self.pointer else ''}{self.name}{extents}"


@dataclass(frozen=True)
class Local:
    """A variable of a block. A pointer never moves: [const] type *const name."""

    variable: Variable
    value: Expression | None

    def __str__(self) -> str:
        head = str(self.variable).replace("*", "*const ", 1)
        return f"{head};" if self.value is None else f"{head} = {self.value};"


@dataclass(frozen=True)
class Assign:
    """target = value, or += and its like."""

    target: Expression
    sign: str
    value: Expression

    def __str__(self) -> str:
        return f"{self.target} {self.sign} {self.value};"


@dataclass(frozen=True)
class Do:
    """A call for what it stores."""

    call: Call

    def __str__(self) -> str:
        return f"{self.call};"


@dataclass(frozen=True)
class Loop:
    """name from 0 to below limit."""

    name: str
    limit: Expression
    body: tuple["Statement", ...]

    def __str__(self) -> str:
        head = f"for (int {self.name} = 0; {self.name} < {self.limit}; {self.name}++)"
        return f"{head} {{\n{lines(self.body)}\n}}"


Statement: TypeAlias = Local | Assign | Do | Loop


def lines(parts: tuple[object, ...]) -> str:
    """Each part on a line."""
    return "\n".join(map(str, parts))


@dataclass(frozen=True)
class Function:
    """A definition; its only return is its last statement. A prototype has no body."""

    storage: str
    result: str
    name: str
    parameters: tuple[Variable, ...]
    body: tuple[Statement, ...] | None
    value: Expression | None = None

    def __str__(self) -> str:
        head = f"{self.storage} {self.result} {self.name}({', '.join(map(str, self.parameters))})"
        if self.body is None:
            return f"{head};"
        last = "" if self.value is None else f"return {self.value};\n"
        return f"{head}\n{{\n{lines(self.body)}\n{last}}}"


@dataclass(frozen=True)
class Size:
    """One enumerator, printed by its value: decimal, without a zero before it."""

    name: str
    value: int

    def __str__(self) -> str:
        return f"{self.name} = {self.value},"


@dataclass(frozen=True)
class Sizes:
    """The enumeration of the sizes."""

    members: tuple[Size, ...]

    def __str__(self) -> str:
        return f"enum {{\n{lines(self.members)}\n}};"


@dataclass(frozen=True)
class Record:
    """typedef struct { members } name; or a union."""

    kind: str
    name: str
    members: tuple[Variable, ...]

    def __str__(self) -> str:
        return f"typedef {self.kind} {{\n{lines(tuple(f'{m};' for m in self.members))}\n}} {self.name};"


@dataclass(frozen=True)
class Fields:
    """An initialiser of a record."""

    values: tuple[tuple[str, "Initialiser"], ...]

    def __str__(self) -> str:
        return f"{{\n{lines(tuple(f'.{name} = {value},' for name, value in self.values))}\n}}"


@dataclass(frozen=True)
class Row:
    """An initialiser of an array."""

    values: tuple["Initialiser", ...]

    def __str__(self) -> str:
        return f"{{{', '.join(map(str, self.values))}}}"


Initialiser: TypeAlias = Fields | Row | Expression


@dataclass(frozen=True)
class Constant:
    """A constant of the file: static, or seen by all."""

    storage: str
    type: str
    name: str
    value: Initialiser

    def __str__(self) -> str:
        return f"{self.storage} const {self.type} {self.name} = {self.value};"


Part: TypeAlias = Sizes | Record | Constant | Function


def walk(part: object) -> Iterator[object]:
    """A part and all parts in it."""
    yield part
    inner = part if isinstance(part, tuple) else vars(part).values() if is_dataclass(part) else ()
    for value in inner:
        yield from walk(value)
