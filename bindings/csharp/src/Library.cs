using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Text;
using System.Threading;

namespace SessionLocker
{
    /// <summary>The native library cannot be used: it is missing, it cannot be loaded here, or it does not fit.</summary>
    public sealed class SessionLockerLibraryException : Exception
    {
        internal SessionLockerLibraryException(string message, Exception inner)
            : base(message, inner)
        {
        }
    }

    /// <summary>What there is at the moment of each kind of object; see <see cref="SessionLockerLibrary.CountObjects"/>.</summary>
    public readonly struct ObjectCounts
    {
        internal ObjectCounts(int stores, int engines, int specs, int lockers, int documents, int requests, int migrations, int roots)
        {
            Stores = stores;
            Engines = engines;
            Specs = specs;
            Lockers = lockers;
            Documents = documents;
            Requests = requests;
            Migrations = migrations;
            Roots = roots;
        }

        /// <summary>Handles of stores in the library.</summary>
        public int Stores { get; }

        /// <summary>Handles of engines in the library.</summary>
        public int Engines { get; }

        /// <summary>Handles of specs in the library.</summary>
        public int Specs { get; }

        /// <summary>Handles of lockers in the library.</summary>
        public int Lockers { get; }

        /// <summary>Handles of documents in the library.</summary>
        public int Documents { get; }

        /// <summary>Requests to stores of yours that are not answered.</summary>
        public int Requests { get; }

        /// <summary>Sets of migrations in the library.</summary>
        public int Migrations { get; }

        /// <summary>Objects of this binding that the library's callbacks keep alive.</summary>
        public int Roots { get; }

        /// <summary>All of them.</summary>
        public int Total => Stores + Engines + Specs + Lockers + Documents + Requests + Migrations + Roots;

        /// <summary>The counts in words.</summary>
        /// <returns>One line.</returns>
        public override string ToString()
        {
            return $"{Stores} stores, {Engines} engines, {Specs} specs, {Lockers} lockers, {Documents} documents, "
                + $"{Requests} requests, {Migrations} sets of migrations, {Roots} roots";
        }
    }

    /// <summary>The native library as a whole.</summary>
    public static unsafe class SessionLockerLibrary
    {
        private const string MapsFile = "/proc/self/maps";

        private static volatile bool isChecked;
        private static int roots;

        /// <summary>
        /// An exception in a callback that has no other way to be told of: a log sink that throws, a store that throws
        /// where it is cancelled or disposed. Raised on the thread where it happened. All other exceptions become the
        /// result of the callback and are in the log of the engine.
        /// </summary>
        public static event Action<Exception> CallbackFailed;

        /// <summary>The version that this binding was written for.</summary>
        public static string BindingVersion { get; } = string.Join(
            ".", Native.SLK_VERSION_MAJOR, Native.SLK_VERSION_MINOR, Native.SLK_VERSION_PATCH);

        /// <summary>The version of the library that is loaded.</summary>
        /// <exception cref="SessionLockerLibraryException">It cannot be used.</exception>
        public static string Version
        {
            get
            {
                Require();
                return Utf8.Read(Native.slk_version_text());
            }
        }

        /// <summary>The file that the library was loaded from, if the system tells.</summary>
        public static string LoadedFrom => FindLoaded() ?? "";

        /// <summary>Counts what is alive, to find what was not disposed.</summary>
        /// <returns>The counts.</returns>
        public static ObjectCounts CountObjects()
        {
            Require();
            return new ObjectCounts(
                Count(Native.SLK_OBJECT_STORE),
                Count(Native.SLK_OBJECT_ENGINE),
                Count(Native.SLK_OBJECT_SPEC),
                Count(Native.SLK_OBJECT_LOCKER),
                Count(Native.SLK_OBJECT_DOCUMENT),
                Count(Native.SLK_OBJECT_REQUEST),
                Count(Native.SLK_OBJECT_MIGRATIONS),
                Volatile.Read(ref roots));
        }

        /// <summary>
        /// Ends engines and stores that were forgotten instead of disposed, as far as the garbage collector has found
        /// them. A finalizer cannot do that, because ending them may wait and may call callbacks. It is also done
        /// whenever an engine or a store is made.
        /// </summary>
        public static void EndForgotten()
        {
            EndQueue.EndAll();
        }

        /// <summary>Throws unless the library is there and fits.</summary>
        internal static void Require()
        {
            if (isChecked)
                return;
            uint found;
            try
            {
                found = Native.slk_abi_version();
            }
            catch (Exception error) when (error is DllNotFoundException || error is EntryPointNotFoundException || error is BadImageFormatException)
            {
                string problem = error is DllNotFoundException ? "was not found"
                    : error is BadImageFormatException ? "is for another kind of processor"
                    : "is another library of that name";
                throw new SessionLockerLibraryException(Describe("The native library '" + Native.Library + "' " + problem, error.Message), error);
            }
            if (found != Native.SLK_ABI_VERSION)
                throw new SessionLockerLibraryException(Describe(MisfitText(found, Utf8.Read(Native.slk_version_text())), ""), null);
            isChecked = true;
        }

        internal static string MisfitText(uint found, string version)
        {
            return $"The native library is version {version} with binary interface {found}, but this binding, version "
                + $"{BindingVersion}, needs binary interface {Native.SLK_ABI_VERSION}: use the two of one release";
        }

        internal static void Report(Exception error)
        {
            try
            {
                CallbackFailed?.Invoke(error);
            }
            catch (Exception)
            {
                // There is nobody left to tell.
            }
        }

        internal static void AddRoot()
        {
            Interlocked.Increment(ref roots);
        }

        internal static void RemoveRoot()
        {
            Interlocked.Decrement(ref roots);
        }

        private static int Count(int kind)
        {
            return (int)Native.slk_object_count(kind);
        }

        private static string Describe(string problem, string systemWords)
        {
            StringBuilder text = new StringBuilder(problem);
            text.Append(". Loaded: ").Append(FindLoaded() ?? "nothing").Append(". Looked for in: ");
            text.Append(string.Join(", ", SearchedFolders())).Append('.');
            if (systemWords.Length > 0)
                text.Append(" The system says: ").Append(systemWords);
            return text.ToString();
        }

        private static IEnumerable<string> SearchedFolders()
        {
            yield return AppDomain.CurrentDomain.BaseDirectory;
            string assembly = typeof(SessionLockerLibrary).Assembly.Location;
            if (!string.IsNullOrEmpty(assembly))
                yield return Path.GetDirectoryName(assembly);
            if (AppDomain.CurrentDomain.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") is string known && known.Length > 0)
                yield return known;
            foreach (string variable in new[] { "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PATH" })
            {
                string value = Environment.GetEnvironmentVariable(variable);
                if (!string.IsNullOrEmpty(value))
                    yield return variable + "=" + value;
            }
        }

        private static string FindLoaded()
        {
            try
            {
                return File.Exists(MapsFile) ? FindInMaps() : FindInModules();
            }
            catch (Exception)
            {
                // Some platforms do not tell; this is only for people to read.
                return null;
            }
        }

        // Linux and Android: the last column of each line is the file. Mono's list of modules has wrong names there.
        private static string FindInMaps()
        {
            foreach (string line in File.ReadLines(MapsFile))
            {
                int slash = line.IndexOf('/');
                if (slash >= 0 && IsOurs(Path.GetFileName(line)))
                    return line.Substring(slash);
            }
            return null;
        }

        private static string FindInModules()
        {
            foreach (ProcessModule module in Process.GetCurrentProcess().Modules)
            {
                if (IsOurs(module.ModuleName ?? ""))
                    return module.FileName;
            }
            return null;
        }

        private static bool IsOurs(string file)
        {
            return file.StartsWith("libsessionlocker.", StringComparison.Ordinal)
                || file.Equals("sessionlocker.dll", StringComparison.OrdinalIgnoreCase)
                || file == "sessionlocker";
        }
    }

    /// <summary>Handles that wait to be ended by a thread that may wait, and outside of callbacks.</summary>
    internal sealed class EndQueue
    {
        /// <summary>Of owners that the garbage collector found: for moments when waiting is expected.</summary>
        internal static readonly EndQueue Forgotten = new EndQueue();

        /// <summary>Of owners that were disposed, where the library refuses it inside a callback: for the end of the tick.</summary>
        internal static readonly EndQueue Disposed = new EndQueue();

        private readonly ConcurrentQueue<ulong> engines = new ConcurrentQueue<ulong>();
        private readonly ConcurrentQueue<ulong> specs = new ConcurrentQueue<ulong>();
        private readonly ConcurrentQueue<ulong> stores = new ConcurrentQueue<ulong>();
        private readonly ConcurrentQueue<ulong> migrations = new ConcurrentQueue<ulong>();

        internal static void EndAll()
        {
            Disposed.End();
            Forgotten.End();
        }

        internal void AddEngine(ulong id)
        {
            engines.Enqueue(id);
        }

        internal void AddSpec(ulong id)
        {
            specs.Enqueue(id);
        }

        internal void AddStore(ulong id)
        {
            stores.Enqueue(id);
        }

        internal void AddMigrations(ulong id)
        {
            migrations.Enqueue(id);
        }

        /// <summary>Ends them; what cannot be ended here and now stays for the next time.</summary>
        internal void End()
        {
            // Each tick comes here.
            if (specs.IsEmpty && engines.IsEmpty && stores.IsEmpty && migrations.IsEmpty)
                return;
            for (int left = specs.Count; left > 0 && specs.TryDequeue(out ulong id); left--)
            {
                if (IsRefused(Native.slk_spec_destroy(new slk_spec { id = id })))
                    specs.Enqueue(id);
            }
            for (int left = engines.Count; left > 0 && engines.TryDequeue(out ulong id); left--)
            {
                if (IsRefused(Native.slk_engine_destroy(new slk_engine { id = id })))
                    engines.Enqueue(id);
            }
            for (int left = stores.Count; left > 0 && stores.TryDequeue(out ulong id); left--)
            {
                if (IsRefused(Native.slk_store_destroy(new slk_store { id = id })))
                    stores.Enqueue(id);
            }
            for (int left = migrations.Count; left > 0 && migrations.TryDequeue(out ulong id); left--)
            {
                if (IsRefused(Native.slk_migrations_destroy(new slk_migrations { id = id })))
                    migrations.Enqueue(id);
            }
        }

        private static bool IsRefused(int result)
        {
            return result == Native.SLK_E_REENTRANT || result == Native.SLK_E_BUSY;
        }
    }
}
