"""Why the states of a network are not proved to stay, and what would do: how long its step is beside tau.

For a neuron whose tau and activation stand still, RK4 multiplies the distance to its rest by
1 - x + x^2/2 - x^3/6 + x^4/24 with x = dt/tau: it grows beyond x = 2.785. An activation that moves between
the four stages enters with four weights, of which the first, 1 - x + x^2/2 - x^3/4, is negative beyond 1.295:
from there on a box may be left though nothing grows. Rules of thumb for a tau that moves: the proof decides.
"""

import math
from concurrent.futures import Executor
from dataclasses import asdict, dataclass, replace
from typing import Any

from controller.kernel.activation import exp
from verification.claims.bounds import find_box, limit_claim, state_claim
from verification.flight import Box, Flight
from verification.proof import Progress, ask_z3

STABLE, EVEN = 2.785, 1.29
MOST_SUBSTEPS = 1000  # what controller.toml takes
MOST_OBLIGATIONS = 16
TRIAL_RLIMIT = 4_000_000  # an obligation at the very edge takes two million
ROOMY = 1.0625
NAMED = 3  # neurons that a sentence names


@dataclass(frozen=True)
class Remedy:
    """One setting that would do; word: "holds", "not shown" or "not tried", of a trial proof by z3 alone."""

    setting: str
    value: float | int | dict[str, float]
    dt_over_tau: float
    word: str

    def __str__(self) -> str:
        if isinstance(self.value, dict):
            listed = [f"{self.setting}[{i}] = {v:g}" for i, v in list(self.value.items())[:NAMED]]
            more = f" and {len(self.value) - NAMED} more" if len(self.value) > NAMED else ""
            return f"{', '.join(listed)}{more} ({self.word})"
        value = str(self.value) if isinstance(self.value, int) else f"{self.value:g}"  # no digit is lost
        return f"{self.setting} = {value} ({self.word})"


@dataclass(frozen=True)
class Refusal:
    """The neuron with the largest dt/tau for states in their box, RK4's limits, and what would do."""

    neuron: int
    dt_over_tau: float
    stable: float
    even: float
    would_do: list[Remedy]
    text: str

    def as_dict(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


def ratios(flight: Flight, box: Box) -> list[float]:
    """The largest dt/tau of each neuron: dt the longest substep, tau the shortest for states in the box."""
    net, law = flight.law.network, flight.law
    step_s = law.clock.high_us * 1e-6 / flight.sizes["substeps"]
    return [
        step_s * (1.0 + exp(max(-(net.tau_gain[i] * h + net.tau_bias[i]) for h in walls)))
        for i, walls in enumerate(box)
    ]


def advise(
    flight: Flight, box: Box, executor: Executor | None = None, progress: Progress | None = None
) -> Refusal:
    """What is said of a network whose states are not proved to stay; executor: tries the cheap remedies."""
    found = ratios(flight, box)
    worst = max(range(len(found)), key=lambda i: found[i])
    long = found[worst] > EVEN
    made = [r for r in (_steps(flight, box) if long else _limit(flight)) if max(ratios(r[2], r[3])) <= EVEN]
    tried = []
    for n, (setting, value, changed, its_box) in enumerate(made):
        if progress and executor:
            progress("what would do", n, len(made))
        tried.append(Remedy(setting, value, max(ratios(changed, its_box)), _trial(changed, executor)))
    if progress and executor and made:
        progress("what would do", len(made), len(made))
    high_us, substeps = flight.law.clock.high_us, flight.sizes["substeps"]
    text = f"the largest dt/tau is {found[worst]:.3g} (neuron {worst}, dt {high_us} us, substeps {substeps})"
    if found[worst] > STABLE:
        text += f", beyond RK4's {STABLE}"
    elif long:
        text += f", within RK4's {STABLE}, yet beyond the {EVEN} above which a box may be left"
    else:
        text += f", below {EVEN}: the step is not too long"
    goal = f"by this rule {EVEN} is kept" if long else "the limit leaves room for every state of this law"
    if tried:
        how = "in brackets whether z3 alone proves that the states stay then"
        text += f"; {goal} with any one of: {'; '.join(map(str, tried))} ({how})"
        high = next((r.value for r in tried if r.setting == "dt.high_us"), None)
        if isinstance(high, int) and high < flight.law.clock.nominal_us:
            text += "; such a dt.high_us is below period_us, which must come down with it"
    return Refusal(worst, found[worst], STABLE, EVEN, tried, text)


Candidate = tuple[str, Any, Flight, Box]


def _steps(flight: Flight, box: Box) -> list[Candidate]:
    """More substeps, a shorter dt, a longer tau: the least change that keeps every dt/tau to EVEN."""
    law, sizes, found = flight.law, flight.sizes, ratios(flight, box)
    made: list[Candidate] = []
    share = max(found) / EVEN
    if (substeps := math.ceil(share * sizes["substeps"])) <= MOST_SUBSTEPS:
        finer = Flight(replace(law, substeps=substeps), {**sizes, "substeps": substeps})
        made.append(("controller.substeps", substeps, finer, box))
    if (high_us := math.floor(law.clock.high_us / share)) >= 1:
        clock = law.clock
        held = [min(high_us, us) for us in (clock.low_us, clock.nominal_us)]
        quick = replace(law, clock=replace(clock, low_us=held[0], nominal_us=held[1], high_us=high_us))
        made.append(("dt.high_us", high_us, Flight(quick, sizes), box))
    least = EVEN / (law.clock.high_us * 1e-6 / sizes["substeps"]) - 1.0
    if least > 0.0:
        net, biases = law.network, {}
        for i, ratio in enumerate(found):
            if ratio > EVEN:
                reach = max(-net.tau_gain[i] * h for h in (-1.0, 1.0))  # a slower tau may widen the box
                biases[str(i)] = math.ceil((reach - math.log(least)) * 1e3) / 1e3
        bias = [biases.get(str(i), b) for i, b in enumerate(net.tau_bias)]
        slow = Flight(replace(law, network=replace(net, tau_bias=bias)), sizes)
        made.append(("tau_bias", biases, slow, find_box(slow)))
    return made


def _limit(flight: Flight) -> list[Candidate]:
    """A state limit that no state of the law can meet, where the declared one is lower."""
    limits = flight.law.limits
    if min(limits.state_high) > 1.0:
        return []
    size = len(limits.state_high)
    room = replace(limits, state_low=[-ROOMY] * size, state_high=[ROOMY] * size)
    wide = Flight(replace(flight.law, limits=room), flight.sizes)
    return [("state.limit", ROOMY, wide, find_box(wide))]


def _trial(flight: Flight, executor: Executor | None) -> str:
    """What z3 says to all obligations of a changed network, within a small budget."""
    if executor is None or 2 * flight.sizes["hidden"] * flight.sizes["substeps"] > MOST_OBLIGATIONS:
        return "not tried"
    box = find_box(flight)
    state, limit = state_claim(flight, box), limit_claim(flight, box)
    texts = [o.text() for o in (*state.obligations, *limit.obligations)]
    holds = state.verdict.word != "OPEN" and all(executor.map(holds_by_z3, texts))
    return "holds" if holds else "not shown"


def holds_by_z3(text: str) -> bool:
    """Whether z3 finds no violation, within TRIAL_RLIMIT."""
    return ask_z3(text, TRIAL_RLIMIT)[0] == "unsat"
