using System;

namespace SessionLocker
{
    /// <summary>What a callback did with a purchase, or with a change that somebody sent.</summary>
    public enum Applied
    {
        /// <summary>It is done: the draft's edits and the receipt are saved together.</summary>
        Done = Native.SLK_OK,

        /// <summary>
        /// It cannot be applied now. A purchase becomes credit; one that is to be taken back is spent, and becomes a debt.
        /// A change waits for a server that can.
        /// </summary>
        NotApplicable = Native.SLK_NOT_APPLICABLE,

        /// <summary>A purchase that is no good: it is remembered as rejected, with <see cref="PurchaseInfo.Reason"/>.</summary>
        Rejected = Native.SLK_REJECTED,

        /// <summary>This version of the game does not know the product: the purchase is kept until one does.</summary>
        UnknownProduct = Native.SLK_UNKNOWN_PRODUCT,
    }

    /// <summary>What is to be done with a purchase.</summary>
    public enum PurchaseOperation
    {
        /// <summary>Say whether it is good.</summary>
        Validate = Native.SLK_PURCHASE_VALIDATE,

        /// <summary>Apply the product.</summary>
        Apply = Native.SLK_PURCHASE_APPLY,

        /// <summary>Write down how it ended.</summary>
        Record = Native.SLK_PURCHASE_RECORD,

        /// <summary>Take the product back.</summary>
        Revoke = Native.SLK_PURCHASE_REVOKE,
    }

    /// <summary>A purchase that is to be dealt with.</summary>
    public sealed class PurchaseInfo
    {
        internal unsafe PurchaseInfo(slk_receipt_view* view, Locker locker)
        {
            Locker = locker;
            IsCredit = view->kind == Native.SLK_APPLY_CREDIT;
            Operation = (PurchaseOperation)view->operation;
            Effect = (PurchaseOutcome)view->effect;
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

        /// <summary>What is to be done.</summary>
        public PurchaseOperation Operation { get; }

        /// <summary>For <see cref="PurchaseOperation.Record"/>: granted or credited.</summary>
        public PurchaseOutcome Effect { get; }

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

        /// <summary>For you to set: why it is rejected. Comes back in <see cref="PurchaseReport.Text"/>.</summary>
        public string Reason { get; set; } = "";
    }

    /// <summary>
    /// Does one step of dealing with a purchase on a draft of the player's data. For a purchase that is paid, validating,
    /// applying and recording follow one another on one draft. It may be called again for the same purchase, also on another
    /// server, if the save is lost: effects outside the draft belong to the event that reports the durable result. An
    /// exception: all edits of all steps are dropped, and the platform is to send the receipt again.
    /// </summary>
    /// <param name="purchase">What was bought.</param>
    /// <param name="draft">The data.</param>
    /// <returns>What was done with it.</returns>
    public delegate Applied ApplyPurchaseCallback(PurchaseInfo purchase, Document draft);

    /// <summary>
    /// Writes down in the draft how a purchase ended, for the game's own history. For credit the draft has no edits of the
    /// steps before. An exception: as for <see cref="ApplyPurchaseCallback"/>.
    /// </summary>
    /// <param name="purchase">What was bought, and <see cref="PurchaseInfo.Effect"/>.</param>
    /// <param name="draft">The data.</param>
    public delegate void RecordPurchaseCallback(PurchaseInfo purchase, Document draft);
}
