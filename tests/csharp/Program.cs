// The tests of the C# binding: one program for every runtime. Prints a line for each test that fails and a count.
//
//   --sessions N   how many sessions the test of leaks plays (default 2000)
//   --layout       prints the sizes and offsets of the structs instead, for the test that compares them with C
//   --only TEXT    only tests whose names contain the text
//   --misfit       tells what the first use of the library says, for a library that does not fit
using System;
using System.Collections.Generic;
using System.Diagnostics;

namespace SessionLocker.Tests
{
    internal static class Program
    {
        internal static int Sessions = 2000;

        private static readonly List<string> Failed = new List<string>();
        private static string only = "";
        private static int passed;

        private static int Main(string[] arguments)
        {
            for (int at = 0; at < arguments.Length; at++)
            {
                switch (arguments[at])
                {
                    case "--sessions":
                        Sessions = int.Parse(arguments[++at]);
                        break;
                    case "--only":
                        only = arguments[++at];
                        break;
                    case "--layout":
                        Layout.Print();
                        return 0;
                    case "--misfit":
                        return Misfit.Tell();
                    default:
                        Console.Error.WriteLine("unknown: " + arguments[at]);
                        return 2;
                }
            }
            DataTests.Run();
            SessionTests.Run();
            OwnerTests.Run();
            CallbackTests.Run();
            StoreTests.Run();
            TaskTests.Run();
            LoadingTests.Run();
            RecordTests.Run();
            PurchaseTests.Run();
            CodecTests.Run();
            TestStoreTests.Run();
            MetricsTests.Run();
            ProfileTests.Run();
            DealingTests.Run();
            LeakTests.Run();
            Console.WriteLine(passed + " passed, " + Failed.Count + " failed");
            return Failed.Count == 0 ? 0 : 1;
        }

        /// <summary>Runs one test; afterwards nothing may be left of what it made.</summary>
        internal static void Test(string name, Action body)
        {
            if (!name.Contains(only))
                return;
            Stopwatch watch = Stopwatch.StartNew();
            try
            {
                body();
                Objects.ExpectNone();
                passed++;
            }
            catch (Exception error)
            {
                Failed.Add(name);
                Console.WriteLine("FAILED " + name + ": " + error);
            }
            if (watch.ElapsedMilliseconds > 5000)
                Console.WriteLine("slow: " + name + " took " + watch.ElapsedMilliseconds + " ms");
        }
    }

    internal static class Objects
    {
        /// <summary>Collects what was forgotten and waits until nothing is left.</summary>
        internal static void ExpectNone()
        {
            ObjectCounts counts = default;
            for (int attempt = 0; attempt < 200; attempt++)
            {
                counts = SessionLockerLibrary.CountObjects();
                if (counts.Total == 0)
                    return;
                Collect();
                System.Threading.Thread.Sleep(10);
            }
            throw new Exception("left over: " + counts);
        }

        internal static void Collect()
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            SessionLockerLibrary.EndForgotten();
        }
    }

    internal static class Check
    {
        internal static void Same<T>(T expected, T found, string what = "")
        {
            if (!EqualityComparer<T>.Default.Equals(expected, found))
                throw new Exception(what + ": expected " + expected + ", found " + found);
        }

        internal static void That(bool isSo, string what)
        {
            if (!isSo)
                throw new Exception("not so: " + what);
        }

        internal static T Throws<T>(Action action)
            where T : Exception
        {
            try
            {
                action();
            }
            catch (T error)
            {
                return error;
            }
            throw new Exception("nothing was thrown, but " + typeof(T).Name + " was expected");
        }

        internal static void Fails(Result result, Action action)
        {
            Same(result, Throws<SessionLockerException>(action).Result, "the result");
        }
    }
}
