/* How far the far end of a pseudo-terminal is behind. */
#ifndef SEAWALL_READER_H
#define SEAWALL_READER_H

/* What is known of the far end's reading; edges is -1 where nothing can be known. */
typedef struct {
    int edges;  /* an epoll descriptor */
    int unread; /* frames that were written since it was last seen to read */
    int asked;  /* how often it was asked since the last write */
    int trust;  /* how regularly it reads within a period */
} reader_Reader;

/* Watch the far end of an open line; edges stays -1 for any other line than a pseudo-terminal. */
void reader_open(reader_Reader *reader, int fd);

void reader_close(reader_Reader *reader);

/* Something was written just now: so many frames, or 0 for a byte that means nothing. */
void reader_wrote(reader_Reader *reader, int frames);

/* Asked once a period: 1 where the far end has read what was written, as far as can be known. */
int reader_ready(reader_Reader *reader);

/* 1 where the far end has been silent for so long that it should be given a byte to read. */
int reader_doubtful(const reader_Reader *reader);

#endif
