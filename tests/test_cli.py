"""The command as its users run it: real processes, exit statuses, one sentence for bad input."""

import json
import os
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from controller.project import load
from hil.targets import Embedded
from tests.controller.odd import STATES, odd_library
from tests.hil.mutants import mutant
from tests.projects import make_project
from verification.proved import doubt

ROOT = Path(__file__).resolve().parent.parent
SCHEMAS = ROOT / "certification" / "schema"
CART = str(ROOT / "examples" / "cart")


def seawall(*words: str, at: Path | None = None, **env: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "seawall.py"), *words]
    return subprocess.run(
        command, capture_output=True, text=True, errors="replace", cwd=at or ROOT, timeout=300, check=False,
        env={**os.environ, "COLUMNS": "200", **env},
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
        ["attack", "nowhere"],
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
        ["hil", CART, "--url", "rfc2217://127.0.0.1:1"],
        ["hil", CART, "--url", "loop://?logging=x"],
        ["hil", CART, "--baud", "0"],
        ["run", CART, "--port", "rfc2217://127.0.0.1"],
        ["run", CART, "--port", "hwgrep://["],
        ["run", CART, "--baud", "fast"],
        ["run", CART, "--baud", "9600"],
        ["run", CART, "--times", "sender"],
        ["run", CART, "--times", "noon", "--port", "/dev/ttyS0"],
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


@pytest.mark.parametrize("command", ["verify", "hil", "deploy", "certify"])
@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ({"id": "SW-PID-1", "claims": ["FINITE"]}, "SW-PID-1 is a requirement of Seawall's own"),
        ({"id": "A", "claims": ["FINITES"]}, "is 'FINITES'; did you mean 'FINITE'?"),
        ({"id": "A", "campaigns": ["HIL"]}, "no campaign is 'HIL'"),
        ({"id": "A"}, "A names nothing that shows it"),
    ],
)  # fmt: skip
def test_a_requirement_that_names_nothing_is_told_before_the_work(
    command: str, entry: dict[str, Any], says: str, tmp_path: Path
) -> None:
    project = make_project(tmp_path / "p", requirement=[{"text": "It holds.", **entry}])
    done = seawall(command, str(project), at=tmp_path)
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and says in done.stderr, done.stderr
    assert "controller.toml: line " in done.stderr and list(tmp_path.iterdir()) == [project]


@pytest.mark.parametrize(
    ("junit", "entry", "says"),
    [
        ("no xml", {"claims": ["FINITE"]}, "a.xml: is not a valid XML file"),
        ("<coverage/>", {"claims": ["FINITE"]}, "a.xml: is no JUnit XML (it begins with <coverage>)"),
        (None, {"tests": ["tests/test_rig.py::test_hold"]}, "did you mean 'tests/test_rig.py::test_holds'?"),
    ],
)
def test_tests_that_show_nothing_are_told_before_the_work(
    junit: str | None, entry: dict[str, Any], says: str, tmp_path: Path
) -> None:
    project = make_project(tmp_path / "p", requirement=[{"id": "A", "text": "It holds.", **entry}])
    (project / "tests").mkdir()
    (project / "tests" / "test_rig.py").write_text("def test_holds(): pass")
    (tmp_path / "a.xml").write_text(junit or "<testsuite><testcase name='holds'/></testsuite>")
    done = seawall("certify", str(project), "--junit", "a.xml", at=tmp_path)
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and says in done.stderr, done.stderr


@pytest.mark.parametrize("state", STATES)
def test_a_process_that_rounds_or_flushes_is_told(state: str, tmp_path: Path) -> None:
    """A library that is loaded with the interpreter sets the processor's state."""
    done = seawall("run", CART, at=tmp_path, LD_PRELOAD=str(odd_library(tmp_path, state)))
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert done.stderr.startswith(f"seawall: floating point: this process {state}, ")


@pytest.mark.parametrize(
    "command", ["init", "verify", "falsify", "hil", "certify", "audit", "attack", "deploy"]
)
def test_every_command_looks_at_the_arithmetic_first(command: str, tmp_path: Path) -> None:
    done = seawall(command, "p", at=tmp_path, LD_PRELOAD=str(odd_library(tmp_path, "rounds upwards")))
    assert done.returncode == 2 and "this process rounds upwards" in done.stderr
    assert not (tmp_path / "p").exists()


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


ENCODINGS: dict[str, dict[str, str]] = {
    "ascii": {"PYTHONIOENCODING": "ascii"},
    "strict": {"PYTHONIOENCODING": "ascii:strict"},
    "latin": {"PYTHONIOENCODING": "latin-1"},
    "C": {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
    "POSIX": {"LC_ALL": "POSIX"},
}


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_no_text_is_beyond_a_terminal(encoding: str, tmp_path: Path) -> None:
    """A unit, a path and half of a character that the terminal's encoding lacks are shown as escapes."""
    folder = os.fsdecode(b"\xc3\xbc\xe2\x82\xac\xff")  # an umlaut, a euro sign, and what is no UTF-8
    environment = ENCODINGS[encoding]
    done = seawall("init", folder, at=tmp_path, **environment)
    assert done.returncode == 0 and "controller.toml" in done.stdout, done.stderr
    project = tmp_path / folder / "controller.toml"
    text = project.read_text(encoding="utf-8")
    project.write_text(re.sub(r'(?m)^unit = ".*"', 'unit = "\u00b5\u20ac\u4e2d"', text), encoding="utf-8")
    done = seawall("run", folder, "--seconds", "0.01", at=tmp_path, **environment)
    assert done.returncode == 0 and "NOMINAL" in done.stdout, done.stderr
    done = seawall("run", f"{folder}no", at=tmp_path, **environment)
    assert done.returncode == 2 and "there is no such folder" in done.stderr and done.stderr.count("\n") == 1
    done = seawall("run", folder, f"--{folder}", at=tmp_path, **environment)
    assert done.returncode == 2 and "Traceback" not in done.stderr
    done = seawall("falsify", folder, "--tries", "1", "--json", f"{folder}.json", at=tmp_path, **environment)
    assert "Traceback" not in done.stderr and (tmp_path / f"{folder}.json").exists()


def test_the_shortest_run_is_one_period(tmp_path: Path) -> None:
    done = seawall("run", CART, "--seconds", "0.0004", at=tmp_path)
    assert done.returncode == 0 and done.stdout.startswith("1 periods")


def test_run_on_the_simulated_cart(tmp_path: Path) -> None:
    done = seawall("run", CART, "--seconds", "1", at=tmp_path)
    assert done.returncode == 0 and done.stdout.startswith("1000 periods")
    assert "NOMINAL" in done.stdout


def test_a_new_project_flies(tmp_path: Path) -> None:
    assert seawall("init", "mine", at=tmp_path).returncode == 0
    assert seawall("run", "mine", "--seconds", "0.5", "--backend", "python", at=tmp_path).returncode == 0


def test_hil_and_falsify_give_their_objects(tmp_path: Path) -> None:
    done = seawall("hil", CART, "--steps", "2000", "--json", "hil.json", at=tmp_path)
    assert done.returncode in (0, 1, 3), done.stderr  # a loaded machine may miss deadlines, or be in doubt
    result = checked(tmp_path / "hil.json", "hil-1.json")
    assert result["steps"] == 2000 and result["mismatches"] == 0
    done = seawall("falsify", CART, "--tries", "32", "--json", "-", at=tmp_path)
    (tmp_path / "falsify.json").write_text(done.stdout)
    assert done.returncode == 0 and checked(tmp_path / "falsify.json", "falsify-1.json")["left"] == []
    said = [line.split(":")[1] for line in done.stderr.splitlines() if line.startswith("seawall: ")]
    assert said[0] == " falsify begin" and said[-1] == " falsify end"


def test_the_version(tmp_path: Path) -> None:
    done = seawall("--version", at=tmp_path)
    assert (done.returncode, done.stdout) == (0, f"seawall {version('seawall')}\n")


def test_a_network_that_nobody_proved_is_flown_with_a_warning(tmp_path: Path) -> None:
    done = seawall("run", CART, "--seconds", "0.1", "--backend", "python", at=tmp_path)
    said = next(line for line in done.stderr.splitlines() if "proved" in line)
    assert said.startswith("seawall: warning: this network is not known to be proved: build/cart/proved ")
    assert said.endswith(f"run seawall verify {CART}")


def test_a_disk_that_is_full_costs_no_campaign(tmp_path: Path) -> None:
    """The result has no room, so that its journal is kept; with room, the next run gives it."""
    words = ["hil", CART, "--steps", "2000", "--work", "work", "--json"]
    done = seawall(*words, "/dev/full", at=tmp_path)
    assert done.returncode == 2
    said = done.stderr.splitlines()[-1]
    assert "--json /dev/full: can't be written (No space left on device)" in said
    assert len(list((tmp_path / "work" / "hil").glob("hil-journal-*.json"))) == 1
    seawall(*words, "hil.json", at=tmp_path)
    assert checked(tmp_path / "hil.json", "hil-1.json")["resumed"]
    assert not list((tmp_path / "work" / "hil").glob("hil-journal-*.json"))


def test_the_times_of_a_target_that_lies_are_not_shown(tmp_path: Path) -> None:
    """Its clock always reads 0."""
    lie = ("(uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec", "0")
    with Embedded(mutant(load(CART), "main.c", lie)) as target:
        done = seawall("hil", CART, "--url", target.url, "--steps", "100", "--json", "hil.json", at=tmp_path)
    assert done.returncode == 3 and "times: OPEN, they show nothing: its clock stands still" in done.stdout
    assert checked(tmp_path / "hil.json", "hil-1.json")["timing"]["word"] == "OPEN"


def test_a_network_that_diverges_is_refused_and_not_deployed(tmp_path: Path) -> None:
    fast = {"network.tau_gain": [0.0] * 2, "network.tau_bias": [-8.0] * 2}
    project = make_project(tmp_path / "fast", 2, 2, **fast)  # type: ignore[arg-type]
    done = seawall("deploy", str(project), "-o", "bundle", "--json", "refusal.json", at=tmp_path)
    assert done.returncode == 1 and not (tmp_path / "bundle").exists()
    assert "STATE-BOUNDS is REFUTED" in done.stderr and "meets its limit at step" in done.stderr
    assert "proofs" not in done.stderr  # the adversary is asked first
    said = checked(tmp_path / "refusal.json", "refusal-1.json")
    assert said["refusal"]["text"] in done.stderr and said["refusal"]["text"] in said["claims"][0]["reason"]
    assert "the largest dt/tau is 5.96 (neuron 0, dt 2000 us, substeps 1), beyond RK4's 2.785" in done.stderr
    assert "controller.substeps = 5 (not tried); dt.high_us = 432 (not tried); tau_bias[0] = " in done.stderr
    assert "build/test/proved records that STATE-BOUNDS is REFUTED" in doubt(
        tmp_path / "build" / "test", load(project)
    ).replace(f"{tmp_path}/", "")


def test_weights_of_a_million_are_refused(tmp_path: Path) -> None:
    heavy: dict[str, Any] = {f"network.{name}": [[1e6] * 2] * 2 for name in ("w_in", "w_rec")}
    heavy |= {"network.tau_gain": [1e6] * 2}
    project = make_project(tmp_path / "heavy", 2, 2, **heavy)
    done = seawall("deploy", str(project), "-o", "bundle", at=tmp_path)
    assert done.returncode in (1, 3) and not (tmp_path / "bundle").exists()
    assert "STATE-BOUNDS is" in done.stderr
