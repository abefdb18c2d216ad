"""The C's text before it is parsed: only what means the same to the reader and to a C99 compiler.

The reader drops comments and directives, so a macro, another header or a trick of the lexer would change
what is compiled but not what is read. All of those are refused here.
"""

import re
from typing import Any

from pycparser import c_parser

STUB = "typedef long long int64_t; typedef unsigned long long uint64_t;\n"
DIRECTIVE = re.compile(
    r'#(include ("kernel\.h"|"scalar\.h"|"parameters\.h"|<stdint\.h>)'
    r"|(ifndef|define) SEAWALL_[A-Z]+_H|endif)"
)
# line comments, spliced lines, trigraphs, digraphs and quotes; words that change what a statement means
TRICKS = re.compile(
    r"""//|\\|\?\?|%|<:|["']|\b(restrict|volatile|register|auto|inline|goto|asm|typeof|__\w+|_[A-Z]\w*)\b"""
)


class CError(Exception):
    """The C uses something that the reader does not accept, or indexes out of bounds."""


def parse(text: str) -> Any:
    """The syntax tree of C without preprocessor; raises CError at any text that could mislead."""
    if odd := re.search(r"[^\n -~]", text):  # a line may end there for one reader and not for the other
        raise CError(f"the character {odd[0]!r} is not accepted")
    code = re.sub(r"/\*.*?\*/", " ", text, flags=re.S)
    lines = [line.strip() for line in code.splitlines() if line.strip()]
    for line in lines:
        if "#" in line and not DIRECTIVE.fullmatch(line):
            raise CError(f"the directive {line!r} is not accepted")
    guards = [line for line in lines if line.startswith(("#ifndef", "#define", "#endif"))]
    name = guards[0].partition(" ")[2] if guards else ""
    if guards and (guards != [f"#ifndef {name}", f"#define {name}", "#endif"] or lines[:2] != guards[:2]):
        raise CError("a guard is not accepted where it could hide code")
    code = "\n".join(line for line in lines if "#" not in line)
    hidden = re.search(r"//|\\$|\?\?", text, re.M)  # not even in a comment: it may not be one
    if trick := TRICKS.search(code) or hidden:
        raise CError(f"{trick[0]!r} is not accepted")
    return c_parser.CParser().parse(STUB + code)
