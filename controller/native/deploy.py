"""seawall deploy: a flight bundle for one target, written aside and put in place in one rename.

In it: the proved kernel and its parameters, the hand-written glue, golden vectors, a static binary, a
systemd unit, a script that builds the binary again, a README for whoever installs it, and a manifest.
"""

import hashlib
import json
import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from controller.controller import PythonKernel
from controller.errors import InputError
from controller.kernel.modes import CAUSE_NAMES
from controller.kernel.records import State, Work, allocate
from controller.native import cross, golden, mission
from controller.native.bundle import digest, kernel_sources, parameter_sources
from controller.project import Project, seen_as

Progress = Callable[[str, int, int], None]
HERE = Path(__file__).parent
SCHEMA = "seawall/deploy/1"
MANIFEST = "manifest.json"
SUMS = "SHA256SUMS"
GLUE = (
    "wire.h", "host.h", "host.c", "reader.h", "reader.c", "line.h", "line.c",
    "intake.h", "intake.c",    "arm.h", "arm.c", "options.h", "options.c", "flight.c",
)  # fmt: skip
SCRIPT = "build.sh"


def deploy(
    project: Project,
    target: str,
    directory: Path,
    progress: Progress | None = None,
    reference: golden.Reference = PythonKernel,
) -> dict[str, Any]:
    """Write the flight bundle of a project to a folder; the object of schema deploy-1.

    target: one of controller.native.cross.TARGETS; reference: who answers the golden vectors. The folder
    may be missing, empty, or an older bundle, which is replaced. A kill leaves the old one or nothing,
    never half of one. Raises InputError.
    """
    tools = cross.toolchain(target)
    shown, directory = str(directory), Path(os.path.abspath(directory))  # noqa: PTH100 (a link stays one)
    check_place(directory)
    sources = {**kernel_sources(project.sizes), **parameter_sources(project.law)}
    parameters = {name: text for name, text in sources.items() if name.startswith("parameters.")}
    kernel = {name: text for name, text in sources.items() if name not in parameters}
    digests = {"kernel_digest": digest(kernel), "parameter_digest": digest(parameters)}
    vectors = golden.record(project.law, project.sizes, progress, reference)
    sources |= golden.sources(vectors, project.law)
    sources["mission.h"] = mission.source(project, **digests)
    sources |= {name: (HERE / name).read_text(encoding="utf-8") for name in GLUE}
    stage = _stage(directory)
    try:
        facts = _build(project, target, tools, stage, sources, progress)
        facts |= {"schema": SCHEMA, "target": target, **digests, "project": project.name}
        facts["golden"] = {"periods": len(vectors.periods), "samples": vectors.samples}
        _write_texts(project, stage, facts)
        manifest = facts | {"directory": ".", "files": _sums(stage)}
        (stage / MANIFEST).write_bytes(_dump(manifest))
        files = _sums(stage)
        _move(stage, directory)
    finally:
        shutil.rmtree(stage, ignore_errors=True)
    return manifest | {"directory": shown, "files": files}


def _build(
    project: Project,
    target: str,
    tools: cross.Toolchain,
    stage: Path,
    sources: dict[str, str],
    progress: Progress | None,
) -> dict[str, Any]:
    """Write the sources and compile them; what was measured on the way."""
    for name, text in sources.items():
        (stage / name).write_text(text, encoding="utf-8")
    units = sorted(name for name in sources if name.endswith(".c"))
    binary = f"{project.name}-flight"
    what = f"compile for {target}"
    if "zig" in tools.version:
        what += ", where zig builds the target's libc the first time, which takes minutes"
    if progress:
        progress(what, 0, 1)
    cross.link(tools, stage, units, binary)
    (stage / binary).chmod(0o755)
    stack = cross.stack_bytes(tools, stage, "kernel.c")
    if progress:
        progress(what, 1, 1)
    return {
        "binary": binary,
        "compiler": tools.words,
        "compiler_version": tools.version,
        "flags": [*cross.flags(), *cross.LINK],
        "units": units,
        "bytes": {
            "binary": (stage / binary).stat().st_size,
            "parameters": _bytes(project.law),
            "state": _bytes(allocate(State, project.sizes)),
            "work": _bytes(allocate(Work, project.sizes)),
            "kernel_stack_bound": stack,
        },
    }


def _bytes(record: Any) -> int:
    """The size of a kernel record in C; golden.c has the target's own compiler check it."""
    return sum(len(word) for word in golden.words(record))


def _write_texts(project: Project, stage: Path, facts: dict[str, Any]) -> None:
    """The systemd unit, the script and the README, and last the checksums of all that is there."""
    # the texts are no HTML, and a name that a template lacks is a fault of this program
    environment = Environment(
        loader=PackageLoader("controller.native", "templates"),
        undefined=StrictUndefined,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    speed, fits = mission.baud(project)
    about = {
        "project": project, "config": project.config, "facts": facts, "baud": speed, "fits": fits,
        "load": mission.line_load(project), "priority": mission.PRIORITY, "causes": CAUSE_NAMES,
        "seen_as": seen_as,
    }  # fmt: skip
    unit = f"{project.name}-flight.service"
    for template, name in (
        ("flight.service.j2", unit),
        ("build.sh.j2", SCRIPT),
        ("README.md.j2", "README.md"),
    ):
        (stage / name).write_text(environment.get_template(template).render(about), encoding="utf-8")
    (stage / SCRIPT).chmod(0o755)
    rows = [f"{value}  {name}\n" for name, value in _sums(stage).items()]
    (stage / SUMS).write_text("".join(rows), encoding="utf-8")


def _sums(folder: Path) -> dict[str, str]:
    """SHA-256 of each file in a folder, in order of name."""
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.iterdir())}


def _dump(data: dict[str, Any]) -> bytes:
    return (json.dumps(data, sort_keys=True, indent=2, ensure_ascii=False) + "\n").encode()


def check_place(directory: Path) -> None:
    """Raises InputError unless a bundle can be written there: before the proofs, since those take long."""
    _may_replace(directory)
    _stage(directory).rmdir()


def _may_replace(directory: Path) -> None:
    """Only an empty place, or a bundle with nothing else in it, may be replaced. Raises InputError."""
    try:
        status = directory.lstat()
        if not stat.S_ISDIR(status.st_mode):
            raise InputError(f"{directory}: is no folder; give another place for the bundle")
        found = {path.name for path in directory.iterdir()}
        known = _listed(directory / MANIFEST)
    except FileNotFoundError:
        return
    except (OSError, ValueError) as fault:
        reason = getattr(fault, "strerror", None) or str(fault)
        raise InputError(f"{str(directory)!r}: can't be written ({reason}); give another place") from None
    foreign = sorted(found - known)
    if foreign:
        what = f"holds {foreign[0]}, which is no part of a bundle"
        raise InputError(f"{directory}: {what}; give another place, or move it away")


def _listed(manifest: Path) -> set[str]:
    """The files that a bundle's manifest names, itself included; none where there is no such manifest."""
    try:
        data = json.loads(manifest.read_bytes())
        if data["schema"] == SCHEMA:
            return {*data["files"], MANIFEST}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        pass
    return set()


def _stage(directory: Path) -> Path:
    """A fresh folder beside the bundle's place; what killed runs left there goes."""
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        for left in directory.parent.glob(f".{directory.name}.*.partial"):
            pid = left.name.removeprefix(f".{directory.name}.").split(".")[0]
            if pid.isdigit() and (int(pid) == os.getpid() or not Path(f"/proc/{pid}").exists()):
                shutil.rmtree(left, ignore_errors=True)
        stage = directory.parent / f".{directory.name}.{os.getpid()}.partial"
        stage.mkdir()
    except OSError as fault:
        raise InputError(f"{directory}: can't be written ({fault.strerror}); give another place") from None
    return stage


def _move(stage: Path, directory: Path) -> None:
    """Put the finished folder in place of the old one. Killed between the two renames, none is there."""
    old = stage.with_name(stage.name.removesuffix(".partial") + ".old.partial")
    if directory.exists():
        directory.rename(old)
    stage.rename(directory)
    shutil.rmtree(old, ignore_errors=True)
