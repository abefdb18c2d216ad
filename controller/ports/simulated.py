"""A simulated cart on a rail, to close the loop with where there is no hardware.

m dv/dt = force - viscous v - coulomb sign(v); the force follows the held command through the actuator's
limit and its first-order lag. Deterministic: noise and dropouts come from a seeded generator of its own.
The plant is no part of any proof; the proofs hold for every plant.
"""

from math import ceil
from random import Random

from controller.config import PlantTable

SUBSTEP_US = 100  # the longest integration step


class Cart:
    """One cart, from rest at 0 m with its target at `step_m`; positions in m, forces in N.

    position_m, velocity_m_per_s, force_n and target_m may be read and set at any time.
    """

    def __init__(self, plant: PlantTable) -> None:
        self.plant = plant
        self.position_m = 0.0
        self.velocity_m_per_s = 0.0
        self.force_n = 0.0
        self.target_m = plant.step_m
        self._random = Random(plant.seed)

    @property
    def error_m(self) -> float:
        """position - target, without noise: negative while the cart is short of a target ahead of it."""
        return self.position_m - self.target_m

    def advance(self, dt_us: int, command: float) -> None:
        """Hold the command, in N, for dt_us; any dt_us >= 0, cut into equal steps of at most 100 us."""
        limit = self.plant.actuator_limit_n
        held = max(-limit, min(limit, command))
        count = ceil(dt_us / SUBSTEP_US)
        for _ in range(count):
            self._substep(dt_us * 1.0e-6 / count, held)

    def _substep(self, dt: float, held: float) -> None:
        """Implicit Euler in force and velocity, the trapezium rule in position; dt in s.

        In one step Coulomb friction takes at most all of the momentum: the cart then stands at exactly
        0 m/s, and stays there while the force is within friction, so a stop never chatters.
        Source: Moreau, time-stepping for dry friction, 1988.
        """
        plant = self.plant
        self.force_n += (held - self.force_n) * dt / (plant.actuator_lag_s + dt)
        pushed = self.velocity_m_per_s + dt * self.force_n / plant.mass_kg
        brake = dt * plant.coulomb_n / plant.mass_kg
        sliding = max(pushed - brake, 0.0) if pushed > 0.0 else min(pushed + brake, 0.0)
        velocity = sliding / (1.0 + dt * plant.viscous_n_s_per_m / plant.mass_kg)
        self.position_m += 0.5 * dt * (self.velocity_m_per_s + velocity)
        self.velocity_m_per_s = velocity

    def measure(self) -> dict[str, float]:
        """What the two sensors say now, by input name; a sample that is dropped is absent."""
        plant, draw = self.plant, self._random
        samples = {}
        for name, value, noise in (
            (plant.error_input, self.error_m, plant.error_noise_m),
            (plant.force_input, self.force_n, plant.force_noise_n),
        ):
            noisy = value + noise * draw.gauss(0.0, 1.0)
            if draw.random() >= plant.dropout:
                samples[name] = noisy
        return samples
