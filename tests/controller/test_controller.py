"""Controller: both backends give the same bits whatever comes in, and misuse is one sentence."""

import copy
import math
import pickle
import tracemalloc
from array import array
from collections import deque
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.controller import Backend, Controller
from controller.errors import InputError
from controller.kernel.modes import CAUSE_NAMES, MODE_NAMES, SAFE
from controller.project import Project, load
from tests.controller.bits import NASTY, WORDS, bits, hostile
from tests.projects import make_project

SHAPES = {  # inputs, hidden, outputs, and what else differs
    "seed size": (2, 8, 1, {}),
    "two outputs, substeps": (3, 5, 2, {"controller.substeps": 2, "controller.inbox_slots": 4}),
    "smallest": (1, 1, 1, {"controller.inbox_slots": 1, "controller.recovery_periods": 1}),
}


def project(folder: Path, shape: str) -> Project:
    inputs, hidden, outputs, changes = SHAPES[shape]
    return load(make_project(folder, inputs, hidden, outputs, seed=7, **changes))


def fly_both(flown: Project, steps: int, seed: int) -> tuple[set[int], Controller]:
    """Fly both backends over one hostile stream; the modes that were met, and the native one."""
    python, native = Controller(flown, "python"), Controller(flown, "native")
    modes = set()
    for samples, now_us, missed in hostile(seed, flown.sizes["inputs"], steps):
        for channel, time_us, value in samples:
            python.receive(now_us, channel, time_us, value)
            native.receive(now_us, channel, time_us, value)
        commands = python.tick(now_us, missed), native.tick(now_us, missed)
        assert commands[0] == commands[1]
        assert bits(python.snapshot()) == bits(native.snapshot()), f"at {now_us} us, {samples}"
        modes.add(native.mode)
    return modes, native


@pytest.mark.parametrize("shape", SHAPES)
def test_same_bits_over_hostile_input(tmp_path: Path, shape: str) -> None:
    flown = project(tmp_path, shape)
    modes, controller = fly_both(flown, 3400, seed=1)
    assert modes == {0, 1, 2}
    box = controller.snapshot().inbox
    assert min(box.late, box.duplicate, box.refused) > 0  # the stream was hostile enough to be worth it
    assert box.overflow > 0 or flown.sizes["slots"] > 4


@pytest.mark.soak
@pytest.mark.parametrize("shape", SHAPES)
def test_same_bits_over_a_million_hostile_steps(tmp_path: Path, shape: str) -> None:
    modes, _ = fly_both(project(tmp_path, shape), 1_000_000 // len(SHAPES) + 1, seed=2)
    assert modes == {0, 1, 2}


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Controller, Controller]:
    flown = project(tmp_path_factory.mktemp("pair"), "seed size")
    return Controller(flown, "python"), Controller(flown, "native")


sample = st.tuples(st.sampled_from(NASTY) | st.floats(), st.sampled_from(NASTY) | st.floats())
instant = st.sampled_from(WORDS) | st.integers(0, 10_000) | st.integers(-(2**63), 2**63 - 1)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(instant, sample, st.booleans()), max_size=12))
def test_same_bits_over_any_steps(
    pair: tuple[Controller, Controller], periods: list[tuple[int, tuple[float, float], bool]]
) -> None:
    for controller in pair:
        controller.reset()
    for now_us, values, missed in periods:
        python, native = (controller.step(now_us, values, missed) for controller in pair)
        assert python == native
        assert bits(pair[0].snapshot()) == bits(pair[1].snapshot())


@pytest.mark.parametrize("backend", ["python", "native"])
def test_step_is_receive_and_tick(tmp_path: Path, backend: Backend) -> None:
    flown = project(tmp_path, "seed size")
    whole, named, parts = (Controller(flown, backend) for _ in range(3))
    for n in range(60):
        now_us, values = 1000 * n, (0.01 * n, -0.005 * n)
        parts.receive(now_us, "input0", now_us, values[0])
        parts.receive(now_us, 1, now_us, values[1])
        expected = parts.tick(now_us, missed=n == 30)
        assert whole.step(now_us, values, n == 30) == expected
        assert named.step(now_us, {"input0": values[0], "input1": values[1]}, n == 30) == expected
        assert bits(whole.snapshot()) == bits(named.snapshot()) == bits(parts.snapshot())
    assert whole.mode_name == "NOMINAL"
    assert whole.cause_name == "healthy"
    assert whole.output == expected
    assert whole.state == whole.snapshot().hidden


@pytest.mark.parametrize("backend", ["python", "native"])
def test_reset_is_the_declared_start(tmp_path: Path, backend: Backend) -> None:
    safe: dict[str, Any] = {"output.0.safe": 1.5}
    controller = Controller.load(make_project(tmp_path, 2, 8, 1, **safe), backend)
    start = bits(controller.snapshot())
    for samples, now_us, missed in hostile(3, 2, 200):
        for channel, time_us, value in samples:
            controller.receive(now_us, channel, time_us, value)
        controller.tick(now_us, missed)
    assert bits(controller.snapshot()) != start
    controller.reset()
    assert bits(controller.snapshot()) == start
    assert (controller.mode, controller.output, controller.state) == (SAFE, (1.5,), [0.0] * 8)


@pytest.mark.parametrize("backend", ["python", "native"])
def test_a_snapshot_and_the_state_are_copies(tmp_path: Path, backend: Backend) -> None:
    controller = Controller(project(tmp_path, "seed size"), backend)
    controller.step(0, [0.1, 0.1])
    before = bits(controller.snapshot())
    controller.snapshot().hidden[0] = 9.0
    controller.snapshot().inbox.time_us[0] = 9
    controller.state[0] = 9.0
    assert bits(controller.snapshot()) == before


@pytest.mark.parametrize("backend", ["python", "native"])
def test_a_sensor_that_lies_leaves_by_name(tmp_path: Path, backend: Backend) -> None:
    """input0 feeds the PID, so its fault means SAFE; input1's means FALLBACK; both by their names."""
    controller = Controller(project(tmp_path, "seed size"), backend)
    for n in range(20):
        controller.step(1000 * n, [0.1, 0.1])
    assert controller.mode_name == "NOMINAL"
    controller.step(20_000, [0.1, math.nan])
    assert (controller.mode_name, controller.cause_name) == ("FALLBACK", "sensor out of range")
    controller.step(21_000, [math.inf, 0.1])
    assert (controller.mode_name, controller.cause_name) == ("SAFE", "fallback sensor out of range")
    assert controller.mode_name == MODE_NAMES[controller.mode]
    assert controller.cause_name == CAUSE_NAMES[controller.cause]


@pytest.mark.parametrize("backend", ["python", "native"])
def test_integers_of_any_size_and_numpy_numbers_are_numbers(tmp_path: Path, backend: Backend) -> None:
    controller = Controller(project(tmp_path, "seed size"), backend)
    plain = Controller(controller.project, backend)
    huge: list[Any] = [10**400, -(10**400)]
    controller.step(np.int64(1000), huge)  # type: ignore[arg-type]
    plain.step(1000, [math.inf, -math.inf])
    controller.step(2000, np.array([0.25, 0.5]))  # type: ignore[arg-type]
    plain.step(2000, [0.25, 0.5])
    assert bits(controller.snapshot()) == bits(plain.snapshot())


MISUSES: dict[str, tuple[Any, str]] = {
    "unknown name": (lambda c: c.step(0, {"inputO": 1.0}), "no such input; choose from input0, input1"),
    "too few": (lambda c: c.step(0, [1.0]), "1 given, 2 inputs"),
    "too many": (lambda c: c.step(0, [1.0] * 3), "3 given, 2 inputs"),
    "a word for a number": (lambda c: c.step(0, ["left", 1.0]), "'left' is no number"),
    "nothing for a number": (lambda c: c.step(0, {"input0": None}), "no number"),
    "text for a row": (lambda c: c.step(0, "12"), "measurements: str is no row of numbers"),
    "bytes for a row": (lambda c: c.step(0, b"12"), "bytes is no row of numbers"),
    "a bytearray for a row": (lambda c: c.step(0, bytearray(b"12")), "bytearray is no row of numbers"),
    "a view of bytes for a row": (lambda c: c.step(0, memoryview(b"12")), "memoryview is no row of numbers"),
    "a set for a row": (lambda c: c.step(0, {1.0, 2.0}), "set is no row of numbers"),
    "an iterator for a row": (lambda c: c.step(0, iter([1.0, 2.0])), "is no row of numbers"),
    "nothing for a row": (lambda c: c.step(0, None), "NoneType is no row of numbers"),
    "a number for a row": (lambda c: c.step(0, 1.0), "float is no row of numbers"),
    "an array of no dimension": (lambda c: c.step(0, np.array(1.0)), "ndarray is no row of numbers"),
    "an array of two dimensions": (lambda c: c.step(0, np.zeros((2, 1))), "ndarray is no row of numbers"),
    "an array of text": (lambda c: c.step(0, np.array(["1", "2"])), "measurement input0: '1' is no number"),
    "an array of objects": (lambda c: c.step(0, np.array([0.0, "2"], dtype=object)), "input1: '2' is no"),
    "an array of truth values": (lambda c: c.step(0, np.array([True, False])), "measurement input0: "),
    "an array of complex numbers": (lambda c: c.step(0, np.array([1j, 0.0])), "measurement input0: "),
    "text in a dict": (lambda c: c.step(0, {"input0": "1"}), "measurement input0: '1' is no number"),
    "bytes in a dict": (lambda c: c.step(0, {"input1": b"1"}), "measurement input1: bytes is no number"),
    "a truth value": (lambda c: c.step(0, [0.0, True]), "measurement input1: True is no number"),
    "a complex number": (lambda c: c.step(0, [0.0, 1j]), "measurement input1: complex is no number"),
    "a decimal": (lambda c: c.step(0, [0.0, Decimal(1)]), "measurement input1: Decimal is no number"),
    "a row in a row": (lambda c: c.step(0, [0.0, [1.0]]), "measurement input1: list is no number"),
    "text as a sample": (lambda c: c.receive(0, 0, 0, "1"), "measurement value: '1' is no number"),
    "text as a time": (lambda c: c.step("1", [0.0, 0.0]), "timestamp_us: '1' is no whole number"),
    "a whole float as a time": (lambda c: c.step(1.0, [0.0, 0.0]), "timestamp_us: '1.0' is no whole number"),
    "a truth value as a time": (lambda c: c.step(True, [0.0, 0.0]), "timestamp_us: 'True' is no whole"),
    "a truth value as a channel": (lambda c: c.receive(0, True, 0, 0.0), "channel: 'True' is no whole"),
    "text for missed": (lambda c: c.tick(0, "False"), "missed: 'False' is no truth value"),
    "a number for missed": (lambda c: c.step(0, [0.0, 0.0], 2), "missed: '2' is no truth value"),
    "time too large": (lambda c: c.step(2**63, [0.0, 0.0]), "timestamp_us: "),
    "time far too large": (lambda c: c.tick(10**5000), "more than 38 digits"),
    "time below": (lambda c: c.tick(-(2**63) - 1), "now_us: "),
    "time with a fraction": (lambda c: c.tick(0.5), "no whole number"),
    "sample time": (lambda c: c.receive(0, 0, 2**63, 0.0), "time_us: "),
    "channel number": (lambda c: c.receive(0, 2**64, 0, 0.0), "channel: "),
    "channel name": (lambda c: c.receive(0, "x", 0, 0.0), "input 'x'"),
}


@pytest.mark.parametrize("backend", ["python", "native"])
@pytest.mark.parametrize("misuse", MISUSES)
def test_misuse_is_one_sentence(tmp_path: Path, backend: Backend, misuse: str) -> None:
    call, said = MISUSES[misuse]
    controller = Controller(project(tmp_path, "seed size"), backend)
    with pytest.raises(InputError) as caught:
        call(controller)
    assert said in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
    assert bits(controller.snapshot()) == bits(Controller(controller.project, backend).snapshot())


def test_a_row_may_be_any_of_one_dimension(tmp_path: Path) -> None:
    controller = Controller(project(tmp_path, "seed size"))
    wanted = controller.step(0, [1.0, 2.0])
    rows: list[Any] = [
        (1, 2), range(1, 3), array("d", [1, 2]), deque([1, 2]), np.array([1, 2], dtype=np.uint8),
        np.array([1.0, 2.0], dtype=np.float32), [Fraction(1), np.float16(2)],
        np.array([1, 2.0], dtype=object), {"input1": 2, "input0": np.int8(1)},
    ]  # fmt: skip
    for row in rows:
        controller.reset()
        assert controller.step(np.int32(0), row, np.False_) == wanted  # type: ignore[arg-type]


def test_unknown_backend(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"backend 'rust'.*choose python or native"):
        Controller(project(tmp_path, "smallest"), "rust")  # type: ignore[arg-type]


@pytest.mark.parametrize("backend", ["python", "native"])
def test_an_unknown_number_is_refused_and_counted(tmp_path: Path, backend: Backend) -> None:
    controller = Controller(project(tmp_path, "seed size"), backend)
    for number in (2, -1, 2**63 - 1, -(2**63)):
        controller.receive(0, number, 0, 0.0)
    assert controller.snapshot().inbox.refused == 4


@pytest.mark.parametrize("backend", ["python", "native"])
def test_nothing_grows(tmp_path: Path, backend: Backend) -> None:
    controller = Controller(project(tmp_path, "seed size"), backend)
    stream = list(hostile(4, 2, 700))

    def fly() -> None:
        for samples, now_us, missed in stream:
            for channel, time_us, value in samples:
                controller.receive(now_us, channel, time_us, value)
            controller.tick(now_us, missed)

    fly()
    size = len(bits(controller.snapshot()))
    tracemalloc.start()
    try:
        fly()
        before = tracemalloc.get_traced_memory()[0]
        fly()
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert grown < 1024
    assert len(bits(controller.snapshot())) == size


COPIES: dict[str, Callable[[Controller], Controller]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda c: pickle.loads(pickle.dumps(c)),
}


@pytest.mark.parametrize("backend", ["python", "native"])
@pytest.mark.parametrize("how", COPIES)
def test_a_copy_has_a_life_of_its_own(tmp_path: Path, backend: Backend, how: str) -> None:
    """It goes on from the same state, and neither moves the other."""
    original = Controller(project(tmp_path, "two outputs, substeps"), backend)
    stream = list(hostile(5, 3, 300))

    def fly(controller: Controller, periods: list[Any]) -> list[bytes]:
        seen = []
        for samples, now_us, missed in periods:
            for channel, time_us, value in samples:
                controller.receive(now_us, channel, time_us, value)
            controller.tick(now_us, missed)
            seen.append(bits(controller.snapshot()))
        return seen

    fly(original, stream[:150])
    state = bits(original.snapshot())
    other = COPIES[how](original)
    assert bits(other.snapshot()) == state
    ahead = fly(other, stream[150:])
    assert bits(original.snapshot()) == state
    assert fly(original, stream[150:]) == ahead
    other.reset()
    assert bits(original.snapshot()) == ahead[-1]
