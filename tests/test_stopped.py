"""Ctrl-C and SIGTERM in real processes: the status, what is kept, and that the next run goes on there."""

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.projects import make_project

ROOT = Path(__file__).resolve().parent.parent
CART = str(ROOT / "examples" / "cart")
KEPT = re.compile(r"stopped: kept are ([\d,]+) of ([\d,]+) (.*) in (.*?); the same command goes on there")


def stop(number: int, ready: str, at: Path, *words: str) -> tuple[int, list[str]]:
    """Start a command, send the signal once a file of that pattern is there; status and lines of stderr."""
    before = {p: p.stat().st_mtime_ns for p in at.glob(ready)}
    command = [sys.executable, str(ROOT / "seawall.py"), *words]
    with subprocess.Popen(
        command, cwd=at, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        while process.poll() is None and not any(
            p.stat().st_mtime_ns != before.get(p) for p in at.glob(ready)
        ):
            time.sleep(0.05)
        process.send_signal(number)
        said = process.communicate()[1].splitlines()
    return process.returncode, said


def kept(line: str) -> tuple[int, str, str]:
    found = KEPT.search(line)
    assert found, line
    return int(found[1].replace(",", "")), found[3], found[4]


def test_a_campaign_says_what_is_kept_and_the_next_one_goes_on(tmp_path: Path) -> None:
    words = ["hil", CART, "--steps", "5000000"]
    status, said = stop(signal.SIGINT, "build/cart/hil/hil-journal-*.json", tmp_path, *words)
    assert status == 130 and "Traceback" not in "\n".join(said)
    steps, what, place = kept(said[-1])
    assert (what, place) == ("steps on the target", "build/cart/hil") and steps > 0
    assert any(line.startswith("seawall: steps on the target begin: 0 of 5,000,000") for line in said)
    status, said = stop(signal.SIGTERM, "build/cart/hil/hil-journal-*.json", tmp_path, *words)
    assert status == 143
    goes_on = f"seawall: goes on: {steps:,} of 5,000,000 steps on the target are taken over from {place}"
    assert goes_on in said and kept(said[-1])[0] > steps


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_proofs_say_what_is_kept_and_the_next_run_goes_on(tmp_path: Path, number: int, status: int) -> None:
    make_project(tmp_path / "p", hidden=1)
    got, said = stop(number, "build/test/answers/*.json", tmp_path, "verify", "p")
    assert got == status and "Traceback" not in "\n".join(said)
    answers, what, place = kept(said[-1])
    assert (what, place) == ("proofs", "build/test")
    assert 1 <= answers == len(list((tmp_path / "build/test/answers").glob("*.json")))
    _, said = stop(number, "build/test/answers/*.json", tmp_path, "verify", "p")
    assert any(line.startswith(f"seawall: goes on: {answers} of ") for line in said)


def test_where_nothing_is_kept_it_is_said(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "seawall.py"), "falsify", CART, "--tries", "100000"]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert process.stderr.readline().startswith("seawall: falsify begin: 0 of ")
        process.send_signal(signal.SIGINT)
        said = process.communicate()[1]
    assert process.returncode == 130
    assert (
        said == "seawall: stopped: nothing is kept, nothing is half-written; the same command begins again\n"
    )


def test_statuses_are_in_the_help(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "seawall.py"), "--help"]
    told = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert "130" in told and "143" in told
