"""The reader's text and syntax: it accepts what it prints again, token for token, and nothing else."""

import pytest

from controller.native.bundle import kernel_sources, parameter_sources
from tests.settling import flown
from verification.reader.parameters import wrong_parameters
from verification.reader.parse import read
from verification.reader.tokens import CError, code, number, tokens

C = '#include "kernel.h"\n#include "scalar.h"\n'


def function(body: str) -> str:
    return f"{C}static double sw_f(double x, double y)\n{{\n{body}\n}}\n"


@pytest.mark.parametrize(
    "text",
    [
        "#define HUGE 1.0",
        "#if 0",
        "#pragma STDC FP_CONTRACT ON",
        '#include "other.h"',
        ' #include "kernel.h"',
        '/* */#include "kernel.h"',
        "static double f(double x) { return x; } // and more",
        "/* a \\\n*/ static double f(double x) { return x; }",
        "/* a ??/\n*/ static double f(double x) { return x; }",
        "/* // */",
        "/* never closed",
        "%:define HUGE 1.0",
        "double x<:2:>;",
        'char *s = "s";',
        "int c = 'c';",
        "int a$b;",
    ],
)
def test_text_that_could_mislead_is_refused(text: str) -> None:
    with pytest.raises(CError, match="is not accepted"):
        code("kernel.c", C + text + "\n")


def test_a_sign_is_as_long_as_c_takes_it() -> None:
    assert tokens("a---b->c<<=d/*e*/...f") == ["a", "--", "-", "b", "->", "c", "<<=", "d", "...", "f"]
    assert tokens("0xe+1 1.5e-3f .5") == ["0xe+1", "1.5e-3f", ".5"]


@pytest.mark.parametrize(
    ("text", "value"),
    [("0", 0), ("9223372036854775807", 2**63 - 1), ("0.5", 0.5), ("1e+22", 1e22), ("0x1.8p+1", 3.0),
     ("0x0.0000000000001p-1022", 5e-324), ("0x1.fffffffffffffp+1023", 1.7976931348623157e308)],
)  # fmt: skip
def test_a_number_is_read_to_the_bit(text: str, value: float) -> None:
    assert number(text) == value and type(number(text)) is type(value)


@pytest.mark.parametrize(
    "text",
    ["00", "010", "0x10", "1u", "1L", "9223372036854775808", "1.0f", "1.0L", "0.1", "1.", ".5", "1e999",
     "1e-400", "0x1p3", "0x1.00000000000001p+0",
     "0x1.0p+1024", "0x1.0p-1075", "0x1.8P+1", "0e", "1_0", "0x1.0p+99999",
     "9" * 5000],
)  # fmt: skip
def test_a_number_that_c_could_read_otherwise_is_refused(text: str) -> None:
    with pytest.raises(CError):
        number(text)


@pytest.mark.parametrize(
    "body",
    ["return x - (y - x) * (-y) / x;", "return -x * y + -y;", "return -(-x);", "return (double)(-1) / x;",
     "const double z = x;\nreturn z;"],
)  # fmt: skip
def test_what_is_printed_again_is_accepted(body: str) -> None:
    assert read("kernel.c", function(body))


@pytest.mark.parametrize(
    "body",
    ["return x - ((y - x));", "return (x - y) - x;", "return (x);", "return x * -y;", "return +x;",
     "return x % y;", "return x << 2;", "return x ? x : y;", "return x == y;", "return !x;", "return *x;",
     "return x++;", "return sizeof(x);", "return (x, y);", "return (const double)x;", "return (double *)x;",
     "if (x) { x = y; } return x;", "while (x) { x = y; } return x;", "goto end; end: return x;",
     "switch (x) { } return x;", "do { x = y; } while (x); return x;", "return x; return y;", "return;",
     "for (int i = 0; i < 2; ++i) { x = y; } return x;", "for (int i = 0; i <= 2; i++) { x = y; } return x;",
     "for (int i = 0; 2 > i; i++) { x = y; } return x;", "for (int i = 0; i < 2; x++) { x = y; } return x;",
     "for (long i = 0; i < 2; i++) { x = y; } return x;", "for (int i = 0, k = 0; i < 2; i++) { } return x;",
     "double z[2] = {x, y}; return x;", "register double z = x; return z;", "double (z) = x; return z;",
     "double f(double); return x;", "struct { double d; } z; return x;", "typedef int t; return x;"],
)  # fmt: skip
def test_what_the_model_does_not_have_is_refused(body: str) -> None:
    with pytest.raises(CError):
        read("kernel.c", function(body))


PARAMETERS = {
    "a macro": ("parameters.h", "extern", "#define sw_Law sw_Pid\nextern"),
    "no extern": ("parameters.h", "extern const", "const"),
    "of another type": ("parameters.h", "sw_Law seawall_law", "sw_State seawall_law"),
    "an array": ("parameters.h", "seawall_law;", "seawall_law[1];"),
    "may change": ("parameters.h", "extern const", "extern"),
    "two of them": ("parameters.h", "seawall_law;", "seawall_law, other;"),
    "a number in the header": ("parameters.h", "extern", "static const int spare = 1;\nextern"),
    "no guard": ("parameters.h", "#ifndef SEAWALL_PARAMETERS_H\n", ""),
    "another header": ("parameters.h", '"kernel.h"', '"scalar.h"'),
    "a macro in the table": ("parameters.c", "const sw_Law", "#define recovery ahead_us\nconst sw_Law"),
    "a pragma": ("parameters.c", "const sw_Law", "#pragma pack(1)\nconst sw_Law"),
    "seen by this file alone": ("parameters.c", "const sw_Law", "static const sw_Law"),
    "a table that may change": ("parameters.c", "const sw_Law", "sw_Law"),
    "a table of another type": ("parameters.c", "sw_Law seawall_law", "sw_State seawall_law"),
    "a table of tables": ("parameters.c", "seawall_law =", "seawall_law[1] ="),
    "a tentative table": ("parameters.c", "const sw_Law", "const sw_Law seawall_law;\nconst sw_Law"),
    "a second table": ("parameters.c", "const sw_Law", "const sw_Law spare = {0};\nconst sw_Law"),
    "an attribute": ("parameters.c", "seawall_law =", "seawall_law __attribute__((weak)) ="),
    "a field twice": ("parameters.c", ".recovery = 5,", ".recovery = 5,\n        .recovery = 5,"),
    "fields in another order": (
        "parameters.c",
        ".low_us = 500,\n        .high_us = 2000,",
        ".high_us = 2000,\n        .low_us = 500,",
    ),
    "a field that is not there": ("parameters.c", ".recovery = 5,", ""),
    "an octal number": ("parameters.c", ".low_us = 500,", ".low_us = 0500,"),
    "an expression": ("parameters.c", ".low_us = 500,", ".low_us = 250 + 250,"),
    "a float for an int": ("parameters.c", ".low_us = 500,", ".low_us = 500.0,"),
    "a number by its place": (
        "parameters.c",
        ".stale_us = {5000, 5000}",
        ".stale_us = {[1] = 5000, [0] = 5000}",
    ),
    "a row too short": ("parameters.c", ".stale_us = {5000, 5000}", ".stale_us = {5000}"),
    "a row too long": ("parameters.c", ".stale_us = {5000, 5000}", ".stale_us = {5000, 5000, 5000}"),
    "braces that C would drop": ("parameters.c", ".recovery = 5,", ".recovery = {5},"),
    "a field of a field": ("parameters.c", ".clock = {", ".clock.low_us = 1,\n    .clock = {"),
}


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameters_that_are_not_the_projects(name: str) -> None:
    file, old, new = PARAMETERS[name]
    law = flown()[0].law
    files = parameter_sources(law)
    assert files[file].count(old) >= 1
    files[file] = files[file].replace(old, new, 1)
    assert wrong_parameters(law, files["parameters.h"], files["parameters.c"])


def test_the_parameters_as_printed() -> None:
    law = flown()[0].law
    files = parameter_sources(law)
    assert wrong_parameters(law, files["parameters.h"], files["parameters.c"]) == []


def test_every_file_is_read_back() -> None:
    """Each printed file is printed again from what was understood of it."""
    sizes = flown()[0].sizes
    files = kernel_sources(sizes)
    records = tuple(p.name for p in read("kernel.h", files["kernel.h"]) if hasattr(p, "kind"))
    assert len(records) == 9
    assert len(read("kernel.c", files["kernel.c"], records)) > 50
    assert len(read("scalar.h", files["scalar.h"])) == 6
