"""The flight binary on this machine and, under qemu-user, on the three others: the same bits everywhere."""

import os
import shutil
import signal
import socket
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from controller.controller import Controller
from controller.errors import InputError
from controller.kernel.modes import FALLBACK, NOMINAL, SAFE
from controller.native import cross
from controller.native.build import MEANING
from controller.native.cross import TARGETS
from controller.native.deploy import deploy
from controller.ports.frame import encode
from controller.ports.messages import Command, Sample, Tick
from controller.project import Project
from tests.controller.native.flights import cart_project, fly_in_lockstep
from tests.controller.native.rig import Rig

EMULATORS = {"aarch64-linux": "qemu-aarch64", "armv7-linux": "qemu-arm", "riscv64-linux": "qemu-riscv64"}
CROSS = pytest.mark.xdist_group("cross")  # one worker, so that each target's libc is built once
TICKS = 3000


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The cart with a seeded random network."""
    return cart_project(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="module")
def bundles(project: Project, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Bundles by target, each built when it is first asked for."""

    class Bundles(dict[str, Path]):
        def __missing__(self, target: str) -> Path:
            self[target] = tmp_path_factory.mktemp("bundles") / target
            deploy(project, target, self[target])
            return self[target]

    return Bundles()


def command_of(bundles: dict[str, Path], target: str) -> list[str]:
    """How to run a target's binary here; skips where its emulator is missing."""
    emulator = EMULATORS.get(target)
    if emulator and shutil.which(emulator) is None:
        pytest.skip(f"{emulator} is missing: apt-get install qemu-user")
    binary = str(bundles[target] / "test-flight")
    return [emulator, binary] if emulator else [binary]


@CROSS
@pytest.mark.parametrize("target", TARGETS)
def test_self_test_passes(bundles: dict[str, Path], target: str) -> None:
    done = subprocess.run([*command_of(bundles, target), "--check"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "every bit right" in done.stdout


@CROSS
@pytest.mark.parametrize("target", TARGETS)
def test_same_bits_as_the_python_reference(bundles: dict[str, Path], project: Project, target: str) -> None:
    with Rig([*command_of(bundles, target), "--lockstep"]) as rig:
        seen = fly_in_lockstep(rig, project, TICKS)
        after, status, out, err = rig.stop()
    assert seen.modes == {NOMINAL, FALLBACK, SAFE}
    assert seen.causes >= {0, 1, 2, 3, 4, 7, 8}
    assert (status, err) == (0, "")
    assert after[-1].outputs == (0.0,) and after[-1].mode == SAFE
    assert f"after {TICKS + len(after) - 1} periods" in out


@CROSS
@pytest.mark.soak
@pytest.mark.parametrize("target", TARGETS)
def test_same_bits_for_long(bundles: dict[str, Path], project: Project, target: str) -> None:
    with Rig([*command_of(bundles, target), "--lockstep"]) as rig:
        fly_in_lockstep(rig, project, 100_000, seed=1)


def test_stopping_keeps_to_the_slew_limit(tmp_path: Path) -> None:
    """From a command of about 3 N to the safe 0 N in steps of max_rate * dt, never in one."""
    deploy(cart_project(tmp_path / "p", **{"network.b_out": [3.0]}), "host", tmp_path / "bundle")
    with Rig([str(tmp_path / "bundle" / "test-flight"), "--lockstep"]) as rig:
        outputs: tuple[float, ...] = ()
        for tick in range(200):
            now_us = 1000 * (tick + 1)
            rig.send(tick, Sample(0, now_us, -0.9), Sample(1, now_us, float(tick % 2)), Tick(now_us, False))
            outputs = rig.command()[1].outputs
        after, status, _, _ = rig.stop()
    assert abs(outputs[0]) > 1.0, "the network was meant to drive"
    path = [outputs[0], *(command.outputs[0] for command in after)]
    assert max(abs(b - a) for a, b in pairwise(path)) <= 400.0 * 0.001 * (1 + 1e-9)
    assert path[-1] == 0.0 and status == 0
    assert {command.mode for command in after} == {SAFE}


def test_damaged_frames_change_nothing(bundles: dict[str, Path], project: Project) -> None:
    """Noise, a flipped bit in each byte of a frame, and a frame that never ends are refused and counted."""
    sample = encode(b"\x01" + bytes(28))
    with Rig([*command_of(bundles, "host"), "--lockstep"]) as rig:
        for place in range(len(sample) - 1):
            spoilt = bytearray(sample)
            spoilt[place] ^= 0x10
            rig.send_bytes(bytes(spoilt))
        rig.send_bytes(b"\xff" * 1000 + b"\0")
        rig.send(1, Tick(1000, False))
        assert rig.command() == (1, Command(1000, SAFE, 2, (0.0,)))
        _, status, out, _ = rig.stop()
    assert status == 0
    assert int(out.rsplit(",", 1)[1].split()[0]) >= len(sample) - 1


@pytest.mark.parametrize("crowd", [10, 127, 130, 400])
def test_more_samples_than_a_batch_holds(bundles: dict[str, Path], project: Project, crowd: int) -> None:
    """In lockstep any number of samples may come before a tick; each channel has its own place."""
    reference = Controller(project, "python")
    with Rig([*command_of(bundles, "host"), "--lockstep"]) as rig:
        for tick in range(30):
            now_us = 1500 * (tick + 1)
            samples = [Sample(0, now_us, 0.1), *(Sample(1, now_us - crowd + n, 0.0) for n in range(crowd))]
            for sample in samples:
                reference.receive(now_us, sample.channel, sample.time_us, sample.value)
            rig.send(tick, *samples, Tick(now_us, False))
            last = rig.command()[1]
            assert (last.outputs, last.mode) == (reference.tick(now_us), reference.mode)
    assert last.mode == NOMINAL


def test_no_undefined_behaviour(bundles: dict[str, Path], project: Project, tmp_path: Path) -> None:
    """The same sources under the address and undefined-behaviour sanitizers, at the ends of int64 too."""
    shutil.copytree(bundles["host"], tmp_path / "copy")
    units = sorted(path.name for path in (tmp_path / "copy").glob("*.c"))
    watch = ["-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-pthread"]
    try:
        cross.run(["cc", *MEANING, *watch, *units, "-o", "watched"], tmp_path / "copy")
    except InputError:
        pytest.skip("cc with sanitizers is missing: apt-get install gcc")
    binary = str(tmp_path / "copy" / "watched")
    with Rig([binary, "--lockstep"]) as rig:
        fly_in_lockstep(rig, project, 700, seed=2)
        _, status, _, err = rig.stop()
        assert (status, err) == (0, "")
    ends = (2**63 - 1, -(2**63), 2**53, 0, -1)
    for last in ends:
        with Rig([binary, "--lockstep"]) as rig:
            for now_us in (*ends, last):
                rig.send(1, *(Sample(c, t, 0.5) for c in ends for t in ends), Tick(now_us, True))
                rig.command()
            after, status, _, err = rig.stop()
        assert (status, err, after[-1].outputs) == (0, "", (0.0,))


def test_missing_rights_are_warnings(patient: str) -> None:
    """Without real-time rights it flies on, and says what to give."""
    limits = ["prlimit", "--memlock=0", "--rtprio=0"]
    if os.geteuid() == 0:
        limits += ["setpriv", "--bounding-set=-sys_nice,-ipc_lock"]
    with Rig([*limits, patient]) as rig:
        reach(rig, NOMINAL)
        _, status, _, err = rig.stop()
    first, second = err.splitlines()
    assert status == 0
    assert first.startswith("warning: memory is not locked") and "CAP_IPC_LOCK" in first
    assert second.startswith("warning: no SCHED_FIFO") and "CAP_SYS_NICE" in second


def lenient(folder: Path) -> Project:
    """Times that a loaded machine can keep: 5 ms periods, steps of up to 1 s."""
    overrides: dict[str, Any] = {"controller.period_us": 5000, "timing.deadline_us": 5000, "dt.low_us": 1}
    overrides |= {"dt.high_us": 1_000_000, "input.0.stale_us": 300_000, "input.1.stale_us": 300_000}
    return cart_project(folder, **overrides)


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The host's binary of the lenient project."""
    folder = tmp_path_factory.mktemp("patient")
    deploy(lenient(folder / "project"), "host", folder / "bundle")
    return str(folder / "bundle" / "test-flight")


def reach(rig: Rig, mode: int, feed: bool = True) -> Command:
    """Send samples, if wanted, until a command has the mode."""
    for sequence in range(4000):
        if feed:
            rig.send(sequence, Sample(0, 0, 0.1), Sample(1, 0, 0.0))
        _, command = rig.command()
        if command.mode == mode:
            return command
    raise AssertionError(f"mode {mode} was not reached")


def test_by_the_clock(patient: str) -> None:
    """Structure only: commands come one after the other, NOMINAL is reached and lost, a stop is safe."""
    with Rig([patient]) as rig:
        first, _ = rig.command()
        second, command = rig.command()
        assert second > first
        assert command.mode == SAFE
        assert reach(rig, NOMINAL).now_us > command.now_us
        assert reach(rig, SAFE, feed=False).cause == 2
        after, status, out, _ = rig.stop()
    assert (status, after[-1].outputs, after[-1].mode) == (0, (0.0,), SAFE)
    assert "stopped safe" in out


def test_interrupt_is_a_clean_stop_too(patient: str) -> None:
    with Rig([patient]) as rig:
        rig.command()
        rig.process.send_signal(signal.SIGINT)
        assert rig.stop()[1] == 0


def test_the_line_dies_and_comes_back(patient: str) -> None:
    with Rig([patient]) as rig:
        reach(rig, NOMINAL)
        rig.hang_up()
        rig.plug_in()
        assert reach(rig, SAFE, feed=False).cause == 2
        reach(rig, NOMINAL)
        _, status, _, err = rig.stop()
    assert status == 0
    assert "the line is lost" in err and "the line is back" in err


def test_lockstep_without_a_line_ends(bundles: dict[str, Path], project: Project) -> None:
    with Rig([*command_of(bundles, "host"), "--lockstep"]) as rig:
        rig.send(0, Tick(1000, False))
        rig.command()
        rig.hang_up()
        assert rig.process.wait(60) == 3


def test_watchdogs_hear_of_it(patient: str, tmp_path: Path) -> None:
    """systemd's socket gets READY, the mode, signs of life and STOPPING; the device is fed and disarmed."""
    device = tmp_path / "watchdog"
    device.touch()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.settimeout(60)
        env = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "100000"}
        with Rig([patient, "--watchdog", str(device)], env=env) as rig:
            heard = {listener.recv(200).decode()}
            assert heard == {"READY=1"}
            while "WATCHDOG=1" not in heard:
                heard.add(listener.recv(200).decode())
            assert rig.stop()[1] == 0
        while "STOPPING=1" not in heard:
            heard.add(listener.recv(200).decode())
    assert "STATUS=SAFE: fallback sensor stale or missing" in heard
    fed = device.read_bytes()
    assert fed[:1] == b"k" and fed[-1:] == b"V"


@pytest.mark.parametrize(
    "words",
    [[], ["--baud", "12345", "x"], ["--baud"], ["--priority", "100", "x"], ["--times", "noon", "x"],
     ["--lockstep", "--times", "arrival", "x"], ["--times", "arrival", "--lockstep", "x"], ["--times", "x"],
     ["a", "b"], ["--fast", "x"], ["--priority", "8x", "x"]],
)  # fmt: skip
def test_a_senseless_command_line(patient: str, words: list[str]) -> None:
    done = subprocess.run([patient, *words], capture_output=True, text=True)
    assert done.returncode == 2 and done.stderr.startswith("usage:") and done.stdout == ""


def test_what_cannot_be_opened(patient: str, tmp_path: Path) -> None:
    plain = tmp_path / "file"
    plain.touch()
    master, slave = os.openpty()
    try:
        for words in ([str(plain)], [str(tmp_path / "none")], ["--watchdog", "/none", os.ttyname(slave)]):
            done = subprocess.run([patient, *words], capture_output=True, text=True)
            assert done.returncode == 3
            assert "can't be opened" in done.stderr and done.stderr.count("\n") == 1
    finally:
        os.close(master)
        os.close(slave)
