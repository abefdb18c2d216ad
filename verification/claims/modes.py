"""The functions that decide on the mode, on all integers: their own contracts, and what they make together.

That the period that flies is made of them, and of nothing else, is AS-SPECIFIED's to show.
"""

from collections.abc import Iterable
from typing import Any

from controller.kernel.modes import advance, remaining, tally, wanted, worst
from verification.contracts import Finding, Target, check, judge, loud
from verification.verdict import Verdict

TWIN = "tests/should_fail/test_modes.py"
CODE = ["controller/kernel/modes.py"]


def first_flag(
    reference_bad: int, reference_stale: int, sensor_bad: int, sensor_stale: int,
    state_limit: int, command_bad: int, clock: int, deadline: int,
) -> Any:  # fmt: skip
    """The cause is the number of the first flag above 0, whatever integers the flags are.

    post: _[0] == _[1]
    """
    flags = (
        reference_bad, reference_stale, sensor_bad, sensor_stale,
        state_limit, command_bad, clock, deadline,
    )  # fmt: skip
    with loud():
        cause = worst(*flags)
    return cause, next((n for n, flag in enumerate(flags, 1) if flag > 0), 0)


def one_move(mode: int, want: int, healthy: int, recovery: int) -> Any:
    """The mode and the count after a period, for every recovery count.

    pre: 0 <= mode <= 2 and 0 <= want <= 2 and 0 <= healthy < recovery
    post: _[0] == _[1]
    """
    with loud():
        count = tally(mode, want, healthy)
        got = advance(mode, want, count, recovery), remaining(count, recovery)
    if want >= mode:
        return got, (want, 0)
    return got, ((mode - 1, 0) if healthy + 1 == recovery else (mode, healthy + 1))


CONTRACTS: tuple[Target, ...] = (worst, wanted, tally, advance, remaining, first_flag, one_move)


def contracts_verdict(findings: Iterable[Finding] | None = None) -> Verdict:
    """MODES-CONTRACTS, from the findings on CONTRACTS (made here where none are given)."""
    found = [f for target in CONTRACTS for f in check(target)] if findings is None else findings
    verdict = Verdict(
        "MODES-CONTRACTS",
        "For all integers as flags, each mode, each mode that is asked for, every recovery and every tally "
        "below it: the cause is the first flag above 0, the mode it asks for is the declared one, worse "
        "takes effect at once and one step better when the tally reaches recovery; each function of "
        "modes.py keeps its own contract.",
        "OPEN",
        "CrossHair, PEP 316 contracts over all paths",
        "integers",
        ["CrossHair's integers are unbounded; INTEGER-RANGE shows that the kernel's fit 64 bits"],
        CODE,
        f"{TWIN}::test_modes_contracts_twin",
    )
    return judge(verdict, found)
