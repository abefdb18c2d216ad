"""The dependence reading: what it says a node can't depend on, the running function doesn't depend on."""

from hypothesis import given
from hypothesis import strategies as st

from controller.kernel.scalar import real, select
from verification.domains.dependence import dependence
from verification.program import trace

NUMBERS = st.integers(-2, 2)


def choose(mode: int, count: int, x: float, y: float, z: float) -> float:
    """A function that looks at x, y or z, by its integers alone and by a float's value."""
    level = select(mode, 1, count + 1, mode * 2)
    low = select(x, 0.0, y, z)
    return select(level, 2, low, select(mode, 2, z * real(level), 4.0))


def names(mode: int, count: int) -> set[str]:
    """What the reading says of the result."""
    program = trace(choose, {"mode": 0, "count": 0, "x": 0.0, "y": 0.0, "z": 0.0})
    known = {program.inputs["mode"]: mode, program.inputs["count"]: count}
    meaning = dependence(program.graph, program.cone(), known)[program.outputs["result"]]
    assert isinstance(meaning, frozenset)
    return {program.graph.nodes[n].leaf for n in meaning}


def test_known_integers_decide() -> None:
    """A select whose integers are known forgets its other side; on floats it keeps both and the condition."""
    assert names(0, 0) == {"x", "y", "z"}
    assert names(1, 5) == {"z"}
    assert names(2, 0) == set()


@given(NUMBERS, NUMBERS, st.lists(st.floats(), min_size=6, max_size=6))
def test_sound(mode: int, count: int, values: list[float]) -> None:
    """Two runs that differ only in inputs that it leaves out give the same bits."""
    kept = names(mode, count)
    first = values[:3]
    second = [a if name in kept else b for name, a, b in zip("xyz", first, values[3:], strict=True)]
    assert choose(mode, count, *first).hex() == choose(mode, count, *second).hex()


def test_integers_stay_known() -> None:
    """An integer that is the same on both sides of an unknown select is known."""

    def same_sides(x: float) -> int:
        return select(x, 0.0, 3, 1 + 2)

    program = trace(same_sides, {"x": 0.0})
    assert dependence(program.graph, program.cone(), {})[program.outputs["result"]] == 3
