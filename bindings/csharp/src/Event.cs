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

        /// <summary>
        /// A receipt was dealt with: <see cref="Event.Name"/> is the purchase's id. With <see cref="Event.IsTakenUp"/>: a
        /// purchase that had been parked.
        /// </summary>
        Receipt = Native.SLK_EVENT_RECEIPT,

        /// <summary>A use of credit was dealt with: <see cref="Event.Name"/> is the product.</summary>
        CreditUsed = Native.SLK_EVENT_CREDIT_USED,

        /// <summary>A callback of yours failed, and its edits were dropped.</summary>
        CallbackFailed = Native.SLK_EVENT_CALLBACK_FAILED,

        /// <summary>Of a locker nothing is held, wanted or under way any more.</summary>
        Idle = Native.SLK_EVENT_IDLE,

        /// <summary>A locker did not make it before the deadline of the shutdown.</summary>
        LeftBehind = Native.SLK_EVENT_LEFT_BEHIND,

        /// <summary>A save is being sent: <see cref="Event.SaveReason"/>.</summary>
        Saving = Native.SLK_EVENT_SAVING,

        /// <summary>
        /// The player's credit for the product <see cref="Event.Name"/> is <see cref="Event.Amount"/> from now on; below
        /// zero it is a debt.
        /// </summary>
        CreditChanged = Native.SLK_EVENT_CREDIT_CHANGED,

        /// <summary>
        /// A change that somebody sent has taken effect and is saved: <see cref="Event.Name"/> is its kind,
        /// <see cref="Event.Text"/> who sent it.
        /// </summary>
        ChangeApplied = Native.SLK_EVENT_CHANGE_APPLIED,

        /// <summary>
        /// The record that is about to be saved has come close to the largest that may be: <see cref="Event.Count"/> bytes.
        /// </summary>
        SizeWarning = Native.SLK_EVENT_SIZE_WARNING,

        /// <summary>The last living locker of the key was marked as deleted.</summary>
        Deleted = Native.SLK_EVENT_DELETED,

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

        /// <summary>
        /// What became of a change that was sent. One that nobody waits for is of some record's outbox, and it cannot be
        /// known whether it arrived.
        /// </summary>
        ChangeSent = Native.SLK_EVENT_CHANGE_SENT,

        /// <summary>The answer to <see cref="Spec.UpdateRecordAsync"/>.</summary>
        RecordUpdated = Native.SLK_EVENT_RECORD_UPDATED,

        /// <summary>The answer to <see cref="Spec.ViewRecordAsync"/>, which gets the document.</summary>
        RecordViewed = Native.SLK_EVENT_RECORD_VIEWED,

        /// <summary>The answer to <see cref="Spec.EraseRecordAsync"/>, or a part of that to <see cref="Spec.EraseUserAsync"/>.</summary>
        RecordErased = Native.SLK_EVENT_RECORD_ERASED,

        /// <summary>A part of the answer to <see cref="Spec.ExportUserAsync"/>, which gets the document.</summary>
        RecordExported = Native.SLK_EVENT_RECORD_EXPORTED,

        /// <summary>The end of the answer to <see cref="Spec.ExportUserAsync"/> or <see cref="Spec.EraseUserAsync"/>.</summary>
        UserDone = Native.SLK_EVENT_USER_DONE,

        /// <summary>So many requests to the store <see cref="Event.Name"/> fail that it is in a critical state.</summary>
        StoreCritical = Native.SLK_EVENT_STORE_CRITICAL,

        /// <summary>The store <see cref="Event.Name"/> is well again after a critical state.</summary>
        StoreRecovered = Native.SLK_EVENT_STORE_RECOVERED,

        /// <summary>What was edited before the data were loaded could not be merged: <see cref="Event.Document"/> has it.</summary>
        OfflineDropped = Native.SLK_EVENT_OFFLINE_DROPPED,

        /// <summary>
        /// The last save was not made, because <see cref="SpecOptions.Validate"/> refused the data:
        /// <see cref="Event.Document"/> has them. <see cref="Released"/> follows.
        /// </summary>
        SaveRefused = Native.SLK_EVENT_SAVE_REFUSED,
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

        /// <summary>A patcher, migrator or check of yours refused the data. They are left as they are.</summary>
        DataRefused = Native.SLK_LOAD_DATA_REFUSED,
    }

    /// <summary>Whose trouble it is, where a request to a store failed.</summary>
    public enum TroubleCause
    {
        /// <summary>Nobody's.</summary>
        None = Native.SLK_CAUSE_NONE,

        /// <summary>Ours: the request cannot succeed as it is.</summary>
        Request = Native.SLK_CAUSE_REQUEST,

        /// <summary>The store's: unreachable, full, overloaded, broken.</summary>
        Store = Native.SLK_CAUSE_STORE,

        /// <summary>It cannot be told.</summary>
        Unknown = Native.SLK_CAUSE_UNKNOWN,
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

        internal unsafe Event(slk_event* native, Locker locker, Spec spec)
        {
            Kind = (EventKind)native->kind;
            Result = (Result)native->result;
            Locker = locker;
            Spec = spec;
            Key = locker != null ? locker.Key : Utf8.Read(native->key, native->key_length);
            Text = Utf8.Read(native->text, native->text_length);
            Name = Utf8.Read(native->name, native->name_length);
            Epoch = native->epoch;
            Change = new Change(native->change);
            UnknownChange = new Change(native->unknown_change);
            Tag = native->tag;
            Document = native->document.id == 0 ? null : new Document(native->document, true);
            Count = (long)native->count;
            Amount = native->amount;
            Cause = (TroubleCause)native->cause;
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

        /// <summary>The spec of the locker or record; null for events of the whole engine, or if you have disposed it.</summary>
        public Spec Spec { get; }

        /// <summary>The key of the locker or record; empty for events of the whole engine.</summary>
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

        /// <summary>The data that the kind speaks of, such as those of a lost session. Yours to dispose.</summary>
        public Document Document { get; }

        /// <summary>
        /// How many. For <see cref="LoadStatus.UnknownVersion"/> the least schema version that a server must know, or 0.
        /// </summary>
        public long Count { get; }

        /// <summary>An amount, which may be negative.</summary>
        public long Amount { get; }

        /// <summary>Whose trouble it is, where a store failed.</summary>
        public TroubleCause Cause { get; }

        /// <summary>For <see cref="LoadStatus.LockedElsewhere"/> and records that are looked at: since when, by the other server's clock.</summary>
        public DateTimeOffset Since => DateTimeOffset.FromUnixTimeMilliseconds(sinceMilliseconds);

        /// <summary>For <see cref="EventKind.LoadStatus"/>.</summary>
        public LoadStatus LoadStatus => (LoadStatus)detail;

        /// <summary>For <see cref="EventKind.Lost"/>.</summary>
        public LossCause LossCause => (LossCause)detail;

        /// <summary>For <see cref="EventKind.Released"/>.</summary>
        public ReleaseCause ReleaseCause => (ReleaseCause)detail;

        /// <summary>For <see cref="EventKind.Saving"/>.</summary>
        public SaveReason SaveReason => (SaveReason)detail;

        /// <summary>The other server has refused to let go.</summary>
        public bool IsRefused => (flags & Native.SLK_EVENT_REFUSED) != 0;

        /// <summary>The receipt had been dealt with before, and nothing was done now.</summary>
        public bool IsDuplicate => (flags & Native.SLK_EVENT_DUPLICATE) != 0;

        /// <summary>The purchase had been parked, and the game knows its product now. Nobody waits for this answer.</summary>
        public bool IsTakenUp => (flags & Native.SLK_EVENT_TAKEN_UP) != 0;

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
