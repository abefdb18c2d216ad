"""READ FIRST: one control period, from samples to actuator.

reset once; then, in every period, receive each sample and step. After a step, state.output holds the
commands, state.mode who gave them, state.cause why.
"""

from controller.kernel.clamp import bounded, clamp, finite, outside, same
from controller.kernel.decoder import decode
from controller.kernel.filter import low_pass, seen
from controller.kernel.guard import guard
from controller.kernel.inbox import EMPTY, push, stale, take
from controller.kernel.modes import FALLBACK, HEALTHY, SAFE, advance, remaining, tally, wanted, worst
from controller.kernel.pid import accumulate, command
from controller.kernel.records import Law, State, Work
from controller.kernel.rk4 import integrate
from controller.kernel.scalar import real, select

SECONDS_PER_US = 1.0e-6
FAR_US = 2305843009213693952  # 2**61 us, 73,000 years: the clock counts as standing there beyond
NEVER = -4611686018427387904  # -2**62: there was no step yet


def reset(law: Law, state: State) -> None:
    """The declared initial state: at rest, in SAFE, at the safe output, with an empty inbox."""
    box = state.inbox
    box.late = 0
    box.duplicate = 0
    box.overflow = 0
    box.refused = 0
    for j in range(len(state.held)):
        for s in range(len(box.time_us[j])):
            box.time_us[j][s] = EMPTY
            box.value[j][s] = 0.0
        box.seen_us[j] = EMPTY
        state.held[j] = law.sensors.rest[j]
        state.held_us[j] = EMPTY
        state.bad[j] = 0
        state.filtered[j] = observe(law, state.held[j], j)
    for i in range(len(state.hidden)):
        state.hidden[i] = 0.0
    for k in range(len(state.output)):
        state.integral[k] = 0.0
        state.previous_error[k] = 0.0
        state.output[k] = law.limits.safe[k]
    state.previous_us = NEVER
    state.mode = SAFE
    state.healthy = 0
    state.cause = HEALTHY


def receive(law: Law, state: State, now_us: int, channel: int, time_us: int, value: float) -> None:
    """Accept one sample of input `channel`, measured at time_us and received at now_us."""
    push(state.inbox, law.clock.ahead_us, now_us, channel, time_us, value)


def step(law: Law, state: State, work: Work, now_us: int, missed: int) -> None:
    """One control period at now_us; `missed` is 1 where the last period ended after its deadline.

    A step at the time of the last one is not a new period: it changes nothing.
    """
    now = bounded(now_us, -FAR_US, FAR_US)
    moved = same(now, state.previous_us, 0, 1)
    first = select(state.previous_us, -FAR_US, 1, 0)
    passed = select(0, first, 0, now - state.previous_us)
    elapsed = select(0, first, law.clock.nominal_us, passed)
    late_clock = select(elapsed, law.clock.low_us, 1, select(law.clock.high_us, elapsed, 1, 0))
    dt = real(bounded(elapsed, law.clock.low_us, law.clock.high_us)) * SECONDS_PER_US
    slew_s = real(bounded(passed, 0, law.clock.high_us)) * SECONDS_PER_US
    state.previous_us = now
    take(law, state, now, select(passed, 0, 1, 0), moved)
    for j in range(len(state.held)):
        x = observe(law, state.held[j], j)
        low, high = law.sensors.seen_low[j], law.sensors.seen_high[j]
        y = low_pass(state.filtered[j], x, law.sensors.filter_s[j], dt, low, high)
        state.filtered[j] = select(0, moved, y, state.filtered[j])
    state_limit = think(law, state, work, dt, moved)
    decode(law.network, state.hidden, work.decoded)
    choose_mode(law, state, work, now, late_clock, missed, state_limit, moved)
    for k in range(len(state.output)):
        drive(law, state, work, k, dt, slew_s, moved)


def observe(law: Law, measured: float, j: int) -> float:
    """Input j as the network sees it, before the low-pass."""
    sensors = law.sensors
    return seen(measured, sensors.offset[j], sensors.scale[j], sensors.seen_low[j], sensors.seen_high[j])


def think(law: Law, state: State, work: Work, dt: float, moved: int) -> int:
    """Advance the network by dt in equal substeps; 1 where a neuron met its limit (proved never)."""
    share = dt / real(law.substeps)
    met = 0
    for _ in range(law.substeps):
        integrate(law.network, state.filtered, share, state.hidden, work)
        for i in range(len(state.hidden)):
            low, high = law.limits.state_low[i], law.limits.state_high[i]
            met = select(0, outside(work.stage[i], low, high), 1, met)
            h = clamp(finite(work.stage[i], 0.0), low, high)
            state.hidden[i] = select(0, moved, h, state.hidden[i])
    return met


def choose_mode(
    law: Law, state: State, work: Work, now: int, clock: int, missed: int, state_limit: int, moved: int
) -> None:
    """Judge every sensor, the network and the clock; then let the mode advance."""
    reference_bad = 0
    reference_stale = 0
    other_bad = 0
    other_stale = 0
    for j in range(len(state.held)):
        old = stale(state.held_us[j], now, law.sensors.stale_us[j], law.clock.ahead_us)
        used = law.sensors.fallback[j]
        reference_bad = select(0, used, select(0, state.bad[j], 1, reference_bad), reference_bad)
        reference_stale = select(0, used, select(0, old, 1, reference_stale), reference_stale)
        other_bad = select(0, used, other_bad, select(0, state.bad[j], 1, other_bad))
        other_stale = select(0, used, other_stale, select(0, old, 1, other_stale))
    command_bad = 0
    for k in range(len(work.decoded)):
        command_bad = select(0, outside(work.decoded[k], -1.0e300, 1.0e300), 1, command_bad)
    cause = worst(
        reference_bad, reference_stale, other_bad, other_stale,
        state_limit, command_bad, clock, missed,
    )  # fmt: skip
    want = wanted(cause)
    count = tally(state.mode, want, state.healthy)
    mode = advance(state.mode, want, count, law.clock.recovery)
    state.cause = select(0, moved, cause, state.cause)
    state.mode = select(0, moved, mode, state.mode)
    state.healthy = select(0, moved, remaining(count, law.clock.recovery), state.healthy)


def drive(law: Law, state: State, work: Work, k: int, dt: float, slew_s: float, moved: int) -> None:
    """Output k: the command of whoever drives, through the guard; slew_s is the time that passed."""
    pid, limits = law.pid, law.limits
    measured = 0.0
    for j in range(len(state.held)):
        measured = select(j, pid.channel[k], measured, select(pid.channel[k], j, measured, state.held[j]))
    error = pid.setpoint[k] - measured
    low, high = pid.integral_low[k], pid.integral_high[k]
    integral = accumulate(state.integral[k], error, dt, low, high)
    fallback = command(error, state.previous_error[k], integral, dt, pid.kp[k], pid.ki[k], pid.kd[k])
    chosen = select(state.mode, FALLBACK, work.decoded[k], fallback)
    chosen = select(FALLBACK, state.mode, limits.safe[k], chosen)
    slew = limits.max_rate[k] * slew_s
    output = guard(chosen, state.output[k], limits.low[k], limits.high[k], limits.safe[k], slew)
    integral = select(state.mode, FALLBACK, 0.0, select(FALLBACK, state.mode, 0.0, integral))
    state.previous_error[k] = select(0, moved, error, state.previous_error[k])
    state.integral[k] = select(0, moved, integral, state.integral[k])
    state.output[k] = select(0, moved, output, state.output[k])
