"""The C is the Python: identity over symbolic weights, for several sizes and for random programs."""

import ctypes
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from controller.kernel.records import Law, allocate
from controller.native.build import MEANING, compile_to, compiler
from controller.native.bundle import kernel_sources, parameter_sources
from controller.native.emit import print_kernel
from controller.project import load
from tests.programs import Source, meaning, same, sources
from tests.projects import make_project
from verification.program import Graph, leaves, trace
from verification.reader.names import unit
from verification.reader.parameters import table
from verification.reader.run import KINDS, Reader, Term
from verification.translation import differences, python_programs

SMALL = {"inputs": 2, "hidden": 3, "outputs": 1, "substeps": 1, "slots": 4}
SIZES = [
    SMALL,
    {"inputs": 1, "hidden": 1, "outputs": 1, "substeps": 1, "slots": 1},
    {"inputs": 3, "hidden": 2, "outputs": 2, "substeps": 3, "slots": 2},
    {"inputs": 2, "hidden": 8, "outputs": 1, "substeps": 1, "slots": 16},
]


@pytest.mark.parametrize("sizes", SIZES, ids=lambda s: "-".join(str(v) for v in s.values()))
def test_the_printed_c_is_the_python(sizes: dict[str, int]) -> None:
    sources_ = kernel_sources(sizes)
    assert differences(sizes, sources_["kernel.h"], sources_["kernel.c"]) == []


def test_other_sizes_are_not_the_same_program() -> None:
    sources_ = kernel_sources(SMALL)
    assert differences(SMALL | {"hidden": 4}, sources_["kernel.h"], sources_["kernel.c"])


def test_weights_and_limits_are_symbols_so_the_identity_covers_all_of_them() -> None:
    programs = python_programs(SMALL, Graph())
    constants = {path for path, _ in leaves(allocate(Law, SMALL), "law")}
    assert any("network.w_rec" in path for path in constants)
    assert constants <= programs["step"].inputs.keys()
    graph = programs["step"].graph
    used = {graph.nodes[n].leaf for n in programs["step"].cone()}
    # the nominal period and each weight are read; nothing of the network is folded into the code
    assert {p for p in constants if ".network." in p} <= used


def test_the_programs_do_not_depend_on_what_scratch_held() -> None:
    program = python_programs(SMALL, Graph())["step"]
    assert not any(program.graph.nodes[n].leaf.startswith("work.") for n in program.cone())


def test_the_parameter_table_reads_back_to_the_bit(tmp_path: Path) -> None:
    overrides: dict[str, Any] = {"network.b": [0.1, -0.0, 5e-324], "network.b_out": [-1.0e-9]}
    project = load(make_project(tmp_path, hidden=3, **overrides))
    found = table(parameter_sources(project.law)["parameters.c"])
    wanted = list(leaves(project.law, "law"))
    assert [path for path, _ in found] == [path for path, _ in wanted]
    for (path, value), (_, number) in zip(wanted, found, strict=True):
        assert type(number) is type(value)
        assert float(number).hex() == float(value).hex(), path


def in_files(prototypes: str, text: str) -> tuple[str, str]:
    """Prototypes and functions as kernel.h and kernel.c, which have sizes too."""
    header = "#ifndef SEAWALL_KERNEL_H\n#define SEAWALL_KERNEL_H\n#include <stdint.h>\n"
    header += f"enum {{ SW_INPUTS = 2, }};\n{prototypes}\n#endif\n"
    return header, f'#include "kernel.h"\n#include "scalar.h"\n{text}'


def read_back(source: Source) -> tuple[str, bool]:
    """The C of a random program, and whether the reader finds the same node."""
    function = source.function()
    prototypes, text = print_kernel([function])
    graph = Graph()
    program = trace(function, dict.fromkeys(source.reals, 0.0) | dict.fromkeys(source.wholes, 0), graph)
    entry = f"seawall_{function.__name__}"
    found = unit(*in_files(prototypes, text), [entry])
    reader, printed = Reader(graph, found), found.functions[entry]
    inputs = [Term(graph.add("input", (), KINDS[p.type], p.name)) for p in printed.parameters]
    result = reader.call(printed, inputs)
    return text, result == Term(program.outputs["result"])


@settings(max_examples=120, deadline=None)
@given(sources(printable=True))
def test_a_random_program_is_read_back_to_the_same_node(source: Source) -> None:
    text, identical = read_back(source)
    assert identical, source.text + text


def test_compiled_random_programs_have_their_bits(tmp_path: Path) -> None:
    """Thirty programs in one library, on odd numbers, against their walked meaning."""
    drawn: list[Source] = []

    @settings(max_examples=30, database=None, derandomize=True, deadline=None)
    @given(sources(printable=True))
    def collect(source: Source) -> None:
        drawn.append(source)

    collect()
    functions = [source.function() for source in drawn]
    prototypes, text = print_kernel(list(functions))
    words = kernel_sources(SMALL)["scalar.h"]
    library = {"scalar.h": words, "all.c": f'#include "scalar.h"\n{prototypes}\n{text}'}
    target = tmp_path / "all.so"
    compile_to(target, library, [*compiler(), *MEANING, "-O2", "-shared", "-fPIC"])
    code = ctypes.CDLL(str(target))
    odd = (0.0, -0.0, 1.5, -2.25, 5e-324, 1.7e308, math.inf, -math.inf, math.nan)
    for source, function in zip(drawn, functions, strict=True):
        native = getattr(code, f"seawall_{function.__name__}")
        native.restype = ctypes.c_double
        native.argtypes = [ctypes.c_double] * len(source.reals) + [ctypes.c_int64] * len(source.wholes)
        program = source.program()
        for k in range(60):
            reals = [odd[(k * (3 + 2 * i) + i) % len(odd)] for i in range(len(source.reals))]
            wholes = [(k * 37 + 11 * i) % 2001 - 1000 for i in range(len(source.wholes))]
            given_ = dict(zip(source.reals, reals, strict=True))
            given_ |= dict(zip(source.wholes, wholes, strict=True))
            expected = meaning(program, given_)[program.outputs["result"]]
            assert same(native(*reals, *wholes), expected), source.text
