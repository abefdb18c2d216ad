"""The project that mutants are judged on: three inputs, two outputs, two substeps, and no two numbers alike,
so that an index, a field or a size that stands for another one shows."""

from pathlib import Path

from tests.projects import make_project

INPUTS, HIDDEN, OUTPUTS, SUBSTEPS, SLOTS = 3, 4, 2, 2, 5


def subject(directory: Path) -> Path:
    """Write it into a folder; the folder. The third input is no PID's: both kinds of sensor are there."""
    changes: dict[str, object] = {
        "controller.substeps": SUBSTEPS, "controller.inbox_slots": SLOTS, "controller.ahead_us": 700,
        "controller.recovery_periods": 3, "dt.low_us": 520, "dt.high_us": 2100,
    }  # fmt: skip
    for j in range(INPUTS):
        changes |= {
            f"input.{j}.low": -1.25 - 0.5 * j, f"input.{j}.high": 1.75 + 0.75 * j,
            f"input.{j}.filter_s": 0.004 + 0.003 * j, f"input.{j}.stale_us": 5000 + 1100 * j,
        }  # fmt: skip
    for k in range(OUTPUTS):
        changes |= {
            f"output.{k}.low": -5.0 - k, f"output.{k}.high": 6.5 + k, f"output.{k}.safe": 0.25 + 0.5 * k,
            f"output.{k}.max_rate": 400.0 + 70.0 * k, f"fallback.{k}.setpoint": 0.125 + 0.25 * k,
            f"fallback.{k}.kp": -2.0 - 0.3 * k, f"fallback.{k}.ki": -0.5 - 0.2 * k,
            f"fallback.{k}.kd": -0.1 - 0.04 * k, f"fallback.{k}.integral_low": -1.1 - 0.3 * k,
            f"fallback.{k}.integral_high": 1.3 + 0.4 * k,
        }  # fmt: skip
    return make_project(directory, INPUTS, HIDDEN, OUTPUTS, seed=8, **changes)
