"""reset, receive and step as functions from what was to what is, by the paths of the records.

A proof cuts the period at two places (see step): there it goes on with the program's own node, once that is
proved equal to what is written here.
"""

from collections.abc import Callable
from typing import Any

from verification.specification import law as control
from verification.specification import rules
from verification.specification.notation import Number, both, either, no, real, where, within
from verification.specification.rules import NONE, SAFE

Memory = dict[str, Number]  # by path, "hidden[0]"
Cut = Callable[[str, Number], Number]
NEVER_US = -(2**62)  # the time of the last step before the first
FAR_US = 2**61  # a clock beyond stands there
US = 1.0e-6  # in s
COMMAND_LIMIT = 1.0e300


RECORDS = {  # every number there is, with the sizes of its list; those of INTEGERS are whole
    "law.network": {
        "w_in": "inputs hidden", "w_rec": "hidden hidden", "w_out": "hidden outputs", "b_out": "outputs",
        **dict.fromkeys(("b", "tau_gain", "tau_bias"), "hidden"),
    },
    "law.sensors": dict.fromkeys(
        (
            "low", "high", "rest", "offset", "scale", "seen_low", "seen_high", "filter_s", "stale_us",
            "fallback",
        ),
        "inputs",
    ),
    "law.limits": {
        **dict.fromkeys(("state_low", "state_high"), "hidden"),
        **dict.fromkeys(("low", "high", "safe", "max_rate"), "outputs"),
    },
    "law.pid": dict.fromkeys(
        ("channel", "setpoint", "kp", "ki", "kd", "integral_low", "integral_high"), "outputs"
    ),
    "law.clock": dict.fromkeys(("low_us", "high_us", "nominal_us", "ahead_us", "recovery"), ""),
    "state.inbox": {
        "time_us": "inputs slots", "value": "inputs slots", "seen_us": "inputs",
        **dict.fromkeys(("late", "duplicate", "overflow", "refused"), ""),
    },
    "state": {
        **dict.fromkeys(("held", "held_us", "bad", "filtered"), "inputs"), "hidden": "hidden",
        **dict.fromkeys(("integral", "previous_error", "output"), "outputs"),
        **dict.fromkeys(("previous_us", "mode", "healthy", "cause"), ""),
    },
}  # fmt: skip
INTEGERS = (
    "stale_us", "fallback", "channel", "low_us", "high_us", "nominal_us", "ahead_us", "recovery", "time_us",
    "seen_us", "late", "duplicate", "overflow", "refused", "held_us", "bad", "previous_us", "mode", "healthy",
    "cause",
)  # fmt: skip


def shape(sizes: dict[str, int]) -> dict[str, str]:
    """Every number of the records by its path: "integer" or "real"."""
    found: dict[str, str] = {}
    for record, fields in RECORDS.items():
        for name, dims in fields.items():
            paths = [f"{record}.{name}"]
            for dim in dims.split():
                paths = [f"{path}[{n}]" for path in paths for n in range(sizes[dim])]
            found |= dict.fromkeys(paths, "integer" if name in INTEGERS else "real")
    return found


def reset(law: Any, state: Any) -> Memory:
    """At rest, in SAFE at the safe outputs, nothing received, nothing counted."""
    slots = range(len(state.inbox.time_us[0]))
    start: Memory = {f"inbox.{name}": 0 for name in ("late", "duplicate", "overflow", "refused")}
    for j, rest in enumerate(law.sensors.rest):
        start |= {f"inbox.time_us[{j}][{s}]": NONE for s in slots}
        start |= {f"inbox.value[{j}][{s}]": 0.0 for s in slots}
        start |= {f"held[{j}]": rest, f"filtered[{j}]": _seen(law, rest, j)}
        start |= {f"held_us[{j}]": NONE, f"inbox.seen_us[{j}]": NONE, f"bad[{j}]": 0}
    start |= {f"hidden[{i}]": 0.0 for i in range(len(law.network.b))}
    for k, safe in enumerate(law.limits.safe):
        start |= {f"output[{k}]": safe, f"integral[{k}]": 0.0, f"previous_error[{k}]": 0.0}
    return start | {"previous_us": NEVER_US, "mode": SAFE, "healthy": 0, "cause": rules.HEALTHY}


def receive(law: Any, state: Any, now_us: Number, channel: Number, time_us: Number, value: Number) -> Memory:
    """What one sample changes."""
    box, found = state.inbox, Memory()
    arrivals = [
        rules.arrival(j, row, box.seen_us[j], law.clock.ahead_us, now_us, channel, time_us)
        for j, row in enumerate(box.time_us)
    ]
    full = [row[0] > NONE for row in box.time_us]
    for j, (a, times, values) in enumerate(zip(arrivals, box.time_us, box.value, strict=True)):
        times, values = rules.inserted(times, values, a, time_us, rules.usable(value))
        found |= {f"inbox.time_us[{j}][{s}]": t for s, t in enumerate(times)}
        found |= {f"inbox.value[{j}][{s}]": v for s, v in enumerate(values)}
    events = {
        "late": [a.late for a in arrivals],
        "duplicate": [a.duplicate for a in arrivals],
        "overflow": [both(one, a.fresh) for a, one in zip(arrivals, full, strict=True)],
        "refused": [no(either(*(a.mine for a in reversed(arrivals))))],
    }
    return found | {f"inbox.{name}": rules.counted(getattr(box, name), *e) for name, e in events.items()}


def _as_it_is(name: str, value: Number) -> Number:
    return value


def step(law: Any, state: Any, now_us: Number, missed: Number, cut: Cut = _as_it_is) -> Memory:
    """What a new period changes: one whose time, held to +-FAR_US, is not the last one's.

    cut(path, value): what goes on in place of a value that the state holds afterwards, or of a time.
    """
    now = within(now_us, -FAR_US, FAR_US)
    first = state.previous_us < -FAR_US
    passed, clock = where(first, 0, now - state.previous_us), law.clock
    back = passed < 0
    elapsed = where(first, clock.nominal_us, passed)
    dt = real(cut("period_us", within(elapsed, clock.low_us, clock.high_us))) * US
    slew_s = real(cut("slew_us", within(passed, 0, clock.high_us))) * US
    found = Memory(previous_us=now)

    looks = [_look(law, state, j, now, back) for j in range(len(state.held))]
    for j, one in enumerate(looks):
        one.held, one.held_us = cut(f"held[{j}]", one.held), cut(f"held_us[{j}]", one.held_us)
        one.bad = cut(f"bad[{j}]", one.bad)
        found |= {f"held[{j}]": one.held, f"held_us[{j}]": one.held_us, f"bad[{j}]": one.bad}
        found |= {f"inbox.seen_us[{j}]": one.used_us}
        found |= {f"inbox.time_us[{j}][{s}]": t for s, t in enumerate(one.times)}
    found["inbox.refused"] = rules.counted(state.inbox.refused, *(r for one in looks for r in one.refused))

    filtered = [_smoothed(law, state, one.held, j, dt) for j, one in enumerate(looks)]
    hidden, limited = _think(law, state, filtered, dt)
    commands = [control.decoded(law.network, hidden, k) for k in range(len(state.output))]
    found |= {f"filtered[{j}]": x for j, x in enumerate(filtered)}
    found |= {f"hidden[{i}]": h for i, h in enumerate(hidden)}

    late = either(elapsed < clock.low_us, elapsed > clock.high_us)
    signs = [*_health(law, looks, now), limited, _no_number(commands), late, missed > 0]
    found["cause"] = cut("cause", rules.cause_of(signs))
    mode, healthy = rules.next_mode(state.mode, state.healthy, found["cause"], clock.recovery)
    found |= {"mode": cut("mode", mode), "healthy": healthy}
    for k, command in enumerate(commands):
        found |= _drive(law, state, k, [one.held for one in looks], command, found["mode"], dt, slew_s)
    return found


def _look(law: Any, state: Any, j: int, now: Number, back: Any) -> rules.Look:
    sensors, box = law.sensors, state.inbox
    before = state.held[j], state.held_us[j], state.bad[j], box.seen_us[j]
    return rules.look(
        box.time_us[j], box.value[j], sensors.low[j], sensors.high[j], law.clock.ahead_us, now, back, before
    )


def _seen(law: Any, measured: Number, j: int) -> Number:
    s = law.sensors
    return control.seen(measured, s.offset[j], s.scale[j], s.seen_low[j], s.seen_high[j])


def _smoothed(law: Any, state: Any, held: Number, j: int, dt: Number) -> Number:
    s = law.sensors
    x, walls = _seen(law, held, j), (s.seen_low[j], s.seen_high[j])
    return control.smoothed(state.filtered[j], x, s.filter_s[j], dt, *walls)


def _think(law: Any, state: Any, x: list[Number], dt: Number) -> tuple[list[Number], Any]:
    """The hidden state after dt in equal substeps, each held to its limits; whether one was met."""
    h, met = list(state.hidden), []
    limits = list(zip(law.limits.state_low, law.limits.state_high, strict=True))
    share = dt / real(law.substeps)
    for _ in range(law.substeps):
        free = control.runge_kutta(law.network, x, h, share)
        met += [no(_inside(v, low, high)) for v, (low, high) in zip(free, limits, strict=True)]
        h = [within(control.trusted(v, 0.0), *wall) for v, wall in zip(free, limits, strict=True)]
    return h, either(*reversed(met))


def _inside(v: Number, low: Number, high: Number) -> Any:
    """Whether a float is a number in [low, high]."""
    return both(no(v < low), no(high < v), v < control.NO_NUMBER)


def _no_number(commands: list[Number]) -> Any:
    return either(*(no(_inside(v, -COMMAND_LIMIT, COMMAND_LIMIT)) for v in reversed(commands)))


def _health(law: Any, looks: list[rules.Look], now: Number) -> list[Any]:
    """The first four signs: a sensor of the PID bad, or stale; another bad, or stale."""
    s, ahead_us = law.sensors, law.clock.ahead_us
    own = [used > 0 for used in s.fallback]
    bad = [one.bad > 0 for one in looks]
    old = [no(rules.fresh(one.held_us, now, s.stale_us[j], ahead_us)) for j, one in enumerate(looks)]
    kinds = [(own, bad), (own, old), ([no(p) for p in own], bad), ([no(p) for p in own], old)]
    pairs = [list(zip(*kind, strict=True)) for kind in kinds]
    return [either(*(both(whose, fault) for whose, fault in reversed(one))) for one in pairs]


def _drive(
    law: Any,
    state: Any,
    k: int,
    held: list[Number],
    command: Number,
    mode: Number,
    dt: Number,
    slew_s: Number,
) -> Memory:
    """Output k: the network in NOMINAL, the PID in FALLBACK, the safe value in SAFE; through the guard."""
    pid, limits = law.pid, law.limits
    measured: Number = 0.0
    for j, value in enumerate(held):
        measured = where(pid.channel[k] == j, value, measured)
    error = pid.setpoint[k] - measured
    integral = within(state.integral[k] + error * dt, pid.integral_low[k], pid.integral_high[k])
    slope = (error - state.previous_error[k]) / dt
    fallback = pid.kp[k] * error + pid.ki[k] * integral + pid.kd[k] * slope
    chosen = where(mode > rules.FALLBACK, limits.safe[k], where(mode < rules.FALLBACK, command, fallback))
    driven = control.guarded(
        chosen, state.output[k], limits.low[k], limits.high[k], limits.safe[k], limits.max_rate[k] * slew_s
    )
    counts = where(mode < rules.FALLBACK, 0.0, where(mode > rules.FALLBACK, 0.0, integral))
    return {f"output[{k}]": driven, f"integral[{k}]": counts, f"previous_error[{k}]": error}
