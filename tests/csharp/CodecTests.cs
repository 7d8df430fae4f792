using System;
using System.Buffers;
using System.Text;

namespace SessionLocker.Tests
{
    internal static class CodecTests
    {
        internal static void Run()
        {
            Program.Test("records are compressed", Compressed);
            Program.Test("records go through a codec of one's own, in pieces", OwnCodec);
            Program.Test("a codec that throws: the save is tried again, the record is left as it is", CodecThrows);
            Program.Test("a codec without a name or a half is refused", BadCodec);
        }

        private static void Compressed()
        {
            using (World world = new World(spec => { spec.Codec = Codec.Zstd(5); spec.DefaultJson = "{\"name\":\"" + new string('x', 5000) + "\"}"; }))
            {
                world.Wait(world.Load("p").ReleaseAsync());
                byte[] stored = world.Store.GetValue("player", "p");
                Check.That(stored.Length < 2000, stored.Length + " bytes");
                Check.Same(5000, world.Load("p").GetString("/name").Length);
            }
        }

        // Turns all bits round, in three pieces, one of which is larger than what is at hand.
        private static void Flip(ReadOnlySpan<byte> bytes, IBufferWriter<byte> output)
        {
            Objects.Collect();
            byte[] flipped = Array.ConvertAll(bytes.ToArray(), it => (byte)~it);
            int third = flipped.Length / 3;
            foreach ((int start, int count) in new[] { (0, third), (third, 0), (third, flipped.Length - third) })
            {
                flipped.AsSpan(start, count).CopyTo(output.GetSpan(count));
                output.Advance(count);
            }
        }

        private static void OwnCodec()
        {
            using (World world = new World(spec => { spec.Codec = Codec.Own("flip", Flip, Flip); spec.DefaultJson = "{\"name\":\"" + new string('x', 9000) + "\"}"; }))
            {
                Objects.Collect();
                world.Wait(world.Load("p").ReleaseAsync());
                string stored = Encoding.UTF8.GetString(world.Store.GetValue("player", "p"));
                Check.That(!stored.Contains("xxx") && stored.Contains("flip"), "encoded");
                Check.Same(9000, world.Load("p").GetString("/name").Length);
            }
        }

        private static void CodecThrows()
        {
            int failures = 0;
            bool isBroken = true;
            CodecCallback encode = (bytes, output) =>
            {
                if (isBroken && ++failures <= 2)
                    throw new InvalidOperationException("no encoding");
                output.Write(bytes);
            };
            IBufferWriter<byte> kept = null;
            CodecCallback decode = (bytes, output) =>
            {
                kept = output;
                if (isBroken)
                    throw new InvalidOperationException("no decoding");
                output.Write(bytes);
            };
            using (World world = new World(spec => { spec.Codec = Codec.Own("thrower", encode, decode); spec.RetryMin = TimeSpan.FromMilliseconds(1); }))
            {
                string told = "";
                world.Engine.EventReceived += happened => told += happened.Kind + " " + happened.LoadStatus + ": " + happened.Text + "; ";
                world.Wait(world.Load("p").ReleaseAsync());
                Check.That(failures > 2 && told.Contains("no encoding"), told);
                world.Spec.CreateLocker("p").MarkShouldAcquire();
                world.Until(() => told.Contains("Unreadable") && told.Contains("no decoding"), "refusal");
                isBroken = false;
                Check.Throws<ObjectDisposedException>(() => kept.GetSpan());
            }
        }

        private static void BadCodec()
        {
            Check.Throws<ArgumentNullException>(() => Codec.Own("half", Flip, null));
            using (World world = new World())
            {
                SpecOptions options = new SpecOptions { Name = "other", Store = world.Store, Codec = Codec.Own("", Flip, Flip) };
                Check.Fails(Result.InvalidArgument, () => world.Engine.CreateSpec(options));
                options.Codec = Codec.Zstd(99);
                Check.Fails(Result.InvalidArgument, () => world.Engine.CreateSpec(options));
            }
        }
    }
}
