using System.Collections.Generic;

namespace SessionLocker
{
    // The purchases of a player, as far as they need no waiting.
    public sealed unsafe partial class Locker
    {
        /// <summary>
        /// The player's credit for a product: what was paid for and could not be applied. Below zero it is a debt: what was
        /// paid back and could not be taken back.
        /// </summary>
        /// <param name="product">The product.</param>
        /// <returns>How many times.</returns>
        public long GetCredit(string product)
        {
            using Utf8 name = new Utf8(product, stackalloc byte[Utf8.OnStack], nameof(product));
            long amount = 0;
            fixed (byte* bytes = name)
                Failure.Check(Native.slk_locker_credit(Handle, bytes, &amount));
            return amount;
        }

        /// <summary>Adds to the player's credit for a product.</summary>
        /// <param name="product">The product.</param>
        /// <param name="amount">How many times; may be negative.</param>
        /// <returns>The change.</returns>
        public Change GiveCredit(string product, long amount)
        {
            using Utf8 name = new Utf8(product, stackalloc byte[Utf8.OnStack], nameof(product));
            ulong change = 0;
            fixed (byte* bytes = name)
                Failure.Check(Native.slk_locker_give_credit(Handle, bytes, amount, &change));
            return new Change(change);
        }

        /// <summary>
        /// Has the callbacks asked once more about the purchases that are parked. That is done by itself once in each
        /// session; call it when the game learns new products during one.
        /// </summary>
        public void RetryParked()
        {
            Failure.Check(Native.slk_locker_retry_parked(Handle));
        }

        /// <summary>Tells what has become of a purchase, however old. It may not be saved yet.</summary>
        /// <param name="provider">The platform.</param>
        /// <param name="environment">The platform's environment.</param>
        /// <param name="purchaseId">The platform's name for the purchase.</param>
        /// <returns>What has become of it.</returns>
        public PurchaseState FindPurchase(string provider, string environment, string purchaseId)
        {
            using Utf8 providerText = new Utf8(provider, stackalloc byte[Utf8.OnStack], nameof(provider));
            using Utf8 environmentText = new Utf8(environment, stackalloc byte[Utf8.OnStack], nameof(environment));
            using Utf8 purchaseIdText = new Utf8(purchaseId, stackalloc byte[Utf8.OnStack], nameof(purchaseId));
            int state = Native.SLK_EMPTY;
            int result;
            fixed (byte* providerBytes = providerText)
            fixed (byte* environmentBytes = environmentText)
            fixed (byte* purchaseIdBytes = purchaseIdText)
                result = Native.slk_locker_find_purchase(Handle, providerBytes, environmentBytes, purchaseIdBytes, &state);
            if (result != Native.SLK_EMPTY)
                Failure.Check(result);
            return (PurchaseState)state;
        }

        /// <summary>
        /// The player's latest purchases: first those dealt with, the latest last, as many as
        /// <see cref="SpecOptions.PurchaseHistory"/> says; then all that are parked.
        /// </summary>
        /// <returns>The purchases.</returns>
        public IReadOnlyList<PurchaseEntry> GetPurchases()
        {
            slk_locker handle = Handle;
            string json = NativeText.Read((buffer, capacity, needed) => Native.slk_locker_get_purchases(handle, buffer, capacity, needed));
            using Document all = Document.FromJson(json);
            PurchaseEntry[] purchases = new PurchaseEntry[all.GetLength("")];
            for (int at = 0; at < purchases.Length; at++)
                purchases[at] = new PurchaseEntry(all, "/" + at);
            return purchases;
        }
    }
}
