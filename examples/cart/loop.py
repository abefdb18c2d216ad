"""The cart in closed loop: the flight kernel on one side, the simulated cart on the other, and the index."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import pairwise, repeat

from controller.config import PlantTable
from controller.controller import Backend, Controller
from controller.ports.simulated import Cart
from controller.project import Project

Drive = Callable[[Controller, int, dict[str, float]], float]
SETTLED = 0.02  # of the step
HORIZON_US = 2_000_000
RESTLESS = 4.0e-8  # s**3/N**2, weight in the index: slewing at 500 N/s for 2 s costs 0.02 s**2


@dataclass(frozen=True)
class Flight:
    """One run: times in s, true errors (position - target) in m, commands in N, and modes, each period."""

    step_m: float
    time_s: list[float]
    error_m: list[float]
    command_n: list[float]
    mode: list[str]

    @property
    def settle_s(self) -> float:
        """When the error was last outside 2 % of the step; infinite where it still is at the end."""
        outside = [t for t, e in zip(self.time_s, self.error_m, strict=True) if abs(e) > SETTLED * self.span]
        return 0.0 if not outside else outside[-1] if outside[-1] < self.time_s[-1] else float("inf")

    @property
    def span(self) -> float:
        """The length of the step in m."""
        return abs(self.step_m)

    @property
    def overshoot(self) -> float:
        """How far beyond the target the cart went, as a share of the step."""
        sign = 1.0 if self.step_m > 0.0 else -1.0
        return max(0.0, *(sign * e for e in self.error_m)) / self.span

    @property
    def itae(self) -> float:
        """The integral of t |e| dt over the run, as a share of the step, in s**2."""
        times = [0.0, *self.time_s]
        widths = (b - a for a, b in pairwise(times))
        errors = zip(self.time_s, self.error_m, widths, strict=True)
        return sum(t * abs(e) * w for t, e, w in errors) / self.span

    @property
    def restlessness(self) -> float:
        """The integral of the squared slew rate of the command over the run, in N**2/s."""
        commands, times = [0.0, *self.command_n], [0.0, *self.time_s]
        changes = (b - a for a, b in pairwise(commands))
        widths = (b - a for a, b in pairwise(times))
        return sum(c * c / w for c, w in zip(changes, widths, strict=True))

    @property
    def index(self) -> float:
        """ITAE plus the price of a restless command; less is better."""
        return self.itae + RESTLESS * self.restlessness


def network(controller: Controller, now_us: int, samples: dict[str, float]) -> float:
    """The network drives: both sensors are healthy."""
    return controller.step(now_us, samples)[0]


def fallback(controller: Controller, now_us: int, samples: dict[str, float]) -> float:
    """The PID drives, in the same kernel: every sensor that it does not read is dead."""
    read = {f.input for f in controller.project.config.fallback}
    return controller.step(now_us, {name: v for name, v in samples.items() if name in read})[0]


def fly(
    project: Project,
    plant: PlantTable,
    drive: Drive = network,
    backend: Backend = "native",
    periods_us: Iterable[int] | None = None,
    horizon_us: int = HORIZON_US,
) -> Flight:
    """From rest and reset to horizon_us; periods_us: the time between steps, the project's unless given."""
    controller, cart = Controller(project, backend), Cart(plant)
    flight = Flight(plant.step_m, [], [], [], [])
    now_us = 0
    for period_us in periods_us or repeat(project.config.controller.period_us):
        if now_us >= horizon_us:
            break
        command = drive(controller, now_us, cart.measure())
        cart.advance(period_us, command)
        now_us += period_us
        flight.time_s.append(now_us * 1.0e-6)
        flight.error_m.append(cart.error_m)
        flight.command_n.append(command)
        flight.mode.append(controller.mode_name)
    return flight


def with_pid(project: Project, kp: float, ki: float, kd: float) -> Project:
    """The same project with other gains of its fallback."""
    pid = replace(project.law.pid, kp=[kp], ki=[ki], kd=[kd])
    return replace(project, law=replace(project.law, pid=pid))
