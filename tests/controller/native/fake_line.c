/* A line, a clock and a machine that stalls, all in virtual time, under the real flight.c.
 *
 * The line remembers when each byte was queued. It shows at most LINE_FULL bytes at once, and what waits behind
 * them only some time after there is room, as Linux does. The machine may stand still between any two calls.
 * Checked at each sample that reaches the kernel: it is not taken for younger than its first byte. At each
 * period in which the network drives: all that it sees is within its age limit, whatever stood still. At each
 * command: the line was empty when it was written. The seed is the first argument's text.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"
#include "kernel.h"
#include "line.h"
#include "parameters.h"
#include "wire.h"

enum { HELD = 20000, SAMPLES = 400000, PERIODS = 1500 };

typedef struct {
    uint8_t byte;
    int64_t queued_us;
} Queued;

static int64_t clock_us = 5000000;
static int64_t next_us[SW_INPUTS]; /* when each sensor sends next */
static int64_t first_us[SAMPLES];  /* when the first byte of each sample was queued; its value names it */
static Queued queue[HELD];
static int flying, queued, shown, made, periods, drives; /* the self-test flies before the line is open */
static int64_t room_us;   /* when what waits behind is shown */
static int64_t free_us;   /* when the sensors' side of the line is free */
static int64_t silent_us; /* until when the sensors send nothing */
static int64_t sent_us;   /* when the last command has left */
static int byte_us, out_us; /* the line's time for a byte, in and out */
static uint64_t state = 1;

static uint64_t draw(uint64_t most)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state % (most + 1);
}

static void fail(const char *what, int64_t a, int64_t b)
{
    printf("%s: %" PRId64 " against %" PRId64 " at %" PRId64 " us, period %d\n", what, a, b, clock_us, periods);
    exit(99);
}

/* One sample of sensor j, byte by byte behind what is on the line; what finds no room is lost. */
static void queue_sample(int j)
{
    uint8_t payload[WIRE_SAMPLE_SIZE];
    uint8_t frame[WIRE_FRAME(WIRE_SAMPLE_SIZE)];
    uint8_t *at = wire_put_header(payload, WIRE_SAMPLE, (uint32_t)made);
    size_t n;
    at = wire_put(wire_put(at, (uint64_t)j, 8), 0, 8);
    (void)wire_put(at, wire_bits(1.0e-9 * made), 8);
    n = wire_encode(payload, sizeof payload, frame);
    free_us = free_us > next_us[j] ? free_us : next_us[j];
    first_us[made++] = free_us;
    for (size_t i = 0; i < n; i++, free_us += byte_us) {
        if (queued < HELD) { /* a frame may be cut: the CRC tells */
            queue[queued].byte = frame[i];
            queue[queued++].queued_us = free_us;
        }
    }
}

/* The sensors send up to now, in order of time. */
static void feed(void)
{
    for (;;) {
        int j = 0;
        for (int other = 1; other < SW_INPUTS; other++) {
            j = next_us[other] < next_us[j] ? other : j;
        }
        if (next_us[j] > clock_us) {
            break;
        }
        if (next_us[j] >= silent_us && made < SAMPLES) {
            queue_sample(j);
        }
        next_us[j] += 900 + (int64_t)draw(200);
    }
    if (clock_us >= room_us) {
        shown = queued < LINE_FULL ? queued : LINE_FULL;
    }
}

/* Time passes at each call; now and then the machine stands still. */
static void pass(void)
{
    clock_us += (int64_t)draw(3);
    if (draw(5000) == 0) {
        clock_us += draw(3) == 0 ? 2000000 : (int64_t)draw(200000);
    }
    if (draw(9000) == 0) {
        silent_us = clock_us + (int64_t)draw(50000);
    }
    feed();
}

int64_t host_now_us(void)
{
    const int64_t now_us = clock_us;
    pass();
    return now_us;
}

void host_sleep_until(int64_t us)
{
    clock_us = us > clock_us ? us + (int64_t)draw(30) : clock_us;
    pass();
    if (++periods == PERIODS) {
        (void)raise(SIGTERM);
    }
}

void host_say(const char *format, ...) { (void)format; }
void host_tell(const char *format, ...) { (void)format; }
void host_streams(void) {}
void host_realtime(int priority) { (void)priority; }
void host_notify(const host_Watch *watch, const char *text) { (void)watch; (void)text; }
void host_alive(host_Watch *watch, int64_t now_us) { (void)watch; (void)now_us; }
void host_watch_close(host_Watch *watch) { (void)watch; }

int host_watch_open(host_Watch *watch, const char *device)
{
    (void)watch;
    (void)device;
    return 0;
}

int line_knows(long baud) { return baud > 0; }
void line_close(line_Line *line) { line->fd = -1; }
void line_wait(const line_Line *line, int patience_ms) { (void)line; (void)patience_ms; }

int line_open(line_Line *line)
{
    state = strtoull(line->path, NULL, 10) * 2654435761u + 1;
    byte_us = 1 + (int)draw(9);
    out_us = 1 + (int)draw(150);
    for (int j = 0; j < SW_INPUTS; j++) {
        next_us[j] = clock_us - 3000000 * (int64_t)draw(1); /* there may be much in the line already */
    }
    line->fd = 3;
    flying = 1;
    feed();
    return 0;
}

size_t line_read(line_Line *line, uint8_t *data, size_t n)
{
    size_t got = 0;
    (void)line;
    pass();
    while (got < n && got < (size_t)shown && queue[got].queued_us <= clock_us) {
        data[got] = queue[got].byte;
        got++;
    }
    memmove(queue, queue + got, sizeof *queue * (size_t)(queued - (int)got));
    queued -= (int)got;
    shown -= (int)got;
    if (got > 0 && queued > shown) {
        room_us = clock_us + (int64_t)draw(300);
    }
    pass();
    return got;
}

int line_ready(line_Line *line)
{
    (void)line;
    pass();
    return clock_us >= sent_us;
}

int line_write(line_Line *line, const uint8_t *data, size_t n, int patience_ms)
{
    (void)line;
    (void)data;
    (void)patience_ms;
    if (clock_us < sent_us) {
        fail("a command was put behind an older one", clock_us, sent_us);
    }
    sent_us = clock_us + (int64_t)n * out_us;
    return 1;
}

void __real_seawall_receive(const sw_Law *, sw_State *, int64_t, int64_t, int64_t, double);
void __real_seawall_step(const sw_Law *, sw_State *, sw_Work *, int64_t, int64_t);

static int64_t queued_of(double value)
{
    return first_us[(int64_t)(value * 1.0e9 + 0.5)];
}

void __wrap_seawall_receive(
    const sw_Law *law, sw_State *held, int64_t now_us, int64_t channel, int64_t time_us, double value)
{
    if (flying && value == value && time_us > queued_of(value)) { /* NaN is the stop's own */
        fail("a sample is taken for younger than it is", time_us, queued_of(value));
    }
    __real_seawall_receive(law, held, now_us, channel, time_us, value);
}

void __wrap_seawall_step(const sw_Law *law, sw_State *held, sw_Work *work, int64_t now_us, int64_t missed)
{
    __real_seawall_step(law, held, work, now_us, missed);
    if (flying && held->mode == 0) {
        drives++;
        for (int j = 0; j < SW_INPUTS; j++) {
            if (now_us - queued_of(held->held[j]) > law->sensors.stale_us[j]) {
                fail("the network drives on an old sample", now_us, queued_of(held->held[j]));
            }
        }
    }
}

/* What a run must show beside having no fault: the network drove. */
__attribute__((destructor)) static void tell(void)
{
    printf("periods %d, driven %d, samples %d\n", periods, drives, made);
}
