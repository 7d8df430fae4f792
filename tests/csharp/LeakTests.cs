using System;
using System.Collections.Generic;
using System.Diagnostics;

namespace SessionLocker.Tests
{
    /// <summary>Many sessions with forced collections in every callback; afterwards nothing may be left.</summary>
    internal static class LeakTests
    {
        private const int AtOnce = 200;

        internal static void Run()
        {
            Program.Test(Program.Sessions + " sessions leave nothing behind", ManySessions);
        }

        private static void ManySessions()
        {
            Stopwatch watch = Stopwatch.StartNew();
            List<WeakReference> sample = new List<WeakReference>();
            long callbacks = Play(sample, out long collections);
            Objects.ExpectNone();
            Objects.Collect();
            int alive = 0;
            foreach (WeakReference reference in sample)
                alive += reference.IsAlive ? 1 : 0;
            // A conservative garbage collector may take a number on the stack for one of them.
            Check.That(alive <= 2, alive + " of " + sample.Count + " lockers are still referred to");
            Console.WriteLine(
                "leaks: " + Program.Sessions + " sessions, " + callbacks + " callbacks, " + collections
                + " collections, 0 objects left, " + watch.ElapsedMilliseconds + " ms, " + GC.GetTotalMemory(true) / 1024 + " KiB managed");
        }

        private static long Play(List<WeakReference> sample, out long collections)
        {
            long callbacks = 0;
            int before = GC.CollectionCount(0);
            // Each callback collects the youngest generation; now and then one collects all.
            Action collect = () => GC.Collect(++callbacks % 1000 == 0 ? GC.MaxGeneration : 0, GCCollectionMode.Forced, true);
            using (World world = new World(
                spec =>
                {
                    spec.DefaultDataFor = (key, draft) => { collect(); draft.SetString("/name", key); };
                    spec.BeforeSave = (save, draft) => { collect(); draft.AddInt64("/saves", 1); };
                    spec.ApplyPurchase = (purchase, draft) => { collect(); draft.AddInt64("/gold", 1); return Applied.Done; };
                },
                options => options.Log = (level, text) => { collect(); }))
            {
                for (int first = 0; first < Program.Sessions; first += AtOnce)
                    PlayRound(world, first, Math.Min(AtOnce, Program.Sessions - first), sample);
            }
            collections = GC.CollectionCount(0) - before;
            return callbacks;
        }

        private static void PlayRound(World world, int first, int count, List<WeakReference> sample)
        {
            int ended = 0;
            for (int number = first; number < first + count; number++)
                PlayOne(world, "p" + number, number % 100 == 0, sample, () => ended++);
            world.Until(() => ended == count, "end of a round");
        }

        private static async void PlayOne(World world, string key, bool isSample, List<WeakReference> sample, Action end)
        {
            using (Locker locker = world.Spec.CreateLocker(key))
            {
                if (isSample)
                    sample.Add(new WeakReference(locker));
                await locker.LoadAsync();
                if (isSample)
                    await locker.ProcessReceiptAsync(new Receipt("shop", "live", key, "gold"));
                locker.SetInt64("/level", 1);
                Check.Same(ReleaseOutcome.Released, await locker.ReleaseAsync());
            }
            end();
        }
    }
}
