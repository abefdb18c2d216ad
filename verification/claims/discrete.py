"""All claims on modes, inbox and wire format: one call that spreads them over an executor."""

from collections.abc import Callable
from concurrent.futures import Executor, Future, as_completed
from typing import Any

from verification.claims import inbox, modes, sensors, wire
from verification.contracts import check
from verification.verdict import Verdict

Progress = Callable[[str, int, int], None]

CONTRACTS = (
    (inbox.CONTRACTS, inbox.contracts_verdict),
    (modes.CONTRACTS, modes.contracts_verdict),
    (wire.CONTRACTS, wire.contracts_verdict),
)
WHOLE: tuple[Callable[[], Verdict], ...] = (
    modes.priority_verdict,
    modes.safe_verdict,
    sensors.unhealthy_verdict,
    modes.deadlock_verdict,
    modes.earned_verdict,
    inbox.order_verdict,
    wire.cobs_verdict,
    wire.crc_verdict,
    wire.search_verdict,
)


def contract_verdicts(executor: Executor, progress: Progress | None = None) -> list[Verdict]:
    """The verdicts, always in the same order; one job for each function with contracts and each other claim.

    executor: of processes, here or elsewhere; CrossHair and z3 are not for several threads of one process.
    """
    checks = [[executor.submit(check, target) for target in targets] for targets, _ in CONTRACTS]
    whole = [executor.submit(verdict) for verdict in WHOLE]
    jobs: list[Future[Any]] = [*(job for group in checks for job in group), *whole]
    for done, _ in enumerate(as_completed(jobs), 1):
        if progress:
            progress("contracts", done, len(jobs))
    found = [
        judge(f for job in group for f in job.result())
        for (_, judge), group in zip(CONTRACTS, checks, strict=True)
    ]
    return [*found, *(job.result() for job in whole)]
