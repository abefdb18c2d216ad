"""The C that flies is the Python: the same graph, the same parameters, and no memory of old scratch."""

from collections.abc import Callable

from verification.flight import Flight
from verification.program import Graph, Program, TraceError, leaves
from verification.reader.parameters import wrong_parameters
from verification.translation import differences, python_programs
from verification.verdict import Verdict, decide, python_version

PRINTER = ["controller/native/emit.py", "controller/native/types.py", "controller/native/bundle.py"]
TWIN = "tests/should_fail/test_code.py"


def code_verdicts(flight: Flight, sources: dict[str, str]) -> list[Verdict]:
    """All three, about the printed sources of the project."""
    return [equality(flight, sources), parameters(flight, sources), scratch(flight)]


def equality(flight: Flight, sources: dict[str, str]) -> Verdict:
    """C-EQUALS-PYTHON."""
    found = differences(flight.sizes, sources["kernel.h"], sources["kernel.c"], flight.programs)
    return Verdict(
        "C-EQUALS-PYTHON",
        "The printed C performs the operations of the Python kernel on the same values in the same order, "
        "for all weights, inputs and states of these sizes, and no other operation on integers; it indexes "
        "no array out of bounds, has no branch but loops of fixed length, and its entry points, sizes and "
        "structs are the Python's.",
        decide(not found, "PROVED-IEEE"),
        "graph identity: an independent reader prints what it understands of kernel.h and kernel.c, which "
        "must be all that stands there, and runs it on symbols; the roots are the same nodes",
        "binary64 and int64",
        ["the words of scalar.h mean what they mean in Python (C-WORDS)",
         "no integer of the kernel overflows (INTEGER-RANGE)"],
        PRINTER,
        f"{TWIN}::test_c_equals_python_twin",
        "; ".join(found[:3]),
        {"differences": found[:10]} if found else None,
        program_digest=flight.digest,
        versions=python_version(),
    )  # fmt: skip


def parameters(flight: Flight, sources: dict[str, str]) -> Verdict:
    """C-PARAMETERS."""
    count = sum(1 for _ in leaves(flight.law, "law"))
    wrong = wrong_parameters(flight.law, sources["parameters.h"], sources["parameters.c"])
    return Verdict(
        "C-PARAMETERS",
        f"parameters.h declares the project's parameters, and parameters.c holds each of the {count} numbers "
        "in its place, to the last bit; nothing else stands in them.",
        decide(not wrong, "EXHAUSTED"),
        "exact comparison of every number, read back from the C, and of all that stands in the files",
        "",
        [],
        [*PRINTER[1:], "controller/kernel/records.py"],
        f"{TWIN}::test_c_parameters_twin",
        wrong[0] if wrong else "",
        {"differs": wrong[:10]} if wrong else None,
        program_digest=flight.digest,
        versions=python_version(),
    )


def scratch(flight: Flight, programs_of: Callable[..., dict[str, Program]] = python_programs) -> Verdict:
    """SCRATCH-CLEAN: tracing refuses a result that depends on what a scratch field held before."""
    reason = ""
    try:
        programs = programs_of(flight.sizes, Graph())
    except TraceError as error:
        reason, programs = str(error), {}
    outputs = sum(len(p.outputs) for p in programs.values())
    return Verdict(
        "SCRATCH-CLEAN",
        f"None of the {outputs} numbers that a step leaves behind depends on what its scratch held before.",
        decide(not reason, "PROVED-IEEE"),
        "graph identity: no scratch leaf lies in the cone of any output",
        "binary64 and int64",
        [],
        ["controller/kernel/records.py", "controller/kernel/step.py"],
        f"{TWIN}::test_scratch_clean_twin",
        reason,
        {"scratch": reason} if reason else None,
        program_digest=flight.digest,
        versions=python_version(),
    )
