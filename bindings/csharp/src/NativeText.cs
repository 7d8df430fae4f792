using System;
using System.Buffers;
using System.Text;

namespace SessionLocker
{
    /// <summary>Reads what the library copies out, however long it is.</summary>
    internal static unsafe class NativeText
    {
        private const int FirstSize = 4096;

        /// <summary>A function of the library that copies something out.</summary>
        internal delegate int Reading(byte* buffer, nuint capacity, nuint* needed);

        /// <summary>The bytes; null if there is nothing.</summary>
        internal static byte[] ReadBytes(Reading read)
        {
            int size = FirstSize;
            while (true)
            {
                byte[] buffer = ArrayPool<byte>.Shared.Rent(size);
                try
                {
                    nuint needed = 0;
                    int result;
                    fixed (byte* bytes = buffer)
                        result = read(bytes, (nuint)buffer.Length, &needed);
                    if (result == Native.SLK_EMPTY)
                        return null;
                    if (result != Native.SLK_E_BUFFER_TOO_SMALL)
                    {
                        Failure.Check(result);
                        return buffer.AsSpan(0, (int)needed).ToArray();
                    }
                    // It may have grown meanwhile, so this may come round again; with some room for more.
                    size = checked((int)needed + (int)needed / 8 + 1);
                }
                finally
                {
                    ArrayPool<byte>.Shared.Return(buffer);
                }
            }
        }

        /// <summary>The text; null if there is none.</summary>
        internal static string Read(Reading read)
        {
            byte[] bytes = ReadBytes(read);
            return bytes == null ? null : Encoding.UTF8.GetString(bytes);
        }
    }
}
