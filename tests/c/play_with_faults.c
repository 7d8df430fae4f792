/*
 * How the tests of a game look: an hour of play in a moment, on the host's clock and a store that fails by a seed; a store
 * that reads and never writes; test data put in place of stored ones.
 */
#include "harness.h"

#define PLAYERS 4

struct story {
    uint64_t hash;
    unsigned events, troubles;
    slk_fault_counts counts;
};

static void tell(struct story *story, const void *bytes, size_t length)
{
    for (size_t at = 0; at < length; at++)
        story->hash = (story->hash ^ ((const unsigned char *)bytes)[at]) * 1099511628211u;
}

static void hear(struct story *story, const slk_event *event)
{
    story->events++;
    story->troubles += event->kind == SLK_EVENT_SAVE_TROUBLE || event->kind == SLK_EVENT_STORE_TROUBLE;
    tell(story, &virtual_time, sizeof virtual_time);
    tell(story, &event->kind, sizeof event->kind);
    tell(story, &event->result, sizeof event->result);
    tell(story, &event->detail, sizeof event->detail);
    tell(story, &event->user_tag, sizeof event->user_tag);
    tell(story, event->text, event->text_length);
    if (event->document.id != 0)
        OK(slk_document_destroy(event->document));
}

static void turn(slk_engine engine, struct story *story)
{
    slk_event event;
    OK(slk_engine_update(engine, 0));
    while (slk_engine_next_event(engine, &event, sizeof event) == SLK_OK)
        hear(story, &event);
    pass_ms(50);
}

static struct story play(uint64_t seed)
{
    struct story story = { .hash = 14695981039346656037u };
    slk_fault_options faults = SLK_FAULT_OPTIONS_INIT;
    faults.seed = seed;
    faults.refused = faults.unknown = faults.delayed = 500;
    faults.request_lost = faults.reply_lost = 100;
    faults.late = faults.conflict = 200;
    slk_store memory, store;
    OK(slk_store_open_memory(&memory));
    OK(slk_store_open_faulty(memory, &faults, &store));
    virtual_time = 1000000000000u;
    slk_engine_options options = SLK_ENGINE_OPTIONS_INIT;
    options.server_id = "eu-1";
    options.clock = virtual_clock;
    options.seed = 5;
    slk_engine engine;
    OK(slk_engine_create(&options, &engine));
    slk_spec spec = new_spec(engine, store);
    slk_locker lockers[PLAYERS];
    int64_t gold[PLAYERS] = { 0 };
    for (int player = 0; player < PLAYERS; player++) {
        char key[8];
        CHECK(snprintf(key, sizeof key, "%d", player) > 0);
        lockers[player] = new_locker(spec, key, (uint64_t)player);
        OK(slk_locker_mark_should_acquire(lockers[player], NULL));
    }
    for (int tick = 0; tick < 3600 * 20; tick++) {
        slk_locker locker = lockers[tick % PLAYERS];
        if (tick % 101 == 0 && slk_locker_is_available(locker)) {
            OK(slk_locker_add_i64(locker, "/gold", 1, NULL));
            OK(slk_locker_get_i64(locker, "/gold", &gold[tick % PLAYERS]));
        }
        if (tick % 5003 == 0 && slk_locker_is_available(locker))
            OK(slk_locker_mark_force_save(locker));
        turn(engine, &story);
    }
    OK(slk_store_fault_counts(store, &story.counts, sizeof story.counts));
    OK(slk_store_set_faults(store, NULL));
    OK(slk_engine_begin_shutdown(engine, 120000));
    slk_event event = wait_for_event(engine, SLK_EVENT_SHUTDOWN_DONE);
    CHECK(event.count == 0);
    OK(slk_engine_destroy(engine));

    /* Whatever the weather was, nothing is lost. */
    engine = new_engine("eu-2");
    spec = new_spec(engine, store);
    for (int player = 0; player < PLAYERS; player++) {
        char key[8];
        int64_t found = -1;
        CHECK(snprintf(key, sizeof key, "%d", player) > 0);
        slk_locker locker = new_locker(spec, key, 0);
        OK(slk_locker_mark_should_acquire(locker, NULL));
        (void)wait_for_event(engine, SLK_EVENT_LOADED);
        OK(slk_locker_get_i64(locker, "/gold", &found));
        CHECK(found == gold[player] && found > 100);
    }
    OK(slk_engine_destroy(engine));
    OK(slk_store_destroy(store));
    OK(slk_store_destroy(memory));
    return story;
}

static void an_hour_of_play(void)
{
    struct story first = play(11), again = play(11), other = play(12);
    CHECK(first.hash == again.hash && first.events == again.events);
    CHECK(memcmp(&first.counts, &again.counts, sizeof first.counts) == 0);
    CHECK(first.hash != other.hash);
    CHECK(first.events > 100 && first.troubles > 0);
    CHECK(first.counts.refused > 0 && first.counts.late > 0 && first.counts.replies_lost > 0);
    printf("%u events, %u of trouble, %u requests\n", first.events, first.troubles, (unsigned)first.counts.requests);
}

static void faults_by_hand(void)
{
    slk_store memory, store;
    slk_fault_options faults;
    slk_fault_counts counts;
    OK(slk_fault_options_init(&faults, sizeof faults));
    faults.refused = SLK_FAULTS_ALWAYS;
    OK(slk_store_open_memory(&memory));
    OK(slk_store_open_faulty(memory, &faults, &store));
    slk_engine engine = new_engine("eu-1");
    slk_locker locker = new_locker(new_spec(engine, store), "42", 1);
    OK(slk_locker_mark_should_acquire(locker, NULL));
    slk_event event = wait_for_event(engine, SLK_EVENT_STORE_TROUBLE);
    CHECK(strstr(event.text, "on purpose") != NULL);
    faults.refused = 0;
    OK(slk_store_set_faults(store, &faults));
    (void)wait_for_event(engine, SLK_EVENT_LOADED);
    OK(slk_store_fault_counts(store, &counts, sizeof counts));
    CHECK(counts.refused > 0 && counts.requests > counts.refused && counts.held == 0);
    faults.late = SLK_FAULTS_ALWAYS + 1;
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_store_set_faults(store, &faults));
    faults.late = 0;
    faults.flags = 64;
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_store_set_faults(store, &faults));
    EXPECT(SLK_E_UNSUPPORTED, slk_store_set_faults(memory, NULL));
    EXPECT(SLK_E_UNSUPPORTED, slk_store_fault_counts(memory, &counts, sizeof counts));
    EXPECT(SLK_E_STRUCT_SIZE, slk_store_fault_counts(store, &counts, 3));
    EXPECT(SLK_E_INVALID_HANDLE, slk_store_open_faulty((slk_store){ 0 }, NULL, &store));
    CHECK(store.id == 0);
    OK(slk_engine_destroy(engine));
    OK(slk_store_destroy(memory));
}

static void reads_and_never_writes(void)
{
    slk_store memory, store;
    unsigned char before[2048], after[2048];
    size_t length = 0, now = 0;
    OK(slk_store_open_memory(&memory));
    slk_engine engine = new_engine("eu-1");
    slk_locker locker = new_locker(new_spec(engine, memory), "42", 1);
    OK(slk_locker_mark_should_acquire(locker, NULL));
    (void)wait_for_event(engine, SLK_EVENT_LOADED);
    OK(slk_locker_set_i64(locker, "/gold", 5, NULL));
    OK(slk_engine_shutdown(engine, 1000));
    OK(slk_engine_destroy(engine));
    OK(slk_store_get_value(memory, "player", "42", before, sizeof before, &length));

    OK(slk_store_open_read_only(memory, &store));
    engine = new_engine("eu-2");
    locker = new_locker(new_spec(engine, store), "42", 1);
    OK(slk_locker_mark_should_acquire(locker, NULL));
    (void)wait_for_event(engine, SLK_EVENT_LOADED);
    int64_t gold = 0;
    OK(slk_locker_add_i64(locker, "/gold", 1, NULL));
    OK(slk_locker_get_i64(locker, "/gold", &gold));
    CHECK(gold == 6);
    OK(slk_engine_shutdown(engine, 1000));
    OK(slk_engine_destroy(engine));
    OK(slk_store_get_value(store, "player", "42", after, sizeof after, &now));
    CHECK(now != length || memcmp(before, after, length) != 0);
    OK(slk_store_get_value(memory, "player", "42", after, sizeof after, &now));
    CHECK(now == length && memcmp(before, after, length) == 0);

    /* Test data: what was stored, under another key of the store that writes nothing. */
    OK(slk_store_set_value(store, "player", "99", before, length));
    engine = new_engine("eu-3");
    locker = new_locker(new_spec(engine, store), "99", 1);
    OK(slk_locker_mark_should_acquire(locker, NULL));
    (void)wait_for_event(engine, SLK_EVENT_LOADED);
    OK(slk_locker_get_i64(locker, "/gold", &gold));
    CHECK(gold == 5);
    OK(slk_engine_destroy(engine));
    EXPECT(SLK_EMPTY, slk_store_get_value(memory, "player", "99", NULL, 0, NULL));
    EXPECT(SLK_E_BUFFER_TOO_SMALL, slk_store_get_value(store, "player", "99", after, 3, &now));
    CHECK(now > length);
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_store_set_value(store, NULL, "99", "x", 1));
    OK(slk_store_destroy(store));
    OK(slk_store_destroy(memory));
}

int main(void)
{
    faults_by_hand();
    reads_and_never_writes();
    an_hour_of_play();
    return 0;
}
