"""Controller: the only mutable state, behind two backends that give the same bits."""

from array import array
from collections.abc import Mapping, Sequence
from copy import deepcopy
from numbers import Real
from operator import index
from pathlib import Path
from typing import Literal, Protocol

from controller import floats
from controller.errors import InputError
from controller.faults import shorten
from controller.kernel import step as kernel
from controller.kernel.modes import CAUSE_NAMES, MODE_NAMES
from controller.kernel.records import Law, State, Work, allocate
from controller.native.binding import NativeKernel
from controller.project import Project, load

Backend = Literal["python", "native"]
BACKENDS = ("python", "native")
WORD = 1 << 63  # times and channels are 64-bit in flight


class Kernel(Protocol):
    """What a backend offers; times in us, values in the inputs' units."""

    def reset(self) -> None: ...
    def receive(self, now_us: int, channel: int, time_us: int, value: float, /) -> None: ...
    def step(self, now_us: int, missed: int, /) -> None: ...
    def snapshot(self) -> State: ...
    @property
    def output(self) -> tuple[float, ...]: ...
    @property
    def hidden(self) -> list[float]: ...
    @property
    def mode(self) -> int: ...
    @property
    def cause(self) -> int: ...


class PythonKernel:
    """The living definition: the kernel's own Python on records of its own."""

    def __init__(self, law: Law, sizes: dict[str, int]) -> None:
        self._law = law
        self._state = allocate(State, sizes)
        self._work = allocate(Work, sizes)
        self.reset()

    def reset(self) -> None:
        """Back to the declared initial state."""
        kernel.reset(self._law, self._state)

    def receive(self, now_us: int, channel: int, time_us: int, value: float) -> None:
        """Accept one sample."""
        kernel.receive(self._law, self._state, now_us, channel, time_us, value)

    def step(self, now_us: int, missed: int) -> None:
        """One control period."""
        kernel.step(self._law, self._state, self._work, now_us, missed)

    def snapshot(self) -> State:
        """A copy of the whole state."""
        return deepcopy(self._state)

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
        return self._state.mode

    @property
    def cause(self) -> int:
        """Why; see controller.kernel.modes."""
        return self._state.cause


class Controller:
    """A project's controller in flight: reset once, then receive samples and tick, or step, each period.

    backend: "python" runs the kernel's own Python; "native" its C, compiled on first use and entered through
    an extension module where Python's headers are installed, else through ctypes: slower, the same bits.
    """

    def __init__(self, project: Project, backend: Backend = "python") -> None:
        if backend not in BACKENDS:
            raise InputError(f"backend {backend!r}: there is no such backend; choose python or native")
        floats.check()
        self.project = project
        self.backend = backend
        self.channels = {sensor.name: j for j, sensor in enumerate(project.config.input)}
        make = NativeKernel if backend == "native" else PythonKernel
        self._kernel: Kernel = make(project.law, project.sizes)
        self._inputs = project.sizes["inputs"]

    @classmethod
    def load(cls, directory: Path | str, backend: Backend = "python") -> "Controller":
        """The controller of the project in a folder; raises InputError."""
        return cls(load(directory), backend)

    def step(
        self,
        timestamp_us: int,
        measurements: Mapping[str, float] | Sequence[float],
        missed: bool = False,
    ) -> tuple[float, ...]:
        """One period at timestamp_us with samples measured now; the commands in output units.

        measurements: by input name (some may be absent), or one for each input in the project's order. A
        number is an int or a float, of numpy too; text, a truth value and None are none. missed: whether the
        last period ended after its deadline. Raises InputError on anything else, and then nothing was done.
        """
        timestamp_us, late = _word(timestamp_us, "timestamp_us"), _flag(missed)
        samples = self._samples(measurements)
        for channel, value in samples:
            self._kernel.receive(timestamp_us, channel, timestamp_us, value)
        self._kernel.step(timestamp_us, late)
        return self._kernel.output

    def _samples(self, measurements: Mapping[str, float] | Sequence[float]) -> list[tuple[int, float]]:
        if isinstance(measurements, Mapping):
            return [(self.channel(name), _real(value, name)) for name, value in measurements.items()]
        given = _row(measurements)
        if len(given) != self._inputs:
            raise InputError(f"measurements: {len(given)} given, {self._inputs} inputs; give one for each")
        named = self.channels.items()
        return [(j, _real(value, name)) for (name, j), value in zip(named, given, strict=True)]

    def receive(self, now_us: int, channel: int | str, time_us: int, value: float) -> None:
        """Accept a sample measured at time_us that arrives at now_us; an unknown number counts as refused."""
        number = self.channel(channel) if isinstance(channel, str) else channel
        words = _word(now_us, "now_us"), _word(number, "channel"), _word(time_us, "time_us")
        self._kernel.receive(*words, _real(value, "value"))

    def tick(self, now_us: int, missed: bool = False) -> tuple[float, ...]:
        """One period at now_us on what was received; the commands in output units."""
        self._kernel.step(_word(now_us, "now_us"), _flag(missed))
        return self._kernel.output

    def channel(self, name: str) -> int:
        """The number of the input with this name; raises InputError if there is none."""
        number = self.channels.get(name)
        if number is None:
            raise InputError(
                f"input {name!r}: there is no such input; choose from {', '.join(self.channels)}"
            )
        return number

    def __copy__(self) -> "Controller":
        """As deepcopy: a controller is its state, and a copy has a life of its own."""
        return deepcopy(self)

    def reset(self) -> None:
        """Back to the declared initial state: at rest, in SAFE, at the safe output."""
        self._kernel.reset()

    def snapshot(self) -> State:
        """A copy of the whole state as a kernel record."""
        return self._kernel.snapshot()

    @property
    def state(self) -> list[float]:
        """A copy of the hidden state."""
        return self._kernel.hidden

    @property
    def output(self) -> tuple[float, ...]:
        """The commands of the last step, in output units."""
        return self._kernel.output

    @property
    def mode(self) -> int:
        """0 NOMINAL, 1 FALLBACK, 2 SAFE."""
        return self._kernel.mode

    @property
    def mode_name(self) -> str:
        """The mode in words."""
        return MODE_NAMES[self._kernel.mode]

    @property
    def cause(self) -> int:
        """The highest cause of the last step; 0 is healthy."""
        return self._kernel.cause

    @property
    def cause_name(self) -> str:
        """The cause in words."""
        return CAUSE_NAMES[self._kernel.cause]


def _word(n: int, name: str) -> int:
    """The number as a plain int of 64 bits: both backends get the same."""
    try:
        whole = index(n)
    except TypeError:
        whole = None
    if whole is None or isinstance(n, bool):
        raise InputError(f"{name}: {shorten(n)!r} is no whole number; give one") from None
    if not -WORD <= whole < WORD:
        raise InputError(f"{name}: {shorten(whole)} does not fit 64 bits; give a smaller number")
    return whole


def _flag(missed: bool) -> int:
    """A truth value as 0 or 1; what is only taken for one, such as the text "False", is refused."""
    if isinstance(missed, bool) or type(missed).__name__ in ("bool_", "bool"):  # numpy's own
        return int(missed)
    raise InputError(f"missed: {shorten(missed)!r} is no truth value; give True or False")


def _row(measurements: Sequence[float]) -> Sequence[float]:
    """A row in its order: a list, a tuple, an array of one dimension; no text, whose characters are none."""
    flat = isinstance(measurements, Sequence | array) or len(getattr(measurements, "shape", ())) == 1
    if not flat or isinstance(measurements, str | bytes | bytearray | memoryview):
        what = shorten(type(measurements).__name__)
        raise InputError(f"measurements: {what} is no row of numbers; give a list, or a dict by input name")
    return measurements


def _real(value: float, name: str) -> float:
    """The number as a plain float; an integer beyond binary64 is outside every range, like an infinity."""
    if type(value) is float:
        return value
    if isinstance(value, bool) or not isinstance(value, Real):
        what = repr(shorten(value)) if isinstance(value, str) else shorten(value)
        raise InputError(f"measurement {name}: {what} is no number; give a float")
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")
