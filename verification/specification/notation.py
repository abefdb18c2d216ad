"""Formulas over numbers that are Python's or, in a proof, terms of a graph.

A comparison is a truth: a bool where both sides are known, else a Truth, which picks one of two numbers by
the graph's only choice, select(a < b). Floats know only <, so that a NaN is neither smaller nor greater.
"""

from collections.abc import Callable
from typing import Any

from verification.program import REAL, Symbol, TraceError, lift

Number = Any  # int, float or Term
Picks = Callable[[Number, Number], Number]


class Truth:
    """A statement about terms that may hold or not; where() asks it."""

    __slots__ = ("pick",)

    def __init__(self, pick: Picks) -> None:
        self.pick = pick

    def __bool__(self) -> bool:
        raise TraceError("a truth about terms is no bool: use where, both, either, no")


class Term(Symbol):
    """A symbol that may be compared; what results is a Truth, never a bool."""

    __slots__ = ()

    def __lt__(self, other: Number) -> Truth:
        return _less(self, other)

    def __gt__(self, other: Number) -> Truth:
        return _less(other, self)

    def __le__(self, other: Number) -> Any:
        return no(_less(other, _whole(self)))

    def __ge__(self, other: Number) -> Any:
        return no(_less(_whole(self), other))

    def __eq__(self, other: Number) -> Any:
        return both(no(_less(other, _whole(self))), no(_less(self, other)))

    __hash__ = None


def _whole(term: Term) -> Term:
    if term.type == REAL:
        raise TraceError("floats are compared by < and > alone: a NaN is neither")
    return term


def _less(a: Number, b: Number) -> Truth:
    graph = (a if isinstance(a, Term) else b).graph

    def pick(x: Number, y: Number) -> Term:
        numbers = tuple(lift(graph, v) for v in (a, b, x, y))
        types = [graph.nodes[n].type for n in numbers]
        if types[0] != types[1] or types[2] != types[3]:
            raise TraceError("a choice mixes int and float")
        return Term(graph, graph.add("select", numbers, types[2]))

    return Truth(pick)


def where(truth: Any, x: Number, y: Number) -> Number:
    """x where the truth holds, else y."""
    if isinstance(truth, Truth):
        return truth.pick(x, y)
    return x if truth else y


def no(truth: Any) -> Any:
    """Where it does not hold."""
    return Truth(lambda x, y: where(truth, y, x)) if isinstance(truth, Truth) else not truth


def both(*truths: Any) -> Any:
    """Where all hold."""
    first, *rest = truths
    if not rest:
        return first
    if isinstance(first, Truth):
        return Truth(lambda x, y: first.pick(where(both(*rest), x, y), y))
    return both(*rest) if first else False


def either(*truths: Any) -> Any:
    """Where at least one holds; none of none."""
    return no(both(*map(no, truths))) if truths else False


def real(n: Number) -> Number:
    """A whole number as a float, exact up to 2**53."""
    return Term(n.graph, n.graph.add("real", (n.number,), REAL)) if isinstance(n, Term) else float(n)


def within(v: Number, low: Number, high: Number) -> Number:
    """v held to [low, high], the upper end asked first; a NaN becomes high."""
    v = where(v < high, v, high)
    return where(low < v, v, low)
