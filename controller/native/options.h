/* The command line of the flight binary. */
#ifndef SEAWALL_OPTIONS_H
#define SEAWALL_OPTIONS_H

#include <stdio.h>

enum { TIMES_ARRIVAL = 1, TIMES_SENDER = 2 };

typedef struct {
    const char *port;
    const char *watchdog;
    long baud;
    long priority;
    int lockstep;
    int times; /* whose time a sample has; in lockstep its sender's */
    int check_only;
    int help;
} options_Options;

/* Fill the options, defaults first; 0, or -1 where a word makes no sense. */
int options_parse(options_Options *options, int count, char **words);

/* Say what the options are. */
void options_usage(FILE *stream);

#endif
