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

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    internal unsafe delegate ulong slk_clock(void* user_data);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    internal unsafe delegate long slk_wall_clock(void* user_data);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    internal unsafe delegate void slk_log(void* user_data, int level, byte* text, nuint length);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    internal unsafe delegate void slk_destroy(void* user_data);

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct slk_request_view
    {
        internal uint struct_size;
        internal int kind;
        internal int key_kind;
        internal uint reserved;
        internal byte* spec;
        internal nuint spec_length;
        internal byte* key;
        internal nuint key_length;
        internal void* value;
        internal nuint value_length;
        internal void* version;
        internal nuint version_length;
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
    }

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    internal unsafe delegate int slk_apply_receipt(
        void* user_data, slk_receipt_view* receipt, slk_document draft, slk_error_sink error);

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
    internal unsafe delegate int slk_before_save(void* user_data, slk_save_view* save, slk_document draft, slk_error_sink error);

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
    }
}
