"""The seawall command: thin glue from flags to the library, and from its results to words and exit status.

Exit status: 0 all holds, 1 refuted, failed or over budget, 2 bad input or usage, 3 undecided or not shown.
"""

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from controller.errors import InputError
from controller.project import Project, load

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, help=__doc__)
out, err = Console(highlight=False, soft_wrap=True), Console(stderr=True, highlight=False, soft_wrap=True)
Call = Callable[[str, int, int], None]


def _alone(path: Path | None) -> Path | None:
    """Where JSON goes to standard output, all words go to standard error; a bad place is told at once."""
    if str(path) == "-":
        out.file = sys.stderr
    elif path is not None and (path.is_dir() or not path.parent.is_dir()):
        raise InputError(f"--json {path}: is a folder, or in none; give a file's name, or - to see it")
    return path


JSON = "write one JSON object here; - is standard output"
Json = Annotated[Path | None, typer.Option("--json", callback=_alone, help=JSON)]
Folder = Annotated[Path, typer.Argument(help="folder that holds controller.toml", show_default=False)]
Work = Annotated[Path | None, typer.Option(help="where work is kept to resume; build/NAME unless given")]
Scheduler = Annotated[str | None, typer.Option(help="a Dask scheduler, tcp://HOST:PORT")]
Steps = Annotated[int, typer.Option(min=1, help="steps of the campaign")]
Url = Annotated[str | None, typer.Option(help="the target's pyserial URL; the embedded one unless given")]
Seed = Annotated[int, typer.Option(min=0, help="seed of the random inputs")]
USAGE: Any = typer.BadParameter.__base__  # all that a command line can have wrong
COLOURS = {"REFUTED": "red", "OPEN": "yellow", "failed": "red", "not shown": "yellow"}


@app.command()
def init(directory: Path, name: str | None = None) -> None:
    """Write a project that flies and can be proved, to start from."""
    from controller.initialise import initialise

    project = initialise(directory, name)
    out.print(
        f"{directory}: controller.toml and network.json of {project.name}; next: seawall verify {directory}",
        markup=False,
    )


@app.command()
def run(
    directory: Folder,
    backend: Annotated[str, typer.Option(help="native or python; both give the same bits")] = "native",
    seconds: Annotated[float, typer.Option(min=0.0, max=1e9, help="how long; 0 is until Ctrl-C")] = 5.0,
    realtime: Annotated[
        bool, typer.Option(help="keep to the clock, with real-time rights if allowed")
    ] = False,
    replay: Annotated[Path | None, typer.Option(help="a recording, CSV or npz, to its end")] = None,
    output: Annotated[Path | None, typer.Option(help="CSV of the commands that a replay gives")] = None,
    port: Annotated[str | None, typer.Option(help="a plant behind this pyserial URL, in real time")] = None,
    cpu: Annotated[int | None, typer.Option(min=0, help="pin a real-time run to this processor")] = None,
) -> None:
    """Fly the controller: on the simulated plant, on a recording, or over a serial port."""
    from controller import runtime
    from controller.controller import Controller
    from controller.ports.closed_loop import ClosedLoop
    from controller.ports.serial import SerialPort
    from controller.replay import replay as fly_recording
    from controller.summary import report

    if (output is not None and replay is None) or (port is not None and replay is not None):
        raise InputError("run: --output goes with --replay, and --port with neither; drop one of them")
    project = load(directory)
    controller = Controller(project, backend)  # type: ignore[arg-type]
    steps = round(seconds * 1e6 / project.config.controller.period_us) or None
    with _live(project) as show:
        if replay is not None:
            summary = fly_recording(
                controller, replay, output=output, realtime=realtime, on_tick=show, on_warning=_warn
            )
        else:
            with closing(SerialPort(port) if port is not None else ClosedLoop(project)) as line:
                real = realtime or port is not None
                summary = runtime.run(
                    controller, line, steps=steps, realtime=real, cpu=cpu, on_tick=show, on_warning=_warn
                )
    for sentence in report(summary):
        out.print(sentence, markup=False)
    raise typer.Exit(1 if summary.lost or summary.over_budget else 0)


@app.command()
def verify(directory: Folder, work: Work = None, scheduler: Scheduler = None, json_: Json = None) -> None:
    """Prove the bounds, the guard, the modes and C = Python; exit 1 refuted, 3 open."""
    from verification.report import tally
    from verification.verify import exit_status

    project = load(directory)
    result = _verify(project, _work(project, work), scheduler)
    _claims(result["claims"])
    out.print(tally(result["claims"]))
    _write(json_, result)
    raise typer.Exit(exit_status(result["claims"]))


@app.command()
def falsify(
    directory: Folder, tries: Annotated[int, typer.Option(min=1)] = 768, seed: Seed = 0, json_: Json = None
) -> None:
    """Let an adversary try to leave the bounds, and compare what it attains with what is proved."""
    from verification import falsify as opponent
    from verification.claims.bounds import find_box, output_obligations
    from verification.flight import Flight
    from verification.report import falsify_rows

    project = load(directory)
    flight = Flight(project.law, project.sizes)
    box = find_box(flight)
    bounds = output_obligations(flight, box)[1]
    with _progress() as progress:
        result = opponent.falsify(project, box, bounds, tries, seed, progress)
    table = Table("what", "proposed bound", "attained", "ratio", box=None)
    for row in falsify_rows(project, box, bounds, result):
        table.add_row(*row)
    out.print(table)
    left = len(result["left"])
    out.print(f"{result['tries']:,} trajectories, {result['steps']:,} periods; bounds left: {left or 'none'}")
    _write(json_, result)
    raise typer.Exit(1 if left else 0)


@app.command()
def hil(
    directory: Folder,
    steps: Steps = 100_000,
    url: Url = None,
    seed: Seed = 1,
    work: Work = None,
    json_: Json = None,
) -> None:
    """Fly a target step by step: every bit compared, times measured, faults injected."""
    from hil.campaign import exit_status
    from hil.report import report

    project = load(directory)
    result = _hil(project, _work(project, work), steps, url, seed)
    for line in report(result):
        out.print(line, markup=False)
    if result.get("error"):
        err.print(f"seawall: {result['error']}", markup=False)
    _write(json_, result)
    raise typer.Exit(exit_status(result))


@app.command()
def certify(
    directory: Folder,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="the pack; evidence/NAME unless given")
    ] = None,
    steps: Steps = 1_000_000,
    url: Url = None,
    junit: Annotated[Path | None, typer.Option(help="JUnit XML of tests that ran; else they are run")] = None,
    work: Work = None,
    scheduler: Scheduler = None,
    json_: Json = None,
) -> None:
    """Verify, fly the target, run the tests, and write the evidence pack; 3 where a thing isn't shown."""
    from certification.about import about
    from certification.code import code_digests
    from certification.pack import check_place, write_pack
    from certification.results import junit_bytes, run_tests
    from controller.native.bundle import kernel_sources, parameter_sources

    project = load(directory)
    place = _work(project, work)
    pack = output or Path("evidence") / project.name
    check_place(pack)  # what can't be written or read is told before the hours of work
    _ = junit and junit_bytes(junit)
    proved = _verify(project, place, scheduler)
    flown = _hil(project, place, steps, url, 1)
    sources = kernel_sources(project.sizes) | parameter_sources(project.law)
    with err.status("tests") if err.is_terminal else nullcontext():
        report = junit or run_tests(place, _warn)
    proofs, code = place / "proofs", code_digests()
    done = write_pack(pack, about(project), proved, flown, report, sources, proofs, code=code)
    for row in done.summary["requirements"]:
        if row["status"] != "shown":
            reasons = escape("; ".join(row["reasons"]))
            out.print(f"[{COLOURS[row['status']]}]{row['status']}[/] {row['id']}: {reasons}")
    for kind, names in done.summary["orphans"].items():
        if names:
            out.print(f"[yellow]orphan {kind}[/]: {escape(', '.join(names))}")
    shown = sum(row["status"] == "shown" for row in done.summary["requirements"])
    out.print(f"{shown} of {len(done.summary['requirements'])} requirements are shown; digest {done.digest}")
    out.print(f"{pack / 'index.html'}", markup=False)
    _write(json_, done.summary)
    raise typer.Exit(done.status)


@app.command()
def audit(pack: Path, scheduler: Scheduler = None, json_: Json = None) -> None:
    """Check a pack from its own files alone, exit 1 on any finding; compare its digest with its maker's."""
    from certification.audit import audit as check

    with _executor(scheduler) as executor, _progress() as progress:
        result = check(pack, lambda done, total: progress("replayed proofs", done, total), executor)
    for note in result["notes"]:
        out.print(f"note: {note}", markup=False)
    for finding in result["findings"]:
        out.print(f"finding: {finding}", markup=False)
    out.print(
        f"{result['files']} files, {result['unsat']} of {result['replayed']} proofs replayed as unsat, "
        f"{len(result['findings'])} findings; digest {result['pack_digest']}",
        markup=False,
    )
    _write(json_, result)
    raise typer.Exit(result["status"])


@app.command()
def deploy(
    directory: Folder,
    target: Annotated[str, typer.Option(help="host, aarch64-linux, armv7-linux or riscv64-linux")] = "host",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="the bundle; build/NAME/TARGET unless given")
    ] = None,
    work: Work = None,
    scheduler: Scheduler = None,
    json_: Json = None,
) -> None:
    """Write the flight bundle of a network that is proved: C, static binary, unit, golden vectors."""
    from controller.native import cross
    from controller.native import deploy as bundle
    from verification.verify import admit

    project = load(directory)
    cross.toolchain(target)  # a target that can't be built is refused before the proofs
    place = _work(project, work)
    bundle.check_place(output or place / target)
    with _executor(scheduler) as executor, _progress() as progress:
        admission = admit(project, _place(place), executor, progress)
        if admission.status:
            bad = [v for v in admission.verdicts if v.word in ("OPEN", "REFUTED")]
            for v in bad:
                err.print(f"seawall: {v.id} is {v.word}: {v.reason}", markup=False)
            err.print("seawall: not deployed: only a network that is proved may fly")
            raise typer.Exit(admission.status)
        result = bundle.deploy(project, target, output or place / target, progress)
    out.print(f"{result['directory']}: {len(result['files'])} files for {target}; read README.md there first",
              markup=False)  # fmt: skip
    _write(json_, result)


def _verify(project: Project, work: Path, scheduler: str | None) -> dict[str, Any]:
    from verification.verify import verify as prove

    with _executor(scheduler) as executor, _progress() as progress:
        return prove(project, _place(work), executor, progress)


def _hil(project: Project, work: Path, steps: int, url: str | None, seed: int) -> dict[str, Any]:
    from hil import campaign

    with _progress() as progress:
        return campaign.run(project, work / "hil", steps, url, seed, progress)


def _place(work: Path) -> Any:
    from verification.verify import Place

    return Place(work / "proofs", work / "answers")


def _work(project: Project, given: Path | None) -> Path:
    return given or Path("build") / project.name


@contextmanager
def _executor(scheduler: str | None) -> Iterator[Executor]:
    """Processes of this machine, or a Dask cluster's."""
    from certification.workers import workers

    if scheduler is None:
        with workers() as pool:
            yield pool
        return
    try:
        from distributed import Client
    except ImportError:
        raise InputError("--scheduler: Dask is not installed; pip install 'seawall[cluster]'") from None
    try:
        client = Client(scheduler, timeout="10s")
    except (OSError, ValueError, TimeoutError) as fault:
        raise InputError(f"--scheduler {scheduler}: can't be reached ({fault}); check it") from None
    with client:
        yield client.get_executor()


@contextmanager
def _progress() -> Iterator[Call]:
    """Bars on a terminal, nothing elsewhere."""
    if not err.is_terminal:
        yield lambda what, done, total: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True) as bars:
        tasks: dict[str, Any] = {}

        def call(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what)
            bars.update(tasks[what], completed=done, total=total)

        yield call


@contextmanager
def _live(project: Project) -> Iterator[Callable[[Any], None] | None]:
    """A line of mode, output and misses, ten times a second on a terminal, once a second elsewhere."""
    from controller.runtime import every
    from controller.summary import tick_line

    if not err.is_terminal:
        yield every(1.0, lambda tick: err.print(tick_line(project, tick), markup=False))
        return
    with Live(console=err, transient=True, auto_refresh=False) as live:
        yield every(0.1, lambda tick: live.update(tick_line(project, tick), refresh=True))


def _claims(claims: list[dict[str, Any]]) -> None:
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


def _write(path: Path | None, data: dict[str, Any]) -> None:
    """The result as JSON, aside and then renamed."""
    text = json.dumps(data, indent=2) + "\n"
    if path is None:
        return
    if str(path) == "-":
        sys.stdout.write(text)
        return
    try:
        aside = path.with_name(f".{path.name}.{os.getpid()}")
        aside.write_text(text, encoding="utf-8")
        aside.replace(path)
    except OSError as fault:
        raise InputError(f"--json {path}: can't be written ({fault.strerror}); give another place") from None


def _warn(sentence: str) -> None:
    err.print(f"seawall: warning: {sentence}", markup=False)


def main() -> None:
    """Run the command line: one sentence and status 2 for bad input, 1 for a target that can't be flown."""
    from hil.link import TargetError

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that workers, targets and files aside go too
    try:
        raise SystemExit(app(standalone_mode=False) or 0)
    except (InputError, TargetError) as fault:
        sentence, status = str(fault), 2 if isinstance(fault, InputError) else 1
    except USAGE as fault:
        what = fault.format_message().rstrip(".") or "no command is given"
        sentence, status = f"{what}; see seawall --help", 2
    except OSError as fault:  # a full disk, a folder that may not be written
        sentence, status = f"{fault.filename or 'a file'}: {fault.strerror}; give room, or another place", 2
    err.print(f"seawall: {sentence}", markup=False)
    raise SystemExit(status)


if __name__ == "__main__":
    main()
