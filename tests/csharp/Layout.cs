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
            Print<slk_request_view>(
                "struct_size", "kind", "key_kind", "reserved", "spec", "spec_length", "key", "key_length", "value",
                "value_length", "version", "version_length");
            Print<slk_sqlite_options>("struct_size", "durability", "flags", "busy_timeout_ms", "read_threads", "batch");
            Print<slk_store_callbacks>(
                "struct_size", "mode", "name", "user_data", "get", "put", "remove", "cancel", "destroy", "max_value_bytes",
                "max_key_bytes", "threads");
            Print<slk_engine_options>(
                "struct_size", "abi_version", "server_id", "lease_ms", "beat_interval_ms", "request_timeout_ms",
                "max_requests_in_flight", "flags", "log_level", "clock", "wall_clock", "log", "user_data", "destroy");
            Print<slk_event>(
                "kind", "result", "locker", "user_tag", "key", "key_length", "text", "text_length", "name", "name_length",
                "epoch", "change", "unknown_change", "tag", "document", "count", "since_ms", "detail", "flags");
            Print<slk_receipt>(
                "struct_size", "reserved", "provider", "environment", "purchase_id", "product", "context", "context_length",
                "tag");
            Print<slk_receipt_view>(
                "struct_size", "kind", "locker", "user_tag", "key", "product", "provider", "environment", "purchase_id",
                "context", "context_length", "tag");
            Print<slk_save_view>("struct_size", "reason", "locker", "user_tag", "key");
            Print<slk_spec_options>(
                "struct_size", "schema_version", "name", "store", "data_kind", "handover_mode", "handover_delay_ms",
                "autosave_ms", "retry_min_ms", "retry_max_ms", "default_data", "default_data_length", "default_data_for",
                "before_save", "apply_receipt", "user_data", "destroy");
            Print<slk_locker_status>(
                "load", "refused", "since_ms", "epoch", "latest_change", "saved_change", "purchases_in_progress",
                "available", "wanted", "dirty", "idle");
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
