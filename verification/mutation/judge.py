"""One kernel, whatever is planted in it, before the claims, cheapest first; the first that turns red ends it.

Words: refused (the language, or the tracer, doesn't take it: no kernel), same (the three programs are the
project's own, node for node, and all beside them holds: no defect), killed (by the claim that is named),
survived (all claims hold).
"""

import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

from controller.native.bundle import kernel_sources, parameter_sources
from controller.native.emit import LanguageError
from controller.project import Project, load
from verification.claims import inbox, modes
from verification.claims.code import code_verdicts
from verification.claims.declared import as_declared
from verification.claims.specification import as_specified, python_flown
from verification.claims.words import words_claim
from verification.flight import Flight
from verification.program import Program, ScratchError, TraceError
from verification.proof import discharge_all
from verification.verdict import Pending, Verdict
from verification.verify import asked

LAST = ("STATE-BOUNDS", "OUTPUT-BOUNDS", "STATE-LIMIT-UNREACHED")  # minutes of solvers


class Here(Executor):
    """An executor that works at once, in this process."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """The finished result."""
        done: Future[Any] = Future()
        done.set_result(fn(*args, **kwargs))
        return done


def judge(
    project: Path, proofs: Path, answers: Path, original: str, printed: dict[str, str] | None = None
) -> dict[str, str]:
    """What becomes of the kernel that is imported here, in the project of a folder.

    proofs: where obligations may go; answers: kept ones; original: identity() of the sound kernel.
    printed: C that stands in place of what is printed from it, by file; then only the claims on C are asked.
    """
    given = load(project)
    flight = Flight(given.law, given.sizes)
    try:
        sources = kernel_sources(given.sizes) | parameter_sources(given.law) | (printed or {})
        found = identity(flight.programs)
    except ScratchError as fault:
        return _said("killed", "SCRATCH-CLEAN", str(fault))
    except TraceError as fault:
        return _said("refused", "", str(fault))
    except (LanguageError, ArithmeticError, AttributeError, LookupError, TypeError, NameError) as fault:
        return _said("refused", "", f"{type(fault).__name__}: {fault}")
    same = found == original
    try:
        found_of = (
            of_c(given, flight, sources) if printed
            else beside(given, flight, sources) if same
            else of_kernel(given, flight, sources)
        )  # fmt: skip
        for verdict in settled(found_of, proofs, answers):
            if not verdict.shown:
                return _said("killed", verdict.id, f"{verdict.word}: {verdict.reason}")
    except TraceError as fault:
        return _said("killed", "TRACE", str(fault))
    except Exception as fault:
        return _said("killed", "CRASH", f"{type(fault).__name__}: {fault}")
    return _said("same" if same and not printed else "survived", "", "")


def _said(word: str, claim: str, reason: str) -> dict[str, str]:
    return {"word": word, "claim": claim, "reason": reason[:300]}


def identity(programs: dict[str, Program]) -> str:
    """SHA-256 of what each output is computed from, whatever the order in which it was traced."""
    made: dict[int, str] = {}
    rows = []
    for entry, program in programs.items():
        for n in program.cone():
            if n not in made:
                node = program.graph.nodes[n]
                parts = [node.operation, node.type, node.leaf, *(made[a] for a in node.arguments)]
                made[n] = hashlib.sha256("\0".join(parts).encode()).hexdigest()
        rows += [f"{entry} {path} {made[n]}\n" for path, n in sorted(program.outputs.items())]
    return hashlib.sha256("".join(rows).encode()).hexdigest()


def of_c(project: Project, flight: Flight, sources: dict[str, str]) -> Iterator[Verdict | Pending]:
    """The claims on the printed C and on the parameters in it."""
    yield from code_verdicts(flight, sources)
    yield as_declared(project, flight)
    yield words_claim(sources["scalar.h"])


def beside(project: Project, flight: Flight, sources: dict[str, str]) -> Iterator[Verdict | Pending]:
    """The claims on what is no part of the traced program: words, records, loader and printer."""
    yield from of_c(project, flight, sources)
    yield python_flown(flight)


def of_kernel(project: Project, flight: Flight, sources: dict[str, str]) -> Iterator[Verdict | Pending]:
    """The claims on the kernel, each once, from the cheapest; those on the wire and the search aside."""
    first = as_specified(flight)  # says most for least
    yield first
    claims = asked(project, sources)
    pending = [p for p in claims.pending if p.verdict.id != first.verdict.id]
    yield from sorted(pending, key=lambda p: p.verdict.id in LAST)
    yield from claims.decided
    yield modes.contracts_verdict()
    yield inbox.contracts_verdict()


def settled(claims: Iterator[Verdict | Pending], proofs: Path, answers: Path) -> Iterator[Verdict]:
    """The same, with the solvers' answers."""
    for one in claims:
        if isinstance(one, Verdict):
            yield one
        else:
            yield one.settle(discharge_all(one.obligations, proofs, Here(), answers))
