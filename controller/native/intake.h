/* What comes in over the line, and how old it is at least. */
#ifndef SEAWALL_INTAKE_H
#define SEAWALL_INTAKE_H

#include <stdint.h>

#include "kernel.h"
#include "line.h"
#include "wire.h"

enum { INTAKE_BATCH = 128 /* samples that wait for their period; more are given to the kernel beforehand */ };

typedef struct {
    wire_Splitter splitter;
    int by_arrival;                /* whether a sample is as old as its arrival, or has its sender's time */
    wire_Sample newest[SW_INPUTS]; /* by arrival: the newest sample of each channel */
    int has[SW_INPUTS];
    wire_Sample batch[INTAKE_BATCH]; /* all others, in order */
    int count;
    int distrust;       /* looks that must find the line empty before one of them is believed */
    int64_t emptied_us; /* when the line was last seen empty, or -1: what is read now came after that */
    int64_t begun_us;   /* the same for the first byte of the frame that is being read */
} intake_Intake;

/* Begin with a line of which nothing is known; counts of frames go on, what waits is forgotten. */
void intake_reset(intake_Intake *intake);

/* Take one byte of the line; 1 and the tick where it completes a TICK. */
int intake_take(intake_Intake *intake, sw_State *state, uint8_t byte, wire_Tick *tick);

/* Read what has arrived. A sample may have waited in the line, also while this program was stopped, so it counts
 * as old as the last look that found the line empty before its first byte came: it is never taken for younger
 * than it is. */
void intake_collect(intake_Intake *intake, sw_State *state, line_Line *line);

/* Give what has come to the kernel, at a time: each channel has its own place there. */
void intake_deliver(intake_Intake *intake, sw_State *state, int64_t now_us);

#endif
