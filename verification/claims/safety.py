"""SAFE and the way back from it, in the period that flies: obligations on the traced step.

From any state whose mode and tally lie in their ranges, for the project's own sensors and outputs; float
arithmetic is left free.
"""

from verification.claims.clock import free
from verification.claims.health import MEANS, after, given, healthy, looked, word
from verification.claims.ieee import INTEGERS, claim, obligation
from verification.claims.specification import REPEATED, STATE_RANGES, places
from verification.flight import Flight
from verification.program import Program
from verification.proof import Obligation
from verification.specification.notation import Number, Term, where, within
from verification.verdict import Pending

TWIN = "tests/should_fail/test_safety.py"
NOMINAL, FALLBACK, SAFE = 0, 1, 2
CAUSES = "each cause stands for its sign (AS-SPECIFIED)"
MOVED = "(not (= {now} {state.previous_us}))"
MODE = "{after state.mode}"


def safe_reachable(flight: Flight) -> Pending:
    """MODES-SAFE-REACHABLE: what leads to SAFE, and what an output gets there."""
    outputs = range(flight.sizes["outputs"])
    made = [leads_to_safe(flight), *(safe_output(flight, k) for k in outputs)]
    text = (
        "In each new period, from any state: where a sensor that the PID reads is marked bad, or what is "
        "held of it is missing, of the future or too old, the mode is SAFE; nothing else leads to SAFE from "
        f"a better mode. In SAFE each of the {len(outputs)} outputs is its own safe value, held to its range "
        "and then to its slew window around the output before, whatever else was computed."
    )
    rests = [INTEGERS, REPEATED, STATE_RANGES, MEANS]
    return claim("MODES-SAFE-REACHABLE", text, made, ["step", "modes", "guard"], rests, TWIN)


def leads_to_safe(flight: Flight) -> Obligation:
    """In the same period, and only from an unhealthy sensor of the PID."""
    read = [j for j, used in enumerate(flight.law.sensors.fallback) if used]
    ill = " ".join(f"(not (and {' '.join(healthy(flight, j))}))" for j in read)
    safe, was = f"(= {MODE} {word(SAFE)})", f"(= {{state.mode}} {word(SAFE)})"
    goal = f"(and (=> (or false false {ill}) {safe}) (=> {safe} (or false {was} {ill})))"
    comment = "An unhealthy sensor of the PID gives SAFE, and nothing else does from a better mode."
    cut = free(flight.step) | looked(flight)
    return obligation("MODES-SAFE-REACHABLE-mode", comment, after(flight), given(flight), goal, cut)


def safe_output(flight: Flight, k: int) -> Obligation:
    """What output k is in SAFE, for every bit pattern of limits, slew and last output."""
    step, graph = flight.step, flight.graph

    def term(path: str) -> Term:
        return Term(graph, step.inputs[f"{path}[{k}]"])

    low, high, safe = (term(f"law.limits.{name}") for name in ("low", "high", "safe"))
    last, slew = term("state.output"), Term(graph, flight.slew(k))
    floor: Number = last - slew
    ceiling: Number = last + slew
    floor, ceiling = where(low < floor, floor, low), where(ceiling < high, ceiling, high)
    wanted = within(within(safe, low, high), floor, ceiling)
    program = after(flight)
    program.outputs |= {"wanted": wanted.number}
    goal = f"(=> (= {MODE} {word(SAFE)}) (= {{after state.output[{k}]}} {{wanted}}))"
    comment = f"In SAFE output {k} is its safe value, in its range and its slew window."
    cut = free(program) | decided(flight, "state.mode")
    return obligation(f"MODES-SAFE-REACHABLE-{k}", comment, program, given(flight), goal, cut)


def decided(flight: Flight, path: str) -> set[int]:
    """What a new period puts at a path, to be left free: the claim holds whatever leads to it."""
    node = flight.renewed(path)
    return set() if node is None else {node}


def no_deadlock(flight: Flight) -> Pending:
    """MODES-NO-DEADLOCK: each healthy period is one fewer on the way to NOMINAL."""
    names = ("mode", "healthy", "cause")
    outputs = {f"after {path}": flight.step.outputs[path] for path in (f"state.{n}" for n in names)}
    program = Program(flight.graph, flight.step.inputs, outputs | {"now": flight.now})
    before, left = _left("{state.mode}", "{state.healthy}"), _left(MODE, "{after state.healthy}")
    none = f"(= {{after state.cause}} {word(0)})"
    fewer = f"(= {left} (ite (= {before} {word(0)}) {word(0)} (bvsub {before} {word(1)})))"
    driven = f"(= {MODE} {word(NOMINAL)})"
    goal = (
        f"(and (=> {none} {fewer}) (=> {driven} {none}) (bvsle (bvsub {{state.mode}} {word(1)}) {MODE}) "
        f"(bvsle {MODE} {word(SAFE)}))"
    )
    comment = "mode x recovery - healthy falls by one in a healthy period; only such a one gives NOMINAL."
    causes = f"(and (bvsle {word(0)} {{after state.cause}}) (bvsle {{after state.cause}} {word(8)}))"
    assumptions, cut = [*places(), MOVED, causes], free(flight.step) | decided(flight, "state.cause")
    made = obligation("MODES-NO-DEADLOCK", comment, program, assumptions, goal, cut)
    text = (
        "For every recovery count, from any mode and tally: in each new period without a cause, mode x "
        "recovery - tally (0 in NOMINAL) falls by exactly one until it is 0, and stays 0; so after at most 2 "
        "x recovery such periods in a row the network drives, and goes on while they last. A period with a "
        "cause is never NOMINAL, and no period climbs more than one mode."
    )
    rests = [INTEGERS, REPEATED, STATE_RANGES, CAUSES]
    return claim("MODES-NO-DEADLOCK", text, [made], ["step", "modes"], rests, TWIN)


def _left(mode: str, healthy_: str) -> str:
    """Healthy periods in a row that are lacking until the network drives."""
    recovery = "{law.clock.recovery}"
    modes = f"(ite (= {mode} {word(FALLBACK)}) {recovery} (bvadd {recovery} {recovery}))"
    return f"(ite (= {mode} {word(NOMINAL)}) {word(0)} (bvsub {modes} {healthy_}))"


def safety_claims(flight: Flight) -> list[Pending]:
    """Both."""
    return [safe_reachable(flight), no_deadlock(flight)]
