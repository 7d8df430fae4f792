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

    /// <summary>What a callback did with a purchase.</summary>
    public enum Applied
    {
        /// <summary>It is applied: the draft's edits and the receipt are saved together.</summary>
        Done = Native.SLK_OK,

        /// <summary>It cannot be applied now; the player gets credit for it.</summary>
        NotApplicable = Native.SLK_NOT_APPLICABLE,
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

    /// <summary>A purchase that is to be applied.</summary>
    public sealed class PurchaseInfo
    {
        internal unsafe PurchaseInfo(slk_receipt_view* view, Locker locker)
        {
            Locker = locker;
            IsCredit = view->kind == Native.SLK_APPLY_CREDIT;
            Key = locker != null ? locker.Key : Utf8.Read(view->key);
            Product = Utf8.Read(view->product);
            Provider = Utf8.Read(view->provider);
            Environment = Utf8.Read(view->environment);
            PurchaseId = Utf8.Read(view->purchase_id);
            Context = new ReadOnlySpan<byte>(view->context, (int)view->context_length).ToArray();
        }

        /// <summary>The locker; null if you have disposed it.</summary>
        public Locker Locker { get; }

        /// <summary>Its key.</summary>
        public string Key { get; }

        /// <summary>Whether it is paid by credit, so that there is no receipt.</summary>
        public bool IsCredit { get; }

        /// <summary>What was bought.</summary>
        public string Product { get; }

        /// <summary>The platform; empty for credit.</summary>
        public string Provider { get; }

        /// <summary>The platform's environment; empty for credit.</summary>
        public string Environment { get; }

        /// <summary>The platform's name for the purchase; empty for credit.</summary>
        public string PurchaseId { get; }

        /// <summary>As given with the receipt.</summary>
        public byte[] Context { get; }
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
    /// Applies a product to the draft of the player's data. It may be called again for the same purchase, also on another
    /// server, if the save is lost: effects outside the draft belong to the event that reports the durable result. An
    /// exception: all edits are dropped, and the platform is to send the receipt again.
    /// </summary>
    /// <param name="purchase">What was bought.</param>
    /// <param name="draft">The data.</param>
    /// <returns>What was done with it.</returns>
    public delegate Applied ApplyPurchaseCallback(PurchaseInfo purchase, Document draft);

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

        /// <summary>Applies products. Without it, receipts cannot be processed.</summary>
        public ApplyPurchaseCallback ApplyPurchase { get; set; }

        internal SpecOptions Copy()
        {
            return (SpecOptions)MemberwiseClone();
        }
    }
}
