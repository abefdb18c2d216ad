"""The steps of a campaign, segment by segment: fly the target, compare every bit, judge every time.

Each segment begins with a reset and has a seed of its own, so that one that was cut short is flown again.
Its first steps go one to a frame and time the round trip; the others share frames.
"""

import hashlib
import math
import time
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from controller.kernel.modes import MODE_NAMES
from controller.ports.frame import PAYLOAD_LIMIT
from controller.ports.messages import HEADER, SAMPLE, Kind
from controller.project import Project
from hil.excess import Excess
from hil.inputs import SEED_LANE, Stream, draw
from hil.journal import Tally
from hil.link import Link, TargetError
from hil.messages import NONCE, PERIOD, STEP, TIME, Period, Told
from hil.reference import NativeReference, PythonReference
from hil.timing import Watch

SEGMENT = 10_000  # steps from one reset to the next
SINGLE = 500  # of them, the first ones, one step to a frame
TOGETHER = 64  # of the others, at most so many to a frame
PYTHON_FIRST = 2_000  # steps of the first segment that the Python backend judges too
PYTHON_EACH = 50  # and of each other segment


@dataclass
class _Segment:
    """A segment in flight."""

    number: int
    judged: int  # steps that the Python backend judges too
    flown: int = 0


class Segments:
    """Flies segments of one campaign."""

    def __init__(self, project: Project, link: Link, watch: Watch, seed: int, wrong: dict[str, str]) -> None:
        self.wrong = wrong  # gets what differs as soon as it is seen
        self.project, self.link, self.watch, self.seed = project, link, watch, seed
        self.native, self.python = NativeReference(project), PythonReference(project)
        self.excess = Excess(watch)
        self.deadline_ns = watch.deadline_ns
        self.outputs = project.sizes["outputs"]

    def fly(self, tally: Tally, number: int, count: int) -> Tally:
        """The tally with one segment more; where the target fails, TargetError, and only times are added."""
        self.link.reset()
        self.native.reset()
        self.python.reset()
        segment = _Segment(number, min(PYTHON_FIRST if number == 0 else PYTHON_EACH, count))
        stream = Stream(self.project.law, draw(self.seed, number, SEED_LANE))
        part = deepcopy(tally)
        answers = hashlib.sha256()
        self.watch.read()
        try:
            for periods in frames(stream, count, self.outputs):
                told, trip_ns = self._step(periods)
                if segment.flown < SINGLE:
                    part.trips.add(trip_ns)
                    part.trip_misses += trip_ns > self.deadline_ns
                for period, one in zip(periods, told, strict=True):
                    self._judge(segment, part, period, one)
                    answers.update(one.judged)
            self.watch.read()
            self.watch.mean(part.kernel, "the steps")
            self.excess.judge(lambda: self._once_more(segment, part, stream.next()))
        except TargetError:
            tally.add_times(part)
            raise
        part.chain = hashlib.sha256(part.chain.encode() + answers.digest()).hexdigest()
        part.done, part.steps = number + 1, part.steps + count
        return part

    def _once_more(self, segment: _Segment, part: Tally, period: Period) -> None:
        """A step that only its time is wanted of: counted like any other; its bits follow no reference."""
        (told,), _ = self._step([period])
        self._time(segment, part, period, told)
        segment.flown += 1

    def _step(self, periods: list[Period]) -> tuple[list[Told], int]:
        """What the target told of a frame's steps, and the frame's round trip in ns; both are judged."""
        body = STEP.pack(0, len(periods)) + b"".join(period.pack() for period in periods)

        def read(answer: bytes) -> list[Told]:
            return Told.read(answer, len(periods), self.outputs)

        begin = time.perf_counter_ns()
        told = self.link.ask(Kind.STEP, body, read)
        trip_ns = time.perf_counter_ns() - begin
        told_ns = sum(one.kernel_ns for one in told)
        self.watch.within(told_ns, trip_ns, len(told))
        if self.excess.wants(len(told)):
            begin = time.perf_counter_ns()
            again = self.link.ask_again(read)
            self.excess.add(len(told), told_ns, trip_ns, time.perf_counter_ns() - begin)
            if again != told:
                self.watch.doubt("again", "it answered a frame that it was sent again in another way")
        return told, trip_ns

    def _judge(self, segment: _Segment, part: Tally, period: Period, told: Told) -> None:
        """One step's answer against the references, and its time."""
        self.native.fly(period)
        right = self.native.answer()
        same = told.judged == right
        if segment.flown < segment.judged:
            self.python.fly(period)
            same = same and self.python.answer() == right
            part.python_steps += 1
        if not same:
            part.mismatches += 1
            where = f"segment {segment.number}, step {segment.flown}"
            self.wrong.setdefault("bits", f"{where}: another answer than the reference's")
            part.first_mismatch = part.first_mismatch or {
                "segment": segment.number, "step": segment.flown,
                "expected": right.hex(), "told": told.judged.hex(), **shown(self.project, period),
            }  # fmt: skip
        mode = MODE_NAMES[self.native.mode]
        part.modes[mode] = part.modes.get(mode, 0) + 1
        self._time(segment, part, period, told)
        segment.flown += 1

    def _time(self, segment: _Segment, part: Tally, period: Period, told: Told) -> None:
        """Count the time of one step."""
        if told.kernel_ns > part.kernel.largest:
            place = {"segment": segment.number, "step": segment.flown, "kernel_ns": told.kernel_ns}
            part.worst = {**place, **shown(self.project, period)}
        part.kernel.add(told.kernel_ns)
        part.kernel_misses += told.kernel_ns > self.watch.limit_ns


def shown(project: Project, period: Period) -> dict[str, Any]:
    """A period for people: its samples by input name."""
    names = [sensor.name for sensor in project.config.input]
    samples = []
    for s in period.samples:
        name = names[s.channel] if 0 <= s.channel < len(names) else str(s.channel)
        value = s.value if math.isfinite(s.value) else str(s.value)
        samples.append({"input": name, "time_us": s.time_us, "value": value})
    return {"now_us": period.now_us, "missed": period.missed, "samples": samples}


def frames(stream: Stream, count: int, outputs: int) -> Iterator[list[Period]]:
    """The periods of a segment, in the groups that share a frame."""
    told = TIME.size + 6 + 8 * outputs
    asked = PERIOD.size + 2 * stream.channels * SAMPLE.size
    room = PAYLOAD_LIMIT - HEADER.size - max(STEP.size, NONCE.size)
    most = max(1, min(TOGETHER, room // told, room // asked))
    flown = 0
    while flown < count:
        size = 1 if flown < SINGLE else min(most, count - flown)
        yield [stream.next() for _ in range(size)]
        flown += size
