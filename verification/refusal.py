"""Why a network is refused: a concrete trajectory that meets a state limit, where the search finds one.

The kernel holds every state to its limits, which hides a divergence. So the search watches the RK4
results before the limits; the first one outside is a violation of "the limits are never met". The same
inputs then fly on without limits: where the state leaves every scale, the trace is a diverging one.
"""

from typing import Any

import numpy as np

from controller.project import Project
from verification.falsify import Progress, Search
from verification.simulation import Schedule, Simulation

FAR = 1.0e3  # times the limit: no bounded trajectory of an LTC, where |h| <= 1, goes there
BEYOND = 500  # steps flown without limits


def diverging_trace(
    project: Project, tries: int = 128, seed: int = 0, progress: Progress | None = None
) -> dict[str, Any] | None:
    """A trajectory that meets a state limit, or None where none of `tries` does (which proves nothing).

    kind: "diverging" or "violating". step (the first is 0), neuron, value, limit: the first RK4 result that
    is outside its limits. trace: its inputs and dt_us, segment by segment; the first step takes the nominal
    period. unlimited, of a diverging one: the first step and value beyond FAR times the limit when flown
    without limits.
    """
    search = Search(project, min(64, tries), seed)
    walls = list(zip(project.law.limits.state_low, project.law.limits.state_high, strict=True))
    for _ in range(rounds := -(-tries // search.columns)):
        search.play(rounds, progress, walls)
        for i, (low, high) in enumerate(walls):
            for side, holds in enumerate((search.best[i, 0] >= low, search.best[i, 1] <= high)):
                if not holds:
                    if progress:
                        progress("falsify", rounds * search.steps, rounds * search.steps)
                    return _spell(project, search, i, side)
    return None


def _spell(project: Project, search: Search, i: int, side: int) -> dict[str, Any]:
    """The trace of the run that drove neuron i out, up to the first neuron that left."""
    limits, schedule = project.law.limits, search.runs[i][side]
    first: dict[str, Any] = {}
    alone = Simulation(project, 1)
    for t in alone.run(schedule, search.steps):
        for m, node in enumerate(alone.stages):
            neuron, value = m % project.sizes["hidden"], float(alone.value(node)[0])
            if not limits.state_low[neuron] <= value <= limits.state_high[neuron]:
                first = {"step": t, "neuron": neuron, "value": _shown(value)}
                first["limit"] = limits.state_high[neuron]
                break
        if first:
            break
    unlimited = _fly_on(project, schedule, first["step"] + BEYOND)
    return {
        "kind": "diverging" if unlimited else "violating",
        **first,
        "seed": search.seed,
        "trace": schedule.segments(0, first["step"] + 1),
        "unlimited": unlimited,
    }


def _fly_on(project: Project, schedule: Schedule, steps: int) -> dict[str, Any] | None:
    free = Simulation(project, 1, limited=False)
    limit = np.array(project.law.limits.state_high)
    for t in free.run(schedule, steps):
        values = np.array([free.value(n)[0] for n in free.stages[-len(limit) :]])
        far = ~(np.abs(values) <= FAR * limit)  # a NaN is far
        if far.any():
            i = int(np.argmax(far))
            return {"step": t, "neuron": i, "value": _shown(float(values[i]))}
    return None


def _shown(value: float) -> float | str:
    return value if np.isfinite(value) else repr(value)
