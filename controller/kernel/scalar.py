"""The whole language of the kernel, and its living meaning: Python's float and int.

A kernel function may use `+ - * /`, unary `-`, `abs`, `select` and `real`, loops of fixed length,
and buffers that were allocated before. It may not branch on data, call a library or allocate.
Every other meaning (graph, intervals, SMT, C) gives these same words another reading.
"""

from typing import TypeVar

Scalar = TypeVar("Scalar", int, float)
Value = TypeVar("Value", int, float)


def select(a: Scalar, b: Scalar, x: Value, y: Value) -> Value:
    """x if a < b, else y; so a NaN in a or b gives y."""
    return x if a < b else y


def real(n: int) -> float:
    """The binary64 value of n, exact for |n| <= 2**53."""
    return float(n)
