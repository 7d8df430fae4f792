/* Wrong handles, strings, numbers, structs and orders: each gives a named result and words, and nothing else happens. */
#include "harness.h"

static slk_result ignore_request_result;

static void never_called(void *user_data, slk_request request, const slk_request_view *view)
{
    (void)user_data;
    (void)view;
    ignore_request_result = slk_request_abandon(request);
}

static void count_destroyed(void *user_data)
{
    ++*(int *)user_data;
}

/* One wrong handle in every function that takes one. */
static void try_locker(slk_locker locker, slk_result expected)
{
    uint64_t change = 77;
    int64_t number = 77;
    double real = 77;
    int32_t type = 77;
    size_t length = 77;
    char buffer[8] = "before";
    slk_locker_status status;
    slk_receipt receipt = SLK_RECEIPT_INIT;
    receipt.provider = receipt.environment = receipt.purchase_id = receipt.product = "x";
    EXPECT(expected, slk_locker_mark_should_acquire(locker, NULL));
    EXPECT(expected, slk_locker_mark_should_release(locker, "name"));
    EXPECT(expected, slk_locker_mark_should_save(locker));
    EXPECT(expected, slk_locker_mark_force_save(locker));
    EXPECT(expected, slk_locker_mark_changed(locker, &change));
    EXPECT(expected, slk_locker_update(locker, 0));
    EXPECT(expected, slk_locker_get_status(locker, &status, sizeof status));
    EXPECT(expected, slk_locker_change_status(locker, 1));
    EXPECT(expected, slk_locker_await_change(locker, 1, 1));
    EXPECT(expected, slk_locker_answer_handover(locker, SLK_ANSWER_GIVE, 0));
    EXPECT(expected, slk_locker_process_receipt(locker, &receipt));
    EXPECT(expected, slk_locker_credit(locker, "gold100", &number));
    EXPECT(expected, slk_locker_give_credit(locker, "gold100", 1, &change));
    EXPECT(expected, slk_locker_use_credit(locker, "gold100", 1));
    EXPECT(expected, slk_locker_get_type(locker, "", &type));
    EXPECT(expected, slk_locker_get_bool(locker, "", &type));
    EXPECT(expected, slk_locker_get_i64(locker, "", &number));
    EXPECT(expected, slk_locker_get_f64(locker, "", &real));
    EXPECT(expected, slk_locker_get_string(locker, "", buffer, sizeof buffer, &length));
    EXPECT(expected, slk_locker_get_json(locker, "", buffer, sizeof buffer, &length));
    EXPECT(expected, slk_locker_get_bytes(locker, buffer, sizeof buffer, &length));
    EXPECT(expected, slk_locker_length(locker, "", &length));
    EXPECT(expected, slk_locker_key_at(locker, "", 0, buffer, sizeof buffer, &length));
    EXPECT(expected, slk_locker_set_null(locker, "/a", &change));
    EXPECT(expected, slk_locker_set_bool(locker, "/a", 1, &change));
    EXPECT(expected, slk_locker_set_i64(locker, "/a", 1, &change));
    EXPECT(expected, slk_locker_set_f64(locker, "/a", 1, &change));
    EXPECT(expected, slk_locker_set_string(locker, "/a", "x", 1, &change));
    EXPECT(expected, slk_locker_set_json(locker, "/a", "1", 1, &change));
    EXPECT(expected, slk_locker_set_bytes(locker, "x", 1, &change));
    EXPECT(expected, slk_locker_add_i64(locker, "/a", 1, &change));
    EXPECT(expected, slk_locker_add_f64(locker, "/a", 1, &change));
    EXPECT(expected, slk_locker_append_json(locker, "/a", "1", 1, &change));
    EXPECT(expected, slk_locker_remove(locker, "/a", &change));
    CHECK(slk_locker_is_available(locker) == 0);
    CHECK(slk_locker_is_loaded(locker) == 0);
    CHECK(slk_locker_is_idle(locker) == 0);
    /* What is written on success only was left alone. */
    CHECK(change == 77 && number == 77 && real == 77 && type == 77 && length == 77 && strcmp(buffer, "before") == 0);
}

static void try_engine(slk_engine engine, slk_store store)
{
    slk_event event, events[2];
    size_t count = 77;
    slk_spec_options options = SLK_SPEC_OPTIONS_INIT;
    options.name = "player";
    options.store = store;
    slk_spec spec = { 77 };
    EXPECT(SLK_E_INVALID_HANDLE, slk_engine_update(engine, 0));
    EXPECT(SLK_E_INVALID_HANDLE, slk_engine_next_event(engine, &event, sizeof event));
    EXPECT(SLK_E_INVALID_HANDLE, slk_engine_next_events(engine, events, sizeof events[0], 2, &count));
    EXPECT(SLK_E_INVALID_HANDLE, slk_engine_begin_shutdown(engine, 0));
    EXPECT(SLK_E_INVALID_HANDLE, slk_engine_shutdown(engine, 0));
    EXPECT(SLK_E_INVALID_HANDLE, slk_spec_create(engine, &options, &spec));
    CHECK(count == 77 && spec.id == 0);
}

static void handles(void)
{
    slk_store store;
    OK(slk_store_open_memory(&store));
    slk_engine engine = new_engine("eu-1");
    slk_spec spec = new_spec(engine, store);
    slk_locker locker = new_locker(spec, "42", 1), made;
    slk_document document;
    OK(slk_document_create_json("{}", 2, &document));

    /* Null, of another type, made up. */
    const uint64_t wrong[] = { 0, 1, UINT64_MAX, store.id, engine.id, spec.id, document.id, locker.id + 1,
                               locker.id ^ ((uint64_t)1 << 40) };
    for (size_t at = 0; at < sizeof wrong / sizeof wrong[0]; at++) {
        slk_locker bad = { wrong[at] };
        try_locker(bad, SLK_E_INVALID_HANDLE);
        if (wrong[at] != engine.id) {
            slk_engine bad_engine = { wrong[at] };
            try_engine(bad_engine, store);
        }
        if (wrong[at] != spec.id) {
            slk_spec bad_spec = { wrong[at] };
            EXPECT(SLK_E_INVALID_HANDLE, slk_locker_create(bad_spec, "42", 1, &made));
            CHECK(made.id == 0);
        }
        slk_request request = { wrong[at] };
        EXPECT(SLK_E_INVALID_HANDLE, slk_request_complete_missing(request));
        EXPECT(SLK_E_INVALID_HANDLE, slk_request_abandon(request));
        slk_error_sink sink = { wrong[at] };
        EXPECT(SLK_E_INVALID_HANDLE, slk_error_sink_set(sink, "words"));
    }
    EXPECT(SLK_E_INVALID_HANDLE, slk_locker_mark_should_save((slk_locker){ document.id }));
    CHECK(says("slk_locker_mark_should_save") && says("a document, not of a locker"));

    /* Null may be destroyed, anything else only once. */
    OK(slk_store_destroy((slk_store){ 0 }));
    OK(slk_engine_destroy((slk_engine){ 0 }));
    OK(slk_spec_destroy((slk_spec){ 0 }));
    OK(slk_locker_destroy((slk_locker){ 0 }));
    OK(slk_document_destroy((slk_document){ 0 }));
    OK(slk_document_destroy(document));
    EXPECT(SLK_E_INVALID_HANDLE, slk_document_destroy(document));
    OK(slk_locker_destroy(locker));
    EXPECT(SLK_E_INVALID_HANDLE, slk_locker_destroy(locker));
    try_locker(locker, SLK_E_INVALID_HANDLE);

    /* A deleted locker is told from one that never was. */
    locker = new_locker(spec, "42", 1);
    OK(slk_locker_mark_deleted(locker));
    EXPECT(SLK_E_DELETED, slk_locker_mark_deleted(locker));
    try_locker(locker, SLK_E_DELETED);
    OK(slk_locker_destroy(locker));

    /* The engine takes all that it made. */
    locker = new_locker(spec, "43", 1);
    OK(slk_engine_destroy(engine));
    EXPECT(SLK_E_INVALID_HANDLE, slk_engine_destroy(engine));
    try_engine(engine, store);
    try_locker(locker, SLK_E_INVALID_HANDLE);
    EXPECT(SLK_E_INVALID_HANDLE, slk_locker_destroy(locker));
    EXPECT(SLK_E_INVALID_HANDLE, slk_spec_destroy(spec));
    EXPECT(SLK_E_INVALID_HANDLE, slk_locker_create(spec, "42", 1, &made));
    OK(slk_store_destroy(store));
    EXPECT(SLK_E_INVALID_HANDLE, slk_store_destroy(store));
}

/* Destroys one of them; what an engine made may have gone with it. */
static void destroy_one(int which, slk_store store, slk_engine engine, slk_spec spec, slk_locker locker,
                        slk_document document, int engine_gone)
{
    slk_result gone = engine_gone ? SLK_E_INVALID_HANDLE : SLK_OK;
    switch (which) {
    case 0: OK(slk_store_destroy(store)); break;
    case 1: OK(slk_engine_destroy(engine)); break;
    case 2: EXPECT(gone, slk_spec_destroy(spec)); break;
    case 3: EXPECT(gone, slk_locker_destroy(locker)); break;
    default: OK(slk_document_destroy(document));
    }
}

/* Everything can be destroyed in every order, in the middle of a session. */
static void orders(int order[5], int from)
{
    if (from < 5) {
        for (int at = from; at < 5; at++) {
            int moved = order[at];
            order[at] = order[from];
            order[from] = moved;
            orders(order, from + 1);
            order[from] = order[at];
            order[at] = moved;
        }
        return;
    }
    slk_store store;
    slk_document document;
    OK(slk_store_open_memory(&store));
    OK(slk_document_create_json("{}", 2, &document));
    slk_engine engine = new_engine("eu-1");
    slk_spec spec = new_spec(engine, store);
    slk_locker locker = new_locker(spec, "42", 1);
    OK(slk_locker_mark_should_acquire(locker, NULL));
    (void)wait_for_event(engine, SLK_EVENT_LOADED);
    OK(slk_locker_add_i64(locker, "/gold", 1, NULL));
    int engine_gone = 0;
    for (int at = 0; at < 5; at++) {
        destroy_one(order[at], store, engine, spec, locker, document, engine_gone);
        engine_gone |= order[at] == 1;
        if (!engine_gone)
            OK(slk_engine_update(engine, 0));
    }
}

static void strings(void)
{
    slk_store store;
    OK(slk_store_open_memory(&store));
    slk_engine engine = new_engine("eu-1");
    slk_spec spec = new_spec(engine, store);
    slk_locker locker = new_locker(spec, "42", 1), made;

    char longest[SLK_MAX_KEY_BYTES + 2];
    memset(longest, 'k', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    EXPECT(SLK_E_TOO_LONG, slk_locker_create(spec, longest, 1, &made));
    CHECK(says("key") && made.id == 0);
    longest[SLK_MAX_KEY_BYTES] = '\0';
    OK(slk_locker_create(spec, longest, 1, &made));
    OK(slk_locker_destroy(made));
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_locker_create(spec, NULL, 1, &made));
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_locker_create(spec, "", 1, &made));
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_locker_create(spec, "42", 1, NULL));
    EXPECT(SLK_E_INVALID_UTF8, slk_locker_create(spec, "4\xff" "2", 1, &made));
    CHECK(says("key is not UTF-8 at byte 1"));
    EXPECT(SLK_E_INVALID_UTF8, slk_locker_mark_should_acquire(locker, "\xc3"));
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_locker_mark_should_acquire(locker, ""));
    longest[SLK_MAX_NAME_BYTES + 1] = '\0';
    EXPECT(SLK_E_TOO_LONG, slk_locker_mark_should_acquire(locker, longest));

    /* Before it is loaded, data can be read and not be changed. */
    int64_t gold = 77;
    OK(slk_locker_get_i64(locker, "/gold", &gold));
    CHECK(gold == 0);
    EXPECT(SLK_E_NOT_LOADED, slk_locker_add_i64(locker, "/gold", 1, NULL));
    CHECK(says("42") && says("mark that it should be acquired"));
    EXPECT(SLK_E_NOT_LOADED, slk_locker_mark_force_save(locker));
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_locker_change_status(locker, 1));
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_locker_answer_handover(locker, SLK_ANSWER_REFUSE, 0));
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_locker_answer_handover(locker, 99, 0));

    OK(slk_locker_mark_should_acquire(locker, NULL));
    (void)wait_for_event(engine, SLK_EVENT_LOADED);
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_locker_add_i64(locker, NULL, 1, NULL));
    EXPECT(SLK_E_INVALID_POINTER, slk_locker_add_i64(locker, "gold", 1, NULL));
    CHECK(says("slk_locker_add_i64") && says("gold"));
    EXPECT(SLK_E_INVALID_POINTER, slk_locker_set_null(locker, "/bag/slot", NULL));
    EXPECT(SLK_E_INVALID_UTF8, slk_locker_set_null(locker, "/\x80", NULL));
    EXPECT(SLK_E_INVALID_UTF8, slk_locker_set_string(locker, "/name", "a\xff", 2, NULL));
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_locker_set_string(locker, "/name", NULL, 2, NULL));
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_locker_set_string(locker, "/name", NULL, SLK_NUL_TERMINATED, NULL));
    EXPECT(SLK_E_TOO_LONG, slk_locker_set_string(locker, "/name", "x", (size_t)SLK_MAX_DATA_BYTES + 1, NULL));
    EXPECT(SLK_E_INVALID_JSON, slk_locker_set_json(locker, "/bag", "{\"a\":}", SLK_NUL_TERMINATED, NULL));
    CHECK(says("column 6"));
    EXPECT(SLK_E_INVALID_JSON, slk_locker_set_json(locker, "/bag", "", 0, NULL));
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_locker_set_bool(locker, "/vip", 2, NULL));
    EXPECT(SLK_E_WRONG_TYPE, slk_locker_set_bytes(locker, "x", 1, NULL));
    EXPECT(SLK_E_OUT_OF_RANGE, slk_locker_add_i64(locker, "/gold", INT64_MAX, NULL) == SLK_OK
                                   ? slk_locker_add_i64(locker, "/gold", 1, NULL)
                                   : SLK_OK);
    EXPECT(SLK_EMPTY, slk_locker_get_i64(locker, "/silver", &gold));
    EXPECT(SLK_E_WRONG_TYPE, slk_locker_get_bool(locker, "/gold", &(int32_t){ 0 }));
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_locker_get_i64(locker, "/gold", NULL));

    /* Buffers. */
    char buffer[4] = "xyz";
    size_t needed = 0;
    OK(slk_locker_set_string(locker, "/name", "four", 4, NULL));
    EXPECT(SLK_E_BUFFER_TOO_SMALL, slk_locker_get_string(locker, "/name", buffer, sizeof buffer, &needed));
    CHECK(needed == 4 && strcmp(buffer, "xyz") == 0);
    OK(slk_locker_get_string(locker, "/name", NULL, 0, &needed));
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_locker_get_string(locker, "/name", NULL, 1, &needed));
    EXPECT(SLK_E_BUFFER_TOO_SMALL, slk_locker_get_string(locker, "/name", buffer, 0, NULL));

    OK(slk_engine_destroy(engine));
    OK(slk_store_destroy(store));
}

static void receipts(void)
{
    slk_store store;
    OK(slk_store_open_memory(&store));
    slk_engine engine = new_engine("eu-1");
    slk_locker locker = new_locker(new_spec(engine, store), "42", 1);
    slk_receipt receipt = SLK_RECEIPT_INIT;
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_locker_process_receipt(locker, NULL));
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_locker_process_receipt(locker, &receipt));
    CHECK(says("provider is NULL"));
    receipt.provider = receipt.environment = receipt.product = "x";
    receipt.purchase_id = "";
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_locker_process_receipt(locker, &receipt));
    receipt.purchase_id = "\xf0\x9f";
    EXPECT(SLK_E_INVALID_UTF8, slk_locker_process_receipt(locker, &receipt));
    receipt.purchase_id = "p-1";
    receipt.context_length = 3;
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_locker_process_receipt(locker, &receipt));
    receipt.context_length = 0;
    EXPECT(SLK_E_UNSUPPORTED, slk_locker_process_receipt(locker, &receipt));
    CHECK(says("player"));
    int64_t amount;
    EXPECT(SLK_E_NOT_LOADED, slk_locker_credit(locker, "gold100", &amount));
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_locker_credit(locker, "gold100", NULL));
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_locker_credit(locker, NULL, &amount));
    OK(slk_engine_destroy(engine));
    OK(slk_store_destroy(store));
}

static void options_of_engines(void)
{
    slk_engine engine = { 77 };
    slk_engine_options options = SLK_ENGINE_OPTIONS_INIT;
    int destroyed = 0;
    options.user_data = &destroyed;
    options.destroy = count_destroyed;

    EXPECT(SLK_E_INVALID_ARGUMENT, slk_engine_create(&options, NULL));
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_engine_create(NULL, &engine));
    CHECK(engine.id == 0);
    options.abi_version = SLK_ABI_VERSION + 1;
    EXPECT(SLK_E_ABI, slk_engine_create(&options, &engine));
    options.abi_version = SLK_ABI_VERSION;

    /* A struct that is shorter, longer, longer with something in its tail, and none at all. */
    struct {
        slk_engine_options options;
        uint64_t more;
    } longer = { options, 0 };
    longer.options.struct_size = sizeof longer;
    OK(slk_engine_create(&longer.options, &engine));
    OK(slk_engine_destroy(engine));
    CHECK(destroyed == 1);
    longer.more = 1;
    EXPECT(SLK_E_STRUCT_SIZE, slk_engine_create(&longer.options, &engine));
    CHECK(says("newer library"));
    options.struct_size = offsetof(slk_engine_options, log_level);
    OK(slk_engine_create(&options, &engine));
    OK(slk_engine_destroy(engine));
    CHECK(destroyed == 1); /* `destroy` lies behind the end of that struct */
    const uint32_t wrong_sizes[] = { 0, 1, 4, 7, sizeof options - 1, sizeof options - 4, 5000, UINT32_MAX };
    for (size_t at = 0; at < sizeof wrong_sizes / sizeof wrong_sizes[0]; at++) {
        options.struct_size = wrong_sizes[at];
        /* Four bytes are the size alone, a struct without an ABI number. */
        EXPECT(wrong_sizes[at] == 4 ? SLK_E_ABI : SLK_E_STRUCT_SIZE, slk_engine_create(&options, &engine));
    }
    options.struct_size = sizeof options;

    options.server_id = "";
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_engine_create(&options, &engine));
    options.server_id = "\xff";
    EXPECT(SLK_E_INVALID_UTF8, slk_engine_create(&options, &engine));
    options.server_id = NULL;
    options.lease_ms = 1;
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_engine_create(&options, &engine));
    CHECK(says("lease"));
    options.lease_ms = 6000;
    options.beat_interval_ms = 3000;
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_engine_create(&options, &engine));
    CHECK(says("beat_interval"));
    options.beat_interval_ms = 0;
    options.flags = 0x80;
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_engine_create(&options, &engine));
    options.flags = 0;
    options.log_level = 9;
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_engine_create(&options, &engine));
    options.log_level = SLK_LOG_INFO;
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_engine_create(&options, &engine));
    CHECK(destroyed == 1 && engine.id == 0); /* what failed left the user data with their owner */

    /* The exported functions do what the macros do. */
    slk_engine_options filled;
    memset(&filled, 0xa5, sizeof filled);
    OK(slk_engine_options_init(&filled, sizeof filled, SLK_ABI_VERSION));
    options = (slk_engine_options)SLK_ENGINE_OPTIONS_INIT;
    CHECK(filled.struct_size == options.struct_size && filled.abi_version == options.abi_version && filled.destroy == NULL);
    EXPECT(SLK_E_STRUCT_SIZE, slk_engine_options_init(&filled, 3, SLK_ABI_VERSION));
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_engine_options_init(NULL, sizeof filled, SLK_ABI_VERSION));
    slk_spec_options spec_options;
    OK(slk_spec_options_init(&spec_options, sizeof spec_options));
    slk_store_callbacks callbacks;
    OK(slk_store_callbacks_init(&callbacks, sizeof callbacks));
    slk_sqlite_options sqlite_options;
    OK(slk_sqlite_options_init(&sqlite_options, sizeof sqlite_options));
    slk_postgres_options postgres_options;
    OK(slk_postgres_options_init(&postgres_options, sizeof postgres_options));
    CHECK(postgres_options.struct_size == sizeof postgres_options && postgres_options.flags == 0);
    EXPECT(SLK_E_STRUCT_SIZE, slk_postgres_options_init(&postgres_options, 3));
    slk_redis_options redis_options;
    OK(slk_redis_options_init(&redis_options, sizeof redis_options));
    CHECK(redis_options.struct_size == sizeof redis_options && redis_options.wait_replicas == 0);
    EXPECT(SLK_E_STRUCT_SIZE, slk_redis_options_init(&redis_options, 3));
    slk_receipt receipt;
    OK(slk_receipt_init(&receipt, sizeof receipt));
    CHECK(spec_options.struct_size == sizeof spec_options && callbacks.struct_size == sizeof callbacks
          && sqlite_options.struct_size == sizeof sqlite_options && receipt.struct_size == sizeof receipt);
}

static void options_of_specs(void)
{
    slk_store store;
    OK(slk_store_open_memory(&store));
    slk_engine engine = new_engine("eu-1");
    slk_spec spec = { 77 };
    slk_spec_options options = SLK_SPEC_OPTIONS_INIT;
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_spec_create(engine, &options, &spec));
    CHECK(says("name is NULL") && spec.id == 0);
    options.name = "player";
    EXPECT(SLK_E_INVALID_HANDLE, slk_spec_create(engine, &options, &spec));
    CHECK(says("store handle is null"));
    options.store = store;
    options.data_kind = 5;
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_spec_create(engine, &options, &spec));
    options.data_kind = SLK_DATA_JSON;
    options.handover_mode = -1;
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_spec_create(engine, &options, &spec));
    options.handover_mode = SLK_HANDOVER_GIVE;
    options.default_data = "{\"gold\":";
    EXPECT(SLK_E_INVALID_JSON, slk_spec_create(engine, &options, &spec));
    CHECK(says("default_data"));
    options.default_data = NULL;
    options.retry_min_ms = 10000;
    options.retry_max_ms = 1000;
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_spec_create(engine, &options, &spec));
    CHECK(says("retry"));
    options.retry_min_ms = options.retry_max_ms = 0;
    OK(slk_spec_create(engine, &options, &spec));
    EXPECT(SLK_E_EXISTS, slk_spec_create(engine, &options, &spec));
    OK(slk_engine_begin_shutdown(engine, 0));
    options.name = "other";
    EXPECT(SLK_E_SHUTTING_DOWN, slk_spec_create(engine, &options, &spec));
    OK(slk_engine_destroy(engine));
    OK(slk_store_destroy(store));
}

static void options_of_stores(void)
{
    slk_store store = { 77 };
    int destroyed = 0;
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_store_open_memory(NULL));
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_store_create(NULL, &store));
    CHECK(store.id == 0);
    slk_store_callbacks callbacks = SLK_STORE_CALLBACKS_INIT;
    callbacks.user_data = &destroyed;
    callbacks.destroy = count_destroyed;
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_store_create(&callbacks, &store));
    CHECK(says("`get` is missing"));
    callbacks.get = never_called;
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_store_create(&callbacks, &store));
    CHECK(says("`put` is missing"));
    callbacks.put = never_called;
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_store_create(&callbacks, &store));
    CHECK(says("`remove` is missing"));
    callbacks.remove = never_called;
    callbacks.mode = 7;
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_store_create(&callbacks, &store));
    callbacks.mode = SLK_STORE_BLOCKING_CONCURRENT;
    callbacks.threads = SLK_MAX_STORE_THREADS + 1;
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_store_create(&callbacks, &store));
    CHECK(destroyed == 0);
    callbacks.threads = 2;
    OK(slk_store_create(&callbacks, &store));
    OK(slk_store_destroy(store));
    CHECK(destroyed == 1);

    EXPECT(SLK_E_INVALID_ARGUMENT, slk_store_open_sqlite(NULL, NULL, &store));
    EXPECT(SLK_E_INVALID_UTF8, slk_store_open_sqlite("\xff", NULL, &store));
    slk_result missing = slk_store_open_sqlite("no/such/directory/players.db", NULL, &store);
    CHECK(missing < SLK_OK && says("no/such/directory/players.db") && store.id == 0);
    FILE *file = fopen("not_a_database.db", "wb");
    CHECK(file != NULL && fputs("this is no database, but long enough to look like one at first sight", file) >= 0);
    CHECK(fclose(file) == 0);
    EXPECT(SLK_E_NOT_A_DATABASE, slk_store_open_sqlite("not_a_database.db", NULL, &store));
    CHECK(says("not_a_database.db"));
    slk_sqlite_options options = SLK_SQLITE_OPTIONS_INIT;
    options.durability = 3;
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_store_open_sqlite("x.db", &options, &store));
    options.durability = SLK_SQLITE_FULL;
    options.flags = 64;
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_store_open_sqlite("x.db", &options, &store));
    options.flags = SLK_SQLITE_MUST_EXIST;
    CHECK(slk_store_open_sqlite("does_not_exist.db", &options, &store) < SLK_OK && says("does_not_exist.db"));

    EXPECT(SLK_E_INVALID_ARGUMENT, slk_store_open_postgres(NULL, NULL, &store));
    EXPECT(SLK_E_INVALID_UTF8, slk_postgres_create_tables("\xff", NULL));
    const char *nowhere = "postgresql://me:secret@/game?host=%2Fno%2Fsuch%2Ffolder";
    slk_result refused = slk_store_open_postgres(nowhere, NULL, &store);
    CHECK(store.id == 0 && !says("secret"));
    /* With the feature the server is missing, without it the feature is, and the text names it. */
    CHECK((refused == SLK_E_STORE && says("/no/such/folder")) || (refused == SLK_E_UNSUPPORTED && says("feature postgres")));
    CHECK(slk_postgres_create_tables(nowhere, NULL) == refused && !says("secret"));
    slk_postgres_options postgres = SLK_POSTGRES_OPTIONS_INIT;
    postgres.struct_size = 2;
    EXPECT(SLK_E_STRUCT_SIZE, slk_store_open_postgres(nowhere, &postgres, &store));

    EXPECT(SLK_E_INVALID_ARGUMENT, slk_store_open_redis(NULL, NULL, &store));
    EXPECT(SLK_E_INVALID_UTF8, slk_redis_create_layout("\xff", NULL));
    nowhere = "redis+unix:///no/such/socket?pass=secret";
    refused = slk_store_open_redis(nowhere, NULL, &store);
    CHECK(store.id == 0 && !says("secret"));
    CHECK((refused == SLK_E_STORE && says("/no/such/socket")) || (refused == SLK_E_UNSUPPORTED && says("feature redis")));
    CHECK(slk_redis_create_layout(nowhere, NULL) == refused && !says("secret"));
    slk_redis_options redis = SLK_REDIS_OPTIONS_INIT;
    redis.struct_size = 2;
    EXPECT(SLK_E_STRUCT_SIZE, slk_store_open_redis(nowhere, &redis, &store));
}

static void events(void)
{
    slk_engine engine = new_engine("eu-1");
    slk_event event;
    EXPECT(SLK_EMPTY, slk_engine_next_event(engine, &event, sizeof event));
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_engine_next_event(engine, NULL, sizeof event));
    EXPECT(SLK_E_STRUCT_SIZE, slk_engine_next_event(engine, &event, 0));
    EXPECT(SLK_E_STRUCT_SIZE, slk_engine_next_event(engine, &event, 13));
    EXPECT(SLK_E_STRUCT_SIZE, slk_engine_next_event(engine, &event, 1u << 20));
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_engine_next_events(engine, &event, sizeof event, 1, NULL));
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_engine_dispatch(engine, NULL, NULL));
    OK(slk_engine_destroy(engine));
}

int main(void)
{
    char text[4];
    size_t needed = 0;
    OK(slk_last_error(text, sizeof text, &needed));
    CHECK(needed == 0 && text[0] == '\0');
    handles();
    orders((int[5]){ 0, 1, 2, 3, 4 }, 0);
    strings();
    receipts();
    options_of_engines();
    options_of_specs();
    options_of_stores();
    events();
    EXPECT(SLK_E_BUFFER_TOO_SMALL, slk_last_error(text, sizeof text, &needed));
    CHECK(strcmp(text, "slk") == 0 && needed > sizeof text);
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_last_error(NULL, 1, NULL));
    OK(slk_last_error(NULL, 0, &needed));
    CHECK(strcmp(slk_result_name(SLK_E_LATE), "SLK_E_LATE") == 0);
    CHECK(strcmp(slk_result_name(12345), "unknown slk_result") == 0);
    return 0;
}
