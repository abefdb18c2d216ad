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
from verification.c_text import CError, parse
from verification.program import Graph, leaves, trace
from verification.translation import TYPES, Reader, Term, differences, python_programs, read_parameters

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
    found = read_parameters(parameter_sources(project.law)["parameters.c"])
    wanted = dict(leaves(project.law, "law"))
    assert found.keys() == wanted.keys()
    for path, value in wanted.items():
        assert type(found[path]) is type(value)
        assert float(found[path]).hex() == float(value).hex(), path


def read_back(source: Source) -> tuple[str, bool]:
    """The C of a random program, and whether the reader finds the same node."""
    function = source.function()
    prototypes, text = print_kernel([function])
    graph = Graph()
    program = trace(function, dict.fromkeys(source.reals, 0.0) | dict.fromkeys(source.wholes, 0), graph)
    reader = Reader(graph)
    reader.load(prototypes, text)
    entry = f"seawall_{function.__name__}"
    frame: dict[str, Any] = {}
    for parameter in reader.functions[entry].decl.type.args.params:
        kind = TYPES[reader._base(parameter.type)]
        frame[parameter.name] = Term(graph.add("input", (), kind, parameter.name))
    result = reader._run(reader.functions[entry], frame)
    return text, reader._number(result) == program.outputs["result"]


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


@pytest.mark.parametrize(
    "text",
    [
        "#define HUGE 1.0",
        "#if 0",
        "#pragma STDC FP_CONTRACT ON",
        '#include "other.h"',
        "static double f(double x) { return x; } // and more",
        "/* a \\\n*/ static double f(double x) { return x; }",
        "static double f(volatile double x) { return x; }",
        "static double f(const double x[restrict 2]) { return x[0]; }",
        "%:define HUGE 1.0",
    ],
)
def test_text_that_could_mislead_is_refused(text: str) -> None:
    with pytest.raises(CError, match="is not accepted"):
        parse(text + "\n")
