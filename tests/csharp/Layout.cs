using System;
using System.Runtime.InteropServices;

namespace SessionLocker.Tests
{
    /// <summary>Prints what the runtime makes of the structs: `struct size`, and `struct.field offset` for each field.</summary>
    internal static class Layout
    {
        internal static void Print()
        {
            Print<slk_store>("id");
            Print<slk_engine>("id");
            Print<slk_spec>("id");
            Print<slk_locker>("id");
            Print<slk_document>("id");
            Print<slk_request>("id");
            Print<slk_error_sink>("id");
            Print<slk_migrations>("id");
            Print<slk_buffer>("id");
            Print<slk_log_record>(
                "struct_size", "level", "kind", "cause", "server", "store", "spec", "key", "text", "text_length", "epoch",
                "wall_ms");
            Print<slk_request_view>(
                "struct_size", "kind", "key_kind", "flags", "spec", "spec_length", "key", "key_length", "value",
                "value_length", "version", "version_length", "limit", "header_length", "announce", "announce_length");
            Print<slk_sqlite_options>("struct_size", "durability", "flags", "busy_timeout_ms", "read_threads", "batch");
            Print<slk_postgres_options>(
                "struct_size", "flags", "connections", "batch", "connect_timeout_ms", "request_timeout_ms");
            Print<slk_redis_options>(
                "struct_size", "flags", "connections", "batch", "connect_timeout_ms", "request_timeout_ms", "wait_replicas",
                "wait_ms");
            Print<slk_store_callbacks>(
                "struct_size", "mode", "name", "user_data", "get", "put", "remove", "cancel", "destroy", "max_value_bytes",
                "max_key_bytes", "threads", "list");
            Print<slk_fault_options>(
                "struct_size", "flags", "seed", "refused", "unknown", "request_lost", "reply_lost", "delayed", "late",
                "conflict", "longest");
            Print<slk_fault_counts>(
                "requests", "refused", "unknown", "requests_lost", "replies_lost", "delayed", "late", "conflicts", "held");
            Print<slk_engine_options>(
                "struct_size", "abi_version", "server_id", "lease_ms", "beat_interval_ms", "request_timeout_ms",
                "max_requests_in_flight", "flags", "log_level", "clock", "wall_clock", "log", "user_data", "destroy",
                "max_requests_per_second", "mask_ids", "log_record", "seed");
            Print<slk_event>(
                "kind", "result", "locker", "user_tag", "key", "key_length", "text", "text_length", "name", "name_length",
                "epoch", "change", "unknown_change", "tag", "document", "count", "since_ms", "detail", "flags", "spec",
                "cause", "amount");
            Print<slk_receipt>(
                "struct_size", "reserved", "provider", "environment", "purchase_id", "product", "context", "context_length",
                "tag", "state");
            Print<slk_receipt_view>(
                "struct_size", "kind", "locker", "user_tag", "key", "product", "provider", "environment", "purchase_id",
                "context", "context_length", "tag", "operation", "effect");
            Print<slk_migration_view>("struct_size", "from_version", "from_patch", "to_version", "locker", "user_tag", "key");
            Print<slk_change_view>(
                "struct_size", "flags", "locker", "user_tag", "key", "kind", "payload", "payload_length", "from",
                "returned_from", "sent_ms");
            Print<slk_save_view>("struct_size", "reason", "locker", "user_tag", "key");
            Print<slk_data_view>("struct_size", "reserved", "locker", "user_tag", "key");
            Print<slk_spec_options>(
                "struct_size", "schema_version", "name", "store", "data_kind", "handover_mode", "handover_delay_ms",
                "autosave_ms", "retry_min_ms", "retry_max_ms", "default_data", "default_data_length", "default_data_for",
                "before_save", "apply_receipt", "user_data", "destroy", "migrations", "flags", "import_schema_version",
                "inbox_limit", "reserved", "validate", "merge_offline", "apply_change", "max_value_bytes",
                "size_warning_percent", "validate_receipt", "record_receipt", "revoke_receipt", "purchase_history", "codec",
                "codec_level", "codec_name", "codec_encode", "codec_decode");
            Print<slk_locker_status>(
                "load", "refused", "since_ms", "epoch", "latest_change", "saved_change", "purchases_in_progress",
                "available", "wanted", "dirty", "idle", "incoming_changes", "outgoing_changes");
            Print<slk_metrics>(
                "sessions_acquired", "sessions_released", "sessions_released_by_shutdown", "handovers_given",
                "handovers_received", "handovers_refused", "takeovers", "lost_taken", "lost_erased", "lost_rolled_back",
                "waits_living_server", "waits_dead_server", "waits_store_failure", "wait_seconds_living_server",
                "wait_seconds_dead_server", "wait_seconds_store_failure", "longest_wait_seconds_living_server",
                "longest_wait_seconds_dead_server", "longest_wait_seconds_store_failure", "saves", "saves_timed",
                "save_seconds", "longest_save_seconds", "oldest_unsaved_seconds", "requests_sent", "requests_sent_beats",
                "requests_sent_loads", "requests_ok", "conflicts", "requests_timed", "request_seconds",
                "longest_request_seconds", "errors_request", "errors_store", "errors_unknown", "stores_critical",
                "times_critical", "requests_in_flight", "requests_queued_purchase", "requests_queued_release",
                "requests_queued_force", "requests_queued_save", "requests_queued_load", "lockers_idle", "lockers_loading",
                "lockers_held", "lockers_suspect", "held_seconds", "requests_per_player_hour", "receipts_granted",
                "receipts_granted_before", "receipts_credited", "receipts_credited_before", "receipts_not_processed",
                "callbacks_failed", "events_queued", "receipts_pending", "receipts_rejected", "receipts_revoked",
                "receipts_parked");
        }

        // The names are given, and not asked of the type, so that compilers that work ahead of time keep the fields.
        private static void Print<T>(params string[] fields)
        {
            string name = typeof(T).Name;
            Console.WriteLine(name + " " + Marshal.SizeOf<T>());
            foreach (string field in fields)
                Console.WriteLine(name + "." + field + " " + (long)Marshal.OffsetOf<T>(field));
        }
    }
}
