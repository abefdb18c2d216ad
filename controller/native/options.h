/* The command line of the flight binary. */
#ifndef SEAWALL_OPTIONS_H
#define SEAWALL_OPTIONS_H

typedef struct {
    const char *port;
    const char *watchdog;
    long baud;
    long priority;
    int lockstep;
    int sender_times;
    int check_only;
} options_Options;

/* Fill the options, defaults first; 0, or -1 where a word makes no sense. */
int options_parse(options_Options *options, int count, char **words);

/* Say what the options are, on standard error. */
void options_usage(void);

#endif
