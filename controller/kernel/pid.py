"""The deterministic fallback: a PID with a limited integral."""

from controller.kernel.clamp import clamp


def accumulate(integral: float, error: float, dt: float, low: float, high: float) -> float:
    """The integral of the error in unit seconds, held to [low, high].

    pre: low <= high
    post: low <= _ <= high
    """
    return clamp(integral + error * dt, low, high)


def command(
    error: float, previous_error: float, integral: float, dt: float, kp: float, ki: float, kd: float
) -> float:
    """kp e + ki I + kd de/dt, in output units; dt > 0 in seconds."""
    slope = (error - previous_error) / dt
    return kp * error + ki * integral + kd * slope
