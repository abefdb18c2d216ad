"""The lines that a command's stages give where there is no terminal: few, with their seconds."""

from itertools import pairwise
from pathlib import Path

import pytest

from certification import stages
from certification.stages import EVERY_S, Lines


class Clock:
    """A clock that is set."""

    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_a_stage_has_its_begin_and_its_end_and_a_line_a_minute() -> None:
    said: list[tuple[float, str]] = []
    clock = Clock()
    lines = Lines(lambda sentence: said.append((clock.now_s, sentence)), clock)
    for done in range(1001):
        clock.now_s = 0.15 * done
        lines.call("proofs", done, 1000)
    assert [text for _, text in said] == [
        "proofs begin: 0 of 1,000",
        "proofs: 400 of 1,000 after 60 s",
        "proofs: 800 of 1,000 after 120 s",
        "proofs end: 1,000 of 1,000 after 150 s",
    ]
    lines.call("proofs", 1000, 1000)
    assert len(said) == 4
    assert all(b - a >= EVERY_S for (a, _), (b, _) in pairwise(said[:-1]))


def test_a_stage_that_is_silent_is_told_of_until_it_ends() -> None:
    said: list[str] = []
    clock = Clock()
    lines = Lines(said.append, clock)
    lines.call("compile", 0, 1)
    for clock.now_s in (30.0, 60.0, 90.0, 120.0):
        lines.beat()
    lines.call("compile", 1, 1)
    lines.beat()
    assert said == [
        "compile: begun",
        "compile: not ended after 60 s",
        "compile: not ended after 120 s",
        "compile: ended after 120 s",
    ]


def test_a_stage_that_comes_again_begins_again() -> None:
    said: list[str] = []
    lines = Lines(said.append, Clock())
    for done in (0, 50, 0, 100):
        lines.call("falsify", done, 100)
    assert [text.split(":")[0] for text in said] == ["falsify begin", "falsify begin", "falsify end"]


def test_what_is_taken_over_is_said_once_and_what_is_kept_at_the_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stages, "_done", {})
    said: list[str] = []
    assert stages.stopped().startswith("stopped: nothing is kept")
    call = stages.remembered(lambda *_: None, tmp_path, said.append)
    for done in (12, 13, 40):
        call("proofs", done, 2000)
    call("golden vectors", 0, 3)
    call("golden vectors", 2, 3)
    assert said == [f"goes on: 12 of 2,000 proofs are taken over from {tmp_path}"]
    kept = f"stopped: kept are 40 of 2,000 proofs in {tmp_path}; the same command goes on there"
    assert stages.stopped() == kept
