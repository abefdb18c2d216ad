"""State and output bounds for all time: an inductive box of the binary64 RK4 map.

For each neuron, one RK4 substep from anywhere in the box [low, high], with any dt of its range and any
activations of theirs, ends in the box again. The polynomial part is an SMT obligation over the reals
plus one error term that encloses every rounding; activation ranges come from the interval reading.
"""

from verification.claims.ieee import claim, obligation
from verification.domains.interval import Interval, evaluate, interval
from verification.domains.rounding import errors
from verification.domains.smt import define, ieee, name, rational
from verification.flight import Box, Flight
from verification.program import Graph, Program, reach
from verification.proof import Obligation
from verification.verdict import Pending, Verdict

CUT_CALLS = ("exp", "tanh")
MARGIN = 2.0**-20
LEAST = 2.0**-1000  # room where a decoder gives 0 alone, far above every underflow
WEAK = "the box is not inductive"
TWIN = "tests/should_fail/test_bounds.py"


def cut_nodes(flight: Flight) -> set[int]:
    """Where an obligation stops looking: activations, states, and all that is not + - *."""
    cut = {c.result for c in flight.step.calls if c.name in CUT_CALLS} | set(flight.limited)
    odd = ("input", "div", "select", "abs", "real")
    return cut | {n for n in flight.step.cone() if flight.graph.nodes[n].operation in odd}


def find_box(flight: Flight, rounds: int = 12) -> Box:
    """Shrink from [-1, 1], where the ODE stays, towards a box that the map keeps; the proof decides."""
    size = flight.sizes["hidden"]
    limits = flight.law.limits
    box = [
        (max(-1.0 - MARGIN, limits.state_low[i]), min(1.0 + MARGIN, limits.state_high[i]))
        for i in range(size)
    ]
    for _ in range(rounds):
        ranges = flight.read(flight.stages, box)
        new = [_equilibria(flight, ranges, i, box[i]) for i in range(size)]
        moved = max(abs(a - c) + abs(b - d) for (a, b), (c, d) in zip(new, box, strict=True))
        box = new
        if moved < 1e-4:
            break
    return box


def _equilibria(
    flight: Flight, ranges: dict[int, Interval], i: int, old: tuple[float, float]
) -> tuple[float, float]:
    """Where act - h * rate can vanish, with a margin; 0, the initial state, included."""
    size = flight.sizes["hidden"]
    acts = [ranges[c.result] for c in flight.step.calls if c.name == "tanh"][i::size]
    exps = [ranges[n] for n in _rates(flight)][i::size]
    top = max(float(v.high[0]) for v in acts)
    bottom = min(float(v.low[0]) for v in acts)
    slow = 1.0 + min(float(v.low[0]) for v in exps)
    fast = 1.0 + max(float(v.high[0]) for v in exps)
    high = max(top / (slow if top > 0 else fast), 0.0)
    low = min(bottom / (slow if bottom < 0 else fast), 0.0)
    spread = 1e-3 * (high - low) + MARGIN
    return max(low - spread, old[0]), min(high + spread, old[1])


def _rates(flight: Flight) -> list[int]:
    """Results of the exp calls that are not inside a tanh, in order of call."""
    inside: set[int] = set()
    for c in flight.step.calls:
        if c.name == "tanh":
            inside |= reach(flight.graph, [c.result], set(c.arguments))
    return [c.result for c in flight.step.calls if c.name == "exp" and c.result not in inside]


def state_obligations(flight: Flight, box: Box) -> list[Obligation]:
    """For each neuron, substep and wall: the RK4 map does not cross it, with every rounding enclosed."""
    ranges, cut = flight.read(flight.stages, box), cut_nodes(flight)
    made = []
    for m, root in enumerate(flight.stages):
        i, substep = m % len(box), m // len(box)
        suffix = f"-substep{substep}" if flight.sizes["substeps"] > 1 else ""
        comment = (
            f"One RK4 substep of neuron {i} from [{box[i][0]!r}, {box[i][1]!r}] does not cross this wall."
        )
        made += walls(flight, ranges, cut, root, box[i], f"STATE-BOUNDS-{i}{suffix}", "QF_NRA", comment)
    return made


def output_obligations(flight: Flight, box: Box, wanted: Box | None = None) -> tuple[list[Obligation], Box]:
    """For each output: the decoder maps the box of states into this range, roundings enclosed."""
    ranges = flight.read(flight.decoded, box)
    cut = cut_nodes(flight) | set(flight.step.inputs.values()) - _weights(flight)
    bounds = []
    for n in flight.decoded:
        # the reading can be exact to a unit in the last place: leave room for the enclosed rounding
        low, high = float(ranges[n].low[0]), float(ranges[n].high[0])
        room = MARGIN * max(high - low, abs(low), abs(high)) + LEAST
        bounds.append((low - room, high + room))
    bounds = wanted or bounds
    made = []
    for k, root in enumerate(flight.decoded):
        comment = f"The decoder's command {k} for states in their box."
        made += walls(flight, ranges, cut, root, bounds[k], f"OUTPUT-BOUNDS-{k}", "QF_LRA", comment)
    return made, bounds


def _weights(flight: Flight) -> set[int]:
    return {n for path, n in flight.step.inputs.items() if path.startswith("law.network.")}


def walls(
    flight: Flight, ranges: dict[int, Interval], cut: set[int], root: int,
    wall: tuple[float, float], prefix: str, logic: str, comment: str,
) -> list[Obligation]:  # fmt: skip
    """Two obligations: root + rounding stays above wall[0], and below wall[1]."""
    graph = flight.graph
    nodes = sorted(reach(graph, [root], cut))
    error = float(errors(graph, nodes, ranges, cut | _weights(flight))[root][0])
    fixed = {n: float(ranges[n].low[0]) for n in nodes if n in _weights(flight)}
    assumptions = []
    for n in nodes:
        if n in cut and n not in fixed:
            v, text = ranges[n], name(graph, n)
            low, high = rational(float(v.low[0])), rational(float(v.high[0]))
            assumptions.append(f"(and (<= {low} {text}) (<= {text} {high}))")
    definitions = [*define(graph, [root], cut, "real", fixed), "(declare-const rounding Real)"]
    bound = rational(error)
    assumptions.append(f"(and (<= (- {bound}) rounding) (<= rounding {bound}))")
    out = f"(+ {name(graph, root)} rounding)"
    goals = {"low": f"(<= {rational(wall[0])} {out})", "high": f"(<= {out} {rational(wall[1])})"}
    comment += f"\nrounding encloses binary64 minus real: |rounding| <= {error!r}."
    return [
        Obligation(f"{prefix}-{side}", logic, comment, definitions, assumptions, goal)
        for side, goal in goals.items()
    ]


DECLARED = (
    "every input is a 64-bit number of any value; the kernel itself holds sensors and dt to their ranges"
)
READING = "the ranges of tanh, exp and dt come from Seawall's outward-rounded interval reading"
INDUCTIVE = (
    "inductive box: a polynomial obligation over the reals for each neuron and wall, plus an enclosure of "
    "every rounding; z3, replayed by cvc5"
)


def gap(flight: Flight, box: Box) -> str:
    """What the induction lacks apart from its step, or "": where it starts, and what a period hands on."""
    size, step = len(box), flight.step
    known = flight.known(step, box)
    for n, (low, high) in zip(flight.stages, box * flight.sizes["substeps"], strict=True):
        known[n] = interval(low, high)
    ranges = evaluate(flight.graph, sorted(reach(flight.graph, flight.limited, set(known))), known)
    for m, n in enumerate(flight.limited):
        if not ranges[n].within(interval(*box[m % size])):
            return f"enforcing the limits of neuron {m % size} may lead out of its box"
    for i in range(size):
        path = f"state.hidden[{i}]"
        if flight.renewed(path) != flight.limited[-size:][i]:
            return f"a period leaves neuron {i} at something else than its limited RK4 result"
        if not flight.enters(path, box):
            return f"neuron {i} does not start in its box, or receive changes it"
    return ""


def state_claim(flight: Flight, box: Box) -> Pending:
    """STATE-BOUNDS; where an obligation fails, the box is not inductive, which refutes nothing yet."""
    verdict = Verdict(
        "STATE-BOUNDS",
        "From the initial state 0, for ever, for all inputs and every dt of its range, each hidden state of "
        "the program that flies, and what its RK4 gives before the limits are enforced, stays in its box "
        "(bounds.state of this result).",
        "PROVED-IEEE",
        INDUCTIVE,
        "binary64",
        [DECLARED, READING, "|tanh| is at most 1 (TANH-BOUND)"],
        ["controller/kernel/rk4.py", "controller/kernel/cell.py"],
        f"{TWIN}::test_state_bounds_twin",
        program_digest=flight.digest,
        inductive=WEAK,
    )
    if lacking := gap(flight, box):
        verdict.word, verdict.reason = "OPEN", lacking
    return Pending(verdict, state_obligations(flight, box))


def spelled(bounds: Box) -> str:
    """Bounds to the last bit: a rounded one would say more than was proved."""
    return ", ".join(f"[{low!r}, {high!r}]" for low, high in bounds)


def output_claim(flight: Flight, box: Box, wanted: Box | None = None) -> tuple[Pending, Box]:
    """OUTPUT-BOUNDS, and the bounds: those wanted, or else what the reading gives."""
    obligations, bounds = output_obligations(flight, box, wanted)
    verdict = Verdict(
        "OUTPUT-BOUNDS",
        "What the guard of each output takes of the network, its command, stays for ever in "
        f"{spelled(bounds)}.",
        "PROVED-IEEE",
        "linear obligation over the reals plus an enclosure of every rounding; z3, replayed by cvc5",
        "binary64",
        ["the states stay in their box (STATE-BOUNDS)", DECLARED],
        ["controller/kernel/decoder.py"],
        f"{TWIN}::test_output_bounds_twin",
        program_digest=flight.digest,
        inductive="a state of the box may leave it, reached or not",
    )
    if other := [k for k in range(len(bounds)) if not commanded(flight, k)]:
        verdict.word, verdict.reason = "OPEN", f"the guard of output {other[0]} takes something else"
    return Pending(verdict, obligations), bounds


def commanded(flight: Flight, k: int) -> bool:
    """Whether the guard of output k chooses from command k of the network, and from nothing else of it."""
    graph, weights, found = flight.graph, _weights(flight), list[set[int]]()
    for c in flight.step.calls:
        if c.name == "guard" and c.result == flight.renewed(f"state.output[{k}]"):
            found.append(picked(graph, c.arguments[0]))
    return len(found) == 1 and [n for n in found[0] if reach(graph, [n]) & weights] == [flight.decoded[k]]


def picked(graph: Graph, n: int) -> set[int]:
    """The nodes that a choice may give."""
    if graph.nodes[n].operation != "select":
        return {n}
    return picked(graph, graph.nodes[n].arguments[2]) | picked(graph, graph.nodes[n].arguments[3])


def limit_claim(flight: Flight, box: Box) -> Pending:
    """STATE-LIMIT-UNREACHED: within the box, what enforces the limits gives back what it gets."""
    step, graph, size = flight.step, flight.graph, len(box)
    met = {c.arguments[0]: c.result for c in step.calls if c.name == "outside"}
    made = []
    for m, stage in enumerate(flight.stages):
        i, substep = m % size, m // size
        walls = {name: f"law.limits.state_{name}[{i}]" for name in ("low", "high")}
        outputs = {"stage": stage, "limited": flight.limited[m], "met": met[stage]}
        program = Program(graph, step.inputs, outputs)
        values = {"low": flight.law.limits.state_low[i], "high": flight.law.limits.state_high[i]}
        assumptions = [f"(= {{{walls[name]}}} {ieee(value)})" for name, value in values.items()]
        low, high = map(ieee, box[i])
        assumptions.append(f"(and (fp.leq {low} {{stage}}) (fp.leq {{stage}} {high}))")
        goal = (
            f"(and (fp.lt {{{walls['low']}}} {{stage}}) (fp.lt {{stage}} {{{walls['high']}}}) "
            "(= {limited} {stage}) (= {met} (_ bv0 64)))"
        )
        suffix = f"-substep{substep}" if flight.sizes["substeps"] > 1 else ""
        comment = (
            f"Neuron {i} in its box keeps off the limits: what enforces them changes no bit, and tells none."
        )
        label = f"STATE-LIMIT-UNREACHED-{i}{suffix}"
        made.append(obligation(label, comment, program, assumptions, goal, {stage}))
    rests = ["the states stay in their box (STATE-BOUNDS)"]
    text = (
        "The limits that the kernel enforces on the hidden state are never met: enforcing them changes no "
        "bit of any state, in any substep, and none is told as met."
    )
    pending = claim("STATE-LIMIT-UNREACHED", text, made, ["clamp", "step"], rests)
    verdict = pending.verdict
    verdict.twin, verdict.program_digest = f"{TWIN}::test_state_limit_twin", flight.digest
    verdict.inductive = "the box reaches the limit, or what enforces it changes a state inside"
    return pending
