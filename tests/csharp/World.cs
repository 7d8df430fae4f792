using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Diagnostics;
using System.Text;
using System.Threading;
using System.Threading.Tasks;

namespace SessionLocker.Tests
{
    /// <summary>An engine on a store, and the loop that ticks it.</summary>
    internal sealed class World : IDisposable
    {
        private readonly bool ownsStore;

        internal World(Action<SpecOptions> change = null, Action<EngineOptions> changeEngine = null, Store store = null, string server = null)
        {
            ownsStore = store == null;
            Store = store ?? Store.OpenMemory();
            EngineOptions options = new EngineOptions { ServerId = server, LogLevel = LogLevel.Warning, Log = (level, text) => Log.Enqueue(level + " " + text) };
            changeEngine?.Invoke(options);
            Engine = new Engine(options);
            SpecOptions spec = new SpecOptions { Name = "player", Store = Store, SchemaVersion = 1, DefaultJson = "{\"gold\":0}" };
            change?.Invoke(spec);
            Spec = Engine.CreateSpec(spec);
        }

        internal Store Store { get; }

        internal Engine Engine { get; }

        internal Spec Spec { get; }

        internal ConcurrentQueue<string> Log { get; } = new ConcurrentQueue<string>();

        internal string LogText => string.Join("\n", Log);

        internal Locker Load(string key)
        {
            Locker locker = Spec.CreateLocker(key);
            TickTask loaded = locker.LoadAsync();
            Until(() => loaded.IsCompleted, "load " + key);
            loaded.GetResult();
            return locker;
        }

        internal void Until(Func<bool> isDone, string what)
        {
            Loop.Until(() => Engine.Tick(), isDone, what);
        }

        internal T Wait<T>(TickTask<T> task, string what = "a task")
        {
            Until(() => task.IsCompleted, what);
            return task.GetResult();
        }

        public void Dispose()
        {
            Engine.Dispose();
            if (ownsStore)
                Store.Dispose();
        }
    }

    internal static class Loop
    {
        internal static void Until(Action tick, Func<bool> isDone, string what)
        {
            Stopwatch watch = Stopwatch.StartNew();
            while (!isDone())
            {
                if (watch.ElapsedMilliseconds > 30000)
                    throw new TimeoutException("in 30 s there was no " + what);
                tick();
                if (!isDone())
                    Thread.Sleep(1);
            }
        }
    }

    /// <summary>A dictionary with compare-and-set: what the stores of the tests are made of.</summary>
    internal sealed class Shelf
    {
        private readonly Dictionary<string, KeyValuePair<byte[], long>> values = new Dictionary<string, KeyValuePair<byte[], long>>();
        private long lastVersion;

        internal int Calls;

        internal StoreAnswer Get(KeyKind kind, string spec, string key)
        {
            lock (values)
            {
                Calls++;
                return values.TryGetValue(Name(kind, spec, key), out KeyValuePair<byte[], long> found)
                    ? StoreAnswer.Found(found.Key, BitConverter.GetBytes(found.Value))
                    : StoreAnswer.Missing;
            }
        }

        internal StoreAnswer Put(KeyKind kind, string spec, string key, byte[] value, byte[] expected)
        {
            lock (values)
            {
                Calls++;
                if (!IsExpected(Name(kind, spec, key), expected))
                    return StoreAnswer.Conflict;
                values[Name(kind, spec, key)] = new KeyValuePair<byte[], long>(value, ++lastVersion);
                return StoreAnswer.Written(BitConverter.GetBytes(lastVersion));
            }
        }

        internal StoreAnswer Remove(KeyKind kind, string spec, string key, byte[] expected)
        {
            lock (values)
            {
                Calls++;
                if (!IsExpected(Name(kind, spec, key), expected))
                    return StoreAnswer.Conflict;
                values.Remove(Name(kind, spec, key));
                return StoreAnswer.Removed;
            }
        }

        internal StoreAnswer List(KeyKind kind, string spec, string after, int limit)
        {
            lock (values)
            {
                Calls++;
                string prefix = Name(kind, spec, "");
                List<string> names = new List<string>();
                foreach (string name in values.Keys)
                {
                    if (name.StartsWith(prefix, StringComparison.Ordinal) && string.CompareOrdinal(name, prefix + after) > 0)
                        names.Add(name.Substring(prefix.Length));
                }
                names.Sort(string.CompareOrdinal);
                bool hasMore = names.Count > limit;
                return StoreAnswer.Keys(hasMore ? names.GetRange(0, limit) : names, hasMore);
            }
        }

        internal void Erase(string key)
        {
            lock (values)
                values.Remove(Name(KeyKind.Record, "player", key));
        }

        internal string TextOf(string key)
        {
            lock (values)
                return Encoding.UTF8.GetString(values[Name(KeyKind.Record, "player", key)].Key);
        }

        private static string Name(KeyKind kind, string spec, string key)
        {
            return kind + "/" + spec.Length + "/" + spec + "/" + key;
        }

        private bool IsExpected(string name, byte[] expected)
        {
            bool isThere = values.TryGetValue(name, out KeyValuePair<byte[], long> found);
            if (expected == null)
                return !isThere;
            return isThere && expected.Length == sizeof(long) && BitConverter.ToInt64(expected, 0) == found.Value;
        }
    }

    internal sealed class BlockingShelf : IListingStore, IDisposable
    {
        internal readonly Shelf Shelf = new Shelf();
        internal Action<string> Before = name => { };
        internal int Disposed;

        public StoreAnswer Get(in StoreRequest request)
        {
            Before("get");
            return Shelf.Get(request.KeyKind, request.Spec, request.Key);
        }

        public StoreAnswer Put(in StoreRequest request)
        {
            Before("put");
            return Shelf.Put(request.KeyKind, request.Spec, request.Key, request.Value.ToArray(), request.HasVersion ? request.Version.ToArray() : null);
        }

        public StoreAnswer Remove(in StoreRequest request)
        {
            Before("remove");
            return Shelf.Remove(request.KeyKind, request.Spec, request.Key, request.Version.ToArray());
        }

        public StoreAnswer List(in StoreRequest request)
        {
            Before("list");
            return Shelf.List(request.KeyKind, request.Spec, request.Key, request.Limit);
        }

        public void Dispose()
        {
            Interlocked.Increment(ref Disposed);
            Before("dispose");
        }
    }

    internal enum AnswerTime
    {
        AtOnce,
        OnPool,
        Never,
    }

    internal sealed class AsyncShelf : IAsyncListingStore, IDisposable
    {
        internal readonly Shelf Shelf = new Shelf();
        internal Action<string> Before = name => { };
        internal AnswerTime Time = AnswerTime.OnPool;
        internal int Disposed;
        internal int Cancelled;
        private readonly List<TaskCompletionSource<StoreAnswer>> forgotten = new List<TaskCompletionSource<StoreAnswer>>();

        public Task<StoreAnswer> GetAsync(AsyncStoreRequest request, CancellationToken cancellation)
        {
            return Answer("get", () => Shelf.Get(request.KeyKind, request.Spec, request.Key), cancellation);
        }

        public Task<StoreAnswer> PutAsync(AsyncStoreRequest request, CancellationToken cancellation)
        {
            return Answer("put", () => Shelf.Put(request.KeyKind, request.Spec, request.Key, request.Value, request.Version), cancellation);
        }

        public Task<StoreAnswer> RemoveAsync(AsyncStoreRequest request, CancellationToken cancellation)
        {
            return Answer("remove", () => Shelf.Remove(request.KeyKind, request.Spec, request.Key, request.Version), cancellation);
        }

        public Task<StoreAnswer> ListAsync(AsyncStoreRequest request, CancellationToken cancellation)
        {
            return Answer("list", () => Shelf.List(request.KeyKind, request.Spec, request.Key, request.Limit), cancellation);
        }

        public void Dispose()
        {
            Interlocked.Increment(ref Disposed);
            Before("dispose");
        }

        /// <summary>Ends what was never answered.</summary>
        internal void Forget()
        {
            forgotten.ForEach(task => task.TrySetCanceled());
        }

        private Task<StoreAnswer> Answer(string name, Func<StoreAnswer> work, CancellationToken cancellation)
        {
            Before(name);
            if (Time == AnswerTime.AtOnce)
                return Task.FromResult(work());
            if (Time == AnswerTime.OnPool)
                return Task.Run(work);
            TaskCompletionSource<StoreAnswer> never = new TaskCompletionSource<StoreAnswer>();
            forgotten.Add(never);
            cancellation.Register(() =>
            {
                Interlocked.Increment(ref Cancelled);
                Before("cancel");
                never.TrySetCanceled();
            });
            return never.Task;
        }
    }

    /// <summary>A player's data, and the few lines that a game would write on top of its JSON library.</summary>
    internal sealed class Player
    {
        internal long Gold;
        internal string Name = "";
    }

    internal sealed class PlayerSerializer : IDataSerializer<Player>
    {
        public void Write(Player value, System.Buffers.IBufferWriter<byte> output)
        {
            byte[] text = Encoding.UTF8.GetBytes("{\"gold\":" + value.Gold + ",\"name\":\"" + value.Name + "\"}");
            text.AsSpan().CopyTo(output.GetSpan(text.Length));
            output.Advance(text.Length);
        }

        public Player Read(ReadOnlySpan<byte> json)
        {
            string text = Encoding.UTF8.GetString(json);
            return new Player { Gold = long.Parse(After(text, "\"gold\":", ',')), Name = After(text, "\"name\":\"", '"') };
        }

        private static string After(string text, string name, char end)
        {
            int start = text.IndexOf(name, StringComparison.Ordinal) + name.Length;
            return text.Substring(start, text.IndexOf(end, start) - start);
        }
    }
}
