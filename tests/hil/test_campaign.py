"""Whole campaigns on the embedded target: the result's shape, what is caught, and going on after a kill."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from controller.errors import InputError
from controller.project import Project, load
from hil import campaign, journal
from hil.campaign import exit_status, run
from hil.identity import TargetRefused
from hil.journal import Tally
from hil.link import Counts
from hil.targets import Embedded
from tests.hil.mutants import mutant
from tests.projects import make_project

SCHEMA = json.loads(Path("certification/schema/hil-1.json").read_text(encoding="utf-8"))
STEPS = 10_500  # more than one segment


@pytest.fixture(scope="module")
def result(project: Project, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """One campaign, as JSON reads it back."""
    found = run(project, tmp_path_factory.mktemp("work"), STEPS)
    back: dict[str, Any] = json.loads(json.dumps(found, allow_nan=False))
    return back


class TestResult:
    def test_it_has_the_committed_shape(self, result: dict[str, Any]) -> None:
        jsonschema.validate(result, SCHEMA)

    def test_the_exit_status_is_1_for_each_thing_that_fails(self, result: dict[str, Any]) -> None:
        quick = {**result, "kernel_ns": {"p99_9": 1.0e3 * result["deadline_us"]}}
        assert exit_status(quick) == 0
        broken = {**result["faults"][0], "passed": False}
        for failure in (
            {"mismatches": 1},
            {"error": "no answer"},
            {"on_target": {"matches": False}},
            {"timing": {**result["timing"], "word": "REFUTED"}},
            {"wrong": {"bits": "segment 0, step 3"}},
            {"line": {**result["line"], "above": ["late"]}},
            {"faults": [*result["faults"], broken]},
        ):
            assert exit_status({**quick, **failure}) == 1

    def test_every_step_was_compared(self, result: dict[str, Any]) -> None:
        assert (result["steps"], result["mismatches"], result["first_mismatch"]) == (STEPS, 0, None)
        assert result["reference"]["native_steps"] == STEPS
        assert result["reference"]["python_steps"] == campaign.PYTHON_FIRST + campaign.PYTHON_EACH
        assert result["on_target"]["matches"] and result["on_target"]["steps"] == STEPS

    def test_every_time_is_in_a_histogram(self, result: dict[str, Any]) -> None:
        bars = result["histogram"]
        assert sum(count for _, count in bars["kernel_ns"]) == result["deadline"]["kernel_of"] >= STEPS
        assert sum(count for _, count in bars["on_target_ns"]) == result["deadline"]["on_target_of"] >= STEPS
        assert sum(count for _, count in bars["round_trip_us"]) == 2 * campaign.SINGLE
        for name in ("kernel_ns", "round_trip_us"):
            times = result[name]
            assert 0 < times["p50"] <= times["p99"] <= times["p99_9"] <= times["max"]
        assert result["worst_input"]["kernel_ns"] == result["kernel_ns"]["max"]

    def test_every_mode_was_flown_and_every_fault_met(self, result: dict[str, Any]) -> None:
        assert sum(result["modes"].values()) == STEPS
        assert set(result["modes"]) == {"NOMINAL", "FALLBACK", "SAFE"}
        assert len(result["faults"]) == 11 and result["not_injected"] == []
        assert [fault["observed"] for fault in result["faults"] if not fault["passed"]] == []

    def test_another_run_gives_the_same_digest_and_another_seed_another(
        self, project: Project, tmp_path: Path, result: dict[str, Any]
    ) -> None:
        again = run(project, tmp_path, STEPS)
        assert again["deterministic_digest"] == result["deterministic_digest"]
        first, other = (run(project, tmp_path, 100, seed=seed) for seed in (1, 2))
        assert first["deterministic_digest"] != other["deterministic_digest"]


def flown(project: Project, work: Path, program: Path, steps: int = 3000) -> dict[str, Any]:
    """A campaign against another program, at a port."""
    with Embedded(program) as target:
        return run(project, work, steps, target.url)


def last_bit(project: Project) -> tuple[str, str]:
    """The decoder's offset, and the same with its last bit changed."""
    text = project.law.network.b_out[0].hex()
    digit = text[text.index("p") - 1]
    other = f"{int(digit, 16) ^ 1:x}"
    return f".b_out = {{{text}}}", f".b_out = {{{text.replace(digit + 'p', other + 'p')}}}"


class TestCaught:
    def test_a_parameter_changed_in_its_last_bit(self, project: Project, tmp_path: Path) -> None:
        found = flown(project, tmp_path, mutant(project, "parameters.c", last_bit(project)))
        assert found["mismatches"] > 0 and not found["on_target"]["matches"]
        assert found["first_mismatch"]["expected"] != found["first_mismatch"]["told"]
        assert exit_status(found) == 1

    def test_an_inbox_counter_that_is_off_by_one(self, project: Project, tmp_path: Path) -> None:
        """It shows in no output: only the check over the whole state sees it."""
        edit = ("box->late = 0;", "box->late = 1;")
        found = flown(project, tmp_path, mutant(project, "kernel.c", edit))
        assert found["mismatches"] == 3000

    def test_a_target_that_flies_another_stream_by_itself(self, project: Project, tmp_path: Path) -> None:
        edit = ("((r >> 3) & 15u) == 0", "((r >> 3) & 15u) == 1")
        found = flown(project, tmp_path, mutant(project, "inputs.h", edit))
        assert found["mismatches"] == 0 and not found["on_target"]["matches"]
        assert exit_status(found) == 1

    def test_another_kernel_is_refused_before_the_first_step(self, project: Project, tmp_path: Path) -> None:
        other = load(make_project(tmp_path / "other", seed=1))
        refused = pytest.raises(TargetRefused, match="runs another parameter table")
        with Embedded(mutant(other, "agent.c")) as target, refused:
            run(project, tmp_path / "work", 100, target.url)

    def test_a_target_that_stops_in_flight_is_marked_and_the_next_run_goes_on(
        self, project: Project, tmp_path: Path
    ) -> None:
        stop = ("    self.steps++;", "    if (++self.steps == 10200u) { for (;;) { } }")
        program = mutant(project, "agent.c", stop)
        with Embedded(program) as target:
            found = run(project, tmp_path, STEPS, target.url)
            assert "no answer to STEP" in found["error"] and "10000 steps are kept" in found["error"]
            assert exit_status(found) == 1
            assert sum(found["modes"].values()) == found["steps"] == 10_000 < found["deadline"]["kernel_of"]
            jsonschema.validate(found, SCHEMA)
            target.replace(mutant(project, "agent.c"))
            again = run(project, tmp_path, STEPS, target.url)
        assert again["resumed"] and again["steps"] == STEPS and again["mismatches"] == 0
        assert again["on_target"]["matches"] and "error" not in again


class TestInput:
    def test_no_steps(self, project: Project, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="--steps 0: must be from 1"):
            run(project, tmp_path, 0)

    def test_a_work_folder_that_is_a_file(self, project: Project, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(InputError, match="give another --work"):
            run(project, tmp_path / "file", 10)

    def test_more_inputs_than_a_frame_holds(self, tmp_path: Path) -> None:
        wide = load(make_project(tmp_path, inputs=85, hidden=2))
        with pytest.raises(InputError, match="85 inputs and 1 outputs do not fit"):
            run(wide, tmp_path / "work", 10)

    def test_the_widest_project_that_fits(self, tmp_path: Path) -> None:
        wide = load(make_project(tmp_path, inputs=84, hidden=2, outputs=3))
        found = run(wide, tmp_path / "work", 60)
        assert found["mismatches"] == 0 and found["on_target"]["matches"]


CHILD = """
import sys
from pathlib import Path
from controller.project import load
from hil.campaign import run
run(load(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
"""


KILLED = """
import os, sys
from pathlib import Path
from controller.project import load
from hil.campaign import run
def killed(what, done, total):
    if done == 10_000:
        os.kill(os.getpid(), 9)
run(load(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), progress=killed)
"""


class TestResume:
    def test_same_digest(self, project: Project, tmp_path: Path) -> None:
        """A real kill -9 where the first segment is kept; the rerun ends as one without a kill."""
        work, steps = tmp_path / "work", 20_100
        command = [sys.executable, "-c", KILLED, str(project.root), str(work), str(steps)]
        assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
        assert steps_kept(work) == 10_000
        again = run(project, work, steps)
        assert again["resumed"] and again["steps"] == steps
        whole = run(project, tmp_path / "fresh", steps)
        assert not whole["resumed"]
        for key in ("deterministic_digest", "mismatches", "modes", "reference"):
            assert again[key] == whole[key]
        assert not journals(work)

    @pytest.mark.parametrize("torn", ["", "{", "[]", '{"key": 1}', '{"key": {}, "tally": {"done": 1}}'])
    def test_a_torn_journal_begins_again(self, tmp_path: Path, torn: str) -> None:
        journal.path(tmp_path, {}).write_text(torn, encoding="utf-8")
        assert journal.restore(tmp_path, {}) == Tally()

    @pytest.mark.parametrize("old_new", [("3", "4"), ("null", '"x"'), ('"mismatches": 1', '"mismatches": 0')])
    def test_a_journal_changed_by_hand_begins_again(self, tmp_path: Path, old_new: tuple[str, str]) -> None:
        journal.keep(tmp_path, {"seed": 1}, Tally(done=3, steps=30_000, chain="ab", mismatches=1))
        path = journal.path(tmp_path, {"seed": 1})
        text = path.read_text(encoding="utf-8")
        assert old_new[0] in text
        path.write_text(text.replace(*old_new, 1), encoding="utf-8")
        assert journal.restore(tmp_path, {"seed": 1}) == Tally()

    def test_what_went_wrong_is_kept_in_the_journal(self, tmp_path: Path) -> None:
        tally = Tally(done=1, line=Counts(retries=2, reboots=1), doubts={"rate": "its clock went on"})
        journal.keep(tmp_path, {"seed": 1}, tally)
        assert journal.restore(tmp_path, {"seed": 1}) == tally

    def test_a_journal_of_another_campaign_is_not_used(self, tmp_path: Path) -> None:
        journal.keep(tmp_path, {"seed": 1}, Tally(done=3, steps=30_000, chain="ab"))
        assert journal.restore(tmp_path, {"seed": 1}).done == 3
        assert journal.restore(tmp_path, {"seed": 2}) == Tally()

    @pytest.mark.parametrize("other", [{"steps": 300}, {"seed": 2}, {"deadline_us": 900}], ids=str)
    def test_another_campaign_in_the_same_folder_costs_no_journal(
        self, project: Project, tmp_path: Path, other: dict[str, Any]
    ) -> None:
        """Nor does it use it: a resumed campaign would count the misses of two deadlines in one."""
        budget = dict.fromkeys(("sensor", "preprocess", "network", "output"), 1)
        timing = {"deadline_us": other.pop("deadline_us", 1000), "budget_us": budget}
        apart = load(make_project(tmp_path / "other", timing=timing))
        work = tmp_path / "work"
        with pytest.raises(ZeroDivisionError), campaign.flown(project, work, 200):
            raise ZeroDivisionError
        assert not run(apart, work, **{"steps": 200, **other})["resumed"]
        assert len(journals(work)) == 1
        assert run(project, work, 200)["resumed"] and not journals(work)

    def test_the_journal_is_forgotten_last(self, project: Project, tmp_path: Path) -> None:
        with pytest.raises(ZeroDivisionError), campaign.flown(project, tmp_path, 200) as result:
            assert not result["resumed"]
            raise ZeroDivisionError
        with campaign.flown(project, tmp_path, 200) as result:
            assert result["resumed"] and result["steps"] == 200
            assert journals(tmp_path)
        assert not journals(tmp_path)

    def test_two_campaigns_do_not_share_a_folder(self, project: Project, tmp_path: Path) -> None:
        command = [sys.executable, "-c", CHILD, str(project.root), str(tmp_path), "1000000"]
        with subprocess.Popen(command) as child:
            while child.poll() is None and not journals(tmp_path):
                time.sleep(0.005)
            with pytest.raises(InputError, match="another campaign keeps its journal here"):
                run(project, tmp_path, 10)
            child.kill()
        assert run(project, tmp_path, 10)["steps"] == 10


def journals(work: Path) -> list[Path]:
    """Those of all campaigns in a folder."""
    return sorted(work.glob(journal.NAME.format("*")))


def steps_kept(work: Path) -> int:
    """What the one journal holds."""
    return sum(int(json.loads(path.read_text(encoding="utf-8"))["tally"]["steps"]) for path in journals(work))


@pytest.mark.soak
def test_a_million_steps(project: Project, tmp_path: Path) -> None:
    found = run(project, tmp_path, 1_000_000)
    assert found["mismatches"] == 0 and found["on_target"]["matches"]
