"""The benchmarks at tiny sizes: what they print, and that all contenders compute the same. Never a time."""

import importlib.util
import math
import re
import sys
from pathlib import Path

import pytest

from benchmarks import cases
from benchmarks.__main__ import main
from benchmarks.cases import Disagreement
from benchmarks.measure import Row, Timed, race
from benchmarks.torch_ltc import MISSING, Worker
from controller.errors import InputError

TINY = ["--rounds", "2", "--slice-ms", "0.1"]


@pytest.fixture
def bare(tmp_path: Path) -> str:
    """A Python without site packages, so without torch."""
    script = tmp_path / "bare"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -S "$@"\n')
    script.chmod(0o755)
    return str(script)


def race_twice(contenders: dict[str, Timed]) -> list[Row]:
    return race(contenders, 2, 0.1)


def test_a_race_gives_every_contender_its_turn_in_every_round() -> None:
    turns: list[str] = []

    def contender(name: str, ns: float) -> Timed:
        def timed(count: int) -> float:
            turns.append(name)
            return ns * count

        return timed

    rows = race({"a": contender("a", 1e5), "b": contender("b", 3e5), "c": contender("c", 2e5)}, 3, 0.4)
    assert [row.name for row in rows] == ["a", "b", "c"]
    assert "".join(turns).endswith("abc" + "bca" + "cab")  # the order turns
    assert [row.median_ns for row in rows] == [1e5, 3e5, 2e5]
    assert rows[1].ratio(rows[0]) == (3.0, 3.0, 3.0)


def test_a_ratio_is_the_median_of_the_rounds_own_ratios() -> None:
    """A machine that slows down for a round does so to both, and changes no ratio of that round."""
    fast, slow = Row("fast", (1.0, 10.0, 2.0)), Row("slow", (5.0, 50.0, 12.0))
    middle, low, high = slow.ratio(fast)
    assert middle == 5.0
    assert low <= middle <= high
    assert Row("once", (8.0,)).ratio(Row("one", (2.0,))) == (4.0, 4.0, 4.0)
    wild = Row("wild", (1.0, 900.0)).ratio(Row("one", (1.0, 1.0)))
    assert 1.0 <= wild[1] <= wild[0] <= wild[2] <= 900.0  # quartiles of what was seen, not beyond it


@pytest.mark.parametrize("hidden", [1, 3, 8])
def test_every_way_to_step_the_network_agrees(hidden: int, bare: str) -> None:
    """ltc() itself demands CPython's bits of the compiled ones, and 1e-9 of numpy."""
    rows, torch = cases.ltc(hidden, race_twice, bare)
    assert torch is None
    assert [row.name.partition(",")[0] for row in rows] == [
        "native", "native", "CPython", "numpy with out=", "numpy with out=",
    ]  # fmt: skip
    assert all(len(row.samples_ns) == 2 and min(row.samples_ns) > 0.0 for row in rows)


def test_pytorch_agrees_where_it_is_installed() -> None:
    net = cases.project(4).law.network
    with Worker(sys.executable, net, [0.1, 0.2], [0.3] * 4, 0.001) as worker:
        installed = all(importlib.util.find_spec(name) for name in ("torch", "torchdiffeq"))
        assert (worker.version is not None) == installed
        assert len(worker.advanced) == (4 if installed else 0)
    rows, version = cases.ltc(4, race_twice, sys.executable)  # raises Disagreement beyond 1e-9
    assert (rows[-1].name.startswith("PyTorch"), version is not None) == (installed, installed)


def test_both_backends_fly_the_same_periods() -> None:
    rows = cases.period(2, race_twice)
    assert [row.name for row in rows] == ["native backend", "Python backend"]


@pytest.mark.parametrize("wrong", [1.0 + 2**-52, math.nan, math.inf])
def test_a_contender_that_computes_something_else_is_not_timed(wrong: float) -> None:
    with pytest.raises(Disagreement, match="twin is"):
        cases._agree("twin", [0.5, wrong], [0.5, 1.0], 0.0)
    cases._agree("same", [0.5, 1.0], [0.5, 1.0], 0.0)


def test_the_whole_run_prints_one_table(bare: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*TINY, "--hidden", "2", "--torch", bare]) == 0
    told = capsys.readouterr().out
    assert told.splitlines()[-1] == MISSING
    assert re.search(r"numpy with out=, tightened +[\d.e+]+ [num]?s +[\d.]+ +[\d.]+ to [\d.]+", told)
    assert re.search(r"Python backend +[\d.e+]+ [num]?s +[\d.]+ +[\d.]+ to [\d.]+", told)
    assert re.search(r"C = Python, 2 hidden +[\d.e+]+ [um]?s", told)
    assert re.search(r"round trip, one period a frame +[\d.e+]+ [um]?s", told)
    assert "-ffp-contract=off" in told
    assert "aim" not in told  # the aims are for 8 hidden


@pytest.mark.parametrize("usage", [["--rounds", "0"], ["--slice-ms", "nan"], ["--hidden", "0"]])
def test_bad_usage(usage: list[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(usage)
    assert stopped.value.code == 2


def test_a_python_that_is_none_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*TINY, "--hidden", "2", "--torch", str(tmp_path / "none")]) == 2
    assert "can't be run" in capsys.readouterr().err
    with pytest.raises(InputError, match="name a Python"):
        Worker("/bin/true", cases.project(2).law.network, [0.1, 0.2], [0.3] * 2, 0.001)
