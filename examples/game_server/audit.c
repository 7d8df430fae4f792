#include "audit.h"

#include "platform.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static FILE *file;

bool audit_open(const char *path)
{
    if (path == NULL)
        return true;
    file = fopen(path, "a");
    if (file == NULL)
        return false;
    /* One write for each line: nothing that was acted on may wait in a buffer that dies with the process. */
    return setvbuf(file, NULL, _IOLBF, 1024) == 0;
}

void audit_close(void)
{
    if (file != NULL)
        fclose(file);
    file = NULL;
}

static void write_line(uint64_t time_ns, const char *format, va_list values)
{
    if (fprintf(file, "%" PRIu64 " ", time_ns) < 0 || vfprintf(file, format, values) < 0 || fputc('\n', file) == EOF) {
        /* Whoever asked for the log wants to rely on it. Other servers take over as after any crash. */
        perror("game_server: cannot write the audit log");
        exit(EXIT_FAILURE);
    }
}

void audit_at(uint64_t time_ns, const char *format, ...)
{
    if (file == NULL)
        return;
    va_list values;
    va_start(values, format);
    write_line(time_ns, format, values);
    va_end(values);
}

void audit(const char *format, ...)
{
    if (file == NULL)
        return;
    va_list values;
    va_start(values, format);
    write_line(platform_now_ns(), format, values);
    va_end(values);
}
