"""What both reports say of defects that were planted in the kernel: which claims turned red."""

from collections.abc import Mapping
from typing import Any

REDS = 3  # claims that a row names


def defects(attack: Mapping[str, Any]) -> dict[str, Any]:
    """A sentence on the whole, a row a class, and what survived by name; no rows where none was planted."""
    if not attack["classes"]:
        why = f": {attack['why']}" if attack["why"] else ""
        return {"text": f"No defect was planted{why}.", "rows": [], "survived": []}
    rows = [_row(row) for row in attack["classes"]]
    planted, tried, killed = (
        sum(row[key] for row in attack["classes"]) for key in ("planted", "tried", "killed")
    )
    text = (
        f"{planted:,} of {attack['possible']:,} systematic defects (some of each class, by seed "
        f"{attack['seed']}) were planted in the kernel and in its printed C, each alone, and the claims "
        f"judged them, the cheapest first, until one turned red. {planted - tried:,} were no program of the "
        f"kernel's language, or the same program; of the other {tried:,}, {killed:,} turned a claim red."
    )
    return {"text": text, "rows": rows, "survived": list(attack["survived"])}


def _row(row: Mapping[str, Any]) -> dict[str, str]:
    names = [f"{claim} {count}" for claim, count in row["claims"].items()]
    more = [f"{len(names) - REDS} more"] if len(names) > REDS else []
    alive = row["survived"] + row["lost"]
    return {
        "name": row["class"],
        "tried": f"{row['tried']:,}",
        "killed": f"{row['killed']:,}",
        "survived": f"{alive:,}" if alive else "",
        "claims": ", ".join([*names[:REDS], *more]),
    }
