"""Whether this process computes as the proofs say: binary64, round to nearest, subnormal numbers kept."""

import sys

from controller.errors import InputError


def departure() -> str | None:
    """How this thread's arithmetic departs from IEEE 754's default, or None where it does not.

    Any library of a process can set the processor's rounding and flushing, and no interface tells Python.
    """
    quarter = 0.25 * sys.float_info.epsilon  # of the distance between 1.0 and the next number
    if 1.0 + quarter != 1.0:
        return "rounds upwards"
    if -1.0 - quarter != -1.0:
        return "rounds downwards"
    if 1.0 + 3.0 * quarter == 1.0:
        return "rounds towards zero"
    if not 0.5 * sys.float_info.min > 0.0:  # flushed as a result, or as an operand of the comparison
        return "flushes subnormal numbers to zero"
    return None


def check() -> None:
    """Raise InputError where this thread's arithmetic is not the one that was proved."""
    if how := departure():
        what = f"floating point: this process {how}, so it would not fly what was proved"
        raise InputError(f"{what}; start it without the library that set this (-ffast-math does)")
