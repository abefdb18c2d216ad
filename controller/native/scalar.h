/* The kernel's language in C: the words that are not an operator. No branch, no library call.
 *
 * less_* gives all ones where a < b, else zero (so NaN gives zero); either_* picks by that mask.
 * verification/claims/words.py proves each word equal to its meaning for all bit patterns.
 */
#ifndef SEAWALL_SCALAR_H
#define SEAWALL_SCALAR_H

#include <stdint.h>

/* A number and its bits. Reading the other member reinterprets them (C99 TC3, 6.5.2.3, note 82), without
 * the memcpy that a freestanding compiler would call. */
typedef union {
    double real;
    uint64_t bits;
} sw_View;

static inline uint64_t less_real(double a, double b)
{
    return (uint64_t)0 - (uint64_t)(a < b);
}

static inline uint64_t less_int(int64_t a, int64_t b)
{
    return (uint64_t)0 - (uint64_t)(a < b);
}

static inline double either_real(uint64_t mask, double x, double y)
{
    sw_View u;
    sw_View v;
    u.real = x;
    v.real = y;
    u.bits = (u.bits & mask) | (v.bits & ~mask);
    return u.real;
}

static inline int64_t either_int(uint64_t mask, int64_t x, int64_t y)
{
    return (int64_t)(((uint64_t)x & mask) | ((uint64_t)y & ~mask));
}

static inline double magnitude(double v)
{
    sw_View u;
    u.real = v;
    u.bits = u.bits & 0x7fffffffffffffff;
    return u.real;
}

#endif
