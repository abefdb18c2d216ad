"""Every buffer of the kernel: one declaration gives the Python object, the C struct and the trace.

A field is an int, a float, a record, or a list whose annotation names its dimensions.
All times are in microseconds (`_us`), all integers fit int64 (proved), all floats are binary64.
"""

from dataclasses import dataclass, fields
from typing import Annotated, Any, TypeVar, get_args, get_type_hints

Inputs = Annotated[list[float], "inputs"]
InputInts = Annotated[list[int], "inputs"]
Hidden = Annotated[list[float], "hidden"]
Outputs = Annotated[list[float], "outputs"]
OutputInts = Annotated[list[int], "outputs"]
Slots = Annotated[list[float], "slots"]
SlotInts = Annotated[list[int], "slots"]
InputsBySlots = Annotated[list[list[float]], "inputs", "slots"]
InputsBySlotInts = Annotated[list[list[int]], "inputs", "slots"]
InputsByHidden = Annotated[list[list[float]], "inputs", "hidden"]
HiddenByHidden = Annotated[list[list[float]], "hidden", "hidden"]
HiddenByOutputs = Annotated[list[list[float]], "hidden", "outputs"]
Substeps = Annotated[int, "substeps"]  # a size, not a variable: the C has it as a constant

Record = TypeVar("Record")


@dataclass(slots=True)
class Network:
    """The trained weights of an LTC and its linear decoder (network.json)."""

    w_in: InputsByHidden
    w_rec: HiddenByHidden
    b: Hidden
    tau_gain: Hidden
    tau_bias: Hidden
    w_out: HiddenByOutputs
    b_out: Outputs


@dataclass(slots=True)
class Sensors:
    """What each input means: its range, the value held before the first sample, how the network sees it
    ((measured - offset) * scale, in [seen_low, seen_high]), low-pass time constant in s, age limit."""

    low: Inputs
    high: Inputs
    rest: Inputs
    offset: Inputs
    scale: Inputs
    seen_low: Inputs
    seen_high: Inputs
    filter_s: Inputs
    stale_us: InputInts
    fallback: InputInts  # 1 where the PID reads this input


@dataclass(slots=True)
class Limits:
    """The hard limits: hidden state, output range, safe output, slew rate per second."""

    state_low: Hidden
    state_high: Hidden
    low: Outputs
    high: Outputs
    safe: Outputs
    max_rate: Outputs


@dataclass(slots=True)
class Pid:
    """The fallback controller of each output; `channel` is the input that it reads."""

    channel: OutputInts
    setpoint: Outputs
    kp: Outputs
    ki: Outputs
    kd: Outputs
    integral_low: Outputs
    integral_high: Outputs


@dataclass(slots=True)
class Clock:
    """The declared range of the time between two steps, how far ahead of this clock a sample's time may be,
    and the periods that each better mode takes."""

    low_us: int
    high_us: int
    nominal_us: int
    ahead_us: int
    recovery: int


@dataclass(slots=True)
class Law:
    """All that is constant in flight."""

    network: Network
    sensors: Sensors
    limits: Limits
    pid: Pid
    clock: Clock
    substeps: Substeps


@dataclass(slots=True)
class Inbox:
    """Samples that wait, a row for each channel, oldest first; an empty slot has time -1. See inbox.py."""

    time_us: InputsBySlotInts
    value: InputsBySlots
    seen_us: InputInts
    late: int
    duplicate: int
    overflow: int
    refused: int


@dataclass(slots=True)
class State:
    """All that a step remembers."""

    inbox: Inbox
    held: Inputs
    held_us: InputInts
    bad: InputInts
    filtered: Inputs
    hidden: Hidden
    integral: Outputs
    previous_error: Outputs
    output: Outputs
    previous_us: int
    mode: int
    healthy: int
    cause: int


@dataclass(slots=True)
class Work:
    """Scratch of one step; nothing in it is read before it is written (proved)."""

    total: Hidden
    k1: Hidden
    k2: Hidden
    k3: Hidden
    k4: Hidden
    stage: Hidden
    decoded: Outputs


def allocate(record: type[Record], sizes: dict[str, int]) -> Record:
    """A record of zeros whose lists have the given sizes; the only place that allocates."""
    hints = get_type_hints(record, include_extras=True)
    return record(**{f.name: _zeros(hints[f.name], sizes) for f in fields(record)})  # type: ignore[arg-type]


def dimensions(hint: Any) -> tuple[str, ...]:
    """The names of the dimensions in an annotation; () for a scalar or a record."""
    return get_args(hint)[1:] if hasattr(hint, "__metadata__") else ()


def element(hint: Any) -> Any:
    """The annotation of one element of a list: a row, or a scalar."""
    base, *names = get_args(hint)
    inner = get_args(base)[0]
    return Annotated[inner, *names[1:]] if names[1:] else inner


def is_integer(hint: Any) -> bool:
    """Whether an annotation's elements are int (not float)."""
    base = get_args(hint)[0] if hasattr(hint, "__metadata__") else hint
    while get_args(base):
        base = get_args(base)[0]
    return base is int


def _zeros(hint: Any, sizes: dict[str, int]) -> Any:
    dims = dimensions(hint)
    if hint is Substeps:
        return sizes["substeps"]
    if not dims:
        return hint() if hint in (int, float) else allocate(hint, sizes)
    zero = 0 if is_integer(hint) else 0.0
    row: Any = [zero] * sizes[dims[-1]]
    return [list(row) for _ in range(sizes[dims[0]])] if len(dims) == 2 else row
