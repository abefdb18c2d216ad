"""Planted bugs in what a period does with time: each claim must be refuted, or open where it can't speak."""

from dataclasses import replace
from fractions import Fraction
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.kernel import inbox, step
from tests.settling import flown, settled, small
from tests.should_fail.mutant import Change, mutant
from verification import translation
from verification.claims import clock
from verification.flight import Flight
from verification.proof import ask
from verification.verdict import Pending, Verdict


def fly(kernel: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Flight:
    """The small project flown by another kernel."""
    flight = flown()[1]  # made of the shipped kernel
    for entry in ("reset", "receive", "step"):
        monkeypatch.setattr(translation, entry, getattr(kernel, entry))
    return Flight(flight.law, flight.sizes)


def judged(pending: Pending) -> Verdict:
    """The verdict; a claim that is open without the solvers stays so."""
    return pending.verdict if pending.verdict.word == "OPEN" else settled(pending)


GATES = [
    ("moved = same(now, state.previous_us, 0, 1)", "moved = 1"),
    ("moved = same(now, state.previous_us, 0, 1)", "moved = same(now_us, state.previous_us, 0, 1)"),
    ("state.filtered[j] = select(0, moved, y, state.filtered[j])", "state.filtered[j] = y"),
    ("state.hidden[i] = select(0, moved, h, state.hidden[i])", "state.hidden[i] = h"),
    ("state.cause = select(0, moved, cause, state.cause)", "state.cause = cause"),
    ("state.mode = select(0, moved, mode, state.mode)", "state.mode = mode"),
    (
        "state.healthy = select(0, moved, remaining(count, law.clock.recovery), state.healthy)",
        "state.healthy = remaining(count, law.clock.recovery)",
    ),
    ("error[k] = select(0, moved, error, state.previous_error[k])", "error[k] = error"),
    ("state.integral[k] = select(0, moved, integral, state.integral[k])", "state.integral[k] = integral"),
    ("state.output[k] = select(0, moved, output, state.output[k])", "state.output[k] = output"),
]  # fmt: skip


@pytest.mark.parametrize("bug", GATES)
def test_step_repeated_twin(bug: Change, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each number of the state in turn that a repeated step changes."""
    verdict = judged(clock.step_repeated(fly(mutant(step, bug), monkeypatch)))
    assert verdict.word == "REFUTED" and verdict.counterexample


@pytest.mark.parametrize(
    "bug",
    [
        ("waits = select(time_us, 0, 0, moved)", "waits = select(time_us, 0, 0, 1)"),
        ("box.time_us[j][s] = select(0, waits, EMPTY, time_us)", "box.time_us[j][s] = EMPTY"),
    ],
)
def test_step_repeated_twin_inbox(bug: Change, monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits for the next period is used, or lost, by a repeated one."""
    bad = mutant(step, take=mutant(inbox, bug).take)
    assert judged(clock.step_repeated(fly(bad, monkeypatch))).word == "REFUTED"


@pytest.mark.parametrize(
    "bug",
    [
        ("bounded(passed, 0, law.clock.high_us)", "bounded(passed, law.clock.low_us, law.clock.high_us)"),
        ("bounded(passed, 0, law.clock.high_us)", "bounded(elapsed, 0, law.clock.high_us)"),
        ("bounded(passed, 0, law.clock.high_us)", "bounded(passed, 0, law.clock.high_us + 1)"),
        ("bounded(passed, 0, law.clock.high_us)", "bounded(select(passed, 0, -passed, passed), 0, 900)"),
        ("slew = limits.max_rate[k] * slew_s", "slew = limits.max_rate[k] * (slew_s + slew_s)"),
        ("slew = limits.max_rate[k] * slew_s", "slew = limits.max_rate[k] * (slew_s + 1.0e-9)"),
        ("slew = limits.max_rate[k] * slew_s", "slew = limits.max_rate[k] * (1.000001 * slew_s)"),
    ],
)  # fmt: skip
def test_slew_per_second_twin(bug: Change, monkeypatch: pytest.MonkeyPatch) -> None:
    """Time that did not pass, a clock that stepped back, twice the rate, a nanosecond more."""
    verdict = judged(clock.slew_per_second(fly(mutant(step, bug), monkeypatch)))
    assert verdict.word == "REFUTED" and verdict.counterexample


@pytest.mark.parametrize(
    "bug",
    [
        ("slew = limits.max_rate[k] * slew_s", "slew = limits.max_rate[k] * dt"),
        ("    state.previous_us = now\n", "    state.previous_us = now_us\n"),
        ("    state.previous_us = NEVER\n", "    state.previous_us = EMPTY\n"),
        ("limits.safe[k], slew)", "limits.safe[k], 9.0)"),
        ("guard(chosen, state.output[k], limits.low[k]", "guard(chosen, chosen, limits.low[k]"),
    ],
)
def test_slew_per_second_twin_open(bug: Change, monkeypatch: pytest.MonkeyPatch) -> None:
    """A slew that counts another time or none, a clock that is not kept, a guard around another value."""
    assert judged(clock.slew_per_second(fly(mutant(step, bug), monkeypatch))).word in ("OPEN", "REFUTED")


@pytest.mark.parametrize(("rate", "high_us"), [(3000.0, 60_000), (1.0 / 3.0, 10_000_000), (1.0e149, 2000)])
def test_slew_per_second_holds_for_any_rate(rate: float, high_us: int) -> None:
    """Before, one solver did not decide 3000 W/s and 60 ms, and the claim stayed open after minutes."""
    flight = flown()[1]
    limits = replace(flight.law.limits, max_rate=[rate for _ in flight.law.limits.max_rate])
    law = replace(flight.law, limits=limits, clock=replace(flight.law.clock, high_us=high_us))
    verdict = settled(clock.slew_per_second(Flight(law, flight.sizes)))
    assert verdict.word == "PROVED-IEEE", verdict.reason


def two_rates() -> Flight:
    project = small(outputs=2, **{"output.1.max_rate": 3000.0})
    return Flight(project.law, project.sizes)


def test_slew_per_second_twin_of_another_output(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rate of the first output for all, and of the last one."""
    assert settled(clock.slew_per_second(two_rates())).word == "PROVED-IEEE"
    for n in (0, 1):
        bad = mutant(step, ("slew = limits.max_rate[k] * slew_s", f"slew = limits.max_rate[{n}] * slew_s"))
        for entry in ("reset", "receive", "step"):
            monkeypatch.setattr(translation, entry, getattr(bad, entry))
        assert judged(clock.slew_per_second(two_rates())).word in ("OPEN", "REFUTED")


def test_a_rate_without_room_for_its_roundings_is_refuted() -> None:
    """The products of binary64 may exceed the real one: a rate that is this one alone does not hold."""
    values = [1.0e-6, 3000.0]
    exact = float(Fraction(values[0]) * Fraction(values[1]))
    assert ask(clock.rounded_rate(0, values, clock.rate_per_us(3000.0), 60_000.0)).answer == "unsat"
    assert ask(clock.rounded_rate(0, values, exact, 60_000.0)).answer == "sat"


@given(st.floats(0.0, 1.0e150, exclude_min=True))
def test_a_rate_is_told_just_above_the_declared_one(rate: float) -> None:
    found, wanted = Fraction(clock.rate_per_us(rate)), Fraction(rate) / 10**6
    assert wanted < found <= wanted * (1 + Fraction(1, 2**48)) + Fraction(1, 2**1074)


@pytest.mark.parametrize(
    ("values", "per_us", "high_us", "decided"),
    [
        ([1.0e-6, 3000.0], 0.0030001, 2000.0, True),
        ([1.0e-6, 3000.0], 0.003, 2000.0, False),  # no room for a rounding
        ([1.0e-6, 1.0e-303], 1.0, 2000.0, False),  # a product may be subnormal
        ([1.0e-310, 1.0e10], 1.0, 2000.0, False),  # so may one between
        ([1.0e300, 1.0e-300], 2.0, 1.0e9, False),  # one between may overflow
        ([], 1.0, 2000.0, False),
    ],
)
def test_the_standard_model_decides_normal_numbers_alone(
    values: list[float], per_us: float, high_us: float, decided: bool
) -> None:
    assert clock.plain(values, per_us, high_us) == decided


@given(st.floats(-5.0, 5.0), st.integers(0, 2000), st.sampled_from((1.0, -1.0)))
def test_a_moves_rounding_is_within_what_is_told(before: float, us: int, sign: float) -> None:
    flight = flown()[1]
    slew = sign * flight.law.limits.max_rate[0] * (us * 1.0e-6)
    off = abs(Fraction(before + slew) - Fraction(before) - Fraction(slew))
    assert off <= Fraction(clock.roundings(flight, 0)) <= Fraction(1, 2**50)


def test_the_unchanged_claims_hold() -> None:
    """No solver that refutes the twins refutes the claims."""
    for pending in clock.clock_claims(flown()[1]):
        assert settled(pending).word == "PROVED-IEEE", pending.verdict.reason
