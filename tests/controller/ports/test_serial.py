"""The serial port: real pseudo-terminals, a real process at one end, and a line that fails."""

import json
import math
import os
import select
import sys
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.controller import Controller
from controller.errors import InputError
from controller.ports import Lost
from controller.ports.frame import Splitter, encode
from controller.ports.intake import Times
from controller.ports.messages import Command, Sample, Tick, pack, unpack
from controller.ports.serial import WAITING_LIMIT, Lockstep, SerialPort
from controller.runtime import run
from tests.controller.bits import hostile
from tests.controller.native.rig import Rig
from tests.projects import make_project

DRIVER = [sys.executable, "-m", "tests.controller.ports.fly_serial"]
SAMPLES = [Sample(0, 100, 0.25), Sample(1, 200, -0.0), Sample(-3, -(2**63), math.inf)]


@pytest.fixture
def line() -> Iterator[tuple[int, SerialPort]]:
    """The far end's file descriptor and the port."""
    master, slave = os.openpty()
    tty.setraw(slave)
    port = SerialPort(os.ttyname(slave), times=Times.SENDER)
    yield master, port
    port.close()
    port.close()
    for end in (master, slave):
        os.close(end)


def frames(*messages: Sample | Tick | Command) -> bytes:
    return b"".join(encode(pack(n, message)) for n, message in enumerate(messages))


def received(port: SerialPort, wanted: int) -> list[Sample]:
    """Poll until that many samples came."""
    found: list[Sample] = []
    while len(found) < wanted:
        port.wait_readable(5.0)
        found += port.receive(0)
    return found


def until_ready(rig: Rig) -> None:
    """Opening a port throws away what came before."""
    assert rig.process.stdout is not None
    assert rig.process.stdout.readline() == "ready\n"


def test_samples_arrive_in_order_and_once(line: tuple[int, SerialPort]) -> None:
    master, port = line
    assert port.receive(0) == []  # nothing there: it returns at once
    os.write(master, frames(*SAMPLES))
    assert received(port, 3) == SAMPLES
    assert port.receive(0) == []


def test_a_frame_in_pieces_waits_for_its_end(line: tuple[int, SerialPort]) -> None:
    master, port = line
    data = frames(SAMPLES[0])
    for n in range(len(data) - 1):
        os.write(master, data[n : n + 1])
        port.wait_readable(5.0)
        assert port.receive(0) == []
    os.write(master, data[-1:])
    assert received(port, 1) == SAMPLES[:1]


def test_damage_is_counted_and_passes(line: tuple[int, SerialPort]) -> None:
    master, port = line
    damaged = bytearray(frames(SAMPLES[0]))
    damaged[8] ^= 0x40
    strangers = frames(Tick(0, False), Command(0, 0, 0, (1.0,))) + encode(b"\x77") + encode(b"")
    os.write(master, b"\xff\0" + bytes(damaged) + strangers + frames(SAMPLES[1]))
    assert received(port, 1) == SAMPLES[1:2]
    assert (port.splitter.refused, port.ignored) == (2, 4)


def test_commands_reach_the_far_end(line: tuple[int, SerialPort]) -> None:
    master, port = line
    sent = [Command(1000 * n, n % 3, n, (0.5 * n, -0.0)) for n in range(4)]
    splitter = Splitter()
    got: list[tuple[int, Sample | Tick | Command] | None] = []
    for command in sent:
        assert port.put(command)
    while len(got) < len(sent):
        got += [unpack(payload) for payload in splitter.feed(os.read(master, 4096))]
    assert got == [(n + 1, command) for n, command in enumerate(sent)]


@pytest.mark.parametrize("outputs", [2, 400])
def test_a_line_that_nobody_reads_never_blocks_and_heals(line: tuple[int, SerialPort], outputs: int) -> None:
    """The longer commands are cut in the middle where the line is full; what follows is whole again."""
    master, port = line
    for n in range(6000 // outputs):
        port.put(Command(n, 0, 0, (1.5,) * outputs))
    assert port.skipped > 0
    splitter = Splitter()
    got: list[bytes] = []
    os.set_blocking(master, False)
    try:
        while data := os.read(master, 65536):
            got += splitter.feed(data)
    except BlockingIOError:
        pass
    before = len(got)
    last = Command(5000, 2, 1, (3.0, 4.0))
    os.set_blocking(master, True)
    port.put(last)
    while len(got) == before:
        assert select.select([master], [], [], 5.0)[0], "the command did not come through"
        got += splitter.feed(os.read(master, 4096))
    found = unpack(got[-1])
    assert found is not None
    assert found[1] == last


def test_a_broken_line_is_lost_by_name() -> None:
    master, slave = os.openpty()
    port = SerialPort(os.ttyname(slave))
    os.close(slave)
    os.close(master)
    with pytest.raises(Lost, match="the line broke"):
        port.receive(0)
    with pytest.raises(Lost, match="check it and start again"):
        port.send(Command(0, 0, 0, (0.0,)))
    port.close()


def test_a_lost_line_ends_the_run_with_its_reason(tmp_path: Path) -> None:
    master, slave = os.openpty()
    tty.setraw(slave)
    port = SerialPort(os.ttyname(slave))
    os.write(master, frames(*SAMPLES[:2]))
    os.close(slave)
    os.close(master)
    summary = run(Controller.load(make_project(tmp_path)), port, steps=5)
    port.close()
    assert summary.lost
    assert summary.periods == 0
    assert "the line broke" in summary.end
    assert "stop the actuator by other means" in summary.end


@pytest.mark.parametrize("url", ["/dev/no-such-port", "unheard-of://x", "socket://127.0.0.1:1", ""])
def test_a_port_that_cannot_be_opened(url: str) -> None:
    with pytest.raises(InputError, match="can't be opened"):
        SerialPort(url)


def test_any_pyserial_url_will_do() -> None:
    port = SerialPort("loop://", baud=10_000_000)  # what is sent comes back, and is of no use here
    port.send(Command(0, 0, 0, (1.0,)))
    while not port.ignored:
        assert port.receive(0) == []
        port.wait_readable(0.0)
    assert port.skipped == 0
    port.close()


def test_lockstep_over_a_line_has_the_bits_of_the_same_calls(tmp_path: Path) -> None:
    """A process at the far end of a pseudo-terminal, driven by ticks, against the Python kernel here."""
    directory = make_project(tmp_path, 2, 3, 2)
    reference = Controller.load(directory, "python")
    with Rig([*DRIVER, str(directory), "lockstep"]) as rig:
        until_ready(rig)
        for sequence, (samples, now_us, missed) in enumerate(hostile(5, 2, 300), 7):
            for sample in samples:
                reference.receive(now_us, *sample)
            rig.send(sequence, *(Sample(*sample) for sample in samples), Tick(now_us, missed))
            outputs = reference.tick(now_us, missed)
            expected = Command(now_us, reference.mode, reference.cause, outputs)
            got = rig.command()
            assert got[0] == sequence
            assert pack(0, got[1]) == pack(0, expected)
        commands, status, out, _ = rig.stop()
    told = json.loads(out)
    assert status == 0
    assert told["end"] == "interrupted"
    assert told["periods"] == 300
    assert told["inbox"]["late"] > 0
    assert commands[-1].outputs == (0.0, 0.0)
    assert commands[-1].mode == 2


def test_realtime_over_a_line(tmp_path: Path) -> None:
    """The far end answers each command with samples stamped with the command's time."""
    directory = make_project(tmp_path)
    with Rig([*DRIVER, str(directory), "realtime"]) as rig:
        until_ready(rig)
        for n in range(100):
            _, command = rig.command()
            rig.send(n, *(Sample(j, command.now_us, 0.1) for j in range(2)))
        commands, status, out, _ = rig.stop()
    told = json.loads(out)
    assert status == 0
    assert told["realtime"]
    assert told["samples"] > 0
    assert told["refused"] == 0
    assert told["inbox"]["refused"] <= 4  # what the first two looks at the line find is not believed
    assert commands[-1].outputs == (0.0,)


def test_lockstep_keeps_a_bounded_number_of_samples_of_each_channel(line: tuple[int, SerialPort]) -> None:
    """A far end that never ticks does not fill the memory: the newest stay, and none pushes another's out."""
    master, port = line
    lockstep = Lockstep(port)
    sent = 0

    def stopping() -> bool:
        nonlocal sent
        if sent == 0:
            os.write(master, frames(Sample(1, 7, 0.5)))
        if sent < 5000:
            os.write(master, frames(*(Sample(0, sent + n, 0.0) for n in range(50))))
            sent += 50
        elif sent == 5000:
            os.write(master, frames(*(Sample(2**40 + n, n, 0.0) for n in range(90)), Tick(9, True)))
            sent += 1
        return False

    assert lockstep.wait(stopping) == 9
    assert lockstep.skipped == 1
    kept = lockstep.receive(9)
    assert [s.time_us for s in kept if s.channel == 0] == list(range(5000 - WAITING_LIMIT, 5000))
    assert [s for s in kept if s.channel == 1] == [Sample(1, 7, 0.5)]
    assert len(kept) == WAITING_LIMIT + 1 + 90
    assert lockstep.receive(9) == []
    assert lockstep.wait(lambda: True) == 9
