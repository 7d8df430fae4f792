/* Limits: how many requests a store gets, how large a record may grow, and what is told when a store fails. */
#include "switch_store.h"

static slk_engine engine_with_budget(uint32_t per_second)
{
    slk_engine_options options = SLK_ENGINE_OPTIONS_INIT;
    options.server_id = "eu-1";
    options.clock = virtual_clock;
    options.max_requests_per_second = per_second;
    slk_engine engine;
    OK(slk_engine_create(&options, &engine));
    return engine;
}

/* Two requests in a second, and no more, however many are asked for; a budget for beats alone is refused. */
static void a_budget(void)
{
    struct switch_store shelf = { 0 };
    slk_store store = open_switch_store(&shelf);
    slk_engine engine = engine_with_budget(2);
    slk_locker locker = new_locker(new_spec(engine, store), "42", 42);
    OK(slk_locker_mark_should_acquire(locker, NULL));
    (void)wait_for_event(engine, SLK_EVENT_LOADED);
    tick_ms(engine, 5000);
    shelf.requests = 0;
    for (int tick = 0; tick < 1000; tick++) {
        OK(slk_locker_mark_force_save(locker));
        tick_ms(engine, 10);
    }
    /* Ten seconds, the burst of the first, and one or two signs of life among them. */
    CHECK(shelf.requests >= 18 && shelf.requests <= 22);
    end_engine(engine);

    slk_engine_options options = SLK_ENGINE_OPTIONS_INIT;
    options.beat_interval_ms = 1000;
    options.max_requests_per_second = 3;
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_engine_create(&options, &engine));
    CHECK(says("max_requests_per_second 3"));
    OK(slk_store_destroy(store));
    empty_switch_store(&shelf);
}

static slk_spec sized_spec(slk_engine engine, slk_store store)
{
    slk_spec_options options = SLK_SPEC_OPTIONS_INIT;
    options.name = "player";
    options.store = store;
    options.schema_version = 1;
    options.max_value_bytes = 10000;
    options.size_warning_percent = 101;
    slk_spec spec;
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_spec_create(engine, &options, &spec));
    CHECK(says("size_warning_percent"));
    options.size_warning_percent = 0; /* 90 */
    OK(slk_spec_create(engine, &options, &spec));
    return spec;
}

static void write_text(slk_locker locker, size_t length)
{
    static char text[20001];
    memset(text, 'x', sizeof text - 1);
    OK(slk_locker_set_string(locker, "/text", text, length, NULL));
    OK(slk_locker_mark_force_save(locker));
}

/* A record that comes close to its limit is told of; one beyond it is not saved, and why and what to do is said. */
static void a_record_that_grows(void)
{
    slk_store store;
    OK(slk_store_open_memory(&store));
    slk_engine engine = new_engine("eu-1");
    slk_locker locker = new_locker(sized_spec(engine, store), "42", 42);
    OK(slk_locker_mark_should_acquire(locker, NULL));
    (void)wait_for_event(engine, SLK_EVENT_LOADED);
    slk_event event;
    write_text(locker, 8000);
    tick_ms(engine, 50);
    CHECK(saw_event(engine, SLK_EVENT_SIZE_WARNING, &event) == 0);
    write_text(locker, 9000);
    event = wait_for_event(engine, SLK_EVENT_SIZE_WARNING);
    CHECK(event.count > 9000 && event.count < 10000 && event.user_tag == 42 && strcmp(event.key, "42") == 0);
    char bytes[32];
    CHECK(snprintf(bytes, sizeof bytes, "%d bytes", (int)event.count) > 0);
    CHECK(strstr(event.text, bytes) != NULL && strstr(event.text, "10000") != NULL);
    write_text(locker, 9001);
    tick_ms(engine, 50);
    CHECK(saw_event(engine, SLK_EVENT_SIZE_WARNING, &event) == 0);

    write_text(locker, 12000);
    event = wait_for_event(engine, SLK_EVENT_SAVE_TROUBLE);
    CHECK(event.cause == SLK_CAUSE_REQUEST);
    CHECK(strstr(event.text, "at most 10000") != NULL && strstr(event.text, "take something out of it") != NULL);
    write_text(locker, 10);
    (void)wait_for_event(engine, SLK_EVENT_SAVED);
    end_engine(engine);
    OK(slk_store_destroy(store));
}

/* A store that fails becomes critical, and recovers; whose trouble it is stands in each event. */
static void a_critical_store(void)
{
    struct switch_store shelf = { 0 };
    slk_store store = open_switch_store(&shelf), other;
    OK(slk_store_open_memory(&other));
    slk_engine engine = new_engine("eu-1");
    slk_spec spec = new_spec(engine, store);
    slk_locker locker = new_locker(spec, "42", 42);
    OK(slk_locker_mark_should_acquire(locker, NULL));
    (void)wait_for_event(engine, SLK_EVENT_LOADED);
    CHECK(slk_engine_is_store_critical(engine, store) == 0);

    shelf.failing = SLK_E_NOT_APPLIED;
    OK(slk_locker_mark_force_save(locker));
    slk_event event = wait_for_event(engine, SLK_EVENT_SAVE_TROUBLE);
    CHECK(event.cause == SLK_CAUSE_STORE);
    event = wait_for_event(engine, SLK_EVENT_STORE_CRITICAL);
    CHECK(strcmp(event.name, "shelf") == 0 && strstr(event.text, "is locked") != NULL);
    CHECK(event.cause == SLK_CAUSE_STORE && event.locker.id == 0);
    CHECK(slk_engine_is_store_critical(engine, store) == 1);
    CHECK(slk_engine_is_store_critical(engine, other) == 0);
    CHECK(slk_engine_is_store_critical((slk_engine){ 0 }, store) == 0);
    CHECK(slk_engine_is_store_critical(engine, (slk_store){ 0 }) == 0);

    slk_locker second = new_locker(spec, "7", 7);
    OK(slk_locker_mark_should_acquire(second, NULL));
    do
        event = wait_for_event(engine, SLK_EVENT_LOAD_STATUS);
    while (event.detail != SLK_LOAD_STORE_FAILURE);
    CHECK(event.cause == SLK_CAUSE_STORE && event.user_tag == 7);
    event = wait_for_event(engine, SLK_EVENT_STORE_TROUBLE);
    CHECK(event.cause == SLK_CAUSE_STORE);

    shelf.failing = SLK_OK;
    event = wait_for_event(engine, SLK_EVENT_STORE_RECOVERED);
    CHECK(strcmp(event.name, "shelf") == 0 && event.cause == SLK_CAUSE_NONE);
    CHECK(slk_engine_is_store_critical(engine, store) == 0);

    shelf.failing = SLK_E_TOO_LONG;
    OK(slk_locker_mark_force_save(locker));
    CHECK(wait_for_event(engine, SLK_EVENT_SAVE_TROUBLE).cause == SLK_CAUSE_REQUEST);
    shelf.failing = SLK_OK;
    tick_ms(engine, 10000);
    shelf.failing = SLK_E_UNKNOWN_OUTCOME;
    OK(slk_locker_mark_force_save(locker));
    CHECK(wait_for_event(engine, SLK_EVENT_SAVE_TROUBLE).cause == SLK_CAUSE_UNKNOWN);
    shelf.failing = SLK_OK;
    end_engine(engine);
    OK(slk_store_destroy(store));
    OK(slk_store_destroy(other));
    empty_switch_store(&shelf);
}

int main(void)
{
    a_budget();
    a_record_that_grows();
    a_critical_store();
    return 0;
}
