"""What was seen to be wrong is written down, whatever ends the run, and stays in later results."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from controller.project import Project, load
from hil.campaign import exit_status, run
from hil.segments import Segments
from hil.targets import Embedded
from tests.hil.mutants import mutant
from tests.hil.quiet import in_no_doubt, quiet
from tests.projects import make_project

OUTCOME = "    at = wire_put(wire_put(at, self.output_digest, 8), worst_ns, 4);\n"
OTHER = "    { static int once; if (!once) { once = 1; self.output_digest ^= 1u; } }\n" + OUTCOME
TAKE = "    if (wire_get_sample(payload, n, &sample)) {\n"
MUTE = "    { static int ticks; if (kind == WIRE_TICK && ticks++ >= %d && ticks <= %d) { return; } }\n" + TAKE
REFUSED = "self.splitter.refused, 4)"
COUNTED = "(self.splitter.refused + (self.splitter.refused == 7u)), 4)"
FORGET = "{ self.nonce = 0; self.begun = 0; restart(); }"
IN_STEP = "    static wire_Sample samples[PER_STEP];\n"
TICK = "    (void)fly(request->now_us, request->missed, self.queue, self.queued);\n"
TAKEN = "    return taken < UINT32_MAX ? (uint32_t)taken : UINT32_MAX;"
LIE = "    { static int once; if (!once && self.steps > 100u) { once = 1; return 700000000u; } }\n" + TAKEN
CHECK = "out = wire_put(out, state_check(), 4);"
WRONG = "{ static int once; out = wire_put(out, state_check() ^ (self.steps == 300u && !once++), 4); }"


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project that allows one reboot."""
    allowed = {"retries": 10, "late": 10, "damaged": 10, "reboots": 1}
    return load(make_project(tmp_path_factory.mktemp("patient"), campaign=allowed))


Stop = Callable[[int, type[BaseException]], None]


@pytest.fixture
def stop(monkeypatch: pytest.MonkeyPatch) -> Stop:
    """Raises once, where so many steps are judged."""
    true, seen = Segments._judge, [0]

    def at(step: int, kind: type[BaseException]) -> None:
        def judge(self: Segments, *rest: Any) -> None:
            true(self, *rest)
            seen[0] += 1
            if seen[0] == step:
                raise kind

        monkeypatch.setattr(Segments, "_judge", judge)

    return at


def test_another_digest_before_a_silence(project: Project, tmp_path: Path) -> None:
    with Embedded(mutant(project, "agent.c", (OUTCOME, OTHER), (TAKE, MUTE % (0, 3)))) as target:
        first, second = (run(project, tmp_path, 600, target.url) for _ in range(2))
    assert "no answer to TICK" in first["error"] and "error" not in second
    assert second["on_target"]["matches"] and "ANOTHER DIGEST" in second["wrong"]["own flight"]
    assert (exit_status(first), exit_status(second)) == (1, 1)


def test_a_fault_that_was_not_met_before_a_silence(project: Project, tmp_path: Path) -> None:
    with Embedded(mutant(project, "agent.c", (REFUSED, COUNTED), (TAKE, MUTE % (130, 133)))) as target:
        first, second = (run(project, tmp_path, 100, target.url) for _ in range(2))
    assert "no answer to TICK" in first["error"] and "error" not in second
    failed = [fault["id"] for fault in first["faults"] if not fault["passed"]]
    assert failed and f"fault {failed[0]}" in second["wrong"]
    assert (exit_status(first), exit_status(second)) == (1, 1)


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_a_reboot_in_a_segment_that_is_cut_short(
    patient: Project, tmp_path: Path, stop: Stop, kind: type[BaseException]
) -> None:
    twice = "    { static int n; if (n < 2 && self.steps >= (n == 0 ? 700u : 1900u)) { n++; %s } }\n"
    with Embedded(mutant(patient, "agent.c", (IN_STEP, IN_STEP + twice % FORGET))) as target:
        stop(1500, kind)
        with pytest.raises(kind):
            run(patient, tmp_path, 5000, target.url)
        found = run(patient, tmp_path, 5000, target.url)
    assert found["line"]["reboots"] == 2 and found["line"]["above"] == ["reboots"]
    assert exit_status(found) == 1


@pytest.mark.parametrize(
    ("edit", "status"), [((TAKEN, LIE), 3), ((CHECK, WRONG), 1)], ids=["a time", "a bit"]
)
def test_what_is_seen_in_a_segment_that_is_cut_short(
    project: Project, tmp_path: Path, stop: Stop, edit: tuple[str, str], status: int
) -> None:
    with Embedded(mutant(project, "agent.c", edit)) as target:
        stop(600, KeyboardInterrupt)
        with pytest.raises(KeyboardInterrupt):
            run(project, tmp_path, 1000, target.url)
        found = run(project, tmp_path, 1000, target.url)
    assert found["mismatches"] == 0
    assert found["timing"]["reasons"] or status == 1  # a loaded machine may doubt an honest target too
    assert ("bits" in found["wrong"]) == (status == 1)
    assert exit_status(found) == status


REBOOT = "    { static int n; if (++n == 60 || (n == 130 && %d > 1)) %s }\n"


def test_a_reboot_in_the_faults_that_is_allowed(patient: Project, tmp_path: Path) -> None:
    """The fault is injected again."""
    program = mutant(patient, "agent.c", (TICK, REBOOT % (1, FORGET) + TICK))

    def flown(work: Path) -> dict[str, Any]:
        with Embedded(program) as target:
            return run(patient, work, 100, target.url)

    found = quiet(flown, in_no_doubt, tmp_path)
    assert found["line"]["reboots"] == 1 and exit_status(found) == 0
    assert "error" not in found and all(fault["passed"] for fault in found["faults"])


def test_one_more_reboot_in_the_faults_than_is_allowed(patient: Project, tmp_path: Path) -> None:
    with Embedded(mutant(patient, "agent.c", (TICK, REBOOT % (2, FORGET) + TICK))) as target:
        first, second = (run(patient, tmp_path, 100, target.url) for _ in range(2))
    assert "allow more [campaign] reboots than 1 to go on" in first["error"]
    assert first["line"]["reboots"] == second["line"]["reboots"] == 2
    assert (exit_status(first), exit_status(second)) == (1, 1)
