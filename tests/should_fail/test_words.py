"""scalar.h with a planted bug: every one must be refuted or refused."""

import pytest

from tests.settling import settled
from verification.claims.words import scalar_h, words_claim

BUGS = {
    "picks the other": ("u = (u & mask) | (v & ~mask);", "u = (v & mask) | (u & ~mask);"),
    "mixes bits": ("((uint64_t)x & mask) | ((uint64_t)y & ~mask)", "((uint64_t)x & mask) | (uint64_t)y"),
    "mask of one bit": ("(uint64_t)0 - (uint64_t)(a < b)", "(uint64_t)0 | (uint64_t)(a < b)"),
    "the other order": ("(uint64_t)0 - (uint64_t)(a < b)", "(uint64_t)0 - (uint64_t)(b < a)"),
    "a lost bit": ("u & 0x7fffffffffffffff", "u & 0x7ffffffffffffffe"),
    "keeps the sign": ("u & 0x7fffffffffffffff", "u & 0xffffffffffffffff"),
}
REFUSED = {
    "another type": ("less_real(double a, double b)", "less_real(float a, float b)"),
    "a branch": ("    u = u & 0x7fffffffffffffff;", "    if (u) u = u & 0x7fffffffffffffff;"),
    "a cast": ("return (uint64_t)0 - (uint64_t)(a < b);", "return (uint64_t)a;"),
    "a branch on a sign": ("return (uint64_t)0 - (uint64_t)(a < b);", "return (uint64_t)a < (uint64_t)b;"),
    "a narrow result": ("static inline int64_t either_int(", "static inline int either_int("),
    "a narrow cast": ("(((uint64_t)x & mask)", "(((uint64_t)(int)x & mask)"),
    "a narrow local": ("    uint64_t u;\n    uint64_t v;", "    unsigned u;\n    uint64_t v;"),
    "a narrow literal": ("(v & ~mask)", "(v & ~(mask & ~0U))"),
    "a value converted, not copied": ("    memcpy(&u, &x, sizeof u);", "    u = x;"),
    "a result converted": ("    return picked;", "    return u;"),
    "half a copy": ("memcpy(&picked, &u, sizeof picked)", "memcpy(&picked, &u, 4)"),
    "an early return": ("    return positive;", "    return v;\n    return positive;"),
    "a pointer": ("magnitude(double v)", "magnitude(double *v)"),
    "what was never set": ("    memcpy(&v, &y, sizeof v);", ""),
    "arithmetic that may overflow": (
        "(int64_t)(((uint64_t)x",
        "(int64_t)((uint64_t)(x - y)) & (((uint64_t)x",
    ),
    "no C": ("    return positive;", "    return positive"),
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
