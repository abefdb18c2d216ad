/* The serial line: raw bytes, never waiting, opened again when it dies; it says when the far end is behind. */
#ifndef SEAWALL_LINE_H
#define SEAWALL_LINE_H

#include <stddef.h>
#include <stdint.h>

#include "reader.h"

typedef struct {
    const char *path;
    long baud;
    int fd;     /* -1 while the line is dead */
    int broken; /* 1 after a frame that went out in part: the next begins with a zero */
    reader_Reader reader;
} line_Line;

enum {
    LINE_FULL = 4095,  /* what Linux shows of a line's input at once: whoever reads this much may have more coming */
    LINE_UNSEEN = 128  /* what the far end of a pseudo-terminal may leave unread and look as if it had read all */
};

/* Whether a speed in baud is one that termios has. */
int line_knows(long baud);

/* Open the line raw, 8N1, without flow control; 0 on success, else errno. */
int line_open(line_Line *line);

/* At most n bytes that have arrived; 0 where there are none; the line is closed where it died. */
size_t line_read(line_Line *line, uint8_t *data, size_t n);

/* Send a frame; 1 where all of it was handed over within patience_ms, else 0: the rest is dropped. */
int line_write(line_Line *line, const uint8_t *data, size_t n, int patience_ms);

/* 1 where all that was written has left: sent by the driver, or on a pseudo-terminal read by the far end (see
 * reader.c); 0 also without a line. Whoever writes only then puts no new frame behind an old one. */
int line_ready(line_Line *line);

/* Wait for bytes for at most patience_ms, or for a signal. */
void line_wait(const line_Line *line, int patience_ms);

void line_close(line_Line *line);

#endif
