/* POSIX termios on Linux. No allocation. */
#define _DEFAULT_SOURCE /* glibc has the speeds above 38400 under this name */

#include "line.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "host.h"

static const struct {
    long baud;
    speed_t code;
} SPEEDS[] = {
    {9600, B9600}, {19200, B19200}, {38400, B38400}, {57600, B57600}, {115200, B115200},
    {230400, B230400}, {460800, B460800}, {921600, B921600}, {1000000, B1000000}, {1500000, B1500000},
    {2000000, B2000000}, {3000000, B3000000}, {4000000, B4000000},
};

static const size_t SPEED_COUNT = sizeof SPEEDS / sizeof SPEEDS[0];

/* The place of a speed in the table, or SPEED_COUNT. */
static size_t find_speed(long baud)
{
    size_t i = 0;
    while (i < SPEED_COUNT && SPEEDS[i].baud != baud) {
        i++;
    }
    return i;
}

int line_knows(long baud)
{
    return find_speed(baud) < SPEED_COUNT;
}

static int make_raw(int fd, size_t speed)
{
    struct termios mode;
    if (tcgetattr(fd, &mode) != 0) {
        return errno;
    }
    mode.c_iflag = IGNBRK;
    mode.c_oflag = 0;
    mode.c_lflag = 0;
    mode.c_cflag = CS8 | CREAD | CLOCAL;
    mode.c_cc[VMIN] = 1; /* so that an empty line (EAGAIN) differs from a dead one (0) */
    mode.c_cc[VTIME] = 0;
    if (cfsetispeed(&mode, SPEEDS[speed].code) != 0 || cfsetospeed(&mode, SPEEDS[speed].code) != 0) {
        return errno;
    }
    return tcsetattr(fd, TCSANOW, &mode) == 0 ? 0 : errno;
}

int line_open(line_Line *line)
{
    const size_t speed = find_speed(line->baud);
    int fault;
    line->fd = -1;
    line->reader.edges = -1;
    if (speed == SPEED_COUNT) {
        return EINVAL;
    }
    line->fd = open(line->path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (line->fd < 0) {
        return errno;
    }
    fault = make_raw(line->fd, speed);
    if (fault != 0) {
        line_close(line);
    }
    line->broken = 1; /* whatever the other end has begun to read ends here */
    if (fault == 0) {
        reader_open(&line->reader, line->fd);
    }
    return fault;
}

void line_close(line_Line *line)
{
    if (line->fd >= 0) {
        (void)close(line->fd);
    }
    reader_close(&line->reader);
    line->fd = -1;
}

static void lose(line_Line *line, const char *why)
{
    host_say("%s: the line is lost (%s); stepping on without it, and trying again\n", line->path, why);
    line_close(line);
}

size_t line_read(line_Line *line, uint8_t *data, size_t n)
{
    ssize_t got;
    if (line->fd < 0) {
        return 0;
    }
    got = read(line->fd, data, n);
    if (got > 0) {
        return (size_t)got;
    }
    if (got == 0) {
        lose(line, "hung up");
    } else if (errno != EAGAIN && errno != EINTR) {
        lose(line, strerror(errno));
    }
    return 0;
}

/* Write what can be written now; the number of bytes, or 0 also where the line died. */
static size_t write_some(line_Line *line, const uint8_t *data, size_t n)
{
    const ssize_t put = write(line->fd, data, n);
    if (put >= 0) {
        return (size_t)put;
    }
    if (errno != EAGAIN && errno != EINTR) {
        lose(line, strerror(errno));
    }
    return 0;
}

/* One write that ends whatever the far end has begun to read; 1 where it went out. */
static int write_zero(line_Line *line)
{
    static const uint8_t zero = 0;
    return write_some(line, &zero, 1) == 1;
}

int line_write(line_Line *line, const uint8_t *data, size_t n, int patience_ms)
{
    size_t sent = 0;
    if (line->fd >= 0 && line->broken) {
        line->broken = !write_zero(line);
    }
    if (!line->broken) {
        while (line->fd >= 0 && sent < n) {
            const size_t put = write_some(line, data + sent, n - sent);
            struct pollfd room = {line->fd, POLLOUT, 0};
            sent += put;
            if (put == 0 && (line->fd < 0 || poll(&room, 1, patience_ms) <= 0)) {
                break;
            }
        }
        line->broken = sent > 0 && sent < n;
    }
    reader_wrote(&line->reader, 1);
    return sent == n;
}

int line_ready(line_Line *line)
{
    int unsent = 0;
    struct pollfd look = {line->fd, 0, 0};
    if (line->fd < 0) {
        return 0;
    }
    if (poll(&look, 1, 0) > 0 || ioctl(line->fd, TIOCOUTQ, &unsent) != 0) { /* a hang-up is told unasked */
        lose(line, "hung up");
        return 0;
    }
    if (unsent > 0) {
        return 0;
    }
    if (reader_ready(&line->reader)) {
        return 1;
    }
    if (reader_doubtful(&line->reader)) { /* an edge may be lost: a zero, which means nothing, makes another */
        (void)write_zero(line);
        reader_wrote(&line->reader, 0);
    }
    return 0;
}

void line_wait(const line_Line *line, int patience_ms)
{
    struct pollfd ready = {line->fd, POLLIN, 0};
    (void)poll(&ready, 1, patience_ms);
}
