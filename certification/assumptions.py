"""Assumptions: which another claim discharges, and which nothing does."""

from collections.abc import Mapping
from typing import Any

from certification.models import Claim
from certification.pattern import select


def dischargers(text: str, names: list[str]) -> list[str]:
    """The claims that an assumption's text names."""
    words = text.replace(",", " ").replace(".", " ").replace(":", " ").replace("(", " ").replace(")", " ")
    return [name for name in names if name in words.split()]


def assumptions(claims: list[Claim], judged: Mapping[str, Mapping[str, str]]) -> list[dict[str, Any]]:
    """Each assumption once: its text, the claims that rest on it, and the claims that discharge it.

    A claim discharges an assumption whose text names it, if it is shown itself and does not rest,
    by any chain, on the claim that assumes.
    """
    names = [claim.id for claim in claims]
    rests = {claim.id: {n for a in claim.assumptions for n in dischargers(a, names)} for claim in claims}
    users: dict[str, list[str]] = {}
    for claim in claims:
        for text in claim.assumptions:
            users.setdefault(text, []).append(claim.id)
    found = []
    for text, used_by in users.items():
        by = [
            name
            for name in dischargers(text, names)
            if judged[name]["status"] == "shown" and not any(_reaches(rests, name, user) for user in used_by)
        ]
        found.append({"text": text, "claims": select(used_by, names), "discharged_by": by})
    return found


def _reaches(rests: Mapping[str, set[str]], start: str, goal: str) -> bool:
    """Whether the claim `start` rests on `goal`, itself included."""
    waiting, seen = [start], set()
    while waiting:
        name = waiting.pop()
        if name == goal:
            return True
        if name not in seen:
            seen.add(name)
            waiting += rests[name]
    return False
