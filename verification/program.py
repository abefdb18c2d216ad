"""A kernel function as a Program: an interned graph of operations with named inputs and outputs.

Interning makes identity mean equality: two computations are the same computation exactly when their
roots are the same node. Every reading below verification/domains reads a Program.
"""

import hashlib
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

REAL, INTEGER = "real", "integer"
OPERATIONS = ("input", "constant", "add", "sub", "mul", "div", "neg", "abs", "select", "real")
ARITHMETIC = ("add", "sub", "mul", "div", "neg", "abs", "select", "real")


class TraceError(Exception):
    """The traced code left the language: it branched on data, mixed types, or read scratch."""


class ScratchError(TraceError):
    """A result depends on what scratch held before: what SCRATCH-CLEAN denies."""


@dataclass(frozen=True, slots=True)
class Node:
    """operation; arguments (node numbers); type; and, for leaves, the name or the exact value."""

    operation: str
    arguments: tuple[int, ...]
    type: str
    leaf: str = ""


@dataclass
class Graph:
    """All nodes, each once; a node's arguments come before it."""

    nodes: list[Node] = field(default_factory=list)
    _number: dict[Node, int] = field(default_factory=dict)

    def add(self, operation: str, arguments: tuple[int, ...], type_: str, leaf: str = "") -> int:
        """The number of this node, new or met before."""
        node = Node(operation, arguments, type_, leaf)
        number = self._number.get(node)
        if number is None:
            number = self._number[node] = len(self.nodes)
            self.nodes.append(node)
        return number

    def constant(self, value: float | int) -> int:
        """A literal; floats are kept by their hex text, so that -0.0 is not 0.0."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise TraceError(f"{value!r} is no number of the language")
        if isinstance(value, int):
            return self.add("constant", (), INTEGER, str(value))
        return self.add("constant", (), REAL, value.hex())


class Symbol:
    """A value of a traced run: it builds the graph and refuses to be looked at."""

    __slots__ = ("graph", "number")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, graph: Graph, number: int) -> None:
        self.graph = graph
        self.number = number

    @property
    def type(self) -> str:
        """REAL or INTEGER."""
        return self.graph.nodes[self.number].type

    def _made(self, operation: str, *arguments: int) -> "Symbol":
        return type(self)(self.graph, self.graph.add(operation, arguments, self.type))

    def _binary(self, operation: str, left: Any, right: Any) -> "Symbol":
        a, b = lift(self.graph, left), lift(self.graph, right)
        kind = self.graph.nodes[a].type
        if kind != self.graph.nodes[b].type:
            raise TraceError(f"{operation} mixes int and float; say real(n)")
        if operation == "div" and kind == INTEGER:
            raise TraceError("integers have no division in the language")
        return self._made(operation, a, b)

    def __add__(self, other: Any) -> "Symbol":
        return self._binary("add", self, other)

    def __radd__(self, other: Any) -> "Symbol":
        return self._binary("add", other, self)

    def __sub__(self, other: Any) -> "Symbol":
        return self._binary("sub", self, other)

    def __rsub__(self, other: Any) -> "Symbol":
        return self._binary("sub", other, self)

    def __mul__(self, other: Any) -> "Symbol":
        return self._binary("mul", self, other)

    def __rmul__(self, other: Any) -> "Symbol":
        return self._binary("mul", other, self)

    def __truediv__(self, other: Any) -> "Symbol":
        return self._binary("div", self, other)

    def __rtruediv__(self, other: Any) -> "Symbol":
        return self._binary("div", other, self)

    def __neg__(self) -> "Symbol":
        return self._made("neg", self.number)

    def __abs__(self) -> "Symbol":
        return self._made("abs", self.number)

    def _refuse(self, *_: Any) -> Any:
        raise TraceError("the kernel may not branch on data: use select")

    __bool__ = __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _refuse
    __int__ = __float__ = __index__ = __round__ = _refuse


def lift(graph: Graph, value: Any) -> int:
    """The node of a Symbol, or of a literal."""
    if isinstance(value, Symbol):
        if value.graph is not graph:
            raise TraceError("a value of another trace")
        return value.number
    return graph.constant(value)


@dataclass(frozen=True)
class Call:
    """One call of a kernel function during a trace: its scalar arguments and result, as nodes."""

    name: str
    arguments: tuple[int, ...]
    result: int


@dataclass
class Program:
    """Inputs and outputs by path ("state.hidden[0]"), over a graph; and the scalar calls that count.

    A call whose result no output needs, or that computes what another one did, is no part of the program.
    """

    graph: Graph
    inputs: dict[str, int]
    outputs: dict[str, int]
    calls: list[Call] = field(default_factory=list)

    def cone(self) -> list[int]:
        """The nodes that the outputs depend on, arguments first."""
        return sorted(reach(self.graph, self.outputs.values()))

    @property
    def digest(self) -> str:
        """SHA-256 of the program alone: it does not depend on what else the graph holds."""
        place = {number: k for k, number in enumerate(self.cone())}
        sha = hashlib.sha256()
        for number in place:
            node = self.graph.nodes[number]
            arguments = ",".join(str(place[a]) for a in node.arguments)
            sha.update(f"{node.operation} {node.type} {arguments} {node.leaf}\n".encode())
        for path in sorted(self.outputs):
            sha.update(f"{path} = {place[self.outputs[path]]}\n".encode())
        return sha.hexdigest()

    def operations(self) -> int:
        """How many operations one run performs."""
        return sum(self.graph.nodes[n].operation in ARITHMETIC for n in self.cone())


def reach(graph: Graph, roots: Any, stop: Any = ()) -> set[int]:
    """The nodes that the roots depend on, not looking behind the nodes in stop."""
    found: set[int] = set()
    todo = list(roots)
    while todo:
        number = todo.pop()
        if number not in found:
            found.add(number)
            if number not in stop:
                todo.extend(graph.nodes[number].arguments)
    return found


def symbols(graph: Graph, like: Any, path: str, named: dict[str, int], kind: type[Symbol] = Symbol) -> Any:
    """A copy of a record or list in which every number is an input leaf named by its path."""
    if is_dataclass(like) and not isinstance(like, type):
        copy = object.__new__(type(like))
        for f in fields(like):
            value = getattr(like, f.name)
            size = isinstance(value, int) and hasattr(f.type, "__metadata__")
            inner = value if size else symbols(graph, value, f"{path}.{f.name}", named, kind)
            setattr(copy, f.name, inner)
        return copy
    if isinstance(like, list):
        return [symbols(graph, v, f"{path}[{i}]", named, kind) for i, v in enumerate(like)]
    named[path] = graph.add("input", (), INTEGER if isinstance(like, int) else REAL, path)
    return kind(graph, named[path])


def leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Every (path, number) of a record or list, in declared order."""
    if is_dataclass(value) and not isinstance(value, type):
        for f in fields(value):
            if not hasattr(f.type, "__metadata__") or isinstance(getattr(value, f.name), list):
                yield from leaves(getattr(value, f.name), f"{path}.{f.name}")
    elif isinstance(value, list):
        for i, v in enumerate(value):
            yield from leaves(v, f"{path}[{i}]")
    else:
        yield path, value


def trace(function: Callable[..., Any], arguments: dict[str, Any], graph: Graph | None = None) -> Program:
    """Run a kernel function on symbols shaped like `arguments`; every leaf is an input.

    Outputs are the leaves of the records and lists after the run, and "result" if it returns one.
    Leaves of `work` are scratch: outputs may not depend on what it held before.
    Raises TraceError where the function leaves the language.
    """
    graph = graph or Graph()
    inputs: dict[str, int] = {}
    calls: list[Call] = []
    run = _Reader(graph, calls).read(function)
    given = {name: symbols(graph, value, name, inputs) for name, value in arguments.items()}
    result = run(**given)
    outputs: dict[str, int] = {}
    for name, value in given.items():
        if name not in ("work", "law") and not isinstance(value, Symbol):
            outputs |= {path: lift(graph, v) for path, v in leaves(value, name)}
    if result is not None:
        outputs["result"] = lift(graph, result)
    cone = reach(graph, outputs.values())
    program = Program(graph, inputs, outputs, [c for c in dict.fromkeys(calls) if c.result in cone])
    for number in cone:
        if graph.nodes[number].leaf.startswith("work."):
            raise ScratchError(f"{graph.nodes[number].leaf} is read before it is written (SCRATCH-CLEAN)")
    return program


def bind(function: Callable[..., Any], graph: Graph, calls: list[Call]) -> Callable[..., Any]:
    """The kernel function over Symbols of a graph, for claims that run it more than once; notes calls."""
    return _Reader(graph, calls).read(function)


class _Reader:
    """Binds kernel functions anew, so that select and real build the graph and calls are noted."""

    def __init__(self, graph: Graph, calls: list[Call]) -> None:
        self.graph = graph
        self.calls = calls
        self.known: dict[types.FunctionType, Callable[..., Any]] = {}

    def read(self, function: Any) -> Callable[..., Any]:
        """The function over symbols; so is every kernel function that it calls."""
        if function not in self.known:
            space: dict[str, Any] = {}
            bound = types.FunctionType(function.__code__, space, function.__name__, function.__defaults__)
            self.known[function] = self._noting(function.__name__, bound)
            for name, value in function.__globals__.items():
                if isinstance(value, types.FunctionType) and name in function.__code__.co_names:
                    space[name] = self._word(name) or self.read(value)
                else:
                    space[name] = value
        return self.known[function]

    def _word(self, name: str) -> Callable[..., Any] | None:
        words: dict[str, Callable[..., Any]] = {"select": self._select, "real": self._real}
        return words.get(name)

    def _noting(self, name: str, bound: Callable[..., Any]) -> Callable[..., Any]:
        def call(*values: Any, **named: Any) -> Any:
            result = bound(*values, **named)
            if isinstance(result, Symbol):
                numbers = (*values, *named.values())
                if all(isinstance(v, Symbol | int | float) for v in numbers):
                    nodes = tuple(lift(self.graph, v) for v in numbers)
                    self.calls.append(Call(name, nodes, result.number))
            return result

        return call

    def _select(self, a: Any, b: Any, x: Any, y: Any) -> Symbol:
        numbers = tuple(lift(self.graph, v) for v in (a, b, x, y))
        kinds = [self.graph.nodes[n].type for n in numbers]
        if kinds[0] != kinds[1] or kinds[2] != kinds[3]:
            raise TraceError("select mixes int and float; say real(n)")
        return Symbol(self.graph, self.graph.add("select", numbers, kinds[2]))

    def _real(self, n: Any) -> Any:
        if isinstance(n, Symbol):
            if n.type != INTEGER:
                raise TraceError("real takes an int")
            return Symbol(self.graph, self.graph.add("real", (n.number,), REAL))
        return float(n)
