using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;

namespace SessionLocker.Tests
{
    internal static class CallbackTests
    {
        internal static void Run()
        {
            Program.Test("an exception in default data: the locker is not created", DefaultDataThrows);
            Program.Test("an exception whose text throws is told by its name", UnspeakableThrows);
            Program.Test("an exception before a save: its edits are dropped, the rest is saved", BeforeSaveThrows);
            Program.Test("an exception in a purchase: it is to come again", ApplyThrows);
            Program.Test("an exception in a clock does not end the program", ClockThrows);
            Program.Test("an exception in the log is told elsewhere", LogThrows);
            Program.Test("an exception in an event comes out of the tick, after the other handlers", EventThrows);
            Program.Test("an exception in a store is an unknown outcome", StoreThrows);
            Program.Test("an exception where a store is cancelled or disposed is told", StoreEndThrows);
            Program.Test("a draft ends with its callback", DraftEnds);
            Program.Test("everything works with a collection in every callback", CollectEverywhere);
        }

        private static void DefaultDataThrows()
        {
            using (World world = new World(spec => spec.DefaultDataFor = (key, draft) =>
            {
                draft.SetString("/name", key);
                if (key == "bad")
                    throw new InvalidOperationException("no data for this one");
            }))
            {
                SessionLockerException error = Check.Throws<SessionLockerException>(() => world.Spec.CreateLocker("bad"));
                Check.Same(Result.Callback, error.Result);
                Check.That(error.Message.Contains("no data for this one"), error.Message);
                Check.Same("good", world.Load("good").GetString("/name"));
            }
        }

        private sealed class Unspeakable : Exception
        {
            internal string Text;

            public override string ToString()
            {
                return Text != "-" ? Text : throw new InvalidOperationException("not even a text");
            }
        }

        private static void UnspeakableThrows()
        {
            using (World world = new World(spec => spec.DefaultDataFor = (key, draft) => throw new Unspeakable { Text = key == "null" ? null : key.Trim('x') }))
            {
                foreach (string key in new[] { "null", "x", "-" })
                {
                    SessionLockerException error = Check.Throws<SessionLockerException>(() => world.Spec.CreateLocker(key));
                    Check.Same(Result.Callback, error.Result);
                    Check.That(error.Message.Contains("Unspeakable"), error.Message);
                }
            }
        }

        private static void BeforeSaveThrows()
        {
            using (Store store = Store.OpenMemory())
            {
                using (World world = new World(spec => spec.BeforeSave = FailBeforeSave, store: store))
                {
                    Locker locker = world.Load("p");
                    locker.SetInt64("/gold", 5);
                    string told = "";
                    world.Engine.Trouble += happened => told += happened.Kind + ": " + happened.Text;
                    world.Wait(locker.SaveAsync());
                    world.Until(() => told.Length > 0, "event");
                    Check.That(told.Contains("CallbackFailed") && told.Contains("cannot be written ä"), told);
                    Check.That(world.LogText.Contains("cannot be written ä"), "in the log: " + world.LogText);
                    Check.Same(ReleaseOutcome.Released, world.Wait(locker.ReleaseAsync()));
                }
                using (World world = new World(store: store))
                {
                    Locker locker = world.Load("p");
                    Check.Same(5L, locker.GetInt64("/gold"));
                    Check.Same(ValueKind.Missing, locker.GetKind("/half"));
                }
            }
        }

        private static void FailBeforeSave(SaveInfo save, Document draft)
        {
            draft.SetInt64("/half", 1);
            throw new InvalidOperationException("cannot be written ä" + new string('\u4e16', 5000));
        }

        private static void ApplyThrows()
        {
            using (World world = new World(spec => spec.ApplyPurchase = (purchase, draft) =>
            {
                draft.SetInt64("/gold", 1000);
                throw new InvalidOperationException("the shop is closed");
            }))
            {
                Locker locker = world.Load("p");
                PurchaseReport report = world.Wait(locker.ProcessReceiptAsync(new Receipt("shop", "live", "1", "gold")));
                Check.Same(PurchaseOutcome.NotProcessed, report.Outcome);
                Check.That(report.Text.Contains("the shop is closed"), report.Text);
                Check.That(world.LogText.Contains("the shop is closed"), "in the log: " + world.LogText);
                Check.Same(0L, locker.GetInt64("/gold"));
            }
        }

        private static void ClockThrows()
        {
            ulong now = 1000000000;
            bool isBroken = false;
            using (World world = new World(null, options =>
            {
                options.Clock = () => isBroken ? throw new InvalidOperationException("the clock is broken") : (now += 1000000);
                options.WallClock = () => throw new InvalidOperationException("no calendar");
            }))
            {
                Locker locker = world.Load("p");
                isBroken = true;
                for (int at = 0; at < 10; at++)
                    world.Engine.Tick();
                Check.That(world.LogText.Contains("the clock is broken") && world.LogText.Contains("no calendar"), world.LogText);
                isBroken = false;
                world.Wait(locker.SaveAsync());
            }
        }

        private static void LogThrows()
        {
            List<Exception> told = new List<Exception>();
            Action<Exception> listener = told.Add;
            SessionLockerLibrary.CallbackFailed += listener;
            try
            {
                using (World world = new World(spec => spec.BeforeSave = FailBeforeSave, options =>
                {
                    options.LogLevel = LogLevel.Debug;
                    options.Log = (level, text) => throw new InvalidOperationException("no paper");
                }))
                {
                    world.Wait(world.Load("p").SaveAsync());
                }
            }
            finally
            {
                SessionLockerLibrary.CallbackFailed -= listener;
            }
            Check.That(told.Count > 0 && told.All(error => error.Message == "no paper"), told.Count + " exceptions");
        }

        private static void EventThrows()
        {
            using (World world = new World())
            {
                List<string> heard = new List<string>();
                world.Engine.Loaded += happened => throw new InvalidOperationException("first " + happened.Key);
                world.Engine.Loaded += happened => heard.Add(happened.Key);
                Locker one = world.Spec.CreateLocker("one");
                Locker two = world.Spec.CreateLocker("two");
                one.MarkShouldAcquire();
                two.MarkShouldAcquire();
                List<Exception> thrown = new List<Exception>();
                Loop.Until(
                    () =>
                    {
                        try
                        {
                            world.Engine.Tick();
                        }
                        catch (AggregateException error)
                        {
                            thrown.AddRange(error.InnerExceptions);
                        }
                        catch (InvalidOperationException error)
                        {
                            thrown.Add(error);
                        }
                    },
                    () => thrown.Count == 2,
                    "two exceptions");
                Check.Same("one two", string.Join(" ", heard.OrderBy(key => key)));
                Check.That(world.LogText.Contains("first one") && world.LogText.Contains("first two"), world.LogText);
            }
        }

        private static void StoreThrows()
        {
            foreach (bool isAsync in new[] { false, true })
            {
                int failures = 0;
                Action<string> fail = name =>
                {
                    if (name != "dispose" && failures++ < 3)
                        throw new InvalidOperationException("the disk is gone");
                };
                BlockingShelf blocking = new BlockingShelf { Before = fail };
                AsyncShelf asynchronous = new AsyncShelf { Before = fail };
                using (Store store = isAsync ? Store.Create(asynchronous) : Store.Create(blocking))
                using (World world = new World(spec => spec.RetryMin = TimeSpan.FromMilliseconds(1), store: store))
                {
                    List<string> told = new List<string>();
                    world.Engine.EventReceived += happened => told.Add(happened.Text);
                    Locker locker = world.Load("p");
                    world.Wait(locker.SaveAsync());
                    Check.That(failures >= 3, "it had failed");
                    Check.That(told.Any(text => text.Contains("the disk is gone")) || world.LogText.Contains("the disk is gone"), "told: " + string.Join("; ", told));
                }
            }
        }

        private static void StoreEndThrows()
        {
            List<string> told = new List<string>();
            Action<Exception> listener = error => { lock (told) told.Add(error.ToString()); };
            SessionLockerLibrary.CallbackFailed += listener;
            try
            {
                AsyncShelf shelf = new AsyncShelf
                {
                    Time = AnswerTime.Never,
                    Before = name =>
                    {
                        if (name == "cancel" || name == "dispose")
                            throw new InvalidOperationException("not at " + name);
                    },
                };
                using (Store store = Store.Create(shelf))
                using (World world = new World(store: store))
                {
                    world.Spec.CreateLocker("p").MarkShouldAcquire();
                    world.Until(() => SessionLockerLibrary.CountObjects().Requests > 0, "request");
                    world.Engine.Dispose();
                    Check.That(shelf.Cancelled > 0, "it was cancelled");
                    shelf.Forget();
                }
                Objects.ExpectNone();
            }
            finally
            {
                SessionLockerLibrary.CallbackFailed -= listener;
            }
            string all = string.Join("; ", told);
            Check.That(all.Contains("not at cancel") && all.Contains("not at dispose"), all);
        }

        private static void DraftEnds()
        {
            Document kept = null;
            using (World world = new World(spec => spec.BeforeSave = (save, draft) =>
            {
                kept = draft;
                draft.Dispose();
                draft.SetInt64("/gold", 3);
            }))
            {
                Locker locker = world.Load("p");
                world.Wait(locker.SaveAsync());
                Check.Same(3L, locker.GetInt64("/gold"));
                Check.Throws<ObjectDisposedException>(() => kept.GetInt64("/gold"));
            }
        }

        private static void CollectEverywhere()
        {
            foreach (bool isAsync in new[] { false, true })
            {
                int collections = 0;
                int own = Thread.CurrentThread.ManagedThreadId;
                Action collect = () =>
                {
                    Interlocked.Increment(ref collections);
                    GC.Collect();
                    // Mono misses the finalizers' end where two threads wait for it at once.
                    if (Thread.CurrentThread.ManagedThreadId == own)
                        GC.WaitForPendingFinalizers();
                };
                BlockingShelf blocking = new BlockingShelf { Before = name => collect() };
                AsyncShelf asynchronous = new AsyncShelf { Before = name => collect() };
                using (Store store = isAsync ? Store.Create(asynchronous) : Store.Create(blocking))
                using (World world = new World(
                    spec =>
                    {
                        spec.DefaultDataFor = (key, draft) => { collect(); draft.SetInt64("/gold", 1); };
                        spec.BeforeSave = (save, draft) => { collect(); draft.AddInt64("/saves", 1); };
                        spec.ApplyPurchase = (purchase, draft) => { collect(); draft.AddInt64("/gold", 1); return Applied.Done; };
                    },
                    options =>
                    {
                        options.LogLevel = LogLevel.Debug;
                        options.Log = (level, text) => collect();
                        options.WallClock = () => { collect(); return DateTimeOffset.UtcNow; };
                    },
                    store))
                {
                    world.Engine.EventReceived += happened => collect();
                    for (int number = 0; number < 3; number++)
                    {
                        Locker locker = world.Load("p" + number);
                        world.Wait(locker.ProcessReceiptAsync(new Receipt("shop", "live", "order" + number, "gold")));
                        Check.Same(2L, locker.GetInt64("/gold"));
                        Check.Same(ReleaseOutcome.Released, world.Wait(locker.ReleaseAsync()));
                    }
                }
                Check.That(collections > 50, collections + " collections");
            }
        }
    }
}
