"""The parameters that fly are the numbers that controller.toml and network.json declare.

Both files are read here again, and each number of the law is written down from them by other code than the
loader's: what a loader would mix up, double or transpose is proved of nothing else, as every other claim
holds for whatever parameters the loader made.
"""

import json
import tomllib
from typing import Any

from controller.errors import InputError
from controller.faults import digest, read_bytes
from controller.network import SIZE_LIMIT as MOST_WEIGHTS
from controller.project import FILE_NAME, SIZE_LIMIT, Project
from verification.flight import Flight
from verification.program import leaves
from verification.verdict import Verdict, decide, python_version

Numbers = dict[str, int | float]
TWIN = "tests/should_fail/test_declared.py"
STATE_LIMIT, RECOVERY, SUBSTEPS, SLOTS = 1.0625, 20, 1, 16  # where controller.toml says nothing
WEIGHTS = ("w_in", "w_rec", "b", "tau_gain", "tau_bias", "w_out", "b_out")
PID = ("setpoint", "kp", "ki", "kd", "integral_low", "integral_high")
OUTPUT = ("low", "high", "safe", "max_rate")


def as_declared(project: Project, flight: Flight) -> Verdict:
    """AS-DECLARED. Raises InputError where a file is no longer the one that was loaded."""
    told, weights = _read(project)
    wanted = _sizes(told, weights) | _law(told, weights)
    found: Numbers = {f"sizes.{name}": n for name, n in flight.sizes.items()}
    found |= {"law.substeps": flight.law.substeps, **dict(leaves(flight.law, "law"))}
    wrong = [
        f"{path} is {found.get(path)!r}, and {wanted.get(path)!r} is declared"
        for path in sorted(wanted.keys() | found.keys())
        if not _same(found.get(path), wanted.get(path))
    ]
    return Verdict(
        "AS-DECLARED",
        f"Each of the {len(wanted)} parameters and sizes of the kernel is the number that controller.toml or "
        "network.json declares for it, to the last bit: weights by row and column, a fallback's by the "
        "output that it names. What follows from declared numbers (the middle of a range, how the network "
        "sees an input, which inputs the fallbacks read) follows as the file's format says.",
        decide(not wrong, "EXHAUSTED"),
        "both files read again by other code than the loader's; exact comparison of every number",
        "binary64 and int64",
        ["Python's own readers of TOML, JSON and decimal numbers are right"],
        ["controller/project.py", "controller/network.py", "controller/config.py"],
        f"{TWIN}::test_as_declared_twin",
        wrong[0] if wrong else "",
        {"differs": wrong[:10]} if wrong else None,
        program_digest=flight.digest,
        versions=python_version(),
    )


def _read(project: Project) -> tuple[dict[str, Any], dict[str, Any]]:
    path = project.root / FILE_NAME
    config = read_bytes(path, SIZE_LIMIT)
    told = tomllib.loads(config.decode("utf-8")) if digest(config) == project.config_digest else None
    if told is None:
        raise InputError(f"{path}: was changed while this ran; run it again")
    path = project.root / told["controller"].get("network", "network.json")
    weights = read_bytes(path, MOST_WEIGHTS)
    if digest(weights) != project.network_digest:
        raise InputError(f"{path}: was changed while this ran; run it again")
    return told, json.loads(weights)


def _same(found: Any, wanted: Any) -> bool:
    """Equal bits: of one type, and no zero of the other sign."""
    return type(found) is type(wanted) and repr(found) == repr(wanted)


def _sizes(told: dict[str, Any], weights: dict[str, Any]) -> Numbers:
    controller = told["controller"]
    return {
        "sizes.inputs": len(told["input"]),
        "sizes.hidden": len(weights["b"]),
        "sizes.outputs": len(told["output"]),
        "sizes.substeps": controller.get("substeps", SUBSTEPS),
        "sizes.slots": controller.get("inbox_slots", SLOTS),
    }


def _law(told: dict[str, Any], weights: dict[str, Any]) -> Numbers:
    """Every number of the law by its path."""
    controller, period_us = told["controller"], told["controller"]["period_us"]
    limit = float(told.get("state", {}).get("limit", STATE_LIMIT))
    made: Numbers = {
        "law.substeps": controller.get("substeps", SUBSTEPS),
        "law.clock.low_us": told["dt"]["low_us"],
        "law.clock.high_us": told["dt"]["high_us"],
        "law.clock.nominal_us": period_us,
        "law.clock.ahead_us": controller.get("ahead_us", period_us),
        "law.clock.recovery": controller.get("recovery_periods", RECOVERY),
    }
    for name in WEIGHTS:
        made |= _numbers(f"law.network.{name}", weights[name])
    for i in range(len(weights["b"])):
        made |= {f"law.limits.state_low[{i}]": -limit, f"law.limits.state_high[{i}]": limit}
    read = [row["input"] for row in told["fallback"]]
    for j, sensor in enumerate(told["input"]):
        made |= _sensor(j, sensor, sensor["name"] in read)
    names = [sensor["name"] for sensor in told["input"]]
    for k, output in enumerate(told["output"]):
        made |= {f"law.limits.{name}[{k}]": float(output[name]) for name in OUTPUT}
        (row,) = (row for row in told["fallback"] if row["output"] == output["name"])
        made |= {f"law.pid.{name}[{k}]": float(row[name]) for name in PID}
        made[f"law.pid.channel[{k}]"] = names.index(row["input"])
    return made


def _numbers(path: str, value: Any) -> Numbers:
    """The numbers of a vector or a matrix."""
    if not isinstance(value, list):
        return {path: float(value)}
    return {name: n for i, v in enumerate(value) for name, n in _numbers(f"{path}[{i}]", v).items()}


def _sensor(j: int, sensor: dict[str, Any], read: bool) -> Numbers:
    """Of one input; read: whether a fallback does."""
    low, high = float(sensor["low"]), float(sensor["high"])
    match sensor.get("network_unit", "normalised"):
        case "normalised":  # the middle of the range is 0, its ends are -1 and 1
            offset, scale, seen = (low + high) / 2.0, 2.0 / (high - low), (-1.0, 1.0)
        case "physical":
            offset, scale, seen = 0.0, 1.0, (low, high)
        case "scaled":
            offset, scale = float(sensor["network_offset"]), float(sensor["network_scale"])
            seen = (low - offset) * scale, (high - offset) * scale
        case unit:
            raise ValueError(f"network_unit {unit!r} has no meaning here")
    made: Numbers = {"low": low, "high": high, "rest": (low + high) / 2.0, "offset": offset, "scale": scale}
    made |= {"seen_low": seen[0], "seen_high": seen[1], "filter_s": float(sensor["filter_s"])}
    made |= {"stale_us": sensor["stale_us"], "fallback": int(read)}
    return {f"law.sensors.{name}[{j}]": n for name, n in made.items()}
