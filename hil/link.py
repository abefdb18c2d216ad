"""The bench's end of the wire, over any pyserial URL. Only controller/ports opens it.

Where a port has a file descriptor, it is read with os.read: pyserial's own read costs more than the step.
"""

import contextlib
import os
import secrets
import select
import time
from collections import deque
from collections.abc import Callable
from dataclasses import astuple, dataclass
from types import TracebackType
from typing import TypeVar

from controller.errors import InputError
from controller.ports.frame import Splitter, encode
from controller.ports.line import open_line
from controller.ports.messages import HEADER, REPLY, SEQUENCES, Command, Kind, header, unpack
from hil.messages import NONCE, REASONS, Clock, Identity, Unreadable, name_of

TIMEOUT_S = 1.0
TRIES = 3
WIRE = 40  # bits of the line that a byte of a request may take, there and back, before it counts as lost
CABLE = "check the URL and the cable"
LONGEST = 100  # characters of a URL in a sentence
Answer = TypeVar("Answer")


def in_words(url: str) -> str:
    """A URL as it can stand in a sentence: in one line, and short."""
    shown = repr(url)[1:-1]
    return shown if len(shown) <= LONGEST else f"{shown[:LONGEST]}..."


def _reason(fault: Exception) -> str:
    return " ".join(str(fault).split()) or type(fault).__name__


class TargetError(Exception):
    """One sentence on what a target did wrong; the campaign fails (exit status 1)."""


class TargetSilent(TargetError):
    """The target does not answer."""


class TargetRebooted(TargetError):
    """The target has forgotten the conversation: it was started anew, or another program took it over."""


@dataclass(frozen=True)
class Counts:
    """What went wrong on a line that was mended, since it was opened; differences and sums of these too."""

    retries: int = 0  # requests that were sent again, as no answer came in time
    late: int = 0  # good frames that answer nothing that was asked just then: late, doubled, of another
    damaged: int = 0  # frames from the target that were cut, damaged or too long
    refused: int = 0  # frames to the target that it says were so
    reboots: int = 0  # of the target

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))

    def __sub__(self, other: "Counts") -> "Counts":
        return Counts(*(a - b for a, b in zip(astuple(self), astuple(other), strict=True)))


class Link:
    """Requests and answers; each request has a sequence number, and is sent again where no answer comes.

    A conversation begins with a nonce, by itself with the first request, and every answer must carry it.
    """

    def __init__(self, url: str, timeout_s: float = TIMEOUT_S, baud: int = 115200) -> None:
        self.url, self.baud = url, baud
        self.timeout_s = timeout_s
        self.sequence = 0
        self.nonce = 0  # of the conversation; 0 where there is none yet
        self.splitter = Splitter()
        self.waiting: deque[bytes] = deque()
        self._asked = b""
        self._retries = self._late = self._refused = self._reboots = 0
        self._target_refused: int | None = None  # as its last CLOCK in this conversation said
        self.name = f"target {in_words(url)}"
        try:
            self.port = open_line(url, baud, 0.01, timeout_s, self.name, CABLE)
        except InputError as fault:  # whose reason may name the URL again
            raise InputError(str(fault).replace(url, in_words(url))) from None
        try:
            self.descriptor: int | None = self.port.fileno()
        except Exception:  # as in write
            self.descriptor = None

    def __enter__(self) -> "Link":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the port."""
        with contextlib.suppress(Exception):
            self.port.close()

    def next(self) -> int:
        """A new sequence number."""
        self.sequence = (self.sequence + 1) % SEQUENCES
        return self.sequence

    def write(self, data: bytes) -> None:
        """Put bytes on the wire, as they are."""
        try:
            self.port.write(data)
        except Exception as fault:  # pyserial's handlers raise what they like
            raise TargetSilent(f"{self.name}: takes no bytes ({_reason(fault)}); {CABLE}") from None

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
        except Exception as fault:  # as in write
            raise TargetSilent(f"{self.name}: the link broke ({_reason(fault)}); {CABLE}") from None
        if not data:
            raise TargetSilent(f"{self.name}: closed the link; {CABLE}")
        return data

    def exchange(
        self, payload: bytes, answer: int, timeout_s: float | None = None, tries: int = TRIES
    ) -> bytes:
        """Send a payload until the answer of that kind and sequence number comes; the answer's body.

        A COMMAND is the message that flies and has no nonce: the next answer of the bench tells.
        """
        if not self.nonce:
            self.begin()
        got, body = self._answer(payload, answer, timeout_s, tries)
        if got != Kind.COMMAND:
            if body[: NONCE.size] != NONCE.pack(self.nonce):
                self.nonce = 0
                self._reboots += 1
                raise TargetRebooted(
                    f"{self.name}: was started anew, or taken over, in the middle of a conversation; "
                    "see to its power and to who else uses it"
                )
            body = body[NONCE.size :]
        if got == Kind.ERROR:
            reason = REASONS.get(body[-1] if body else 0, "an unknown reason")
            raise TargetError(f"{self.name}: refused {name_of(payload[0])} ({reason})")
        return body

    def _answer(
        self, payload: bytes, answer: int, timeout_s: float | None, tries: int = TRIES
    ) -> tuple[int, bytes]:
        """(kind, body) of what answers a payload: `answer`, or ERROR."""
        kind, sequence = HEADER.unpack_from(payload)
        frame = encode(payload)
        wait_s = max(self.timeout_s if timeout_s is None else timeout_s, WIRE * len(frame) / self.baud)
        for attempt in range(tries):
            self._retries += attempt > 0
            self.write(frame)
            limit = time.monotonic() + wait_s
            while (left := limit - time.monotonic()) > 0:
                found = self.receive(left)
                if found is None:
                    continue
                got, echoed = HEADER.unpack_from(found) if len(found) >= HEADER.size else (0, -1)
                if echoed == sequence and got in (answer, Kind.ERROR):
                    return got, found[HEADER.size :]
                self._late += 1
        raise TargetSilent(
            f"{self.name}: no answer to {name_of(kind)} in {tries * wait_s:g} s; check that it runs, and was "
            "built by this version of Seawall"
        )

    def counts(self) -> Counts:
        """What has gone wrong so far."""
        damaged = self.splitter.refused + self.splitter.oversized
        return Counts(self._retries, self._late, damaged, self._refused, self._reboots)

    def request(self, kind: int, body: bytes = b"", timeout_s: float | None = None) -> bytes:
        """The body of the answer to a request of the bench."""
        if not self.nonce:
            self.begin()
        self._asked = header(kind, self.next()) + body
        return self.exchange(self._asked, kind + REPLY, timeout_s)

    def ask(
        self, kind: int, body: bytes, read: Callable[[bytes], Answer], timeout_s: float | None = None
    ) -> Answer:
        """The answer to a request, read by `read`; raises TargetError where that finds it Unreadable."""
        return self._read_by(read, kind, self.request(kind, body, timeout_s))

    def ask_again(self, read: Callable[[bytes], Answer]) -> Answer:
        """The last request's answer once more; the target carries out nothing again."""
        kind = self._asked[0]
        return self._read_by(read, kind, self.exchange(self._asked, kind + REPLY))

    def _read_by(self, read: Callable[[bytes], Answer], kind: int, body: bytes) -> Answer:
        try:
            return read(body)
        except Unreadable as fault:
            raise TargetError(
                f"{self.name}: its answer to {name_of(kind)} can't be read ({fault}); build its agent again"
            ) from None

    def begin(self) -> Identity:
        """Begin a conversation with a new nonce, and new sequence numbers; what the target says it is."""
        nonce, self.sequence = secrets.randbits(64) | 1, secrets.randbits(32)  # 0 is a target's own
        self._target_refused = None
        payload = header(Kind.IDENTIFY, self.next()) + NONCE.pack(nonce)
        got, body = self._answer(payload, Kind.IDENTIFY + REPLY, None)
        found = self._read_by(Identity.read, Kind.IDENTIFY, body if got != Kind.ERROR else b"")
        if found.nonce != nonce:
            raise TargetError(f"{self.name}: does not take a nonce; build its agent again")
        self.nonce = nonce
        return found

    def clock(self) -> Clock:
        """The target's clock and counters."""
        found = self.ask(Kind.CLOCK, b"", Clock.read)
        refused = found.refused + found.oversized
        if self._target_refused is not None:
            self._refused += max(0, refused - self._target_refused)
        self._target_refused = refused
        return found

    def reset(self) -> None:
        """Bring the target's kernel to its initial state."""
        self.request(Kind.RESET)

    def command(self, payload: bytes) -> Command:
        """Send a TICK payload; the controller's command."""
        body = self.exchange(payload, Kind.COMMAND)
        found = unpack(header(Kind.COMMAND, 0) + body)
        if found is None or not isinstance(found[1], Command):
            raise TargetError(f"{self.name}: its command can't be read; build its agent again")
        return found[1]
