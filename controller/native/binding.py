"""The compiled kernel behind ctypes: the same records, laid out as the C structs."""

import ctypes
from collections.abc import Callable
from functools import partial
from typing import Any

from controller.kernel.records import Law, State, Work, allocate, dimensions, is_integer
from controller.native.build import library
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


class NativeKernel:
    """One controller's buffers and the three entry points of the compiled kernel."""

    def __init__(self, law: Law, sizes: dict[str, int]) -> None:
        self._sizes = sizes
        # PyDLL keeps the interpreter lock: the call takes less time than handing the lock over
        code = ctypes.PyDLL(str(library(sizes)))
        self._law = structure(Law, sizes)()
        self._state: Any = structure(State, sizes)()
        self._work = structure(Work, sizes)()
        fill(self._law, law)
        law_ref, state_ref = ctypes.byref(self._law), ctypes.byref(self._state)
        i64, f64 = ctypes.c_int64, ctypes.c_double
        for function in (code.seawall_reset, code.seawall_receive, code.seawall_step):
            function.restype = None
        pointer = ctypes.c_void_p
        code.seawall_receive.argtypes = [pointer, i64, i64, i64, f64]
        code.seawall_step.argtypes = [pointer, pointer, pointer, i64, i64]
        self.reset: Callable[[], None] = partial(code.seawall_reset, law_ref, state_ref)
        self.receive: Callable[[int, int, int, float], None] = partial(code.seawall_receive, state_ref)
        self.step: Callable[[int, int], None] = partial(
            code.seawall_step, law_ref, state_ref, ctypes.byref(self._work)
        )
        self.reset()

    @property
    def output(self) -> tuple[float, ...]:
        """The commands of the last step, in output units."""
        return tuple(self._state.output)

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
