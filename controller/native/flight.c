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
    CHUNK = 512,        /* bytes read at once */
    CHUNK_SAMPLES = CHUNK / (WIRE_SAMPLE_SIZE + 6) + 1,
    BATCH = 128, /* samples that one period takes; the rest waits in the operating system */
    REOPEN_US = 100000,
    STOP_US = 1000000, /* how long a stop may take to bring the outputs to their safe values */
    WAIT_MS = 100
};

typedef struct {
    sw_State state;
    sw_Work work;
    wire_Splitter splitter;
    wire_Sample batch[BATCH];
    int count;        /* samples in the batch */
    int64_t now_us;   /* the time of the last step */
    int64_t retry_us; /* when to open a lost line again */
    int64_t steps;
    int64_t misses;
    int64_t told_mode; /* what systemd was last told */
    int64_t told_cause;
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

/* Give the batch to the kernel. By arrival, a sample is as old as this period and the newest of a channel
 * goes first, because the inbox keeps the first of equals; by sender, each has its own time. */
static void deliver(Flight *f, int64_t now_us)
{
    for (int i = 0; i < f->count; i++) {
        const int arrival = !f->options.sender_times;
        const wire_Sample *const s = &f->batch[arrival ? f->count - 1 - i : i];
        seawall_receive(&f->state, now_us, s->channel, arrival ? now_us : s->time_us, s->value);
    }
    f->count = 0;
}

static void send_command(Flight *f, const double *outputs, int64_t mode)
{
    uint8_t payload[WIRE_COMMAND_SIZE + 8 * SW_OUTPUTS];
    uint8_t frame[sizeof payload + WIRE_CHECK + (sizeof payload + WIRE_CHECK) / WIRE_BLOCK + 2];
    const size_t n =
        wire_put_command(payload, f->sequence, f->now_us, mode, f->state.cause, outputs, SW_OUTPUTS);
    line_write(&f->line, frame, wire_encode(payload, n, frame), f->options.lockstep ? WAIT_MS : 0);
}

static void tell_mode(Flight *f)
{
    char text[96];
    if (f->state.mode == f->told_mode && f->state.cause == f->told_cause) {
        return;
    }
    f->told_mode = f->state.mode;
    f->told_cause = f->state.cause;
    (void)snprintf(text, sizeof text, "STATUS=%s: %s", MISSION_MODES[f->state.mode],
                   MISSION_CAUSES[f->state.cause]);
    host_notify(&f->watch, text);
}

/* One control period on what was received. */
static void period(Flight *f, int64_t now_us, int64_t missed)
{
    f->now_us = now_us;
    deliver(f, now_us);
    seawall_step(&seawall_law, &f->state, &f->work, now_us, missed);
    f->steps++;
    f->misses += missed;
    send_command(f, f->state.output, f->state.mode);
    tell_mode(f);
}

/* Take one byte of the line; 1 and the tick where it completes a TICK. */
static int take(Flight *f, uint8_t byte, wire_Tick *tick)
{
    const size_t n = wire_splitter_take(&f->splitter, byte);
    if (n == WIRE_REFUSED) {
        return 0;
    }
    if (f->count == BATCH) { /* only in lockstep, where a period is as long as the other end likes */
        deliver(f, f->now_us);
    }
    if (wire_get_sample(f->splitter.data, n, &f->batch[f->count])) {
        f->count++;
        return 0;
    }
    return wire_get_tick(f->splitter.data, n, tick);
}

/* Read what has arrived, up to a full batch. */
static void collect(Flight *f)
{
    uint8_t chunk[CHUNK];
    wire_Tick ignored;
    size_t n = CHUNK;
    while (n == CHUNK && f->count + CHUNK_SAMPLES <= BATCH) {
        n = line_read(&f->line, chunk, CHUNK);
        for (size_t i = 0; i < n; i++) {
            (void)take(f, chunk[i], &ignored);
        }
    }
}

/* Open a lost line again, at most every REOPEN_US. */
static void mend_line(Flight *f, int64_t now_us)
{
    if (f->line.fd >= 0 || now_us < f->retry_us) {
        return;
    }
    f->retry_us = now_us + REOPEN_US;
    if (line_open(&f->line) == 0) {
        wire_splitter_reset(&f->splitter);
        fprintf(stderr, "%s: the line is back\n", f->line.path);
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
        collect(f);
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
            if (take(f, chunk[i], &tick)) {
                f->sequence = (uint32_t)wire_get(f->splitter.data + 1, 4); /* a command answers its tick */
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

/* Bring the outputs to their safe values: the kernel is told that every sensor is bad, so it goes to SAFE
 * and keeps to the slew limits on the way. The last command is the safe one in any case. */
static void stop(Flight *f)
{
    int64_t now_us = countable(f->now_us);
    const int64_t last_us = now_us + STOP_US;
    host_notify(&f->watch, "STOPPING=1");
    f->count = 0;
    do {
        now_us += seawall_law.clock.nominal_us;
        if (!f->options.lockstep) {
            host_sleep_until(now_us);
            now_us = host_now_us();
        }
        for (int64_t j = 0; j < SW_INPUTS; j++) {
            seawall_receive(&f->state, now_us, j, now_us, wire_real(0x7ff8000000000000));
        }
        f->sequence++;
        period(f, now_us, 0);
        host_alive(&f->watch, host_now_us());
    } while (!is_safe(&f->state) && now_us < last_us && f->line.fd >= 0);
    f->sequence++;
    send_command(f, seawall_law.limits.safe, MISSION_SAFE);
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
        fprintf(stderr, "%s: can't be opened as a serial line (%s); give a port that this user may use\n",
                f->line.path, strerror(fault));
        return EXIT_NO_DEVICE;
    }
    if (host_watch_open(&f->watch, f->options.watchdog) != 0) {
        return EXIT_NO_DEVICE;
    }
    seawall_reset(&seawall_law, &f->state);
    wire_splitter_reset(&f->splitter);
    f->told_mode = -1;
    catch_signals();
    if (!f->options.lockstep) {
        host_realtime((int)f->options.priority);
    }
    return 0;
}

int main(int count, char **words)
{
    Flight *const f = &flight;
    int status;
    if (options_parse(&f->options, count, words) != 0) {
        options_usage();
        return EXIT_USAGE;
    }
    if (arm_check() != 0) {
        return EXIT_WRONG;
    }
    printf("%s: self-test passed, every bit right; kernel %.12s, parameters %.12s\n", MISSION_NAME,
           MISSION_KERNEL_DIGEST, MISSION_PARAMETER_DIGEST);
    (void)fflush(stdout);
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
    stop(f);
    host_watch_close(&f->watch);
    line_close(&f->line);
    printf("%s: stopped safe after %" PRId64 " periods; %" PRId64 " deadlines missed, %" PRId64
           " commands not sent, %" PRIu32 " frames refused\n", MISSION_NAME, f->steps, f->misses,
           f->line.dropped, f->splitter.refused + f->splitter.oversized);
    return status;
}
