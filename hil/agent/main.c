/* The agent as a POSIX process: the link is its standard input and output. It ends when they close. */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif
#include <sys/types.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "agent.h"
#include "port.h"

uint64_t port_now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void port_write(const uint8_t *bytes, size_t n)
{
    while (n > 0) {
        const ssize_t written = write(STDOUT_FILENO, bytes, n);
        if (written > 0) {
            bytes += written;
            n -= (size_t)written;
        } else if (errno != EINTR) {
            _exit(1);
        }
    }
}

const char *port_machine(void)
{
    static char text[256];
    struct utsname name;
    if (uname(&name) < 0) {
        return "unknown machine";
    }
    (void)snprintf(text, sizeof text, "%.40s %.40s, compiler %.80s", name.sysname, name.machine, __VERSION__);
    return text;
}

int main(void)
{
    static uint8_t bytes[4096];
#ifdef __linux__
    /* The pty's end is not seen by a process that the bench has stopped: it must not outlive the bench. */
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
    agent_start();
    for (;;) {
        const ssize_t got = read(STDIN_FILENO, bytes, sizeof bytes);
        if (got == 0 || (got < 0 && errno != EINTR)) {
            return 0;
        }
        for (ssize_t i = 0; i < got; i++) {
            agent_take(bytes[i]);
        }
    }
}
