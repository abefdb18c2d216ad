"""What a campaign has shown so far, kept so that a kill at any moment loses at most one segment."""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from controller.errors import InputError
from hil.link import Counts
from hil.statistics import Histogram

NAME = "hil-journal-{}.json"  # by campaign
LOCK = "hil-journal.lock"


@dataclass
class Tally:
    """The sum over the segments done; `chain` is the digest over every answer bit so far."""

    done: int = 0  # segments
    steps: int = 0
    chain: str = ""
    mismatches: int = 0
    first_mismatch: dict[str, Any] | None = None
    python_steps: int = 0  # of the steps, how many the Python backend judged too
    kernel: Histogram = field(default_factory=Histogram)
    trips: Histogram = field(default_factory=Histogram)
    modes: dict[str, int] = field(default_factory=dict)
    kernel_misses: int = 0
    trip_misses: int = 0
    worst: dict[str, Any] | None = None
    line: Counts = field(default_factory=Counts)
    doubts: dict[str, str] = field(default_factory=dict)  # of the target's times, one of a kind
    wrong: dict[str, str] = field(default_factory=dict)  # what was shown to be wrong, one of a kind

    def add_times(self, other: "Tally") -> None:
        """Take over the times of another, which began as this one: of a segment that did not end."""
        self.kernel, self.kernel_misses, self.worst = other.kernel, other.kernel_misses, other.worst
        self.trips, self.trip_misses = other.trips, other.trip_misses

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        parts = {"kernel": self.kernel.to_json(), "trips": self.trips.to_json(), "line": asdict(self.line)}
        return {**vars(self), **parts}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Tally":
        """From to_json()."""
        histograms = {name: Histogram.from_json(data[name]) for name in ("kernel", "trips")}
        return cls(**{**data, **histograms, "line": Counts(**data["line"])})


@contextmanager
def held(work: Path) -> Iterator[None]:
    """The folder for one campaign alone, made if missing; it is let go by a process that dies, too."""
    try:
        work.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(work / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as fault:
        raise InputError(
            f"{work}: can't be made or written ({fault.strerror}); give another --work"
        ) from None
    try:
        _lock(work, descriptor)
        yield
    finally:
        os.close(descriptor)


def _lock(work: Path, descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise InputError(
            f"{work}: another campaign keeps its journal here; wait for its end, or give another --work"
        ) from None


def path(work: Path, key: dict[str, Any]) -> Path:
    """The journal of the campaign with this key: those of others lie beside it."""
    return work / NAME.format(hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:16])


def restore(work: Path, key: dict[str, Any]) -> Tally:
    """The tally of the campaign with this key, or a new one."""
    try:
        data = json.loads(path(work, key).read_text(encoding="utf-8"))
        if data["key"] == key and data["check"] == _check(data["key"], data["tally"]):
            return Tally.from_json(data["tally"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        pass  # none, torn or touched: begin again
    return Tally()


def _check(key: Any, tally: Any) -> str:
    """SHA-256 over the whole: a journal that was changed in any way is no use."""
    return hashlib.sha256(json.dumps([key, tally]).encode()).hexdigest()


def keep(work: Path, key: dict[str, Any], tally: Tally) -> None:
    """Replace the journal in one step, on the disk before this returns."""
    place, plain = path(work, key), tally.to_json()
    aside = place.with_suffix(".new")
    try:
        with aside.open("w", encoding="utf-8") as stream:
            json.dump({"key": key, "tally": plain, "check": _check(key, plain)}, stream)
            stream.flush()
            os.fsync(stream.fileno())
        aside.replace(place)
    except OSError as fault:
        raise InputError(f"{work}: can't be written ({fault.strerror}); give another --work") from None


def forget(work: Path, key: dict[str, Any]) -> None:
    """Remove the journal of a campaign that has ended."""
    path(work, key).unlink(missing_ok=True)
