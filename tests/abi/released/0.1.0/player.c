/*
 * A program of the time of 0.1.0. It is compiled with the header that lies beside it and runs with every later library of
 * the same SLK_ABI_VERSION. It is never changed: what it does must go on working as it is written here.
 */
#include "sessionlocker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition) \
    do { \
        if (!(condition)) { \
            fprintf(stderr, "line %d: %s\n", __LINE__, #condition); \
            exit(1); \
        } \
    } while (0)
#define OK(call) CHECK((call) == SLK_OK)

/* A store of one's own: a few records in memory, which answers inside its callbacks. */

static struct {
    char name[64];
    unsigned char value[8192];
    size_t length;
    uint64_t version;
} records[16];
static uint64_t last_version;
static int store_destroyed;

static size_t place_of(const slk_request_view *view)
{
    char name[64];
    CHECK(view->struct_size >= sizeof *view);
    snprintf(name, sizeof name, "%d/%s/%s", (int)view->key_kind, view->spec, view->key);
    for (size_t at = 0; at < 16; at++) {
        if (records[at].name[0] == '\0')
            memcpy(records[at].name, name, sizeof name);
        if (strcmp(records[at].name, name) == 0)
            return at;
    }
    CHECK(!"room for a record");
    return 0;
}

static int is_expected(size_t at, const slk_request_view *view)
{
    if (view->version == NULL)
        return records[at].version == 0;
    return view->version_length == sizeof last_version &&
           memcmp(view->version, &records[at].version, sizeof last_version) == 0;
}

static void get(void *user_data, slk_request request, const slk_request_view *view)
{
    size_t at = place_of(view);
    (void)user_data;
    if (records[at].version == 0)
        OK(slk_request_complete_missing(request));
    else
        OK(slk_request_complete_found(request, records[at].value, records[at].length, &records[at].version,
                                      sizeof last_version));
}

static void put(void *user_data, slk_request request, const slk_request_view *view)
{
    size_t at = place_of(view);
    (void)user_data;
    if (!is_expected(at, view)) {
        OK(slk_request_complete_conflict(request));
        return;
    }
    CHECK(view->value_length <= sizeof records[at].value);
    memcpy(records[at].value, view->value, view->value_length);
    records[at].length = view->value_length;
    records[at].version = ++last_version;
    OK(slk_request_complete_written(request, &records[at].version, sizeof last_version));
}

static void take_away(void *user_data, slk_request request, const slk_request_view *view)
{
    size_t at = place_of(view);
    (void)user_data;
    if (!is_expected(at, view) || records[at].version == 0) {
        OK(slk_request_complete_conflict(request));
        return;
    }
    records[at].version = 0;
    OK(slk_request_complete_removed(request));
}

static void store_gone(void *user_data)
{
    (void)user_data;
    store_destroyed++;
}

static slk_store own_store(void)
{
    slk_store_callbacks callbacks = SLK_STORE_CALLBACKS_INIT;
    slk_store store;
    callbacks.name = "own";
    callbacks.get = get;
    callbacks.put = put;
    callbacks.remove = take_away;
    callbacks.destroy = store_gone;
    callbacks.max_value_bytes = sizeof records[0].value;
    OK(slk_store_create(&callbacks, &store));
    return store;
}

/* A game, and two servers of it: one knows the data of version 1, the other those of version 2. */

static uint64_t now_ns = 1000000000000u;

static uint64_t game_clock(void *user_data)
{
    (void)user_data;
    return now_ns;
}

static slk_result sell(void *user_data, const slk_receipt_view *receipt, slk_document draft, slk_error_sink error)
{
    (void)user_data;
    (void)error;
    CHECK(receipt->struct_size >= sizeof *receipt && receipt->operation == SLK_PURCHASE_APPLY);
    CHECK(strcmp(receipt->provider, "steam") == 0 && strcmp(receipt->purchase_id, "1") == 0);
    OK(slk_document_add_i64(draft, "/gold", 100));
    return SLK_OK;
}

static slk_result take_gift(void *user_data, const slk_change_view *change, slk_document draft, slk_error_sink error)
{
    (void)user_data;
    (void)error;
    CHECK(change->struct_size >= sizeof *change && strcmp(change->kind, "gift") == 0);
    OK(slk_document_add_i64(draft, "/gold", 7));
    return SLK_OK;
}

static slk_result to_second_version(void *user_data, const slk_migration_view *view, slk_document draft, slk_error_sink error)
{
    (void)user_data;
    (void)error;
    CHECK(view->struct_size >= sizeof *view && view->from_version == 1 && view->to_version == 2);
    OK(slk_document_add_i64(draft, "/level", 1));
    return SLK_OK;
}

struct server {
    slk_engine engine;
    slk_spec spec;
    slk_locker locker;
};

static struct server start(const char *id, slk_store store, uint32_t version)
{
    struct server server;
    slk_engine_options engine = SLK_ENGINE_OPTIONS_INIT;
    slk_spec_options spec = SLK_SPEC_OPTIONS_INIT;
    slk_migrations migrations;
    CHECK(engine.abi_version == SLK_ABI_VERSION && engine.struct_size == sizeof engine);
    engine.server_id = id;
    engine.clock = game_clock;
    OK(slk_engine_create(&engine, &server.engine));
    OK(slk_migrations_create(&migrations));
    if (version == 2)
        OK(slk_migrations_add_migrator(migrations, 1, 0, 0, to_second_version, NULL, NULL));
    spec.name = "player";
    spec.store = store;
    spec.schema_version = version;
    spec.default_data = version == 1 ? "{\"gold\":0}" : "{\"gold\":0,\"level\":0}";
    spec.apply_receipt = sell;
    spec.apply_change = take_gift;
    spec.migrations = migrations;
    OK(slk_spec_create(server.engine, &spec, &server.spec));
    OK(slk_migrations_destroy(migrations));
    OK(slk_locker_create(server.spec, "42", 42, &server.locker));
    return server;
}

static slk_event wait_for(const struct server *server, int32_t kind)
{
    for (int tick = 0; tick < 10000; tick++) {
        slk_event event;
        CHECK(slk_engine_update(server->engine, 0) >= SLK_OK);
        while (slk_engine_next_event(server->engine, &event, sizeof event) == SLK_OK) {
            if (event.kind == kind)
                return event;
            OK(slk_document_destroy(event.document));
        }
        now_ns += 10000000;
    }
    CHECK(!"the event came");
    exit(1);
}

static void play_first_version(slk_store store)
{
    struct server server = start("eu-1", store, 1);
    slk_receipt receipt = SLK_RECEIPT_INIT;
    slk_locker_status status;
    slk_event event;
    OK(slk_locker_mark_should_acquire(server.locker, NULL));
    event = wait_for(&server, SLK_EVENT_LOADED);
    CHECK(event.locker.id == server.locker.id && event.user_tag == 42 && event.epoch == 1 && strcmp(event.key, "42") == 0);
    receipt.provider = "steam";
    receipt.environment = "production";
    receipt.purchase_id = "1";
    receipt.product = "gold-100";
    receipt.tag = 5;
    OK(slk_locker_process_receipt(server.locker, &receipt));
    event = wait_for(&server, SLK_EVENT_RECEIPT);
    CHECK(event.tag == 5 && event.result == SLK_GRANTED && strcmp(event.name, "1") == 0);
    OK(slk_locker_get_status(server.locker, &status, sizeof status));
    CHECK(status.load == SLK_LOAD_LOADED && status.available == 1 && status.dirty == 0);
    OK(slk_engine_begin_shutdown(server.engine, 1000));
    CHECK(wait_for(&server, SLK_EVENT_SHUTDOWN_DONE).count == 0);
    OK(slk_engine_destroy(server.engine));
}

static void play_second_version(slk_store store)
{
    struct server server = start("eu-2", store, 2);
    int64_t gold = 0, level = 0;
    OK(slk_locker_mark_should_acquire(server.locker, NULL));
    CHECK(wait_for(&server, SLK_EVENT_LOADED).epoch == 2);
    OK(slk_locker_get_i64(server.locker, "/gold", &gold));
    OK(slk_locker_get_i64(server.locker, "/level", &level));
    CHECK(gold == 100 && level == 1);
    OK(slk_spec_send_change(server.spec, "42", "gift", "{}", SLK_NUL_TERMINATED, 0, 9));
    CHECK(wait_for(&server, SLK_EVENT_CHANGE_APPLIED).locker.id == server.locker.id);
    OK(slk_locker_get_i64(server.locker, "/gold", &gold));
    CHECK(gold == 107);
    OK(slk_locker_mark_should_release(server.locker, NULL));
    CHECK(wait_for(&server, SLK_EVENT_RELEASED).detail == SLK_RELEASE_RELEASED);
    OK(slk_engine_destroy(server.engine));
}

int main(void)
{
    slk_store store = own_store();
    CHECK(slk_abi_version() == SLK_ABI_VERSION);
    play_first_version(store);
    play_second_version(store);
    OK(slk_store_destroy(store));
    CHECK(store_destroyed == 1);
    CHECK(slk_engine_destroy((slk_engine){ 12345 }) == SLK_E_INVALID_HANDLE);
    puts("as in 0.1.0");
    return 0;
}
