"""A piece of a program as SMT-LIB 2: over the reals, or over IEEE 754 binary64.

Nodes in `cut` become free constants; what is known of them is asserted by the caller. Everything else
has a line of its own, so that a person can read the file beside the program. Over the reals a node is
a constant with an equation, not a define-fun: cvc5 linearises the products only if they have names.
"""

import struct
from collections.abc import Iterable, Mapping
from fractions import Fraction

from verification.program import INTEGER, Graph, reach

REAL_WORDS = {"add": "(+ {0} {1})", "sub": "(- {0} {1})", "mul": "(* {0} {1})", "neg": "(- {0})"}
IEEE_WORDS = {
    "add": "(fp.add RNE {0} {1})", "sub": "(fp.sub RNE {0} {1})", "mul": "(fp.mul RNE {0} {1})",
    "div": "(fp.div RNE {0} {1})", "neg": "(fp.neg {0})", "abs": "(fp.abs {0})",
    "select": "(ite (fp.lt {0} {1}) {2} {3})",
}  # fmt: skip


def rational(value: float | Fraction) -> str:
    """A number as an exact SMT-LIB real."""
    f = Fraction(value)
    top = f"{abs(f.numerator)}.0"
    text = top if f.denominator == 1 else f"(/ {top} {f.denominator}.0)"
    return f"(- {text})" if f < 0 else text


def ieee(value: float) -> str:
    """A binary64 number by its bits."""
    bits = f"{struct.unpack('>Q', struct.pack('>d', value))[0]:064b}"
    return f"(fp #b{bits[0]} #b{bits[1:12]} #b{bits[12:]})"


def name(graph: Graph, number: int) -> str:
    """A readable name of a node."""
    node = graph.nodes[number]
    return f"|{node.leaf}|" if node.operation == "input" else f"n{number}"


def define(
    graph: Graph, roots: Iterable[int], cut: set[int], theory: str, fixed: Mapping[int, float] | None = None
) -> list[str]:
    """Declarations of the cut and definitions of the rest, as lines; theory is "real" or "ieee".

    fixed: inputs with one known value, written in as constants.
    """
    words, sort = (REAL_WORDS, "Real") if theory == "real" else (IEEE_WORDS, "Float64")
    lines = []
    for n in sorted(reach(graph, roots, cut)):
        node = graph.nodes[n]
        if fixed and n in fixed:
            term = rational(fixed[n]) if theory == "real" else ieee(fixed[n])
            lines.append(f"(define-fun {name(graph, n)} () {sort} {term})")
            continue
        if n in cut or node.operation == "input":
            lines.append(f"(declare-const {name(graph, n)} {sort})")
            continue
        if node.type == INTEGER or node.operation == "real":
            raise ValueError(f"node {n} ({node.operation}) must be cut: it is not of the theory of {sort}")
        if node.operation == "constant":
            exact = float.fromhex(node.leaf)
            term = rational(exact) if theory == "real" else ieee(exact)
        else:
            term = words[node.operation].format(*(name(graph, a) for a in node.arguments))
        if theory == "real":
            lines.append(f"(declare-const {name(graph, n)} Real)")
            lines.append(f"(assert (= {name(graph, n)} {term}))")
        else:
            lines.append(f"(define-fun {name(graph, n)} () {sort} {term})")
    return lines
