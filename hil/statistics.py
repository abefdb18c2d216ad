"""Times in a logarithmic histogram that merges without loss, its quantiles, and its picture as text.

16 bins to an octave from 32 ns up (below, one a nanosecond), so a bin is at most 1/16 of its value wide: a
quantile is given as its bin's upper edge, never too small and at most 6.25 % too large. The largest time
is exact. Nothing is extrapolated beyond what was seen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

SHARE = 16
BIN_ERROR = 1.0 / SHARE
QUANTILES = {"p50": 0.5, "p99": 0.99, "p99_9": 0.999}
LONGEST_NS = (1 << 32) - 1
BINS = 464  # that times of up to LONGEST_NS fall in
BLOCKS = " ▏▎▍▌▋▊▉█"


def bin_of(ns: int) -> int:
    """The bin of a time; hil/agent/agent.c has the same."""
    shift = max(0, ns.bit_length() - 5)
    return (ns >> shift) + SHARE * shift


def upper_edge(number: int) -> int:
    """The largest time, in ns, that falls in a bin."""
    if number < 2 * SHARE:
        return number
    shift = number // SHARE - 1
    return ((number - SHARE * shift + 1) << shift) - 1


def lower_edge(number: int) -> int:
    """The least time, in ns, that falls in a bin."""
    return upper_edge(number - 1) + 1 if number > 0 else 0


@dataclass
class Histogram:
    """Counts of times by bin, and the largest time."""

    counts: dict[int, int] = field(default_factory=dict)
    largest: int = 0

    def add(self, ns: int, count: int = 1) -> None:
        """Count a time in ns."""
        number = bin_of(ns)
        self.counts[number] = self.counts.get(number, 0) + count
        self.largest = max(self.largest, ns)

    def add_bin(self, number: int, count: int, largest: int) -> None:
        """Count the times of one bin, none of which is longer than `largest`."""
        self.counts[number] = self.counts.get(number, 0) + count
        self.largest = max(self.largest, min(upper_edge(number), largest))

    def merge(self, other: "Histogram") -> None:
        """Add another's counts."""
        for number, count in other.counts.items():
            self.counts[number] = self.counts.get(number, 0) + count
        self.largest = max(self.largest, other.largest)

    @property
    def total(self) -> int:
        """How many times were counted."""
        return sum(self.counts.values())

    def bounds_ns(self) -> tuple[int, int]:
        """(at least, at most) the sum of the times, as their bins tell it."""
        low = sum(lower_edge(number) * count for number, count in self.counts.items())
        high = sum(min(upper_edge(number), self.largest) * count for number, count in self.counts.items())
        return low, high

    def quantile(self, share: float) -> int:
        """The upper edge of the bin that holds the time at this rank, in ns; 0 where there is none."""
        rank = share * self.total
        seen = 0
        for number in sorted(self.counts):
            seen += self.counts[number]
            if seen >= rank:
                return min(upper_edge(number), self.largest)
        return 0

    def summary(self, unit_ns: float = 1.0) -> dict[str, float]:
        """p50, p99, p99_9 and max in a unit of `unit_ns` nanoseconds, and how many there are."""
        found = {name: self.quantile(share) / unit_ns for name, share in QUANTILES.items()}
        return {**found, "max": self.largest / unit_ns, "count": self.total, "bin_error": BIN_ERROR}

    def bars(self, unit_ns: float = 1.0) -> list[list[float]]:
        """[upper edge, count] of every bin from the one before the first used to the last, in the unit.

        So each bin that holds a time has one before it, at whose edge it begins.
        """
        if not self.counts:
            return []
        numbers = range(max(0, min(self.counts) - 1), max(self.counts) + 1)
        return [[upper_edge(n) / unit_ns, self.counts.get(n, 0)] for n in numbers]

    def to_json(self) -> dict[str, object]:
        """For a journal."""
        return {
            "counts": {str(n): count for n, count in sorted(self.counts.items())},
            "largest": self.largest,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, object]) -> "Histogram":
        """From to_json()."""
        counts, largest = data["counts"], data["largest"]
        assert isinstance(counts, dict) and isinstance(largest, int)
        return cls({int(n): int(count) for n, count in counts.items()}, largest)


def picture(bars: Sequence[Sequence[float]], unit: str, width: int = 40, rows: int = 12) -> list[str]:
    """A histogram as lines of text: neighbours joined to at most `rows`, bars on a log scale of counts.

    bars: [upper edge, count] as from Histogram.bars; a line reads `<= edge unit  bar  count`.
    """
    if not bars:
        return ["no times yet"]
    group = -(-len(bars) // rows)
    joined = [
        (part[-1][0], int(sum(count for _, count in part)))
        for part in (bars[i : i + group] for i in range(0, len(bars), group))
    ]
    most = max(count for _, count in joined)
    lines = []
    for edge, count in joined:
        eighths = round(8 * width * (count.bit_length() / most.bit_length())) if count else 0
        bar = BLOCKS[8] * (eighths // 8) + BLOCKS[eighths % 8]
        lines.append(f"<= {edge:>9,.3f} {unit}  {bar:<{width + 1}} {count:,}")
    return lines
