"""The specification flies: it is the kernel's equal on odd periods of any shape, to the last bit."""

from dataclasses import replace
from typing import Any

import pytest

from controller.controller import PythonKernel
from controller.native import golden
from tests.settling import flown, settled, small
from verification.claims import specification
from verification.claims.specification import flown_apart, specification_claims
from verification.flight import Flight
from verification.program import Graph, TraceError
from verification.specification.model import Model
from verification.specification.notation import Term, both, either, no, where

SHAPES: list[dict[str, Any]] = [
    {},
    {"hidden": 3, "outputs": 2, "controller.substeps": 2, "controller.inbox_slots": 1},
    {"hidden": 1, "controller.inbox_slots": 3, "controller.recovery_periods": 1},
]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_no_odd_period_tells_them_apart(shape: dict[str, Any]) -> None:
    project = small(**shape)
    assert flown_apart(Flight(project.law, project.sizes)) is None


def test_the_shipped_claims_hold() -> None:
    project = small(hidden=3, outputs=2, **{"controller.substeps": 2, "controller.inbox_slots": 3})
    claims = [settled(p) for p in specification_claims(Flight(project.law, project.sizes))]
    assert [v.word for v in claims] == ["PROVED-IEEE"] * 4, [v.reason for v in claims]


def test_a_flight_apart_is_found_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    flight = flown()[1]
    pid = replace(flight.law.pid, kp=[1.0])
    monkeypatch.setattr(specification, "Model", lambda law, sizes: Model(replace(law, pid=pid), sizes))
    apart = flown_apart(flight)
    assert apart and apart["path"].startswith("state.output")


def test_a_kernel_that_raises_is_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(PythonKernel):
        def step(self, now_us: int, missed: int) -> None:
            raise ZeroDivisionError("float division by zero")

    monkeypatch.setattr(specification, "PythonKernel", Broken)
    assert "ZeroDivisionError" in str(flown_apart(flown()[1]))


def test_a_repeated_time_changes_nothing() -> None:
    project = small()
    model = Model(project.law, project.sizes)
    model.step(1000, 0)
    before = model.snapshot()
    model.step(1000, 1)
    assert model.snapshot() == before and model.output == tuple(before.output)
    assert (model.mode, model.cause) == (before.mode, before.cause)


def test_truths_of_terms_are_no_bools() -> None:
    graph = Graph()
    x, y = (Term(graph, graph.add("input", (), "real", name)) for name in "xy")
    with pytest.raises(TraceError, match="no bool"):
        bool(x < y)
    for odd in (lambda: x <= y, lambda: x >= y, lambda: x == y):
        with pytest.raises(TraceError, match="< and > alone"):
            odd()
    with pytest.raises(TraceError, match="mixes"):
        where(x < y, x, 1)


def test_truths_of_numbers_are_bools() -> None:
    assert both(1 < 2, True) and not both(True, False) and either(False, True) and not either()
    assert no(False) and where(2 < 1, "x", "y") == "y"


def test_golden_vectors_come_from_whoever_is_asked() -> None:
    """The specification's are the kernel's to the last bit; another's are not."""
    law, sizes = flown()[1].law, flown()[1].sizes
    kernel, model = golden.record(law, sizes), golden.record(law, sizes, reference=Model)
    assert golden.sources(model, law) == golden.sources(kernel, law)
    other = replace(law, pid=replace(law.pid, kp=[1.0]))
    bent = golden.record(law, sizes, reference=lambda flown_law, flown_sizes: Model(other, flown_sizes))
    assert golden.sources(bent, law) != golden.sources(kernel, law)
