"""The stages of a command: a line at the begin and the end of each, and what is kept where it is stopped."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock, Thread

Call = Callable[[str, int, int], None]
Say = Callable[[str], None]
EVERY_S = 60.0
KEPT = ("proofs", "contracts", "steps on the target")  # by their own stages, as each is done
_done: dict[str, tuple[int, int, Path]] = {}


@dataclass
class _Stage:
    begun_s: float
    told_s: float
    done: int
    total: int


@dataclass
class Lines:
    """A line where a stage begins and where it ends, with its seconds; within it at most one a minute.

    A call gives what, done and total; the first of a stage has what an earlier run has done. clock: seconds.
    """

    say: Say
    clock: Callable[[], float] = time.monotonic
    _open: dict[str, _Stage] = field(default_factory=dict)
    _ended: set[str] = field(default_factory=set)
    _lock: Lock = field(default_factory=Lock)

    def call(self, what: str, done: int, total: int) -> None:
        """What a stage has done so far."""
        with self._lock:
            now_s, stage = self.clock(), self._open.get(what)
            if stage is None and done >= total and what in self._ended:
                return
            if stage is None or done < stage.done:
                stage = self._open[what] = _Stage(now_s, now_s, done, total)
                self.say(f"{what} begin: {done:,} of {total:,}" if total > 1 else f"{what}: begun")
            stage.done, stage.total = done, total
            if done >= total:
                del self._open[what]
                self._ended.add(what)
                self._tell(what, stage, "end: " if total > 1 else "ended", now_s)
            elif now_s - stage.told_s >= EVERY_S:
                self._tell(what, stage, "", now_s)

    def beat(self) -> None:
        """Tell of every stage that was not told of for a minute."""
        with self._lock:
            now_s = self.clock()
            for what, stage in self._open.items():
                if now_s - stage.told_s >= EVERY_S:
                    self._tell(what, stage, "", now_s)

    def _tell(self, what: str, stage: _Stage, verb: str, now_s: float) -> None:
        stage.told_s = now_s
        count = f"{stage.done:,} of {stage.total:,}" if stage.total > 1 else "" if verb else "not ended"
        between = " " if verb and stage.total > 1 else ": "
        self.say(f"{what}{between}{verb}{count} after {now_s - stage.begun_s:,.0f} s")


@contextmanager
def lines(say: Say) -> Iterator[Call]:
    """Lines.call, with a line a minute from a stage that is silent."""
    told, over = Lines(say), Event()

    def watch() -> None:
        while not over.wait(EVERY_S / 4.0):
            told.beat()

    Thread(target=watch, daemon=True).start()
    try:
        yield told.call
    finally:
        over.set()


def remembered(call: Call, place: Path | None, say: Say) -> Call:
    """The call, which also says what an earlier run has done, and remembers what is kept in place."""
    known: set[str] = set()

    def told(what: str, done: int, total: int) -> None:
        if place is not None and what in KEPT:
            if done and what not in known:
                say(f"goes on: {done:,} of {total:,} {what} are taken over from {place}")
            known.add(what)
            _done[what] = (done, total, place)
        call(what, done, total)

    return told


def stopped() -> str:
    """What an interrupted command leaves, in one sentence."""
    parts = [
        f"{done:,} of {total:,} {what} in {place}" for what, (done, total, place) in _done.items() if done
    ]
    if not parts:
        return "stopped: nothing is kept, nothing is half-written; the same command begins again"
    return f"stopped: kept are {', '.join(parts)}; the same command goes on there"
