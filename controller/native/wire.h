/* The wire in C: frames, and the messages that fly. controller/ports/frame.py and messages.py are the same in
 * Python, and say why; tests/controller/native/test_wire.py compares every byte. docs/wire.md is the page for
 * whoever writes the far end.
 *
 * No allocation, no library but memcpy, no assumption about byte order or alignment.
 */
#ifndef SEAWALL_WIRE_H
#define SEAWALL_WIRE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define WIRE_PAYLOAD_LIMIT 4096u
#define WIRE_GROUP 7u /* payload bytes whose top bits share a byte */
#define WIRE_ONES 4u  /* each byte of a frame has so many ones or more */
#define WIRE_CHECK 8u /* bytes of CRC-32, four bits each with their complement */
#define WIRE_BODY(n) ((n) + ((n) + WIRE_GROUP - 1u) / WIRE_GROUP) /* bytes that stand for n of payload */
#define WIRE_FRAME(n) (WIRE_BODY(n) + WIRE_CHECK + 1u)            /* bytes of its frame, ending zero included */
#define WIRE_FRAME_LIMIT WIRE_FRAME(WIRE_PAYLOAD_LIMIT)
#define WIRE_STUFFED_LIMIT (WIRE_FRAME_LIMIT - 1u)
#define WIRE_REFUSED SIZE_MAX

enum {
    WIRE_HEADER_SIZE = 5,
    WIRE_SAMPLE_SIZE = WIRE_HEADER_SIZE + 24,
    WIRE_TICK_SIZE = WIRE_HEADER_SIZE + 9,
    WIRE_COMMAND_SIZE = WIRE_HEADER_SIZE + 10 /* and 8 for each output */
};

enum {
    WIRE_SAMPLE = 0x01,
    WIRE_TICK = 0x02,
    WIRE_COMMAND = 0x03,
    WIRE_IDENTIFY = 0x10,
    WIRE_RESET = 0x11,
    WIRE_STEP = 0x12,
    WIRE_CAMPAIGN = 0x13,
    WIRE_CLOCK = 0x14,
    WIRE_ERROR = 0x1f,
    WIRE_REPLY = 0x80
};

typedef struct {
    int64_t channel;
    int64_t time_us;
    double value;
} wire_Sample;

typedef struct {
    int64_t now_us;
    int64_t missed;
} wire_Tick;

/* Finds frames in a stream, byte by byte; data holds an unfinished frame, then the payload. */
typedef struct {
    uint8_t data[WIRE_STUFFED_LIMIT];
    size_t length;
    int skipping;
    uint32_t refused;
    uint32_t oversized;
} wire_Splitter;

/* CRC-32 (IEEE 802.3, reflected) of n more bytes; the crc of no bytes is 0. Two table steps a byte. */
static inline uint32_t wire_crc32(uint32_t crc, const uint8_t *data, size_t n)
{
    static const uint32_t nibble[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
        0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c
    };
    crc = ~crc;
    for (size_t i = 0; i < n; i++) {
        crc ^= data[i];
        crc = (crc >> 4) ^ nibble[crc & 15u];
        crc = (crc >> 4) ^ nibble[crc & 15u];
    }
    return ~crc;
}

static inline unsigned wire_ones(unsigned byte)
{
    unsigned ones = 0;
    for (; byte != 0; byte &= byte - 1u) {
        ones++;
    }
    return ones;
}

/* The byte for seven bits: they themselves, or where they have few ones all eight inverted. */
static inline uint8_t wire_symbol(unsigned bits)
{
    return (uint8_t)(wire_ones(bits) >= WIRE_ONES ? bits : bits ^ 0xffu);
}

/* Byte i of the check: four bits of the CRC above their complement. */
static inline uint8_t wire_check(uint32_t crc, size_t i)
{
    return (uint8_t)(15u * ((crc >> (4 * i)) & 15u) + 15u);
}

/* The frame of a payload (n <= WIRE_PAYLOAD_LIMIT), its ending zero included; its length, WIRE_FRAME(n).
 * frame: room for it, not over the payload. */
static inline size_t wire_encode(const uint8_t *payload, size_t n, uint8_t *frame)
{
    size_t out = n;
    uint32_t crc;
    for (size_t i = 0; i < n; i++) {
        frame[i] = wire_symbol(payload[i] & 0x7fu);
    }
    for (size_t i = 0; i < n; i += WIRE_GROUP) {
        unsigned tops = 0;
        for (size_t k = 0; k < WIRE_GROUP && i + k < n; k++) {
            tops |= (unsigned)(payload[i + k] >> 7) << k;
        }
        frame[out++] = wire_symbol(tops);
    }
    crc = wire_crc32(0, frame, out);
    for (size_t i = 0; i < WIRE_CHECK; i++) {
        frame[out++] = wire_check(crc, i);
    }
    frame[out++] = 0;
    return out;
}

/* Turn a frame without its ending zero into its payload, in place; the length, or WIRE_REFUSED. */
static inline size_t wire_decode(uint8_t *data, size_t n)
{
    const size_t body = n - WIRE_CHECK;
    const size_t size = WIRE_GROUP * body / (WIRE_GROUP + 1u);
    uint32_t crc;
    if (n < WIRE_CHECK || n > WIRE_STUFFED_LIMIT || WIRE_BODY(size) != body) {
        return WIRE_REFUSED;
    }
    crc = wire_crc32(0, data, body);
    for (size_t i = 0; i < WIRE_CHECK; i++) {
        if (data[body + i] != wire_check(crc, i)) {
            return WIRE_REFUSED;
        }
    }
    for (size_t i = 0; i < body; i++) {
        const uint8_t bits = data[i] < 0x80u ? data[i] : data[i] ^ 0xffu;
        if (data[i] != wire_symbol(bits)) {
            return WIRE_REFUSED;
        }
        data[i] = bits;
    }
    if (size % WIRE_GROUP != 0 && data[body - 1] >> size % WIRE_GROUP != 0) {
        return WIRE_REFUSED;
    }
    for (size_t i = 0; i < size; i++) {
        data[i] |= (uint8_t)(((data[size + i / WIRE_GROUP] >> i % WIRE_GROUP) & 1u) << 7);
    }
    return size;
}

static inline void wire_splitter_reset(wire_Splitter *splitter)
{
    splitter->length = 0;
    splitter->skipping = 0;
    splitter->refused = 0;
    splitter->oversized = 0;
}

/* Take one byte; the length of the payload that it completes in splitter->data, or WIRE_REFUSED.
 * The payload stays there until the next byte is taken. */
static inline size_t wire_splitter_take(wire_Splitter *splitter, uint8_t byte)
{
    size_t length = WIRE_REFUSED;
    if (byte != 0) {
        if (splitter->length == WIRE_STUFFED_LIMIT) {
            splitter->skipping = 1;
        } else {
            splitter->data[splitter->length++] = byte;
        }
        return WIRE_REFUSED;
    }
    if (splitter->skipping) {
        splitter->oversized++;
    } else if (splitter->length > 0) {
        length = wire_decode(splitter->data, splitter->length);
        splitter->refused += length == WIRE_REFUSED;
    }
    splitter->length = 0;
    splitter->skipping = 0;
    return length;
}

static inline uint8_t *wire_put(uint8_t *at, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        at[i] = (uint8_t)(value >> (8 * i));
    }
    return at + size;
}

static inline uint64_t wire_get(const uint8_t *at, size_t size)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++) {
        value |= (uint64_t)at[i] << (8 * i);
    }
    return value;
}

static inline uint64_t wire_bits(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static inline double wire_real(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Two's complement without an implementation-defined conversion. */
static inline int64_t wire_integer(uint64_t bits)
{
    int64_t value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Kind and sequence number, the first five bytes of a payload; the place after them. */
static inline uint8_t *wire_put_header(uint8_t *at, unsigned kind, uint32_t sequence)
{
    return wire_put(wire_put(at, kind, 1), sequence, 4);
}

/* The kind of a payload, or 0 where it has no header; its sequence number. */
static inline unsigned wire_get_header(const uint8_t *payload, size_t n, uint32_t *sequence)
{
    if (n < WIRE_HEADER_SIZE) {
        return 0;
    }
    *sequence = (uint32_t)wire_get(payload + 1, 4);
    return payload[0];
}

/* The three fields of a sample (24 bytes). */
static inline wire_Sample wire_get_fields(const uint8_t *at)
{
    wire_Sample sample;
    sample.channel = wire_integer(wire_get(at, 8));
    sample.time_us = wire_integer(wire_get(at + 8, 8));
    sample.value = wire_real(wire_get(at + 16, 8));
    return sample;
}

/* 1 and the sample where a payload is a SAMPLE, else 0. */
static inline int wire_get_sample(const uint8_t *payload, size_t n, wire_Sample *sample)
{
    if (n != WIRE_SAMPLE_SIZE || payload[0] != WIRE_SAMPLE) {
        return 0;
    }
    *sample = wire_get_fields(payload + WIRE_HEADER_SIZE);
    return 1;
}

/* 1 and the tick where a payload is a TICK, else 0. */
static inline int wire_get_tick(const uint8_t *payload, size_t n, wire_Tick *tick)
{
    if (n != WIRE_TICK_SIZE || payload[0] != WIRE_TICK || payload[n - 1] > 1) {
        return 0;
    }
    tick->now_us = wire_integer(wire_get(payload + WIRE_HEADER_SIZE, 8));
    tick->missed = payload[n - 1];
    return 1;
}

/* A COMMAND payload in WIRE_COMMAND_SIZE + 8 * count bytes; its length. */
static inline size_t wire_put_command(
    uint8_t *payload, uint32_t sequence, int64_t now_us, int64_t mode, int64_t cause, const double *outputs,
    size_t count)
{
    uint8_t *at = wire_put_header(payload, WIRE_COMMAND, sequence);
    at = wire_put(at, (uint64_t)now_us, 8);
    at = wire_put(at, (uint64_t)mode, 1);
    at = wire_put(at, (uint64_t)cause, 1);
    for (size_t k = 0; k < count; k++) {
        at = wire_put(at, wire_bits(outputs[k]), 8);
    }
    return (size_t)(at - payload);
}

#endif
