"""Whether a claim's word fits what stands behind it."""

from collections.abc import Collection

from certification.models import Claim

# How the method of a claim begins whose proof is a computation without obligations for a solver.
WITHOUT_OBLIGATIONS = ("graph identity", "interval reading", "exact comparison")


def faults(claim: Claim, files: Collection[str]) -> list[str]:
    """Sentences on where the word, the answers and the files (paths in the pack) disagree."""
    found = []
    if claim.word in ("PROVED-IEEE", "PROVED-REAL"):
        found += _proof_faults(claim)
    for answer in claim.answers:
        if answer.file not in files:
            found.append(f"{answer.file}: claim {claim.id} names it, but it is not in the pack")
        said = {answer.answer, answer.replay}
        if "sat" in said and claim.word not in ("REFUTED", "OPEN"):
            found.append(f"{answer.file}: a solver answered sat, yet claim {claim.id} says {claim.word}")
    for file in claim.evidence:
        if file not in files:
            found.append(f"{file}: claim {claim.id} names it as evidence, but it is not in the pack")
    if claim.word == "OPEN" and not claim.reason:
        found.append(f"evidence.json: claim {claim.id} is OPEN without a reason")
    if claim.word == "REFUTED" and claim.counterexample is None and not claim.reason:
        found.append(f"evidence.json: claim {claim.id} is REFUTED without a counterexample")
    return found


def _proof_faults(claim: Claim) -> list[str]:
    if not claim.answers:
        if claim.method.lower().startswith(WITHOUT_OBLIGATIONS):
            return []
        return [f"evidence.json: claim {claim.id} says {claim.word} without a solver's answer"]
    found = []
    for answer in claim.answers:
        solver, said = answer.main, answer.answer
        if said != "unsat" or answer.replay != "unsat":
            found.append(
                f"{answer.file}: claim {claim.id} says {claim.word}, but the recorded answers are "
                f"{said or 'none'} and {answer.replay}"
            )
        if answer.vacuity not in ("", "sat"):
            found.append(f"{answer.file}: claim {claim.id} rests on assumptions that may never hold")
        if solver == answer.replay_solver:
            found.append(f"{answer.file}: claim {claim.id} was replayed by the same solver, {solver}")
    return found
