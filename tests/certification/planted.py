"""What a small pack says of defects that were planted in its kernel."""

from typing import Any

from verification.mutation.run import Result, counted


def planted() -> dict[str, Any]:
    """What became of defects: a class without a survivor, and one with two."""
    words = [("select", "killed", "AS-SPECIFIED")] * 2 + [
        ("select", "killed", "FINITE"),
        ("select", "same", ""),
    ]
    words += [
        ("C: field", "killed", "C-EQUALS-PYTHON"),
        ("C: field", "survived", ""),
        ("C: field", "lost", ""),
    ]
    words += [("C: field", "same", "")] * 2
    results = [Result(kind, "", word, claim, "", 1.0) for kind, word, claim in words]
    alive = ["survived: kernel.c:1: a -> b", "lost: kernel.c:2: a -> b"]
    return {"possible": 5000, "seed": 0, "classes": counted(results), "survived": alive, "why": ""}
