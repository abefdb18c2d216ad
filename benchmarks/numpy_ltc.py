"""The LTC's RK4 step in numpy, every result into a buffer made before: as the law reads, and tightened."""

import numpy as np
import numpy.typing as npt

from controller.kernel.records import Network

Vector = npt.NDArray[np.float64]


class AsItReads:
    """The law term by term, as a careful person writes it; `advanced` receives the next hidden state."""

    def __init__(self, net: Network, x: list[float], h: list[float]) -> None:
        self.w_in, self.w_rec = np.array(net.w_in), np.array(net.w_rec)
        self.b = np.array(net.b)
        self.tau_gain, self.tau_bias = np.array(net.tau_gain), np.array(net.tau_bias)
        self.x, self.h = np.array(x), np.array(h)
        hidden = len(h)
        self.k1, self.k2, self.k3, self.k4 = np.zeros((4, hidden))
        self.total, self.rate, self.stage, self.advanced = np.zeros((4, hidden))

    def derivative(self, h: Vector, dh: Vector) -> None:
        """dh = tanh(W_in^T x + W_rec^T h + b) - h (1 + exp(-(tau_gain h + tau_bias)))."""
        total, rate = self.total, self.rate
        np.dot(self.x, self.w_in, out=total)
        np.dot(h, self.w_rec, out=dh)
        np.add(total, dh, out=total)
        np.add(total, self.b, out=total)
        np.tanh(total, out=total)
        np.multiply(self.tau_gain, h, out=rate)
        np.add(rate, self.tau_bias, out=rate)
        np.negative(rate, out=rate)
        np.exp(rate, out=rate)
        np.add(rate, 1.0, out=rate)
        np.multiply(h, rate, out=rate)
        np.subtract(total, rate, out=dh)

    def integrate(self, dt: float) -> None:
        """One step of dt seconds."""
        h, stage, slope = self.h, self.stage, self.total
        self.derivative(h, self.k1)
        np.multiply(self.k1, 0.5 * dt, out=stage)
        np.add(h, stage, out=stage)
        self.derivative(stage, self.k2)
        np.multiply(self.k2, 0.5 * dt, out=stage)
        np.add(h, stage, out=stage)
        self.derivative(stage, self.k3)
        np.multiply(self.k3, dt, out=stage)
        np.add(h, stage, out=stage)
        self.derivative(stage, self.k4)
        np.add(self.k2, self.k3, out=slope)
        np.multiply(slope, 2.0, out=slope)
        np.add(slope, self.k1, out=slope)
        np.add(slope, self.k4, out=slope)
        np.multiply(slope, dt / 6.0, out=slope)
        np.add(h, slope, out=self.advanced)


class Tightened:
    """The fewest numpy calls found: one matrix for x, h and 1, signs and a fixed dt folded into constants."""

    def __init__(self, net: Network, x: list[float], h: list[float], dt: float) -> None:
        hidden = len(h)
        self.w = np.ascontiguousarray(np.array([*net.w_in, *net.w_rec, net.b]).T)
        self.z = np.array([*x, *h, 1.0])
        self.stage = self.z[len(x) : len(x) + hidden]
        self.h = np.array(h)
        self.gain, self.bias = -np.array(net.tau_gain), -np.array(net.tau_bias)
        self.k = np.zeros((4, hidden))
        self.shares = [np.full(hidden, share * dt) for share in (0.5, 0.5, 1.0)]
        self.weights = np.array([1.0, 2.0, 2.0, 1.0]) * (dt / 6.0)
        self.rate, self.advanced = np.zeros((2, hidden))
        self.k1, self.k2, self.k3, self.k4 = self.k

    def derivative(self, dh: Vector) -> None:
        """dh = tanh(W z) - (h exp(-(tau_gain h + tau_bias)) + h) at the stage in z."""
        h, rate = self.stage, self.rate
        np.dot(self.w, self.z, dh)
        np.tanh(dh, dh)
        np.multiply(self.gain, h, rate)
        np.add(rate, self.bias, rate)
        np.exp(rate, rate)
        np.multiply(rate, h, rate)
        np.add(rate, h, rate)
        np.subtract(dh, rate, dh)

    def integrate(self) -> None:
        """One step of the dt that was given."""
        h, stage = self.h, self.stage
        np.copyto(stage, h)
        for k, share in zip((self.k1, self.k2, self.k3), self.shares, strict=True):
            self.derivative(k)
            np.multiply(k, share, stage)
            np.add(stage, h, stage)
        self.derivative(self.k4)
        np.dot(self.weights, self.k, self.advanced)
        np.add(self.advanced, h, self.advanced)
