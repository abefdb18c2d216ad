"""What a periodic loop asks of the operating system: a clock of periods, and the rights to keep it.

Every right is asked for, given back at the end, and named in one sentence where it was denied.
"""

import ctypes
import errno
import gc
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Protocol

US = 1000  # nanoseconds
SECOND = 1_000_000_000  # nanoseconds
PRIORITY = 80  # of 1 to 99: above most interrupt threads (50), below the kernel's own watchdogs (99)
LOCK_NOW_AND_LATER = 3  # MCL_CURRENT | MCL_FUTURE
ABSOLUTE = 1  # TIMER_ABSTIME


class Clock(Protocol):
    """The starts of the periods, one after the other."""

    skipped: int  # periods whose whole time had passed before they could start

    def wait(self, stopping: Callable[[], bool]) -> int:
        """Return at the start of the next period, or early where stopping() holds; the time in us."""

    def spent_ns(self) -> int:
        """The time since the period should have started."""


class VirtualClock:
    """Time that passes from period to period only: work takes none, so every run is the same."""

    def __init__(self, period_us: int, start_us: int = 0) -> None:
        self.skipped = 0
        self._period_us, self._next_us = period_us, start_us

    def wait(self, stopping: Callable[[], bool]) -> int:
        """The next period's start in us, at once."""
        now_us = self._next_us
        self._next_us += self._period_us
        return now_us

    def spent_ns(self) -> int:
        """None passes within a period."""
        return 0


class RealClock:
    """CLOCK_MONOTONIC, or counted from start_us at the first wait; sleeps to absolute times, so no drift."""

    def __init__(self, period_us: int, start_us: int | None = None) -> None:
        self.skipped = 0
        self._period_ns = period_us * US
        self._start_us = start_us or 0
        self._absolute = start_us is None
        self._origin_ns = 0
        self._release_ns = 0
        self._sleep = sleeper()

    def wait(self, stopping: Callable[[], bool]) -> int:
        """Sleep to the next period's start; periods that have wholly passed are skipped and counted."""
        if self._release_ns:
            self._release_ns += self._period_ns
            late = time.monotonic_ns() - self._release_ns
            if late >= self._period_ns:
                passed = late // self._period_ns
                self.skipped += passed
                self._release_ns += passed * self._period_ns
        else:
            self._release_ns = time.monotonic_ns()
            self._origin_ns = 0 if self._absolute else self._release_ns
        while time.monotonic_ns() < self._release_ns and not stopping():
            self._sleep(self._release_ns)
        return self._start_us + (time.monotonic_ns() - self._origin_ns) // US

    def spent_ns(self) -> int:
        """The time since the period should have started, late wake-up included."""
        return time.monotonic_ns() - self._release_ns


class _Timespec(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


def sleeper() -> Callable[[int], None]:
    """A function that sleeps to a time of CLOCK_MONOTONIC in ns; a signal may end the sleep early."""
    sleep: Any = getattr(ctypes.CDLL(None), "clock_nanosleep", None)
    if sleep is None:  # a system without absolute sleeps: the clock checks the time again
        return lambda until_ns: time.sleep(max(until_ns - time.monotonic_ns(), 0) / SECOND)
    until = _Timespec()
    reference = ctypes.byref(until)

    def absolute(until_ns: int) -> None:
        until.seconds, until.nanoseconds = divmod(until_ns, SECOND)
        sleep(time.CLOCK_MONOTONIC, ABSOLUTE, reference, None)

    return absolute


@contextmanager
def rights(cpu: int | None = None) -> Iterator[list[str]]:
    """Real-time scheduling on one CPU (the last one allowed unless named), locked memory, no collector.

    Yields one sentence for each right that was denied, with the way to allow it.
    """
    denied: list[str] = []
    with ExitStack() as undo:
        for ask in (lambda u: _pin(u, cpu), _schedule, _lock_memory):
            sentence = ask(undo)
            if sentence:
                denied.append(sentence)
        undo.enter_context(_no_collector())
        yield denied


@contextmanager
def _no_collector() -> Iterator[None]:
    """Cyclic garbage is not looked for inside; what exists before is set aside."""
    was_enabled = gc.isenabled()
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.unfreeze()
        if was_enabled:
            gc.enable()


def _pin(undo: ExitStack, cpu: int | None) -> str | None:
    if not hasattr(os, "sched_setaffinity"):
        return "CPU affinity: this system has none; run on Linux."
    before = os.sched_getaffinity(0)
    wanted = max(before) if cpu is None else cpu
    try:
        os.sched_setaffinity(0, {wanted})
    except (OSError, ValueError, OverflowError) as fault:
        allowed = ", ".join(str(n) for n in sorted(before))
        return f"CPU affinity: CPU {wanted} was denied ({_reason(fault)}); choose one of: {allowed}."
    undo.callback(os.sched_setaffinity, 0, before)
    return None


def _schedule(undo: ExitStack) -> str | None:
    if not hasattr(os, "sched_setscheduler"):
        return "SCHED_FIFO: this system has none; run on Linux."
    before = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        # without the reset flag, every thread started from here on would be real-time too
        os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(PRIORITY))
    except OSError as fault:
        return (
            f"SCHED_FIFO: priority {PRIORITY} was denied ({_reason(fault)}); run as root, give the "
            f"interpreter CAP_SYS_NICE, or allow rtprio {PRIORITY} in /etc/security/limits.conf."
        )
    undo.callback(_quietly, os.sched_setscheduler, 0, *before)
    return None


def _lock_memory(undo: ExitStack) -> str | None:
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "mlockall"):
        return "mlockall: this system has none; run on Linux."
    if libc.mlockall(LOCK_NOW_AND_LATER) != 0:
        reason = os.strerror(ctypes.get_errno())
        return (
            f"mlockall: locking the memory was denied ({reason}); run as root, give the interpreter "
            "CAP_IPC_LOCK, or allow memlock unlimited in /etc/security/limits.conf."
        )
    undo.callback(libc.munlockall)
    return None


def _quietly(call: Callable[..., Any], *arguments: Any) -> None:
    try:
        call(*arguments)
    except OSError as fault:
        if fault.errno != errno.EPERM:  # dropping the right needs a right under some sandboxes
            raise


def _reason(fault: Exception) -> str:
    return getattr(fault, "strerror", None) or str(fault)
