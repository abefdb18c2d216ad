"""What a run was: modes, transitions, inbox counters, stage times and budgets; and how to say it."""

from array import array
from dataclasses import dataclass
from math import ceil

from controller.kernel.modes import CAUSE_NAMES, MODE_NAMES, TRANSITION_NAMES
from controller.project import Project

STAGES = ("sensor", "kernel", "actuator", "period")
CAPACITY = 1 << 20  # periods whose times are kept; the newest replace the oldest
NO_LIMIT = 1 << 62  # ns
MOST_SKIPPED = 0.01  # the share of commands that a line may be too busy for
QUANTILES = (0.5, 0.99, 0.999)


@dataclass(slots=True)
class Tick:
    """The live record of a period, the same object in every period: read it, don't keep it."""

    step: int = 0
    time_us: int = 0
    mode: int = 0
    cause: int = 0
    outputs: tuple[float, ...] = ()
    misses: int = 0


@dataclass(frozen=True)
class StageTimes:
    """One stage's times in us over the kept periods; `over` counts all periods above the budget, if any."""

    name: str
    p50_us: float
    p99_us: float
    p99_9_us: float
    max_us: float
    budget_us: int | None
    over: int


@dataclass(frozen=True)
class Summary:
    """A run, once it is over.

    end: why it ended; lost: whether the port broke; safe: whether the safe command got through at the end;
    inbox: the four counters of kernel/inbox.py; line: what was lost on the line, by name; transitions: how
    often the mode changed, by name; doubt: why a recording's times can't be right, or "". Times in us.
    """

    backend: str
    realtime: bool
    end: str
    lost: bool
    safe: bool
    periods: int
    skipped: int
    first_us: int
    last_us: int
    deadline_us: int
    deadline_misses: int
    samples: int
    not_finite: int
    line: dict[str, int]
    inbox: dict[str, int]
    modes: dict[str, int]
    causes: dict[str, int]
    transitions: dict[str, int]
    outputs: tuple[float, ...]
    stages: tuple[StageTimes, ...]
    warnings: tuple[str, ...]
    doubt: str = ""

    @property
    def over_budget(self) -> bool:
        """Whether a real-time run missed a deadline or a stage left its budget."""
        return self.realtime and bool(self.deadline_misses or any(s.over for s in self.stages))

    @property
    def bad_line(self) -> bool:
        """Whether the line damaged a frame, or let more than MOST_SKIPPED of the commands go unsent."""
        skipped = self.line.get("commands skipped", 0)
        return self.line.get("frames refused", 0) > 0 or skipped > MOST_SKIPPED * self.periods

    @property
    def lost_samples(self) -> int:
        """The samples that the kernel could not use: what the inbox counts."""
        return sum(self.inbox.values())

    @property
    def bad_samples(self) -> bool:
        """Whether most of the samples were late, twice there or refused: times or channels are wrong.

        Not where a row of slots was full: then the newest flew.
        """
        return 2 * (self.lost_samples - self.inbox["overflow"]) > self.samples

    @property
    def faults(self) -> list[str]:
        """What makes it no success, a sentence each."""
        found = {
            "the port was lost": self.lost,
            "the safe output did not get through": not self.safe,
            "a deadline was missed, or a stage left its budget": self.over_budget,
            f"a frame was damaged, or over {MOST_SKIPPED:.0%} of the commands were skipped": self.bad_line,
            "most of the samples were late, twice there or refused": self.bad_samples,
            self.doubt: bool(self.doubt),
        }
        return [sentence for sentence, holds in found.items() if holds]

    @property
    def failed(self) -> bool:
        """Whether anything of it is no success: the exit status of `seawall run`."""
        return bool(self.faults)


class Stopwatch:
    """Times of the four stages in ns, in buffers that are allocated once."""

    def __init__(self, budgets_us: tuple[int | None, ...], capacity: int = CAPACITY) -> None:
        self.capacity = capacity
        self.count = 0
        self.budgets_us = budgets_us
        self._budgets_ns = tuple(NO_LIMIT if b is None else 1000 * b for b in budgets_us)
        self._buffers = tuple(array("q", [0]) * capacity for _ in STAGES)
        self._over = [0] * len(STAGES)

    def note(self, sensor: int, kernel: int, actuator: int, period: int) -> None:
        """Keep one period's times in ns."""
        at = self.count % self.capacity
        for stage, time_ns in enumerate((sensor, kernel, actuator, period)):
            self._buffers[stage][at] = time_ns
            if time_ns > self._budgets_ns[stage]:
                self._over[stage] += 1
        self.count += 1

    def stages(self) -> tuple[StageTimes, ...]:
        """The quantiles (nearest rank) of what is kept; () before the first period."""
        kept = min(self.count, self.capacity)
        found = []
        for n, name in enumerate(STAGES if kept else ()):
            ordered = sorted(self._buffers[n][:kept])
            p50, p99, p99_9 = (ordered[ceil(q * kept) - 1] / 1000.0 for q in QUANTILES)
            top = ordered[-1] / 1000.0
            found.append(StageTimes(name, p50, p99, p99_9, top, self.budgets_us[n], self._over[n]))
        return tuple(found)


def budgets(project: Project) -> tuple[int | None, ...]:
    """The budget of each stage in us.

    The kernel is one call, so its budget is preprocess + network + output together. Handing the
    command over has none of its own; it counts in the period, whose budget is the deadline.
    """
    timing = project.config.timing
    b = timing.budget_us
    return b.sensor, b.preprocess + b.network + b.output, None, timing.deadline_us


def tick_line(project: Project, tick: Tick) -> str:
    """The live line of a period: time, mode, outputs with their units, misses, and the cause if any."""
    shown = "  ".join(
        f"{actuator.name} {value:+.4g} {actuator.unit}"
        for actuator, value in zip(project.config.output, tick.outputs, strict=True)
    )
    cause = f"  ({CAUSE_NAMES[tick.cause]})" if tick.cause else ""
    return f"{tick.time_us / 1e6:10.3f} s  {MODE_NAMES[tick.mode]:<8}  {shown}  misses {tick.misses}{cause}"


def report(summary: Summary) -> list[str]:
    """The summary in plain lines."""
    span = (summary.last_us - summary.first_us) / 1e6
    kind = "real" if summary.realtime else "virtual"
    lines = [
        f"{summary.periods} periods, {span:.3f} s of {kind} time, {summary.backend} backend: {summary.end}"
    ]
    lines.append("modes: " + _counts(summary.modes))
    lines.append("transitions: " + (_counts(summary.transitions) or "none"))
    lines.append("causes: " + _counts(summary.causes))
    lines.append(
        f"samples: {summary.samples}, of them not finite {summary.not_finite}; {_counts(summary.inbox)}"
    )
    if 2 * summary.lost_samples > summary.samples:
        share = summary.lost_samples / summary.samples
        lines.append(f"of the samples {share:.0%} were of no use; check their times and channels")
    if summary.line:
        lines.append("line: " + _counts(summary.line))
    if summary.realtime:
        late = f"deadline misses: {summary.deadline_misses} at {summary.deadline_us} us"
        lines.append(f"{late}, of them periods skipped {summary.skipped}")
    else:
        lines.append("deadline misses: none can be, in virtual time")
    return lines + _table(summary) + [f"no success: {fault}" for fault in summary.faults]


def _table(summary: Summary) -> list[str]:
    """Stage times; budgets hold in real time only, since a virtual run may be interrupted at any time."""
    lines = ["stage        p50 us    p99 us  p99.9 us    max us"]
    lines[0] += "    budget  periods over" if summary.realtime else ""
    for s in summary.stages:
        line = f"{s.name:<9}{s.p50_us:10.1f}{s.p99_us:10.1f}{s.p99_9_us:10.1f}{s.max_us:10.1f}"
        limit, over = ("-", "-") if s.budget_us is None else (str(s.budget_us), str(s.over))
        lines.append(f"{line}{limit:>10}{over:>14}" if summary.realtime else line)
    return lines


def transition_counts(table: list[int]) -> dict[str, int]:
    """The changes of mode by name, from a table indexed by 3 * old + new; holds and zeros left out."""
    pairs = TRANSITION_NAMES.items()
    return {name: table[3 * a + b] for (a, b), name in pairs if a != b and table[3 * a + b]}


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {n}" for name, n in counts.items())
