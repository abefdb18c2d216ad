"""Pre-processing of one input: as the network sees it, then a first-order low-pass."""

from controller.kernel.clamp import clamp


def seen(measured: float, offset: float, scale: float, low: float, high: float) -> float:
    """(measured - offset) * scale, held to [low, high]: the measured value as the network sees it.

    pre: low <= high
    post: low <= _ <= high
    """
    return clamp((measured - offset) * scale, low, high)


def low_pass(y: float, x: float, time_constant_s: float, dt: float, low: float, high: float) -> float:
    """y moved towards x by dt / (time_constant + dt), the backward-Euler low-pass; in [low, high].

    pre: low <= high and time_constant_s >= 0.0 and dt > 0.0
    post: low <= _ <= high
    """
    share = dt / (time_constant_s + dt)
    return clamp(y + share * (x - y), low, high)
