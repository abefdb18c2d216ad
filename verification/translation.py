"""C = Python: an independent reader builds the program from the C, and the roots must be the same nodes.

Weights are symbols, so identity covers all weights and inputs of these sizes. Trusted: what
verification/reader says that its own syntax means, and the C compiler. Not trusted: the printer, and
pycparser, whose tree is printed again and compared with the file. The words of scalar.h are proved in
claims/words.py.
"""

from collections.abc import Callable
from typing import Any, get_type_hints

from controller.kernel.records import Law, State, Work, allocate
from controller.kernel.step import receive, reset, step
from verification.program import Graph, Program, trace
from verification.reader.names import ENTRIES, Unit, unit
from verification.reader.run import Reader
from verification.reader.tokens import CError


def python_programs(sizes: dict[str, int], graph: Graph) -> dict[str, Program]:
    """The three entry points traced from Python."""
    law, state, work = (allocate(r, sizes) for r in (Law, State, Work))
    sample = {"now_us": 0, "channel": 0, "time_us": 0, "value": 0.0}
    return {
        "reset": trace(reset, {"law": law, "state": state}, graph),
        "receive": trace(receive, {"law": law, "state": state, **sample}, graph),
        "step": trace(step, {"law": law, "state": state, "work": work, "now_us": 0, "missed": 0}, graph),
    }


def differences(
    sizes: dict[str, int], header: str, source: str, programs: dict[str, Program] | None = None
) -> list[str]:
    """Where the C computes something else than the Python; [] means that they are identical.

    programs: the Python's, where they are traced already.
    """
    python = programs or python_programs(sizes, Graph())
    try:
        found = unit(header, source)
        reader = Reader(python["step"].graph, found)
        differ = _declared(sizes, found)
        for entry, short in ENTRIES.items():
            program = reader.program(entry)
            differ += _different(short, python[short], program)
            differ += _needless(short, python[short], reader.executed)
    except CError as error:
        return [str(error)]
    if unlaid := found.records.keys() - reader.laid:
        differ.append(f"the record {min(unlaid)} is of no use")
    return differ


def _declared(sizes: dict[str, int], found: Unit) -> list[str]:
    """Where sizes and entry points are not declared as in Python."""
    differ = []
    if found.sizes != tuple((f"SW_{name.upper()}", value) for name, value in sizes.items()):
        differ.append("the sizes of kernel.h differ")
    functions: tuple[Any, ...] = (reset, receive, step)
    for entry, function in zip(ENTRIES, functions, strict=True):
        parameters = found.functions[entry].parameters
        wanted = [(name, *_c_type(hint)) for name, hint in _hints(function).items()]
        if [(p.name, p.type, p.pointer) for p in parameters] != wanted or any(p.extents for p in parameters):
            differ.append(f"the parameters of {entry} differ")
        if [p.const for p in parameters] != [hint is Law for hint in _hints(function).values()]:
            differ.append(f"{entry} must leave its law, and only that, const")
    return differ


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    return {name: hint for name, hint in get_type_hints(function).items() if name != "return"}


def _c_type(hint: Any) -> tuple[str, bool]:
    """A parameter's type in C, and whether it is a pointer."""
    plain = {int: "int64_t", float: "double"}
    return (plain[hint], False) if hint in plain else (f"sw_{hint.__name__}", True)


def _different(short: str, wanted: Program, got: Program) -> list[str]:
    """Where the inputs, in the order of their places in memory, or the results are not the same nodes."""
    differ = []
    if list(wanted.inputs.items()) != list(got.inputs.items()):
        differ.append(f"{short}: the parameters or the structs differ")
    for path in sorted(wanted.outputs.keys() | got.outputs.keys()):
        if wanted.outputs.get(path) != got.outputs.get(path):
            differ.append(f"{short}: {path} is computed differently")
    return differ


def _needless(short: str, wanted: Program, executed: set[int]) -> list[str]:
    """Integer operations that no result needs: INTEGER-RANGE does not look whether they overflow."""
    spare = executed - set(wanted.cone())
    return [f"{short}: {len(spare)} integer operations of the C serve no result"] if spare else []
