/* No allocation; nothing here waits. */
#include "intake.h"

#include <string.h>

#include "host.h"
#include "mission.h"
#include "parameters.h"

enum {
    CHUNK = 512,       /* bytes read at once */
    READ_MOST = 16384, /* bytes read in one period: a babbling line can't stretch it */
    UNBELIEVED = 2     /* looks at the line that are not believed after one that left something there */
};

void intake_reset(intake_Intake *intake)
{
    intake->splitter.length = 0; /* its counts go on */
    intake->splitter.skipping = 0;
    memset(intake->has, 0, sizeof intake->has);
    intake->count = 0;
    intake->distrust = UNBELIEVED;
    intake->emptied_us = -1;
}

void intake_deliver(intake_Intake *intake, sw_State *state, int64_t now_us)
{
    for (int j = 0; j < SW_INPUTS; j++) {
        const wire_Sample *const s = &intake->newest[j];
        if (intake->has[j]) {
            seawall_receive(&seawall_law, state, now_us, j, s->time_us, s->value);
        }
        intake->has[j] = 0;
    }
    for (int i = 0; i < intake->count; i++) {
        const wire_Sample *const s = &intake->batch[i];
        seawall_receive(&seawall_law, state, now_us, s->channel, s->time_us, s->value);
    }
    intake->count = 0;
}

/* Keep a sample for the next period. By arrival the newest of its channel counts. Where too many come, those
 * before are given to the kernel, which looks once more in its next step whether they are too far ahead. */
static void keep(intake_Intake *intake, sw_State *state, const wire_Sample *sample)
{
    if (intake->by_arrival && sample->channel >= 0 && sample->channel < SW_INPUTS) {
        intake->newest[sample->channel] = *sample;
        intake->newest[sample->channel].time_us = intake->begun_us;
        intake->has[sample->channel] = 1;
        return;
    }
    if (intake->count == INTAKE_BATCH) {
        intake_deliver(intake, state, MISSION_LATEST_US);
    }
    intake->batch[intake->count++] = *sample;
}

int intake_take(intake_Intake *intake, sw_State *state, uint8_t byte, wire_Tick *tick)
{
    wire_Sample sample;
    size_t n;
    if (intake->splitter.length == 0) {
        intake->begun_us = intake->emptied_us;
    }
    n = wire_splitter_take(&intake->splitter, byte);
    if (n == WIRE_REFUSED) {
        return 0;
    }
    if (wire_get_sample(intake->splitter.data, n, &sample)) {
        keep(intake, state, &sample);
        return 0;
    }
    return wire_get_tick(intake->splitter.data, n, tick);
}

/* Where more was read than the system shows at once, more may wait behind it: the next looks are not believed. */
void intake_collect(intake_Intake *intake, sw_State *state, line_Line *line)
{
    uint8_t chunk[CHUNK];
    wire_Tick ignored;
    size_t n = CHUNK;
    size_t total = 0;
    int64_t asked_us = intake->emptied_us;
    while (n == CHUNK && total < READ_MOST) {
        asked_us = host_now_us();
        n = line_read(line, chunk, CHUNK);
        total += n;
        for (size_t i = 0; i < n; i++) {
            (void)intake_take(intake, state, chunk[i], &ignored);
        }
    }
    if (n == CHUNK || total >= LINE_FULL) {
        intake->distrust = UNBELIEVED;
    } else if (intake->distrust > 0) {
        intake->distrust--;
    }
    if (intake->distrust == 0) {
        intake->emptied_us = asked_us;
    }
}
