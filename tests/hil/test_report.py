"""The lines for a terminal: what was mended, what the target flew by itself, what the times are worth."""

from typing import Any

from hil.report import report
from tests.certification.fixture import hil_result


def lines(**more: Any) -> str:
    return "\n".join(report(hil_result() | more))


def test_what_the_target_flew_by_itself_is_shown_like_the_rest() -> None:
    text = lines()
    assert "kernel, the target flying by itself in µs: p50 0.28, " in text and "bars are logarithmic" in text
    assert "200,000 steps that the target flew by itself: the same digest" in text
    assert "and in 0 of 200,000 that the target flew by itself" in text
    other = {"steps": 5, "matches": False}
    assert "ANOTHER DIGEST" in lines(on_target=other)
    assert "by itself:" not in lines(on_target={"steps": 0, "matches": True})


def test_the_line_and_its_limits() -> None:
    assert "1 retries (10), 0 late answers (10), 1 damaged frames (10), 0 reboots (0)" in lines()


def test_what_the_times_are_worth() -> None:
    assert "times: MEASURED, by a clock that goes 0.999950 to 1.000040 times" in lines()
    doubted = {"word": "OPEN", "reasons": ["its clock stands still"], "rate": None, "tick_ns": 0}
    assert "times: OPEN, they show nothing: its clock stands still" in lines(timing=doubted)


def test_what_an_earlier_run_saw_is_shown() -> None:
    text = lines(wrong={"bits": "segment 3, step 4: another answer than the reference's"})
    assert "wrong, in this run or an earlier one: segment 3, step 4: another answer" in text
    assert "wrong" not in lines()
