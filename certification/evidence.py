"""The whole evidence as one JSON object, and everything in it that follows from the rest."""

from collections.abc import Mapping
from typing import Any, get_args

from certification.assumptions import assumptions
from certification.campaigns import campaigns
from certification.models import (
    WORDS,
    Campaign,
    Claim,
    Family,
    Outcome,
    Requirement,
    TestResult,
    Trusted,
    parse,
)
from certification.pattern import select
from certification.requirements import Requirements
from certification.suite import Suite
from certification.trace import trace

SCHEMA = "seawall/evidence/3"
NO_ATTACK: dict[str, Any] = {"possible": 0, "seed": 0, "classes": [], "survived": [], "why": ""}
KEYS = {
    "schema", "project", "program", "versions", "bounds", "attained", "claims", "hil", "campaigns", "tests",
    "suite", "kernel", "code", "requirements", "families", "trusted", "trace", "counts", "outcomes",
    "assumptions", "attack", "status", "seawall", "proofs",
}  # fmt: skip
OTHER = "Other claims"
PROJECT_TESTS, SUITE_TESTS = "Tests of the project", "Tests of Seawall itself"
ENDS: tuple[Outcome, ...] = get_args(Outcome)


def derive(evidence: Mapping[str, Any]) -> dict[str, Any]:
    """`trace`, `counts`, `assumptions` and `status` from the evidence's own lists. Raises InputError.

    Writing and auditing both call this: an audit compares the result with what the pack says.
    """
    place = "evidence.json"
    claims = [parse(Claim, entry, place) for entry in evidence["claims"]]
    tests = [parse(TestResult, entry, place) for entry in evidence["tests"]]
    runs = [parse(Campaign, entry, place) for entry in evidence["campaigns"]]
    families = [parse(Family, entry, place) for entry in evidence["families"]]
    rules = Requirements(
        [parse(Requirement, entry, place) for entry in evidence["requirements"]],
        families,
        [parse(Trusted, entry, place) for entry in evidence["trusted"]],
    )
    suite = [parse(TestResult, entry, place) for entry in evidence["suite"]["tests"]]
    matrix = trace(rules, claims, tests, runs, evidence["code"], suite, evidence["project"])
    return {
        "trace": matrix,
        "counts": counts(families, claims, runs),
        "outcomes": [outcomes(PROJECT_TESTS, tests), outcomes(SUITE_TESTS, suite)],
        "assumptions": assumptions(claims, matrix["claims"]),
        "status": matrix["status"],
    }


def of_suite(suite: Suite | None) -> dict[str, Any]:
    """What the evidence holds of Seawall's own suite: what it speaks of, its cases, and each function."""
    if suite is None:
        return {"digest": "", "cases": 0, "tests": []}
    cases = sum(sum(ended.values()) for ended in suite.tests.values())
    tests = [test.model_dump() for test in suite.results]
    return {"digest": suite.digest, "cases": cases, "tests": tests}


def about_run(suite: Suite | None) -> dict[str, str]:
    """When and where Seawall's own suite ran; empty where there is no result for this code."""
    return suite.model_dump(include={"date", "python", "machine"}) if suite else {}


def counts(families: list[Family], claims: list[Claim], runs: list[Campaign]) -> list[dict[str, Any]]:
    """Page one's table: for each family of claims and for campaigns, how many of each word."""
    rows = []
    left = [claim.id for claim in claims]
    word_of = {claim.id: claim.word for claim in claims}
    for family in [*families, Family(name=OTHER, claims=["*"])]:
        members = select(family.claims, left)
        left = [name for name in left if name not in members]
        if members:
            rows.append(_count(family.name, [word_of[name] for name in members]))
    rows.append(_count("Campaigns", [run.word for run in runs]))
    return rows


def outcomes(name: str, tests: list[TestResult]) -> dict[str, Any]:
    """How many tests ended how. A test is no claim: one that was skipped leaves nothing open by itself."""
    ends = [test.outcome for test in tests]
    return {"name": name, **{end: ends.count(end) for end in ENDS}, "total": len(ends)}


def _count(name: str, words: list[Any]) -> dict[str, Any]:
    return {"name": name, "words": {word: words.count(word) for word in WORDS}, "total": len(words)}


def assemble(
    project: Mapping[str, Any],
    verify: Mapping[str, Any],
    repeatable: dict[str, Any],
    measured: dict[str, Any],
    tests: list[TestResult],
    kernel: Mapping[str, Any],
    code: Mapping[str, str],
    requirements: Requirements,
    suite: Suite | None = None,
    attack: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The evidence from its parts, with what follows from them. Raises InputError.

    tests: the project's own; suite: Seawall's, None where there is no result for this code.
    attack: what became of planted defects, as table() gives it; None where none was planted.
    """
    evidence: dict[str, Any] = {
        "schema": SCHEMA,
        "project": dict(project),
        "program": verify["program"],
        "versions": verify.get("versions", {}),
        "bounds": verify["bounds"],
        "attained": verify.get("attained"),
        "claims": list(verify["claims"]),
        "hil": repeatable,
        "campaigns": [run.model_dump() for run in campaigns(repeatable, measured, verify["program"])],
        "tests": [test.model_dump() for test in tests],
        "suite": of_suite(suite),
        "attack": dict(attack or NO_ATTACK),
        "kernel": dict(kernel),
        "code": dict(code),
        "requirements": [entry.model_dump() for entry in requirements.requirements],
        "families": [entry.model_dump() for entry in requirements.families],
        "trusted": [entry.model_dump() for entry in requirements.trusted],
    }
    return evidence | derive(evidence)
