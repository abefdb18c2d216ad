"""A port onto a recording: samples in the order of the file, each when it arrived.

A sample arrives at the running maximum of the times up to it: one that stands after a newer one was
delayed on its way. The file is streamed (CSV) or bounded (npz); it is read while the loop flies.
"""

import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from controller.errors import InputError
from controller.kernel.inbox import LATEST_US
from controller.ports import Ended
from controller.ports.messages import Command, Sample
from controller.ports.recording import Reader, read_csv, read_npz

ZIP_MAGIC = b"PK"
GAP_LIMIT_US = 3_600_000_000  # a longer silence is a wrong time or two recordings in one file


class ReplayPort:
    """A recording of the inputs in `channels` (name to number); raises InputError with file and line.

    start_us: when the first sample arrived; done, total: how much of the file was read, in its own units.
    """

    def __init__(self, path: Path, channels: Mapping[str, int]) -> None:
        self.path = path
        _check_file(path)
        self._reader = _reader(path, channels)
        self._samples = iter(self._reader)
        self._next = next(self._samples, None)
        if self._next is None:
            raise InputError(f"{path}: has no samples; record some")
        self._arrival_us = self.start_us = self._next.time_us
        self._check(self._next)

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
                self._check(self._next)
                self._arrival_us = max(self._arrival_us, self._next.time_us)

    def _check(self, sample: Sample) -> None:
        time_us = sample.time_us
        if time_us < 0:
            raise InputError(f"{self._reader.place()}: time {time_us} us is negative; count from the start")
        if time_us > LATEST_US:
            raise InputError(f"{self._reader.place()}: time {time_us} us is beyond 2**53; give microseconds")
        silence = time_us - self._arrival_us
        if silence > GAP_LIMIT_US:
            where = self._reader.place()
            raise InputError(f"{where}: time jumps by {silence / 1e6:g} s; mend it, or split the recording")

    def send(self, command: Command) -> None:
        """A recording has no actuator."""

    def close(self) -> None:
        """Let the file go."""
        self._reader.close()


def _reader(path: Path, channels: Mapping[str, int]) -> Reader:
    with path.open("rb") as stream:
        zipped = stream.read(len(ZIP_MAGIC)) == ZIP_MAGIC
    return read_npz(path, channels) if zipped else read_csv(path, channels)


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
