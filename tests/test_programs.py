"""The random programs themselves: their walked meaning is CPython's, and they cover the language."""

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.programs import ALL, Source, meaning, numbers, same, sources
from verification.program import ARITHMETIC


@settings(max_examples=150, deadline=None)
@given(sources(), st.lists(numbers(), min_size=3, max_size=3), st.tuples(*[st.integers(-1000, 1000)] * 2))
def test_the_walked_meaning_is_what_cpython_computes(
    source: Source, reals: list[float], wholes: tuple[int, int]
) -> None:
    program, function = source.program(), source.function()
    given_ = dict(zip(source.reals, reals, strict=True)) | dict(zip(source.wholes, wholes, strict=True))
    try:
        expected = function(**given_)
    except ZeroDivisionError:
        assume(False)
    assert same(meaning(program, given_)[program.outputs["result"]], expected)


def test_every_operation_of_the_language_is_drawn() -> None:
    met: set[str] = set()

    @settings(max_examples=60, database=None, derandomize=True, deadline=None)
    @given(sources(ALL))
    def collect(source: Source) -> None:
        program = source.program()
        met.update(program.graph.nodes[n].operation for n in program.cone())

    collect()
    assert set(ARITHMETIC) <= met
