/*
 * Every call that a callback store gets goes wrong in every way, one at a time, while a player's session goes through its
 * life: load, change, save, release, load again. Whatever happened, what was reported as saved must be there.
 *
 * The argument is the mode: async, blocking, concurrent. Time is the test's own.
 */
#include "fault_store.h"

static int32_t mode;
static int injected[FAULTS][4];

static void tick(slk_engine engine, struct fault_store *store)
{
    OK(slk_engine_update(engine, 0));
    pass_ms(20);
    if (mode == SLK_STORE_ASYNCHRONOUS) {
        answer_held(store);
    } else {
        /* The library's threads need real time. */
        sleep_us(50);
    }
}

static slk_event wait_for(slk_engine engine, struct fault_store *store, int32_t kind)
{
    slk_event event;
    /* On a busy machine the library's threads may not run for a while, and virtual time goes on. */
    int most = mode == SLK_STORE_ASYNCHRONOUS ? 20000 : 400000;
    for (int ticks = 0; ticks < most; ticks++) {
        tick(engine, store);
        while (slk_engine_next_event(engine, &event, sizeof event) == SLK_OK) {
            if (event.kind == kind)
                return event;
            /* One fault of the store is no reason to lose a session or to give up. */
            CHECK(event.kind != SLK_EVENT_LOST && event.kind != SLK_EVENT_SUPERSEDED);
        }
    }
    fprintf(stderr, "no event of kind %d came; %s at call %d of kind %d\n", (int)kind, fault_names[store->fault],
            store->nth, (int)store->kind);
    exit(1);
}

/* Three sessions of one player; each finds what the one before has saved. */
static void play(slk_engine engine, slk_spec spec, struct fault_store *store)
{
    for (int64_t session = 0; session < 3; session++) {
        slk_locker locker = new_locker(spec, "42", 1);
        OK(slk_locker_mark_should_acquire(locker, NULL));
        (void)wait_for(engine, store, SLK_EVENT_LOADED);
        int64_t gold = -1;
        OK(slk_locker_get_i64(locker, "/gold", &gold));
        CHECK(gold == session);

        uint64_t change = 0;
        OK(slk_locker_add_i64(locker, "/gold", 1, &change));
        OK(slk_locker_await_change(locker, change, 1));
        OK(slk_locker_mark_force_save(locker));
        CHECK(wait_for(engine, store, SLK_EVENT_CHANGE_SETTLED).result == SLK_SAVED);
        EXPECT(SLK_SAVED, slk_locker_change_status(locker, change));

        OK(slk_locker_mark_should_release(locker, NULL));
        (void)wait_for(engine, store, SLK_EVENT_RELEASED);
        OK(slk_locker_destroy(locker));
    }
}

/* Plays with a fault at the n-th call of a kind. Returns 0 once there are fewer calls than that. */
static int story(enum fault fault, int32_t kind, int nth)
{
    struct fault_store store;
    memset(&store, 0, sizeof store);
    CHECK(pthread_mutex_init(&store.lock, NULL) == 0);
    store.fault = fault;
    store.kind = kind;
    store.nth = nth;

    slk_store handle = open_fault_store(&store, mode);
    slk_engine_options options = SLK_ENGINE_OPTIONS_INIT;
    options.server_id = "eu-1";
    options.clock = virtual_clock;
    options.request_timeout_ms = 2000;
    slk_engine engine;
    OK(slk_engine_create(&options, &engine));
    play(engine, new_spec(engine, handle), &store);
    OK(slk_engine_begin_shutdown(engine, 60000));
    CHECK(wait_for(engine, &store, SLK_EVENT_SHUTDOWN_DONE).count == 0);

    /* The user data live as long as anything can still use them. */
    OK(slk_store_destroy(handle));
    CHECK(store.destroyed == 0);
    OK(slk_engine_destroy(engine));
    if (store.held_count > 0)
        CHECK(store.destroyed == 0);
    while (store.held_count > 0) {
        pass_ms(1000);
        answer_held(&store);
    }
    CHECK(store.destroyed == 1);
    if (mode == SLK_STORE_ASYNCHRONOUS && store.injected && (fault == LATE || fault == LATE_EFFECT || fault == NEVER))
        CHECK(store.cancelled == 1);
    injected[fault][kind] += store.injected;
    int happened = store.injected;
    free_fault_store(&store);
    return happened;
}

static int mode_of(const char *name)
{
    if (strcmp(name, "async") == 0)
        return SLK_STORE_ASYNCHRONOUS;
    return strcmp(name, "blocking") == 0 ? SLK_STORE_BLOCKING : SLK_STORE_BLOCKING_CONCURRENT;
}

int main(int argc, char **argv)
{
    CHECK(argc == 2);
    mode = mode_of(argv[1]);
    int stories = 0;
    for (int32_t kind = SLK_REQUEST_GET; kind <= SLK_REQUEST_REMOVE; kind++)
        for (int fault = NONE + 1; fault < FAULTS; fault++)
            for (int nth = 1; story((enum fault)fault, kind, nth); nth++)
                stories++;
    printf("%s: %d stories with a fault\n", argv[1], stories);
    for (int fault = NONE + 1; fault < FAULTS; fault++) {
        printf("  %-18s get %3d  put %3d  remove %3d\n", fault_names[fault], injected[fault][SLK_REQUEST_GET],
               injected[fault][SLK_REQUEST_PUT], injected[fault][SLK_REQUEST_REMOVE]);
        /* A fault that never happened proves nothing. */
        for (int32_t kind = SLK_REQUEST_GET; kind <= SLK_REQUEST_REMOVE; kind++)
            CHECK(injected[fault][kind] > 0);
    }
    return 0;
}
