"""Print the kernel as C99: function by function, loop by loop, with the Python names and lines.

Only a small subset of Python is printed; anything else raises LanguageError with its file and line,
so the printer is also the check that the kernel stays in its language.
"""

import ast
import inspect
import textwrap
import types
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from math import isfinite
from pathlib import Path
from typing import Any, get_type_hints

from controller.kernel.records import Substeps, dimensions, element, is_integer
from controller.kernel.scalar import real, select
from controller.native.types import PREFIX, extent, is_record, record_hints, scalar_type, size_name

OPERATORS = {ast.Add: ("+", 1), ast.Sub: ("-", 1), ast.Mult: ("*", 2), ast.Div: ("/", 2)}
EXPORTED = "seawall_"
ATOM = 9


class LanguageError(Exception):
    """The source uses something that the kernel's language does not have."""


@dataclass
class Function:
    """One kernel function on its way to C."""

    python: types.FunctionType
    name: str  # its C name
    tree: ast.FunctionDef
    file: str
    first_line: int
    hints: dict[str, Any]
    callees: list[types.FunctionType]
    stored: set[str] = field(default_factory=set)  # parameters that it writes through


def print_kernel(roots: list[Callable[..., Any]]) -> tuple[str, str]:
    """The C of the roots and all that they call: (prototypes of the roots, function definitions)."""
    functions = _collect(roots)
    _find_stores(functions)
    constants: dict[str, float | int] = {}
    bodies = [_Printer(f, functions, constants).text() for f in functions.values()]
    head = [_constant(name, value) for name, value in sorted(constants.items())]
    prototypes = [_signature(functions[root]) + ";" for root in roots]  # type: ignore[index]
    return "\n".join(prototypes) + "\n", "\n".join([*head, "", *bodies])


def _collect(roots: list[Callable[..., Any]]) -> dict[types.FunctionType, Function]:
    """Every function reached, callees first."""
    found: dict[types.FunctionType, Function] = {}
    open_calls: list[types.FunctionType] = []

    def visit(python: Any, exported: bool) -> None:
        if python in found or python in (select, real):
            return
        lines, first = inspect.getsourcelines(python)
        place = f"{'/'.join(Path(inspect.getfile(python)).parts[-3:])}:{first}"
        if python in open_calls:
            raise LanguageError(f"{place}: {python.__name__}() calls itself")
        hints = get_type_hints(python, include_extras=True)
        if "return" not in hints or len(hints) <= python.__code__.co_argcount:
            raise LanguageError(f"{place}: {python.__name__}() needs a type for each argument and its result")
        open_calls.append(python)
        tree = ast.parse(textwrap.dedent("".join(lines))).body[0]
        assert isinstance(tree, ast.FunctionDef)
        names = [n.func.id for n in ast.walk(tree) if _is_call(n)]  # type: ignore[attr-defined]
        called = [python.__globals__.get(n) for n in dict.fromkeys(names)]
        callees = [c for c in called if isinstance(c, types.FunctionType) and c not in (select, real)]
        for callee in callees:
            visit(callee, False)
        open_calls.pop()
        file = place.rpartition(":")[0]
        name = (EXPORTED if exported else PREFIX) + python.__name__
        found[python] = Function(python, name, tree, file, first, hints, callees)

    for root in roots:
        visit(root, True)
    return found


def _is_call(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name)


def _base(node: ast.expr) -> str | None:
    """The variable under an lvalue or argument: state.inbox.time_us[0] is under `state`."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def _find_stores(functions: dict[types.FunctionType, Function]) -> None:
    """Note which parameters each function writes through, itself or by what it calls."""
    for f in functions.values():  # callees come first, so one pass is enough
        alias: dict[str, str] = {}
        for node in ast.walk(f.tree):
            if isinstance(node, ast.Assign | ast.AugAssign):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                for target in targets:
                    base = _base(target)
                    if isinstance(target, ast.Name) and isinstance(node.value, ast.Attribute):
                        alias[target.id] = _base(node.value) or ""
                    elif base and not isinstance(target, ast.Name):
                        f.stored.add(alias.get(base, base))
            elif _is_call(node):
                callee = functions.get(f.python.__globals__.get(node.func.id))  # type: ignore
                if callee:
                    parameters = [a.arg for a in callee.tree.args.args]
                    for parameter, argument in zip(parameters, node.args, strict=False):  # type: ignore
                        base = _base(argument)
                        if parameter in callee.stored and base:
                            f.stored.add(alias.get(base, base))


def _signature(f: Function) -> str:
    parameters = []
    for argument in f.tree.args.args:
        name, hint = argument.arg, f.hints[argument.arg]
        const = "" if name in f.stored else "const "
        if is_record(hint):
            parameters.append(f"{const}{PREFIX}{hint.__name__} *{name}")
        elif dimensions(hint):
            parameters.append(f"{const}{scalar_type(hint)} {name}{extent(hint)}")
        else:
            parameters.append(f"{scalar_type(hint)} {name}")
    result = "void" if f.hints["return"] is type(None) else scalar_type(f.hints["return"])
    static = "" if f.name.startswith(EXPORTED) else "static "
    line = f"{static}{result} {f.name}({', '.join(parameters)})"
    return line if len(line) <= 100 else line.replace("(", "(\n    ", 1)


def _constant(name: str, value: float | int) -> str:
    if isinstance(value, int):
        return f"static const int64_t {name} = {value};"
    return f"static const double {name} = {value.hex()}; /* {value!r} */"


class _Printer:
    """Prints one function; `kinds` maps the names in scope to their annotations."""

    def __init__(
        self,
        function: Function,
        functions: dict[types.FunctionType, Function],
        constants: dict[str, float | int],
    ) -> None:
        self.f = function
        self.functions = functions
        self.constants = constants
        self.kinds: dict[str, Any] = {k: v for k, v in function.hints.items() if k != "return"}
        self.pointers = {k for k, v in self.kinds.items() if is_record(v)}
        self.scopes: list[set[str]] = [set(self.kinds)]
        names = _stores(function.tree)
        self.once = {n for n in names if names.count(n) == 1} - _augmented(function.tree)

    def text(self) -> str:
        """The whole definition, with a comment that names the Python source."""
        doc = (ast.get_docstring(self.f.tree) or "").splitlines()
        lines = [f"/* {self.f.file}:{self.f.first_line}  {doc[0] if doc else ''} */"]
        lines += [_signature(self.f), "{"]
        body = self.f.tree.body[1:] if doc else self.f.tree.body
        for statement in body:
            lines += self.statement(statement, "    ")
        return "\n".join([*lines, "}", ""])

    def fail(self, node: ast.AST, what: str) -> LanguageError:
        line = self.f.first_line + getattr(node, "lineno", 1) - 1
        return LanguageError(f"{self.f.file}:{line}: {what}")

    def statement(self, node: ast.stmt, pad: str) -> list[str]:
        """One Python statement as lines of C."""
        mark = f"  /* {self.f.first_line + node.lineno - 1} */"
        self.check_order(node)
        match node:
            case ast.Assign(targets=[ast.Tuple(elts=targets)], value=ast.Tuple(elts=values)):
                if not all(isinstance(t, ast.Name) and not self._known(t.id) for t in targets):
                    raise self.fail(node, "a tuple may only name new variables")
                pairs = zip(targets, values, strict=True)
                return [pad + self.assign(t, v) + mark for t, v in pairs]
            case ast.Assign(targets=[target], value=value):
                return [pad + self.assign(target, value) + mark]
            case ast.AugAssign(target=target, op=op, value=value) if type(op) in OPERATORS:
                left, right = self.value(target), self.value(value)
                return [f"{pad}{left} {OPERATORS[type(op)][0]}= {right};{mark}"]
            case ast.For(
                target=ast.Name(id=name), iter=ast.Call(func=ast.Name(id="range"), args=[n]), orelse=[]
            ):
                return self.loop(name, n, node.body, pad, mark)
            case ast.Expr(value=ast.Call() as call):
                return [f"{pad}{self.value(call)};{mark}"]
            case ast.Return(value=ast.expr() as value):
                return [f"{pad}return {self.value(value)};{mark}"]
        raise self.fail(node, f"{type(node).__name__} is not in the kernel's language")

    def check_order(self, node: ast.stmt) -> None:
        """A call that writes is the whole of a right side: C computes arguments and operands in any order."""
        right = getattr(node, "value", None) if isinstance(node, ast.Assign | ast.Expr | ast.Return) else None
        whole = right.elts if isinstance(right, ast.Tuple) else [right]
        for inner in ast.walk(node.iter if isinstance(node, ast.For) else node):
            if _is_call(inner) and inner not in whole:
                name = inner.func.id  # type: ignore[attr-defined]
                callee = self.functions.get(self.f.python.__globals__.get(name))  # type: ignore[arg-type]
                if callee and callee.stored:
                    raise self.fail(inner, f"{name}() writes, so it must not stand inside an expression")

    def loop(self, name: str, bound: ast.expr, body: list[ast.stmt], pad: str, mark: str) -> list[str]:
        """A loop of fixed length."""
        limit = self.value(bound)
        if not self.fixed(bound):
            raise self.fail(bound, f"range({ast.unparse(bound)}) depends on data")
        self.scopes.append({name})
        self.kinds[name] = int
        head = f"{pad}for (int {name} = 0; {name} < {limit}; {name}++) {{{mark}"
        inner = [line for s in body for line in self.statement(s, pad + "    ")]
        self.scopes.pop()
        return [head, *inner, pad + "}"]

    def fixed(self, bound: ast.expr) -> bool:
        """Whether a loop's bound is made of lengths, sizes and constants alone."""
        match bound:
            case ast.BinOp(left=left, right=right):
                return self.fixed(left) and self.fixed(right)
            case ast.Name(id=name):
                return not self._known(name)
            case ast.Attribute():
                return self.kind(bound) is Substeps
            case ast.Call(func=ast.Name(id="len")):
                return True
        return isinstance(bound, ast.Constant)

    def assign(self, target: ast.expr, value: ast.expr) -> str:
        """An assignment; the first one to a name declares it."""
        right, kind = self.value(value), self.kind(value)
        if not isinstance(target, ast.Name):
            return f"{self.value(target)} = {right};"
        if self._known(target.id):
            return f"{target.id} = {right};"
        self.scopes[-1].add(target.id)
        self.kinds[target.id] = kind
        if is_record(kind):
            self.pointers.add(target.id)
            const = "" if _base(value) in self.f.stored else "const "
            return f"{const}{PREFIX}{kind.__name__} *const {target.id} = {self.address(value)};"
        const = "const " if target.id in self.once else ""
        return f"{const}{scalar_type(kind)} {target.id} = {right};"

    def _known(self, name: str) -> bool:
        return any(name in scope for scope in self.scopes)

    def address(self, node: ast.expr) -> str:
        """A record as a pointer, an array as itself."""
        text = self.value(node)
        pointer = isinstance(node, ast.Name) and node.id in self.pointers
        return text if pointer or not is_record(self.kind(node)) else "&" + text

    def value(self, node: ast.expr, level: int = 0) -> str:
        """An expression; in parentheses where it binds less tightly than `level`."""
        match node:
            case ast.Constant(value=int() | float() as value) if _is_number(value):
                return _literal(value)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return "(-" + self.value(operand, 3) + ")" if level > 2 else "-" + self.value(operand, 3)
            case ast.BinOp(left=left, op=ast.Div()) if is_integer(self.kind(left)):
                raise self.fail(node, "whole numbers are not divided: C would cut the fraction off")
            case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
                sign, own = OPERATORS[type(op)]
                text = f"{self.value(left, own)} {sign} {self.value(right, own + 1)}"
                return f"({text})" if own < level else text
            case ast.Name(id=name):
                return name if self._known(name) else self.named_constant(node, name)
            case ast.Attribute(value=inner, attr=attr):
                if self.kind(node) is Substeps:
                    return size_name(dimensions(Substeps)[0])
                arrow = isinstance(inner, ast.Name) and inner.id in self.pointers
                return f"{self.value(inner)}{'->' if arrow else '.'}{attr}"
            case ast.Subscript(value=inner, slice=index) if not isinstance(index, ast.UnaryOp):
                return f"{self.value(inner)}[{self.value(index)}]"
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                return self.call(node, name, arguments)
        raise self.fail(node, f"{ast.unparse(node)} is not in the kernel's language")

    def call(self, node: ast.expr, name: str, arguments: list[ast.expr]) -> str:
        """A word of the language, len of an array, or another kernel function."""
        target = self.f.python.__globals__.get(name)
        if name == "len" and target is None and dimensions(self.kind(arguments[0])):
            return size_name(dimensions(self.kind(arguments[0]))[0])
        if name == "abs" and target is None:
            return f"magnitude({self.value(arguments[0])})"
        if target is real:
            return f"(double){self.value(arguments[0], ATOM)}"
        if target is select:
            a, b, x, y = (self.value(v) for v in arguments)
            compared = "int" if is_integer(self.kind(arguments[0])) else "real"
            chosen = "int" if is_integer(self.kind(arguments[2])) else "real"
            return f"either_{chosen}(less_{compared}({a}, {b}), {x}, {y})"
        if isinstance(target, types.FunctionType) and target in self.functions:
            inner = ", ".join(self.address(v) for v in arguments)
            return f"{self.functions[target].name}({inner})"
        raise self.fail(node, f"{name}() is not in the kernel's language")

    def named_constant(self, node: ast.expr, name: str) -> str:
        """A module's constant, printed once at the head of the file."""
        value = self.f.python.__globals__.get(name)
        if type(value) not in (int, float):
            raise self.fail(node, f"{name} is neither a variable nor a constant")
        if self.constants.setdefault(name, value) != value:  # type: ignore[arg-type]
            raise self.fail(node, f"{name} means two things")
        return name

    def kind(self, node: ast.expr) -> Any:
        """The annotation that an expression has: int, float, a record, or an array."""
        match node:
            case ast.Constant(value=value):
                return type(value)
            case ast.Name(id=name):
                return self.kinds[name] if self._known(name) else type(self.f.python.__globals__[name])
            case ast.Attribute(value=inner, attr=attr):
                hints = record_hints(self.kind(inner))
                return hints.get(attr, Substeps)
            case ast.Subscript(value=inner):
                return element(self.kind(inner))
            case ast.UnaryOp(operand=operand):
                return self.kind(operand)
            case ast.BinOp(left=left):
                return self.kind(left)
            case ast.Call(func=ast.Name(id=name), args=arguments):
                target = self.f.python.__globals__.get(name)
                if target is select:
                    return self.kind(arguments[2])
                if name == "len":
                    return int
                return get_type_hints(target)["return"] if target else self.kind(arguments[0])
        raise self.fail(node, f"{ast.unparse(node)} has no type")


def _is_number(value: float | int) -> bool:
    return not isinstance(value, bool) and isfinite(value)


def _literal(value: float | int) -> str:
    if isinstance(value, int):
        return str(value)
    return repr(value) if Fraction(repr(value)) == Fraction(value) else value.hex()


def _stores(tree: ast.AST) -> list[str]:
    return [n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]


def _augmented(tree: ast.AST) -> set[str]:
    return {n.target.id for n in ast.walk(tree)
            if isinstance(n, ast.AugAssign) and isinstance(n.target, ast.Name)}  # fmt: skip
