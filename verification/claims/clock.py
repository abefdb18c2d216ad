"""What a period does with time: a repeated tick, and the slew limit as a limit per second.

Of the program that flies, for the project's own sizes. Float arithmetic is left free where the claim does not
speak of it: what is shown holds whatever it gives. Whole numbers are 64-bit vectors.
"""

import math
from fractions import Fraction
from itertools import groupby

from verification.claims.ieee import INTEGERS, claim, obligation, unchanged, unused
from verification.domains.rounding import TINY, UNIT
from verification.domains.smt import ieee, rational
from verification.flight import FAR_US, Flight
from verification.program import REAL, Program, TraceError, reach
from verification.proof import Obligation
from verification.verdict import Pending

TWIN = "tests/should_fail/test_clock.py"
COUNTERS = "each counter of the inbox lies in its declared range (INTEGER-RANGE)"
ROUNDING = (
    "each rounding to nearest is off by half a unit in the last place at most (Higham 2002, the standard "
    "model); a run's moves are the sum of its periods'"
)
MOST_COUNTED = 2147483647  # what a counter of the inbox stops at
PER_US = Fraction(1, 10**6)
ROUND, NORMAL, LARGE = Fraction(UNIT), Fraction(1, 2**1022), Fraction(2**1023)
FREE = ("add", "sub", "mul", "div", "neg", "abs", "real")


def free(program: Program) -> set[int]:
    """The float arithmetic of a program."""
    nodes = program.graph.nodes
    return {n for n in program.cone() if nodes[n].type == REAL and nodes[n].operation in FREE}


def step_repeated(flight: Flight) -> Pending:
    """A step at the time of the last one changes nothing: an obligation for each field of the state."""
    counter, freed = "{state.inbox.refused}", free(flight.step)
    assumptions = [
        "(= {now} {state.previous_us})",
        f"(and (bvsle (_ bv0 64) {counter}) (bvsle {counter} (_ bv{MOST_COUNTED} 64)))",
    ]
    made = []
    for field, paths in groupby(flight.step.outputs, lambda path: path.partition("[")[0]):
        goal, program = unchanged(flight.step, paths)
        if not program.outputs:  # the same nodes: there is nothing to ask
            continue
        program.outputs |= {"now": flight.now}
        comment = f"A step at the time of the last one leaves all of {field}; float arithmetic is free."
        made.append(obligation(f"STEP-REPEATED-{field}", comment, program, assumptions, goal, freed))
    text = (
        "A step at the time of the last one changes no bit of the state, so that a tick that comes twice "
        "moves no output, ages nothing and earns no recovery. Times beyond 2^61 us to either side count as "
        "that time."
    )
    return claim("STEP-REPEATED", text, made, ["step", "inbox"], [INTEGERS, COUNTERS], TWIN)


def rate_per_us(rate: float) -> float:
    """A binary64 number just above the declared rate, in output units per us."""
    wanted = Fraction(rate) * PER_US * (1 + Fraction(1, 2**50))
    found = float(wanted)
    return found if Fraction(found) >= wanted else math.nextafter(found, math.inf)


def roundings(flight: Flight, k: int) -> float:
    """What rounding may add to one move of output k: half a unit in the last place of the largest sum."""
    limits, high_us = flight.law.limits, flight.law.clock.high_us
    largest = max(abs(limits.low[k]), abs(limits.high[k])) + rate_per_us(limits.max_rate[k]) * high_us
    return math.nextafter(UNIT * largest * (1.0 + 2.0**-50) + TINY, math.inf)


def slew(flight: Flight, k: int) -> tuple[int, int]:
    """The nodes of output k's slew limit and of the whole number of us that it counts; TraceError if none."""
    step, nodes = flight.step, flight.graph.nodes
    before, new = step.inputs[f"state.output[{k}]"], flight.renewed(f"state.output[{k}]")
    limits = [
        c.arguments[5]
        for c in step.calls
        if (c.name, c.result, c.arguments[1:2]) == ("guard", new, (before,))
    ]
    counts = [n for n in reach(flight.graph, limits) if nodes[n].operation == "real"]
    if len(limits) != 1 or len(counts) != 1:
        raise TraceError(f"output {k} of the program that flies has no slew limit that counts time")
    return limits[0], nodes[counts[0]].arguments[0]


def factors(flight: Flight, k: int, limit: int, us: int) -> list[float]:
    """The positive constants by which us is multiplied, one by one, to give the limit; else none."""
    nodes, found = flight.graph.nodes, list[float]()
    known = {flight.step.inputs[f"law.limits.max_rate[{k}]"]: flight.law.limits.max_rate[k]}
    known |= {n: float.fromhex(nodes[n].leaf) for n in reach(flight.graph, [limit], {us})
              if nodes[n].operation == "constant"}  # fmt: skip
    while limit != us:
        constants = [a for a in nodes[limit].arguments if a in known]
        if nodes[limit].operation != "mul" or len(constants) != 1:
            return []
        found.insert(0, known[constants[0]])
        limit = next(a for a in nodes[limit].arguments if a != constants[0])
    return found if all(0.0 < f < math.inf for f in found) else []


def plain(values: list[float], per_us: float, high_us: float) -> bool:
    """Whether the standard model decides the rate: no product leaves the normal numbers."""
    least = most = Fraction(1)
    for value in values:
        least, most = least * Fraction(value) * (1 - ROUND), most * Fraction(value) * (1 + ROUND)
        if least < NORMAL or most * Fraction(high_us) > LARGE:
            return False
    return bool(values) and most <= Fraction(per_us)


def rounded_rate(k: int, values: list[float], per_us: float, high_us: float) -> Obligation:
    """The same over the reals, each product off by its rounding: of any rate it is decided at once."""
    lines = [f"(declare-const {x} Real)" for x in ("us", *(f"p{n}" for n in range(len(values))))]
    assumptions = [f"(and (<= 0.0 us) (<= us {rational(high_us)}))"]
    for n, value in enumerate(values):
        before = f"p{n - 1}" if n else "us"
        low, high = (rational(Fraction(value) * (1 + d)) for d in (-ROUND, ROUND))
        assumptions.append(f"(and (<= (* {low} {before}) p{n}) (<= p{n} (* {high} {before})))")
    last = f"p{len(values) - 1}"
    goal = f"(and (<= 0.0 {last}) (<= {last} (* {rational(per_us)} us)))"
    comment = (
        f"slew <= {per_us!r} us over the reals: the products of the step by {', '.join(map(repr, values))}, "
        "each off by half a unit in its last place at most; 0 us gives 0, from 1 us on no product underflows."
    )
    return Obligation(f"SLEW-PER-SECOND-{k}-rate", "QF_LRA", comment, lines, assumptions, goal)


def rate_obligation(flight: Flight, k: int) -> Obligation:
    """The slew limit of output k, as the step computes it, is at most the declared rate times whole us.

    Of products alone the standard model decides it; of anything else the solvers get the bits, which with
    three multiplications of 53 bits takes them minutes, or more than their budget.
    """
    limit, count = slew(flight, k)
    us, rate = flight.graph.add("real", (count,), REAL), f"law.limits.max_rate[{k}]"
    program = Program(flight.graph, flight.step.inputs, {"us": us, "slew": limit})
    per_us, high_us = rate_per_us(flight.law.limits.max_rate[k]), float(flight.law.clock.high_us)
    values = factors(flight, k, limit, us)
    if plain(values, per_us, high_us):
        return rounded_rate(k, values, per_us, high_us)
    assumptions = [
        f"(= {{{rate}}} {ieee(flight.law.limits.max_rate[k])})",
        "(fp.eq {us} (fp.roundToIntegral RNE {us}))",
        f"(and (fp.leq {ieee(0.0)} {{us}}) (fp.leq {{us}} {ieee(high_us)}))",
    ]
    goal = f"(and (fp.leq {ieee(0.0)} {{slew}}) (fp.leq {{slew}} (fp.mul RTN {{us}} {ieee(per_us)})))"
    comment = f"slew <= {per_us!r} us, rounded downwards, for every whole number of us that may count."
    return obligation(f"SLEW-PER-SECOND-{k}-rate", comment, program, assumptions, goal, {us})


def time_obligation(flight: Flight, k: int) -> Obligation:
    """What counts of the time for output k is at most what passed on the clock, and the longest dt."""
    program = Program(flight.graph, flight.step.inputs, {"count": slew(flight, k)[1], "now": flight.now})
    high = f"(_ bv{flight.law.clock.high_us} 64)"
    assumptions = [f"(= {{law.clock.high_us}} {high})",
                   f"(= {{law.clock.low_us}} (_ bv{flight.law.clock.low_us} 64))",
                   f"(= {{law.clock.nominal_us}} (_ bv{flight.law.clock.nominal_us} 64))",
                   f"(bvsle (bvneg (_ bv{2**62} 64)) {{state.previous_us}})",
                   f"(bvsle {{state.previous_us}} (_ bv{FAR_US} 64))"]  # fmt: skip
    met = f"(bvsle (bvneg (_ bv{FAR_US} 64)) {{state.previous_us}})"  # else there was no step yet
    on = f"(and {met} (bvslt {{state.previous_us}} {{now}}))"
    most = f"(ite {on} (bvsub {{now}} {{state.previous_us}}) (_ bv0 64))"
    goal = f"(and (bvsle (_ bv0 64) {{count}}) (bvsle {{count}} {most}) (bvsle {{count}} {high}))"
    comment = f"The time that counts for output {k}: no more than what passed since the last step."
    return obligation(f"SLEW-PER-SECOND-{k}-time", comment, program, assumptions, goal)


def move_obligation(flight: Flight, k: int) -> Obligation:
    """One move: the slew window and the enclosed rounding together keep to rate times time."""
    per_us, room = rational(rate_per_us(flight.law.limits.max_rate[k])), rational(roundings(flight, k))
    lines = [f"(declare-const {x} Real)" for x in ("before", "after", "slew", "us", "rounding")]
    assumptions = [
        f"(and (<= 0.0 us) (<= 0.0 slew) (<= slew (* {per_us} us)))",
        f"(and (<= (- {room}) rounding) (<= rounding {room}))",
        "(or (and (<= before after) (<= after (+ before slew rounding)))"
        " (and (<= (- before slew rounding) after) (<= after before)))",
    ]
    most = f"(+ (* {per_us} us) {room})"
    goal = f"(and (<= (- after before) {most}) (<= (- before after) {most}))"
    comment = "GUARD-SLEW's window over the reals, its rounding enclosed by the standard model."
    return Obligation(f"SLEW-PER-SECOND-{k}-move", "QF_LRA", comment, lines, assumptions, goal)


def slew_per_second(flight: Flight) -> Pending:
    """Over any run an output moves by its rate times the time that passed, one rounding a period aside."""
    limits, outputs = flight.law.limits, range(flight.sizes["outputs"])
    kinds = (time_obligation, rate_obligation, move_obligation)
    made, lacking = list[Obligation](), ""
    try:
        made = [kind(flight, k) for k in outputs for kind in kinds]
    except TraceError as fault:
        lacking = str(fault)
    spelled = "; ".join(
        f"output {k}: {rate_per_us(limits.max_rate[k])!r} a us, {roundings(flight, k)!r}" for k in outputs
    )
    text = (
        "Over any run an output moves by no more than its declared rate times the time that passed on the "
        "clock, and one rounding for each period; what the clock went back does not count. "
        f"Rate and rounding are: {spelled}."
    )
    assumptions = ["each output moves within its rounded slew window (GUARD-SLEW)", INTEGERS, ROUNDING]
    pending = claim("SLEW-PER-SECOND", text, made, ["step", "guard"], assumptions, TWIN)
    pending.verdict.method = (
        "64-bit obligations for the time, bitwuzla, replayed by z3; for rate and move over the reals, each "
        "rounding enclosed, z3, replayed by cvc5; IEEE 754 ones for a rate that is not a plain product"
    )
    path, step = "state.previous_us", flight.step
    never = flight.programs["reset"].outputs[path] == flight.graph.constant(-(2**62))
    on = never and step.outputs[path] == flight.now and flight.enters(path, [])
    ordered = all(limits.low[k] <= limits.safe[k] <= limits.high[k] for k in outputs)
    return unused(pending, lacking or path) if lacking or not on or not ordered else pending


def clock_claims(flight: Flight) -> list[Pending]:
    """Both."""
    return [step_repeated(flight), slew_per_second(flight)]
