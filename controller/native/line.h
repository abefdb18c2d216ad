/* The serial line: raw bytes, never waiting, opened again when it dies. */
#ifndef SEAWALL_LINE_H
#define SEAWALL_LINE_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
    const char *path;
    long baud;
    int fd;     /* -1 while the line is dead */
    int broken; /* 1 after a frame that went out in part: the next begins with a zero */
    int64_t dropped;
    int64_t lost;
} line_Line;

/* Whether a speed in baud is one that termios has. */
int line_knows(long baud);

/* Open the line raw, 8N1, without flow control; 0 on success, else errno. */
int line_open(line_Line *line);

/* At most n bytes that have arrived; 0 where there are none; the line is closed where it died. */
size_t line_read(line_Line *line, uint8_t *data, size_t n);

/* Send a frame; what does not fit within patience_ms is dropped and counted. */
void line_write(line_Line *line, const uint8_t *data, size_t n, int patience_ms);

/* Wait for bytes for at most patience_ms, or for a signal. */
void line_wait(const line_Line *line, int patience_ms);

void line_close(line_Line *line);

#endif
