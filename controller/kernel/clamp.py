"""Words built from the language alone: saturation, finiteness, equality."""

from controller.kernel.scalar import select

HUGE = 1.0e300  # beyond every range that a project may declare


def clamp(v: float, low: float, high: float) -> float:
    """v held to [low, high]; NaN gives high.

    pre: low <= high
    post: low <= _ <= high
    """
    top = select(v, high, v, high)
    return select(low, top, top, low)


def finite(v: float, safe: float) -> float:
    """v where |v| < 1e300, else safe: NaN and infinities end here.

    pre: abs(safe) < 1e300
    post: abs(_) < 1e300
    """
    return select(abs(v), HUGE, v, safe)


def bounded(n: int, low: int, high: int) -> int:
    """n held to [low, high].

    pre: low <= high
    post: low <= _ <= high
    """
    top = select(n, high, n, high)
    return select(low, top, top, low)


def same(a: int, b: int, x: int, y: int) -> int:
    """x where a equals b, else y.

    post: _ == (x if a == b else y)
    """
    return select(a, b, y, select(b, a, y, x))


def outside(v: float, low: float, high: float) -> int:
    """1 where v is not in [low, high], is NaN or at least 1e300, else 0.

    pre: low <= high
    post: _ == (0 if low <= v <= high and v < 1e300 else 1)
    """
    above = select(high, v, 1, select(v, HUGE, 0, 1))
    return select(v, low, 1, above)
