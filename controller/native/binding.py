"""The compiled kernel in this process, on the same records laid out as the C structs.

It is called as an extension module (binding.c) where Python's headers are installed, else through ctypes:
the same machine code on the same buffers, so the same bits; only the call takes longer.
"""

import ctypes
from collections.abc import Callable
from functools import partial
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any, Literal, NamedTuple

from controller import floats
from controller.errors import InputError
from controller.kernel.records import Law, State, Work, allocate, dimensions, is_integer
from controller.native import trial
from controller.native.build import compiler, headers, library, name_of
from controller.native.types import is_record, record_hints


def structure(record: Any, sizes: dict[str, int]) -> type[ctypes.Structure]:
    """The ctypes layout of a record."""
    members: list[tuple[str, Any]] = []
    for name, hint in record_hints(record).items():
        if is_record(hint):
            members.append((name, structure(hint, sizes)))
            continue
        kind: Any = ctypes.c_int64 if is_integer(hint) else ctypes.c_double
        for dimension in reversed(dimensions(hint)):
            kind = kind * sizes[dimension]
        members.append((name, kind))
    return type(record.__name__, (ctypes.Structure,), {"_fields_": members})


def fill(target: Any, source: Any) -> None:
    """Copy a kernel record into its ctypes structure."""
    for name in record_hints(type(source)):
        value = getattr(source, name)
        if isinstance(value, list):
            _fill_list(getattr(target, name), value)
        elif is_record(type(value)):
            fill(getattr(target, name), value)
        else:
            setattr(target, name, value)


def _fill_list(target: Any, source: list[Any]) -> None:
    for i, value in enumerate(source):
        if isinstance(value, list):
            _fill_list(target[i], value)
        else:
            target[i] = value


def read(source: Any, target: Any) -> None:
    """Copy a ctypes structure into a kernel record."""
    for name in record_hints(type(target)):
        value = getattr(target, name)
        if isinstance(value, list):
            inner = getattr(source, name)
            value[:] = [list(v) for v in inner] if value and isinstance(value[0], list) else inner[:]
        elif is_record(type(value)):
            read(getattr(source, name), value)
        else:
            setattr(target, name, getattr(source, name))


class Entrances(NamedTuple):
    """The functions of the compiled kernel, bound to one controller's buffers."""

    reset: Callable[[], None]
    receive: Callable[[int, int, int, float], None]
    step: Callable[[int, int], None]
    integrate: Callable[[float], None]
    output: Callable[[], tuple[float, ...]]


def extension(
    path: Path, law: ctypes.Structure, state: ctypes.Structure, work: ctypes.Structure
) -> Entrances:
    """The entrances through the extension module in the library; they keep the buffers alive."""
    spec = spec_from_file_location("seawall_kernel", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no extension module")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return Entrances(*module.bind(law, state, work))


def foreign(path: Path, law: ctypes.Structure, state: ctypes.Structure, work: ctypes.Structure) -> Entrances:
    """The entrances through ctypes; they keep the buffers alive."""
    # PyDLL keeps the interpreter lock: the call takes less time than handing the lock over
    code = ctypes.PyDLL(str(path))
    pointer, i64, f64 = ctypes.c_void_p, ctypes.c_int64, ctypes.c_double

    def bind(function: Any, buffers: list[ctypes.Structure], *types: Any) -> Any:
        function.restype = None
        function.argtypes = [pointer] * len(buffers) + list(types)
        return partial(function, *(ctypes.byref(b) for b in buffers))

    commands: Any = state.output
    return Entrances(
        reset=bind(code.seawall_reset, [law, state]),
        receive=bind(code.seawall_receive, [law, state], i64, i64, i64, f64),
        step=bind(code.seawall_step, [law, state, work], i64, i64),
        integrate=bind(code.seawall_integrate, [law, state, work], f64),
        output=lambda: tuple(commands),
    )


Bind = Callable[[Path, ctypes.Structure, ctypes.Structure, ctypes.Structure], Entrances]
_tried: set[Path] = set()  # the libraries that this process has found to compute as the Python does


def enter(
    bind: Bind, path: Path, law: ctypes.Structure, state: ctypes.Structure, work: ctypes.Structure
) -> Entrances:
    """The entrances by one of the two ways; raises InputError where the library can't be loaded."""
    try:
        return bind(path, law, state, work)
    except (ImportError, OSError) as fault:
        raise InputError(f"{path}: can't be loaded ({fault}); delete it, and it is compiled again") from None


def judge(bind: Bind, path: Path, law: Law, sizes: dict[str, int]) -> None:
    """Raise InputError unless the library gives the Python kernel's bits; asked once in a process."""
    if path in _tried:
        return
    if difference := _difference(bind, path, law, sizes):
        what = f"native backend: the compiler changes the meaning of floats ({difference})"
        raise InputError(f"{what}; make {name_of(compiler())} compile without -ffast-math and the like")
    _tried.add(path)


def _difference(bind: Bind, path: Path, law: Law, sizes: dict[str, int]) -> str | None:
    """What the library does otherwise than the Python kernel in the trial's periods, in words."""
    for flight in trial.flights(law, sizes):
        own, state, work, image = (structure(r, sizes)() for r in (Law, State, Work, State))
        fill(own, flight.law)
        fill(state, flight.state)
        kernel = enter(bind, path, own, state, work)
        if how := floats.departure():  # as loaded code can make it, and then for the Python kernel too
            return f"what it makes {how} once it is loaded"
        for number, period in enumerate(flight.fly(), 1):
            for sample in period.samples:
                kernel.receive(period.now_us, *sample)
            kernel.step(period.now_us, period.missed)
            fill(image, flight.state)
            if name := _first_difference(state, image):
                return f"{name} has other bits after {number} periods of the trial"
    return None


def _first_difference(one: ctypes.Structure, other: ctypes.Structure) -> str | None:
    """The first member whose bits differ."""
    a, b = bytes(one), bytes(other)
    for name, *_ in one._fields_:
        member = getattr(type(one), name)
        if a[member.offset :][: member.size] != b[member.offset :][: member.size]:
            return str(name)
    return None


def _restored(law: Law, sizes: dict[str, int], state: State) -> "NativeKernel":
    kernel = NativeKernel(law, sizes)
    fill(kernel._state, state)
    return kernel


class NativeKernel:
    """One controller's buffers and the entrances to the compiled kernel; `call` says how it is entered.

    Times and channels must fit 64 bits: Controller sees to it.
    """

    def __init__(self, law: Law, sizes: dict[str, int]) -> None:
        self._sizes = sizes
        self._law = structure(Law, sizes)()
        self._state: Any = structure(State, sizes)()
        self._work: Any = structure(Work, sizes)()
        fill(self._law, law)
        self.call: Literal["extension", "ctypes"] = "extension" if headers() else "ctypes"
        bind: Bind = extension if self.call == "extension" else foreign
        path = library(sizes)
        judge(bind, path, law, sizes)
        entrances = enter(bind, path, self._law, self._state, self._work)
        self.reset, self.receive, self.step, self.integrate, self._output = entrances
        self.reset()

    def __reduce__(self) -> tuple[Any, ...]:
        """A copy, also in another process, has buffers of its own: the entrances can't be copied."""
        law = allocate(Law, self._sizes)
        law.substeps = self._sizes["substeps"]
        read(self._law, law)
        return _restored, (law, self._sizes, self.snapshot())

    @property
    def output(self) -> tuple[float, ...]:
        """The commands of the last step, in output units."""
        return self._output()

    @property
    def hidden(self) -> list[float]:
        """A copy of the hidden state."""
        return list(self._state.hidden)

    @property
    def mode(self) -> int:
        """NOMINAL, FALLBACK or SAFE."""
        return int(self._state.mode)

    @property
    def cause(self) -> int:
        """Why; see controller.kernel.modes."""
        return int(self._state.cause)

    def snapshot(self) -> State:
        """A copy of the whole state as a kernel record."""
        state = allocate(State, self._sizes)
        read(self._state, state)
        return state
