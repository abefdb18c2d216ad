"""Who drives the actuator: the network, the PID fallback or the safe output.

A period has one cause, the highest of those that hold: a total order, 1 the highest. Getting worse
takes effect in the same period. Getting better climbs one mode at a time: from SAFE to FALLBACK after
`recovery` periods in a row that ask for better than SAFE, from FALLBACK to NOMINAL after `recovery` more,
each of them healthy. So the network drives only after `recovery` healthy periods in a row. On integers only.
"""

from controller.kernel.scalar import select

NOMINAL = 0  # the network drives
FALLBACK = 1  # the PID drives
SAFE = 2  # the declared safe output drives

HEALTHY = 0
REFERENCE_BAD = 1  # the PID's own input is NaN or out of range
REFERENCE_STALE = 2  # the PID's own input is too old, or never came
SENSOR_BAD = 3  # another input is NaN or out of range
SENSOR_STALE = 4  # another input is too old, or never came
STATE_LIMIT = 5  # the hidden state left its bounds (proved never to happen)
COMMAND_BAD = 6  # the decoder's command is not finite (proved never to happen)
CLOCK = 7  # the time since the last step is outside its declared range
DEADLINE = 8  # the last step ended after its deadline

MODE_NAMES = ("NOMINAL", "FALLBACK", "SAFE")
CAUSE_NAMES = (
    "healthy",
    "fallback sensor out of range",
    "fallback sensor stale or missing",
    "sensor out of range",
    "sensor stale or missing",
    "state outside its bounds",
    "command not finite",
    "step time outside its range",
    "deadline missed",
)
TRANSITION_NAMES = {  # SAFE to NOMINAL has no name: it does not occur
    (NOMINAL, NOMINAL): "hold nominal",
    (NOMINAL, FALLBACK): "degrade",
    (NOMINAL, SAFE): "trip",
    (FALLBACK, NOMINAL): "recover",
    (FALLBACK, FALLBACK): "hold fallback",
    (FALLBACK, SAFE): "trip from fallback",
    (SAFE, FALLBACK): "leave safe",
    (SAFE, SAFE): "hold safe",
}


def worst(
    reference_bad: int,
    reference_stale: int,
    sensor_bad: int,
    sensor_stale: int,
    state_limit: int,
    command_bad: int,
    clock: int,
    deadline: int,
) -> int:
    """The cause of the highest priority among the flags that are set (1), or HEALTHY.

    post: 0 <= _ <= 8
    post: _ > 0 or max(reference_bad, reference_stale, sensor_bad, sensor_stale) <= 0
    post: _ > 0 or max(state_limit, command_bad, clock, deadline) <= 0
    post: reference_bad <= 0 or _ == 1
    """
    cause = select(0, deadline, DEADLINE, HEALTHY)
    cause = select(0, clock, CLOCK, cause)
    cause = select(0, command_bad, COMMAND_BAD, cause)
    cause = select(0, state_limit, STATE_LIMIT, cause)
    cause = select(0, sensor_stale, SENSOR_STALE, cause)
    cause = select(0, sensor_bad, SENSOR_BAD, cause)
    cause = select(0, reference_stale, REFERENCE_STALE, cause)
    return select(0, reference_bad, REFERENCE_BAD, cause)


def wanted(cause: int) -> int:
    """The mode that a cause asks for.

    pre: 0 <= cause <= 8
    post: _ == (0 if cause == 0 else 2 if cause <= 2 else 1)
    """
    return select(0, cause, select(cause, SENSOR_BAD, SAFE, FALLBACK), NOMINAL)


def tally(mode: int, want: int, healthy: int) -> int:
    """Periods in a row that asked for a better mode, this one included.

    pre: healthy >= 0
    post: _ == (healthy + 1 if want < mode else 0)
    """
    return select(want, mode, healthy + 1, 0)


def advance(mode: int, want: int, count: int, recovery: int) -> int:
    """The next mode: worse at once, one better (so never below want) when count reaches recovery.

    pre: 0 <= mode <= 2 and 0 <= want <= 2 and recovery >= 1
    pre: (count == 0) if want >= mode else (1 <= count <= recovery)
    post: _ == (want if want >= mode else mode if count < recovery else mode - 1)
    post: _ >= max(want, mode - 1)
    """
    above = select(FALLBACK, mode, FALLBACK, NOMINAL)
    better = select(count, recovery, mode, above)
    return select(mode, want, want, better)


def remaining(count: int, recovery: int) -> int:
    """The tally to remember: it starts again with each mode climbed.

    pre: 0 <= count <= recovery and recovery >= 1
    post: 0 <= _ < recovery
    """
    return select(count, recovery, count, 0)
