"""controller.toml and its network, checked: every limit with its unit and source, and the kernel's Law."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from controller.config import RANGE_LIMIT, Config, FallbackTable, InputTable
from controller.errors import InputError
from controller.faults import Location, checked, digest, place, read_bytes, shorten, text_of
from controller.kernel.records import Clock, Law, Limits, Network, Pid, Sensors
from controller.network import load_network

FILE_NAME = "controller.toml"
SIZE_LIMIT = 1024 * 1024
NARROWEST = 1.0e-9  # the least width of a range, as a share of its larger end


@dataclass(frozen=True)
class Project:
    """A checked project: its settings, the constants that the kernel flies with, and the files' digests."""

    root: Path
    config: Config
    law: Law
    sizes: dict[str, int]  # inputs, hidden, outputs, substeps, slots
    network_digest: str
    config_digest: str
    name: str


def load(directory: Path | str) -> Project:
    """The project in a folder that holds controller.toml; raises InputError with one sentence a fault."""
    root = Path(directory)
    path = root / FILE_NAME
    _check_folder(root)
    data = read_bytes(path, SIZE_LIMIT)
    text = text_of(data, path)
    config = checked(Config, _parse(text, path), path, text)
    _Checker(config, path, text).check()
    network_path = root / config.controller.network
    network, network_digest = load_network(network_path, len(config.input), len(config.output))
    sizes = {
        "inputs": len(config.input),
        "hidden": len(network.b),
        "outputs": len(config.output),
        "substeps": config.controller.substeps,
        "slots": config.controller.inbox_slots,
    }
    law = make_law(config, network)
    return Project(root, config, law, sizes, network_digest, digest(data), config.controller.name)


def make_law(config: Config, network: Network) -> Law:
    """The kernel's constants: how the network sees each input, limits, PID and clock."""
    inputs, outputs = config.input, config.output
    names = [i.name for i in inputs]
    seen = [network_view(i) for i in inputs]
    by_output = {f.output: f for f in config.fallback}
    pids: list[FallbackTable] = [by_output[o.name] for o in outputs]
    used = {p.input for p in pids}
    hidden = len(network.b)
    return Law(
        network=network,
        sensors=Sensors(
            low=[i.low for i in inputs],
            high=[i.high for i in inputs],
            rest=[(i.low + i.high) / 2.0 for i in inputs],
            offset=[view.offset for view in seen],
            scale=[view.scale for view in seen],
            seen_low=[view.low for view in seen],
            seen_high=[view.high for view in seen],
            filter_s=[i.filter_s for i in inputs],
            stale_us=[i.stale_us for i in inputs],
            fallback=[int(n in used) for n in names],
        ),
        limits=Limits(
            state_low=[-config.state.limit] * hidden,
            state_high=[config.state.limit] * hidden,
            low=[o.low for o in outputs],
            high=[o.high for o in outputs],
            safe=[o.safe for o in outputs],
            max_rate=[o.max_rate for o in outputs],
        ),
        pid=Pid(
            channel=[names.index(p.input) for p in pids],
            setpoint=[p.setpoint for p in pids],
            kp=[p.kp for p in pids],
            ki=[p.ki for p in pids],
            kd=[p.kd for p in pids],
            integral_low=[p.integral_low for p in pids],
            integral_high=[p.integral_high for p in pids],
        ),
        clock=Clock(
            low_us=config.dt.low_us,
            high_us=config.dt.high_us,
            nominal_us=config.controller.period_us,
            ahead_us=_ahead_us(config),
            recovery=config.controller.recovery_periods,
        ),
        substeps=config.controller.substeps,
    )


@dataclass(frozen=True)
class View:
    """How the network sees an input: (measured - offset) * scale, which lies in [low, high]."""

    offset: float
    scale: float
    low: float
    high: float


def network_view(sensor: InputTable) -> View:
    """The view that an input's network_unit declares."""
    if sensor.network_unit == "physical":
        return View(0.0, 1.0, sensor.low, sensor.high)
    if sensor.network_unit == "normalised":
        return View((sensor.low + sensor.high) / 2.0, 2.0 / (sensor.high - sensor.low), -1.0, 1.0)
    offset, scale = sensor.network_offset or 0.0, sensor.network_scale or 1.0
    return View(offset, scale, (sensor.low - offset) * scale, (sensor.high - offset) * scale)


def seen_as(sensor: InputTable) -> str:
    """How the network sees an input, in words: before the low-pass, and the low-pass."""
    view = network_view(sensor)
    words = {
        "physical": f"as measured, in {sensor.unit}",
        "normalised": f"{sensor.low:g} as -1, {sensor.high:g} as 1",
        "scaled": f"(value - {view.offset:g}) * {view.scale:g}",
    }
    smooth = f"low-pass of {sensor.filter_s:g} s" if sensor.filter_s else "no low-pass"
    return f"{words[sensor.network_unit]}; {smooth}"


def _ahead_us(config: Config) -> int:
    """How far ahead of the clock a sample's time may be: one period unless declared."""
    declared = config.controller.ahead_us
    return config.controller.period_us if declared is None else declared


def _check_folder(root: Path) -> None:
    try:
        if root.is_dir():
            return
        missing = not root.exists()
    except (OSError, ValueError) as fault:
        raise InputError(f"{shorten(str(root))!r}: is no usable path ({fault}); give a folder") from None
    if missing:
        raise InputError(f"{root}: there is no such folder; give the folder that holds {FILE_NAME}")
    raise InputError(f"{root}: is a file; give the folder that holds {FILE_NAME}")


def _parse(text: str, path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise InputError(f"{path}: is not TOML: {fault}; mend that place") from None
    except (RecursionError, MemoryError):
        raise InputError(f"{path}: is nested too deeply; write it flat") from None
    except ValueError as fault:
        raise InputError(f"{path}: has a value that can't be read ({shorten(str(fault))}); mend it") from None


class _Checker:
    """What one value must be to another."""

    def __init__(self, config: Config, path: Path, text: str) -> None:
        self.config, self.path, self.text = config, path, text

    def require(self, holds: bool, location: Location, what: str) -> None:
        """Raise InputError at a place unless `holds`."""
        if not holds:
            raise InputError(f"{place(self.path, location, self.text)}: {what}")

    def check(self) -> None:
        """Every rule, in the order of the file."""
        self._times()
        self._unique("input", "name", [i.name for i in self.config.input])
        self._unique("output", "name", [o.name for o in self.config.output])
        self._unique("fallback", "output", [f.output for f in self.config.fallback])
        self._unique("requirement", "id", [r.id for r in self.config.requirement])
        for n, sensor in enumerate(self.config.input):
            self._range("input", n, sensor.low, sensor.high, sensor.unit)
            self._view(n, sensor)
        for n, actuator in enumerate(self.config.output):
            self._range("output", n, actuator.low, actuator.high, actuator.unit)
            low, high, safe = actuator.low, actuator.high, actuator.safe
            self.require(
                low <= safe <= high,
                ["output", n, "safe"],
                f"{safe:g} is outside [{low:g}, {high:g}]; choose a safe value in the range",
            )
        self._ages()
        self._fallbacks()
        self._plant()

    def _times(self) -> None:
        c, dt, timing = self.config.controller, self.config.dt, self.config.timing
        self.require(
            dt.low_us <= c.period_us <= dt.high_us,
            ["dt"],
            f"[{dt.low_us}, {dt.high_us}] us does not contain period_us = {c.period_us}; widen it",
        )
        self.require(
            timing.deadline_us <= c.period_us,
            ["timing", "deadline_us"],
            f"{timing.deadline_us} us is later than the period, {c.period_us} us; make it at most the period",
        )
        b = timing.budget_us
        total = b.sensor + b.preprocess + b.network + b.output
        self.require(
            total <= timing.deadline_us,
            ["timing", "budget_us"],
            f"the budgets sum to {total} us, above deadline_us = {timing.deadline_us}; lower them",
        )

    def _ages(self) -> None:
        ahead_us = _ahead_us(self.config)
        for n, sensor in enumerate(self.config.input):
            self.require(
                sensor.stale_us >= ahead_us,
                ["input", n, "stale_us"],
                f"{sensor.stale_us} us is less than controller.ahead_us = {ahead_us}, which counts into a "
                "sample's age: none would be fresh; raise stale_us or lower ahead_us",
            )

    def _unique(self, table: str, key: str, names: Sequence[str]) -> None:
        for n, name in enumerate(names):
            first = names.index(name)
            what = f"{name!r} is also {key} of {table}[{first}]; each needs its own"
            self.require(first == n, [table, n, key], what)

    def _range(self, table: str, n: int, low: float, high: float, unit: str) -> None:
        span = f"[{low:g}, {high:g}] {unit}"
        self.require(low < high, [table, n, "low"], f"the range {span} is empty; low must be below high")
        width = max(NARROWEST * max(abs(low), abs(high)), 1.0 / 1.0e150)
        wide = high - low >= width
        self.require(wide, [table, n, "low"], f"the range {span} is too narrow for binary64; widen it")

    def _view(self, n: int, sensor: InputTable) -> None:
        scaled = sensor.network_unit == "scaled"
        for key in ("network_offset", "network_scale"):
            given = getattr(sensor, key) is not None
            what = 'is missing; network_unit = "scaled" needs it' if scaled else "goes with network_unit = "
            what += "" if scaled else f'"scaled", and it is "{sensor.network_unit}"; drop one of them'
            self.require(given == scaled, ["input", n, key], what)
        view = network_view(sensor)
        self.require(
            max(abs(view.low), abs(view.high)) <= RANGE_LIMIT and view.low < view.high,
            ["input", n, "network_scale"],
            f"the network would see [{view.low:g}, {view.high:g}]; choose another offset or scale",
        )

    def _fallbacks(self) -> None:
        inputs = {i.name: i for i in self.config.input}
        outputs = [o.name for o in self.config.output]
        for n, f in enumerate(self.config.fallback):
            known = ", ".join(outputs)
            self.require(
                f.output in outputs,
                ["fallback", n, "output"],
                f"no output is named {shorten(f.output)!r}; choose from: {known}",
            )
            self.require(
                f.input in inputs,
                ["fallback", n, "input"],
                f"no input is named {shorten(f.input)!r}; choose from: {', '.join(inputs)}",
            )
            low, high = inputs[f.input].low, inputs[f.input].high
            self.require(
                low <= f.setpoint <= high,
                ["fallback", n, "setpoint"],
                f"{f.setpoint:g} is outside the input's range [{low:g}, {high:g}]; choose one in it",
            )
            self.require(
                f.integral_low <= 0.0 <= f.integral_high,
                ["fallback", n, "integral_low"],
                f"[{f.integral_low:g}, {f.integral_high:g}] does not contain 0, where it starts; widen it",
            )
        missing = [o for o in outputs if o not in {f.output for f in self.config.fallback}]
        self.require(
            not missing,
            ["fallback"],
            f"output {', '.join(missing)} has no [[fallback]]; add one that names it",
        )

    def _plant(self) -> None:
        plant = self.config.plant
        if plant is None:
            return
        inputs = {i.name: i for i in self.config.input}
        outputs = [o.name for o in self.config.output]
        for key, value, known in (
            ("output", plant.output, outputs),
            ("error_input", plant.error_input, list(inputs)),
            ("force_input", plant.force_input, list(inputs)),
        ):
            what = f"no {key[-6:].lstrip('_')} is named {shorten(value)!r}; choose from: {', '.join(known)}"
            self.require(value in known, ["plant", key], what)
        self.require(
            plant.error_input != plant.force_input,
            ["plant", "force_input"],
            f"{plant.force_input!r} is also error_input; each sensor needs an input of its own",
        )
        low, high = inputs[plant.error_input].low, inputs[plant.error_input].high
        self.require(
            low <= -plant.step_m <= high,
            ["plant", "step_m"],
            f"starts with an error of {-plant.step_m:g} m, outside [{low:g}, {high:g}]; shorten it",
        )
        self.require(
            plant.coulomb_n < plant.actuator_limit_n,
            ["plant", "coulomb_n"],
            f"{plant.coulomb_n:g} N is not below actuator_limit_n = {plant.actuator_limit_n:g}; lower it",
        )
