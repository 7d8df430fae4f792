using System;
using System.Collections.Generic;
using System.Linq;

namespace SessionLocker.Tests
{
    internal static class SessionTests
    {
        internal static void Run()
        {
            Program.Test("a session loads, saves and releases", LoadsSavesReleases);
            Program.Test("events come by switch", EventsBySwitch);
            Program.Test("events come as C# events", EventsAsEvents);
            Program.Test("a player moves to another server with everything", PlayerMoves);
            Program.Test("a refused hand-over is told", HandoverRefused);
            Program.Test("an erased record is a loss with the data", ErasedIsLost);
            Program.Test("a receipt is granted once", ReceiptOnce);
            Program.Test("credit is given and used", CreditIsUsed);
            Program.Test("a shutdown saves everybody", ShutdownSaves);
            Program.Test("two lockers of a key share the session", TwoLockers);
            Program.Test("a deleted locker says so", DeletedSaysSo);
            Program.Test("options that make no sense say which", BadOptions);
            Program.Test("the status tells where a locker stands", StatusTells);
            Program.Test("an hour passes in a moment by a clock of one's own", OwnClock);
        }

        private static void LoadsSavesReleases()
        {
            using (World world = new World())
            {
                Locker locker = world.Load("42");
                Check.That(locker.IsAvailable && locker.IsLoaded && !locker.IsIdle, "it is held");
                Change change = locker.AddInt64("/gold", 7);
                Check.Same(ChangeStatus.Pending, locker.GetChangeStatus(change));
                world.Wait(locker.SaveAsync());
                Check.Same(ChangeStatus.Saved, locker.GetChangeStatus(change));
                Check.Same(ReleaseOutcome.Released, world.Wait(locker.ReleaseAsync()));
                Check.That(!locker.IsLoaded && !locker.IsAvailable, "it is let go");
                Check.Fails(Result.NotLoaded, () => locker.SetInt64("/gold", 1));
                Locker again = world.Load("42");
                Check.Same(7L, again.GetInt64("/gold"));
            }
        }

        private static void EventsBySwitch()
        {
            using (World world = new World())
            {
                Locker locker = world.Spec.CreateLocker("p", "the tag");
                locker.MarkShouldAcquire();
                List<EventKind> kinds = new List<EventKind>();
                Loop.Until(
                    () =>
                    {
                        world.Engine.Update(TimeSpan.FromMilliseconds(5));
                        while (world.Engine.TryNextEvent(out Event next))
                        {
                            kinds.Add(next.Kind);
                            switch (next.Kind)
                            {
                                case EventKind.Loaded:
                                    Check.Same("p", next.Key);
                                    Check.Same("the tag", next.Locker.Tag);
                                    Check.That(next.Epoch > 0, "an epoch");
                                    next.Locker.SetInt64("/gold", 3);
                                    next.Locker.MarkShouldRelease();
                                    break;
                                case EventKind.Released:
                                    Check.Same(ReleaseCause.Released, next.ReleaseCause);
                                    break;
                            }
                        }
                    },
                    () => kinds.Contains(EventKind.Idle),
                    "idle event");
                Check.That(kinds.IndexOf(EventKind.Loaded) < kinds.IndexOf(EventKind.Released), string.Join(" ", kinds));
            }
        }

        private static void EventsAsEvents()
        {
            using (World world = new World())
            {
                List<string> heard = new List<string>();
                world.Engine.Loaded += happened => heard.Add("engine " + happened.Kind);
                world.Engine.Saved += happened => heard.Add("engine " + happened.Kind);
                world.Engine.Released += happened => heard.Add("engine " + happened.Kind);
                Locker locker = world.Spec.CreateLocker("p");
                locker.EventReceived += happened => heard.Add("locker " + happened.Kind);
                locker.MarkShouldAcquire();
                world.Until(() => locker.IsLoaded && heard.Contains("locker Loaded"), "load");
                locker.SetInt64("/gold", 1);
                locker.MarkForceSave();
                world.Until(() => heard.Contains("locker Saved"), "save");
                locker.MarkShouldRelease();
                world.Until(() => heard.Contains("locker Released"), "release");
                Check.That(heard.Contains("engine Loaded") && heard.Contains("engine Saved") && heard.Contains("engine Released"), string.Join(", ", heard));
            }
        }

        private static void PlayerMoves()
        {
            using (Store store = Store.OpenMemory())
            using (World one = new World(store: store, server: "one", changeEngine: Quick))
            using (World two = new World(store: store, server: "two", changeEngine: Quick))
            {
                Locker here = one.Load("p");
                here.SetInt64("/gold", 11);
                ReleaseCause? cause = null;
                string asker = "";
                one.Engine.HandoverRequested += happened => asker = happened.Name;
                one.Engine.Released += happened => cause = happened.ReleaseCause;
                Locker there = two.Spec.CreateLocker("p");
                TickTask loaded = there.LoadAsync();
                List<LoadStatus> turns = new List<LoadStatus>();
                two.Engine.LoadStatusChanged += happened => turns.Add(happened.LoadStatus);
                Loop.Until(() => { one.Engine.Tick(); two.Engine.Tick(); }, () => loaded.IsCompleted, "move");
                Check.Same("two", asker, "who asks");
                Check.Same(ReleaseCause.HandedOver, cause);
                Check.That(turns.Contains(LoadStatus.LockedElsewhere), string.Join(" ", turns));
                Check.Same(11L, there.GetInt64("/gold"));
                Check.That(!here.IsLoaded, "the first has let go");
            }
        }

        private static void HandoverRefused()
        {
            using (Store store = Store.OpenMemory())
            using (World one = new World(spec => { spec.HandoverMode = HandoverMode.Give; spec.HandoverDelay = TimeSpan.FromMinutes(5); }, Quick, store, "one"))
            using (World two = new World(null, Quick, store, "two"))
            {
                Locker here = one.Load("p");
                bool isAsked = false;
                one.Engine.HandoverRequested += happened => { isAsked = true; happened.Locker.RefuseHandover(); };
                bool isRefused = false;
                two.Engine.LoadStatusChanged += happened => isRefused |= happened.IsRefused;
                Locker there = two.Spec.CreateLocker("p");
                TickTask loaded = there.LoadAsync();
                Loop.Until(() => { one.Engine.Tick(); two.Engine.Tick(); }, () => isRefused, "refusal");
                Check.That(isAsked && here.IsLoaded && !loaded.IsCompleted, "the first keeps it");
                Check.That(there.Status.IsRefused, "the status tells of the refusal");
            }
        }

        private static void ErasedIsLost()
        {
            BlockingShelf shelf = new BlockingShelf();
            using (Store store = Store.Create(shelf))
            using (World world = new World(store: store))
            {
                Locker locker = world.Load("p");
                shelf.Shelf.Erase("p");
                Change change = locker.SetInt64("/gold", 99);
                Event lost = default;
                world.Engine.Lost += happened => lost = happened;
                TickTask<Change> saved = locker.SaveAsync();
                world.Until(() => saved.IsCompleted && lost.Locker != null, "loss");
                SessionLockerException error = Check.Throws<SessionLockerException>(() => saved.GetResult());
                Check.That(error.Result == Result.Lost || error.Result == Result.Unknown, error.Message);
                Check.Same(LossCause.Erased, lost.LossCause);
                Check.Same(99L, lost.Document.GetInt64("/gold"));
                Check.That(lost.Text.Length > 0, "there are words");
                lost.Document.Dispose();
                Check.That(locker.GetChangeStatus(change) != ChangeStatus.Saved, "the change is not saved");
            }
        }

        private static void ReceiptOnce()
        {
            using (World world = new World(spec => spec.ApplyPurchase = Apply))
            {
                Locker locker = world.Load("p");
                PurchaseReport first = world.Wait(locker.ProcessReceiptAsync(new Receipt("shop", "live", "order-1", "gold", new byte[] { 1, 2, 3 })));
                PurchaseReport second = world.Wait(locker.ProcessReceiptAsync(new Receipt("shop", "live", "order-1", "gold")));
                Check.Same(PurchaseOutcome.Granted, first.Outcome, first.Text);
                Check.Same(PurchaseOutcome.Granted, second.Outcome);
                Check.That(!first.IsDuplicate && second.IsDuplicate, "the second is a duplicate");
                Check.Same(100L, locker.GetInt64("/gold"));
                Check.Same(3L, locker.GetInt64("/context"));
            }
        }

        private static Applied Apply(PurchaseInfo purchase, Document draft)
        {
            if (purchase.Product == "ticket" && !purchase.IsCredit)
                return Applied.NotApplicable;
            if (purchase.Product == "junk")
                throw new InvalidOperationException("no such product");
            draft.AddInt64("/gold", 100);
            draft.SetInt64("/context", purchase.Context.Length);
            Check.Same("p", purchase.Key);
            Check.Same("p", purchase.Locker.Key);
            return Applied.Done;
        }

        private static void CreditIsUsed()
        {
            using (World world = new World(spec => spec.ApplyPurchase = Apply))
            {
                Locker locker = world.Load("p");
                PurchaseReport report = world.Wait(locker.ProcessReceiptAsync(new Receipt("shop", "live", "order-1", "ticket")));
                Check.Same(PurchaseOutcome.Credited, report.Outcome, report.Text);
                locker.GiveCredit("ticket", 1);
                Check.Same(2L, locker.GetCredit("ticket"));
                Check.Same(CreditOutcome.Used, world.Wait(locker.UseCreditAsync("ticket")));
                Check.Same(1L, locker.GetCredit("ticket"));
                Check.Same(100L, locker.GetInt64("/gold"));
                Check.Same(CreditOutcome.NoCredit, world.Wait(locker.UseCreditAsync("gold")));
            }
        }

        private static void ShutdownSaves()
        {
            using (Store store = Store.OpenMemory())
            {
                using (World world = new World(store: store))
                {
                    foreach (int number in Enumerable.Range(0, 20))
                        world.Load("p" + number).SetInt64("/gold", number);
                    TickTask<int> done = world.Engine.ShutdownAsync(TimeSpan.FromSeconds(20));
                    Check.Same(0, world.Wait(done, "shutdown"));
                    Check.Fails(Result.ShuttingDown, () => world.Spec.CreateLocker("new").MarkShouldAcquire());
                }
                using (World world = new World(store: store))
                {
                    foreach (int number in Enumerable.Range(0, 20))
                        Check.Same((long)number, world.Load("p" + number).GetInt64("/gold"));
                    Check.That(world.Engine.Shutdown(TimeSpan.FromSeconds(20)), "all was released");
                }
            }
        }

        private static void TwoLockers()
        {
            using (World world = new World())
            {
                Locker first = world.Load("p");
                Locker second = world.Load("p");
                first.SetInt64("/gold", 5);
                Check.Same(5L, second.GetInt64("/gold"));
                int heard = 0;
                first.EventReceived += happened => heard++;
                first.Dispose();
                Check.That(second.IsLoaded, "the other still holds it");
                Check.Same(ReleaseOutcome.Released, world.Wait(second.ReleaseAsync()));
                second.Dispose();
                Check.Throws<ObjectDisposedException>(() => first.GetInt64("/gold"));
            }
        }

        private static void DeletedSaysSo()
        {
            using (World world = new World())
            {
                Locker locker = world.Load("p");
                locker.MarkDeleted();
                Check.Fails(Result.Deleted, () => locker.GetInt64("/gold"));
                Check.Fails(Result.Deleted, () => locker.MarkShouldAcquire());
                Check.That(!locker.IsAvailable, "a predicate is false");
                locker.Dispose();
            }
        }

        private static void BadOptions()
        {
            Check.Fails(Result.InvalidArgument, () => new Engine(new EngineOptions { Lease = TimeSpan.FromMilliseconds(1) }));
            Check.Throws<ArgumentOutOfRangeException>(() => new Engine(new EngineOptions { Lease = TimeSpan.FromDays(60) }));
            Check.Throws<OverflowException>(() => new Engine(new EngineOptions { MaxRequestsInFlight = -1 }));
            Check.Fails(Result.TooLong, () => new Engine(new EngineOptions { ServerId = new string('s', 5000) }));
            using (World world = new World())
            {
                Check.Throws<ArgumentException>(() => world.Engine.CreateSpec(new SpecOptions { Name = "x" }));
                Check.Throws<ArgumentNullException>(() => world.Engine.CreateSpec(new SpecOptions { Store = world.Store }));
                Check.Fails(Result.Exists, () => world.Engine.CreateSpec(new SpecOptions { Name = "player", Store = world.Store }));
                Check.Fails(Result.InvalidJson, () => world.Engine.CreateSpec(new SpecOptions { Name = "y", Store = world.Store, DefaultJson = "{" }));
                Check.Throws<ArgumentNullException>(() => world.Spec.CreateLocker(null));
                Check.Throws<ArgumentException>(() => world.Spec.CreateLocker("a\0b"));
                Check.Fails(Result.TooLong, () => world.Spec.CreateLocker(new string('k', 5000)));
            }
            string folder = System.IO.Path.GetTempPath();
            Check.Throws<SessionLockerException>(() => Store.OpenSqlite(folder));
            Check.Throws<SessionLockerException>(() => Store.OpenSqlite("/nowhere/at/all.db"));
            const string Nowhere = "postgresql://me@/game?host=%2Fno%2Fsuch%2Ffolder";
            PostgresOptions postgres = new PostgresOptions { RequireTls = true, RequireSynchronous = true, Connections = 2, ConnectTimeout = TimeSpan.FromSeconds(1) };
            Check.Throws<SessionLockerException>(() => Store.OpenPostgres(Nowhere, postgres));
            Check.Throws<SessionLockerException>(() => Store.CreatePostgresTables(Nowhere));
            const string NoSocket = "redis+unix:///no/such/socket";
            RedisOptions redis = new RedisOptions { RequireDurable = true, WaitReplicas = 1, Wait = TimeSpan.FromMilliseconds(100) };
            Check.Throws<SessionLockerException>(() => Store.OpenRedis(NoSocket, redis));
            Check.Throws<SessionLockerException>(() => Store.CreateRedisLayout(NoSocket));
        }

        private static void StatusTells()
        {
            using (World world = new World())
            {
                Locker locker = world.Spec.CreateLocker("p");
                Check.That(locker.Status.IsIdle && !locker.Status.IsWanted, "it is at rest");
                TickTask loaded = locker.LoadAsync();
                Check.That(locker.Status.IsWanted, "it is wanted");
                world.Until(() => loaded.IsCompleted, "load");
                Change change = locker.SetInt64("/gold", 1);
                LockerStatus status = locker.Status;
                Check.Same(LoadStatus.Loaded, status.LoadStatus);
                Check.Same(change, status.LatestChange);
                Check.That(status.IsDirty && status.IsAvailable && status.Epoch > 0, "dirty and available");
            }
        }

        private static void OwnClock()
        {
            ulong now = 1000000000;
            using (World world = new World(spec => spec.Autosave = TimeSpan.FromMinutes(5), options =>
            {
                options.Clock = () => now;
                options.WallClock = () => new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);
            }))
            {
                Locker locker = world.Load("p");
                Change change = locker.SetInt64("/gold", 1);
                for (int second = 0; second < 3600 && locker.GetChangeStatus(change) == ChangeStatus.Pending; second++)
                {
                    now += 1000000000;
                    for (int step = 0; step < 3; step++)
                        world.Engine.Tick();
                    System.Threading.Thread.Yield();
                }
                Check.Same(ChangeStatus.Saved, locker.GetChangeStatus(change));
            }
        }

        private static void Quick(EngineOptions options)
        {
            options.Lease = TimeSpan.FromSeconds(2);
            options.BeatInterval = TimeSpan.FromMilliseconds(50);
        }
    }
}
