using System;
using System.Threading;

namespace SessionLocker
{
    /// <summary>When a write to a SQLite file counts as done.</summary>
    public enum SqliteDurability
    {
        /// <summary>When it is on the disk. Survives a power failure.</summary>
        Full = Native.SLK_SQLITE_FULL,

        /// <summary>When the system has it. A power failure may take the last writes.</summary>
        Normal = Native.SLK_SQLITE_NORMAL,
    }

    /// <summary>How to open a SQLite database. What is not set has the library's default.</summary>
    public sealed class SqliteOptions
    {
        /// <summary>When a write counts as done.</summary>
        public SqliteDurability Durability { get; set; }

        /// <summary>Whether a missing or empty file is an error, instead of being made.</summary>
        public bool MustExist { get; set; }

        /// <summary>Move the whole log into the database file when the store is closed, also while others use it.</summary>
        public bool CheckpointAtClose { get; set; }

        /// <summary>How long a request waits for the lock of another process; default 5 seconds.</summary>
        public TimeSpan BusyTimeout { get; set; }

        /// <summary>Threads and connections for reads; default 2.</summary>
        public int ReadThreads { get; set; }

        /// <summary>The most writes in one transaction; default 256.</summary>
        public int Batch { get; set; }
    }

    /// <summary>How a store of yours is used. What is not set has the library's default.</summary>
    public sealed class StoreOptions
    {
        /// <summary>What the store is called in errors and in the log.</summary>
        public string Name { get; set; }

        /// <summary>The largest value that the store takes, in bytes; default 64 MiB.</summary>
        public long MaxValueBytes { get; set; }

        /// <summary>The longest key that the store takes, in bytes; default 512.</summary>
        public int MaxKeyBytes { get; set; }

        /// <summary>
        /// For a blocking store: on how many threads it may be called at once; never for one key at once. Default 1.
        /// </summary>
        public int Threads { get; set; } = 1;
    }

    /// <summary>
    /// Where records live. Disposing ends your use of it; the store itself lives until the last engine that uses it is
    /// gone. May be used by any thread.
    /// </summary>
    public sealed unsafe partial class Store : IDisposable
    {
        private long id;

        private Store(slk_store handle)
        {
            id = (long)handle.id;
        }

        /// <summary>Leaves the ending to the next thread that may wait: see <see cref="SessionLockerLibrary.EndForgotten"/>.</summary>
        ~Store()
        {
            ulong last = (ulong)Interlocked.Exchange(ref id, 0);
            if (last != 0)
                EndQueue.Forgotten.AddStore(last);
        }

        internal slk_store Handle
        {
            get
            {
                ulong now = (ulong)Volatile.Read(ref id);
                return now != 0 ? new slk_store { id = now } : throw new ObjectDisposedException(nameof(Store));
            }
        }

        /// <summary>Opens a store in the memory of this process, for tests. Engines of one process can share it.</summary>
        /// <returns>The store.</returns>
        public static Store OpenMemory()
        {
            Begin();
            slk_store handle;
            Failure.Check(Native.slk_store_open_memory(&handle));
            return new Store(handle);
        }

        /// <summary>
        /// Opens a SQLite database, or makes it: the embedded store, for one machine. Any number of processes of the
        /// machine may use the file.
        /// </summary>
        /// <param name="path">The file.</param>
        /// <param name="options">How; null for the defaults.</param>
        /// <returns>The store.</returns>
        public static Store OpenSqlite(string path, SqliteOptions options = null)
        {
            Begin();
            slk_sqlite_options native = default;
            Failure.Check(Native.slk_sqlite_options_init(&native, (nuint)sizeof(slk_sqlite_options)));
            if (options != null)
            {
                native.durability = (int)options.Durability;
                native.flags |= options.MustExist ? (uint)Native.SLK_SQLITE_MUST_EXIST : 0;
                native.flags |= options.CheckpointAtClose ? (uint)Native.SLK_SQLITE_CHECKPOINT_AT_CLOSE : 0;
                native.busy_timeout_ms = Milliseconds.Of(options.BusyTimeout, nameof(options.BusyTimeout));
                native.read_threads = checked((uint)options.ReadThreads);
                native.batch = checked((uint)options.Batch);
            }
            using Utf8 file = new Utf8(path, stackalloc byte[Utf8.OnStack], nameof(path));
            slk_store handle;
            fixed (byte* bytes = file)
                Failure.Check(Native.slk_store_open_sqlite(bytes, &native, &handle));
            return new Store(handle);
        }

        /// <summary>Makes a store of yours one of the library, called on threads of the library.</summary>
        /// <param name="store">Your store.</param>
        /// <param name="options">How it is used; null for the defaults.</param>
        /// <returns>The store.</returns>
        public static Store Create(IBlockingStore store, StoreOptions options = null)
        {
            bool isConcurrent = options != null && options.Threads > 1;
            int mode = isConcurrent ? Native.SLK_STORE_BLOCKING_CONCURRENT : Native.SLK_STORE_BLOCKING;
            return Create(new BlockingStoreState(store ?? throw new ArgumentNullException(nameof(store))), mode, options);
        }

        /// <summary>Makes a store of yours one of the library, called on the thread that ticks.</summary>
        /// <param name="store">Your store.</param>
        /// <param name="options">How it is used; null for the defaults.</param>
        /// <returns>The store.</returns>
        public static Store Create(IAsyncStore store, StoreOptions options = null)
        {
            AsyncStoreState state = new AsyncStoreState(store ?? throw new ArgumentNullException(nameof(store)));
            return Create(state, Native.SLK_STORE_ASYNCHRONOUS, options);
        }

        /// <summary>
        /// Says that a key may have changed, where the store gets to know that: whoever waits for it looks at once. A hint;
        /// nothing depends on it. Without effect after disposing.
        /// </summary>
        /// <param name="kind">What kind of key it is.</param>
        /// <param name="spec">The name of the record's spec; null for a server record.</param>
        /// <param name="key">The record's key or the server's id.</param>
        public void Notify(KeyKind kind, string spec, string key)
        {
            ulong now = (ulong)Volatile.Read(ref id);
            // What listens to a database may hear something after the end.
            if (now == 0)
                return;
            using Utf8 specName = Utf8.Optional(spec, stackalloc byte[Utf8.OnStack], nameof(spec));
            using Utf8 keyName = new Utf8(key, stackalloc byte[Utf8.OnStack], nameof(key));
            fixed (byte* specBytes = specName)
            fixed (byte* keyBytes = keyName)
                Failure.Check(Native.slk_store_notify(new slk_store { id = now }, (int)kind, specBytes, keyBytes));
            GC.KeepAlive(this);
        }

        /// <summary>
        /// Ends your use of the store. If no engine uses it, waits until the requests that its threads are carrying out
        /// are done. May be called again, and by any thread; inside a callback, the end comes later.
        /// </summary>
        public void Dispose()
        {
            ulong last = (ulong)Interlocked.Exchange(ref id, 0);
            GC.SuppressFinalize(this);
            if (last == 0)
                return;
            EndQueue.Disposed.AddStore(last);
            EndQueue.Disposed.End();
        }

        private static Store Create(StoreState state, int mode, StoreOptions options)
        {
            Begin();
            slk_store_callbacks callbacks = default;
            Failure.Check(Native.slk_store_callbacks_init(&callbacks, (nuint)sizeof(slk_store_callbacks)));
            callbacks.mode = mode;
            if (options != null)
            {
                callbacks.max_value_bytes = checked((ulong)options.MaxValueBytes);
                callbacks.max_key_bytes = checked((uint)options.MaxKeyBytes);
                callbacks.threads = mode == Native.SLK_STORE_BLOCKING_CONCURRENT ? (uint)options.Threads : 0;
            }
            state.SetCallbacks(ref callbacks);
            using Utf8 name = Utf8.Optional(options?.Name, stackalloc byte[Utf8.OnStack], nameof(options.Name));
            slk_store handle;
            fixed (byte* bytes = name)
            {
                callbacks.name = bytes;
                callbacks.user_data = state.Enroot();
                int result = Native.slk_store_create(&callbacks, &handle);
                if (result != Native.SLK_OK)
                {
                    state.Uproot();
                    throw Failure.Of(result);
                }
            }
            return new Store(handle);
        }

        private static void Begin()
        {
            SessionLockerLibrary.Require();
            EndQueue.EndAll();
        }
    }

    /// <summary>Times as the library takes them.</summary>
    internal static class Milliseconds
    {
        internal static uint Of(TimeSpan time, string what)
        {
            double milliseconds = time.TotalMilliseconds;
            if (milliseconds < 0 || milliseconds > uint.MaxValue)
                throw new ArgumentOutOfRangeException(what, time, "not a time of up to 49 days");
            // 0 stands for the default, so a tiny time must not become it.
            return time > TimeSpan.Zero && milliseconds < 1 ? 1 : (uint)milliseconds;
        }
    }
}
