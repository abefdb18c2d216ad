"""A port onto a recording: samples in the order of the file, each when it arrived.

A sample arrives at the running maximum of the times up to it: one that stands after a newer one was
delayed on its way. The file is streamed (CSV) or bounded (npz); it is read while the loop flies.
"""

import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from controller.errors import InputError
from controller.kinds import HEAD, other_than
from controller.ports import Ended
from controller.ports.messages import Command, Sample
from controller.ports.pace import GAP_LIMIT_US, Pace
from controller.ports.recording import Reader, read_csv, read_npz

ZIP_MAGIC = b"PK"


class ReplayPort:
    """A recording of the inputs in `channels` (name to number); raises InputError with file and line.

    late_us: how far behind the newest sample one may arrive. start_us: when the first sample arrived; done,
    total: how much of the file was read, in its own units; pace: what is odd in its times.
    """

    def __init__(self, path: Path, channels: Mapping[str, int], late_us: int = GAP_LIMIT_US) -> None:
        self.path = path
        _check_file(path)
        self._reader = _reader(path, channels)
        self._samples = iter(self._reader)
        self._next = next(self._samples, None)
        if self._next is None:
            raise InputError(f"{path}: has no samples; record some")
        self.pace = Pace(channels.values(), late_us)
        self.pace.check(self._next, self._reader.place)
        self._arrival_us = self.start_us = self._next.time_us

    @property
    def done(self) -> int:
        """How much of `total` was read."""
        return self._reader.done

    @property
    def total(self) -> int:
        """The size of the recording: bytes of a CSV, samples of an npz."""
        return self._reader.total

    def receive(self, now_us: int) -> Iterator[Sample]:
        """The samples that arrived by now_us; Ended where all were given before."""
        if self._next is None:
            raise Ended("the recording has ended")
        return self._until(now_us)

    def _until(self, now_us: int) -> Iterator[Sample]:
        while self._next is not None and self._arrival_us <= now_us:
            yield self._next
            self._next = next(self._samples, None)
            if self._next is not None:
                self.pace.check(self._next, self._reader.place)
                self._arrival_us = self.pace.newest_us

    def send(self, command: Command, last: bool = False) -> bool:
        """A recording has no actuator."""
        return True

    def delivered(self) -> bool:
        """Nothing is on the way."""
        return True

    def counts(self) -> dict[str, int]:
        """Nothing is lost on the way."""
        return {}

    def close(self) -> None:
        """Let the file go."""
        self._reader.close()


def _reader(path: Path, channels: Mapping[str, int]) -> Reader:
    with path.open("rb") as stream:
        head = stream.read(HEAD)
    if head.startswith(ZIP_MAGIC):
        return read_npz(path, channels)
    odd = other_than("CSV", head)
    if odd:
        raise InputError(f"{path}: {odd}")
    return read_csv(path, channels)


def _check_file(path: Path) -> None:
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise InputError(f"{path}: is a directory; give a CSV or npz file")
        if not stat.S_ISREG(mode):
            raise InputError(f"{path}: is not a plain file; give a CSV or npz file")
        path.open("rb").close()
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file; check the path") from None
    except (OSError, ValueError) as fault:
        reason = getattr(fault, "strerror", None) or str(fault)
        raise InputError(f"{str(path)!r}: can't be read ({reason}); check the path and its rights") from None
