"""Train the heater's network and write network.json and trained.csv: `python examples/heater/train.py`.

numpy alone, half a minute of one core, seed 7; a machine whose exp and tanh round otherwise gives a
network of the same quality, and perhaps not the same file. The law below is written here once more, in
physical units and with numpy's own exp and tanh, and shares no line with the kernel that flies: trained.csv,
which it writes, is therefore evidence that what flies is what was trained.

First twelve neurons with drawn weights imitate a teacher, by least squares on their decoder: a proportional
law with the heat that the bench loses at its setpoints, which the supply's sensor tells. Then all 242
weights are trained in closed loop by Levenberg-Marquardt, on benches that lose more or less heat than the
nominal one and start hot or cold, with the sensors' noise.
"""

import csv
import json
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from plant import Bench, Plant

Array = Any  # of floats
Network = dict[str, Array]  # the arrays of network.json, each perhaps with a leading batch

HERE = Path(__file__).parent
SEED = 7
INPUTS = ("zone_a", "zone_b", "supply")
OUTPUTS = ("power_a", "power_b")
HIDDEN = 12
SETPOINT = np.array([150.0, 90.0])  # degC, zone a and zone b
PERIOD_S = 0.04  # in training; the project's own is within its [dt] too
HORIZON_S = 12.0
ARMED_S = 0.4  # the network drives after these, in which it only watches
SUPPLY_STEP_S = 7.0
SOFT_K = 4.0  # errors beyond this count little more: heating up takes what it takes
ROUNDS = 40
RECORDED = 150  # periods of trained.csv
FASTEST = 6.0  # 1/s: the largest 1/tau that is not punished
SHAPES = {
    "w_in": (3, HIDDEN),
    "w_rec": (HIDDEN, HIDDEN),
    "b": (HIDDEN,),
    "tau_gain": (HIDDEN,),
    "tau_bias": (HIDDEN,),
    "w_out": (HIDDEN, 2),
    "b_out": (2,),
}
# the size of each weight, in which its parameter is held, so that one step length suits all
SIZES = {
    "w_in": 0.02,
    "w_rec": 0.3,
    "b": 1.0,
    "tau_gain": 0.3,
    "tau_bias": 0.5,
    "w_out": 300.0,
    "b_out": 50.0,
}


def derivative(net: Network, x: Array, h: Array) -> Array:
    """dh/dt = -h / tau + tanh(W_in^T x + W_rec^T h + b), 1/tau = 1 + exp(-(gain h + bias)); x in degC."""
    rate = 1.0 + np.exp(-(net["tau_gain"] * h + net["tau_bias"]))
    return np.tanh(x @ net["w_in"] + h @ net["w_rec"] + net["b"]) - h * rate


def advance(net: Network, x: Array, h: Array, dt: float) -> Array:
    """h after dt seconds with x held, by the classic Runge-Kutta step of order four."""
    k1 = derivative(net, x, h)
    k2 = derivative(net, x, h + dt / 2 * k1)
    k3 = derivative(net, x, h + dt / 2 * k2)
    k4 = derivative(net, x, h + dt * k3)
    return h + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


def decode(net: Network, h: Array) -> Array:
    """The commands in W before the guard."""
    return h @ net["w_out"] + net["b_out"]


@dataclass
class Settings:
    """What the law takes from controller.toml: ranges and low-pass of the sensors, the actuators' limits."""

    low: Array
    high: Array
    filter_s: Array
    limit: Array
    rate: Array
    dt_us: tuple[int, int]
    substeps: int

    @classmethod
    def read(cls) -> "Settings":
        """From the file beside this one."""
        with (HERE / "controller.toml").open("rb") as file:
            table = tomllib.load(file)

        def column(rows: str, key: str) -> Array:
            return np.array([row[key] for row in table[rows]])

        return cls(
            column("input", "low"),
            column("input", "high"),
            column("input", "filter_s"),
            column("output", "high"),
            column("output", "max_rate"),
            (table["dt"]["low_us"], table["dt"]["high_us"]),
            table["controller"]["substeps"],
        )

    def sense(self, measured: Array, before: Array, dt: float) -> Array:
        """What the network sees: the measured values held to their ranges, then low-passed."""
        held = np.minimum(np.maximum(measured, self.low), self.high)
        return before + dt / (self.filter_s + dt) * (held - before)


@dataclass
class Trials:
    """A batch of benches to control: shares of nominal heat and loss, start and supply in degC."""

    heat: Array = field(default_factory=lambda: np.array([1.0, 1.0, 1.0, 1.0, 1.0, 1.2, 0.8, 1.0, 1.0, 1.0]))
    loss: Array = field(default_factory=lambda: np.array([1.0, 1.0, 1.0, 1.2, 0.8, 1.0, 1.0, 1.0, 1.0, 1.0]))
    start: Array = field(
        default_factory=lambda: np.array(
            [[25, 10, 40, 25, 25, 25, 25, 170, 150, 25], [25, 10, 40, 25, 25, 25, 25, 110, 25, 90]], float
        )
    )
    supply: Array = field(default_factory=lambda: np.array([25, 10, 40, 25, 25, 25, 25, 25, 25, 10], float))
    later: Array = field(default_factory=lambda: np.array([10, 25, 25, 25, 25, 25, 25, 40, 25, 40], float))

    def plant(self, copies: int) -> Plant:
        """`copies` of each bench in one plant."""
        nominal = Bench()
        heat = np.array(nominal.heat)[:, None] * np.tile(self.heat, copies)
        loss = np.array(nominal.loss)[:, None] * np.tile(self.loss, copies)
        return Plant(Bench(heat, loss), np.tile(self.start, (1, copies)), np.tile(self.supply, copies))


Drive = Callable[[Array], Array]


def fly(settings: Settings, trials: Trials, drive: Drive, copies: int = 1) -> tuple[Array, Array]:
    """Temperatures and commands, periods x 2 x (copies * trials), under drive(what is sensed)."""
    plant, noise = trials.plant(copies), np.random.default_rng(SEED)
    sensed = plant.measure().T
    command = np.zeros_like(plant.block)
    slew = settings.rate[:, None] * PERIOD_S
    temperatures, commands = [], []
    for n in range(round(HORIZON_S / PERIOD_S)):
        if n == round(SUPPLY_STEP_S / PERIOD_S):
            plant.supply = np.tile(trials.later, copies)
        jitter = np.tile(noise.normal(0.0, 0.05, (3, len(trials.heat))), (1, copies))
        sensed = settings.sense((plant.measure() + jitter).T, sensed, PERIOD_S)
        wanted = np.clip(drive(sensed).T, 0.0, settings.limit[:, None])
        if n < round(ARMED_S / PERIOD_S):
            wanted = np.zeros_like(wanted)
        command = np.clip(wanted, command - slew, command + slew)
        plant.advance(PERIOD_S, command)
        temperatures.append(plant.block)
        commands.append(command)
    return np.stack(temperatures), np.stack(commands)


def teacher(sensed: Array) -> Array:
    """The law that is imitated, in W: what is lost at the setpoints, and 30 W for each degC of error."""
    bench = Bench()
    across = bench.bridge * (SETPOINT[0] - SETPOINT[1])
    lost = np.array(bench.loss) * (SETPOINT - sensed[:, 2:]) + np.array([across, -across])
    wanted = lost + 30.0 * (SETPOINT - sensed[:, :2])
    reach = np.array(bench.limit)
    return reach * (0.5 + 1.5 * np.tanh((wanted / reach - 0.5) / 1.5))


def drawn() -> Network:
    """Neurons that look at one zone each, the last two at the supply; no decoder yet."""
    draw = np.random.default_rng(SEED)
    w_in = draw.normal(0.0, 0.0004, (3, HIDDEN))
    steep = np.array([0.008, 0.015, 0.03, 0.05, 0.07])
    w_in[0, :5] += steep
    w_in[1, 5:10] += steep
    w_in[2, 10:] += 0.03
    middle = np.concatenate(
        [SETPOINT[0] + draw.normal(0, 6, 5), SETPOINT[1] + draw.normal(0, 6, 5), [15.0, 35.0]]
    )
    own = np.array([0] * 5 + [1] * 5 + [2] * 2)
    rest = np.array([*SETPOINT, 25.0])  # where the other inputs are when it is well
    b = -(w_in.T @ rest) + w_in[own, range(HIDDEN)] * (rest[own] - middle)
    rate = np.array([5.5, 4.0, 5.0, 3.0, 5.5, 5.5, 4.0, 5.0, 3.0, 5.5, 2.5, 2.5])
    return {
        "w_in": w_in,
        "w_rec": draw.normal(0.0, 0.05, (HIDDEN, HIDDEN)),
        "b": b,
        "tau_gain": draw.normal(0.0, 0.1, HIDDEN),
        "tau_bias": -np.log(rate - 1.0),
        "w_out": np.zeros((HIDDEN, 2)),
        "b_out": np.zeros(2),
    }


def imitate(settings: Settings, net: Network) -> Network:
    """The decoder that comes nearest to the teacher on the flights of the teacher itself."""
    rows: list[Array] = []
    wanted: list[Array] = []
    h = np.zeros((len(Trials().heat), HIDDEN))

    def drive(sensed: Array) -> Array:
        nonlocal h
        h = advance(net, sensed, h, PERIOD_S)
        rows.append(h)
        wanted.append(teacher(sensed))
        return wanted[-1]

    fly(settings, Trials(), drive)
    skip = round(1.0 / PERIOD_S)  # until the neurons have come from 0
    states, commands = np.concatenate(rows[skip:]), np.concatenate(wanted[skip:])
    a = np.column_stack([states, np.ones(len(states))])
    ridge = 3.0e-6 * len(a) * np.diag([1.0] * HIDDEN + [0.0])
    solution = np.linalg.solve(a.T @ a + ridge, a.T @ commands)
    return net | {"w_out": solution[:-1], "b_out": solution[-1]}


def flat(net: Network) -> Array:
    """All weights in one row, each by its size."""
    return np.concatenate([(net[name] / SIZES[name]).ravel() for name in SHAPES])


def shaped(rows: Array) -> Network:
    """Networks from rows of weights: each array with the batch in front; vectors keep a place for trials."""
    net, start = {}, 0
    for name, shape in SHAPES.items():
        size = int(np.prod(shape))
        part = rows[:, start : start + size] * SIZES[name]
        net[name] = part.reshape(len(rows), *((1,) if len(shape) == 1 else ()), *shape)
        start += size
    return net


def residuals(settings: Settings, rows: Array, anchor: Array) -> Array:
    """What training makes small, rows x residuals, for a batch of networks."""
    trials, net = Trials(), shaped(rows)
    count, each = len(rows), len(trials.heat)
    h = np.zeros((count, each, HIDDEN))

    def drive(sensed: Array) -> Array:
        nonlocal h
        h = advance(net, sensed.reshape(count, each, 3), h, PERIOD_S)
        return decode(net, h).reshape(count * each, 2)

    temperatures, commands = fly(settings, trials, drive, count)
    error = temperatures - SETPOINT[:, None]
    cold = error[0] < 5.0  # the others begin beyond their setpoint
    parts = [
        SOFT_K * np.tanh(error / SOFT_K)[::4],
        3.0 * np.maximum(error - 0.5, 0.0)[::4] * cold,
        0.02 * np.diff(commands, axis=0)[::2],
    ]
    by_row = [p.reshape(len(p), 2, count, each).transpose(2, 0, 1, 3).reshape(count, -1) for p in parts]
    swing = np.abs(net["tau_gain"][:, 0])
    rate = 1.0 + np.exp(0.6 * swing - net["tau_bias"][:, 0])
    return np.concatenate(
        [*by_row, 20.0 * np.maximum(rate / FASTEST - 1.0, 0.0), 0.3 * (rows - anchor)], axis=1
    )


def train(settings: Settings, net: Network) -> Network:
    """Levenberg-Marquardt on the residuals, the Jacobian by forward differences of all weights at once."""
    anchor = flat(net)
    best, damping, small = anchor.copy(), 1.0, 1.0e-5
    for n in range(ROUNDS):
        rows = np.vstack([best, best + small * np.eye(len(best))])
        values = residuals(settings, rows, anchor)
        r, jacobian = values[0], (values[1:] - values[0]).T / small
        normal, slope = jacobian.T @ jacobian, jacobian.T @ r
        for _ in range(8):
            step = np.linalg.solve(normal + damping * np.diag(1.0 + np.diag(normal)), slope)
            new = float((residuals(settings, (best - step)[None], anchor) ** 2).sum())
            if new < (r**2).sum():
                best, damping = best - step, damping / 3.0
                break
            damping *= 4.0
        print(f"{n + 1:3d}: {(r**2).sum():10.2f}", flush=True)
    return {name: w.reshape(SHAPES[name]) for name, w in shaped(best[None]).items()}


def rounded(net: Network) -> Network:
    """Each weight to seven digits: what is written is what is flown and recorded."""
    short = {name: [float(f"{v:.7g}") for v in w.ravel()] for name, w in net.items()}
    return {name: np.array(row).reshape(SHAPES[name]) for name, row in short.items()}


def recording(settings: Settings, net: Network) -> list[dict[str, float]]:
    """A flight from a half-hot bench with irregular periods and a step of the supply, row by row."""
    draw = np.random.default_rng(SEED)
    plant = Plant(start=np.array([120.0, 70.0]))
    measured = plant.measure(draw).round(2)  # what the sensors send has two decimals
    filtered, h, time_us = np.clip(measured, settings.low, settings.high), np.zeros(HIDDEN), 0
    rows = [row(time_us, measured, h, decode(net, h))]
    for n in range(RECORDED):
        step_us = int(draw.integers(settings.dt_us[0], settings.dt_us[1] + 1))
        if n == RECORDED // 2:
            plant.supply = np.array(5.0)
        plant.advance(step_us * 1.0e-6, [rows[-1][name] for name in OUTPUTS])
        time_us += step_us
        measured = plant.measure(draw).round(2)
        filtered, h = period(settings, net, measured, filtered, h, step_us * 1.0e-6)
        rows.append(row(time_us, measured, h, decode(net, h)))
    return rows


def period(
    settings: Settings, net: Network, measured: Array, filtered: Array, h: Array, dt: float
) -> tuple[Array, Array]:
    """What is sensed, and the states, after one period of dt seconds in equal substeps."""
    filtered = settings.sense(measured, filtered, dt)
    for _ in range(settings.substeps):
        h = advance(net, filtered, h, dt / settings.substeps)
    return filtered, h


def row(time_us: int, measured: Array, h: Array, outputs: Array) -> dict[str, float]:
    """One row of trained.csv by its header: time, inputs in degC, states, commands in W before the guard."""
    states = {f"h{i}": float(v) for i, v in enumerate(h)}
    named = zip((*INPUTS, *OUTPUTS), (*measured, *outputs), strict=True)
    values = {name: float(v) for name, v in named}
    return {"time_us": time_us, **{n: values[n] for n in INPUTS}, **states, **{n: values[n] for n in OUTPUTS}}


def main() -> None:
    """Train, and write both files."""
    settings = Settings.read()
    net = rounded(train(settings, imitate(settings, drawn())))
    lines = (f' "{name}": {json.dumps(net[name].tolist())}' for name in SHAPES)
    (HERE / "network.json").write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    rows = recording(settings, net)
    with (HERE / "trained.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
