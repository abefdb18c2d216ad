"""Time and age in flight, on both backends: clocks that step back or stand, senders ahead, full rows."""

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.controller import Backend, Controller
from controller.kernel.modes import FALLBACK, HEALTHY, NOMINAL, REFERENCE_STALE, SAFE, SENSOR_STALE
from controller.project import Project, load

CART = Path("examples/cart")
PERIOD_US = 1000
START_US = 20_000_000
POSITION, FORCE = 0, 1
BACKENDS: tuple[Backend, ...] = ("python", "native")
SAMPLES = ((POSITION, -0.1), (FORCE, 0.0))


@pytest.fixture(params=BACKENDS)
def controller(request: pytest.FixtureRequest) -> Controller:
    return Controller.load(CART, backend=request.param)


def period(controller: Controller, now_us: int, *, stamp_us: int | None = None) -> tuple[int, int]:
    """One period with a sample of each sensor, stamped now unless told; the mode and the cause."""
    for channel, value in SAMPLES:
        controller.receive(now_us, channel, now_us if stamp_us is None else stamp_us, value)
    controller.tick(now_us)
    return controller.mode, controller.cause


def nominal(controller: Controller) -> int:
    """Fly 80 healthy periods; the time of the last."""
    for n in range(80):
        at = period(controller, START_US + PERIOD_US * n)
    assert at == (NOMINAL, HEALTHY) and controller.output[0] > 10.0
    return START_US + PERIOD_US * 79


@pytest.mark.parametrize("back_us", [10_000_000, 100_000, 3_000, 1, START_US + 70_000])
def test_a_clock_that_steps_back_makes_all_that_is_held_missing(controller: Controller, back_us: int) -> None:
    """Only ticks come: SAFE at once, and still so when the clock passes the old times again."""
    now_us = nominal(controller) - back_us
    periods = 12_000 if controller.backend == "native" else 150
    for n in range(periods):
        controller.tick(now_us + PERIOD_US * n)
        assert (controller.mode, controller.cause) == (SAFE, REFERENCE_STALE)
    assert controller.output == (0.0,)


@pytest.mark.parametrize("back_us", [10_000_000, 3_000, 1])
def test_after_a_step_back_samples_are_taken_and_recovery_is_earned(
    controller: Controller, back_us: int
) -> None:
    now_us, recovery = nominal(controller) - back_us, controller.project.law.clock.recovery
    modes = [period(controller, now_us + PERIOD_US * n)[0] for n in range(60)]
    assert modes == [SAFE] * recovery + [FALLBACK] * recovery + [NOMINAL] * (60 - 2 * recovery)
    assert controller.snapshot().inbox.late <= 2  # those that came with the step itself


def test_what_waits_from_before_a_step_back_is_not_used(controller: Controller) -> None:
    """A sample that came just before the clock stepped back is of unknown age; it is counted as refused."""
    now_us = nominal(controller)
    controller.receive(now_us + 500, POSITION, now_us + 400, 0.3)
    controller.tick(now_us - 50_000)
    state = controller.snapshot()
    assert (controller.cause, state.held[POSITION], state.held_us[POSITION]) == (REFERENCE_STALE, -0.1, -1)
    assert state.inbox.refused == 1 and state.inbox.time_us[POSITION] == [-1] * 16


@pytest.mark.parametrize("lead_us", [7_000, 1_001])
def test_a_sender_further_ahead_than_declared_is_refused(controller: Controller, lead_us: int) -> None:
    for n in range(100):
        now_us = START_US + PERIOD_US * n
        assert period(controller, now_us, stamp_us=now_us + lead_us) == (SAFE, REFERENCE_STALE)
    assert controller.snapshot().inbox.refused == 200


def test_a_lead_counts_into_the_age(controller: Controller) -> None:
    """stale_us is 5 ms, of which a sender may be one ahead: silence of 4 ms is stale, one period later."""
    now_us = nominal(controller)
    causes = []
    for n in range(1, 6):
        controller.tick(now_us + PERIOD_US * n)
        causes.append(controller.cause)
    assert causes == [HEALTHY] * 4 + [REFERENCE_STALE]


@settings(max_examples=60, deadline=None)
@given(
    lead_us=st.integers(-6_000, PERIOD_US),
    delays=st.lists(st.integers(0, 7_000), min_size=200, max_size=200),
    jitter=st.lists(st.integers(500, 2_000), min_size=200, max_size=200),
)
def test_the_network_drives_on_nothing_older_than_declared(
    lead_us: int, delays: list[int], jitter: list[int]
) -> None:
    """Any lead up to the declared one, any delays: what a NOMINAL period uses is at most stale_us old."""
    controller = Controller.load(CART, backend="native")
    stale_us = controller.project.config.input[0].stale_us
    now_us, on_the_way = START_US, list[tuple[int, int]]()  # arrival and true time of measurement
    measured: dict[int, int] = {}
    for delay_us, elapsed_us in zip(delays, jitter, strict=True):
        now_us += elapsed_us
        on_the_way.append((now_us + delay_us, now_us))
        for _, true_us in sorted(one for one in on_the_way if one[0] <= now_us):
            measured[len(measured)] = true_us
            for channel in (POSITION, FORCE):  # the value names its sample
                controller.receive(now_us, channel, true_us + lead_us, (len(measured) - 1) * 1.0e-4)
        on_the_way = [one for one in on_the_way if one[0] > now_us]
        controller.tick(now_us)
        if controller.mode == NOMINAL:
            for held in controller.snapshot().held:
                assert now_us - measured[round(held * 1.0e4)] <= stale_us


def crowd(controller: Controller, now_us: int, stamps: list[int]) -> tuple[int, int]:
    """A period in which the force sensor sends many samples, before and after the other one; mode, cause."""
    for stamp_us in stamps:
        controller.receive(now_us, FORCE, stamp_us, 0.0)
    controller.receive(now_us, POSITION, now_us, -0.1)
    for stamp_us in stamps:
        controller.receive(now_us, FORCE, stamp_us, 0.0)
    controller.tick(now_us)
    return controller.mode, controller.cause


def test_a_sensor_that_sends_far_ahead_starves_itself_alone(controller: Controller) -> None:
    now_us = nominal(controller)
    for n in range(1, 100):
        now_us += PERIOD_US
        ends = crowd(controller, now_us, [now_us + 16_000 * k for k in range(1, 17)])
        assert ends == ((FALLBACK, SENSOR_STALE) if n > 4 else (NOMINAL, HEALTHY))


def test_a_sensor_that_babbles_takes_no_place_of_another(controller: Controller) -> None:
    now_us = nominal(controller)
    for _ in range(100):
        now_us += PERIOD_US
        assert crowd(controller, now_us, [now_us + k for k in range(1, 40)]) == (NOMINAL, HEALTHY)
        assert controller.snapshot().held_us == [now_us, now_us]


def test_a_repeated_tick_is_answered_and_not_stepped(controller: Controller) -> None:
    now_us = nominal(controller)
    controller.receive(now_us, POSITION, now_us + 1, 0.4)  # waits for the next period, not for a repeated one
    before = controller.snapshot()
    for _ in range(60):
        assert controller.tick(now_us, missed=True) == tuple(before.output)
        assert controller.snapshot() == before
    controller.tick(now_us + PERIOD_US)
    assert controller.snapshot().held[POSITION] == 0.4


@pytest.mark.parametrize("elapsed_us", [0, 1, 100, 499, 1000, 2000, 5000])
def test_the_slew_limit_is_a_limit_per_second(controller: Controller, elapsed_us: int) -> None:
    """From the network's 12 N towards SAFE, by ticks that come as they like: 500 N/s at most."""
    now_us = nominal(controller)
    rate = Fraction(controller.project.config.output[0].max_rate)
    for _ in range(60):
        now_us += elapsed_us
        controller.receive(now_us, POSITION, now_us + 1000, 9.0)  # out of range
        before = Fraction(controller.output[0])
        move = abs(Fraction(controller.tick(now_us)[0]) - before)
        assert move <= rate * Fraction(elapsed_us, 10**6) + Fraction(2) ** -45
    if elapsed_us >= 499:
        assert controller.output == (0.0,)


@pytest.mark.parametrize("from_us", [-10_000_000, -40_000, 2**53 - 5_000, 2**53 + 10**9, -(2**60), 2**60])
def test_a_clock_beyond_its_samples_range_brings_the_output_to_safe(
    controller: Controller, from_us: int
) -> None:
    """Times below 0 or above 2**53 us are no sample's; time passes there all the same, so SAFE is reached."""
    nominal(controller)
    outputs = []
    for n in range(60):
        now_us = from_us + PERIOD_US * n
        controller.receive(now_us, POSITION, now_us, 9.0)
        outputs.append(controller.tick(now_us)[0])
    assert controller.mode == SAFE and outputs[-1] == 0.0
    assert max(abs(b - a) for a, b in pairwise(outputs)) <= 0.5 + 1e-12


@pytest.mark.parametrize("far_us", [-(2**63), -(2**61) - 5, 2**61 + 5, 2**63 - 1])
def test_a_clock_at_the_end_of_time_stands_still(controller: Controller, far_us: int) -> None:
    nominal(controller)
    controller.tick(far_us)
    before = controller.snapshot()
    controller.tick(far_us)
    assert controller.snapshot() == before


def test_the_first_period_moves_nothing(tmp_path: Path) -> None:
    """Before it no time has passed, whatever mode it reaches."""
    from tests.projects import make_project

    made = make_project(tmp_path / "p", **{"controller.recovery_periods": 1, "fallback.0.kp": -5.0})
    project: Project = load(made)
    for backend in BACKENDS:
        controller = Controller(project, backend)
        assert controller.step(5_000_000, [0.9, 0.9]) == (0.0,) and controller.mode == FALLBACK
        assert controller.step(5_001_000, [0.9, 0.9]) != (0.0,)
