/* Two servers that want one record: one has it, the other has asked for it. Random calls alone hardly ever get that far. */
#ifndef MISUSE_RIVALS_H
#define MISUSE_RIVALS_H

#include "calls.h"

struct rival {
    slk_engine engine;
    struct owner *clock;
};

static void want_a_record(slk_engine engine, slk_store store)
{
    slk_spec spec;
    slk_locker locker;
    slk_spec_options options = SLK_SPEC_OPTIONS_INIT;
    options.name = "player";
    options.store = store;
    options.handover_delay_ms = 60000;
    HOLDS(slk_spec_create(engine, &options, &spec) == SLK_OK);
    remember(SLK_OBJECT_SPEC, spec.id, engine.id);
    HOLDS(slk_locker_create(spec, "1", 0, &locker) == SLK_OK);
    remember(SLK_OBJECT_LOCKER, locker.id, engine.id);
    HOLDS(slk_locker_mark_should_acquire(locker, NULL) == SLK_OK);
}

static struct rival new_rival(const char *server, slk_store store)
{
    struct rival rival = { { 0 }, new_owner("slk_engine_create") };
    slk_engine_options options = SLK_ENGINE_OPTIONS_INIT;
    options.server_id = server;
    options.lease_ms = 6000;
    options.clock = fuzz_clock;
    options.wall_clock = fuzz_wall_clock;
    options.user_data = rival.clock;
    options.destroy = engine_gone;
    options.seed = 1;
    show_clock(rival.clock);
    HOLDS(slk_engine_create(&options, &rival.engine) == SLK_OK);
    remember(SLK_OBJECT_ENGINE, rival.engine.id, 0);
    want_a_record(rival.engine, store);
    return rival;
}

static void take_turns(const struct rival *rivals, int count)
{
    for (int turn = 0; turn < 20; turn++)
        for (int at = 0; at < count; at++) {
            rivals[at].clock->time += 100000000;
            HOLDS(slk_engine_update(rivals[at].engine, 0) == SLK_OK);
        }
}

static void ask_a_holder(void)
{
    slk_store store;
    slk_event event;
    HOLDS(slk_store_open_memory(&store) == SLK_OK);
    remember(SLK_OBJECT_STORE, store.id, 0);
    struct rival rivals[2] = { new_rival("eu-1", store) };
    take_turns(rivals, 1);
    rivals[1] = new_rival("eu-2", store);
    take_turns(rivals, 2);
    while (slk_engine_next_event(rivals[0].engine, &event, sizeof event) == SLK_OK)
        keep_handles_of(&event);
    HOLDS(atomic_load(&asked_for) != 0);
}

#endif
