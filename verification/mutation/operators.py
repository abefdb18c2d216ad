"""Mutants of one kernel function: every place that an operator fits, by ast, spliced into the text.

An operator is a slip that a person makes: another operand, index, field, constant, order, length or start.
A mutant that the language refuses, or that is the same program, is told apart later, when it is traced.
"""

import ast
import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from verification.mutation.kinds import FLOAT, INT, Kind, Scope, Space, number

SIGNS = {ast.Add: ("+", ("-",)), ast.Sub: ("-", ("+",)), ast.Mult: ("*", ("/",)), ast.Div: ("/", ("*",))}


@dataclass(frozen=True)
class Mutant:
    """One defect: in place of the bytes [start, end) of a file stands another text."""

    file: str
    function: str
    line: int
    operator: str
    start: int
    end: int
    old: str
    new: str
    reads: str  # the line, or lines, as they are then

    @property
    def name(self) -> str:
        """Where it is and what it changes, in one line."""
        old, new = (" ".join(text.split()) for text in (self.old, self.new))
        where = "" if self.reads == new else f" in {self.reads}"
        return f"{self.file}:{self.line} {self.function}: {old} -> {new or 'nothing'}{where}"

    def apply(self, text: str) -> str:
        """The file with the defect."""
        data = text.encode()
        return (data[: self.start] + self.new.encode() + data[self.end :]).decode()


class Writer:
    """Collects the mutants of one file's functions."""

    def __init__(self, file: str, text: str, space: Space) -> None:
        self.file, self.space, self.data = file, space, text.encode()
        self.starts = [0]
        for line in self.data.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))
        self.function = ""
        self.indices: set[str] = set()  # the names by which this function looks into arrays

    def span(self, first: ast.AST, last: ast.AST | None = None) -> tuple[int, int]:
        """The bytes of a node, or of all from one to another."""
        last = last or first
        start = self.starts[first.lineno - 1] + first.col_offset  # type: ignore[attr-defined]
        return start, self.starts[last.end_lineno - 1] + last.end_col_offset  # type: ignore[attr-defined]

    def text(self, first: ast.AST, last: ast.AST | None = None) -> str:
        """Their text."""
        start, end = self.span(first, last)
        return self.data[start:end].decode()

    def put(self, operator: str, node: ast.AST, new: str, last: ast.AST | None = None) -> Iterator[Mutant]:
        """One mutant, unless it changes nothing."""
        start, end = self.span(node, last)
        old = self.data[start:end].decode()
        if old != new:
            lines = self.starts[node.lineno - 1], self.data.find(b"\n", end)  # type: ignore[attr-defined]
            reads = self.data[lines[0] : start].decode() + new + self.data[end : lines[1]].decode()
            place = (node.lineno, operator, start, end)  # type: ignore[attr-defined]
            yield Mutant(self.file, self.function, *place, old, new, " ".join(reads.split()))

    # -- statements -----------------------------------------------------------------------------

    def of_function(self, tree: ast.FunctionDef) -> Iterator[Mutant]:
        """All of one function."""
        self.function = tree.name
        names = dict(self.space.functions[tree.name][0])
        body = tree.body[1:] if ast.get_docstring(tree) else tree.body
        slices = [n.slice for n in ast.walk(tree) if isinstance(n, ast.Subscript)]
        self.indices = {n.id for one in slices for n in ast.walk(one) if isinstance(n, ast.Name)}
        scope = Scope(self.space, names, self.space.constants[self.file])
        yield from self.block(body, scope)

    def block(self, body: list[ast.stmt], scope: Scope) -> Iterator[Mutant]:
        """All of some statements in a row; the names that they make come into sight."""
        for place, node in enumerate(body):
            if len(body) > 1:
                yield from self.put("statement dropped", node, "")
            if not isinstance(node, ast.Return):
                yield from self.put("statement doubled", node, self.twice(node))
            if place + 1 < len(body):
                after = body[place + 1]
                gap = self.data[self.span(node)[1] : self.span(after)[0]].decode()
                swapped = self.text(after) + gap + self.text(node)
                yield from self.put("statements swapped", node, swapped, after)
            yield from self.statement(node, scope)

    def twice(self, node: ast.stmt) -> str:
        """A statement and again."""
        return self.text(node) + "\n" + " " * node.col_offset + self.text(node)

    def statement(self, node: ast.stmt, scope: Scope) -> Iterator[Mutant]:
        """All of one statement."""
        match node:
            case ast.For(target=ast.Name(id=name), iter=ast.Call(args=[bound]), body=body):
                yield from self.bound(bound)
                yield from self.expression(bound, scope)
                names = scope.names | {name: INT}
                inner = Scope(scope.space, names, scope.constants, (*scope.loops, name))
                yield from self.block(body, inner)
            case ast.Assign(targets=[ast.Tuple(elts=targets)], value=ast.Tuple(elts=values)):
                yield from self.tuple(values, scope)
                for value in values:
                    yield from self.expression(value, scope)
                for target, value in zip(targets, values, strict=True):
                    self.learn(target, value, scope)
            case ast.Assign(targets=[target], value=value):
                yield from self.accumulation(target, value)
                yield from self.expression(value, scope)
                yield from self.target(target, scope)
                self.learn(target, value, scope)
            case ast.AugAssign(target=target, value=value):
                sign = "+" if isinstance(node.op, ast.Add) else "-"
                for new in ("=", "-=" if sign == "+" else "+="):
                    whole = f"{self.text(target)} {new} {self.text(value)}"
                    yield from self.put("accumulation", node, whole)
                yield from self.target(target, scope)
                yield from self.expression(value, scope)
            case ast.Expr(value=ast.Call() as value) | ast.Return(value=ast.expr() as value):
                yield from self.expression(value, scope)

    def bound(self, node: ast.expr) -> Iterator[Mutant]:
        """A loop that is shorter or longer by one, or starts at 1."""
        old = self.text(node)
        for new in (f"{old} - 1", f"{old} + 1", f"1, {old}"):
            yield from self.put("loop's range", node, new)

    def tuple(self, values: list[ast.expr], scope: Scope) -> Iterator[Mutant]:
        """Two values of a tuple swapped."""
        for a, b in combinations(values, 2):
            if scope.kind(a) == scope.kind(b):
                gap = self.data[self.span(a)[1] : self.span(b)[0]].decode()
                yield from self.put("arguments swapped", a, self.text(b) + gap + self.text(a), b)

    def accumulation(self, target: ast.expr, value: ast.expr) -> Iterator[Mutant]:
        """x = x + y becomes x = y: what was there before is forgotten."""
        if isinstance(value, ast.BinOp) and ast.unparse(value.left) == ast.unparse(target):
            yield from self.put("accumulation", value, self.text(value.right))

    def learn(self, target: ast.expr, value: ast.expr, scope: Scope) -> None:
        """The name that an assignment makes."""
        kind = scope.kind(value)
        if isinstance(target, ast.Name) and kind:
            scope.names[target.id] = kind

    def target(self, node: ast.expr, scope: Scope) -> Iterator[Mutant]:
        """What is written goes elsewhere."""
        if not isinstance(node, ast.Name):
            yield from self.expression(node, scope)

    # -- expressions ----------------------------------------------------------------------------

    def expression(self, node: ast.expr, scope: Scope) -> Iterator[Mutant]:
        """All of an expression and of what is inside."""
        if (value := number(node)) is not None:
            yield from self.constant(node, value)
            return
        match node:
            case ast.Name():
                yield from self.name(node, scope)
            case ast.BinOp():
                yield from self.arithmetic(node, scope)
            case ast.UnaryOp(operand=operand):
                yield from self.put("sign", node, self.text(operand))
                yield from self.expression(operand, scope)
            case ast.Attribute(value=inner):
                yield from self.attribute(node, scope)
                yield from self.expression(inner, scope)
            case ast.Subscript(value=inner, slice=index):
                yield from self.index(index, scope)
                yield from self.expression(inner, scope)
            case ast.Call(func=ast.Name(), args=given):
                yield from self.call(node, scope)
                for argument in given:
                    yield from self.expression(argument, scope)

    def constant(self, node: ast.expr, value: float | int) -> Iterator[Mutant]:
        """A whole number by one; a float by one ulp, or its sign; 0 for 1."""
        if isinstance(value, int):
            found: list[int | float] = [value + 1, value - 1, -value]
        else:
            found = [math.nextafter(value, math.inf), math.nextafter(value, -math.inf), -value]
            found += [1.0 - value] if value in (0.0, 1.0) else [2.0 * value]
        for new in dict.fromkeys(repr(v) for v in found):
            yield from self.put("constant", node, f"({new})" if new.startswith("-") else new)

    def name(self, node: ast.Name, scope: Scope) -> Iterator[Mutant]:
        """Another name in sight of the same kind; a constant for another constant."""
        kind = scope.kind(node)
        if kind and node.id in scope.names and node.id not in scope.loops:
            operator, others = "variable", [n for n in scope.names if n not in scope.loops]
        elif kind and node.id in scope.loops:
            operator, others = "index", list(scope.loops)
        else:
            operator, others = "named constant", list(scope.constants)
        for other in others:
            if other != node.id and scope.kind(ast.Name(other)) == kind:
                yield from self.put(operator, node, other)

    def arithmetic(self, node: ast.BinOp, scope: Scope) -> Iterator[Mutant]:
        """Another operation; operands of - and / swapped; one operand alone."""
        sign, others = SIGNS[type(node.op)]
        left, right = self.text(node.left), self.text(node.right)
        (start, end), after, before = self.span(node), self.span(node.left)[1], self.span(node.right)[0]
        head, between, tail = (
            self.data[a:b].decode() for a, b in ((start, after), (after, before), (before, end))
        )
        for other in others:
            if other != "/" or scope.kind(node) == FLOAT:
                yield from self.put("operator", node, head + between.replace(sign, other) + tail)
        if sign in "-/":
            yield from self.put("operands swapped", node, f"(({right}) {sign} ({left}))")
        for one in (left, right):
            yield from self.put("operand dropped", node, f"({one})")
        yield from self.expression(node.left, scope)
        yield from self.expression(node.right, scope)

    def attribute(self, node: ast.Attribute, scope: Scope) -> Iterator[Mutant]:
        """Another field of the same kind of the same record."""
        outer, kind = scope.kind(node.value), scope.kind(node)
        for other, its in self.space.records.get(outer.base if outer else "", {}).items():
            if kind and other != node.attr and its == kind:
                yield from self.put("field", node, f"{self.text(node.value)}.{other}")

    def index(self, node: ast.expr, scope: Scope) -> Iterator[Mutant]:
        """The next one, the one before, the first, or that of another loop."""
        old = self.text(node)
        others = [n for n in scope.names if n in {*self.indices, *scope.loops}]
        for new in (f"{old} + 1", f"{old} - 1", "0", "1", *others):
            yield from self.put("index", node, new)

    def call(self, node: ast.Call, scope: Scope) -> Iterator[Mutant]:
        """Arguments of one kind swapped; the call replaced by an argument of its kind."""
        called = node.func.id  # type: ignore[attr-defined]
        for (m, a), (n, b) in combinations(enumerate(node.args), 2):
            if scope.kind(a) and scope.kind(a) == scope.kind(b):
                gap = self.data[self.span(a)[1] : self.span(b)[0]].decode()
                compared = called == "select" and (m, n) in ((0, 1), (2, 3))
                operator = "comparison" if compared else "arguments swapped"
                yield from self.put(operator, a, self.text(b) + gap + self.text(a), b)
        if called == "select" and len(node.args) == 4:
            texts = [self.text(v) for v in node.args]
            turned = ", ".join(texts[n] for n in (1, 0, 3, 2))
            yield from self.put("comparison", node, f"select({turned})")
        for value in node.args:
            if called != "len" and scope.kind(node) and scope.kind(value) == scope.kind(node):
                yield from self.put("call dropped", node, f"({self.text(value)})")


def of_file(file: str, text: str, space: Space) -> Iterator[Mutant]:
    """The mutants of every function of a file, and of the constants that stand above them."""
    writer = Writer(file, text, space)
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef):
            yield from writer.of_function(node)
        elif isinstance(node, ast.Assign) and (value := number(node.value)) is not None:
            writer.function = ast.unparse(node.targets[0])
            yield from writer.constant(node.value, value)


def of_records(file: str, text: str, space: Space) -> Iterator[Mutant]:
    """A field of another type: other dimensions, or an int for a float."""
    writer = Writer(file, text, space)
    for node in ast.parse(text).body:
        if isinstance(node, ast.ClassDef):
            writer.function = node.name
            for row in node.body:
                if isinstance(row, ast.AnnAssign) and (kind := space.annotation(row.annotation)):
                    for other in _types(space, kind):
                        yield from writer.put("record", row.annotation, other)


def _types(space: Space, kind: Kind) -> list[str]:
    if kind.base not in ("int", "float"):
        return []
    return [name for name, its in space.aliases.items() if len(its.dims) == len(kind.dims)]
