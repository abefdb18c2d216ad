"""The modes: every cause, mode and count there is, run through the kernel's own choose_mode and drive.

A bench of two sensors and one output raises any set of causes by their physical reasons (a NaN, an old
sample, a late clock); a model that is a table judges what the kernel makes of it.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product
from types import ModuleType
from typing import Any

from controller.kernel import step as kernel
from controller.kernel.inbox import EMPTY
from controller.kernel.modes import (
    FALLBACK,
    NOMINAL,
    SAFE,
    TRANSITION_NAMES,
    advance,
    remaining,
    tally,
    wanted,
    worst,
)  # fmt: skip
from controller.kernel.records import Clock, Inbox, Law, State, Work, allocate
from verification.contracts import Finding, Target, check, judge, loud
from verification.verdict import Verdict, ended

TWIN = "tests/should_fail/test_modes.py"
CODE = ["controller/kernel/modes.py", "controller/kernel/step.py"]
SIZES = {"inputs": 2, "hidden": 1, "outputs": 1, "slots": 1, "substeps": 1}
RECOVERIES = tuple(range(1, 9))
NOW_US = 1_000_000  # the clock of every period below
AHEAD_US, AGE_US = 700, 5_000 - 700  # a sample older than AGE_US is stale: AHEAD_US counts into its age
NAN = float("nan")
DIFFERS = "a case differs from the model"
TRACED = "the finite set is run in CPython; that the printed C does the same is C-EQUALS-PYTHON's to show"

Flags = tuple[int, ...]  # one for each cause, the highest priority first
Place = tuple[int, int, int]  # mode, healthy periods so far, recovery
FLAGS: list[Flags] = list(product((0, 1), repeat=8))
NO_FLAGS: Flags = (0,) * 8


def places(recoveries: Iterable[int] = RECOVERIES) -> Iterator[Place]:
    """Every mode with every count that it can have."""
    for recovery in recoveries:
        yield from ((mode, healthy, recovery) for mode in (0, 1, 2) for healthy in range(recovery))


@cache
def law(recovery: int, reference: int = 0) -> Law:
    """The bench: outputs in [-10, 10], 1 is safe, no slew limit that counts; the PID reads `reference`."""
    made = allocate(Law, SIZES)
    made.network.w_in, made.network.w_out = [[1.0], [-1.0]], [[5.0]]
    made.sensors.low, made.sensors.high = [-1.0, -1.0], [1.0, 1.0]
    made.sensors.seen_low, made.sensors.seen_high = [-1.0, -1.0], [1.0, 1.0]
    made.sensors.scale, made.sensors.stale_us = [1.0, 1.0], [AGE_US + AHEAD_US] * 2
    made.sensors.fallback = [1 - reference, reference]
    made.limits.low, made.limits.high, made.limits.safe = [-10.0], [10.0], [1.0]
    made.limits.max_rate = [1.0e6]
    made.limits.state_low, made.limits.state_high = [-1.0], [1.0]
    made.pid.channel, made.pid.kp, made.pid.ki, made.pid.kd = [reference], [2.0], [3.0], [0.004]
    made.pid.integral_low, made.pid.integral_high = [-1.0], [1.0]
    made.clock = Clock(500, 2000, 1000, AHEAD_US, recovery)
    return made


def memory(mode: int, healthy: int, now_us: int = NOW_US) -> State:
    """What a step remembers, with both sensors good and fresh at now_us and the last step a period ago."""
    before = now_us - 1000
    box = Inbox([[EMPTY], [EMPTY]], [[0.0], [0.0]], [before, before], 0, 0, 0, 0)
    held = [0.25, 0.5], [now_us, now_us], [0, 0], [0.0, 0.0]
    return State(box, *held, [0.1], [0.0], [0.0], [0.5], before, mode, healthy, 0)


def scratch() -> Work:
    """Room for one step."""
    return Work([0.0], [0.0], [0.0], [0.0], [0.0], [0.0], [0.0])


def period(step: ModuleType, flags: Flags, place: Place) -> State:
    """The state after the deciding half of a period with just these causes. Sensor 0 is the PID's."""
    state, work = memory(*place[:2]), scratch()
    for j in (0, 1):
        state.bad[j] = flags[2 * j]
        state.held_us[j] -= flags[2 * j + 1] * (AGE_US + 1)
    work.decoded = [NAN if flags[5] else 7.0]
    rules = law(place[2])
    step.choose_mode(rules, state, work, NOW_US, flags[6], flags[7], flags[4], 1)
    step.drive(rules, state, work, 0, 0.001, 0.001, 1)
    return state


def expected(flags: Flags, place: Place) -> tuple[int, int, int]:
    """The model: cause, mode, healthy count. A cause's number is its priority, 1 the highest."""
    mode, healthy, recovery = place
    cause = next((n for n, flag in enumerate(flags, 1) if flag), 0)
    want = NOMINAL if cause == 0 else SAFE if cause <= 2 else FALLBACK
    if want >= mode:
        return cause, want, 0
    return (cause, mode - 1, 0) if healthy + 1 == recovery else (cause, mode, healthy + 1)


def judged(state: State) -> tuple[int, int, int]:
    """What the kernel says in the model's words."""
    return state.cause, state.mode, state.healthy


def priority_told() -> Verdict:
    """MODES-PRIORITY."""
    return _verdict(
        "MODES-PRIORITY",
        "For recovery counts 1 to 8: "
        "each set of the eight causes has one cause of the period, the first by the declared total order; "
        "it, the mode and the count before it alone give the mode: worse at once, one step better after "
        "`recovery` periods in a row that ask for a better one.",
        "all 256 sets of causes from every mode and count, against a model that is a table",
        [_recoveries(), "MODES-CONTRACTS has all recovery counts", TRACED],
        "test_modes_priority_twin",
    )


def priority_verdict(step: ModuleType = kernel) -> Verdict:
    """MODES-PRIORITY: all flags, modes and counts against the model."""
    wrong = None
    cases = 0
    for flags, place in product(FLAGS, places()):
        cases += 1
        got, want = judged(period(step, flags, place)), expected(flags, place)
        if got != want:
            wrong = {"flags": flags, "place": place, "got": got, "expected": want}
            break
    return ended(priority_told(), wrong, DIFFERS, {"cases": cases})


def safe_told() -> Verdict:
    """MODES-SAFE-REACHABLE."""
    return _verdict(
        "MODES-SAFE-REACHABLE",
        "For recovery counts 1 to 8, slew apart: from every mode and count, a bad or stale sensor of the PID "
        "gives SAFE and the safe output in the "
        "same period, whatever else holds; nothing else leads to SAFE.",
        "all 256 sets of causes from every mode and count, through choose_mode and drive",
        [
            _recoveries(),
            "no slew limit in the way: with one, the output goes to safe at the declared rate",
            TRACED,
        ],
        "test_modes_safe_reachable_twin",
    )


def safe_verdict(step: ModuleType = kernel) -> Verdict:
    """MODES-SAFE-REACHABLE: from everywhere, by each cause that asks for SAFE, with any others."""
    wrong = None
    cases = 0
    for flags, place in product(FLAGS, places()):
        cases += 1
        state = period(step, flags, place)
        safe = state.mode == SAFE and state.output == [1.0]
        asked = flags[0] or flags[1]
        if (asked and not safe) or (state.mode == SAFE and not asked and place[0] != SAFE):
            wrong = {"flags": flags, "place": place, "mode": state.mode, "output": state.output}
            break
    return ended(safe_told(), wrong, DIFFERS, {"cases": cases})


@dataclass
class Walk:
    """What the exploration of the automaton met: moves (mode, next mode), and the first surprise."""

    moves: set[tuple[int, int]]
    wrong: dict[str, Any] | None = None
    cases: int = 0


def walk(step: ModuleType, recovery: int) -> Walk:
    """From reset, every state that any causes lead to; from each, the way home by healthy periods."""
    found = Walk(set())
    known, todo = {(SAFE, 0)}, [(SAFE, 0)]
    while todo:
        mode, healthy = todo.pop()
        for flags in FLAGS:
            state = period(step, flags, (mode, healthy, recovery))
            found.cases += 1
            found.moves.add((mode, state.mode))
            if (state.mode, state.healthy) not in known:
                known.add((state.mode, state.healthy))
                todo.append((state.mode, state.healthy))
        there = (mode, healthy)
        for _ in range(mode * recovery):  # a mode's number is how many climbs it is from NOMINAL
            there = _after(step, there, recovery)
        if there[0] != NOMINAL or _after(step, there, recovery)[0] != NOMINAL:
            found.wrong = {"mode": mode, "healthy": healthy, "recovery": recovery, "ends in": there}
            return found
    if len(known) > 3 * recovery or {mode for mode, _ in known} != {NOMINAL, FALLBACK, SAFE}:
        found.wrong = {"recovery": recovery, "reached": sorted(known)}
    return found


def _after(step: ModuleType, there: tuple[int, int], recovery: int) -> tuple[int, int]:
    state = period(step, NO_FLAGS, (*there, recovery))
    return state.mode, state.healthy


def deadlock_told() -> Verdict:
    """MODES-NO-DEADLOCK."""
    return _verdict(
        "MODES-NO-DEADLOCK",
        "For recovery counts 1 to 8: "
        "from every state that can be reached, `recovery` healthy periods in a row lead from FALLBACK to "
        "NOMINAL, 2 x `recovery` from SAFE, and one more stays there; the transitions that occur are those "
        "that have a name, SAFE to NOMINAL not among them, and each name is one transition's.",
        "the automaton of choose_mode explored from reset, all 256 sets of causes in every state",
        [_recoveries(), TRACED],
        "test_modes_no_deadlock_twin",
    )


def deadlock_verdict(
    step: ModuleType = kernel, names: dict[tuple[int, int], str] = TRANSITION_NAMES
) -> Verdict:
    """MODES-NO-DEADLOCK: the whole automaton, for each recovery count."""
    walks = [walk(step, recovery) for recovery in RECOVERIES]
    wrong = next((w.wrong for w in walks if w.wrong), None)
    unnamed = next((w.moves ^ names.keys() for w in walks if w.moves != names.keys()), set())
    if wrong is None and (unnamed or len(set(names.values())) != len(names)):
        wrong = {
            "transitions that differ from the named ones": sorted(unnamed),
            "names": list(names.values()),
        }
    return ended(deadlock_told(), wrong, DIFFERS, {"cases": sum(w.cases for w in walks)})


def unearned(step: ModuleType, recovery: int) -> tuple[dict[str, Any] | None, int]:
    """The shortest flight from reset to a NOMINAL period without `recovery` healthy ones; cases looked at.

    Every place is explored once for each number of healthy periods in a row that may have led to it; those
    are counted here from the flags, not by the kernel.
    """
    onward = cache(lambda mode, healthy: _onward(step, (mode, healthy, recovery)))
    start = (SAFE, 0, 0)  # mode, the kernel's count, healthy periods in a row: recovery stands for any more
    before: dict[tuple[int, int, int], Any] = {start: None}
    todo, wrong = deque([start]), None
    while todo and not wrong:
        here = todo.popleft()
        for good, mode, healthy in sorted(onward(*here[:2])):
            there = mode, healthy, min(here[2] + 1, recovery) if good else 0
            if there in before:
                continue
            before[there] = here
            todo.append(there)
            if mode == NOMINAL and there[2] < recovery and not wrong:
                wrong = {"recovery": recovery, "mode, count, healthy in a row": _flight(before, there)}
    if NOMINAL not in {mode for mode, _, _ in before}:
        wrong = {"recovery": recovery, "vacuous": "NOMINAL is never reached"}
    return wrong, len(FLAGS) * onward.cache_info().misses


def _onward(step: ModuleType, place: Place) -> set[tuple[bool, int, int]]:
    """Where any causes lead: whether the period was healthy, the mode, the count."""
    ends = ((flags, period(step, flags, place)) for flags in FLAGS)
    return {(flags == NO_FLAGS, state.mode, state.healthy) for flags, state in ends}


def _flight(before: dict[tuple[int, int, int], Any], end: Any) -> list[Any]:
    """The way from reset to `end`."""
    path = []
    while end is not None:
        path.append(end)
        end = before[end]
    return path[::-1]


def earned_told() -> Verdict:
    """MODES-NOMINAL-EARNED."""
    return _verdict(
        "MODES-NOMINAL-EARNED",
        "For recovery counts 1 to 8: whenever the network drives, that period and the `recovery` - 1 before "
        "it were healthy: no cause at all held in them.",
        "the automaton of choose_mode explored from reset together with the number of healthy periods in a "
        "row, all 256 sets of causes in every state",
        [_recoveries(), "MODES-CONTRACTS has all recovery counts", TRACED],
        "test_modes_nominal_earned_twin",
    )


def earned_verdict(step: ModuleType = kernel) -> Verdict:
    """MODES-NOMINAL-EARNED: the history of every NOMINAL period, for each recovery count."""
    found = [unearned(step, recovery) for recovery in RECOVERIES]
    return ended(
        earned_told(),
        next((wrong for wrong, _ in found if wrong), None),
        DIFFERS,
        {"cases": sum(cases for _, cases in found)},
    )


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


def earned_move(mode: int, want: int, healthy: int, row: int, recovery: int) -> Any:
    """The step of the induction that NOMINAL is earned: mode, count and healthy periods in a row go on.

    pre: 0 <= mode <= 2 and 0 <= want <= 2 and 0 <= healthy < recovery
    pre: row >= (recovery if mode == 0 else healthy if mode == 1 else 0)
    post: _[2] >= (recovery if _[0] == 0 else _[1] if _[0] == 1 else 0)
    """
    with loud():
        count = tally(mode, want, healthy)
        after = advance(mode, want, count, recovery), remaining(count, recovery)
    return *after, (row + 1 if want == NOMINAL else 0)


CONTRACTS: tuple[Target, ...] = (worst, wanted, tally, advance, remaining, first_flag, one_move, earned_move)


def contracts_verdict(findings: Iterable[Finding] | None = None) -> Verdict:
    """MODES-CONTRACTS, from the findings on CONTRACTS (made here where none are given)."""
    found = [f for target in CONTRACTS for f in check(target)] if findings is None else findings
    verdict = _verdict(
        "MODES-CONTRACTS",
        "For all integers as flags, counts and recovery: the cause is the first flag set, the mode it asks "
        "for is the declared one, worse takes effect at once and one step better when the count reaches "
        "recovery; a period in which the network drives ends at least `recovery` healthy ones in a row, by "
        "induction from reset; and each function of modes.py keeps its own contract.",
        "CrossHair, PEP 316 contracts over all paths",
        ["CrossHair's integers are unbounded; INTEGER-RANGE shows that the kernel's fit 64 bits"],
        "test_modes_contracts_twin",
    )
    return judge(verdict, found)


def _recoveries() -> str:
    return f"recovery counts {RECOVERIES[0]} to {RECOVERIES[-1]}"


def _verdict(name: str, statement: str, method: str, assumptions: list[str], twin: str) -> Verdict:
    return Verdict(
        name, statement, "EXHAUSTED", method, "integers", assumptions, CODE, f"{TWIN}::{twin}"
    )  # fmt: skip
