/* The target's side of the test bench: it flies the kernel as it is told, and times each step.
 *
 * A request that changes something is carried out once: if its answer is lost, the same sequence number
 * gets the same answer again; an older one is dropped. IDENTIFY begins a conversation: the host gives a
 * nonce, which every answer then carries. A start forgets it, so that no restart goes unnoticed.
 * hil/messages.py has the fields of every message.
 */
#include "agent.h"

#include "identity.h"
#include "inputs.h"
#include "kernel.h"
#include "parameters.h"
#include "port.h"
#include "wire.h"

enum { PROTOCOL = 4, BINS = 464, QUEUE = 256, PER_STEP = 255, READINGS = 200000 };
enum { HEAD_SIZE = WIRE_HEADER_SIZE + 8 };
enum { UNKNOWN_KIND = 1, MALFORMED = 2, TOO_LONG = 3, OUT_OF_ORDER = 4 };

static const uint8_t kernel_digest[32] = SEAWALL_KERNEL_DIGEST;
static const uint8_t parameter_digest[32] = SEAWALL_PARAMETER_DIGEST;

static struct {
    sw_State state;
    sw_Work work;
    wire_Splitter splitter;
    wire_Sample queue[QUEUE]; /* samples that wait for the next TICK */
    size_t queued;
    uint64_t steps;
    uint32_t accepted;
    uint32_t repeated;
    uint32_t dropped;
    uint64_t nonce; /* of the conversation; 0 from the start until there is one */
    uint32_t last;
    int begun;
    inputs_Stream stream;
    uint64_t output_digest;
    uint32_t bins[BINS];
    uint8_t reply[WIRE_PAYLOAD_LIMIT];
    uint8_t frame[WIRE_FRAME_LIMIT];
    uint8_t kept[WIRE_FRAME_LIMIT]; /* the last answer to a request that changed something */
    size_t kept_length;
} self;

static void answer(const uint8_t *end)
{
    port_write(self.frame, wire_encode(self.reply, (size_t)(end - self.reply), self.frame));
}

static void answer_and_keep(const uint8_t *end)
{
    self.kept_length = wire_encode(self.reply, (size_t)(end - self.reply), self.kept);
    port_write(self.kept, self.kept_length);
}

/* The head of an answer: its kind, what it answers, the conversation; the place after it. */
static uint8_t *head(unsigned kind, uint32_t sequence)
{
    return wire_put(wire_put_header(self.reply, kind, sequence), self.nonce, 8);
}

static uint8_t *refusal(unsigned kind, uint32_t sequence, unsigned code)
{
    return wire_put(wire_put(head(WIRE_ERROR, sequence), kind, 1), code, 1);
}

/* One period: the samples and the step; its time in nanoseconds, at most 2^32 - 1. */
static uint32_t timed(int64_t now_us, int64_t missed, const wire_Sample *samples, size_t count)
{
    uint64_t taken;
    const uint64_t begin = port_now_ns();
    for (size_t i = 0; i < count; i++) {
        seawall_receive(&seawall_law, &self.state, now_us, samples[i].channel, samples[i].time_us, samples[i].value);
    }
    seawall_step(&seawall_law, &self.state, &self.work, now_us, missed);
    taken = port_now_ns() - begin;
    return taken < UINT32_MAX ? (uint32_t)taken : UINT32_MAX;
}

/* The same, and counted. */
static uint32_t fly(int64_t now_us, int64_t missed, const wire_Sample *samples, size_t count)
{
    const uint32_t ns = timed(now_us, missed, samples, count);
    self.steps++;
    return ns;
}

/* CRC-32 of the whole state, word by word in little-endian order. */
static uint32_t state_check(void)
{
    const uint8_t *bytes = (const uint8_t *)&self.state;
    uint8_t word[8];
    uint32_t crc = 0;
    for (size_t at = 0; at < sizeof self.state; at += sizeof word) {
        uint64_t bits;
        memcpy(&bits, bytes + at, sizeof bits);
        wire_put(word, bits, sizeof word);
        crc = wire_crc32(crc, word, sizeof word);
    }
    return crc;
}

static void restart(void)
{
    seawall_reset(&seawall_law, &self.state);
    self.queued = 0;
    self.stream.index = 0;
    self.stream.now_us = 0;
}

/* Its answer begins with the protocol's number, whatever the protocol. */
static void identify(uint32_t sequence, const uint8_t *body, size_t size)
{
    static const uint32_t sizes[5] = {SW_INPUTS, SW_HIDDEN, SW_OUTPUTS, SW_SUBSTEPS, SW_SLOTS};
    const char *machine = port_machine();
    uint8_t *at = wire_put_header(self.reply, WIRE_IDENTIFY + WIRE_REPLY, sequence);
    if (size == 8 && wire_get(body, 8) != self.nonce) {
        self.nonce = wire_get(body, 8);
        self.begun = 0;
    }
    at = wire_put(wire_put(at, PROTOCOL, 2), self.nonce, 8);
    for (size_t i = 0; i < 5; i++) {
        at = wire_put(at, sizes[i], 4);
    }
    memcpy(at, kernel_digest, sizeof kernel_digest);
    memcpy(at + 32, parameter_digest, sizeof parameter_digest);
    at += 64;
    for (size_t i = 0; i < 255 && machine[i] != '\0'; i++) {
        *at++ = (uint8_t)machine[i];
    }
    answer(at);
}

static void tell_clock(uint32_t sequence)
{
    uint64_t overhead = UINT64_MAX;
    uint8_t *at = head(WIRE_CLOCK + WIRE_REPLY, sequence);
    for (int i = 0; i < 100; i++) {
        const uint64_t begin = port_now_ns();
        const uint64_t taken = port_now_ns() - begin;
        overhead = taken < overhead ? taken : overhead;
    }
    at = wire_put(wire_put(at, port_now_ns(), 8), overhead, 4);
    at = wire_put(wire_put(at, self.steps, 8), self.accepted, 4);
    at = wire_put(wire_put(at, self.splitter.refused, 4), self.splitter.oversized, 4);
    answer(wire_put(wire_put(at, self.repeated, 4), self.dropped, 4));
}

/* The least change of the clock that was seen, in nanoseconds; 0 where it stood still. */
static uint32_t least_change(void)
{
    uint64_t least = UINT32_MAX;
    uint64_t last = port_now_ns();
    int moved = 0;
    for (int i = 0; i < READINGS; i++) {
        const uint64_t now = port_now_ns();
        if (now != last) {
            moved = 1;
            least = now - last < least ? now - last : least;
        }
        last = now;
    }
    return moved ? (uint32_t)least : 0;
}

/* The samples of a packed period; the place after it, or 0 where it is malformed. */
static const uint8_t *take_period(const uint8_t *at, const uint8_t *end, wire_Sample *samples)
{
    const size_t given = at + 10 <= end ? at[9] : 0;
    if (at + 10 + 24 * given > end || at[8] > 1) {
        return 0;
    }
    for (size_t i = 0; i < given; i++) {
        samples[i] = wire_get_fields(at + 10 + 24 * i);
    }
    return at + 10 + 24 * given;
}

/* How well this machine measures: one period flown again and again from one state, or the clock alone. */
static void gauge(uint32_t sequence, const uint8_t *body, size_t size)
{
    static sw_State kept;
    static wire_Sample given[PER_STEP];
    const uint8_t *at = body + 4;
    const uint32_t count = size >= 14 ? (uint32_t)wire_get(body, 4) : 0;
    uint64_t total = 0;
    if (size < 14 || take_period(at, body + size, given) != body + size) {
        answer(refusal(AGENT_GAUGE, sequence, MALFORMED));
        return;
    }
    kept = self.state;
    for (uint32_t n = 0; n < count; n++) {
        total += timed(wire_integer(wire_get(at, 8)), at[8], given, at[9]);
        self.state = kept;
    }
    answer(wire_put(wire_put(head(AGENT_GAUGE + WIRE_REPLY, sequence), total, 8),
                    count == 0 ? least_change() : 0, 4));
}

static void tick(uint32_t sequence, const wire_Tick *request)
{
    const sw_State *s = &self.state;
    (void)fly(request->now_us, request->missed, self.queue, self.queued);
    self.queued = 0;
    answer_and_keep(self.reply + wire_put_command(
        self.reply, sequence, request->now_us, s->mode, s->cause, s->output, SW_OUTPUTS));
}

/* Several periods in one frame: the samples of each, then its answer. */
static void step(uint32_t sequence, const uint8_t *at, const uint8_t *end)
{
    static wire_Sample samples[PER_STEP];
    const size_t detail = at + 3 <= end ? at[0] : 2;
    const size_t count = at + 3 <= end ? (size_t)wire_get(at + 1, 2) : 0;
    const size_t each = 10 + 8 * SW_OUTPUTS + detail * 8 * SW_HIDDEN;
    uint8_t *out = head(WIRE_STEP + WIRE_REPLY, sequence);
    if (detail > 1 || HEAD_SIZE + count * each > sizeof self.reply) {
        answer_and_keep(refusal(WIRE_STEP, sequence, detail > 1 ? MALFORMED : TOO_LONG));
        return;
    }
    at += 3;
    for (size_t n = 0; n < count; n++) {
        const uint8_t *next = take_period(at, end, samples);
        if (next == 0) {
            answer_and_keep(refusal(WIRE_STEP, sequence, MALFORMED));
            return;
        }
        out = wire_put(out, fly(wire_integer(wire_get(at, 8)), at[8], samples, at[9]), 4);
        out = wire_put(wire_put(out, (uint64_t)self.state.mode, 1), (uint64_t)self.state.cause, 1);
        for (size_t k = 0; k < SW_OUTPUTS; k++) {
            out = wire_put(out, wire_bits(self.state.output[k]), 8);
        }
        out = wire_put(out, state_check(), 4);
        for (size_t i = 0; i < detail * SW_HIDDEN; i++) {
            out = wire_put(out, wire_bits(self.state.hidden[i]), 8);
        }
        at = next;
    }
    answer_and_keep(out);
}

/* The bin of a time: 16 to an octave. hil/statistics.py has the same. */
static size_t bin_of(uint32_t ns)
{
    size_t shift = 0;
    while ((ns >> shift) >= 32u) {
        shift++;
    }
    return (size_t)(ns >> shift) + 16u * shift;
}

static void digest_word(uint64_t word)
{
    self.output_digest = (self.output_digest ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    self.output_digest ^= self.output_digest >> 32;
}

static void campaign(uint32_t sequence, const uint8_t *body, size_t size)
{
    static inputs_Period period;
    const uint64_t first = size == 24 ? wire_get(body + 8, 8) : 1;
    const uint32_t count = size == 24 ? (uint32_t)wire_get(body + 16, 4) : 0;
    const uint32_t limit_ns = size == 24 ? (uint32_t)wire_get(body + 20, 4) : 0;
    uint8_t *at = head(WIRE_CAMPAIGN + WIRE_REPLY, sequence);
    uint32_t worst_ns = 0;
    uint32_t late = 0;
    uint64_t worst = first;
    if (first == 0) {
        restart();
        self.stream.seed = wire_get(body, 8);
        self.output_digest = 0;
    } else if (size != 24 || first != self.stream.index || self.stream.seed != wire_get(body, 8)) {
        answer_and_keep(refusal(WIRE_CAMPAIGN, sequence, size != 24 ? MALFORMED : OUT_OF_ORDER));
        return;
    }
    memset(self.bins, 0, sizeof self.bins);
    for (uint32_t n = 0; n < count; n++) {
        uint32_t ns;
        inputs_next(&seawall_law, &self.stream, &period);
        ns = fly(period.now_us, period.missed, period.samples, period.count);
        self.bins[bin_of(ns)]++;
        late += ns > limit_ns;
        if (ns > worst_ns) {
            worst_ns = ns;
            worst = self.stream.index - 1;
        }
        digest_word((uint64_t)self.state.mode | (uint64_t)self.state.cause << 8 | (uint64_t)state_check() << 16);
        for (size_t k = 0; k < SW_OUTPUTS; k++) {
            digest_word(wire_bits(self.state.output[k]));
        }
    }
    at = wire_put(wire_put(at, self.output_digest, 8), worst_ns, 4);
    at = wire_put(wire_put(at, worst, 8), late, 4);
    for (size_t i = 0; i < BINS; i++) {
        if (self.bins[i] != 0) {
            at = wire_put(wire_put(at, i, 2), self.bins[i], 4);
        }
    }
    answer_and_keep(at);
}

static void reset(uint32_t sequence)
{
    restart();
    answer_and_keep(head(WIRE_RESET + WIRE_REPLY, sequence));
}

static void enqueue(const wire_Sample *sample)
{
    if (self.queued < QUEUE) {
        self.queue[self.queued++] = *sample;
    } else {
        self.dropped++;
    }
}

/* Whether a request that changes something is new; else it is answered again, or dropped. */
static int is_new(unsigned kind, uint32_t sequence)
{
    const uint32_t ahead = sequence - self.last;
    if (self.begun && ahead == 0) {
        self.repeated++;
        port_write(self.kept, self.kept_length);
        return 0;
    }
    if (self.begun && kind != WIRE_RESET && ahead >= UINT32_C(0x80000000)) {
        self.dropped++;
        return 0;
    }
    self.begun = 1;
    self.last = sequence;
    return 1;
}

static void handle(const uint8_t *payload, size_t n)
{
    uint32_t sequence = 0;
    wire_Sample sample;
    wire_Tick request;
    const unsigned kind = wire_get_header(payload, n, &sequence);
    const uint8_t *body = payload + WIRE_HEADER_SIZE;
    self.accepted++;
    if (wire_get_sample(payload, n, &sample)) {
        enqueue(&sample);
    } else if (kind == WIRE_IDENTIFY) {
        identify(sequence, body, n - WIRE_HEADER_SIZE);
    } else if (kind == WIRE_CLOCK) {
        tell_clock(sequence);
    } else if (kind == AGENT_GAUGE) {
        gauge(sequence, body, n - WIRE_HEADER_SIZE);
    } else if (wire_get_tick(payload, n, &request)) {
        if (is_new(kind, sequence)) {
            tick(sequence, &request);
        }
    } else if (kind != WIRE_RESET && kind != WIRE_STEP && kind != WIRE_CAMPAIGN) {
        answer(refusal(kind, sequence, kind == WIRE_SAMPLE || kind == WIRE_TICK ? MALFORMED : UNKNOWN_KIND));
    } else if (!is_new(kind, sequence)) {
        return;
    } else if (kind == WIRE_RESET) {
        reset(sequence);
    } else if (kind == WIRE_STEP) {
        step(sequence, body, payload + n);
    } else {
        campaign(sequence, body, n - WIRE_HEADER_SIZE);
    }
}

void agent_start(void)
{
    wire_splitter_reset(&self.splitter);
    restart();
}

void agent_take(uint8_t byte)
{
    const size_t length = wire_splitter_take(&self.splitter, byte);
    if (length != WIRE_REFUSED) {
        handle(self.splitter.data, length);
    }
}
