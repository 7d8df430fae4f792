/* What the fuzzers found: each was a fault of the library once. */
#include "fault_store.h"

/* The handle of a locker that was marked as deleted outlived its engine, and kept it in memory. */
static void deleted_lockers_end_with_their_engine(void)
{
    slk_store store;
    OK(slk_store_open_memory(&store));
    slk_engine engine = new_engine("eu-1");
    slk_spec spec = new_spec(engine, store);
    slk_locker deleted = new_locker(spec, "1", 1), destroyed = new_locker(spec, "2", 1);
    OK(slk_locker_mark_deleted(deleted));
    OK(slk_locker_mark_deleted(destroyed));
    OK(slk_locker_destroy(destroyed));
    EXPECT(SLK_E_DELETED, slk_locker_mark_should_save(deleted));
    OK(slk_engine_destroy(engine));
    EXPECT(SLK_E_INVALID_HANDLE, slk_locker_mark_should_save(deleted));
    EXPECT(SLK_E_INVALID_HANDLE, slk_locker_destroy(deleted));
    CHECK(slk_object_count(SLK_OBJECT_LOCKER) == 0);
    OK(slk_store_destroy(store));
}

/*
 * A store of callbacks could declare that it takes values larger than what may be answered to a get: such a record could
 * have been written, and never read again. The check of stores tried to make a value of that size.
 */
static void a_store_takes_no_more_than_it_can_give_back(void)
{
    static struct fault_store inside;
    CHECK(pthread_mutex_init(&inside.lock, NULL) == 0);
    slk_store_callbacks callbacks = SLK_STORE_CALLBACKS_INIT;
    callbacks.user_data = &inside;
    callbacks.get = callbacks.put = callbacks.remove = serve;
    callbacks.max_value_bytes = UINT64_MAX;
    slk_store store;
    OK(slk_store_create(&callbacks, &store));
    static char too_large[SLK_MAX_DATA_BYTES];
    memset(too_large, 'x', sizeof too_large);
    slk_engine engine = new_engine("eu-1");
    slk_locker locker = new_locker(new_spec(engine, store), "1", 1);
    OK(slk_locker_mark_should_acquire(locker, NULL));
    (void)wait_for_event(engine, SLK_EVENT_LOADED);
    OK(slk_locker_set_string(locker, "/text", too_large, sizeof too_large, NULL)); /* with what is around it, too much */
    OK(slk_locker_mark_force_save(locker));
    slk_event event = wait_for_event(engine, SLK_EVENT_SAVE_TROUBLE);
    CHECK(event.cause == SLK_CAUSE_REQUEST);
    OK(slk_engine_destroy(engine));
    OK(slk_store_destroy(store));
    free_fault_store(&inside);
}

static uint64_t last_clock(void *user_data)
{
    (void)user_data;
    return UINT64_MAX;
}

/* An update never ended when the host's clock stood at the last of its numbers: whatever was to be done later was due. */
static void time_may_end(void)
{
    slk_store store;
    OK(slk_store_open_memory(&store));
    slk_engine_options options = SLK_ENGINE_OPTIONS_INIT;
    options.clock = last_clock;
    slk_engine engine;
    OK(slk_engine_create(&options, &engine));
    slk_locker locker = new_locker(new_spec(engine, store), "1", 1);
    OK(slk_locker_mark_should_acquire(locker, NULL));
    slk_event event;
    for (int turn = 0; turn < 10; turn++)
        OK(slk_engine_update(engine, 0));
    CHECK(saw_event(engine, SLK_EVENT_LOADED, &event));
    OK(slk_engine_destroy(engine));
    OK(slk_store_destroy(store));
}

/* An answer that a store in the middle held back for ever kept all stores around it in memory. */
static void stores_end_with_answers_held_back(void)
{
    static struct fault_store inside;
    slk_store asked = open_fault_store(&inside, SLK_STORE_ASYNCHRONOUS), faulty, read_only;
    slk_fault_options faults = SLK_FAULT_OPTIONS_INIT;
    faults.delayed = SLK_FAULTS_ALWAYS;
    faults.longest = 1000000;
    OK(slk_store_open_faulty(asked, &faults, &faulty));
    OK(slk_store_open_read_only(faulty, &read_only));
    slk_engine engine = new_engine("eu-1");
    slk_locker locker = new_locker(new_spec(engine, read_only), "1", 1);
    OK(slk_locker_mark_should_acquire(locker, NULL));
    OK(slk_engine_update(engine, 0));
    slk_fault_counts counts;
    OK(slk_store_fault_counts(faulty, &counts, sizeof counts));
    CHECK(counts.held > 0);
    OK(slk_engine_destroy(engine));
    OK(slk_store_destroy(read_only));
    OK(slk_store_destroy(faulty));
    OK(slk_store_destroy(asked));
    CHECK(inside.destroyed == 1);
    free_fault_store(&inside);
}

/* Half of a surrogate pair was taken as JSON, and what held it could be saved and never looked into again. */
static void half_a_character_is_no_text(void)
{
    static const char *const bad[] = { "\"\\ud800\"", "{\"\\udc00\":1}", "[1,\"\\ud800\\u0041\"]" };
    slk_document document;
    for (size_t at = 0; at < sizeof bad / sizeof bad[0]; at++) {
        EXPECT(SLK_E_INVALID_JSON, slk_document_create_json(bad[at], SLK_NUL_TERMINATED, &document));
        CHECK(says("column"));
    }
    OK(slk_document_create_json("{\"pair\":\"\\ud83d\\ude00\"}", SLK_NUL_TERMINATED, &document));
    EXPECT(SLK_E_INVALID_JSON, slk_document_set_json(document, "", bad[0], SLK_NUL_TERMINATED));
    char text[8];
    OK(slk_document_get_string(document, "/pair", text, sizeof text, NULL));
    CHECK(strcmp(text, "\xf0\x9f\x98\x80") == 0);
    OK(slk_document_destroy(document));
}

int main(void)
{
    deleted_lockers_end_with_their_engine();
    a_store_takes_no_more_than_it_can_give_back();
    time_may_end();
    stores_end_with_answers_held_back();
    half_a_character_is_no_text();
    return 0;
}
