"""An SMT-LIB 2 file put to a solver by name, with the settings and deterministic budgets of the proof."""

import re

from verification.proof import SOLVERS

STATUS = re.compile(r"^\s*\(\s*set-info\s+:status\s+\w+\s*\)", re.MULTILINE)
CHECK = re.compile(r"^\s*\(\s*check-sat\s*\)", re.MULTILINE)


def replay(solver: str, text: str) -> str:
    """`unsat`, `sat`, `unknown`, or a sentence that begins with `error`. One check-sat a file."""
    if solver not in SOLVERS:
        return f"error: no solver is called {solver!r}"
    if len(CHECK.findall(text)) != 1:
        return "error: the file must ask (check-sat) once, on a line of its own"
    try:
        # cvc5 takes the expected status for an order and gives an error where it finds another
        return SOLVERS[solver](STATUS.sub("", text))[0]
    except Exception as error:  # each solver has its own exceptions, and a replay must say, not stop
        return f"error: {solver} says {error}"


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
