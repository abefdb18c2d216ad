"""scalar.h with a planted bug: every one must be refuted or refused."""

import pytest

from tests.settling import settled
from verification.claims.words import scalar_h, words_claim

BUGS = {
    "picks the other": (
        "u.bits = (u.bits & mask) | (v.bits & ~mask);",
        "u.bits = (v.bits & mask) | (u.bits & ~mask);",
    ),
    "the views crossed": ("u.real = x;\n    v.real = y;", "u.real = y;\n    v.real = x;"),
    "the wrong view": ("    v.real = y;", "    v.real = y;\n    v.real = x;"),
    "mixes bits": ("((uint64_t)x & mask) | ((uint64_t)y & ~mask)", "((uint64_t)x & mask) | (uint64_t)y"),
    "mask of one bit": ("(uint64_t)0 - (uint64_t)(a < b)", "(uint64_t)0 | (uint64_t)(a < b)"),
    "the other order": ("(uint64_t)0 - (uint64_t)(a < b)", "(uint64_t)0 - (uint64_t)(b < a)"),
    "a lost bit": ("u.bits & 0x7fffffffffffffff", "u.bits & 0x7ffffffffffffffe"),
    "keeps the sign": ("u.bits & 0x7fffffffffffffff", "u.bits & 0xffffffffffffffff"),
}
REFUSED = {
    "another type": ("less_real(double a, double b)", "less_real(float a, float b)"),
    "a branch": (
        "    u.bits = u.bits & 0x7fffffffffffffff;",
        "    if (u.bits) u.bits = u.bits & 0x7fffffffffffffff;",
    ),
    "a cast": ("return (uint64_t)0 - (uint64_t)(a < b);", "return (uint64_t)a;"),
    "a branch on a sign": ("return (uint64_t)0 - (uint64_t)(a < b);", "return (uint64_t)a < (uint64_t)b;"),
    "a narrow result": ("static inline int64_t either_int(", "static inline int either_int("),
    "a narrow cast": ("(((uint64_t)x & mask)", "(((uint64_t)(int)x & mask)"),
    "a narrow local": ("    sw_View u;\n    u.real = v;", "    sw_View u;\n    unsigned w;\n    u.real = v;"),
    "a narrow literal": ("(v.bits & ~mask)", "(v.bits & ~(mask & ~0U))"),
    "a value converted, not viewed": ("    u.real = x;", "    u.bits = x;"),
    "a result of the other view": ("& ~mask);\n    return u.real;", "& ~mask);\n    return u.bits;"),
    "a whole view": ("    v.real = y;", "    v.real = y;\n    v = u;"),
    "a view as the result": ("& ~mask);\n    return u.real;", "& ~mask);\n    return u;"),
    "a view as a parameter": ("magnitude(double v)", "magnitude(sw_View v)"),
    "an arrow": ("    u.real = x;", "    u->real = x;"),
    "a member that is not there": ("    u.real = x;", "    u.whole = x;"),
    "a member of a number": ("    u.real = x;", "    u.real = x.real;"),
    "a struct, whose members lie apart": ("typedef union {", "typedef struct {"),
    "half of a number": ("    uint64_t bits;", "    unsigned bits;"),
    "some of the bits": ("    uint64_t bits;", "    uint64_t bits : 52;"),
    "a number of less precision": ("    double real;", "    float real;"),
    "signed bits": ("    uint64_t bits;", "    int64_t bits;"),
    "crossed members": ("double real;\n    uint64_t bits;", "double bits;\n    uint64_t real;"),
    "an array of bits": ("    uint64_t bits;", "    uint64_t bits[2];"),
    "a third member": ("    uint64_t bits;", "    uint64_t bits;\n    int64_t whole;"),
    "another union": (
        "static inline uint64_t less_real",
        "typedef union {\n    double real;\n} Half;\nstatic inline uint64_t less_real",
    ),
    "a library's copy": ("    u.real = x;", "    memcpy(&u, &x, sizeof u);"),
    "a library's header": ("#include <stdint.h>", "#include <stdint.h>\n#include <string.h>"),
    "an early return": ("    u.real = v;", "    return v;\n    u.real = v;"),
    "a pointer": ("magnitude(double v)", "magnitude(double *v)"),
    "what was never set": ("    v.real = y;\n", ""),
    "arithmetic that may overflow": (
        "(int64_t)(((uint64_t)x",
        "(int64_t)((uint64_t)(x - y)) & (((uint64_t)x",
    ),
    "no C": ("    return u.real;", "    return u.real"),
    "a global": ("#endif", "static double last;\n#endif"),
    "a new word": ("#endif", "static inline double twice(double a)\n{\n    return a;\n}\n#endif"),
}


def changed(old: str, new: str) -> str:
    text = scalar_h().replace(old, new)
    assert text != scalar_h()
    return text


@pytest.mark.parametrize("name", BUGS)
def test_c_words_twin(name: str) -> None:
    """A word that gives other bits is refuted."""
    assert settled(words_claim(changed(*BUGS[name]))).word == "REFUTED"


@pytest.mark.parametrize("name", REFUSED)
def test_c_words_twin_refused(name: str) -> None:
    """C that can't be read is not proved."""
    pending = words_claim(changed(*REFUSED[name]))
    assert settled(pending).word == "OPEN" and pending.verdict.reason


def test_the_unchanged_words_hold() -> None:
    """scalar.h as it is."""
    assert settled(words_claim()).word == "PROVED-IEEE"
