/* The audit log: what this server was told and did, line by line, for a checker that looks for broken promises after
 * the process was killed. A game does not need it, though support staff will thank you for something like it.
 *
 *     <nanoseconds> <what> <player> <name> <value> <name> <value> ...
 *
 * Times are of the machine's steady clock, so the logs of several processes can be compared. Each line has left the
 * process before the caller goes on, so a killed process has logged whatever it acted on. */
#ifndef GAME_AUDIT_H
#define GAME_AUDIT_H

#include <stdbool.h>
#include <stdint.h>

#if defined(__GNUC__)
#define AUDIT_FORMAT(text, values) __attribute__((__format__(__printf__, text, values)))
#else
#define AUDIT_FORMAT(text, values)
#endif

/* Without a path nothing is logged. */
bool audit_open(const char *path);
void audit_close(void);

void audit(const char *format, ...) AUDIT_FORMAT(1, 2);
void audit_at(uint64_t time_ns, const char *format, ...) AUDIT_FORMAT(2, 3);

#endif
