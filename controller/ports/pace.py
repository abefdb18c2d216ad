"""Whether a recording's times can be the times of its samples: clocks that went back, and wrong units.

A row stands where its sample arrived, so one that is a little late is what happens; a clock that was set back
or wrapped, or rows in another order, would lose all that follows without a word.
"""

from collections.abc import Callable, Iterable, Sequence
from statistics import median

from controller.errors import InputError
from controller.kernel.inbox import LATEST_US
from controller.ports.messages import Sample

GAP_LIMIT_US = 3_600_000_000  # a longer silence is a wrong time or two recordings in one file
LATE_LIMIT_US = 1_000_000  # what is later is of a clock that went back, unless declared fresh
RUN_LIMIT = 64  # rows in succession that are no newer than their channels' newest: a clock that went back
WRAPS_US = (1000 << 32, 1 << 32)  # of 32-bit clocks in ms and in us, with a sign or without
JUDGED = 64  # samples of each channel after which a unit is judged
UNITS = {"milliseconds": 1000, "seconds": 1_000_000}  # and the microseconds of each
SORT = "sort the rows by time_us, or split the recording where its clock was set"


class Pace:
    """What was seen of the times, row by row; of the project's channels alone, so that nothing grows.

    late_us: how far behind the newest time a sample may arrive. Raises InputError with a row's place.
    """

    def __init__(self, channels: Iterable[int], late_us: int = GAP_LIMIT_US) -> None:
        self.late_us, self.newest_us = late_us, -1
        self._count = dict.fromkeys(channels, 0)
        self._first = dict.fromkeys(self._count, -1)
        self._newest = dict.fromkeys(self._count, -1)
        self._run, self._run_began = 0, ""
        self.judged = False

    def check(self, sample: Sample, place: Callable[[], str]) -> None:
        """One row; place: where it stands."""
        time_us = sample.time_us
        if time_us < 0:
            mend = self._wrapped(time_us) or "count from the start"
            raise InputError(f"{place()}: time {time_us} us is negative; {mend}")
        if time_us > LATEST_US:
            raise InputError(f"{place()}: time {time_us} us is beyond 2**53; give microseconds")
        step_us = time_us - self.newest_us if self.newest_us >= 0 else 0
        if step_us > GAP_LIMIT_US:
            jump = f"time jumps by {step_us / 1e6:g} s"
            raise InputError(f"{place()}: {jump}; fix it, or split the recording")
        if -step_us > self.late_us:
            mend = self._wrapped(time_us) or SORT
            raise InputError(f"{place()}: time goes back by {-step_us / 1e6:g} s; {mend}")
        self._note(sample, place)
        self.newest_us = max(self.newest_us, time_us)

    def _note(self, sample: Sample, place: Callable[[], str]) -> None:
        """Keep a channel's times; a long run of rows that no channel can use is told by where it began."""
        channel, time_us = sample.channel, sample.time_us
        if channel not in self._count:
            return
        if not self._count[channel]:
            self._first[channel] = time_us
        self._count[channel] += 1
        if time_us > self._newest[channel]:
            self._newest[channel], self._run = time_us, 0
            return
        self._run_began = self._run_began if self._run else place()
        self._run += 1
        if self._run >= RUN_LIMIT:
            still = "give microseconds, or " if time_us == self._newest[channel] else ""
            raise InputError(
                f"{self._run_began}: from here on {RUN_LIMIT} rows are no newer than what their channels had "
                f"before; {still}{SORT}"
            )

    def _wrapped(self, time_us: int) -> str:
        """What to do where a 32-bit clock began again; "" where none did."""
        on = (w for w in WRAPS_US if self.newest_us >= 0 and (time_us - self.newest_us) % w <= LATE_LIMIT_US)
        wrap_us = next(on, 0)
        return f"a 32-bit clock wrapped: add {wrap_us} to the times from here on" if wrap_us else ""

    def remark(self, period_us: int, slots: int, stale_us: Sequence[int], over: bool) -> str:
        """What the spacing of the samples says of their unit, once; "" where nothing is odd, or not yet.

        stale_us: of each channel. over: whether the recording has ended, so that no more is to come.
        """
        if self.judged or not (over or all(n >= JUDGED for n in self._count.values())):
            return ""
        self.judged = True
        many = {j: n for j, n in self._count.items() if n > min(slots, JUDGED - 1)}
        apart = {j: (self._newest[j] - self._first[j]) / (n - 1) for j, n in many.items()}
        if not apart:
            return ""
        usual, fresh = median(apart.values()), min(stale_us[j] for j in apart)
        said = f"a channel's samples are {usual:.3g} us apart, "
        if usual * slots < period_us:
            units = (u for u, us in UNITS.items() if usual * us * slots >= period_us and usual * us <= fresh)
            unit = next(units, "")
            mend = f"if time_us is in {unit}, multiply it by {UNITS[unit]}" if unit else "raise inbox_slots"
            return f"{said}more than its {slots} slots take in a period: {mend}"
        if all(gap > stale_us[j] for j, gap in apart.items()):
            nano = max(apart.values()) <= 1000 * fresh
            mend = "if time_us is in nanoseconds, divide it by 1000" if nano else "check time_us and stale_us"
            return f"{said}so all are stale most of the time: {mend}"
        return ""
