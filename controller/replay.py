"""`seawall run --replay`: a recording through inbox and kernel, and the commands that it would have given."""

import csv
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path

from controller.controller import Controller
from controller.errors import InputError
from controller.kernel.modes import CAUSE_NAMES, MODE_NAMES
from controller.ports.replay import ReplayPort
from controller.project import Project
from controller.runtime import OnTick, run
from controller.summary import Summary, Tick

Progress = Callable[[str, int, int], None]
PROGRESS_EVERY = 1024  # periods


def replay(
    controller: Controller,
    recording: Path,
    *,
    output: Path | None = None,
    realtime: bool = False,
    on_tick: OnTick | None = None,
    on_warning: Callable[[str], None] | None = None,
    progress: Progress | None = None,
) -> Summary:
    """Fly a recording: periods from its first sample on, period_us apart, until all has been taken in.

    output: a CSV of every period's time, mode, cause and outputs, written aside and renamed at the end.
    realtime: at the pace at which it was recorded. Raises InputError with file and line.
    """
    project = controller.project
    if output is not None and output.exists() and recording.exists() and output.samefile(recording):
        raise InputError(f"{output}: is the recording itself; give another file for the output")
    with (
        closing(ReplayPort(recording, controller.channels)) as port,
        command_log(project, output) if output else nullcontext() as log,
    ):

        def each(tick: Tick) -> None:
            if log:
                log(tick)
            if progress and tick.step % PROGRESS_EVERY == 0:
                progress("replay", port.done, port.total)
            if on_tick:
                on_tick(tick)

        summary = run(
            controller, port, realtime=realtime, start_us=port.start_us, on_tick=each, on_warning=on_warning
        )
        if progress:
            progress("replay", port.done, port.total)
    return summary


@contextmanager
def command_log(project: Project, path: Path) -> Iterator[OnTick]:
    """An on_tick that writes a CSV row a period; the file appears at the end, and only if nothing fails."""
    names = [actuator.name for actuator in project.config.output]
    try:
        handle, aside = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as fault:
        raise InputError(f"{path}: can't be written ({fault.strerror}); choose another place") from None
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
            rows = csv.writer(stream, lineterminator="\n")
            rows.writerow(["time_us", "mode", "cause", *names])

            def write(tick: Tick) -> None:
                mode, cause = MODE_NAMES[tick.mode], CAUSE_NAMES[tick.cause]
                rows.writerow([tick.time_us, mode, cause, *tick.outputs])

            yield write
        _publish(Path(aside), path)
    finally:
        Path(aside).unlink(missing_ok=True)


def _publish(aside: Path, path: Path) -> None:
    mask = os.umask(0)
    os.umask(mask)
    aside.chmod(0o666 & ~mask)  # mkstemp's file is private
    try:
        aside.replace(path)
    except OSError as fault:
        raise InputError(f"{path}: can't be written ({fault.strerror}); choose another place") from None
