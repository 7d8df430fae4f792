using System;
using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;

namespace SessionLocker
{
    /// <summary>
    /// A string as UTF-8 with a NUL behind it, for the time of one call: on the stack if it is short, else in a pooled
    /// array. Use: <c>using var key = new Utf8(text, stackalloc byte[Utf8.OnStack], nameof(text));
    /// fixed (byte* pointer = key) ...</c>
    /// </summary>
    internal ref struct Utf8
    {
        /// <summary>Enough for nearly all keys, names and pointers.</summary>
        internal const int OnStack = 256;

        // Refuses half a surrogate pair: replaced by a question mark, it would make two keys one.
        private static readonly UTF8Encoding Strict = new UTF8Encoding(false, true);

        private readonly Span<byte> bytes;
        private byte[] rented;

        internal Utf8(string text, Span<byte> onStack, string argument)
            : this(text, onStack, argument, false)
        {
            if (text.IndexOf('\0') < 0)
                return;
            Dispose();
            throw new ArgumentException("there is a NUL inside, where the string would end", argument);
        }

        private Utf8(string text, Span<byte> onStack, string argument, bool isData)
        {
            if (text == null)
                throw new ArgumentNullException(argument);
            rented = null;
            bytes = onStack;
            if (Strict.GetMaxByteCount(text.Length) >= onStack.Length)
                bytes = rented = ArrayPool<byte>.Shared.Rent(Strict.GetByteCount(text) + 1);
            Length = Strict.GetBytes(text.AsSpan(), bytes);
            bytes[Length] = 0;
        }

        /// <summary>In bytes, without the NUL.</summary>
        internal int Length { get; }

        /// <summary>The bytes and the NUL.</summary>
        internal ReadOnlySpan<byte> WithNul => bytes.Slice(0, Length + 1);

        /// <summary>The same for a string that may be missing: its pointer is null then.</summary>
        internal static Utf8 Optional(string text, Span<byte> onStack, string argument)
        {
            return text == null ? default : new Utf8(text, onStack, argument);
        }

        /// <summary>The same for a text that is passed with its length, and so may have a NUL inside.</summary>
        internal static Utf8 Data(string text, Span<byte> onStack, string argument)
        {
            return new Utf8(text, onStack, argument, true);
        }

        /// <summary>For <c>fixed</c>.</summary>
        internal ref byte GetPinnableReference()
        {
            return ref MemoryMarshal.GetReference(bytes);
        }

        internal void Dispose()
        {
            if (rented != null)
                ArrayPool<byte>.Shared.Return(rented);
            rented = null;
        }

        /// <summary>The string that ends at its NUL; null gives an empty one.</summary>
        internal static unsafe string Read(byte* text)
        {
            if (text == null || *text == 0)
                return "";
            int length = 0;
            while (text[length] != 0)
                length++;
            return Encoding.UTF8.GetString(text, length);
        }

        /// <summary>The string of this length.</summary>
        internal static unsafe string Read(byte* text, nuint length)
        {
            return length == 0 ? "" : Encoding.UTF8.GetString(text, (int)length);
        }
    }
}
