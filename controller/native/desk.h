/* The kernel as the desk runs it: what flies, and an entrance to the network's step alone. */
#ifndef SEAWALL_DESK_H
#define SEAWALL_DESK_H

#include "kernel.h"

/* work->stage receives state->hidden advanced by dt seconds with state->filtered held. */
void seawall_integrate(const sw_Law *law, const sw_State *state, sw_Work *work, double dt);

#endif
