"""A port over any pyserial URL (a device, socket://, loop://): frames of ports/frame.py, no waiting.

A sample is as old as its arrival (intake.py), or has its sender's time by the controller's clock, which each
COMMAND carries. In lockstep the far end sends TICK, and its clock is the controller's. See docs/wire.md.
"""

import os
import select
import time
from collections import defaultdict, deque
from collections.abc import Callable
from typing import Any

import serial

from controller.ports import Lost
from controller.ports.frame import encode
from controller.ports.intake import CHUNK, Intake, Times, newest
from controller.ports.line import open_line
from controller.ports.messages import SEQUENCES, Command, Sample, Tick, pack
from controller.ports.reader import UNSEEN, Reader

READ_MOST = 1 << 12  # bytes read in one period: a babbling line stretches it by no more than these
WAITING_LIMIT = 1024  # samples of a channel that wait in lockstep; the oldest give way
CHANNELS = 1024  # as many as a project may have; what is of no such channel waits together
PATIENCE_S = 0.001  # for a write to a line that is no descriptor
IDLE_S = 0.05  # in lockstep, how long a read waits before it looks whether to stop


class SerialPort:
    """The line at `url`; raises InputError where it can't be opened.

    times: whose time a sample has. skipped: commands that were not sent, for the line was behind or had no
    room; ignored: good frames of no use here; splitter: counts the damaged ones; sequence: of the last
    command, skipped or not.
    """

    def __init__(self, url: str, baud: int = 115200, times: Times = Times.ARRIVAL) -> None:
        self.url, self.times = url, times
        self.skipped = self.ignored = self.sequence = 0
        self._intake = Intake()
        self.splitter = self._intake.splitter
        self._cut = False
        advice = "check the name and its rights"
        self._line: Any = open_line(url, baud, 0, PATIENCE_S, f"port {url!r}", advice)
        try:
            self._descriptor: int | None = self._line.fileno()
        except (AttributeError, OSError):
            self._descriptor = None
        self._reader = Reader(self._descriptor)

    def receive(self, now_us: int) -> list[Sample]:
        """The samples in the frames that have arrived; a tick is for lockstep only, so here it is ignored.

        By arrival, the newest of each channel.
        """
        samples = []
        for time_us, _, message in self._intake.take(*self._read(now_us)):
            if not isinstance(message, Sample):
                self.ignored += 1
            elif self.times == Times.ARRIVAL:
                samples.append(Sample(message.channel, time_us, message.value))
            else:
                samples.append(message)
        return newest(samples) if self.times == Times.ARRIVAL else samples

    def messages(self) -> list[tuple[int, Sample | Tick]]:
        """The samples and ticks that have arrived, with senders' times and sequence numbers; or Lost."""
        found: list[tuple[int, Sample | Tick]] = []
        for _, sequence, message in self._intake.take(*self._read(-1)):
            if isinstance(message, Sample | Tick):
                found.append((sequence, message))
            else:
                self.ignored += 1
        return found

    def _read(self, now_us: int) -> tuple[bytes, int, int]:
        """All that has arrived, READ_MOST bytes at most, the time, and how many bytes came last; or Lost."""
        data, last = b"", CHUNK
        try:
            while last == CHUNK and len(data) < READ_MOST:
                chunk = self._line.read(CHUNK)
                data, last = data + chunk, len(chunk)
        except Exception as fault:  # pyserial's handlers raise what they like
            raise self._lost(fault) from None
        return data, now_us, last

    @property
    def caution(self) -> str:
        """What this kind of line leaves unknown, in a sentence; or ""."""
        if self._reader.tells:
            return ""
        return (
            f"port {self.url!r}: such a line does not tell what the far end has read: commands may wait in "
            "it, and whether the last one was read stays unknown; let the far end read all and use the newest"
        )

    def send(self, command: Command, last: bool = False) -> bool:
        """One COMMAND frame with the next sequence number, unless an older one is still on its way.

        False where it was skipped, so that no new command waits behind an old one.
        """
        if self.delivered():
            return self.put(command, last)
        self.sequence = (self.sequence + 1) % SEQUENCES
        self.skipped += 1
        return False

    def put(self, command: Command, last: bool = False) -> bool:
        """One COMMAND frame behind whatever is on its way; False where the line has no room.

        The last one is followed by zeros, which mean nothing: when all but UNSEEN bytes were read, it was.
        """
        self.sequence = (self.sequence + 1) % SEQUENCES
        frame = encode(pack(self.sequence, command)) + bytes(UNSEEN if last else 0)
        if self._cut:
            frame = b"\0" + frame  # ends what the far end has of the frame before
        written = self._write(frame)
        self._reader.wrote()
        whole = written == len(frame)
        self._cut = not whole and (self._cut or written > 0)
        self.skipped += not whole
        return whole

    def delivered(self) -> bool:
        """Whether all commands have left: sent, or read on a pseudo-terminal; asked once a period."""
        try:
            if self._reader.ready():
                return True
        except OSError as fault:
            raise self._lost(fault) from None
        if self._reader.doubtful():  # a zero means nothing, and makes the far end show that it reads
            self._write(b"\0")
            self._reader.wrote(0)
        return False

    def counts(self) -> dict[str, int]:
        """What the line lost, by name."""
        return {
            "commands skipped": self.skipped,
            "frames refused": self.splitter.refused,
            "frames ignored": self.ignored,
        }

    def _write(self, frame: bytes) -> int:
        """Write what the line has room for; the number of bytes, or Lost.

        Not by pyserial's write where there is a descriptor: it waits for room after the last byte too.
        """
        try:
            if self._descriptor is not None:
                return os.write(self._descriptor, frame)  # pyserial opens it non-blocking
            self._line.write(frame)
        except (BlockingIOError, serial.SerialTimeoutException):
            return 0
        except Exception as fault:  # pyserial's handlers raise what they like
            raise self._lost(fault) from None
        return len(frame)

    def close(self) -> None:
        """Let the line go."""
        self._reader.close()
        self._line.close()

    def wait_readable(self, timeout_s: float) -> None:
        """Return when there is something to read, or after timeout_s."""
        if self._descriptor is None:
            time.sleep(timeout_s if not self._line.in_waiting else 0.0)
        else:
            select.select([self._descriptor], [], [], timeout_s)

    def _lost(self, fault: Exception) -> Lost:
        return Lost(f"port {self.url!r}: the line broke ({fault}); check it and start again")


class Lockstep:
    """A port whose far end is the clock as well: a period is one TICK, the samples before it, and the
    COMMAND that answers with the tick's sequence number.

    It is Clock and Port in one: give it to run() as both. Its periods have no deadline here; a tick says
    whether the last one was missed, and that counts as a period skipped.
    """

    def __init__(self, port: SerialPort) -> None:
        self.port = port
        self.skipped = 0
        self._samples: dict[int, deque[Sample]] = defaultdict(lambda: deque(maxlen=WAITING_LIMIT))
        self._waiting: deque[tuple[int, Sample | Tick]] = deque()
        self._now_us = 0

    def wait(self, stopping: Callable[[], bool]) -> int:
        """The time of the next tick; early, with the time of the last one, where stopping() holds."""
        while not stopping():
            while self._waiting:
                sequence, message = self._waiting.popleft()
                if isinstance(message, Tick):
                    self.port.sequence = sequence - 1
                    self.skipped += message.missed
                    self._now_us = message.now_us
                    return self._now_us
                channel = message.channel if 0 <= message.channel < CHANNELS else -1
                self._samples[channel].append(message)
            self.port.wait_readable(IDLE_S)
            self._waiting.extend(self.port.messages())
        return self._now_us

    def spent_ns(self) -> int:
        """The far end judges the time."""
        return 0

    def receive(self, now_us: int) -> list[Sample]:
        """The samples that came before the tick, channel by channel: none takes another one's place."""
        samples = [sample for row in self._samples.values() for sample in row]
        self._samples.clear()
        return samples

    def send(self, command: Command, last: bool = False) -> bool:
        """The answer to the tick: each tick has one."""
        return self.port.put(command, last)

    def delivered(self) -> bool:
        """Whether all answers have left."""
        return self.port.delivered()

    def counts(self) -> dict[str, int]:
        """What the line lost, by name."""
        return self.port.counts()

    def close(self) -> None:
        """Let the line go."""
        self.port.close()
