"""docs/wire.md: its tables are the messages', and its plant flies `seawall run --port` and the flight binary."""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from controller.kernel.modes import NOMINAL
from controller.native.deploy import deploy
from controller.native.mission import frame_bytes
from controller.ports.messages import COMMAND, HEADER, REAL, SAMPLE, TICK, Kind
from controller.project import Project
from tests.controller.native.flights import cart_project

PAGE = Path("docs/wire.md").read_text(encoding="utf-8")
PERIOD_US, SECONDS = 20_000, 2
LETTERS = {"u8": "B", "u32": "I", "i64": "q", "f64": "d"}
FIELDS = {"SAMPLE": SAMPLE.format, "TICK": TICK.format, "COMMAND": COMMAND.format + REAL.format[1:]}
SIZES = {"u8": 1, "u32": 4, "i64": 8, "f64": 8}
TIMES = ([], ["--times", "arrival"], ["--times", "sender"])
CLOCKS = ("0", "time.monotonic_ns() // 1000", "time.time_ns() // 1000", "-now_us", "now_us + 100")


@pytest.mark.parametrize("name", FIELDS)
def test_the_tables_are_the_messages(name: str) -> None:
    table = PAGE.split(f"\n{name}, ")[1].split("\n\n")[1]
    rows = re.findall(r"^\| (\d+) \| (\w+) \| ([^|]*)", table, re.MULTILINE)
    assert "<" + "".join(LETTERS[kind] for _, kind, _ in rows) == HEADER.format + FIELDS[name][1:]
    assert [int(at) for at, _, _ in rows] == [sum(SIZES[k] for _, k, _ in rows[:n]) for n in range(len(rows))]
    assert f"| {name} | 0x{Kind[name]:02x} |" in PAGE and f"0x{Kind[name]:02x}" in rows[0][2]


def test_the_lengths_on_the_line_are_true() -> None:
    lengths = [frame_bytes(HEADER.size + size) for size in (SAMPLE.size, TICK.size, COMMAND.size + 8)]
    assert "a SAMPLE {}, a TICK {}, a COMMAND with one output {}.".format(*lengths) in PAGE


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Times that a loaded machine can keep."""
    stages = ("sensor", "preprocess", "network", "output")
    overrides: dict[str, Any] = {f"timing.budget_us.{stage}": 5000 for stage in stages}
    overrides |= {"controller.period_us": PERIOD_US, "controller.recovery_periods": 2, "dt.low_us": 1}
    overrides |= {"dt.high_us": 2_000_000, "timing.deadline_us": PERIOD_US}
    overrides |= {"input.0.stale_us": 1_000_000, "input.1.stale_us": 1_000_000}
    return cart_project(tmp_path_factory.mktemp("page"), **overrides)


@pytest.fixture(scope="module")
def binary(project: Project, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("bundle") / "host"
    deploy(project, "host", folder)
    return str(folder / "test-flight")


@contextmanager
def plant(folder: Path, stamp: str) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """The page's plant, giving its samples this time; its port and its process."""
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert code.count("channel, now_us, value") == 1
    path = folder / "plant.py"
    text = code.replace("channel, now_us, value", f"channel, {stamp}, value")
    path.write_text(text.replace("import os,", "import time, os,"), encoding="utf-8")
    command = [sys.executable, str(path), "0.1", "0.0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip(), process
        finally:
            process.kill()


def counted(text: str, name: str) -> int:
    found = re.search(rf"{name} (\d+)", text)
    return int(found[1]) if found else 0


def check_run(project: Project, folder: Path, words: list[str], stamp: str) -> None:
    """`seawall run --port` on the plant: the network drives, and no sample is lost but at the start."""
    with plant(folder, stamp) as (port, _):
        command = [sys.executable, "-m", "seawall", "run", str(project.root), "--seconds", str(SECONDS)]
        done = subprocess.run([*command, "--port", port, *words], capture_output=True, text=True)
    out = " ".join(done.stdout.split())
    periods = SECONDS * 1_000_000 // PERIOD_US
    misses = counted(out, "deadline misses:")
    assert counted(out, "NOMINAL") >= periods // 2 - 5 * misses, done.stdout + done.stderr
    assert [counted(out, f"{name}") for name in ("overflow", "frames refused", "frames ignored")] == [0, 0, 0]
    assert counted(out, "; late") + counted(out, "duplicate") <= 2 * misses
    assert counted(out, r"overflow \d+, refused") <= 4, "more than the first two looks were not believed"


def check_flight(binary: str, folder: Path, words: list[str], stamp: str) -> None:
    """The flight binary on the same plant, which tells each change of mode."""
    with (
        plant(folder, stamp) as (port, far),
        subprocess.Popen([binary, *words, port], stdout=subprocess.PIPE, text=True) as flight,
    ):
        time.sleep(SECONDS)
        flight.send_signal(signal.SIGTERM)
        out, _ = flight.communicate(timeout=60)
        far.kill()
        assert far.stdout is not None
        told = [(int(row.split()[0]), int(row.split()[3])) for row in far.stdout.read().splitlines()]
    ends = [*told[1:], (told[0][0] + SECONDS * 1_000_000, None)]  # of the last one the plant may not have told
    drove = sum(end - begin for (begin, mode), (end, _) in zip(told, ends, strict=True) if mode == NOMINAL)
    misses = counted(out, "periods;")
    assert drove >= SECONDS * 1_000_000 // 2 - 5 * misses * PERIOD_US, (told, out)
    assert "0 frames refused" in out and flight.returncode == 0


@pytest.mark.parametrize("words", TIMES, ids=" ".join)
def test_the_plant_flies_both_with_either_time(
    project: Project, binary: str, tmp_path: Path, words: list[str]
) -> None:
    check_run(project, tmp_path, words, "now_us")
    check_flight(binary, tmp_path, words, "now_us")


@pytest.mark.parametrize("stamp", CLOCKS)
def test_by_arrival_a_plant_of_any_clock_flies_both(
    project: Project, binary: str, tmp_path: Path, stamp: str
) -> None:
    """Such a plant flew the binary, and under `run --port` it stayed SAFE."""
    check_run(project, tmp_path, [], stamp)
    check_flight(binary, tmp_path, [], stamp)


def test_a_sender_on_this_machine_knows_the_clock_of_both(
    project: Project, binary: str, tmp_path: Path
) -> None:
    words, stamp = ["--times", "sender"], "time.monotonic_ns() // 1000"
    check_run(project, tmp_path, words, stamp)
    check_flight(binary, tmp_path, words, stamp)


def test_both_say_what_the_option_means(binary: str) -> None:
    """The same names, values and default, in the same words."""
    flight = subprocess.run([binary, "--help"], capture_output=True, text=True)
    command = [sys.executable, "-m", "seawall", "run", "--help"]
    run = subprocess.run(command, capture_output=True, text=True, env={"COLUMNS": "300", "TERM": "dumb"})
    assert (flight.returncode, run.returncode) == (0, 0) and flight.stderr == ""
    meaning = "a sample is as old as its arrival (default), or has its sender's CLOCK_MONOTONIC"
    for text in (flight.stdout, run.stdout):
        assert meaning in text and "arrival|sender" in text and "--times" in text
