"""The whole evidence as one JSON object, and everything in it that follows from the rest."""

from collections.abc import Mapping
from typing import Any

from certification.assumptions import assumptions
from certification.campaigns import campaigns
from certification.models import WORDS, Campaign, Claim, Family, Requirement, TestResult, Trusted, parse
from certification.pattern import select
from certification.requirements import Requirements
from certification.trace import trace

SCHEMA = "seawall/evidence/1"
OTHER = "Other claims"


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
    matrix = trace(rules, claims, tests, runs, evidence["code"])
    return {
        "trace": matrix,
        "counts": counts(families, claims, runs, tests),
        "assumptions": assumptions(claims, matrix["claims"]),
        "status": matrix["status"],
    }


def counts(
    families: list[Family], claims: list[Claim], runs: list[Campaign], tests: list[TestResult]
) -> list[dict[str, Any]]:
    """Page one's table: for each family of claims, for campaigns and for tests, how many of each word."""
    rows = []
    left = [claim.id for claim in claims]
    word_of = {claim.id: claim.word for claim in claims}
    for family in [*families, Family(name=OTHER, claims=["*"])]:
        members = select(family.claims, left)
        left = [name for name in left if name not in members]
        if members:
            rows.append(_count(family.name, [word_of[name] for name in members]))
    rows.append(_count("Campaigns on the target", [run.word for run in runs]))
    outcome_word = {"passed": "TESTED", "failed": "REFUTED", "skipped": "OPEN"}
    rows.append(_count("Tests", [outcome_word[test.outcome] for test in tests]))
    return rows


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
) -> dict[str, Any]:
    """The evidence from its parts, with what follows from them. Raises InputError."""
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
        "kernel": dict(kernel),
        "code": dict(code),
        "requirements": [entry.model_dump() for entry in requirements.requirements],
        "families": [entry.model_dump() for entry in requirements.families],
        "trusted": [entry.model_dump() for entry in requirements.trusted],
    }
    return evidence | derive(evidence)
