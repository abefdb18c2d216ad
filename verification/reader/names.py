"""The names that kernel.h and kernel.c may give, and to what: none hides another, none is the compiler's.

Each kind of name has a form of its own, so a variable can't hide a constant, nor a function of the file's own
be taken for a library's. Whatever is defined is used: each function is reached from an entry point.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from verification.reader.parse import read
from verification.reader.syntax import Call, Constant, Function, Loop, Name, Record, Sizes, Variable, walk
from verification.reader.tokens import CError

ENTRIES = {"seawall_reset": "reset", "seawall_receive": "receive", "seawall_step": "step"}
TYPES = REAL, INTEGER = "double", "int64_t"
MASK = "uint64_t"  # what less_* gives and either_* takes; no variable has it
WORDS = {  # of scalar.h, with the types of their parameters
    "less_real": (REAL, REAL),
    "less_int": (INTEGER, INTEGER),
    "either_real": (MASK, REAL, REAL),
    "either_int": (MASK, INTEGER, INTEGER),
    "magnitude": (REAL,),
}
FORMS = {
    Function: re.compile(r"sw_[a-z0-9_]+"),
    Record: re.compile(r"sw_[A-Z][A-Za-z0-9]*"),
    Constant: re.compile(r"(?!SW_|U?INT|WINT|WCHAR|PTRDIFF|SIZE|SIG_)[A-Z][A-Z0-9_]*"),  # not stdint.h's
    Variable: re.compile(r"(?!sw_|seawall_)[a-z_][a-z0-9_]*"),
}
# types of stdint.h; keywords of other C: of GNU's, of C23; and what a compiler may define
TAKEN = re.compile(r"u?int[a-z0-9_]*_t|asm|typeof|typeof_unqual|bool|true|false|nullptr|constexpr"
                   r"|thread_local|alignas|alignof|static_assert|near|far"
                   r"|unix|linux|i386|arm|mips|sparc|sun|vax")  # fmt: skip


Named = TypeVar("Named", Record, Constant, Function)


@dataclass(frozen=True)
class Unit:
    """kernel.h and kernel.c, their parts by name."""

    sizes: tuple[tuple[str, int], ...]
    records: dict[str, Record]
    constants: dict[str, Constant]
    functions: dict[str, Function]


def unit(header: str, source: str, entries: Sequence[str] = tuple(ENTRIES)) -> Unit:
    """The parts of kernel.h and kernel.c, each in its place and each used; raises CError else."""
    top = read("kernel.h", header)
    records = [part for part in top if isinstance(part, Record)]
    body = read("kernel.c", source, tuple(record.name for record in records))
    sizes = tuple((m.name, m.value) for part in top if isinstance(part, Sizes) for m in part.members)
    prototypes = [part for part in top if isinstance(part, Function)]
    constants = [part for part in body if isinstance(part, Constant)]
    functions = [part for part in body if isinstance(part, Function) and part.body is not None]
    if [type(part) for part in top] != [Sizes, *(Record for _ in records), *(Function for _ in prototypes)]:
        raise CError("kernel.h must hold the sizes, the records and the prototypes, in this order")
    if (*constants, *functions) != body:
        raise CError("kernel.c must hold constants and then functions")
    found = Unit(sizes, _by_name(records), _by_name(constants), _by_name(functions, entries))
    if [_prototype(found.functions.get(name)) for name in entries] != prototypes:
        raise CError(f"kernel.h must declare {', '.join(entries)} as kernel.c defines them, and nothing else")
    _check_storage(found, entries)
    for record in records:
        check_variables(record)
    for function in functions:
        check_variables(function)
    _check_use(found, entries)
    return found


def _by_name(parts: list[Named], entries: Sequence[str] = ()) -> dict[str, Named]:
    """Parts by their name, which has the form of its kind and stands once."""
    found: dict[str, Named] = {}
    for part in parts:
        kind = type(part)
        if part.name in found or not (FORMS[kind].fullmatch(part.name) or part.name in entries):
            raise CError(f"{part.name} is not a valid name of a {kind.__name__.lower()}, or stands twice")
        found[part.name] = part
    return found


def _prototype(function: Function | None) -> Function | None:
    return function and replace(function, body=None, value=None)


def _check_storage(found: Unit, entries: Sequence[str]) -> None:
    """All but the entry points belong to the file alone."""
    storage = {c.name: c.storage for c in found.constants.values()}
    storage |= {f.name: f.storage for f in found.functions.values()}
    if odd := next((n for n, s in storage.items() if s != ("" if n in entries else "static")), None):
        raise CError(f"{odd} has the storage class {storage[odd]!r}")
    if odd := next((r.name for r in found.records.values() if r.kind != "struct"), None):
        raise CError(f"{odd} is no struct")


def check_variables(part: Record | Function) -> None:
    """Names of members, parameters, counters and locals; no two members or parameters have one name."""
    names = [n.name for n in walk(part) if isinstance(n, Variable | Loop)]
    for name in names:
        if not FORMS[Variable].fullmatch(name) or "__" in name or name in WORDS or TAKEN.fullmatch(name):
            raise CError(f"{name} is not a valid name of a variable")
    own = [v.name for v in (part.members if isinstance(part, Record) else part.parameters)]
    if len(own) != len(set(own)):
        raise CError(f"{part.name} names one thing twice")


def _check_use(found: Unit, entries: Sequence[str]) -> None:
    """A function calls what stands before it, so never itself; all that is defined is used."""
    used, before = set(entries), set(WORDS)
    for name, function in found.functions.items():
        called = {node.function for node in walk(function) if isinstance(node, Call)}
        if called - before:
            raise CError(f"{name} calls {min(called - before)}, which is not defined before it")
        before.add(name)
    for name, function in reversed(found.functions.items()):
        if name not in used:
            raise CError(f"no entry point reaches {name}")
        used |= {node.function for node in walk(function) if isinstance(node, Call)}
        used |= {node.name for node in walk(function) if isinstance(node, Name)}
    if spare := found.constants.keys() - used:
        raise CError(f"the constant {min(spare)} is not used")
