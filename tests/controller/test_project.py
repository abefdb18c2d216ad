"""controller.toml: strict, and friendly: each fault gives one sentence with file, place and mend."""

import math
import os
from pathlib import Path
from typing import Any

import pytest

from controller.errors import InputError
from controller.kernel.records import State, allocate
from controller.kernel.step import reset
from controller.project import SIZE_LIMIT, load, seen_as
from tests.controller.refusals import refused
from tests.projects import make_project

TOML = "controller.toml"

FAULTS: list[tuple[dict[str, Any], str, str]] = [
    ({"controller.periodus": 1000}, "line 10: controller.periodus", "unknown key"),
    ({"input.0.colour": "red"}, "line 26: input[0].colour", "unknown key"),
    ({"timing.budget_us.sensors": 3}, "timing.budget_us.sensors", "unknown key"),
    ({"input.0.low": "zero"}, "line 21: input[0].low", "must be a number .*'zero'.* without quotes"),
    ({"input.0.unit": 5}, "line 20: input[0].unit", "must be a string"),
    ({"input.0.unit": ""}, "line 20: input[0].unit", "is blank"),
    ({"input.0.source": " "}, "input[0].source", "is blank"),
    ({"input.0.low": math.nan}, "input[0].low", "finite number .*nan"),
    ({"input.0.low": -math.inf}, "input[0].low", "finite number .*inf"),
    ({"input.0.high": 1.0e308}, "line 22: input[0].high", "too large .*1e\\+308.* at most 1e\\+150"),
    ({"input.0.high": 10**400}, "input[0].high", "more than 38 digits"),
    ({"input.0.low": 5.0}, "line 21: input[0].low", "range \\[5, 1\\] m is empty"),
    ({"input.0.low": 1.0}, "line 21: input[0].low", "range \\[1, 1\\] m is empty"),
    ({"input.0.low": 1.0 - 2.0**-52}, "input[0].low", "too narrow"),
    ({"output.0.low": 7.0}, "output[0].low", "is empty"),
    ({"output.0.safe": 9.0}, "line 41: output[0].safe", "outside \\[-5, 5\\]"),
    ({"output.0.max_rate": 0.0}, "output[0].max_rate", "must be above 0"),
    ({"controller.period_us": 1.5}, "line 4: controller.period_us", "whole number"),
    ({"controller.period_us": True}, "controller.period_us", "whole number .*True"),
    ({"controller.period_us": -3}, "controller.period_us", "at least 1"),
    ({"controller.period_us": 10**400}, "controller.period_us", "too large"),
    ({"controller.precision": "float32"}, "controller.precision", "'float64'"),
    ({"controller.name": "../x"}, "controller.name", "letters"),
    ({"controller.substeps": 0}, "controller.substeps", "at least 1"),
    ({"dt.low_us": 2000}, "line 11: dt", "does not contain period_us = 1000"),
    ({"timing.deadline_us": 5000}, "timing.deadline_us", "later than the period"),
    ({"timing.budget_us.network": 900}, "timing.budget_us", "budgets sum to 1500 us"),
    ({"input.1.name": "input0"}, "line 28: input[1].name", "also name of input\\[0\\]"),
    ({"fallback.0.input": "inputO"}, "fallback[0].input", "choose from: input0, input1"),
    ({"fallback.0.output": "other"}, "fallback[0].output", "choose from: output0"),
    ({"fallback.0.setpoint": 3.0}, "fallback[0].setpoint", "outside the input's range"),
    ({"fallback.0.integral_low": 0.5}, "fallback[0].integral_low", "does not contain 0"),
    ({"fallback.0.kp": 1.0e10}, "fallback[0].kp", "too large"),
    ({"requirement.0.id": "9"}, "requirement[0].id", "letter"),
    (
        {"input.1.stale_us": 999},
        "input[1].stale_us",
        "less than controller.ahead_us = 1000, .* lower ahead_us",
    ),
    ({"controller.ahead_us": 5001}, "input[0].stale_us", "5000 us is less than controller.ahead_us = 5001"),
    ({"controller.ahead_us": -1}, "controller.ahead_us", "at least 0"),
]


@pytest.mark.parametrize(("overrides", "place", "words"), FAULTS, ids=lambda v: str(v)[:40])
def test_a_wrong_value_is_named_with_its_place(
    tmp_path: Path, overrides: dict[str, Any], place: str, words: str
) -> None:
    refused(make_project(tmp_path, hidden=2, **overrides), TOML, place, words)


def edited(tmp_path: Path, old: bytes, new: bytes) -> Path:
    directory = make_project(tmp_path, hidden=2)
    path = directory / TOML
    data = path.read_bytes()
    assert old in data
    path.write_bytes(data.replace(old, new, 1))
    return directory


@pytest.mark.parametrize(
    ("old", "new", "place", "words"),
    [
        (b'unit = "m"\n', b"", "line 18: input[0].unit", "is missing; add it"),
        (b"[dt]\n", b"[dt]\nlow_us = 3\n", "at line 13", "is not TOML"),
        (b"[dt]\n", b"[controller]\n", "at line 11", "is not TOML"),
        (b"period_us = 1000", b"perod_us = 1000", "controller.perod_us", "did you mean 'period_us'"),
        (b"low = -1.0", b"low = 1e400", "input[0].low", "finite"),
        (b"low = -1.0", b"low = 1979-05-27", "input[0].low", "must be a number"),
        (b"low = -1.0", b"low = " + b"9" * 10000, "", "can't be read"),
        (b"[[fallback]]", b"[[fallbacks]]", "fallbacks", "did you mean 'fallback'"),
        (b"[dt]\n", b"[dt\n", "line 11", "is not TOML"),
        (b"[dt]\n", b"[[dt]]\n", "line 11: dt", "must be a table, not list"),
        (b"[state]\n", b"[state.more]\n", "state", "unknown key"),
    ],
)
def test_a_wrong_text_is_named_with_its_place(
    tmp_path: Path, old: bytes, new: bytes, place: str, words: str
) -> None:
    refused(edited(tmp_path, old, new), TOML, place, words)


@pytest.mark.parametrize(("text", "words"), [("input = []", "is empty"), ("input = 5", "must be a list")])
def test_a_list_of_tables_must_be_one(tmp_path: Path, text: str, words: str) -> None:
    directory = make_project(tmp_path, hidden=2)
    body = (directory / TOML).read_text()
    head, tail = body.index("[[input]]"), body.index("[[output]]")
    (directory / TOML).write_text(f"{text}\n{body[:head]}{body[tail:]}")
    refused(directory, TOML, "input", words)


def test_bad_utf8_is_named_with_its_byte(tmp_path: Path) -> None:
    directory = edited(tmp_path, b'"test"', b'"te\xffst"')
    at = (directory / TOML).read_bytes().index(b"\xff")
    refused(directory, TOML, f"byte {at}", "is not UTF-8")


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    path = make_project(tmp_path, hidden=2) / TOML
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert load(tmp_path).name == "test"


@pytest.mark.parametrize("brackets", [1000, SIZE_LIMIT - 4])
def test_deep_nesting_is_refused_in_seconds(tmp_path: Path, brackets: int) -> None:
    directory = make_project(tmp_path, hidden=2)
    (directory / TOML).write_bytes(b"x = " + b"[" * brackets)
    refused(directory, TOML, "", "nested too deeply|is not TOML")


def test_a_file_of_200_mb_is_refused_by_its_size_unread(tmp_path: Path) -> None:
    directory = make_project(tmp_path, hidden=2)
    with (directory / TOML).open("wb") as stream:
        stream.write(b"x = " + b"[" * 4096)
        stream.truncate(200 * 1024 * 1024)  # sparse: it takes no room
    refused(directory, TOML, "209715200 bytes", f"at most {SIZE_LIMIT}")


def test_a_folder_a_pipe_and_nothing_at_all_are_no_files(tmp_path: Path) -> None:
    directory = make_project(tmp_path, hidden=2)
    (directory / TOML).unlink()
    refused(directory, TOML, "", "there is no such file")
    (directory / TOML).mkdir()
    refused(directory, TOML, "", "is a directory; give a file")
    (directory / TOML).rmdir()
    os.mkfifo(directory / TOML)
    refused(directory, TOML, "", "is not a plain file")
    (directory / TOML).unlink()
    (directory / TOML).symlink_to(directory / TOML)
    with pytest.raises(InputError, match="can't be read"):
        load(directory)


def test_the_folder_itself_is_judged(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder"):
        load(tmp_path / "nowhere")
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="is a file; give the folder"):
        load(tmp_path / "file")
    with pytest.raises(InputError, match=r"no such folder|no usable path"):
        load("x\0y")


def test_an_output_without_fallback_is_named(tmp_path: Path) -> None:
    directory = make_project(tmp_path, hidden=2, outputs=2, **{"fallback.1.output": "output0"})  # type: ignore[arg-type]
    refused(directory, TOML, "fallback[1].output", "also output of fallback\\[0\\]")
    path = directory / TOML
    path.write_text(
        path.read_text().rpartition("[[fallback]]")[0] + path.read_text().partition("[timing]")[2]
    )
    text = path.read_text()
    at = text.index("\ndeadline_us")
    path.write_text(text[:at] + "\n[timing]" + text[at:])
    refused(directory, TOML, "fallback", "output1 has no \\[\\[fallback\\]\\]")


def test_a_valid_project_has_its_law_and_digests(tmp_path: Path) -> None:
    project = load(make_project(tmp_path, inputs=3, hidden=4, outputs=2))
    assert project.sizes == {"inputs": 3, "hidden": 4, "outputs": 2, "substeps": 1, "slots": 8}
    sensors = project.law.sensors
    assert sensors.rest == sensors.offset == [0.0] * 3 and sensors.scale == [1.0, 0.5, 1.0 / 3.0]
    assert sensors.fallback == [1, 1, 0] and project.law.pid.channel == [0, 1]
    assert project.law.clock.nominal_us == 1000 and project.law.clock.recovery == 5
    again = load(tmp_path)
    assert (again.network_digest, again.config_digest) == (project.network_digest, project.config_digest)
    make_project(tmp_path, inputs=3, hidden=4, outputs=2, seed=1)
    assert load(tmp_path).network_digest != project.network_digest


VIEWS: dict[str, tuple[dict[str, object], tuple[float, float, float, float], str]] = {
    "normalised": ({}, (2.0, 0.5, -1.0, 1.0), "0 as -1, 4 as 1; low-pass of 0.004 s"),
    "physical": (
        {"network_unit": "physical", "filter_s": 0.0}, (0.0, 1.0, 0.0, 4.0), "as measured, in m; no low-pass",
    ),
    "scaled": (
        {"network_unit": "scaled", "network_offset": 1.0, "network_scale": 0.25}, (1.0, 0.25, -0.25, 0.75),
        "(value - 1) * 0.25; low-pass of 0.004 s",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", VIEWS)
def test_how_the_network_sees_an_input(tmp_path: Path, name: str) -> None:
    settings, wanted, words = VIEWS[name]
    changed = {f"input.0.{key}": value for key, value in settings.items()}
    ranges = {"input.0.low": 0.0, "input.0.high": 4.0}
    project = load(make_project(tmp_path, hidden=2, **{**ranges, **changed}))
    sensors = project.law.sensors
    assert (sensors.offset[0], sensors.scale[0], sensors.seen_low[0], sensors.seen_high[0]) == wanted
    state = allocate(State, project.sizes)
    reset(project.law, state)
    assert state.held[0] == 2.0 and state.filtered[0] == (wanted[2] + wanted[3]) / 2.0
    assert seen_as(project.config.input[0]) == words


@pytest.mark.parametrize(
    ("settings", "place", "what"),
    [
        ({"network_unit": "raw"}, "network_unit", "is not supported"),
        ({"network_unit": "scaled"}, "network_offset", "is missing"),
        ({"network_unit": "scaled", "network_offset": 1.0}, "network_scale", "is missing"),
        ({"network_offset": 1.0}, "network_offset", "goes with network_unit"),
        ({"network_unit": "physical", "network_scale": 1.0}, "network_scale", "goes with network_unit"),
        (
            {"network_unit": "scaled", "network_offset": 0.0, "network_scale": 0.0},
            "network_scale",
            "too small",
        ),
        (
            {"network_unit": "scaled", "network_offset": 1.0e150, "network_scale": 1.0},
            "network_scale",
            "the network would see",
        ),
        (
            {"low": -1.0e150, "network_unit": "scaled", "network_offset": 0.0, "network_scale": 2.0},
            "network_scale",
            "the network would see",
        ),
    ],
)
def test_a_view_that_means_nothing_is_refused(
    tmp_path: Path, settings: dict[str, object], place: str, what: str
) -> None:
    changed = {f"input.0.{key}": value for key, value in settings.items()}
    refused(make_project(tmp_path, hidden=2, **changed), TOML, f"input[0].{place}", what)
