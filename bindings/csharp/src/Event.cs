using System;

namespace SessionLocker
{
    /// <summary>What happened.</summary>
    public enum EventKind
    {
        /// <summary>A record is loaded and held. The player may be let in.</summary>
        Loaded = Native.SLK_EVENT_LOADED,

        /// <summary>Loading takes a new turn: <see cref="Event.LoadStatus"/>.</summary>
        LoadStatus = Native.SLK_EVENT_LOAD_STATUS,

        /// <summary>A record was saved and let go: <see cref="Event.ReleaseCause"/>.</summary>
        Released = Native.SLK_EVENT_RELEASED,

        /// <summary>
        /// A session is over, and not by our release: <see cref="Event.LossCause"/>, and <see cref="Event.Document"/> has
        /// the data as they were here. The player must be kicked.
        /// </summary>
        Lost = Native.SLK_EVENT_LOST,

        /// <summary>All changes up to <see cref="Event.Change"/> are saved.</summary>
        Saved = Native.SLK_EVENT_SAVED,

        /// <summary>What became of a change that was waited for.</summary>
        ChangeSettled = Native.SLK_EVENT_CHANGE_SETTLED,

        /// <summary>A save did not succeed and is tried again.</summary>
        SaveTrouble = Native.SLK_EVENT_SAVE_TROUBLE,

        /// <summary>
        /// Another server, <see cref="Event.Name"/>, asks for the record: answer with <see cref="Locker.GiveAway"/> or
        /// <see cref="Locker.RefuseHandover"/>, or let the spec's mode decide.
        /// </summary>
        HandoverRequested = Native.SLK_EVENT_HANDOVER_REQUESTED,

        /// <summary>
        /// Sessions are available again after they had been in doubt: one locker's, or without a locker all of the store
        /// <see cref="Event.Name"/>.
        /// </summary>
        Available = Native.SLK_EVENT_AVAILABLE,

        /// <summary>A receipt was dealt with: <see cref="Event.Name"/> is the purchase's id.</summary>
        Receipt = Native.SLK_EVENT_RECEIPT,

        /// <summary>A use of credit was dealt with: <see cref="Event.Name"/> is the product.</summary>
        CreditUsed = Native.SLK_EVENT_CREDIT_USED,

        /// <summary>A callback of yours failed, and its edits were dropped.</summary>
        CallbackFailed = Native.SLK_EVENT_CALLBACK_FAILED,

        /// <summary>Of a locker nothing is held, wanted or under way any more.</summary>
        Idle = Native.SLK_EVENT_IDLE,

        /// <summary>A locker did not make it before the deadline of the shutdown.</summary>
        LeftBehind = Native.SLK_EVENT_LEFT_BEHIND,

        /// <summary>No sign of life was taken by the store in time: none of its lockers is available until one is.</summary>
        Suspect = Native.SLK_EVENT_SUSPECT,

        /// <summary>This server was declared dead on the store; it registers again and confirms each session.</summary>
        Ended = Native.SLK_EVENT_ENDED,

        /// <summary>Another living process uses this server id on the store; it is waited for.</summary>
        ServerIdInUse = Native.SLK_EVENT_SERVER_ID_IN_USE,

        /// <summary>Another living process has taken over this server id: no session is available ever again.</summary>
        Superseded = Native.SLK_EVENT_SUPERSEDED,

        /// <summary>The store does not take signs of life.</summary>
        StoreTrouble = Native.SLK_EVENT_STORE_TROUBLE,

        /// <summary>The shutdown is over: <see cref="Event.Count"/> lockers were left behind.</summary>
        ShutdownDone = Native.SLK_EVENT_SHUTDOWN_DONE,
    }

    /// <summary>Where the loading of a record stands.</summary>
    public enum LoadStatus
    {
        /// <summary>Nobody wants the record.</summary>
        Idle = Native.SLK_LOAD_IDLE,

        /// <summary>It is being read or written.</summary>
        Loading = Native.SLK_LOAD_LOADING,

        /// <summary>The store fails; it is tried again.</summary>
        StoreFailure = Native.SLK_LOAD_STORE_FAILURE,

        /// <summary>Another server holds it, and has been asked to let go.</summary>
        LockedElsewhere = Native.SLK_LOAD_LOCKED_ELSEWHERE,

        /// <summary>A newer version of the game or of this library wrote it. It is left as it is.</summary>
        UnknownVersion = Native.SLK_LOAD_UNKNOWN_VERSION,

        /// <summary>It is no record, or a damaged one. It is left as it is.</summary>
        Unreadable = Native.SLK_LOAD_UNREADABLE,

        /// <summary>It is loaded and held.</summary>
        Loaded = Native.SLK_LOAD_LOADED,

        /// <summary>It is being saved for the last time and let go.</summary>
        Releasing = Native.SLK_LOAD_RELEASING,
    }

    /// <summary>Why a session was lost.</summary>
    public enum LossCause
    {
        /// <summary>Another server has taken the record.</summary>
        Taken = Native.SLK_LOSS_TAKEN,

        /// <summary>The record was removed.</summary>
        Erased = Native.SLK_LOSS_ERASED,

        /// <summary>The store is behind what it had confirmed: it has lost writes.</summary>
        RolledBack = Native.SLK_LOSS_ROLLED_BACK,
    }

    /// <summary>Why a record was let go.</summary>
    public enum ReleaseCause
    {
        /// <summary>The game no longer wanted it.</summary>
        Released = Native.SLK_RELEASE_RELEASED,

        /// <summary>Another server asked for it.</summary>
        HandedOver = Native.SLK_RELEASE_HANDED_OVER,

        /// <summary>The engine shuts down.</summary>
        Shutdown = Native.SLK_RELEASE_SHUTDOWN,
    }

    /// <summary>Something that happened. Which members mean something is said at each <see cref="EventKind"/>.</summary>
    public readonly struct Event
    {
        private readonly int detail;
        private readonly uint flags;
        private readonly long sinceMilliseconds;

        internal unsafe Event(slk_event* native, Locker locker)
        {
            Kind = (EventKind)native->kind;
            Result = (Result)native->result;
            Locker = locker;
            Key = locker != null ? locker.Key : Utf8.Read(native->key, native->key_length);
            Text = Utf8.Read(native->text, native->text_length);
            Name = Utf8.Read(native->name, native->name_length);
            Epoch = native->epoch;
            Change = new Change(native->change);
            UnknownChange = new Change(native->unknown_change);
            Tag = native->tag;
            Document = native->document.id == 0 ? null : new Document(native->document, true);
            Count = (long)native->count;
            sinceMilliseconds = native->since_ms;
            detail = native->detail;
            flags = native->flags;
        }

        /// <summary>What happened.</summary>
        public EventKind Kind { get; }

        /// <summary>How something ended.</summary>
        public Result Result { get; }

        /// <summary>The locker; null for events of the whole engine, or if you have disposed it.</summary>
        public Locker Locker { get; }

        /// <summary>The locker's key; empty for events of the whole engine.</summary>
        public string Key { get; }

        /// <summary>What happened, in words; may be empty.</summary>
        public string Text { get; }

        /// <summary>A server, store, purchase or product; may be empty.</summary>
        public string Name { get; }

        /// <summary>The fencing token of the session: higher than that of every earlier session of this record.</summary>
        public ulong Epoch { get; }

        /// <summary>A change.</summary>
        public Change Change { get; }

        /// <summary>For a loss: of the changes after <see cref="Change"/> up to this one it cannot be known.</summary>
        public Change UnknownChange { get; }

        /// <summary>For a loss: the data as they were here. Yours to dispose.</summary>
        public Document Document { get; }

        /// <summary>How many.</summary>
        public long Count { get; }

        /// <summary>For <see cref="LoadStatus.LockedElsewhere"/>: since when, by the other server's clock.</summary>
        public DateTimeOffset Since => DateTimeOffset.FromUnixTimeMilliseconds(sinceMilliseconds);

        /// <summary>For <see cref="EventKind.LoadStatus"/>.</summary>
        public LoadStatus LoadStatus => (LoadStatus)detail;

        /// <summary>For <see cref="EventKind.Lost"/>.</summary>
        public LossCause LossCause => (LossCause)detail;

        /// <summary>For <see cref="EventKind.Released"/>.</summary>
        public ReleaseCause ReleaseCause => (ReleaseCause)detail;

        /// <summary>The other server has refused to let go.</summary>
        public bool IsRefused => (flags & Native.SLK_EVENT_REFUSED) != 0;

        /// <summary>The receipt had been dealt with before, and nothing was done now.</summary>
        public bool IsDuplicate => (flags & Native.SLK_EVENT_DUPLICATE) != 0;

        /// <summary>There were changes that are not saved.</summary>
        public bool IsDirty => (flags & Native.SLK_EVENT_DIRTY) != 0;

        internal ulong Tag { get; }

        /// <summary>For logs: the kind, the key and the words.</summary>
        /// <returns>One line.</returns>
        public override string ToString()
        {
            return Kind + (Key.Length > 0 ? " " + Key : "") + (Name.Length > 0 ? " " + Name : "") + (Text.Length > 0 ? ": " + Text : "");
        }
    }
}
