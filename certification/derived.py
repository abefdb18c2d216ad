"""What follows from a pack's project files and from its times, derived once more for the audit."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from certification import requirements
from certification.about import DIGESTS, NETWORK, described, parsed
from certification.campaigns import MENDED
from certification.canonical import load, sha256
from certification.code import code_digests
from certification.maker import digest
from certification.requirements import OWN
from controller.errors import InputError
from controller.native.bundle import kernel_sources, parameter_sources
from controller.network import load_network
from controller.project import FILE_NAME, make_law
from verification.claims import CLAIMS

LONGEST_NS = 2.0**32 - 2  # a longer time is told as this and one more, and is late
FLIGHTS = (("kernel", "kernel_ns"), ("on_target", "on_target_ns"))


def project_findings(
    pack: Path, evidence: Mapping[str, Any], read: Callable[[str], bytes], notes: list[str]
) -> Iterator[str]:
    """The files in project/ against the digests, the declared limits and the printed C.

    What this Seawall would print is compared only where the pack was made by the same code: else it is noted.
    """
    project = evidence["project"]
    for name, key in DIGESTS.items():
        if (pack / "project" / name).exists() != (key in project):
            yield f"project/{name}: is there without its digest in evidence.json, or that without the file"
        elif key in project and sha256(read(f"project/{name}")) != project[key]:
            yield f"project/{name}: its SHA-256 is not the {key} that evidence.json holds"
    yield from _limits(evidence, read)
    made = evidence["seawall"]
    if made["digest"] != digest():
        notes.append(
            f"the pack was made by other code than this: Seawall {made['version']}, commit {made['commit']}; "
            "what follows from project/ was not derived again"
        )
        return
    if evidence["code"] and evidence["code"] != code_digests():
        yield "evidence.json: the digests of the code are not those of the Seawall that it names"
    yield from _own(evidence)
    try:
        config = parsed(read(f"project/{FILE_NAME}"))
        network, _ = load_network(pack / "project" / NETWORK, len(config.input), len(config.output))
    except InputError as fault:
        yield f"project/: {fault}"
        return
    for key, value in described(config).items():
        if project.get(key) != value:
            yield f"evidence.json: project.{key} is not what project/{FILE_NAME} declares"
    yield from _declared_requirements(evidence, config.requirement)
    sizes = {
        "inputs": len(config.input),
        "hidden": len(network.b),
        "outputs": len(config.output),
        "substeps": config.controller.substeps,
        "slots": config.controller.inbox_slots,
    }
    sources = kernel_sources(sizes) | parameter_sources(make_law(config, network))
    for name, text in sources.items():
        if read(f"kernel/{name}") != text.encode():
            yield f"kernel/{name}: is not what this Seawall prints for project/"


def _limits(evidence: Mapping[str, Any], read: Callable[[str], bytes]) -> Iterator[str]:
    """What the campaign was judged by, which the project declares."""
    flown, project = evidence["hil"], evidence["project"]
    if not flown:
        return
    judged = [("timing", key, flown[key]) for key in ("deadline_us", "late_per_million")]
    allowed = load(read("hil/measured.json"))["line"]["allowed"]
    judged += [("campaign", key, allowed.get(key)) for key in MENDED]
    for table, key, value in judged:
        if value != project[table][key]:
            declared = project[table][key]
            yield f"hil/: was judged by {key} = {value}, and the project's [{table}] has {declared}"


def _own(evidence: Mapping[str, Any]) -> Iterator[str]:
    """Seawall's own requirements and what it trusts, and which claims there are: all of this code."""
    shipped = requirements.load()
    for key, entries, held in (
        ("requirements", shipped.requirements, [r for r in evidence["requirements"] if r["source"] == OWN]),
        ("families", shipped.families, evidence["families"]),
        ("trusted", shipped.trusted, evidence["trusted"]),
    ):
        if [entry.model_dump() for entry in entries] != held:
            yield f"evidence.json: {key} are not those that this Seawall ships"
    claims = [claim["id"] for claim in evidence["claims"]]
    for name in sorted(set(CLAIMS) ^ set(claims)):
        what = "is none of" if name in claims else "is missing, and is one of"
        yield f"evidence.json: claim {name} {what} this Seawall's claims"


def _declared_requirements(evidence: Mapping[str, Any], declared: Any) -> Iterator[str]:
    held = {r["id"]: r for r in evidence["requirements"] if r["source"] == "project"}
    if list(held) != [r.id for r in declared]:
        yield f"evidence.json: the project's requirements are not those of project/{FILE_NAME}"
        return
    for requirement in declared:
        own = requirement.model_dump()
        if {key: held[requirement.id].get(key) for key in own} != own:
            yield f"evidence.json: requirement {requirement.id} is not as project/{FILE_NAME} has it"


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
