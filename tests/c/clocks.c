/* Time as hosts really have it: one that does not tick for minutes, one that ticks from several threads, and clocks that
 * run at different rates. */
#include "harness.h"

#include <pthread.h>

#define MS ((uint64_t)1000000)

enum { LEASE_MS = 3000 };

/* A server with a clock of its own. */
struct server {
    uint64_t now;
    slk_store store;
    slk_engine engine;
    slk_locker locker;
    uint64_t change; /* that was not saved when the server was cut off */
    int suspect, ended, available, loaded;
    slk_event lost;
    int64_t lost_gold;
};

static uint64_t own_clock(void *user_data)
{
    const struct server *server = user_data;
    return server->now;
}

static void begin(struct server *server, const char *name, slk_store store, uint64_t now)
{
    memset(server, 0, sizeof *server);
    server->now = now;
    server->store = store;
    slk_engine_options options = SLK_ENGINE_OPTIONS_INIT;
    options.server_id = name;
    options.lease_ms = LEASE_MS;
    options.clock = own_clock;
    options.user_data = server;
    OK(slk_engine_create(&options, &server->engine));
    server->locker = new_locker(new_spec(server->engine, store), "42", 42);
    OK(slk_locker_mark_should_acquire(server->locker, NULL));
}

static void hear(struct server *server)
{
    slk_event event;
    while (slk_engine_next_event(server->engine, &event, sizeof event) == SLK_OK) {
        server->loaded += event.kind == SLK_EVENT_LOADED;
        server->suspect += event.kind == SLK_EVENT_SUSPECT;
        server->ended += event.kind == SLK_EVENT_ENDED;
        server->available += event.kind == SLK_EVENT_AVAILABLE;
        if (event.kind == SLK_EVENT_LOST) {
            server->lost = event;
            OK(slk_document_get_i64(event.document, "/gold", &server->lost_gold));
        }
        OK(slk_document_destroy(event.document));
    }
}

static void tick(struct server *server)
{
    OK(slk_engine_update(server->engine, 0));
    hear(server);
}

static void tick_for(struct server *server, uint64_t ms)
{
    for (uint64_t passed = 0; passed < ms; passed += 10) {
        server->now += 10 * MS;
        tick(server);
    }
}

static int64_t gold_of(const struct server *server)
{
    int64_t gold;
    OK(slk_locker_get_i64(server->locker, "/gold", &gold));
    return gold;
}

/* Loads the player, saves one piece of gold, and earns another that is not saved. */
static void play(struct server *server)
{
    tick_for(server, 500);
    CHECK(server->loaded == 1 && slk_locker_is_available(server->locker) == 1);
    OK(slk_locker_add_i64(server->locker, "/gold", 1, &server->change));
    OK(slk_locker_mark_force_save(server->locker));
    tick_for(server, 500);
    EXPECT(SLK_SAVED, slk_locker_change_status(server->locker, server->change));
    OK(slk_locker_add_i64(server->locker, "/gold", 1, &server->change));
}

static void end(struct server *server)
{
    OK(slk_engine_begin_shutdown(server->engine, 60000));
    slk_event event;
    for (int ticks = 0; ticks < 10000; ticks++) {
        server->now += 10 * MS;
        OK(slk_engine_update(server->engine, 0));
        if (saw_event(server->engine, SLK_EVENT_SHUTDOWN_DONE, &event)) {
            CHECK(event.count == 0);
            OK(slk_engine_destroy(server->engine));
            return;
        }
    }
    CHECK(!"the shutdown ends");
}

/* The gold that is in the store: of whoever has it now, after a look by a server of its own. */
static int64_t stored_gold(slk_store store)
{
    struct server auditor;
    begin(&auditor, "auditor", store, 7000000 * MS);
    tick_for(&auditor, 500);
    CHECK(auditor.loaded == 1);
    int64_t gold = gold_of(&auditor);
    end(&auditor);
    return gold;
}

/* A host that hangs ------------------------------------------------------------------------------------------------ */

/* Nobody wants the player meanwhile: the server knows at once that it cannot promise anything, and soon that it may. */
static void minutes_without_a_tick(void)
{
    slk_store store;
    struct server host;
    OK(slk_store_open_memory(&store));
    begin(&host, "hangs", store, 1000000 * MS);
    play(&host);
    int available = host.available;
    host.now += 300000 * MS;
    CHECK(slk_locker_is_available(host.locker) == 0);
    EXPECT(SLK_PENDING, slk_locker_change_status(host.locker, host.change));
    tick_for(&host, 1000);
    CHECK(host.suspect == 1 && host.available > available && host.ended == 0);
    CHECK(slk_locker_is_available(host.locker) == 1 && gold_of(&host) == 2);
    end(&host);
    CHECK(stored_gold(store) == 2);
    OK(slk_store_destroy(store));
}

/* Another takes the player over meanwhile: the first does not take itself for the owner for a moment, is handed what is
 * lost, and writes nothing. */
static void minutes_without_a_tick_and_a_takeover(void)
{
    slk_store store;
    struct server host, other;
    OK(slk_store_open_memory(&store));
    begin(&host, "hangs", store, 1000000 * MS);
    play(&host);
    begin(&other, "lives", store, 5000 * MS);
    for (int steps = 0; steps < 1000 && !other.loaded; steps++) {
        host.now += 10 * MS; /* passes, though nobody ticks */
        tick_for(&other, 10);
        CHECK(slk_locker_is_available(host.locker) + slk_locker_is_available(other.locker) <= 1);
    }
    CHECK(other.loaded == 1 && gold_of(&other) == 1);
    OK(slk_locker_add_i64(other.locker, "/gold", 10, NULL));
    host.now += 300000 * MS;
    OK(slk_locker_mark_force_save(host.locker));
    CHECK(slk_locker_is_available(host.locker) == 0);
    for (int steps = 0; steps < 500; steps++) {
        tick_for(&host, 10);
        tick_for(&other, 10);
        CHECK(slk_locker_is_available(host.locker) == 0);
    }
    CHECK(host.ended == 1 && host.lost.kind == SLK_EVENT_LOST && host.lost.detail == SLK_LOSS_TAKEN);
    CHECK(host.lost.unknown_change < host.change && host.lost_gold == 2);
    EXPECT(SLK_LOST, slk_locker_change_status(host.locker, host.change));
    OK(slk_locker_mark_should_release(host.locker, NULL));
    end(&host);
    end(&other);
    CHECK(stored_gold(store) == 11);
    OK(slk_store_destroy(store));
}

/* Any thread -------------------------------------------------------------------------------------------------------- */

static void *make(void *server)
{
    begin(server, "threads", ((struct server *)server)->store, 1000000 * MS);
    return NULL;
}

static void *load_and_save(void *server)
{
    play(server);
    return NULL;
}

static void *finish(void *server)
{
    end(server);
    return NULL;
}

static void on_a_thread_of_its_own(void *(*body)(void *), struct server *server)
{
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, body, server) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
}

/* Made, ticked and ended by four different threads, one after the other. */
static void each_tick_from_another_thread(void)
{
    struct server server = { 0 };
    OK(slk_store_open_memory(&server.store));
    slk_store store = server.store;
    on_a_thread_of_its_own(make, &server);
    on_a_thread_of_its_own(load_and_save, &server);
    CHECK(slk_locker_is_available(server.locker) == 1);
    tick_for(&server, 100);
    CHECK(gold_of(&server) == 2);
    on_a_thread_of_its_own(finish, &server);
    CHECK(stored_gold(store) == 2);
    OK(slk_store_destroy(store));
}

/* Clocks that run at different rates -------------------------------------------------------------------------------- */

static void cut_off(slk_store store)
{
    slk_fault_options faults = SLK_FAULT_OPTIONS_INIT;
    faults.refused = 10000;
    OK(slk_store_set_faults(store, &faults));
}

/* The first is cut off from the store some time after its last sign of life, the second waits for its lease to end. Gives
 * for how many steps both were available. */
static int available_at_once(int first_rate, int second_rate, int cut_after_ms)
{
    slk_store memory, faulty;
    struct server first, second;
    slk_fault_options none = SLK_FAULT_OPTIONS_INIT;
    int both = 0;
    OK(slk_store_open_memory(&memory));
    OK(slk_store_open_faulty(memory, &none, &faulty));
    begin(&first, "first", faulty, 1000000 * MS);
    play(&first);
    tick_for(&first, (uint64_t)cut_after_ms);
    cut_off(faulty);
    begin(&second, "second", memory, 3000 * MS);
    for (int steps = 0; steps < 20000 && !second.loaded; steps++) {
        first.now += (uint64_t)first_rate * MS / 10;
        second.now += (uint64_t)second_rate * MS / 10;
        tick(&first);
        tick(&second);
        both += slk_locker_is_available(first.locker) == 1 && slk_locker_is_available(second.locker) == 1;
    }
    CHECK(second.loaded == 1 && gold_of(&second) == 1);
    OK(slk_locker_add_i64(second.locker, "/gold", 10, NULL));

    /* Whatever the first believed, it writes nothing when it is back. */
    OK(slk_locker_mark_force_save(first.locker));
    OK(slk_store_set_faults(faulty, NULL));
    for (int steps = 0; steps < 1000; steps++) {
        tick_for(&first, 10);
        tick_for(&second, 10);
    }
    CHECK(first.lost.kind == SLK_EVENT_LOST && first.lost_gold == 2);
    EXPECT(SLK_LOST, slk_locker_change_status(first.locker, first.change));
    OK(slk_locker_mark_should_release(first.locker, NULL));
    end(&first);
    end(&second);
    CHECK(stored_gold(memory) == 11);
    OK(slk_store_destroy(faulty));
    OK(slk_store_destroy(memory));
    return both;
}

static int over_a_beat(int first_rate, int second_rate)
{
    int both = 0;
    for (int cut_after_ms = 0; cut_after_ms < LEASE_MS / 12 + 20; cut_after_ms += 20)
        both += available_at_once(first_rate, second_rate, cut_after_ms);
    return both;
}

/* A fifth apart is within the bound: never two at once. Far beyond it there are, which shows that this can be seen, and
 * the data are safe all the same. */
static void rates_of_clocks(void)
{
    CHECK(over_a_beat(10, 10) == 0);
    CHECK(over_a_beat(10, 12) == 0);
    CHECK(over_a_beat(12, 10) == 0);
    CHECK(over_a_beat(10, 20) > 0);
}

int main(void)
{
    minutes_without_a_tick();
    minutes_without_a_tick_and_a_takeover();
    each_tick_from_another_thread();
    rates_of_clocks();
    return 0;
}
