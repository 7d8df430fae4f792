using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;

namespace SessionLocker.Tests
{
    internal static class TaskTests
    {
        internal static void Run()
        {
            Program.Test("what follows an await runs inside the tick, on its thread", () => RunsInside(null));
            Program.Test("the same under a synchronization context", () => RunsInside(new LostContext()));
            Program.Test("an await from another thread comes to the thread that ticks", FromElsewhere);
            Program.Test("a continuation that comes too late waits for the next tick", LateContinuation);
            Program.Test("a load is given up by its token", LoadIsCancelled);
            Program.Test("a release that is called off says so", ReleaseCalledOff);
            Program.Test("waits end with the engine", WaitsEndWithEngine);
            Program.Test("a load fails where nobody wants the record any more", LoadNoLongerWanted);
            Program.Test("tick tasks become tasks", BecomeTasks);
            Program.Test("an exception behind an await stays in its task", ExceptionStays);
            Program.Test("blocking instead of awaiting says so", BlockingSaysSo);
        }

        private static void RunsInside(SynchronizationContext context)
        {
            SynchronizationContext before = SynchronizationContext.Current;
            SynchronizationContext.SetSynchronizationContext(context);
            try
            {
                using (World world = new World(spec => spec.ApplyPurchase = (purchase, draft) => { draft.AddInt64("/gold", 5); return Applied.Done; }))
                {
                    List<string> trace = new List<string>();
                    bool isTicking = false;
                    Task play = Play(world, trace, () => isTicking, Thread.CurrentThread.ManagedThreadId);
                    Loop.Until(
                        () =>
                        {
                            isTicking = true;
                            world.Engine.Tick();
                            isTicking = false;
                        },
                        () => play.IsCompleted,
                        "play");
                    play.GetAwaiter().GetResult();
                    Check.Same("loaded saved granted Released", string.Join(" ", trace));
                }
            }
            finally
            {
                SynchronizationContext.SetSynchronizationContext(before);
            }
        }

        private static async Task Play(World world, List<string> trace, Func<bool> isTicking, int thread)
        {
            Action<string> note = what =>
            {
                Check.That(isTicking(), what + " inside the tick");
                Check.Same(thread, Thread.CurrentThread.ManagedThreadId, what + " on the thread that ticks");
                trace.Add(what);
            };
            Locker locker = world.Spec.CreateLocker("p");
            await locker.LoadAsync();
            note("loaded");
            locker.SetInt64("/gold", 1);
            await locker.SaveAsync();
            note("saved");
            PurchaseReport report = await locker.ProcessReceiptAsync(new Receipt("shop", "live", "1", "gold"));
            note(report.Outcome == PurchaseOutcome.Granted ? "granted" : report.Text);
            Check.Same(6L, locker.GetInt64("/gold"));
            note((await locker.ReleaseAsync()).ToString());
            locker.Dispose();
        }

        private static void FromElsewhere()
        {
            using (World world = new World())
            {
                int own = Thread.CurrentThread.ManagedThreadId;
                List<Task<int>> tasks = new List<Task<int>>();
                for (int number = 0; number < 20; number++)
                {
                    string key = "p" + number;
                    tasks.Add(Task.Run(() => ThreadAfterLoad(world, key)));
                }
                Task<int[]> all = Task.WhenAll(tasks);
                world.Until(() => all.IsCompleted, "loads");
                foreach (int thread in all.Result)
                    Check.Same(own, thread, "thread");
            }
        }

        private static async Task<int> ThreadAfterLoad(World world, string key)
        {
            TickTask load = world.Spec.CreateLocker(key).LoadAsync();
            // The load may be over before it is awaited, and then there would be nothing to switch.
            bool isOver = load.IsCompleted;
            await load;
            TickTask<Change> save = world.Spec.CreateLocker(key).AwaitSave();
            isOver |= save.IsCompleted;
            await save;
            return isOver ? await OwnThread(world, key) : Thread.CurrentThread.ManagedThreadId;
        }

        private static async Task<int> OwnThread(World world, string key)
        {
            await world.Spec.CreateLocker(key).AwaitSave();
            return Thread.CurrentThread.ManagedThreadId;
        }

        private static TickTask<Change> AwaitSave(this Locker locker)
        {
            locker.MarkShouldAcquire();
            return locker.SaveAsync();
        }

        private static void LateContinuation()
        {
            using (World world = new World())
            {
                Locker locker = world.Spec.CreateLocker("p");
                TickTask load = locker.LoadAsync();
                world.Until(() => load.IsCompleted, "load");
                int thread = 0;
                Task.Run(() => load.OnCompleted(() => thread = Thread.CurrentThread.ManagedThreadId)).Wait();
                Check.Same(0, thread, "not yet");
                world.Engine.Tick();
                Check.Same(Thread.CurrentThread.ManagedThreadId, thread, "on the thread that ticks");
            }
        }

        private static void LoadIsCancelled()
        {
            AsyncShelf shelf = new AsyncShelf { Time = AnswerTime.Never };
            using (Store store = Store.Create(shelf))
            using (World world = new World(store: store))
            using (CancellationTokenSource source = new CancellationTokenSource())
            {
                Locker locker = world.Spec.CreateLocker("p");
                TickTask load = locker.LoadAsync(source.Token);
                world.Engine.Tick();
                source.Cancel();
                Check.That(!load.IsCompleted, "it ends in a tick");
                world.Until(() => load.IsCompleted, "cancellation");
                Check.Throws<OperationCanceledException>(() => load.GetResult());
                Check.That(!locker.Status.IsWanted, "nobody wants it");
                shelf.Forget();
            }
        }

        private static void ReleaseCalledOff()
        {
            using (World world = new World())
            {
                Locker locker = world.Load("p");
                locker.SetInt64("/gold", 4);
                TickTask<ReleaseOutcome> release = locker.ReleaseAsync();
                TickTask load = locker.LoadAsync();
                Check.Same(ReleaseOutcome.WantedAgain, world.Wait(release));
                world.Until(() => load.IsCompleted, "load");
                Check.Same(4L, locker.GetInt64("/gold"));
                Check.Same(ReleaseOutcome.Released, world.Wait(locker.ReleaseAsync()));
                Check.Same(ReleaseOutcome.NotHeld, world.Wait(locker.ReleaseAsync()));
            }
        }

        private static void WaitsEndWithEngine()
        {
            AsyncShelf shelf = new AsyncShelf();
            using (Store store = Store.Create(shelf))
            {
                World world = new World(store: store);
                Locker held = world.Load("held");
                shelf.Time = AnswerTime.Never;
                TickTask load = world.Spec.CreateLocker("p").LoadAsync();
                TickTask<Change> save = held.SaveAsync();
                TickTask<ReleaseOutcome> release = held.ReleaseAsync();
                TickTask<int> shutdown = world.Engine.ShutdownAsync(TimeSpan.FromMinutes(1));
                world.Engine.Tick();
                Task all = AwaitAll(load, save, release, shutdown);
                world.Dispose();
                Check.That(all.IsCompleted, "each wait has ended");
                all.GetAwaiter().GetResult();
                shelf.Forget();
            }
        }

        private static async Task AwaitAll(params TickTask[] tasks)
        {
            foreach (TickTask task in tasks)
            {
                try
                {
                    await task;
                    throw new Exception("it went on");
                }
                catch (ObjectDisposedException)
                {
                    // As it should be.
                }
                catch (SessionLockerException error) when (error.Result == Result.Idle)
                {
                    // The shutdown had ended this one before.
                }
            }
        }

        private static void LoadNoLongerWanted()
        {
            using (World world = new World())
            {
                Locker locker = world.Spec.CreateLocker("p");
                TickTask load = locker.LoadAsync();
                locker.MarkShouldRelease();
                world.Until(() => load.IsCompleted, "the end of the load");
                // Whichever was first: it was given up, or it was loaded and let go.
                if (load.Error != null)
                    Check.Same(Result.Idle, ((SessionLockerException)load.Error).Result);
                Locker disposed = world.Spec.CreateLocker("q");
                TickTask never = disposed.LoadAsync();
                disposed.Dispose();
                world.Until(() => never.IsCompleted, "the end of the other load");
                Check.That(never.Error is ObjectDisposedException, "it was disposed");
            }
        }

        private static void BecomeTasks()
        {
            using (World world = new World())
            {
                Locker one = world.Spec.CreateLocker("one");
                Locker two = world.Spec.CreateLocker("two");
                Task both = Task.WhenAll(one.LoadAsync().AsTask(), two.LoadAsync().AsTask());
                world.Until(() => both.IsCompleted, "both");
                Task<Change> save = one.SaveAsync().AsTask();
                world.Until(() => save.IsCompleted, "save");
                Check.Same(ChangeStatus.Saved, one.GetChangeStatus(save.Result));
                TickTask again = one.LoadAsync();
                Check.That(again.IsCompleted && again.AsTask().IsCompleted, "what is done is done");
            }
        }

        private static void ExceptionStays()
        {
            using (World world = new World())
            {
                Task task = Throw(world);
                world.Until(() => task.IsCompleted, "task");
                Check.Throws<InvalidOperationException>(() => task.GetAwaiter().GetResult());
                world.Spec.CreateLocker("q").LoadAsync().OnCompleted(() => throw new InvalidOperationException("bare"));
                Check.Throws<InvalidOperationException>(() => world.Until(() => false, "nothing"));
            }
        }

        private static async Task Throw(World world)
        {
            await world.Spec.CreateLocker("p").LoadAsync();
            throw new InvalidOperationException("behind the await");
        }

        private static void BlockingSaysSo()
        {
            using (World world = new World())
            {
                TickTask load = world.Spec.CreateLocker("p").LoadAsync();
                Check.Throws<InvalidOperationException>(() => load.GetResult());
            }
        }

        /// <summary>A context whose posts go nowhere: whoever relied on it would never go on.</summary>
        private sealed class LostContext : SynchronizationContext
        {
            public override void Post(SendOrPostCallback callback, object state)
            {
            }
        }
    }
}
