"""The project, plant and faults that flight binaries are tested with, and the reference that they equal."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from controller.controller import Controller
from controller.ports import messages
from controller.ports.closed_loop import ClosedLoop
from controller.project import Project, load
from tests.controller.native.rig import Rig
from tests.projects import make_project

PLANT = {
    "kind": "cart", "output": "output0", "error_input": "input0", "force_input": "input1", "step_m": 0.3,
    "mass_kg": 1.5, "viscous_n_s_per_m": 0.8, "coulomb_n": 0.2, "actuator_limit_n": 5.0,
    "actuator_lag_s": 0.004, "error_noise_m": 0.0005, "force_noise_n": 0.02, "dropout": 0.02, "seed": 7,
}  # fmt: skip
ODD = (float("nan"), float("inf"), 5.0e-324, -0.0, 1.0e300, 3.0)


def cart_project(folder: Path, **overrides: Any) -> Project:
    """A project of seed size that closes the loop around the simulated cart."""
    return load(
        make_project(folder, **{"plant": PLANT, "input.1.low": -20.0, "input.1.high": 20.0, **overrides})
    )


@dataclass(frozen=True)
class Seen:
    """What was met on a flight."""

    modes: set[int]
    causes: set[int]
    ticks: int


def bits(outputs: tuple[float, ...]) -> bytes:
    """The outputs as bit patterns, so that -0.0 differs from 0.0."""
    return struct.pack(f"<{len(outputs)}d", *outputs)


def fly_in_lockstep(rig: Rig, project: Project, ticks: int, seed: int = 0) -> Seen:
    """Fly the binary and the Python reference through the same samples; every bit must be the same.

    The cart is driven by the binary's own commands, so one wrong bit would also change what follows.
    """
    reference = Controller(project, backend="python")
    plant = ClosedLoop(project)
    draw = Random(seed)
    now_us, modes, causes = 0, set(), set()
    for tick in range(ticks):
        now_us += _step_us(draw, tick)
        samples = list(_spoilt(draw, tick, plant.receive(now_us)))
        missed = draw.random() < 0.005
        for s in samples:
            reference.receive(now_us, s.channel, s.time_us, s.value)
        wanted = reference.tick(now_us, missed)
        rig.send(tick, *samples, messages.Tick(now_us, missed))
        sequence, command = rig.command()
        assert (sequence, command.now_us) == (tick, now_us)
        assert (command.mode, command.cause) == (reference.mode, reference.cause), f"tick {tick}"
        assert bits(command.outputs) == bits(wanted), f"tick {tick}: {command.outputs} != {wanted}"
        plant.send(command)
        modes.add(command.mode)
        causes.add(command.cause)
    return Seen(modes, causes, ticks)


def _step_us(draw: Random, tick: int) -> int:
    """Irregular periods; now and then one outside the declared range, or none at all."""
    if tick % 401 == 400:
        return draw.choice([0, 499, 2001, 20_000])
    return 500 + int(draw.random() * 1501)


def _spoilt(draw: Random, tick: int, samples: list[Any]) -> Iterator[messages.Sample]:
    """The plant's samples, some lost for a while, some odd, late, twice, early or of no channel."""
    for sample in samples:
        channel, time_us, value = sample.channel, sample.time_us, sample.value
        if tick % 300 > 270 and (channel == 1 or tick % 600 > 300):
            continue
        turn = draw.random()
        if turn < 0.004:
            value = draw.choice(ODD)
        if 0.004 < turn < 0.008:
            yield messages.Sample(channel, time_us - 2500, value)
        if 0.008 < turn < 0.012:
            yield messages.Sample(channel, time_us, value)
        if 0.012 < turn < 0.016:
            yield messages.Sample(channel, time_us + 700, value)
        if 0.016 < turn < 0.020:
            yield messages.Sample(draw.choice([-1, 2, 2**62]), time_us, value)
        yield messages.Sample(channel, time_us, value)
