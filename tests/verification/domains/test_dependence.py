"""Data flow: what a node is said not to depend on may be anything, and the node's bits stay."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from controller.kernel.scalar import select
from tests.programs import Source, meaning, numbers, same, sources
from verification.domains.dependence import dependence
from verification.program import trace


@settings(max_examples=300, deadline=None)
@given(sources(), st.data())
def test_what_is_not_in_the_set_may_be_anything(source: Source, data: Any) -> None:
    program = source.program()
    wholes = {n: data.draw(st.integers(-1000, 1000)) for n in source.wholes}
    first, other = ({n: data.draw(numbers()) for n in source.reals} for _ in range(2))
    known = {n: wholes[path] for path, n in program.inputs.items() if path in wholes}
    found = dependence(program.graph, program.cone(), known)
    values = meaning(program, first | wholes)
    for n, said in found.items():
        if isinstance(said, int):
            assert values[n] == said
            continue
        kept = {program.graph.nodes[k].leaf for k in said}
        changed = {path: first[path] if path in kept else other[path] for path in source.reals}
        value = meaning(program, changed | wholes)[n]
        assert value == values[n] if isinstance(value, int) else same(value, values[n]), source.text


def choose(mode: int, a: float, b: float) -> float:
    return select(mode, 1, a, b)


def test_a_select_whose_condition_is_known_forgets_the_other_side() -> None:
    program = trace(choose, {"mode": 0, "a": 0.0, "b": 0.0})
    result, mode = program.outputs["result"], program.inputs["mode"]
    nodes = program.cone()
    assert dependence(program.graph, nodes, {mode: 0})[result] == frozenset([program.inputs["a"]])
    assert dependence(program.graph, nodes, {mode: 2})[result] == frozenset([program.inputs["b"]])
    assert dependence(program.graph, nodes, {})[result] == frozenset(program.inputs.values())
