"""What is timed: the LTC's step, a whole control period, the proof that C = Python, a round trip."""

import json
import math
import random
import shutil
import tempfile
from collections.abc import Callable
from itertools import cycle, islice
from pathlib import Path
from time import perf_counter_ns
from typing import Any

from benchmarks.measure import Row, Timed, calls, race
from benchmarks.numpy_ltc import AsItReads, Tightened
from benchmarks.torch_ltc import Worker
from controller.controller import Controller
from controller.kernel.modes import NOMINAL
from controller.kernel.records import Work, allocate
from controller.kernel.rk4 import integrate
from controller.native.binding import NativeKernel, foreign
from controller.native.build import library
from controller.native.bundle import kernel_sources
from controller.ports.messages import Kind, Sample
from controller.project import Project, load
from hil.link import Link
from hil.messages import STEP, Period
from hil.targets import embedded
from verification.translation import differences

CART = Path(__file__).resolve().parent.parent / "examples" / "cart"
NATIVE = "native"
DT = 0.001
CLOSE = 1.0e-9  # numpy and PyTorch round otherwise, and torchdiffeq's rk4 is the 3/8 rule


class Disagreement(Exception):
    """Two contenders do not compute the same: their times mean nothing."""


Race = Callable[[dict[str, Timed]], list[Row]]


def project(hidden: int) -> Project:
    """The cart's settings around a network of that many neurons with seeded weights."""
    draw = random.Random(hidden)
    inputs, outputs = 2, 1

    def matrix(rows: int, columns: int, scale: float) -> list[list[float]]:
        return [[draw.uniform(-scale, scale) for _ in range(columns)] for _ in range(rows)]

    weights: dict[str, Any] = {
        "w_in": matrix(inputs, hidden, 1.0),
        "w_rec": matrix(hidden, hidden, 4.0 / hidden),
        "w_out": matrix(hidden, outputs, 1.0),
        **{name: matrix(1, hidden, 0.5)[0] for name in ("b", "tau_gain", "tau_bias")},
        "b_out": [0.0] * outputs,
    }
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(CART / "controller.toml", folder)
        Path(folder, "network.json").write_text(json.dumps(weights), encoding="utf-8")
        return load(folder)


def ltc(hidden: int, run: Race, torch: str | None) -> tuple[list[Row], str | None]:
    """One LTC step from the same state, the call from Python included; and what PyTorch is there, if any.

    Every contender leaves the advanced state in a buffer (PyTorch: in a new tensor). Before they are timed,
    the compiled ones must have CPython's bits, and the others must be within 1e-9. Raises Disagreement.
    """
    flown = project(hidden)
    net = flown.law.network
    x, h = [0.3, -0.7], [0.5 * math.sin(1.0 + i) for i in range(hidden)]
    work = allocate(Work, flown.sizes)
    integrate(net, x, DT, h, work)
    kernel = NativeKernel(flown.law, flown.sizes)
    kernel._state.filtered[:], kernel._state.hidden[:] = x, h
    by_ctypes = foreign(library(flown.sizes), kernel._law, kernel._state, kernel._work)
    for name, entrance in ((NATIVE, kernel.integrate), ("ctypes", by_ctypes.integrate)):
        kernel._work.stage[:] = [math.nan] * hidden
        entrance(DT)
        _agree(name, list(kernel._work.stage), work.stage, 0.0)
    reads, tight = AsItReads(net, x, h), Tightened(net, x, h, DT)
    reads.integrate(DT)
    tight.integrate()
    _agree("numpy, as the law reads", reads.advanced.tolist(), work.stage, CLOSE)
    _agree("numpy, tightened", tight.advanced.tolist(), work.stage, CLOSE)
    contenders = {
        f"{NATIVE}, {kernel.call}": calls(kernel.integrate, DT),
        f"{NATIVE}, through ctypes": calls(by_ctypes.integrate, DT),
        "CPython, the kernel's own code": calls(integrate, net, x, DT, h, work),
        "numpy with out=, as the law reads": calls(reads.integrate, DT),
        "numpy with out=, tightened": calls(tight.integrate),
    }
    if torch is None:
        return run(contenders), None
    with Worker(torch, net, x, h, DT) as worker:
        if worker.version is None:
            return run(contenders), None
        _agree("PyTorch", worker.advanced, work.stage, CLOSE)
        return run(contenders | {"PyTorch, torchdiffeq rk4": worker.timed}), worker.version


def period(hidden: int, run: Race) -> list[Row]:
    """One whole control period through Controller.step, in NOMINAL. Raises Disagreement on any bit."""
    flown = project(hidden)
    native, python = Controller(flown, "native"), Controller(flown, "python")
    contenders = {f"{NATIVE} backend": _periods(native), "Python backend": _periods(python)}
    for timed in contenders.values():
        timed(300)
    if native.snapshot() != python.snapshot():
        raise Disagreement("the backends differ after 300 periods")
    rows = run(contenders)
    if (native.mode, python.mode) != (NOMINAL, NOMINAL):
        raise Disagreement("the periods that were timed are not NOMINAL ones")
    return rows


def _periods(controller: Controller) -> Timed:
    config = controller.project.config
    step, step_us, now_us = controller.step, config.controller.period_us, 0
    wave = [[0.3 * s.high * math.sin(0.1 * n + j) for j, s in enumerate(config.input)] for n in range(64)]

    def timed(count: int) -> float:
        nonlocal now_us
        start = perf_counter_ns()
        for measurements in islice(cycle(wave), count):
            now_us += step_us
            step(now_us, measurements)
        return perf_counter_ns() - start

    return timed


def identity(hidden: int, rounds: int) -> Row:
    """The proof that the printed C is the Python, whole: trace, parse, read, compare. Raises Disagreement."""
    sizes = project(hidden).sizes
    sources = kernel_sources(sizes)

    def prove() -> None:
        if differences(sizes, sources["kernel.h"], sources["kernel.c"]):
            raise Disagreement("the printed C is not the Python")

    return race({f"C = Python, {hidden} hidden": calls(prove)}, rounds, 0.0)[0]


def round_trip(rounds: int, slice_ms: float) -> Row:
    """One period in a frame to the agent, a process behind a pty, and its answer back."""
    with embedded(project(8)) as target, Link(target.url) as link:
        now_us = 0
        link.reset()

        def trip() -> None:
            nonlocal now_us
            now_us += 1000
            one = Period(now_us, 0, [Sample(j, now_us, 0.1) for j in range(2)])
            link.request(Kind.STEP, STEP.pack(0, 1) + one.pack())

        return race({"round trip, one period a frame": calls(trip)}, rounds, slice_ms)[0]


def _agree(name: str, got: list[float], wanted: list[float], tolerance: float) -> None:
    for i, (a, b) in enumerate(zip(got, wanted, strict=True)):
        if not abs(a - b) <= tolerance:  # so that a NaN fails
            raise Disagreement(
                f"{name} is {a!r} at {i}, CPython {b!r}; at most {tolerance:g} apart is allowed"
            )
