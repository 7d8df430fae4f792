/* Calls on stores and on requests to stores of ours. */
#ifndef MISUSE_CALLS_STORES_H
#define MISUSE_CALLS_STORES_H

#include "host_store.h"

/* A struct of options that is too short, too long, or says that it is. */
static void *odd_options(const void *options, size_t size)
{
    if (odd(20))
        return NULL;
    unsigned char *copy = lend(LARGEST_STRUCT, LOAN_IN);
    memset(copy, 0, LARGEST_STRUCT);
    memcpy(copy, options, size);
    if (odd(10)) {
        uint32_t told = (uint32_t)any_struct_size(size);
        memcpy(copy, &told, sizeof told);
        copy[LARGEST_STRUCT / 4] = (unsigned char)one_in(2);
    }
    return copy;
}

static slk_result new_store(slk_result result, const slk_store *store)
{
    return made(result, SLK_OBJECT_STORE, store, 0);
}

static slk_result store_open_memory(void)
{
    slk_store *store = out(sizeof *store, LOAN_HANDLE);
    return new_store(slk_store_open_memory(store), store);
}

/* Its threads make runs that cannot be repeated: where that matters it is closed at once, which callbacks cannot do. */
static slk_result close_if_alone(slk_result result, slk_store *store)
{
    if (result != SLK_OK || crowded)
        return new_store(result, store);
    HOLDS(me.inside == 0 && slk_store_destroy(*store) == SLK_OK);
    return result;
}

/* No path of random letters: it could be somebody's file. */
static const char *any_path(void)
{
    static const char *const paths[] = { "misuse-1.db", "misuse-2.db",            "/",          ".",
                                         "",            "no/such/directory/x.db", "misuse.txt", "\xff" };
    if (odd(8))
        return one_in(2) ? NULL : lend_repeated("x", SLK_MAX_TEXT_BYTES + below(2));
    const char *path = paths[below(odd(2) ? 8 : 2)];
    return lend_text(path, strlen(path));
}

static slk_result store_open_sqlite(void)
{
    if (!crowded && me.inside > 0)
        return SLK_OK;
    const char *path = any_path();
    slk_sqlite_options options = SLK_SQLITE_OPTIONS_INIT;
    options.durability = odd(8) ? any_i32(1) : SLK_SQLITE_NORMAL;
    options.flags = any_u32(3);
    options.busy_timeout_ms = odd(4) ? any_u32(20) : 10;
    options.read_threads = odd(8) ? any_u32(2) : 1;
    options.batch = any_u32(5);
    slk_store *store = out(sizeof *store, LOAN_HANDLE);
    slk_result result = slk_store_open_sqlite(path, odd_options(&options, sizeof options), store);
    return close_if_alone(result, store);
}

static slk_result sqlite_options_init(void)
{
    return slk_sqlite_options_init(out(LARGEST_STRUCT, LOAN_OUT), any_struct_size(sizeof(slk_sqlite_options)));
}

/* URLs that lead nowhere, without the network being asked. */
static const char *any_url(void)
{
    static const char *const urls[] = { "postgresql://misuse@/misuse?host=%2Fno%2Fsuch%2Ffolder",
                                        "postgresql://misuse:secret@/misuse?host=%2F",
                                        "postgres://misuse@/misuse?host=%2Fa,%2Fb&port=1",
                                        "postgresql://",
                                        "host=misuse",
                                        "redis+unix:///no/such/socket",
                                        "redis://misuse:secret@,,",
                                        "",
                                        " ",
                                        "\xff" };
    if (odd(8))
        return one_in(2) ? NULL : lend_repeated("x", SLK_MAX_TEXT_BYTES + below(2));
    const char *url = urls[below(sizeof urls / sizeof urls[0])];
    return lend_text(url, strlen(url));
}

static slk_postgres_options any_postgres_options(void)
{
    slk_postgres_options options = SLK_POSTGRES_OPTIONS_INIT;
    options.flags = any_u32(3);
    options.connections = any_u32(5);
    options.batch = any_u32(5);
    options.connect_timeout_ms = any_u32(20);
    options.request_timeout_ms = any_u32(20);
    return options;
}

static slk_result store_open_postgres(void)
{
    if (!crowded && me.inside > 0)
        return SLK_OK;
    const char *url = any_url();
    slk_postgres_options options = any_postgres_options();
    slk_store *store = out(sizeof *store, LOAN_HANDLE);
    slk_result result = slk_store_open_postgres(url, odd_options(&options, sizeof options), store);
    return close_if_alone(result, store);
}

static slk_result postgres_create_tables(void)
{
    const char *url = any_url();
    slk_postgres_options options = any_postgres_options();
    return slk_postgres_create_tables(url, odd_options(&options, sizeof options));
}

static slk_result postgres_options_init(void)
{
    return slk_postgres_options_init(out(LARGEST_STRUCT, LOAN_OUT), any_struct_size(sizeof(slk_postgres_options)));
}

static slk_redis_options any_redis_options(void)
{
    slk_redis_options options = SLK_REDIS_OPTIONS_INIT;
    options.flags = any_u32(3);
    options.connections = any_u32(5);
    options.batch = any_u32(5);
    options.connect_timeout_ms = any_u32(20);
    options.request_timeout_ms = any_u32(20);
    options.wait_replicas = any_u32(2);
    options.wait_ms = any_u32(20);
    return options;
}

static slk_result store_open_redis(void)
{
    if (!crowded && me.inside > 0)
        return SLK_OK;
    const char *url = any_url();
    slk_redis_options options = any_redis_options();
    slk_store *store = out(sizeof *store, LOAN_HANDLE);
    slk_result result = slk_store_open_redis(url, odd_options(&options, sizeof options), store);
    return close_if_alone(result, store);
}

static slk_result redis_create_layout(void)
{
    const char *url = any_url();
    slk_redis_options options = any_redis_options();
    return slk_redis_create_layout(url, odd_options(&options, sizeof options));
}

static slk_result redis_options_init(void)
{
    return slk_redis_options_init(out(LARGEST_STRUCT, LOAN_OUT), any_struct_size(sizeof(slk_redis_options)));
}

static slk_result store_create(void)
{
    struct owner *owner = new_owner("slk_store_create");
    slk_destroy destroy = any_destroy();
    slk_store_callbacks callbacks = SLK_STORE_CALLBACKS_INIT;
    int plain = crowded && one_in(2);
    callbacks.mode = plain ? (int32_t)below(3) : odd(6) ? any_i32(3) : SLK_STORE_ASYNCHRONOUS;
    if (!crowded && me.inside > 0)
        callbacks.mode = SLK_STORE_ASYNCHRONOUS;
    callbacks.name = one_in(2) ? NULL : any_name();
    callbacks.user_data = owner;
    callbacks.get = odd(20) ? NULL : store_asked;
    callbacks.put = odd(20) ? NULL : store_asked;
    callbacks.remove = odd(20) ? NULL : store_asked;
    callbacks.cancel = one_in(2) ? NULL : store_cancelled;
    callbacks.destroy = destroy;
    callbacks.max_value_bytes = one_in(2) ? 100000 : one_in(2) ? any_u64() : 0;
    callbacks.max_key_bytes = any_u32(0);
    callbacks.threads = odd(6) ? any_u32(300) % 300 : below(3);
    callbacks.list = one_in(3) ? NULL : store_asked;
    slk_store *store = out(sizeof *store, LOAN_HANDLE);
    const slk_store_callbacks *given = odd_options(&callbacks, sizeof callbacks);
    slk_result result = slk_store_create(given, store);
    settle(owner, result, given != NULL && given->struct_size > offsetof(slk_store_callbacks, destroy) ? destroy : NULL);
    return callbacks.mode == SLK_STORE_ASYNCHRONOUS ? new_store(result, store) : close_if_alone(result, store);
}

static slk_result store_callbacks_init(void)
{
    return slk_store_callbacks_init(out(LARGEST_STRUCT, LOAN_OUT), any_struct_size(sizeof(slk_store_callbacks)));
}

static slk_fault_options any_faults(void)
{
    slk_fault_options options = SLK_FAULT_OPTIONS_INIT;
    options.flags = any_u32(7);
    options.seed = 1 + any_u64() % 1000;
    if (one_in(4)) { /* nothing works any more */
        options.refused = SLK_FAULTS_ALWAYS;
        return options;
    }
    options.refused = any_u32(500);
    options.unknown = any_u32(500);
    options.request_lost = any_u32(100);
    options.reply_lost = any_u32(100);
    options.delayed = any_u32(2000);
    options.late = any_u32(500);
    options.conflict = any_u32(500);
    options.longest = any_u32(8);
    return options;
}

static slk_result store_open_faulty(void)
{
    slk_fault_options options = any_faults();
    slk_store inner = any_store(), *store = out(sizeof *store, LOAN_HANDLE);
    slk_result result = slk_store_open_faulty(inner, odd_options(&options, sizeof options), store);
    (void)made(result, SLK_OBJECT_STORE, store, inner.id);
    if (result == SLK_OK)
        mark_loses_requests(store->id);
    return result;
}

static slk_result store_set_faults(void)
{
    slk_fault_options options = any_faults();
    return slk_store_set_faults(any_store(), one_in(3) ? NULL : odd_options(&options, sizeof options));
}

static slk_result store_fault_counts(void)
{
    return slk_store_fault_counts(any_store(), out(LARGEST_STRUCT, LOAN_OUT), any_struct_size(sizeof(slk_fault_counts)));
}

static slk_result fault_options_init(void)
{
    return slk_fault_options_init(out(LARGEST_STRUCT, LOAN_OUT), any_struct_size(sizeof(slk_fault_options)));
}

static slk_result store_open_read_only(void)
{
    slk_store inner = any_store(), *store = out(sizeof *store, LOAN_HANDLE);
    return made(slk_store_open_read_only(inner, store), SLK_OBJECT_STORE, store, inner.id);
}

static slk_result store_set_value(void)
{
    struct span value = any_stored();
    if (value.length == SLK_NUL_TERMINATED)
        value.length = value.at == NULL ? 0 : strlen(value.at);
    return slk_store_set_value(any_store(), any_name(), any_key(), value.at, value.length);
}

/* Whether there is a store behind this one that loses requests: then a look takes 10 s. */
static int may_be_silent(slk_store store)
{
    for (uint64_t id = lookup(store.id).parent; id != 0; id = lookup(id).parent)
        if (lookup(id).loses_requests)
            return 1;
    return 0;
}

static slk_result store_get_value(void)
{
    struct room room = any_room(LOAN_OUT);
    slk_store store = any_store();
    if (may_be_silent(store))
        store.id = any_handle(SLK_OBJECT_REQUEST);
    me.answer_now++;
    slk_result result = slk_store_get_value(store, any_name(), any_key(), room.at, room.capacity,
                                            any_length_out());
    me.answer_now--;
    return result;
}

static slk_result store_check(void)
{
    struct room room = any_room(LOAN_TEXT);
    size_t *needed = out(sizeof *needed, LOAN_TEXT);
    /* It takes long: mostly it is not told of a living store. */
    slk_store store = one_in(40) ? any_store() : (slk_store){ any_handle(SLK_OBJECT_REQUEST) };
    me.answer_now++;
    slk_result result = slk_store_check(store, 1 + below(3), room.at, room.capacity, needed);
    me.answer_now--;
    return result;
}

static slk_result store_notify(void)
{
    int32_t kind = any_i32(2);
    const char *spec = any_name();
    return slk_store_notify(any_store(), kind, kind == SLK_KEY_SERVER && one_in(2) ? NULL : spec, any_key());
}

static slk_result store_destroy(void)
{
    slk_store store = { any_handle_or_null(SLK_OBJECT_STORE) };
    return ended(slk_store_destroy(store), store.id);
}

/* Requests. --------------------------------------------------------------------------------------------------------- */

static struct span any_version(void)
{
    static const char long_version[SLK_MAX_VERSION_BYTES + 1];
    if (odd(4))
        return one_in(2) ? (struct span){ NULL, below(3) } : exact(long_version, sizeof long_version - below(2));
    uint64_t version = below(100);
    return exact(&version, sizeof version);
}

static slk_result request_complete_found(void)
{
    slk_request request = any_request_for(SLK_REQUEST_GET);
    struct span value = any_stored(), version = any_version();
    if (value.length == SLK_NUL_TERMINATED)
        value.length = value.at == NULL ? 0 : strlen(value.at);
    return answered(request,
                    slk_request_complete_found(request, value.at, value.length, version.at, version.length));
}

static slk_result request_complete_missing(void)
{
    slk_request request = any_request_for(SLK_REQUEST_GET);
    return answered(request, slk_request_complete_missing(request));
}

static slk_result request_complete_written(void)
{
    slk_request request = any_request_for(SLK_REQUEST_PUT);
    struct span version = any_version();
    return answered(request, slk_request_complete_written(request, version.at, version.length));
}

static slk_result request_complete_removed(void)
{
    slk_request request = any_request_for(SLK_REQUEST_REMOVE);
    return answered(request, slk_request_complete_removed(request));
}

static slk_result request_complete_conflict(void)
{
    slk_request request = any_request();
    return answered(request, slk_request_complete_conflict(request));
}

static slk_result request_complete_keys(void)
{
    enum { MOST = 6 };
    slk_request request = any_request_for(SLK_REQUEST_LIST);
    const char **names = lend(MOST * sizeof *names, LOAN_IN);
    for (unsigned at = 0; at < MOST; at++)
        names[at] = any_key();
    int none = odd(6);
    return answered(request, slk_request_complete_keys(request, none ? NULL : names, below(MOST + 1), any_i32(1)));
}

static slk_result request_complete_failed(void)
{
    static const char *const words[] = { "out of order", "no route" };
    slk_request request = any_request();
    const char *text = any_of(words, 2, SLK_MAX_TEXT_BYTES);
    return answered(request, slk_request_complete_failed(request, any_failure(), text));
}

static slk_result request_abandon(void)
{
    slk_request request = any_request();
    return answered(request, slk_request_abandon(request));
}

#endif
