"""The trial's periods: few, hostile, bounded, and what a compiler changes shows whatever the weights are."""

from pathlib import Path
from typing import Any

import pytest

from controller.errors import InputError
from controller.native import binding, build, trial
from controller.native.bundle import kernel_sources
from controller.project import Project, load
from tests.controller.bits import bits
from tests.controller.native.compilers import needs_cc
from tests.projects import make_project

LIBERTIES = ["-fassociative-math", "-fno-signed-zeros", "-fno-trapping-math"]


def project(folder: Path, hidden: int = 8, **overrides: Any) -> Project:
    return load(make_project(folder, hidden=hidden, **overrides))


def compiled(folder: Path, flown: Project, *flags: str) -> Path:
    """The kernel compiled with more flags, for ctypes."""
    desk = Path(build.__file__).parent
    sources = kernel_sources(flown.sizes) | {name: (desk / name).read_text() for name in ("desk.h", "desk.c")}
    target = folder / "kernel.so"
    build.compile_to(target, sources, [*build.here(), *flags, "-shared", "-fPIC"], ["desk.c"])
    return target


def test_the_modes_and_the_edges_are_met(tmp_path: Path) -> None:
    flown = project(tmp_path, **{"controller.recovery_periods": 1_000_000})
    drawn, quiet = trial.flights(flown.law, flown.sizes)
    modes, samples = set(), []
    for period in drawn.fly():
        modes.add(drawn.state.mode)
        samples += [value for _, _, value in period.samples]
    assert modes == {0, 1, 2} and len(drawn.periods) == trial.PERIODS
    assert any(v != v for v in samples) and any(0.0 < abs(v) < 2.3e-308 for v in samples)
    assert len(list(quiet.fly())) == 1
    assert any(0.0 < abs(h) < 2.3e-308 for h in quiet.state.hidden)


def test_it_is_the_same_each_time(tmp_path: Path) -> None:
    flown = project(tmp_path)
    ends = []
    for _ in range(2):
        for flight in trial.flights(flown.law, flown.sizes):
            assert list(flight.fly()) == list(flight.periods)
            ends.append(bits(flight.state))
    assert ends[:2] == ends[2:]


def test_a_large_network_flies_fewer_periods(tmp_path: Path) -> None:
    counts = []
    for hidden, substeps in ((64, 1), (64, 4), (64, 1000)):
        flown = project(tmp_path / f"{hidden}x{substeps}", hidden, **{"controller.substeps": substeps})
        counts.append([len(flight.periods) for flight in trial.flights(flown.law, flown.sizes)])
    assert counts == [[31, 1], [7, 1], [1, 1]]


@needs_cc
@pytest.mark.parametrize("weights", ["the project's", "all zero"])
def test_a_library_with_other_floats_is_refused_whenever_it_is_loaded(tmp_path: Path, weights: str) -> None:
    names = ("w_in", "w_rec", "w_out")
    zero = {f"network.{n}": [[0.0] * (8 if n != "w_out" else 1)] * (2 if n == "w_in" else 8) for n in names}
    flown = project(tmp_path / "p", **(zero if weights == "all zero" else {}))
    good = compiled(tmp_path / "good", flown)
    binding.judge(binding.foreign, good, flown.law, flown.sizes)
    bad = compiled(tmp_path / "bad", flown, *LIBERTIES)
    for _ in range(2):
        with pytest.raises(InputError, match=r"meaning of floats \(hidden has other bits after 1 periods"):
            binding.judge(binding.foreign, bad, flown.law, flown.sizes)


@needs_cc
def test_it_is_flown_once_for_each_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flown = project(tmp_path / "p")
    library = compiled(tmp_path, flown)
    binding.judge(binding.foreign, library, flown.law, flown.sizes)
    monkeypatch.setattr(trial, "flights", None)  # flown again, it would raise
    binding.judge(binding.foreign, library, flown.law, flown.sizes)
