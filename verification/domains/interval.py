"""Intervals, outward-rounded: each node's range holds for the binary64 run and for the real one.

Rounding to nearest is monotone, so the float result lies in the rounded end points; the end points are
then moved one float outwards, so that the real result lies inside too. All boxes are evaluated at
once: every bound is a numpy array with one entry for each box. Integers are exact Python ints.

`nan` says that the node may be NaN. Source: Moore, Interval Analysis, 1966; IEEE 754-2019.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from verification.program import INTEGER, Graph

Bounds = NDArray[np.float64]
INF = float("inf")


@dataclass(frozen=True, slots=True)
class Interval:
    """[low, high] for every box, or for integers one exact pair."""

    low: Any
    high: Any
    nan: bool = False

    @property
    def finite(self) -> bool:
        """Whether the node is a finite number in every box."""
        return not self.nan and bool(np.all(np.isfinite(self.low)) and np.all(np.isfinite(self.high)))

    def within(self, other: "Interval") -> bool:
        """Whether all that this allows is allowed there, in every box."""
        inside = bool(np.all(self.low >= other.low) and np.all(self.high <= other.high))
        return inside and (other.nan or not self.nan)


def interval(low: float | Bounds, high: float | Bounds, boxes: int = 1) -> Interval:
    """A float interval, the same in all boxes unless arrays are given."""
    return Interval(
        np.broadcast_to(np.asarray(low, float), (boxes,)), np.broadcast_to(np.asarray(high, float), (boxes,))
    )


ANY_FLOAT = Interval(np.array([-INF]), np.array([INF]), True)


def outward(low: Bounds, high: Bounds, nan: bool) -> Interval:
    """Move both ends one float outwards; an undefined end (inf - inf) becomes infinite and NaN."""
    undefined = bool(np.any(np.isnan(low)) or np.any(np.isnan(high)))
    low = np.where(np.isnan(low), -INF, np.nextafter(low, -INF))
    high = np.where(np.isnan(high), INF, np.nextafter(high, INF))
    return Interval(low, high, nan or undefined)


def _add(a: Interval, b: Interval) -> Interval:
    opposite = np.any((a.low == -INF) & (b.high == INF)) or np.any((a.high == INF) & (b.low == -INF))
    return outward(a.low + b.low, a.high + b.high, a.nan or b.nan or bool(opposite))


def _neg(a: Interval) -> Interval:
    return Interval(-a.high, -a.low, a.nan)


def _sub(a: Interval, b: Interval) -> Interval:
    return _add(a, _neg(b))


def _mul(a: Interval, b: Interval) -> Interval:
    corners = [a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high]
    low, high = np.minimum.reduce(corners), np.maximum.reduce(corners)  # NaN wins: 0 * inf at an end
    undefined = np.any(_zero(a) & _endless(b)) or np.any(_endless(a) & _zero(b))  # 0 inside an interval
    return outward(low, high, a.nan or b.nan or bool(undefined))


def _zero(a: Interval) -> Any:
    return (a.low <= 0.0) & (a.high >= 0.0)


def _endless(a: Interval) -> Any:
    return np.isinf(a.low) | np.isinf(a.high)


def _square(a: Interval) -> Interval:
    size = _abs(a)
    square = outward(size.low * size.low, size.high * size.high, a.nan)
    return Interval(np.maximum(square.low, 0.0), square.high, square.nan)


def _div(a: Interval, b: Interval) -> Interval:
    if np.any(_zero(b)):
        return Interval(np.full_like(b.low, -INF), np.full_like(b.high, INF), True)
    corners = [a.low / b.low, a.low / b.high, a.high / b.low, a.high / b.high]
    return outward(np.minimum.reduce(corners), np.maximum.reduce(corners), a.nan or b.nan)


def _abs(a: Interval) -> Interval:
    low = np.maximum(np.maximum(a.low, -a.high), 0.0)
    return Interval(low, np.maximum(-a.low, a.high), a.nan)


REAL_TABLE: dict[str, Callable[..., Interval]] = {
    "add": _add, "sub": _sub, "mul": _mul, "div": _div, "neg": _neg, "abs": _abs,
}  # fmt: skip


def _integer(operation: str, a: Interval, b: Interval | None) -> Interval:
    if b is None:
        pair = (-a.high, -a.low) if operation == "neg" else (max(a.low, -a.high, 0), max(-a.low, a.high))
        return Interval(*pair)
    if operation == "add":
        return Interval(a.low + b.low, a.high + b.high)
    if operation == "sub":
        return Interval(a.low - b.high, a.high - b.low)
    corners = [x * y for x in (a.low, a.high) for y in (b.low, b.high)]
    return Interval(min(corners), max(corners))


def evaluate(
    graph: Graph, nodes: Iterable[int], known: dict[int, Interval], boxes: int = 1
) -> dict[int, Interval]:
    """The interval of every node (in order, arguments first), given those of the inputs."""
    value = dict(known)
    with np.errstate(all="ignore"):
        for n in nodes:
            if n not in value:
                value[n] = _node(graph, n, value, boxes)
    return value


def _node(graph: Graph, n: int, value: dict[int, Interval], boxes: int) -> Interval:
    node = graph.nodes[n]
    if node.operation == "constant":
        if node.type == INTEGER:
            return Interval(int(node.leaf), int(node.leaf))
        exact = float.fromhex(node.leaf)
        return interval(exact, exact, boxes)
    if node.operation == "input":
        raise KeyError(f"no range was given for the input {node.leaf}")
    arguments = [value[a] for a in node.arguments]
    if node.operation == "select":
        return _select(graph, node.arguments, arguments, value, node.type)
    if node.operation == "real":
        ends = (float(arguments[0].low), float(arguments[0].high))
        return outward(*(interval(*ends, boxes).low, interval(*ends, boxes).high), False)
    if node.type == INTEGER:
        return _integer(node.operation, arguments[0], arguments[1] if len(arguments) > 1 else None)
    if node.operation == "mul" and node.arguments[0] == node.arguments[1]:
        return _square(arguments[0])
    return REAL_TABLE[node.operation](*arguments)


def _select(
    graph: Graph, ids: tuple[int, ...], args: list[Interval], value: dict[int, Interval], type_: str
) -> Interval:
    """x where a < b, else y. A branch learns from the comparison when its value is one of its sides."""
    a, b, _, y = args
    never = bool(np.all(a.low >= b.high))  # a < b is impossible; NaN goes to y as well
    always = not (a.nan or b.nan) and bool(np.all(a.high < b.low))
    then = _refine_then(graph, ids, args)
    other = _refine_else(ids, args)
    if never or then is None:
        return other if other is not None else y
    if always or other is None:
        return then
    if type_ == INTEGER:
        return Interval(min(then.low, other.low), max(then.high, other.high))
    low, high = np.minimum(then.low, other.low), np.maximum(then.high, other.high)
    return Interval(low, high, then.nan or other.nan)


def _cut(v: Interval, low: Any, high: Any, nan: bool) -> Interval | None:
    """v within [low, high]; None where no box has anything left; a box that is empty alone is unchanged."""
    if isinstance(v.low, int):
        lo, hi = max(v.low, low), min(v.high, high)
        return Interval(lo, hi) if lo <= hi else None
    lo, hi = np.maximum(v.low, low), np.minimum(v.high, high)
    empty = lo > hi
    if np.all(empty) and not nan:
        return None
    return Interval(np.where(empty, v.low, lo), np.where(empty, v.high, hi), nan)


def _below(bound: Any) -> Any:
    return bound - 1 if isinstance(bound, int) else bound  # not nextafter: it must hold for reals too


def _above(bound: Any) -> Any:
    return bound + 1 if isinstance(bound, int) else bound


def _refine_then(graph: Graph, ids: tuple[int, ...], args: list[Interval]) -> Interval | None:
    """What x can be where a < b holds (so neither a nor b is NaN)."""
    a, b, x, _ = args
    if ids[2] == ids[0]:
        return _cut(x, x.low, _below(b.high), False)
    if ids[2] == ids[1]:
        return _cut(x, _above(a.low), x.high, False)
    inner = graph.nodes[ids[0]]
    if inner.operation == "abs" and inner.arguments[0] == ids[2]:
        top = _below(b.high)
        return _cut(x, -top, top, False)
    return x


def _refine_else(ids: tuple[int, ...], args: list[Interval]) -> Interval | None:
    """What y can be where a < b does not hold: a >= b, or a NaN in one of them."""
    a, b, _, y = args
    if ids[3] == ids[0] and not b.nan:
        return _cut(y, b.low, y.high, y.nan)
    if ids[3] == ids[1] and not a.nan:
        return _cut(y, y.low, a.high, y.nan)
    return y
