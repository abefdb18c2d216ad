"""`python -m benchmarks`: every comparison in one run, as one table of ratios."""

import argparse
import sys
from collections.abc import Sequence

from benchmarks import cases
from benchmarks.machine import machine
from benchmarks.measure import Row, Timed, race
from benchmarks.torch_ltc import MISSING
from controller.errors import InputError

HEAD = f"{'':<44}{'median':>10}{'times native':>14}   quartiles"
AIMS = {"PyTorch": 500.0, "numpy": 80.0, "Python backend": 50.0}  # of the seed size, 8 hidden
IDENTITY_AIMS_S = {8: 1.0, 64: 5.0}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; the exit status: 0, or 2 on bad usage."""
    options = _options(arguments)
    try:
        _run(options)
    except InputError as fault:
        print(fault, file=sys.stderr)
        return 2
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=31, help="turns of each contender (31)")
    parser.add_argument("--slice-ms", type=float, default=20.0, help="length of a turn in ms (20)")
    parser.add_argument("--hidden", type=int, nargs="+", default=[8, 64], help="sizes of the network (8 64)")
    parser.add_argument(
        "--torch", default=sys.executable, help="a Python that has the train extra (this one)"
    )
    options = parser.parse_args(arguments)
    if options.rounds < 1 or min(options.hidden) < 1 or not options.slice_ms > 0.0:
        parser.error("rounds, slice and sizes must be positive")
    return options


def _run(options: argparse.Namespace) -> None:
    def run(contenders: dict[str, Timed]) -> list[Row]:
        return race(contenders, options.rounds, options.slice_ms, _notice)

    print("\n".join(machine()))
    torch = None
    for hidden in options.hidden:
        rows, torch = cases.ltc(hidden, run, options.torch)
        _table(f"LTC step, 2 inputs, {hidden} hidden, RK4, from Python", rows, hidden == 8)
        rows = cases.period(hidden, run)
        _table(f"Whole control period by Controller.step, {hidden} hidden", rows, hidden == 8)
    print("\nTimes without a rival")
    for hidden in options.hidden:
        _single(cases.identity(hidden, min(options.rounds, 7)), IDENTITY_AIMS_S.get(hidden))
    _single(cases.round_trip(options.rounds, options.slice_ms), None)
    print(f"\n{torch or MISSING}")


def _table(title: str, rows: list[Row], aimed: bool) -> None:
    print(f"\n{title}\n{HEAD}")
    for row in rows:
        line = f"  {row.name:<42}{_duration(row.median_ns):>10}"
        if row is not rows[0]:
            middle, low, high = row.ratio(rows[0])
            line += f"{middle:>14.1f}   {low:.1f} to {high:.1f}"
            aim = next((a for word, a in AIMS.items() if row.name.startswith(word)), None)
            if aimed and aim:
                line += f"   aim {aim:g}: {'reached' if middle >= aim else 'missed'}"
        print(line, flush=True)


def _single(row: Row, aim_s: float | None) -> None:
    line = f"  {row.name:<42}{_duration(row.median_ns):>10}"
    if aim_s:
        line += f"   aim {aim_s:g} s: {'reached' if row.median_ns < aim_s * 1e9 else 'missed'}"
    print(line, flush=True)


def _duration(ns: float) -> str:
    for unit, size in (("s", 1e9), ("ms", 1e6), ("us", 1e3)):
        if ns >= size:
            return f"{ns / size:.3g} {unit}"
    return f"{ns:.0f} ns"


def _notice(what: str, done: int, total: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{what} {done} of {total}", end="\r" if done < total else "\r\033[K", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
