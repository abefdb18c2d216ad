"""A piece of a program as SMT-LIB 2: over the reals, or over IEEE 754 binary64.

Nodes in `cut` become free constants; what is known of them is asserted by the caller. Everything else
has a line of its own, so that a person can read the file beside the program. Over the reals a node is
a constant with an equation, not a define-fun: cvc5 linearises the products only if they have names.
Integers are 64-bit vectors; that they never overflow is a claim of its own (INTEGER-RANGE).
"""

import struct
from collections.abc import Iterable, Mapping
from fractions import Fraction

from verification.program import INTEGER, REAL, Graph, Node, reach

REAL_WORDS = {"add": "(+ {0} {1})", "sub": "(- {0} {1})", "mul": "(* {0} {1})", "neg": "(- {0})"}
INTEGER_WORDS = {
    "add": "(bvadd {0} {1})",
    "sub": "(bvsub {0} {1})",
    "mul": "(bvmul {0} {1})",
    "neg": "(bvneg {0})",
}
IEEE_WORDS = {
    "add": "(fp.add RNE {0} {1})", "sub": "(fp.sub RNE {0} {1})", "mul": "(fp.mul RNE {0} {1})",
    "div": "(fp.div RNE {0} {1})", "neg": "(fp.neg {0})", "abs": "(fp.abs {0})",
}  # fmt: skip

SORTS = {"real": {REAL: "Real"}, "ieee": {REAL: "Float64", INTEGER: "(_ BitVec 64)"}}


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
    lines = []
    for n in sorted(reach(graph, roots, cut)):
        node = graph.nodes[n]
        if fixed and n in fixed:
            term = rational(fixed[n]) if theory == "real" else ieee(fixed[n])
            lines.append(f"(define-fun {name(graph, n)} () {SORTS[theory][node.type]} {term})")
            continue
        if n in cut or node.operation == "input":
            lines.append(f"(declare-const {name(graph, n)} {SORTS[theory][node.type]})")
            continue
        term = _term(graph, node, theory)
        if theory == "real":
            lines.append(f"(declare-const {name(graph, n)} Real)")
            lines.append(f"(assert (= {name(graph, n)} {term}))")
        else:
            lines.append(f"(define-fun {name(graph, n)} () {SORTS[theory][node.type]} {term})")
    return lines


def _term(graph: Graph, node: Node, theory: str) -> str:
    """One node in terms of its arguments; ValueError where the theory has no word for it."""
    if node.operation == "constant":
        if node.type == INTEGER:
            return f"(_ bv{int(node.leaf) % 2**64} 64)"
        exact = float.fromhex(node.leaf)
        return rational(exact) if theory == "real" else ieee(exact)
    arguments = [name(graph, a) for a in node.arguments]
    if node.operation == "select" and theory == "ieee":
        less = "bvslt" if graph.nodes[node.arguments[0]].type == INTEGER else "fp.lt"
        return f"(ite ({less} {arguments[0]} {arguments[1]}) {arguments[2]} {arguments[3]})"
    words = INTEGER_WORDS if node.type == INTEGER else REAL_WORDS if theory == "real" else IEEE_WORDS
    if node.operation not in words:
        raise ValueError(f"{node.operation} must be cut: the theory {theory} has no word for it")
    return words[node.operation].format(*arguments)
