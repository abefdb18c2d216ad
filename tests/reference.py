"""A training's own meaning of the law, in numpy and apart from the kernel, that records references.

`python -m tests.reference DIR` writes DIR/trained.csv for the project in DIR.
"""

import json
import sys
import tomllib
from pathlib import Path
from typing import Any

import numpy as np

Array = Any


def derivative(net: dict[str, Array], x: Array, h: Array) -> Array:
    """dh/dt = -h / tau + tanh(W_in^T x + W_rec^T h + b), 1/tau = 1 + exp(-(tau_gain h + tau_bias))."""
    rate = 1.0 + np.exp(-(net["tau_gain"] * h + net["tau_bias"]))
    return np.tanh(x @ net["w_in"] + h @ net["w_rec"] + net["b"]) - h * rate


def advance(net: dict[str, Array], x: Array, h: Array, dt: float) -> Array:
    """One classic Runge-Kutta step."""
    k1 = derivative(net, x, h)
    k2 = derivative(net, x, h + dt / 2 * k1)
    k3 = derivative(net, x, h + dt / 2 * k2)
    k4 = derivative(net, x, h + dt * k3)
    return h + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


def record(
    directory: Path,
    rows: int = 200,
    seed: int = 0,
    unit: str = "",
    smooth: bool = True,
    still: int = -1,
    every: int = 10,
) -> Path:
    """Write trained.csv into a project's folder; the file.

    unit: how the training saw its inputs, as declared unless given. smooth: whether it had the low-pass.
    still: an input that does not move. every: after so many rows the inputs move.
    """
    settings = tomllib.loads((directory / "controller.toml").read_text(encoding="utf-8"))
    net = {k: np.array(v) for k, v in json.loads((directory / "network.json").read_text()).items()}
    inputs, draw = settings["input"], np.random.default_rng(seed)
    substeps = settings["controller"].get("substeps", 1)
    low, high = (np.array([i[end] for i in inputs], float) for end in ("low", "high"))

    def view(measured: Array) -> Array:
        seen = []
        for i, value in zip(inputs, measured, strict=True):
            half = (i["high"] - i["low"]) / 2
            kinds = {"physical": value, "normalised": (value - i["low"] - half) / half}
            if "network_scale" in i:
                kinds["scaled"] = (value - i["network_offset"]) * i["network_scale"]
            seen.append(kinds[unit or i.get("network_unit", "normalised")])
        return np.array(seen)

    header = [i["name"] for i in inputs] + [f"h{n}" for n in range(len(net["b"]))]
    lines = [",".join(["time_us", *header, *(o["name"] for o in settings["output"])])]
    now_us, h, x, measured = 0, np.zeros(len(net["b"])), np.zeros(len(inputs)), (low + high) / 2
    for n in range(rows):
        dt_us = int(draw.integers(settings["dt"]["low_us"], settings["dt"]["high_us"] + 1))
        if n % every == 0:
            measured = draw.uniform(low, high)
        if still >= 0:
            measured[still] = (low[still] + high[still]) / 2
        if n == 0:
            x = view(measured)
        else:
            now_us, dt = now_us + dt_us, dt_us * 1e-6
            share = np.array([dt / (i["filter_s"] * smooth + dt) for i in inputs])
            x = x + share * (view(measured) - x)
            for _ in range(substeps):
                h = advance(net, x, h, dt / substeps)
        numbers = [*measured, *h, *(h @ net["w_out"] + net["b_out"])]
        lines.append(",".join([str(now_us), *(repr(float(v)) for v in numbers)]))
    path = directory / "trained.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


if __name__ == "__main__":
    record(Path(sys.argv[1]), rows=80)
