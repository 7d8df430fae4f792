using System;
using System.Collections.Generic;
using System.Linq;

namespace SessionLocker.Tests
{
    /// <summary>What an engine counts and logs, and the options that an engine has for tests.</summary>
    internal static class MetricsTests
    {
        internal static void Run()
        {
            Program.Test("an engine counts, in numbers and in Prometheus' text", Counts);
            Program.Test("messages come with what they are about", Records);
            Program.Test("messages mask the players, and a sink that throws is told elsewhere", Masked);
            Program.Test("requests are limited", Limited);
        }

        private static void Counts()
        {
            using (World world = new World(spec => spec.ApplyPurchase = (purchase, draft) => Applied.Done))
            {
                Locker locker = world.Load("p");
                world.Wait(locker.ProcessReceiptAsync(new Receipt("shop", "live", "1", "gold")));
                Metrics held = world.Engine.GetMetrics();
                Check.Same("1 1 1", $"{held.SessionsAcquired} {held.LockersHeld} {held.ReceiptsGranted}");
                Check.That(held.RequestsOk > 0 && held.RequestSeconds >= 0 && held.ReceiptsParked == 0, "requests");
                world.Wait(locker.ReleaseAsync());
                Check.Same(1L, world.Engine.GetMetrics().SessionsReleased);
                string text = world.Engine.GetMetricsText();
                Check.That(text.Contains("# TYPE ") && text.Contains("spec=\"player\"") && text.Length > 4096, text);
            }
        }

        private static void Records()
        {
            List<LogRecord> records = new List<LogRecord>();
            using (World world = new World(spec => spec.BeforeSave = (save, draft) => throw new InvalidOperationException("not now"), options =>
            {
                options.ServerId = "s";
                options.Log = null;
                options.LogLevel = LogLevel.Debug;
                options.LogRecord = record => { Objects.Collect(); records.Add(record); };
            }))
            {
                Objects.Collect();
                world.Wait(world.Load("p").SaveAsync());
            }
            LogRecord failure = records.First(record => record.Kind == LogKind.Callback);
            Check.Same("s player p", $"{failure.Server} {failure.Spec} {failure.Key}");
            Check.That(failure.Text.Contains("not now") && failure.Epoch > 0 && failure.Level <= LogLevel.Warning, failure.Text);
            Check.That(failure.Time > DateTimeOffset.UtcNow.AddHours(-1) && records.Any(record => record.Store.Length > 0), "the rest");
        }

        private static void Masked()
        {
            List<string> keys = new List<string>();
            List<Exception> told = new List<Exception>();
            Action<Exception> listener = told.Add;
            SessionLockerLibrary.CallbackFailed += listener;
            try
            {
                using (World world = new World(null, options =>
                {
                    options.MaskIds = true;
                    options.LogLevel = LogLevel.Debug;
                    options.LogRecord = record =>
                    {
                        keys.Add(record.Key);
                        throw new InvalidOperationException("no paper");
                    };
                }))
                {
                    world.Load("secret-player");
                    Check.That(!world.LogText.Contains("secret-player"), world.LogText);
                }
            }
            finally
            {
                SessionLockerLibrary.CallbackFailed -= listener;
            }
            Check.That(keys.Any(key => key.StartsWith("#", StringComparison.Ordinal)) && !keys.Contains("secret-player"), string.Join(" ", keys));
            Check.That(told.Count > 0 && told.All(error => error.Message == "no paper"), told.Count + " exceptions");
        }

        private static void Limited()
        {
            ulong now = 1000000000;
            using (World world = new World(null, options =>
            {
                options.MaxRequestsPerSecond = 10;
                options.Seed = 42;
                options.Clock = () => now;
            }))
            {
                for (int number = 0; number < 60; number++)
                    world.Spec.CreateLocker("p" + number).MarkShouldAcquire();
                for (int tick = 0; tick < 300; tick++)
                {
                    world.Engine.Tick();
                    System.Threading.Thread.Sleep(0);
                }
                // One second's worth at once, and no more as long as the clock stands.
                Metrics metrics = world.Engine.GetMetrics();
                Check.That(metrics.RequestsSent <= 15 && metrics.RequestsQueuedLoad > 20, metrics.RequestsSent + " sent, " + metrics.RequestsQueuedLoad + " waiting");
            }
            Check.Fails(Result.InvalidArgument, () => new Engine(new EngineOptions { MaxRequestsPerSecond = 1, BeatInterval = TimeSpan.FromSeconds(1) }).Dispose());
        }
    }
}
