using System;
using System.Threading;

namespace SessionLocker
{
    /// <summary>
    /// The configuration that records of one kind share. Disposing ends your use of it; lockers of it and its callbacks
    /// live on until the engine is disposed, and so there is no need to.
    /// </summary>
    public sealed unsafe partial class Spec : IDisposable
    {
        private long isDisposed;

        internal Spec(Engine engine, SpecOptions options)
        {
            Engine = engine;
            Name = options.Name;
            SpecState state = new SpecState(engine, options.Copy());
            slk_spec_options native = default;
            Failure.Check(Native.slk_spec_options_init(&native, (nuint)sizeof(slk_spec_options)));
            CopyNumbers(options, ref native);
            state.SetCallbacks(ref native);
            bool isJson = options.DataKind == DataKind.Json;
            using Utf8 name = new Utf8(options.Name, stackalloc byte[Utf8.OnStack], nameof(options.Name));
            using Utf8 json = isJson ? Utf8.Optional(options.DefaultJson, stackalloc byte[Utf8.OnStack], nameof(options.DefaultJson)) : default;
            using Utf8 codec = Utf8.Optional(options.Codec?.Name, stackalloc byte[Utf8.OnStack], nameof(options.Codec));
            slk_spec handle;
            fixed (byte* nameBytes = name)
            fixed (byte* codecBytes = codec)
            fixed (byte* jsonBytes = json)
            fixed (byte* defaultBytes = isJson ? null : options.DefaultBytes)
            {
                native.name = nameBytes;
                native.codec_name = codecBytes;
                native.default_data = isJson ? jsonBytes : defaultBytes;
                native.default_data_length = isJson ? (nuint)json.Length : (nuint)(options.DefaultBytes?.Length ?? 0);
                native.user_data = state.Enroot();
                int result = Native.slk_spec_create(engine.Handle, &native, &handle);
                if (result != Native.SLK_OK)
                {
                    state.Uproot();
                    throw Failure.Of(result);
                }
            }
            Id = handle.id;
            engine.Add(this);
            options.Migrations?.UseIn(engine);
            GC.KeepAlive(engine);
            GC.KeepAlive(options);
        }

        /// <summary>Its engine.</summary>
        public Engine Engine { get; }

        /// <summary>Its name.</summary>
        public string Name { get; }

        internal ulong Id { get; }

        internal slk_spec Handle
        {
            get
            {
                if (Volatile.Read(ref isDisposed) != 0 || Engine.IsEnded)
                    throw new ObjectDisposedException(nameof(Spec));
                return new slk_spec { id = Id };
            }
        }

        /// <summary>
        /// Makes a locker for a key. It is at rest until it is marked as wanted. A second locker for a key is another
        /// owner of the same session.
        /// </summary>
        /// <param name="key">The record's key, such as the player's id.</param>
        /// <param name="tag">Anything that the game wants to find again in <see cref="Locker.Tag"/>.</param>
        /// <returns>The locker.</returns>
        public Locker CreateLocker(string key, object tag = null)
        {
            return Create(key, tag, false);
        }

        /// <summary>
        /// Makes a locker for a player who is not real, such as a bot: it loads the default data, saves, buys and sends as
        /// any other, and nothing of it ever leaves the memory of this process. Its key names another record than the same
        /// key of a real player.
        /// </summary>
        /// <param name="key">The record's key.</param>
        /// <param name="tag">As for <see cref="CreateLocker"/>.</param>
        /// <returns>The locker.</returns>
        public Locker CreateArtificialLocker(string key, object tag = null)
        {
            return Create(key, tag, true);
        }

        /// <summary>Ends your use of the spec. May be called again, and by any thread.</summary>
        public void Dispose()
        {
            if (Interlocked.Exchange(ref isDisposed, 1) != 0 || Engine.IsEnded)
                return;
            Engine.Remove(this);
            EndQueue.Disposed.AddSpec(Id);
            EndQueue.Disposed.End();
        }

        private static void CopyNumbers(SpecOptions options, ref slk_spec_options native)
        {
            native.schema_version = checked((uint)options.SchemaVersion);
            native.store = (options.Store ?? throw new ArgumentException("the store is missing", nameof(options))).Handle;
            native.data_kind = (int)options.DataKind;
            native.handover_mode = (int)options.HandoverMode;
            native.handover_delay_ms = Milliseconds.Of(options.HandoverDelay, nameof(options.HandoverDelay));
            native.autosave_ms = Milliseconds.Of(options.Autosave, nameof(options.Autosave));
            native.retry_min_ms = Milliseconds.Of(options.RetryMin, nameof(options.RetryMin));
            native.retry_max_ms = Milliseconds.Of(options.RetryMax, nameof(options.RetryMax));
            native.flags = options.Flags;
            native.import_schema_version = checked((uint)options.ImportSchemaVersion);
            native.inbox_limit = checked((uint)options.InboxLimit);
            native.max_value_bytes = checked((ulong)options.MaxValueBytes);
            native.size_warning_percent = checked((uint)options.SizeWarningPercent);
            native.purchase_history = checked((uint)options.PurchaseHistory);
            native.codec = options.Codec?.Kind ?? Native.SLK_CODEC_NONE;
            native.codec_level = options.Codec?.Level ?? 0;
            if (options.Migrations != null)
                native.migrations = options.Migrations.Handle;
        }

        private Locker Create(string key, object tag, bool isArtificial)
        {
            using Utf8 name = new Utf8(key, stackalloc byte[Utf8.OnStack], nameof(key));
            slk_spec spec = Handle;
            slk_locker handle;
            fixed (byte* bytes = name)
            {
                Failure.Check(isArtificial
                    ? Native.slk_locker_create_artificial(spec, bytes, 0, &handle)
                    : Native.slk_locker_create(spec, bytes, 0, &handle));
            }
            return new Locker(this, key, tag, handle.id, isArtificial);
        }
    }
}
