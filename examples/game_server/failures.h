/* What a call of the library that failed has to say. */
#ifndef GAME_FAILURES_H
#define GAME_FAILURES_H

#include <sessionlocker.h>
#include <stdbool.h>

/* The library's words for the call that just failed on this thread. Good until the next call of this function. */
const char *last_error(void);

/* Whether a call succeeded; if not, says on stderr what did not work, and why. */
bool succeeded(slk_result result, const char *what);

#endif
