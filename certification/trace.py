"""Requirements against claims, tests, campaigns and code, in both directions.

Seawall's own requirements are shown by its own suite and a project's by the project's tests, so that no test
of the one can stand for the other; a claim's twin is a test of the suite.

A requirement is `shown` when each of its patterns finds evidence and all that it finds holds. The worst
counts: one refuted claim, failed test or failed campaign makes it `failed`.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from certification.models import WORDS, Campaign, Claim, Requirement, Status, TestResult, Word
from certification.pattern import select
from certification.requirements import OWN, Requirements

RANK: dict[Status, int] = {"shown": 0, "not shown": 1, "failed": 2}
KINDS = ("claims", "tests", "suite", "campaigns", "code")
PLACEHOLDER = "replace:"  # how a source begins that `seawall init` wrote


def trace(
    requirements: Requirements,
    claims: list[Claim],
    tests: list[TestResult],
    campaigns: list[Campaign],
    code: Iterable[str],
    suite: Sequence[TestResult] = (),
    project: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The matrix as data: `requirements` (one verdict each), `backward`, `orphans`, `unsourced`, `status`.

    status is 0, 1 or 3; unsourced are the ranges that no source stands behind.
    tests: the project's own; suite: Seawall's; project: its `inputs` and `outputs`, with their sources.
    """
    outcomes = {test.id: test.outcome for test in tests}
    own = {test.id: test.outcome for test in suite}
    judged = {claim.id: judge_claim(claim, own) for claim in claims}
    files = sorted(code)
    rows = [
        _row(requirement, claims, judged, own if is_own(requirement) else outcomes, campaigns, files)
        for requirement in requirements.requirements
    ]
    backward = {
        "claims": _backward(rows, "claims", [claim.id for claim in claims]),
        "tests": _backward([row for row in rows if row["source"] != OWN], "tests", list(outcomes)),
        "suite": _backward([row for row in rows if row["source"] == OWN], "tests", list(own)),
        "campaigns": _backward(rows, "campaigns", [campaign.id for campaign in campaigns]),
        "code": _backward(rows, "code", files),
    }
    for claim in claims:  # a claim's twin is named through the claim
        for test in select([claim.twin], own) if claim.twin else []:
            owners = backward["claims"][claim.id]
            backward["suite"][test] = sorted({*backward["suite"][test], *owners})
    orphans = {kind: [name for name, owners in backward[kind].items() if not owners] for kind in KINDS}
    orphans["requirements"] = [row["id"] for row in rows if not row["means"]]
    bare = unsourced(project or {})
    failing = (
        any(row["status"] == "failed" for row in rows)
        or any(status == "failed" for status, _ in judged.values())
        or any(test.outcome == "failed" for test in [*tests, *suite])
        or any(campaign.word == "REFUTED" for campaign in campaigns)
    )
    missing = any(row["status"] == "not shown" for row in rows) or any(orphans.values()) or bare
    return {
        "requirements": rows,
        "claims": {name: {"status": status, "reason": why} for name, (status, why) in judged.items()},
        "backward": backward,
        "orphans": orphans,
        "unsourced": bare,
        "status": 1 if failing else 3 if missing else 0,
    }


def is_own(requirement: Requirement) -> bool:
    """Whether it is Seawall's and not the project's."""
    return requirement.source == OWN


def unsourced(project: Mapping[str, Any]) -> list[str]:
    """The inputs and outputs whose limits still have the template's placeholder for a source."""
    return [
        f"{kind[:-1]} {port['name']}"
        for kind in ("inputs", "outputs")
        for port in project.get(kind, [])
        if str(port.get("source", "")).strip().lower().startswith(PLACEHOLDER)
    ]


def judge_claim(claim: Claim, outcomes: Mapping[str, str]) -> tuple[Status, str]:
    """Whether a claim counts: its word, and its twin, which must have failed as it should (test passed)."""
    if claim.word == "REFUTED":
        return "failed", f"{claim.id} is REFUTED: {claim.reason or 'see the counterexample'}"
    if claim.word == "OPEN":
        return "not shown", f"{claim.id} is OPEN: {claim.reason}"
    if not claim.twin:
        return "not shown", f"{claim.id} has no twin that must fail"
    seen = {outcomes[test] for test in select([claim.twin], outcomes)}
    if "failed" in seen:
        return "failed", f"{claim.id} is void: its twin {claim.twin} did not fail as it must"
    if "passed" not in seen:
        return "not shown", f"{claim.id}: its twin {claim.twin} was not run"
    return "shown", ""


def _row(
    requirement: Requirement,
    claims: list[Claim],
    judged: Mapping[str, tuple[Status, str]],
    outcomes: Mapping[str, str],
    campaigns: list[Campaign],
    files: list[str],
) -> dict[str, Any]:
    """One requirement's verdict: what it found, the words by which it is shown, and what is missing."""
    seen: list[tuple[Status, str]] = []
    words: set[Word] = set()
    by_id = {claim.id: claim for claim in claims}
    found_claims = select(requirement.claims, by_id)
    for name in found_claims:
        word = by_id[name].word
        status, why = judged[name]
        if status == "shown" and requirement.accepts and word not in requirement.accepts:
            status, why = "not shown", f"{name} is {word}; {' or '.join(requirement.accepts)} is asked for"
        seen.append((status, why))
        words |= {word} if status == "shown" else set()
    found_tests = select(requirement.tests, outcomes)
    for name in found_tests:
        if outcomes[name] == "failed":
            seen.append(("failed", f"test {name} failed"))
    words |= {"TESTED"} if any(outcomes[name] == "passed" for name in found_tests) else set()
    word_of = {campaign.id: campaign for campaign in campaigns}
    found_campaigns = select(requirement.campaigns, word_of)
    for name in found_campaigns:
        status, why = judge_campaign(word_of[name])
        seen.append((status, why))
        words |= {word_of[name].word} if status == "shown" else set()
    seen += _unfound(requirement, by_id, outcomes, word_of, files)
    worst: Status = max((status for status, _ in seen), key=lambda s: RANK[s], default="shown")
    return {
        "id": requirement.id,
        "text": requirement.text,
        "source": requirement.source,
        "where": "; ".join(sorted({word_of[name].where for name in found_campaigns} - {""})),
        "status": worst if words or worst == "failed" else "not shown",
        "means": [word for word in WORDS if word in words],
        "reasons": [why for status, why in seen if status != "shown"],
        "claims": found_claims,
        "tests": found_tests,
        "campaigns": found_campaigns,
        "code": select([*requirement.code, *(f for name in found_claims for f in by_id[name].code)], files),
    }


def judge_campaign(campaign: Campaign) -> tuple[Status, str]:
    """Whether a campaign counts."""
    if campaign.word == "REFUTED":
        return "failed", f"campaign {campaign.id} failed: {campaign.text}"
    if campaign.word == "OPEN":
        return "not shown", f"campaign {campaign.id}: {campaign.text}"
    return "shown", ""


def _unfound(
    requirement: Requirement,
    claims: Iterable[str],
    outcomes: Mapping[str, str],
    campaigns: Iterable[str],
    files: list[str],
) -> list[tuple[Status, str]]:
    """Patterns that find nothing; for tests, nothing that ran."""
    ran = [name for name, outcome in outcomes.items() if outcome != "skipped"]
    pools: list[tuple[str, list[str], Iterable[str]]] = [
        ("claim", requirement.claims, claims),
        ("test that ran", requirement.tests, ran),
        ("campaign", requirement.campaigns, campaigns),
        ("file", requirement.code, files),
    ]
    return [
        ("not shown", f"no {kind} is {pattern}")
        for kind, patterns, pool in pools
        for pattern in patterns
        if not select([pattern], pool)
    ]


def _backward(rows: list[dict[str, Any]], kind: str, names: list[str]) -> dict[str, list[str]]:
    owners: dict[str, list[str]] = {name: [] for name in names}
    for row in rows:
        for name in row[kind]:
            owners[name].append(row["id"])
    return owners
