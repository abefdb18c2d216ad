"""A real recording: the three asynchronous streams of an x-IMU3 that the scikit-kinematics wheel ships.

The high-g accelerometer, the gyroscope and the magnetometer each keep their own time stamps, about
20.9, 20.0 and 50.7 ms apart, jittering by tens of microseconds. Each stream gives its three axes.
"""

import csv
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import Any

import pytest

from controller.project import Project, load
from tests.projects import make_project, tables

Sample = tuple[int, int, float]  # channel, time_us, value
STREAMS = {  # file, its first column of three, unit, range of the sensor
    "high_g": ("HighGAccelerometer.csv", 1, "g", 200.0),
    "gyro": ("Inertial.csv", 1, "deg/s", 2000.0),
    "mag": ("Magnetometer.csv", 1, "a.u.", 8.0),
}
AXES = "xyz"
NAMES = [f"{stream}_{axis}" for stream in STREAMS for axis in AXES]
STALE_US = {"high_g": 65_000, "gyro": 65_000, "mag": 160_000}  # about three of the stream's intervals


def samples() -> list[Sample]:
    """All nine channels, merged by time; channel n is NAMES[n]."""
    merged = []
    for s, (file, column, _, _) in enumerate(STREAMS.values()):
        with _path(file).open(newline="", encoding="utf-8") as stream:
            for row in list(csv.reader(stream))[1:]:
                merged += [(3 * s + a, int(row[0]), float(row[column + a])) for a in range(3)]
    return sorted(merged, key=lambda sample: sample[1])


def _path(name: str) -> Path:
    try:
        shipped = files("scikit-kinematics") or []
    except PackageNotFoundError:
        pytest.skip("the recording is not here: pip install scikit-kinematics==0.10.4")
    return next(Path(str(f.locate())) for f in shipped if f.as_posix().endswith(f"data_xio3/{name}"))


def imu_project(folder: Path, period_us: int = 10_000, slots: int = 16, hidden: int = 4) -> Project:
    """A project whose inputs are the nine channels, with one output."""
    inputs = [
        {
            "name": f"{stream}_{axis}", "unit": unit, "low": -span, "high": span, "filter_s": 0.05,
            "stale_us": max(STALE_US[stream], 2 * period_us), "source": "x-IMU3",
        }
        for stream, (_, _, unit, span) in STREAMS.items()
        for axis in AXES
    ]  # fmt: skip
    fallback = [{**tables(1, 1)["fallback"][0], "input": "gyro_z"}]
    changes: dict[str, Any] = {
        "controller.period_us": period_us, "controller.inbox_slots": slots, "input": inputs,
        "fallback": fallback, "dt.low_us": period_us // 2, "dt.high_us": 2 * period_us,
    }  # fmt: skip
    return load(make_project(folder, len(inputs), hidden, 1, seed=3, **changes))


def write_csv(path: Path, recorded: list[Sample], by_name: bool = True) -> Path:
    """A recording as CSV, every float to the bit."""
    lines = ["time_us,channel,value"]
    for channel, time_us, value in recorded:
        known = by_name and 0 <= channel < len(NAMES)
        lines.append(f"{time_us},{NAMES[channel] if known else channel},{value!r}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
