"""A C file as tokens: only text that means the same to this reader and to every C99 compiler.

Comments and white space are dropped. A character, a line's end or a spelling that could begin or end a
comment for one of them and not for the other is refused, in a comment too.
"""

import re
from fractions import Fraction

# what stands before and after the code of each file: all its directives, each once, in this order
FRAMES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "scalar.h": (
        ("#ifndef SEAWALL_SCALAR_H", "#define SEAWALL_SCALAR_H", "#include <stdint.h>"),
        ("#endif",),
    ),
    "kernel.h": (
        ("#ifndef SEAWALL_KERNEL_H", "#define SEAWALL_KERNEL_H", "#include <stdint.h>"),
        ("#endif",),
    ),
    "kernel.c": (('#include "kernel.h"', '#include "scalar.h"'), ()),
    "parameters.h": (
        ("#ifndef SEAWALL_PARAMETERS_H", "#define SEAWALL_PARAMETERS_H", '#include "kernel.h"'),
        ("#endif",),
    ),
    "parameters.c": (('#include "parameters.h"',), ()),
}
MISLEADING = re.compile(r"[^\n -~]|\\|\?\?|//")  # line ends, spliced lines, trigraphs, comments of a line
# words, numbers and signs are as long as C takes them (6.4, paragraph 4), or `--x` were read as `- -x`
TOKEN = re.compile(
    r"""(?P<space>[ \n]+|/\*.*?\*/)|(?P<directive>^\#[^\n]*)|(?P<word>[A-Za-z_]\w*)
    |(?P<number>\.?[0-9](?:[eEpP][+-]|[\w.])*)
    |(?P<sign>->|\+\+|--|<<=?|>>=?|&&|\|\||[-+*/&|<>=!^]=|\.\.\.|/(?!\*)|[][(){}.,;=<>&|*+~-])""",
    re.VERBOSE | re.DOTALL | re.MULTILINE | re.ASCII,
)
INTEGER = re.compile(r"0|[1-9][0-9]{0,18}")  # no octal, no suffix, which changes the type
HEX = re.compile(r"0x[0-9a-f]+")  # in scalar.h alone
DECIMAL = re.compile(r"[0-9]{1,400}(\.[0-9]{1,400})?(e[+-]?[0-9]{1,3})?")
EXACT = re.compile(r"0x([01])\.([0-9a-f]{1,16})p([+-][0-9]{1,4})")
LARGEST = 2**63 - 1  # a larger one has no type
TOO_LARGE = 2**1024


class CError(Exception):
    """The C uses something that the reader does not accept, or indexes out of bounds."""


def tokens(text: str) -> list[str]:
    """The tokens of a file; a directive is one, its whole line. Raises CError at text that could mislead."""
    if odd := MISLEADING.search(text):
        raise CError(f"{odd[0]!r} is not accepted")
    found, at = [], 0
    while at < len(text):
        match = TOKEN.match(text, at)
        if not match:
            raise CError(f"{text[at]!r} is not accepted in {text[at : at + 40].splitlines()[0]!r}")
        if match.lastgroup != "space":
            found.append(match[0])
        at = match.end()
    return found


def code(file: str, text: str) -> list[str]:
    """The tokens of a file between its directives, which must be those of FRAMES; raises CError else."""
    head, tail = FRAMES[file]
    found = tokens(text)
    inner = found[len(head) : len(found) - len(tail)]
    if [*head, *inner, *tail] != found:
        raise CError(
            f"{file} must have the directives {', '.join([*head, *tail])} and no other place for them"
        )
    if odd := next((token for token in inner if token.startswith("#")), None):
        raise CError(f"the directive {odd!r} is not accepted in {file}")
    return inner


def number(text: str) -> int | float:
    """The value of a literal, a float's exact; raises CError at any spelling that C could read otherwise."""
    if INTEGER.fullmatch(text) and int(text) <= LARGEST:
        return int(text)
    if match := EXACT.fullmatch(text):
        whole, digits, exponent = match.groups()
        wanted = Fraction(int(whole + digits, 16)) * Fraction(2) ** (int(exponent) - 4 * len(digits))
    elif DECIMAL.fullmatch(text) and not text.isdigit():
        wanted = Fraction(text)
    else:
        raise CError(f"the number {text} is not accepted")
    if wanted >= TOO_LARGE or Fraction(float(wanted)) != wanted:
        raise CError(f"{text} is no binary64 number: a compiler would round it")
    return float(wanted)
