"""The table of parameters, whole: its declaration, its type, and each number in its place."""

from collections.abc import Iterator

from controller.kernel.records import Law
from verification.program import leaves
from verification.reader import syntax
from verification.reader.parse import compare, literal, read
from verification.reader.tokens import CError, code, tokens

TABLE = "seawall_law"
TYPE = "sw_Law"


def table(source: str) -> list[tuple[str, int | float]]:
    """Every number of parameters.c with its path ("law.network.b[0]"), in order; raises CError."""
    match read("parameters.c", source, (TYPE,)):
        case [syntax.Constant(storage="", type=type_, name=name, value=value)] if (type_, name) == (
            TYPE,
            TABLE,
        ):
            return list(_numbers(value, "law"))
    raise CError(f"parameters.c must define {TABLE}, and nothing else")


def _numbers(node: syntax.Initialiser, path: str) -> Iterator[tuple[str, int | float]]:
    match node:
        case syntax.Fields(values=values):
            for name, inner in values:
                yield from _numbers(inner, f"{path}.{name}")
        case syntax.Row(values=values):
            for i, inner in enumerate(values):
                yield from _numbers(inner, f"{path}[{i}]")
        case _:
            yield path, literal(node)


def wrong_parameters(law: Law, header: str, source: str) -> list[str]:
    """Where parameters.h and parameters.c are not this law; [] where each number is, to the last bit."""
    try:
        compare("parameters.h", code("parameters.h", header), tokens(f"extern const {TYPE} {TABLE};"))
        got = [(path, _bits(value)) for path, value in table(source)]
    except CError as error:
        return [str(error)]
    wanted = [(path, _bits(value)) for path, value in leaves(law, "law")]
    if [path for path, _ in got] != [path for path, _ in wanted]:
        return ["parameters.c does not name each parameter once, in its order"]
    return [f"{path} differs" for (path, bits), pair in zip(wanted, got, strict=True) if pair != (path, bits)]


def _bits(value: int | float) -> str:
    return value.hex() if isinstance(value, float) else str(value)
