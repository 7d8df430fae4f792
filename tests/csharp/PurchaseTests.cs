using System;
using System.Collections.Generic;
using System.Linq;

namespace SessionLocker.Tests
{
    /// <summary>The states of purchases, and the steps of dealing with one.</summary>
    internal static class PurchaseTests
    {
        internal static void Run()
        {
            Program.Test("each state of a purchase is told, and remembered", EachState);
            Program.Test("a purchase is validated, applied and recorded on one draft", Steps);
            Program.Test("a step that throws drops the edits of all", StepThrows);
            Program.Test("what is paid back is taken back, or becomes a debt", PaidBack);
            Program.Test("a parked purchase is taken up when the game knows its product", TakenUp);
            Program.Test("purchases that are not answered are counted", InProgress);
        }

        private static Receipt Notice(string id, string product, ReceiptState state = ReceiptState.Purchased)
        {
            return new Receipt("shop", "live", id, product) { State = state };
        }

        private static Applied Apply(PurchaseInfo purchase, Document draft)
        {
            Check.Same(PurchaseOperation.Apply, purchase.Operation);
            if (purchase.Product == "ticket")
                return Applied.NotApplicable;
            if (purchase.Product == "future")
                return Applied.UnknownProduct;
            if (purchase.Product == "stolen")
            {
                purchase.Reason = "it is stolen";
                return Applied.Rejected;
            }
            draft.AddInt64("/gold", 100);
            return Applied.Done;
        }

        private static void EachState()
        {
            using (World world = new World(spec => { spec.ApplyPurchase = Apply; spec.PurchaseHistory = 10; }))
            {
                Locker locker = world.Load("p");
                Action<Receipt, PurchaseOutcome> expect = (receipt, outcome) => Check.Same(outcome, world.Wait(locker.ProcessReceiptAsync(receipt)).Outcome, receipt.PurchaseId);
                expect(Notice("1", "gold"), PurchaseOutcome.Granted);
                expect(Notice("2", "ticket"), PurchaseOutcome.Credited);
                expect(Notice("3", "gold", ReceiptState.Pending), PurchaseOutcome.Pending);
                expect(Notice("4", "gold", ReceiptState.Rejected), PurchaseOutcome.Rejected);
                expect(Notice("5", "gold", ReceiptState.Revoked), PurchaseOutcome.Revoked);
                expect(Notice("6", "future"), PurchaseOutcome.Parked);
                PurchaseReport stolen = world.Wait(locker.ProcessReceiptAsync(Notice("7", "stolen")));
                Check.Same(PurchaseOutcome.Rejected, stolen.Outcome);
                Check.That(stolen.Text.Contains("it is stolen"), stolen.Text);
                string found = string.Join(" ", Enumerable.Range(1, 8).Select(id => locker.FindPurchase("shop", "live", id.ToString())));
                Check.Same("Granted Credited Pending Rejected Revoked Parked Rejected Unheard", found);
                IReadOnlyList<PurchaseEntry> all = locker.GetPurchases();
                Check.Same("1 2 3 4 5 7 6", string.Join(" ", all.Select(entry => entry.PurchaseId)));
                Check.Same("shop live future Parked", $"{all[6].Provider} {all[6].Environment} {all[6].Product} {all[6].State}");
                Check.That(all[0].Time > DateTimeOffset.UtcNow.AddHours(-1), "when");
            }
        }

        private static void Steps()
        {
            List<string> steps = new List<string>();
            using (World world = new World(spec =>
            {
                spec.ValidatePurchase = (purchase, draft) =>
                {
                    Objects.Collect();
                    steps.Add(purchase.Operation.ToString());
                    return purchase.Product == "fake" ? Applied.Rejected : Applied.Done;
                };
                spec.ApplyPurchase = Apply;
                spec.RecordPurchase = (purchase, draft) =>
                {
                    Objects.Collect();
                    steps.Add(purchase.Operation + " " + purchase.Effect + " " + draft.GetInt64("/gold"));
                    draft.AppendJson("/history", "\"" + purchase.PurchaseId + "\"");
                };
            }))
            {
                Objects.Collect();
                Locker locker = world.Load("p");
                world.Wait(locker.ProcessReceiptAsync(Notice("1", "gold")));
                world.Wait(locker.ProcessReceiptAsync(Notice("2", "ticket")));
                Check.Same(PurchaseOutcome.Rejected, world.Wait(locker.ProcessReceiptAsync(Notice("3", "fake"))).Outcome);
                Check.Same("Validate, Record Granted 100, Validate, Record Credited 100, Validate", string.Join(", ", steps));
                Check.Same("[\"1\",\"2\"]", locker.GetJson("/history"));
            }
        }

        private static void StepThrows()
        {
            using (World world = new World(spec =>
            {
                spec.ApplyPurchase = Apply;
                spec.RecordPurchase = (purchase, draft) => throw new InvalidOperationException("no ink");
                spec.RevokePurchase = (purchase, draft) => throw new InvalidOperationException("no way back");
            }))
            {
                Locker locker = world.Load("p");
                PurchaseReport report = world.Wait(locker.ProcessReceiptAsync(Notice("1", "gold")));
                Check.Same(PurchaseOutcome.NotProcessed, report.Outcome);
                Check.That(report.Text.Contains("no ink"), report.Text);
                Check.Same(0L, locker.GetInt64("/gold"));
                Check.Same(PurchaseState.Unheard, locker.FindPurchase("shop", "live", "1"));
                world.Wait(locker.SaveAsync());
            }
        }

        private static void PaidBack()
        {
            using (World world = new World(spec =>
            {
                spec.ApplyPurchase = Apply;
                spec.RevokePurchase = (purchase, draft) =>
                {
                    Objects.Collect();
                    Check.Same(PurchaseOperation.Revoke, purchase.Operation);
                    if (draft.GetInt64("/gold") < 100)
                        return Applied.NotApplicable;
                    draft.AddInt64("/gold", -100);
                    return Applied.Done;
                };
            }))
            {
                Locker locker = world.Load("p");
                string told = "";
                world.Engine.CreditChanged += happened => told += happened.Name + " " + happened.Amount;
                world.Wait(locker.ProcessReceiptAsync(Notice("1", "gold")));
                world.Wait(locker.ProcessReceiptAsync(Notice("2", "gold")));
                Check.Same(PurchaseOutcome.Revoked, world.Wait(locker.ProcessReceiptAsync(Notice("1", "gold", ReceiptState.Revoked))).Outcome);
                Check.Same(100L, locker.GetInt64("/gold"));
                locker.SetInt64("/gold", 99);
                PurchaseReport debt = world.Wait(locker.ProcessReceiptAsync(Notice("2", "gold", ReceiptState.Revoked)));
                Check.Same(PurchaseOutcome.Revoked, debt.Outcome);
                Check.Same(99L, locker.GetInt64("/gold"));
                Check.Same(-1L, locker.GetCredit("gold"));
                Check.Same("gold -1", told);
                PurchaseReport again = world.Wait(locker.ProcessReceiptAsync(Notice("2", "gold", ReceiptState.Revoked)));
                Check.That(again.IsDuplicate, "again");
            }
        }

        private static void TakenUp()
        {
            bool isKnown = false;
            using (World world = new World(spec => spec.ApplyPurchase = (purchase, draft) =>
            {
                if (!isKnown)
                    return Applied.UnknownProduct;
                draft.AddInt64("/gold", 1);
                return Applied.Done;
            }))
            {
                Locker locker = world.Load("p");
                Check.Same(PurchaseOutcome.Parked, world.Wait(locker.ProcessReceiptAsync(Notice("1", "new"))).Outcome);
                isKnown = true;
                string told = "";
                world.Engine.ReceiptSettled += happened => told += happened.Name + " " + happened.Result + " " + happened.IsTakenUp;
                locker.RetryParked();
                world.Until(() => told.Length > 0, "event");
                Check.Same("1 Granted True", told);
                Check.Same(1L, locker.GetInt64("/gold"));
                Check.Fails(Result.NotLoaded, () => world.Spec.CreateLocker("q").RetryParked());
            }
        }

        private static void InProgress()
        {
            using (World world = new World(spec => spec.ApplyPurchase = Apply))
            {
                Locker locker = world.Load("p");
                TickTask<PurchaseReport> report = locker.ProcessReceiptAsync(Notice("1", "gold"));
                Check.Same(1L, world.Engine.PurchasesInProgress);
                world.Wait(report);
                Check.Same(0L, world.Engine.PurchasesInProgress);
            }
        }
    }
}
