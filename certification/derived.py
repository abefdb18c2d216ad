"""What follows from a pack's project files, from this Seawall and from its times, derived for the audit."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from certification import maker
from certification.about import DIGESTS, NETWORK, REFERENCE, described, parsed
from certification.campaigns import MENDED
from certification.canonical import sha256
from certification.code import code_digests
from certification.opened import Opened
from certification.requirements import load as own_requirements
from certification.requirements import with_project
from controller.errors import InputError
from controller.native.bundle import kernel_sources, parameter_sources
from controller.project import FILE_NAME, Project, load

LONGEST_NS = 2.0**32 - 2  # a longer time is told as this and one more, and is late
FLIGHTS = (("kernel", "kernel_ns"), ("on_target", "on_target_ns"))
MAKERS = "tests_digest"  # of a project's tests, whose files are not in the pack


def other_code(evidence: Mapping[str, Any]) -> Iterator[str]:
    """One sentence where the pack was made by other code than this, which can't say what that would."""
    made, here = evidence["seawall"], maker.digest()
    if made["digest"] != here:
        yield (
            f"evidence.json: the pack was made by other code than this: Seawall {made['version']}, commit "
            f"{made['commit']}, digest {made['digest']}; this is {maker.version()}, digest {here}, and can't "
            "judge its claims: install that one and audit again, or make the pack again with this one"
        )


@contextmanager
def laid_out(pack: Opened) -> Iterator[Project]:
    """The project of a pack, loaded from a copy in which its files have the names that it gives them.

    Raises InputError where they are no project of this Seawall.
    """
    data = {name: pack.read(f"project/{name}") for name in DIGESTS if pack.has(f"project/{name}")}
    told = parsed(data[FILE_NAME]).controller if FILE_NAME in data else None
    if told is None or NETWORK not in data or (told.reference is None) != (REFERENCE not in data):
        raise InputError("project/: is not whole; get the pack again")
    names = {FILE_NAME: FILE_NAME, NETWORK: told.network, REFERENCE: told.reference or ""}
    with TemporaryDirectory(prefix="seawall-") as folder:
        above = sum(Path(name).parts.count("..") for name in names.values())
        root = Path(folder).resolve().joinpath(*["project"] * (above + 1))
        for name, text in data.items():
            place = (root / names[name]).resolve()
            if not place.is_relative_to(folder) or place.exists():
                raise InputError(f"project/{FILE_NAME}: names {names[name]!r}, which is no place of its own")
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(text)
        try:
            project = load(root)
        except InputError as fault:
            raise InputError(f"project/{str(fault).removeprefix(f'{root}/')}") from None
        yield project


def project_findings(pack: Opened, evidence: Mapping[str, Any], project: Project) -> Iterator[str]:
    """What evidence.json and kernel/ say against what the project's files and this Seawall make of it."""
    held = {key: value for key, value in evidence["project"].items() if key != MAKERS}
    files = {key: sha256(pack.read(f"project/{name}")) for name, key in DIGESTS.items() if key in held}
    declared = described(project.config) | files
    for key in sorted(declared.keys() | held.keys()):
        if declared.get(key) != held.get(key):
            yield f"evidence.json: project.{key} is not what project/ gives"
    for name, key in DIGESTS.items():
        if pack.has(f"project/{name}") != (key in held):
            yield f"project/{name}: is there without its digest in evidence.json, or that without the file"
    yield from _judged(pack, evidence)
    sources = kernel_sources(project.sizes) | parameter_sources(project.law)
    for name in sorted({*sources, *pack.sources()}):
        if pack.sources().get(name) != sources.get(name):
            yield f"kernel/{name}: is not what this Seawall prints for project/"
    rules = with_project(
        own_requirements(), [r.model_dump() for r in project.config.requirement], f"project/{FILE_NAME}"
    )
    for key, entries in (
        ("requirements", rules.requirements), ("families", rules.families), ("trusted", rules.trusted)
    ):  # fmt: skip
        if [entry.model_dump() for entry in entries] != evidence[key]:
            yield f"evidence.json: {key} are not those of this Seawall and of project/{FILE_NAME}"
    if evidence["seawall"].keys() != maker.KEYS:
        yield f"evidence.json: seawall has other keys than {', '.join(sorted(maker.KEYS))}"
    if evidence["code"] != code_digests():
        yield "evidence.json: the digests of the code are not those of the Seawall that it names"
    versions = {evidence["seawall"]["version"], maker.version()}
    if len(versions) > 1 and maker.NOT_INSTALLED not in versions:
        yield f"evidence.json: names Seawall {evidence['seawall']['version']}, and its code is another's"


def _judged(pack: Opened, evidence: Mapping[str, Any]) -> Iterator[str]:
    """What the campaign was judged by, which the project declares."""
    flown, project = evidence["hil"], evidence["project"]
    if not flown:
        return
    judged = [("timing", key, flown[key]) for key in ("deadline_us", "late_per_million")]
    allowed = pack.load("hil/measured.json")["line"]["allowed"]
    judged += [("campaign", key, allowed.get(key)) for key in MENDED]
    for table, key, value in judged:
        if value != project[table][key]:
            declared = project[table][key]
            yield f"hil/: was judged by {key} = {value}, and the project's [{table}] has {declared}"


def counted(
    repeatable: Mapping[str, Any], measured: Mapping[str, Any], histogram: Mapping[str, Any]
) -> Iterator[str]:
    """Sentences where the late steps that are told do not fit the times that were counted, bin by bin."""
    if not repeatable:
        return
    deadline, limit_ns = measured["deadline"], min(1000.0 * repeatable["deadline_us"], LONGEST_NS)
    slack_ns = 0.01 * limit_ns + measured["timing"].get("tick_ns", 0)  # a tick may have been coarser before
    for flight, bars in FLIGHTS:
        bins = histogram.get(bars, [])
        late, steps = deadline[flight], deadline[f"{flight}_of"]
        if sum(count for _, count in bins) != steps:
            yield f"its {flight} has {steps:,} steps, and hil/histogram.json another number of times"
        if flight == "kernel" and steps < repeatable["steps"]:
            yield f"has the times of {steps:,} steps, and hil/campaign.json tells of {repeatable['steps']:,}"
        starts = [0.0, *(edge for edge, _ in bins)]
        least = sum(count for start, (_, count) in zip(starts, bins, strict=False) if start >= limit_ns)
        most = sum(count for edge, count in bins if edge > limit_ns - slack_ns)
        if not least <= late <= most:
            yield (
                f"says that {late:,} steps of {flight} were late, and hil/histogram.json has from "
                f"{least:,} to {most:,}"
            )
