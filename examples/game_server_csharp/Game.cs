using System;
using SessionLocker;

namespace GameServer
{
    /// <summary>The numbers of a player that the protocol and the audit log show.</summary>
    internal readonly struct Summary
    {
        /// <summary>Reads them from a locker or from a callback's draft: both have the same accessors.</summary>
        internal Summary(Data data)
        {
            Gold = data.GetInt64("/gold");
            Operations = data.GetInt64("/ops");
            IsVip = data.GetBoolean("/vip");
            Receipts = data.GetLength("/receipts");
        }

        internal long Gold { get; }

        internal long Operations { get; }

        internal bool IsVip { get; }

        internal int Receipts { get; }

        public override string ToString()
        {
            return $"ops {Operations} gold {Gold} receipts {Receipts}";
        }
    }

    /// <summary>The rules of the game: what a player's data look like and what the shop's products do.</summary>
    internal static class Game
    {
        /// <summary>
        /// The data of a player who has never played. `ops` counts every change and `receipts` lists the purchases that
        /// took effect: the game does not need either, but they let a test see a lost change or a doubled purchase.
        /// </summary>
        internal const string NewPlayer = "{\"gold\":0,\"ops\":0,\"vip\":false,\"receipts\":[]}";

        internal static Change AddGold(Locker locker, long amount)
        {
            // Two edits, and no save can come between them: the library works only while it is called by the tick.
            locker.AddInt64("/gold", amount);
            return locker.AddInt64("/ops", 1);
        }

        /// <summary>
        /// Applies a purchase to a draft of the player's data. Called by the library, perhaps again after a loss: so it
        /// changes nothing but the draft.
        /// </summary>
        internal static Applied Apply(PurchaseInfo purchase, Document draft)
        {
            switch (purchase.Product)
            {
                case "gold100":
                    draft.AddInt64("/gold", 100);
                    break;
                case "vip":
                    // Paid for, but there is nothing to give: the library notes credit, and the player can have the pass
                    // later.
                    if (draft.GetBoolean("/vip"))
                        return Applied.NotApplicable;
                    draft.SetBoolean("/vip", true);
                    break;
                default:
                    throw new InvalidOperationException("the shop sold a product that this game does not have");
            }
            // The protocol lets in only purchase ids that need no escaping in JSON.
            draft.AppendJson("/receipts", "\"" + purchase.PurchaseId + "\"");
            draft.AddInt64("/ops", 1);
            return Applied.Done;
        }
    }
}
