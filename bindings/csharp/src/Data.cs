using System;
using System.Buffers;
using System.Collections.Generic;
using System.Runtime.InteropServices;

namespace SessionLocker
{
    /// <summary>What kind of value there is.</summary>
    public enum ValueKind
    {
        /// <summary>None.</summary>
        Missing = 0,

        /// <summary><c>null</c></summary>
        Null = Native.SLK_TYPE_NULL,

        /// <summary><c>true</c> or <c>false</c></summary>
        Boolean = Native.SLK_TYPE_BOOL,

        /// <summary>A whole number that fits into 64 bits.</summary>
        Integer = Native.SLK_TYPE_INTEGER,

        /// <summary>Any other number.</summary>
        Number = Native.SLK_TYPE_NUMBER,

        /// <summary>A text.</summary>
        String = Native.SLK_TYPE_STRING,

        /// <summary>A list of values.</summary>
        Array = Native.SLK_TYPE_ARRAY,

        /// <summary>Values by name.</summary>
        Object = Native.SLK_TYPE_OBJECT,

        /// <summary>Opaque bytes.</summary>
        Bytes = Native.SLK_TYPE_BYTES,
    }

    /// <summary>Names one change of a locker's data, to ask whether it is saved. Documents have no such numbers.</summary>
    public readonly struct Change : IEquatable<Change>
    {
        internal Change(ulong number)
        {
            Number = number;
        }

        /// <summary>Its number: later changes of a session have higher ones. 0: none.</summary>
        public ulong Number { get; }

        /// <summary>Whether both are the same.</summary>
        /// <param name="other">The other.</param>
        /// <returns>Whether they are.</returns>
        public bool Equals(Change other)
        {
            return Number == other.Number;
        }

        /// <inheritdoc/>
        public override bool Equals(object obj)
        {
            return obj is Change other && Equals(other);
        }

        /// <inheritdoc/>
        public override int GetHashCode()
        {
            return Number.GetHashCode();
        }

        /// <summary>The number as text.</summary>
        /// <returns>The text.</returns>
        public override string ToString()
        {
            return Number.ToString(System.Globalization.CultureInfo.InvariantCulture);
        }
    }

    /// <summary>
    /// Turns objects of the game into JSON and back: a few lines on top of System.Text.Json, Newtonsoft.Json or whatever
    /// the game uses. None of them is needed by this library.
    /// </summary>
    /// <typeparam name="T">The type of the objects.</typeparam>
    public interface IDataSerializer<T>
    {
        /// <summary>Writes the value as JSON in UTF-8.</summary>
        /// <param name="value">The value.</param>
        /// <param name="output">Where to.</param>
        void Write(T value, IBufferWriter<byte> output);

        /// <summary>Makes a value of JSON in UTF-8.</summary>
        /// <param name="json">The JSON text; it ends with the call.</param>
        /// <returns>The value.</returns>
        T Read(ReadOnlySpan<byte> json);
    }

    /// <summary>
    /// A JSON value, or opaque bytes: the data of a <see cref="Locker"/>, or a <see cref="Document"/>. Values are named
    /// by JSON Pointers (RFC 6901) such as <c>/inventory/0/count</c>; the empty one is the whole. What is not JSON fails
    /// with a <see cref="SessionLockerException"/> whose <see cref="SessionLockerException.Result"/> says why.
    /// </summary>
    public abstract unsafe class Data
    {
        private const int TextOnStack = 1024;
        private static readonly byte[] Nothing = new byte[1];

        private protected Data()
        {
        }

        private enum TextOf
        {
            String,
            Json,
            Key,
            Bytes,
        }

        /// <summary>What kind of value there is.</summary>
        /// <param name="pointer">Where.</param>
        /// <returns>The kind; <see cref="ValueKind.Missing"/> if there is none.</returns>
        public ValueKind GetKind(string pointer)
        {
            using Utf8 at = new Utf8(pointer, stackalloc byte[Utf8.OnStack], nameof(pointer));
            int kind;
            fixed (byte* path = at)
                return IsThere(NativeGetType(path, &kind)) ? (ValueKind)kind : ValueKind.Missing;
        }

        /// <summary>Reads a boolean, if there is a value.</summary>
        /// <param name="pointer">Where.</param>
        /// <param name="value">The value; false if there is none.</param>
        /// <returns>Whether there is one.</returns>
        public bool TryGetBoolean(string pointer, out bool value)
        {
            using Utf8 at = new Utf8(pointer, stackalloc byte[Utf8.OnStack], nameof(pointer));
            int read = 0;
            fixed (byte* path = at)
            {
                bool isThere = IsThere(NativeGetBool(path, &read));
                value = read != 0;
                return isThere;
            }
        }

        /// <summary>Reads a whole number, if there is a value.</summary>
        /// <param name="pointer">Where.</param>
        /// <param name="value">The value; 0 if there is none.</param>
        /// <returns>Whether there is one.</returns>
        public bool TryGetInt64(string pointer, out long value)
        {
            using Utf8 at = new Utf8(pointer, stackalloc byte[Utf8.OnStack], nameof(pointer));
            long read = 0;
            fixed (byte* path = at)
            {
                bool isThere = IsThere(NativeGetI64(path, &read));
                value = read;
                return isThere;
            }
        }

        /// <summary>Reads a number, if there is a value.</summary>
        /// <param name="pointer">Where.</param>
        /// <param name="value">The value; 0 if there is none.</param>
        /// <returns>Whether there is one.</returns>
        public bool TryGetDouble(string pointer, out double value)
        {
            using Utf8 at = new Utf8(pointer, stackalloc byte[Utf8.OnStack], nameof(pointer));
            double read = 0;
            fixed (byte* path = at)
            {
                bool isThere = IsThere(NativeGetF64(path, &read));
                value = read;
                return isThere;
            }
        }

        /// <summary>Reads a text, if there is a value.</summary>
        /// <param name="pointer">Where.</param>
        /// <param name="value">The value; null if there is none.</param>
        /// <returns>Whether there is one.</returns>
        public bool TryGetString(string pointer, out string value)
        {
            return TryGetText(TextOf.String, pointer, 0, out value);
        }

        /// <summary>Reads a boolean.</summary>
        /// <param name="pointer">Where.</param>
        /// <returns>The value.</returns>
        public bool GetBoolean(string pointer)
        {
            return TryGetBoolean(pointer, out bool value) ? value : throw Missing(pointer);
        }

        /// <summary>Reads a whole number.</summary>
        /// <param name="pointer">Where.</param>
        /// <returns>The value.</returns>
        public long GetInt64(string pointer)
        {
            return TryGetInt64(pointer, out long value) ? value : throw Missing(pointer);
        }

        /// <summary>Reads a number.</summary>
        /// <param name="pointer">Where.</param>
        /// <returns>The value.</returns>
        public double GetDouble(string pointer)
        {
            return TryGetDouble(pointer, out double value) ? value : throw Missing(pointer);
        }

        /// <summary>Reads a text.</summary>
        /// <param name="pointer">Where.</param>
        /// <returns>The value.</returns>
        public string GetString(string pointer)
        {
            return TryGetString(pointer, out string value) ? value : throw Missing(pointer);
        }

        /// <summary>Reads any value as JSON text.</summary>
        /// <param name="pointer">Where.</param>
        /// <returns>The text.</returns>
        public string GetJson(string pointer = "")
        {
            return TryGetText(TextOf.Json, pointer, 0, out string value) ? value : throw Missing(pointer);
        }

        /// <summary>Reads the opaque bytes, where the data are opaque.</summary>
        /// <returns>The bytes.</returns>
        public byte[] GetBytes()
        {
            byte[] bytes = null;
            Fill(TextOf.Bytes, null, 0, span => bytes = span.ToArray());
            return bytes;
        }

        /// <summary>Reads any value as an object of the game.</summary>
        /// <typeparam name="T">The type of the object.</typeparam>
        /// <param name="pointer">Where.</param>
        /// <param name="serializer">How.</param>
        /// <returns>The object.</returns>
        public T Get<T>(string pointer, IDataSerializer<T> serializer)
        {
            using Utf8 at = new Utf8(pointer, stackalloc byte[Utf8.OnStack], nameof(pointer));
            T value = default;
            fixed (byte* path = at)
            {
                if (!Fill(TextOf.Json, path, 0, json => value = serializer.Read(json)))
                    throw Missing(pointer);
            }
            return value;
        }

        /// <summary>How many elements an array has, members an object, bytes a string.</summary>
        /// <param name="pointer">Where.</param>
        /// <returns>The number.</returns>
        public int GetLength(string pointer)
        {
            using Utf8 at = new Utf8(pointer, stackalloc byte[Utf8.OnStack], nameof(pointer));
            nuint length;
            fixed (byte* path = at)
                return IsThere(NativeLength(path, &length)) ? checked((int)length) : throw Missing(pointer);
        }

        /// <summary>The names of an object's members, in their order.</summary>
        /// <param name="pointer">Where the object is.</param>
        /// <returns>The names.</returns>
        public IReadOnlyList<string> GetKeys(string pointer)
        {
            List<string> keys = new List<string>();
            while (TryGetText(TextOf.Key, pointer, (nuint)keys.Count, out string key))
                keys.Add(key);
            return keys;
        }

        /// <summary>Sets null. What leads to the value must exist; <c>-</c> behind an array appends.</summary>
        /// <param name="pointer">Where.</param>
        /// <returns>The change.</returns>
        public Change SetNull(string pointer)
        {
            using Utf8 at = new Utf8(pointer, stackalloc byte[Utf8.OnStack], nameof(pointer));
            ulong change = 0;
            fixed (byte* path = at)
                return Done(NativeSetNull(path, &change), &change);
        }

        /// <summary>Sets a boolean. What leads to the value must exist; <c>-</c> behind an array appends.</summary>
        /// <param name="pointer">Where.</param>
        /// <param name="value">What.</param>
        /// <returns>The change.</returns>
        public Change SetBoolean(string pointer, bool value)
        {
            using Utf8 at = new Utf8(pointer, stackalloc byte[Utf8.OnStack], nameof(pointer));
            ulong change = 0;
            fixed (byte* path = at)
                return Done(NativeSetBool(path, value ? 1 : 0, &change), &change);
        }

        /// <summary>Sets a whole number. What leads to the value must exist; <c>-</c> behind an array appends.</summary>
        /// <param name="pointer">Where.</param>
        /// <param name="value">What.</param>
        /// <returns>The change.</returns>
        public Change SetInt64(string pointer, long value)
        {
            using Utf8 at = new Utf8(pointer, stackalloc byte[Utf8.OnStack], nameof(pointer));
            ulong change = 0;
            fixed (byte* path = at)
                return Done(NativeSetI64(path, value, &change), &change);
        }

        /// <summary>Sets a number. What leads to the value must exist; <c>-</c> behind an array appends.</summary>
        /// <param name="pointer">Where.</param>
        /// <param name="value">What; not infinite and not NaN, which JSON cannot hold.</param>
        /// <returns>The change.</returns>
        public Change SetDouble(string pointer, double value)
        {
            using Utf8 at = new Utf8(pointer, stackalloc byte[Utf8.OnStack], nameof(pointer));
            ulong change = 0;
            fixed (byte* path = at)
                return Done(NativeSetF64(path, value, &change), &change);
        }

        /// <summary>Sets a text. What leads to the value must exist; <c>-</c> behind an array appends.</summary>
        /// <param name="pointer">Where.</param>
        /// <param name="value">What.</param>
        /// <returns>The change.</returns>
        public Change SetString(string pointer, string value)
        {
            using Utf8 at = new Utf8(pointer, stackalloc byte[Utf8.OnStack], nameof(pointer));
            using Utf8 text = Utf8.Data(value, stackalloc byte[TextOnStack], nameof(value));
            ulong change = 0;
            fixed (byte* path = at)
            fixed (byte* bytes = text)
                return Done(NativeSetString(path, bytes, (nuint)text.Length, &change), &change);
        }

        /// <summary>Sets a value given as JSON text. The empty pointer replaces everything.</summary>
        /// <param name="pointer">Where.</param>
        /// <param name="json">What.</param>
        /// <returns>The change.</returns>
        public Change SetJson(string pointer, string json)
        {
            using Utf8 text = Utf8.Data(json, stackalloc byte[TextOnStack], nameof(json));
            fixed (byte* bytes = text)
                return SetJson(pointer, new ReadOnlySpan<byte>(bytes, text.Length));
        }

        /// <summary>Sets a value given as JSON text in UTF-8. The empty pointer replaces everything.</summary>
        /// <param name="pointer">Where.</param>
        /// <param name="json">What.</param>
        /// <returns>The change.</returns>
        public Change SetJson(string pointer, ReadOnlySpan<byte> json)
        {
            using Utf8 at = new Utf8(pointer, stackalloc byte[Utf8.OnStack], nameof(pointer));
            ulong change = 0;
            fixed (byte* path = at)
            fixed (byte* bytes = &NotNull(json))
                return Done(NativeSetJson(path, bytes, (nuint)json.Length, &change), &change);
        }

        /// <summary>Sets a value given as an object of the game. The empty pointer replaces everything.</summary>
        /// <typeparam name="T">The type of the object.</typeparam>
        /// <param name="pointer">Where.</param>
        /// <param name="value">What.</param>
        /// <param name="serializer">How.</param>
        /// <returns>The change.</returns>
        public Change Set<T>(string pointer, T value, IDataSerializer<T> serializer)
        {
            using JsonOutput output = JsonOutput.Of(value, serializer);
            return SetJson(pointer, output.Written);
        }

        /// <summary>Replaces the opaque bytes, where the data are opaque.</summary>
        /// <param name="value">The bytes.</param>
        /// <returns>The change.</returns>
        public Change SetBytes(ReadOnlySpan<byte> value)
        {
            ulong change = 0;
            fixed (byte* bytes = &NotNull(value))
                return Done(NativeSetBytes(bytes, (nuint)value.Length, &change), &change);
        }

        /// <summary>Adds to a whole number; a missing one counts as 0.</summary>
        /// <param name="pointer">Where.</param>
        /// <param name="delta">What to add.</param>
        /// <returns>The change.</returns>
        public Change AddInt64(string pointer, long delta)
        {
            using Utf8 at = new Utf8(pointer, stackalloc byte[Utf8.OnStack], nameof(pointer));
            ulong change = 0;
            fixed (byte* path = at)
                return Done(NativeAddI64(path, delta, &change), &change);
        }

        /// <summary>Adds to a number; a missing one counts as 0.</summary>
        /// <param name="pointer">Where.</param>
        /// <param name="delta">What to add; not infinite and not NaN.</param>
        /// <returns>The change.</returns>
        public Change AddDouble(string pointer, double delta)
        {
            using Utf8 at = new Utf8(pointer, stackalloc byte[Utf8.OnStack], nameof(pointer));
            ulong change = 0;
            fixed (byte* path = at)
                return Done(NativeAddF64(path, delta, &change), &change);
        }

        /// <summary>Appends a value, given as JSON text, to an array; a missing array is made.</summary>
        /// <param name="pointer">Where the array is.</param>
        /// <param name="json">What to append.</param>
        /// <returns>The change.</returns>
        public Change AppendJson(string pointer, string json)
        {
            using Utf8 at = new Utf8(pointer, stackalloc byte[Utf8.OnStack], nameof(pointer));
            using Utf8 text = Utf8.Data(json, stackalloc byte[TextOnStack], nameof(json));
            ulong change = 0;
            fixed (byte* path = at)
            fixed (byte* bytes = text)
                return Done(NativeAppendJson(path, bytes, (nuint)text.Length, &change), &change);
        }

        /// <summary>Appends an object of the game to an array; a missing array is made.</summary>
        /// <typeparam name="T">The type of the object.</typeparam>
        /// <param name="pointer">Where the array is.</param>
        /// <param name="value">What to append.</param>
        /// <param name="serializer">How.</param>
        /// <returns>The change.</returns>
        public Change Append<T>(string pointer, T value, IDataSerializer<T> serializer)
        {
            using Utf8 at = new Utf8(pointer, stackalloc byte[Utf8.OnStack], nameof(pointer));
            using JsonOutput output = JsonOutput.Of(value, serializer);
            ulong change = 0;
            fixed (byte* path = at)
            fixed (byte* bytes = &NotNull(output.Written))
                return Done(NativeAppendJson(path, bytes, (nuint)output.Written.Length, &change), &change);
        }

        /// <summary>Removes a value; elements behind one move up.</summary>
        /// <param name="pointer">Where.</param>
        /// <returns>Whether there was one.</returns>
        public bool Remove(string pointer)
        {
            return Remove(pointer, out _);
        }

        /// <summary>Removes a value; elements behind one move up.</summary>
        /// <param name="pointer">Where.</param>
        /// <param name="change">The change.</param>
        /// <returns>Whether there was one.</returns>
        public bool Remove(string pointer, out Change change)
        {
            using Utf8 at = new Utf8(pointer, stackalloc byte[Utf8.OnStack], nameof(pointer));
            ulong number = 0;
            fixed (byte* path = at)
            {
                bool wasThere = IsThere(NativeRemove(path, &number));
                change = new Change(number);
                return wasThere;
            }
        }

        internal abstract int NativeGetType(byte* pointer, int* value);

        internal abstract int NativeGetBool(byte* pointer, int* value);

        internal abstract int NativeGetI64(byte* pointer, long* value);

        internal abstract int NativeGetF64(byte* pointer, double* value);

        internal abstract int NativeGetString(byte* pointer, byte* buffer, nuint capacity, nuint* needed);

        internal abstract int NativeGetJson(byte* pointer, byte* buffer, nuint capacity, nuint* needed);

        internal abstract int NativeGetBytes(byte* buffer, nuint capacity, nuint* needed);

        internal abstract int NativeLength(byte* pointer, nuint* value);

        internal abstract int NativeKeyAt(byte* pointer, nuint index, byte* buffer, nuint capacity, nuint* needed);

        internal abstract int NativeSetNull(byte* pointer, ulong* change);

        internal abstract int NativeSetBool(byte* pointer, int value, ulong* change);

        internal abstract int NativeSetI64(byte* pointer, long value, ulong* change);

        internal abstract int NativeSetF64(byte* pointer, double value, ulong* change);

        internal abstract int NativeSetString(byte* pointer, byte* value, nuint length, ulong* change);

        internal abstract int NativeSetJson(byte* pointer, byte* value, nuint length, ulong* change);

        internal abstract int NativeSetBytes(byte* value, nuint length, ulong* change);

        internal abstract int NativeAddI64(byte* pointer, long delta, ulong* change);

        internal abstract int NativeAddF64(byte* pointer, double delta, ulong* change);

        internal abstract int NativeAppendJson(byte* pointer, byte* value, nuint length, ulong* change);

        internal abstract int NativeRemove(byte* pointer, ulong* change);

        private static SessionLockerException Missing(string pointer)
        {
            return new SessionLockerException(Result.Empty, "there is no value at '" + pointer + "'");
        }

        private static bool IsThere(int result)
        {
            if (result == Native.SLK_EMPTY)
                return false;
            Failure.Check(result);
            return true;
        }

        private static Change Done(int result, ulong* change)
        {
            Failure.Check(result);
            return new Change(*change);
        }

        /// <summary>Nothing at all is passed as a pointer too, so that it is told from a missing argument.</summary>
        private static ref byte NotNull(ReadOnlySpan<byte> bytes)
        {
            return ref bytes.IsEmpty ? ref Nothing[0] : ref MemoryMarshal.GetReference(bytes);
        }

        private delegate void Consumer(ReadOnlySpan<byte> text);

        private bool TryGetText(TextOf what, string pointer, nuint index, out string value)
        {
            using Utf8 at = new Utf8(pointer, stackalloc byte[Utf8.OnStack], nameof(pointer));
            byte* buffer = stackalloc byte[TextOnStack];
            nuint needed = 0;
            value = null;
            fixed (byte* path = at)
            {
                // Most texts are short: one call, and no buffer but the stack.
                int result = ReadText(what, path, index, buffer, TextOnStack, &needed);
                if (result == Native.SLK_OK)
                {
                    value = Utf8.Read(buffer, needed);
                    return true;
                }
                if (result != Native.SLK_E_BUFFER_TOO_SMALL)
                    return IsThere(result);
                string read = null;
                bool isThere = Fill(what, path, index, text => read = System.Text.Encoding.UTF8.GetString(text));
                value = read;
                return isThere;
            }
        }

        /// <summary>Reads a text of any length into a pooled buffer and shows it to the consumer.</summary>
        private bool Fill(TextOf what, byte* path, nuint index, Consumer consumer)
        {
            int size = 4 * TextOnStack;
            while (true)
            {
                byte[] buffer = ArrayPool<byte>.Shared.Rent(size);
                try
                {
                    nuint needed = 0;
                    int result;
                    fixed (byte* bytes = buffer)
                        result = ReadText(what, path, index, bytes, (nuint)buffer.Length, &needed);
                    if (result != Native.SLK_E_BUFFER_TOO_SMALL)
                    {
                        if (!IsThere(result))
                            return false;
                        consumer(new ReadOnlySpan<byte>(buffer, 0, (int)needed));
                        return true;
                    }
                    // Another thread may have made it longer meanwhile, so this may come round again.
                    size = checked((int)needed + 1);
                }
                finally
                {
                    ArrayPool<byte>.Shared.Return(buffer);
                }
            }
        }

        private int ReadText(TextOf what, byte* path, nuint index, byte* buffer, nuint capacity, nuint* needed)
        {
            switch (what)
            {
                case TextOf.String:
                    return NativeGetString(path, buffer, capacity, needed);
                case TextOf.Json:
                    return NativeGetJson(path, buffer, capacity, needed);
                case TextOf.Key:
                    return NativeKeyAt(path, index, buffer, capacity, needed);
                default:
                    return NativeGetBytes(buffer, capacity, needed);
            }
        }
    }

    /// <summary>What a serializer writes to; kept for the next one of the same thread.</summary>
    internal readonly struct JsonOutput : IDisposable
    {
        private const int KeptCapacity = 1 << 20;

        [ThreadStatic]
        private static ArrayBufferWriter<byte> kept;

        private readonly ArrayBufferWriter<byte> writer;

        private JsonOutput(ArrayBufferWriter<byte> writer)
        {
            this.writer = writer;
        }

        internal ReadOnlySpan<byte> Written => writer.WrittenSpan;

        internal static JsonOutput Of<T>(T value, IDataSerializer<T> serializer)
        {
            if (serializer == null)
                throw new ArgumentNullException(nameof(serializer));
            // Taken away while in use: a serializer may itself come here.
            ArrayBufferWriter<byte> writer = kept ?? new ArrayBufferWriter<byte>(1024);
            kept = null;
            serializer.Write(value, writer);
            return new JsonOutput(writer);
        }

        public void Dispose()
        {
            if (writer.Capacity > KeptCapacity)
                return;
            writer.Clear();
            kept = writer;
        }
    }
}
