"""CHANNELS-APART: what one channel sends never changes what is held of another, in the program that flies.

Two parts, both for the project's own channels and slots: a sample that arrives leaves the rows of all other
channels as they are (obligations), and what a step makes of a channel depends on nothing of another one (the
leaves that its nodes reach).
"""

import re

from verification.claims.ieee import INTEGERS, claim, obligation, unchanged, unused
from verification.flight import Flight
from verification.program import reach
from verification.verdict import Pending

TWIN = "tests/should_fail/test_channels.py"
ROW = re.compile(r"state\.(held|held_us|bad|inbox\.seen_us|inbox\.time_us|inbox\.value)\[(\d+)\].*")
CLOCK = ("now_us", "state.previous_us", "law.clock.ahead_us")  # all else that a channel may depend on
RANGE = ("law.sensors.low", "law.sensors.high")


def rows(flight: Flight) -> list[list[str]]:
    """For each channel the paths of all that is kept of it before the filter."""
    found: list[list[str]] = [[] for _ in range(flight.sizes["inputs"])]
    for path in flight.step.outputs:
        if row := ROW.fullmatch(path):
            found[int(row[2])].append(path)
    return found


def strangers(flight: Flight, j: int, row: list[str]) -> list[str]:
    """What a step's result for channel j depends on and may not."""
    step, graph = flight.step, flight.graph
    allowed = {*row, *CLOCK, *(f"{path}[{j}]" for path in RANGE)}
    nodes = reach(graph, [step.outputs[path] for path in row])
    leaves = {graph.nodes[n].leaf for n in nodes if graph.nodes[n].operation == "input"}
    return sorted(leaves - allowed)


def channels_apart(flight: Flight) -> Pending:
    """The claim, with one obligation for each channel."""
    receive, made, found = flight.programs["receive"], [], []
    for j, row in enumerate(rows(flight)):
        goal, program = unchanged(receive, row)
        comment = f"A sample of another channel, or of none, leaves all that is kept of channel {j}."
        other = f"(not (= {{channel}} (_ bv{j} 64)))"
        made.append(obligation(f"CHANNELS-APART-{j}", comment, program, [other], goal))
        found += strangers(flight, j, row)
    text = (
        f"For each of the {len(made)} channels: a sample of any other channel number, whatever its time and "
        "value, changes nothing that waits or is held of this channel, and what a period makes of it depends "
        "on its own samples, its range and the clock alone."
    )
    pending = claim("CHANNELS-APART", text, made, ["inbox", "step"], [INTEGERS], TWIN)
    pending.verdict.method += "; what a period depends on: the leaves of the traced step"
    return unused(pending, f"channel state that depends on {found[0]}") if found else pending
