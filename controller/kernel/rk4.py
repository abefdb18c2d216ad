"""The classic Runge-Kutta step of order four, at a fixed step."""

from controller.kernel.cell import derivative
from controller.kernel.records import Hidden, Inputs, Network, Work


def integrate(net: Network, x: Inputs, dt: float, h: Hidden, work: Work) -> None:
    """work.stage receives h advanced by dt seconds with x held; h is not changed.

    Source: Kutta 1901; weights 1/6, 1/3, 1/3, 1/6 at 0, 1/2, 1/2, 1.
    """
    half = 0.5 * dt
    sixth = dt * (1.0 / 6.0)
    derivative(net, x, h, work.total, work.k1)
    for i in range(len(h)):
        work.stage[i] = h[i] + half * work.k1[i]
    derivative(net, x, work.stage, work.total, work.k2)
    for i in range(len(h)):
        work.stage[i] = h[i] + half * work.k2[i]
    derivative(net, x, work.stage, work.total, work.k3)
    for i in range(len(h)):
        work.stage[i] = h[i] + dt * work.k3[i]
    derivative(net, x, work.stage, work.total, work.k4)
    for i in range(len(h)):
        slope = work.k1[i] + 2.0 * work.k2[i] + 2.0 * work.k3[i] + work.k4[i]
        work.stage[i] = h[i] + sixth * slope
