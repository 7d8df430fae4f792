/* Calls on engines, their events and counters, and on nothing in particular. */
#ifndef MISUSE_CALLS_ENGINES_H
#define MISUSE_CALLS_ENGINES_H

#include "calls_stores.h"

/* Owners of engines, whose clocks are moved. Under the lock only: they end with their engines. */
enum { CLOCKS = 8 };
static struct owner *clocks[CLOCKS];
static pthread_mutex_t clocks_lock = PTHREAD_MUTEX_INITIALIZER;

static void show_clock(struct owner *owner)
{
    HOLDS(pthread_mutex_lock(&clocks_lock) == 0);
    clocks[below(CLOCKS)] = owner;
    HOLDS(pthread_mutex_unlock(&clocks_lock) == 0);
}

static void hide_clock(const struct owner *owner)
{
    HOLDS(pthread_mutex_lock(&clocks_lock) == 0);
    for (unsigned at = 0; at < CLOCKS; at++)
        if (clocks[at] == owner)
            clocks[at] = NULL;
    HOLDS(pthread_mutex_unlock(&clocks_lock) == 0);
}

static void move_clocks(void)
{
    HOLDS(pthread_mutex_lock(&clocks_lock) == 0);
    for (unsigned at = 0; at < CLOCKS; at++)
        if (clocks[at] != NULL && one_in(2))
            pass_time(clocks[at]);
    HOLDS(pthread_mutex_unlock(&clocks_lock) == 0);
}

static void engine_gone(void *user_data)
{
    hide_clock(user_data);
    owner_destroyed(user_data);
}

static slk_engine_options any_engine_options(struct owner *owner)
{
    static const char *const servers[] = { "eu-1", "eu-2", "eu-3" };
    slk_engine_options options = SLK_ENGINE_OPTIONS_INIT;
    options.abi_version = odd(30) ? any_u32(2) : SLK_ABI_VERSION;
    options.server_id = one_in(6) ? NULL : any_of(servers, 3, SLK_MAX_NAME_BYTES);
    if (!crowded && options.server_id == NULL)
        options.server_id = servers[0]; /* a made up id stands before the others at times, and at times behind them */
    options.lease_ms = odd(6) ? any_u32(1000) : 6000;
    options.beat_interval_ms = odd(6) ? any_u32(1000) : 0;
    options.request_timeout_ms = odd(6) ? any_u32(1000) : 500;
    options.max_requests_in_flight = odd(4) ? any_u32(3) : 0;
    options.flags = any_u32(1);
    options.clock = fuzz_clock;
    options.wall_clock = crowded && one_in(3) ? NULL : fuzz_wall_clock;
    options.log = one_in(3) ? NULL : game_log;
    options.log_record = one_in(3) ? NULL : game_log_record;
    options.log_level = options.log != NULL || options.log_record != NULL || odd(4) ? any_i32(4) : 0;
    options.user_data = owner;
    options.destroy = engine_gone;
    options.max_requests_per_second = odd(4) ? any_u32(100) : 0;
    options.mask_ids = any_i32(1);
    options.seed = 1 + any_u64() / 2;
    return options;
}

static slk_result engine_create(void)
{
    struct owner *owner = new_owner("slk_engine_create");
    slk_engine_options options = any_engine_options(owner);
    slk_engine *engine = out(sizeof *engine, LOAN_HANDLE);
    const slk_engine_options *given = odd_options(&options, sizeof options);
    if (!crowded && given != NULL && given->struct_size < sizeof options) {
        end_owner(owner); /* on the system's clocks, or with jitter by chance, a run could not be repeated */
        return slk_engine_create(NULL, engine);
    }
    show_clock(owner); /* before there is an engine that could end it */
    slk_result result = slk_engine_create(given, engine);
    int destroys = given != NULL && given->struct_size > offsetof(slk_engine_options, destroy);
    if (result != SLK_OK || !destroys)
        hide_clock(owner);
    settle(owner, result, destroys ? engine_gone : NULL);
    return made(result, SLK_OBJECT_ENGINE, engine, 0);
}

static slk_result engine_options_init(void)
{
    return slk_engine_options_init(out(LARGEST_STRUCT, LOAN_OUT), any_struct_size(sizeof(slk_engine_options)),
                                   any_u32(2));
}

static slk_result engine_destroy(void)
{
    slk_engine engine = { any_handle_or_null(SLK_OBJECT_ENGINE) };
    return ended(slk_engine_destroy(engine), engine.id);
}

/* How long an update may take does not depend on the machine where runs are to be repeated. */
static uint32_t any_budget(void)
{
    return crowded ? any_u32(500) : odd(2) ? UINT32_MAX : 0;
}

static slk_result engine_update(void)
{
    move_clocks();
    return slk_engine_update(any_engine(), any_budget());
}

static slk_result engine_purchases_in_progress(void)
{
    return slk_engine_purchases_in_progress(any_engine(), out(sizeof(uint64_t), LOAN_OUT));
}

static slk_result engine_visits_in_progress(void)
{
    return slk_engine_visits_in_progress(any_engine(), out(sizeof(uint64_t), LOAN_OUT));
}

static slk_result engine_begin_shutdown(void)
{
    return slk_engine_begin_shutdown(any_engine(), any_u32(30000));
}

static slk_result engine_shutdown(void)
{
    return slk_engine_shutdown(any_engine(), crowded ? below(3) : 0);
}

/* Views of an event end when another thread updates the engine: in a crowd nobody looks at them. */
static void take_event(const slk_event *event)
{
    if (!crowded)
        hear_event(event);
    keep_handles_of(event);
}

static slk_result engine_next_event(void)
{
    slk_event *event = odd(12) ? NULL : lend(LARGEST_STRUCT, LOAN_OUT);
    size_t size = any_struct_size(sizeof *event);
    slk_result result = slk_engine_next_event(any_engine(), event, size);
    if (result == SLK_OK && size >= sizeof *event)
        take_event(event);
    else if (result == SLK_OK && size >= offsetof(slk_event, document) + sizeof event->document)
        remember(SLK_OBJECT_DOCUMENT, event->document.id, 0);
    return result;
}

static slk_result engine_next_events(void)
{
    enum { MOST = 3 };
    size_t *count = out(sizeof *count, LOAN_OUT), size = odd(6) ? any_struct_size(sizeof(slk_event)) : sizeof(slk_event);
    unsigned char *events = odd(12) ? NULL : lend(MOST * LARGEST_STRUCT, LOAN_OUT);
    slk_result result = slk_engine_next_events(any_engine(), (slk_event *)events, size, below(MOST + 1), count);
    for (size_t at = 0; result == SLK_OK && at < *count; at++) {
        slk_event event = { 0 };
        memcpy(&event, events + at * size, size < sizeof event ? size : sizeof event);
        if (size >= sizeof event)
            take_event(&event);
        else
            remember(SLK_OBJECT_DOCUMENT, event.document.id, 0);
    }
    return result;
}

static slk_result engine_dispatch(void)
{
    struct owner *owner = new_owner("slk_engine_dispatch");
    slk_event_callback callback = odd(12) ? NULL : game_event;
    slk_result result = slk_engine_dispatch(any_engine(), callback, owner);
    end_owner(owner);
    return result;
}

static slk_result engine_get_metrics(void)
{
    slk_metrics *metrics = out(LARGEST_STRUCT, LOAN_OUT);
    return slk_engine_get_metrics(any_engine(), metrics, any_struct_size(sizeof *metrics));
}

static slk_result engine_metrics_text(void)
{
    struct room room = any_room(LOAN_OUT);
    return slk_engine_metrics_text(any_engine(), room.at, room.capacity, any_length_out());
}

static slk_result engine_is_store_critical(void)
{
    return slk_engine_is_store_critical(any_engine(), any_store());
}

/* Without a handle. ------------------------------------------------------------------------------------------------- */

static slk_result version(void)
{
    return (slk_result)slk_version();
}

static slk_result version_text(void)
{
    look_at_string(slk_version_text());
    return SLK_OK;
}

static slk_result abi_version(void)
{
    HOLDS(slk_abi_version() == SLK_ABI_VERSION);
    return SLK_OK;
}

static slk_result result_name(void)
{
    look_at_string(slk_result_name((slk_result)below(100) - 50));
    return SLK_OK;
}

static slk_result last_error_text(void)
{
    struct room room = any_room(LOAN_TEXT);
    return slk_last_error(room.at, room.capacity, out(sizeof(size_t), LOAN_TEXT));
}

static slk_result object_count(void)
{
    return slk_object_count(any_i32(12)) > 0;
}

#endif
