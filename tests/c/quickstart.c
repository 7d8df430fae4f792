/* The way of a player from join to leave, on the memory store: what the header's reader does first. */
#include "harness.h"

int main(void)
{
    CHECK(slk_abi_version() == SLK_ABI_VERSION);
    CHECK(slk_version() == SLK_VERSION_MAJOR * 1000000 + SLK_VERSION_MINOR * 1000 + SLK_VERSION_PATCH);

    slk_store store;
    OK(slk_store_open_memory(&store));
    slk_engine engine = new_engine("eu-1");
    slk_spec spec = new_spec(engine, store);
    slk_locker locker = new_locker(spec, "42", 42);
    CHECK(slk_locker_is_idle(locker) == 1);
    CHECK(slk_locker_is_available(locker) == 0);
    OK(slk_locker_mark_should_acquire(locker, NULL));

    slk_event event = wait_for_event(engine, SLK_EVENT_LOADED);
    CHECK(event.locker.id == locker.id && event.user_tag == 42);
    CHECK(strcmp(event.key, "42") == 0 && event.key_length == 2);
    CHECK(event.epoch == 1);
    CHECK(slk_locker_is_available(locker) == 1 && slk_locker_is_loaded(locker) == 1);

    uint64_t change = 0;
    OK(slk_locker_add_i64(locker, "/gold", 5, NULL));
    OK(slk_locker_set_string(locker, "/name", "Zo\xc3\xab", SLK_NUL_TERMINATED, &change));
    EXPECT(SLK_PENDING, slk_locker_change_status(locker, change));
    OK(slk_locker_await_change(locker, change, 7));
    OK(slk_locker_mark_force_save(locker));
    event = wait_for_event(engine, SLK_EVENT_CHANGE_SETTLED);
    CHECK(event.result == SLK_SAVED && event.tag == 7 && event.change == change);
    EXPECT(SLK_SAVED, slk_locker_change_status(locker, change));

    slk_locker_status status;
    OK(slk_locker_get_status(locker, &status, sizeof status));
    CHECK(status.load == SLK_LOAD_LOADED && status.available == 1 && status.dirty == 0 && status.saved_change == change);

    OK(slk_locker_mark_should_release(locker, NULL));
    event = wait_for_event(engine, SLK_EVENT_RELEASED);
    CHECK(event.detail == SLK_RELEASE_RELEASED);

    /* Another engine of the process finds what this one saved. */
    slk_engine other = new_engine("eu-2");
    slk_locker again = new_locker(new_spec(other, store), "42", 1);
    OK(slk_locker_mark_should_acquire(again, NULL));
    event = wait_for_event(other, SLK_EVENT_LOADED);
    CHECK(event.epoch == 2);
    int64_t gold = 0;
    OK(slk_locker_get_i64(again, "/gold", &gold));
    CHECK(gold == 5);
    char name[5];
    size_t needed = 0;
    OK(slk_locker_get_string(again, "/name", name, sizeof name, &needed));
    CHECK(needed == 4 && strcmp(name, "Zo\xc3\xab") == 0);

    OK(slk_engine_shutdown(other, 1000));
    CHECK(saw_event(other, SLK_EVENT_SHUTDOWN_DONE, &event) && event.count == 0);
    OK(slk_engine_begin_shutdown(engine, 1000));
    event = wait_for_event(engine, SLK_EVENT_SHUTDOWN_DONE);
    CHECK(event.count == 0);
    OK(slk_engine_destroy(other));
    OK(slk_engine_destroy(engine));
    OK(slk_store_destroy(store));
    return 0;
}
