"""Faults of link, sensor and target, each really injected and met by the kernel as declared.

The bench plays the plant with the messages that fly: SAMPLEs and a TICK each period, a COMMAND back. The
living definition (the Python backend) is given what should have got through; every bit of every command
must be its own. So a fault passes only if the mode, the counters and the bits are right.
"""

from collections.abc import Callable, Iterable
from copy import deepcopy
from dataclasses import dataclass, field, replace
from functools import partial
from math import nextafter
from struct import pack as pack_reals
from typing import Any

from controller.kernel.modes import CAUSE_NAMES, FALLBACK, MODE_NAMES, NOMINAL, SAFE
from controller.ports.frame import encode
from controller.ports.messages import Command, Kind, Sample, Tick, pack
from controller.project import Project
from hil.identity import TargetRefused, check_identity
from hil.inputs import UNIT, draw
from hil.link import Counts, Link, TargetError, TargetRebooted, TargetSilent
from hil.messages import STEP, Period, Told
from hil.reference import PythonReference
from hil.targets import Embedded, Port, agent_sources, compile_agent

Progress = Callable[[str, int, int], None]
Guard = Callable[[Callable[[], dict[str, Any]]], dict[str, Any]]
HANG_TIMEOUT_S = 0.2


@dataclass
class Seen:
    """What one injection showed: modes in order, what held and what did not."""

    modes: list[int] = field(default_factory=list)
    causes: list[int] = field(default_factory=list)
    held: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def check(self, holds: bool, what: str) -> None:
        """Note that something held, or did not."""
        (self.held if holds else self.broken).append(what)

    def mode_names(self) -> str:
        """The modes seen, each once, the mildest first."""
        return ", ".join(MODE_NAMES[mode] for mode in sorted(set(self.modes))) or "none: never armed"


class Bench:
    """The plant's side: it flies target and reference side by side."""

    def __init__(self, project: Project, target: Embedded | Port, link: Link) -> None:
        self.project, self.target, self.link = project, target, link
        self.reference = PythonReference(project)
        sensors = project.law.sensors
        self.fallback_channel = sensors.fallback.index(1)
        # A channel that the PID does not read, if there is one: its loss asks for the fallback
        self.channel = sensors.fallback.index(0) if 0 in sensors.fallback else self.fallback_channel
        self.lost_mode = SAFE if sensors.fallback[self.channel] else FALLBACK
        self.period_us = project.config.controller.period_us
        self.stale_periods = sensors.stale_us[self.channel] // self.period_us + 2
        self.now_us = 0
        self.drawn = 0
        self.differ = 0
        self.seen = Seen()

    def begin(self) -> None:
        """Reset both, and fly healthy periods until the network drives."""
        self.link.reset()
        self.reference.reset()
        self.now_us, self.differ = 0, 0
        self.recover()
        self.seen = Seen()

    def recover(self) -> int:
        """Healthy periods until the network drives; how many it took."""
        most = 2 * self.project.law.clock.recovery + 2  # SAFE is two modes away
        for n in range(most):
            self.period()
            if self.reference.mode == NOMINAL:
                return n + 1
        self.seen.check(False, f"not NOMINAL after {most} healthy periods")
        return most

    def samples(self) -> list[Sample]:
        """A healthy sample of each input, measured at the end of the coming period."""
        sensors, time_us = self.project.law.sensors, self.now_us + self.period_us
        self.drawn += 1
        spread = [
            low + (high - low) * ((draw(7, self.drawn, j) >> 11) * UNIT)
            for j, (low, high) in enumerate(zip(sensors.low, sensors.high, strict=True))
        ]
        return [Sample(j, time_us, value) for j, value in enumerate(spread)]

    def frames(self, samples: Iterable[Sample]) -> list[bytes]:
        """Their frames."""
        return [encode(pack(self.link.next(), sample)) for sample in samples]

    def period(
        self, sent: list[bytes] | None = None, arrived: list[Sample] | None = None, missed: int = 0
    ) -> bytes:
        """One period: bytes on the wire, and the samples that should get through; the TICK's payload."""
        healthy = self.samples() if arrived is None else arrived
        for data in self.frames(healthy) if sent is None else sent:
            self.link.write(data)
        self.now_us += self.period_us
        tick = pack(self.link.next(), Tick(self.now_us, missed == 1))
        self.judge(self.link.command(tick), healthy, missed)
        return tick

    def judge(self, told: Command, arrived: list[Sample], missed: int = 0) -> None:
        """Fly the reference, and compare the command with its own to the last bit."""
        self.reference.fly(Period(self.now_us, missed, arrived))
        mode, cause, outputs = self.reference.mode, self.reference.cause, self.reference.output
        same = (told.now_us, told.mode, told.cause) == (self.now_us, mode, cause)
        bits = pack_reals(f"<{len(told.outputs)}d", *told.outputs)
        self.differ += not (same and bits == pack_reals(f"<{len(outputs)}d", *outputs))
        self.seen.modes.append(told.mode)
        self.seen.causes.append(told.cause)

    def saw(self, mode: int) -> None:
        """Check that a mode was seen, and say why it came."""
        causes = [c for m, c in zip(self.seen.modes, self.seen.causes, strict=True) if m == mode and c]
        why = f" ({CAUSE_NAMES[causes[0]]})" if causes else ""
        self.seen.check(mode in self.seen.modes, f"{MODE_NAMES[mode]} seen{why}")

    def stayed(self) -> None:
        """Check that the network drove all the time."""
        self.seen.check(set(self.seen.modes) == {NOMINAL}, "NOMINAL all the time")

    def end(self) -> None:
        """Back to NOMINAL; then compare the whole state, and judge the bits."""
        modes, causes = list(self.seen.modes), list(self.seen.causes)
        climbs = self.reference.mode  # a mode's number is how many modes it is from NOMINAL
        in_time = self.recover() <= max(1, climbs * self.project.law.clock.recovery)
        self.seen.check(in_time, "NOMINAL again in time")
        self.seen.modes, self.seen.causes = modes, causes
        arrived = self.samples()
        self.now_us += self.period_us
        period = Period(self.now_us, 0, arrived)
        outputs = self.project.sizes["outputs"]
        (told,) = self.link.ask(
            Kind.STEP, STEP.pack(0, 1) + period.pack(), lambda answer: Told.read(answer, 1, outputs)
        )
        self.reference.fly(period)
        self.differ += told.judged != self.reference.answer()
        self.seen.check(self.differ == 0, f"{self.differ} commands differ from the reference's bits")


def corrupted_frame(bench: Bench) -> None:
    """Flip one to three bits of each frame of a channel, on the wire."""

    def damage(payload: bytes, n: int) -> bytes:
        frame = encode(payload)[:-1]
        word = int.from_bytes(frame, "little")
        for lane in range(n % 3 + 1):  # a third of the bits each, so that no two are the same
            word ^= 1 << (lane + 3 * (draw(11, n, 9 * lane) % (8 * len(frame) // 3)))
        return word.to_bytes(len(frame), "little") + b"\0"

    _refused(bench, damage)


def truncated_frame(bench: Bench) -> None:
    """Cut each frame of a channel short, its ending zero kept."""

    def damage(payload: bytes, n: int) -> bytes:
        frame = encode(payload)
        return frame[: 1 + draw(13, n, 0) % (len(frame) - 2)] + b"\0"

    _refused(bench, damage)


def _refused(bench: Bench, damage: Callable[[bytes, int], bytes]) -> None:
    before = bench.link.clock().refused
    for n in range(bench.stale_periods):
        samples = bench.samples()
        others = [sample for sample in samples if sample.channel != bench.channel]
        spoilt = damage(pack(bench.link.next(), samples[bench.channel]), n)
        bench.period([spoilt, *bench.frames(others)], others)
    refused = bench.link.clock().refused - before
    bench.seen.check(refused == bench.stale_periods, f"{refused} of {bench.stale_periods} frames refused")
    bench.saw(bench.lost_mode)


def duplicated_frame(bench: Bench) -> None:
    """Send every frame twice, the TICK's too."""
    before, ticks = bench.link.clock(), 20
    for _ in range(ticks):
        samples = bench.samples()
        frames = bench.frames(samples)
        twice = [sample for sample in samples for _ in range(2)]
        tick = bench.period([frame for frame in frames for _ in range(2)], twice)
        bench.link.exchange(tick, Kind.COMMAND)
    after = bench.link.clock()
    stepped, again = after.steps - before.steps, after.repeated - before.repeated
    bench.seen.check(stepped == ticks, f"{stepped} steps for {ticks} ticks")
    bench.seen.check(again == ticks, f"{again} answers given again")
    bench.stayed()


def reordered_frames(bench: Bench) -> None:
    """Let a sample overtake the one before it, and a TICK come after its successor."""
    before = bench.link.clock()
    for _ in range(10):
        first = bench.samples()
        late = first[bench.channel]
        on_time = [sample for sample in first if sample is not late]
        old = bench.period(bench.frames(on_time), on_time)
        second = [*reversed(bench.samples()), late]
        bench.period(bench.frames(second), second)
        bench.link.send(old)
    after = bench.link.clock()
    stepped, dropped = after.steps - before.steps, after.dropped - before.dropped
    bench.seen.check(stepped == 20, f"{stepped} steps for 20 ticks")
    bench.seen.check(dropped == 10, f"{dropped} of 10 old ticks dropped")
    if bench.project.law.sensors.stale_us[bench.channel] >= bench.period_us:
        bench.stayed()


def missing_frames(bench: Bench) -> None:
    """Lose a channel's samples, then every sample."""
    for _ in range(bench.stale_periods):
        others = [sample for sample in bench.samples() if sample.channel != bench.channel]
        bench.period(arrived=others)
    bench.saw(bench.lost_mode)
    longest = bench.project.law.sensors.stale_us[bench.fallback_channel] // bench.period_us + 2
    for _ in range(longest):
        bench.period(arrived=[])
    bench.saw(SAFE)


def nan_sensor(bench: Bench) -> None:
    """NaN from a channel, then from the one that the PID reads."""
    for channel, mode in ((bench.channel, bench.lost_mode), (bench.fallback_channel, SAFE)):
        samples = bench.samples()
        samples[channel] = replace(samples[channel], value=float("nan"))
        bench.period(arrived=samples)
        what = f"{MODE_NAMES[mode]} in the same period"
        bench.seen.check(bench.seen.modes[-1] == mode, what)


def stale_sensor(bench: Bench) -> None:
    """A channel that repeats its last sample for ever."""
    stuck = bench.samples()[bench.channel]
    for _ in range(bench.stale_periods):
        samples = bench.samples()
        samples[bench.channel] = stuck
        bench.period(arrived=samples)
    bench.saw(bench.lost_mode)


def hang(bench: Bench) -> None:
    """Stop the target's process in flight, and let it go on."""
    assert isinstance(bench.target, Embedded)
    samples = bench.samples()
    bench.target.hang()
    for data in bench.frames(samples):
        bench.link.write(data)
    bench.now_us += bench.period_us
    tick = pack(bench.link.next(), Tick(bench.now_us, False))
    try:
        bench.link.exchange(tick, Kind.COMMAND, HANG_TIMEOUT_S, tries=2)
        bench.seen.check(False, "the target answered while stopped")
    except TargetSilent:
        bench.seen.check(True, "silence noticed")
    finally:
        bench.target.go_on()
    bench.judge(bench.link.command(tick), samples)
    bench.now_us += 2 * bench.project.law.clock.high_us  # the plant has moved on
    bench.period(missed=1)
    bench.saw(FALLBACK)


def reset(bench: Bench) -> None:
    """Kill the target in flight and start it again."""
    assert isinstance(bench.target, Embedded)
    before = bench.link.clock().steps
    bench.target.kill()
    bench.target.start()
    try:
        bench.link.clock()
        bench.seen.check(False, "its answer has the nonce of the conversation before")
    except TargetRebooted:
        bench.seen.check(True, "noticed by the nonce, which it has forgotten")
    check_identity(bench.link, bench.project)
    after = bench.link.clock().steps
    bench.seen.check(after == 0 < before, "its step counter is 0")
    bench.reference.reset()
    bench.period()
    bench.saw(SAFE)


def other_kernel(bench: Bench) -> None:
    """Load a target with a kernel of other sizes."""
    sizes = {**bench.project.sizes, "slots": bench.project.sizes["slots"] + 1}
    _other(bench, replace(bench.project, sizes=sizes))


def other_parameters(bench: Bench) -> None:
    """Load a target with one weight changed in its last bit."""
    law = deepcopy(bench.project.law)
    law.network.b[0] = nextafter(law.network.b[0], 1.0e9)
    _other(bench, replace(bench.project, law=law))


def _other(bench: Bench, project: Project) -> None:
    assert isinstance(bench.target, Embedded)
    proved = bench.target.program
    bench.target.replace(compile_agent(agent_sources(project)))
    try:
        check_identity(bench.link, bench.project)
        bench.seen.check(False, "accepted")
    except TargetRefused:
        bench.seen.check(True, "refused")
        bench.seen.check(bench.link.clock().steps == 0, "before its first step")
    finally:
        bench.target.replace(proved)
    check_identity(bench.link, bench.project)


@dataclass(frozen=True)
class Fault:
    """One entry of the list; arms: whether the controller flies in it."""

    id: str
    expected: str
    inject: Callable[[Bench], None]
    arms: bool = True


LOST = "fallback (or the safe output where the PID reads it)"
FAULTS = (
    Fault("corrupted-frame", f"every frame refused and counted; {LOST}, then recovery", corrupted_frame),
    Fault("truncated-frame", f"every frame refused and counted; {LOST}, then recovery", truncated_frame),
    Fault("duplicated-frame", "one step a tick, the network drives on", duplicated_frame),
    Fault("reordered-frames", "samples put in order, old ticks dropped, the network drives on",
          reordered_frames),
    Fault("missing-frames", f"{LOST} when stale, the safe output when all are", missing_frames),
    Fault("nan-sensor", f"{LOST} in the same period, the safe output where the PID reads it", nan_sensor),
    Fault("stale-sensor", f"{LOST} when stale, then recovery", stale_sensor),
    Fault("hang", "noticed by the link; fallback when the target goes on, then recovery", hang),
    Fault("reset", "noticed; the safe output until armed again", reset),
    Fault("other-kernel", "refused before its first step", other_kernel, arms=False),
    Fault("other-parameters", "refused before its first step", other_parameters, arms=False),
)  # fmt: skip
NEED_PROCESS = ("hang", "reset", "other-kernel", "other-parameters")


def run(
    project: Project, target: Embedded | Port, link: Link,
    progress: Progress, guard: Guard, found: list[dict[str, Any]],
) -> None:  # fmt: skip
    """Inject each fault that the target allows; `found` gets each as the result's `faults` has it.

    guard: carries out an injection, again where it may be. What one showed wrong that broke off is found too.
    """

    def whole(fault: Fault) -> dict[str, Any]:
        bench = Bench(project, target, link)
        try:
            return inject(fault, bench)
        except (TargetError, KeyboardInterrupt, SystemExit):
            if bench.seen.broken:
                found.append(_entry(fault, bench.seen))
            raise

    listed = [f for f in FAULTS if isinstance(target, Embedded) or f.id not in NEED_PROCESS]
    for n, fault in enumerate(listed):
        progress("faults", n, len(listed))
        found.append(guard(partial(whole, fault)))
    progress("faults", len(listed), len(listed))


def inject(fault: Fault, bench: Bench) -> dict[str, Any]:
    """One fault, from NOMINAL back to NOMINAL."""
    before = bench.link.counts()
    bench.begin()
    fault.inject(bench)
    if fault.arms:
        bench.end()
    seen = bench.seen
    mended = bench.link.counts() - before
    if mended != Counts():
        names = ((getattr(mended, name), name) for name in vars(mended))
        seen.held.append("on the line: " + ", ".join(f"{count} {name}" for count, name in names if count))
    return _entry(fault, seen)


def _entry(fault: Fault, seen: Seen) -> dict[str, Any]:
    return {
        "id": fault.id,
        "expected": fault.expected,
        "observed": "; ".join([*(f"NOT AS DECLARED: {what}" for what in seen.broken), *seen.held]),
        "mode_seen": seen.mode_names(),
        "passed": not seen.broken,
    }
