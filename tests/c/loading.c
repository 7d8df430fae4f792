/*
 * Data between the store and the game: migrations, offline play, checks, imports, other people's records, and players who
 * are not real.
 */
#include "harness.h"

static int destroyed;
static int calls;

static void count_destroy(void *user_data)
{
    (void)user_data;
    destroyed++;
}

/* Gold was called coins in version 1. */
static slk_result coins_to_gold(void *user_data, const slk_migration_view *view, slk_document draft,
                                slk_error_sink error)
{
    CHECK(view->struct_size >= sizeof *view);
    CHECK(view->from_version == 1 && view->to_version == 2);
    CHECK(strcmp(view->key, "42") == 0);
    calls++;
    if (*(int *)user_data) {
        OK(slk_error_sink_set(error, "the coins are gone"));
        return SLK_E_CALLBACK;
    }
    int64_t coins;
    OK(slk_document_get_i64(draft, "/coins", &coins));
    OK(slk_document_set_i64(draft, "/gold", coins));
    OK(slk_document_remove(draft, "/coins"));
    return SLK_OK;
}

/* In version 1, patch 0, coins were counted in tens. */
static slk_result tens_to_ones(void *user_data, const slk_migration_view *view, slk_document draft,
                               slk_error_sink error)
{
    (void)user_data;
    (void)error;
    CHECK(view->from_version == 1 && view->to_version == 1 && view->from_patch == 0);
    int64_t coins;
    OK(slk_document_get_i64(draft, "/coins", &coins));
    OK(slk_document_set_i64(draft, "/coins", coins * 10));
    return SLK_OK;
}

static slk_result gold_is_not_negative(void *user_data, const slk_data_view *view, slk_document data,
                                       slk_error_sink error)
{
    (void)user_data;
    CHECK(view->key != NULL);
    int64_t gold = 0;
    if (slk_document_get_i64(data, "/gold", &gold) == SLK_OK && gold < 0) {
        OK(slk_error_sink_set(error, "/gold: is below zero"));
        return SLK_E_CALLBACK;
    }
    return SLK_OK;
}

static slk_result add_gold(void *user_data, const slk_data_view *view, slk_document offline, slk_document draft,
                           slk_error_sink error)
{
    (void)user_data;
    (void)view;
    (void)error;
    int64_t gold;
    if (slk_document_get_i64(offline, "/gold", &gold) != SLK_OK)
        return SLK_E_CALLBACK; /* version 1 has no gold */
    OK(slk_document_add_i64(draft, "/gold", gold));
    return SLK_OK;
}

static slk_migrations migrations_of(int *fail)
{
    slk_migrations migrations;
    OK(slk_migrations_create(&migrations));
    OK(slk_migrations_add_migrator(migrations, 1, SLK_LATEST_PATCH, SLK_MIGRATION_COMPATIBLE, coins_to_gold, fail,
                                   count_destroy));
    OK(slk_migrations_add_patcher(migrations, 1, 0, tens_to_ones, NULL, NULL));
    return migrations;
}

static void check_the_builder(void)
{
    static int no;
    slk_migrations migrations = migrations_of(&no);
    EXPECT(SLK_E_EXISTS, slk_migrations_add_migrator(migrations, 1, 0, 0, coins_to_gold, NULL, count_destroy));
    EXPECT(SLK_E_EXISTS, slk_migrations_add_patcher(migrations, 1, 0, tens_to_ones, NULL, count_destroy));
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_migrations_add_migrator(migrations, 2, 0, 0, NULL, NULL, NULL));
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_migrations_add_migrator(migrations, 2, 0, 8, coins_to_gold, NULL, NULL));
    OK(slk_migrations_check(migrations, 2));
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_migrations_check(migrations, 3));
    CHECK(says("no migrator from version 2"));
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_migrations_check(migrations, 1));
    CHECK(says("leads beyond version 1"));
    CHECK(slk_object_count(SLK_OBJECT_MIGRATIONS) == 1);
    OK(slk_migrations_destroy(migrations));
    CHECK(destroyed == 1);
    destroyed = 0;
    EXPECT(SLK_E_INVALID_HANDLE, slk_migrations_check(migrations, 1));
    OK(slk_migrations_destroy((slk_migrations){ 0 }));
}

static slk_spec spec_of(slk_engine engine, slk_store store, uint32_t version, slk_migrations migrations)
{
    slk_spec_options options = SLK_SPEC_OPTIONS_INIT;
    options.name = "player";
    options.store = store;
    options.schema_version = version;
    options.migrations = migrations;
    options.default_data = version == 1 ? "{\"coins\":0}" : "{\"gold\":0,\"name\":\"?\"}";
    options.flags = SLK_SPEC_RECONCILE | SLK_SPEC_IMPORT_PLAIN | SLK_SPEC_IMPORT_ORIGINAL;
    options.import_schema_version = 1;
    options.validate = gold_is_not_negative;
    options.merge_offline = add_gold;
    slk_spec spec;
    OK(slk_spec_create(engine, &options, &spec));
    return spec;
}

static int64_t gold_of(slk_locker locker)
{
    int64_t gold;
    OK(slk_locker_get_i64(locker, "/gold", &gold));
    return gold;
}

static void release(slk_engine engine, slk_locker locker)
{
    OK(slk_locker_mark_should_release(locker, NULL));
    slk_event event = wait_for_event(engine, SLK_EVENT_RELEASED);
    CHECK(event.locker.id == locker.id);
}

static void check_loading(slk_store store)
{
    int fail = 1;
    slk_engine old = new_engine("old");
    slk_spec old_spec = spec_of(old, store, 1, (slk_migrations){ 0 });
    slk_locker locker = new_locker(old_spec, "42", 1);
    OK(slk_locker_mark_should_acquire(locker, NULL));
    OK(slk_locker_set_i64(locker, "/coins", 3, NULL));
    slk_event event = wait_for_event(old, SLK_EVENT_OFFLINE_DROPPED);
    CHECK(strstr(event.text, "could not be merged") != NULL && event.document.id != 0);
    OK(slk_document_destroy(event.document));
    wait_for_event(old, SLK_EVENT_LOADED);
    OK(slk_locker_set_i64(locker, "/coins", 7, NULL));
    OK(slk_locker_add_user(locker, "user 9", NULL));
    release(old, locker);

    slk_engine new = new_engine("new");
    slk_migrations migrations = migrations_of(&fail);
    slk_spec spec = spec_of(new, store, 2, migrations);
    OK(slk_migrations_destroy(migrations));
    slk_locker player = new_locker(spec, "42", 1);
    OK(slk_locker_mark_should_acquire(player, NULL));
    do
        event = wait_for_event(new, SLK_EVENT_LOAD_STATUS);
    while (event.detail == SLK_LOAD_LOADING);
    CHECK(event.detail == SLK_LOAD_DATA_REFUSED && strstr(event.text, "the coins are gone") != NULL);
    fail = 0;
    OK(slk_locker_add_i64(player, "/gold", 5, NULL)); /* played before it is loaded */
    event = wait_for_event(new, SLK_EVENT_LOADED);
    CHECK(event.spec.id == spec.id);
    CHECK(gold_of(player) == 75 || gold_of(player) == 7 * 10 + 5);
    char name[8];
    OK(slk_locker_get_string(player, "/name", name, sizeof name, NULL));
    CHECK(strcmp(name, "?") == 0);
    char users[32];
    OK(slk_locker_get_users(player, users, sizeof users, NULL));
    CHECK(strcmp(users, "[\"user 9\"]") == 0);
    EXPECT(SLK_EMPTY, slk_locker_remove_user(player, "nobody", NULL));
    OK(slk_locker_remove_user(player, "user 9", NULL));

    /* A look from the old server, whose version 1 still reads what a compatible migrator made. */
    OK(slk_spec_view_record(old_spec, "42", 77));
    event = wait_for_event(old, SLK_EVENT_RECORD_VIEWED);
    CHECK(event.tag == 77 && event.result == SLK_OK && event.count == 2 && event.epoch == 2);
    CHECK(strcmp(event.name, "new") == 0 && event.since_ms != 0 && event.spec.id == old_spec.id);
    OK(slk_document_destroy(event.document));
    OK(slk_spec_view_record(old_spec, "nobody", 78));
    CHECK(wait_for_event(old, SLK_EVENT_RECORD_VIEWED).result == SLK_EMPTY);

    /* Data that may not be saved. */
    OK(slk_locker_set_i64(player, "/gold", -1, NULL));
    OK(slk_locker_mark_force_save(player));
    event = wait_for_event(new, SLK_EVENT_SAVE_TROUBLE);
    CHECK(strstr(event.text, "/gold: is below zero") != NULL);
    OK(slk_locker_set_i64(player, "/gold", 1, NULL));
    wait_for_event(new, SLK_EVENT_SAVED);
    OK(slk_locker_set_i64(player, "/gold", -2, NULL));
    OK(slk_locker_mark_should_release(player, NULL));
    event = wait_for_event(new, SLK_EVENT_SAVE_REFUSED);
    int64_t gold;
    OK(slk_document_get_i64(event.document, "/gold", &gold));
    CHECK(gold == -2);
    OK(slk_document_destroy(event.document));
    wait_for_event(new, SLK_EVENT_RELEASED);

    /* Take over from a server that lives. */
    OK(slk_locker_mark_should_acquire(player, NULL));
    wait_for_event(new, SLK_EVENT_LOADED);
    CHECK(gold_of(player) == 1);
    OK(slk_locker_take_over(locker, "admin"));
    wait_for_event(old, SLK_EVENT_LOADED);
    OK(slk_locker_mark_force_save(player));
    event = wait_for_event(new, SLK_EVENT_LOST);
    CHECK(event.detail == SLK_LOSS_TAKEN);
    OK(slk_document_destroy(event.document));

    /* Erasing. */
    OK(slk_spec_erase_record(spec, "42", 0, 5));
    event = wait_for_event(new, SLK_EVENT_RECORD_ERASED);
    CHECK(event.result == SLK_LOCKED_ELSEWHERE && strcmp(event.name, "old") == 0);
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_spec_erase_record(spec, "42", 64, 5));
    OK(slk_spec_erase_record(spec, "42", SLK_ERASE_FORCE, 6));
    event = wait_for_event(new, SLK_EVENT_RECORD_ERASED);
    CHECK(event.result == SLK_OK && event.tag == 6);
    OK(slk_locker_mark_force_save(locker));
    event = wait_for_event(old, SLK_EVENT_LOST);
    CHECK(event.detail == SLK_LOSS_ERASED);
    OK(slk_document_destroy(event.document));

    /* All records of a person. */
    slk_locker other = new_locker(spec, "43", 2);
    OK(slk_locker_mark_should_acquire(other, NULL));
    wait_for_event(new, SLK_EVENT_LOADED);
    OK(slk_locker_add_user(other, "user 9", NULL));
    release(new, other);
    OK(slk_spec_export_user(spec, "user 9", 8));
    event = wait_for_event(new, SLK_EVENT_RECORD_EXPORTED);
    CHECK(event.tag == 8 && strcmp(event.key, "43") == 0);
    OK(slk_document_get_i64(event.document, "/data/gold", &gold));
    OK(slk_document_destroy(event.document));
    event = wait_for_event(new, SLK_EVENT_USER_DONE);
    CHECK(event.result == SLK_OK && event.count == 1 && event.tag == 8);
    OK(slk_spec_erase_user(spec, "user 9", 0, 9));
    CHECK(wait_for_event(new, SLK_EVENT_RECORD_ERASED).result == SLK_OK);
    CHECK(wait_for_event(new, SLK_EVENT_USER_DONE).count == 1);
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_spec_erase_user(spec, "", 0, 9));
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_spec_erase_user(spec, "u", 2, 9));
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_spec_export_user(spec, NULL, 9));

    OK(slk_engine_destroy(old));
    OK(slk_engine_destroy(new));
    CHECK(destroyed == 1);
}

/* Two parts of a game hold one session by their names; and who comes back at once finds the session as it was. */
static void check_names_and_reuse(slk_store store)
{
    slk_engine engine = new_engine("names");
    slk_spec spec = new_spec(engine, store);
    slk_locker locker = new_locker(spec, "names", 1);
    slk_event event;
    OK(slk_locker_mark_should_acquire(locker, NULL));
    OK(slk_locker_mark_should_acquire(locker, "minigame"));
    OK(slk_locker_mark_should_acquire(locker, "minigame"));
    uint64_t epoch = wait_for_event(engine, SLK_EVENT_LOADED).epoch;
    OK(slk_locker_add_i64(locker, "/gold", 1, NULL));
    OK(slk_locker_mark_should_release(locker, NULL));
    for (int tick = 0; tick < 20; tick++) {
        OK(slk_engine_update(engine, 0));
        CHECK(!saw_event(engine, SLK_EVENT_RELEASED, &event));
        pass_ms(10);
    }
    CHECK(slk_locker_is_available(locker));

    OK(slk_locker_mark_should_release(locker, "minigame"));
    OK(slk_locker_mark_should_acquire(locker, NULL));
    for (int tick = 0; tick < 20; tick++) {
        OK(slk_engine_update(engine, 0));
        CHECK(!saw_event(engine, SLK_EVENT_RELEASED, &event));
        pass_ms(10);
    }
    slk_locker_status status;
    OK(slk_locker_get_status(locker, &status, sizeof status));
    CHECK(status.available && status.dirty && status.epoch == epoch);
    release(engine, locker);
    OK(slk_engine_destroy(engine));
}

static slk_result note_save(void *user_data, const slk_save_view *save, slk_document draft, slk_error_sink error)
{
    (void)save;
    (void)error;
    OK(slk_document_set_bool(draft, "/synced", 1));
    *(int *)user_data += 1;
    return SLK_OK;
}

/* A bot plays like anybody else, and leaves no trace in the store. */
static void check_artificial(slk_store store)
{
    int saves = 0;
    slk_engine engine = new_engine("bots");
    slk_spec_options options = SLK_SPEC_OPTIONS_INIT;
    options.name = "player";
    options.store = store;
    options.schema_version = 1;
    options.default_data = "{\"gold\":0}";
    options.before_save = note_save;
    options.user_data = &saves;
    slk_spec spec;
    OK(slk_spec_create(engine, &options, &spec));
    slk_locker bot;
    OK(slk_locker_create_artificial(spec, "bot", 9, &bot));
    CHECK(!slk_locker_is_syncing(bot));
    OK(slk_locker_mark_should_acquire(bot, NULL));
    slk_event event = wait_for_event(engine, SLK_EVENT_LOADED);
    CHECK(event.user_tag == 9 && event.spec.id == spec.id);
    CHECK(slk_locker_is_available(bot) && slk_locker_is_syncing(bot));
    OK(slk_locker_add_i64(bot, "/gold", 3, NULL));
    OK(slk_locker_mark_force_save(bot));
    event = wait_for_event(engine, SLK_EVENT_SAVING);
    CHECK(event.detail == SLK_SAVE_ASKED);
    release(engine, bot);
    CHECK(saves == 2);
    OK(slk_locker_mark_deleted(bot));
    wait_for_event(engine, SLK_EVENT_DELETED);
    OK(slk_locker_destroy(bot));
    OK(slk_spec_view_record(spec, "bot", 1));
    CHECK(wait_for_event(engine, SLK_EVENT_RECORD_VIEWED).result == SLK_EMPTY);
    OK(slk_engine_destroy(engine));
}

int main(void)
{
    slk_store store;
    check_the_builder();
    OK(slk_store_open_memory(&store));
    check_loading(store);
    check_artificial(store);
    check_names_and_reuse(store);
    OK(slk_store_destroy(store));
    CHECK(calls >= 2);
    for (int32_t kind = SLK_OBJECT_STORE; kind <= SLK_OBJECT_MIGRATIONS; kind++)
        CHECK(slk_object_count(kind) == 0);
    return 0;
}
