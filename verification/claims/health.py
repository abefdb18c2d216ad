"""Who may drive, in the program that flies: on fresh and good samples only, never across a step back.

Obligations on the traced step for the project's own sensors, ages and clock, from any state and for any
samples that wait; float arithmetic is left free. What reset gives, and what receive makes of a sample, is
AS-SPECIFIED's to show.
"""

from collections.abc import Iterator

from verification.claims.clock import free
from verification.claims.ieee import INTEGERS, claim, obligation, unused
from verification.flight import FAR_US, Flight
from verification.program import INTEGER, Program, leaves
from verification.proof import Obligation
from verification.verdict import Pending

TWIN = "tests/should_fail/test_health.py"
NOMINAL, SAFE = 0, 2
EMPTY_US, NEVER_US = -1, -(2**62)
MEANS = (
    "that a sensor is marked bad exactly while its last sample was no number in its range, that what is held "
    "has its sample's time, and where all this starts, is the specification's (AS-SPECIFIED)"
)


def word(n: int) -> str:
    """A whole number as 64 bits."""
    return f"(_ bv{n % 2**64} 64)"


def after(flight: Flight) -> Program:
    """The step with its results named apart from what was before."""
    step = flight.step
    outputs = {f"after {path}": n for path, n in step.outputs.items()} | {"now": flight.now}
    return Program(step.graph, step.inputs, outputs, step.calls)


def given(flight: Flight) -> list[str]:
    """That the constants are the project's, the clock moved, and the last step's time is one."""
    step, nodes = flight.step, flight.graph.nodes
    whole = [
        (path, n)
        for path, n in leaves(flight.law, "law")
        if path in step.inputs and nodes[step.inputs[path]].type == INTEGER
    ]
    return [
        *(f"(= {{{path}}} {word(n)})" for path, n in whole),
        f"(and (bvsle {word(NEVER_US)} {{state.previous_us}}) (bvsle {{state.previous_us}} {word(FAR_US)}))",
        "(not (= {now} {state.previous_us}))",
        f"(and (bvsle {word(0)} {{state.healthy}}) (bvslt {{state.healthy}} {{law.clock.recovery}}))",
        f"(and (bvsle {word(0)} {{state.mode}}) (bvsle {{state.mode}} {word(SAFE)}))",
    ]


def looked(flight: Flight) -> set[int]:
    """What a period has made of the samples, to be left free: who drives depends on that, whatever it is."""
    found = (flight.step.outputs[f"state.{name}[{j}]"] for name in ("bad", "held_us")
             for j in range(flight.sizes["inputs"]))  # fmt: skip
    return {n for n in found if flight.graph.nodes[n].operation != "constant"}


def healthy(flight: Flight, j: int) -> Iterator[str]:
    """That what is held of channel j is good and fresh, the sender's lead counted in."""
    clock, held = flight.law.clock, f"{{after state.held_us[{j}]}}"
    yield f"(bvsle {{after state.bad[{j}]}} {word(0)})"
    yield f"(and (bvsle {word(0)} {held}) (bvsle {held} {{now}}))"
    limit_us = flight.law.sensors.stale_us[j] - clock.ahead_us
    yield f"(bvsle (bvsub {{now}} {held}) {word(limit_us)})"


def on_time(flight: Flight) -> Iterator[str]:
    """That the deadline was met and the time since the last step, if there was one, is in its range."""
    clock, elapsed = flight.law.clock, "(bvsub {now} {state.previous_us})"
    yield f"(bvsle {{missed}} {word(0)})"
    inside = f"(and (bvsle {word(clock.low_us)} {elapsed}) (bvsle {elapsed} {word(clock.high_us)}))"
    yield f"(or (bvslt {{state.previous_us}} {word(-FAR_US)}) {inside})"


def drives_healthy(flight: Flight) -> Pending:
    """MODES-DRIVE-HEALTHY: the network drives on healthy sensors alone, the PID on its own healthy ones."""
    program, used = after(flight), flight.law.sensors.fallback
    mode, inputs = "{after state.mode}", range(flight.sizes["inputs"])

    def asked(name: str, comment: str, drives: str, goals: Iterator[str] | list[str]) -> Obligation:
        goal = f"(=> {drives} (and true {' '.join(goals)}))"
        label = f"MODES-DRIVE-HEALTHY-{name}"
        return obligation(label, comment, program, given(flight), goal, free(flight.step) | looked(flight))

    network, pid = f"(= {mode} {word(NOMINAL)})", f"(not (= {mode} {word(SAFE)}))"
    made = [asked("clock", "The network drives in a period on time.", network, on_time(flight))]
    made += [
        asked(
            f"{j}", f"Who drives has a healthy channel {j}.", pid if used[j] else network, healthy(flight, j)
        )
        for j in inputs
    ]
    text = (
        f"In each period the network drives only if, for each of the {len(inputs)} sensors, the last sample "
        "was in range and 0 <= now - its time and now - its time + ahead_us <= its stale_us, the last period "
        "met its deadline and the time since it is in the range of dt; the PID drives only if its own "
        "sensors are so."
    )
    pending = claim("MODES-DRIVE-HEALTHY", text, made, ["step", "modes", "inbox"], [INTEGERS, MEANS], TWIN)
    read = flight.law.pid.channel
    other = next((k for k, j in enumerate(read) if not used[j]), None)
    return pending if other is None else unused(pending, f"the sensor of PID {other}")


def step_back(flight: Flight) -> Pending:
    """STEP-BACK: a clock that steps back leaves nothing held that counts as fresh, and nothing that waits."""
    program = after(flight)
    kept = ("held_us", "inbox.seen_us", "inbox.time_us")
    paths = [
        path for path in flight.step.outputs if path.startswith(tuple(f"state.{name}[" for name in kept))
    ]
    back = f"(and (bvsle {word(-FAR_US)} {{state.previous_us}}) (bvslt {{now}} {{state.previous_us}}))"
    gone = " ".join(f"(= {{after {path}}} {word(EMPTY_US)})" for path in paths)
    waits = [f"(bvsle {word(EMPTY_US)} {{{path}}})" for path in paths if ".time_us[" in path]
    goal = f"(=> {back} (and {gone} (= {{after state.mode}} {word(SAFE)})))"
    comment = "After a step back of the clock all times are empty, and the mode is SAFE."
    assumptions = [*given(flight), *waits]
    made = obligation("STEP-BACK", comment, program, assumptions, goal, free(flight.step))
    text = (
        "In a period whose clock is before the last one's, however little, every time that is held, waits or "
        "was used becomes empty, so that nothing of before counts as fresh again, and the mode is SAFE."
    )
    return claim("STEP-BACK", text, [made], ["step", "inbox"], [INTEGERS, MEANS], TWIN)


def health_claims(flight: Flight) -> list[Pending]:
    """Both."""
    return [drives_healthy(flight), step_back(flight)]
