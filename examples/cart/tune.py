"""Tune the cart's PID fallback, to be a fair opponent: `python -m examples.cart.tune` prints its gains.

A seeded random search over the logarithms of kp, ki and kd, from three starts, in the flight kernel, on the
index that the network is judged by. About five minutes; it needs a network.json to load, but not to fly.
"""

import random
from math import exp
from pathlib import Path

from controller.project import Project, load
from examples.cart.loop import fallback, fly, with_pid

STARTS = ((600.0, 4.0, 80.0), (300.0, 3.0, 40.0), (60.0, 10.0, 10.0))
STEPS_M = (0.1, 0.2, 0.3, 0.4)
TRIES = 120


def score(project: Project, gains: tuple[float, ...]) -> float:
    """The mean index over the steps, and a price for more than 5 % overshoot."""
    tuned = with_pid(project, *gains)
    plant = project.config.plant
    assert plant is not None
    flights = [fly(tuned, plant.model_copy(update={"step_m": s}), fallback) for s in STEPS_M]
    return sum(f.index + 0.3 * max(f.overshoot - 0.05, 0.0) for f in flights) / len(flights)


def search(project: Project, start: tuple[float, ...], seed: int) -> tuple[float, tuple[float, ...]]:
    """The best score and gains of one start; the search narrows as it goes on."""
    draw, best, spread = random.Random(seed), (score(project, start), start), 0.4
    for _ in range(TRIES):
        gains = tuple(g * exp(draw.gauss(0.0, spread)) for g in best[1])
        best = min(best, (score(project, gains), gains))
        spread *= 0.98
    return best


def main() -> None:
    """Print the best of each start."""
    project = load(Path(__file__).parent)
    for seed, start in enumerate(STARTS):
        value, gains = search(project, start, seed)
        print(f"index {value:.4f}: kp = {gains[0]:.1f}, ki = {gains[1]:.2f}, kd = {gains[2]:.1f}", flush=True)


if __name__ == "__main__":
    main()
