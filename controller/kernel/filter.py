"""Pre-processing of one input: normalise, then a first-order low-pass."""

from controller.kernel.clamp import clamp


def normalise(measured: float, centre: float, scale: float) -> float:
    """(measured - centre) * scale, held to [-1, 1].

    post: -1.0 <= _ <= 1.0
    """
    return clamp((measured - centre) * scale, -1.0, 1.0)


def low_pass(y: float, x: float, time_constant_s: float, dt: float) -> float:
    """y moved towards x by dt / (time_constant + dt), the backward-Euler low-pass; in [-1, 1].

    pre: time_constant_s >= 0.0 and dt > 0.0
    post: -1.0 <= _ <= 1.0
    """
    share = dt / (time_constant_s + dt)
    return clamp(y + share * (x - y), -1.0, 1.0)
