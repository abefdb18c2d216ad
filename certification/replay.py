"""An SMT-LIB 2 file put to a solver by name, with the settings and deterministic budgets of the proof."""

import re

from verification.proof import SOLVERS

STATUS = re.compile(r"^\s*\(\s*set-info\s+:status\s+\w+\s*\)", re.MULTILINE)
COMMENT = re.compile(r"^[ \t]*;.*$", re.MULTILINE)
QUOTED = re.compile(r"\|[\w .\[\]-]*\|")
TOKEN = re.compile(r"[()]|[^\s()]+")
# What an obligation needs. Solvers know commands that read and write files: a pack is not to reach them.
COMMANDS = {"set-info", "set-logic", "declare-const", "declare-fun", "define-fun", "assert", "check-sat"}


def replay(solver: str, text: str) -> str:
    """`unsat`, `sat`, `unknown`, or a sentence that begins with `error`. One check-sat a file."""
    if solver not in SOLVERS:
        return f"error: no solver is called {solver!r}"
    asked = commands(text)
    strange = set(asked) - COMMANDS
    if strange:
        return f"error: the file holds {min(strange)[:40]!r}, which an obligation has no use for"
    if asked.count("check-sat") != 1 or asked[-1] != "check-sat":
        return "error: the file must ask (check-sat) once, at its end"
    try:
        # cvc5 takes the expected status for an order and gives an error where it finds another
        return SOLVERS[solver](STATUS.sub("", text))[0]
    except Exception as error:  # each solver has its own exceptions, and a replay must say, not stop
        return f"error: {solver} says {error}"


def commands(text: str) -> list[str]:
    """The commands of a file in order; what none can be stands among them as it is.

    Comments are whole lines, and there are no strings: so nothing can look to a solver like a command
    that looks like none here.
    """
    found = [c for c in text if c != "\n" and not c.isprintable()]
    depth, begins = 0, False
    for token in TOKEN.findall(QUOTED.sub("symbol", COMMENT.sub("", text))):
        odd = any(c in '";|\\' for c in token)
        if odd or depth + (token == "(") - (token == ")") < 0 or (begins or (not depth and token != "(")):
            found.append(token)
        depth += (token == "(") - (token == ")")
        begins = token == "(" and depth == 1
    return found + ["("] * (depth > 0)


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
