"""C = Python: an independent reader builds the program from the C, and the roots must be the same nodes.

The reader knows nothing of the printer. It parses the C with pycparser, lays the structs out itself,
runs the functions on symbols with an operation table of its own, unrolls the loops, and checks every
index. Weights are symbols, so identity covers all weights and inputs of these sizes.
Trusted: pycparser, this file, the C compiler. The words of scalar.h are proved in claims/words.py.
"""

import re
from dataclasses import dataclass, field
from typing import Any

from pycparser import c_ast

from controller.kernel.records import Law, State, Work, allocate
from controller.kernel.step import receive, reset, step
from verification.c_text import CError, parse
from verification.program import INTEGER, REAL, Graph, Program, trace

OPERATION = {"+": "add", "-": "sub", "*": "mul", "/": "div"}
TYPES = {"double": REAL, "int64_t": INTEGER}
WORDS = ("less_real", "less_int", "either_real", "either_int", "magnitude")  # of scalar.h
LITERALS = range(-(2**31), 2**31)  # what C computes with literals is an int
ENTRIES = {"seawall_reset": "reset", "seawall_receive": "receive", "seawall_step": "step"}


@dataclass(frozen=True)
class Term:
    """A node of the graph; concrete numbers are plain int and float."""

    number: int


@dataclass(frozen=True)
class Place:
    """A named place in memory: its path, its struct (or element type) and its remaining dimensions."""

    path: str
    type: str
    extent: tuple[int, ...] = ()


@dataclass(frozen=True)
class Mask:
    """a < b, before either_ picks."""

    a: int
    b: int


class ReturnSignal(Exception):
    """Carries the value of a C return."""

    def __init__(self, value: Any) -> None:
        super().__init__()
        self.value = value


@dataclass
class Reader:
    """Symbolic execution of the printed C over a graph."""

    graph: Graph
    functions: dict[str, Any] = field(default_factory=dict)
    structs: dict[str, dict[str, tuple[str, tuple[int, ...]]]] = field(default_factory=dict)
    constants: dict[str, Any] = field(default_factory=dict)
    memory: dict[str, int] = field(default_factory=dict)
    inputs: dict[str, int] = field(default_factory=dict)

    def load(self, header: str, source: str) -> None:
        """Take in kernel.h and kernel.c."""
        for item in parse(header + "\n" + source).ext:
            if isinstance(item, c_ast.FuncDef):
                if item.decl.name in (*self.functions, *WORDS):
                    raise CError(f"{item.decl.name}() is defined twice")
                self.functions[item.decl.name] = item
            elif isinstance(item, c_ast.Typedef) and isinstance(item.type.type, c_ast.Struct):
                self.structs[item.name] = {d.name: self._layout(d.type) for d in item.type.type.decls}
            elif isinstance(item, c_ast.Decl) and isinstance(item.type, c_ast.Enum):
                for e in item.type.values.enumerators:
                    self.constants[e.name] = int(e.value.value)
            elif isinstance(item, c_ast.Decl) and item.init is not None:
                self.constants[item.name] = self._convert(self.value(item.init, {}), self._base(item.type))

    def _layout(self, node: Any) -> tuple[str, tuple[int, ...]]:
        extent = []
        while isinstance(node, c_ast.ArrayDecl):
            extent.append(int(self.value(node.dim, {})))
            node = node.type
        return self._base(node), tuple(extent)

    def _base(self, node: Any) -> str:
        while not isinstance(node, c_ast.IdentifierType):
            node = node.type
        return " ".join(node.names)

    def program(self, entry: str) -> Program:
        """Run one entry point on symbolic memory."""
        self.memory, self.inputs = {}, {}
        frame: dict[str, Any] = {}
        places = []
        for p in self.functions[entry].decl.type.args.params:
            base = self._base(p.type)
            if base in self.structs:
                place = Place(p.name, base)
                self._match(p, place)
                places.append(place)
                frame[p.name] = place
                self._symbols(place)
            else:
                self.inputs[p.name] = self.graph.add("input", (), TYPES[base], p.name)
                frame[p.name] = Term(self.inputs[p.name])
        self._run(self.functions[entry], frame)
        kept = {p.path for p in places if p.type not in ("sw_Law", "sw_Work")}
        outputs = {k: v for k, v in self.memory.items() if re.split(r"[.\[]", k)[0] in kept}
        for path, number in self.memory.items():
            if path.startswith("law.") and number != self.inputs[path]:
                raise CError(f"{entry} writes the constant {path}")
        return Program(self.graph, dict(self.inputs), outputs)

    def _symbols(self, place: Place) -> None:
        if place.extent:
            for i in range(place.extent[0]):
                self._symbols(Place(f"{place.path}[{i}]", place.type, place.extent[1:]))
        elif place.type in self.structs:
            for name, (kind, extent) in self.structs[place.type].items():
                self._symbols(Place(f"{place.path}.{name}", kind, extent))
        else:
            self.inputs[place.path] = self.graph.add("input", (), TYPES[place.type], place.path)
            self.memory[place.path] = self.inputs[place.path]

    # -- statements ---------------------------------------------------------------------------

    def _run(self, function: Any, frame: dict[str, Any]) -> Any:
        try:
            self._block(function.body.block_items, frame)
        except ReturnSignal as returned:
            return self._convert(returned.value, self._base(function.decl.type))
        return None

    def _block(self, items: Any, frame: dict[str, Any]) -> None:
        outer = set(frame)
        for item in items or []:
            self._statement(item, frame)
        for name in frame.keys() - outer:  # a C block's names end with it
            del frame[name]

    def _statement(self, node: Any, frame: dict[str, Any]) -> None:
        match node:
            case c_ast.Decl():
                if node.name in frame or node.name in self.constants or node.storage:
                    raise CError(f"{node.name} hides another {node.name}, or outlives its block")
                value = self.value(node.init, frame)
                pointer = isinstance(node.type, c_ast.PtrDecl)
                frame[node.name] = value if pointer else self._convert(value, self._base(node.type))
            case c_ast.Assignment():
                self._assign(node, frame)
            case c_ast.For():
                self._loop(node, frame)
            case c_ast.FuncCall():
                self.value(node, frame)
            case c_ast.Return():
                raise ReturnSignal(self.value(node.expr, frame))
            case _:
                raise CError(f"{type(node).__name__} is not accepted")

    def _assign(self, node: Any, frame: dict[str, Any]) -> None:
        value = self.value(node.rvalue, frame)
        if node.op != "=":
            value = self._apply(OPERATION[node.op[:-1]], self.value(node.lvalue, frame), value)
        if isinstance(node.lvalue, c_ast.ID):
            old = frame[node.lvalue.name]
            frame[node.lvalue.name] = self._convert(value, "double" if self._real(old) else "int64_t")
            return
        place = self.place(node.lvalue, frame)
        self.memory[self._scalar(place)] = self._number(self._convert(value, place.type))

    def _loop(self, node: Any, frame: dict[str, Any]) -> None:
        (decl,) = node.init.decls
        name = decl.name
        start, cond, step_ = self.value(decl.init, frame), node.cond, node.next
        plain = cond.op == "<" and cond.left.name == name and step_.op == "p++" and step_.expr.name == name
        limit = self.value(cond.right, frame)
        fixed = isinstance(limit, int) and isinstance(start, int) and self._base(decl.type) == "int"
        if not plain or not fixed or decl.storage:
            raise CError("a loop must be for (int i = a; i < b; i++) with fixed a and b")
        if name in frame or name in self.constants:
            raise CError(f"{name} hides another {name}")
        for i in range(start, limit):
            frame[name] = i
            self._statement_list(node.stmt, frame)
            if frame[name] != i:
                raise CError(f"the loop changes its counter {name}")
        frame.pop(name, None)

    def _statement_list(self, node: Any, frame: dict[str, Any]) -> None:
        self._block(node.block_items if isinstance(node, c_ast.Compound) else [node], frame)

    # -- expressions --------------------------------------------------------------------------

    def value(self, node: Any, frame: dict[str, Any]) -> Any:
        """A Term, a concrete number, a Mask, or the Place of a record or array."""
        match node:
            case c_ast.Constant():
                return _literal(node)
            case c_ast.ID():
                if node.name in frame:
                    return frame[node.name]
                if node.name not in self.constants:
                    raise CError(f"{node.name} is unknown")
                return self.constants[node.name]
            case c_ast.BinaryOp():
                left, right = self.value(node.left, frame), self.value(node.right, frame)
                if node.op not in OPERATION:
                    raise CError(f"operator {node.op} is not accepted")
                return self._apply(OPERATION[node.op], left, right)
            case c_ast.UnaryOp(op="-"):
                inner = self.value(node.expr, frame)
                return self._unary("neg", inner) if isinstance(inner, Term) else -inner
            case c_ast.UnaryOp(op="&"):
                return self.place(node.expr, frame)
            case c_ast.Cast():
                return self._cast(self._base(node.to_type), self.value(node.expr, frame))
            case c_ast.StructRef() | c_ast.ArrayRef():
                place = self.place(node, frame)
                if place.extent or place.type in self.structs:
                    return place
                return Term(self.memory[place.path])
            case c_ast.FuncCall():
                return self._call(node, frame)
        raise CError(f"{type(node).__name__} is not accepted")

    def place(self, node: Any, frame: dict[str, Any]) -> Place:
        """The memory that an lvalue names; every index is checked."""
        if isinstance(node, c_ast.ID):
            place = frame[node.name]
        elif isinstance(node, c_ast.StructRef):
            outer = self.place(node.name, frame)
            if outer.extent or node.field.name not in self.structs.get(outer.type, {}):
                raise CError(f"{outer.path} has no member {node.field.name}")
            kind, extent = self.structs[outer.type][node.field.name]
            place = Place(f"{outer.path}.{node.field.name}", kind, extent)
        else:
            outer = self.place(node.name, frame)
            index = self.value(node.subscript, frame)
            if not isinstance(index, int) or not outer.extent or not 0 <= index < outer.extent[0]:
                raise CError(f"{outer.path}[{index}] is out of bounds {outer.extent}")
            place = Place(f"{outer.path}[{index}]", outer.type, outer.extent[1:])
        if not isinstance(place, Place):
            raise CError("this is no place in memory")
        return place

    def _call(self, node: Any, frame: dict[str, Any]) -> Any:
        name = node.name.name
        arguments = [self.value(a, frame) for a in node.args.exprs]
        if name in ("less_real", "less_int"):
            wanted = "double" if name == "less_real" else "int64_t"
            a, b = (self._number(self._convert(v, wanted)) for v in arguments)
            return Mask(a, b)
        if name in ("either_real", "either_int"):
            mask, wanted = arguments[0], "double" if name == "either_real" else "int64_t"
            x, y = (self._number(self._convert(v, wanted)) for v in arguments[1:])
            return Term(self.graph.add("select", (mask.a, mask.b, x, y), TYPES[wanted]))
        if name == "magnitude":
            return self._unary("abs", Term(self._number(self._convert(arguments[0], "double"))))
        if name not in self.functions:
            raise CError(f"{name}() is unknown")
        function = self.functions[name]
        inner: dict[str, Any] = {}
        for parameter, value in zip(function.decl.type.args.params, arguments, strict=True):
            if isinstance(value, Place):
                self._match(parameter, value)
                inner[parameter.name] = value
            else:
                inner[parameter.name] = self._convert(value, self._base(parameter.type))
        return self._run(function, inner)

    def _match(self, parameter: Any, place: Place) -> None:
        kind, extent = self._base(parameter.type), ()
        if isinstance(parameter.type, c_ast.ArrayDecl):
            kind, extent = self._layout(parameter.type)  # type: ignore[assignment]
        by_value = isinstance(parameter.type, c_ast.TypeDecl)
        if by_value or (kind, extent) != (place.type, place.extent):
            raise CError(f"{place.path} does not fit the parameter {parameter.name}")

    # -- the reader's own operations ------------------------------------------------------------

    def _apply(self, operation: str, left: Any, right: Any) -> Any:
        if not isinstance(left, Term) and not isinstance(right, Term):
            if type(left) is not type(right) or (operation == "div" and isinstance(left, int)):
                raise CError("two literals of different types, or an integer division")
            table = {"add": left + right, "sub": left - right, "mul": left * right}
            result = table[operation] if operation != "div" else left / right
            if isinstance(result, int) and result not in LITERALS:
                raise CError("an int of literals overflows")
            return result
        a, b = self._number(left), self._number(right)
        kind = self.graph.nodes[a].type
        if kind != self.graph.nodes[b].type or (operation == "div" and kind == INTEGER):
            raise CError("int meets double without a cast, or an integer division")
        return Term(self.graph.add(operation, (a, b), kind))

    def _unary(self, operation: str, value: Any) -> Term:
        number = self._number(value)
        return Term(self.graph.add(operation, (number,), self.graph.nodes[number].type))

    def _cast(self, wanted: str, value: Any) -> Any:
        if wanted != "double" or self._real(value):
            raise CError(f"the cast to {wanted} is not accepted")
        if isinstance(value, int):
            return float(value)
        return Term(self.graph.add("real", (self._number(value),), REAL))

    def _number(self, value: Any) -> int:
        return value.number if isinstance(value, Term) else self.graph.constant(value)

    def _real(self, value: Any) -> bool:
        if isinstance(value, Term):
            return self.graph.nodes[value.number].type == REAL
        return isinstance(value, float)

    def _convert(self, value: Any, wanted: str) -> Any:
        kind = REAL if self._real(value) else INTEGER
        if not isinstance(value, Term | int | float) or TYPES.get(wanted) != kind:
            raise CError(f"{value} is converted to {wanted} without a cast")
        return value

    def _scalar(self, place: Place) -> str:
        if place.extent or place.type in self.structs:
            raise CError(f"{place.path} is assigned as a whole")
        return place.path


def _literal(node: Any) -> int | float:
    text = node.value
    if "double" in node.type:
        return float.fromhex(text) if "x" in text.lower() else float(text)
    if "int" in node.type:
        return int(text.rstrip("lL"), 0)  # an unsigned one would change its neighbours
    raise CError(f"{text} is not accepted")


def python_programs(sizes: dict[str, int], graph: Graph) -> dict[str, Program]:
    """The three entry points traced from Python."""
    law, state, work = (allocate(r, sizes) for r in (Law, State, Work))
    sample = {"now_us": 0, "channel": 0, "time_us": 0, "value": 0.0}
    return {
        "reset": trace(reset, {"law": law, "state": state}, graph),
        "receive": trace(receive, {"law": law, "state": state, **sample}, graph),
        "step": trace(step, {"law": law, "state": state, "work": work, "now_us": 0, "missed": 0}, graph),
    }


def differences(sizes: dict[str, int], header: str, source: str) -> list[str]:
    """Where the C computes something else than the Python; [] means that they are identical."""
    graph = Graph()
    python = python_programs(sizes, graph)
    reader = Reader(graph)
    try:
        reader.load(header, source)
        programs = {short: reader.program(entry) for entry, short in ENTRIES.items()}
    except CError as error:
        return [str(error)]
    except Exception as error:  # the parser's own, and any tree the reader did not foresee
        return [f"unreadable C: {type(error).__name__}: {error}"]
    found = []
    for short, wanted in python.items():
        got = programs[short]
        if wanted.inputs.keys() != got.inputs.keys():
            found.append(f"{short}: the parameters or the structs differ")
        for path in sorted(wanted.outputs.keys() | got.outputs.keys()):
            if wanted.outputs.get(path) != got.outputs.get(path):
                found.append(f"{short}: {path} is computed differently")
    return found


def read_parameters(source: str) -> dict[str, int | float]:
    """Every number of parameters.c by its path ("law.network.b[0]")."""
    found: dict[str, int | float] = {}

    def walk(node: Any, path: str) -> None:
        if isinstance(node, c_ast.InitList):
            for i, item in enumerate(node.exprs):
                named = isinstance(item, c_ast.NamedInitializer)
                walk(item.expr if named else item, f"{path}.{item.name[0].name}" if named else f"{path}[{i}]")
        elif isinstance(node, c_ast.UnaryOp) and node.op == "-":
            found[path] = -_literal(node.expr)
        else:
            found[path] = _literal(node)

    for item in parse("typedef int sw_Law;\n" + source).ext:
        if isinstance(item, c_ast.Decl) and item.name == "seawall_law":
            walk(item.init, "law")
    return found
