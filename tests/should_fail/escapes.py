"""Edits of the printed C that make another program, or none, and that a reader could pass over.

name: (words of the reason, changes of kernel.h, changes of kernel.c); each change is (old text, new text).
"""

Changes = list[tuple[str, str]]
FIRST = "/* controller/kernel/clamp.py"  # the first function
LAW = "const sw_Law *law"
STEP = "void seawall_step(const sw_Law *law, sw_State *state, sw_Work *work, int64_t now_us, int64_t missed)"
SWAPPED = (
    "void seawall_step(const sw_Law *law, sw_State *state, sw_Work *work, int64_t missed, int64_t now_us)"
)
RECEIVE = "int64_t now_us, int64_t channel, int64_t time_us, double value)"
RECEIVE_SWAPPED = "int64_t channel, int64_t now_us, int64_t time_us, double value)"
KEPT = """static int64_t sw_kept(sw_State *state, int64_t now)
{
    state->previous_us = now;
    return now;
}

"""  # writes, and returns what it was given
TAKE = "/* controller/kernel/inbox.py:99"


def function(text: str, before: str = FIRST) -> tuple[str, str]:
    """One more function, before another."""
    return before, f"{text}\n\n{before}"


ESCAPES: dict[str, tuple[str, Changes, Changes]] = {
    # of the issue
    "its own memcpy": (
        "memcpy is not a valid name",
        [],
        [function("static int64_t memcpy(int64_t a, int64_t b)\n{\n    return b;\n}")],
    ),
    "parameters of step in another order": (
        "the parameters of seawall_step differ",
        [(STEP, SWAPPED)],
        [(STEP, SWAPPED)],
    ),
    "parameters of receive in another order": (
        "the parameters of seawall_receive differ",
        [(RECEIVE, RECEIVE_SWAPPED)],
        [("void seawall_receive(\n    const sw_Law *law, sw_State *state, " + RECEIVE,
          "void seawall_receive(\n    const sw_Law *law, sw_State *state, " + RECEIVE_SWAPPED)],
    ),
    "a call with a side effect in a loop's head": (
        "could change while it runs",
        [],
        [function("static int64_t sw_two(sw_State *state)\n{\n    state->mode = 0;\n    return 2;\n}"),
         ("k < SW_OUTPUTS; k++) {  /* 41 */", "k < sw_two(state); k++) {")],
    ),
    "a storing helper as an argument": (
        "writes inside an expression",
        [],
        [function(KEPT),
         ("sw_take(law, state, now, either", "sw_take(law, state, sw_kept(state, now), either")],
    ),
    "a storing helper as an operand": (
        "writes inside an expression",
        [],
        [function(KEPT), ("= now;  /* 69 */", "= now; const int64_t then = now + sw_kept(state, now);")],
    ),
    "no scalar.h": ("kernel.c must have the directives", [], [('#include "scalar.h"\n', "")]),
    "a local pointer of another record's type": (
        "does not fit",
        [],
        [("const sw_Pid *const pid = &law->pid;", "const sw_Limits *const pid = &law->pid;")],
    ),
    "an overflow in a value that is overwritten": (
        "serve no result",
        [],
        [("    const int64_t count = sw_tally(",
          "    int64_t late = now * now;\n    late = 0;\n    const int64_t count = sw_tally(")],
    ),
    "an overflow in memory that is overwritten": (
        "serve no result",
        [],
        [("    state->previous_us = now;",
          "    state->previous_us = now + now_us;\n    state->previous_us = now;")],
    ),
    "a minus of the least number": (
        "serve no result",
        [],
        [("    int64_t command_bad = 0;", "    int64_t command_bad = -now;\n    command_bad = 0;")],
    ),
    # of our own
    "a limit that the loop itself lowers": (
        "could change while it runs",
        [],
        [("        for (int s = 0; s < SW_SLOTS; s++) {  /* 31 */\n",
          "        int64_t n = 3;\n        for (int s = 0; s < n; s++) {\n            n = 1;\n")],
    ),
    "a pointer to a pointer": (
        "is not accepted",
        [],
        [("sw_observe(law, state->held[j], j);  /* 38", "sw_observe(&law, state->held[j], j);  /* 38")],
    ),
    "a record without its address": (
        "without its address",
        [],
        [("sw_decode(&law->network,", "sw_decode(law->network,")],
    ),
    "a dot for an arrow": ("is no member", [], [("state->mode = SAFE", "state.mode = SAFE")]),
    "code after the return": (
        "Return is not accepted",
        [],
        [("    return p;  /* 27 */", "    return p;\n    p = 0.0;")],
    ),
    "a function that nobody calls": (
        "no entry point reaches sw_spare",
        [],
        [function("static double sw_spare(double v)\n{\n    return v;\n}")],
    ),
    "a function that the linker sees": (
        "storage class",
        [],
        [("static double sw_clamp(", "double sw_clamp(")],
    ),
    "an entry point that it does not": (
        "must declare",
        [],
        [("\nvoid seawall_reset(", "\nstatic void seawall_reset(")],
    ),
    "inline without static": ("storage class", [], [("static double sw_clamp(", "inline double sw_clamp(")]),
    "an attribute": (
        "unreadable",
        [],
        [("static double sw_clamp(", "__attribute__((optimize(0))) static double sw_clamp(")],
    ),
    "an attribute of GNU's behind a declaration": (
        "unreadable",
        [],
        [("    double p = low + r2 * r2 * high;",
          "    double p __attribute__((aligned(1))) = low + r2 * r2 * high;")],
    ),
    "parameters as K&R wrote them": (
        "unreadable",
        [],
        [("static int64_t sw_count(int64_t counter, int64_t flag)\n",
          "static int64_t sw_count(counter, flag)\n    int64_t counter;\n    int64_t flag;\n")],
    ),
    "no prototype at all": (
        "unreadable",
        [("void seawall_reset(const sw_Law *law, sw_State *state);", "void seawall_reset();")],
        [],
    ),
    "a comma that drops a value": (
        "ExprList",
        [],
        [("    return p;  /* 27 */", "    return (p, p);")],
    ),
    "a number's size": ("sizeof", [], [("_ < SQUARINGS", "_ < sizeof(p) + 2")]),
    "a compound literal": (
        "CompoundLiteral",
        [],
        [("    state->mode = SAFE;", "    state->mode = (int64_t){2};")],
    ),
    "an array where its first element is meant": ("is no number", [], [("x[j];  /* 19 */", "x;")]),
    "an element by pointer arithmetic": (
        "UnaryOp * is not accepted",
        [],
        [("total[i] = net->b[i];", "total[i] = *(net->b + i);")],
    ),
    "an index before its array": (
        "is no place in memory",
        [],
        [("total[i] = net->b[i];", "total[i] = i[net->b];")],
    ),
    "a number of its own for each call": (
        "where 'int64_t' was understood",
        [],
        [("    int64_t met = 0;", "    static int64_t met = 0;")],
    ),
    "a number that no thread may cache": (
        "'volatile'",
        [],
        [("    double p = low", "    volatile double p = low")],
    ),
    "an aligned number": ("'_Alignas'", [], [("    double p = low", "    _Alignas(4) double p = low")]),
    "a pragma in an operator's clothes": (
        "is not accepted",
        [],
        [("    double p = low", '    _Pragma("STDC FP_CONTRACT ON")\n    double p = low')],
    ),
    "two numbers in one declaration": (
        "where ';' was understood",
        [],
        [("    int64_t known = 0;", "    int64_t known = 0, spare = 1;")],
    ),
    "a constant of another file": (
        "is not accepted",
        [],
        [("static const int64_t EMPTY = -1;", "extern const int64_t EMPTY;")],
    ),
    "a constant that has no value yet": (
        "is not accepted",
        [],
        [("static const int64_t EMPTY = -1;",
          "static const int64_t EMPTY;\nstatic const int64_t EMPTY = -1;")],
    ),
    "a constant twice": (
        "stands twice",
        [],
        [("static const int64_t EMPTY = -1;",
          "static const int64_t EMPTY = -1;\nstatic const int64_t EMPTY = -1;")],
    ),
    "a constant that may change": (
        "where 'const' was understood",
        [],
        [("static const int64_t EMPTY", "static int64_t EMPTY")],
    ),
    "a variable of a type's name": (
        "not a valid name",
        [],
        [("    const double half = 0.5 * dt;",
          "    const double int64_t = 0.5;\n    const double half = 0.5 * dt;")],
    ),
    "a constant of stdint.h's name": ("not a valid name", [], [("EMPTY = -1", "INT64_MAX = -1")]),
    "a literal that a compiler rounds": (
        "would round it",
        [],
        [("2.0 * magnitude", "2.00000000000000001 * magnitude")],
    ),
    "a literal without a type": (
        "is not accepted",
        [],
        [("NEVER = -4611686018427387904", "NEVER = -9223372036854775808")],
    ),
    "two minuses that C takes for one sign": (
        "is not accepted",
        [],
        [("sw_exp(-(net->tau_gain[i] * h[i] + net->tau_bias[i]))", "sw_exp(--h[i])")],
    ),
    "a write through what is only read": (
        "is const",
        [],
        [("    work->stage[i] = h[i] + sixth * slope;",
          "    work->stage[i] = h[i] + sixth * slope;\n        h[i] = work->stage[i];")],
    ),
    "const cast away by a call": (
        "which is const",
        [],
        [("static double sw_observe(const sw_Law *law,", "static double sw_observe(sw_Law *law,")],
    ),
    "a constant of the block that changes": (
        "is const, or no number",
        [],
        [("    const double half = 0.5 * dt;", "    const double half = 0.5 * dt;\n    half = half;")],
    ),
    "too few arguments": (
        "takes 3 arguments",
        [],
        [("sw_clamp(wanted, lower, upper)", "sw_clamp(wanted, lower)")],
    ),
    "too many arguments for a word": (
        "magnitude() takes 1",
        [],
        [("magnitude(v), HUGE", "magnitude(v, v), HUGE")],
    ),
    "a mask that less_* did not give": (
        "which less_* did not give",
        [],
        [("either_int(less_int(times[s], time_us), stored, 0)", "either_int(stored, stored, 0)")],
    ),
    "a function before its definition": (
        "not defined before it",
        [],
        [("return p;  /* 27 */", "return sw_tanh(p);")],
    ),
    "a block of its own": (
        "is not accepted as a statement",
        [],
        [("        p = p * p;", "        { p = p * p; }")],
    ),
    "an empty statement": (
        "is not accepted as a statement",
        [],
        [("        p = p * p;", "        p = p * p;;")],
    ),
    "a loop without braces": (
        "For is not accepted",
        [],
        [("_++) {  /* 25 */\n        p = p * p;  /* 26 */\n    }", "_++)\n        p = p * p;")],
    ),
    "a loop of another step": ("'+='", [], [("_ < SQUARINGS; _++", "_ < SQUARINGS; _ += 1")]),
    "a loop that starts in the middle": (
        "'0' was understood",
        [],
        [("for (int _ = 0; _ < SQ", "for (int _ = 1; _ < SQ")],
    ),
    "a loop whose counter is seen by all": (
        "is not accepted",
        [],
        [("    for (int _ = 0; _ < SQUARINGS", "    int _;\n    for (_ = 0; _ < SQUARINGS")],
    ),
    "an assignment as a value": ("Assignment", [], [("        p = p * p;", "        p = p = p * p;")]),
    "both at once: a choice by &&": ("is not accepted", [], [("        p = p * p;", "        p = p && p;")]),
    "a macro in a comment's shadow": (
        "is not accepted",
        [],
        [("#include \"scalar.h\"", "#include \"scalar.h\"\n/* */#define EMPTY 1")],
    ),
    "a header under a second name": (
        "the directives",
        [],
        [('#include "kernel.h"\n#include "scalar.h"', '#include "scalar.h"\n#include "kernel.h"')],
    ),
}  # fmt: skip

# name: (words of the reason, changes of kernel.h)
HEADER_ESCAPES: dict[str, tuple[str, tuple[str, str]]] = {
    "a bit-field": ("':'", ("int64_t mode;", "int64_t mode : 2;")),
    "a macro": ("the directive", ("enum {", "#define double float\nenum {")),
    "a pragma that packs": ("the directive", ("enum {", "#pragma pack(1)\nenum {")),
    "a packed record": ("unreadable", ("} sw_Pid;", "} __attribute__((packed)) sw_Pid;")),
    "a flexible array": ("is not accepted", ("double decoded[SW_OUTPUTS];", "double decoded[];")),
    "a size in hexadecimal": ("'0x4'", ("SW_HIDDEN = 4", "SW_HIDDEN = 0x4")),
    "a size without a sign": ("'4U'", ("SW_HIDDEN = 4", "SW_HIDDEN = 4U")),
    "a size by an expression": ("unreadable", ("SW_HIDDEN = 4", "SW_HIDDEN = 2 + 2")),
    "a size more": ("the sizes of kernel.h differ", ("SW_SLOTS = 3,", "SW_SLOTS = 3,\n    SW_SPARE = 1,")),
    "a size twice": ("the sizes of kernel.h differ", ("SW_SLOTS = 3,", "SW_SLOTS = 3,\n    SW_SLOTS = 3,")),
    "sizes in another order": (
        "the sizes",
        ("SW_INPUTS = 3,\n    SW_HIDDEN = 4", "SW_HIDDEN = 4,\n    SW_INPUTS = 3"),
    ),
    "members in another order": (
        "the structs differ",
        ("    int64_t mode;\n    int64_t healthy;", "    int64_t healthy;\n    int64_t mode;"),
    ),
    "a member that nobody reads": (
        "the structs differ",
        ("int64_t mode;", "int64_t mode;\n    int64_t spare;"),
    ),
    "a member twice": ("names one thing twice", ("int64_t mode;", "int64_t mode;\n    int64_t mode;")),
    "two members in one line": ("where ';' was", ("int64_t late;", "int64_t late, spare;")),
    "a const member": ("is not accepted as a member", ("int64_t mode;", "const int64_t mode;")),
    "a pointer for an array": (
        "is not accepted as a member",
        ("double decoded[SW_OUTPUTS];", "double *decoded;"),
    ),
    "a union for a struct": (
        "is no struct",
        ("typedef struct {\n    double state_low", "typedef union {\n    double state_low"),
    ),
    "a record of no use": (
        "is of no use",
        ("/* All that a step", "typedef struct {\n    double x;\n} sw_Spare;\n/* All that a step"),
    ),
    "a type renamed": ("is not accepted", ("enum {", "typedef float real_t;\nenum {")),
    "int64_t renamed": ("is not accepted", ("enum {", "typedef int int64_t;\nenum {")),
    "another standard header": ("the directives", ("#include <stdint.h>", "#include <stddef.h>")),
    "a header more": ("the directive", ("#include <stdint.h>", "#include <stdint.h>\n#include <math.h>")),
    "a guard of another name": ("the directives", ("#ifndef SEAWALL_KERNEL_H", "#ifndef SEAWALL_SCALAR_H")),
    "a function defined in the header": (
        "must declare",
        ("void seawall_reset(const",
         "static int64_t sw_one(int64_t n)\n{\n    return n;\n}\nvoid seawall_reset(const"),
    ),
    "a variable in the header": (
        "is not accepted",
        ("void seawall_reset(const", "int64_t spare;\nvoid seawall_reset(const"),
    ),
    "a prototype twice": (
        "must declare",
        ("void seawall_reset(const sw_Law *law, sw_State *state);",
         "void seawall_reset(const sw_Law *law, sw_State *state);\n"
         "void seawall_reset(const sw_Law *law, sw_State *state);"),
    ),
    "a law that the step may write": (
        "must declare",
        ("void seawall_reset(const sw_Law", "void seawall_reset(sw_Law"),
    ),
    "an entry point that returns": ("must declare", ("void seawall_step(", "int64_t seawall_step(")),
}  # fmt: skip
