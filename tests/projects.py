"""Small projects for tests: a valid controller.toml and a seeded random network of any size."""

import json
import random
from pathlib import Path
from typing import Any

from tests.reference import record

# every table of one project; overrides replace keys by "table.key" paths, e.g. **{"dt.high_us": 3000}
FALLBACK = {"setpoint": 0.0, "kp": -2.0, "ki": -0.5, "kd": -0.1, "integral_low": -1.0, "integral_high": 1.0}


def tables(inputs: int, outputs: int) -> dict[str, Any]:
    """The settings of a valid project as plain data."""
    return {
        "controller": {
            "name": "test", "period_us": 1000, "substeps": 1, "precision": "float64",
            "network": "network.json", "recovery_periods": 5, "inbox_slots": 8,
        },
        "dt": {"low_us": 500, "high_us": 2000},
        "state": {"limit": 1.0625},
        "input": [
            {"name": f"input{j}", "unit": "m", "low": -1.0 - j, "high": 1.0 + j, "filter_s": 0.004,
             "stale_us": 5000, "source": "test"}
            for j in range(inputs)
        ],
        "output": [
            {"name": f"output{k}", "unit": "N", "low": -5.0, "high": 5.0, "safe": 0.0, "max_rate": 400.0,
             "source": "test"}
            for k in range(outputs)
        ],
        "fallback": [
            {"output": f"output{k}", "input": f"input{k % inputs}", **FALLBACK} for k in range(outputs)
        ],
        "timing": {
            "deadline_us": 1000,
            "budget_us": {"sensor": 200, "preprocess": 200, "network": 400, "output": 200},
        },
        "requirement": [{"id": "REQ-1", "text": "The command stays in range.", "claims": ["OUTPUT-BOUNDS"]}],
    }  # fmt: skip


def weights(inputs: int, hidden: int, outputs: int, seed: int) -> dict[str, Any]:
    """Random weights of a network whose dynamics are slow beside a period of 1 ms."""
    draw = random.Random(seed)

    def vector(n: int, scale: float) -> list[float]:
        return [draw.uniform(-scale, scale) for _ in range(n)]

    return {
        "w_in": [vector(hidden, 1.0) for _ in range(inputs)],
        "w_rec": [vector(hidden, 0.5) for _ in range(hidden)],
        "b": vector(hidden, 0.1),
        "tau_gain": vector(hidden, 0.5),
        "tau_bias": vector(hidden, 0.5),
        "w_out": [vector(outputs, 1.0) for _ in range(hidden)],
        "b_out": vector(outputs, 0.1),
    }


def to_toml(data: dict[str, Any]) -> str:
    """Plain data as TOML (tables, lists of tables, numbers, strings)."""
    lines: list[str] = []

    def value(v: Any) -> str:
        if isinstance(v, float):
            return repr(v)
        return json.dumps(v, ensure_ascii=False).replace("\x7f", "\\u007f")

    def table(name: str, body: dict[str, Any], double: bool) -> None:
        lines.append(f"\n[[{name}]]" if double else f"\n[{name}]")
        lines.extend(f"{k} = {value(v)}" for k, v in body.items() if not isinstance(v, dict))
        for key, inner in body.items():
            if isinstance(inner, dict):
                table(f"{name}.{key}", inner, False)

    for name, body in data.items():
        if isinstance(body, list):
            for one in body:
                table(name, one, True)
        else:
            table(name, body, False)
    return "\n".join(lines) + "\n"


def make_project(
    directory: Path, inputs: int = 2, hidden: int = 8, outputs: int = 1, seed: int = 0, **overrides: Any
) -> Path:
    """Write controller.toml and network.json into a folder, made if missing; the folder.

    overrides: dotted paths to values, lists by number, e.g. **{"input.0.high": 2.0, "network.b": [...]}.
    """
    settings, net = tables(inputs, outputs), weights(inputs, hidden, outputs, seed)
    for path, new in overrides.items():
        *way, last = path.split(".")
        node: Any = settings
        if way and way[0] == "network":
            node, way = net, way[1:]
        for key in way:
            node = node[int(key)] if isinstance(node, list) else node[key]
        node[int(last) if isinstance(node, list) else last] = new
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "controller.toml").write_text(to_toml(settings), encoding="utf-8")
    (directory / "network.json").write_text(json.dumps(net), encoding="utf-8")
    if "reference" in settings["controller"]:
        record(directory)
    return directory
