"""Verdicts and the adversary's result in plain lines for a terminal."""

from collections import Counter
from typing import Any

from controller.project import Project
from verification.flight import Box
from verification.verdict import WORDS


def claim_rows(claims: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    """(word, id, statement with the reason if there is one) of each claim."""
    rows = []
    for claim in claims:
        reason = f" ({claim['reason']})" if claim["reason"] else ""
        rows.append((claim["word"], claim["id"], claim["statement"] + reason))
    return rows


def tally(claims: list[dict[str, Any]]) -> str:
    """How many claims have each word."""
    words = Counter(claim["word"] for claim in claims)
    return f"{len(claims)} claims: " + ", ".join(f"{words[w]} {w}" for w in WORDS if words[w])


def falsify_rows(project: Project, box: Box, bounds: Box, result: dict[str, Any]) -> list[tuple[str, ...]]:
    """(name, proposed bound, attained, ratio) of each state and output."""
    rows: list[tuple[str, ...]] = []
    names = {"state": [f"h[{i}]" for i in range(len(box))], "output": [o.name for o in project.config.output]}
    for kind, walls in (("state", box), ("output", bounds)):
        for i, (low, high) in enumerate(walls):
            a, b = result["attained"][kind][i]
            ratio = result["ratio"][kind][i]
            shown = "" if ratio is None else f"{ratio:.2f}"
            rows.append((names[kind][i], f"{low:.5g} to {high:.5g}", f"{a:.5g} to {b:.5g}", shown))
    return rows
