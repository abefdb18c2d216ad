"""The simulated bench that the heater is trained, tested and flown on; no proof rests on it.

Two aluminium blocks, each with a heating element and a thermocouple, joined by a bridge; each gives heat to
the supply air that flows past it. Every number is an assumption of this example. As a process it is the far
end of the controller's line, which speaks the messages of docs/wire.md:

    python examples/heater/plant.py --port /dev/ttyUSB0      # behind a serial line
    python examples/heater/plant.py --link /tmp/heater       # behind a new pseudo-terminal with that name

It moves with the time in each command and answers with samples of that time.
"""

import argparse
import csv
import os
import select
import tty
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import serial

from controller.kernel.modes import MODE_NAMES
from controller.ports.frame import Splitter, encode
from controller.ports.messages import Command, Sample, pack, unpack

Array = Any  # of floats; shape (2,) or (2, batch) is zone a, zone b

INNER_S = 0.005  # the longest step of the simulation
LOOK_S = 0.1  # how long a read of a line waits
LOG = ("time_us", "mode", "power_a", "power_b", "zone_a", "zone_b", "supply")


@dataclass
class Bench:
    """Heat in J/K, losses and bridge in W/K, limits in W, time constants in s; each may be an array."""

    heat: Array = (20.0, 20.0)
    loss: Array = (1.0, 0.8)
    bridge: Array = 0.3
    limit: Array = (600.0, 300.0)
    element_s: float = 0.08
    sensor_s: float = 0.1


class Plant:
    """The bench from a temperature of its blocks on, in degC, beside supply air of `supply` degC."""

    def __init__(self, bench: Bench | None = None, start: Array = (25.0, 25.0), supply: Array = 25.0) -> None:
        bench = bench or Bench()
        block, self.supply = np.broadcast_arrays(np.asarray(start, float), np.asarray(supply, float))
        self.block, self.supply = block.copy(), self.supply[0].copy()
        self.sensor, self.power = self.block.copy(), np.zeros_like(self.block)
        rows = [np.asarray(v, float) for v in (bench.heat, bench.loss, bench.limit)]
        self._heat, self._loss, self._limit = (
            v.reshape(v.shape + (1,) * (self.block.ndim - v.ndim)) for v in rows
        )
        self._bridge, self._bench = np.asarray(bench.bridge, float), bench

    def advance(self, seconds: float, command: Array) -> None:
        """Move on under a command in W for each zone, which the elements hold to [0, limit]."""
        asked = np.minimum(np.maximum(np.asarray(command, float), 0.0), self._limit)
        steps = max(1, int(np.ceil(seconds / INNER_S - 1.0e-9)))
        dt = seconds / steps
        for _ in range(steps):
            self.power = self.power + dt / (self._bench.element_s + dt) * (asked - self.power)
            across = self._bridge * (self.block[0] - self.block[1])
            flow = self.power - self._loss * (self.block - self.supply) + np.stack([-across, across])
            self.block = self.block + dt * flow / self._heat
            self.sensor = self.sensor + dt / (self._bench.sensor_s + dt) * (self.block - self.sensor)

    def measure(self, noise: np.random.Generator | None = None, rms: float = 0.05) -> Array:
        """What the three sensors say, in degC: zone a, zone b, supply; with noise of `rms` degC if wanted."""
        true = np.concatenate([self.sensor, self.supply[None]])
        return true if noise is None else true + noise.normal(0.0, rms, true.shape)


class Line(Protocol):
    """The way to the controller."""

    def read(self) -> bytes | None:
        """What has come, b"" where nothing did in LOOK_S; None where the controller has gone."""

    def write(self, data: bytes) -> None:
        """Send all of it."""


class SerialLine:
    """A serial device, or any URL that pyserial knows."""

    def __init__(self, url: str, baud: int) -> None:
        self._line = serial.serial_for_url(url, baud, timeout=LOOK_S)

    def read(self) -> bytes | None:
        """What has come."""
        try:
            return bytes(self._line.read(self._line.in_waiting or 1))
        except serial.SerialException:
            return None

    def write(self, data: bytes) -> None:
        """Send all of it."""
        self._line.write(data)


class Terminal:
    """A new pseudo-terminal whose far end has the name `link`; it ends when the controller lets it go."""

    def __init__(self, link: Path) -> None:
        self._near, self._far = os.openpty()
        tty.setraw(self._far)
        link.symlink_to(os.ttyname(self._far))

    def read(self) -> bytes | None:
        """What has come; this end of the far end is held until the controller has it."""
        if not select.select([self._near], [], [], LOOK_S)[0]:
            return b""
        try:
            data = os.read(self._near, 4096)
        except OSError:
            return None
        if self._far >= 0:
            os.close(self._far)
            self._far = -1
        return data

    def write(self, data: bytes) -> None:
        """Send all of it."""
        os.write(self._near, data)


class Far:
    """The far end of the line: each command moves the bench to its time and is answered from there."""

    def __init__(self, plant: Plant, options: argparse.Namespace, log: Any) -> None:
        self.plant, self.options, self.log = plant, options, log
        self.noise = np.random.default_rng(options.seed)
        self.first_us: int | None = None
        self.last = Command(0, 0, 0, (0.0, 0.0))

    def answer(self, command: Command) -> list[Sample] | None:
        """The samples of a command's time, or None where the time is over."""
        if self.first_us is None:
            self.first_us, self.last = command.now_us, command
        options, plant = self.options, self.plant
        flown_s = (command.now_us - self.first_us) * 1.0e-6
        if flown_s >= options.seconds:
            return None
        if flown_s >= options.later_s:
            plant.supply = np.array(options.later)
        if command.now_us > self.last.now_us:
            plant.advance((command.now_us - self.last.now_us) * 1.0e-6, self.last.outputs)
        self.last = command
        mode = MODE_NAMES[command.mode]
        self.log.writerow([command.now_us, mode, *command.outputs, *plant.block, plant.supply])
        lost = options.lost if flown_s >= options.lost_s else None
        measured = [float(v) for v in plant.measure(self.noise)]
        return [Sample(j, command.now_us, v) for j, v in enumerate(measured) if j != lost]

    def serve(self, line: Line) -> None:
        """Answer each command until the controller has gone or the time is over."""
        splitter = Splitter()
        while (data := line.read()) is not None:
            for payload in splitter.feed(data):
                sequence, command = unpack(payload) or (0, None)
                if not isinstance(command, Command):
                    continue
                samples = self.answer(command)
                if samples is None:
                    return
                try:
                    line.write(b"".join(encode(pack(sequence, sample)) for sample in samples))
                except (OSError, serial.SerialException):
                    return


def arguments() -> argparse.Namespace:
    """The command line."""
    words = argparse.ArgumentParser(description="The heater's bench behind a line to the controller.")
    place = words.add_mutually_exclusive_group(required=True)
    place.add_argument("--port", help="a serial device, or another URL of pyserial")
    place.add_argument("--link", type=Path, help="make a pseudo-terminal and name the controller's end so")
    words.add_argument("--baud", type=int, default=115200)
    words.add_argument("--seconds", type=float, default=float("inf"), help="of the controller's clock")
    words.add_argument("--start", type=float, nargs=2, default=(25.0, 25.0), help="of the blocks, in degC")
    words.add_argument("--supply", type=float, default=25.0, help="in degC")
    words.add_argument("--later", type=float, default=25.0, help="the supply from --later-s on, in degC")
    words.add_argument("--later-s", type=float, default=float("inf"))
    words.add_argument("--lost", type=int, choices=(0, 1, 2), help="a sensor that falls silent")
    words.add_argument("--lost-s", type=float, default=0.0, help="from when on")
    words.add_argument("--seed", type=int, default=0, help="of the sensors' noise")
    words.add_argument("--log", type=Path, default=Path(os.devnull), help="a CSV of what happened")
    return words.parse_args()


def main() -> None:
    """The bench as a process; its last line tells where the zones are."""
    options = arguments()
    plant = Plant(start=options.start, supply=options.supply)
    with ExitStack() as stack:
        file = options.log.open("w", buffering=1, encoding="utf-8", newline="")  # row by row, to look on
        log = csv.writer(stack.enter_context(file), lineterminator="\n")
        log.writerow(LOG)
        line: Line
        if options.link is not None:
            line = Terminal(options.link)
            stack.callback(options.link.unlink, missing_ok=True)
        else:
            line = SerialLine(options.port, options.baud)
        stack.enter_context(suppress(KeyboardInterrupt))
        Far(plant, options, log).serve(line)
    a, b = plant.block
    print(f"zone a {a:.2f} degC, zone b {b:.2f} degC")


if __name__ == "__main__":
    main()
