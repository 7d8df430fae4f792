/*
 * The check of stores from C: a store of callbacks that keeps its promises passes in every mode, lists included, and one
 * that is wrong on purpose is told by the names of what it breaks.
 */
#include "harness.h"

#include <ctype.h>

#define MAX_ENTRIES 512

struct entry {
    int used;
    int32_t kind;
    char spec[256], key[2048];
    unsigned char *value;
    size_t length;
    uint64_t version;
};

/* Callbacks of one thread at a time: what is asked here is asked by the check alone. */
struct host {
    struct entry entries[MAX_ENTRIES];
    uint64_t writes;
    int folds, truncates, forgets, shares_versions, compares_nothing, destroyed, listed;
};

static void name_of(const struct host *host, const slk_request_view *view, char *name)
{
    memcpy(name, view->key, view->key_length + 1);
    for (; host->folds && *name != '\0'; name++)
        *name = (char)tolower((unsigned char)*name);
}

static struct entry *find(struct host *host, const slk_request_view *view)
{
    char name[2048];
    CHECK(view->struct_size == sizeof *view && view->key_length < sizeof name && view->spec_length < 256);
    name_of(host, view, name);
    for (int at = 0; at < MAX_ENTRIES; at++) {
        struct entry *entry = &host->entries[at];
        if (entry->used && entry->kind == view->key_kind && strcmp(entry->spec, view->spec) == 0 &&
            strcmp(entry->key, name) == 0)
            return entry;
    }
    return NULL;
}

static void get(void *user_data, slk_request request, const slk_request_view *view)
{
    struct entry *entry = find(user_data, view);
    if (entry == NULL)
        OK(slk_request_complete_missing(request));
    else
        OK(slk_request_complete_found(request, entry->value, entry->length, &entry->version, sizeof entry->version));
}

static int expected(const struct host *host, const struct entry *entry, const slk_request_view *view)
{
    if (host->compares_nothing)
        return entry != NULL || view->version == NULL;
    if (entry == NULL || view->version == NULL)
        return entry == NULL && view->version == NULL;
    return view->version_length == sizeof entry->version && memcmp(view->version, &entry->version, sizeof entry->version) == 0;
}

static void put(void *user_data, slk_request request, const slk_request_view *view)
{
    struct host *host = user_data;
    struct entry *entry = find(host, view);
    if (!expected(host, entry, view)) {
        OK(slk_request_complete_conflict(request));
        return;
    }
    uint64_t version = ++host->writes;
    if (host->forgets && version % 5 == 0) {
        OK(slk_request_complete_written(request, &version, sizeof version));
        return;
    }
    int at = 0;
    while (entry == NULL) {
        CHECK(at < MAX_ENTRIES);
        if (!host->entries[at].used) {
            entry = &host->entries[at];
            entry->used = 1;
            entry->kind = view->key_kind;
            entry->version = 0;
            memcpy(entry->spec, view->spec, view->spec_length + 1);
            name_of(host, view, entry->key);
        }
        at++;
    }
    free(entry->value);
    entry->length = host->truncates && view->value_length > 60000 ? 60000 : view->value_length;
    entry->value = malloc(entry->length + 1);
    CHECK(entry->value != NULL);
    if (entry->length > 0)
        memcpy(entry->value, view->value, entry->length);
    entry->version = host->shares_versions ? entry->version + 1 : version;
    OK(slk_request_complete_written(request, &entry->version, sizeof entry->version));
}

static void remove_key(void *user_data, slk_request request, const slk_request_view *view)
{
    struct entry *entry = find(user_data, view);
    if (entry == NULL || !expected(user_data, entry, view)) {
        OK(slk_request_complete_conflict(request));
        return;
    }
    entry->used = 0;
    OK(slk_request_complete_removed(request));
}

static int by_bytes(const void *one, const void *other)
{
    return strcmp(*(const char *const *)one, *(const char *const *)other);
}

static void list(void *user_data, slk_request request, const slk_request_view *view)
{
    struct host *host = user_data;
    const char *names[MAX_ENTRIES];
    size_t count = 0;
    CHECK(view->kind == SLK_REQUEST_LIST && view->limit > 0 && view->value == NULL && view->version == NULL);
    host->listed++;
    for (int at = 0; at < MAX_ENTRIES; at++) {
        struct entry *entry = &host->entries[at];
        if (entry->used && entry->kind == view->key_kind && strcmp(entry->spec, view->spec) == 0 &&
            strcmp(entry->key, view->key) > 0)
            names[count++] = entry->key;
    }
    qsort(names, count, sizeof names[0], by_bytes);
    size_t given = count < view->limit ? count : view->limit;
    OK(slk_request_complete_keys(request, names, given, given < count));
}

static void destroy(void *user_data)
{
    struct host *host = user_data;
    host->destroyed++;
    for (int at = 0; at < MAX_ENTRIES; at++)
        free(host->entries[at].value);
}

static slk_store open_store(struct host *host, int32_t mode)
{
    slk_store_callbacks callbacks = SLK_STORE_CALLBACKS_INIT;
    callbacks.mode = mode;
    callbacks.user_data = host;
    callbacks.get = get;
    callbacks.put = put;
    callbacks.remove = remove_key;
    callbacks.list = list;
    callbacks.destroy = destroy;
    callbacks.max_value_bytes = 1 << 20;
    slk_store store;
    OK(slk_store_create(&callbacks, &store));
    return store;
}

static void good(int32_t mode)
{
    struct host *host = calloc(1, sizeof *host);
    CHECK(host != NULL);
    slk_store store = open_store(host, mode), read_only, faulty;
    char report[4096] = "nothing";
    size_t needed = 99;
    slk_result result = slk_store_check(store, 0, report, sizeof report, &needed);
    if (result != SLK_OK)
        fprintf(stderr, "%s", report);
    CHECK(result == SLK_OK && needed == 0 && report[0] == '\0' && host->listed > 0);
    for (int at = 0; at < MAX_ENTRIES; at++)
        CHECK(!host->entries[at].used);
    OK(slk_store_open_read_only(store, &read_only));
    OK(slk_store_check(read_only, 0, NULL, 0, NULL));
    OK(slk_store_open_faulty(store, NULL, &faulty));
    OK(slk_store_check(faulty, 0, NULL, 0, NULL));
    OK(slk_store_destroy(faulty));
    OK(slk_store_destroy(read_only));
    OK(slk_store_destroy(store));
    CHECK(host->destroyed == 1);
    free(host);
}

/* What a store with this fault is told, by the name of the promise. */
static void wrong(size_t fault, const char *promise)
{
    struct host *host = calloc(1, sizeof *host);
    CHECK(host != NULL);
    *(int *)((char *)host + fault) = 1;
    slk_store store = open_store(host, SLK_STORE_BLOCKING);
    char report[4096], cut[8];
    size_t needed = 0;
    EXPECT(SLK_E_BROKEN_STORE, slk_store_check(store, 5000, report, sizeof report, &needed));
    CHECK(needed == strlen(report) && needed > 0 && report[needed - 1] == '\n');
    int told = 0;
    for (char *line = strtok(report, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        size_t length = strlen(promise);
        CHECK(strstr(line, ": ") != NULL);
        told |= strncmp(line, promise, length) == 0 && line[length] == ':';
    }
    CHECK(told && says(promise));
    EXPECT(SLK_E_BROKEN_STORE, slk_store_check(store, 5000, cut, sizeof cut, &needed));
    CHECK(strlen(cut) == 7 && needed > 7);
    OK(slk_store_destroy(store));
    CHECK(host->destroyed == 1);
    free(host);
}

/* A store that answers nothing is given up. */
static void keep(void *user_data, slk_request request, const slk_request_view *view)
{
    (void)view;
    *(slk_request *)user_data = request;
}

static void silent(void)
{
    slk_request kept = { 0 };
    slk_store_callbacks callbacks = SLK_STORE_CALLBACKS_INIT;
    callbacks.user_data = &kept;
    callbacks.get = callbacks.put = callbacks.remove = keep;
    slk_store store;
    char report[256];
    OK(slk_store_create(&callbacks, &store));
    EXPECT(SLK_E_BROKEN_STORE, slk_store_check(store, 50, report, sizeof report, NULL));
    CHECK(strncmp(report, "answers: ", 9) == 0);
    OK(slk_request_abandon(kept));
    OK(slk_store_destroy(store));
}

int main(void)
{
    good(SLK_STORE_ASYNCHRONOUS);
    good(SLK_STORE_BLOCKING);
    wrong(offsetof(struct host, folds), "distinct-keys");
    wrong(offsetof(struct host, truncates), "whole-values");
    wrong(offsetof(struct host, forgets), "kept-writes");
    wrong(offsetof(struct host, shares_versions), "versions-never-return");
    wrong(offsetof(struct host, compares_nothing), "compare-on-replace");
    silent();
    slk_store memory;
    OK(slk_store_open_memory(&memory));
    OK(slk_store_check(memory, 0, NULL, 0, NULL));
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_store_check(memory, 0, NULL, 5, NULL));
    OK(slk_store_destroy(memory));
    EXPECT(SLK_E_INVALID_HANDLE, slk_store_check(memory, 0, NULL, 0, NULL));
    return 0;
}
