"""Recordings read strictly: CSV with the header time_us,channel,value, or npz with these three arrays.

A channel is an input's name or its number; a number that the project doesn't have is left for the inbox
to refuse. NaN and infinities are sensor faults, so they are data. Everything else that is odd is an error.
"""

import csv
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol, TextIO

import numpy as np

from controller.errors import InputError
from controller.faults import shorten
from controller.ports.messages import Sample

FIELDS = ("time_us", "channel", "value")
HEADER = ",".join(FIELDS)
SEPARATORS = {";": "semicolon", "\t": "tab", "|": "bar"}  # what other programs write for a comma
LINE_LIMIT = 4096  # characters
NPZ_LIMIT = 1 << 30  # bytes of the three arrays, unpacked
CHUNK = 4096  # samples of an npz that are Python objects at one time
WORD = 1 << 63


class Reader(Protocol):
    """Samples of one file; done of total were read."""

    done: int
    total: int

    def __iter__(self) -> Iterator[Sample]: ...
    def place(self) -> str:
        """The file, and the line or number of the last sample."""

    def close(self) -> None: ...


class CsvReader:
    """A CSV, line by line; at most one line is in memory."""

    def __init__(self, path: Path, stream: TextIO, channels: Mapping[str, int]) -> None:
        self.path, self.channels = path, channels
        self.done, self.total, self.line = 0, path.stat().st_size, 0
        self._stream = stream
        self._known = {**channels, **{str(n): n for n in channels.values()}}

    def __iter__(self) -> Iterator[Sample]:
        rows = csv.reader(self._lines(), strict=True)
        try:
            self._check_header(next(rows, []))
            for row in rows:
                if row:
                    yield self._sample(row)
        except csv.Error as fault:
            raise self._fault(f"is no CSV ({shorten(str(fault))}); mend or export it again") from None
        except OSError as fault:
            raise self._fault(f"what follows can't be read ({fault.strerror}); copy the file anew") from None

    def place(self) -> str:
        """The file and the line."""
        return f"{self.path}: line {self.line}"

    def close(self) -> None:
        """Let the file go."""
        self._stream.close()

    def _lines(self) -> Iterator[str]:
        while line := self._stream.readline(LINE_LIMIT):
            self.line += 1
            self.done += len(line)
            if len(line) == LINE_LIMIT:
                raise self._fault(f"is longer than {LINE_LIMIT} characters; a sample is three short fields")
            if not line.isascii() and any("\udc80" <= c <= "\udcff" for c in line):
                raise self._fault("is not UTF-8; save the file as UTF-8")
            yield line

    def _check_header(self, row: list[str]) -> None:
        if tuple(cell.strip() for cell in row) != FIELDS:
            self.line = 1
            for mark, name in SEPARATORS.items():
                if tuple(cell.strip() for cell in ",".join(row).split(mark)) == FIELDS:
                    raise self._fault(
                        f"its fields have a {name} between them; write commas, and points in numbers"
                    )
            raise self._fault(f"the header is {shorten(','.join(row))!r}; it must be {HEADER}")

    def _sample(self, row: list[str]) -> Sample:
        if len(row) != len(FIELDS):
            comma = len(row) == len(FIELDS) + 1 and row[-2].strip("+- ").isdigit() and row[-1].isdigit()
            mend = "write the value with a point, not a comma" if comma else f"write {HEADER}"
            raise self._fault(f"has {len(row)} fields, not {len(FIELDS)}; {mend}")
        time, channel, value = row
        known = self._known.get(channel.strip())
        return Sample(
            self._channel(channel) if known is None else known,
            self._whole(time, "time_us", "write it as a whole number of microseconds"),
            self._real(value),
        )

    def _channel(self, cell: str) -> int:
        names = ", ".join(self.channels)
        return self._whole(cell, "channel", f"write the number of an input or one of: {names}")

    def _whole(self, cell: str, field: str, mend: str) -> int:
        try:
            if "_" not in cell and cell.isascii():
                number = int(cell)
                if -WORD <= number < WORD:
                    return number
        except ValueError:
            pass
        raise self._fault(f"{field}: is {_shown(cell)}; {mend}")

    def _real(self, cell: str) -> float:
        try:
            if "_" not in cell and cell.isascii():
                return float(cell)
        except ValueError:
            pass
        mend = "write it with a point" if cell.count(",") == 1 else "write it as a number"
        raise self._fault(f"value: is {_shown(cell)}; {mend}, nan where the sensor failed")

    def _fault(self, what: str) -> InputError:
        return InputError(f"{self.place()}: {what}")


class NpzReader:
    """Three arrays of equal length, checked before the first sample is given."""

    def __init__(self, path: Path, time_us: Any, channel: Any, value: Any) -> None:
        self.path = path
        self.done, self.total = 0, len(time_us)
        self._arrays = time_us, channel, value

    def __iter__(self) -> Iterator[Sample]:
        for start in range(0, self.total, CHUNK):
            part = [array[start : start + CHUNK].tolist() for array in self._arrays]
            for time_us, channel, value in zip(*part, strict=True):
                self.done += 1
                yield Sample(channel, time_us, value)

    def place(self) -> str:
        """The file and the number of the sample, counted from 1."""
        return f"{self.path}: sample {self.done}"

    def close(self) -> None:
        """Nothing is held open."""


def read_csv(path: Path, channels: Mapping[str, int]) -> CsvReader:
    """A recording in CSV; its faults are raised as they are met."""
    return CsvReader(path, path.open(encoding="utf-8-sig", errors="surrogateescape", newline=""), channels)


def read_npz(path: Path, channels: Mapping[str, int]) -> NpzReader:
    """A recording in an npz: time_us and channel whole numbers (channel may be names), value numbers."""
    found = _arrays(path)
    time_us, channel, value = (found[name] for name in FIELDS)
    for name, kinds, mend in (
        ("time_us", "iu", "give whole numbers of microseconds"),
        ("channel", "iuU", "give numbers or names of inputs"),
        ("value", "fiu", "give numbers"),
    ):
        array = found[name]
        if array.ndim != 1 or array.dtype.kind not in kinds:
            raise InputError(f"{path}: {name}: is {array.dtype} of shape {array.shape}; {mend}, in one row")
    if not len(time_us) == len(channel) == len(value):
        lengths = ", ".join(f"{name} {len(found[name])}" for name in FIELDS)
        raise InputError(f"{path}: the arrays differ in length ({lengths}); give one entry a sample in each")
    if channel.dtype.kind == "U":
        channel = _numbers(path, channel, channels)
    return NpzReader(path, time_us, channel, value.astype(np.float64))


def _arrays(path: Path) -> dict[str, Any]:
    wanted = {f"{name}.npy" for name in FIELDS}
    try:
        with zipfile.ZipFile(path) as archive:
            sizes = {entry.filename: entry.file_size for entry in archive.infolist()}
        if set(sizes) != wanted:
            _check_members(path, sizes)
            names = ", ".join(sorted(shorten(name.removesuffix(".npy")) for name in sizes)[:8]) or "nothing"
            raise InputError(f"{path}: holds {names}; it must hold the arrays {', '.join(FIELDS)}, no other")
        if sum(sizes.values()) > NPZ_LIMIT:
            raise InputError(
                f"{path}: unpacks to {sum(sizes.values())} bytes; at most {NPZ_LIMIT} are read, split it"
            )
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in FIELDS}
    except (OSError, ValueError, EOFError, MemoryError, KeyError, RuntimeError) as fault:
        reason = shorten(str(fault) or type(fault).__name__)
        raise InputError(
            f"{path}: can't be read as plain arrays ({reason}); save it without pickles"
        ) from None
    except (zipfile.BadZipFile, zlib.error) as fault:
        raise InputError(f"{path}: is a damaged npz ({shorten(str(fault))}); save it again") from None


def _check_members(path: Path, sizes: Mapping[str, int]) -> None:
    """Raises InputError where the zip is something else than an npz."""
    if "[Content_Types].xml" in sizes or "content.xml" in sizes:
        raise InputError(f"{path}: is an Office document; export its sheet as CSV")
    if sizes and not any(name.endswith(".npy") for name in sizes):
        names = ", ".join(sorted(shorten(name) for name in sizes)[:8])
        raise InputError(f"{path}: is a zip archive of {names}, not an npz; unpack it first (unzip)")


def _numbers(path: Path, names: Any, channels: Mapping[str, int]) -> Any:
    unique, inverse = np.unique(names, return_inverse=True)
    for name in unique.tolist():
        if name not in channels:
            known = ", ".join(channels)
            raise InputError(f"{path}: channel: no input is named {shorten(name)!r}; choose from: {known}")
    return np.array([channels[name] for name in unique.tolist()], dtype=np.int64)[inverse]


def _shown(cell: str) -> str:
    return "empty" if not cell.strip() else repr(shorten(cell))
