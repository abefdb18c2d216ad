"""CrossHair as an engine: the PEP 316 contracts of a function, each explored over all of its paths.

CrossHair keeps apart what is easily mixed up, and so do we: only CONFIRMED counts, a precondition that was
never met (PRE_UNSAT) does not. A trap that it leaves open: where a *called* function breaks its own
postcondition the path is silently dropped. So a claim lists every contract on its way down, and a target
in verification/claims turns such a break into an error (`loud`).

The budget is a number of paths, so that a verdict does not depend on the machine; CrossHair's only clock is
the limit on one path, far above what a path takes. Its integers are exact, its floats are reals.
"""

from collections.abc import Callable, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from crosshair.core_and_libs import analyze_function
from crosshair.enforce import PostconditionFailed
from crosshair.options import AnalysisKind, AnalysisOptionSet

from verification.verdict import Verdict, python_version

PATHS = 4000  # allowed for one postcondition; the longest takes a fifth of it
PATH_SECONDS = 120.0  # one path takes some 20 ms
CONFIRMED = "CONFIRMED"
REFUTING = ("POST_FAIL", "POST_ERR", "EXEC_ERR")
NOTHING = "NOTHING"  # no contract was found

Target = Callable[..., Any]


@dataclass(frozen=True)
class Finding:
    """What CrossHair says of one contract of one function: its state and its message."""

    target: str
    state: str
    message: str
    condition: str = ""


def check(target: Target, paths: int = PATHS) -> list[Finding]:
    """One finding for each postcondition of a function, within `paths` explored paths each.

    The function must be importable where this runs; CrossHair is not for several threads of one process.
    """
    options = AnalysisOptionSet(
        analysis_kind=[AnalysisKind.PEP316],
        report_all=True,
        max_iterations=paths,
        max_uninteresting_iterations=0,  # 0 means no such limit
        per_path_timeout=PATH_SECONDS,
    )
    name = f"{target.__module__}.{target.__qualname__}"
    found = []
    for contract in analyze_function(target, options):
        said = [
            Finding(name, m.state.name, " ".join(m.message.split()), m.condition_src or "")
            for m in contract.analyze()
        ]
        found += said or [Finding(name, NOTHING, "CrossHair gave no answer")]
    return found or [Finding(name, NOTHING, "it has no contract")]


def judge(verdict: Verdict, findings: Iterable[Finding]) -> Verdict:
    """CONFIRMED only if each contract is; REFUTED with the counterexample; else OPEN with the reason."""
    findings = list(findings)
    verdict.versions |= {"crosshair": version("crosshair-tool"), **python_version()}
    verdict.budget = {"contracts": len(findings), "paths_allowed": PATHS}
    broken = next((f for f in findings if f.state in REFUTING), None)
    unsure = next((f for f in findings if f.state != CONFIRMED), None)
    if broken is not None:
        verdict.word, verdict.reason = "REFUTED", f"{broken.target}: a contract has a counterexample"
        verdict.counterexample = {"contract": broken.condition or broken.target, "found": broken.message}
    elif unsure is not None or not findings:
        verdict.word = "OPEN"
        verdict.reason = f"{unsure.target}: {unsure.state}: {unsure.message}" if unsure else "no contracts"
    else:
        verdict.word = CONFIRMED
    return verdict


class ContractBroken(Exception):
    """A called function broke its own postcondition."""


@contextmanager
def loud() -> Any:
    """Inside a target: a callee's broken postcondition becomes an error instead of a dropped path."""
    try:
        yield
    except PostconditionFailed as broken:
        raise ContractBroken(str(broken)) from None
