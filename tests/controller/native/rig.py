"""A flight binary at the far end of a pseudo-terminal, as a real process."""

import os
import select
import signal
import subprocess
import tempfile
import time
import tty
from pathlib import Path
from types import TracebackType

from controller.ports.frame import Splitter, encode
from controller.ports.messages import Command, Message, pack, unpack

PATIENCE_S = 60.0  # for a loaded machine; nothing waits this long unless something is broken


class Rig:
    """Start a flight binary on a new pseudo-terminal; leave it by stop() or at the end of a `with`."""

    def __init__(self, command: list[str], env: dict[str, str] | None = None) -> None:
        self.splitter = Splitter()
        self.waiting: list[tuple[int, Command]] = []
        self.master, self.slave = _terminal()
        self.folder = tempfile.TemporaryDirectory()
        self.port = Path(self.folder.name, "port")
        self.port.symlink_to(os.ttyname(self.slave))
        self.process = subprocess.Popen(
            [*command, str(self.port)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | (env or {}),
        )

    def __enter__(self) -> "Rig":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.communicate()
        self.hang_up()
        self.folder.cleanup()

    def send(self, sequence: int, *messages: Message) -> None:
        """Put messages on the line."""
        os.write(self.master, b"".join(encode(pack(sequence, message)) for message in messages))

    def send_bytes(self, data: bytes) -> None:
        """Put anything on the line."""
        os.write(self.master, data)

    def command(self) -> tuple[int, Command]:
        """The next command and its sequence number; fails where the binary has ended or is silent."""
        until = time.monotonic() + PATIENCE_S
        while not self.waiting:
            if not select.select([self.master], [], [], 0.05)[0]:
                assert self.process.poll() is None, self.process.communicate()
                assert time.monotonic() < until, "no command came"
                continue
            self._feed(os.read(self.master, 4096))
        return self.waiting.pop(0)

    def _feed(self, data: bytes) -> None:
        for payload in self.splitter.feed(data):
            found = unpack(payload)
            assert found is not None and isinstance(found[1], Command)
            self.waiting.append((found[0], found[1]))

    def stop(self) -> tuple[list[Command], int, str, str]:
        """SIGTERM; the commands from then on, the exit status, and what was said on both streams."""
        self.process.send_signal(signal.SIGTERM)
        until = time.monotonic() + PATIENCE_S
        while self.process.poll() is None or select.select([self.master], [], [], 0.0)[0]:
            assert time.monotonic() < until, "it does not stop"
            if select.select([self.master], [], [], 0.05)[0]:
                self._feed(os.read(self.master, 4096))
        out, err = self.process.communicate()
        commands = [command for _, command in self.waiting]
        self.waiting = []
        return commands, self.process.returncode, out, err

    def pause(self, seconds: float) -> tuple[int, int]:
        """Let it stand still; the CLOCK_MONOTONIC times in us between which it did not run.

        What it had sent before is read, so that its first command afterwards has a free line.
        """
        self.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.process.pid, os.WSTOPPED)
        since_us = time.monotonic_ns() // 1000
        time.sleep(seconds)
        while select.select([self.master], [], [], 0.0)[0]:
            self._feed(os.read(self.master, 4096))
        until_us = time.monotonic_ns() // 1000
        self.process.send_signal(signal.SIGCONT)
        return since_us, until_us

    def hang_up(self) -> None:
        """Close this end of the line; its name goes first, since its number is soon another test's."""
        self.port.unlink(missing_ok=True)
        for end in (self.master, self.slave):
            if end >= 0:
                os.close(end)
        self.master = self.slave = -1

    def leave(self, read: int) -> None:
        """In a stop: read the command that waits, `read` bytes of the next, the safe one, and hang up."""
        time.sleep(0.3)  # the outputs go to their safe values, and one command of the way waits
        for size in (4096, read):
            if size and select.select([self.master], [], [], 0.1)[0]:
                os.read(self.master, size)
            time.sleep(0.1)
        self.hang_up()

    def plug_in(self) -> None:
        """A new pseudo-terminal under the old name."""
        self.master, self.slave = _terminal()
        self.splitter = Splitter()
        self.port.symlink_to(os.ttyname(self.slave))


def _terminal() -> tuple[int, int]:
    master, slave = os.openpty()
    tty.setraw(slave)
    return master, slave


def read_slowly(rig: Rig, period_us: int) -> list[int]:
    """Read 60 % of the rate, until 20 commands at least are missing; the sequence numbers that were read.

    Whatever the machine's load, the line never holds more than one command, so each one read is the newest
    that was written when the one before had been read.
    """
    numbers = [rig.command()[0]]
    until = time.monotonic() + PATIENCE_S
    while gaps(numbers) < 20:
        assert time.monotonic() < until, "no command was skipped"
        time.sleep(period_us / 0.6 * 1.0e-6)
        numbers.append(rig.command()[0])
        assert not rig.waiting, "more than one command waited"
    return numbers


def gaps(numbers: list[int]) -> int:
    """How many sequence numbers are missing."""
    return numbers[-1] - numbers[0] + 1 - len(numbers)
