"""Every fault is met as declared; and each check can fail: a twin that lacks the protection is caught."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from controller.project import Project, load
from hil import faults
from hil.faults import FAULTS, NEED_PROCESS, Bench, inject
from hil.link import Link
from hil.targets import Embedded, Port, agent_sources, embedded
from tests.hil.mutants import mutant
from tests.projects import make_project

BY_ID = {fault.id: fault for fault in FAULTS}
NO_CRC = ("if (data[body + i] != wire_check(crc, i)) {", "if (crc == 0 && data[body + i] == 0) {")
NO_SIZE = (" || WIRE_BODY(size) != body) {", ") {")
NEVER_STALE = (".stale_us = {5000, 5000}", ".stale_us = {900000000, 900000000}")
TWINS = {
    "corrupted-frame": ("wire.h", NO_CRC),
    "truncated-frame": ("wire.h", NO_CRC, NO_SIZE),
    "duplicated-frame": ("agent.c", ("if (self.begun && ahead == 0) {", "if (self.begun > 1) {")),
    "reordered-frames": ("agent.c", ("ahead >= UINT32_C(0x80000000)", "ahead == UINT32_MAX")),
    "missing-frames": ("parameters.c", NEVER_STALE),
    "stale-sensor": ("parameters.c", NEVER_STALE),
    "nan-sensor": ("kernel.c", ("NOT_FINITE = 0x1.31cfd3999f7b0p+993", "NOT_FINITE = 0x0.0p+0")),
}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.id)
def test_each_fault_is_met(project: Project, target: Embedded, link: Link, fault: faults.Fault) -> None:
    found = inject(fault, Bench(project, target, link))
    assert found["passed"], found["observed"]


def modes(found: dict[str, str]) -> set[str]:
    return set(found["mode_seen"].split(", "))


@pytest.mark.parametrize(
    ("name", "mode"),
    [("corrupted-frame", "FALLBACK"), ("missing-frames", "SAFE"), ("hang", "FALLBACK"), ("reset", "SAFE")],
)
def test_the_mode_is_seen_at_work(
    project: Project, target: Embedded, link: Link, name: str, mode: str
) -> None:
    assert mode in modes(inject(BY_ID[name], Bench(project, target, link)))


def test_where_the_pid_reads_the_only_channel_its_loss_is_safe(tmp_path: Path) -> None:
    project = load(make_project(tmp_path, inputs=1, hidden=3, outputs=2))
    with embedded(project) as target, Link(target.url) as link:
        for name in ("corrupted-frame", "missing-frames", "nan-sensor", "stale-sensor"):
            found = inject(BY_ID[name], Bench(project, target, link))
            assert found["passed"], found["observed"]
            assert "SAFE" in modes(found) and "FALLBACK" not in modes(found)


@pytest.mark.parametrize("name", TWINS)
def test_a_twin_without_the_protection_is_caught(project: Project, name: str) -> None:
    file, *edits = TWINS[name]
    assert isinstance(file, str)
    program = mutant(project, file, *[edit for edit in edits if isinstance(edit, tuple)])
    with Embedded(program) as target, Link(target.url) as link:
        found = inject(BY_ID[name], Bench(project, target, link))
    assert not found["passed"]
    assert found["observed"].startswith("NOT AS DECLARED")


class NeverHangs(Embedded):
    """Its hang is no hang."""

    def hang(self) -> None:
        pass


class NeverResets(Embedded):
    """Its reset is no reset."""

    def kill(self) -> None:
        pass

    def start(self) -> None:
        if self._process is None:
            super().start()

    def close(self) -> None:
        Embedded.kill(self)
        super().close()


@pytest.mark.parametrize(("name", "twin"), [("hang", NeverHangs), ("reset", NeverResets)])
def test_a_fault_that_did_not_happen_is_not_passed(
    project: Project, target: Embedded, name: str, twin: type[Embedded]
) -> None:
    with twin(target.program) as other, Link(other.url) as link:
        assert not inject(BY_ID[name], Bench(project, other, link))["passed"]


@pytest.mark.parametrize("name", ["other-kernel", "other-parameters"])
def test_another_program_that_lies_about_itself_is_not_passed_as_refused(
    project: Project, target: Embedded, link: Link, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lying(other: Project) -> dict[str, str]:
        return {**agent_sources(other), "identity.h": agent_sources(project)["identity.h"]}

    monkeypatch.setattr(faults, "agent_sources", lying)
    found = inject(BY_ID[name], Bench(project, target, link))
    assert not found["passed"]
    assert "NOT AS DECLARED: accepted" in found["observed"]


def test_a_target_at_a_port_gets_the_faults_that_need_no_process(project: Project, target: Embedded) -> None:
    with Link(target.url) as link:
        found: list[dict[str, Any]] = []
        faults.run(project, Port(target.url), link, lambda *_: None, lambda part: part(), found)
    assert [fault["id"] for fault in found] == [f.id for f in FAULTS if f.id not in NEED_PROCESS]
    assert all(fault["passed"] for fault in found)


def test_a_wrong_reference_is_noticed_by_every_fault_that_flies(
    project: Project, target: Embedded, link: Link
) -> None:
    """The bench compares bits: with a law that differs in one setpoint's last bits, no fault passes."""
    law = replace(project.law, pid=replace(project.law.pid, setpoint=[1.0e-12]))
    bench = Bench(replace(project, law=law), target, link)
    found = inject(BY_ID["missing-frames"], bench)
    assert "NOT AS DECLARED" in found["observed"] and "differ from the reference" in found["observed"]
