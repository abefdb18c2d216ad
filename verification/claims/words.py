"""C-WORDS: the words of scalar.h mean what they mean in Python, for every bit pattern.

The C of each word is read and written as SMT-LIB over bit vectors and binary64; what was understood of
scalar.h is all that stands there (verification/reader). To write one member of the union sw_View and to read
the other is a change of view, not of bits. Only three types are accepted, all of 64 bits, and no conversion
between them but an integer's cast, so that no value is narrowed or converted unseen. Operators are for
uint64_t, which wraps; a literal takes the type of what it meets.
"""

from pathlib import Path

from controller import native
from verification.proof import Obligation
from verification.reader.names import check_variables
from verification.reader.parse import read
from verification.reader.syntax import (
    Assign,
    Binary,
    Cast,
    Expression,
    Function,
    Local,
    Member,
    Name,
    Number,
    Part,
    Record,
    Statement,
    Unary,
    Variable,
)
from verification.reader.tokens import HEX, CError, number
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
UNION = Record("union", VIEW, tuple(Variable(False, kind, False, name) for name, kind in MEMBERS.items()))
MASK = "(or (= {0} (_ bv0 64)) (= {0} (bvnot (_ bv0 64))))"  # what less_* gives


def view(bits: str) -> str:
    """A binary64 number by its bits."""
    return f"((_ to_fp 11 53) {bits})"


class Word:
    """One function of scalar.h as terms over the bits of its variables."""

    def __init__(self, function: Function) -> None:
        check_variables(function)
        self.types: dict[str, str] = {}
        self.bits: dict[str, str] = {}
        for n, p in enumerate(function.parameters):
            self._declare(p, (FLOAT, SIGNED, UNSIGNED))
            self.bits[p.name] = f"x{n}"
        self.parameters = tuple(self.types.values())
        self.result_type = function.result
        for statement in function.body or ():
            self._statement(statement)
        if function.value is None or function.storage != "static inline":
            raise CError(f"{function.name} must be static inline and end in its only return")
        self.result = self._as(self.result_type, function.value)

    def _declare(self, variable: Variable, types: tuple[str, ...]) -> None:
        """A new name, of one of the three types or a view; no pointer, no array, no other width."""
        plain = Variable(False, variable.type, False, variable.name)
        if variable != plain or variable.type not in types or variable.name in self.types:
            raise CError(f"{variable} is not accepted in scalar.h")
        self.types[variable.name] = variable.type

    def _statement(self, node: Statement) -> None:
        match node:
            case Local(value=None):
                self._declare(node.variable, (FLOAT, SIGNED, UNSIGNED, VIEW))
            case Assign(sign="=", target=Name(name=name)) if name in self.types:
                self.bits[name] = self._as(self.types[name], node.value)
            case Assign(sign="=", target=Member() as member):
                name, kind = self._member(member)
                self.bits[name] = self._as(kind, node.value)  # both members are the same 64 bits
            case _:
                raise CError(f"{node} is not accepted in scalar.h")

    def _member(self, node: Member) -> tuple[str, str]:
        """The variable and the type of one member of a view."""
        match node:
            case Member(record=Name(name=name), arrow=False, name=member):
                if self.types.get(name) == VIEW and member in MEMBERS:
                    return name, MEMBERS[member]
        raise CError(f"{node} is no member of a {VIEW}")

    def _as(self, wanted: str, node: Expression) -> str:
        """The bits of an expression that has the wanted type already, or is a literal of its range."""
        kind, bits = self.term(node)
        if kind != wanted and not (kind == LITERAL and wanted == UNSIGNED):
            raise CError(f"{kind} becomes {wanted} without a cast")
        return bits

    def term(self, node: Expression) -> tuple[str, str]:
        """The type of an expression and its bits."""
        match node:
            case Number(text=text):
                value = int(text, 16) if HEX.fullmatch(text) else number(text)
                if not isinstance(value, int) or value >= 2**64:
                    raise CError(f"{text} is no integer of 64 bits")
                return LITERAL, f"(_ bv{value} 64)"
            case Name(name=name) if name in self.bits and self.types[name] != VIEW:
                return self.types[name], self.bits[name]
            case Member():
                name, kind = self._member(node)
                if name not in self.bits:
                    raise CError(f"{name} is read before it is written")
                return kind, self.bits[name]
            case Unary(sign="~"):
                if (inner := self.term(node.inner))[0] != UNSIGNED:  # ~0U has 32 bits
                    raise CError("~ is for uint64_t")
                return UNSIGNED, f"(bvnot {inner[1]})"
            case Binary(sign="<"):
                return TRUTH, f"(ite {self._less(node)} (_ bv1 64) (_ bv0 64))"
            case Cast(type=wanted):
                kind, bits = self.term(node.inner)
                if wanted not in (SIGNED, UNSIGNED) or kind == FLOAT:
                    raise CError(f"a cast from {kind} to {wanted} could change bits")
                return wanted, bits
            case Binary(sign=sign) if sign in VECTOR:
                left, right = self.term(node.left), self.term(node.right)
                if {left[0], right[0]} not in ({UNSIGNED}, {UNSIGNED, LITERAL}):
                    raise CError(f"{sign} is for uint64_t")
                return UNSIGNED, f"({VECTOR[sign]} {left[1]} {right[1]})"
        raise CError(f"{node} is not accepted in scalar.h")

    def _less(self, node: Binary) -> str:
        (kind, a), (other, b) = self.term(node.left), self.term(node.right)
        if kind != other or kind not in (FLOAT, SIGNED):
            raise CError("a comparison of two types, or of unsigned numbers")
        return f"(fp.lt {view(a)} {view(b)})" if kind == FLOAT else f"(bvslt {a} {b})"


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
        obligations = _obligations(read("scalar.h", scalar_h() if text is None else text))
    except CError as error:
        verdict.word, verdict.reason = "OPEN", str(error)
        return Pending(verdict, [])
    return Pending(verdict, obligations)


def _obligations(parts: tuple[Part, ...]) -> list[Obligation]:
    """What must hold of each word; scalar.h must define the view, then each word once, and nothing else."""
    record, *functions = parts
    if record != UNION or [getattr(f, "name", None) for f in functions] != list(GOALS):
        raise CError(f"scalar.h must define {VIEW}, then {', '.join(GOALS)}, and nothing else")
    return [_obligation(f) for f in functions if isinstance(f, Function)]


def _obligation(function: Function) -> Obligation:
    name, word = function.name, Word(function)
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
