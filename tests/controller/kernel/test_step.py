"""One control period as a whole: modes, limits and recovery as the samples come, late, odd or never."""

import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.kernel.modes import (
    CLOCK,
    COMMAND_BAD,
    DEADLINE,
    FALLBACK,
    HEALTHY,
    NOMINAL,
    REFERENCE_BAD,
    REFERENCE_STALE,
    SAFE,
    SENSOR_BAD,
    SENSOR_STALE,
    STATE_LIMIT,
    TRANSITION_NAMES,
    advance,
    remaining,
    tally,
)  # fmt: skip
from controller.kernel.records import State, Work, allocate
from controller.kernel.step import receive, reset, step
from controller.project import Project, load
from tests.programs import numbers
from tests.projects import make_project

PERIOD = 1000


class Flight:
    """A kernel in flight; input 0 is the PID's, input 1 is not."""

    def __init__(self, project: Project) -> None:
        self.project, self.law, self.now = project, project.law, 0
        self.state, self.work = allocate(State, project.sizes), allocate(Work, project.sizes)
        reset(self.law, self.state)

    def period(self, *values: float | None, after: int = PERIOD, missed: int = 0) -> State:
        """One period; None sends no sample."""
        self.now += after
        for j, value in enumerate(values):
            if value is not None:
                receive(self.law, self.state, self.now, j, self.now, value)
        step(self.law, self.state, self.work, self.now, missed)
        return self.state

    def recover(self) -> State:
        """Enough healthy periods for NOMINAL."""
        for _ in range(2 * self.law.clock.recovery):
            self.period(0.1, 0.1)
        assert (self.state.mode, self.state.cause) == (NOMINAL, HEALTHY)
        return self.state


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return load(make_project(tmp_path_factory.mktemp("project"), hidden=3))


@pytest.fixture
def flight(project: Project) -> Flight:
    return Flight(project)


def test_each_transition_that_occurs_has_a_name_of_its_own() -> None:
    """From reset on, whatever is asked for; SAFE to NOMINAL is none of them."""
    for recovery in (1, 2, 5):
        moves, known, todo = set(), {(SAFE, 0)}, [(SAFE, 0)]
        while todo:
            mode, healthy = todo.pop()
            for want in (NOMINAL, FALLBACK, SAFE):
                count = tally(mode, want, healthy)
                place = advance(mode, want, count, recovery), remaining(count, recovery)
                moves.add((mode, place[0]))
                if place not in known:
                    known.add(place)
                    todo.append(place)
        assert moves == TRANSITION_NAMES.keys() and (SAFE, NOMINAL) not in moves
    assert len(set(TRANSITION_NAMES.values())) == len(TRANSITION_NAMES)


def test_it_starts_safe_at_rest(flight: Flight) -> None:
    state = flight.state
    assert (state.mode, state.cause, state.healthy) == (SAFE, HEALTHY, 0)
    assert state.hidden == [0.0] * 3 and state.output == flight.law.limits.safe
    assert state.held == flight.law.sensors.rest and state.held_us == [-1, -1]
    assert state.inbox.time_us == [[-1] * 8] * 2


def test_it_flies_after_the_declared_number_of_healthy_periods(flight: Flight) -> None:
    modes = [flight.period(0.1, 0.1).mode for _ in range(12)]
    assert modes == [SAFE] * 4 + [FALLBACK] * 5 + [NOMINAL] * 3  # recovery_periods = 5


def test_one_healthy_period_is_not_enough_for_the_network(flight: Flight) -> None:
    modes = [flight.period(0.1, math.nan).mode for _ in range(4)]
    modes += [flight.period(0.1, 0.1).mode for _ in range(4)]
    modes += [flight.period(0.1, 0.1, missed=1).mode]
    modes += [flight.period(0.1, 0.1).mode for _ in range(5)]
    assert modes == [SAFE] * 4 + [FALLBACK] * 9 + [NOMINAL]


@pytest.mark.parametrize(
    ("values", "extra", "cause", "mode"),
    [
        ((math.nan, 0.1), {}, REFERENCE_BAD, SAFE),
        ((9.0, 0.1), {}, REFERENCE_BAD, SAFE),
        ((0.1, math.inf), {}, SENSOR_BAD, FALLBACK),
        ((0.1, -2.5), {}, SENSOR_BAD, FALLBACK),
        ((0.1, 0.1), {"after": 2001}, CLOCK, FALLBACK),
        ((0.1, 0.1), {"after": 499}, CLOCK, FALLBACK),
        ((0.1, 0.1), {"missed": 1}, DEADLINE, FALLBACK),
        ((math.nan, math.nan), {"missed": 1}, REFERENCE_BAD, SAFE),  # the gravest cause wins
    ],
)
def test_each_trigger_has_its_cause_and_its_mode(
    flight: Flight, values: tuple[float, float], extra: dict[str, int], cause: int, mode: int
) -> None:
    flight.recover()
    state = flight.period(*values, **extra)
    assert (state.cause, state.mode) == (cause, mode)
    held = [v for v in values if abs(v) <= 1.0]
    assert all(abs(v) <= 1.0 for v in state.held) and state.held.count(0.1) >= len(held)
    flight.recover()


@pytest.mark.parametrize(
    ("values", "cause", "mode"),
    [((None, 0.1), REFERENCE_STALE, SAFE), ((0.1, None), SENSOR_STALE, FALLBACK)],
)
def test_a_sensor_that_stays_silent_is_stale(
    flight: Flight, values: tuple[float | None, float | None], cause: int, mode: int
) -> None:
    flight.recover()
    causes = [flight.period(*values).cause for _ in range(7)]
    assert causes == [HEALTHY] * 4 + [cause] * 3  # stale_us is five periods, of which ahead_us takes one
    assert flight.state.mode == mode


def test_safe_goes_to_the_safe_output_at_the_slew_rate(flight: Flight) -> None:
    flight.recover()
    slew = flight.law.limits.max_rate[0] * PERIOD * 1.0e-6
    for _ in range(40):
        before = flight.state.output[0]
        flight.period(math.nan, 0.1)
        assert abs(flight.state.output[0] - before) <= slew * (1.0 + 2.0**-50)
    assert flight.state.output[0] == flight.law.limits.safe[0]
    assert flight.state.integral == [0.0]


def test_fallback_is_the_pid_and_nominal_is_the_network(flight: Flight) -> None:
    flight.recover()
    for _ in range(20):
        state = flight.period(0.5, math.nan)
    pid = flight.law.pid
    wanted = pid.kp[0] * (pid.setpoint[0] - 0.5) + pid.ki[0] * state.integral[0]
    assert state.mode == FALLBACK and state.output[0] == pytest.approx(wanted)
    flight.recover()
    for _ in range(50):
        state = flight.period(0.1, 0.1)
    assert state.output[0] == flight.work.decoded[0]


def test_a_state_at_its_limit_and_a_command_that_is_no_number_are_causes(tmp_path: Path) -> None:
    low: dict[str, Any] = {"state.limit": 1.0e-6}
    limited = Flight(load(make_project(tmp_path / "low", hidden=2, **low)))
    states = [limited.period(1.0, 1.0) for _ in range(5)]
    assert states[-1].cause == STATE_LIMIT and states[-1].mode != NOMINAL
    assert all(abs(h) <= 1.0e-6 for h in limited.state.hidden)
    flight = Flight(load(make_project(tmp_path / "huge", hidden=2)))
    flight.law.network.b_out[0] = 1.0e300  # no project may declare it
    assert flight.period(0.1, 0.1).cause == COMMAND_BAD


def test_a_clock_that_runs_backwards_is_a_cause_and_no_crash(flight: Flight) -> None:
    flight.recover()
    state = flight.period(0.1, 0.1, after=-5000)
    assert state.cause == REFERENCE_STALE  # of the old clock's samples none has a known age
    assert flight.period(0.1, 0.1).cause == HEALTHY
    for now in (-(2**63), 2**63 - 1):
        step(flight.law, state, flight.work, now, 0)
        assert abs(state.previous_us) <= 2**61


period = st.tuples(
    st.one_of(st.none(), numbers()),
    st.one_of(st.none(), numbers()),
    st.one_of(st.integers(0, 5000), st.integers(-(2**40), 2**40)),
    st.integers(0, 1),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(period, min_size=1, max_size=30))
def test_whatever_comes_the_output_and_every_state_stay_in_their_limits(
    project: Project, periods: list[tuple[float | None, float | None, int, int]]
) -> None:
    flight = Flight(project)
    limits, pid = project.law.limits, project.law.pid
    for first, second, after, missed in periods:
        before, at = flight.state.output[0], flight.state.previous_us
        state = flight.period(first, second, after=after, missed=missed)
        passed_us = 0 if at < -(2**61) else max(0, min(state.previous_us - at, 2000))
        assert limits.low[0] <= state.output[0] <= limits.high[0]
        assert abs(state.output[0] - before) <= limits.max_rate[0] * passed_us * 1.0e-6 + 2.0**-50
        assert all(abs(h) <= 1.0625 for h in state.hidden)
        assert all(-1.0 <= v <= 1.0 for v in state.filtered)
        assert pid.integral_low[0] <= state.integral[0] <= pid.integral_high[0]
        assert state.mode in (NOMINAL, FALLBACK, SAFE) and 0 <= state.cause <= DEADLINE
        assert [len(row) for row in state.inbox.time_us] == [8, 8]
