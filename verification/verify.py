"""The whole verification of a project: every claim with its verdict, as one object for `verify --json`."""

from concurrent.futures import Executor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from controller.native.bundle import digest, kernel_sources, parameter_sources
from controller.project import Project
from controller.reference import Reference, load_reference
from verification import kept
from verification.claims import CLAIMS
from verification.claims.bounds import find_box, limit_claim, output_claim, state_claim
from verification.claims.channels import channels_apart
from verification.claims.clock import clock_claims
from verification.claims.code import code_verdicts
from verification.claims.declared import as_declared
from verification.claims.discrete import contract_verdicts
from verification.claims.discrete import told as discrete_told
from verification.claims.health import health_claims
from verification.claims.ieee import ieee_claims
from verification.claims.ranges import range_verdicts
from verification.claims.reference import reference_claim
from verification.claims.safety import safety_claims
from verification.claims.specification import no_number, python_flown, specification_claims
from verification.claims.words import words_claim
from verification.falsify import extent, falsify
from verification.flight import Box, Flight
from verification.proof import Progress, discharge_all, versions
from verification.refusal import diverging_trace
from verification.stiffness import Refusal, advise
from verification.verdict import Pending, Verdict, decide, python_version, rest

SCHEMA = "seawall/verify/1"
TRIES = 768
FIRST_TRIES = 256  # some seconds, before the minutes of the proofs


@dataclass(frozen=True)
class Place:
    """Where the obligations go, and where finished answers are kept for the next run."""

    proofs: Path
    known: Path | None = None


@dataclass
class Asked:
    """All claims on a project's program, its C and its words as they are before any solver is asked.

    What a solver decides is pending, the claim on the states first; the rest is decided when it is looked at.
    sources: the C that is read.
    """

    project: Project
    reference: Reference | None
    flight: Flight
    box: Box
    bounds: Box
    pending: list[Pending]
    sources: dict[str, str]

    @cached_property
    def tie(self) -> list[Verdict]:
        """REFERENCE, where the project names one."""
        return [reference_claim(self.project, self.reference, self.flight.digest)] if self.reference else []

    @cached_property
    def decided(self) -> list[Verdict]:
        """What no solver is asked of."""
        ranges = [*range_verdicts(self.flight, self.box), no_number(self.flight)]
        code = [*code_verdicts(self.flight, self.sources), as_declared(self.project, self.flight)]
        code.append(python_flown(self.flight))
        return [*ranges, *code, *self.tie]


def asked(project: Project, sources: dict[str, str] | None = None) -> Asked:
    """The claims; an audit compares what they say, and each obligation, with those of a pack.

    sources: C that is read in place of what is printed of the project, by file.
    Raises InputError on a fault in the reference.
    """
    read = kernel_sources(project.sizes) | parameter_sources(project.law) | (sources or {})
    reference = load_reference(project)
    flight = Flight(project.law, project.sizes)
    box = find_box(flight)
    output, bounds = output_claim(flight, box)
    pending = [state_claim(flight, box), output, limit_claim(flight, box)]
    pending += [*ieee_claims(flight), *clock_claims(flight), *health_claims(flight), channels_apart(flight)]
    pending += [*safety_claims(flight), *specification_claims(flight), words_claim(read["scalar.h"])]
    return Asked(project, reference, flight, box, bounds, pending, read)


@dataclass
class Admission:
    """What a network must pass before it may fly: all claims on its program, its C and its words."""

    flight: Flight
    box: Box
    bounds: Box
    verdicts: list[Verdict]
    refusal: Refusal | None = None  # why the states are not proved to stay, and what would do

    @property
    def status(self) -> int:
        """0 admitted, 1 a claim is refuted, 3 a claim is open."""
        return exit_status([v.as_dict() for v in self.verdicts])


def admit(
    project: Project,
    place: Place,
    executor: Executor,
    progress: Progress | None = None,
    opponent_first: bool = False,
) -> Admission:
    """Bounds for all time, guard, filter and fallback, no NaN or overflow, C = Python, and the reference.

    opponent_first: of a network that is to fly. The reference is flown, and an adversary looks for a way out
    of the bounds; where either refutes, nothing is proved. Else all that verify() claims is asked.
    """
    code = kept.code_digest()
    claims = asked(project)
    flight, box, bounds = claims.flight, claims.box, claims.bounds
    if opponent_first:
        if any(claim.word == "REFUTED" for claim in claims.tie):
            return Admission(flight, box, bounds, claims.tie)
        found = falsify(project, box, bounds, FIRST_TRIES, progress=progress)
        if left := left_bounds(project, [p.verdict for p in claims.pending[:2]], found, progress):
            first = advise(flight, box)
            left[0].reason += f"; {first.text}"
            return Admission(flight, box, bounds, left, first)
    admission = prove(claims, place, executor, progress)
    if opponent_first and not admission.status:
        rest_of_them = contract_verdicts(executor, progress, place.known, code)
        admission.verdicts += [searched(flight, found), *rest_of_them]
        rest(admission.verdicts)
    return admission


def prove(
    claims: Asked,
    place: Place,
    executor: Executor,
    progress: Progress | None = None,
) -> Admission:
    """Ask the solvers, and look at all the rest."""
    obligations = [o for p in claims.pending for o in p.obligations]
    answers = discharge_all(obligations, place.proofs, executor, place.known, progress)
    verdicts = [p.settle(answers) for p in claims.pending]
    refuse(claims.project, verdicts[0], progress)
    refusal = None
    if not verdicts[0].shown:
        refusal = advise(claims.flight, claims.box, executor, progress)
        verdicts[0].reason += f"; {refusal.text}"
    verdicts += claims.decided
    rest(verdicts)
    return Admission(claims.flight, claims.box, claims.bounds, verdicts, refusal)


def verify(
    project: Project, place: Place, executor: Executor, progress: Progress | None = None, tries: int = TRIES
) -> dict[str, Any]:
    """The object of schema/verify-1.json: program, bounds, what an adversary attained, and all claims."""
    code = kept.code_digest()  # before any worker has begun
    admission = admit(project, place, executor, progress)
    flight, box = admission.flight, admission.box
    search = executor.submit(falsify, project, box, admission.bounds, tries)
    discrete = contract_verdicts(executor, progress, place.known, code)
    attained = search.result()
    verdicts = [*admission.verdicts, *untied(project), searched(flight, attained), *discrete]
    if sorted(v.id for v in verdicts) != sorted(CLAIMS):
        raise RuntimeError("verification/claims/__init__.py does not list the claims that are made")
    rest(verdicts)
    return {
        "schema": SCHEMA,
        "project": {
            "name": project.name,
            "network_digest": project.network_digest,
            "config_digest": project.config_digest,
        },
        "program": program(project, flight),
        "bounds": limits(box, admission.bounds),
        "attained": attained["attained"],
        "claims": [v.as_dict() for v in verdicts],
        "versions": {**versions(), **python_version()},
        **({"refusal": admission.refusal.as_dict()} if admission.refusal else {}),
    }


def program(project: Project, flight: Flight) -> dict[str, Any]:
    """What names the program that flies: its digest and size, and the digests of its C."""
    return {
        "digest": flight.digest,
        "operations": flight.step.operations(),
        "kernel_digest": digest(kernel_sources(project.sizes)),
        "parameter_digest": digest(parameter_sources(project.law)),
    }


def limits(box: Box, bounds: Box) -> dict[str, list[list[float]]]:
    """`bounds` of the result: [low, high] of each state and of each command before the guard."""
    return {"state": [list(pair) for pair in box], "output": [list(pair) for pair in bounds]}


def untied(project: Project) -> list[Verdict]:
    """REFERENCE where the project names none: not shown, which keeps no network from flying."""
    return [] if project.config.controller.reference else [reference_claim(project, None)]


def refuse(project: Project, state: Verdict, progress: Progress | None) -> None:
    """Where the invariant is not proved, look for a trajectory that violates it: a trace refutes it."""
    if state.word != "OPEN":
        return
    trace = diverging_trace(project, progress=progress)
    if trace is not None:
        _refuted(state, trace)


def left_bounds(
    project: Project, bounds: list[Verdict], found: dict[str, Any], progress: Progress | None
) -> list[Verdict]:
    """Those of the claims on states and commands that a trajectory refutes."""
    refuted = []
    for verdict, kind in zip(bounds, ("state", "output"), strict=True):
        escape = next((e for e in found["left"] if e["what"] == kind), None)
        if escape is not None:
            verdict.word, verdict.counterexample = "REFUTED", escape
            (low, high), step = escape["bound"], escape["step"]
            verdict.reason = f"{kind} {escape['index']} leaves [{low:.5g}, {high:.5g}] at step {step}"
            if kind == "state" and (trace := diverging_trace(project, progress=progress)):
                _refuted(verdict, trace)
            refuted.append(verdict)
    return refuted


def _refuted(state: Verdict, trace: dict[str, Any]) -> None:
    state.word, state.counterexample = "REFUTED", trace
    state.reason = f"neuron {trace['neuron']} meets its limit at step {trace['step']}: {trace['kind']}"


def refused(admission: Admission, target: str) -> dict[str, Any]:
    """The object of schema/refusal-1.json: what `deploy --json` gives where it writes no bundle."""
    return {
        "schema": "seawall/refusal/1",
        "target": target,
        "status": admission.status,
        "program_digest": admission.flight.digest,
        "claims": [v.as_dict() for v in admission.verdicts if not v.shown],
        "refusal": admission.refusal.as_dict() if admission.refusal else None,
    }


def unrun(claims: Asked, tries: int = TRIES) -> list[Verdict]:
    """The claims that take a search, an enumeration or CrossHair, with the words that all well gives them.

    In verify()'s order, after all others.
    """
    return [searched(claims.flight, extent(claims.project, tries)), *discrete_told()]


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
