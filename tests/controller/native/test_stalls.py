"""The flight loop on a fake line in virtual time: samples are never younger than they are, whatever stalls.

flight.c is the real one, with the real kernel; line, clock and machine are fake_line.c's, drawn from a seed.
"""

import shutil
import subprocess
from pathlib import Path

import pytest

from controller.native import cross
from controller.native.build import MEANING
from controller.native.deploy import deploy
from tests.controller.native.flights import cart_project

HERE = Path(__file__).parent
SEEDS = range(1, 61)
FAKED = ("host.c", "line.c", "reader.c")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stalls")
    project = cart_project(folder / "p", **{"input.0.stale_us": 5000, "input.1.stale_us": 5000})
    deploy(project, "host", folder / "bundle")
    return folder / "bundle"


def build(bundle: Path, folder: Path, *changes: tuple[str, str]) -> Path:
    """The flight binary over the fake line, with changes to its sources."""
    shutil.copytree(bundle, folder)
    for old, new in changes:
        (path,) = (p for p in folder.glob("*.c") if p.read_text().count(old) == 1)
        path.write_text(path.read_text().replace(old, new))
    shutil.copy(HERE / "fake_line.c", folder)
    units = sorted(p.name for p in folder.glob("*.c") if p.name not in FAKED)
    wrapped = ["-Wl,--wrap=seawall_receive", "-Wl,--wrap=seawall_step"]
    cross.run(["cc", *MEANING, "-Wall", "-Wextra", "-Werror", "-O1", *wrapped, *units, "-o", "faked"], folder)
    return folder / "faked"


def fly(binary: Path) -> list[str]:
    """What the runs of all seeds said where one was wrong; [] where none was."""
    faults, driven = [], 0
    for seed in SEEDS:
        done = subprocess.run([str(binary), str(seed)], capture_output=True, text=True, timeout=60)
        said = done.stdout.splitlines()
        driven += int(said[-1].split("driven ")[1].split(",")[0])
        if done.returncode != 0:
            faults.append(f"seed {seed}: {said[-2]}")
    assert faults or driven > 10_000, "the network hardly drove: the runs show little"
    return faults


def test_no_sample_is_taken_for_younger_than_it_is(bundle: Path, tmp_path: Path) -> None:
    assert fly(build(bundle, tmp_path / "built")) == []


@pytest.mark.parametrize(
    "change",
    [
        ("time_us = intake->begun_us;", "time_us = host_now_us();"),
        ("time_us = intake->begun_us;", "time_us = intake->emptied_us;"),
        ("n == CHUNK || total >= LINE_FULL", "n == CHUNK"),
        ("n == CHUNK || total >= LINE_FULL", "0"),
        ("        asked_us = host_now_us();\n        n = line_read(line, chunk, CHUNK);",
         "        n = line_read(line, chunk, CHUNK);\n        asked_us = host_now_us();"),
        ("    intake->emptied_us = -1;\n", "    intake->emptied_us = host_now_us();\n"),
        ("!f->options.lockstep && !line_ready(&f->line)", "!f->options.lockstep && 0"),
    ],
)  # fmt: skip
def test_twins_that_must_fail(bundle: Path, tmp_path: Path, change: tuple[str, str]) -> None:
    """Stamped when read or completed, believed at once, looked at too late, a start that knows too much."""
    assert fly(build(bundle, tmp_path / "built", change))
