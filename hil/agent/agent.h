/* The target's side of the test bench: it flies the kernel as it is told, and times each step. */
#ifndef SEAWALL_AGENT_H
#define SEAWALL_AGENT_H

#include <stdint.h>

/* The kind of a message that is of the bench only; wire.h has the others. */
enum { AGENT_GAUGE = 0x15 };

/* Bring the kernel to its initial state. */
void agent_start(void);

/* Take one byte from the link; an answer goes out by port_write. */
void agent_take(uint8_t byte);

#endif
