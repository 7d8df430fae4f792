#include "failures.h"

#include <stdio.h>

const char *last_error(void)
{
    static char text[512];
    /* A text that is too long is cut: good enough to show. */
    (void)slk_last_error(text, sizeof text, NULL);
    return text;
}

bool succeeded(slk_result result, const char *what)
{
    if (result == SLK_OK)
        return true;
    fprintf(stderr, "game_server: %s: %s: %s\n", what, slk_result_name(result), last_error());
    return false;
}
