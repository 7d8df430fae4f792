using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading;

namespace SessionLocker.Tests
{
    internal static class StoreTests
    {
        internal static void Run()
        {
            Program.Test("a blocking store serves sessions, on one thread", () => Serves(false, 1));
            Program.Test("a blocking store serves sessions, on several threads", () => Serves(false, 4));
            Program.Test("an asynchronous store serves sessions", () => Serves(true, 1));
            Program.Test("an asynchronous store may answer at once", AnswersAtOnce);
            Program.Test("a SQLite file keeps what was saved", SqliteKeeps);
            Program.Test("a request that is given up is cancelled", GivenUpIsCancelled);
            Program.Test("an answer after the end of the engine is no harm", LateAnswer);
            Program.Test("a store that answers nonsense does no harm", Nonsense);
            Program.Test("a store tells of keys that may have changed", Notifies);
        }

        private static void Serves(bool isAsync, int threads)
        {
            AsyncShelf asynchronous = new AsyncShelf();
            BlockingShelf blocking = new BlockingShelf();
            StoreOptions options = new StoreOptions { Name = "shelf", Threads = threads };
            int own = Thread.CurrentThread.ManagedThreadId;
            bool isOnOwn = false, isElsewhere = false;
            Action<string> watch = name => { isOnOwn |= Thread.CurrentThread.ManagedThreadId == own; isElsewhere |= Thread.CurrentThread.ManagedThreadId != own; };
            asynchronous.Before = watch;
            blocking.Before = watch;
            using (Store store = isAsync ? Store.Create(asynchronous, options) : Store.Create(blocking, options))
            {
                using (World world = new World(store: store))
                {
                    List<Locker> lockers = Enumerable.Range(0, 50).Select(number => world.Spec.CreateLocker("p" + number)).ToList();
                    List<TickTask> loads = lockers.Select(locker => locker.LoadAsync()).ToList();
                    world.Until(() => loads.All(load => load.IsCompleted), "loads");
                    lockers.ForEach(locker => locker.SetString("/name", locker.Key));
                    Check.Same(0, world.Wait(world.Engine.ShutdownAsync(TimeSpan.FromSeconds(20))));
                    Check.Same(isAsync, isOnOwn, "on the thread that ticks");
                    Check.Same(!isAsync, isElsewhere, "on another thread");
                }
                Shelf shelf = isAsync ? asynchronous.Shelf : blocking.Shelf;
                Check.That(shelf.TextOf("p7").Contains("\"name\":\"p7\""), shelf.TextOf("p7"));
            }
            Objects.ExpectNone();
            Check.Same(1, isAsync ? asynchronous.Disposed : blocking.Disposed, "disposed");
        }

        private static void AnswersAtOnce()
        {
            using (Store store = Store.Create(new AsyncShelf { Time = AnswerTime.AtOnce }))
            using (World world = new World(store: store))
            {
                Locker locker = world.Load("p");
                locker.SetInt64("/gold", 2);
                world.Wait(locker.SaveAsync());
            }
        }

        private static void SqliteKeeps()
        {
            string file = Path.Combine(Path.GetTempPath(), "slk-" + Guid.NewGuid().ToString("N") + "-ä.db");
            try
            {
                for (int round = 0; round < 3; round++)
                {
                    SqliteOptions options = new SqliteOptions { Durability = SqliteDurability.Normal, MustExist = round > 0, BusyTimeout = TimeSpan.FromSeconds(3), ReadThreads = 1, Batch = 10 };
                    using (Store store = Store.OpenSqlite(file, options))
                    using (World world = new World(store: store))
                    {
                        Locker locker = world.Load("p");
                        Check.Same((long)round, locker.GetInt64("/gold"));
                        locker.AddInt64("/gold", 1);
                        Check.That(world.Engine.Shutdown(TimeSpan.FromSeconds(20)), "all was saved");
                    }
                }
            }
            finally
            {
                foreach (string left in Directory.GetFiles(Path.GetTempPath(), Path.GetFileName(file) + "*"))
                    File.Delete(left);
            }
        }

        private static void GivenUpIsCancelled()
        {
            AsyncShelf shelf = new AsyncShelf { Time = AnswerTime.Never };
            ulong now = 1000000000;
            using (Store store = Store.Create(shelf))
            using (World world = new World(null, options => options.Clock = () => now, store))
            {
                Locker locker = world.Spec.CreateLocker("p");
                TickTask loaded = locker.LoadAsync();
                world.Until(() => SessionLockerLibrary.CountObjects().Requests > 0, "request");
                now += 60UL * 1000000000;
                world.Until(() => shelf.Cancelled > 0, "cancellation");
                shelf.Time = AnswerTime.AtOnce;
                world.Until(
                    () =>
                    {
                        now += 100000000;
                        return loaded.IsCompleted;
                    },
                    "load");
                shelf.Forget();
            }
        }

        private static void LateAnswer()
        {
            AsyncShelf shelf = new AsyncShelf { Time = AnswerTime.Never };
            using (Store store = Store.Create(shelf))
            {
                World world = new World(store: store);
                world.Spec.CreateLocker("p").MarkShouldAcquire();
                world.Until(() => SessionLockerLibrary.CountObjects().Requests > 0, "request");
                world.Dispose();
                shelf.Forget();
            }
            Objects.ExpectNone();
            Check.Same(1, shelf.Disposed);
        }

        private static void Notifies()
        {
            Store store = Store.OpenMemory();
            using (World world = new World(store: store))
            {
                world.Load("p");
                store.Notify(KeyKind.Record, "player", "p");
                store.Notify(KeyKind.Server, null, "nobody");
                Check.Throws<ArgumentNullException>(() => store.Notify(KeyKind.Record, "player", null));
                Check.Fails(Result.InvalidArgument, () => store.Notify((KeyKind)9, "player", "p"));
                world.Engine.Tick();
            }
            store.Dispose();
            store.Notify(KeyKind.Record, "player", "p");
        }

        private static void Nonsense()
        {
            foreach (StoreAnswer nonsense in new[] { default, StoreAnswer.Removed, StoreAnswer.Found(default, default), StoreAnswer.Written(new byte[300]), StoreAnswer.Refused("never"), StoreAnswer.NotApplied(null) })
            {
                using (Store store = Store.Create(new NonsenseStore(nonsense)))
                using (World world = new World(spec => spec.RetryMin = TimeSpan.FromMilliseconds(1), store: store))
                {
                    world.Spec.CreateLocker("p").MarkShouldAcquire();
                    bool isTold = false;
                    world.Engine.EventReceived += happened => isTold |= happened.Text.Length > 0;
                    world.Until(() => isTold, "trouble");
                }
            }
        }

        private sealed class NonsenseStore : IBlockingStore
        {
            private readonly StoreAnswer nonsense;

            internal NonsenseStore(StoreAnswer nonsense)
            {
                this.nonsense = nonsense;
            }

            public StoreAnswer Get(in StoreRequest request)
            {
                return nonsense;
            }

            public StoreAnswer Put(in StoreRequest request)
            {
                return nonsense;
            }

            public StoreAnswer Remove(in StoreRequest request)
            {
                return nonsense;
            }
        }
    }
}
