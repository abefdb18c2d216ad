"""A campaign in plain lines for a terminal."""

from typing import Any

from hil.statistics import picture

QUANTILES = ("p50", "p99", "p99_9", "max")


def report(result: dict[str, Any]) -> list[str]:
    """Times with a picture each, every fault, and the verdicts on line, bits and times."""
    lines = []
    own, histogram = result["on_target"].get("kernel_ns"), result["histogram"]
    for key, name, per_us, times in (
        ("kernel_ns", "kernel", 1000.0, result["kernel_ns"]),
        ("on_target_ns", "kernel, the target flying by itself", 1000.0, own),
        ("round_trip_us", "round trip", 1.0, result["round_trip_us"]),
    ):
        if times:
            numbers = ", ".join(f"{q} {times[q] / per_us:.4g}" for q in QUANTILES)
            bars = [(edge / per_us, count) for edge, count in histogram[key]]
            lines += [f"{name} in \u00b5s: {numbers}; bars are logarithmic", *picture(bars, "\u00b5s")]
    for fault in result["faults"]:
        word = "as declared" if fault["passed"] else "NOT as declared"
        lines.append(f"fault {fault['id']}: {word}; {fault['observed']}")
    lines += [f"wrong, in this run or an earlier one: {what}" for what in result["wrong"].values()]
    return [*lines, _line(result["line"]), *_bits(result), _late(result), _timing(result["timing"])]


def _line(line: dict[str, Any]) -> str:
    allowed = line["allowed"]
    return (
        f"on the line (allowed): {line['retries']} retries ({allowed['retries']}), {line['late']} late "
        f"answers ({allowed['late']}), {line['spoilt']} damaged frames ({allowed['damaged']}), "
        f"{line['reboots']} reboots ({allowed['reboots']})"
    )


def _bits(result: dict[str, Any]) -> list[str]:
    own = result["on_target"]
    lines = [f"{result['steps']:,} steps on {result['target']['name']}: {result['mismatches']} mismatches"]
    if own["steps"]:
        word = "the same digest" if own["matches"] else "ANOTHER DIGEST"
        lines.append(f"{own['steps']:,} steps that the target flew by itself: {word}")
    return lines


def _late(result: dict[str, Any]) -> str:
    late, allowed = result["deadline"], result["late_per_million"]
    return (
        f"over the deadline of {result['deadline_us']:,} us: the kernel in {late['kernel']:,} of "
        f"{late['kernel_of']:,} steps and in {late['on_target']:,} of {late['on_target_of']:,} that the "
        f"target flew by itself ({f'{allowed:,} in a million' if allowed else 'none'} allowed in each), the "
        f"round trip in {late['round_trip']:,} of {late['round_trip_of']:,} (judged by nothing)"
    )


def _timing(timing: dict[str, Any]) -> str:
    if timing["reasons"]:
        return f"times: {timing['word']}, they show nothing: {'; '.join(timing['reasons'])}"
    low, high = timing["rate"]
    return (
        f"times: {timing['word']}, by a clock that goes {low:.6f} to {high:.6f} times as fast as the host's "
        f"and moves by {timing['tick_ns']:,} ns; shorter than a round trip, tail and maximum are its word"
    )
