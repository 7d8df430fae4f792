using System;

namespace SessionLocker
{
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
    }

    /// <summary>What to answer the platform.</summary>
    public enum PurchaseOutcome
    {
        /// <summary>Granted: the purchase is in the player's data, durably.</summary>
        Granted = Native.SLK_GRANTED,

        /// <summary>Granted: the player has credit for it, durably.</summary>
        Credited = Native.SLK_CREDITED,

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

        /// <summary>Why it was not processed.</summary>
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

        /// <summary>The record was wanted again before it was let go.</summary>
        WantedAgain,
    }
}
