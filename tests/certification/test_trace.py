"""The trace: verdicts per requirement, orphans in each direction, and exit statuses."""

from typing import Any

import pytest

from certification.assumptions import assumptions
from certification.campaigns import campaigns, split
from certification.models import Claim, Word
from certification.requirements import load, with_project
from certification.results import read_junit
from certification.trace import trace
from tests.certification.fixture import PROJECT_TESTS, Inputs, all_tests, junit_xml


def run(inputs: Inputs) -> dict[str, Any]:
    """The trace of the fixture's data."""
    own = inputs.own()
    repeatable, measured = split(inputs.hil or {})
    return trace(
        with_project(load(), inputs.project["requirements"], "controller.toml"),
        [Claim.model_validate(entry) for entry in inputs.verify["claims"]],
        read_junit(junit_xml(inputs.tests, inputs.outcomes).encode(), "x") if inputs.tests else [],
        campaigns(repeatable, measured, inputs.verify["program"]),
        inputs.code,
        own.results if own else [],
        inputs.project,
    )


def row(found: dict[str, Any], name: str) -> dict[str, Any]:
    return next(entry for entry in found["requirements"] if entry["id"] == name)


def test_whole_fixture_is_shown() -> None:
    found = run(Inputs())
    assert found["status"] == 0
    assert not any(found["orphans"].values())
    assert row(found, "CART-1")["means"] == ["PROVED-IEEE", "TESTED"]
    assert found["backward"]["claims"]["GUARD-RANGE"] == ["SW-GUARD-1", "CART-1"]
    assert found["backward"]["code"]["controller/kernel/guard.py"] == [
        "SW-GUARD-1",
        "SW-GUARD-2",
        "SW-GUARD-3",
        "SW-MODES-2",
    ]


def test_both_directions_agree() -> None:
    found = run(Inputs())
    for kind in ("claims", "campaigns", "code"):
        for name, owners in found["backward"][kind].items():
            assert owners == [entry["id"] for entry in found["requirements"] if name in entry[kind]]


def test_open_claim_is_not_shown() -> None:
    inputs = Inputs()
    inputs.open("GUARD-SLEW")
    found = run(inputs)
    assert (found["status"], row(found, "SW-GUARD-2")["status"]) == (3, "not shown")
    assert found["orphans"]["requirements"] == ["SW-GUARD-2"]
    assert "OPEN: z3 gave up" in row(found, "SW-GUARD-2")["reasons"][0]


def test_refuted_claim_fails_and_outweighs_open() -> None:
    inputs = Inputs()
    inputs.open("OUTPUT-BOUNDS")
    inputs.claim("GUARD-RANGE").update(word="REFUTED", reason="", counterexample={"x": "0x1p+0"})
    found = run(inputs)
    assert (found["status"], row(found, "CART-1")["status"]) == (1, "failed")


@pytest.mark.parametrize(
    ("outcome", "status", "verdict"), [("failed", 1, "failed"), ("skipped", 3, "not shown")]
)
def test_twin_that_did_not_fail_voids_its_claim(outcome: str, status: int, verdict: str) -> None:
    inputs = Inputs()
    inputs.outcomes = {inputs.claim("FINITE")["twin"]: outcome}
    found = run(inputs)
    assert (found["status"], row(found, "SW-FINITE-1")["status"]) == (status, verdict)


def test_claim_whose_twin_is_missing_is_not_shown() -> None:
    inputs = Inputs()
    inputs.suite.remove(inputs.claim("FINITE")["twin"])
    assert row(run(inputs), "SW-FINITE-1")["status"] == "not shown"
    inputs.claim("FINITE")["twin"] = ""
    assert "has no twin" in row(run(inputs), "SW-FINITE-1")["reasons"][0]


def test_weaker_word_than_accepted_is_not_shown() -> None:
    inputs = Inputs()
    inputs.claim("GUARD-RANGE").update(word="SEARCHED")
    found = run(inputs)
    assert found["status"] == 3
    assert row(found, "SW-GUARD-1")["reasons"] == ["GUARD-RANGE is SEARCHED; PROVED-IEEE is asked for"]


def test_orphans_in_each_direction() -> None:
    inputs = Inputs()
    inputs.verify["claims"].append({**inputs.claim("FINITE"), "id": "STRAY"})
    inputs.tests.append("tests/other/test_a.py::test_b")
    inputs.suite.append("tests/other/test_c.py::test_d")
    inputs.code["controller/kernel/stray.py"] = "00" * 32
    inputs.project["requirements"][0].update(claims=["NONE"], tests=["none.py"], campaigns=[])
    found = run(inputs)
    assert found["status"] == 3
    assert found["orphans"] == {
        "claims": ["STRAY"],
        "tests": ["tests/other/test_a.py::test_b", *PROJECT_TESTS[::-1]],
        "suite": ["tests/other/test_c.py::test_d"],
        "campaigns": [],
        "code": ["controller/kernel/stray.py"],
        "requirements": ["CART-1"],
    }


def test_a_single_orphan_is_enough_for_status_3() -> None:
    inputs = Inputs()
    inputs.tests.append("tests/other/test_a.py::test_b")
    found = run(inputs)
    assert found["status"] == 3
    assert all(entry["status"] == "shown" for entry in found["requirements"])


def test_failing_test_fails_even_as_an_orphan() -> None:
    inputs = Inputs()
    inputs.tests.append("tests/other/test_a.py::test_b")
    inputs.outcomes = {"tests/other/test_a.py::test_b": "failed"}
    assert run(inputs)["status"] == 1


def test_pattern_whose_tests_were_all_skipped_is_not_shown() -> None:
    inputs = Inputs()
    inputs.outcomes = {test: "skipped" for test in all_tests() if "tests/certification" in test}
    assert row(run(inputs), "SW-EVIDENCE-1")["reasons"] == ["no test that ran is tests/certification/"]


def test_without_campaign_or_tests_nothing_of_theirs_is_shown() -> None:
    inputs = Inputs(hil=None)
    found = run(inputs)
    assert (found["status"], row(found, "SW-BITS-1")["status"]) == (3, "not shown")
    inputs = Inputs(suite=[])
    assert {entry["status"] for entry in run(inputs)["requirements"] if entry["claims"]} == {"not shown"}


def test_no_sides_test_stands_for_the_others() -> None:
    """A project's test that is named as Seawall's own shows none of Seawall's, and the other way."""
    inputs = Inputs()
    inputs.tests, inputs.suite = inputs.suite, inputs.tests
    found = run(inputs)
    assert not any(r["tests"] for r in found["requirements"] if r["id"].startswith("SW-"))
    assert row(found, "SW-FINITE-1")["reasons"] == [
        f"FINITE: its twin {inputs.claim('FINITE')['twin']} was not run"
    ]
    assert row(found, "CART-1")["reasons"][-1] == "no test that ran is tests/test_cart.py"
    both = Inputs()
    both.suite += both.tests
    both.outcomes = dict.fromkeys(both.tests, "skipped")
    assert row(run(both), "CART-1")["status"] == "not shown"
    assert set(run(both)["orphans"]["suite"]) == {"tests/test_cart.py::test_settles"}


def test_a_range_without_a_source_is_told_and_counts() -> None:
    inputs = Inputs()
    inputs.project["inputs"][1]["source"] = "replace: the load cell's datasheet"
    inputs.project["outputs"][0]["source"] = " Replace: the motor's"
    found = run(inputs)
    assert (found["status"], found["unsourced"]) == (3, ["input force", "output force_command"])
    assert run(Inputs())["unsourced"] == []


@pytest.mark.parametrize(
    ("change", "requirement"),
    [
        ({"mismatches": 1}, "SW-BITS-1"),
        ({"target": {"here": True, "kernel_digest": "0", "parameter_digest": "0"}}, "SW-BITS-1"),
        ({"late_per_million": 2}, "SW-TIMING-1"),
        ({"faults": [{"id": "hang", "expected": "a", "observed": "b", "passed": False}]}, "SW-FAULTS-1"),
    ],
)
def test_failed_campaign_fails_its_requirement(change: dict[str, Any], requirement: str) -> None:
    inputs = Inputs()
    assert inputs.hil is not None
    inputs.hil.update(change)
    found = run(inputs)
    assert (found["status"], row(found, requirement)["status"]) == (1, "failed")


@pytest.mark.parametrize(
    ("change", "requirement"), [({"steps": 0}, "SW-BITS-1"), ({"faults": []}, "SW-FAULTS-1")]
)
def test_empty_campaign_shows_nothing(change: dict[str, Any], requirement: str) -> None:
    inputs = Inputs()
    assert inputs.hil is not None
    inputs.hil.update(change)
    assert row(run(inputs), requirement)["status"] == "not shown"


def claim(name: str, rests: str = "", word: Word = "PROVED-IEEE") -> Claim:
    return Claim(id=name, statement="s", word=word, assumptions=[f"as said ({rests})"] if rests else [])


def discharged(*claims: Claim) -> dict[str, list[str]]:
    judged = {c.id: {"status": "not shown" if c.word == "OPEN" else "shown"} for c in claims}
    return {entry["text"]: entry["discharged_by"] for entry in assumptions(list(claims), judged)}


def test_assumption_is_discharged_by_the_shown_claim_that_it_names() -> None:
    assert discharged(claim("A", "B"), claim("B")) == {"as said (B)": ["B"]}
    assert discharged(claim("A", "B"), claim("B", word="OPEN")) == {"as said (B)": []}
    assert discharged(claim("A", "B-1"), claim("B")) == {"as said (B-1)": []}


def test_no_circle_discharges_itself() -> None:
    assert discharged(claim("A", "A")) == {"as said (A)": []}
    assert discharged(claim("A", "B"), claim("B", "A")) == {"as said (B)": [], "as said (A)": []}
    found = discharged(claim("A", "B"), claim("B", "C"), claim("C", "A"))
    assert set(map(tuple, found.values())) == {()}
