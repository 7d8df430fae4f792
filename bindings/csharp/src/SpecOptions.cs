using System;

namespace SessionLocker
{
    /// <summary>What the data of a kind of record are.</summary>
    public enum DataKind
    {
        /// <summary>JSON.</summary>
        Json = Native.SLK_DATA_JSON,

        /// <summary>Opaque bytes.</summary>
        Bytes = Native.SLK_DATA_BYTES,
    }

    /// <summary>What happens to a request for hand-over that the game does not answer.</summary>
    public enum HandoverMode
    {
        /// <summary>The other server gets the record when the delay has passed.</summary>
        Give = Native.SLK_HANDOVER_GIVE,

        /// <summary>The other server is refused when the delay has passed.</summary>
        Refuse = Native.SLK_HANDOVER_REFUSE,
    }

    /// <summary>Why a save is made.</summary>
    public enum SaveReason
    {
        /// <summary>The autosave period is over.</summary>
        Autosave = Native.SLK_SAVE_AUTOSAVE,

        /// <summary>The game asked for it.</summary>
        Asked = Native.SLK_SAVE_ASKED,

        /// <summary>A receipt must become durable.</summary>
        Receipt = Native.SLK_SAVE_RECEIPT,

        /// <summary>The session must be confirmed after it had been in doubt.</summary>
        Confirm = Native.SLK_SAVE_CONFIRM,

        /// <summary>The last save: the game no longer wants the record.</summary>
        Released = Native.SLK_SAVE_RELEASED,

        /// <summary>The last save: another server asked for the record.</summary>
        HandedOver = Native.SLK_SAVE_HANDED_OVER,

        /// <summary>The last save: the engine shuts down.</summary>
        Shutdown = Native.SLK_SAVE_SHUTDOWN,
    }

    /// <summary>A save that is about to be made.</summary>
    public readonly struct SaveInfo
    {
        internal SaveInfo(Locker locker, string key, SaveReason reason)
        {
            Locker = locker;
            Key = key;
            Reason = reason;
        }

        /// <summary>The locker; null if you have disposed it.</summary>
        public Locker Locker { get; }

        /// <summary>Its key.</summary>
        public string Key { get; }

        /// <summary>Why.</summary>
        public SaveReason Reason { get; }
    }

    /// <summary>Whose data a callback gets.</summary>
    public readonly struct DataInfo
    {
        internal unsafe DataInfo(slk_data_view* view, Locker locker)
        {
            Locker = locker;
            Key = locker != null ? locker.Key : Utf8.Read(view->key);
        }

        /// <summary>The locker; null for a record that is only looked at or updated, or if you have disposed it.</summary>
        public Locker Locker { get; }

        /// <summary>The record's key.</summary>
        public string Key { get; }
    }

    /// <summary>Fills in the data of a record that does not exist yet. An exception: the locker is not created.</summary>
    /// <param name="key">The record's key.</param>
    /// <param name="draft">The data; begins with the spec's default.</param>
    public delegate void DefaultDataCallback(string key, Document draft);

    /// <summary>
    /// Writes the game's own state into the draft, which is about to be saved. An exception: the data are saved without
    /// the draft's edits, and <see cref="EventKind.CallbackFailed"/> tells.
    /// </summary>
    /// <param name="save">What is saved and why.</param>
    /// <param name="draft">The data.</param>
    public delegate void BeforeSaveCallback(SaveInfo save, Document draft);

    /// <summary>
    /// Checks data that are being loaded, or are about to be saved. Data that may not be loaded are left as they are
    /// (<see cref="LoadStatus.DataRefused"/>). Data that may not be saved are not saved (<see cref="EventKind.SaveTrouble"/>)
    /// until they are changed and found good; if that is so at the last save, the record stays as it was saved before
    /// (<see cref="EventKind.SaveRefused"/>). An exception counts as a refusal.
    /// </summary>
    /// <param name="info">Whose data they are.</param>
    /// <param name="data">The data; edits do not count.</param>
    /// <returns>Null if they are as they should be; else where and what is wrong.</returns>
    public delegate string ValidateCallback(DataInfo info, Document data);

    /// <summary>
    /// Merges data that were edited before the record was loaded into what was loaded. An exception: they are dropped, and
    /// <see cref="EventKind.OfflineDropped"/> has them.
    /// </summary>
    /// <param name="info">Whose data they are.</param>
    /// <param name="offline">What was edited; it began as the default data.</param>
    /// <param name="draft">What was loaded, to be edited.</param>
    public delegate void MergeOfflineCallback(DataInfo info, Document offline, Document draft);

    /// <summary>
    /// How a kind of record is set up. What is not set has the library's default. The callbacks are called inside
    /// <see cref="Engine.Update"/> and keep alive what they refer to until the engine is disposed.
    /// </summary>
    public sealed class SpecOptions
    {
        /// <summary>The name: part of the keys in the store. Required.</summary>
        public string Name { get; set; }

        /// <summary>Where the records live. Required.</summary>
        public Store Store { get; set; }

        /// <summary>The version of the data that this server reads and writes. A record of a newer one is not touched.</summary>
        public int SchemaVersion { get; set; }

        /// <summary>What the data are.</summary>
        public DataKind DataKind { get; set; }

        /// <summary>What happens to a request for hand-over that the game does not answer.</summary>
        public HandoverMode HandoverMode { get; set; }

        /// <summary>How long the game has to answer a request for hand-over; default: the mode decides at once.</summary>
        public TimeSpan HandoverDelay { get; set; }

        /// <summary>A change is saved after half to all of this time; default 5 minutes.</summary>
        public TimeSpan Autosave { get; set; }

        /// <summary>The first wait after a failure of the store; default 0.25 s.</summary>
        public TimeSpan RetryMin { get; set; }

        /// <summary>The longest wait between two tries; default 5 s.</summary>
        public TimeSpan RetryMax { get; set; }

        /// <summary>The data of a record that does not exist yet, as JSON; null: an empty object.</summary>
        public string DefaultJson { get; set; }

        /// <summary>The data of a record that does not exist yet, for <see cref="DataKind.Bytes"/>.</summary>
        public byte[] DefaultBytes { get; set; }

        /// <summary>Fills in the default data for each key.</summary>
        public DefaultDataCallback DefaultDataFor { get; set; }

        /// <summary>Called before each save.</summary>
        public BeforeSaveCallback BeforeSave { get; set; }

        /// <summary>Checks data when they are loaded and before they are saved.</summary>
        public ValidateCallback Validate { get; set; }

        /// <summary>Merges what was edited before the data were loaded. Without it, data cannot be edited before.</summary>
        public MergeOfflineCallback MergeOffline { get; set; }

        /// <summary>Applies changes that others send. Without it, they wait for a server that can.</summary>
        public ApplyChangeCallback ApplyChange { get; set; }

        /// <summary>How many changes may wait in the inbox of a record; default 100.</summary>
        public int InboxLimit { get; set; }

        /// <summary>Says whether a purchase is good before it is applied. Without it, all are.</summary>
        public ApplyPurchaseCallback ValidatePurchase { get; set; }

        /// <summary>Applies products. Without it, receipts cannot be processed.</summary>
        public ApplyPurchaseCallback ApplyPurchase { get; set; }

        /// <summary>Writes down how a purchase ended, for the game's own history.</summary>
        public RecordPurchaseCallback RecordPurchase { get; set; }

        /// <summary>Takes a product back that was paid back. Without it, each becomes a debt.</summary>
        public ApplyPurchaseCallback RevokePurchase { get; set; }

        /// <summary>How many purchases a record keeps in full; of older ones it keeps what became of them. Default 100.</summary>
        public int PurchaseHistory { get; set; }

        /// <summary>
        /// How records of older schema versions are brought to <see cref="SchemaVersion"/>. Null: they are not loaded.
        /// </summary>
        public Migrations Migrations { get; set; }

        /// <summary>When a record is loaded, members that the default data have and it lacks are filled in.</summary>
        public bool Reconcile { get; set; }

        /// <summary>
        /// Records in the layout of the Luau library of the same name are taken over. Their purchases are remembered as of
        /// provider "roblox" and environment "production".
        /// </summary>
        public bool ImportOriginal { get; set; }

        /// <summary>Any other JSON value is taken over as the game's data.</summary>
        public bool ImportPlain { get; set; }

        /// <summary>The schema version of plain JSON that is imported; default <see cref="SchemaVersion"/>.</summary>
        public int ImportSchemaVersion { get; set; }

        /// <summary>The largest record that may be saved, in bytes; default what the store takes.</summary>
        public long MaxValueBytes { get; set; }

        /// <summary>
        /// <see cref="EventKind.SizeWarning"/> tells when a record has grown to this share of the largest; default 90; 100:
        /// never.
        /// </summary>
        public int SizeWarningPercent { get; set; }

        /// <summary>How records are encoded on their way to the store; default not at all.</summary>
        public Codec Codec { get; set; } = Codec.None;

        internal uint Flags =>
            (Reconcile ? (uint)Native.SLK_SPEC_RECONCILE : 0)
            | (ImportOriginal ? (uint)Native.SLK_SPEC_IMPORT_ORIGINAL : 0)
            | (ImportPlain ? (uint)Native.SLK_SPEC_IMPORT_PLAIN : 0);

        internal SpecOptions Copy()
        {
            return (SpecOptions)MemberwiseClone();
        }
    }
}
