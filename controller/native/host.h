/* What the flight binary asks of the operating system: the clock, real-time rights and watchdogs. */
#ifndef SEAWALL_HOST_H
#define SEAWALL_HOST_H

#include <stdint.h>

/* Who must hear that the loop is alive: systemd's socket and a watchdog device; -1 where there is none. */
typedef struct {
    int socket;
    int device;
    int64_t every_us; /* how often systemd wants to hear, or 0 */
    int64_t heard_us; /* when it was last told */
    int64_t kicked_us;
} host_Watch;

/* CLOCK_MONOTONIC in microseconds. */
int64_t host_now_us(void);

/* Sleep to an absolute time; returns early on a signal. */
void host_sleep_until(int64_t us);

/* Say something as printf does, on standard error (say) or standard output (tell), unless nobody reads it:
 * neither waits. */
void host_say(const char *format, ...);
void host_tell(const char *format, ...);

/* Give each of the three standard streams a descriptor, so that no line and no device gets its number. */
void host_streams(void);

/* Lock all memory and ask for SCHED_FIFO; one warning for each right that is missing. */
void host_realtime(int priority);

/* Find systemd's socket (NOTIFY_SOCKET, WATCHDOG_USEC) and open the device, if one is named; 0 on success. */
int host_watch_open(host_Watch *watch, const char *device);

/* Tell systemd something ("READY=1"); never waits. */
void host_notify(const host_Watch *watch, const char *text);

/* Say that the loop is alive, to both, as often as each needs to hear. */
void host_alive(host_Watch *watch, int64_t now_us);

/* Disarm the device by its magic close, and let both go. */
void host_watch_close(host_Watch *watch);

#endif
