/* Includes the printed kernel as it is, so that the text that was proved needs no entrance of its own. */
#include "desk.h"

#include "kernel.c"

void seawall_integrate(const sw_Law *law, const sw_State *state, sw_Work *work, double dt)
{
    sw_integrate(&law->network, state->filtered, dt, state->hidden, work);
}
