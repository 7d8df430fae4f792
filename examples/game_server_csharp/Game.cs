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
            Gifts = LengthOf(data, "/gifts");
            Mail = LengthOf(data, "/mail");
        }

        internal long Gold { get; }

        internal long Operations { get; }

        internal bool IsVip { get; }

        internal int Receipts { get; }

        internal int Gifts { get; }

        internal int Mail { get; }

        public override string ToString()
        {
            return $"ops {Operations} gold {Gold} receipts {Receipts}";
        }

        // Data of version 1 have no such list.
        private static int LengthOf(Data data, string pointer)
        {
            return data.GetKind(pointer) == ValueKind.Missing ? 0 : data.GetLength(pointer);
        }
    }

    /// <summary>The rules of the game: what a player's data look like and what the shop's products do.</summary>
    internal static class Game
    {
        /// <summary>
        /// The data of a player who has never played. `ops` counts every change and `receipts` lists the purchases that
        /// took effect: the game does not need either, but they let a test see a lost change or a doubled purchase.
        /// </summary>
        internal const string OldPlayer = "{\"gold\":0,\"ops\":0,\"vip\":false,\"receipts\":[]}";

        internal const string NewPlayer =
            "{\"gold\":0,\"ops\":0,\"vip\":false,\"receipts\":[],\"gifts\":[],\"mail\":[],\"saves\":0}";

        /// <summary>Version 1 knows neither gifts nor mail.</summary>
        internal static void Migrate(Document draft)
        {
            draft.SetJson("/gifts", "[\"welcome\"]");
            draft.SetJson("/mail", "[]");
            draft.SetInt64("/saves", 0);
        }

        internal static void Save(SaveInfo save, Document draft)
        {
            // A confirmation says again what was said already.
            if (save.Reason != SaveReason.Confirm)
                draft.AddInt64("/saves", 1);
        }

        /// <summary>Adds what was earned and spent before the record was there.</summary>
        internal static void Merge(Document offline, Document draft)
        {
            draft.AddInt64("/gold", offline.GetInt64("/gold"));
            draft.AddInt64("/ops", offline.GetInt64("/ops"));
        }

        /// <summary>Applies what another player or a server sent; false for what this game does not know.</summary>
        internal static bool Receive(ChangeInfo change, Document draft)
        {
            switch (change.Kind)
            {
                case "gift":
                    // {"gold":30,"id":"ann-7"}: it is noted by its id, one that nobody could take and came back as such.
                    using (Document payload = Document.FromJson(change.Json))
                    {
                        draft.AddInt64("/gold", payload.GetInt64("/gold"));
                        draft.SetString("/gifts/-", (change.IsReturned ? "back-" : "") + payload.GetString("/id"));
                    }
                    draft.AddInt64("/ops", 1);
                    return true;
                case "mail":
                    draft.AppendJson("/mail", change.Json);
                    return true;
                default:
                    return false;
            }
        }

        /// <summary>Takes a product out of the data: it was paid back. What is spent already becomes a debt.</summary>
        internal static Applied TakeBack(PurchaseInfo purchase, Document draft)
        {
            switch (purchase.Product)
            {
                case "gold100" when draft.GetInt64("/gold") >= 100:
                    draft.AddInt64("/gold", -100);
                    break;
                case "vip" when draft.GetBoolean("/vip"):
                    draft.SetBoolean("/vip", false);
                    break;
                default:
                    return Applied.NotApplicable;
            }
            draft.AddInt64("/ops", 1);
            return Applied.Done;
        }

        internal static Change AddGold(Locker locker, long amount)
        {
            // Two edits, and no save can come between them: the library works only while it is called by the tick.
            locker.AddInt64("/gold", amount);
            return locker.AddInt64("/ops", 1);
        }

        /// <summary>Takes gold from the player and sends it to another: both are saved in one write.</summary>
        internal static Change SendGift(Locker locker, Spec players, string name, string to, long amount)
        {
            // No two gifts of a player that were saved have the same number.
            string id = name + "-" + (locker.GetInt64("/ops") + 1);
            // Queued first: if that fails, nothing is taken.
            locker.QueueChange(players, to, "gift", "{\"gold\":" + amount + ",\"id\":\"" + id + "\"}");
            return AddGold(locker, -amount);
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
            // The protocol lets in only purchase ids that need no escaping in JSON. Credit has none.
            if (!purchase.IsCredit)
                draft.AppendJson("/receipts", "\"" + purchase.PurchaseId + "\"");
            draft.AddInt64("/ops", 1);
            return Applied.Done;
        }
    }
}
