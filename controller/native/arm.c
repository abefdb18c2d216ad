/* The kernel that was compiled here, run on this machine, against what the reference gave. */
#include "arm.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "golden.h"
#include "parameters.h"
#include "wire.h"

/* All fields are eight bytes, so a record has no padding and its bytes are its value. */
static int same(const void *a, const void *b, size_t n)
{
    return memcmp(a, b, n) == 0;
}

static int check_parameters(void)
{
    const uint32_t crc = wire_crc32(0, (const uint8_t *)&seawall_law, sizeof seawall_law);
    if (crc != GOLDEN_PARAMETERS_CRC) {
        fprintf(stderr, "self-test: the parameters have CRC-32 %08" PRIx32 ", must be %08" PRIx32
                        "; they are not those that were deployed; not armed\n", crc, GOLDEN_PARAMETERS_CRC);
        return -1;
    }
    return 0;
}

static int check_step(int n, const sw_State *state)
{
    const golden_Step *const wanted = &golden_steps[n];
    for (int k = 0; k < SW_OUTPUTS; k++) {
        if (!same(&state->output[k], &wanted->output[k], sizeof wanted->output[k])) {
            fprintf(stderr, "self-test: step %d: output %d is %a, must be %a; not armed\n", n, k,
                    state->output[k], wanted->output[k]);
            return -1;
        }
    }
    if (state->mode != wanted->mode || state->cause != wanted->cause) {
        fprintf(stderr, "self-test: step %d: mode %" PRId64 " cause %" PRId64 ", must be %" PRId64 " and %" PRId64
                        "; not armed\n", n, state->mode, state->cause, wanted->mode, wanted->cause);
        return -1;
    }
    return 0;
}

int arm_check(void)
{
    static sw_Law law;
    static sw_State state;
    static sw_Work work;
    int next = 0;
    if (check_parameters() != 0) {
        return -1;
    }
    law = seawall_law;
    law.clock.recovery = GOLDEN_RECOVERY; /* few periods, so that few steps see every mode */
    seawall_reset(&law, &state);
    for (int n = 0; n < GOLDEN_STEPS; n++) {
        const int64_t now_us = golden_steps[n].now_us;
        for (; next < golden_steps[n].samples_end; next++) {
            const golden_Sample *const s = &golden_samples[next];
            seawall_receive(&law, &state, now_us, s->channel, s->time_us, wire_real(s->value_bits));
        }
        seawall_step(&law, &state, &work, now_us, golden_steps[n].missed);
        if (check_step(n, &state) != 0) {
            return -1;
        }
    }
    if (!same(&state, &golden_final, sizeof state)) {
        fprintf(stderr, "self-test: the state after the last step is wrong; not armed\n");
        return -1;
    }
    return 0;
}
