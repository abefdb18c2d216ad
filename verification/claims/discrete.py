"""The contracts of modes and inbox, and all claims on the wire: one call spreads them over an executor."""

from collections.abc import Callable
from concurrent.futures import Executor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from verification import kept
from verification.claims import damage, inbox, modes, wire
from verification.contracts import CONFIRMED, PATH_SECONDS, PATHS, Finding, check
from verification.verdict import Verdict

Progress = Callable[[str, int, int], None]

CONTRACTS = (
    (inbox.CONTRACTS, inbox.contracts_verdict),
    (modes.CONTRACTS, modes.contracts_verdict),
    (wire.CONTRACTS, wire.contracts_verdict),
)
# what each says, and the check that shows it
WHOLE: tuple[tuple[Callable[[], Verdict], Callable[[], Verdict]], ...] = (
    (wire.symbols_told, wire.symbols_verdict),
    (wire.crc_told, wire.crc_verdict),
    (damage.flips_told, damage.flips_verdict),
    (damage.search_told, damage.search_verdict),
)


def told() -> list[Verdict]:
    """What contract_verdicts() gives if all is well, without a run of anything."""
    kept_all = [Finding("", CONFIRMED, "")]
    return [*(judge(kept_all) for _, judge in CONTRACTS), *(says() for says, _ in WHOLE)]


@dataclass(frozen=True)
class Job:
    """A check that nothing of a project enters: a function with contracts, or a whole claim."""

    about: Callable[..., Any]
    whole: bool

    @property
    def name(self) -> str:
        """Module and function."""
        return f"{self.about.__module__}.{self.about.__qualname__}"

    def key(self, code: str) -> str:
        """Names all that the result depends on; code: of code_digest()."""
        return kept.key(self.name, self.whole, PATHS, PATH_SECONDS, code, kept.environment())

    def run(self) -> list[dict[str, Any]]:
        """The findings, or the one verdict, as plain data."""
        if self.whole:
            return [self.about().as_dict()]
        return [asdict(finding) for finding in check(self.about)]

    def read(self, said: Any) -> list[Any] | None:
        """Findings or verdict from plain data; None from any other."""
        try:
            made: list[Any] = [(Verdict if self.whole else Finding)(**one) for one in said]
            lasting = bool(made) and all(v.shown if self.whole else v.state == CONFIRMED for v in made)
            named = self.whole or all(v.target == self.name for v in made)
            return made if lasting and named and [asdict(v) for v in made] == said else None
        except (TypeError, AttributeError):
            return None


def _run(job: Job) -> tuple[list[dict[str, Any]], str]:
    """What a job gives, and the code as it is when it has ended."""
    return job.run(), kept.code_digest()


def contract_verdicts(
    executor: Executor, progress: Progress | None = None, known: Path | None = None, code: str = ""
) -> list[Verdict]:
    """The verdicts, always in the same order; one job for each function with contracts and each other claim.

    executor: of processes, here or elsewhere; CrossHair and z3 are not for several threads of one process.
    known: a folder of what was shown before, by the digest of all code, packages and limits. Only what was
    shown is kept: a counterexample or a limit that was met is looked at again. code: the digest before the
    workers began; what ran while the code changed, or ran another code elsewhere, is not kept.
    """
    code = code or kept.code_digest()
    groups = [[Job(target, False) for target in targets] for targets, _ in CONTRACTS]
    whole = [Job(verdict, True) for _, verdict in WHOLE]
    jobs = [*(job for group in groups for job in group), *whole]
    places = {job: known / f"{job.key(code)}.json" for job in jobs} if known else {}
    found: dict[Job, list[Any]] = {}
    for job, place in places.items():
        if (said := job.read(kept.get(place, job.key(code)))) is not None:
            found[job] = said
    if progress:
        progress("contracts", len(found), len(jobs))
    waiting = {executor.submit(_run, job): job for job in jobs if job not in found}
    for future in as_completed(waiting):
        job, (said, ran) = waiting[future], future.result()
        found[job] = [(Verdict if job.whole else Finding)(**one) for one in said]
        if known and ran == code and job.read(said):
            kept.put(places[job], job.key(code), said)
        if progress:
            progress("contracts", len(found), len(jobs))
    judged = [
        judge(f for job in group for f in found[job])
        for (_, judge), group in zip(CONTRACTS, groups, strict=True)
    ]
    return [*judged, *(found[job][0] for job in whole)]
