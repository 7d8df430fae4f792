/*
 * Every function of the header, and how often it is called compared with the others. Which are listed is compared with
 * the header by the test that runs this program.
 */
#ifndef MISUSE_CALLS_H
#define MISUSE_CALLS_H

#include "calls_documents.h"
#include "calls_lockers.h"

static const struct call all_calls[] = {
    { "slk_version", version, ANSWER_NUMBER, 3 },
    { "slk_version_text", version_text, ANSWER_RESULT, 3 },
    { "slk_abi_version", abi_version, ANSWER_RESULT, 3 },
    { "slk_result_name", result_name, ANSWER_RESULT, 3 },
    { "slk_last_error", last_error_text, ANSWER_RESULT, 3 },
    { "slk_object_count", object_count, ANSWER_NUMBER, 3 },
    { "slk_error_sink_set", error_sink_set, ANSWER_RESULT, 3 },
    { "slk_document_create_json", document_create_json, ANSWER_RESULT, 6 },
    { "slk_document_create_bytes", document_create_bytes, ANSWER_RESULT, 1 },
    { "slk_document_destroy", document_destroy, ANSWER_RESULT, 3 },
    { "slk_document_get_type", document_get_type, ANSWER_RESULT, 3 },
    { "slk_document_get_bool", document_get_bool, ANSWER_RESULT, 3 },
    { "slk_document_get_i64", document_get_i64, ANSWER_RESULT, 3 },
    { "slk_document_get_f64", document_get_f64, ANSWER_RESULT, 3 },
    { "slk_document_get_string", document_get_string, ANSWER_RESULT, 3 },
    { "slk_document_get_json", document_get_json, ANSWER_RESULT, 3 },
    { "slk_document_get_bytes", document_get_bytes, ANSWER_RESULT, 3 },
    { "slk_document_length", document_length, ANSWER_RESULT, 3 },
    { "slk_document_key_at", document_key_at, ANSWER_RESULT, 3 },
    { "slk_document_set_null", document_set_null, ANSWER_RESULT, 3 },
    { "slk_document_set_bool", document_set_bool, ANSWER_RESULT, 3 },
    { "slk_document_set_i64", document_set_i64, ANSWER_RESULT, 3 },
    { "slk_document_set_f64", document_set_f64, ANSWER_RESULT, 3 },
    { "slk_document_set_string", document_set_string, ANSWER_RESULT, 3 },
    { "slk_document_set_json", document_set_json, ANSWER_RESULT, 3 },
    { "slk_document_set_bytes", document_set_bytes, ANSWER_RESULT, 3 },
    { "slk_document_add_i64", document_add_i64, ANSWER_RESULT, 3 },
    { "slk_document_add_f64", document_add_f64, ANSWER_RESULT, 3 },
    { "slk_document_append_json", document_append_json, ANSWER_RESULT, 3 },
    { "slk_document_remove", document_remove, ANSWER_RESULT, 3 },
    { "slk_request_complete_found", request_complete_found, ANSWER_RESULT, 1 },
    { "slk_request_complete_missing", request_complete_missing, ANSWER_RESULT, 1 },
    { "slk_request_complete_written", request_complete_written, ANSWER_RESULT, 1 },
    { "slk_request_complete_removed", request_complete_removed, ANSWER_RESULT, 1 },
    { "slk_request_complete_conflict", request_complete_conflict, ANSWER_RESULT, 1 },
    { "slk_request_complete_keys", request_complete_keys, ANSWER_RESULT, 1 },
    { "slk_request_complete_failed", request_complete_failed, ANSWER_RESULT, 1 },
    { "slk_request_abandon", request_abandon, ANSWER_RESULT, 1 },
    { "slk_store_open_memory", store_open_memory, ANSWER_RESULT, 1 },
    { "slk_store_destroy", store_destroy, ANSWER_RESULT, 1 },
    { "slk_store_notify", store_notify, ANSWER_RESULT, 3 },
    { "slk_store_open_sqlite", store_open_sqlite, ANSWER_RESULT, 1 },
    { "slk_sqlite_options_init", sqlite_options_init, ANSWER_RESULT, 3 },
    { "slk_store_open_postgres", store_open_postgres, ANSWER_RESULT, 1 },
    { "slk_postgres_create_tables", postgres_create_tables, ANSWER_RESULT, 1 },
    { "slk_postgres_options_init", postgres_options_init, ANSWER_RESULT, 3 },
    { "slk_store_open_redis", store_open_redis, ANSWER_RESULT, 1 },
    { "slk_redis_create_layout", redis_create_layout, ANSWER_RESULT, 1 },
    { "slk_redis_options_init", redis_options_init, ANSWER_RESULT, 3 },
    { "slk_store_create", store_create, ANSWER_RESULT, 1 },
    { "slk_store_callbacks_init", store_callbacks_init, ANSWER_RESULT, 3 },
    { "slk_store_open_faulty", store_open_faulty, ANSWER_RESULT, 1 },
    { "slk_store_set_faults", store_set_faults, ANSWER_RESULT, 3 },
    { "slk_store_fault_counts", store_fault_counts, ANSWER_RESULT, 3 },
    { "slk_fault_options_init", fault_options_init, ANSWER_RESULT, 3 },
    { "slk_store_open_read_only", store_open_read_only, ANSWER_RESULT, 1 },
    { "slk_store_set_value", store_set_value, ANSWER_RESULT, 4 },
    { "slk_store_get_value", store_get_value, ANSWER_RESULT, 3 },
    { "slk_store_check", store_check, ANSWER_RESULT, 1 },
    { "slk_engine_create", engine_create, ANSWER_RESULT, 1 },
    { "slk_engine_options_init", engine_options_init, ANSWER_RESULT, 3 },
    { "slk_engine_destroy", engine_destroy, ANSWER_RESULT, 1 },
    { "slk_engine_update", engine_update, ANSWER_RESULT, 60 },
    { "slk_engine_purchases_in_progress", engine_purchases_in_progress, ANSWER_RESULT, 3 },
    { "slk_engine_begin_shutdown", engine_begin_shutdown, ANSWER_RESULT, 1 },
    { "slk_engine_shutdown", engine_shutdown, ANSWER_RESULT, 1 },
    { "slk_engine_visits_in_progress", engine_visits_in_progress, ANSWER_RESULT, 3 },
    { "slk_engine_next_event", engine_next_event, ANSWER_RESULT, 12 },
    { "slk_engine_next_events", engine_next_events, ANSWER_RESULT, 6 },
    { "slk_engine_dispatch", engine_dispatch, ANSWER_RESULT, 6 },
    { "slk_locker_process_receipt", locker_process_receipt, ANSWER_RESULT, 10 },
    { "slk_receipt_init", receipt_init, ANSWER_RESULT, 3 },
    { "slk_locker_credit", locker_credit, ANSWER_RESULT, 3 },
    { "slk_locker_give_credit", locker_give_credit, ANSWER_RESULT, 3 },
    { "slk_locker_use_credit", locker_use_credit, ANSWER_RESULT, 3 },
    { "slk_locker_retry_parked", locker_retry_parked, ANSWER_RESULT, 3 },
    { "slk_locker_find_purchase", locker_find_purchase, ANSWER_RESULT, 3 },
    { "slk_locker_get_purchases", locker_get_purchases, ANSWER_RESULT, 3 },
    { "slk_migrations_create", migrations_create, ANSWER_RESULT, 3 },
    { "slk_migrations_add_migrator", migrations_add_migrator, ANSWER_RESULT, 3 },
    { "slk_migrations_add_patcher", migrations_add_patcher, ANSWER_RESULT, 3 },
    { "slk_migrations_check", migrations_check, ANSWER_RESULT, 3 },
    { "slk_migrations_destroy", migrations_destroy, ANSWER_RESULT, 3 },
    { "slk_spec_send_change", spec_send_change, ANSWER_RESULT, 4 },
    { "slk_spec_update_record", spec_update_record, ANSWER_RESULT, 3 },
    { "slk_locker_queue_change", locker_queue_change, ANSWER_RESULT, 4 },
    { "slk_document_queue_change", document_queue_change, ANSWER_RESULT, 3 },
    { "slk_buffer_append", buffer_append, ANSWER_RESULT, 3 },
    { "slk_spec_create", spec_create, ANSWER_RESULT, 10 },
    { "slk_spec_options_init", spec_options_init, ANSWER_RESULT, 3 },
    { "slk_spec_destroy", spec_destroy, ANSWER_RESULT, 1 },
    { "slk_spec_view_record", spec_view_record, ANSWER_RESULT, 3 },
    { "slk_spec_erase_record", spec_erase_record, ANSWER_RESULT, 3 },
    { "slk_spec_export_user", spec_export_user, ANSWER_RESULT, 3 },
    { "slk_spec_erase_user", spec_erase_user, ANSWER_RESULT, 3 },
    { "slk_locker_create", locker_create, ANSWER_RESULT, 14 },
    { "slk_locker_create_artificial", locker_create_artificial, ANSWER_RESULT, 3 },
    { "slk_locker_destroy", locker_destroy, ANSWER_RESULT, 2 },
    { "slk_locker_mark_deleted", locker_mark_deleted, ANSWER_RESULT, 1 },
    { "slk_locker_mark_should_acquire", locker_mark_should_acquire, ANSWER_RESULT, 20 },
    { "slk_locker_take_over", locker_take_over, ANSWER_RESULT, 1 },
    { "slk_locker_mark_should_release", locker_mark_should_release, ANSWER_RESULT, 1 },
    { "slk_locker_mark_should_save", locker_mark_should_save, ANSWER_RESULT, 3 },
    { "slk_locker_mark_force_save", locker_mark_force_save, ANSWER_RESULT, 4 },
    { "slk_locker_mark_changed", locker_mark_changed, ANSWER_RESULT, 3 },
    { "slk_locker_update", locker_update, ANSWER_RESULT, 6 },
    { "slk_locker_is_available", locker_is_available, ANSWER_NUMBER, 3 },
    { "slk_locker_is_loaded", locker_is_loaded, ANSWER_NUMBER, 3 },
    { "slk_locker_is_idle", locker_is_idle, ANSWER_NUMBER, 3 },
    { "slk_locker_get_status", locker_get_status, ANSWER_RESULT, 3 },
    { "slk_locker_change_status", locker_change_status, ANSWER_RESULT, 3 },
    { "slk_locker_await_change", locker_await_change, ANSWER_RESULT, 3 },
    { "slk_locker_answer_handover", locker_answer_handover, ANSWER_RESULT, 3 },
    { "slk_locker_is_syncing", locker_is_syncing, ANSWER_NUMBER, 3 },
    { "slk_locker_add_user", locker_add_user, ANSWER_RESULT, 3 },
    { "slk_locker_remove_user", locker_remove_user, ANSWER_RESULT, 3 },
    { "slk_locker_get_users", locker_get_users, ANSWER_RESULT, 3 },
    { "slk_locker_get_type", locker_get_type, ANSWER_RESULT, 3 },
    { "slk_locker_get_bool", locker_get_bool, ANSWER_RESULT, 3 },
    { "slk_locker_get_i64", locker_get_i64, ANSWER_RESULT, 3 },
    { "slk_locker_get_f64", locker_get_f64, ANSWER_RESULT, 3 },
    { "slk_locker_get_string", locker_get_string, ANSWER_RESULT, 3 },
    { "slk_locker_get_json", locker_get_json, ANSWER_RESULT, 3 },
    { "slk_locker_get_bytes", locker_get_bytes, ANSWER_RESULT, 3 },
    { "slk_locker_length", locker_length, ANSWER_RESULT, 3 },
    { "slk_locker_key_at", locker_key_at, ANSWER_RESULT, 3 },
    { "slk_locker_set_null", locker_set_null, ANSWER_RESULT, 3 },
    { "slk_locker_set_bool", locker_set_bool, ANSWER_RESULT, 3 },
    { "slk_locker_set_i64", locker_set_i64, ANSWER_RESULT, 3 },
    { "slk_locker_set_f64", locker_set_f64, ANSWER_RESULT, 3 },
    { "slk_locker_set_string", locker_set_string, ANSWER_RESULT, 3 },
    { "slk_locker_set_json", locker_set_json, ANSWER_RESULT, 3 },
    { "slk_locker_set_bytes", locker_set_bytes, ANSWER_RESULT, 3 },
    { "slk_locker_add_i64", locker_add_i64, ANSWER_RESULT, 6 },
    { "slk_locker_add_f64", locker_add_f64, ANSWER_RESULT, 3 },
    { "slk_locker_append_json", locker_append_json, ANSWER_RESULT, 3 },
    { "slk_locker_remove", locker_remove, ANSWER_RESULT, 3 },
    { "slk_engine_get_metrics", engine_get_metrics, ANSWER_RESULT, 3 },
    { "slk_engine_metrics_text", engine_metrics_text, ANSWER_RESULT, 3 },
    { "slk_engine_is_store_critical", engine_is_store_critical, ANSWER_NUMBER, 3 },
};

enum { CALLS = sizeof all_calls / sizeof all_calls[0] };

/* How often each was called, and how often it succeeded. */
static atomic_uint_fast64_t times_called[CALLS], times_ok[CALLS];

static unsigned total_weight(void)
{
    unsigned total = 0;
    for (unsigned at = 0; at < CALLS; at++)
        total += all_calls[at].weight;
    return total;
}

static int make_numbered_call(unsigned at)
{
    slk_result result = make_call(&all_calls[at]);
    int succeeded = all_calls[at].answer == ANSWER_NUMBER ? result != 0 : result >= SLK_OK;
    atomic_fetch_add(&times_called[at], 1);
    atomic_fetch_add(&times_ok[at], (unsigned)succeeded);
    return succeeded;
}

static void make_random_call(void)
{
    unsigned ticket = below(total_weight()), at = 0;
    while (ticket >= all_calls[at].weight)
        ticket -= all_calls[at++].weight;
    (void)make_numbered_call(at);
}

static int make_call_of(const char *function)
{
    unsigned at = 0;
    while (strcmp(all_calls[at].function, function) != 0)
        HOLDS(++at < CALLS);
    return make_numbered_call(at);
}

static void meddle(unsigned chances)
{
    enum { DEEPEST = 3 };
    if (me.inside >= DEEPEST || atomic_load(&all_quiet) || !one_in(chances))
        return;
    /* These work inside callbacks alone. */
    static const char *const lent[] = { "slk_error_sink_set", "slk_buffer_append", "slk_document_queue_change" };
    me.inside++;
    for (unsigned calls = 1 + below(3); calls > 0; calls--)
        make_random_call();
    if (one_in(3))
        (void)make_call_of(lent[below(3)]);
    me.inside--;
}

#endif
