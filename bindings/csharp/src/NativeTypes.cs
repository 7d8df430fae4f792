// What include/sessionlocker.h declares, name for name: its structs and the types of its callbacks. A test compares
// this file with the header, so nothing else belongs here.
//
// Structs are blittable: numbers and pointers in the order of the header, no `bool`, no `string`, nothing that the
// runtime would convert. A pointer to a function is an IntPtr, made of a delegate that lives as long as the process.
using System;
using System.Runtime.InteropServices;

namespace SessionLocker
{
    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct slk_store
    {
        internal ulong id;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct slk_engine
    {
        internal ulong id;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct slk_spec
    {
        internal ulong id;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct slk_locker
    {
        internal ulong id;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct slk_document
    {
        internal ulong id;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct slk_request
    {
        internal ulong id;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct slk_error_sink
    {
        internal ulong id;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct slk_migrations
    {
        internal ulong id;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct slk_buffer
    {
        internal ulong id;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct slk_log_record
    {
        internal uint struct_size;
        internal int level;
        internal int kind;
        internal int cause;
        internal byte* server;
        internal byte* store;
        internal byte* spec;
        internal byte* key;
        internal byte* text;
        internal nuint text_length;
        internal ulong epoch;
        internal long wall_ms;
    }

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    internal unsafe delegate ulong slk_clock(void* user_data);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    internal unsafe delegate long slk_wall_clock(void* user_data);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    internal unsafe delegate void slk_log(void* user_data, int level, byte* text, nuint length);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    internal unsafe delegate void slk_log_structured(void* user_data, slk_log_record* record);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    internal unsafe delegate void slk_destroy(void* user_data);

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct slk_request_view
    {
        internal uint struct_size;
        internal int kind;
        internal int key_kind;
        internal uint flags;
        internal byte* spec;
        internal nuint spec_length;
        internal byte* key;
        internal nuint key_length;
        internal void* value;
        internal nuint value_length;
        internal void* version;
        internal nuint version_length;
        internal uint limit;
        internal uint header_length;
        internal byte* announce;
        internal nuint announce_length;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct slk_sqlite_options
    {
        internal uint struct_size;
        internal int durability;
        internal uint flags;
        internal uint busy_timeout_ms;
        internal uint read_threads;
        internal uint batch;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct slk_postgres_options
    {
        internal uint struct_size;
        internal uint flags;
        internal uint connections;
        internal uint batch;
        internal uint connect_timeout_ms;
        internal uint request_timeout_ms;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct slk_redis_options
    {
        internal uint struct_size;
        internal uint flags;
        internal uint connections;
        internal uint batch;
        internal uint connect_timeout_ms;
        internal uint request_timeout_ms;
        internal uint wait_replicas;
        internal uint wait_ms;
    }

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    internal unsafe delegate void slk_store_call(void* user_data, slk_request request, slk_request_view* view);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    internal unsafe delegate void slk_store_cancel(void* user_data, slk_request request);

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct slk_store_callbacks
    {
        internal uint struct_size;
        internal int mode;
        internal byte* name;
        internal void* user_data;
        internal IntPtr get;
        internal IntPtr put;
        internal IntPtr remove;
        internal IntPtr cancel;
        internal IntPtr destroy;
        internal ulong max_value_bytes;
        internal uint max_key_bytes;
        internal uint threads;
        internal IntPtr list;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct slk_fault_options
    {
        internal uint struct_size;
        internal uint flags;
        internal ulong seed;
        internal uint refused;
        internal uint unknown;
        internal uint request_lost;
        internal uint reply_lost;
        internal uint delayed;
        internal uint late;
        internal uint conflict;
        internal uint longest;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct slk_fault_counts
    {
        internal ulong requests;
        internal ulong refused;
        internal ulong unknown;
        internal ulong requests_lost;
        internal ulong replies_lost;
        internal ulong delayed;
        internal ulong late;
        internal ulong conflicts;
        internal ulong held;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct slk_engine_options
    {
        internal uint struct_size;
        internal uint abi_version;
        internal byte* server_id;
        internal uint lease_ms;
        internal uint beat_interval_ms;
        internal uint request_timeout_ms;
        internal uint max_requests_in_flight;
        internal uint flags;
        internal int log_level;
        internal IntPtr clock;
        internal IntPtr wall_clock;
        internal IntPtr log;
        internal void* user_data;
        internal IntPtr destroy;
        internal uint max_requests_per_second;
        internal int mask_ids;
        internal IntPtr log_record;
        internal ulong seed;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct slk_event
    {
        internal int kind;
        internal int result;
        internal slk_locker locker;
        internal ulong user_tag;
        internal byte* key;
        internal nuint key_length;
        internal byte* text;
        internal nuint text_length;
        internal byte* name;
        internal nuint name_length;
        internal ulong epoch;
        internal ulong change;
        internal ulong unknown_change;
        internal ulong tag;
        internal slk_document document;
        internal ulong count;
        internal long since_ms;
        internal int detail;
        internal uint flags;
        internal slk_spec spec;
        internal int cause;
        internal long amount;
    }

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    internal unsafe delegate void slk_event_callback(void* user_data, slk_event* @event);

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct slk_receipt
    {
        internal uint struct_size;
        internal uint reserved;
        internal byte* provider;
        internal byte* environment;
        internal byte* purchase_id;
        internal byte* product;
        internal void* context;
        internal nuint context_length;
        internal ulong tag;
        internal int state;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct slk_receipt_view
    {
        internal uint struct_size;
        internal int kind;
        internal slk_locker locker;
        internal ulong user_tag;
        internal byte* key;
        internal byte* product;
        internal byte* provider;
        internal byte* environment;
        internal byte* purchase_id;
        internal void* context;
        internal nuint context_length;
        internal ulong tag;
        internal int operation;
        internal int effect;
    }

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    internal unsafe delegate int slk_apply_receipt(
        void* user_data, slk_receipt_view* receipt, slk_document draft, slk_error_sink error);

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct slk_migration_view
    {
        internal uint struct_size;
        internal uint from_version;
        internal uint from_patch;
        internal uint to_version;
        internal slk_locker locker;
        internal ulong user_tag;
        internal byte* key;
    }

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    internal unsafe delegate int slk_migrate(
        void* user_data, slk_migration_view* view, slk_document draft, slk_error_sink error);

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct slk_change_view
    {
        internal uint struct_size;
        internal uint flags;
        internal slk_locker locker;
        internal ulong user_tag;
        internal byte* key;
        internal byte* kind;
        internal byte* payload;
        internal nuint payload_length;
        internal byte* from;
        internal byte* returned_from;
        internal long sent_ms;
    }

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    internal unsafe delegate int slk_apply_change(
        void* user_data, slk_change_view* change, slk_document draft, slk_error_sink error);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    internal unsafe delegate int slk_codec_run(
        void* user_data, void* bytes, nuint length, slk_buffer @out, slk_error_sink error);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    internal unsafe delegate int slk_default_data(void* user_data, byte* key, slk_document draft, slk_error_sink error);

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct slk_save_view
    {
        internal uint struct_size;
        internal int reason;
        internal slk_locker locker;
        internal ulong user_tag;
        internal byte* key;
    }

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    internal unsafe delegate int slk_before_save(
        void* user_data, slk_save_view* save, slk_document draft, slk_error_sink error);

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct slk_data_view
    {
        internal uint struct_size;
        internal uint reserved;
        internal slk_locker locker;
        internal ulong user_tag;
        internal byte* key;
    }

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    internal unsafe delegate int slk_validate(void* user_data, slk_data_view* view, slk_document data, slk_error_sink error);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    internal unsafe delegate int slk_merge_offline(
        void* user_data, slk_data_view* view, slk_document offline, slk_document draft, slk_error_sink error);

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct slk_spec_options
    {
        internal uint struct_size;
        internal uint schema_version;
        internal byte* name;
        internal slk_store store;
        internal int data_kind;
        internal int handover_mode;
        internal uint handover_delay_ms;
        internal uint autosave_ms;
        internal uint retry_min_ms;
        internal uint retry_max_ms;
        internal void* default_data;
        internal nuint default_data_length;
        internal IntPtr default_data_for;
        internal IntPtr before_save;
        internal IntPtr apply_receipt;
        internal void* user_data;
        internal IntPtr destroy;
        internal slk_migrations migrations;
        internal uint flags;
        internal uint import_schema_version;
        internal uint inbox_limit;
        internal uint reserved;
        internal IntPtr validate;
        internal IntPtr merge_offline;
        internal IntPtr apply_change;
        internal ulong max_value_bytes;
        internal uint size_warning_percent;
        internal IntPtr validate_receipt;
        internal IntPtr record_receipt;
        internal IntPtr revoke_receipt;
        internal uint purchase_history;
        internal int codec;
        internal int codec_level;
        internal byte* codec_name;
        internal IntPtr codec_encode;
        internal IntPtr codec_decode;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct slk_locker_status
    {
        internal int load;
        internal int refused;
        internal long since_ms;
        internal ulong epoch;
        internal ulong latest_change;
        internal ulong saved_change;
        internal ulong purchases_in_progress;
        internal int available;
        internal int wanted;
        internal int dirty;
        internal int idle;
        internal ulong incoming_changes;
        internal ulong outgoing_changes;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct slk_metrics
    {
        internal ulong sessions_acquired;
        internal ulong sessions_released;
        internal ulong sessions_released_by_shutdown;
        internal ulong handovers_given;
        internal ulong handovers_received;
        internal ulong handovers_refused;
        internal ulong takeovers;
        internal ulong lost_taken;
        internal ulong lost_erased;
        internal ulong lost_rolled_back;
        internal ulong waits_living_server;
        internal ulong waits_dead_server;
        internal ulong waits_store_failure;
        internal double wait_seconds_living_server;
        internal double wait_seconds_dead_server;
        internal double wait_seconds_store_failure;
        internal double longest_wait_seconds_living_server;
        internal double longest_wait_seconds_dead_server;
        internal double longest_wait_seconds_store_failure;
        internal ulong saves;
        internal ulong saves_timed;
        internal double save_seconds;
        internal double longest_save_seconds;
        internal double oldest_unsaved_seconds;
        internal ulong requests_sent;
        internal ulong requests_sent_beats;
        internal ulong requests_sent_loads;
        internal ulong requests_ok;
        internal ulong conflicts;
        internal ulong requests_timed;
        internal double request_seconds;
        internal double longest_request_seconds;
        internal ulong errors_request;
        internal ulong errors_store;
        internal ulong errors_unknown;
        internal ulong stores_critical;
        internal ulong times_critical;
        internal ulong requests_in_flight;
        internal ulong requests_queued_purchase;
        internal ulong requests_queued_release;
        internal ulong requests_queued_force;
        internal ulong requests_queued_save;
        internal ulong requests_queued_load;
        internal ulong lockers_idle;
        internal ulong lockers_loading;
        internal ulong lockers_held;
        internal ulong lockers_suspect;
        internal double held_seconds;
        internal double requests_per_player_hour;
        internal ulong receipts_granted;
        internal ulong receipts_granted_before;
        internal ulong receipts_credited;
        internal ulong receipts_credited_before;
        internal ulong receipts_not_processed;
        internal ulong callbacks_failed;
        internal ulong events_queued;
        internal ulong receipts_pending;
        internal ulong receipts_rejected;
        internal ulong receipts_revoked;
        internal ulong receipts_parked;
    }
}
