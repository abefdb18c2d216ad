"""The hard-limit guard: the last thing before the actuator."""

from controller.kernel.clamp import clamp, finite
from controller.kernel.scalar import select


def guard(command: float, previous: float, low: float, high: float, safe: float, slew: float) -> float:
    """command held to [low, high] and to the rounded slew window around previous.

    The window is [previous - slew, previous + slew] as computed in binary64; |out - previous| <= slew
    would be false after rounding. NaN and infinities become safe first. slew is in output units.

    pre: low <= safe <= high and low <= previous <= high and 0.0 <= slew
    post: low <= _ <= high and previous - slew <= _ <= previous + slew
    """
    wanted = clamp(finite(command, safe), low, high)
    down = previous - slew
    up = previous + slew
    lower = select(low, down, down, low)
    upper = select(up, high, up, high)
    return clamp(wanted, lower, upper)
