"""The link over a pty and a socket; silence, noise, lost answers and bad URLs."""

import socket
import subprocess
import termios
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from controller.errors import InputError
from controller.native import mission
from controller.ports.frame import encode
from controller.ports.messages import Kind, header
from controller.project import Project
from hil.campaign import run
from hil.identity import check_identity
from hil.link import Link, TargetError, TargetSilent
from hil.messages import STEP, Period
from hil.targets import Embedded, agent_sources, compile_agent
from tests.remote import served


def test_a_target_says_who_it_is_and_counts(link: Link, project: Project) -> None:
    found = check_identity(link, project)
    assert found.sizes == tuple(project.sizes.values())
    clock = link.clock()
    assert (clock.steps, clock.accepted, clock.refused) == (0, 2, 0)
    assert link.clock().now_ns > clock.now_ns


def test_noise_and_an_endless_frame_are_counted_and_passed_over(link: Link) -> None:
    link.write(b"\x03\x01\x02\x00" + b"y" * 5000 + b"\0" + encode(b"")[:-1] + b"\0")
    clock = link.clock()
    assert (clock.refused, clock.oversized) == (1, 1)


def test_a_lost_answer_is_given_again_without_another_step(link: Link) -> None:
    payload = header(Kind.STEP, link.next()) + STEP.pack(0, 1) + Period(1000, 0, []).pack()
    first = link.exchange(payload, Kind.STEP + 0x80)
    assert link.exchange(payload, Kind.STEP + 0x80) == first
    clock = link.clock()
    assert (clock.steps, clock.repeated) == (1, 1)


def test_a_silent_target_gives_one_sentence(target: Embedded) -> None:
    with Link(target.url) as link:
        link.clock()
        patience_s, link.timeout_s = link.timeout_s, 0.05
        target.hang()
        with pytest.raises(TargetSilent, match=r"no answer to CLOCK in 0\.15 s; check that it runs"):
            link.clock()
        target.go_on()
        link.timeout_s = patience_s
        assert link.clock().accepted >= 4  # the late answers are passed over


def test_a_refused_request_gives_its_reason(link: Link) -> None:
    with pytest.raises(TargetError, match=r"refused STEP \(malformed message\)"):
        link.request(Kind.STEP, STEP.pack(0, 1))
    with pytest.raises(TargetError, match=r"refused COMMAND \(unknown kind"):
        link.request(Kind.COMMAND)


@pytest.mark.parametrize(
    "url",
    ["/dev/no-such-port", "nonsense://x", "socket://127.0.0.1:1", "rfc2217://127.0.0.1:1", "hwgrep://["],
)
def test_a_bad_url_is_bad_input(url: str) -> None:
    with pytest.raises(InputError, match="can't be opened"):
        Link(url)


@pytest.mark.parametrize(
    "handler", ["spy://{}?file=/dev/null&raw", "alt://{}?class=PosixPollSerial", "spy://{}?file=/dev/full"]
)
def test_whatever_a_handler_raises_is_one_sentence(target: Embedded, handler: str) -> None:
    """TypeError on write, UnboundLocalError on read, or a full disk: or else it works."""
    url = handler.format(target.url)
    try:
        with Link(url, timeout_s=0.2) as link:
            link.clock()
    except (TargetError, InputError) as fault:
        assert str(fault).startswith(f"target {url}: ") and "\n" not in str(fault)


@pytest.mark.parametrize("kind", [TypeError, UnboundLocalError, KeyError, ValueError])
def test_a_port_that_raises_what_it_likes(
    link: Link, monkeypatch: pytest.MonkeyPatch, kind: type[Exception]
) -> None:
    def broken(*_: object) -> None:
        raise kind("two\nlines")

    link.descriptor = None
    monkeypatch.setattr(link, "port", SimpleNamespace(write=lambda data: None, in_waiting=0, read=broken))
    with pytest.raises(TargetSilent, match=r"the link broke \(.*two.*\); check the URL and the cable"):
        link.clock()
    link.port.write = broken
    with pytest.raises(TargetSilent, match=r"takes no bytes \(.*two.*\); check the URL and the cable"):
        link.clock()


@pytest.mark.parametrize("url", ["a\nb", "\x1b[31m", "x" * 5000])
def test_a_url_stands_in_one_short_line(url: str) -> None:
    with pytest.raises(InputError) as fault:
        Link(url)
    assert str(fault.value).isprintable() and len(str(fault.value)) < 600


def test_over_a_socket(project: Project) -> None:
    program = compile_agent(agent_sources(project))
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"socket://127.0.0.1:{server.getsockname()[1]}"
        with Link(url) as link, server.accept()[0] as connection:
            end = connection.fileno()
            with subprocess.Popen([program], stdin=end, stdout=end) as process:
                check_identity(link, project)
                process.kill()
            connection.close()
            with pytest.raises(TargetSilent, match=r"closed the link|link broke|takes no bytes"):
                link.clock()


@pytest.mark.parametrize(("baud", "least_s"), [(115200, 0.0), (9600, 1.6)])
def test_a_slow_line_is_given_its_time(target: Embedded, baud: int, least_s: float) -> None:
    with Link(target.url, baud=baud) as link:
        link.clock()
        link.timeout_s = 0.01
        target.hang()
        begin = time.monotonic()
        with pytest.raises(TargetSilent):
            link.exchange(header(Kind.STEP, link.next()) + bytes(400), Kind.STEP + 0x80, tries=1)
        assert time.monotonic() - begin >= least_s
        target.go_on()


def test_a_campaign_behind_ser2net(target: Embedded, project: Project, tmp_path: Path) -> None:
    with served(target.url, tmp_path) as url:
        found = run(project, tmp_path / "work", 700, url)
    assert "error" not in found and found["mismatches"] == 0 and found["on_target"]["matches"]
    assert [fault["id"] for fault in found["faults"] if not fault["passed"]] == []


def test_a_line_is_one_programs_alone(link: Link) -> None:
    with pytest.raises(InputError, match="another program has it"):
        Link(link.url)


@pytest.mark.parametrize(("baud", "code"), [(None, termios.B1500000), (57600, termios.B57600)])
def test_a_campaign_sets_the_speed_that_the_periods_need(
    target: Embedded, project: Project, tmp_path: Path, baud: int | None, code: int
) -> None:
    """Two samples of 35 bytes a millisecond, and a fifth of the line to spare."""
    speeds = set()

    def look(what: str, done: int, total: int) -> None:
        speeds.add(termios.tcgetattr(target._slave)[5])

    found = run(project, tmp_path, 10, target.url, progress=look, baud=baud)
    assert found["target"]["baud"] == (baud or mission.baud(project)[0])
    assert speeds == {code}


def test_by_pyserials_own_read_where_there_is_no_file_descriptor(link: Link, project: Project) -> None:
    link.descriptor = None  # as with rfc2217://
    check_identity(link, project)
    assert link.clock().accepted == 2
