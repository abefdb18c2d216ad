"""A port over any pyserial URL (a device, socket://, loop://): frames of ports/frame.py, no waiting.

The far end stamps its samples with the controller's clock, which every COMMAND carries; in lockstep it
sends TICK instead, and its clock is the controller's.
"""

import os
import select
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import serial

from controller.errors import InputError
from controller.ports import Lost
from controller.ports.frame import Splitter, encode
from controller.ports.messages import SEQUENCES, Command, Sample, Tick, pack, unpack

READ_LIMIT = 1 << 16  # bytes taken in one period: a babbling line can't stretch it
WAITING_LIMIT = 4096  # samples that wait in lockstep; the oldest give way
PATIENCE_S = 0.001  # for a write to a line that is no descriptor
IDLE_S = 0.05  # in lockstep, how long a read waits before it looks whether to stop


class SerialPort:
    """The line at `url`; raises InputError where it can't be opened.

    unsent: commands that the line had no room for; ignored: good frames of no use here; splitter: counts
    the damaged ones; sequence: of the last command.
    """

    def __init__(self, url: str, baud: int = 115200) -> None:
        self.url = url
        self.unsent = self.ignored = self.sequence = 0
        self.splitter = Splitter()
        self._cut = False
        try:
            self._line: Any = serial.serial_for_url(url, baud, timeout=0, write_timeout=PATIENCE_S)
        except (serial.SerialException, ValueError, OSError) as fault:
            raise InputError(
                f"port {url!r}: can't be opened ({fault}); check the name and its rights"
            ) from None
        try:
            self._descriptor: int | None = self._line.fileno()
        except (AttributeError, OSError):
            self._descriptor = None

    def receive(self, now_us: int) -> list[Sample]:
        """The samples in the frames that have arrived; a tick is for lockstep only, so here it is ignored."""
        samples = []
        for _, message in self.messages():
            if isinstance(message, Sample):
                samples.append(message)
            else:
                self.ignored += 1
        return samples

    def messages(self) -> list[tuple[int, Sample | Tick]]:
        """The samples and ticks that have arrived, in order, with their sequence numbers; or Lost."""
        try:
            data = self._line.read(READ_LIMIT)
        except (serial.SerialException, OSError) as fault:
            raise self._lost(fault) from None
        found: list[tuple[int, Sample | Tick]] = []
        for payload in self.splitter.feed(data):
            sequence, message = unpack(payload) or (0, None)
            if isinstance(message, Sample | Tick):
                found.append((sequence, message))
            else:
                self.ignored += 1
        return found

    def send(self, command: Command) -> None:
        """One COMMAND frame with the next sequence number, or unsent + 1 where the line has no room."""
        self.sequence = (self.sequence + 1) % SEQUENCES
        frame = encode(pack(self.sequence, command))
        if self._cut:
            frame = b"\0" + frame  # ends what the far end has of the frame before
        try:
            written = self._write(frame)
        except (serial.SerialException, OSError) as fault:
            raise self._lost(fault) from None
        if written < len(frame):
            self.unsent += 1
            self._cut = self._cut or written > 0
        else:
            self._cut = False

    def _write(self, frame: bytes) -> int:
        """Write what the line has room for; the number of bytes.

        Not by pyserial's write where there is a descriptor: it waits for room after the last byte too.
        """
        try:
            if self._descriptor is not None:
                return os.write(self._descriptor, frame)  # pyserial opens it non-blocking
            self._line.write(frame)
        except (BlockingIOError, serial.SerialTimeoutException):
            return 0
        return len(frame)

    def close(self) -> None:
        """Let the line go."""
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
        self._samples: deque[Sample] = deque(maxlen=WAITING_LIMIT)
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
                self._samples.append(message)
            self.port.wait_readable(IDLE_S)
            self._waiting.extend(self.port.messages())
        return self._now_us

    def spent_ns(self) -> int:
        """The far end judges the time."""
        return 0

    def receive(self, now_us: int) -> list[Sample]:
        """The samples that came before the tick."""
        samples = list(self._samples)
        self._samples.clear()
        return samples

    def send(self, command: Command) -> None:
        """The answer to the tick."""
        self.port.send(command)

    def close(self) -> None:
        """Let the line go."""
        self.port.close()
