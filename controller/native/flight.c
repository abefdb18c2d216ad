/* The flight binary: a periodic loop around the proved kernel, over a serial line.
 *
 * Everything that decides is in kernel.c; what is here moves bytes and waits for the clock, and is trusted.
 * Nothing is allocated. The order of work in a period: wait, read, step, write, tell the watchdogs.
 */
#define _POSIX_C_SOURCE 200809L

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "arm.h"
#include "host.h"
#include "intake.h"
#include "kernel.h"
#include "line.h"
#include "mission.h"
#include "options.h"
#include "parameters.h"
#include "wire.h"

enum {
    EXIT_WRONG = 1,     /* the self-test failed */
    EXIT_USAGE = 2,     /* the command line makes no sense */
    EXIT_NO_DEVICE = 3, /* the line or the watchdog device can't be opened, or lockstep lost its line */
    EXIT_UNSAFE = 4,    /* stopped, but the safe command did not get through */
    CHUNK = 512,        /* bytes read at once */
    REOPEN_US = 100000,
    STOP_US = 1000000,    /* how long a stop may take to bring the outputs to their safe values */
    DELIVER_US = 1000000, /* and then, how long the safe command may take to get through */
    LOOK_US = 1000,       /* how often a stop looks whether it did */
    TELL_US = 1000000,    /* how often systemd is told of commands that were skipped */
    WAIT_MS = 100
};

typedef struct {
    sw_State state;
    sw_Work work;
    intake_Intake intake;
    int64_t now_us;   /* the time of the last step */
    int64_t retry_us; /* when to open a lost line again */
    int64_t steps;
    int64_t misses;
    int64_t skipped;   /* commands that were not sent: the line was behind, full or lost */
    int64_t told_mode; /* what systemd was last told */
    int64_t told_cause;
    int64_t told_skipped;
    int64_t told_us;
    uint32_t sequence;
    line_Line line;
    host_Watch watch;
    options_Options options;
} Flight;

static Flight flight;
static volatile sig_atomic_t stopping = 0;

static void on_signal(int number)
{
    (void)number;
    stopping = 1;
}

/* Send a command unless an older one is still on its way; 1 where it was handed over. In lockstep each tick has
 * its answer, so there it waits. The last one is followed by zeros, which mean nothing: when all but LINE_UNSEEN
 * bytes were read, the command was. */
static int send_command(Flight *f, const double *outputs, int64_t mode, size_t zeros)
{
    uint8_t payload[WIRE_COMMAND_SIZE + 8 * SW_OUTPUTS];
    uint8_t frame[WIRE_FRAME(sizeof payload) + LINE_UNSEEN];
    size_t n = wire_put_command(payload, f->sequence, f->now_us, mode, f->state.cause, outputs, SW_OUTPUTS);
    if (!f->options.lockstep && !line_ready(&f->line)) {
        return 0;
    }
    n = wire_encode(payload, n, frame);
    memset(frame + n, 0, zeros);
    return line_write(&f->line, frame, n + zeros, f->options.lockstep ? WAIT_MS : 0);
}

static void tell_mode(Flight *f)
{
    char text[128];
    int n;
    const int moved = f->state.mode != f->told_mode || f->state.cause != f->told_cause;
    if (!moved && (f->skipped == f->told_skipped || f->now_us - f->told_us < TELL_US)) {
        return;
    }
    f->told_mode = f->state.mode;
    f->told_cause = f->state.cause;
    f->told_skipped = f->skipped;
    f->told_us = f->now_us;
    n = snprintf(text, sizeof text, "STATUS=%s: %s", MISSION_MODES[f->state.mode], MISSION_CAUSES[f->state.cause]);
    if (f->skipped > 0) {
        (void)snprintf(text + n, sizeof text - (size_t)n, "; %" PRId64 " commands skipped", f->skipped);
    }
    host_notify(&f->watch, text);
}

/* One control period on what was received. */
static void period(Flight *f, int64_t now_us, int64_t missed)
{
    f->now_us = now_us;
    intake_deliver(&f->intake, &f->state, now_us);
    seawall_step(&seawall_law, &f->state, &f->work, now_us, missed);
    f->steps++;
    f->misses += missed;
    f->skipped += !send_command(f, f->state.output, f->state.mode, 0);
    tell_mode(f);
}

/* Open a lost line again, at most every REOPEN_US. */
static void mend_line(Flight *f, int64_t now_us)
{
    if (f->line.fd >= 0 || now_us < f->retry_us) {
        return;
    }
    f->retry_us = now_us + REOPEN_US;
    if (line_open(&f->line) == 0) {
        intake_reset(&f->intake);
        host_say("%s: the line is back\n", f->line.path);
    }
}

/* The next start after a period that was due at due_us and has ended: the first that is still ahead. */
static int64_t next_due(int64_t due_us, int64_t ended_us)
{
    const int64_t period_us = seawall_law.clock.nominal_us;
    const int64_t late_us = ended_us - due_us;
    return due_us + period_us + (late_us > period_us ? late_us / period_us * period_us : 0);
}

/* The loop by the clock, until a signal. A period that ends after its deadline is told to the next. */
static void fly(Flight *f)
{
    int64_t due_us = host_now_us() + seawall_law.clock.nominal_us;
    int64_t missed = 0;
    while (!stopping) {
        int64_t ended_us;
        host_sleep_until(due_us);
        mend_line(f, due_us);
        intake_collect(&f->intake, &f->state, &f->line);
        f->sequence++;
        period(f, host_now_us(), missed);
        ended_us = host_now_us();
        host_alive(&f->watch, ended_us);
        missed = ended_us - due_us > MISSION_DEADLINE_US;
        due_us = next_due(due_us, ended_us);
    }
}

/* The loop by TICK frames, until a signal; 0, or -1 where the line died. */
static int follow(Flight *f)
{
    while (!stopping && f->line.fd >= 0) {
        uint8_t chunk[CHUNK];
        wire_Tick tick;
        size_t n;
        line_wait(&f->line, WAIT_MS);
        n = line_read(&f->line, chunk, CHUNK);
        for (size_t i = 0; i < n; i++) {
            if (intake_take(&f->intake, &f->state, chunk[i], &tick)) {
                f->sequence = (uint32_t)wire_get(f->intake.splitter.data + 1, 4); /* a command answers its tick */
                period(f, tick.now_us, tick.missed);
            }
        }
        host_alive(&f->watch, host_now_us());
    }
    return stopping ? 0 : -1;
}

/* A time of the last step that can be counted on from: a TICK may have said anything. */
static int64_t countable(int64_t us)
{
    return us < 0 ? 0 : us > MISSION_LATEST_US ? MISSION_LATEST_US : us;
}

/* Whether every output has its safe value. */
static int is_safe(const sw_State *state)
{
    return memcmp(state->output, seawall_law.limits.safe, sizeof state->output) == 0;
}

/* Send the safe command and wait until it has left; 1 where it has. */
static int deliver_safe(Flight *f)
{
    int64_t now_us = host_now_us();
    const int64_t last_us = now_us + DELIVER_US;
    int sent = 0;
    f->sequence++;
    for (; now_us < last_us; now_us = host_now_us()) {
        if (!f->options.lockstep) {
            mend_line(f, now_us);
        }
        if (f->line.fd < 0) {
            sent = 0; /* what was sent may be lost with the line */
        } else if (!sent) {
            sent = send_command(f, seawall_law.limits.safe, MISSION_SAFE, LINE_UNSEEN);
        } else if (line_ready(&f->line)) {
            return 1;
        }
        host_alive(&f->watch, now_us);
        host_sleep_until(now_us + LOOK_US);
    }
    return 0;
}

/* Bring the outputs to their safe values: the kernel is told that every sensor is bad, so it goes to SAFE
 * and keeps to the slew limits on the way. The last command is the safe one in any case; 1 where it got
 * through. */
static int stop(Flight *f)
{
    const double nan = wire_real(0x7ff8000000000000);
    int64_t now_us = countable(f->now_us);
    const int64_t last_us = now_us + STOP_US;
    host_notify(&f->watch, "STOPPING=1");
    intake_reset(&f->intake);
    do {
        now_us += seawall_law.clock.nominal_us;
        if (!f->options.lockstep) {
            host_sleep_until(now_us);
            now_us = host_now_us();
            mend_line(f, now_us);
        }
        for (int64_t j = 0; j < SW_INPUTS; j++) {
            /* stamped as late as may be, so that no sample of the channel is newer */
            seawall_receive(&seawall_law, &f->state, now_us, j, now_us + seawall_law.clock.ahead_us, nan);
        }
        f->sequence++;
        period(f, now_us, 0);
        host_alive(&f->watch, host_now_us());
    } while (!is_safe(&f->state) && now_us < last_us && (f->line.fd >= 0 || !f->options.lockstep));
    return deliver_safe(f);
}

static void catch_signals(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGINT, &action, NULL);
    action.sa_handler = SIG_IGN; /* a hung-up line is a fault to survive */
    (void)sigaction(SIGHUP, &action, NULL);
    (void)sigaction(SIGPIPE, &action, NULL);
}

/* Open all that flight needs; an exit status. */
static int prepare(Flight *f)
{
    int fault;
    f->line.path = f->options.port;
    f->line.baud = f->options.baud;
    fault = line_open(&f->line);
    if (fault != 0) {
        host_say("%s: can't be opened as a serial line (%s); give a port that this user may use\n", f->line.path,
                 strerror(fault));
        return EXIT_NO_DEVICE;
    }
    if (host_watch_open(&f->watch, f->options.watchdog) != 0) {
        return EXIT_NO_DEVICE;
    }
    seawall_reset(&seawall_law, &f->state);
    f->intake.by_arrival = f->options.times == TIMES_ARRIVAL;
    intake_reset(&f->intake);
    f->told_mode = -1;
    catch_signals();
    if (!f->options.lockstep) {
        host_realtime((int)f->options.priority);
    }
    return 0;
}

/* Stop, let all go, and say how it ended; the exit status. */
static int finish(Flight *f, int status)
{
    const int safe = stop(f);
    host_watch_close(&f->watch);
    line_close(&f->line);
    host_tell("%s: %s after %" PRId64 " periods; %" PRId64 " deadlines missed, %" PRId64 " commands skipped, %" PRIu32
              " frames refused\n", MISSION_NAME, safe ? "stopped safe" : "stopped", f->steps, f->misses, f->skipped,
              f->intake.splitter.refused + f->intake.splitter.oversized);
    if (!safe) {
        host_say("%s: the safe command did not get through; stop the actuator by other means\n", f->line.path);
    }
    return status == 0 && !safe ? EXIT_UNSAFE : status;
}

int main(int count, char **words)
{
    Flight *const f = &flight;
    int status;
    host_streams();
    if (options_parse(&f->options, count, words) != 0) {
        options_usage(stderr);
        return EXIT_USAGE;
    }
    if (f->options.help) {
        options_usage(stdout);
        return 0;
    }
    if (arm_check() != 0) {
        return EXIT_WRONG;
    }
    host_tell("%s: self-test passed, every bit right; kernel %.12s, parameters %.12s\n", MISSION_NAME,
              MISSION_KERNEL_DIGEST, MISSION_PARAMETER_DIGEST);
    if (f->options.check_only) {
        return 0;
    }
    status = prepare(f);
    if (status != 0) {
        return status;
    }
    host_notify(&f->watch, "READY=1");
    if (f->options.lockstep) {
        status = follow(f) == 0 ? 0 : EXIT_NO_DEVICE;
    } else {
        fly(f);
    }
    return finish(f, status);
}
