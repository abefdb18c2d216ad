/* POSIX, and systemd's notification protocol (sd_notify(3): one datagram a message). No allocation. */
#define _POSIX_C_SOURCE 200809L

#include "host.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { KICK_US = 100000, MICRO = 1000000 };

int64_t host_now_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * MICRO + now.tv_nsec / 1000;
}

void host_sleep_until(int64_t us)
{
    struct timespec due;
    due.tv_sec = (time_t)(us / MICRO);
    due.tv_nsec = (long)(us % MICRO) * 1000;
    (void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
}

/* Write without waiting; what finds no room is dropped. */
static void say(int stream, const char *format, va_list values)
{
    char text[512];
    struct pollfd room = {stream, POLLOUT, 0};
    const int n = vsnprintf(text, sizeof text, format, values);
    if (n > 0 && poll(&room, 1, 0) > 0 && (room.revents & POLLOUT)) { /* a pipe then takes a page at once */
        (void)!write(stream, text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1);
    }
}

void host_say(const char *format, ...)
{
    va_list values;
    va_start(values, format);
    say(STDERR_FILENO, format, values);
    va_end(values);
}

void host_tell(const char *format, ...)
{
    va_list values;
    va_start(values, format);
    say(STDOUT_FILENO, format, values);
    va_end(values);
}

void host_streams(void)
{
    int fd;
    do {
        fd = open("/dev/null", O_RDWR);
    } while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd > STDERR_FILENO) {
        (void)close(fd);
    }
}

void host_realtime(int priority)
{
    struct sched_param wanted;
    int fault;
    if (mlockall(MCL_CURRENT | MCL_FUTURE) != 0) {
        host_say("warning: memory is not locked (%s): a page fault may delay a period; "
                 "give CAP_IPC_LOCK or LimitMEMLOCK=infinity\n", strerror(errno));
    }
    memset(&wanted, 0, sizeof wanted);
    wanted.sched_priority = priority;
    /* by thread: musl has no sched_setscheduler */
    fault = pthread_setschedparam(pthread_self(), SCHED_FIFO, &wanted);
    if (fault != 0) {
        host_say("warning: no SCHED_FIFO (%s): other work may delay a period; "
                 "give CAP_SYS_NICE or LimitRTPRIO=%d\n", strerror(fault), priority);
    }
}

static int notify_socket(const char *path)
{
    struct sockaddr_un address;
    const size_t length = path ? strlen(path) : 0;
    int fd;
    if (length < 2 || length >= sizeof address.sun_path || (path[0] != '/' && path[0] != '@')) {
        return -1;
    }
    memset(&address, 0, sizeof address);
    address.sun_family = AF_UNIX;
    memcpy(address.sun_path, path, length);
    if (path[0] == '@') {
        address.sun_path[0] = 0; /* an abstract address */
    }
    fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    if (fd >= 0) {
        const socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
        if (connect(fd, (const struct sockaddr *)&address, size) != 0) {
            host_say("warning: systemd can't be told (%s)\n", strerror(errno));
            (void)close(fd);
            fd = -1;
        }
    }
    return fd;
}

int host_watch_open(host_Watch *watch, const char *device)
{
    const char *const wanted = getenv("WATCHDOG_USEC");
    memset(watch, 0, sizeof *watch);
    watch->socket = notify_socket(getenv("NOTIFY_SOCKET"));
    watch->every_us = wanted && watch->socket >= 0 ? strtoll(wanted, NULL, 10) / 4 : 0;
    watch->device = -1;
    if (device) {
        watch->device = open(device, O_WRONLY | O_CLOEXEC);
        if (watch->device < 0) {
            host_say("%s: can't be opened (%s); give a watchdog device\n", device, strerror(errno));
            return -1;
        }
    }
    return 0;
}

void host_notify(const host_Watch *watch, const char *text)
{
    if (watch->socket >= 0) {
        (void)send(watch->socket, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL);
    }
}

void host_alive(host_Watch *watch, int64_t now_us)
{
    if (watch->every_us > 0 && now_us - watch->heard_us >= watch->every_us) {
        host_notify(watch, "WATCHDOG=1");
        watch->heard_us = now_us;
    }
    if (watch->device >= 0 && now_us - watch->kicked_us >= KICK_US) {
        (void)!write(watch->device, "k", 1);
        watch->kicked_us = now_us;
    }
}

void host_watch_close(host_Watch *watch)
{
    if (watch->device >= 0) {
        (void)!write(watch->device, "V", 1);
        (void)close(watch->device);
    }
    if (watch->socket >= 0) {
        (void)close(watch->socket);
    }
    watch->device = -1;
    watch->socket = -1;
}
