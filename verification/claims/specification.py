"""The program that flies is the specification, and what a safety engineer wants to know of it for ever.

AS-SPECIFIED compares every number that reset, receive and step leave behind with verification/specification/,
for the project's own sizes, all parameters and all states: both are brought into the normal form of
domains/choices.py and must be the same node; what is not, is asked of two solvers. The step is cut where it
may be: a number that is met goes on as one that may be anything.
"""

from dataclasses import dataclass, field, replace
from typing import Any

from controller.controller import PythonKernel
from controller.kernel.records import Law, State, allocate
from controller.native import golden
from verification.claims.clock import free
from verification.claims.health import word
from verification.claims.ieee import INTEGERS, claim, obligation
from verification.domains.choices import Choices
from verification.flight import Flight
from verification.program import INTEGER, REAL, Graph, Program, TraceError, leaves, lift, symbols
from verification.proof import Obligation
from verification.specification import period, rules
from verification.specification.model import Model
from verification.specification.notation import Number, Term, where
from verification.verdict import Pending, Verdict, decide, python_version

TWIN = "tests/should_fail/test_specification.py"
MOST = 2**53  # of a number of periods, and of any declared time in us
SOLVED = ("mode", "healthy")  # written as a table there and as sums here: for the solvers
REPEATED = "a step at the time of the last one changes nothing (STEP-REPEATED)"
SPECIFIED = "the program that flies is the specification, which is what is asked about (AS-SPECIFIED)"
STATE_RANGES = "mode, tally and counters lie in their ranges (INTEGER-RANGE)"


@dataclass
class Meeting:
    """Where program and specification are brought together, path by path."""

    flight: Flight
    cuts: dict[int, int] = field(default_factory=dict)  # a node of the program, and what goes on in its place
    at: set[str] = field(default_factory=set)  # the paths at which the step is cut
    differ: dict[str, tuple[int, int]] = field(default_factory=dict)  # path: the program's node, the other's
    met: int = 0

    def compare(self, path: str, node: int, wanted: int, cuts: dict[int, int]) -> bool:
        """Whether they are the same choices between the same numbers."""
        graph = self.flight.graph
        (got,) = Choices(graph, cuts).read([node])
        (wanted,) = Choices(graph, {}).read([wanted])
        self.met += 1
        if got != wanted:
            self.differ[path] = got, wanted
        return got == wanted

    def whole(self, entry: str, found: dict[str, Number]) -> None:
        """Every leaf of the state after an entry point; what the specification does not name stays."""
        program = self.flight.programs[entry]
        for path, node in program.outputs.items():
            if f"{entry}: {path}" not in self.at:
                value = found.get(path.removeprefix("state."))
                wanted = program.inputs[path] if value is None else lift(self.flight.graph, value)
                self.compare(f"{entry}: {path}", node, wanted, self.cuts)

    def cut(self, name: str, value: Number) -> Number:
        """Compare a number within step, and go on with one that may be anything."""
        graph, path = self.flight.graph, f"state.{name}"
        out = self.flight.step.outputs.get(path)
        wanted = lift(graph, value)
        node = self.count(wanted) if out is None else self.flight.renewed(path) or out
        place = f"step: {path if out else name}"
        self.compare(place, node, wanted, {n: to for n, to in self.cuts.items() if n != node})
        self.at.add(place)
        leaf = graph.add("input", (), graph.nodes[node].type, f"after {name}")
        self.cuts |= {node: leaf} if out is None else {node: leaf, out: leaf}
        return Term(graph, leaf)

    def count(self, wanted: int) -> int:
        """The whole number that step makes a float of, the one that is meant if there is one."""
        graph = self.flight.graph
        reals = [n for n in self.flight.step.cone() if graph.nodes[n].operation == "real"]
        counts = [graph.nodes[n].arguments[0] for n in reals]
        normal, (goal,) = Choices(graph, self.cuts).read(counts), Choices(graph, {}).read([wanted])
        return next((n for n, form in zip(counts, normal, strict=True) if form == goal), wanted)


def meet(flight: Flight) -> Meeting:
    """All three entry points, compared."""
    graph, meeting = flight.graph, Meeting(flight)
    law, state = (
        symbols(graph, allocate(record, flight.sizes), name, {}, Term)
        for record, name in ((Law, "law"), (State, "state"))
    )
    whole = {
        n: Term(graph, graph.add("input", (), INTEGER, n)) for n in ("now_us", "channel", "time_us", "missed")
    }
    value = Term(graph, graph.add("input", (), REAL, "value"))
    meeting.whole("reset", period.reset(law, state))
    sample = whole["now_us"], whole["channel"], whole["time_us"], value
    meeting.whole("receive", period.receive(law, state, *sample))
    meeting.cuts = {flight.moved: graph.constant(1)}
    found = period.step(law, state, whole["now_us"], whole["missed"], meeting.cut)
    meeting.whole("step", found)
    return meeting


def flown_apart(flight: Flight) -> dict[str, Any] | None:
    """The first period of the golden script after which they differ, each run in CPython; None: none does."""
    law = replace(flight.law, clock=replace(flight.law.clock, recovery=golden.RECOVERY))
    kernel, model = PythonKernel(law, flight.sizes), Model(law, flight.sizes)
    for n, one in enumerate(golden.script(law, flight.sizes)):
        for each in (model, kernel):
            try:
                for sample in one.samples:
                    each.receive(one.now_us, sample.channel, sample.time_us, sample.value)
                each.step(one.now_us, one.missed)
            except (ArithmeticError, LookupError, TypeError) as fault:
                return {"period": n, "fault": f"{type(fault).__name__}: {fault}"}
        pairs = zip(leaves(kernel.snapshot(), "state"), leaves(model.snapshot(), "state"), strict=True)
        for (path, got), (_, wanted) in pairs:
            if repr(got) != repr(wanted):
                return {"period": n, "path": path, "kernel": repr(got), "specification": repr(wanted)}
    return None


def python_flown(flight: Flight) -> Verdict:
    """PYTHON-FLOWN: what tracing takes for granted of the words, records and loops as CPython has them."""
    apart, periods = flown_apart(flight), sum(1 for _ in golden.script(flight.law, flight.sizes))
    return Verdict(
        "PYTHON-FLOWN",
        f"Over the {periods} periods of the golden script, faults among them, the Python kernel that runs in "
        "simulation leaves behind what the specification does when both run in CPython: every number, every "
        f"bit. The network drives after {golden.RECOVERY} healthy periods there, so every mode is flown.",
        decide(not apart, "TESTED"),
        "the script that arms a flight binary, flown by both",
        "binary64 and int64",
        ["other periods are the traced program's, which is proved (AS-SPECIFIED)"],
        ["controller/kernel/scalar.py", "controller/kernel/records.py", "controller/controller.py"],
        f"{TWIN}::test_python_flown_twin",
        f"period {apart['period']} of the golden script differs" if apart else "",
        apart,
        program_digest=flight.digest,
        versions=python_version(),
    )


def mode_obligation(meeting: Meeting) -> Obligation:
    """Mode and tally, as sums and as the table, for every mode, tally, cause and recovery."""
    flight = meeting.flight
    paths = [f"step: state.{name}" for name in SOLVED]
    pairs = {
        name: meeting.differ.pop(path)
        for name, path in zip(SOLVED, paths, strict=True)
        if path in meeting.differ
    }
    outputs = {f"program {name}": got for name, (got, _) in pairs.items()}
    outputs |= {f"specified {name}": wanted for name, (_, wanted) in pairs.items()}
    inputs = flight.step.inputs | {"cause": flight.graph.add("input", (), INTEGER, "after cause")}
    program = Program(flight.graph, inputs, outputs)
    goal = " ".join(f"(= {{program {name}}} {{specified {name}}})" for name in pairs)
    assumptions = [*places(), f"(and (bvsle {word(0)} {{cause}}) (bvsle {{cause}} {word(8)}))"]
    comment = "The next mode and tally of the program are those of the table."
    freed = free(flight.step)
    return obligation("AS-SPECIFIED-mode", comment, program, assumptions, f"(and true true {goal})", freed)


def places() -> list[str]:
    """That the mode is one, and the tally one that the recovery allows."""
    return [
        f"(and (bvsle {word(1)} {{law.clock.recovery}}) (bvsle {{law.clock.recovery}} {word(MOST)}))",
        f"(and (bvsle {word(0)} {{state.healthy}}) (bvslt {{state.healthy}} {{law.clock.recovery}}))",
        f"(and (bvsle {word(0)} {{state.mode}}) (bvsle {{state.mode}} {word(2)}))",
    ]


def as_specified(flight: Flight) -> Pending:
    """AS-SPECIFIED: the whole of what flies."""
    made, met, first = list[Obligation](), 0, unlike(flight)
    if not first:
        try:
            meeting = meet(flight)
            made, met = [mode_obligation(meeting)], meeting.met
            first = next(iter(meeting.differ), "")
        except (LookupError, ValueError, RecursionError, TraceError) as fault:
            first = f"something ({type(fault).__name__}: {fault})"
    sizes = flight.sizes
    shape = f"{sizes['inputs']} inputs, {sizes['slots']} slots each, {sizes['hidden']} neurons"
    text = (
        f"For all parameters, states, samples and clocks of {shape}, {sizes['outputs']} outputs and "
        f"{sizes['substeps']} substeps: each of the {met} numbers that reset, receive and a new period leave "
        "behind, or go by, is the one that an independent specification of the period gives, floats "
        "operation by operation in the same order."
    )
    rests = [INTEGERS, REPEATED, STATE_RANGES]
    pending = claim("AS-SPECIFIED", text, made, ["step", "inbox", "modes", "records"], rests, TWIN)
    verdict = pending.verdict
    verdict.method = (
        "identity of nodes after a normal form of choices (verification/domains/choices.py), the step cut at "
        "what is met before; mode and tally by 64-bit obligations; bitwuzla, replayed by z3"
    )
    verdict.program_digest = flight.digest
    if first:
        verdict.word, verdict.reason = "OPEN", f"{first} is not as specified"
        if apart := flown_apart(flight):
            verdict.word, verdict.counterexample = "REFUTED", apart
    return pending


def unlike(flight: Flight) -> str:
    """The first number of the records that the specification does not know, or that the records lack."""
    found = {
        path: INTEGER if isinstance(value, int) else REAL
        for record, name in ((Law, "law"), (State, "state"))
        for path, value in leaves(allocate(record, flight.sizes), name)
    }
    wanted = period.shape(flight.sizes)
    return next(
        (path for path in sorted(found.keys() | wanted.keys()) if found.get(path) != wanted.get(path)), ""
    )


def no_number(flight: Flight) -> Verdict:
    """NO-NUMBER-APART: what stands for a value that is no number can't pass for one."""
    sensors, names = flight.law.sensors, range(flight.sizes["inputs"])
    inside = [j for j in names if not -1.0e299 < sensors.low[j] <= sensors.high[j] < 1.0e299]
    stands = rules.usable(float("nan")), rules.usable(float("inf")), rules.usable(float("-inf"))
    wrong = [f"input {j}" for j in inside] + [repr(v) for v in stands if v != 1.0e299]
    return Verdict(
        "NO-NUMBER-APART",
        f"The value that waits in place of a NaN or an infinity, 1e299, is in none of the {len(names)} "
        "declared ranges, so that it marks its channel bad.",
        decide(not wrong, "EXHAUSTED"),
        "every declared range compared",
        "binary64",
        ["that the program puts this value in its place, and what it makes of it, is AS-SPECIFIED"],
        ["controller/kernel/inbox.py"],
        f"{TWIN}::test_no_number_apart_twin",
        f"{wrong[0]} does not keep apart from it" if wrong else "",
        {"wrong": wrong} if wrong else None,
        program_digest=flight.digest,
        versions=python_version(),
    )


def rows_in_order(flight: Flight) -> Pending:
    """ROWS-IN-ORDER: the invariant that makes slot 0 the oldest, from reset on."""
    slots = range(flight.sizes["slots"])
    names = ("channel", "time_us", "seen", "now", "back", "ahead_us", "taken")
    leaves_, graph = _leaves([*(f"t{s}" for s in slots), *names])
    row = [leaves_[f"t{s}"] for s in slots]
    channel, time_us, seen, now, back, ahead_us, taken = (leaves_[name] for name in names)
    fresh = rules.arrival(0, row, seen, ahead_us, now, channel, time_us).fresh
    arrived = rules.Arrival(*[taken > 0] * 4)
    received, _ = rules.inserted(row, [time_us] * len(row), arrived, time_us, time_us)
    walls, before = (0.0, 1.0), (0.0, 0, 0, seen)
    looked = rules.look(row, [0.5] * len(row), *walls, ahead_us, now, back > 0, before)
    inputs = {path: term.number for path, term in leaves_.items()}
    outputs = {f"received {s}": term.number for s, term in enumerate(received)}
    outputs |= {f"stepped {s}": term.number for s, term in enumerate(looked.times)}
    outputs |= {"fresh": where(fresh, 1, 0).number}
    program = Program(graph, inputs, outputs)
    new = f"(=> (bvslt {word(0)} {{fresh}}) {_new([f't{s}' for s in slots])})"
    comment = "A sample that is taken has a time of its own, later than what was used."
    made = [obligation("ROWS-IN-ORDER-new", comment, program, [], new)]
    for s in slots:
        near = [f"t{n}" for n in sorted({0, s - 1, s, s + 1}) if 0 <= n < len(row)]
        assumptions = [_later(a, b, "seen") for a, b in zip(["", *near], near, strict=False)]
        assumptions.append(f"(=> (bvslt {word(0)} {{taken}}) {_new(near)})")
        goal = _later(f"received {s - 1}" if s else "", f"received {s}", "seen")
        goal = f"(and {goal} (= {{stepped {s}}} {word(-1)}))"
        comment = (
            f"Slot {s} is empty, or later than the slot before and than what was used; a step empties it."
        )
        made.append(obligation(f"ROWS-IN-ORDER-{s}", comment, program, assumptions, goal))
    text = (
        "From reset on, whatever is received, each row of the inbox is in order of time, oldest first, each "
        "time once and later than the newest that was used, with -1 for each empty slot before them: so the "
        "slot that gives way is empty or holds the oldest sample."
    )
    pending = claim("ROWS-IN-ORDER", text, made, ["inbox"], [INTEGERS, SPECIFIED, REPEATED], TWIN)
    reset = flight.programs["reset"].outputs
    bad = [p for p, n in reset.items() if ".time_us[" in p and n != flight.graph.constant(-1)]
    return _open(pending, f"reset does not empty {bad[0]}") if bad else pending


def _leaves(names: list[str]) -> tuple[dict[str, Term], Graph]:
    """Whole numbers that may be anything, on a graph of their own."""
    graph = Graph()
    return {name: Term(graph, graph.add("input", (), INTEGER, name)) for name in names}, graph


def _open(pending: Pending, reason: str) -> Pending:
    pending.verdict.word, pending.verdict.reason = "OPEN", reason
    return pending


def _new(times: list[str]) -> str:
    """That time_us is a time, none of these, and later than what was used."""
    other = " ".join(f"(not (= {{time_us}} {{{t}}}))" for t in times)
    return f"(and {other} (bvsle {word(0)} {{time_us}}) (bvslt {{seen}} {{time_us}}))"


def _later(a: str, b: str, used: str) -> str:
    """That slot b is empty and so is a, the one before it, or b is later than a and than what was used."""
    before = f"{{{a}}}" if a else word(-1)
    empty = f"(and (= {before} {word(-1)}) (= {{{b}}} {word(-1)}))"
    return (
        f"(or {empty} (and (bvsle {word(-1)} {before}) (bvslt {before} {{{b}}}) (bvslt {{{used}}} {{{b}}})))"
    )


def nominal_earned(flight: Flight) -> Pending:
    """NOMINAL-EARNED: the induction over periods, with the number of healthy ones in a row."""
    names = ("state.mode", "state.healthy", "law.clock.recovery", "cause", "row")
    terms, graph = _leaves([*names])
    mode, healthy, recovery, cause, row = terms.values()
    after = rules.next_mode(mode, healthy, cause, recovery)
    grown = where(cause == 0, row + 1, 0)

    def least(mode: Number, healthy: Number) -> Number:
        return where(mode == 0, recovery, where(mode == 1, healthy, 0))

    outputs = {"before": least(mode, healthy).number, "least": least(*after).number, "grown": grown.number}
    program = Program(graph, {name: term.number for name, term in terms.items()}, outputs)
    causes = f"(and (bvsle {word(0)} {{cause}}) (bvsle {{cause}} {word(8)}))"
    assumptions = [*places(), causes, f"(and (bvsle {{before}} {{row}}) (bvsle {{row}} {word(2**62)}))"]
    comment = (
        "The healthy periods in a row, this one counted, are at least those that the new mode stands for."
    )
    made = obligation("NOMINAL-EARNED", comment, program, assumptions, "(bvsle {least} {grown})")
    text = (
        "From reset on, for every recovery count: whenever the network drives, no cause at all held in that "
        "period nor in the `recovery` - 1 new periods before it."
    )
    rests = [INTEGERS, SPECIFIED, REPEATED, STATE_RANGES]
    pending = claim("NOMINAL-EARNED", text, [made], ["step", "modes"], rests, TWIN)
    start = flight.programs["reset"].outputs["state.mode"] == flight.graph.constant(rules.SAFE)
    return pending if start else _open(pending, "reset does not start in SAFE")


def received_first(flight: Flight) -> Pending:
    """RECEIVED-FIRST: nothing received, nothing driven."""
    step, used, made = flight.step, flight.law.sensors.fallback, []
    receive, reset, empty = flight.programs["receive"], flight.programs["reset"], flight.graph.constant(-1)
    lacking = ""
    for j in range(flight.sizes["inputs"]):
        waits = [f"state.inbox.time_us[{j}][{s}]" for s in range(flight.sizes["slots"])]
        times = [f"state.held_us[{j}]", *waits]
        names = {f"after {path}": step.outputs[path] for path in (*times, "state.mode")}
        program = Program(flight.graph, step.inputs, names | {"now": flight.now})
        nothing = [f"(= {{{path}}} {word(-1)})" for path in times]
        still = [f"(= {{after {path}}} {word(-1)})" for path in times]
        mode = "{after state.mode}"
        driven = f"(= {mode} {word(2)})" if used[j] else f"(not (= {mode} {word(0)}))"
        assumptions = [*places(), *nothing, "(not (= {now} {state.previous_us}))",
                       f"(= {{law.sensors.fallback[{j}]}} {word(used[j])})"]  # fmt: skip
        comment = (
            f"Without a sample of channel {j} {'SAFE drives' if used[j] else 'the network does not drive'}."
        )
        goal = f"(and {driven} {' '.join(still)})"
        made.append(obligation(f"RECEIVED-FIRST-{j}", comment, program, assumptions, goal, free(step)))
        lacking += "".join(path for path in times if reset.outputs[path] != empty)
        lacking += "" if receive.outputs[times[0]] == receive.inputs[times[0]] else times[0]
    text = (
        "From reset on, until a sample of a channel has come the network does not drive; until one of a "
        "sensor that the PID reads has come, the safe outputs drive."
    )
    assumptions = [
        INTEGERS,
        REPEATED,
        STATE_RANGES,
        "another channel's samples leave a row empty (CHANNELS-APART)",
    ]
    pending = claim("RECEIVED-FIRST", text, made, ["step", "inbox", "modes"], assumptions, TWIN)
    return _open(pending, f"{lacking} is not empty at the start") if lacking else pending


def specification_claims(flight: Flight) -> list[Pending]:
    """Those that solvers decide, all about the program that flies."""
    return [as_specified(flight), rows_in_order(flight), nominal_earned(flight), received_first(flight)]
