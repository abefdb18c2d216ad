"""The agent alone: it answers whatever it is sent, ends with its link, and a checker finds nothing in it."""

import os
import random
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from controller.ports.frame import PAYLOAD_LIMIT, encode
from controller.ports.messages import Kind, Sample, Tick, header, pack
from controller.project import Project
from hil.link import Link, TargetError
from hil.messages import CAMPAIGN, STEP, Period
from hil.targets import Embedded, agent_sources


def test_random_bytes_and_random_messages_do_not_stop_it(link: Link) -> None:
    draw = random.Random(5)
    kinds = [*Kind, 0, 0x7F, 0x92]
    for n in range(300):
        body = draw.randbytes(draw.choice([0, 1, 3, 9, 20, 24, 100, 1000]))
        if n % 3 == 0:
            link.write(body)
        link.send(header(draw.choice([k for k in kinds if k != Kind.CAMPAIGN]), link.next()) + body)
        if n % 20 == 0:
            link.clock()  # drains the answers
    assert link.clock().accepted >= 200
    link.reset()


@pytest.mark.parametrize("count", [2, 255, 65535])
def test_a_step_that_promises_more_than_it_holds_is_refused(link: Link, count: int) -> None:
    with pytest.raises(TargetError, match=r"malformed message|answer too long"):
        link.request(Kind.STEP, STEP.pack(0, count) + Period(1000, 0, [Sample(0, 1000, 0.0)]).pack())


def test_the_longest_frame_is_taken(link: Link) -> None:
    periods = [Period(n * 1000, 0, [Sample(0, n * 1000, 0.5)] * 4) for n in range(1, 38)]
    body = STEP.pack(0, len(periods)) + b"".join(period.pack() for period in periods)
    assert PAYLOAD_LIMIT - 200 < len(body) <= PAYLOAD_LIMIT - 5
    assert len(link.request(Kind.STEP, body)) == len(periods) * 18


def test_detail_adds_the_hidden_state(link: Link, project: Project) -> None:
    period = Period(1000, 0, []).pack()
    plain = link.request(Kind.STEP, STEP.pack(0, 1) + period)
    link.reset()
    full = link.request(Kind.STEP, STEP.pack(1, 1) + period)
    assert full[4 : len(plain)] == plain[4:]
    assert len(full) == len(plain) + 8 * project.sizes["hidden"]


def test_a_campaign_of_its_own_goes_on_only_in_order(link: Link) -> None:
    link.request(Kind.CAMPAIGN, CAMPAIGN.pack(3, 0, 10, 900))
    link.request(Kind.CAMPAIGN, CAMPAIGN.pack(3, 10, 10, 900))
    for seed, first in ((3, 21), (4, 20), (3, 19)):
        with pytest.raises(TargetError, match=r"refused CAMPAIGN \(out of order\)"):
            link.request(Kind.CAMPAIGN, CAMPAIGN.pack(seed, first, 10, 900))


def test_samples_beyond_its_queue_are_dropped_and_counted(link: Link) -> None:
    for n in range(300):
        link.write(encode(pack(link.next(), Sample(0, n, 0.0))))
    assert link.clock().dropped == 300 - 256
    command = link.command(pack(link.next(), Tick(1000, False)))
    assert command.now_us == 1000


def test_it_ends_when_its_link_is_closed(target: Embedded) -> None:
    process = target._process
    assert process is not None
    for descriptor in (target._master, target._slave):
        os.close(descriptor)
    deadline = time.monotonic() + 10
    while process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    assert process.poll() == 0


def test_cppcheck_finds_nothing(project: Project, tmp_path: Path) -> None:
    if not shutil.which("cppcheck"):
        pytest.skip("needs cppcheck: apt-get install cppcheck")
    for name, text in agent_sources(project).items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    command = ["cppcheck", "--std=c99", "--enable=warning,style,performance,portability", "--quiet"]
    command += ["--error-exitcode=1", "--inline-suppr", "agent.c", "main.c"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
