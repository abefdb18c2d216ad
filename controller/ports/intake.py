"""What comes in over a line, and how old it is at least. controller/native/intake.c is the same in C.

By arrival a sample counts as old as the last look that found the line empty before its first byte came: it
may have waited in the line, also while this program was stopped, and is never taken for younger than it is.
"""

from enum import StrEnum

from controller.ports.frame import Splitter
from controller.ports.messages import Message, Sample, unpack

CHUNK = 512  # bytes read at once: where so many came, more may wait
LINE_FULL = 4095  # what Linux shows of a line at once: where so many came, more may wait
UNBELIEVED = 2  # looks at the line that are not believed after one that left something there


class Times(StrEnum):
    """Whose time a sample has: its arrival's, or the one that its sender gave, by the controller's clock."""

    ARRIVAL = "arrival"
    SENDER = "sender"


class Intake:
    """Frames out of the bytes of a line, each with the time before which it did not come.

    splitter: counts what was damaged.
    """

    def __init__(self) -> None:
        self.splitter = Splitter()
        self._distrust = UNBELIEVED
        self._emptied_us = self._begun_us = -1  # when the line was seen empty: last, and before this frame

    def take(self, data: bytes, now_us: int, last: int) -> list[tuple[int, int, Message | None]]:
        """Of each good frame that ends in data, its time, sequence number and message.

        data: all that was read since now_us, in one look; last: how many bytes its last read gave. The time
        is -1 where the line was not yet seen empty; the message None where the payload is none that flies.
        """
        if not self.splitter.buffer and not self.splitter.skipping:
            self._begun_us = self._emptied_us
        end = data.find(0) + 1  # of the frame that was under way
        found = [(self._begun_us, payload) for payload in self.splitter.feed(data[:end])]
        if end:
            self._begun_us = self._emptied_us
        found += [(self._begun_us, payload) for payload in self.splitter.feed(data[end:])]
        self._look(now_us, last == CHUNK or len(data) >= LINE_FULL)
        return [(time_us, *(unpack(payload) or (0, None))) for time_us, payload in found]

    def _look(self, now_us: int, more: bool) -> None:
        self._distrust = UNBELIEVED if more else max(0, self._distrust - 1)
        if not self._distrust:
            self._emptied_us = now_us


def newest(arrived: list[Sample]) -> list[Sample]:
    """The last sample of each channel, as those count by arrival."""
    return list({sample.channel: sample for sample in arrived}.values())
