"""How far the binary64 run of a piece of a program can be from the real one.

Standard model: fl(x o y) = (x o y)(1 + d) + s with |d| <= 2^-53, |s| <= 2^-1075 (IEEE 754, nearest).
The cut nodes are taken as exact: both runs start from the same floats there. Every bound is itself
rounded upwards. Source: Higham, Accuracy and Stability of Numerical Algorithms, 2002, chapter 2.
"""

from collections.abc import Iterable

import numpy as np

from verification.domains.interval import INF, Bounds, Interval
from verification.program import Graph

UNIT = 2.0**-53
TINY = 5e-324  # twice the largest underflow error


def _up(x: Bounds) -> Bounds:
    return np.nextafter(x, INF)


def _size(v: Interval) -> Bounds:
    size: Bounds = np.maximum(np.abs(v.low), np.abs(v.high))
    return size


def errors(
    graph: Graph, nodes: Iterable[int], ranges: dict[int, Interval], cut: set[int]
) -> dict[int, Bounds]:
    """A bound on |binary64 - real| for each node (in order), 0 at the cut and at constants.

    Raises ValueError at an operation other than + - * and negation behind the cut.
    """
    error: dict[int, Bounds] = {}
    for n in nodes:
        node = graph.nodes[n]
        if n in cut or node.operation == "constant":
            error[n] = np.zeros_like(_size(ranges[n]))
            continue
        ids = node.arguments
        if node.operation == "neg":
            error[n] = error[ids[0]]
            continue
        if node.operation in ("add", "sub"):
            inherited = _up(error[ids[0]] + error[ids[1]])
        elif node.operation == "mul":
            first = _up(_size(ranges[ids[0]]) * error[ids[1]])
            second = _up(_up(_size(ranges[ids[1]]) + error[ids[1]]) * error[ids[0]])
            inherited = _up(first + second)
        else:
            raise ValueError(f"{node.operation} must be cut before its rounding is bounded")
        own = _up(_up(UNIT * _size(ranges[n])) + TINY)
        error[n] = _up(inherited + own)
    return error
