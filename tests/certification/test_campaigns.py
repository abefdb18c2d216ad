"""What must repeat and what was measured are kept apart."""

from typing import Any

import pytest

from certification.campaigns import campaigns, split
from controller.errors import InputError
from tests.certification.fixture import hil_result, verify_result

PROGRAM = verify_result()["program"]


def test_split_keeps_timings_out_of_what_must_repeat() -> None:
    one, two = hil_result(), hil_result()
    two["kernel_ns"]["p50"] = 300
    two["deadline_misses"] = 400
    two["histogram"] = {}
    two["target"]["machine"] = "another"
    two["target"]["clock_overhead_ns"] = 31
    two["faults"][0]["observed"] = "refused after 3 ms"
    two["resumed"] = True
    assert split(one)[0] == split(two)[0]
    assert split(one)[1] != split(two)[1]


@pytest.mark.parametrize("key", ["mismatches", "steps", "deterministic_digest", "deadline_us"])
def test_split_keeps_what_must_repeat(key: str) -> None:
    one, two = hil_result(), hil_result()
    two[key] = 7
    assert split(one)[0] != split(two)[0]


DOUBT = {"timing": {"word": "OPEN", "reasons": ["its clock stands still"]}}
LATE = {
    "steps": 9,
    "matches": True,
    "kernel_ns": {"p50": 1.0, "p99": 1.0, "p99_9": 1_000_001.0, "max": 1.1e6},
}
COUNTED = {"kernel": 0, "kernel_of": 1_000_000, "on_target": 0, "on_target_of": 200_000}


def late(kernel: int, on_target: int, allowed: int) -> dict[str, Any]:
    """A campaign with so many late steps, that the host gave and that the target flew by itself."""
    return {
        "deadline": COUNTED | {"kernel": kernel, "on_target": on_target},
        "kernel_ns": hil_result()["kernel_ns"] | {"max": 1.1e6 if kernel else 900.0},
        "late_per_million": allowed,
    }


@pytest.mark.parametrize(
    ("more", "word", "says"),
    [
        (late(17, 0, 17), "MEASURED", "No more than 17 in a million of the kernel's steps"),
        (late(17, 0, 16), "REFUTED", "More than 16 in a million"),
        (late(0, 4, 19), "REFUTED", "More than 19 in a million"),
        (late(0, 4, 20), "MEASURED", "No more than 20 in a million"),
        (late(0, 0, 0), "MEASURED", "None of the kernel's steps"),
        (late(1, 0, 0), "REFUTED", "Some of the kernel's steps"),
        (late(0, 1, 0), "REFUTED", "Some of the kernel's steps"),
        (late(0, 0, 0) | {"kernel_ns": {"max": 14e6}}, "REFUTED", "Some of"),
        (late(0, 0, 0) | {"on_target": LATE}, "REFUTED", "Some of"),
    ],
)
def test_what_is_judged_is_what_is_said(more: dict[str, Any], word: str, says: str) -> None:
    """Every late step counts, by whichever flight; a longest time above the deadline is one at least."""
    repeatable, measured = split(hil_result() | more)
    run = next(c for c in campaigns(repeatable, measured, PROGRAM) if c.id == "HIL-TIMING")
    assert run.word == word and run.text.startswith(says)


@pytest.mark.parametrize(("here", "where"), [(True, "the maker's machine"), (False, "")])
def test_what_flew_here_says_so(here: bool, where: str) -> None:
    result = hil_result()
    result["target"]["here"] = here
    assert {run.where for run in campaigns(*split(result), PROGRAM)} == {where}


@pytest.mark.parametrize(
    ("more", "word", "says"),
    [
        ({}, "MEASURED", "shorter than a round trip, the tail and the maximum are the target's word"),
        (DOUBT, "OPEN", "show nothing: its clock stands still."),
        (DOUBT | {"on_target": LATE}, "OPEN", "its clock stands still."),
        ({"on_target": LATE, "late_per_million": 4}, "REFUTED", "More than 4 in a million"),
        ({"timing": {"word": "REFUTED", "reasons": []}}, "REFUTED", "More than 1,000 in a million"),
    ],
)
def test_times_count_where_the_clock_is_in_no_doubt(more: dict[str, Any], word: str, says: str) -> None:
    repeatable, measured = split(hil_result() | more)
    run = next(c for c in campaigns(repeatable, measured, PROGRAM) if c.id == "HIL-TIMING")
    assert run.word == word and says in run.text


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ({"retries": 10, "damaged": 4, "refused": 6, "spoilt": 10}, "MEASURED"),
        ({"retries": 11, "above": ["retries"]}, "REFUTED"),
        ({"spoilt": 11, "above": ["damaged"]}, "REFUTED"),
    ],
)
def test_a_line_is_mended_as_often_as_the_project_allows(more: dict[str, Any], word: str) -> None:
    result = hil_result()
    result["line"] |= more
    repeatable, measured = split(result)
    assert next(c for c in campaigns(repeatable, measured, PROGRAM) if c.id == "HIL-LINE").word == word


@pytest.mark.parametrize(
    ("more", "name", "word", "says"),
    [
        ({"wrong": {"bits": "segment 1, step 2"}}, "HIL-BITS", "REFUTED", "earlier run of this campaign saw"),
        ({"wrong": {"own flight": "steps 0 to 9"}}, "HIL-BITS", "REFUTED", "saw: steps 0 to 9."),
        ({"wrong": {"fault hang": "NOT AS"}}, "HIL-FAULTS", "REFUTED", "saw: fault hang: NOT AS."),
        ({"wrong": {"fault hang": "NOT AS"}}, "HIL-BITS", "TESTED", "0 differ"),
        ({"error": "no answer"}, "HIL-FAULTS", "OPEN", "It did not end: no answer."),
    ],
)
def test_what_an_earlier_run_saw_counts(more: dict[str, Any], name: str, word: str, says: str) -> None:
    repeatable, measured = split(hil_result() | more)
    run = next(c for c in campaigns(repeatable, measured, PROGRAM) if c.id == name)
    assert run.word == word and says in run.text


def test_lacking_key_is_named() -> None:
    repeatable, measured = split(hil_result())
    del repeatable["mismatches"]
    with pytest.raises(InputError, match="hil: lacks 'mismatches'"):
        campaigns(repeatable, measured, verify_result()["program"])


@pytest.mark.parametrize(
    ("more", "word", "says"),
    [
        ({}, "TESTED", "0 differ."),
        ({"on_target": {"steps": 200_000, "matches": True}}, "TESTED", "200,000 more"),
        ({"on_target": {"steps": 200_000, "matches": False}}, "REFUTED", "ANOTHER digest"),
        ({"mismatches": 1}, "REFUTED", "1 differ"),
        ({"error": "target: closed the link"}, "OPEN", "did not end: target: closed the link"),
        ({"error": "target: closed the link", "mismatches": 1}, "REFUTED", "1 differ"),
    ],
)
def test_bits_hold_where_all_flights_agree_and_end(more: dict[str, Any], word: str, says: str) -> None:
    repeatable, measured = split(hil_result() | more)
    run = campaigns(repeatable, measured, verify_result()["program"])[1]
    assert (run.id, run.word) == ("HIL-BITS", word) and says in run.text
