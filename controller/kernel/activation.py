"""exp and tanh from + - * / and select alone, with the errors that tests/kernel prove.

exp: |v| <= 32 is scaled by 2**-10, where the Taylor polynomial of degree 7 is exact to a rounding,
and squared ten times. tanh(z) = 1 - 2 / (exp(2|z|) + 1) with the sign of z, so it is odd.
"""

from controller.kernel.clamp import clamp
from controller.kernel.scalar import select

EXP_LIMIT = 32.0
EXP_SCALE = 0.0009765625  # 2**-10: an exact scaling
SQUARINGS = 10


def exp(v: float) -> float:
    """e**v to a relative error of 2**-40 for |v| <= 32; v is held to that range, NaN counts as 32.

    post: 0.0 < _ < 1.0e14
    """
    r = clamp(v, -EXP_LIMIT, EXP_LIMIT) * EXP_SCALE
    r2 = r * r
    low = (1.0 + r) + r2 * (1.0 / 2.0 + r * (1.0 / 6.0))
    high = (1.0 / 24.0 + r * (1.0 / 120.0)) + r2 * (1.0 / 720.0 + r * (1.0 / 5040.0))
    p = low + (r2 * r2) * high
    for _ in range(SQUARINGS):
        p = p * p
    return p


def tanh(z: float) -> float:
    """tanh(z) to an absolute error of 2**-40; odd to the bit but for the sign of zero; |tanh(z)| <= 1 always.

    post: -1.0 <= _ <= 1.0
    """
    e = exp(2.0 * abs(z))
    t = clamp(1.0 - 2.0 / (e + 1.0), 0.0, 1.0)
    return select(z, 0.0, -t, t)
