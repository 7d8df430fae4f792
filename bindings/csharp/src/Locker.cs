using System;
using System.Collections.Generic;
using System.Threading;

namespace SessionLocker
{
    /// <summary>Where a locker stands.</summary>
    public readonly struct LockerStatus
    {
        internal LockerStatus(in slk_locker_status native)
        {
            LoadStatus = (LoadStatus)native.load;
            IsRefused = native.refused != 0;
            Since = DateTimeOffset.FromUnixTimeMilliseconds(native.since_ms);
            Epoch = native.epoch;
            LatestChange = new Change(native.latest_change);
            SavedChange = new Change(native.saved_change);
            PurchasesInProgress = (long)native.purchases_in_progress;
            IsAvailable = native.available != 0;
            IsWanted = native.wanted != 0;
            IsDirty = native.dirty != 0;
            IsIdle = native.idle != 0;
            IncomingChanges = (long)native.incoming_changes;
            OutgoingChanges = (long)native.outgoing_changes;
        }

        /// <summary>Where the loading stands.</summary>
        public LoadStatus LoadStatus { get; }

        /// <summary>For <see cref="LoadStatus.LockedElsewhere"/>: the other server has refused to let go.</summary>
        public bool IsRefused { get; }

        /// <summary>For <see cref="LoadStatus.LockedElsewhere"/>: since when, by the other server's clock.</summary>
        public DateTimeOffset Since { get; }

        /// <summary>The fencing token of the session; 0 if there is none.</summary>
        public ulong Epoch { get; }

        /// <summary>The last change made here.</summary>
        public Change LatestChange { get; }

        /// <summary>All changes of the session up to this one are saved.</summary>
        public Change SavedChange { get; }

        /// <summary>How many purchases are not answered yet.</summary>
        public long PurchasesInProgress { get; }

        /// <summary>The session is surely ours now.</summary>
        public bool IsAvailable { get; }

        /// <summary>Some part of the game wants the record.</summary>
        public bool IsWanted { get; }

        /// <summary>The session has changes that are not saved.</summary>
        public bool IsDirty { get; }

        /// <summary>Nothing is held, wanted or under way.</summary>
        public bool IsIdle { get; }

        /// <summary>How many changes that others sent wait to be applied.</summary>
        public long IncomingChanges { get; }

        /// <summary>How many changes of this record are on their way to others.</summary>
        public long OutgoingChanges { get; }
    }

    /// <summary>
    /// One record on this server. Its data are there once it is loaded, and may be changed while it is held. Disposing
    /// never waits and loses nothing: with the last locker of a key, the record is saved and released in its own time.
    /// May be used by any thread.
    /// </summary>
    public sealed unsafe partial class Locker : Data, IDisposable
    {
        private readonly List<TickTask> loads = new List<TickTask>();
        private readonly List<TickTask<ReleaseOutcome>> releases = new List<TickTask<ReleaseOutcome>>();
        private long id;
        private bool isSaveRefused;
        private volatile bool isDeleted;

        internal Locker(Spec spec, string key, object tag, ulong handle, bool isArtificial)
        {
            Spec = spec;
            Key = key;
            Tag = tag;
            IsArtificial = isArtificial;
            id = (long)handle;
            spec.Engine.Add(this, handle);
        }

        /// <summary>Each event of this locker.</summary>
        public event Action<Event> EventReceived;

        /// <summary>Its spec.</summary>
        public Spec Spec { get; }

        /// <summary>Its engine.</summary>
        public Engine Engine => Spec.Engine;

        /// <summary>The record's key.</summary>
        public string Key { get; }

        /// <summary>Whatever the game wants to find again here.</summary>
        public object Tag { get; set; }

        /// <summary>Whether it is of a player who is not real; see <see cref="Spec.CreateArtificialLocker"/>.</summary>
        public bool IsArtificial { get; }

        /// <summary>
        /// Whether the session is surely ours now: the record is loaded, and no other server can have taken it. False
        /// after disposing.
        /// </summary>
        public bool IsAvailable => Native.slk_locker_is_available(MaybeEnded) != 0;

        /// <summary>Whether the record is loaded and held, available or in doubt. False after disposing.</summary>
        public bool IsLoaded => Native.slk_locker_is_loaded(MaybeEnded) != 0;

        /// <summary>Whether nothing of it is held, wanted or under way. False after disposing.</summary>
        public bool IsIdle => Native.slk_locker_is_idle(MaybeEnded) != 0;

        /// <summary>
        /// Whether there is a session, and <see cref="SpecOptions.BeforeSave"/> will be called before its last save. False
        /// after disposing.
        /// </summary>
        public bool IsSyncing => Native.slk_locker_is_syncing(MaybeEnded) != 0;

        /// <summary>Where it stands.</summary>
        public LockerStatus Status
        {
            get
            {
                slk_locker_status status;
                Failure.Check(Native.slk_locker_get_status(Handle, &status, (nuint)sizeof(slk_locker_status)));
                return new LockerStatus(status);
            }
        }

        internal slk_locker Handle
        {
            get
            {
                slk_locker handle = MaybeEnded;
                if (handle.id == 0 && isDeleted)
                    throw new SessionLockerException(Result.Deleted, "'" + Key + "' was marked as deleted");
                if (handle.id == 0)
                    throw new ObjectDisposedException(nameof(Locker));
                if (Engine.IsEnded)
                    throw new ObjectDisposedException(nameof(Engine));
                return handle;
            }
        }

        private slk_locker MaybeEnded => new slk_locker { id = (ulong)Volatile.Read(ref id) };

        /// <summary>
        /// Says that a part of the game wants the record: it is loaded, and stays loaded until the last part lets go.
        /// </summary>
        /// <param name="holder">The part of the game; null for the one without a name. Each name counts once.</param>
        public void MarkShouldAcquire(string holder = null)
        {
            using Utf8 name = Utf8.Optional(holder, stackalloc byte[Utf8.OnStack], nameof(holder));
            fixed (byte* bytes = name)
                Failure.Check(Native.slk_locker_mark_should_acquire(Handle, bytes));
            foreach (Locker locker in Engine.MembersWith(this))
                locker.EndReleases(ReleaseOutcome.WantedAgain);
        }

        /// <summary>
        /// As <see cref="MarkShouldAcquire"/>, and takes the record also from a living server, which loses its session with
        /// all that it had not saved. For records that must come free now; otherwise leave it to the hand-over.
        /// </summary>
        /// <param name="holder">As for <see cref="MarkShouldAcquire"/>.</param>
        public void TakeOver(string holder = null)
        {
            using Utf8 name = Utf8.Optional(holder, stackalloc byte[Utf8.OnStack], nameof(holder));
            fixed (byte* bytes = name)
                Failure.Check(Native.slk_locker_take_over(Handle, bytes));
            foreach (Locker locker in Engine.MembersWith(this))
                locker.EndReleases(ReleaseOutcome.WantedAgain);
        }

        /// <summary>
        /// Says that a part of the game no longer wants the record. When the last has let go, the record is saved and
        /// released.
        /// </summary>
        /// <param name="holder">As for <see cref="MarkShouldAcquire"/>.</param>
        public void MarkShouldRelease(string holder = null)
        {
            using Utf8 name = Utf8.Optional(holder, stackalloc byte[Utf8.OnStack], nameof(holder));
            fixed (byte* bytes = name)
                Failure.Check(Native.slk_locker_mark_should_release(Handle, bytes));
        }

        /// <summary>Saves soon, if something changed.</summary>
        public void MarkShouldSave()
        {
            Failure.Check(Native.slk_locker_mark_should_save(Handle));
        }

        /// <summary>Saves at once, even if nothing changed.</summary>
        public void MarkForceSave()
        {
            Failure.Check(Native.slk_locker_mark_force_save(Handle));
        }

        /// <summary>
        /// Says that state that the game keeps itself has changed; the game writes it into the data when
        /// <see cref="SpecOptions.BeforeSave"/> asks.
        /// </summary>
        /// <returns>The change.</returns>
        public Change MarkChanged()
        {
            ulong change = 0;
            Failure.Check(Native.slk_locker_mark_changed(Handle, &change));
            return new Change(change);
        }

        /// <summary>
        /// Says that this part of the game is done with the locker for good: every later use fails with
        /// <see cref="Result.Deleted"/>, which finds parts of the game that use a locker after its player left.
        /// </summary>
        public void MarkDeleted()
        {
            Failure.Check(Native.slk_locker_mark_deleted(Handle));
            isDeleted = true;
            // From now on the engine does not know the handle, and would not end it.
            Dispose();
        }

        /// <summary>As <see cref="Engine.Update"/>, for this locker and what it waits for.</summary>
        /// <param name="budget">Stop after this time; zero: no limit.</param>
        /// <returns>Whether it has more to do, or holds its record.</returns>
        public bool Update(TimeSpan budget = default)
        {
            int result = Native.slk_locker_update(Handle, (uint)Math.Min(uint.MaxValue, budget.TotalMilliseconds * 1000));
            if (result != Native.SLK_IDLE)
                Failure.Check(result);
            return result != Native.SLK_IDLE;
        }

        /// <summary>What became of a change.</summary>
        /// <param name="change">A change of this locker.</param>
        /// <returns>What became of it.</returns>
        public ChangeStatus GetChangeStatus(Change change)
        {
            int result = Native.slk_locker_change_status(Handle, change.Number);
            return result > 0 ? (ChangeStatus)result : throw Failure.Of(result);
        }

        /// <summary>Lets the server that asks have the record.</summary>
        /// <param name="delay">How long to keep it still.</param>
        public void GiveAway(TimeSpan delay = default)
        {
            Failure.Check(Native.slk_locker_answer_handover(Handle, Native.SLK_ANSWER_GIVE, Milliseconds.Of(delay, nameof(delay))));
        }

        /// <summary>Keeps the record; the server that asks is told.</summary>
        public void RefuseHandover()
        {
            Failure.Check(Native.slk_locker_answer_handover(Handle, Native.SLK_ANSWER_REFUSE, 0));
        }

        /// <summary>
        /// Ends this owner of the session. May be called again, by any thread, and inside callbacks. What waits for a
        /// load or a release fails with an <see cref="ObjectDisposedException"/>; purchases and changes are answered all
        /// the same.
        /// </summary>
        public void Dispose()
        {
            ulong last = (ulong)Interlocked.Exchange(ref id, 0);
            if (last == 0 || Engine.IsEnded)
                return;
            Engine.Remove(this, last);
            // Nothing to be told: if the engine ends at this moment, it takes the handle along.
            Native.slk_locker_destroy(new slk_locker { id = last });
            if (HasWaiters())
                Engine.Queue.Add(() => FailWaiters(new ObjectDisposedException(nameof(Locker)), Engine.OnHandlerFailed));
        }

        internal void Raise(in Event happened)
        {
            Engine.Call(EventReceived, happened);
        }
    }
}
