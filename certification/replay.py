"""An SMT-LIB 2 file put to a solver by name. The only file here that imports solvers."""

import re
from collections.abc import Callable


def _z3(text: str, limit_ms: int) -> list[str]:
    import z3

    solver = z3.SolverFor("QF_NRA") if "(set-logic QF_NRA)" in text else z3.Solver()
    solver.set("timeout", limit_ms)
    solver.from_string(text)
    return [str(solver.check())]


def _cvc5(text: str, limit_ms: int) -> list[str]:
    import cvc5

    solver = cvc5.Solver(cvc5.TermManager())
    solver.setOption("tlimit-per", str(limit_ms))
    parser = cvc5.InputParser(solver)
    parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, text, "obligation")
    symbols = parser.getSymbolManager()
    said = []
    while not (command := parser.nextCommand()).isNull():
        said.append(str(command.invoke(solver, symbols)).strip())
    return [line for line in said if line]


def _bitwuzla(text: str, limit_ms: int) -> list[str]:
    import bitwuzla

    options = bitwuzla.Options()
    options.set(bitwuzla.Option.TIME_LIMIT_PER, limit_ms)
    parser = bitwuzla.Parser(bitwuzla.TermManager(), options)
    fault = parser.parse(text, True, False)
    if fault:
        return [f"error: {fault}"]
    return [str(parser.bitwuzla().check_sat()).rsplit(".", 1)[-1].lower()]


REPLAY: dict[str, Callable[[str, int], list[str]]] = {"z3": _z3, "cvc5": _cvc5, "bitwuzla": _bitwuzla}
STATUS = re.compile(r"^\s*\(\s*set-info\s+:status\s+\w+\s*\)", re.MULTILINE)
CHECK = re.compile(r"^\s*\(\s*check-sat\s*\)", re.MULTILINE)


def replay(solver: str, text: str, limit_ms: int = 120_000) -> str:
    """`unsat`, `sat`, `unknown`, or a sentence that begins with `error`. One check-sat a file."""
    if solver not in REPLAY:
        return f"error: no solver is called {solver!r}"
    if len(CHECK.findall(text)) != 1:
        return "error: the file must ask (check-sat) once, on a line of its own"
    try:
        # cvc5 takes the expected status for an order and gives an error where it finds another
        answers = REPLAY[solver](STATUS.sub("", text), limit_ms)
    except Exception as error:  # each solver has its own exceptions, and a replay must say, not stop
        return f"error: {solver} says {error}"
    return answers[0] if len(answers) == 1 else f"error: {solver} says {answers}"


def without_goal(text: str) -> str | None:
    """The file without its last assertion, the negated goal; None where that is not a line of its own."""
    lines = text.splitlines()
    asserts = [i for i, line in enumerate(lines) if line.startswith("(assert ")]
    if not asserts or not lines[asserts[-1]].startswith("(assert (not "):
        return None
    return "\n".join(lines[: asserts[-1]] + lines[asserts[-1] + 1 :]) + "\n"


def replay_job(job: tuple[str, str, str, str]) -> tuple[str, str, str]:
    """For an executor: (file, first solver, second solver, text) -> (file, answer, answer without goal)."""
    file, first, second, text = job
    answer = replay(second, text)
    rest = without_goal(text)
    return file, answer, replay(first, rest) if rest is not None and answer == "unsat" else ""
