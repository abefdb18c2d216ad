"""What the kernel's names and expressions are: int, float, a record or an array, by its text alone.

A mutant must be told from a slip that the language refuses, before it is imported; so nothing is run here.
"""

import ast
from dataclasses import dataclass, field
from typing import NamedTuple


class Kind(NamedTuple):
    """A base ("int", "float", a record's name), and the names of its dimensions, outer first."""

    base: str
    dims: tuple[str, ...] = ()


INT, FLOAT = Kind("int"), Kind("float")
WORDS = ("select", "real", "len", "abs")


@dataclass
class Space:
    """What all files of the kernel declare."""

    aliases: dict[str, Kind] = field(default_factory=lambda: {"int": INT, "float": FLOAT})
    records: dict[str, dict[str, Kind]] = field(default_factory=dict)
    functions: dict[str, tuple[dict[str, Kind], Kind | None]] = field(default_factory=dict)
    constants: dict[str, dict[str, Kind]] = field(default_factory=dict)  # by file, as it sees them

    def annotation(self, node: ast.expr | None) -> Kind | None:
        """The kind that an annotation names."""
        if not isinstance(node, ast.Name):
            return None
        return Kind(node.id) if node.id in self.records else self.aliases.get(node.id)


def read(files: dict[str, str]) -> Space:
    """The declarations of some files, by name; records.py declares the records."""
    space = Space()
    trees = {name: ast.parse(text) for name, text in files.items()}
    for tree in trees.values():
        for node in tree.body:
            if isinstance(node, ast.Assign) and _annotated(node.value):
                inner, *dims = node.value.slice.elts  # type: ignore[attr-defined]
                base = "float" if "float" in ast.unparse(inner) else "int"
                names = tuple(d.value for d in dims) if isinstance(inner, ast.Subscript) else ()
                space.aliases[node.targets[0].id] = Kind(base, names)  # type: ignore[attr-defined]
    for tree in trees.values():
        for node in tree.body:
            if isinstance(node, ast.ClassDef):
                space.records[node.name] = {}
                rows = [f for f in node.body if isinstance(f, ast.AnnAssign)]
                found = {f.target.id: space.annotation(f.annotation) for f in rows}  # type: ignore[union-attr]
                space.records[node.name] = {name: kind for name, kind in found.items() if kind}
    for tree in trees.values():
        for node in tree.body:
            if isinstance(node, ast.FunctionDef):
                given = {a.arg: space.annotation(a.annotation) for a in node.args.args}
                known = {name: kind for name, kind in given.items() if kind}
                space.functions[node.name] = (known, space.annotation(node.returns))
    own = {name: _constants(tree) for name, tree in trees.items()}
    every = {key: kind for found in own.values() for key, kind in found.items()}
    for name, tree in trees.items():
        taken = {a.name for n in tree.body if isinstance(n, ast.ImportFrom) for a in n.names}
        space.constants[name] = own[name] | {key: kind for key, kind in every.items() if key in taken}
    return space


def _annotated(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id == "Annotated"
    )


def number(node: ast.expr) -> int | float | None:
    """The value of a literal, its sign too."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = number(node.operand)
        return None if inner is None else -inner
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return node.value  # type: ignore[return-value]
    return None


def _constants(tree: ast.Module) -> dict[str, Kind]:
    found = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and (value := number(node.value)) is not None:
            found[node.targets[0].id] = Kind(type(value).__name__)  # type: ignore[attr-defined]
    return found


@dataclass
class Scope:
    """The names in sight at one place of a function."""

    space: Space
    names: dict[str, Kind]
    constants: dict[str, Kind]
    loops: tuple[str, ...] = ()  # counters of the loops around

    def kind(self, node: ast.expr) -> Kind | None:
        """The kind of an expression; None where it is no number, record or array."""
        match node:
            case ast.Constant():
                value = number(node)
                return None if value is None else Kind(type(value).__name__)
            case ast.Name(id=name):
                return self.names.get(name) or self.constants.get(name)
            case ast.Attribute(value=inner, attr=attr):
                outer = self.kind(inner)
                return self.space.records.get(outer.base, {}).get(attr) if outer and not outer.dims else None
            case ast.Subscript(value=inner):
                outer = self.kind(inner)
                return Kind(outer.base, outer.dims[1:]) if outer and outer.dims else None
            case ast.UnaryOp(operand=inner) | ast.BinOp(left=inner):
                return self.kind(inner)
            case ast.Call(func=ast.Name(id=name), args=given):
                return self._called(name, given)
        return None

    def _called(self, name: str, given: list[ast.expr]) -> Kind | None:
        if name == "select" and len(given) == 4:
            return self.kind(given[2])
        if name == "abs":
            return self.kind(given[0])
        if name in WORDS:
            return FLOAT if name == "real" else INT
        return self.space.functions.get(name, ({}, None))[1]
