"""A line that breaks, a target that restarts, answers that are half, late, double, damaged or too short:
each is noticed, counted, and held against what the project allows."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from controller.ports.messages import Kind, header
from controller.project import Project, load
from hil.campaign import exit_status, run
from hil.identity import check_identity
from hil.link import Link, TargetRebooted
from hil.messages import NONCE
from hil.targets import Embedded
from tests.hil.mutants import mutant
from tests.hil.quiet import in_no_doubt, quiet
from tests.projects import make_project

FORGET = "once = 1; self.nonce = 0; self.begun = 0; restart();"
REBOOT = "    { static int once; if (!once && self.steps >= %du) { " + FORGET + " } }\n"
IN_STEP = "    static wire_Sample samples[PER_STEP];\n"
IN_CAMPAIGN = "    memset(self.bins, 0, sizeof self.bins);\n"
IN_WRITE = "void port_write(const uint8_t *bytes, size_t n)\n{\n"
EVERY = "    static unsigned frame;\n    const int bad = ++frame % 500u == 0;\n"


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project that allows one reboot."""
    allowed = {"retries": 3, "late": 3, "damaged": 3, "reboots": 1}
    return load(make_project(tmp_path_factory.mktemp("patient"), campaign=allowed))


def flown(project: Project, work: Path, file: str, edit: tuple[str, str], steps: int = 900) -> dict[str, Any]:
    """A campaign against a target with one thing wrong."""
    with Embedded(mutant(project, file, edit)) as target:
        return run(project, work, steps, target.url)


class TestReboots:
    @pytest.mark.parametrize("place", [IN_STEP, IN_CAMPAIGN], ids=["in a segment", "in its own flight"])
    def test_one_is_noticed_and_ends_the_campaign(self, project: Project, tmp_path: Path, place: str) -> None:
        after = 300 if place == IN_STEP else 900
        found = flown(project, tmp_path, "agent.c", (place, place + REBOOT % after))
        assert "was started anew, or taken over" in found["error"]
        assert (found["mismatches"], found["line"]["reboots"]) == (0, 1)
        assert exit_status(found) == 1

    @pytest.mark.parametrize("place", [IN_STEP, IN_CAMPAIGN], ids=["in a segment", "in its own flight"])
    def test_where_one_is_allowed_its_part_is_flown_again(
        self, patient: Project, tmp_path: Path, place: str
    ) -> None:
        after = 300 if place == IN_STEP else 900
        edit = (place, place + REBOOT % after)
        found = quiet(lambda work: flown(patient, work, "agent.c", edit), in_no_doubt, tmp_path)
        assert "error" not in found and found["line"]["reboots"] == 1
        assert found["mismatches"] == 0 and found["on_target"]["matches"]
        assert found["steps"] == sum(found["modes"].values()) == 900
        least = 1200 if place == IN_STEP else 900  # the times of the steps before it are not lost
        assert found["deadline"]["kernel_of"] >= least
        assert found["timing"]["reasons"] == [] and found["line"]["above"] == []

    def test_a_loss_of_power_between_two_segments(self, project: Project, tmp_path: Path) -> None:
        with Embedded(mutant(project, "agent.c")) as target:

            def cut(what: str, done: int, total: int) -> None:
                if (what, done) == ("steps on the target", 10_000):
                    target.kill()
                    target.start()

            found = run(project, tmp_path, 10_500, target.url, progress=cut)
            again = run(project, tmp_path, 10_500, target.url)
        assert "was started anew" in found["error"] and "10000 steps are kept" in found["error"]
        assert "allow more [campaign] reboots than 0 to go on" in found["error"]
        assert found["line"]["reboots"] == again["line"]["reboots"] == 1
        assert again["steps"] == 10_500 and again["line"]["above"] == ["reboots"] and exit_status(again) == 1

    def test_another_program_that_takes_the_target_over(self, link: Link, project: Project) -> None:
        check_identity(link, project)
        link.send(header(Kind.IDENTIFY, 1) + NONCE.pack(5))  # as another program on the wire would begin
        with pytest.raises(TargetRebooted, match="taken over, in the middle of a conversation"):
            link.clock()
        assert link.counts().reboots == 1


LINES = {
    "half answers": ("    n = bad ? n / 2 : n;\n", {"retries", "damaged"}),
    "answers with a bit flipped": (
        "    uint8_t spoilt[5000];\n    for (size_t i = 0; i < n; i++) { spoilt[i] = bytes[i]; }\n"
        "    spoilt[3] ^= bad ? 0x10u : 0u;\n    bytes = spoilt;\n",
        {"retries", "damaged"},
    ),
    "answers that never come": ("    n = bad ? 0 : n;\n", {"retries"}),
    "answers that come twice": ("    if (bad) { port_write(bytes, n); }\n", {"late"}),
}


@pytest.mark.parametrize("wrong", LINES)
def test_what_is_mended_leaves_its_trace(project: Project, tmp_path: Path, wrong: str) -> None:
    spoil, kinds = LINES[wrong]
    edit = (IN_WRITE, IN_WRITE + EVERY + spoil)
    found = quiet(lambda work: flown(project, work, "main.c", edit), in_no_doubt, tmp_path)
    assert "error" not in found and found["mismatches"] == 0
    counts = {name: found["line"][name] for name in ("retries", "late", "damaged", "refused", "reboots")}
    assert all(counts[name] for name in kinds), counts
    assert found["line"]["above"] == [] and found["timing"]["reasons"] == []


def test_more_than_the_project_allows_fails(patient: Project, tmp_path: Path) -> None:
    often = EVERY.replace("500u", "50u") + LINES["answers that come twice"][0]
    found = flown(patient, tmp_path, "main.c", (IN_WRITE, IN_WRITE + often))
    assert found["line"]["late"] > 3 and found["line"]["above"] == ["late"]
    assert exit_status(found) == 1


def test_frames_that_the_target_refuses_are_counted(link: Link) -> None:
    link.clock()
    link.write(b"\x03\x01\x02\x00")
    link.clock()
    assert link.counts().refused == 1


SHORT = "    answer_and_keep(at);\n}\n\nstatic void reset"
ANSWERS = {
    "a short one": (SHORT, SHORT.replace("(at)", "(at - 3)"), "(it has "),
    "no bins": ("if (self.bins[i] != 0)", "if (self.bins[i] == UINT32_MAX)", "the times of 0 steps"),
    "counts of ten times as many": (
        "i, 2), self.bins[i], 4)",
        "i, 2), 10u * self.bins[i], 4)",
        "the times of 9,000 steps",
    ),
}


class TestItsOwnFlight:
    @pytest.mark.parametrize("answer", ANSWERS)
    def test_an_answer_that_can_not_be_ends_the_campaign(
        self, project: Project, tmp_path: Path, answer: str
    ) -> None:
        old, new, reason = ANSWERS[answer]
        found = flown(project, tmp_path, "agent.c", (old, new))
        assert "its answer to CAMPAIGN can't be read" in found["error"] and reason in found["error"]
        assert (exit_status(found), found["timing"]["word"]) == (1, "OPEN")

    def test_more_than_a_second_a_step_is_not_believed(self, project: Project, tmp_path: Path) -> None:
        edit = (
            "        self.bins[bin_of(ns)]++;\n",
            "        ns = 1140000000u;\n        self.bins[bin_of(ns)]++;\n",
        )
        found = flown(project, tmp_path, "agent.c", edit)
        assert any("900 steps took" in reason for reason in found["timing"]["reasons"])
        assert exit_status(found) == 3

    def test_its_times_are_judged_and_shown_like_the_rest(self, tmp_path: Path) -> None:
        """A deadline that every step of its own misses: 20 us, and a step that spins for 50."""
        late = {
            "timing.deadline_us": 20,
            "timing.budget_us": dict.fromkeys(("sensor", "preprocess", "network", "output"), 5),
        }
        project = load(make_project(tmp_path, **late))
        spin = "const uint64_t until = port_now_ns() + 50000u; while (port_now_ns() < until) { }"
        place = "    taken = port_now_ns() - begin;\n"
        own = f"    if (self.stream.index > 0) {{ {spin} }}\n"
        edit = (place, own + place)
        found = quiet(
            lambda work: flown(project, work, "agent.c", edit, 1000), in_no_doubt, tmp_path / "work"
        )
        assert found["timing"]["reasons"] == []
        assert (
            found["deadline"]["on_target"] > 990
            and found["deadline_misses"] >= found["deadline"]["on_target"]
        )
        assert sum(count for _, count in found["histogram"]["on_target_ns"]) == 1000
        assert (found["timing"]["word"], exit_status(found)) == ("REFUTED", 1)

    def test_steps_that_were_flown_again_count_too(self, project: Project, tmp_path: Path) -> None:
        """A first flight that the host sees to take too long is flown again, and then a step is late."""
        spin = "const uint64_t until = port_now_ns() + %su; while (port_now_ns() < until) { }"
        again = "static int flights; flights++;"
        hidden = f"{again} if (flights == 1) {{ {spin % '900000000'} }}"
        told = f"if (flights == 2 && n == 0) {{ {spin % '3000000'} ns = 3000000u; }}"
        begin, count = "    memset(self.bins, 0, sizeof self.bins);\n", "        self.bins[bin_of(ns)]++;\n"
        program = mutant(project, "agent.c", (begin, hidden + begin), (count, told + count))
        with Embedded(program) as target:
            found = run(project, tmp_path, 900, target.url)
        assert found["on_target"]["steps"] == 900
        assert found["deadline"]["on_target_of"] == found["on_target"]["kernel_ns"]["count"] >= 1800
        assert found["deadline"]["on_target"] >= 1 and found["on_target"]["kernel_ns"]["max"] >= 3e6

    def test_steps_that_the_host_gives_for_their_times_alone_count_too(
        self, project: Project, tmp_path: Path
    ) -> None:
        found = run(project, tmp_path, 10)
        assert found["steps"] == 10 and found["mismatches"] == 0
        assert found["deadline"]["kernel_of"] == found["kernel_ns"]["count"] > 10


def test_a_conversation_begins_where_the_targets_last_request_had_any_number(
    target: Embedded, project: Project
) -> None:
    """The numbers that a link used to begin with: the target took them for ones that it had answered."""
    for last in range(1, 6):
        with Link(target.url) as link:
            link.exchange(header(Kind.RESET, last), Kind.RESET + 0x80)
        with Link(target.url) as link:
            check_identity(link, project)
            link.clock()
            link.reset()


HANGING = """
import sys, time
from controller.project import load
from hil.link import Link
from hil.targets import embedded
target = embedded(load(sys.argv[1]))
Link(target.url).clock()
target.hang()
print(target._process.pid, flush=True)
time.sleep(600)
"""


def test_a_target_that_was_stopped_ends_with_the_bench_that_was_killed(project: Project) -> None:
    command = [sys.executable, "-c", HANGING, str(project.root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as bench:
        assert bench.stdout is not None
        pid = int(bench.stdout.readline())
        os.kill(bench.pid, signal.SIGKILL)
    limit = time.monotonic() + 20
    while alive(pid) and time.monotonic() < limit:
        time.sleep(0.02)
    assert not alive(pid)


def alive(pid: int) -> bool:
    """Whether a process is there that is no zombie."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except FileNotFoundError:
        return False
