"""The binary64 reading over numpy arrays: one column a run, all runs at once.

numpy's + - * / on float64 round as IEEE 754 asks, so every column has the bits of CPython's run
(tests/verification/domains/test_floats.py); only x / 0.0 gives an infinity or NaN where CPython raises.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from verification.program import INTEGER, Graph, reach

Column = NDArray[Any]
Order = tuple[Callable[..., Any], tuple[Any, ...], Column]


def _pick(a: Any, b: Any, x: Any, y: Any, out: Column) -> None:
    np.copyto(out, y)
    np.copyto(out, x, where=np.less(a, b))


def _real(n: Any, out: Column) -> None:
    np.copyto(out, n, casting="unsafe")  # int64 to float64, to nearest


TABLE: dict[str, Callable[..., Any]] = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide,
    "neg": np.negative, "abs": np.absolute, "select": _pick, "real": _real,
}  # fmt: skip


class Machine:
    """A piece of a program, ready to run on `columns` runs at once.

    Looks behind the roots down to the inputs, which may be any nodes; parameters are nodes with one
    value for all columns. Write inputs with `set`, then `run`, then read roots and inputs with `get`.
    Buffers are shared between nodes whose lives do not meet, so that a step stays in the cache.
    """

    def __init__(
        self, graph: Graph, roots: Iterable[int], inputs: Iterable[int],
        parameters: Mapping[int, float | int], columns: int,
    ) -> None:  # fmt: skip
        self._graph, self._columns = graph, columns
        self._free: dict[str, list[Column]] = {}
        self._orders: list[Order] = []
        self._values: dict[int, Any] = {n: self._scalar(n, v) for n, v in parameters.items()}
        kept = set(inputs)
        self._values |= {n: self._buffer(n) for n in kept}
        wanted = list(roots)
        nodes = sorted(reach(graph, wanted, set(self._values)))
        last = {a: n for n in nodes for a in graph.nodes[n].arguments}
        kept |= set(wanted)
        with np.errstate(all="ignore"):
            for n in nodes:
                if n not in self._values:
                    self._plan(n, last, kept)

    def _plan(self, n: int, last: dict[int, int], kept: set[int]) -> None:
        node = self._graph.nodes[n]
        if node.operation == "input":
            raise KeyError(f"no value was given for the input {node.leaf}")
        if node.operation == "constant":
            exact = int(node.leaf) if node.type == INTEGER else float.fromhex(node.leaf)
            self._values[n] = self._scalar(n, exact)
            return
        arguments = tuple(self._values[a] for a in node.arguments)
        out = self._buffer(n)  # before the arguments are freed: no order reads what it writes
        order = (TABLE[node.operation], arguments, out)
        if all(a.ndim == 0 for a in arguments):  # one value for all columns, known now
            order[0](*arguments, out)
            self._values[n] = out[0].copy()
            self._free[node.type].append(out)
            return
        self._values[n] = out
        self._orders.append(order)
        for a in set(node.arguments):
            if last[a] == n and a not in kept and self._values[a].ndim:
                self._free[self._graph.nodes[a].type].append(self._values.pop(a))

    def _scalar(self, n: int, value: float | int) -> Any:
        return np.int64(value) if self._graph.nodes[n].type == INTEGER else np.float64(value)

    def _buffer(self, n: int) -> Column:
        kind = self._graph.nodes[n].type
        free = self._free.setdefault(kind, [])
        return free.pop() if free else np.zeros(self._columns, np.int64 if kind == INTEGER else np.float64)

    @property
    def orders(self) -> int:
        """How many operations one run performs on every column."""
        return len(self._orders)

    def set(self, node: int, value: Any) -> None:
        """Give an input its value: one for all columns, or one a column."""
        np.copyto(self._values[node], value)

    def get(self, node: int) -> Column:
        """The value of a root or input in every column; the next run overwrites it."""
        value: Column = np.broadcast_to(self._values[node], (self._columns,))
        return value

    def run(self) -> None:
        """Compute the roots from the inputs."""
        with np.errstate(all="ignore"):
            for function, arguments, out in self._orders:
                function(*arguments, out)
