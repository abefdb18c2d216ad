"""`seawall run --replay`: a recording through inbox and kernel, and the commands that it would have given."""

import csv
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

from controller.controller import Controller
from controller.errors import InputError
from controller.kernel.modes import CAUSE_NAMES, MODE_NAMES
from controller.output_file import written
from controller.ports.pace import LATE_LIMIT_US
from controller.ports.replay import ReplayPort
from controller.project import FILE_NAME, Project
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
    if output is not None and output.exists():
        own = {recording: "the recording itself", project.root / FILE_NAME: "the project's own file"}
        own[project.root / project.config.controller.network] = "the project's own network"
        for path, what in own.items():
            if path.exists() and output.samefile(path):
                raise InputError(f"{output}: is {what}; give another file for the output")
    settings = project.config.controller
    stale_us = [sensor.stale_us for sensor in project.config.input]
    with (
        closing(ReplayPort(recording, controller.channels, max(LATE_LIMIT_US, *stale_us))) as port,
        command_log(project, output) if output else nullcontext() as log,
    ):
        doubts: list[str] = []

        def judge(over: bool) -> None:
            said = port.pace.remark(settings.period_us, settings.inbox_slots, stale_us, over)
            if said:
                doubts.append(f"{recording}: {said}")
                if on_warning:
                    on_warning(doubts[0])

        def each(tick: Tick) -> None:
            if not port.pace.judged:
                judge(over=False)
            if log:
                log(tick)
            if progress and tick.step % PROGRESS_EVERY == 0:
                progress("replay", port.done, port.total)
            if on_tick:
                on_tick(tick)

        summary = run(
            controller, port, realtime=realtime, start_us=port.start_us, on_tick=each, on_warning=on_warning
        )
        judge(over=True)
        if progress:
            progress("replay", port.done, port.total)
    return replace(summary, doubt=doubts[0] if doubts else "")


@contextmanager
def command_log(project: Project, path: Path) -> Iterator[OnTick]:
    """An on_tick that writes a CSV row a period; see controller.output_file."""
    names = [actuator.name for actuator in project.config.output]
    with written(path) as stream:
        rows = csv.writer(stream, lineterminator="\n")
        rows.writerow(["time_us", "mode", "cause", *names])

        def write(tick: Tick) -> None:
            mode, cause = MODE_NAMES[tick.mode], CAUSE_NAMES[tick.cause]
            rows.writerow([tick.time_us, mode, cause, *tick.outputs])

        yield write
