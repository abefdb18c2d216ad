"""Train the cart's network in closed loop and write network.json: `python -m examples.cart.train`.

`--record` trains nothing and writes trained.csv: what the network that there is does here, for the claim that
it flies as it was trained.

Needs the `train` extra; about five minutes on an idle core. Nothing in it is random but the step times of the
last stage, which are seeded; other versions of torch may differ in the last bits, so that another machine
gives a network of the same quality, and perhaps not the same file.

What is differentiated is the path that flies: normalise, low-pass, RK4 at the period, decode, 20 ms of SAFE,
range and slew guard, then the actuator and the cart with dry friction, for steps of many lengths on carts
with other masses and frictions. It differs from flight in five things: torchdiffeq's rk4 is Kutta's 3/8 rule,
equal to the kernel's to order dt**5; saturations pass a small share of the gradient; the sensors are without
noise; the cart is integrated once a period; the network takes over from SAFE, without the PID's 20 ms in
between, in which both let the force rise as fast as it may (all this moves a 0.3 m step by 1.3 mm at most).
Every 10 iterations the network therefore flies in the real kernel, on the noisy simulated cart, and the one
with the least index there is kept.

The cart knows no left or right: neurons come in mirrored pairs, so that the law is odd by construction. The
start is a law that a person can read, its ten numbers found beforehand by a random search in the flight
kernel: the pairs are a steep one against dry friction, a lag of the error (error less its lag is a slope), a
lag of the measured force (a speed that owes nothing to differencing a noisy position), and the driver, which
saturates their sum.
"""

import json
import math
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torchdiffeq import odeint

from controller.config import InputTable
from controller.project import Project, load
from examples.cart.loop import RESTLESS, fly

HERE = Path(__file__).parent
PAIRS = 4
HORIZON_S = 1.3
LEAK = 0.05  # the share of the gradient that passes a saturation
FASTEST = 55.0  # 1/s: the largest 1/tau that is not punished
REACH = 3.0  # the network's command before the guard, in actuator limits, that is not punished


@dataclass(frozen=True)
class Stage:
    """Some iterations at one range of step times; rate is Adam's."""

    iterations: int
    dt_us: tuple[int, int]
    rate: float


STAGES = (Stage(120, (2500, 2500), 0.006), Stage(20, (500, 2000), 0.002))
STEPS_M = (0.07, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45)
CARTS = ((1.0, 1.0), (1.0, 1.0), (0.8, 1.0), (1.2, 1.0), (1.0, 0.5), (1.0, 1.5))  # mass, friction; shares
INTO_LAST = [1.0, 1.0, 1.0, 20.0]
# The size of each weight, in which its parameter is held, so that one rate suits all.
SIZES = {
    "w": torch.tensor([[10.0, 1.0, 1.0, 10.0], [1.0, 1.0, 1.0, 1.0]]),
    "own": torch.tensor([INTO_LAST] * PAIRS),
    "other": torch.tensor([INTO_LAST] * PAIRS),
    "b": torch.ones(PAIRS),
    "gain": torch.tensor([10.0, 3.0, 2.0, 10.0]),
    "bias": torch.ones(PAIRS),
    "out": torch.tensor([20.0, 20.0, 20.0, 100.0]),
}


class Mirrored(torch.nn.Module):  # type: ignore[misc]
    """Half of an odd network: neuron i + PAIRS does for -x what neuron i does for x."""

    def __init__(self) -> None:
        super().__init__()
        own = torch.zeros(PAIRS, PAIRS)
        own[:, 3] = torch.tensor([0.0, 94.0, -18.0, 0.0])  # to the driver: slope, speed
        start = {
            "w": torch.tensor([[-31.0, 1.0, 0.0, -26.0], [0.0, 0.0, 0.53, 0.0]]),  # error; force
            "own": own,
            "other": own.clone(),
            "b": torch.zeros(PAIRS),
            "gain": torch.ones(PAIRS),
            "bias": -torch.log(torch.tensor([49.0, 9.8, 3.4, 47.0])),  # 1/tau = 50, 11, 4, 48 per second
            "out": torch.tensor([53.0, 0.0, 0.0, 329.0]),
        }
        for name, value in start.items():
            self.register_parameter(name, torch.nn.Parameter(value / SIZES[name]))

    def weights(self) -> dict[str, Tensor]:
        """The whole network, by the names of network.json."""
        half = {name: p * SIZES[name] for name, p in self.named_parameters()}
        same, cross = half["own"], half["other"]
        return {
            "w_in": torch.cat([half["w"], half["w"]], 1),
            "w_rec": torch.cat([torch.cat([same, cross], 1), torch.cat([cross, same], 1)], 0),
            "b": torch.cat([half["b"], -half["b"]]),
            "tau_gain": torch.cat([half["gain"], -half["gain"]]),
            "tau_bias": torch.cat([half["bias"], half["bias"]]),
            "w_out": torch.cat([half["out"], half["out"]])[:, None],
            "b_out": torch.zeros(1),
        }


class Cell(torch.nn.Module):  # type: ignore[misc]
    """dh/dt of kernel/cell.py, with the input held."""

    def __init__(self, net: dict[str, Tensor], x: Tensor) -> None:
        super().__init__()
        self.net, self.drive = net, x @ net["w_in"] + net["b"]

    def forward(self, _: Tensor, h: Tensor) -> Tensor:
        """h: batch x hidden."""
        net = self.net
        rate = 1.0 + torch.exp(-(net["tau_gain"] * h + net["tau_bias"]))
        return torch.tanh(self.drive + h @ net["w_rec"]) - h * rate


@dataclass
class Scenario:
    """A batch of carts, and the step times that all of them share, in s."""

    step: Tensor
    mass: Tensor
    coulomb: Tensor
    dt: list[float]


def scenario(project: Project, stage: Stage) -> Scenario:
    """Every step on every cart, and step times from the stage's range."""
    plant = project.config.plant
    assert plant is not None
    cases = torch.tensor([(s, m * plant.mass_kg, c * plant.coulomb_n) for s in STEPS_M for m, c in CARTS])
    low, high = stage.dt_us
    count = round(HORIZON_S / (0.5e-6 * (low + high)))
    times = [1.0e-6 * t for t in torch.randint(low, high + 1, (count,)).tolist()]
    step, mass, coulomb = cases.T
    return Scenario(step, mass, coulomb, times)


def leaky(v: Tensor, low: Tensor | float, high: Tensor | float) -> Tensor:
    """v held to [low, high], with a share of the gradient where it is held."""
    held = torch.clamp(v, torch.as_tensor(low), torch.as_tensor(high))
    return held + LEAK * (v - v.detach())


def rollout(project: Project, net: dict[str, Tensor], s: Scenario) -> tuple[Tensor, Tensor]:
    """Errors in m and slews in N/s of every cart, steps x batch."""
    config, plant = project.config, project.config.plant
    assert plant is not None
    sensors, actuator = config.input, config.output[0]
    zero = torch.zeros_like(s.step)
    position, speed, force, command, time_s = zero, zero, zero, zero, 0.0
    x = [zero for _ in sensors]
    h = torch.zeros(len(s.step), 2 * PAIRS)
    armed_s = config.controller.recovery_periods * config.controller.period_us * 1.0e-6
    errors, slews = [], []
    for dt in s.dt:
        preprocess(x, (position - s.step, force), sensors, dt)
        h = odeint(Cell(net, torch.stack(x, 1)), h, torch.tensor([0.0, dt]), method="rk4")[1]
        decoded = (h @ net["w_out"])[:, 0] + net["b_out"] if time_s >= armed_s else zero
        slew = actuator.max_rate * dt
        new = leaky(leaky(decoded, actuator.low, actuator.high), command - slew, command + slew)
        slews.append((new - command) / dt)
        command = new
        force = force + (command - force) * (dt / (plant.actuator_lag_s + dt))
        pushed = speed + dt * force / s.mass
        braked = torch.clamp(pushed, -dt * s.coulomb / s.mass, dt * s.coulomb / s.mass)
        slid = pushed - braked + LEAK * (braked - braked.detach())  # at rest, too, the force has a gradient
        faster = slid / (1.0 + dt * plant.viscous_n_s_per_m / s.mass)
        position, speed = position + 0.5 * dt * (speed + faster), faster
        time_s += dt
        errors.append(position - s.step)
    return torch.stack(errors), torch.stack(slews)


def loss(project: Project, net: dict[str, Tensor], s: Scenario) -> Tensor:
    """The index of loop.py, mean over the batch, with prices for overshoot and for a net hard to prove."""
    errors, slews = rollout(project, net, s)
    dt = torch.tensor(s.dt)[:, None]
    shares = errors / s.step
    itae = (torch.cumsum(dt, 0) * shares.abs() * dt).sum(0)
    restless = (slews**2 * dt).sum(0)
    overshoot = torch.relu(shares.amax(0) - 0.015)
    return (itae + RESTLESS * restless + 0.3 * overshoot).mean() + price(project, net)


def price(project: Project, net: dict[str, Tensor]) -> Tensor:
    """What keeps the network provable: 1/tau below FASTEST, commands below REACH, moderate weights."""
    swing, wall = net["tau_gain"].abs(), torch.ones(2 * PAIRS)
    for _ in range(20):  # |h| <= tau, and tau depends on h
        wall = torch.sigmoid(swing * wall + net["tau_bias"])
    fastest = 1.0 + torch.exp(swing * wall - net["tau_bias"])
    most = (net["w_out"][:, 0].abs() * wall).sum() / project.config.output[0].high
    weights = 1.0e-7 * (net["w_rec"] ** 2).sum() + 2.0e-4 * ((swing * wall) ** 2).sum()
    return torch.relu(fastest / FASTEST - 1.0).sum() + 0.01 * torch.relu(most / REACH - 1.0) ** 2 + weights


def assemble(net: dict[str, Tensor]) -> tuple[str, Project]:
    """network.json as text, and the project that it makes with the committed controller.toml."""
    plain: dict[str, Any] = {name: w.detach().tolist() for name, w in net.items()}
    text = "{\n" + ",\n".join(f' "{k}": {json.dumps(v)}' for k, v in plain.items()) + "\n}\n"
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "controller.toml").write_bytes((HERE / "controller.toml").read_bytes())
        (Path(folder) / "network.json").write_text(text, encoding="utf-8")
        return text, load(folder)


def flown(project: Project) -> float:
    """The mean index in the flight kernel over four steps, on the nominal cart and on four others."""
    plant = project.config.plant
    assert plant is not None
    carts = [
        plant.model_copy(
            update={"step_m": step, "mass_kg": m * plant.mass_kg, "coulomb_n": c * plant.coulomb_n}
        )
        for m, c in CARTS
        for step in (0.1, 0.2, 0.3, 0.4)
    ]
    flights = [fly(project, cart) for cart in carts]
    return sum(f.index + 0.3 * max(f.overshoot - 0.03, 0.0) for f in flights) / len(flights)


def preprocess(x: list[Tensor], measured: tuple[Tensor, ...], sensors: list[InputTable], dt: float) -> None:
    """Move what the network sees by dt: each range of low = -high becomes [-1, 1], then the low-pass."""
    for j, (sensor, value) in enumerate(zip(sensors, measured, strict=True)):
        wanted = torch.clamp(value / sensor.high, -1.0, 1.0)
        x[j] = x[j] + dt / (sensor.filter_s + dt) * (wanted - x[j])


def record(project: Project, rows: int = 400) -> None:
    """Write trained.csv: inputs that jump and swing over their ranges, at irregular times."""
    data = json.loads((HERE / "network.json").read_text(encoding="utf-8"))
    net = {name: torch.tensor(value) for name, value in data.items()}
    sensors, clock = project.config.input, project.config.dt
    now_us, h = 0, torch.zeros(1, 2 * PAIRS)
    x = [torch.zeros(1) for _ in sensors]
    names = [s.name for s in sensors] + [f"h{i}" for i in range(2 * PAIRS)] + [project.config.output[0].name]
    lines = [",".join(["time_us", *names])]
    for n in range(rows):
        part = 0.02 if n % 100 < 50 else 0.7  # of the ranges: small errors are where the network answers
        swing = (math.sin(0.31 * n), math.sin(0.13 * n + 1.0))
        measured = tuple(torch.tensor([part * v * s.high]) for v, s in zip(swing, sensors, strict=True))
        if n == 0:
            preprocess(x, measured, [s.model_copy(update={"filter_s": 0.0}) for s in sensors], 1.0)
        else:
            dt_us = int(torch.randint(clock.low_us, clock.high_us + 1, ()))
            now_us, dt = now_us + dt_us, 1.0e-6 * dt_us
            preprocess(x, measured, sensors, dt)
            h = odeint(Cell(net, torch.stack(x, 1)), h, torch.tensor([0.0, dt]), method="rk4")[1]
        numbers = torch.cat([*measured, h[0], h[0] @ net["w_out"] + net["b_out"]])
        lines.append(",".join([str(now_us), *map(repr, numbers.tolist())]))
    (HERE / "trained.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def main() -> None:
    """Train through the stages; write the best network of all that flew, and what it does here."""
    torch.manual_seed(1)
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)
    if sys.argv[1:] == ["--record"]:
        return record(load(HERE))
    half = Mirrored()
    text, project = assemble(half.weights())
    best = (flown(project), text)
    for stage in STAGES:
        adam = torch.optim.Adam(half.parameters(), betas=(0.9, 0.99))
        for n in range(stage.iterations):
            fading = 0.5 * (1.0 + math.cos(math.pi * n / stage.iterations)) + 0.02
            adam.param_groups[0]["lr"] = stage.rate * min(1.0, 0.1 * (n + 1)) * fading
            value = loss(project, half.weights(), scenario(project, stage))
            adam.zero_grad()
            value.backward()
            torch.nn.utils.clip_grad_norm_(half.parameters(), 0.5)
            adam.step()
            if n % 10 == 9:
                text, candidate = assemble(half.weights())
                index = flown(candidate)
                best = min(best, (index, text))
                print(
                    f"{n + 1:3d}: loss {value.item():.4f}, flown {index:.4f}, best {best[0]:.4f}", flush=True
                )
    (HERE / "network.json").write_text(best[1], encoding="utf-8")
    record(load(HERE))


if __name__ == "__main__":
    main()
