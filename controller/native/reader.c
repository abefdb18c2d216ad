/* Linux keeps 20 kB for the reader of a pseudo-terminal and never says how much of it is unread (TIOCOUTQ is 0).
 * But it wakes who waits for room each time the far end reads and leaves 128 bytes at most, which
 * edge-triggered epoll tells. A write makes an edge of its own, so that one is taken away at once; where the
 * far end reads in that very moment, its edge goes too. A far end that is known to be quick is therefore given
 * a second frame; one that is slow is not, so that it never reads an old frame before a new one. */
#include "reader.h"

#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum {
    FIRST_MAJOR = 136, /* of Unix98 pseudo-terminals */
    LAST_MAJOR = 143,
    MOST_TRUST = 64,
    QUICK = 16, /* trusted so far, it has a second frame */
    BREACH = 8, /* what one period without reading costs */
    DOUBT = 64, /* questions without an answer, then twice as many each time, until it is prodded */
    QUICK_DOUBT = 4
};

void reader_open(reader_Reader *reader, int fd)
{
    struct stat about;
    struct epoll_event wanted;
    memset(reader, 0, sizeof *reader);
    reader->edges = -1;
    if (fstat(fd, &about) != 0 || major(about.st_rdev) < FIRST_MAJOR || major(about.st_rdev) > LAST_MAJOR) {
        return;
    }
    reader->edges = epoll_create1(EPOLL_CLOEXEC);
    memset(&wanted, 0, sizeof wanted);
    wanted.events = EPOLLOUT | EPOLLET;
    if (reader->edges >= 0 && epoll_ctl(reader->edges, EPOLL_CTL_ADD, fd, &wanted) != 0) {
        reader_close(reader);
    }
}

void reader_close(reader_Reader *reader)
{
    if (reader->edges >= 0) {
        (void)close(reader->edges);
    }
    reader->edges = -1;
}

/* Whether there was an edge since the last look; a far end that hangs up makes one, and has read nothing. */
static int edge(const reader_Reader *reader)
{
    struct epoll_event seen;
    return epoll_wait(reader->edges, &seen, 1, 0) > 0 && !(seen.events & (EPOLLHUP | EPOLLERR));
}

void reader_wrote(reader_Reader *reader, int frames)
{
    if (reader->edges >= 0) {
        (void)edge(reader); /* the write's own */
        reader->unread += frames;
        reader->asked = frames > 0 ? 0 : reader->asked;
    }
}

int reader_ready(reader_Reader *reader)
{
    if (reader->edges < 0 || reader->unread == 0) {
        return 1;
    }
    reader->asked++;
    if (edge(reader)) {
        reader->unread = 0;
    }
    if (reader->asked == 1) {
        reader->trust += reader->unread == 0 ? 1 : -BREACH;
        reader->trust = reader->trust < 0 ? 0 : reader->trust > MOST_TRUST ? MOST_TRUST : reader->trust;
    }
    return reader->unread <= (reader->trust >= QUICK);
}

int reader_doubtful(const reader_Reader *reader)
{
    const int enough = reader->trust >= QUICK ? QUICK_DOUBT : DOUBT;
    return reader->unread > 0 && reader->asked >= enough && (reader->asked & (reader->asked - 1)) == 0;
}
