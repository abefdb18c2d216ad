"""What a campaign has shown so far, kept so that a kill at any moment loses at most one segment."""

import hashlib
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from controller.errors import InputError
from hil.statistics import Histogram

NAME = "hil-journal.json"


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

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {**vars(self), "kernel": self.kernel.to_json(), "trips": self.trips.to_json()}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Tally":
        """From to_json()."""
        histograms = {name: Histogram.from_json(data[name]) for name in ("kernel", "trips")}
        return cls(**{**data, **histograms})


def restore(work: Path, key: dict[str, Any]) -> Tally:
    """The tally of the campaign with this key, or a new one: a journal of another campaign is no use."""
    try:
        data = json.loads((work / NAME).read_text(encoding="utf-8"))
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
    aside, plain = work / f"{NAME}.new", tally.to_json()
    try:
        with aside.open("w", encoding="utf-8") as stream:
            json.dump({"key": key, "tally": plain, "check": _check(key, plain)}, stream)
            stream.flush()
            os.fsync(stream.fileno())
        aside.replace(work / NAME)
    except OSError as fault:
        raise InputError(f"{work}: can't be written ({fault.strerror}); give another --work") from None


def forget(work: Path) -> None:
    """Remove the journal of a campaign that has ended."""
    (work / NAME).unlink(missing_ok=True)
