namespace SessionLocker
{
    // The accessors of the data, as the library has them for lockers.
    public sealed unsafe partial class Locker
    {
        internal override int NativeGetType(byte* pointer, int* value)
        {
            return Native.slk_locker_get_type(Handle, pointer, value);
        }

        internal override int NativeGetBool(byte* pointer, int* value)
        {
            return Native.slk_locker_get_bool(Handle, pointer, value);
        }

        internal override int NativeGetI64(byte* pointer, long* value)
        {
            return Native.slk_locker_get_i64(Handle, pointer, value);
        }

        internal override int NativeGetF64(byte* pointer, double* value)
        {
            return Native.slk_locker_get_f64(Handle, pointer, value);
        }

        internal override int NativeGetString(byte* pointer, byte* buffer, nuint capacity, nuint* needed)
        {
            return Native.slk_locker_get_string(Handle, pointer, buffer, capacity, needed);
        }

        internal override int NativeGetJson(byte* pointer, byte* buffer, nuint capacity, nuint* needed)
        {
            return Native.slk_locker_get_json(Handle, pointer, buffer, capacity, needed);
        }

        internal override int NativeGetBytes(byte* buffer, nuint capacity, nuint* needed)
        {
            return Native.slk_locker_get_bytes(Handle, buffer, capacity, needed);
        }

        internal override int NativeLength(byte* pointer, nuint* value)
        {
            return Native.slk_locker_length(Handle, pointer, value);
        }

        internal override int NativeKeyAt(byte* pointer, nuint index, byte* buffer, nuint capacity, nuint* needed)
        {
            return Native.slk_locker_key_at(Handle, pointer, index, buffer, capacity, needed);
        }

        internal override int NativeSetNull(byte* pointer, ulong* change)
        {
            return Native.slk_locker_set_null(Handle, pointer, change);
        }

        internal override int NativeSetBool(byte* pointer, int value, ulong* change)
        {
            return Native.slk_locker_set_bool(Handle, pointer, value, change);
        }

        internal override int NativeSetI64(byte* pointer, long value, ulong* change)
        {
            return Native.slk_locker_set_i64(Handle, pointer, value, change);
        }

        internal override int NativeSetF64(byte* pointer, double value, ulong* change)
        {
            return Native.slk_locker_set_f64(Handle, pointer, value, change);
        }

        internal override int NativeSetString(byte* pointer, byte* value, nuint length, ulong* change)
        {
            return Native.slk_locker_set_string(Handle, pointer, value, length, change);
        }

        internal override int NativeSetJson(byte* pointer, byte* value, nuint length, ulong* change)
        {
            return Native.slk_locker_set_json(Handle, pointer, value, length, change);
        }

        internal override int NativeSetBytes(byte* value, nuint length, ulong* change)
        {
            return Native.slk_locker_set_bytes(Handle, value, length, change);
        }

        internal override int NativeAddI64(byte* pointer, long delta, ulong* change)
        {
            return Native.slk_locker_add_i64(Handle, pointer, delta, change);
        }

        internal override int NativeAddF64(byte* pointer, double delta, ulong* change)
        {
            return Native.slk_locker_add_f64(Handle, pointer, delta, change);
        }

        internal override int NativeAppendJson(byte* pointer, byte* value, nuint length, ulong* change)
        {
            return Native.slk_locker_append_json(Handle, pointer, value, length, change);
        }

        internal override int NativeRemove(byte* pointer, ulong* change)
        {
            return Native.slk_locker_remove(Handle, pointer, change);
        }
    }
}
