using System;

namespace SessionLocker
{
    /// <summary>What a platform says of a purchase.</summary>
    public enum ReceiptState
    {
        /// <summary>It is paid.</summary>
        Purchased = Native.SLK_RECEIPT_PURCHASED,

        /// <summary>It is not paid yet, and may be later: a later notice that it is paid applies it.</summary>
        Pending = Native.SLK_RECEIPT_PENDING,

        /// <summary>It was turned down. Nothing is granted, unless a later notice says that it is paid after all.</summary>
        Rejected = Native.SLK_RECEIPT_REJECTED,

        /// <summary>
        /// It was paid back: what was granted is taken back or becomes a debt, and nothing is granted for it ever again.
        /// </summary>
        Revoked = Native.SLK_RECEIPT_REVOKED,
    }

    /// <summary>
    /// A purchase notice of a platform. Provider, environment and purchase id together name the purchase.
    /// </summary>
    public sealed class Receipt
    {
        /// <summary>Makes one.</summary>
        /// <param name="provider">The platform, such as "steam".</param>
        /// <param name="environment">The platform's environment, such as "production".</param>
        /// <param name="purchaseId">The platform's name for the purchase.</param>
        /// <param name="product">What was bought.</param>
        /// <param name="context">Anything that the callback should get.</param>
        public Receipt(string provider, string environment, string purchaseId, string product, ReadOnlyMemory<byte> context = default)
        {
            Provider = provider ?? throw new ArgumentNullException(nameof(provider));
            Environment = environment ?? throw new ArgumentNullException(nameof(environment));
            PurchaseId = purchaseId ?? throw new ArgumentNullException(nameof(purchaseId));
            Product = product ?? throw new ArgumentNullException(nameof(product));
            Context = context;
        }

        /// <summary>The platform.</summary>
        public string Provider { get; }

        /// <summary>The platform's environment.</summary>
        public string Environment { get; }

        /// <summary>The platform's name for the purchase.</summary>
        public string PurchaseId { get; }

        /// <summary>What was bought.</summary>
        public string Product { get; }

        /// <summary>Anything that the callback should get.</summary>
        public ReadOnlyMemory<byte> Context { get; }

        /// <summary>What the platform says of it.</summary>
        public ReceiptState State { get; set; }
    }

    /// <summary>What to answer the platform.</summary>
    public enum PurchaseOutcome
    {
        /// <summary>Granted: the purchase is in the player's data, durably.</summary>
        Granted = Native.SLK_GRANTED,

        /// <summary>Granted: the player has credit for it, durably.</summary>
        Credited = Native.SLK_CREDITED,

        /// <summary>It is remembered as not paid yet, durably.</summary>
        Pending = Native.SLK_PENDING,

        /// <summary>The product is not known to this version of the game; it is kept, durably, until one knows it.</summary>
        Parked = Native.SLK_PARKED,

        /// <summary>It was turned down, durably; nothing was granted.</summary>
        Rejected = Native.SLK_REJECTED,

        /// <summary>It was paid back and taken back, or became a debt, durably.</summary>
        Revoked = Native.SLK_REVOKED,

        /// <summary>Not yet: let the platform deliver it again.</summary>
        NotProcessed = Native.SLK_NOT_PROCESSED,
    }

    /// <summary>How a receipt was dealt with.</summary>
    public readonly struct PurchaseReport
    {
        internal PurchaseReport(in Event happened)
        {
            Outcome = (PurchaseOutcome)happened.Result;
            IsDuplicate = happened.IsDuplicate;
            Text = happened.Text;
        }

        /// <summary>What to answer the platform.</summary>
        public PurchaseOutcome Outcome { get; }

        /// <summary>It had been dealt with before, and nothing was done now.</summary>
        public bool IsDuplicate { get; }

        /// <summary>Why it was not processed, or was rejected.</summary>
        public string Text { get; }
    }

    /// <summary>How a use of credit ended.</summary>
    public enum CreditOutcome
    {
        /// <summary>The product is in the player's data, durably.</summary>
        Used = Native.SLK_OK,

        /// <summary>There is no credit for it.</summary>
        NoCredit = Native.SLK_EMPTY,

        /// <summary>It cannot be applied now; the credit stays.</summary>
        NotApplicable = Native.SLK_NOT_APPLICABLE,

        /// <summary>It failed; the credit stays.</summary>
        NotProcessed = Native.SLK_NOT_PROCESSED,
    }

    /// <summary>What became of a change.</summary>
    public enum ChangeStatus
    {
        /// <summary>Not saved yet.</summary>
        Pending = Native.SLK_PENDING,

        /// <summary>Durable in the store.</summary>
        Saved = Native.SLK_SAVED,

        /// <summary>Surely not in the store, and never will be.</summary>
        Lost = Native.SLK_LOST,

        /// <summary>It cannot be known.</summary>
        Unknown = Native.SLK_UNKNOWN,
    }

    /// <summary>How the wait for a release ended.</summary>
    public enum ReleaseOutcome
    {
        /// <summary>The record was saved and let go.</summary>
        Released,

        /// <summary>There was nothing to let go: the record was not held.</summary>
        NotHeld,

        /// <summary>The session was lost; the event has the data.</summary>
        Lost,

        /// <summary>The engine's shutdown ended before; the event tells whether there were unsaved changes.</summary>
        LeftBehind,

        /// <summary>
        /// The record was let go as it was saved before: <see cref="SpecOptions.Validate"/> refused the data, which
        /// <see cref="EventKind.SaveRefused"/> has.
        /// </summary>
        SaveRefused,

        /// <summary>The record was wanted again before it was let go.</summary>
        WantedAgain,
    }

    /// <summary>What has become of a purchase.</summary>
    public enum PurchaseState
    {
        /// <summary>The record has never heard of it.</summary>
        Unheard = Native.SLK_EMPTY,

        /// <summary>It is in the player's data.</summary>
        Granted = Native.SLK_GRANTED,

        /// <summary>The player got credit for it.</summary>
        Credited = Native.SLK_CREDITED,

        /// <summary>It is not paid yet.</summary>
        Pending = Native.SLK_PENDING,

        /// <summary>It was turned down.</summary>
        Rejected = Native.SLK_REJECTED,

        /// <summary>It was paid back.</summary>
        Revoked = Native.SLK_REVOKED,

        /// <summary>It is kept until a version of the game knows the product.</summary>
        Parked = Native.SLK_PARKED,

        /// <summary>Something that only a newer version of the library knows.</summary>
        Unknown = Native.SLK_UNKNOWN,
    }

    /// <summary>A purchase as the record keeps it.</summary>
    public readonly struct PurchaseEntry
    {
        internal PurchaseEntry(Document all, string at)
        {
            Provider = all.GetString(at + "/provider");
            Environment = all.GetString(at + "/environment");
            PurchaseId = all.GetString(at + "/purchase_id");
            Product = all.GetString(at + "/product");
            State = Enum.TryParse(all.GetString(at + "/state"), true, out PurchaseState state) ? state : PurchaseState.Unknown;
            Time = DateTimeOffset.FromUnixTimeMilliseconds(all.GetInt64(at + "/at_ms"));
        }

        /// <summary>The platform.</summary>
        public string Provider { get; }

        /// <summary>The platform's environment.</summary>
        public string Environment { get; }

        /// <summary>The platform's name for the purchase.</summary>
        public string PurchaseId { get; }

        /// <summary>What was bought.</summary>
        public string Product { get; }

        /// <summary>What has become of it.</summary>
        public PurchaseState State { get; }

        /// <summary>When, by a server's clock.</summary>
        public DateTimeOffset Time { get; }
    }
}
