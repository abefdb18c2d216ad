"""A campaign in plain lines for a terminal."""

from typing import Any

from hil.statistics import picture

TIMES = (("kernel_ns", "kernel", "ns"), ("round_trip_us", "round trip", "us"))
QUANTILES = ("p50", "p99", "p99_9", "max")


def report(result: dict[str, Any]) -> list[str]:
    """Times with a picture each, every fault, and the verdict on the bits."""
    lines = []
    for key, name, unit in TIMES:
        numbers = ", ".join(f"{q} {result[key][q]:g}" for q in QUANTILES)
        lines += [f"{name} in {unit}: {numbers}", *picture(result["histogram"][key], unit)]
    for fault in result["faults"]:
        word = "as declared" if fault["passed"] else "NOT as declared"
        lines.append(f"fault {fault['id']}: {word}; {fault['observed']}")
    bits = f"{result['steps']:,} steps on {result['target']['name']}: {result['mismatches']} mismatches"
    lines.append(bits)
    late = result["deadline"]
    lines.append(
        f"over the deadline of {result['deadline_us']:,} us: the kernel in {late['kernel']:,} of "
        f"{result['steps']:,} steps (allowed: 0.1 %), the round trip in {late['round_trip']:,} of "
        f"{result['round_trip_us']['count']:,} (judged by nothing)"
    )
    return lines
