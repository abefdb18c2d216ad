"""A reference is read strictly: each fault is one sentence with its line."""

from collections.abc import Callable
from pathlib import Path

import pytest

from controller.errors import InputError
from controller.initialise import initialise
from controller.project import load
from controller.reference import columns, load_reference
from tests.projects import make_project


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return make_project(tmp_path, hidden=2, **{"controller.reference": "trained.csv"})


def test_it_holds_what_was_recorded(directory: Path) -> None:
    project = load(directory)
    reference = load_reference(project)
    assert reference is not None and len(reference.time_us) == 200
    assert columns(project) == ["time_us", "input0", "input1", "h0", "h1", "output0"]
    assert reference.inputs.shape == (200, 2) and reference.states.shape == (200, 2)
    assert reference.outputs.shape == (200, 1) and (reference.states[0] == 0.0).all()


def test_the_first_project_has_one(tmp_path: Path) -> None:
    assert load_reference(initialise(tmp_path)) is not None


def test_a_file_with_a_mark_of_its_coding_is_read(directory: Path) -> None:
    path = directory / "trained.csv"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert load_reference(load(directory)) is not None


def cell(row: int, column: int, new: str) -> Callable[[list[str]], list[str]]:
    """Another cell in a row; row 1 is the header, column 0 the time."""

    def change(lines: list[str]) -> list[str]:
        cells = lines[row - 1].split(",")
        cells[column] = new
        return [*lines[: row - 1], ",".join(cells), *lines[row:]]

    return change


FAULTS: dict[str, tuple[Callable[[list[str]], list[str]], str]] = {
    "a name": (cell(1, 1, "input9"), "line 1: the header is 'time_us,input9,"),
    "a field too few": (lambda rows: [*rows[:4], "1,2,3"], "line 5: has 3 fields, not 6"),
    "no number": (cell(3, 3, "x"), "line 3: h0: is 'x'; write it as a finite number"),
    "NaN": (cell(3, 1, "nan"), "line 3: input0: is 'nan'"),
    "an infinite state": (cell(4, 4, "-inf"), "line 4: h1: is '-inf'"),
    "a value out of range": (cell(7, 2, "9.5"), r"line 7: input1: 9.5 is outside \[-2, 2\] m"),
    "milliseconds": (
        cell(3, 0, "1"),
        r"line 3: time_us: is 1 us after the row before; \[dt\] allows 500",
    ),
    "a step too long": (
        lambda rows: [*rows[:-1], f"{int(rows[-1].split(',')[0]) + 2000},{rows[-1].partition(',')[2]}"],
        r"line 201: time_us: is \d+ us after the row before; \[dt\] allows 500 to 2000 us",
    ),
    "a time with a point": (cell(3, 0, "1000.0"), "line 3: time_us: is '1000.0'; write it as a whole number"),
    "a step back": (lambda rows: [*rows[:6], rows[3], *rows[6:]], "line 7: time_us: is -"),
    "the header alone": (lambda rows: rows[:1], "line 1: it has 0 rows"),
    "the start alone": (lambda rows: rows[:2], "line 2: it has 1 rows"),
    "nothing": (lambda rows: [], "is empty; give a file in CSV"),
    "a quote": (lambda rows: [*rows[:3], '"1,2'], "line 4: is not CSV"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_one_sentence_with_its_line(directory: Path, name: str) -> None:
    change, wanted = FAULTS[name]
    path = directory / "trained.csv"
    path.write_text("\n".join(change(path.read_text().splitlines())) + "\n" * (name != "nothing"))
    with pytest.raises(InputError, match=f"trained.csv: {wanted}"):
        load_reference(load(directory))


def test_a_file_that_is_missing(directory: Path) -> None:
    (directory / "trained.csv").unlink()
    with pytest.raises(InputError, match=r"trained\.csv: there is no such file"):
        load_reference(load(directory))
