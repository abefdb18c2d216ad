"""A flight binary at the far end of a pseudo-terminal, as a real process."""

import os
import select
import signal
import subprocess
import time
import tty
from pathlib import Path
from types import TracebackType

from controller.ports.frame import Splitter, encode
from controller.ports.messages import Command, Message, pack, unpack

PATIENCE_S = 60.0  # for a loaded machine; nothing waits this long unless something is broken


class Rig:
    """Start a flight binary on a new pseudo-terminal; leave it by stop() or at the end of a `with`."""

    def __init__(
        self, command: list[str], port: Path | None = None, env: dict[str, str] | None = None
    ) -> None:
        self.splitter = Splitter()
        self.waiting: list[tuple[int, Command]] = []
        self.master, self.slave = _terminal()
        if port is not None:
            port.symlink_to(os.ttyname(self.slave))
        self.process = subprocess.Popen(
            [*command, str(port or os.ttyname(self.slave))],
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

    def hang_up(self) -> None:
        """Close this end of the line."""
        for end in (self.master, self.slave):
            if end >= 0:
                os.close(end)
        self.master = self.slave = -1

    def plug_in(self, port: Path) -> None:
        """A new pseudo-terminal under the old name."""
        self.master, self.slave = _terminal()
        self.splitter = Splitter()
        aside = port.with_suffix(".new")
        aside.symlink_to(os.ttyname(self.slave))
        aside.replace(port)


def _terminal() -> tuple[int, int]:
    master, slave = os.openpty()
    tty.setraw(slave)
    return master, slave
