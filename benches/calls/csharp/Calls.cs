using System;
using System.Diagnostics;
using System.Globalization;
using System.Threading;

namespace SessionLocker.Benches
{
    /// <summary>Nanoseconds of an empty call and of adding to a number: one line with both for each round.</summary>
    internal static class Calls
    {
        private const int Times = 200000;

        private static int Main(string[] arguments)
        {
            int rounds = int.Parse(arguments[0], CultureInfo.InvariantCulture);
            using (Store store = Store.OpenMemory())
            using (Engine engine = new Engine(new EngineOptions()))
            {
                SpecOptions options = new SpecOptions { Name = "player", Store = store, DefaultJson = "{\"gold\":0}" };
                Locker locker = engine.CreateSpec(options).CreateLocker("somebody");
                TickTask loaded = locker.LoadAsync();
                while (!loaded.IsCompleted)
                {
                    engine.Tick();
                    Thread.Sleep(1);
                }
                loaded.GetResult();
                // The first round is there to have everything compiled.
                for (int round = 0; round <= rounds; round++)
                {
                    double asked = Time(() => Ask(locker));
                    double added = Time(() => Add(locker));
                    engine.Tick();
                    if (round > 0)
                        Console.WriteLine(string.Format(CultureInfo.InvariantCulture, "{0:F2} {1:F2}", asked, added));
                }
            }
            return 0;
        }

        private static double Time(Action work)
        {
            Stopwatch watch = Stopwatch.StartNew();
            work();
            return watch.Elapsed.TotalMilliseconds * 1e6 / Times;
        }

        private static void Ask(Locker locker)
        {
            for (int time = 0; time < Times; time++)
            {
                if (!locker.IsAvailable)
                    throw new InvalidOperationException("it is loaded");
            }
        }

        private static void Add(Locker locker)
        {
            for (int time = 0; time < Times; time++)
                locker.AddInt64("/gold", 1);
        }
    }
}
