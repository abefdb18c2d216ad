"""What the commands show: words, tables, progress, and JSON alone on standard output where it goes there."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib import metadata
from io import TextIOWrapper
from pathlib import Path
from select import select
from typing import Any

import typer
from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from certification import json_file, stages
from certification.report.glyphs import for_browser
from certification.requirements import OWN
from controller.errors import InputError
from controller.project import Project

out, err = Console(highlight=False, soft_wrap=True), Console(stderr=True, highlight=False, soft_wrap=True)
Call = Callable[[str, int, int], None]
SHOWN = 10  # names in a line; the pack has all
REDS = 3  # claims in a row of an attack
COLOURS = {"REFUTED": "red", "OPEN": "yellow", "failed": "red", "not shown": "yellow"}


def speak_any_text() -> None:
    """Whatever the terminal's encoding lacks (a unit, a name, half of a character) is shown as an escape."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def version(wanted: bool) -> None:
    """Print Seawall's version and end."""
    if wanted:
        out.print(f"seawall {metadata.version('seawall')}", markup=False)
        raise typer.Exit()


def alone(path: Path | None) -> Path | None:
    """Where JSON goes to standard output, all words go to standard error; a bad place is told at once."""
    if str(path) == "-":
        if sys.stdout is None:
            raise InputError("--json -: standard output is closed; open it, or give a file's name")
        out.file = sys.stderr
    elif path is not None:
        json_file.check(path)
    return path


@contextmanager
def progress(place: Path | None = None) -> Iterator[Call]:
    """Bars on a terminal, a line a stage elsewhere; place: where what the stages do is kept, if it is."""
    if not err.is_terminal:
        with stages.lines(say) as told:
            yield stages.remembered(told, place, say)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True) as bars:
        tasks: dict[str, Any] = {}

        def call(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            bars.update(tasks[what], completed=done, total=total)

        yield stages.remembered(call, place, say)


@contextmanager
def stage(what: str) -> Iterator[None]:
    """One stage that tells nothing in between."""
    with progress() as call:
        call(what, 0, 1)
        yield
        call(what, 1, 1)


def say(sentence: str) -> None:
    """A line on standard error, left out where nobody reads it: the work waits for no one."""
    if err.is_terminal:
        err.print(f"seawall: {sentence}", markup=False)
        return
    with suppress(OSError, ValueError):
        if sys.stderr is not None and select([], [sys.stderr], [], 0.0)[1]:
            print(f"seawall: {sentence}", file=sys.stderr, flush=True)


@contextmanager
def live(project: Project) -> Iterator[Callable[[Any], None] | None]:
    """A line of mode, output and misses, ten times a second on a terminal, once a second elsewhere.

    A line that nobody reads is left out: the loop waits for no one.
    """
    from controller.runtime import every
    from controller.summary import tick_line

    def read(show: Callable[[Any], None]) -> Callable[[Any], None]:
        return lambda tick: show(tick) if select([], [sys.stderr], [], 0.0)[1] else None

    if not err.is_terminal:
        yield every(1.0, read(lambda tick: err.print(tick_line(project, tick), markup=False)))
        return
    with Live(console=err, transient=True, auto_refresh=False) as live:
        yield every(0.1, read(lambda tick: live.update(tick_line(project, tick), refresh=True)))


def claims(claims: list[dict[str, Any]]) -> None:
    """One row for each claim; what is not shown, with its reason."""
    from verification.report import claim_rows

    table = Table("verdict", "claim", "statement", box=None)
    for word, name, text in claim_rows(claims):
        if out.is_terminal:
            table.add_row(f"[{COLOURS.get(word, 'green')}]{word}[/]", name, escape(text))
        else:
            out.print(f"{word:<12} {name:<28} {text}", markup=False)
    if out.is_terminal:
        out.print(table)


def pack(summary: dict[str, Any]) -> None:
    """What a pack does not show, each with its reason; how much it shows; and where it is."""
    for row in summary["requirements"]:
        if row["status"] != "shown":
            _lacking(row["status"], f"{row['id']}: {'; '.join(row['reasons'])}")
    for name in summary["unsourced"]:
        _lacking("not shown", f"{name}: its source is still a placeholder; name what its range is from")
    for kind, names in summary["orphans"].items():
        if names:
            more = f", and {len(names) - SHOWN:,} more" if len(names) > SHOWN else ""
            out.print(f"[yellow]orphan {kind}[/]: {escape(one_line(', '.join(names[:SHOWN])))}{more}")
    for source, whose in (("project", "of the project"), (OWN, "of Seawall itself")):
        ends = [row["status"] for row in summary["requirements"] if row["source"] == source]
        out.print(f"{ends.count('shown')} of {len(ends)} requirements {whose} are shown")
    if any(row["where"] for row in summary["requirements"]):
        out.print("what they say of a target is shown on this machine alone; give --url to fly another")
    out.print(f"digest {summary['pack_digest']}; who gets the pack compares it, so send it another way")
    out.print(f"{Path(summary['pack']) / 'index.html'}", markup=False)


def audit(result: dict[str, Any]) -> None:
    """What an audit found, and what it rests on."""
    for kind in ("note", "finding"):
        for text in result[f"{kind}s"]:
            out.print(f"{kind}: {text}", markup=False)
    out.print(
        f"{result['files']} files, {result['unsat']} of {result['replayed']} proofs replayed as unsat, "
        f"{len(result['findings'])} findings; digest {result['pack_digest']}",
        markup=False,
    )


def _lacking(status: str, what: str) -> None:
    out.print(f"[{COLOURS[status]}]{status}[/] {escape(one_line(what))}")


def write(path: Path | None, data: dict[str, Any]) -> None:
    """The result as JSON, aside and then renamed."""
    text = json.dumps(data, indent=2) + "\n"
    if path is None:
        return
    if str(path) == "-":
        sys.stdout.write(text)
        return
    json_file.write(path, text)


def warn(sentence: str) -> None:
    """A line on standard error."""
    err.print(f"seawall: warning: {one_line(sentence)}", markup=False)


def one_line(text: str) -> str:
    """A sentence in which a file's text can't clear the terminal or write a line of its own."""
    return for_browser(text)


def not_deployed(claims: list[dict[str, Any]]) -> None:
    """Why a network may not fly: each claim that does not hold."""
    for claim in claims:
        if claim["word"] in ("OPEN", "REFUTED"):
            err.print(f"seawall: {claim['id']} is {claim['word']}: {claim['reason']}", markup=False)
    err.print("seawall: not deployed: only a network that is proved may fly")


def attacked(result: dict[str, Any]) -> None:
    """A row a class of defects, with the claims that turned red; what survived, by name; the sum."""
    table = Table("defect", "tried", "killed", "survived", "claims that turned red", box=None)
    for row in result["classes"]:
        names = [f"{claim} {count}" for claim, count in row["claims"].items()]
        more = f", {len(names) - REDS} more" if len(names) > REDS else ""
        alive = row["survived"] + row["lost"]
        cells = [row["class"], str(row["tried"]), str(row["killed"]), str(alive)]
        table.add_row(*cells, ", ".join(names[:REDS]) + more, style="red" if alive else None)
    out.print(table)
    for one in result["defects"]:
        what = f"{one['word']}: {one['name']}"
        what += f": {one['claim']}" if one["claim"] else ""
        out.print(one_line(what + (f" ({one['reason']})" if one["reason"] else "")), markup=False)
    tried = sum(row["tried"] for row in result["classes"])
    killed = sum(row["killed"] for row in result["classes"])
    idle = sum(row["refused"] + row["same"] for row in result["classes"])
    out.print(
        f"{killed:,} of {tried:,} defects turned a claim red; {idle:,} more were no program, or the same"
    )
