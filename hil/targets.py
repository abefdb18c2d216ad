"""Where the kernel flies: on this machine, as a real process behind a pty, or at a port that a URL names."""

import contextlib
import os
import signal
import subprocess
import tty
from pathlib import Path
from types import TracebackType

from controller.errors import InputError
from controller.native import build
from controller.native.bundle import digest, kernel_sources, parameter_sources
from controller.project import Project
from hil.link import in_words

AGENT = Path(__file__).with_name("agent")
AGENT_FILES = ("agent.c", "agent.h", "inputs.h", "main.c", "port.h")
HERE = "this machine (a process behind a pty)"


def digests(project: Project) -> tuple[str, str]:
    """The digests of the proved kernel and of its parameters, as a target must name them."""
    return digest(kernel_sources(project.sizes)), digest(parameter_sources(project.law))


def agent_sources(project: Project) -> dict[str, str]:
    """All that a target's compiler needs, with the digests of kernel and parameters compiled in."""
    kernel, parameters = digests(project)
    wire = Path(build.__file__).with_name("wire.h").read_text(encoding="utf-8")
    return {
        **{name: (AGENT / name).read_text(encoding="utf-8") for name in AGENT_FILES},
        **kernel_sources(project.sizes),
        **parameter_sources(project.law),
        "wire.h": wire,
        "identity.h": f"#define SEAWALL_KERNEL_DIGEST {_bytes(kernel)}\n"
        f"#define SEAWALL_PARAMETER_DIGEST {_bytes(parameters)}\n",
    }


def _bytes(text: str) -> str:
    return "{" + ", ".join(f"0x{byte:02x}" for byte in bytes.fromhex(text)) + "}"


def compile_agent(sources: dict[str, str]) -> Path:
    """The agent's program for this machine; compiled once for each set of sources."""
    return build.cached("agent", sources, build.here())


class Port:
    """A target that someone else started, at a pyserial URL."""

    def __init__(self, url: str) -> None:
        self.name, self.url = in_words(url), url

    def close(self) -> None:
        """Nothing: the port is the link's."""


class Embedded:
    """The agent as a child process that holds the master end of a pty; the link opens the other end.

    The pty outlives the process, as a cable outlives a board that resets.
    """

    def __init__(self, program: Path) -> None:
        self.name = HERE
        self.program = program
        try:
            self._master, self._slave = os.openpty()
        except OSError as fault:
            raise InputError(f"target: no pseudo-terminal ({fault}); free one, or give --url") from None
        tty.setraw(self._slave)  # no echo, no line discipline
        self.url = os.ttyname(self._slave)
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def __enter__(self) -> "Embedded":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> None:
        """Start the process; it ends by itself when the pty is closed, however this one ends."""
        self._process = subprocess.Popen(
            [str(self.program)], stdin=self._master, stdout=self._master, close_fds=True
        )

    def kill(self) -> None:
        """End the process at once, as a loss of power would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def replace(self, program: Path) -> None:
        """Kill the process and start another program in its place."""
        self.kill()
        self.program = program
        self.start()

    def hang(self) -> None:
        """Stop the process where it is."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let a stopped process go on."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> None:
        if self._process is not None:
            self._process.send_signal(number)

    def close(self) -> None:
        """End the process and the pty."""
        self.kill()
        for descriptor in (self._master, self._slave):
            with contextlib.suppress(OSError):
                os.close(descriptor)
        self._master = self._slave = -1


def embedded(project: Project) -> Embedded:
    """The default target: the project's kernel, compiled for this machine and started."""
    return Embedded(compile_agent(agent_sources(project)))
