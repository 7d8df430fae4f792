using System;
using System.Runtime.InteropServices;
using System.Threading;

namespace SessionLocker
{
    /// <summary>
    /// The configuration that records of one kind share. Disposing ends your use of it; lockers of it and its callbacks
    /// live on until the engine is disposed, and so there is no need to.
    /// </summary>
    public sealed unsafe class Spec : IDisposable
    {
        private long isDisposed;

        internal Spec(Engine engine, SpecOptions options)
        {
            Engine = engine;
            Name = options.Name;
            SpecState state = new SpecState(engine, options.Copy());
            slk_spec_options native = default;
            Failure.Check(Native.slk_spec_options_init(&native, (nuint)sizeof(slk_spec_options)));
            native.schema_version = checked((uint)options.SchemaVersion);
            native.store = (options.Store ?? throw new ArgumentException("the store is missing", nameof(options))).Handle;
            native.data_kind = (int)options.DataKind;
            native.handover_mode = (int)options.HandoverMode;
            native.handover_delay_ms = Milliseconds.Of(options.HandoverDelay, nameof(options.HandoverDelay));
            native.autosave_ms = Milliseconds.Of(options.Autosave, nameof(options.Autosave));
            native.retry_min_ms = Milliseconds.Of(options.RetryMin, nameof(options.RetryMin));
            native.retry_max_ms = Milliseconds.Of(options.RetryMax, nameof(options.RetryMax));
            state.SetCallbacks(ref native);
            bool isJson = options.DataKind == DataKind.Json;
            using Utf8 name = new Utf8(options.Name, stackalloc byte[Utf8.OnStack], nameof(options.Name));
            using Utf8 json = isJson ? Utf8.Optional(options.DefaultJson, stackalloc byte[Utf8.OnStack], nameof(options.DefaultJson)) : default;
            slk_spec handle;
            fixed (byte* nameBytes = name)
            fixed (byte* jsonBytes = json)
            fixed (byte* defaultBytes = isJson ? null : options.DefaultBytes)
            {
                native.name = nameBytes;
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
            GC.KeepAlive(engine);
            GC.KeepAlive(options);
        }

        /// <summary>Its engine.</summary>
        public Engine Engine { get; }

        /// <summary>Its name.</summary>
        public string Name { get; }

        internal ulong Id { get; }

        /// <summary>
        /// Makes a locker for a key. It is at rest until it is marked as wanted. A second locker for a key is another
        /// owner of the same session.
        /// </summary>
        /// <param name="key">The record's key, such as the player's id.</param>
        /// <param name="tag">Anything that the game wants to find again in <see cref="Locker.Tag"/>.</param>
        /// <returns>The locker.</returns>
        public Locker CreateLocker(string key, object tag = null)
        {
            using Utf8 name = new Utf8(key, stackalloc byte[Utf8.OnStack], nameof(key));
            if (Volatile.Read(ref isDisposed) != 0 || Engine.IsEnded)
                throw new ObjectDisposedException(nameof(Spec));
            slk_locker handle;
            fixed (byte* bytes = name)
                Failure.Check(Native.slk_locker_create(new slk_spec { id = Id }, bytes, 0, &handle));
            return new Locker(this, key, tag, handle.id);
        }

        /// <summary>Ends your use of the spec. May be called again, and by any thread.</summary>
        public void Dispose()
        {
            if (Interlocked.Exchange(ref isDisposed, 1) != 0 || Engine.IsEnded)
                return;
            EndQueue.Disposed.AddSpec(Id);
            EndQueue.Disposed.End();
        }
    }

    /// <summary>What the callbacks of a spec lead to.</summary>
    internal sealed unsafe class SpecState : CallbackState
    {
        private static readonly slk_default_data DefaultDataDelegate = DefaultData;
        private static readonly slk_before_save BeforeSaveDelegate = BeforeSave;
        private static readonly slk_apply_receipt ApplyDelegate = Apply;
        private static readonly IntPtr DefaultDataPointer = Marshal.GetFunctionPointerForDelegate(DefaultDataDelegate);
        private static readonly IntPtr BeforeSavePointer = Marshal.GetFunctionPointerForDelegate(BeforeSaveDelegate);
        private static readonly IntPtr ApplyPointer = Marshal.GetFunctionPointerForDelegate(ApplyDelegate);

        // Weak, so that a forgotten engine can be found by the garbage collector. While a callback runs it is alive.
        private readonly WeakReference<Engine> engine;
        private readonly SpecOptions options;

        internal SpecState(Engine engine, SpecOptions options)
        {
            this.engine = new WeakReference<Engine>(engine);
            this.options = options;
        }

        internal void SetCallbacks(ref slk_spec_options native)
        {
            if (options.DefaultDataFor != null)
                native.default_data_for = DefaultDataPointer;
            if (options.BeforeSave != null)
                native.before_save = BeforeSavePointer;
            if (options.ApplyPurchase != null)
                native.apply_receipt = ApplyPointer;
            native.destroy = DestroyPointer;
        }

        private Locker Find(slk_locker handle)
        {
            return engine.TryGetTarget(out Engine target) ? target.Find(handle) : null;
        }

        [MonoPInvokeCallback(typeof(slk_default_data))]
        private static int DefaultData(void* userData, byte* key, slk_document draft, slk_error_sink error)
        {
            Document shown = new Document(draft, false);
            try
            {
                From<SpecState>(userData).options.DefaultDataFor(Utf8.Read(key), shown);
                return Native.SLK_OK;
            }
            catch (Exception thrown)
            {
                return Explain(error, thrown);
            }
            finally
            {
                shown.EndLoan();
            }
        }

        [MonoPInvokeCallback(typeof(slk_before_save))]
        private static int BeforeSave(void* userData, slk_save_view* save, slk_document draft, slk_error_sink error)
        {
            Document shown = new Document(draft, false);
            try
            {
                SpecState state = From<SpecState>(userData);
                Locker locker = state.Find(save->locker);
                string key = locker != null ? locker.Key : Utf8.Read(save->key);
                state.options.BeforeSave(new SaveInfo(locker, key, (SaveReason)save->reason), shown);
                return Native.SLK_OK;
            }
            catch (Exception thrown)
            {
                return Explain(error, thrown);
            }
            finally
            {
                shown.EndLoan();
            }
        }

        [MonoPInvokeCallback(typeof(slk_apply_receipt))]
        private static int Apply(void* userData, slk_receipt_view* receipt, slk_document draft, slk_error_sink error)
        {
            Document shown = new Document(draft, false);
            try
            {
                SpecState state = From<SpecState>(userData);
                PurchaseInfo purchase = new PurchaseInfo(receipt, state.Find(receipt->locker));
                return (int)state.options.ApplyPurchase(purchase, shown);
            }
            catch (Exception thrown)
            {
                return Explain(error, thrown);
            }
            finally
            {
                shown.EndLoan();
            }
        }
    }
}
