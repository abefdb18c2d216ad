"""A line at each kind of URL: opened for one program, at a speed, or refused in one sentence."""

import os
import socket
import termios
import time
import tty
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from controller.errors import InputError
from controller.ports.frame import encode
from controller.ports.intake import Times
from controller.ports.line import open_line
from controller.ports.messages import Command, Sample, pack
from controller.ports.serial import SerialPort
from tests.remote import served

ADVICE = "check the name"


def opened(url: str, baud: int = 115200) -> Any:
    return open_line(url, baud, 0, 0.001, f"line {url}", ADVICE)


@pytest.fixture
def pty() -> Iterator[tuple[int, str]]:
    """The far end's descriptor, and the near end's name."""
    master, slave = os.openpty()
    tty.setraw(slave)
    yield master, os.ttyname(slave)
    for end in (master, slave):
        os.close(end)


BAD = [
    "", "/dev/no-such-port", "nonsense://x", "socket://127.0.0.1:1", "socket://127.0.0.1", "socket://",
    "rfc2217://127.0.0.1:1", "rfc2217://127.0.0.1", "rfc2217://x:1?nothing", "rfc2217://127.0.0.1:1?logging=x",
    "loop://?logging=x", "loop://?nothing", "hwgrep://[", "hwgrep://no-such-port", "spy:///dev/no-such-port",
    "alt:///dev/no-such-port?class=Nothing", "alt:///dev/null?class=VERSION", "/dev/null", "/",
]  # fmt: skip


@pytest.mark.parametrize("url", BAD)
def test_what_can_not_be_opened_is_one_sentence(url: str) -> None:
    with pytest.raises(InputError) as fault:
        opened(url)
    said = str(fault.value)
    assert said.startswith(f"line {url}: can't be opened (") and said.endswith(f"); {ADVICE}")
    assert "\n" not in said and "opened ()" not in said


FORMS = {
    "loop://?logging=x": "loop://[?logging=debug|info|warning|error]",
    "loop://?nothing": "loop://[?logging=debug|info|warning|error]",
    "LOOP://?logging": "loop://[?logging=debug|info|warning|error]",
    "socket://127.0.0.1": "socket://HOST:PORT",
    "socket://": "socket://HOST:PORT",
    "socket://127.0.0.1:99999": "socket://HOST:PORT",
    "socket://127.0.0.1:x": "socket://HOST:PORT",
    "socket://127.0.0.1:1?logging=x": "socket://HOST:PORT",
    "rfc2217://127.0.0.1:1?logging=x": "rfc2217://HOST:PORT",
    "rfc2217://127.0.0.1:1?timeout=x": "rfc2217://HOST:PORT",
    "rfc2217://127.0.0.1": "rfc2217://HOST:PORT",
    "hwgrep://[": "hwgrep://REGEXP",
    "hwgrep://x&n=x": "hwgrep://REGEXP",
    "hwgrep://x&nothing": "hwgrep://REGEXP",
    "spy://loop://?nothing": "spy://DEVICE",
    "alt://loop://?class=Nothing": "alt://DEVICE",
    "alt://loop://?class=VERSION": "alt://DEVICE",
}


@pytest.mark.parametrize("url", FORMS)
def test_a_url_that_can_not_be_read_is_told_its_form(url: str) -> None:
    with pytest.raises(InputError) as fault:
        opened(url)
    assert f"(a URL of this kind has the form {FORMS[url]}" in str(fault.value)


@pytest.mark.parametrize("url", ["loop://", "device"])
def test_a_speed_beyond_all_lines_is_named(pty: tuple[int, str], url: str) -> None:
    with pytest.raises(InputError, match=r"\(it has no speed of 1099511627776 baud\)"):
        opened(pty[1] if url == "device" else url, 2**40)


def test_a_speed_that_no_line_has(pty: tuple[int, str]) -> None:
    with pytest.raises(InputError, match="can't be opened"):
        opened(pty[1], 2**40)


class TestDevice:
    def test_it_has_the_speed(self, pty: tuple[int, str]) -> None:
        with closing(opened(pty[1], 921600)) as line:
            assert termios.tcgetattr(line.fileno())[5] == termios.B921600

    @pytest.mark.parametrize("url", ["{}", "spy://{}?file=/dev/null", "alt://{}?class=Serial"])
    def test_it_is_one_programs_alone(self, pty: tuple[int, str], url: str) -> None:
        with closing(opened(url.format(pty[1]))), pytest.raises(InputError, match="another program has it"):
            opened(pty[1])
        opened(pty[1]).close()


def test_a_loop_gives_back_what_it_gets() -> None:
    with closing(opened("loop://")) as line:
        line.write(b"abc")
        assert line.read(100) == b"abc"


def test_a_socket() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        closing(opened(f"socket://127.0.0.1:{server.getsockname()[1]}")) as line,
        server.accept()[0] as end,
    ):
        line.write(b"abc")
        assert end.recv(100) == b"abc"


@pytest.fixture
def remote(pty: tuple[int, str], tmp_path: Path) -> Iterator[str]:
    """The URL of the pty's near end behind ser2net."""
    with served(pty[1], tmp_path) as url:
        yield url


class TestRemote:
    def test_bytes_go_both_ways(self, remote: str, pty: tuple[int, str]) -> None:
        with closing(opened(remote, 57600)) as line:
            line.write(b"abc")
            assert os.read(pty[0], 100) == b"abc"
            os.write(pty[0], bytes(range(256)))
            got = b""
            until = time.monotonic() + 30
            while len(got) < 256 and time.monotonic() < until:
                got += line.read(100)
            assert got == bytes(range(256))

    def test_a_read_gives_all_that_has_arrived(self, remote: str, pty: tuple[int, str]) -> None:
        """Else the controller would get one byte in a period."""
        with closing(opened(remote)) as line:
            os.write(pty[0], b"x" * 50)
            until = time.monotonic() + 30
            while line.in_waiting < 50 and time.monotonic() < until:
                time.sleep(0.01)
            assert line.read(1000) == b"x" * 50

    def test_the_controllers_port(self, remote: str, pty: tuple[int, str]) -> None:
        sample, command = Sample(0, 1000, 0.5), Command(1000, 0, 0, (1.0,))
        with closing(SerialPort(remote, times=Times.SENDER)) as port:
            port.send(command)
            assert os.read(pty[0], 100) == encode(pack(1, command))
            os.write(pty[0], encode(pack(7, sample)))
            got: list[Sample] = []
            until = time.monotonic() + 30
            while not got and time.monotonic() < until:
                got = port.receive(0)
            assert got == [sample] and port.splitter.refused == 0
