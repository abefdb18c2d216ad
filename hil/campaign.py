"""The campaign: fly a target step by step, compare every bit with the reference, time it, break it.

The steps go in segments (segments.py), so that a campaign that was killed goes on at the last one. Then the
target flies by itself (alone.py), and each fault of faults.py is injected. A target's times are believed
only as far as timing.py and excess.py bound them; what was seen wrong is written down, whatever ends it.
"""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from controller.config import CampaignTable
from controller.errors import InputError
from controller.native import mission
from controller.ports.frame import PAYLOAD_LIMIT
from controller.ports.messages import HEADER, SAMPLE, Sample
from controller.project import Project
from hil import alone, faults, journal, timing
from hil.alone import ON_TARGET
from hil.excess import SEEN
from hil.identity import check_identity
from hil.journal import Tally
from hil.link import Counts, Link, TargetError, TargetRebooted
from hil.messages import NONCE, PERIOD, PROTOCOL, STEP, TIME, Identity, Period
from hil.segments import PYTHON_EACH, PYTHON_FIRST, SEGMENT, SINGLE, TOGETHER, Segments, shown
from hil.statistics import Histogram
from hil.targets import Embedded, Port, embedded
from hil.timing import RATE, RESOLUTION, SHARE

__all__ = ["PYTHON_EACH", "PYTHON_FIRST", "SEGMENT", "SINGLE", "exit_status", "run"]

Progress = Callable[[str, int, int], None]
Show = Callable[[Histogram, Histogram], None]
Flown = TypeVar("Flown")

SCHEMA = "seawall/hil/1"
MOST_STEPS = 10**12


def run(
    project: Project,
    work: Path,
    steps: int = 100_000,
    url: str | None = None,
    seed: int = 1,
    progress: Progress | None = None,
    show: Show | None = None,
    baud: int | None = None,
) -> dict[str, Any]:
    """The result of the whole campaign, which flown() flies; its journal is forgotten."""
    with flown(project, work, steps, url, seed, progress, show, baud) as result:
        return result


@contextmanager
def flown(
    project: Project,
    work: Path,
    steps: int = 100_000,
    url: str | None = None,
    seed: int = 1,
    progress: Progress | None = None,
    show: Show | None = None,
    baud: int | None = None,
) -> Iterator[dict[str, Any]]:
    """The whole campaign on this machine, or on the target at a pyserial URL; see schema/hil-1.json.

    The journal is forgotten when the block that uses the result has ended well: until then nothing is lost.
    work: a folder for the journal. show: gets the kernel's and the round trip's histogram now and then.
    baud: the line's bits a second; as many as the project's periods need, unless given.
    Raises InputError where the input is at fault, TargetError where the target is not the proved program
    or can't be flown. A target that fails in flight gives a result with `error`, and the journal stays.
    """
    if not 1 <= steps <= MOST_STEPS:
        raise InputError(f"--steps {steps}: must be from 1 to {MOST_STEPS}; choose one")
    _check_sizes(project)
    speed = baud or mission.baud(project)[0]
    with journal.held(work):
        if progress and url is None:
            progress("compile the target", 0, 1)
        with (
            closing(Port(url) if url is not None else embedded(project)) as target,
            Link(target.url, baud=speed) as link,
        ):
            if progress and url is None:
                progress("compile the target", 1, 1)
            campaign = _Campaign(project, work, steps, seed, target, link, progress, show)
            result = campaign.run()
        yield result
        if "error" not in result:
            journal.forget(work, campaign.key)


def exit_status(result: dict[str, Any]) -> int:
    """1 where something was shown to be wrong, 3 where the times are in doubt, else 0.

    Wrong is: a bit that differs, a fault that was not met as declared, times over the deadline, a line that
    was mended more often than the project allows, a target that failed; and what an earlier run of the same
    campaign saw of that.
    """
    word = result["timing"]["word"]
    bad = result["mismatches"] or result.get("error") or not result["on_target"]["matches"]
    bad = bad or result["wrong"] or result["line"]["above"] or word == "REFUTED"
    bad = bad or not all(fault["passed"] for fault in result["faults"])
    return 1 if bad else 3 if word == "OPEN" else 0


def _line(counts: Counts, allowed: CampaignTable) -> dict[str, Any]:
    """The result's `line`."""
    most = allowed.model_dump()
    judged = {**asdict(counts), "damaged": counts.damaged + counts.refused}
    return {
        **asdict(counts),
        "spoilt": judged["damaged"],
        "allowed": most,
        "above": [name for name in most if judged[name] > most[name]],
        "text": "What went wrong on the line, and was mended, in the steps and in the target's own flight, "
        "in all runs of the campaign; the faults make their own, of which only a reboot that none is meant "
        "to bring counts. spoilt: frames damaged either way, which `damaged` of `allowed` judges.",
    }


def _check_sizes(project: Project) -> None:
    inputs, outputs = project.sizes["inputs"], project.sizes["outputs"]
    asked = HEADER.size + STEP.size + PERIOD.size + 2 * inputs * SAMPLE.size
    told = HEADER.size + NONCE.size + TIME.size + 6 + 8 * outputs
    if max(asked, told) > PAYLOAD_LIMIT or 2 * inputs > 255:
        raise InputError(
            f"{project.root}: {inputs} inputs and {outputs} outputs do not fit a frame of {PAYLOAD_LIMIT} "
            "bytes; the bench takes at most 84 inputs and 509 outputs"
        )


def _full(project: Project) -> Period:
    """A period in which each input has a sample in range."""
    sensors, now_us = project.law.sensors, project.config.controller.period_us
    spans = enumerate(zip(sensors.low, sensors.high, strict=True))
    return Period(now_us, 0, [Sample(j, now_us, 0.5 * (low + high)) for j, (low, high) in spans])


class _Campaign:
    """One run of a campaign; what it has shown is in `tally`."""

    def __init__(
        self,
        project: Project,
        work: Path,
        steps: int,
        seed: int,
        target: Embedded | Port,
        link: Link,
        progress: Progress | None,
        show: Show | None,
    ) -> None:
        self.project, self.work, self.steps, self.seed = project, work, steps, seed
        self.target, self.link = target, link
        self.progress = progress or (lambda what, done, total: None)
        self.show = show or (lambda kernel, trips: None)
        self.deadline_us = project.config.timing.deadline_us
        self.late_per_million = project.config.timing.late_per_million
        self.allowed: CampaignTable = project.config.campaign
        self.watch = timing.Watch(link, self.deadline_us, _full(project))
        self.tally = Tally()
        self.earlier = Counts()  # of the line, in the runs before this one
        self.before_faults: Counts | None = None
        self.unforeseen = 0  # reboots in the faults that none is meant to bring
        self.key: dict[str, Any] = {}
        self.wrong: dict[str, str] = {}  # as in the tally, and written down with it
        self.met: list[dict[str, Any]] = []
        self.own: dict[str, Any] = alone.NONE
        self.seen = alone.Seen()

    def run(self) -> dict[str, Any]:
        """Identity, steps, the target's own flight, faults; the result."""
        identity = check_identity(self.link, self.project)
        clock = self.watch.begin()
        self.key = self._key(identity)
        self.tally = journal.restore(self.work, self.key)
        self.earlier = self.tally.line
        resumed = self.tally.done > 0
        error = None
        try:
            self._segments()
            self.own = self._unless_rebooted(self._alone)
            self._unless_rebooted(partial(self.watch.settle, self.progress))
            self.before_faults = self.link.counts()
            guard = self._unless_rebooted
            faults.run(self.project, self.target, self.link, self.progress, guard, self.met)
        except TargetError as fault:
            error = f"{fault}; {self.tally.steps} steps are kept, {self._way_on(fault)}"
        finally:
            self._keep()  # what went wrong is not forgotten by running again, whatever ended this run
        return {
            "schema": SCHEMA,
            "target": {
                "name": self.target.name,
                "here": isinstance(self.target, Embedded),
                "kernel_digest": identity.kernel_digest,
                "parameter_digest": identity.parameter_digest,
                "machine": identity.machine,
                "baud": self.link.baud,
                "clock_overhead_ns": clock.overhead_ns,
            },
            "faults": self.met,
            "not_injected": [] if isinstance(self.target, Embedded) else list(faults.NEED_PROCESS),
            "on_target": self.own,
            "resumed": resumed,
            **self._tallied(),
            **self._times(error),
            **({"error": error} if error else {}),
        }

    def _key(self, identity: Identity) -> dict[str, Any]:
        """All that a count or a time in the tally depends on: with another key it is another campaign."""
        target = self.target
        named = ["embedded", target.program.name] if isinstance(target, Embedded) else target.url
        return {
            "schema": SCHEMA, "target": named, "machine": identity.machine, "kernel": identity.kernel_digest,
            "parameters": identity.parameter_digest, "steps": self.steps, "seed": self.seed,
            "deadline_us": self.deadline_us, "protocol": PROTOCOL, "baud": self.link.baud,
            "rules": [SEGMENT, SINGLE, TOGETHER, PYTHON_FIRST, PYTHON_EACH, RATE, RESOLUTION, SHARE, SEEN],
        }  # fmt: skip

    def _way_on(self, fault: TargetError) -> str:
        if isinstance(fault, TargetRebooted):
            most = self.allowed.reboots
            return f"allow more [campaign] reboots than {most} to go on, or begin again with another --work"
        return "run again to go on"

    def _keep(self) -> None:
        """Write down what this run has seen, of the line too; not what the faults do to it."""
        for fault in self.met:
            if not fault["passed"]:
                self.wrong.setdefault(f"fault {fault['id']}", fault["observed"])
        line = self.before_faults or self.link.counts()
        self.tally.line = self.earlier + line + Counts(reboots=self.unforeseen)
        self.tally.doubts = {**self.watch.doubts, **self.tally.doubts}
        self.tally.wrong = {**self.wrong, **self.tally.wrong}
        journal.keep(self.work, self.key, self.tally)

    def _segments(self) -> None:
        segments = Segments(self.project, self.link, self.watch, self.seed, self.wrong)
        while (number := self.tally.done) * SEGMENT < self.steps:
            self.progress("steps on the target", self.tally.steps, self.steps)
            count = min(SEGMENT, self.steps - number * SEGMENT)
            self.tally = self._unless_rebooted(partial(segments.fly, self.tally, number, count))
            self._keep()
            self.show(self.tally.kernel, self.tally.trips)
        self.progress("steps on the target", self.tally.steps, self.steps)

    def _alone(self) -> dict[str, Any]:
        steps = min(self.steps, ON_TARGET)
        flight = (self.project, self.link, self.watch, steps, self.seed)
        return alone.fly(*flight, self._shown, self.progress, self.wrong, self.seen)

    def _shown(self, period: Period) -> dict[str, Any]:
        return shown(self.project, period)

    def _unless_rebooted(self, part: Callable[[], Flown]) -> Flown:
        """A part of the campaign; from its start again after a reboot, as often as the project allows."""
        again = False
        while True:
            try:
                if again:
                    check_identity(self.link, self.project)
                if again and self.before_faults is None:  # no time is judged in the faults
                    self.watch.begin()
                return part()
            except TargetRebooted:
                again = True
                self.unforeseen += self.before_faults is not None
                self._keep()
                if self.tally.line.reboots > self.allowed.reboots:
                    raise

    def _tallied(self) -> dict[str, Any]:
        tally = self.tally
        digest = hashlib.sha256(f"{tally.chain} {self.own.get('digest', '')}".encode()).hexdigest()
        return {
            "steps": tally.steps,
            "seed": self.seed,
            "mismatches": tally.mismatches,
            "first_mismatch": tally.first_mismatch,
            "reference": {
                "native_steps": tally.steps,
                "python_steps": tally.python_steps,
                "text": "Every step is compared with the native backend on the host, the first "
                f"{PYTHON_FIRST:,} and {PYTHON_EACH} of each segment of {SEGMENT:,} with the Python backend "
                "too. Compared: mode, cause, every output bit, and the CRC-32 of the whole state.",
            },
            "deterministic_digest": digest,
            "modes": dict(sorted(tally.modes.items())),
            "line": _line(tally.line, self.allowed),
            "wrong": tally.wrong,
            "worst_input": tally.worst,
        }

    def _times(self, error: str | None) -> dict[str, Any]:
        """All that was timed, and what it is worth."""
        tally, own = self.tally, self.seen.times
        doubts = [*tally.doubts.values(), *(["the campaign did not end"] if error else [])]
        counted = [(tally.kernel_misses, tally.kernel.total), (self.seen.late, own.total)]
        return {
            "kernel_ns": tally.kernel.summary(),
            "round_trip_us": tally.trips.summary(1000.0),
            "histogram": {
                "kernel_ns": tally.kernel.bars(),
                "on_target_ns": own.bars(),
                "round_trip_us": tally.trips.bars(1000.0),
            },
            "timing": timing.verdict(self.watch, doubts, counted, self.deadline_us, self.late_per_million),
            "deadline_us": self.deadline_us,
            "late_per_million": self.late_per_million,
            "deadline_misses": tally.kernel_misses + tally.trip_misses + self.seen.late,
            "deadline": {
                "kernel": tally.kernel_misses,
                "round_trip": tally.trip_misses,
                "on_target": self.seen.late,
                "kernel_of": tally.kernel.total,
                "round_trip_of": tally.trips.total,
                "on_target_of": own.total,
                "text": "How many took longer than the deadline: of the kernel's times (receive and step, by "
                "the target's clock, a tick counted in) in the steps that the host gave and in those that "
                "the target flew by itself, each with what was flown once more, and of the round trips (one "
                "step to a frame, by the host's clock).",
            },
        }
