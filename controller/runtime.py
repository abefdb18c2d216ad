"""The periodic loop: samples in, one control period, command out; in virtual or in real time.

However the loop ends, the outputs go to their declared safe values within their slew limits, and the
last command is the safe one in any case; controller/native/flight.c does the same.
"""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from math import isfinite, nan
from time import monotonic, perf_counter_ns, sleep
from types import FrameType
from typing import Any

from controller.controller import Controller
from controller.errors import InputError
from controller.kernel.modes import CAUSE_NAMES, MODE_NAMES, SAFE
from controller.ports import Ended, Lost, Port
from controller.ports.messages import Command
from controller.project import Project
from controller.realtime import US, Clock, RealClock, VirtualClock, rights
from controller.summary import CAPACITY, Stopwatch, Summary, Tick, budgets, transition_counts

STOP_US = 1_000_000  # how long a stop may take to bring the outputs to their safe values
DELIVER_S, LOOK_S = 1.0, 0.001  # how long the safe command may then take to get through; how often one looks
COUNTERS = ("late", "duplicate", "overflow", "refused")
OnTick = Callable[[Tick], None]


def run(
    controller: Controller,
    port: Port,
    *,
    steps: int | None = None,
    realtime: bool = False,
    cpu: int | None = None,
    start_us: int | None = 0,
    clock: Clock | None = None,
    on_tick: OnTick | None = None,
    on_warning: Callable[[str], None] | None = None,
) -> Summary:
    """Reset the controller and fly it for `steps` periods, or until the port ends, Ctrl-C or SIGTERM.

    realtime: keep to the clock, with real-time rights where they are allowed (see controller.realtime),
    pinned to `cpu`; each denied right is a sentence for on_warning, given before the first period.
    In virtual time the loop runs as fast as it can, work takes no time, and every run is the same.
    start_us: the time of the first period; None in real time is CLOCK_MONOTONIC's, which senders know.
    clock: another clock than these two (a lockstep port's).
    on_tick: called after each period, always with the same record. The port stays open.
    Whatever is raised inside is raised again, after the safe output was sent.
    """
    if clock is None:
        period_us = controller.project.config.controller.period_us
        clock = RealClock(period_us, start_us) if realtime else VirtualClock(period_us, start_us or 0)
    flight = Flight(controller, port, clock, on_tick)
    nothing: list[str] = []
    with _signals(flight), rights(cpu) if realtime else nullcontext(nothing) as denied:
        if on_warning:
            for sentence in denied:
                on_warning(sentence)
        end = flight.fly(steps)
    return flight.summary(end, realtime, tuple(denied))


def periods(project: Project, seconds: float) -> int | None:
    """How many periods are nearest to so many seconds, at least one; None, without end, for 0 s alone.

    Raises InputError where the time is negative or no number.
    """
    if not 0.0 <= seconds < float("inf"):
        raise InputError(f"{seconds:g} seconds is no time to fly; give 0 or more, where 0 is until Ctrl-C")
    if seconds == 0.0:
        return None
    return max(1, round(seconds * 1e6 / project.config.controller.period_us))


def every(interval_s: float, show: OnTick) -> OnTick:
    """An on_tick that calls show() at most once in interval_s seconds, the first period included."""
    interval_ns, due_ns = int(interval_s * 1e9), 0

    def call(tick: Tick) -> None:
        nonlocal due_ns
        now_ns = perf_counter_ns()
        if now_ns >= due_ns:
            due_ns = now_ns + interval_ns
            show(tick)

    return call


class Flight:
    """One run: its buffers, allocated once, and its period."""

    def __init__(
        self,
        controller: Controller,
        port: Port,
        clock: Clock,
        on_tick: OnTick | None,
        capacity: int = CAPACITY,
    ) -> None:
        self.controller, self.port, self.clock, self.on_tick = controller, port, clock, on_tick
        project = controller.project
        self.stop = False
        self.tick = Tick()
        self.stopwatch = Stopwatch(budgets(project), capacity)
        self._deadline_ns = project.config.timing.deadline_us * US
        self._safe = tuple(project.law.limits.safe)
        self._samples = self._not_finite = self._misses = self._skipped = self._first_us = 0
        self._late = self._lost = self._unsafe = False
        self._inbox = controller.snapshot().inbox
        self._moves = [0] * len(MODE_NAMES) ** 2
        self._modes = [0] * len(MODE_NAMES)
        self._causes = [0] * len(CAUSE_NAMES)

    def fly(self, steps: int | None) -> str:
        """Periods until `steps`, a stop or the port's end; then the safe output. Why it ended."""
        self.controller.reset()
        self.tick.mode, self.tick.outputs = self.controller.mode, self._safe
        try:
            end = self._periods(steps)
        except BaseException as fault:
            unsafe = self._make_safe()
            if unsafe:
                fault.add_note(unsafe)
            raise
        self._count_skipped()
        self._inbox = self.controller.snapshot().inbox
        unsafe = self._make_safe()
        self._unsafe = unsafe is not None
        return f"{end}; {unsafe}" if unsafe else end

    def _periods(self, steps: int | None) -> str:
        try:
            while steps is None or self.tick.step < steps:
                now_us = self.clock.wait(self._stopping)
                if self.stop:
                    return "interrupted"
                self._period(now_us)
        except KeyboardInterrupt:
            return "interrupted"
        except Ended as ended:
            return str(ended)
        except Lost as lost:
            self._lost = True
            return str(lost)
        return "completed"

    def _period(self, now_us: int) -> None:
        """One period at now_us: receive, decide, send; then the book-keeping, outside the period's work."""
        controller, clock = self.controller, self.clock
        missed = self._late or clock.skipped > self._skipped
        begin = perf_counter_ns()
        for sample in self.port.receive(now_us):
            controller.receive(now_us, sample.channel, sample.time_us, sample.value)
            self._samples += 1
            self._not_finite += not isfinite(sample.value)
        sensed = perf_counter_ns()
        outputs = controller.tick(now_us, missed)
        decided = perf_counter_ns()
        mode, cause = controller.mode, controller.cause
        self.port.send(Command(now_us, mode, cause, outputs))
        sent = perf_counter_ns()
        spent = clock.spent_ns()
        self._late = spent > self._deadline_ns
        self._misses += self._late
        self._count_skipped()
        self.stopwatch.note(sensed - begin, decided - sensed, sent - decided, max(spent, sent - begin))
        self._keep(now_us, mode, cause, outputs)

    def _count_skipped(self) -> None:
        """A period that was skipped is a deadline that was missed, also the last ones before a stop."""
        self._misses += self.clock.skipped - self._skipped
        self._skipped = self.clock.skipped

    def _keep(self, now_us: int, mode: int, cause: int, outputs: tuple[float, ...]) -> None:
        tick = self.tick
        self._moves[len(MODE_NAMES) * tick.mode + mode] += 1
        self._modes[mode] += 1
        self._causes[cause] += 1
        if not tick.step:
            self._first_us = now_us
        tick.step += 1
        tick.time_us, tick.mode, tick.cause, tick.outputs = now_us, mode, cause, outputs
        tick.misses = self._misses
        if self.on_tick:
            self.on_tick(tick)

    def _make_safe(self) -> str | None:
        """Bring the outputs to their safe values; a sentence where the last command did not get through."""
        safe = Command(self.tick.time_us, SAFE, self.tick.cause, self._safe)
        try:
            if not self._lost:
                safe = self._glide()
        except (Exception, KeyboardInterrupt):  # what is left is to send it without a ramp
            pass
        try:
            if self._deliver(safe):
                return None
            what = f"did not get through in {DELIVER_S:g} s"
        except Exception as fault:  # whatever broke, the loop's own end is the one to report
            what = f"could not be sent ({fault})"
        return f"the safe output {what}; stop the actuator by other means"

    def _deliver(self, safe: Command) -> bool:
        """Send the safe command and wait until it has left."""
        until, sent = monotonic() + DELIVER_S, False
        while monotonic() < until:
            if self.port.delivered():
                if sent:
                    return True
                sent = self.port.send(safe, last=True)
            sleep(LOOK_S)
        return False

    def _glide(self) -> Command:
        """Periods in which every sensor is bad, so that the kernel keeps to the slew limits on the way.

        The safe command, for when they are over: after STOP_US in any case.
        """
        controller, clock, now_us = self.controller, self.clock, self.tick.time_us
        period_us = controller.project.config.controller.period_us
        ahead_us = controller.project.law.clock.ahead_us  # so late that no sample of a channel is newer
        until_us = now_us + STOP_US
        if not isinstance(clock, RealClock):  # a far end that is the clock may be gone
            clock = VirtualClock(period_us, now_us + period_us)
        while controller.output != self._safe and now_us + period_us <= until_us:
            now_us = clock.wait(lambda: False)
            for channel in range(controller.project.sizes["inputs"]):
                controller.receive(now_us, channel, now_us + ahead_us, nan)
            outputs = controller.tick(now_us)
            self.port.send(Command(now_us, controller.mode, controller.cause, outputs))
        return Command(now_us, SAFE, controller.cause, self._safe)

    def _stopping(self) -> bool:
        return self.stop

    def summary(self, end: str, realtime: bool, warnings: tuple[str, ...] = ()) -> Summary:
        """What the run was."""
        controller, tick = self.controller, self.tick
        box = self._inbox
        return Summary(
            backend=controller.backend,
            realtime=realtime,
            end=end,
            lost=self._lost,
            safe=not self._unsafe,
            periods=tick.step,
            skipped=self._skipped,
            first_us=self._first_us,
            last_us=tick.time_us,
            deadline_us=self._deadline_ns // US,
            deadline_misses=self._misses,
            samples=self._samples,
            line=self.port.counts(),
            not_finite=self._not_finite,
            inbox={name: getattr(box, name) for name in COUNTERS},
            modes=dict(zip(MODE_NAMES, self._modes, strict=True)),
            causes={name: n for name, n in zip(CAUSE_NAMES, self._causes, strict=True) if n},
            transitions=transition_counts(self._moves),
            outputs=tick.outputs,
            stages=self.stopwatch.stages(),
            warnings=warnings,
        )


@contextmanager
def _signals(flight: Flight) -> Iterator[None]:
    """The first Ctrl-C or SIGTERM ends the flight after its period; a second one acts as it did before."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before: dict[int, Any] = {}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def stop(number: int, frame: FrameType | None) -> None:
        flight.stop = True
        restore()

    for number in (signal.SIGINT, signal.SIGTERM):
        before[number] = signal.signal(number, stop)
    try:
        yield
    finally:
        restore()
