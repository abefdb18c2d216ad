"""What was timed, for both reports: each kind of time, how many were late and of how many, and its plot."""

from collections.abc import Mapping
from typing import Any

from certification.report import plots

QUANTILES = (("p50", "p50"), ("p99", "p99"), ("p99_9", "p99.9"), ("max", "max"))
BARS = {"kernel": "kernel_ns", "on_target": "on_target_ns", "round_trip": "round_trip_us"}


def timing(evidence: Mapping[str, Any], measured: Mapping[str, Any]) -> dict[str, Any]:
    """The table of times with what was late; empty where nothing was flown."""
    if "kernel_ns" not in measured:
        return {}
    rows = []
    for key, name, times, unit_us in _times(measured):
        late, of = measured["deadline"][key], measured["deadline"][f"{key}_of"]
        cells = [*(plots.number(times[q] * unit_us) for q, _ in QUANTILES), f"{late:,} of {of:,}"]
        rows.append({"name": name, "unit": "µs", "cells": cells})
    return {
        "rows": rows,
        "late": f"{late_steps(evidence, measured)} Round trips, which nothing judges, have host and link in "
        f"them. {_line(measured['line'])}",
        "resumed": bool(measured.get("resumed", False)),
    }


def late_count(measured: Mapping[str, Any]) -> int:
    """Steps of the kernel that were late, in both flights."""
    deadline = measured.get("deadline", {})
    return int(deadline.get("kernel", 0) + deadline.get("on_target", 0))


def late_steps(evidence: Mapping[str, Any], measured: Mapping[str, Any]) -> str:
    """How many steps of the kernel were late, of how many, and the longest; "" where none was flown."""
    if "kernel_ns" not in measured:
        return ""
    deadline, allowed = measured["deadline"], evidence["hil"]["late_per_million"]
    late, of = late_count(measured), deadline["kernel_of"] + deadline["on_target_of"]
    own = measured.get("on_target", {}).get("kernel_ns") or {"max": 0.0}
    longest = plots.number(max(measured["kernel_ns"]["max"], own["max"]) / 1000.0)
    share = f"{allowed:,} in a million" if allowed else "none"
    return (
        f"{late:,} of {of:,} steps of the kernel took longer than the deadline of "
        f"{evidence['hil']['deadline_us']:,} µs ({share} allowed), the longest {longest} µs."
    )


def _line(line: Mapping[str, Any]) -> str:
    allowed = line["allowed"]
    return (
        f"On the line, {line['retries']:,} requests were sent again ({allowed['retries']:,} allowed), "
        f"{line['late']:,} answers were late ({allowed['late']:,}), {line['spoilt']:,} "
        f"frames damaged ({allowed['damaged']:,}), and the target was started anew {line['reboots']:,} times "
        f"({allowed['reboots']:,})."
    )


def timing_plots(evidence: Mapping[str, Any], measured: Mapping[str, Any]) -> list[dict[str, str]]:
    """A histogram of each kind of time."""
    found = []
    for key, title, times, unit_us in _times(measured):
        bars = measured.get("histogram", {}).get(BARS[key], [])
        bins = [(edge * unit_us, count) for edge, count in bars]
        marks = [(name, times[q] * unit_us) for q, name in QUANTILES]
        svg = plots.histogram(
            bins, [*marks, ("deadline", float(evidence["hil"]["deadline_us"]))], "µs", title
        )
        if svg:
            found.append({"title": title, "svg": svg})
    return found


def _times(measured: Mapping[str, Any]) -> list[tuple[str, str, Mapping[str, float], float]]:
    """(its name in `deadline`, title, summary, µs in its unit) of each kind of time."""
    kinds = (
        ("kernel", "Kernel step, given by the host", measured.get("kernel_ns"), 1e-3),
        ("on_target", "Kernel step, the target flying by itself",
         measured.get("on_target", {}).get("kernel_ns"), 1e-3),
        ("round_trip", "Round trip over the link", measured.get("round_trip_us"), 1.0),
    )  # fmt: skip
    return [(key, title, times, unit_us) for key, title, times, unit_us in kinds if times]
