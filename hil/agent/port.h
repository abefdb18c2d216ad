/* What the agent needs from the machine that it runs on; main.c has it for POSIX. */
#ifndef SEAWALL_PORT_H
#define SEAWALL_PORT_H

#include <stddef.h>
#include <stdint.h>

/* A clock in nanoseconds that never goes back. */
uint64_t port_now_ns(void);

/* Send all of the bytes. */
void port_write(const uint8_t *bytes, size_t n);

/* Machine and compiler in a few words. */
const char *port_machine(void);

#endif
