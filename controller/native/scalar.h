/* The kernel's language in C: the words that are not an operator. No branch, no library call.
 *
 * less_* gives all ones where a < b, else zero (so NaN gives zero); either_* picks by that mask.
 * verification/claims/words.py proves each word equal to its meaning for all bit patterns.
 */
#ifndef SEAWALL_SCALAR_H
#define SEAWALL_SCALAR_H

#include <stdint.h>
#include <string.h>

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
    uint64_t u;
    uint64_t v;
    double picked;
    memcpy(&u, &x, sizeof u);
    memcpy(&v, &y, sizeof v);
    u = (u & mask) | (v & ~mask);
    memcpy(&picked, &u, sizeof picked);
    return picked;
}

static inline int64_t either_int(uint64_t mask, int64_t x, int64_t y)
{
    return (int64_t)(((uint64_t)x & mask) | ((uint64_t)y & ~mask));
}

static inline double magnitude(double v)
{
    uint64_t u;
    double positive;
    memcpy(&u, &v, sizeof u);
    u = u & 0x7fffffffffffffff;
    memcpy(&positive, &u, sizeof positive);
    return positive;
}

#endif
