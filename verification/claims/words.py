"""C-WORDS: the words of scalar.h mean what they mean in Python, for every bit pattern.

The C of each word is read with pycparser and written as SMT-LIB over bit vectors and binary64; to write one
member of the union sw_View and to read the other is a change of view, not of bits. Only three types are
accepted, all of 64 bits, and no conversion between them but an integer's cast, so that no value is narrowed
or converted unseen. Operators are for uint64_t, which wraps; a literal takes the type of what it meets.
"""

from pathlib import Path
from typing import Any

from pycparser import c_ast

from controller import native
from verification.c_text import STUB, CError, parse
from verification.proof import Obligation
from verification.verdict import Pending, Verdict

TWIN = "tests/should_fail/test_words.py"
BITS = "(_ BitVec 64)"
VECTOR = {"&": "bvand", "|": "bvor", "-": "bvsub"}

# a word: the C types of its parameters and result, and what must hold of the bits of arguments {0}… and
# result {r}; f0… and fr are the same bits as binary64
FLOAT, SIGNED, UNSIGNED = "double", "int64_t", "uint64_t"
LESS = "(= {r} (ite (%s) (bvnot (_ bv0 64)) (_ bv0 64)))"
EITHER = "(= {r} (ite (= {0} (_ bv0 64)) {2} {1}))"
GOALS: dict[str, tuple[tuple[str, ...], str, str]] = {
    "less_real": ((FLOAT, FLOAT), UNSIGNED, LESS % "fp.lt {f0} {f1}"),
    "less_int": ((SIGNED, SIGNED), UNSIGNED, LESS % "bvslt {0} {1}"),
    "either_real": ((UNSIGNED, FLOAT, FLOAT), FLOAT, EITHER),
    "either_int": ((UNSIGNED, SIGNED, SIGNED), SIGNED, EITHER),
    "magnitude": ((FLOAT,), FLOAT, "(= {r} (concat #b0 ((_ extract 62 0) {0})))"),
}
LITERAL, TRUTH = "literal", "int"  # the types of a number in the text and of a comparison
VIEW = "sw_View"  # the union; only its members have values, so a variable of it is never a term
MEMBERS = {"real": FLOAT, "bits": UNSIGNED}
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
            self.types[p.name], self.bits[p.name] = _type(p.type), f"x{n}"
        self.parameters = tuple(self.types.values())
        self.result_type = _type(function.decl.type.type)
        *before, last = function.body.block_items
        if not isinstance(last, c_ast.Return):
            raise CError("a word must end in its only return")
        for item in before:
            self._statement(item)
        self.result = self._as(self.result_type, last.expr)

    def _statement(self, node: Any) -> None:
        match node:
            case c_ast.Decl(init=None):
                self.types[node.name] = VIEW if _is_view(node.type) else _type(node.type)
            case c_ast.Assignment(op="=", lvalue=c_ast.ID(name=name)) if name in self.types:
                self.bits[name] = self._as(self.types[name], node.rvalue)
            case c_ast.Assignment(op="=", lvalue=c_ast.StructRef() as member):
                name, kind = self._member(member)
                self.bits[name] = self._as(kind, node.rvalue)  # both members are the same 64 bits
            case _:
                raise CError(f"{type(node).__name__} is not accepted in scalar.h")

    def _member(self, node: Any) -> tuple[str, str]:
        """The variable and the type of one member of a view."""
        match node:
            case c_ast.StructRef(type=".", name=c_ast.ID(name=name), field=c_ast.ID(name=member)):
                if self.types.get(name) == VIEW and member in MEMBERS:
                    return name, MEMBERS[member]
        raise CError(f"a member of anything but a {VIEW}")

    def _as(self, wanted: str, node: Any) -> str:
        """The bits of an expression that has the wanted type already, or is a literal of its range."""
        kind, bits = self.term(node)
        if kind != wanted and not (kind == LITERAL and wanted == UNSIGNED):
            raise CError(f"{kind} becomes {wanted} without a cast")
        return bits

    def term(self, node: Any) -> tuple[str, str]:
        """The type of an expression and its bits."""
        match node:
            case c_ast.Constant():
                number = int(node.value.rstrip("uUlL"), 0)
                if not node.type.endswith("int") or number >= 2**64:
                    raise CError(f"{node.value} is no integer of 64 bits")
                return LITERAL, f"(_ bv{number} 64)"
            case c_ast.ID() if node.name in self.bits and self.types[node.name] != VIEW:
                return self.types[node.name], self.bits[node.name]
            case c_ast.StructRef():
                name, kind = self._member(node)
                if name not in self.bits:
                    raise CError(f"{name} is read before it is written")
                return kind, self.bits[name]
            case c_ast.UnaryOp(op="~"):
                if (inner := self.term(node.expr))[0] != UNSIGNED:  # ~0U has 32 bits
                    raise CError("~ is for uint64_t")
                return UNSIGNED, f"(bvnot {inner[1]})"
            case c_ast.BinaryOp(op="<"):
                return TRUTH, f"(ite {self._less(node)} (_ bv1 64) (_ bv0 64))"
            case c_ast.Cast():
                wanted, (kind, bits) = _type(node.to_type.type), self.term(node.expr)
                if FLOAT in (wanted, kind):
                    raise CError("a cast to or from double changes bits")
                return wanted, bits
            case c_ast.BinaryOp(op=op) if op in VECTOR:
                left, right = self.term(node.left), self.term(node.right)
                if {left[0], right[0]} not in ({UNSIGNED}, {UNSIGNED, LITERAL}):
                    raise CError(f"{op} is for uint64_t")
                return UNSIGNED, f"({VECTOR[op]} {left[1]} {right[1]})"
        raise CError(f"{type(node).__name__} is not accepted in scalar.h")

    def _less(self, node: Any) -> str:
        (kind, a), (other, b) = self.term(node.left), self.term(node.right)
        if kind != other or kind not in (FLOAT, SIGNED):
            raise CError("a comparison of two types, or of unsigned numbers")
        return f"(fp.lt {view(a)} {view(b)})" if kind == FLOAT else f"(bvslt {a} {b})"


def _type(node: Any) -> str:
    """One of the three types; no pointer, no array, no other width."""
    match node:
        case c_ast.TypeDecl(type=c_ast.IdentifierType(names=[name])) if name in (FLOAT, SIGNED, UNSIGNED):
            return str(name)
    raise CError("a type other than double, int64_t and uint64_t")


def _is_view(node: Any) -> bool:
    return isinstance(node, c_ast.TypeDecl) and getattr(node.type, "names", None) == [VIEW]


def _defines_view(item: Any) -> bool:
    """Whether an item is the definition of sw_View: a union of the two members, whole and in this order."""
    match item:
        case c_ast.Typedef(name=name, type=c_ast.TypeDecl(type=c_ast.Union(name=None, decls=[*members]))):
            whole = all(m.bitsize is None and m.init is None for m in members)
            return whole and name == VIEW and [(m.name, _type(m.type)) for m in members] == [*MEMBERS.items()]
    return False


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
        ["either_* gets its mask from less_* alone: the C reader accepts nothing else"],
        ["controller/native/scalar.h"],
        f"{TWIN}::test_c_words_twin",
    )
    try:
        source = (scalar_h() if text is None else text).replace("static inline ", "static ")
        items = parse(source).ext[STUB.count(";") :]
        functions = {f.decl.name: f for f in items if isinstance(f, c_ast.FuncDef)}
        others = [f for f in items if not isinstance(f, c_ast.FuncDef)]
        if other := next((f for f in others if not _defines_view(f)), None):
            raise CError(f"{type(other).__name__} is not accepted in scalar.h")
        obligations = [_obligation(name, functions) for name in GOALS]
        if functions.keys() - GOALS.keys():
            raise CError(f"nothing says what {min(functions.keys() - GOALS.keys())} must mean")
    except CError as error:
        verdict.word, verdict.reason = "OPEN", str(error)
        return Pending(verdict, [])
    except Exception as error:  # the parser's own, and any tree the reader did not foresee
        verdict.word, verdict.reason = "OPEN", f"unreadable C: {type(error).__name__}: {error}"
        return Pending(verdict, [])
    return Pending(verdict, obligations)


def _obligation(name: str, functions: dict[str, Any]) -> Obligation:
    if name not in functions:
        raise CError(f"{name} is missing")
    word = Word(functions[name])
    kinds, result, goal = GOALS[name]
    if (word.parameters, word.result_type) != (kinds, result):
        raise CError(f"{name} is not {result} of {', '.join(kinds)}")
    declared = [f"(declare-const x{n} {BITS})" for n in range(len(kinds))]
    declared.append(f"(define-fun r () {BITS} {word.result})")
    places: dict[str, str] = {"r": "r", "fr": view("r")}
    for n in range(len(kinds)):
        places |= {str(n): f"x{n}", f"f{n}": view(f"x{n}")}
    assumptions = [_filled(MASK, places)] if kinds[0] == UNSIGNED else []
    comment = f"{name}() of scalar.h, read from the C, against its meaning."
    wanted = _filled(goal, places)
    return Obligation(f"C-WORDS-{name}", "QF_BVFP", comment, declared, assumptions, wanted, "bitwuzla", "z3")


def _filled(text: str, places: dict[str, str]) -> str:
    for key, term in places.items():
        text = text.replace("{" + key + "}", term)
    return text
