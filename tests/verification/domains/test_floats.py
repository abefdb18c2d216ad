"""The array reading has the bits of the walked meaning, and so of CPython, in every column."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.programs import Source, meaning, numbers, same, sources
from verification.domains.floats import Machine
from verification.program import REAL, trace

COLUMNS = 6


@st.composite
def runs(draw: Any) -> tuple[Source, list[dict[str, Any]], set[str]]:
    """A program, the inputs of every column, and which inputs are parameters (one value for all)."""
    source = draw(sources())
    names = [*source.reals, *source.wholes]
    parameters = draw(st.sets(st.sampled_from(names)))
    columns: list[dict[str, Any]] = []
    for _ in range(COLUMNS):
        point: dict[str, Any] = {n: draw(numbers()) for n in source.reals}
        columns.append(point | {n: draw(st.integers(-1000, 1000)) for n in source.wholes})
    for point in columns:
        point |= {n: columns[0][n] for n in parameters}
    return source, columns, parameters


@settings(max_examples=300, deadline=None)
@given(runs())
def test_every_column_has_the_bits_of_its_run(run: tuple[Source, list[dict[str, Any]], set[str]]) -> None:
    source, columns, parameters = run
    program = source.program()
    result = program.outputs["result"]
    fixed = {n: columns[0][path] for path, n in program.inputs.items() if path in parameters}
    free = {path: n for path, n in program.inputs.items() if path not in parameters}
    machine = Machine(program.graph, [result], free.values(), fixed, COLUMNS)
    for order in (columns, columns[::-1]):  # the second run starts from the first one's buffers
        for path, n in free.items():
            machine.set(n, [point[path] for point in order])
        machine.run()
        for value, point in zip(machine.get(result), order, strict=True):
            assert same(float(value), meaning(program, point)[result]), source.text


def test_any_node_can_be_an_input() -> None:
    program = trace(lambda a, b: (a + b) * (a + b) - a, {"a": 0.0, "b": 0.0})
    (total,) = [n for n in program.cone() if program.graph.nodes[n].operation == "add"]
    result = program.outputs["result"]
    machine = Machine(program.graph, [result], [total, program.inputs["a"]], {}, 2)
    machine.set(total, [3.0, 4.0])
    machine.set(program.inputs["a"], 1.0)
    machine.run()
    assert list(machine.get(result)) == [8.0, 15.0]


def test_large_integers_round_to_nearest() -> None:
    graph = trace(lambda a: a + 0.0, {"a": 0.0}).graph
    n = graph.add("input", (), "integer", "n")
    machine = Machine(graph, [graph.add("real", (n,), REAL)], [n], {}, 3)
    wanted = np.array([2**53 + 1, 2**62 + 257, -(2**63)], np.int64)
    machine.set(n, wanted)
    machine.run()
    assert list(machine.get(graph.add("real", (n,), REAL))) == [float(int(v)) for v in wanted]


def test_a_missing_input_is_refused() -> None:
    program = trace(lambda a, b: a + b, {"a": 0.0, "b": 0.0})
    with pytest.raises(KeyError, match="input b"):
        Machine(program.graph, program.outputs.values(), [program.inputs["a"]], {}, 1)
