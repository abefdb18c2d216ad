"""The functions of the C run on symbols: what each entry point leaves in memory, as nodes of a graph.

The reader knows nothing of the printer: it lays the structs out itself, unrolls the loops, checks every
index, and has a table of operations of its own. It notes each integer operation that the C performs, needed
or not, because one that overflows has no meaning (6.5, paragraph 5).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from verification.program import INTEGER, REAL, Graph, Program
from verification.reader import syntax
from verification.reader.names import MASK, TYPES, WORDS, Unit
from verification.reader.parse import literal
from verification.reader.tokens import CError

OPERATION = {"+": "add", "-": "sub", "*": "mul", "/": "div"}
KINDS = dict(zip(TYPES, (REAL, INTEGER), strict=True))
LITERALS = range(-(2**31), 2**31)  # what C computes with literals is an int
ROUNDS = 2**16  # of one loop
WORK = "sw_Work"  # scratch: what it holds afterwards is no result


@dataclass(frozen=True)
class Term:
    """A node of the graph; concrete numbers are plain int and float."""

    number: int


@dataclass(frozen=True)
class Place:
    """Memory: its path, its record (or element type), its remaining dimensions, whether it is only read."""

    path: str
    type: str
    extent: tuple[int, ...] = ()
    const: bool = False


@dataclass(frozen=True)
class Mask:
    """a < b, before either_ picks."""

    a: int
    b: int


Scalar: TypeAlias = Term | int | float
Value: TypeAlias = Scalar | Place | Mask | None


@dataclass
class Bound:
    """What a name of a block stands for."""

    value: Value
    type: str
    const: bool


Frame: TypeAlias = dict[str, Bound]


class Reader:
    """Symbolic execution of one unit over a graph."""

    def __init__(self, graph: Graph, unit: Unit) -> None:
        self.graph = graph
        self.unit = unit
        self.constants: dict[str, Scalar] = dict(unit.sizes)
        for constant in unit.constants.values():
            self.constants[constant.name] = self._convert(literal(constant.value), constant.type)
        self.records = {
            record.name: {m.name: self._layout(m) for m in record.members} for record in unit.records.values()
        }
        self.memory: dict[str, int] = {}
        self.inputs: dict[str, int] = {}
        self.executed: set[int] = set()  # integer operations
        self.stores = 0
        self.laid: set[str] = set()  # records that have a place in memory

    def _layout(self, variable: syntax.Variable) -> tuple[str, tuple[int, ...]]:
        """The type and the dimensions of a member or parameter."""
        if variable.const or variable.pointer:
            raise CError(f"{variable} is not accepted as a member")
        return variable.type, self._extent(variable)

    def _extent(self, variable: syntax.Variable) -> tuple[int, ...]:
        found = tuple(self._value(e, {}) for e in variable.extents)
        if not all(isinstance(n, int) and n > 0 for n in found):
            raise CError(f"{variable} has no size")
        return found  # type: ignore[return-value]

    def program(self, entry: str) -> Program:
        """Run one entry point on symbolic memory."""
        self.memory, self.inputs, self.executed = {}, {}, set()
        frame: Frame = {}
        for p in self.unit.functions[entry].parameters:
            value: Value
            if p.type in self.records:
                value = Place(p.name, p.type, (), p.const)
                self._symbols(value)
            else:
                self.inputs[p.name] = self.graph.add("input", (), self._kind(p.type), p.name)
                value = Term(self.inputs[p.name])
            frame[p.name] = Bound(value, p.type, p.const)
        kept = [n for n, b in frame.items() if isinstance(b.value, Place) and not b.const and b.type != WORK]
        self._run(self.unit.functions[entry], frame)
        outputs = {k: v for k, v in self.memory.items() if re.split(r"[.\[]", k)[0] in kept}
        return Program(self.graph, dict(self.inputs), outputs)

    def _symbols(self, place: Place) -> None:
        if place.extent:
            for i in range(place.extent[0]):
                self._symbols(Place(f"{place.path}[{i}]", place.type, place.extent[1:]))
        elif place.type in self.records:
            self.laid.add(place.type)
            for name, (kind, extent) in self.records[place.type].items():
                self._symbols(Place(f"{place.path}.{name}", kind, extent))
        else:
            self.inputs[place.path] = self.graph.add("input", (), self._kind(place.type), place.path)
            self.memory[place.path] = self.inputs[place.path]

    # -- statements ---------------------------------------------------------------------------

    def call(self, function: syntax.Function, arguments: Sequence[Value]) -> Value:
        """What a function returns, converted to its type; None from a void one."""
        frame: Frame = {}
        if len(arguments) != len(function.parameters):
            raise CError(f"{function.name}() takes {len(function.parameters)} arguments")
        for parameter, value in zip(function.parameters, arguments, strict=True):
            self._bind(parameter, value, frame)
        return self._run(function, frame)

    def _bind(self, parameter: syntax.Variable, value: Value, frame: Frame) -> None:
        """Give a parameter its argument; a record comes by its address, an array as itself."""
        if parameter.pointer or parameter.extents:
            extent = self._extent(parameter)
            if not isinstance(value, Place) or (value.type, value.extent) != (parameter.type, extent):
                raise CError(f"{value} does not fit the parameter {parameter}")
            if parameter.pointer != (parameter.type in self.records and not extent):
                raise CError(f"{parameter} is neither a record's address nor an array")
            value = self._narrowed(value, parameter)
        else:
            value = self._convert(value, parameter.type)
        frame[parameter.name] = Bound(value, parameter.type, parameter.const)

    def _narrowed(self, place: Place, variable: syntax.Variable) -> Place:
        """A place seen through a pointer, which may only add const."""
        if place.const and not variable.const:
            raise CError(f"{variable} could write {place.path}, which is const")
        return replace(place, const=variable.const)

    def _run(self, function: syntax.Function, frame: Frame) -> Value:
        for statement in function.body or ():
            self._statement(statement, frame)
        if (function.value is None) != (function.result == "void"):
            raise CError(f"{function.name} returns {function.value} as {function.result}")
        if function.value is None:
            return None
        return self._convert(self._whole(function.value, frame), function.result)

    def _statement(self, node: syntax.Statement, frame: Frame) -> None:
        match node:
            case syntax.Local():
                self._declare(node, frame)
            case syntax.Assign(target=syntax.Name(name=name)):
                self._assign_local(name, node, frame)
            case syntax.Assign():
                place = self._place(node.target, frame)
                value = self._assigned(node, frame)
                if place.const or place.extent or place.type in self.records:
                    raise CError(f"{place.path} is const, or assigned as a whole")
                self.memory[place.path] = self._number(self._convert(value, place.type))
                self.stores += 1
            case syntax.Loop():
                self._loop(node, frame)
            case syntax.Do():
                self._whole(node.call, frame)

    def _declare(self, node: syntax.Local, frame: Frame) -> None:
        if node.value is None or node.variable.extents or node.variable.name in frame:
            raise CError(f"{node} has no value, is an array, or hides another {node.variable.name}")
        self._bind(node.variable, self._whole(node.value, frame), frame)

    def _assign_local(self, name: str, node: syntax.Assign, frame: Frame) -> None:
        value = self._assigned(node, frame)
        bound = frame.get(name)
        if not bound or bound.const or isinstance(bound.value, Place):
            raise CError(f"{name} is const, or no number of this block")
        bound.value = self._convert(value, bound.type)

    def _assigned(self, node: syntax.Assign, frame: Frame) -> Value:
        """The new value of an assignment's target."""
        if node.sign == "=":
            return self._whole(node.value, frame)
        sign = node.sign.removesuffix("=")
        return self._pure(syntax.Binary(sign, node.target, node.value), frame)

    def _loop(self, node: syntax.Loop, frame: Frame) -> None:
        for part in syntax.walk(node.limit):
            if isinstance(part, syntax.Call) or (isinstance(part, syntax.Name) and part.name in frame):
                raise CError(f"the limit {node.limit} of a loop could change while it runs")
        limit = self._value(node.limit, frame)
        if not isinstance(limit, int) or limit > ROUNDS or node.name in frame:
            raise CError(
                f"{node.name} must count from 0 to a fixed limit of at most {ROUNDS}, and hide nothing"
            )
        for i in range(limit):
            inner = dict(frame)  # what is declared in a block ends with it
            inner[node.name] = Bound(i, "int64_t", True)
            for statement in node.body:
                self._statement(statement, inner)

    # -- expressions --------------------------------------------------------------------------

    def _whole(self, node: syntax.Expression, frame: Frame) -> Value:
        """The right side of a statement: a call there may write, its arguments may not.

        C does not say in which order it computes arguments and operands (6.5, paragraph 3); Python does.
        """
        if isinstance(node, syntax.Call):
            return self._call(node.function, [self._pure(a, frame) for a in node.arguments])
        return self._pure(node, frame)

    def _pure(self, node: syntax.Expression, frame: Frame) -> Value:
        before = self.stores
        value = self._value(node, frame)
        if self.stores != before:
            raise CError(f"{node} writes inside an expression")
        return value

    def _value(self, node: syntax.Expression, frame: Frame) -> Value:
        """A Term, a concrete number, a Mask, or the Place of an array or of a record by its address."""
        match node:
            case syntax.Number():
                return literal(node)
            case syntax.Name(name=name):
                if name not in frame and name not in self.constants:
                    raise CError(f"{name} is unknown")
                return frame[name].value if name in frame else self.constants[name]
            case syntax.Binary() if node.sign in OPERATION:
                return self._apply(
                    OPERATION[node.sign], self._value(node.left, frame), self._value(node.right, frame)
                )
            case syntax.Unary(sign="-"):
                inner = self._value(node.inner, frame)
                return -inner if isinstance(inner, int | float) else self._node("neg", self._number(inner))
            case syntax.Address(place=syntax.Member() | syntax.Index() as inner):
                place = self._place(inner, frame)
                if place.extent or place.type not in self.records:
                    raise CError(f"{node} is no address of a record")
                return place
            case syntax.Cast(type="double"):
                return self._real(self._value(node.inner, frame))
            case syntax.Member() | syntax.Index():
                place = self._place(node, frame)
                if not place.extent and place.type in self.records:
                    raise CError(f"{node} is passed without its address")
                return place if place.extent else Term(self.memory[place.path])
            case syntax.Call():
                return self._call(node.function, [self._value(a, frame) for a in node.arguments])
        raise CError(f"{node} is not accepted")

    def _place(self, node: syntax.Expression, frame: Frame) -> Place:
        """The memory that an expression names; every index is checked."""
        match node:
            case syntax.Name(name=name) if name in frame and isinstance(frame[name].value, Place):
                return frame[name].value  # type: ignore[return-value]
            case syntax.Member(record=inner):
                outer = self._place(inner, frame)
                members = {} if outer.extent else self.records.get(outer.type, {})
                if node.name not in members or node.arrow != isinstance(inner, syntax.Name):
                    raise CError(f"{node} is no member of {outer.path}")
                kind, extent = members[node.name]
                return Place(f"{outer.path}.{node.name}", kind, extent, outer.const)
            case syntax.Index():
                outer, index = self._place(node.array, frame), self._value(node.index, frame)
                if not isinstance(index, int) or not outer.extent or not 0 <= index < outer.extent[0]:
                    raise CError(f"{outer.path}[{index}] is out of bounds {outer.extent}")
                return Place(f"{outer.path}[{index}]", outer.type, outer.extent[1:], outer.const)
        raise CError(f"{node} is no place in memory")

    def _call(self, name: str, arguments: list[Value]) -> Value:
        if name in self.unit.functions:
            return self.call(self.unit.functions[name], arguments)
        if len(arguments) != len(WORDS[name]):
            raise CError(f"{name}() takes {len(WORDS[name])} arguments")
        values = [
            v if t == MASK else self._convert(v, t) for v, t in zip(arguments, WORDS[name], strict=True)
        ]
        if name == "magnitude":
            return self._node("abs", self._number(values[0]))
        if name.startswith("less"):
            return Mask(self._number(values[0]), self._number(values[1]))
        mask, x, y = values
        if not isinstance(mask, Mask):
            raise CError(f"{name}() picks by {mask}, which less_* did not give")
        return self._node("select", mask.a, mask.b, self._number(x), self._number(y))

    # -- the reader's own operations ------------------------------------------------------------

    def _apply(self, operation: str, left: Value, right: Value) -> Value:
        if isinstance(left, int | float) and isinstance(right, int | float):
            return _folded(operation, left, right)
        a, b = self._number(left), self._number(right)
        if self.graph.nodes[a].type != self.graph.nodes[b].type:
            raise CError("int meets double without a cast")
        if operation == "div" and self.graph.nodes[a].type == INTEGER:
            raise CError("an integer division")
        return self._node(operation, a, b)

    def _node(self, operation: str, *arguments: int) -> Term:
        """A new node, of the type of its last argument; an integer operation is noted."""
        kind = self.graph.nodes[arguments[-1]].type
        number = self.graph.add(operation, arguments, kind)
        if kind == INTEGER and operation != "select":
            self.executed.add(number)
        return Term(number)

    def _real(self, value: Value) -> Value:
        """(double)value."""
        if isinstance(value, int):
            return float(value)
        number = self._number(value)
        if self.graph.nodes[number].type != INTEGER:
            raise CError("a cast from double to double")
        return Term(self.graph.add("real", (number,), REAL))

    def _number(self, value: Value) -> int:
        if not isinstance(value, Term | int | float):
            raise CError(f"{value} is no number")
        return value.number if isinstance(value, Term) else self.graph.constant(value)

    def _kind(self, type_: str) -> str:
        if type_ not in KINDS:
            raise CError(f"the type {type_} is not accepted")
        return KINDS[type_]

    def _convert(self, value: Value, wanted: str) -> Scalar:
        """A number of the wanted type; an int may be given where an int64_t is wanted, nothing else."""
        if isinstance(value, Term):
            kind = self.graph.nodes[value.number].type
        elif isinstance(value, int | float):
            kind = REAL if isinstance(value, float) else INTEGER
        else:
            raise CError(f"{value} is no number")
        if self._kind(wanted) != kind:
            raise CError(f"{value} becomes {wanted} without a cast")
        return value


def _folded(operation: str, left: int | float, right: int | float) -> int | float:
    """What a compiler makes of two literals, as C types them."""
    if type(left) is not type(right) or (operation == "div" and (isinstance(left, int) or right == 0.0)):
        raise CError("two literals of different types, an integer division, or one by zero")
    if operation == "div":
        return left / right
    result = {"add": left + right, "sub": left - right, "mul": left * right}[operation]
    if isinstance(result, int) and result not in LITERALS:
        raise CError("an int of literals overflows")
    return result
