"""REFERENCE holds for a network that flies as it was trained, and for no other."""

import json
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from controller.project import load
from controller.reference import load_reference
from tests.projects import make_project
from tests.reference import record
from verification.claims.reference import reference_claim
from verification.verdict import Verdict
from verification.verify import Place, admit

# ranges on which the units differ, an input that is not centred, and another low-pass for each
RANGES: dict[str, Any] = {
    "controller.reference": "trained.csv", "input.0.low": 1.0, "input.0.high": 4.0, "input.1.low": -3.0,
    "input.1.high": 2.0, "input.1.filter_s": 0.008, "fallback.0.setpoint": 2.0,
}  # fmt: skip


def project(directory: Path, **changes: Any) -> Path:
    return make_project(directory, hidden=3, **{**RANGES, **changes})


def verdict(directory: Path) -> Verdict:
    loaded = load(directory)
    return reference_claim(loaded, load_reference(loaded))


UNITS: dict[str, dict[str, Any]] = {
    "normalised": {},
    "physical": {"input.0.network_unit": "physical", "input.1.network_unit": "physical"},
    "mixed": {"input.1.network_unit": "physical"},
    "scaled": {
        "input.0.network_unit": "scaled", "input.0.network_offset": 2.5, "input.0.network_scale": 0.25,
        "input.1.network_unit": "scaled", "input.1.network_offset": -40.0, "input.1.network_scale": 1.5,
    },
    "substeps": {"controller.substeps": 3},
    "no filter": {"input.0.filter_s": 0.0, "input.1.filter_s": 0.0},
}  # fmt: skip


@pytest.mark.parametrize("name", UNITS)
def test_a_network_flies_as_it_was_trained(tmp_path: Path, name: str) -> None:
    found = verdict(project(tmp_path, **UNITS[name]))
    assert found.word == "TESTED", found.reason
    assert "On the 199 rows of trained.csv" in found.statement
    assert "largest deviation" in found.method and "e-1" in found.method.rpartition(" ")[2]


@pytest.mark.parametrize(
    ("made", "wanted"),
    [
        ({"unit": "physical"}, 'network_unit = "physical" for every input'),
        ({"unit": "physical", "smooth": False}, 'network_unit = "physical" and filter_s = 0 for every input'),
        ({"smooth": False}, "filter_s = 0 for every input"),
    ],
)
def test_reference_twin(tmp_path: Path, made: dict[str, Any], wanted: str) -> None:
    """Trained on other units, or without the low-pass: the usual mistakes are told by their names."""
    directory = project(tmp_path)
    record(directory, **made)
    found = verdict(directory)
    assert found.word == "REFUTED" and found.reason.endswith(wanted)
    assert found.counterexample and found.counterexample["time_us"] > 0


@pytest.mark.parametrize("name", ["w_in", "w_rec", "b", "tau_gain", "tau_bias", "w_out", "b_out"])
def test_another_weight_is_noticed(tmp_path: Path, name: str) -> None:
    directory = project(tmp_path)
    net = json.loads((directory / "network.json").read_text())
    row = net[name][0] if isinstance(net[name][0], list) else net[name]
    row[0] += 0.2
    (directory / "network.json").write_text(json.dumps(net))
    found = verdict(directory)
    assert found.word == "REFUTED" and " and flies as " in found.reason


def test_a_corrected_range_does_not_change_a_law_in_physical_units(tmp_path: Path) -> None:
    for unit, word in (("physical", "TESTED"), ("normalised", "REFUTED")):
        directory = project(tmp_path / unit, **{f"input.{j}.network_unit": unit for j in range(2)})
        text = (directory / "controller.toml").read_text()
        (directory / "controller.toml").write_text(text.replace("low = 1.0\n", "low = 0.5\n"))
        assert verdict(directory).word == word


def test_a_reference_that_would_notice_nothing_shows_nothing(tmp_path: Path) -> None:
    """Recorded where the network does not answer: a copy of one row, and an input that does not count."""
    directory = project(tmp_path, **{"network.w_in": [[0.0] * 3, [0.1, 0.2, 0.3]]})
    found = verdict(directory)
    assert found.word == "OPEN" and "would not notice another offset of input0" in found.reason


BLIND: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "inputs that rest": ({}, {"every": 1000}, "another low-pass of input0"),
    "inputs that rest without a low-pass": (
        {"input.0.filter_s": 0.0, "input.1.filter_s": 0.0}, {"every": 1000}, "another low-pass of input0",
    ),
    "one that rests": ({}, {"still": 1}, "another scale of input1"),
    "two rows": ({}, {"rows": 2}, "another low-pass of input0"),
    "any tolerance": ({"controller.reference_tolerance": 1.0}, {}, "another offset of input0"),
    "a coarse tolerance": ({"controller.reference_tolerance": 0.05}, {}, "another offset of input0"),
    "where tanh is flat": ({"network.b": [30.0] * 3}, {}, "another offset of input0"),
    "an output that is small": (
        {"output.0.low": -1.0e-5, "output.0.high": 1.0e-5}, {}, "another offset of output0",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BLIND)
def test_a_reference_that_is_blind_to_a_part_shows_nothing(tmp_path: Path, name: str) -> None:
    """It fits, and would fit another law as well: that is not shown, and the part is named."""
    changes, made, wanted = BLIND[name]
    directory = project(tmp_path, **changes)
    record(directory, **made)
    found = verdict(directory)
    assert found.word == "OPEN" and f"would not notice {wanted}" in found.reason


def test_a_part_of_a_reference_is_one_too(tmp_path: Path) -> None:
    """It begins at states that are not 0: the flight begins at its first row."""
    directory = project(tmp_path, **UNITS["no filter"])
    path = directory / "trained.csv"
    header, *rows = path.read_text().splitlines()
    path.write_text("\n".join([header, *rows[60:]]) + "\n")
    found = verdict(directory)
    assert found.word == "TESTED" and "On the 139 rows" in found.statement


@pytest.mark.parametrize("column", [3, -1])
@pytest.mark.parametrize("row", [2, 100, 200])
@pytest.mark.parametrize(("by", "word"), [(0.9e-6, "TESTED"), (1.1e-6, "REFUTED"), (1.0e300, "REFUTED")])
def test_each_value_is_compared(tmp_path: Path, column: int, row: int, by: float, word: str) -> None:
    """In the first row after the start, in one between and in the last; states and outputs, at 1e-6 of 1."""
    directory = project(tmp_path)
    path = directory / "trained.csv"
    lines = path.read_text().splitlines()
    for n in {row, 200}:
        cells = lines[n].split(",")
        cells[column] = repr(float(cells[column]) + by)
        lines[n] = ",".join(cells)
    path.write_text("\n".join(lines) + "\n")
    found = verdict(directory)
    assert found.word == word
    if word == "REFUTED":
        first_us = int(lines[row].partition(",")[0])
        assert found.counterexample and found.counterexample["time_us"] == first_us


def test_a_column_is_measured_by_its_own_greatest_value(tmp_path: Path) -> None:
    """States beside an output of hundreds: off by more than a millionth of 1, though not of that output."""
    directory = project(tmp_path, **{"network.w_out": [[4000.0]] * 3})
    path = directory / "trained.csv"
    lines = path.read_text().splitlines()
    for column, word in ((-1, "TESTED"), (3, "REFUTED")):
        cells = lines[100].split(",")
        cells[column] = repr(float(cells[column]) + 1.1e-6)
        path.write_text("\n".join([*lines[:100], ",".join(cells), *lines[101:]]) + "\n")
        assert verdict(directory).word == word


def test_the_weights_that_would_show_are_counted(tmp_path: Path) -> None:
    """By the training's own meaning of the law, each weight raised by 1 % in turn."""
    tolerance = 5.0e-5
    directory = project(tmp_path, **{"controller.reference_tolerance": tolerance})
    net = json.loads((directory / "network.json").read_text())

    def flown() -> Any:
        return np.loadtxt(record(directory), delimiter=",", skiprows=1)[:, 3:]

    declared, seen, tried = flown(), 0, 0
    for name, values in net.items():
        table = np.array(values)
        for at in np.ndindex(table.shape):
            table[at] *= 1.01
            (directory / "network.json").write_text(json.dumps(net | {name: table.tolist()}))
            off = np.abs(flown() - declared) / np.maximum(np.abs(declared).max(0), 1.0)
            seen, tried = seen + bool(off.max() > tolerance), tried + 1
            table[at] = np.array(values)[at]
    (directory / "network.json").write_text(json.dumps(net))
    record(directory)
    found = verdict(directory)
    assert 0 < seen < tried and found.word == "TESTED", found.reason
    assert f"{seen} of the {tried} weights that were tried" in found.statement


def test_a_project_without_a_reference_is_not_shown(tmp_path: Path) -> None:
    found = verdict(make_project(tmp_path, hidden=3))
    assert found.word == "OPEN" and "[controller] reference" in found.reason


class Nobody(Executor):
    """Asked for a proof, it fails."""

    def submit(self, *_: Any, **__: Any) -> Any:
        raise AssertionError("a proof was asked for")


def test_another_network_is_refused_before_any_proof_is_asked(tmp_path: Path) -> None:
    directory = project(tmp_path / "project")
    record(directory, unit="physical")
    admission = admit(load(directory), Place(tmp_path / "proofs"), Nobody(), opponent_first=True)
    assert [v.id for v in admission.verdicts] == ["REFERENCE"] and admission.status == 1
    assert not (tmp_path / "proofs").exists()
