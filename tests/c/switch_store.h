/* A store in the memory of the test, behind asynchronous callbacks, that can be switched to failing. */
#ifndef SWITCH_STORE_H
#define SWITCH_STORE_H

#include "harness.h"

#define SWITCH_RECORDS 8

struct switch_record {
    char name[128];
    char *value;
    size_t length;
    uint64_t version;
};

struct switch_store {
    struct switch_record records[SWITCH_RECORDS];
    uint64_t versions;
    int requests;       /* how many came for records */
    slk_result failing; /* what all requests are answered with, unless it is SLK_OK; the words quote the key */
};

/* The record of a key; an empty place if there is none. */
static struct switch_record *find_record(struct switch_store *store, const slk_request_view *view)
{
    char name[128];
    CHECK((size_t)snprintf(name, sizeof name, "%d/%s/%s", view->key_kind, view->spec, view->key) < sizeof name);
    for (int at = 0; at < SWITCH_RECORDS; at++) {
        struct switch_record *record = &store->records[at];
        if (record->name[0] == '\0')
            strcpy(record->name, name);
        if (strcmp(record->name, name) == 0)
            return record;
    }
    CHECK(!"room for another record");
    return NULL;
}

static int fails(struct switch_store *store, slk_request request, const slk_request_view *view)
{
    store->requests += view->key_kind == SLK_KEY_RECORD;
    if (store->failing == SLK_OK)
        return 0;
    char words[256];
    CHECK((size_t)snprintf(words, sizeof words, "the shelf with player/%s is locked", view->key) < sizeof words);
    OK(slk_request_complete_failed(request, store->failing, words));
    return 1;
}

static int as_expected(const struct switch_record *record, const slk_request_view *view)
{
    if (view->version_length == 0)
        return record->version == 0;
    return record->version != 0 && view->version_length == sizeof record->version &&
           memcmp(view->version, &record->version, sizeof record->version) == 0;
}

static void switch_get(void *user_data, slk_request request, const slk_request_view *view)
{
    struct switch_store *store = user_data;
    struct switch_record *record = find_record(store, view);
    if (fails(store, request, view))
        return;
    if (record->version == 0)
        OK(slk_request_complete_missing(request));
    else
        OK(slk_request_complete_found(request, record->value, record->length, &record->version, sizeof record->version));
}

static void switch_put(void *user_data, slk_request request, const slk_request_view *view)
{
    struct switch_store *store = user_data;
    struct switch_record *record = find_record(store, view);
    if (fails(store, request, view))
        return;
    if (!as_expected(record, view)) {
        OK(slk_request_complete_conflict(request));
        return;
    }
    free(record->value);
    record->value = malloc(view->value_length);
    CHECK(record->value != NULL);
    memcpy(record->value, view->value, view->value_length);
    record->length = view->value_length;
    record->version = ++store->versions;
    OK(slk_request_complete_written(request, &record->version, sizeof record->version));
}

static void switch_remove(void *user_data, slk_request request, const slk_request_view *view)
{
    struct switch_store *store = user_data;
    struct switch_record *record = find_record(store, view);
    if (fails(store, request, view))
        return;
    if (!as_expected(record, view)) {
        OK(slk_request_complete_conflict(request));
        return;
    }
    record->version = 0;
    OK(slk_request_complete_removed(request));
}

static inline slk_store open_switch_store(struct switch_store *store)
{
    slk_store_callbacks callbacks = SLK_STORE_CALLBACKS_INIT;
    callbacks.name = "shelf";
    callbacks.user_data = store;
    callbacks.get = switch_get;
    callbacks.put = switch_put;
    callbacks.remove = switch_remove;
    slk_store handle;
    OK(slk_store_create(&callbacks, &handle));
    return handle;
}

static inline void empty_switch_store(struct switch_store *store)
{
    for (int at = 0; at < SWITCH_RECORDS; at++)
        free(store->records[at].value);
}

/* Lets virtual time pass, ticking each 10 ms. */
static inline void tick_ms(slk_engine engine, int ms)
{
    for (int passed = 0; passed < ms; passed += 10) {
        OK(slk_engine_update(engine, 0));
        pass_ms(10);
    }
}

/* Shuts down in virtual time. */
static inline void end_engine(slk_engine engine)
{
    OK(slk_engine_begin_shutdown(engine, 60000));
    CHECK(wait_for_event(engine, SLK_EVENT_SHUTDOWN_DONE).count == 0);
    OK(slk_engine_destroy(engine));
}

#endif
