"""Obligations as SMT-LIB 2 files: written, discharged by one solver, replayed by another.

An obligation holds when its file is unsat. A second file without the negated goal must be sat, or the
assumptions contradict each other and the proof is void (vacuous).
"""

import hashlib
import json
import os
import re
import struct
from collections.abc import Callable
from concurrent.futures import Executor, Future, as_completed
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path

Z3_RLIMIT = 100_000_000  # a deterministic budget: the same in every process
CVC5_RLIMIT = 100_000_000
BITWUZLA_LIMIT_MS = 300_000  # it has no other budget; ours take a few seconds
FOUND = ("sat", "unsat", "unknown")

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
        """Names the question, both solvers, their versions and their budgets."""
        asked = [self.text(), self.text(vacuity=True), self.main, self.replay, Z3_RLIMIT, CVC5_RLIMIT]
        return hashlib.sha256(json.dumps([asked, versions()]).encode()).hexdigest()


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


def ask_z3(text: str) -> tuple[str, int, dict[str, str]]:
    """z3's answer, the rlimit that it used, and the model if there is one."""
    import z3

    context = z3.Context()  # its own context: rlimit counts from zero
    solver = z3.Solver(ctx=context)
    if "QF_NRA" in text:  # this order of variables ends twenty times as soon as the default one
        tactic = z3.With(z3.Tactic("qfnra-nlsat", ctx=context), variable_ordering_strategy=4)
        solver = tactic.solver()
    solver.set("rlimit", Z3_RLIMIT)
    solver.from_string(text)
    answer = str(solver.check())
    statistics = solver.statistics()
    used = next((int(v) for k, v in statistics if k == "rlimit count"), 0)
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


def write(path: Path, text: str) -> None:
    """Write aside and rename, so that a kill leaves the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(f".{os.getpid()}")
    aside.write_text(text, encoding="utf-8")
    aside.replace(path)


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


def recall(path: Path, obligation: Obligation) -> Answer | None:
    """A kept answer, perhaps to the same question named otherwise; None where it can't be read."""
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        kept = Answer(**said | {"obligation": obligation.name, "file": f"proofs/{obligation.name}.smt2"})
    except (OSError, ValueError, TypeError):
        return None
    asked = (obligation.main, obligation.replay)
    return kept if (kept.main, kept.replay_solver) == asked else None


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
        write(proofs / f"{o.name}.smt2", o.text())
        kept = recall(known / f"{o.key}.json", o) if known else None
        if kept:
            answers[o.name] = kept
        else:
            waiting[executor.submit(ask, o)] = o
    for future in as_completed(waiting):
        answer = answers[waiting[future].name] = future.result()
        if known:
            write(known / f"{waiting[future].key}.json", json.dumps(asdict(answer)))
        if progress:
            progress("proofs", len(answers), len(obligations))
    return answers
