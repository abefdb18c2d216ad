"""The control law as formulas; floats are binary64, each operation rounded, in the order that is written.

Sources: Hasani et al., Liquid Time-constant Networks, 2021 (the cell, with tau = sigmoid(gain h + bias));
Kutta 1901 (the method of order four); Astrom and Hagglund, Advanced PID Control, 2006.
"""

from collections.abc import Sequence
from math import factorial

from verification.specification.notation import Number, where, within

Vector = Sequence[Number]
NO_NUMBER = 1.0e300  # a magnitude from here on is as bad as a NaN
SHARES = (0.5, 0.5, 1.0)  # Kutta's tableau: how far along the slope before it each later slope is taken
WEIGHTS = (1.0, 2.0, 2.0, 1.0)  # of the four slopes, in sixths
TAYLOR = [1.0 / factorial(n) for n in range(8)]  # of the exponential


def exponential(v: Number) -> Number:
    """e^v = (e^r)^1024 with r = v / 1024: Taylor's polynomial of degree 7, squared ten times; |v| <= 32."""
    r = within(v, -32.0, 32.0) * 2.0**-10
    square = r * r

    def pair(n: int) -> Number:
        return TAYLOR[n] + (r * TAYLOR[n + 1] if n else r)

    low, high = pair(0) + square * pair(2), pair(4) + square * pair(6)
    power = low + (square * square) * high
    for _ in range(10):
        power = power * power
    return power


def hyperbolic_tangent(z: Number) -> Number:
    """1 - 2 / (e^(2|z|) + 1), held to [0, 1], with the sign of z."""
    size = within(1.0 - 2.0 / (exponential(2.0 * abs(z)) + 1.0), 0.0, 1.0)
    return where(z < 0.0, -size, size)


def sum_from(start: Number, products: Sequence[Number]) -> Number:
    """start + products[0] + products[1] + ..., from left to right."""
    for product in products:
        start = start + product
    return start


def slope(net: object, x: Vector, h: Vector) -> list[Number]:
    """dh/dt = -h / tau(h) + tanh(W_in' x + W_rec' h + b), where 1 / tau = 1 + e^-(gain h + bias)."""
    w_in, w_rec, b, gain, bias = (getattr(net, n) for n in ("w_in", "w_rec", "b", "tau_gain", "tau_bias"))
    found = []
    for i in range(len(h)):
        terms = [w_in[j][i] * x[j] for j in range(len(x))] + [w_rec[j][i] * h[j] for j in range(len(h))]
        drive = hyperbolic_tangent(sum_from(b[i], terms))
        found.append(drive - h[i] * (1.0 + exponential(-(gain[i] * h[i] + bias[i]))))
    return found


def runge_kutta(net: object, x: Vector, h: Vector, dt: Number) -> list[Number]:
    """h after dt seconds with x held: h + dt/6 (k1 + 2 k2 + 2 k3 + k4)."""
    ks = [slope(net, x, h)]
    for share in SHARES:
        reach = dt if share == 1.0 else share * dt
        ks.append(slope(net, x, [a + reach * k for a, k in zip(h, ks[-1], strict=True)]))
    sixth = dt * (1.0 / 6.0)
    weighed = [[k if w == 1.0 else w * k for k in row] for w, row in zip(WEIGHTS, ks, strict=True)]
    sums = [sum_from(k1, rest) for k1, *rest in zip(*weighed, strict=True)]
    return [a + sixth * total for a, total in zip(h, sums, strict=True)]


def decoded(net: object, h: Vector, k: int) -> Number:
    """Command k of the network: b_out + W_out' h."""
    w_out, b_out = (getattr(net, n) for n in ("w_out", "b_out"))
    return sum_from(b_out[k], [w_out[i][k] * h[i] for i in range(len(h))])


def seen(measured: Number, offset: Number, scale: Number, low: Number, high: Number) -> Number:
    """A measured value as the network sees it."""
    return within((measured - offset) * scale, low, high)


def smoothed(y: Number, x: Number, time_constant_s: Number, dt: Number, low: Number, high: Number) -> Number:
    """The backward-Euler low-pass: y + dt / (T + dt) (x - y)."""
    return within(y + dt / (time_constant_s + dt) * (x - y), low, high)


def trusted(v: Number, instead: Number) -> Number:
    """v where it is a number of a usable size, else what stands in its place."""
    return where(abs(v) < NO_NUMBER, v, instead)


def guarded(command: Number, last: Number, low: Number, high: Number, safe: Number, slew: Number) -> Number:
    """The command in [low, high] and in [last - slew, last + slew]; what is no number counts as safe."""
    floor, ceiling = last - slew, last + slew
    floor, ceiling = where(low < floor, floor, low), where(ceiling < high, ceiling, high)
    return within(within(trusted(command, safe), low, high), floor, ceiling)
