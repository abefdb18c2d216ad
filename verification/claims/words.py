"""C-WORDS: the words of scalar.h mean what they mean in Python, for every bit pattern.

The C of each word is read with pycparser and written as SMT-LIB over bit vectors and binary64; memcpy between
a double and a uint64_t is a change of view, not of bits. Integer arithmetic is C's: uint64_t wraps.
"""

from pathlib import Path
from typing import Any

from pycparser import c_ast

from controller import native
from verification.c_text import CError, parse
from verification.proof import Obligation
from verification.verdict import Pending, Verdict

TWIN = "tests/should_fail/test_words.py"
BITS = "(_ BitVec 64)"
VECTOR = {"&": "bvand", "|": "bvor", "-": "bvsub"}

# a word: the C types of its parameters, and what must hold of the bits of arguments {0}… and result {r};
# f0… and fr are the same bits as binary64
GOALS: dict[str, tuple[tuple[str, ...], str]] = {
    "less_real": (("double", "double"), "(= {r} (ite (fp.lt {f0} {f1}) (bvnot (_ bv0 64)) (_ bv0 64)))"),
    "less_int": (("int64_t", "int64_t"), "(= {r} (ite (bvslt {0} {1}) (bvnot (_ bv0 64)) (_ bv0 64)))"),
    "either_real": (("uint64_t", "double", "double"), "(= {r} (ite (= {0} (_ bv0 64)) {2} {1}))"),
    "either_int": (("uint64_t", "int64_t", "int64_t"), "(= {r} (ite (= {0} (_ bv0 64)) {2} {1}))"),
    "magnitude": (("double",), "(and (= {fr} (fp.abs {f0})) (= ((_ extract 63 63) {r}) #b0))"),
}
MASK = "(or (= {0} (_ bv0 64)) (= {0} (bvnot (_ bv0 64))))"  # what less_* gives


def view(bits: str) -> str:
    """A binary64 number by its bits."""
    return f"((_ to_fp 11 53) {bits})"


class Word:
    """One function of scalar.h as terms over the bits of its variables."""

    def __init__(self, function: Any) -> None:
        self.types: dict[str, str] = {}
        self.bits: dict[str, str] = {}
        for n, p in enumerate(function.decl.type.args.params):
            self.types[p.name], self.bits[p.name] = _type(p), f"x{n}"
        self.result_type = _type(function.decl)
        self.result = ""
        for item in function.body.block_items:
            self._statement(item)

    def _statement(self, node: Any) -> None:
        match node:
            case c_ast.Decl(init=None):
                self.types[node.name] = _type(node)
            case c_ast.FuncCall(name=c_ast.ID(name="memcpy")):
                to, source, _ = node.args.exprs
                self.bits[to.expr.name] = self.bits[source.expr.name]
            case c_ast.Assignment(op="=", lvalue=c_ast.ID(name=name)):
                self.bits[name] = self.term(node.rvalue)
            case c_ast.Return():
                self.result = self.term(node.expr)
            case _:
                raise CError(f"{type(node).__name__} is not accepted in scalar.h")

    def term(self, node: Any) -> str:
        """The bits of an expression."""
        match node:
            case c_ast.Constant():
                return f"(_ bv{int(node.value.rstrip('uUlL'), 0)} 64)"
            case c_ast.ID():
                return self.bits[node.name]
            case c_ast.UnaryOp(op="~"):
                return f"(bvnot {self.term(node.expr)})"
            case c_ast.Cast(expr=c_ast.BinaryOp(op="<") as less):
                return f"(ite {self._less(less)} (_ bv1 64) (_ bv0 64))"
            case c_ast.Cast():
                if "double" in (_type(node.to_type), self._kind(node.expr)):
                    raise CError("a cast to or from double changes bits")
                return self.term(node.expr)
            case c_ast.BinaryOp(op=op) if op in VECTOR:
                return f"({VECTOR[op]} {self.term(node.left)} {self.term(node.right)})"
        raise CError(f"{type(node).__name__} is not accepted in scalar.h")

    def _less(self, node: Any) -> str:
        a, b = self.term(node.left), self.term(node.right)
        kind = self._kind(node.left)
        if kind != self._kind(node.right) or kind == "uint64_t":
            raise CError("a comparison of two types, or of unsigned numbers")
        return f"(fp.lt {view(a)} {view(b)})" if kind == "double" else f"(bvslt {a} {b})"

    def _kind(self, node: Any) -> str:
        return self.types.get(node.name, "") if isinstance(node, c_ast.ID) else ""


def _type(node: Any) -> str:
    while not isinstance(node, c_ast.IdentifierType):
        node = node.type
    return str(node.names[-1])


def scalar_h() -> str:
    """The text of scalar.h."""
    return Path(native.__file__).with_name("scalar.h").read_text(encoding="utf-8")


def words_claim(text: str | None = None) -> Pending:
    """C-WORDS about scalar.h, or about another text in its place."""
    verdict = Verdict(
        "C-WORDS",
        f"The words of scalar.h ({', '.join(GOALS)}) give the bits that Python's select and abs give, for "
        "every bit pattern of their arguments.",
        "PROVED-IEEE",
        "the C read as bit vectors and binary64; bitwuzla, replayed by z3",
        "binary64 and int64",
        ["either_* gets its mask from less_* alone: the C reader accepts nothing else (C-EQUALS-PYTHON)"],
        ["controller/native/scalar.h"],
        f"{TWIN}::test_c_words_twin",
    )
    try:
        source = (scalar_h() if text is None else text).replace("static inline ", "static ")
        functions = {f.decl.name: f for f in parse(source).ext if isinstance(f, c_ast.FuncDef)}
        obligations = [_obligation(name, functions) for name in GOALS]
        if functions.keys() - GOALS.keys():
            raise CError(f"nothing says what {min(functions.keys() - GOALS.keys())} must mean")
    except CError as error:
        verdict.word, verdict.reason = "OPEN", str(error)
        return Pending(verdict, [])
    return Pending(verdict, obligations)


def _obligation(name: str, functions: dict[str, Any]) -> Obligation:
    if name not in functions:
        raise CError(f"{name} is missing")
    word = Word(functions[name])
    kinds, goal = GOALS[name]
    if tuple(word.types[p.name] for p in functions[name].decl.type.args.params) != kinds:
        raise CError(f"{name} takes other types than {', '.join(kinds)}")
    declared = [f"(declare-const x{n} {BITS})" for n in range(len(kinds))]
    declared.append(f"(define-fun r () {BITS} {word.result})")
    places: dict[str, str] = {"r": "r", "fr": view("r")}
    for n in range(len(kinds)):
        places |= {str(n): f"x{n}", f"f{n}": view(f"x{n}")}
    assumptions = [_filled(MASK, places)] if kinds[0] == "uint64_t" else []
    comment = f"{name}() of scalar.h, read from the C, against its meaning."
    wanted = _filled(goal, places)
    return Obligation(f"C-WORDS-{name}", "QF_BVFP", comment, declared, assumptions, wanted, "bitwuzla", "z3")


def _filled(text: str, places: dict[str, str]) -> str:
    for key, term in places.items():
        text = text.replace("{" + key + "}", term)
    return text
