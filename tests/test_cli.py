"""The command as its users run it: real processes, exit statuses, one sentence for bad input."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.projects import make_project

ROOT = Path(__file__).resolve().parent.parent
SCHEMAS = ROOT / "certification" / "schema"
CART = str(ROOT / "examples" / "cart")


def seawall(*words: str, at: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "seawall.py"), *words]
    return subprocess.run(
        command, capture_output=True, text=True, cwd=at or ROOT, timeout=300, check=False,
        env={**os.environ, "COLUMNS": "200"},
    )  # fmt: skip


def checked(path: Path, schema: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(path.read_text())
    jsonschema.validate(data, json.loads((SCHEMAS / schema).read_text()))
    return data


@pytest.mark.parametrize(
    "words",
    [
        ["run", "nowhere"],
        ["verify", "nowhere"],
        ["hil", "nowhere"],
        ["falsify", "nowhere"],
        ["certify", "nowhere"],
        ["deploy", "nowhere"],
        ["audit", "nowhere"],
        ["deploy", CART, "--target", "pdp11"],
        ["run", CART, "--replay", "nowhere.csv"],
        ["run", CART, "--port", "/dev/nowhere"],
        ["run", CART, "--backend", "fortran"],
        ["run", CART, "--port", ""],
        ["run", CART, "--seconds", "inf"],
        ["run", CART, "--seconds", "nan"],
        ["run", CART, "--output", "commands.csv"],
        ["run", CART, "--port", "/dev/null", "--replay", "a.csv"],
        ["hil", CART, "--url", ""],
        ["hil", CART, "--steps", "-1"],
        ["hil", CART, "--json", "."],
        ["verify", CART, "--json", "nowhere/result.json"],
        ["verify", CART, "--nothing"],
        ["verify"],
        ["fly"],
        ["certify", CART, "-o", "/proc/nowhere/pack"],
        ["deploy", CART, "-o", "/proc/nowhere/bundle"],
        ["deploy", CART, "-o", str(ROOT / "tests")],
        ["certify", CART, "-o", "/"],
        ["certify", CART, "--junit", "nowhere.xml"],
        ["init", CART],
        ["certify", CART, "--junit", "nowhere.xml", "--steps", "1", "-o", str(ROOT / "tests")],
    ],
)
def test_bad_input_is_one_sentence_and_status_2(words: list[str], tmp_path: Path) -> None:
    done = seawall(*words, at=tmp_path)
    said = done.stderr.strip().splitlines()
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert said[-1].startswith("seawall: ") and len(said) == 1, done.stderr


def test_no_command_shows_the_help(tmp_path: Path) -> None:
    done = seawall(at=tmp_path)
    assert done.returncode == 2 and "Traceback" not in done.stderr and "verify" in done.stdout


def test_a_cache_that_can_not_be_written_is_bad_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEAWALL_CACHE", "/proc/nowhere")
    done = seawall("run", CART, at=tmp_path)
    assert done.returncode == 2 and "SEAWALL_CACHE" in done.stderr and done.stderr.count("\n") == 1


def test_names_that_look_like_markup_are_shown_as_they_are(tmp_path: Path) -> None:
    done = seawall("init", "[red]a[/b]", at=tmp_path)
    assert done.returncode == 0 and done.stdout.startswith("[red]a[/b]: ")


def test_run_on_the_simulated_cart(tmp_path: Path) -> None:
    done = seawall("run", CART, "--seconds", "1", at=tmp_path)
    assert done.returncode == 0 and done.stdout.startswith("1000 periods")
    assert "NOMINAL" in done.stdout


def test_a_new_project_flies(tmp_path: Path) -> None:
    assert seawall("init", "mine", at=tmp_path).returncode == 0
    assert seawall("run", "mine", "--seconds", "0.5", "--backend", "python", at=tmp_path).returncode == 0


def test_hil_and_falsify_give_their_objects(tmp_path: Path) -> None:
    done = seawall("hil", CART, "--steps", "2000", "--json", "hil.json", at=tmp_path)
    assert done.returncode in (0, 1), done.stderr  # 1: a loaded machine may miss deadlines
    result = checked(tmp_path / "hil.json", "hil-1.json")
    assert result["steps"] == 2000 and result["mismatches"] == 0
    done = seawall("falsify", CART, "--tries", "32", "--json", "-", at=tmp_path)
    assert done.returncode == 0 and json.loads(done.stdout)["left"] == []


def test_a_network_that_diverges_is_refused_and_not_deployed(tmp_path: Path) -> None:
    fast = {"network.tau_gain": [0.0] * 2, "network.tau_bias": [-8.0] * 2}
    project = make_project(tmp_path / "fast", 2, 2, **fast)  # type: ignore[arg-type]
    done = seawall("deploy", str(project), "-o", "bundle", at=tmp_path)
    assert done.returncode == 1 and not (tmp_path / "bundle").exists()
    assert "STATE-BOUNDS is REFUTED" in done.stderr and "meets its limit at step" in done.stderr


def test_weights_of_a_million_are_refused(tmp_path: Path) -> None:
    heavy: dict[str, Any] = {f"network.{name}": [[1e6] * 2] * 2 for name in ("w_in", "w_rec")}
    heavy |= {"network.tau_gain": [1e6] * 2}
    project = make_project(tmp_path / "heavy", 2, 2, **heavy)
    done = seawall("deploy", str(project), "-o", "bundle", at=tmp_path)
    assert done.returncode in (1, 3) and not (tmp_path / "bundle").exists()
    assert "STATE-BOUNDS is" in done.stderr
