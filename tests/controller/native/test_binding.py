"""The compiled kernel's two ways in, extension and ctypes: same bits, checked numbers, nothing leaked."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from controller.controller import Controller
from controller.kernel import rk4
from controller.kernel.records import State, Work, allocate
from controller.native import binding
from controller.native.binding import Entrances, NativeKernel
from controller.native.build import headers, library
from controller.project import Project, load
from tests.controller.bits import NASTY, bits, hostile
from tests.projects import make_project

SHAPES = {"seed size": (2, 8, 1), "two outputs": (3, 5, 2), "smallest": (1, 1, 1)}
needs_headers = pytest.mark.skipif(
    headers() is None, reason="Python.h is missing: apt-get install python3-dev"
)


@pytest.fixture(params=SHAPES)
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Project:
    inputs, hidden, outputs = SHAPES[request.param]
    return load(make_project(tmp_path, inputs, hidden, outputs, seed=3))


@pytest.fixture
def seed_size(tmp_path: Path) -> Project:
    return load(make_project(tmp_path))


def without_headers(project: Project, monkeypatch: pytest.MonkeyPatch, folder: Path) -> NativeKernel:
    """As on a machine that has a compiler but no Python.h: compiled anew, into an empty cache."""
    with monkeypatch.context() as patch:
        patch.setenv("SEAWALL_CACHE", str(folder))
        patch.setattr("sysconfig.get_path", lambda name: str(folder))
        return NativeKernel(project.law, project.sizes)


def entrances(kernel: NativeKernel) -> Entrances:
    """The extension's functions on a kernel's own buffers."""
    return binding.extension(library(kernel._sizes), kernel._law, kernel._state, kernel._work)


@needs_headers
def test_extension_ctypes_and_python_give_the_same_bits(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fast, slow = NativeKernel(project.law, project.sizes), without_headers(project, monkeypatch, tmp_path)
    assert (fast.call, slow.call) == ("extension", "ctypes")
    python = Controller(project, "python")
    modes = set()
    for samples, now_us, missed in hostile(11, project.sizes["inputs"], 600):
        for channel, time_us, value in samples:
            python.receive(now_us, channel, time_us, value)
            for kernel in (fast, slow):
                kernel.receive(now_us, channel, time_us, value)
        expected = python.tick(now_us, missed)
        for kernel in (fast, slow):
            kernel.step(now_us, int(missed))
        assert fast.output == slow.output == expected
        assert bits(fast.snapshot()) == bits(slow.snapshot()) == bits(python.snapshot())
        modes.add(fast.mode)
    assert modes == {0, 1, 2}
    for kernel in (fast, slow):
        kernel.reset()
    python.reset()
    assert bits(fast.snapshot()) == bits(slow.snapshot()) == bits(python.snapshot())


@pytest.mark.parametrize("call", ["extension", "ctypes"])
def test_the_network_alone(
    project: Project, call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """integrate() is the kernel's rk4.integrate on the filtered inputs and the hidden state."""
    if call == "ctypes":
        kernel = without_headers(project, monkeypatch, tmp_path)
    else:
        kernel = NativeKernel(project.law, project.sizes)
    state, work = allocate(State, project.sizes), allocate(Work, project.sizes)
    state.filtered[:] = [0.3 - 0.5 * j for j in range(len(state.filtered))]
    kernel._state.filtered[:] = state.filtered
    for dt in (0.001, 0.0005, 0.002) * 20:
        rk4.integrate(project.law.network, state.filtered, dt, state.hidden, work)
        kernel.integrate(dt)
        assert list(kernel._work.stage) == work.stage
        assert kernel.hidden == state.hidden  # not advanced by itself
        state.hidden[:] = work.stage
        kernel._state.hidden[:] = work.stage
    assert any(state.hidden)


class Number:
    def __index__(self) -> int:
        raise ZeroDivisionError


MISUSES: dict[str, tuple[Callable[[Entrances], Any], type[Exception]]] = {
    "a time of 64 bits and a sign": (lambda e: e.step(2**63, 0), OverflowError),
    "the same below": (lambda e: e.receive(0, -(2**63) - 1, 0, 0.0), OverflowError),
    "a fraction": (lambda e: e.step(0.5, 0), TypeError),  # type: ignore[arg-type]
    "an index that raises": (lambda e: e.step(Number(), 0), ZeroDivisionError),  # type: ignore[arg-type]
    "a word": (lambda e: e.receive(0, 0, 0, "left"), TypeError),  # type: ignore[arg-type]
    "a step as a word": (lambda e: e.integrate("dt"), TypeError),  # type: ignore[arg-type]
    "beyond binary64": (lambda e: e.receive(0, 0, 0, 10**400), OverflowError),
    "too few": (lambda e: e.step(0), TypeError),  # type: ignore[call-arg]
    "too many": (lambda e: e.receive(0, 0, 0, 0.0, 0), TypeError),  # type: ignore[call-arg]
    "none": (lambda e: e.integrate(), TypeError),  # type: ignore[call-arg]
}


@needs_headers
@pytest.mark.parametrize("misuse", MISUSES)
def test_what_does_not_fit_raises_and_changes_nothing(seed_size: Project, misuse: str) -> None:
    kernel = NativeKernel(seed_size.law, seed_size.sizes)
    before = bytes(kernel._state), bytes(kernel._work)
    call, expected = MISUSES[misuse]
    with pytest.raises(expected):
        call(entrances(kernel))
    assert (bytes(kernel._state), bytes(kernel._work)) == before


@needs_headers
def test_all_that_fits_passes_with_its_bits(seed_size: Project) -> None:
    """-1 and -1.0 are also what the interpreter's conversions give on an error."""
    kernel = NativeKernel(seed_size.law, seed_size.sizes)
    for value in (*NASTY, -1.0, -1):
        kernel.reset()
        kernel.receive(1000, 0, 1000, value)
        kernel.step(1000, 0)
        python = Controller(seed_size, "python")
        python.receive(1000, 0, 1000, value)
        python.tick(1000)
        assert bits(kernel.snapshot()) == bits(python.snapshot())
    for time_us in (-1, -(2**63), 2**63 - 1):
        kernel.step(time_us, 0)


@needs_headers
def test_only_buffers_of_the_right_size_are_bound(seed_size: Project) -> None:
    kernel = NativeKernel(seed_size.law, seed_size.sizes)
    path, (law, state, work) = library(seed_size.sizes), (kernel._law, kernel._state, kernel._work)
    wrong: list[tuple[Any, type[Exception]]] = [
        ((state, law, work), ValueError),
        ((law, state, bytearray(bytes(work) + b"\0")), ValueError),
        ((law, memoryview(bytearray(bytes(state) + b"\0"))[1:], work), ValueError),  # not aligned
        ((law, bytes(state), work), BufferError),  # read-only
        ((law, state, 3), TypeError),
    ]
    counts = [sys.getrefcount(b) for b in (law, state, work)]
    for buffers, expected in wrong:
        with pytest.raises(expected):
            binding.extension(path, *buffers)
        del buffers
    assert [sys.getrefcount(b) for b in (law, state, work)] == counts


@needs_headers
def test_bound_functions_keep_their_buffers_and_let_go_of_them(seed_size: Project) -> None:
    kernel = NativeKernel(seed_size.law, seed_size.sizes)
    buffers = kernel._law, kernel._state, kernel._work
    counts = [sys.getrefcount(b) for b in buffers]
    bound = entrances(kernel)
    assert all(sys.getrefcount(b) > n for b, n in zip(buffers, counts, strict=True))
    step = bound.step
    del bound
    step(1000, 0)  # the one function that is left still owns all three
    assert all(sys.getrefcount(b) > n for b, n in zip(buffers, counts, strict=True))
    del step
    assert [sys.getrefcount(b) for b in buffers] == counts


@needs_headers
def test_no_call_leaks_a_reference(seed_size: Project) -> None:
    kernel = NativeKernel(seed_size.law, seed_size.sizes)
    bound = entrances(kernel)
    now, value = 10**12, 0.123456  # neither is an object that the interpreter shares
    calls: list[Callable[[], Any]] = [
        bound.reset,
        lambda: bound.receive(now, 0, now, value),
        lambda: bound.step(now, 0),
        lambda: bound.integrate(value),
        bound.output,
    ]
    shared = [None, now, value]
    for call in calls:
        call()
        before = [sys.getrefcount(o) for o in shared]
        for _ in range(2000):
            call()
        after = [sys.getrefcount(o) for o in shared]
        assert all(abs(a - b) < 100 for a, b in zip(after, before, strict=True))
    commands = bound.output()
    assert sys.getrefcount(commands) == 2
    assert [sys.getrefcount(c) for c in commands] == [3] * len(commands)
