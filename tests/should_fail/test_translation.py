"""Twins of C = Python: every mutant of the printed C must be refuted, and so must tricks of the text.

The systematic mutants are in tests/mutants; here are those that operators on the text would not make.
"""

import re

import pytest

from controller.native.bundle import kernel_sources
from tests.should_fail.escapes import ESCAPES, HEADER_ESCAPES
from verification.program import Graph
from verification.translation import differences, python_programs

SIZES = {"inputs": 3, "hidden": 4, "outputs": 2, "substeps": 1, "slots": 3}
SOURCES = kernel_sources(SIZES)
HEADER, KERNEL = SOURCES["kernel.h"], SOURCES["kernel.c"]
PYTHON = python_programs(SIZES, Graph())

# name: (text that stands in kernel.c once or more, what it becomes; the first place is changed)
MUTANTS: dict[str, tuple[str, str]] = {
    "swapped operation: + for -": ("1.0 - 2.0 / (e + 1.0)", "1.0 + 2.0 / (e + 1.0)"),
    "swapped operation: / for *": ("dt * (1.0 / 6.0)", "dt / (1.0 / 6.0)"),
    "swapped operation: -= for +=": ("total[i] += net->w_in", "total[i] -= net->w_in"),
    "dropped sum: = for +=": ("total[i] += net->w_rec", "total[i] = net->w_rec"),
    "index: row and column": ("net->w_rec[j][i]", "net->w_rec[i][j]"),
    "index: another stage": ("2.0 * work->k3[i]", "2.0 * work->k2[i]"),
    "index: one ahead, out of bounds": ("total[i] = net->b[i]", "total[i] = net->b[i + 1]"),
    "index: one behind, out of bounds": ("values[s + 1], values[s]", "values[s - 1], values[s]"),
    "loop: one more, out of bounds": ("s < SW_SLOTS - 1", "s < SW_SLOTS"),
    "loop: one less": ("s < SW_SLOTS - 1", "s < SW_SLOTS - 2"),
    "loop: another size": ("for (int j = 0; j < SW_INPUTS; j++) {", "for (int j = 0; j < SW_OUTPUTS; j++) {"),
    "loop: starts late": ("for (int i = 0; i < SW_HIDDEN; i++)", "for (int i = 1; i < SW_HIDDEN; i++)"),
    "loop: fewer squarings": ("_ < SQUARINGS", "_ < SQUARINGS - 1"),
    "bound: one for another": ("sw_clamp(v, -EXP_LIMIT, EXP_LIMIT)", "sw_clamp(v, -EXP_LIMIT, EXP_SCALE)"),
    "bound: low and high": ("1.0 - 2.0 / (e + 1.0), 0.0, 1.0)", "1.0 - 2.0 / (e + 1.0), 1.0, 0.0)"),
    "constant: the last bit": ("0x1.0c6f7a0b5ed8dp-20", "0x1.0c6f7a0b5ed8cp-20"),
    "constant: the last bit of a literal": ("0.5 * dt", "0x1.0000000000001p-1 * dt"),
    "constant: a sign": ("EMPTY = -1", "EMPTY = 1"),
    "constant: another integer": ("SENSOR_STALE = 4", "SENSOR_STALE = 3"),
    "constant: an unsigned minus one": ("EMPTY = -1", "EMPTY = -1u"),
    "constant: single precision": ("0.5 * dt", "0.5f * dt"),
    "constant: -0.0 for 0.0": ("less_real(z, 0.0), -t, t", "less_real(z, -0.0), -t, t"),
    "order of a sum": ("1.0 + r + r2 *", "1.0 + (r + r2 *"),
    "order of a product": ("low + r2 * r2 * high", "low + r2 * (r2 * high)"),
    "commuted product": ("sixth * slope", "slope * sixth"),
    "distributed product": ("h[i] + half * work->k1[i]", "h[i] + 0.5 * (dt * work->k1[i])"),
    "dropped clamp": ("h = sw_clamp(sw_finite(work->stage[i], 0.0), low, high)",
                      "h = sw_finite(work->stage[i], 0.0)"),
    "dropped check for NaN": (
        "sw_clamp(sw_finite(command, safe), low, high)", "sw_clamp(command, low, high)"
    ),
    "dropped minus": ("sw_exp(-(net->tau_gain[i] * h[i] + net->tau_bias[i]))",
                      "sw_exp((net->tau_gain[i] * h[i] + net->tau_bias[i]))"),
    "dropped absolute value": ("2.0 * magnitude(z)", "2.0 * z"),
    "swapped arguments of select": ("less_real(z, 0.0), -t, t", "less_real(z, 0.0), t, -t"),
    "swapped comparison": ("less_real(low, top), top, low", "less_real(top, low), top, low"),
    "integer comparison of floats": ("either_real(less_real(z, 0.0)", "either_real(less_int(z, 0.0)"),
    "swapped arguments of a call": ("state->output[k], limits->low[k], limits->high[k]",
                                    "state->output[k], limits->high[k], limits->low[k]"),
    "swapped arrays of a call": ("work->total, work->k1)", "work->k1, work->total)"),
    "aliased scratch": ("sw_derivative(net, x, work->stage, work->total, work->k2)",
                        "sw_derivative(net, x, work->stage, work->stage, work->k2)"),
    "a stage that reads another": ("sw_derivative(net, x, work->stage, work->total, work->k3)",
                                   "sw_derivative(net, x, h, work->total, work->k3)"),
    "dropped statement": ("    state->previous_us = now;", "    "),
    "doubled statement": ("        p = p * p;", "        p = p * p; p = p * p;"),
    "moved statement": ("    state->previous_us = now;", "    state->previous_us = now_us;"),
    "wrong member": ("limits->max_rate[k] * slew_s", "limits->safe[k] * slew_s"),
    "wrong record": ("pid->integral_low[k]", "limits->low[k]"),
    "unknown member": ("pid->integral_low[k]", "pid->integral_least[k]"),
    "unknown function": ("sw_observe(law, state", "sw_observed(law, state"),
    "another function": ("sw_accumulate(state->integral[k], error, dt, low, high)",
                         "sw_clamp(state->integral[k], low, high)"),
    "writes a constant": ("state->previous_us = now;", "state->previous_us = now; law->clock.low_us = now;"),
    "type: float for double": ("const double half", "const float half"),
    "type: long double": ("const double half", "const long double half"),
    "type: int for int64_t": ("const int64_t top", "const int top"),
    "type: unsigned": ("const int64_t top", "const uint64_t top"),
    "type: short result": ("static int64_t sw_same(", "static short sw_same("),
    "type: int parameter": ("sw_same(int64_t a,", "sw_same(int a,"),
    "type: a char counts": ("for (int j = 0; j < SW_INPUTS; j++)", "for (char j = 0; j < SW_INPUTS; j++)"),
    "a local that outlives its call": ("int64_t reference_bad = 0;", "static int64_t reference_bad = 0;"),
    "a loop that moves its counter": ("total[i] = net->b[i];", "total[i] = net->b[i]; i += 0 + 1;"),
    "another row": ("sw_insert(box->time_us[j], box->value[j]", "sw_insert(box->time_us[j], box->value[0]"),
    "a row of another type": ("sw_insert(box->time_us[j], box->value", "sw_insert(box->value[j], box->value"),
    "a whole table for a row": ("sw_insert(box->time_us[j], ", "sw_insert(box->time_us, "),
    "a record by value": ("static void sw_judge(sw_Inbox *box,", "static void sw_judge(sw_Inbox box,"),
    "a branch": ("        p = p * p;", "        if (p) { p = p * p; }"),
    "a choice of C's": ("return p;", "return p < 2.0 ? p : 2.0;"),
    "an early return": ("    double p = low", "    return low;\n    double p = low"),
    "a library call": ("magnitude(z)", "fabs(z)"),
    "its own word": ("/* controller/kernel/clamp.py",
                     "static double magnitude(double v)\n{\n    return v;\n}\n\n/* ..."),
    "a macro": ('#include "scalar.h"', '#include "scalar.h"\n#define sw_tanh(z) (z)'),
    "another header": ('#include "scalar.h"', '#include "scalars.h"'),
    "code behind a guard": ("        p = p * p;",
                            "#ifndef SEAWALL_KERNEL_H\n        p = p * p;\n#endif"),
    "contraction allowed": ('#include "scalar.h"', '#include "scalar.h"\n#pragma STDC FP_CONTRACT ON'),
    "a line comment": ("1.0 - 2.0 / (e + 1.0)", "1.0 - 2.0 //**/ (e + 1.0)\n/ (e + 1.0)"),
}  # fmt: skip

HEADER_MUTANTS = {
    "an enlarged size": ("SW_HIDDEN = 4", "SW_HIDDEN = 5"),
    "a member of another type": ("double hidden[SW_HIDDEN];", "int64_t hidden[SW_HIDDEN];"),
    "a narrow member": ("int64_t mode;", "int mode;"),
    "a dropped member": ("    int64_t mode;\n", ""),
    "a shorter array": ("double k4[SW_HIDDEN];", "double k4[SW_HIDDEN - 1];"),
    "single precision": ("double hidden[SW_HIDDEN];", "float hidden[SW_HIDDEN];"),
}


def wrong(header: str, source: str) -> list[str]:
    return differences(SIZES, header, source, PYTHON)


def changed(text: str, *changes: tuple[str, str]) -> str:
    """The text with each change at the first place where it fits."""
    for old, new in changes:
        assert old in text, f"{old!r} is no longer printed: choose another place"
        text = text.replace(old, new, 1)
    return text


def test_the_unchanged_text_is_identical() -> None:
    """Else every mutant below would be refuted for nothing."""
    assert wrong(HEADER, KERNEL) == []


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_is_refuted(name: str) -> None:
    old, new = MUTANTS[name]
    mutant = changed(KERNEL, (old, new))
    if name == "order of a sum":
        mutant = re.sub(
            r"(1\.0 \+ \(r \+ r2 \* \(1\.0 / 2\.0 \+ r \* \(1\.0 / 6\.0\)\))", r"\1)", mutant, count=1
        )
    assert mutant != KERNEL
    assert wrong(HEADER, mutant)


@pytest.mark.parametrize("name", HEADER_MUTANTS)
def test_a_mutant_of_the_header_is_refuted(name: str) -> None:
    assert wrong(changed(HEADER, HEADER_MUTANTS[name]), KERNEL)


@pytest.mark.parametrize("name", ESCAPES)
def test_an_escape_is_refused_for_what_it_is(name: str) -> None:
    """What the first reader took for the same program, or for something that it would not compile to."""
    reason, in_header, in_source = ESCAPES[name]
    found = wrong(changed(HEADER, *in_header), changed(KERNEL, *in_source))
    assert reason in "; ".join(found), found


@pytest.mark.parametrize("name", HEADER_ESCAPES)
def test_an_escape_of_the_header_is_refused_for_what_it_is(name: str) -> None:
    reason, *in_header = HEADER_ESCAPES[name]
    found = wrong(changed(HEADER, *in_header), KERNEL)
    assert reason in "; ".join(found), found


def test_a_size_that_c_reads_as_octal() -> None:
    """Ten slots for Python, eight for C."""
    sizes = {"inputs": 1, "hidden": 1, "outputs": 1, "substeps": 1, "slots": 10}
    files = kernel_sources(sizes)
    octal = changed(files["kernel.h"], ("SW_SLOTS = 10", "SW_SLOTS = 010"))
    assert "'010' where '10' was understood" in differences(sizes, octal, files["kernel.c"])[0]


@pytest.mark.parametrize("end", ["\r", "\f", "\v", "\x1c", "\x85", "\u2028", "\t", "\0"])
def test_lines_that_end_otherwise(end: str) -> None:
    """A character that ends a line for one reader and not for the other is refused, in a comment too."""
    assert "is not accepted" in wrong(HEADER, f"/* {end} */\n" + KERNEL)[0]
