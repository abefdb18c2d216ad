"""The bench's end of the wire, over any pyserial URL. The only place in hil that imports pyserial.

Where a port has a file descriptor, it is read with os.read: pyserial's own read costs more than the step.
"""

import contextlib
import io
import os
import select
import time
from collections import deque
from types import TracebackType

import serial

from controller.errors import InputError
from controller.ports.frame import Splitter, encode
from controller.ports.messages import HEADER, REPLY, SEQUENCES, Command, Kind, header, unpack
from hil.messages import CLOCK, REASONS, Clock, Identity

TIMEOUT_S = 1.0
TRIES = 3


class TargetError(Exception):
    """One sentence on what a target did wrong; the campaign fails (exit status 1)."""


class TargetSilent(TargetError):
    """The target does not answer."""


class Link:
    """Requests and answers; each request has a sequence number, and is sent again where no answer comes."""

    def __init__(self, url: str, timeout_s: float = TIMEOUT_S, baud: int = 115200) -> None:
        self.url = url
        self.timeout_s = timeout_s
        self.sequence = 0
        self.splitter = Splitter()
        self.waiting: deque[bytes] = deque()
        self.repeats = 0
        try:
            self.port = serial.serial_for_url(url, baudrate=baud, timeout=0.01, write_timeout=timeout_s)
        except (serial.SerialException, OSError, ValueError, LookupError) as fault:
            raise InputError(
                f"target {url}: can't be opened ({fault}); check the URL and the cable"
            ) from None
        try:
            self.descriptor: int | None = self.port.fileno()
        except (AttributeError, io.UnsupportedOperation):
            self.descriptor = None

    def __enter__(self) -> "Link":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the port."""
        with contextlib.suppress(serial.SerialException, OSError):
            self.port.close()

    def next(self) -> int:
        """A new sequence number."""
        self.sequence = (self.sequence + 1) % SEQUENCES
        return self.sequence

    def write(self, data: bytes) -> None:
        """Put bytes on the wire, as they are."""
        try:
            self.port.write(data)
        except (serial.SerialException, OSError) as fault:
            raise TargetSilent(f"target {self.url}: takes no bytes ({fault})") from None

    def send(self, payload: bytes) -> None:
        """Put one frame on the wire."""
        self.write(encode(payload))

    def receive(self, timeout_s: float | None = None) -> bytes | None:
        """The next good payload, or None where none came in time."""
        limit = time.monotonic() + (self.timeout_s if timeout_s is None else timeout_s)
        while not self.waiting:
            left = limit - time.monotonic()
            if left <= 0:
                return None
            self.waiting.extend(self.splitter.feed(self._read(left)))
        return self.waiting.popleft()

    def _read(self, left_s: float) -> bytes:
        try:
            if self.descriptor is None:
                return bytes(self.port.read(max(1, self.port.in_waiting)))
            ready, _, _ = select.select([self.descriptor], [], [], left_s)
            if not ready:
                return b""
            data = os.read(self.descriptor, 65536)
        except (serial.SerialException, OSError) as fault:
            raise TargetSilent(f"target {self.url}: the link broke ({fault})") from None
        if not data:
            raise TargetSilent(f"target {self.url}: closed the link")
        return data

    def exchange(
        self, payload: bytes, answer: int, timeout_s: float | None = None, tries: int = TRIES
    ) -> bytes:
        """Send a payload until the answer of that kind and sequence number comes; the answer's body."""
        kind, sequence = HEADER.unpack_from(payload)
        frame = encode(payload)
        for attempt in range(tries):
            self.repeats += attempt > 0
            self.write(frame)
            limit = time.monotonic() + (self.timeout_s if timeout_s is None else timeout_s)
            while (left := limit - time.monotonic()) > 0:
                found = self.receive(left)
                if found is None or len(found) < HEADER.size:
                    continue
                got, echoed = HEADER.unpack_from(found)
                if echoed != sequence:
                    continue  # an answer to what was asked before
                if got == answer:
                    return found[HEADER.size :]
                if got == Kind.ERROR:
                    reason = REASONS.get(found[-1], "an unknown reason")
                    raise TargetError(f"target {self.url}: refused {Kind(kind).name} ({reason})")
        waited = tries * (self.timeout_s if timeout_s is None else timeout_s)
        raise TargetSilent(
            f"target {self.url}: no answer to {Kind(kind).name} in {waited:g} s; check that it runs"
        )

    def request(self, kind: Kind, body: bytes = b"", timeout_s: float | None = None) -> bytes:
        """The body of the answer to a request of the bench."""
        return self.exchange(header(kind, self.next()) + body, kind + REPLY, timeout_s)

    def identify(self) -> Identity:
        """What the target says it is."""
        found = Identity.read(self.request(Kind.IDENTIFY))
        if found is None:
            raise TargetError(f"target {self.url}: speaks another protocol; build its agent again")
        return found

    def clock(self) -> Clock:
        """The target's clock and counters."""
        body = self.request(Kind.CLOCK)
        if len(body) != CLOCK.size:
            raise TargetError(f"target {self.url}: speaks another protocol; build its agent again")
        return Clock(*CLOCK.unpack(body))

    def reset(self) -> None:
        """Bring the target's kernel to its initial state."""
        self.request(Kind.RESET)

    def command(self, payload: bytes) -> Command:
        """Send a TICK payload; the controller's command."""
        body = self.exchange(payload, Kind.COMMAND)
        found = unpack(header(Kind.COMMAND, 0) + body)
        if found is None or not isinstance(found[1], Command):
            raise TargetError(f"target {self.url}: its command can't be read; build its agent again")
        return found[1]
