"""The cell and its integrator against an exact right-hand side and the true solution."""

import math
import random
from typing import Any

import pytest
from flint import arb, fmpq

from controller.kernel.cell import derivative
from controller.kernel.records import Network, Work, allocate
from controller.kernel.rk4 import integrate

SIZES = {"inputs": 2, "hidden": 3, "outputs": 1, "substeps": 1, "slots": 1}


def network(seed: int) -> Network:
    draw, net = random.Random(seed), allocate(Network, SIZES)
    for matrix in (net.w_in, net.w_rec, net.w_out):
        for row in matrix:
            row[:] = [draw.uniform(-2.0, 2.0) for _ in row]
    for vector in (net.b, net.tau_gain, net.tau_bias, net.b_out):
        vector[:] = [draw.uniform(-1.0, 1.0) for _ in vector]
    return net


def ball(value: float) -> Any:
    return arb(fmpq(*value.as_integer_ratio()))


def true_derivative(net: Network, x: list[float], h: list[float]) -> list[Any]:
    """The differential equation as it stands in the article, in ball arithmetic."""
    found = []
    for i in range(len(h)):
        drive = ball(net.b[i])
        drive += sum((ball(net.w_in[j][i]) * ball(x[j]) for j in range(len(x))), arb(0))
        drive += sum((ball(net.w_rec[j][i]) * ball(h[j]) for j in range(len(h))), arb(0))
        tau = 1 / (1 + (-(ball(net.tau_gain[i]) * ball(h[i]) + ball(net.tau_bias[i]))).exp())
        found.append(-ball(h[i]) / tau + drive.tanh())
    return found


@pytest.mark.parametrize("seed", range(20))
def test_the_cell_is_the_differential_equation(seed: int) -> None:
    net, work, draw = network(seed), allocate(Work, SIZES), random.Random(seed)
    x, h = [draw.uniform(-1.0, 1.0) for _ in range(2)], [draw.uniform(-1.0, 1.0) for _ in range(3)]
    derivative(net, x, h, work.total, work.k1)
    for got, true in zip(work.k1, true_derivative(net, x, h), strict=True):
        assert abs(ball(got) - true) < 1.0e-11


def settle(net: Network, dt: float, seconds: float) -> list[float]:
    work, h = allocate(Work, SIZES), [0.0, 0.0, 0.0]
    for _ in range(round(seconds / dt)):
        integrate(net, [0.7, -0.4], dt, h, work)
        h = list(work.stage)
    return h


def test_halving_the_step_divides_the_error_by_sixteen() -> None:
    """The order of the method, so that no stage or weight is wrong."""
    net = network(3)
    true = settle(net, 0.5 / 512, 0.5)
    errors = [
        max(abs(a - b) for a, b in zip(settle(net, 0.5 / n, 0.5), true, strict=True)) for n in (8, 16, 32)
    ]
    assert errors[0] / errors[1] == pytest.approx(16.0, rel=0.25)
    assert errors[1] / errors[2] == pytest.approx(16.0, rel=0.25)


def test_a_linear_cell_is_multiplied_by_the_taylor_polynomial_of_the_exponential() -> None:
    net, work = allocate(Network, SIZES), allocate(Work, SIZES)  # no drive: dh/dt = -2 h
    h, dt = [0.5, -0.25, 1.0], 0.125
    integrate(net, [0.0, 0.0], dt, h, work)
    z = -2.0 * dt
    factor = sum(z**k / math.factorial(k) for k in range(5))
    assert work.stage == pytest.approx([factor * v for v in h], rel=1e-12)
    assert h == [0.5, -0.25, 1.0]  # the state itself is not touched


def test_a_stiff_cell_leaves_the_region_of_stability() -> None:
    """tau_bias = -8 at 1 ms: the equation is bounded, the fixed-step map is not."""
    net, work = allocate(Network, SIZES), allocate(Work, SIZES)
    net.tau_bias[:] = [-8.0] * 3
    h = [0.001, 0.0, 0.0]
    for _ in range(60):
        integrate(net, [0.0, 0.0], 0.001, h, work)
        h = list(work.stage)
    assert abs(h[0]) > 1.0e3
