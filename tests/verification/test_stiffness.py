"""Why a network is refused: how long its step is beside tau, and settings that would do by the same rule."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.certification.test_schema import schema
from tests.settling import small
from tests.verification.test_proof import Nobody
from verification import stiffness
from verification.claims.bounds import find_box, limit_claim, state_claim
from verification.flight import Flight
from verification.stiffness import EVEN, STABLE, Refusal, Remedy, advise
from verification.verify import Place, admit, refused


def net(bias: list[float], gain: list[float] | None = None, **overrides: Any) -> Flight:
    taus: dict[str, Any] = {"network.tau_bias": bias, "network.tau_gain": gain or [0.0] * len(bias)}
    project = small(len(bias), **taus, **overrides)
    return Flight(project.law, project.sizes)


def told(flight: Flight) -> Refusal:
    return advise(flight, find_box(flight))


def test_the_two_limits_are_those_of_rk4() -> None:
    def growth(x: float) -> float:
        return 1.0 - x + x**2 / 2.0 - x**3 / 6.0 + x**4 / 24.0

    def first_weight(x: float) -> float:
        return 1.0 - x + x**2 / 2.0 - x**3 / 4.0

    assert growth(STABLE) <= 1.0 < growth(STABLE + 0.001)
    assert first_weight(EVEN) >= 0.0 > first_weight(EVEN + 0.01)


@pytest.mark.parametrize(("bias", "ratio"), [(-8.0, 5.96), (-7.4, 3.274), (-10.3, 59.5), (-7.0, 2.1953)])
def test_the_neuron_and_its_figure(bias: float, ratio: float) -> None:
    """dt is 2 ms; 1/tau is 1 + exp(-bias)."""
    found = told(net([0.5, bias]))
    assert found.neuron == 1 and found.dt_over_tau == pytest.approx(ratio, rel=1e-3)
    where = "beyond RK4's 2.785" if ratio > STABLE else "within RK4's 2.785, yet beyond the 1.29"
    assert f"the largest dt/tau is {ratio:.3g} (neuron 1, dt 2000 us, substeps 1), {where}" in found.text


@pytest.mark.parametrize("gain", [0.0, 2.0])
def test_each_setting_is_the_least_that_keeps_the_rule(gain: float) -> None:
    found = told(net([-8.0, 0.5], [gain, 0.0]))
    settings = {remedy.setting: remedy for remedy in found.would_do}
    assert settings.keys() == {"controller.substeps", "dt.high_us", "tau_bias"}
    assert all(remedy.dt_over_tau <= EVEN and remedy.word == "not tried" for remedy in found.would_do)
    substeps, high_us = settings["controller.substeps"].value, settings["dt.high_us"].value
    assert isinstance(substeps, int) and isinstance(high_us, int)
    assert found.dt_over_tau / (substeps - 1) > EVEN and found.dt_over_tau * (high_us + 1) / 2000 > EVEN
    biases = settings["tau_bias"].value
    assert isinstance(biases, dict) and biases.keys() == {"0"}
    bias = biases["0"]
    assert told(net([bias, 0.5], [gain, 0.0])).dt_over_tau <= EVEN
    if gain == 0.0:
        assert told(net([bias - 0.002, 0.5])).dt_over_tau > EVEN


def test_a_setting_that_no_project_can_have_is_not_named() -> None:
    found = told(net([-20.0]))
    settings = [remedy.setting for remedy in found.would_do]
    assert "controller.substeps" not in settings and "dt.high_us" not in settings


def test_a_step_that_is_short_is_not_blamed_and_a_limit_is() -> None:
    found = told(net([0.5], **{"state.limit": 0.05}))
    assert "below 1.29: the step is not too long" in found.text
    assert [(r.setting, r.value) for r in found.would_do] == [("state.limit", 1.0625)]


def test_what_is_cheap_is_tried_and_holds() -> None:
    """z3 proves the network with each of the settings, where it does not without them."""
    flight = net([-7.0])
    with ThreadPoolExecutor(1) as executor:
        found = advise(flight, find_box(flight), executor)
    assert [(r.setting, r.word) for r in found.would_do] == [
        ("controller.substeps", "holds"), ("dt.high_us", "holds"), ("tau_bias", "holds"),
    ]  # fmt: skip


def test_what_a_trial_does_not_show_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """States that may leave; a limit that a state may meet; a budget that is too small."""
    good, fast, low = net([0.5]), net([-8.0]), net([0.5], **{"state.limit": 0.05})
    with ThreadPoolExecutor(1) as executor:
        assert [stiffness._trial(flight, executor) for flight in (good, fast, low)] == [
            "holds", "not shown", "not shown",
        ]  # fmt: skip
        monkeypatch.setattr(stiffness, "TRIAL_RLIMIT", 1)
        assert stiffness._trial(good, executor) == "not shown"


def test_all_that_must_hold_is_tried() -> None:
    """Of a large network nobody is asked; of a small one all obligations, of its states and their limits."""
    asked: list[str] = []

    class Asked(Nobody):
        def map(self, _: Any, texts: list[str]) -> list[bool]:  # type: ignore[override]
            asked.extend(texts)
            return [*[True] * (len(texts) - 1), False]

    assert stiffness._trial(net([0.5] * 9), Nobody()) == "not tried"
    flight = net([0.5])
    assert stiffness._trial(flight, Asked()) == "not shown"
    box = find_box(flight)
    wanted = [*state_claim(flight, box).obligations, *limit_claim(flight, box).obligations]
    assert asked == [o.text() for o in wanted]


def test_nothing_is_said_where_nothing_is_wrong() -> None:
    assert told(net([0.5])).would_do == []


def test_a_setting_is_told_to_the_last_digit() -> None:
    assert str(Remedy("dt.high_us", 1234567, 1.29, "holds")) == "dt.high_us = 1234567 (holds)"
    biases = {str(n): -0.5 - n for n in range(5)}
    assert (
        str(Remedy("tau_bias", biases, 1.29, "not tried"))
        == "tau_bias[0] = -0.5, tau_bias[1] = -1.5, tau_bias[2] = -2.5 and 2 more (not tried)"
    )


def test_a_dt_below_the_period_brings_it_down() -> None:
    """Alone it would be refused: [dt] must contain the period."""
    assert told(net([-8.0])).text.endswith("below period_us, which must come down with it")
    assert "period_us" not in told(net([-7.0])).text


def test_the_adversary_refuses_before_any_proof_is_asked(tmp_path: Path) -> None:
    fast: dict[str, Any] = {"network.tau_gain": [0.0] * 2, "network.tau_bias": [-8.0] * 2}
    admission = admit(small(**fast), Place(tmp_path), Nobody(), opponent_first=True)
    assert admission.status == 1 and admission.verdicts[0].id == "STATE-BOUNDS"
    assert "5.96" in admission.verdicts[0].reason and not list(tmp_path.iterdir())
    jsonschema.validate(refused(admission, "host"), schema("refusal"))
