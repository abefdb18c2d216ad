"""The simulated cart: friction that holds and stops without chatter, limits, determinism, known solutions."""

import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.config import PlantTable
from controller.errors import InputError
from controller.ports.simulated import Cart
from controller.project import load
from tests.projects import make_project

CART: dict[str, Any] = {
    "kind": "cart", "output": "u", "error_input": "e", "force_input": "f", "step_m": 0.3,
    "mass_kg": 2.0, "viscous_n_s_per_m": 1.5, "coulomb_n": 1.0, "actuator_limit_n": 12.0,
}  # fmt: skip
IN_PROJECT = {**CART, "output": "output0", "error_input": "input0", "force_input": "input1"}


def plant(**changes: Any) -> PlantTable:
    """A cart without noise or lag, unless changed."""
    return PlantTable(**{**CART, **changes})


def push(cart: Cart, command: float, duration_us: int, period_us: int = 1000) -> None:
    for _ in range(duration_us // period_us):
        cart.advance(period_us, command)


def test_friction_holds_the_cart_at_rest() -> None:
    cart = Cart(plant())
    push(cart, 0.999, 1_000_000)
    assert (cart.position_m, cart.velocity_m_per_s) == (0.0, 0.0)
    push(cart, 1.01, 100_000)
    assert cart.position_m > 0.0


@settings(deadline=None, max_examples=25)
@given(st.floats(-2.0, 2.0), st.integers(500, 2000))
def test_a_stop_is_final(speed: float, period_us: int) -> None:
    """Left alone, the speed falls to exactly 0 without ever changing sign, and the cart then stays."""
    cart = Cart(plant())
    cart.velocity_m_per_s = speed
    before = abs(speed)
    for _ in range(2_500_000 // period_us):
        cart.advance(period_us, 0.0)
        assert cart.velocity_m_per_s * speed >= 0.0
        assert abs(cart.velocity_m_per_s) <= before
        before = abs(cart.velocity_m_per_s)
    stopped = cart.position_m
    push(cart, 0.5, 100_000)
    assert cart.velocity_m_per_s == 0.0
    assert cart.position_m == stopped


def test_it_follows_the_exact_solution() -> None:
    """m dv/dt = F - b v - c from rest under 5 N: v(t) = (F - c) / b (1 - exp(-b t / m)); to 0.1 %."""
    cart = Cart(plant())
    push(cart, 5.0, 1_000_000)
    final, pace = 4.0 / 1.5, 1.5 / 2.0
    assert cart.velocity_m_per_s == pytest.approx(final * (1.0 - math.exp(-pace)), rel=1e-3)
    assert cart.position_m == pytest.approx(final * (1.0 - (1.0 - math.exp(-pace)) / pace), rel=1e-3)


def test_the_force_lags_and_is_limited() -> None:
    cart = Cart(plant(actuator_lag_s=0.01))
    cart.advance(10_000, 100.0)
    assert cart.force_n == pytest.approx(12.0 * (1.0 - math.exp(-1.0)), rel=0.01)
    push(cart, 100.0, 200_000)
    assert cart.force_n == pytest.approx(12.0, rel=1e-6)
    assert cart.force_n <= 12.0


@settings(deadline=None)
@given(st.lists(st.integers(0, 3000), min_size=1, max_size=50))
def test_irregular_periods_agree(periods_us: list[int]) -> None:
    """However the time is cut, the cart goes the same way, to the integrator's accuracy."""
    cut, whole = Cart(plant(actuator_lag_s=0.004)), Cart(plant(actuator_lag_s=0.004))
    for period_us in periods_us:
        cut.advance(period_us, 8.0)
    whole.advance(sum(periods_us), 8.0)
    assert cut.position_m == pytest.approx(whole.position_m, rel=5e-3, abs=2e-5)


def test_the_same_seed_gives_the_same_samples() -> None:
    noisy = plant(error_noise_m=1e-3, force_noise_n=0.1, dropout=0.3)
    runs = [Cart(noisy.model_copy(update={"seed": seed})).measure() for seed in (1, 1, 2)]
    assert runs[0] == runs[1] != runs[2]


def test_noise_and_dropouts_are_as_declared() -> None:
    cart = Cart(plant(error_noise_m=1e-3, dropout=0.25))
    samples = [cart.measure() for _ in range(4000)]
    errors = [s["e"] for s in samples if "e" in s]
    assert len(errors) / 4000 == pytest.approx(0.75, abs=0.03)
    mean = sum(errors) / len(errors)
    assert mean == pytest.approx(-0.3, abs=1e-4)
    assert math.sqrt(sum((e - mean) ** 2 for e in errors) / len(errors)) == pytest.approx(1e-3, rel=0.1)
    assert {s["f"] for s in samples if "f" in s} == {0.0}


def test_the_error_is_position_minus_target() -> None:
    cart = Cart(plant())
    assert cart.measure() == {"e": -0.3, "f": 0.0}
    cart.target_m = -0.1
    assert cart.measure()["e"] == 0.1


def test_a_project_may_have_a_plant(tmp_path: Path) -> None:
    assert load(make_project(tmp_path / "without")).config.plant is None
    table = load(make_project(tmp_path / "with", plant=IN_PROJECT)).config.plant
    assert table == PlantTable(**IN_PROJECT)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("output", "input0", "no output is named 'input0'; choose from: output0"),
        ("error_input", "nowhere", "no input is named 'nowhere'; choose from: input0, input1"),
        ("force_input", "input0", "'input0' is also error_input"),
        ("step_m", 1.5, "starts with an error of -1.5 m, outside [-1, 1]"),
        ("coulomb_n", 12.0, "12 N is not below actuator_limit_n = 12"),
        ("mass_kg", 0.0, "is too small"),
        ("dropout", 1.0, "is too large"),
        ("kind", "boat", "is not supported"),
        ("colour", "red", "unknown key"),
    ],
)
def test_a_faulty_plant_is_refused_in_one_sentence(tmp_path: Path, key: str, value: Any, words: str) -> None:
    folder = make_project(tmp_path, plant={**IN_PROJECT, key: value})
    with pytest.raises(InputError) as fault:
        load(folder)
    assert words in str(fault.value)
    assert f"plant.{key}" in str(fault.value)
    assert "\n" not in str(fault.value)
