/*
 * What the C tests have in common: checks that say where they failed, a clock that only moves when it is told to, and an
 * engine in a few words. A program ends with 0 if all its checks held.
 */
#ifndef HARNESS_H
#define HARNESS_H

#ifndef _XOPEN_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif

#include "sessionlocker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Ends the program if the condition does not hold: what follows would make no sense. */
#define CHECK(condition) \
    do { \
        if (!(condition)) \
            harness_fail(__FILE__, __LINE__, #condition, SLK_OK); \
    } while (0)

/* Calls something and ends the program if it gives another result than this one. */
#define EXPECT(expected, call) \
    do { \
        slk_result harness_result = (call); \
        if (harness_result != (expected)) \
            harness_fail(__FILE__, __LINE__, #expected " == " #call, harness_result); \
    } while (0)

#define OK(call) EXPECT(SLK_OK, call)

static inline const char *last_error(void)
{
    static _Thread_local char text[8192];
    if (slk_last_error(text, sizeof text, NULL) < SLK_OK)
        text[sizeof text - 1] = '\0';
    return text;
}

static inline void harness_fail(const char *file, int line, const char *what, slk_result result)
{
    fprintf(stderr, "%s:%d: %s\n  result: %s (%d)\n  last error: %s\n", file, line, what, slk_result_name(result),
            (int)result, last_error());
    exit(1);
}

/* Whether the last error has these words. */
static inline int says(const char *words)
{
    if (strstr(last_error(), words) != NULL)
        return 1;
    fprintf(stderr, "'%s' does not say '%s'\n", last_error(), words);
    return 0;
}

/* Virtual time, in nanoseconds. It begins well above zero, so that leases fit before it. */
static uint64_t virtual_time = 1000000000000u;

static inline uint64_t virtual_clock(void *user_data)
{
    (void)user_data;
    return virtual_time;
}

/* Set by tests of stores that need real time: engines made from then on have the system's clock. */
static int real_time;

static inline void sleep_us(long us)
{
    struct timespec pause = { us / 1000000, us % 1000000 * 1000 };
    nanosleep(&pause, NULL);
}

static inline void pass_ms(uint64_t ms)
{
    virtual_time += ms * 1000000u;
    if (real_time)
        sleep_us(1000);
}

/* An engine on virtual time, unless the test needs real time. */
static inline slk_engine new_engine(const char *server_id)
{
    slk_engine_options options = SLK_ENGINE_OPTIONS_INIT;
    options.server_id = server_id;
    options.clock = real_time ? NULL : virtual_clock;
    slk_engine engine;
    OK(slk_engine_create(&options, &engine));
    return engine;
}

static inline slk_spec new_spec(slk_engine engine, slk_store store)
{
    slk_spec_options options = SLK_SPEC_OPTIONS_INIT;
    options.name = "player";
    options.store = store;
    options.schema_version = 1;
    options.default_data = "{\"gold\":0}";
    slk_spec spec;
    OK(slk_spec_create(engine, &options, &spec));
    return spec;
}

static inline slk_locker new_locker(slk_spec spec, const char *key, uint64_t tag)
{
    slk_locker locker;
    OK(slk_locker_create(spec, key, tag, &locker));
    return locker;
}

/* Takes events until one of this kind comes; 1 if it did. Documents of others are destroyed. */
static inline int saw_event(slk_engine engine, int32_t kind, slk_event *event)
{
    while (slk_engine_next_event(engine, event, sizeof *event) == SLK_OK) {
        if (event->kind == kind)
            return 1;
        OK(slk_document_destroy(event->document));
    }
    return 0;
}

/* Ticks, 10 ms of virtual time each, until an event of this kind comes; ends the program if it does not. */
static inline slk_event wait_for_event(slk_engine engine, int32_t kind)
{
    slk_event event;
    for (int tick = 0; tick < 100000; tick++) {
        OK(slk_engine_update(engine, 0));
        if (saw_event(engine, kind, &event))
            return event;
        pass_ms(10);
    }
    fprintf(stderr, "no event of kind %d came\n", (int)kind);
    exit(1);
}

#endif
