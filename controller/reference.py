"""A reference: what the network did where it was trained; the claim REFERENCE flies it again.

A CSV with the header time_us, each input's name, h0, h1, ... for the hidden states, each output's name. The
first row is the start: its states, and a low-pass that rests at its inputs. Each later row has what the
sensors measured at its time, in their units, and the states and the decoder's outputs that followed, after a
step from the time of the row before.
"""

import csv
import io
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from controller.errors import InputError
from controller.faults import digest, read_bytes, shorten, text_of
from controller.project import Project

SIZE_LIMIT = 64 * 1024 * 1024


@dataclass(frozen=True)
class Reference:
    """The rows of the file as arrays, rows first: inputs in their units, states, outputs before the guard."""

    path: Path
    digest: str
    time_us: list[int]
    inputs: NDArray[np.float64]
    states: NDArray[np.float64]
    outputs: NDArray[np.float64]


def columns(project: Project) -> list[str]:
    """The header that a project's reference must have."""
    hidden = [f"h{i}" for i in range(project.sizes["hidden"])]
    inputs, outputs = project.config.input, project.config.output
    return ["time_us", *(i.name for i in inputs), *hidden, *(o.name for o in outputs)]


def load_reference(project: Project) -> Reference | None:
    """The project's reference, None where it names none; raises InputError with the line of a fault."""
    if project.config.controller.reference is None:
        return None
    path = project.root / project.config.controller.reference
    data = read_bytes(path, SIZE_LIMIT)
    times, rows = _Reader(project, path, text_of(data, path)).read()
    inputs, outputs, table = project.sizes["inputs"], project.sizes["outputs"], np.array(rows)
    parts = table[:, :inputs], table[:, inputs:-outputs], table[:, -outputs:]
    return Reference(path, digest(data), times, *parts)


class _Reader:
    """The rows of one file, each checked as it is read."""

    def __init__(self, project: Project, path: Path, text: str) -> None:
        self.project, self.path, self.header = project, path, columns(project)
        self.rows = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)

    def read(self) -> tuple[list[int], list[list[float]]]:
        """The times, and all other numbers of each row."""
        times, found = list[int](), list[list[float]]()
        try:
            header = [cell.strip() for cell in next(self.rows, [])]
            if header != self.header:
                what = f"the header is {shorten(','.join(header))!r}; it must be {','.join(self.header)}"
                raise self._fault(what)
            for row in self.rows:
                if row:
                    found.append(self._numbers(row))
                    times.append(self._time(row[0], times))
        except csv.Error as fault:
            raise self._fault(f"is not CSV ({shorten(str(fault))}); export it again") from None
        if len(times) < 2:
            raise self._fault(f"it has {len(times)} rows of numbers; give the start and at least one more")
        return times, found

    def _numbers(self, row: list[str]) -> list[float]:
        if len(row) != len(self.header):
            raise self._fault(f"has {len(row)} fields, not {len(self.header)}; add or drop some")
        found = [self._number(*pair) for pair in zip(self.header[1:], row[1:], strict=True)]
        # a value out of range is a faulty sensor in flight, which would hold the last good one
        for sensor, value in zip(self.project.config.input, found, strict=False):
            if not sensor.low <= value <= sensor.high:
                span = f"[{sensor.low:g}, {sensor.high:g}] {sensor.unit}"
                raise self._fault(f"{sensor.name}: {value:g} is outside {span}; record it in range")
        return found

    def _number(self, name: str, cell: str) -> float:
        try:
            value = float(cell)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise self._fault(f"{name}: is {shorten(cell)!r}; write it as a finite number")
        return value

    def _time(self, cell: str, before: list[int]) -> int:
        """A time that is a step after the row before which the declared [dt] allows."""
        try:
            now_us = int(cell)
        except ValueError:
            what = f"time_us: is {shorten(cell)!r}; write it as a whole number of microseconds"
            raise self._fault(what) from None
        clock = self.project.law.clock
        if before and not clock.low_us <= now_us - before[-1] <= clock.high_us:
            span = f"{clock.low_us} to {clock.high_us} us"
            raise self._fault(
                f"time_us: is {now_us - before[-1]} us after the row before; [dt] allows {span}"
            )
        return now_us

    def _fault(self, what: str) -> InputError:
        return InputError(f"{self.path}: line {self.rows.line_num}: {what}")
