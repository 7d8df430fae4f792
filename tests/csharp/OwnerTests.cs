using System;
using System.Collections.Generic;
using System.Threading;

namespace SessionLocker.Tests
{
    internal static class OwnerTests
    {
        internal static void Run()
        {
            Program.Test("owners are disposed in every order", EveryOrder);
            Program.Test("owners are disposed twice, and by several threads at once", TwiceAndAtOnce);
            Program.Test("what is used after disposing says so", UseAfterDispose);
            Program.Test("engines and stores that are forgotten are ended", ForgottenAreEnded);
            Program.Test("everything can be disposed inside an event", DisposeInEvent);
            Program.Test("everything can be disposed inside a callback", DisposeInCallback);
            Program.Test("a tick inside a tick is refused", TickInTick);
            Program.Test("an engine is disposed while another thread ticks it", DisposeWhileTicking);
        }

        private static void EveryOrder()
        {
            foreach (int[] order in Permutations(5))
            {
                BlockingShelf shelf = new BlockingShelf();
                Store store = Store.Create(shelf);
                Engine engine = new Engine(new EngineOptions { Log = (level, text) => { } });
                Spec spec = engine.CreateSpec(new SpecOptions { Name = "player", Store = store, BeforeSave = (save, draft) => { } });
                Locker locker = spec.CreateLocker("p");
                TickTask loaded = locker.LoadAsync();
                Loop.Until(() => engine.Tick(), () => loaded.IsCompleted, "load");
                Document document = Document.FromJson("{}");
                IDisposable[] owners = { store, engine, spec, locker, document };
                locker.SetInt64("/gold", 1);
                foreach (int which in order)
                {
                    owners[which].Dispose();
                    Objects.Collect();
                    Try(() => engine.Tick());
                }
                Check.Same(1, shelf.Disposed, "the store's end");
                Check.Same(0, SessionLockerLibrary.CountObjects().Total, string.Join(" ", order));
            }
        }

        private static void TwiceAndAtOnce()
        {
            for (int round = 0; round < 50; round++)
            {
                World world = new World();
                Locker locker = world.Spec.CreateLocker("p");
                locker.MarkShouldAcquire();
                world.Engine.Tick();
                Document document = Document.FromJson("{}");
                List<Thread> threads = new List<Thread>();
                for (int number = 0; number < 3; number++)
                {
                    threads.Add(new Thread(() =>
                    {
                        locker.Dispose();
                        document.Dispose();
                        world.Engine.Dispose();
                        world.Store.Dispose();
                        world.Spec.Dispose();
                    }));
                }
                threads.ForEach(thread => thread.Start());
                threads.ForEach(thread => thread.Join());
                world.Dispose();
            }
        }

        private static void UseAfterDispose()
        {
            World world = new World();
            Locker locker = world.Load("p");
            Locker other = world.Spec.CreateLocker("q");
            locker.Dispose();
            Check.Throws<ObjectDisposedException>(() => locker.SetInt64("/gold", 1));
            Check.Throws<ObjectDisposedException>(() => locker.MarkShouldAcquire());
            Check.Throws<ObjectDisposedException>(() => locker.LoadAsync());
            Check.That(!locker.IsAvailable && !locker.IsLoaded && !locker.IsIdle, "predicates are false");
            world.Spec.Dispose();
            Check.Throws<ObjectDisposedException>(() => world.Spec.CreateLocker("r"));
            Check.That(!other.IsLoaded, "a locker outlives its spec");
            world.Dispose();
            Check.Throws<ObjectDisposedException>(() => other.MarkShouldAcquire());
            Check.Throws<ObjectDisposedException>(() => world.Engine.Tick());
            Check.Throws<ObjectDisposedException>(() => world.Engine.CreateSpec(new SpecOptions { Name = "x", Store = world.Store }));
            Check.Throws<ObjectDisposedException>(() => world.Engine.BeginShutdown(TimeSpan.Zero));
        }

        private static void ForgottenAreEnded()
        {
            // On a thread of its own: Mono takes what is left on a stack for a reference.
            Thread thread = new Thread(() =>
            {
                for (int round = 0; round < 5; round++)
                    Forget();
            });
            thread.Start();
            thread.Join();
            Objects.ExpectNone();
        }

        private static void Forget()
        {
            BlockingShelf shelf = new BlockingShelf();
            Engine engine = new Engine(new EngineOptions { Log = (level, text) => { } });
            Spec spec = engine.CreateSpec(new SpecOptions { Name = "player", Store = Store.Create(shelf), BeforeSave = (save, draft) => { } });
            Locker locker = spec.CreateLocker("p");
            TickTask loaded = locker.LoadAsync();
            Loop.Until(() => engine.Tick(), () => loaded.IsCompleted, "load");
        }

        private static void DisposeInEvent()
        {
            for (int which = 0; which < 4; which++)
            {
                World world = new World();
                int chosen = which;
                bool isLoaded = false;
                world.Engine.Loaded += happened =>
                {
                    isLoaded = true;
                    OwnersOf(world, happened.Locker)[chosen].Dispose();
                };
                TickTask waiting = world.Spec.CreateLocker("q").LoadAsync();
                TickTask first = world.Spec.CreateLocker("p").LoadAsync();
                Loop.Until(() => Try(() => world.Engine.Tick()), () => isLoaded, "load");
                world.Dispose();
                Check.That(first.IsCompleted || waiting.IsCompleted, "whoever waits hears of the end");
                Objects.ExpectNone();
            }
        }

        private static void DisposeInCallback()
        {
            for (int which = 0; which < 4; which++)
            {
                World world = null;
                Locker locker = null;
                int chosen = which;
                int calls = 0;
                world = new World(spec => spec.BeforeSave = (save, draft) =>
                {
                    calls++;
                    OwnersOf(world, locker)[chosen].Dispose();
                    draft.SetInt64("/gold", 5);
                });
                locker = world.Load("p");
                locker.SetInt64("/gold", 1);
                locker.MarkForceSave();
                Loop.Until(() => Try(() => world.Engine.Tick()), () => calls > 0, "save");
                world.Dispose();
                Objects.ExpectNone();
            }
        }

        private static void TickInTick()
        {
            using (World world = new World(spec => spec.BeforeSave = (save, draft) => save.Locker.Engine.Tick()))
            {
                Exception inEvent = null;
                world.Engine.Loaded += happened => inEvent = Check.Throws<SessionLockerException>(() => happened.Locker.Engine.Tick());
                Locker locker = world.Load("p");
                world.Until(() => inEvent != null, "refusal");
                bool isTold = false;
                world.Engine.Trouble += happened => isTold |= happened.Kind == EventKind.CallbackFailed && happened.Text.Contains("ticking already");
                locker.MarkForceSave();
                world.Until(() => isTold, "refusal in a callback");
            }
        }

        private static void DisposeWhileTicking()
        {
            for (int round = 0; round < 20; round++)
            {
                World world = new World();
                for (int number = 0; number < 50; number++)
                    world.Spec.CreateLocker("p" + number).MarkShouldAcquire();
                bool isOver = false;
                Thread thread = new Thread(() =>
                {
                    while (!Volatile.Read(ref isOver))
                        Try(() => world.Engine.Tick());
                });
                thread.Start();
                Thread.Sleep(2);
                world.Engine.Dispose();
                Volatile.Write(ref isOver, true);
                thread.Join();
                world.Store.Dispose();
            }
        }

        private static IDisposable[] OwnersOf(World world, Locker locker)
        {
            return new IDisposable[] { world.Store, world.Engine, world.Spec, locker };
        }

        private static void Try(Action action)
        {
            try
            {
                action();
            }
            catch (ObjectDisposedException)
            {
                // Which is what this is about.
            }
        }

        private static IEnumerable<int[]> Permutations(int count)
        {
            int[] order = new int[count];
            bool[] isUsed = new bool[count];
            return Permutations(order, isUsed, 0);
        }

        private static IEnumerable<int[]> Permutations(int[] order, bool[] isUsed, int at)
        {
            if (at == order.Length)
            {
                yield return order;
                yield break;
            }
            for (int which = 0; which < order.Length; which++)
            {
                if (isUsed[which])
                    continue;
                isUsed[which] = true;
                order[at] = which;
                foreach (int[] all in Permutations(order, isUsed, at + 1))
                    yield return all;
                isUsed[which] = false;
            }
        }
    }
}
