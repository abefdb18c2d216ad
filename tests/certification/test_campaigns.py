"""What must repeat and what was measured are kept apart."""

from typing import Any

import pytest

from certification.campaigns import campaigns, split
from controller.errors import InputError
from tests.certification.fixture import hil_result, verify_result


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
