using System;
using System.Collections.Generic;
using System.Runtime.ExceptionServices;
using System.Threading;

namespace SessionLocker
{
    /// <summary>
    /// One game server: its lockers, its clock, its events. The game loop calls <see cref="Tick"/>; everything of it
    /// happens inside: callbacks, events, what follows an <c>await</c>. Only one thread at a time may tick; all else may
    /// be called by any thread.
    /// </summary>
    public sealed unsafe partial class Engine : IDisposable
    {
        private readonly EngineState state;
        private readonly List<Exception> handlerErrors = new List<Exception>();
        private long id;
        private int isTicking;

        /// <summary>Makes an engine.</summary>
        /// <param name="options">How it is set up; copied. Null for the defaults.</param>
        /// <exception cref="SessionLockerLibraryException">The native library cannot be used.</exception>
        public Engine(EngineOptions options = null)
        {
            SessionLockerLibrary.Require();
            EndQueue.EndAll();
            options = options == null ? new EngineOptions() : options.Copy();
            state = new EngineState(options);
            slk_engine_options native = default;
            Failure.Check(Native.slk_engine_options_init(&native, (nuint)sizeof(slk_engine_options), Native.SLK_ABI_VERSION));
            native.lease_ms = Milliseconds.Of(options.Lease, nameof(options.Lease));
            native.beat_interval_ms = Milliseconds.Of(options.BeatInterval, nameof(options.BeatInterval));
            native.request_timeout_ms = Milliseconds.Of(options.RequestTimeout, nameof(options.RequestTimeout));
            native.max_requests_in_flight = checked((uint)options.MaxRequestsInFlight);
            native.max_requests_per_second = checked((uint)options.MaxRequestsPerSecond);
            native.mask_ids = options.MaskIds ? 1 : 0;
            native.seed = options.Seed;
            native.flags = options.PredecessorGone ? (uint)Native.SLK_ENGINE_PREDECESSOR_GONE : 0;
            state.SetCallbacks(ref native);
            using Utf8 serverId = Utf8.Optional(options.ServerId, stackalloc byte[Utf8.OnStack], nameof(options.ServerId));
            slk_engine handle;
            fixed (byte* bytes = serverId)
            {
                native.server_id = bytes;
                native.user_data = state.Enroot();
                int result = Native.slk_engine_create(&native, &handle);
                if (result != Native.SLK_OK)
                {
                    state.Uproot();
                    throw Failure.Of(result);
                }
            }
            id = (long)handle.id;
        }

        /// <summary>Leaves the ending to the next thread that may wait: see <see cref="SessionLockerLibrary.EndForgotten"/>.</summary>
        ~Engine()
        {
            ulong last = (ulong)Interlocked.Exchange(ref id, 0);
            if (last != 0)
                EndQueue.Forgotten.AddEngine(last);
        }

        /// <summary>Each event, before the event of its own kind.</summary>
        public event Action<Event> EventReceived;

        /// <summary>A record is loaded and held. The player may be let in.</summary>
        public event Action<Event> Loaded;

        /// <summary>Loading takes a new turn.</summary>
        public event Action<Event> LoadStatusChanged;

        /// <summary>A record was saved and let go.</summary>
        public event Action<Event> Released;

        /// <summary>A session is over, and not by our release. The player must be kicked.</summary>
        public event Action<Event> Lost;

        /// <summary>Changes are saved.</summary>
        public event Action<Event> Saved;

        /// <summary>Another server asks for a record.</summary>
        public event Action<Event> HandoverRequested;

        /// <summary>A receipt was dealt with: answer the platform now.</summary>
        public event Action<Event> ReceiptSettled;

        /// <summary>A use of credit was dealt with.</summary>
        public event Action<Event> CreditUsed;

        /// <summary>The player's credit for a product is another one from now on.</summary>
        public event Action<Event> CreditChanged;

        /// <summary>A change that somebody sent has taken effect and is saved.</summary>
        public event Action<Event> ChangeApplied;

        /// <summary>
        /// Something is wrong: a save that is tried again or refused, a callback of yours that failed, a store that does not
        /// take signs of life or is in a critical state, a server id that another process uses, sessions that are in doubt,
        /// a record that grows too large, a change of which it cannot be known whether it arrived.
        /// </summary>
        public event Action<Event> Trouble;

        /// <summary>Sessions are available again after they had been in doubt.</summary>
        public event Action<Event> Available;

        /// <summary>A store is well again after a critical state.</summary>
        public event Action<Event> StoreRecovered;

        /// <summary>The shutdown is over.</summary>
        public event Action<Event> ShutdownDone;

        internal TickQueue Queue { get; } = new TickQueue();

        internal bool IsEnded => Volatile.Read(ref id) == 0;

        internal slk_engine Handle
        {
            get
            {
                ulong now = (ulong)Volatile.Read(ref id);
                return now != 0 ? new slk_engine { id = now } : throw new ObjectDisposedException(nameof(Engine));
            }
        }

        /// <summary>
        /// One step of the game loop: lets the library work, raises the events, and goes on behind each <c>await</c> that
        /// is done. Never waits. An exception of a handler is logged, does not keep the others from being called, and is
        /// thrown from here in the end.
        /// </summary>
        /// <param name="budget">Let the library stop after this time; at least one step is done. Zero: no limit.</param>
        public void Tick(TimeSpan budget = default)
        {
            Enter();
            try
            {
                UpdateNow(budget);
                RaiseAll();
            }
            finally
            {
                Leave();
            }
            ThrowHandlerErrors();
        }

        /// <summary>
        /// Lets the library work. For hosts that take the events themselves, by <see cref="TryNextEvent"/> or
        /// <see cref="Dispatch"/>.
        /// </summary>
        /// <param name="budget">Stop after this time; at least one step is done. Zero: no limit.</param>
        public void Update(TimeSpan budget = default)
        {
            Enter();
            try
            {
                UpdateNow(budget);
            }
            finally
            {
                Leave();
            }
        }

        /// <summary>Raises the events that wait, as <see cref="Tick"/> does.</summary>
        public void Dispatch()
        {
            Enter();
            try
            {
                RaiseAll();
            }
            finally
            {
                Leave();
            }
            ThrowHandlerErrors();
        }

        /// <summary>
        /// Takes the next event, for a loop with a <c>switch</c>. C# events are not raised for it; what awaits it goes on
        /// inside this call.
        /// </summary>
        /// <param name="next">The event.</param>
        /// <returns>Whether there was one.</returns>
        public bool TryNextEvent(out Event next)
        {
            bool isThere;
            Enter();
            try
            {
                isThere = TakeEvent(out next);
                if (!isThere)
                    Queue.Run(OnHandlerFailed);
            }
            finally
            {
                Leave();
            }
            ThrowHandlerErrors();
            return isThere;
        }

        /// <summary>Makes a spec: a kind of record.</summary>
        /// <param name="options">How it is set up; copied.</param>
        /// <returns>The spec; it ends with the engine at the latest.</returns>
        public Spec CreateSpec(SpecOptions options)
        {
            return new Spec(this, options ?? throw new ArgumentNullException(nameof(options)));
        }

        /// <summary>
        /// Begins to save and release everything, what would be lost first. Go on ticking until
        /// <see cref="ShutdownDone"/>. Calling it again can only bring the deadline nearer.
        /// </summary>
        /// <param name="deadline">After this time it is over at the latest.</param>
        public void BeginShutdown(TimeSpan deadline)
        {
            Failure.Check(Native.slk_engine_begin_shutdown(Handle, Milliseconds.Of(deadline, nameof(deadline))));
        }

        /// <summary>The same, to be awaited while the game loop goes on ticking.</summary>
        /// <param name="deadline">After this time it is over at the latest.</param>
        /// <returns>How many lockers were left behind.</returns>
        public TickTask<int> ShutdownAsync(TimeSpan deadline)
        {
            TickTask<int> task = new TickTask<int>(Queue);
            lock (Sync)
                shutdowns.Add(task);
            try
            {
                BeginShutdown(deadline);
            }
            catch
            {
                lock (Sync)
                    shutdowns.Remove(task);
                throw;
            }
            return task;
        }

        /// <summary>
        /// Saves and releases everything, updating by itself until that is done: for programs whose stores do not need
        /// the calling thread. Blocks; then raises the events.
        /// </summary>
        /// <param name="deadline">Return after this time at the latest.</param>
        /// <returns>Whether everything was saved and released.</returns>
        public bool Shutdown(TimeSpan deadline)
        {
            bool isAll;
            Enter();
            try
            {
                int result = Native.slk_engine_shutdown(Handle, Milliseconds.Of(deadline, nameof(deadline)));
                isAll = result == Native.SLK_OK;
                if (result != Native.SLK_PENDING)
                    Failure.Check(result);
                RaiseAll();
            }
            finally
            {
                Leave();
            }
            ThrowHandlerErrors();
            return isAll;
        }

        /// <summary>
        /// Ends the engine and all that it made, at once: what is not saved is not saved, and its sessions stay locked
        /// until the lease is over. Use <see cref="ShutdownAsync"/> or <see cref="Shutdown"/> before. What is still
        /// awaited fails with an <see cref="ObjectDisposedException"/>. May be called again, and by any thread; inside a
        /// callback or an event the end comes when the tick ends.
        /// </summary>
        public void Dispose()
        {
            ulong last = (ulong)Interlocked.Exchange(ref id, 0);
            GC.SuppressFinalize(this);
            if (last == 0)
                return;
            EndQueue.Disposed.AddEngine(last);
            if (Volatile.Read(ref isTicking) == 0)
                EndQueue.Disposed.End();
            FailWaiters(new ObjectDisposedException(nameof(Engine)));
        }

        /// <summary>An exception in code of the host that the game loop must hear of.</summary>
        internal void OnHandlerFailed(Exception error)
        {
            state.Report("an event handler", error);
            lock (handlerErrors)
                handlerErrors.Add(error);
        }

        private void Enter()
        {
            if (Interlocked.Exchange(ref isTicking, 1) != 0)
                throw new SessionLockerException(Result.Reentrant, "the engine is ticking already: inside a callback, an event or a continuation, or on another thread");
        }

        private void Leave()
        {
            Volatile.Write(ref isTicking, 0);
            // What was disposed inside a callback could not be ended there.
            EndQueue.Disposed.End();
        }

        private void UpdateNow(TimeSpan budget)
        {
            double microseconds = budget.TotalMilliseconds * 1000;
            if (microseconds < 0 || microseconds > uint.MaxValue)
                throw new ArgumentOutOfRangeException(nameof(budget), budget, "not a time of up to an hour");
            // 0 stands for no limit, so a tiny budget must not become it.
            uint limit = budget == TimeSpan.Zero ? 0 : Math.Max(1, (uint)microseconds);
            Failure.Check(Native.slk_engine_update(Handle, limit));
        }

        private void RaiseAll()
        {
            // A handler may dispose the engine.
            while (!IsEnded && TakeEvent(out Event next))
                Raise(next);
            Queue.Run(OnHandlerFailed);
        }

        private bool TakeEvent(out Event next)
        {
            slk_event native;
            int result = Native.slk_engine_next_event(Handle, &native, (nuint)sizeof(slk_event));
            if (result == Native.SLK_EMPTY)
            {
                next = default;
                return false;
            }
            Failure.Check(result);
            next = new Event(&native, Find(native.locker), Find(native.spec));
            Route(next);
            return true;
        }

        private void Raise(in Event happened)
        {
            Call(EventReceived, happened);
            Call(HandlersOf(happened), happened);
            happened.Locker?.Raise(happened);
        }

        private Action<Event> HandlersOf(in Event happened)
        {
            switch (happened.Kind)
            {
                case EventKind.Loaded:
                    return Loaded;
                case EventKind.LoadStatus:
                    return LoadStatusChanged;
                case EventKind.Released:
                    return Released;
                case EventKind.Lost:
                    return Lost;
                case EventKind.Saved:
                    return Saved;
                case EventKind.HandoverRequested:
                    return HandoverRequested;
                case EventKind.Receipt:
                    return ReceiptSettled;
                case EventKind.CreditUsed:
                    return CreditUsed;
                case EventKind.CreditChanged:
                    return CreditChanged;
                case EventKind.ChangeApplied:
                    return ChangeApplied;
                case EventKind.Available:
                    return Available;
                case EventKind.StoreRecovered:
                    return StoreRecovered;
                case EventKind.ShutdownDone:
                    return ShutdownDone;
                case EventKind.ChangeSettled:
                case EventKind.Idle:
                case EventKind.LeftBehind:
                case EventKind.Saving:
                case EventKind.Deleted:
                case EventKind.RecordUpdated:
                case EventKind.RecordViewed:
                case EventKind.RecordErased:
                case EventKind.RecordExported:
                case EventKind.UserDone:
                    return null;
                case EventKind.ChangeSent:
                    return happened.Tag == 0 ? Trouble : null;
                default:
                    return Trouble;
            }
        }

        /// <summary>Calls each handler, whatever the others do.</summary>
        internal void Call(Action<Event> handlers, Event happened)
        {
            if (handlers == null)
                return;
            foreach (Delegate handler in handlers.GetInvocationList())
            {
                try
                {
                    ((Action<Event>)handler)(happened);
                }
                catch (Exception error)
                {
                    OnHandlerFailed(error);
                }
            }
        }

        private void ThrowHandlerErrors()
        {
            Exception[] errors;
            lock (handlerErrors)
            {
                if (handlerErrors.Count == 0)
                    return;
                errors = handlerErrors.ToArray();
                handlerErrors.Clear();
            }
            if (errors.Length == 1)
                ExceptionDispatchInfo.Capture(errors[0]).Throw();
            throw new AggregateException(errors);
        }
    }
}
