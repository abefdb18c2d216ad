/* The pseudo-random flight of a campaign; hil/inputs.py is the same in Python.
 *
 * Each number is a hash (splitmix64) of seed, step and lane, so that any step can be drawn alone, given
 * its time. Blocks of steps are calm (all in range, on time) or, one in four, rough: NaN, infinities,
 * subnormals, values out of range, samples missing, late, doubled, of the future or of no channel, steps
 * out of their time range and missed deadlines.
 */
#ifndef SEAWALL_INPUTS_H
#define SEAWALL_INPUTS_H

#include "kernel.h"
#include "wire.h"

enum { INPUTS_BLOCK_LANE = 4095 };

typedef struct {
    uint64_t seed;
    uint64_t index; /* of the next step */
    int64_t now_us;
} inputs_Stream;

typedef struct {
    int64_t now_us;
    int64_t missed;
    size_t count;
    wire_Sample samples[2 * SW_INPUTS];
} inputs_Period;

static inline uint64_t inputs_draw(uint64_t seed, uint64_t index, uint64_t lane)
{
    uint64_t z = seed + UINT64_C(0x9e3779b97f4a7c15) * (index * 4096u + lane + 1u);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static inline double inputs_between(double low, double high, uint64_t r)
{
    return low + (high - low) * ((double)(r >> 11) * 0x1p-53);
}

/* A sample in range: spread, from end to end, or steady for the whole block. */
static inline double inputs_value(uint64_t r, uint64_t block, double low, double high)
{
    const uint64_t style = (block >> 2) & 3u;
    if (style == 2u) {
        return (r >> 63) != 0 ? high : low;
    }
    return inputs_between(low, high, style == 3u ? block : r);
}

/* Spoil a sample as the low bits of r say; how many times it is sent. */
static inline size_t inputs_spoil(const sw_Law *law, uint64_t r, size_t j, wire_Sample *sample)
{
    const double low = law->sensors.low[j];
    const double high = law->sensors.high[j];
    switch (r & 63u) {
    case 0: case 1: case 2: case 3: case 4: case 5:
        return 0;
    case 6:
        sample->value = wire_real(UINT64_C(0x7ff8000000000000));
        break;
    case 7:
        sample->value = wire_real(UINT64_C(0x7ff0000000000000));
        break;
    case 8:
        sample->value = -1.0e300;
        break;
    case 9:
        sample->value = wire_real(r >> 12);
        break;
    case 10:
        sample->value = high + (high - low) * ((double)(r >> 11) * 0x1p-53);
        break;
    case 11:
        sample->time_us -= (int64_t)((r >> 20) % 100000u);
        break;
    case 12:
        return 2;
    case 13:
        sample->channel += SW_INPUTS;
        break;
    case 14:
        sample->time_us += 2000000;
        break;
    case 15:
        sample->time_us += law->clock.high_us;
        break;
    default:
        break;
    }
    return 1;
}

/* The next period of the stream. */
static inline void inputs_next(const sw_Law *law, inputs_Stream *stream, inputs_Period *period)
{
    const uint64_t recovery = (uint64_t)law->clock.recovery;
    const uint64_t length = 64u + 4u * (recovery < 1000u ? recovery : 1000u);
    const uint64_t number = stream->index / length;
    const uint64_t block = inputs_draw(stream->seed, number, INPUTS_BLOCK_LANE);
    const uint64_t r = inputs_draw(stream->seed, stream->index, 0);
    const int rough = (block & 3u) == 0;
    const uint64_t low_us = (uint64_t)law->clock.low_us;
    const uint64_t high_us = (uint64_t)law->clock.high_us;
    const int odd_clock = rough && (r & 7u) == 0;
    const uint64_t dt = odd_clock ? (r >> 8) % (2u * high_us + 2u) : low_us + (r >> 8) % (high_us - low_us + 1u);
    const uint64_t dead = (block >> 10) % (4u * SW_INPUTS); /* in a rough block, a channel that is silent */
    stream->now_us += (int64_t)dt;
    period->now_us = stream->now_us;
    period->missed = rough && ((r >> 3) & 15u) == 0;
    period->count = 0;
    for (size_t j = 0; j < SW_INPUTS; j++) {
        const uint64_t s = inputs_draw(stream->seed, stream->index, 1u + j);
        wire_Sample sample;
        size_t times = 1;
        sample.channel = (int64_t)j;
        sample.time_us = stream->now_us;
        sample.value = inputs_value(s, block, law->sensors.low[j], law->sensors.high[j]);
        if (rough) {
            times = j == dead ? 0 : inputs_spoil(law, s, j, &sample);
        }
        for (size_t n = 0; n < times; n++) {
            period->samples[period->count++] = sample;
        }
    }
    stream->index++;
}

#endif
