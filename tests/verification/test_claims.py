"""The list of claims is that of the claims that are made, each by its own id in one place of the code."""

import ast
from pathlib import Path

import verification
from verification.claims import CLAIMS

MAKERS = (
    "Verdict",
    "_verdict",
    "verdict_of",
    "_range_verdict",
    "claim",
)  # their first argument is a claim's id
ROOT = Path(verification.__file__).parent


def made() -> set[str]:
    """Every text that is the first argument of a maker of claims, or the first of a row that is made one."""
    found = set()
    for path in [*ROOT.glob("claims/*.py"), ROOT / "verify.py"]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in MAKERS:
                first = node.args[:1]
            elif isinstance(node, ast.Tuple) and path.name == "ranges.py":
                first = [e for e in node.elts[:1] if len(node.elts) == 5]
            else:
                continue
            found |= {e.value for e in first if isinstance(e, ast.Constant) and isinstance(e.value, str)}
    return found


def test_the_list_is_of_the_claims_that_are_made() -> None:
    assert made() == set(CLAIMS)
    assert len(set(CLAIMS)) == len(CLAIMS)
