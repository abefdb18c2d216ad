"""The campaign: fly a target step by step, compare every bit with the reference, time it, break it.

The steps go in segments; each begins with a reset and has a seed of its own, so that a campaign that was
killed goes on at the last segment. The first steps of a segment go one to a frame and time the round trip;
the others share frames. Then the target flies a campaign by itself, and each fault of faults.py is injected.
"""

import hashlib
import math
import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from controller.errors import InputError
from controller.kernel.modes import MODE_NAMES
from controller.ports.frame import PAYLOAD_LIMIT
from controller.ports.messages import HEADER, SAMPLE, Kind
from controller.project import Project
from hil import faults, journal
from hil.identity import check_identity
from hil.inputs import SEED_LANE, Stream, draw
from hil.journal import Tally
from hil.link import Link, TargetError
from hil.messages import BIN, CAMPAIGN, OUTCOME, PERIOD, STEP, TIME, Period
from hil.reference import NativeReference, PythonReference, digest_words
from hil.statistics import Histogram, upper_edge
from hil.targets import Embedded, Port, embedded

Progress = Callable[[str, int, int], None]
Watch = Callable[[Histogram, Histogram], None]

SCHEMA = "seawall/hil/1"
SEGMENT = 10_000  # steps from one reset to the next
SINGLE = 500  # of them, the first ones, one step to a frame
TOGETHER = 64  # of the others, at most so many to a frame
PYTHON_FIRST = 2_000  # steps of the first segment that the Python backend judges too
PYTHON_EACH = 50  # and of each other segment
ON_TARGET = 200_000  # the most steps that the target flies by itself
CHUNK = 10_000  # of them, so many a request
CHUNK_TIMEOUT_S = 10.0
MOST_STEPS = 10**12


def run(
    project: Project,
    work: Path,
    steps: int = 100_000,
    url: str | None = None,
    seed: int = 1,
    progress: Progress | None = None,
    watch: Watch | None = None,
) -> dict[str, Any]:
    """The whole campaign on the embedded target, or on the one at a pyserial URL; see schema/hil-1.json.

    work: a folder for the journal. watch: gets the kernel's and the round trip's histogram now and then.
    Raises InputError where the input is at fault, TargetError where the target is not the proved program
    or can't be flown. A target that fails in flight gives a result with `error`.
    """
    if not 1 <= steps <= MOST_STEPS:
        raise InputError(f"--steps {steps}: must be from 1 to {MOST_STEPS}; choose one")
    _check_sizes(project)
    try:
        work.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise InputError(f"{work}: can't be made ({fault.strerror}); give another --work") from None
    target = Port(url) if url is not None else embedded(project)
    try:
        with Link(target.url) as link:
            return _Campaign(project, work, steps, seed, target, link, progress, watch).run()
    finally:
        target.close()


def exit_status(result: dict[str, Any]) -> int:
    """1 where a bit differs, a fault was not met as declared, time ran out or the target failed; else 0."""
    bad = result["mismatches"] or result.get("error") or not result["on_target"]["matches"]
    late = result["kernel_ns"]["p99_9"] > result["deadline_us"] * 1000.0
    return int(bool(bad or late or not all(fault["passed"] for fault in result["faults"])))


def _check_sizes(project: Project) -> None:
    inputs, outputs = project.sizes["inputs"], project.sizes["outputs"]
    asked = HEADER.size + STEP.size + PERIOD.size + 2 * inputs * SAMPLE.size
    told = HEADER.size + 10 + 8 * outputs
    if max(asked, told) > PAYLOAD_LIMIT or 2 * inputs > 255:
        raise InputError(
            f"{project.root}: {inputs} inputs and {outputs} outputs do not fit a frame of {PAYLOAD_LIMIT} "
            "bytes; the bench takes at most 84 inputs and 510 outputs"
        )


@dataclass
class _Segment:
    """A segment in flight."""

    number: int
    native: NativeReference
    python: PythonReference
    judged: int  # steps that the Python backend judges too
    flown: int = 0


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
        watch: Watch | None,
    ) -> None:
        self.project, self.work, self.steps, self.seed = project, work, steps, seed
        self.target, self.link = target, link
        self.progress = progress or (lambda what, done, total: None)
        self.watch = watch or (lambda kernel, trips: None)
        self.native, self.python = NativeReference(project), PythonReference(project)
        self.deadline_ns = project.config.timing.deadline_us * 1000
        self.outputs = 8 * project.sizes["outputs"]
        self.size = TIME.size + 6 + self.outputs
        self.tally = Tally()

    def run(self) -> dict[str, Any]:
        """Identity, steps, the target's own campaign, faults; the result."""
        identity = check_identity(self.link, self.project)
        clock = self.link.clock()
        named = "embedded" if isinstance(self.target, Embedded) else self.target.url
        key = {
            "schema": SCHEMA, "target": named, "machine": identity.machine, "kernel": identity.kernel_digest,
            "parameters": identity.parameter_digest, "steps": self.steps, "seed": self.seed,
        }  # fmt: skip
        self.tally = journal.restore(self.work, key)
        resumed = self.tally.done > 0
        on_target: dict[str, Any] = {"steps": 0, "matches": True}
        met: list[dict[str, Any]] = []
        error = None
        try:
            self._segments(key)
            on_target = self._on_target()
            met = faults.run(self.project, self.target, self.link, self.progress)
            journal.forget(self.work)
        except TargetError as fault:
            error = f"{fault}; {self.tally.steps} steps are kept, run again to go on"
        return {
            "schema": SCHEMA,
            "target": {
                "name": self.target.name,
                "kernel_digest": identity.kernel_digest,
                "parameter_digest": identity.parameter_digest,
                "machine": identity.machine,
                "clock_overhead_ns": clock.overhead_ns,
            },
            "faults": met,
            "not_injected": [] if isinstance(self.target, Embedded) else list(faults.NEED_PROCESS),
            "on_target": on_target,
            "resumed": resumed,
            **self._tallied(on_target),
            **({"error": error} if error else {}),
        }

    def _tallied(self, on_target: dict[str, Any]) -> dict[str, Any]:
        tally = self.tally
        digest = hashlib.sha256(f"{tally.chain} {on_target.get('digest', '')}".encode()).hexdigest()
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
            "kernel_ns": tally.kernel.summary(),
            "round_trip_us": tally.trips.summary(1000.0),
            "histogram": {"kernel_ns": tally.kernel.bars(), "round_trip_us": tally.trips.bars(1000.0)},
            "deadline_us": self.project.config.timing.deadline_us,
            "deadline_misses": tally.kernel_misses + tally.trip_misses,
            "deadline": {
                "kernel": tally.kernel_misses,
                "round_trip": tally.trip_misses,
                "text": f"The kernel's times of all {tally.steps:,} steps (receive and step, by the target's "
                f"clock) and {tally.trips.total:,} round trips (one step to a frame, by the host's clock), "
                "each against the deadline.",
            },
            "worst_input": tally.worst,
        }

    def _segments(self, key: dict[str, Any]) -> None:
        total = -(-self.steps // SEGMENT)
        for number in range(self.tally.done, total):
            self.progress("steps on the target", self.tally.steps, self.steps)
            self._segment(number, min(SEGMENT, self.steps - number * SEGMENT))
            journal.keep(self.work, key, self.tally)
            self.watch(self.tally.kernel, self.tally.trips)
        self.progress("steps on the target", self.tally.steps, self.steps)

    def _segment(self, number: int, count: int) -> None:
        """Fly one segment; the tally takes it whole, or, where the target fails, not at all."""
        self.link.reset()
        self.native.reset()
        self.python.reset()
        judged = PYTHON_FIRST if number == 0 else PYTHON_EACH
        segment = _Segment(number, self.native, self.python, min(judged, count))
        stream = Stream(self.project.law, draw(self.seed, number, SEED_LANE))
        part = deepcopy(self.tally)
        answers = hashlib.sha256()
        for periods in _frames(stream, count, self.outputs):
            body = STEP.pack(0, len(periods)) + b"".join(period.pack() for period in periods)
            begin = time.perf_counter_ns()
            answer = self.link.request(Kind.STEP, body)
            trip_ns = time.perf_counter_ns() - begin
            if len(answer) != len(periods) * self.size:
                raise TargetError(f"target {self.link.url}: an answer of {len(answer)} bytes; build it again")
            if segment.flown < SINGLE:
                part.trips.add(trip_ns)
                part.trip_misses += trip_ns > self.deadline_ns
            for n, period in enumerate(periods):
                told = answer[n * self.size : (n + 1) * self.size]
                self._judge(segment, part, period, told)
                answers.update(told[TIME.size :])
        part.chain = hashlib.sha256(part.chain.encode() + answers.digest()).hexdigest()
        part.done, part.steps = number + 1, part.steps + count
        self.tally = part

    def _judge(self, segment: _Segment, part: Tally, period: Period, told: bytes) -> None:
        """One step's answer against the references, and its time."""
        (kernel_ns,) = TIME.unpack_from(told)
        segment.native.fly(period)
        right = segment.native.answer()
        same = told[TIME.size :] == right
        if segment.flown < segment.judged:
            segment.python.fly(period)
            same = same and segment.python.answer() == right
            part.python_steps += 1
        if not same:
            part.mismatches += 1
            part.first_mismatch = part.first_mismatch or {
                "segment": segment.number, "step": segment.flown,
                "expected": right.hex(), "told": told[TIME.size :].hex(), **self._shown(period),
            }  # fmt: skip
        name = MODE_NAMES[right[0]]
        part.modes[name] = part.modes.get(name, 0) + 1
        if kernel_ns > part.kernel.largest:
            place = {"segment": segment.number, "step": segment.flown, "kernel_ns": kernel_ns}
            part.worst = {**place, **self._shown(period)}
        part.kernel.add(kernel_ns)
        part.kernel_misses += kernel_ns > self.deadline_ns
        segment.flown += 1

    def _shown(self, period: Period) -> dict[str, Any]:
        """A period for people: its samples by input name."""
        names = [sensor.name for sensor in self.project.config.input]
        samples = []
        for s in period.samples:
            name = names[s.channel] if 0 <= s.channel < len(names) else str(s.channel)
            value = s.value if math.isfinite(s.value) else str(s.value)
            samples.append({"input": name, "time_us": s.time_us, "value": value})
        return {"now_us": period.now_us, "missed": period.missed, "samples": samples}

    def _on_target(self) -> dict[str, Any]:
        """The target flies a stream by itself; the host flies the same, and the digests must agree."""
        total = min(self.steps, ON_TARGET)
        seed = draw(self.seed, 0, SEED_LANE - 1)
        stream = Stream(self.project.law, seed)
        times, digest, matches = Histogram(), 0, True
        worst: dict[str, Any] = {"kernel_ns": -1}
        self.native.reset()
        for first in range(0, total, CHUNK):
            self.progress("steps by the target itself", first, total)
            count = min(CHUNK, total - first)
            body = CAMPAIGN.pack(seed, first, count)
            answer = self.link.request(Kind.CAMPAIGN, body, CHUNK_TIMEOUT_S)
            told, longest, step = OUTCOME.unpack_from(answer)
            for number, times_seen in BIN.iter_unpack(answer[OUTCOME.size :]):
                times.add(min(upper_edge(number), longest), times_seen)
            for number in range(first, first + count):
                period = stream.next()
                self.native.fly(period)
                digest = digest_words(digest, self.native.answer())
                if number == step and longest > worst["kernel_ns"]:
                    worst = {"step": step, "kernel_ns": longest, **self._shown(period)}
            matches = matches and told == digest
        self.progress("steps by the target itself", total, total)
        return {
            "steps": total, "seed": str(seed), "digest": f"{digest:016x}", "matches": matches,
            "kernel_ns": times.summary(), "worst_input": worst,
        }  # fmt: skip


def _frames(stream: Stream, count: int, outputs: int) -> Iterator[list[Period]]:
    """The periods of a segment, in the groups that share a frame."""
    told = 10 + outputs
    asked = PERIOD.size + 2 * stream.channels * SAMPLE.size
    room = PAYLOAD_LIMIT - HEADER.size - STEP.size
    most = max(1, min(TOGETHER, room // told, room // asked))
    flown = 0
    while flown < count:
        size = 1 if flown < SINGLE else min(most, count - flown)
        yield [stream.next() for _ in range(size)]
        flown += size
