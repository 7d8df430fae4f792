using System;
using System.Text;

namespace SessionLocker.Tests
{
    /// <summary>Stores that fail on purpose or only read, values of stores, and the check of stores.</summary>
    internal static class TestStoreTests
    {
        internal static void Run()
        {
            Program.Test("a store fails on purpose, and is well again", Faulty);
            Program.Test("a critical store is told of, and its recovery", Critical);
            Program.Test("a read-only store writes nothing", ReadOnly);
            Program.Test("values are put into a store and looked at", Values);
            Program.Test("stores of one's own pass the check", () => { PassesCheck(false); PassesCheck(true); });
            Program.Test("a store that breaks a promise is found out", FoundOut);
        }

        private static void Faulty()
        {
            using (Store inner = Store.OpenMemory())
            using (Store store = Store.OpenFaulty(inner, new FaultOptions { Seed = 7, Refused = FaultOptions.Always, SpareServers = true }))
            {
                inner.Dispose();
                using (World world = new World(spec => spec.RetryMin = TimeSpan.FromMilliseconds(1), store: store))
                {
                    bool hasFailed = false;
                    world.Engine.LoadStatusChanged += happened =>
                        hasFailed |= happened.LoadStatus == LoadStatus.StoreFailure && happened.Cause == TroubleCause.Store;
                    Locker locker = world.Spec.CreateLocker("p");
                    TickTask loaded = locker.LoadAsync();
                    world.Until(() => hasFailed, "failure");
                    FaultCounts counts = store.GetFaultCounts();
                    Check.That(counts.Refused > 0 && counts.Requests > counts.Refused, "signs of life are spared");
                    store.SetFaults(null);
                    world.Until(() => loaded.IsCompleted, "load");
                    Check.Same(0L, store.GetFaultCounts().Held);
                }
                Check.Fails(Result.InvalidArgument, () => store.SetFaults(new FaultOptions { Refused = 6000, Unknown = 6000 }));
            }
            using (Store other = Store.OpenMemory())
            {
                Check.Fails(Result.Unsupported, () => other.SetFaults(null));
                Check.Fails(Result.Unsupported, () => other.GetFaultCounts());
            }
        }

        private static void Critical()
        {
            ulong now = 1000000000;
            using (Store inner = Store.OpenMemory())
            using (Store store = Store.OpenFaulty(inner, new FaultOptions { Refused = FaultOptions.Always }))
            using (World world = new World(null, options => options.Clock = () => now += 20000000, store))
            {
                string told = "";
                world.Engine.Trouble += happened => told += happened.Kind + " ";
                world.Engine.StoreRecovered += happened => told += happened.Kind;
                Locker locker = world.Spec.CreateLocker("p");
                locker.MarkShouldAcquire();
                Check.That(!world.Engine.IsStoreCritical(store), "not yet");
                world.Until(() => told.Contains("StoreCritical"), "critical state");
                Check.That(world.Engine.IsStoreCritical(store) && !world.Engine.IsStoreCritical(inner), "critical");
                Check.Same(1L, world.Engine.GetMetrics().StoresCritical);
                store.SetFaults(new FaultOptions());
                world.Until(() => told.Contains("StoreRecovered"), "recovery");
                Check.That(!world.Engine.IsStoreCritical(store), "well again");
            }
        }

        private static void ReadOnly()
        {
            using (Store inner = Store.OpenMemory())
            {
                using (World world = new World(store: inner))
                    world.Wait(world.Load("p").ReleaseAsync());
                byte[] before = inner.GetValue("player", "p");
                using (Store store = Store.OpenReadOnly(inner))
                using (World world = new World(store: store))
                {
                    Locker locker = world.Load("p");
                    locker.SetInt64("/gold", 9);
                    world.Wait(locker.ReleaseAsync());
                    Check.Same(9L, world.Load("p").GetInt64("/gold"));
                }
                Check.That(before.AsSpan().SequenceEqual(inner.GetValue("player", "p")), "nothing was written");
            }
        }

        private static void Values()
        {
            using (Store store = Store.OpenMemory())
            {
                byte[] large = new byte[100000];
                large[99999] = 7;
                store.SetValue("player", "p", large);
                Check.That(large.AsSpan().SequenceEqual(store.GetValue("player", "p")), "all of it");
                Check.Same(null, store.GetValue("player", "q"));
                using (Store own = Store.Create(new BlockingShelf()))
                    Check.Fails(Result.Unsupported, () => own.SetValue("player", "p", Encoding.UTF8.GetBytes("{}")));
            }
        }

        private static void PassesCheck(bool isAsync)
        {
            StoreOptions small = new StoreOptions { MaxValueBytes = 100000 };
            using (Store store = isAsync ? Store.Create(new AsyncShelf(), small) : Store.Create(new BlockingShelf(), small))
                Check.Same("", store.Check(TimeSpan.FromSeconds(20)));
        }

        private static void FoundOut()
        {
            using (Store store = Store.Create(new ForgetfulStore(), new StoreOptions { MaxValueBytes = 1000 }))
            {
                string report = store.Check();
                Check.That(report.Contains(": ") && report.Length > 10, report);
            }
        }

        /// <summary>Says that it has written, and has not.</summary>
        private sealed class ForgetfulStore : IBlockingStore
        {
            public StoreAnswer Get(in StoreRequest request)
            {
                return StoreAnswer.Missing;
            }

            public StoreAnswer Put(in StoreRequest request)
            {
                return StoreAnswer.Written(new byte[] { 1 });
            }

            public StoreAnswer Remove(in StoreRequest request)
            {
                return StoreAnswer.Removed;
            }
        }
    }
}
