"""Kernels that do something else than is specified, and specifications that do not keep what they promise."""

from dataclasses import replace
from typing import Any

import pytest

from controller import controller
from controller.kernel import cell, filter, guard, inbox, modes, pid, rk4, step
from controller.kernel.records import State, allocate
from tests.settling import flown, settled, small
from tests.should_fail.mutant import Change, mutant
from tests.should_fail.test_clock import fly, judged
from verification.claims import specification
from verification.claims.health import health_claims
from verification.flight import Flight
from verification.specification import rules
from verification.verdict import rest

GUARDED = "guard(chosen, state.output[k], limits.low[k], limits.high[k], limits.%s, slew)"
STEP: dict[str, Change] = {
    "starts in NOMINAL": ("    state.mode = SAFE\n", "    state.mode = 0\n"),
    "ignores the deadline": ("command_bad, clock, missed,", "command_bad, clock, 0,"),
    "a miss of two": ("command_bad, clock, missed,", "command_bad, clock, missed - 1,"),
    "halves the state": ("h = clamp(finite(work.stage[i], 0.0), low, high)", "h = 0.5 * work.stage[i]"),
    "a wider slew window": ("slew = limits.max_rate[k] * slew_s", "slew = 4.0 * limits.max_rate[k] * slew_s"),
    "another output's safe value": (GUARDED % "safe[k]", GUARDED % "safe[0]"),
    "another sensor's age": ("law.sensors.stale_us[j], law", "law.sensors.stale_us[0], law"),
    "another sensor's filter": ("x, law.sensors.filter_s[j], dt", "x, law.sensors.filter_s[0], dt"),
    "another measure of time": ("SECONDS_PER_US = 1.0e-6", "SECONDS_PER_US = 1.0000000000000002e-6"),
    "no integral": ("accumulate(state.integral[k], error, dt, low, high)", "state.integral[k]"),
    "always the network": ("chosen = select(state.mode, FALLBACK, work", "chosen = select(0, FALLBACK, work"),
    "a number in the place of another that is met": (
        "    state.mode = select(0, moved, mode, state.mode)\n",
        "    state.mode = select(0, moved, mode, state.mode)\n    state.inbox.late = state.mode\n",
    ),
    "a substep too long": ("share = dt / real(law.substeps)", "share = dt"),
}
STARTS = {
    "NOMINAL": ("    state.mode = SAFE\n", "    state.mode = 0\n"),
    "a count": ("    state.healthy = 0\n", "    state.healthy = 1\n"),
    "held from the start": ("state.held_us[j] = EMPTY", "state.held_us[j] = 0"),
    "seen from the start": ("box.seen_us[j] = EMPTY", "box.seen_us[j] = 0"),
    "not at the safe output": ("state.output[k] = law.limits.safe[k]", "state.output[k] = law.limits.low[k]"),
    "held at its low end": ("state.held[j] = law.sensors.rest[j]", "state.held[j] = law.sensors.low[j]"),
    "a low-pass at 0": ("state.filtered[j] = observe(law, state.held[j], j)", "state.filtered[j] = 0.0"),
    "a low-pass at its low wall": (
        "state.filtered[j] = observe(law, state.held[j], j)", "state.filtered[j] = law.sensors.seen_low[j]"
    ),
    "a last step": ("    state.previous_us = NEVER\n", "    state.previous_us = 0\n"),
    "moving": ("state.hidden[i] = 0.0", "state.hidden[i] = 0.5"),
    "a longer lead": ("law.clock.ahead_us, now_us, channel", "1000000, now_us, channel"),
    "a sample restamped": ("ahead_us, now_us, channel, time_us", "ahead_us, now_us, channel, now_us"),
    "another clock": ("ahead_us, now_us, channel, time_us", "ahead_us, time_us, channel, time_us"),
}  # fmt: skip
HELD, STORE = (
    "select(0, good, value, state.held[j])",
    "    put(times, values, %s, stored, time_us, value)\n\n",
)
PARTS: dict[str, tuple[Any, str, Change]] = {
    "no number is 5": (inbox, "push", ("NOT_FINITE = 1.0e299", "NOT_FINITE = 5.0")),
    "what is bad is held": (inbox, "take", (HELD, "select(good, 1, value, state.held[j])")),
    "no overflow is told": (inbox, "push", ("select(EMPTY, box.time_us[j][0], fresh, 0)", "0")),
    "no newest place": (inbox, "push", (STORE % "len(times) - 1", STORE % "0")),
    "what is refused is not told": (
        inbox,
        "push",
        ("count(box.refused, 1 - known)", "count(box.refused, 0)"),
    ),
    "an unknown channel is not told": (
        inbox,
        "push",
        ("(box.refused, 1 - known)", "(box.refused, 1 - in_time)"),
    ),
    "a sample in each row": (inbox, "push", ("mine = same(j, channel, in_time, 0)", "mine = in_time")),
    "a counter without limit": (
        inbox,
        "push",
        ("return bounded(counter + flag, 0, COUNT_LIMIT)", "return counter + flag"),
    ),
    "any clock's sample": (
        inbox,
        "take",
        ("select(now_us + law.clock.ahead_us, time_us, 0, select(0, back, 0, waits))", "waits"),
    ),
    "a swapped order of causes": (
        modes,
        "worst",
        (
            "SENSOR_BAD, cause)\n    cause = select(0, reference_stale, REFERENCE_STALE, cause)",
            "SENSOR_BAD, select(0, reference_stale, REFERENCE_STALE, cause))",
        ),
    ),
    "no lead": (inbox, "stale", ("now_us + ahead_us - limit_us", "now_us - limit_us")),
    "one cause for another": (modes, "worst", ("clock, CLOCK, cause", "clock, DEADLINE, cause")),
    "two modes at once": (modes, "advance", ("select(FALLBACK, mode, FALLBACK, NOMINAL)", "NOMINAL")),
    "a weight of the method": (
        rk4,
        "integrate",
        ("work.k1[i] + 2.0 * work.k2[i]", "work.k1[i] + work.k2[i]"),
    ),
    "a gain's sign": (pid, "command", ("ki * integral", "ki * -integral")),
    "no range": (guard, "guard", ("clamp(finite(command, safe), low, high)", "finite(command, safe)")),
    "a forward low-pass": (filter, "low_pass", ("dt / (time_constant_s + dt)", "dt / time_constant_s")),
}


@pytest.mark.parametrize("name", STEP)
def test_as_specified_twin(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = small(outputs=2, **{"controller.substeps": 2})
    fly(mutant(step, STEP[name]), monkeypatch)
    verdict = judged(specification.as_specified(Flight(sizes.law, sizes.sizes)))
    assert not verdict.shown and verdict.reason


@pytest.mark.parametrize("name", STARTS)
def test_as_specified_twin_start(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another start, or another sample than came; what rests on it is open then too."""
    flight = fly(mutant(step, STARTS[name]), monkeypatch)
    verdict = judged(specification.as_specified(flight))
    assert not verdict.shown and verdict.reason
    resting = [p.verdict for p in health_claims(flight)]
    rest([verdict, *resting])
    assert {v.word for v in resting} == {"OPEN"}


@pytest.mark.parametrize("name", PARTS)
def test_as_specified_twin_parts(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module, part, change = PARTS[name]
    kernel = mutant(step, **{part: getattr(mutant(module, change), part)})
    assert not judged(specification.as_specified(fly(kernel, monkeypatch))).shown


def test_as_specified_twin_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deep inside: the sign of the leak."""
    bent = mutant(cell, ("tanh(total[i]) - h[i] * rate", "tanh(total[i]) + h[i] * rate"))
    kernel = mutant(step, integrate=mutant(rk4, derivative=bent.derivative).integrate)
    verdict = judged(specification.as_specified(fly(kernel, monkeypatch)))
    assert verdict.word == "OPEN" and "is not as specified" in verdict.reason


def test_a_record_of_another_shape_is_not_as_specified(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(specification.period.RECORDS["law.clock"], "recovery", "inputs")
    verdict = specification.as_specified(flown()[1]).verdict
    assert verdict.word == "OPEN" and "recovery" in verdict.reason


@pytest.mark.parametrize("part", ["duplicate", "late"])
def test_rows_in_order_twin_taken(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A duplicate, or what is older than what was used, is taken as well."""
    arrival = rules.arrival

    def taken(*given: Any) -> Any:
        found = arrival(*given)
        return replace(found, fresh=rules.either(found.fresh, getattr(found, part)))

    monkeypatch.setattr(rules, "arrival", taken)
    assert settled(specification.rows_in_order(flown()[1])).word == "REFUTED"


def test_rows_in_order_twin(monkeypatch: pytest.MonkeyPatch) -> None:
    """A newcomer in the oldest one's place, wherever it belongs in time."""

    def first(times: Any, values: Any, arrived: Any, time_us: Any, value: Any) -> Any:
        return [rules.where(arrived.fresh, time_us, times[0]), *times[1:]], values

    monkeypatch.setattr(rules, "inserted", first)
    assert settled(specification.rows_in_order(flown()[1])).word == "REFUTED"


def test_nominal_earned_twin(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tally that goes on from SAFE to NOMINAL."""
    climbs = rules.next_mode

    def kept(mode: Any, healthy: Any, cause: Any, recovery: Any) -> Any:
        after, _ = climbs(mode, healthy, cause, recovery)
        return after, rules.where(cause == 0, healthy + 1, 0)

    monkeypatch.setattr(rules, "next_mode", kept)
    assert settled(specification.nominal_earned(flown()[1])).word == "REFUTED"


BLIND = "    return select(held_us, 0, 1, select(now_us, held_us, 1, old))"


def test_received_first_twin(monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing sample that counts as one of the start of the clock."""
    blind = mutant(inbox, (BLIND, "    return select(now_us, held_us, 1, old)"))
    verdict = settled(specification.received_first(fly(mutant(step, stale=blind.stale), monkeypatch)))
    assert verdict.word == "REFUTED"


def test_received_first_twin_start(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = mutant(step, ("state.held_us[j] = EMPTY", "state.held_us[j] = 0"))
    assert judged(specification.received_first(fly(kernel, monkeypatch))).word == "OPEN"


def test_no_number_apart_twin() -> None:
    """A declared range that holds what stands for no number."""
    flight = flown()[1]
    sensors = replace(flight.law.sensors, high=[1.0, 2.0e299])
    wide = Flight(replace(flight.law, sensors=sensors), flight.sizes)
    assert specification.no_number(wide).word == "REFUTED"
    assert specification.no_number(flight).word == "EXHAUSTED"


def test_python_flown_twin(monkeypatch: pytest.MonkeyPatch) -> None:
    """A select of CPython's that is not the traced one, and rows that are one list."""
    flight = flown()[1]
    assert specification.python_flown(flight).word == "TESTED"
    with monkeypatch.context() as patch:
        patch.setattr(inbox, "select", lambda a, b, x, y: x if a <= b else y)
        verdict = specification.python_flown(flight)
    assert verdict.word == "REFUTED" and verdict.counterexample

    def aliased(record: Any, sizes: dict[str, int]) -> Any:
        made = allocate(record, sizes)
        if record is State:
            made.inbox.value = [made.inbox.value[0]] * sizes["inputs"]
        return made

    monkeypatch.setattr(controller, "allocate", aliased)
    assert specification.python_flown(flight).word == "REFUTED"
