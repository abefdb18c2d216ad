/* Plain words, each checked; nothing is guessed. */
#include "options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "line.h"
#include "mission.h"

void options_usage(FILE *stream)
{
    fprintf(stream,
            "usage: %s-flight [--help] [--check] [--lockstep] [--times arrival|sender] [--baud N]\n"
            "       [--priority N] [--watchdog DEVICE] PORT\n"
            "  --help      say this\n"
            "  --check     run the self-test and exit: 0 where every bit is right, else 1\n"
            "  --lockstep  step at each TICK frame, at its time, instead of by the clock; senders' times only\n"
            "  --times     a sample is as old as its arrival (default), or has its sender's CLOCK_MONOTONIC\n"
            "  --baud      speed of the line; %d unless given\n"
            "  --priority  SCHED_FIFO priority, 1 to 99; %d unless given\n"
            "  --watchdog  a watchdog device to feed, such as /dev/watchdog\n",
            MISSION_NAME, MISSION_BAUD, MISSION_PRIORITY);
}

/* A whole number from low to high, or -1. */
static long number(const char *text, long low, long high)
{
    char *end;
    long value;
    errno = 0;
    value = strtol(text, &end, 10);
    return errno == 0 && end != text && *end == 0 && value >= low && value <= high ? value : -1;
}

/* 0, or -1 where the option is unknown or its value makes no sense. */
static int parse_valued(options_Options *options, const char *name, const char *value)
{
    if (strcmp(name, "--baud") == 0) {
        options->baud = number(value, 1, 4000000);
        return line_knows(options->baud) ? 0 : -1;
    }
    if (strcmp(name, "--priority") == 0) {
        options->priority = number(value, 1, 99);
        return options->priority > 0 ? 0 : -1;
    }
    if (strcmp(name, "--watchdog") == 0) {
        options->watchdog = value;
        return 0;
    }
    if (strcmp(name, "--times") == 0) {
        options->times = strcmp(value, "sender") == 0 ? TIMES_SENDER : TIMES_ARRIVAL;
        return options->times == TIMES_SENDER || strcmp(value, "arrival") == 0 ? 0 : -1;
    }
    return -1;
}

int options_parse(options_Options *options, int count, char **words)
{
    memset(options, 0, sizeof *options);
    options->baud = MISSION_BAUD;
    options->priority = MISSION_PRIORITY;
    for (int i = 1; i < count; i++) {
        const char *const word = words[i];
        if (strcmp(word, "--check") == 0) {
            options->check_only = 1;
        } else if (strcmp(word, "--lockstep") == 0) {
            options->lockstep = 1;
        } else if (strcmp(word, "--help") == 0) {
            options->help = 1;
        } else if (word[0] != '-' && !options->port) {
            options->port = word;
        } else if (word[0] != '-' || i + 1 == count || parse_valued(options, word, words[++i]) != 0) {
            return -1;
        }
    }
    if (options->lockstep && options->times == TIMES_ARRIVAL) {
        return -1; /* its clock is the TICK's: no arrival has a time there */
    }
    if (options->times == 0) {
        options->times = options->lockstep ? TIMES_SENDER : TIMES_ARRIVAL;
    }
    return options->help || options->check_only || options->port ? 0 : -1;
}
