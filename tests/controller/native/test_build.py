"""The C itself: clean under two compilers' strict warnings, and nothing in the object that should not be."""

import platform
import re
import shutil
import struct
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from controller.errors import InputError
from controller.native import build, cross
from controller.native.bundle import kernel_sources, parameter_sources
from controller.project import load
from tests.projects import make_project

HERE = Path(build.__file__).parent
CROSS = pytest.mark.xdist_group("cross")
STRICT = ["-std=c99", "-Wall", "-Wextra", "-Wconversion", "-Wpedantic", "-Werror", "-ffp-contract=off"]
SHAPES = {"least": (1, 1, 1), "seed": (2, 8, 1), "wide": (4, 64, 3)}
FUSED_X86 = re.compile(r"\bvfn?m(?:add|sub|addsub|subadd)\d*[a-z]*\b")
EXECUTABLE = 4  # SHF_EXECINSTR
FUSED_A64 = (  # Arm Architecture Reference Manual, C4.1: mask and code
    (0xFF000000, 0x1F000000),  # FMADD, FMSUB, FNMADD, FNMSUB
    (0xBFA0FC00, 0x0E20CC00),  # FMLA, vectors
    (0xBFA0FC00, 0x0EA0CC00),  # FMLS, vectors
    (0xBF80B400, 0x0F801000),  # FMLA and FMLS, by element
)
FUSED = {
    "aarch64-linux": re.compile(r"\bf(?:n?m(?:add|sub)|ml[as])\b"),
    "armv7-linux": re.compile(r"\bvfn?m[as]\.f"),  # vmla rounds its product, so it is not fused
    "riscv64-linux": re.compile(r"\bfn?m(?:add|sub)\.[sd]\b"),
}


def write_sources(folder: Path, shape: str = "seed") -> Path:
    """The printed kernel and parameters of a project of this shape, in a folder."""
    inputs, hidden, outputs = SHAPES[shape]
    project = load(make_project(folder / "project", inputs, hidden, outputs))
    for name, text in {**kernel_sources(project.sizes), **parameter_sources(project.law)}.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def compile_object(
    folder: Path, *more: str, compiler: tuple[str, ...] = ("cc",), unit: str = "kernel.c"
) -> Path:
    """Compile one unit; the object."""
    needs("cc", "gcc")
    out = folder / "unit.o"
    cross.run([*compiler, *STRICT, *more, "-c", unit, "-o", str(out)], folder)
    return out


def needs(tool: str, package: str) -> None:
    """Skip where a tool is missing."""
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} is missing: apt-get install {package}")


def said(*words: str) -> str:
    """What a command prints."""
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("level", ["-O0", "-O3"])
def test_clean_under_gcc(tmp_path: Path, shape: str, level: str) -> None:
    write_sources(tmp_path, shape)
    for unit in ("kernel.c", "parameters.c"):
        compile_object(tmp_path, level, unit=unit)


@CROSS
@pytest.mark.parametrize("target", list(FUSED))
def test_clean_under_zig(tmp_path: Path, target: str) -> None:
    tools = cross.toolchain(target)
    write_sources(tmp_path)
    for unit in ("kernel.c", "parameters.c"):
        compile_object(tmp_path, "-O2", compiler=tools.command, unit=unit)


def test_a_warning_is_an_error(tmp_path: Path) -> None:
    """The twin: a lossy conversion in the kernel does not compile."""
    write_sources(tmp_path)
    source = tmp_path / "kernel.c"
    source.write_text(source.read_text() + "int sw_twin(double x)\n{\n    return x;\n}\n")
    with pytest.raises(InputError, match="conversion"):
        compile_object(tmp_path)


def test_cppcheck_finds_nothing(tmp_path: Path) -> None:
    """In the printed kernel and in what was written by hand; a planted fault is found."""
    needs("cppcheck", "cppcheck")
    write_sources(tmp_path)
    command = ["cppcheck", "--enable=warning,performance,portability,style", "--std=c99", "--quiet"]
    command += ["--error-exitcode=1", f"-I{HERE}", f"-I{tmp_path}"]
    units = [
        str(tmp_path / "kernel.c"),
        str(tmp_path / "parameters.c"),
        str(HERE / "host.c"),
        str(HERE / "line.c"),
    ]
    done = subprocess.run([*command, *units], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    planted = tmp_path / "planted.c"
    planted.write_text("int f(void);\nint f(void)\n{\n    int a[2] = {0, 0};\n    return a[2];\n}\n")
    assert subprocess.run([*command, str(planted)], capture_output=True, check=False).returncode == 1


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    "how",
    [
        ("-O0",),
        ("-O2",),
        ("-O2", "-ffreestanding"),
        # on some processors gcc makes a loop of zeros a memset, which each process that loads the library has
        ("-O3", "-march=native", "-fno-tree-loop-distribute-patterns"),
    ],
)
def test_no_library_and_no_global_state(tmp_path: Path, shape: str, how: tuple[str, ...]) -> None:
    """No symbol of the kernel is undefined (no malloc, no memcpy) and none is writable data."""
    unit = compile_object(write_sources(tmp_path, shape), *how)
    symbols = [line.split() for line in said("nm", str(unit)).splitlines()]
    names = {words[-1]: words[-2] for words in symbols}
    assert {name for name, kind in names.items() if kind == "U"} == set()
    assert set(names.values()) <= {"T", "t", "r"}
    assert {n for n, kind in names.items() if kind == "T"} == {
        "seawall_reset",
        "seawall_receive",
        "seawall_step",
    }


@CROSS
@pytest.mark.parametrize("target", list(FUSED))
def test_freestanding_elsewhere(tmp_path: Path, target: str) -> None:
    """A bare machine has no library: nothing is undefined but the compiler's own helpers."""
    tools = cross.toolchain(target)
    unit = compile_object(write_sources(tmp_path, "wide"), "-O2", "-ffreestanding", compiler=tools.command)
    undefined = said("nm", "--undefined-only", "--format=just-symbols", str(unit)).split()
    assert [name for name in undefined if not name.startswith("__aeabi_")] == []
    assert not any("mem" in name for name in undefined)


def test_only_headers_that_a_freestanding_compiler_has(tmp_path: Path) -> None:
    """C99, clause 4, paragraph 6, lists them; the kernel needs one."""
    folder = write_sources(tmp_path)
    texts = [(folder / name).read_text() for name in ("scalar.h", "kernel.h", "kernel.c")]
    assert set(re.findall(r"#include <(.*)>", "".join(texts))) == {"stdint.h"}


def test_the_symbol_gate_sees_what_it_looks_for(tmp_path: Path) -> None:
    """The twin: malloc, sin, a copy and a counter are found."""
    twin = tmp_path / "twin.c"
    twin.write_text(
        "#include <math.h>\n#include <stdlib.h>\n#include <string.h>\nint calls = 1;\ndouble *f(double x);\n"
        "double *f(double x)\n{\n    double *p = malloc(8);\n    calls++;\n    memcpy(p, &x, sizeof x);\n"
        "    *p = sin(x);\n    return p;\n}\n"
    )
    listing = said("nm", str(compile_object(tmp_path, "-O2", "-ffreestanding", unit="twin.c")))
    assert "D calls" in listing and all(f"U {name}" in listing for name in ("malloc", "sin", "memcpy"))


def test_no_recursion(tmp_path: Path) -> None:
    """gcc's own call graph has no cycle."""
    folder = write_sources(tmp_path)
    compile_object(folder, "-O0", "-fcallgraph-info")
    text = (folder / "unit.ci").read_text()
    edges = re.findall(r'edge: \{ sourcename: "([^"]+)" targetname: "([^"]+)"', text)
    graph: dict[str, set[str]] = {}
    for source, target in edges:
        graph.setdefault(source, set()).add(target)
    order = list(TopologicalSorter(graph).static_order())  # raises CycleError on recursion
    assert len(order) > 20 and any(name.endswith("seawall_step") for name in order)


def test_the_stack_is_bounded(tmp_path: Path) -> None:
    needs("cc", "gcc")
    bound = cross.stack_bytes(cross.toolchain("host"), write_sources(tmp_path), "kernel.c")
    assert bound is None or 0 < bound < 4096


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="x86-64 only")
def test_nothing_is_fused_on_x86(tmp_path: Path) -> None:
    """As the native backend compiles, and for any machine with FMA; with contraction on, it is found."""
    needs("objdump", "binutils")
    folder = write_sources(tmp_path)
    for machine in ("-march=native", "-march=x86-64-v3"):
        listing = said("objdump", "-d", str(compile_object(folder, "-O3", machine)))
        assert not FUSED_X86.search(listing)
    twin = compile_object(folder, "-O3", "-march=x86-64-v3", "-ffp-contract=fast")
    assert FUSED_X86.search(said("objdump", "-d", str(twin)))


@CROSS
@pytest.mark.parametrize("target", list(FUSED))
def test_nothing_is_fused_elsewhere(tmp_path: Path, target: str) -> None:
    """The compiler's own listing of each target; with contraction on (and VFPv4 on arm), fusing is found."""
    tools = cross.toolchain(target)
    folder = write_sources(tmp_path)
    more = ["-mcpu=cortex_a15"] if target == "armv7-linux" else []

    def listing(*flags: str) -> str:
        quiet = "-Wno-unused-command-line-argument"  # zig adds a -c of its own
        words = [*cross.flags(), quiet, *flags, "-S", "kernel.c", "-o", "kernel.s"]
        cross.run([*tools.command, *words], folder)
        return (folder / "kernel.s").read_text(encoding="latin-1")  # debug data is no UTF-8

    assert not FUSED[target].search(listing())
    assert not FUSED[target].search(listing(*more))
    assert FUSED[target].search(listing(*more, "-ffp-contract=fast"))


def instructions(unit: Path) -> list[int]:
    """The 32-bit words of the executable sections of a little-endian ELF64 object (ELF-64, version 1.5)."""
    data = unit.read_bytes()
    (table,) = struct.unpack_from("<Q", data, 0x28)
    size, count = struct.unpack_from("<2H", data, 0x3A)
    found: list[int] = []
    for head in range(table, table + size * count, size):
        flags, _, start, length = struct.unpack_from("<4Q", data, head + 8)
        if flags & EXECUTABLE:
            found += struct.unpack_from(f"<{length // 4}I", data, start)
    return found


@CROSS
def test_the_object_is_not_fused_on_aarch64(tmp_path: Path) -> None:
    """The same gate on the object's own words."""
    tools = cross.toolchain("aarch64-linux")
    folder = write_sources(tmp_path)

    def fused(*more: str) -> list[int]:
        words = instructions(compile_object(folder, "-O2", *more, compiler=tools.command))
        assert len(words) > 500
        return [word for word in words if any(word & mask == code for mask, code in FUSED_A64)]

    assert fused() == []
    assert len(fused("-ffp-contract=fast")) > 10


def test_compiled_once_for_each_set_of_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEAWALL_CACHE", str(tmp_path))
    sizes = {"inputs": 1, "hidden": 2, "outputs": 1, "substeps": 1, "slots": 2}
    first = build.library(sizes)
    stamp = first.stat().st_mtime_ns
    assert build.library(sizes) == first and first.stat().st_mtime_ns == stamp
    assert build.library(sizes | {"hidden": 3}) != first
    assert [p.suffix for p in first.parent.iterdir()] == [".so", ".so"]


def test_a_compiler_that_fails_says_why(tmp_path: Path) -> None:
    needs("cc", "gcc")
    with pytest.raises(InputError, match=r"cc: a.c:1:1: error: .*nonsense; it must know C99"):
        build.compile_to(tmp_path / "out.so", {"a.c": "nonsense"}, ["cc", "-shared"])
    assert list(tmp_path.iterdir()) == []


def test_no_compiler_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert build.compiler()[1:] == ["-m", "ziglang", "cc"]
    monkeypatch.setitem(sys.modules, "ziglang", None)
    with pytest.raises(InputError, match=r"pip install 'seawall\[cross\]'"):
        build.compiler()


def test_parameters_are_hex_floats(tmp_path: Path) -> None:
    """Exact in any compiler: no floating number of the table is written in decimal outside a comment."""
    text = (write_sources(tmp_path) / "parameters.c").read_text()
    code = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    assert len(re.findall(r"-?0x[01]\.[0-9a-f]+p[+-]\d+", code)) > 100
    assert not re.search(r"(?<![x.\w])\d+\.\d", code)
