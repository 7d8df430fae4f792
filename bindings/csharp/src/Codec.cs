using System;
using System.Buffers;
using System.Runtime.InteropServices;

namespace SessionLocker
{
    /// <summary>
    /// Encodes or decodes the value of a record. Decoding must check what it is given. An exception: the save fails and is
    /// tried again, or the record is unreadable and left as it is.
    /// </summary>
    /// <param name="bytes">The value; ends with the call.</param>
    /// <param name="output">Takes what it becomes.</param>
    public delegate void CodecCallback(ReadOnlySpan<byte> bytes, IBufferWriter<byte> output);

    /// <summary>
    /// How records are encoded on their way to the store. Records that are there already are read as they are: plain ones,
    /// those of <see cref="Zstd"/>, and those of the spec's own codec.
    /// </summary>
    public sealed class Codec
    {
        private Codec(int kind, int level, string name, CodecCallback encode, CodecCallback decode)
        {
            Kind = kind;
            Level = level;
            Name = name;
            Encode = encode;
            Decode = decode;
        }

        /// <summary>Records are stored as they are.</summary>
        public static Codec None { get; } = new Codec(Native.SLK_CODEC_NONE, 0, null, null, null);

        internal int Kind { get; }

        internal int Level { get; }

        internal string Name { get; }

        internal CodecCallback Encode { get; }

        internal CodecCallback Decode { get; }

        /// <summary>Records are compressed by Zstandard.</summary>
        /// <param name="level">-7 (fast) to 19 (small). 0: 3.</param>
        /// <returns>The codec.</returns>
        public static Codec Zstd(int level = 0)
        {
            return new Codec(Native.SLK_CODEC_ZSTD, level, null, null, null);
        }

        /// <summary>Records are encoded and decoded by you.</summary>
        /// <param name="name">
        /// Is stored with each record: 1 to 64 printable ASCII characters. A record that was encoded under another name is
        /// not touched.
        /// </param>
        /// <param name="encode">Makes what is stored out of a record.</param>
        /// <param name="decode">Makes the record out of what is stored.</param>
        /// <returns>The codec.</returns>
        public static Codec Own(string name, CodecCallback encode, CodecCallback decode)
        {
            return new Codec(
                Native.SLK_CODEC_CALLBACKS,
                0,
                name ?? throw new ArgumentNullException(nameof(name)),
                encode ?? throw new ArgumentNullException(nameof(encode)),
                decode ?? throw new ArgumentNullException(nameof(decode)));
        }
    }

    /// <summary>Hands what a codec writes to the library, piece by piece.</summary>
    internal sealed unsafe class CodecOutput : IBufferWriter<byte>
    {
        private const int LeastPiece = 4096;

        private slk_buffer buffer;
        private byte[] piece;

        internal CodecOutput(slk_buffer buffer)
        {
            this.buffer = buffer;
            piece = ArrayPool<byte>.Shared.Rent(LeastPiece);
        }

        public void Advance(int count)
        {
            if (count < 0 || count > Piece.Length)
                throw new ArgumentOutOfRangeException(nameof(count));
            fixed (byte* bytes = Piece)
                Failure.Check(Native.slk_buffer_append(buffer, bytes, (nuint)count));
        }

        public Memory<byte> GetMemory(int sizeHint = 0)
        {
            if (sizeHint <= Piece.Length)
                return piece;
            byte[] larger = ArrayPool<byte>.Shared.Rent(sizeHint);
            ArrayPool<byte>.Shared.Return(piece);
            piece = larger;
            return piece;
        }

        public Span<byte> GetSpan(int sizeHint = 0)
        {
            return GetMemory(sizeHint).Span;
        }

        /// <summary>The callback that got it has returned.</summary>
        internal void EndLoan()
        {
            ArrayPool<byte>.Shared.Return(piece);
            piece = null;
            buffer = default;
        }

        private byte[] Piece => piece ?? throw new ObjectDisposedException(nameof(CodecOutput));
    }
}
