"""Whether a pack agrees with itself: counts, trace and words with what they follow from, lists with files."""

from collections.abc import Iterator
from typing import Any

from certification import manifest as manifests
from certification.campaigns import campaigns
from certification.canonical import listing_digest, sha256, sources_digest
from certification.code import installed_of
from certification.derived import counted
from certification.evidence import KEYS, NO_ATTACK, about_run, derive, of_suite
from certification.models import Claim, parse
from certification.opened import Opened
from certification.pack import SUITE_NAME, partition
from certification.project_tests import results
from certification.suite import parse as parse_suite
from certification.verdicts import faults


def disagreements(pack: Opened, evidence: dict[str, Any]) -> Iterator[str]:
    """A sentence on each thing in evidence.json that does not follow from the rest, or not from its file."""
    for key in sorted(evidence.keys() ^ KEYS):
        yield f"evidence.json: {key} {'is no part of it' if key in evidence else 'is missing'}"
    named = {"project": evidence["project"]["name"], "seawall": evidence["seawall"]["version"]}
    for key, value in named.items():
        if (own := pack.manifest.get(key)) != value:
            yield f"manifest.json: its {key} is {own!r}, and that of evidence.json {value!r}"
    for key, value in derive(evidence).items():
        if evidence.get(key) != value:
            yield f"evidence.json: {key} does not follow from the claims, tests and campaigns in it"
    yield from _verdicts(pack, evidence)
    yield from _kernel(pack, evidence)
    yield from _tests(pack, evidence)
    yield from _suite(pack, evidence)
    yield from _campaigns(pack, evidence)
    yield from _defects(evidence)


def _verdicts(pack: Opened, evidence: dict[str, Any]) -> Iterator[str]:
    """Each word against its answers, and the proof files against those that claims name."""
    files, named = set(pack.files), set()
    for entry in evidence["claims"]:
        claim = parse(Claim, entry, "evidence.json: claims")
        yield from faults(claim, files)
        named |= {*claim.evidence, *(answer.file for answer in claim.answers)}
        if claim.program_digest and claim.program_digest != evidence["program"]["digest"]:
            yield f"evidence.json: claim {claim.id} is about another program"
    proofs = {path: digest for path, digest in pack.files.items() if path.startswith("proofs/")}
    for path in sorted(proofs.keys() - named):
        yield f"{path}: no claim names it"
    for path in sorted(
        path for path in {*proofs, *evidence["proofs"]} if evidence["proofs"].get(path) != proofs.get(path)
    ):
        yield f"{path}: is not the file whose digest evidence.json holds"


def _kernel(pack: Opened, evidence: dict[str, Any]) -> Iterator[str]:
    """The C in kernel/ against the digests that the proofs and the target name."""
    sources = pack.sources()
    kernel, parameters = partition(sources)
    held, program = evidence["kernel"], evidence["program"]
    for name, part in (("kernel_digest", kernel), ("parameter_digest", parameters)):
        if not sources_digest(part) == held[name] == program[name]:
            yield f"kernel/: {name} is not that of the proved program"
    if {name: sha256(text.encode()) for name, text in sources.items()} != held["files"] or len(held) != 3:
        yield "kernel/: its files are not those that evidence.json lists"


def _tests(pack: Opened, evidence: dict[str, Any]) -> Iterator[str]:
    reports = [path for path in manifests.files_in(pack.pack) if manifests.REPORTS.fullmatch(path)]
    tests = [test.model_dump() for test in results({path: pack.read(path) for path in reports})]
    if tests != evidence["tests"]:
        yield f"evidence.json: its tests are not those of {', '.join(reports) or 'any file in tests/'}"


def _campaigns(pack: Opened, evidence: dict[str, Any]) -> Iterator[str]:
    measured = pack.load("hil/measured.json")
    if pack.load("hil/campaign.json") != evidence["hil"]:
        yield "hil/campaign.json: is not the campaign in evidence.json"
    words = [run.model_dump() for run in campaigns(evidence["hil"], measured, evidence["program"])]
    if words != evidence["campaigns"]:
        yield "evidence.json: the campaigns' verdicts do not follow from hil/"
    for sentence in counted(evidence["hil"], measured, pack.load("hil/histogram.json")):
        yield f"hil/measured.json: {sentence}"


def _suite(pack: Opened, evidence: dict[str, Any]) -> Iterator[str]:
    """The result of Seawall's own tests: what evidence.json takes from it, and the code that it speaks of."""
    suite = parse_suite(pack.read(SUITE_NAME), SUITE_NAME) if pack.has(SUITE_NAME) else None
    if of_suite(suite) != evidence["suite"]:
        yield f"evidence.json: its tests of Seawall are not those of {SUITE_NAME}"
    if about_run(suite) != pack.load("hil/measured.json").get("suite"):
        yield f"hil/measured.json: its date and machine of Seawall's tests are not those of {SUITE_NAME}"
    if suite is None:
        return
    if listing_digest(installed_of(suite.files)) != evidence["seawall"]["digest"]:
        yield f"{SUITE_NAME}: speaks of other code than that which made the pack"
    for path, digest in evidence["code"].items():
        if suite.files.get(path) != digest:
            yield f"{SUITE_NAME}: speaks of another {path} than evidence.json"


def _defects(evidence: dict[str, Any]) -> Iterator[str]:
    """The table of planted defects against itself."""
    attack, ends = evidence["attack"], ("killed", "survived", "lost")
    alive = sum(row["survived"] + row["lost"] for row in attack["classes"])
    sums = all(
        row["tried"] == sum(row[end] for end in ends) == row["planted"] - row["refused"] - row["same"]
        and row["killed"] == sum(row["claims"].values())
        for row in attack["classes"]
    )
    shape = attack.keys() == NO_ATTACK.keys() and bool(attack["why"]) != bool(attack["classes"])
    if not (sums and shape and alive == len(attack["survived"]) and attack["seed"] == NO_ATTACK["seed"]):
        yield "evidence.json: its table of planted defects does not agree with itself"
