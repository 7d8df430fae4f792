using System;
using System.Runtime.InteropServices;
using System.Threading;

namespace SessionLocker
{
    /// <summary>
    /// A JSON value or opaque bytes on its own: the unsaved data of a lost session, the draft of a callback, or one of
    /// your own making. May be used by any thread. A draft ends when its callback returns; any other is to be disposed,
    /// and one that is forgotten is ended by the garbage collector.
    /// </summary>
    public sealed unsafe class Document : Data, IDisposable
    {
        private readonly bool isOwner;
        private long id;

        internal Document(slk_document handle, bool isOwner)
        {
            id = (long)handle.id;
            this.isOwner = isOwner;
            if (!isOwner)
                GC.SuppressFinalize(this);
        }

        /// <summary>Ends it, if it was forgotten; ending a document never waits.</summary>
        ~Document()
        {
            End();
        }

        // Whoever uses it keeps this object alive meanwhile, or the garbage collector might end the document in the middle.
        internal slk_document Handle
        {
            get
            {
                ulong now = (ulong)Volatile.Read(ref id);
                return now != 0 ? new slk_document { id = now } : throw new ObjectDisposedException(nameof(Document));
            }
        }

        /// <summary>Makes a document of JSON text.</summary>
        /// <param name="json">The text.</param>
        /// <returns>The document.</returns>
        public static Document FromJson(string json)
        {
            SessionLockerLibrary.Require();
            using Utf8 text = Utf8.Data(json, stackalloc byte[Utf8.OnStack], nameof(json));
            slk_document handle;
            fixed (byte* bytes = text)
                Failure.Check(Native.slk_document_create_json(bytes, (nuint)text.Length, &handle));
            return new Document(handle, true);
        }

        /// <summary>Makes a document of opaque bytes.</summary>
        /// <param name="value">The bytes.</param>
        /// <returns>The document.</returns>
        public static Document FromBytes(ReadOnlySpan<byte> value)
        {
            SessionLockerLibrary.Require();
            slk_document handle;
            fixed (byte* bytes = &MemoryMarshal.GetReference(value))
                Failure.Check(Native.slk_document_create_bytes(bytes, (nuint)value.Length, &handle));
            return new Document(handle, true);
        }

        /// <summary>
        /// Queues a change for another record on the draft of a callback: it leaves with the draft's edits, if the callback
        /// agrees. See <see cref="Locker.QueueChange"/>.
        /// </summary>
        /// <param name="target">The kind of the record that is to get it.</param>
        /// <param name="key">Its key.</param>
        /// <param name="kind">What kind of change it is.</param>
        /// <param name="json">What goes with it; null for <c>null</c>.</param>
        /// <param name="create">Create the target with its default data if it does not exist.</param>
        public void QueueChange(Spec target, string key, string kind, string json = null, bool create = false)
        {
            slk_document draft = Handle;
            Outgoing.Send(target, key, kind, json, create, (spec, keyBytes, kindBytes, payload, length, flags) =>
                Native.slk_document_queue_change(draft, spec, keyBytes, kindBytes, payload, length, flags));
            GC.KeepAlive(this);
        }

        /// <summary>Ends the document. May be called again, by any thread. A draft cannot be ended by its callback.</summary>
        public void Dispose()
        {
            if (!isOwner)
                return;
            End();
            GC.SuppressFinalize(this);
        }

        /// <summary>The callback that got this draft has returned.</summary>
        internal void EndLoan()
        {
            Interlocked.Exchange(ref id, 0);
        }

        private void End()
        {
            ulong last = (ulong)Interlocked.Exchange(ref id, 0);
            // It cannot fail: nobody else ends this handle.
            if (last != 0)
                Native.slk_document_destroy(new slk_document { id = last });
        }

        internal override int NativeGetType(byte* pointer, int* value)
        {
            int result = Native.slk_document_get_type(Handle, pointer, value);
            GC.KeepAlive(this);
            return result;
        }

        internal override int NativeGetBool(byte* pointer, int* value)
        {
            int result = Native.slk_document_get_bool(Handle, pointer, value);
            GC.KeepAlive(this);
            return result;
        }

        internal override int NativeGetI64(byte* pointer, long* value)
        {
            int result = Native.slk_document_get_i64(Handle, pointer, value);
            GC.KeepAlive(this);
            return result;
        }

        internal override int NativeGetF64(byte* pointer, double* value)
        {
            int result = Native.slk_document_get_f64(Handle, pointer, value);
            GC.KeepAlive(this);
            return result;
        }

        internal override int NativeGetString(byte* pointer, byte* buffer, nuint capacity, nuint* needed)
        {
            int result = Native.slk_document_get_string(Handle, pointer, buffer, capacity, needed);
            GC.KeepAlive(this);
            return result;
        }

        internal override int NativeGetJson(byte* pointer, byte* buffer, nuint capacity, nuint* needed)
        {
            int result = Native.slk_document_get_json(Handle, pointer, buffer, capacity, needed);
            GC.KeepAlive(this);
            return result;
        }

        internal override int NativeGetBytes(byte* buffer, nuint capacity, nuint* needed)
        {
            int result = Native.slk_document_get_bytes(Handle, buffer, capacity, needed);
            GC.KeepAlive(this);
            return result;
        }

        internal override int NativeLength(byte* pointer, nuint* value)
        {
            int result = Native.slk_document_length(Handle, pointer, value);
            GC.KeepAlive(this);
            return result;
        }

        internal override int NativeKeyAt(byte* pointer, nuint index, byte* buffer, nuint capacity, nuint* needed)
        {
            int result = Native.slk_document_key_at(Handle, pointer, index, buffer, capacity, needed);
            GC.KeepAlive(this);
            return result;
        }

        internal override int NativeSetNull(byte* pointer, ulong* change)
        {
            int result = Native.slk_document_set_null(Handle, pointer);
            GC.KeepAlive(this);
            return result;
        }

        internal override int NativeSetBool(byte* pointer, int value, ulong* change)
        {
            int result = Native.slk_document_set_bool(Handle, pointer, value);
            GC.KeepAlive(this);
            return result;
        }

        internal override int NativeSetI64(byte* pointer, long value, ulong* change)
        {
            int result = Native.slk_document_set_i64(Handle, pointer, value);
            GC.KeepAlive(this);
            return result;
        }

        internal override int NativeSetF64(byte* pointer, double value, ulong* change)
        {
            int result = Native.slk_document_set_f64(Handle, pointer, value);
            GC.KeepAlive(this);
            return result;
        }

        internal override int NativeSetString(byte* pointer, byte* value, nuint length, ulong* change)
        {
            int result = Native.slk_document_set_string(Handle, pointer, value, length);
            GC.KeepAlive(this);
            return result;
        }

        internal override int NativeSetJson(byte* pointer, byte* value, nuint length, ulong* change)
        {
            int result = Native.slk_document_set_json(Handle, pointer, value, length);
            GC.KeepAlive(this);
            return result;
        }

        internal override int NativeSetBytes(byte* value, nuint length, ulong* change)
        {
            int result = Native.slk_document_set_bytes(Handle, value, length);
            GC.KeepAlive(this);
            return result;
        }

        internal override int NativeAddI64(byte* pointer, long delta, ulong* change)
        {
            int result = Native.slk_document_add_i64(Handle, pointer, delta);
            GC.KeepAlive(this);
            return result;
        }

        internal override int NativeAddF64(byte* pointer, double delta, ulong* change)
        {
            int result = Native.slk_document_add_f64(Handle, pointer, delta);
            GC.KeepAlive(this);
            return result;
        }

        internal override int NativeAppendJson(byte* pointer, byte* value, nuint length, ulong* change)
        {
            int result = Native.slk_document_append_json(Handle, pointer, value, length);
            GC.KeepAlive(this);
            return result;
        }

        internal override int NativeRemove(byte* pointer, ulong* change)
        {
            int result = Native.slk_document_remove(Handle, pointer);
            GC.KeepAlive(this);
            return result;
        }
    }
}
