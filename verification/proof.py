"""Obligations as SMT-LIB 2 files: written, discharged by one solver, replayed by another.

An obligation holds when its file is unsat. A second file without the negated goal must be sat, or the
assumptions contradict each other and the proof is void (vacuous).
"""

import hashlib
import re
import struct
from collections.abc import Callable
from concurrent.futures import Executor, Future, as_completed
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib.metadata import version
from pathlib import Path

from verification import kept

Z3_RLIMIT = 100_000_000  # a deterministic budget: the same in every process
# nlsat's orders of variables: none suits all questions; one is busy for long where another takes 0.1 s
ORDERS = (4, 3, 1, 5, 2)
TRY_RLIMIT = 200_000  # for each order in turn, before the first one gets the whole budget
CVC5_RLIMIT = 100_000_000
BITWUZLA_LIMIT_MS = 300_000  # it has no other budget; ours take a few seconds
FOUND = ("sat", "unsat", "unknown")

# a change in how a solver is asked makes its old answers unknown
_way_of_asking = cache(lambda: hashlib.sha256(Path(__file__).read_bytes()).hexdigest())

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Obligation:
    """assumptions and negated goal, as SMT-LIB lines; main and replay name the solvers."""

    name: str
    logic: str
    comment: str
    definitions: list[str]
    assumptions: list[str]
    goal: str  # what must hold; its negation is asserted
    main: str = "z3"
    replay: str = "cvc5"

    def text(self, vacuity: bool = False) -> str:
        """The file; with vacuity, without the goal."""
        asserts = [f"(assert {a})" for a in self.assumptions]
        end = [] if vacuity else [f"(assert (not {self.goal}))"]
        comment = [f"; {line}" for line in self.comment.splitlines()]
        head = [f"(set-info :status {'sat' if vacuity else 'unsat'})", f"(set-logic {self.logic})"]
        return "\n".join([*comment, *head, *self.definitions, *asserts, *end, "(check-sat)", ""])

    @property
    def key(self) -> str:
        """Names the question, both solvers, their versions, and how they are asked, budgets and all."""
        asked = [self.text(), self.text(vacuity=True), self.main, self.replay]
        return kept.key(asked, versions(), _way_of_asking())


@dataclass
class Answer:
    """What the solvers said about one obligation."""

    obligation: str
    file: str
    main: str
    answer: str
    replay_solver: str
    replay: str
    rlimit: int = 0
    vacuity: str = ""
    model: dict[str, str] = field(default_factory=dict)

    @property
    def proved(self) -> bool:
        """unsat by both solvers, from assumptions that can hold."""
        return self.answer == self.replay == "unsat" and self.vacuity == "sat"

    @property
    def lasting(self) -> bool:
        """Whether the same question would get it again: not where a solver ran out of the machine's time."""
        said = {self.main: self.answer, self.replay_solver: self.replay or "unasked"}
        return said.get("bitwuzla") != "unknown" and (self.main != "bitwuzla" or self.vacuity != "unknown")


def ask_z3(text: str, rlimit: int = Z3_RLIMIT) -> tuple[str, int, dict[str, str]]:
    """z3's answer, the rlimit that it used, and the model if there is one."""
    import z3

    orders = (*((o, min(TRY_RLIMIT, rlimit)) for o in ORDERS), (ORDERS[0], rlimit))
    used = 0
    for order, budget in orders if "QF_NRA" in text else [(None, rlimit)]:
        context = z3.Context()  # its own context: rlimit counts from zero
        solver = z3.Solver(ctx=context)
        if order is not None:
            tactic = z3.With(z3.Tactic("qfnra-nlsat", ctx=context), variable_ordering_strategy=order)
            solver = tactic.solver()
        solver.set("rlimit", budget)
        solver.from_string(text)
        answer = str(solver.check())
        used += next((int(v) for k, v in solver.statistics() if k == "rlimit count"), 0)
        if answer != "unknown":
            break
    model = {}
    if answer == "sat":
        found = solver.model()
        model = {d.name(): str(found[d]) for d in found.decls() if d.arity() == 0}
    return answer, used, model


def ask_cvc5(text: str) -> tuple[str, int, dict[str, str]]:
    """cvc5's answer."""
    import cvc5

    solver = cvc5.Solver(cvc5.TermManager())
    solver.setOption("rlimit", str(CVC5_RLIMIT))
    if "QF_NRA" in text:  # incremental linearisation; the covering method does not end on these
        solver.setOption("nl-ext", "full")
        solver.setOption("nl-cov", "false")
        solver.setOption("error-selection-rule", "sum")  # pivots by the whole infeasibility: half the time
    parser = cvc5.InputParser(solver)
    parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, text, "obligation")
    answer = "unknown"
    while not (command := parser.nextCommand()).isNull():
        said = command.invoke(solver, parser.getSymbolManager()).strip()
        answer = said if said in FOUND else answer
    return answer, 0, {}


def ask_bitwuzla(text: str) -> tuple[str, int, dict[str, str]]:
    """bitwuzla's answer."""
    import bitwuzla

    options = bitwuzla.Options()
    options.set(bitwuzla.Option.PRODUCE_MODELS, True)
    options.set(bitwuzla.Option.TIME_LIMIT_PER, BITWUZLA_LIMIT_MS)
    parser = bitwuzla.Parser(bitwuzla.TermManager(), options)
    parser.parse(text, True, False)
    solver = parser.bitwuzla()
    answer = str(solver.check_sat()).rsplit(".", 1)[-1].lower()
    model = {}
    if answer == "sat":
        values = {str(f): str(solver.get_value(f)) for f in parser.get_declared_funs()}
        model = {name.strip("|"): readable(value) for name, value in values.items()}
    return answer, 0, model


def readable(value: str) -> str:
    """A binary64 or 64-bit value as a person writes it; anything else as it is."""
    bits = "".join(re.findall(r"#b([01]+)", value))
    if len(bits) != 64:
        return value
    raw = int(bits, 2).to_bytes(8, "big")
    return repr(struct.unpack(">d", raw)[0]) if value.startswith("(fp") else str(struct.unpack(">q", raw)[0])


SOLVERS = {"z3": ask_z3, "cvc5": ask_cvc5, "bitwuzla": ask_bitwuzla}
PACKAGES = {"z3": "z3-solver", "cvc5": "cvc5", "bitwuzla": "bitwuzla"}


def versions() -> dict[str, str]:
    """The solvers and their versions."""
    return {name: version(package) for name, package in PACKAGES.items()}


def ask(obligation: Obligation) -> Answer:
    """Both solvers' answers, and whether the assumptions can hold; touches no file, so it runs anywhere."""
    text = obligation.text()
    file = f"proofs/{obligation.name}.smt2"
    answer, used, model = SOLVERS[obligation.main](text)
    said = Answer(
        obligation.name, file, obligation.main, answer, obligation.replay, "", used, "", model
    )  # fmt: skip
    if answer == "unsat":
        said.replay = SOLVERS[obligation.replay](text)[0]
        # the quick solver of the two may decide it: sat needs a model, not a proof
        said.vacuity = SOLVERS[obligation.main](obligation.text(vacuity=True))[0]
    return said


def recall(folder: Path, obligation: Obligation) -> Answer | None:
    """A kept answer, perhaps to the same question named otherwise; None where it can't be believed."""
    said = kept.get(folder / f"{obligation.key}.json", obligation.key)
    try:
        answer = Answer(**said | {"obligation": obligation.name, "file": f"proofs/{obligation.name}.smt2"})
        words = {answer.answer} <= {*FOUND} and {answer.replay, answer.vacuity} <= {"", *FOUND}
    except TypeError:
        return None
    asked = (answer.main, answer.replay_solver) == (obligation.main, obligation.replay)
    whole = isinstance(answer.rlimit, int) and isinstance(answer.model, dict)
    return answer if asked and words and whole else None


def discharge_all(
    obligations: list[Obligation],
    proofs: Path,
    executor: Executor,
    known: Path | None = None,
    progress: Progress | None = None,
) -> dict[str, Answer]:
    """Write every file, ask what is not known yet, spread over an executor (processes here, or a cluster's).

    known: a folder of finished answers, by question; what a killed run had answered is not asked again. It is
    believed: whoever can write there can forge an answer, which only an audit's replay finds.
    """
    answers: dict[str, Answer] = {}
    waiting: dict[Future[Answer], Obligation] = {}
    for o in obligations:
        kept.write(proofs / f"{o.name}.smt2", o.text())
        if known and (answer := recall(known, o)):
            answers[o.name] = answer
        else:
            waiting[executor.submit(ask, o)] = o
    if progress:
        progress("proofs", len(answers), len(obligations))
    for future in as_completed(waiting):
        answer = answers[waiting[future].name] = future.result()
        if known and answer.lasting:
            kept.put(known / f"{waiting[future].key}.json", waiting[future].key, asdict(answer))
        if progress:
            progress("proofs", len(answers), len(obligations))
    return answers
