"""The whole verification of a project: every claim with its verdict, as one object for `verify --json`."""

from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from controller.native.bundle import digest, kernel_sources, parameter_sources
from controller.project import Project
from verification.claims.bounds import find_box, limit_claim, output_claim, state_claim
from verification.claims.code import code_verdicts
from verification.claims.discrete import contract_verdicts
from verification.claims.ieee import ieee_claims
from verification.claims.ranges import range_verdicts
from verification.claims.words import words_claim
from verification.falsify import falsify
from verification.flight import Box, Flight
from verification.proof import Progress, discharge_all, versions
from verification.refusal import diverging_trace
from verification.verdict import Verdict, decide, python_version, rest

SCHEMA = "seawall/verify/1"
TRIES = 768


@dataclass(frozen=True)
class Place:
    """Where the obligations go, and where finished answers are kept for the next run."""

    proofs: Path
    known: Path | None = None


@dataclass
class Admission:
    """What a network must pass before it may fly: all claims on its program, its C and its words."""

    flight: Flight
    box: Box
    bounds: Box
    verdicts: list[Verdict]

    @property
    def status(self) -> int:
        """0 admitted, 1 a claim is refuted, 3 a claim is open."""
        return exit_status([v.as_dict() for v in self.verdicts])


def admit(project: Project, place: Place, executor: Executor, progress: Progress | None = None) -> Admission:
    """Bounds for all time, guard, filter and fallback, no NaN or overflow, and C = Python."""
    flight = Flight(project.law, project.sizes)
    box = find_box(flight)
    output, bounds = output_claim(flight, box)
    pending = [state_claim(flight, box), output, limit_claim(flight, box)]
    pending += [*ieee_claims(flight), words_claim()]
    obligations = [o for p in pending for o in p.obligations]
    answers = discharge_all(obligations, place.proofs, executor, place.known, progress)
    verdicts = [p.settle(answers) for p in pending]
    refuse(project, verdicts[0], progress)
    sources = kernel_sources(project.sizes) | parameter_sources(project.law)
    verdicts += [*range_verdicts(flight, box), *code_verdicts(flight, sources)]
    rest(verdicts)
    return Admission(flight, box, bounds, verdicts)


def verify(
    project: Project, place: Place, executor: Executor, progress: Progress | None = None, tries: int = TRIES
) -> dict[str, Any]:
    """The object of schema/verify-1.json: program, bounds, what an adversary attained, and all claims."""
    admission = admit(project, place, executor, progress)
    flight, box = admission.flight, admission.box
    search = executor.submit(falsify, project, box, admission.bounds, tries)
    discrete = contract_verdicts(executor, progress)
    attained = search.result()
    verdicts = [*admission.verdicts, searched(flight, attained), *discrete]
    rest(verdicts)
    return {
        "schema": SCHEMA,
        "project": {
            "name": project.name,
            "network_digest": project.network_digest,
            "config_digest": project.config_digest,
        },
        "program": {
            "digest": flight.digest,
            "operations": flight.step.operations(),
            "kernel_digest": digest(kernel_sources(project.sizes)),
            "parameter_digest": digest(parameter_sources(project.law)),
        },
        "bounds": {"state": _pairs(box), "output": _pairs(admission.bounds)},
        "attained": attained["attained"],
        "claims": [v.as_dict() for v in verdicts],
        "versions": {**versions(), **python_version()},
    }


def refuse(project: Project, state: Verdict, progress: Progress | None) -> None:
    """Where the invariant is not proved, look for a trajectory that violates it: a trace refutes it."""
    if state.word != "OPEN":
        return
    trace = diverging_trace(project, progress=progress)
    if trace is not None:
        state.word, state.counterexample = "REFUTED", trace
        state.reason = f"neuron {trace['neuron']} meets its limit at step {trace['step']}: {trace['kind']}"


def searched(flight: Flight, attained: dict[str, Any]) -> Verdict:
    """BOUNDS-SEARCHED: the opponent of the two proved bounds."""
    left = attained["left"]
    return Verdict(
        "BOUNDS-SEARCHED",
        f"None of {attained['tries']:,} trajectories of an adversary ({attained['steps']:,} periods) "
        "left the bounds of a state or a command.",
        decide(not left, "SEARCHED"),
        f"bang-bang inputs and steps, mutated towards each bound; seed {attained['seed']}",
        "binary64",
        [],
        ["controller/kernel/step.py"],
        "tests/should_fail/test_bounds.py::test_bounds_searched_twin",
        "a trajectory left its bound" if left else "",
        {"left": left} if left else None,
        program_digest=flight.digest,
        versions=python_version(),
    )


def exit_status(claims: list[dict[str, Any]]) -> int:
    """0 all hold, 1 one is refuted, 3 one is open."""
    words = {claim["word"] for claim in claims}
    return 1 if "REFUTED" in words else 3 if "OPEN" in words else 0


def _pairs(box: Box) -> list[list[float]]:
    return [list(pair) for pair in box]
