// What include/sessionlocker.h declares, name for name: its functions. A test compares this file with the header,
// so nothing else belongs here.
using System;
using System.Runtime.InteropServices;

namespace SessionLocker
{
    internal static unsafe partial class Native
    {
#if (UNITY_IOS || UNITY_WEBGL) && !UNITY_EDITOR
        // There the library is linked into the program.
        internal const string Library = "__Internal";
#else
        internal const string Library = "sessionlocker";
#endif

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern uint slk_version();

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern byte* slk_version_text();

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern uint slk_abi_version();

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern byte* slk_result_name(int result);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_last_error(byte* buffer, nuint capacity, nuint* needed);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern ulong slk_object_count(int kind);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_error_sink_set(slk_error_sink sink, byte* text);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_document_create_json(byte* json, nuint length, slk_document* document);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_document_create_bytes(void* bytes, nuint length, slk_document* document);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_document_destroy(slk_document document);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_document_get_type(slk_document document, byte* pointer, int* value);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_document_get_bool(slk_document document, byte* pointer, int* value);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_document_get_i64(slk_document document, byte* pointer, long* value);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_document_get_f64(slk_document document, byte* pointer, double* value);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_document_get_string(
            slk_document document, byte* pointer, byte* buffer, nuint capacity, nuint* needed);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_document_get_json(
            slk_document document, byte* pointer, byte* buffer, nuint capacity, nuint* needed);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_document_get_bytes(
            slk_document document, void* buffer, nuint capacity, nuint* needed);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_document_length(slk_document document, byte* pointer, nuint* value);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_document_key_at(
            slk_document document, byte* pointer, nuint index, byte* buffer, nuint capacity, nuint* needed);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_document_set_null(slk_document document, byte* pointer);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_document_set_bool(slk_document document, byte* pointer, int value);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_document_set_i64(slk_document document, byte* pointer, long value);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_document_set_f64(slk_document document, byte* pointer, double value);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_document_set_string(
            slk_document document, byte* pointer, byte* value, nuint length);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_document_set_json(
            slk_document document, byte* pointer, byte* value, nuint length);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_document_set_bytes(slk_document document, void* value, nuint length);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_document_add_i64(slk_document document, byte* pointer, long delta);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_document_add_f64(slk_document document, byte* pointer, double delta);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_document_append_json(
            slk_document document, byte* pointer, byte* value, nuint length);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_document_remove(slk_document document, byte* pointer);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_request_complete_found(
            slk_request request, void* value, nuint value_length, void* version, nuint version_length);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_request_complete_missing(slk_request request);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_request_complete_written(
            slk_request request, void* version, nuint version_length);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_request_complete_removed(slk_request request);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_request_complete_conflict(slk_request request);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_request_complete_keys(slk_request request, byte** names, nuint count, int more);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_request_complete_failed(slk_request request, int result, byte* text);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_request_abandon(slk_request request);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_store_open_memory(slk_store* store);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_store_destroy(slk_store store);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_store_notify(slk_store store, int key_kind, byte* spec, byte* key);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_store_open_sqlite(byte* path, slk_sqlite_options* options, slk_store* store);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_sqlite_options_init(slk_sqlite_options* options, nuint size);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_store_open_postgres(byte* url, slk_postgres_options* options, slk_store* store);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_postgres_create_tables(byte* url, slk_postgres_options* options);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_postgres_options_init(slk_postgres_options* options, nuint size);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_store_open_redis(byte* url, slk_redis_options* options, slk_store* store);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_redis_create_layout(byte* url, slk_redis_options* options);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_redis_options_init(slk_redis_options* options, nuint size);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_store_create(slk_store_callbacks* callbacks, slk_store* store);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_store_callbacks_init(slk_store_callbacks* callbacks, nuint size);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_store_open_faulty(slk_store inner, slk_fault_options* options, slk_store* store);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_store_set_faults(slk_store store, slk_fault_options* options);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_store_fault_counts(slk_store store, slk_fault_counts* counts, nuint size);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_fault_options_init(slk_fault_options* options, nuint size);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_store_open_read_only(slk_store inner, slk_store* store);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_store_set_value(
            slk_store store, byte* spec, byte* key, void* bytes, nuint length);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_store_get_value(
            slk_store store, byte* spec, byte* key, void* buffer, nuint capacity, nuint* needed);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_store_check(
            slk_store store, uint timeout_ms, byte* report, nuint capacity, nuint* needed);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_engine_create(slk_engine_options* options, slk_engine* engine);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_engine_options_init(slk_engine_options* options, nuint size, uint abi_version);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_engine_destroy(slk_engine engine);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_engine_update(slk_engine engine, uint budget_us);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_engine_purchases_in_progress(slk_engine engine, ulong* count);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_engine_begin_shutdown(slk_engine engine, uint deadline_ms);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_engine_shutdown(slk_engine engine, uint deadline_ms);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_engine_visits_in_progress(slk_engine engine, ulong* count);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_engine_next_event(slk_engine engine, slk_event* @event, nuint size);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_engine_next_events(
            slk_engine engine, slk_event* events, nuint size, nuint capacity, nuint* count);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_engine_dispatch(slk_engine engine, IntPtr callback, void* user_data);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_locker_process_receipt(slk_locker locker, slk_receipt* receipt);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_receipt_init(slk_receipt* receipt, nuint size);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_locker_credit(slk_locker locker, byte* product, long* amount);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_locker_give_credit(slk_locker locker, byte* product, long amount, ulong* change);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_locker_use_credit(slk_locker locker, byte* product, ulong tag);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_locker_retry_parked(slk_locker locker);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_locker_find_purchase(
            slk_locker locker, byte* provider, byte* environment, byte* purchase_id, int* state);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_locker_get_purchases(
            slk_locker locker, byte* buffer, nuint capacity, nuint* needed);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_migrations_create(slk_migrations* migrations);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_migrations_add_migrator(
            slk_migrations migrations, uint from_version, uint gives_patch, uint flags, IntPtr migrate, void* user_data, IntPtr destroy);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_migrations_add_patcher(
            slk_migrations migrations, uint version, uint from_patch, IntPtr patch, void* user_data, IntPtr destroy);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_migrations_check(slk_migrations migrations, uint schema_version);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_migrations_destroy(slk_migrations migrations);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_spec_send_change(
            slk_spec spec, byte* key, byte* kind, byte* payload, nuint length, uint flags, ulong tag);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_spec_update_record(
            slk_spec spec, byte* key, byte* kind, byte* payload, nuint length, ulong tag);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_locker_queue_change(
            slk_locker locker, slk_spec target, byte* key, byte* kind, byte* payload, nuint length, uint flags, ulong* change);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_document_queue_change(
            slk_document draft, slk_spec target, byte* key, byte* kind, byte* payload, nuint length, uint flags);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_buffer_append(slk_buffer buffer, void* bytes, nuint length);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_spec_create(slk_engine engine, slk_spec_options* options, slk_spec* spec);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_spec_options_init(slk_spec_options* options, nuint size);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_spec_destroy(slk_spec spec);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_spec_view_record(slk_spec spec, byte* key, ulong tag);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_spec_erase_record(slk_spec spec, byte* key, uint flags, ulong tag);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_spec_export_user(slk_spec spec, byte* user_id, ulong tag);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_spec_erase_user(slk_spec spec, byte* user_id, uint flags, ulong tag);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_locker_create(slk_spec spec, byte* key, ulong user_tag, slk_locker* locker);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_locker_create_artificial(
            slk_spec spec, byte* key, ulong user_tag, slk_locker* locker);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_locker_destroy(slk_locker locker);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_locker_mark_deleted(slk_locker locker);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_locker_mark_should_acquire(slk_locker locker, byte* name);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_locker_take_over(slk_locker locker, byte* name);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_locker_mark_should_release(slk_locker locker, byte* name);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_locker_mark_should_save(slk_locker locker);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_locker_mark_force_save(slk_locker locker);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_locker_mark_changed(slk_locker locker, ulong* change);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_locker_update(slk_locker locker, uint budget_us);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_locker_is_available(slk_locker locker);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_locker_is_loaded(slk_locker locker);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_locker_is_idle(slk_locker locker);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_locker_get_status(slk_locker locker, slk_locker_status* status, nuint size);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_locker_change_status(slk_locker locker, ulong change);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_locker_await_change(slk_locker locker, ulong change, ulong tag);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_locker_answer_handover(slk_locker locker, int answer, uint delay_ms);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_locker_is_syncing(slk_locker locker);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_locker_add_user(slk_locker locker, byte* user_id, ulong* change);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_locker_remove_user(slk_locker locker, byte* user_id, ulong* change);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_locker_get_users(slk_locker locker, byte* buffer, nuint capacity, nuint* needed);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_locker_get_type(slk_locker locker, byte* pointer, int* value);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_locker_get_bool(slk_locker locker, byte* pointer, int* value);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_locker_get_i64(slk_locker locker, byte* pointer, long* value);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_locker_get_f64(slk_locker locker, byte* pointer, double* value);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_locker_get_string(
            slk_locker locker, byte* pointer, byte* buffer, nuint capacity, nuint* needed);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_locker_get_json(
            slk_locker locker, byte* pointer, byte* buffer, nuint capacity, nuint* needed);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_locker_get_bytes(slk_locker locker, void* buffer, nuint capacity, nuint* needed);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_locker_length(slk_locker locker, byte* pointer, nuint* value);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_locker_key_at(
            slk_locker locker, byte* pointer, nuint index, byte* buffer, nuint capacity, nuint* needed);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_locker_set_null(slk_locker locker, byte* pointer, ulong* change);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_locker_set_bool(slk_locker locker, byte* pointer, int value, ulong* change);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_locker_set_i64(slk_locker locker, byte* pointer, long value, ulong* change);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_locker_set_f64(slk_locker locker, byte* pointer, double value, ulong* change);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_locker_set_string(
            slk_locker locker, byte* pointer, byte* value, nuint length, ulong* change);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_locker_set_json(
            slk_locker locker, byte* pointer, byte* value, nuint length, ulong* change);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_locker_set_bytes(slk_locker locker, void* value, nuint length, ulong* change);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_locker_add_i64(slk_locker locker, byte* pointer, long delta, ulong* change);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_locker_add_f64(slk_locker locker, byte* pointer, double delta, ulong* change);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_locker_append_json(
            slk_locker locker, byte* pointer, byte* value, nuint length, ulong* change);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_locker_remove(slk_locker locker, byte* pointer, ulong* change);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_engine_get_metrics(slk_engine engine, slk_metrics* metrics, nuint size);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_engine_metrics_text(
            slk_engine engine, byte* buffer, nuint capacity, nuint* needed);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        internal static extern int slk_engine_is_store_critical(slk_engine engine, slk_store store);
    }
}
