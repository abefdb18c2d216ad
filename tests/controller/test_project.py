"""controller.toml: strict, and friendly: each fault gives one sentence with file, place and mend."""

import math
import os
from pathlib import Path
from typing import Any

import pytest

from controller.errors import InputError
from controller.project import SIZE_LIMIT, load
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
    assert sensors.centre == [0.0] * 3 and sensors.scale == [1.0, 0.5, 1.0 / 3.0]
    assert sensors.fallback == [1, 1, 0] and project.law.pid.channel == [0, 1]
    assert project.law.clock.nominal_us == 1000 and project.law.clock.recovery == 5
    again = load(tmp_path)
    assert (again.network_digest, again.config_digest) == (project.network_digest, project.config_digest)
    make_project(tmp_path, inputs=3, hidden=4, outputs=2, seed=1)
    assert load(tmp_path).network_digest != project.network_digest
