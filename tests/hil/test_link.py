"""The link over a pty and a socket; silence, noise, lost answers and bad URLs."""

import socket
import subprocess

import pytest

from controller.errors import InputError
from controller.ports.frame import encode
from controller.ports.messages import Kind, header
from controller.project import Project
from hil.identity import check_identity
from hil.link import Link, TargetError, TargetSilent
from hil.messages import STEP, Period
from hil.targets import Embedded, agent_sources, compile_agent


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
    with Link(target.url, timeout_s=0.05) as link:
        link.clock()
        target.hang()
        with pytest.raises(TargetSilent, match=r"no answer to CLOCK in 0\.15 s; check that it runs"):
            link.clock()
        target.go_on()
        assert link.clock().accepted >= 4  # the late answers are passed over


def test_a_refused_request_gives_its_reason(link: Link) -> None:
    with pytest.raises(TargetError, match=r"refused STEP \(malformed message\)"):
        link.request(Kind.STEP, STEP.pack(0, 1))
    with pytest.raises(TargetError, match=r"refused COMMAND \(unknown kind"):
        link.request(Kind.COMMAND)


@pytest.mark.parametrize("url", ["/dev/no-such-port", "nonsense://x", "socket://127.0.0.1:1"])
def test_a_bad_url_is_bad_input(url: str) -> None:
    with pytest.raises(InputError, match="can't be opened"):
        Link(url)


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


def test_by_pyserials_own_read_where_there_is_no_file_descriptor(link: Link, project: Project) -> None:
    link.descriptor = None  # as with rfc2217://
    check_identity(link, project)
    assert link.clock().accepted == 2
