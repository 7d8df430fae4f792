/* Nanoseconds of an empty call and of adding to a number: one line with both for each round. */
#define _POSIX_C_SOURCE 200809L
#include "sessionlocker.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define TIMES 200000

static void check(int holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "%s\n", what);
        exit(1);
    }
}

static double now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void tick(slk_engine engine)
{
    slk_event event;
    check(slk_engine_update(engine, 0) == SLK_OK, "update");
    while (slk_engine_next_event(engine, &event, sizeof event) == SLK_OK)
        check(slk_document_destroy(event.document) == SLK_OK, "destroy");
}

int main(int count, char **arguments)
{
    slk_engine_options engine_options = SLK_ENGINE_OPTIONS_INIT;
    slk_spec_options spec_options = SLK_SPEC_OPTIONS_INIT;
    slk_engine engine;
    slk_store store;
    slk_spec spec;
    slk_locker locker;
    int rounds = count > 1 ? atoi(arguments[1]) : 1;
    check(slk_store_open_memory(&store) == SLK_OK, "store");
    check(slk_engine_create(&engine_options, &engine) == SLK_OK, "engine");
    spec_options.name = "player";
    spec_options.store = store;
    spec_options.default_data = "{\"gold\":0}";
    check(slk_spec_create(engine, &spec_options, &spec) == SLK_OK, "spec");
    check(slk_locker_create(spec, "somebody", 0, &locker) == SLK_OK, "locker");
    check(slk_locker_mark_should_acquire(locker, NULL) == SLK_OK, "acquire");
    while (slk_locker_is_loaded(locker) == 0) {
        struct timespec pause = { 0, 1000000 };
        nanosleep(&pause, NULL);
        tick(engine);
    }
    for (int round = 0; round <= rounds; round++) {
        double begun = now_ns();
        for (int at = 0; at < TIMES; at++)
            check(slk_locker_is_available(locker) == 1, "it is loaded");
        double asked = now_ns();
        for (int at = 0; at < TIMES; at++)
            check(slk_locker_add_i64(locker, "/gold", 1, NULL) == SLK_OK, "add");
        double added = now_ns();
        tick(engine);
        if (round > 0)
            printf("%.2f %.2f\n", (asked - begun) / TIMES, (added - asked) / TIMES);
    }
    check(slk_engine_destroy(engine) == SLK_OK, "engine");
    return slk_store_destroy(store) == SLK_OK ? 0 : 1;
}
