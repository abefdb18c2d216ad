"""The steps that a target flies by itself: the host flies the same, and the digests must agree.

That is a thousand times as many steps in a second; what the target tells of them is checked as any answer. A
request may take SEEN times what its steps took by the target's clock, floor_ns() and the line's own trip; one
that takes longer each time that the whole is flown again is a doubt (excess.py).
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from controller.ports.messages import Kind
from controller.project import Project
from hil.excess import SEEN, floor_ns
from hil.inputs import SEED_LANE, Stream, draw
from hil.link import Link
from hil.messages import CAMPAIGN, Outcome, Period
from hil.reference import NativeReference, digest_words
from hil.statistics import Histogram
from hil.timing import Watch

Progress = Callable[[str, int, int], None]
Shown = Callable[[Period], dict[str, Any]]

ON_TARGET = 200_000  # the most steps that the target flies by itself
CHUNK = 10_000  # of them, at most so many a request
CHUNK_NS = 2.0e9  # and about as many as take so long
LEAST = 100
CHUNK_TIMEOUT_S = 10.0
AGAIN = 5  # flown so often, at most, where a request took too long
NONE: dict[str, Any] = {"steps": 0, "matches": True}


@dataclass
class _Chunk:
    """A request's steps, and what the host found of them."""

    first: int
    count: int
    digest: int
    excess: str = ""  # why its times are in doubt


@dataclass
class Seen:
    """Every time that a target told of steps that it flew by itself, of a flight that ended or not."""

    times: Histogram = field(default_factory=Histogram)
    late: int = 0  # above the watch's limit
    worst: tuple[int, int] = (-1, 0)  # ns, step


class _Flight:
    """The steps, by chunks, flown by the target as often as it takes; every time that it tells is counted."""

    def __init__(self, link: Link, watch: Watch, seed: int, wrong: dict[str, str], seen: Seen) -> None:
        self.link, self.watch, self.seed, self.wrong, self.seen = link, watch, seed, wrong, seen
        self.chunks: list[_Chunk] = []
        self.matches = True

    def ask(self, chunk: _Chunk) -> None:
        """Fly one request: count its times, judge them against the time that it took, and its digest."""

        limit_ns = self.watch.limit_ns

        def read(body: bytes) -> Outcome:
            return Outcome.read(body, chunk.first, chunk.count, limit_ns)

        begin = time.perf_counter_ns()
        request = CAMPAIGN.pack(self.seed, chunk.first, chunk.count, limit_ns)
        told = self.link.ask(Kind.CAMPAIGN, request, read, CHUNK_TIMEOUT_S)
        took_ns = time.perf_counter_ns() - begin
        times = Histogram()
        for number, seen in told.bins.items():
            times.add_bin(number, seen, told.longest_ns)
        self.seen.times.merge(times)
        self.seen.late += told.late
        self.seen.worst = max(self.seen.worst, (told.longest_ns, told.step))
        least, most = times.bounds_ns()
        self.watch.within(max(least, told.longest_ns), took_ns, chunk.count)
        allowed_ns = SEEN * most + floor_ns(self.watch.deadline_ns) + self.watch.trip_ns()
        chunk.excess = "" if took_ns <= allowed_ns else (
            f"{chunk.count:,} steps that it flew by itself took {most:,} ns by its clock, and {took_ns:,} by "
            "the host's"
        )  # fmt: skip
        if told.digest != chunk.digest:
            self.matches = False
            steps = f"steps {chunk.first:,} to {chunk.first + chunk.count - 1:,}"
            self.wrong.setdefault("own flight", f"{steps} that it flew by itself: ANOTHER DIGEST")

    def judge(self) -> None:
        """Fly all again where some took too long, until they don't; else it is a doubt."""
        slow = [chunk for chunk in self.chunks if chunk.excess]
        for _ in range(AGAIN - 1):
            if not slow:
                return
            for chunk in self.chunks[: self.chunks.index(slow[-1]) + 1]:
                self.ask(chunk)
            slow = [chunk for chunk in slow if chunk.excess]
        if slow:
            self.watch.doubt("hidden by itself", slow[0].excess)


def fly(
    project: Project,
    link: Link,
    watch: Watch,
    steps: int,
    seed: int,
    shown: Shown,
    progress: Progress,
    wrong: dict[str, str],
    seen: Seen,
) -> dict[str, Any]:
    """The result's `on_target`. seed: the campaign's, from which another is drawn.

    wrong: gets another digest as soon as it is seen. seen: gets every time as soon as it is told.
    """
    seed = draw(seed, 0, SEED_LANE - 1)
    stream, native, flight = (
        Stream(project.law, seed),
        NativeReference(project),
        _Flight(link, watch, seed, wrong, seen),
    )
    native.reset()
    digest = 0
    size = max(LEAST, min(CHUNK, int(CHUNK_NS / watch.step_ns)))  # a slow target must answer in time
    for first in range(0, steps, size):
        progress("steps by the target itself", first, steps)
        periods = [stream.next() for _ in range(min(size, steps - first))]
        for period in periods:
            native.fly(period)
            digest = digest_words(digest, native.answer())
        chunk = _Chunk(first, len(periods), digest)
        flight.ask(chunk)
        flight.chunks.append(chunk)
    progress("steps by the target itself", steps, steps)
    flight.judge()
    watch.mean(seen.times, "the steps that it flew by itself")
    longest_ns, step = seen.worst
    again = Stream(project.law, seed)
    worst = next(islice(iter(again.next, None), step, None))
    return {
        "steps": steps, "seed": str(seed), "digest": f"{digest:016x}", "matches": flight.matches,
        "late": seen.late, "kernel_ns": seen.times.summary(),
        "worst_input": {"step": step, "kernel_ns": longest_ns, **shown(worst)},
    }  # fmt: skip
