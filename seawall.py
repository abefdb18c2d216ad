"""Prove a liquid neural controller, print it as C, fly it, time it on a target, and write its evidence.

Exit status: 0 all holds, 1 refuted, failed or over budget, 2 bad input or usage, 3 undecided or not shown;
130 stopped by Ctrl-C, 143 by SIGTERM: what is kept is said, and the same command goes on there.
"""

import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from certification import stages, terminal
from certification.terminal import err, out, warn
from certification.workers import executors
from controller import floats
from controller.errors import InputError
from controller.ports.intake import Times
from controller.project import Project, load

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, help=__doc__)
JSON = "write one JSON object here; - is standard output"
Json = Annotated[Path | None, typer.Option("--json", callback=terminal.alone, help=JSON)]
JUNIT = "JUnit XML of more tests, beside DIRECTORY/tests, which pytest runs; may be given again"
Folder = Annotated[Path, typer.Argument(help="folder that holds controller.toml", show_default=False)]
Work = Annotated[Path | None, typer.Option(help="where work is kept to resume; build/NAME unless given")]
Scheduler = Annotated[str | None, typer.Option(help="a Dask scheduler, tcp://HOST:PORT")]
Steps = Annotated[int, typer.Option(min=1, help="steps of the campaign")]
Url = Annotated[str | None, typer.Option(help="the target's pyserial URL; this machine unless given")]
Baud = Annotated[int | None, typer.Option(min=1, help="the line's speed; what the periods need unless given")]
THOROUGH = "run CrossHair, the enumerations and the adversary again too"
TIMES = "a sample is as old as its arrival (default), or has its sender's CLOCK_MONOTONIC"
Seed = Annotated[int, typer.Option(min=0, help="seed of the random inputs")]
USAGE: Any = typer.BadParameter.__base__  # all that a command line can have wrong


@app.callback()
def about(
    _: Annotated[bool, typer.Option("--version", is_eager=True, callback=terminal.version)] = False,
) -> None:
    """The options of the command itself."""


@app.command()
def init(directory: Path, name: str | None = None) -> None:
    """Write a project that flies and can be proved, to start from."""
    from controller.initialise import initialise

    project = initialise(directory, name)
    files = "controller.toml, network.json and trained.csv"
    out.print(f"{directory}: {files} of {project.name}; next: seawall verify {directory}", markup=False)


@app.command()
def run(
    directory: Folder,
    backend: Annotated[str, typer.Option(help="native or python; both give the same bits")] = "native",
    seconds: Annotated[float, typer.Option(min=0.0, max=1e9, help="how long; 0 is until Ctrl-C")] = 5.0,
    realtime: Annotated[
        bool, typer.Option(help="keep to the clock, with real-time rights if allowed")
    ] = False,
    replay: Annotated[
        Path | None, typer.Option(help="a recording of time_us,channel,value, CSV or npz, to its end")
    ] = None,
    output: Annotated[Path | None, typer.Option(help="CSV of the commands that a replay gives")] = None,
    port: Annotated[str | None, typer.Option(help="a plant behind this pyserial URL, in real time")] = None,
    cpu: Annotated[int | None, typer.Option(min=0, help="pin a real-time run to this processor")] = None,
    baud: Baud = None,
    work: Work = None,
    times: Annotated[Times | None, typer.Option(help=TIMES, show_default=False)] = None,
) -> None:
    """Fly the controller: on the simulated plant, on a recording, or over a serial port."""
    from controller import runtime
    from controller.controller import Controller
    from controller.native import mission
    from controller.ports.closed_loop import ClosedLoop
    from controller.ports.serial import SerialPort
    from controller.replay import replay as fly_recording
    from controller.summary import report
    from verification.proved import doubt

    if (output is not None and replay is None) or (port is not None and replay is not None):
        raise InputError("run: --output goes with --replay, and --port with neither; drop one of them")
    if (baud is not None or times is not None) and port is None:
        which = "--times" if baud is None else "--baud"
        raise InputError(f"run: {which} goes with --port; drop it, or give the plant's port")
    project = load(directory)
    controller = Controller(project, backend)  # type: ignore[arg-type]
    unproved = doubt(_work(project, work), project)
    steps = runtime.periods(project, seconds)
    with terminal.live(project) as show:
        if replay is not None:
            summary = fly_recording(
                controller, replay, output=output, realtime=realtime, on_tick=show, on_warning=warn
            )
            if unproved:
                warn(unproved)
        else:
            speed = baud or mission.baud(project)[0]
            plant = ClosedLoop(project) if port is None else SerialPort(port, speed, times or Times.ARRIVAL)
            with closing(plant) as line:
                real = realtime or port is not None
                if isinstance(line, SerialPort) and line.caution:
                    warn(line.caution)
                if unproved:
                    warn(unproved)
                summary = runtime.run(
                    controller,
                    line,
                    steps=steps,
                    realtime=real,
                    start_us=0 if port is None else None,
                    cpu=cpu,
                    on_tick=show,
                    on_warning=warn,
                )
    for sentence in report(summary):
        out.print(sentence, markup=False)
    raise typer.Exit(1 if summary.failed else 0)


@app.command()
def verify(directory: Folder, work: Work = None, scheduler: Scheduler = None, json_: Json = None) -> None:
    """Prove the bounds, the guard, the modes and C = Python; exit 1 refuted, 3 open."""
    from verification.report import tally
    from verification.verify import exit_status

    project = _checked(directory)
    result = _verify(project, _work(project, work), scheduler)
    terminal.claims(result["claims"])
    out.print(tally(result["claims"]))
    terminal.write(json_, result)
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
    with terminal.progress() as progress:
        found = opponent.falsify(project, box, bounds, tries, seed, progress)
    result = opponent.as_object(project, flight, box, bounds, found)
    table = Table("what", "proposed bound", "attained", "ratio", box=None)
    for row in falsify_rows(project, box, bounds, result):
        table.add_row(*row)
    out.print(table)
    left = len(result["left"])
    out.print(f"{result['tries']:,} trajectories, {result['steps']:,} periods; bounds left: {left or 'none'}")
    terminal.write(json_, result)
    raise typer.Exit(1 if left else 0)


@app.command()
def hil(
    directory: Folder,
    steps: Steps = 100_000,
    url: Url = None,
    baud: Baud = None,
    seed: Seed = 1,
    work: Work = None,
    json_: Json = None,
) -> None:
    """Fly a target step by step: every bit compared, times measured, faults injected."""
    from hil.campaign import exit_status
    from hil.report import report

    project = _checked(directory)
    with _hil(project, _work(project, work), steps, url, seed, baud) as result:
        for line in report(result):
            out.print(line, markup=False)
        if result.get("error"):
            err.print(f"seawall: {result['error']}", markup=False)
        terminal.write(json_, result)
    raise typer.Exit(exit_status(result))


@app.command()
def certify(
    directory: Folder,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="the pack; evidence/NAME unless given")
    ] = None,
    steps: Steps = 1_000_000,
    url: Url = None,
    baud: Baud = None,
    junit: Annotated[list[Path] | None, typer.Option(help=JUNIT, show_default=False)] = None,
    work: Work = None,
    sign: Annotated[Path | None, typer.Option(help="sign the pack with this SSH key, by ssh-keygen")] = None,
    scheduler: Scheduler = None,
    json_: Json = None,
) -> None:
    """Verify, fly the target, run the project's tests, write the evidence pack; 3 where one isn't shown."""
    from certification import requirements, suite
    from certification.about import about as told
    from certification.attack import table
    from certification.code import code_digests
    from certification.pack import check_place, write_pack
    from certification.project_tests import gather
    from certification.signature import check_key
    from controller.native.bundle import kernel_sources, parameter_sources

    project = _checked(directory)
    place = _work(project, work)
    pack = output or Path("evidence") / project.name
    info = told(project)
    if sign is not None:
        check_key(sign)
    check_place(pack)  # what can't be written, read or shown is told before the hours of work
    tests = gather(directory, junit or [], place, warn)
    requirements.check(project, tests.names)
    if why := suite.lacking():
        warn(why)
    proved = _verify(project, place, scheduler)
    sources = kernel_sources(project.sizes) | parameter_sources(project.law)
    with executors(scheduler) as executor, terminal.progress() as progress:
        planted = table(project, proved["claims"], sources, executor, place, progress)
    with _hil(project, place, steps, url, 1, baud) as flown:
        with terminal.stage("tests"):
            reports, own = tests.reports(warn), suite.obtain(place / "suite.log", warn)
        with terminal.stage("pack"):
            parts = proved, flown, reports, own, sources, place / "proofs"
            done = write_pack(pack, info, *parts, code=code_digests(), attack=planted, key=sign)
    terminal.pack(done.summary)
    terminal.write(json_, done.summary)
    raise typer.Exit(done.status)


@app.command()
def audit(
    pack: Path,
    thorough: Annotated[bool, typer.Option("--thorough", help=THOROUGH)] = False,
    signers: Annotated[Path | None, typer.Option(help="ssh-keygen's file of allowed signers")] = None,
    identity: Annotated[str | None, typer.Option(help="who of them must have signed")] = None,
    scheduler: Scheduler = None,
    json_: Json = None,
) -> None:
    """Derive again all that a pack says, from its own files alone, and ask both solvers; 1 on any finding."""
    from certification.audit import audit as check
    from certification.signature import signers as who

    with executors(scheduler) as executor, terminal.progress() as progress:
        result = check(pack, progress, executor, thorough, who(signers, identity))
    terminal.audit(result)
    terminal.write(json_, result)
    raise typer.Exit(result["status"])


@app.command()
def attack(
    pack: Path,
    patch: Annotated[Path | None, typer.Option(help="your own defect: a unified diff, and no other")] = None,
    every: Annotated[
        bool, typer.Option("--all", help="all defects; some of each class unless given")
    ] = False,
    seed: Seed = 0,
    work: Work = None,
    scheduler: Scheduler = None,
    json_: Json = None,
) -> None:
    """Plant defects in what a pack holds and show which claim turns red; exit 1 where one survived."""
    from certification.attack import attack as plant

    with executors(scheduler) as executor, terminal.progress() as progress:
        result = plant(pack, executor, work or Path("build/attack"), every, seed, patch, progress)
    terminal.attacked(result)
    terminal.write(json_, result)
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
    from verification.proved import recorded
    from verification.specification.model import Model
    from verification.verify import admit, refused, untied

    project = _checked(directory)
    cross.toolchain(target)  # a target that can't be built is refused before the proofs
    place = _work(project, work)
    bundle.check_place(output or place / target)
    for claim in untied(project):
        warn(f"{claim.id} is not shown: {claim.reason}")
    with executors(scheduler) as executor, terminal.progress(place) as progress:
        with recorded(place, project) as claims:
            admission = admit(project, _place(place), executor, progress, opponent_first=True)
            claims += [v.as_dict() for v in admission.verdicts]
        if admission.status:
            terminal.not_deployed([v.as_dict() for v in admission.verdicts])
            terminal.write(json_, refused(admission, target))
            raise typer.Exit(admission.status)
        result = bundle.deploy(project, target, output or place / target, progress, Model)
    out.print(f"{result['directory']}: {len(result['files'])} files for {target}; read README.md there first",
              markup=False)  # fmt: skip
    terminal.write(json_, result)


def _checked(directory: Path) -> Project:
    """The project, whose requirements name what there is."""
    from certification import requirements

    project = load(directory)
    requirements.check(project)
    return project


def _verify(project: Project, work: Path, scheduler: str | None) -> dict[str, Any]:
    from verification.proved import recorded
    from verification.verify import verify as prove

    with recorded(work, project) as claims:
        with executors(scheduler) as executor, terminal.progress(work) as progress:
            result = prove(project, _place(work), executor, progress)
        claims += result["claims"]
    return result


@contextmanager
def _hil(
    project: Project, work: Path, steps: int, url: str | None, seed: int, baud: int | None
) -> Iterator[dict[str, Any]]:
    """A campaign's result; its journal is forgotten when what is done with it has ended well."""
    from hil import campaign

    with ExitStack() as stack:
        with terminal.progress(work / "hil") as progress:
            flown = campaign.flown(project, work / "hil", steps, url, seed, progress, baud=baud)
            result = stack.enter_context(flown)
        yield result


def _place(work: Path) -> Any:
    from verification.verify import Place

    return Place(work / "proofs", work / "answers")


def _work(project: Project, given: Path | None) -> Path:
    return given or Path("build") / project.name


def _status() -> Any:
    try:
        return app(standalone_mode=False) or 0
    except SystemExit as end:  # of SIGTERM
        return end.code


def main() -> None:
    """Run the command line: one sentence; status 2 for bad input, 1 for a target or kernel that can't fly."""
    from hil.link import TargetError
    from verification.program import TraceError

    terminal.speak_any_text()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that workers, targets and files aside go too
    try:
        floats.check()
        status = _status()
        if status in (130, 143):
            terminal.say(stages.stopped())
        raise SystemExit(status)
    except (InputError, TargetError) as fault:
        sentence, status = str(fault), 2 if isinstance(fault, InputError) else 1
    except TraceError as fault:
        sentence, status = f"controller/kernel: {fault}; mend the kernel: nothing can be proved of it", 1
    except USAGE as fault:
        what = fault.format_message().rstrip(".") or "no command is given"
        sentence, status = f"{what}; see seawall --help", 2
    except OSError as fault:  # a full disk, a folder that may not be written
        sentence, status = f"{fault.filename or 'a file'}: {fault.strerror}; give room, or another place", 2
    err.print(f"seawall: {terminal.one_line(sentence)}", markup=False)
    raise SystemExit(status)


if __name__ == "__main__":
    main()
