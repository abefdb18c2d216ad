"""What the flight binary sends: the newest command first; "stopped safe" only where it was delivered."""

import os
import select
import signal
import socket
import time
from pathlib import Path

import pytest

from controller.kernel.modes import DEADLINE, NOMINAL
from controller.native.deploy import deploy
from controller.ports.messages import Command, Sample
from tests.controller.native.flights import cart_project
from tests.controller.native.rig import Rig, gaps, read_slowly

PERIOD_US = 20_000
UNSAFE = 4


@pytest.fixture(scope="module")
def binary(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A project whose network pushes at once, with times that a loaded machine can keep."""
    folder = tmp_path_factory.mktemp("delivery")
    stages = ("sensor", "preprocess", "network", "output")
    project = cart_project(
        folder / "project",
        **{"controller.period_us": PERIOD_US, "controller.recovery_periods": 2, "dt.low_us": 1,
           "dt.high_us": 2_000_000, "timing.deadline_us": 10_000, "network.b_out": [3.0],
           "input.0.stale_us": 1_000_000, "input.1.stale_us": 1_000_000, "output.0.max_rate": 40.0},
        **{f"timing.budget_us.{stage}": 1000 for stage in stages},
    )  # fmt: skip
    deploy(project, "host", folder / "bundle")
    return str(folder / "bundle" / "test-flight")


def drive(rig: Rig) -> Command:
    """Feed it until the network drives with a good push; the command."""
    for sequence in range(4000):
        rig.send(sequence, Sample(0, 0, 0.1), Sample(1, 0, 0.0))
        _, command = rig.command()
        if command.mode == NOMINAL and command.outputs[0] > 1.0:
            return command
    raise AssertionError("the network does not drive")


def test_a_slow_reader_reads_new_commands(binary: str) -> None:
    """It reads 60 % of what is made; before, the line held hundreds and the oldest came first."""
    with Rig([binary]) as rig:
        rig.command()
        numbers = read_slowly(rig, PERIOD_US)
        _, status, out, _ = rig.stop()
    assert numbers == sorted(set(numbers))
    skipped = int(out.rsplit(" commands skipped", 1)[0].rsplit(" ", 1)[1])
    assert status == 0 and skipped >= gaps(numbers)


def test_skipped_commands_are_told_while_flying(binary: str, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.settimeout(60)
        with Rig([binary], env={"NOTIFY_SOCKET": str(tmp_path / "notify")}) as rig:
            rig.command()  # and then nobody reads
            while "commands skipped" not in listener.recv(200).decode():
                pass
            rig.stop()


def test_nobody_reads_so_it_is_not_safe(binary: str) -> None:
    """The last command that was read pushes with more than 1 N; SIGTERM then, and nobody reads."""
    with Rig([binary]) as rig:
        drive(rig)
        rig.process.send_signal(signal.SIGTERM)
        out, err = rig.process.communicate(timeout=60)
    assert rig.process.returncode == UNSAFE
    assert "stopped safe" not in out and "stopped after" in out
    assert "the safe command did not get through; stop the actuator by other means" in err


@pytest.mark.parametrize("read", [0, 1, 35])
def test_a_safe_command_that_is_not_read_whole_did_not_get_through(binary: str, read: int) -> None:
    """A few of its bytes are read; then the far end hangs up."""
    with Rig([binary]) as rig:
        drive(rig)
        rig.process.send_signal(signal.SIGTERM)
        rig.leave(read)
        out, err = rig.process.communicate(timeout=60)
    assert rig.process.returncode == UNSAFE and "stopped safe" not in out
    assert "did not get through" in err


def test_a_far_end_that_hangs_up_and_returns_gets_the_safe_command(binary: str) -> None:
    with Rig([binary]) as rig:
        drive(rig)
        rig.process.send_signal(signal.SIGTERM)
        time.sleep(PERIOD_US * 1e-6)
        rig.hang_up()
        rig.plug_in()
        commands, status, out, _ = rig.stop()
    assert status == 0 and "stopped safe" in out and commands[-1].outputs == (0.0,)


def test_the_line_is_lost_before_the_stop(binary: str) -> None:
    with Rig([binary]) as rig:
        drive(rig)
        rig.hang_up()
        rig.process.send_signal(signal.SIGTERM)
        out, err = rig.process.communicate(timeout=60)
    assert rig.process.returncode == UNSAFE and "stopped safe" not in out
    assert "did not get through" in err


def test_the_line_is_back_in_time_for_the_stop(binary: str) -> None:
    with Rig([binary]) as rig:
        drive(rig)
        rig.hang_up()
        rig.process.send_signal(signal.SIGTERM)
        rig.plug_in()
        commands, status, out, _ = rig.stop()
    assert status == 0 and "stopped safe" in out
    assert commands[-1].outputs == (0.0,)


def test_a_stalled_period_misses_its_deadline_and_is_told(binary: str) -> None:
    """A stop of ten periods falls anywhere in the loop: the kernel is told of the miss, and the real time.

    No command may claim a time at which the process stood still. The miss is told in the period after the
    late one; its command may be skipped where this end is slow to read, so it may take more stops to be seen.
    """
    stops, causes = 0, set[int]()
    with Rig([binary]) as rig:
        while stops < 3 or (DEADLINE not in causes and stops < 20):
            drive(rig)
            since_us, until_us = rig.pause(10 * PERIOD_US * 1e-6)
            stops += 1
            for sequence in range(5):
                rig.send(sequence, Sample(0, 0, 0.1), Sample(1, 0, 0.0))
                _, command = rig.command()
                assert not since_us < command.now_us < until_us
                causes.add(command.cause)
        _, status, out, _ = rig.stop()
    assert DEADLINE in causes
    assert status == 0 and int(out.split(" deadlines missed")[0].rsplit(" ", 1)[1]) >= stops


def test_a_full_error_pipe_does_not_stop_the_loop(binary: str) -> None:
    """Nobody reads what it says, and each loss of the line says two sentences more."""
    with Rig([binary]) as rig:
        rig.command()
        fill(rig)
        for _ in range(3):
            rig.hang_up()
            rig.plug_in()
            rig.command()
        rig.process.send_signal(signal.SIGTERM)
        while rig.process.poll() is None:
            if select.select([rig.master], [], [], 0.05)[0]:
                os.read(rig.master, 4096)
    assert rig.process.returncode == 0


def test_a_full_output_pipe_does_not_stop_the_loop_nor_its_end(binary: str) -> None:
    with Rig([binary]) as rig:
        rig.command()
        fill(rig, 1)
        rig.process.send_signal(signal.SIGTERM)
        while rig.process.poll() is None:
            if select.select([rig.master], [], [], 0.05)[0]:
                os.read(rig.master, 4096)
    assert rig.process.returncode == 0


def test_without_standard_streams_nothing_is_said_on_the_line(binary: str) -> None:
    """With its errors closed, the line must not get their descriptor: a warning would go to the actuator."""
    closed = ["sh", "-c", 'exec "$0" "$@" <&- >&- 2>&-', "prlimit", "--memlock=0", "--rtprio=0"]
    closed += ["setpriv", "--bounding-set=-sys_nice,-ipc_lock"] if os.geteuid() == 0 else []
    with Rig([*closed, binary]) as rig:
        for _ in range(5):
            rig.command()  # which also asserts that each frame is a command
        assert rig.splitter.refused == 0
        _, status, _, _ = rig.stop()
    assert status == 0


def test_a_sensor_that_babbles_by_the_clock_starves_no_other(binary: str) -> None:
    """Dozens of samples of one channel in each period: the other one stays fresh, and the network drives."""
    with Rig([binary]) as rig:
        modes = []
        for sequence in range(100):
            rig.send(sequence, Sample(0, 0, 0.1), *(Sample(1, 0, 0.0) for _ in range(60)))
            modes.append(rig.command()[1].mode)
    assert NOMINAL in modes


def fill(rig: Rig, stream: int = 2) -> None:
    """Fill a standard stream of the binary, which this end of the pipe never reads."""
    with Path(f"/proc/{rig.process.pid}/fd/{stream}").open("wb", buffering=0) as pipe:
        os.set_blocking(pipe.fileno(), False)
        while pipe.write(b"x" * 4096) is not None:
            pass
