using System;
using System.Collections.Generic;
using System.Linq;

namespace SessionLocker.Tests
{
    /// <summary>Records that are not held, changes between records, and people.</summary>
    internal static class RecordTests
    {
        internal static void Run()
        {
            Program.Test("a change is sent to a record that is away, and applied when it is loaded", SentToAway);
            Program.Test("a change to nobody says so", SentToNobody);
            Program.Test("a change of an unknown kind waits, and an exception drops its edits", ChangeWaitsOrThrows);
            Program.Test("a gift moves from one record to another", GiftMoves);
            Program.Test("a gift to nobody comes back", GiftComesBack);
            Program.Test("a change is queued on the draft of a callback", QueuedOnDraft);
            Program.Test("a record that nobody holds is updated", Updated);
            Program.Test("a record is looked at", Viewed);
            Program.Test("a record is erased, by force also where it is held", Erased);
            Program.Test("all records of a person are exported and erased", PersonExported);
            Program.Test("the same with stores of one's own that list", () => { PersonOnShelf(false); PersonOnShelf(true); });
            Program.Test("what is asked for on records ends with the engine", EndsWithEngine);
        }

        private static Applied Apply(ChangeInfo change, Document draft)
        {
            Objects.Collect();
            if (change.Kind == "broken")
            {
                draft.AddInt64("/gold", 1000);
                throw new InvalidOperationException("half way");
            }
            if (change.Kind != "gift")
                return Applied.NotApplicable;
            using (Document payload = Document.FromJson(change.Json))
                draft.AddInt64("/gold", payload.GetInt64("/gold"));
            string note = (change.IsReturned ? "back from " + change.ReturnedFrom : change.IsUpdate ? "update" : change.From);
            draft.SetString("/note", note);
            Check.That(change.IsUpdate || change.Sent > DateTimeOffset.UtcNow.AddHours(-1), "when it was sent: " + change.Sent);
            return Applied.Done;
        }

        private static void SentToAway()
        {
            using (World world = new World(spec => spec.ApplyChange = Apply, server: "s"))
            {
                // The first tick reads the wall clock.
                world.Engine.Tick();
                RecordReport<DeliveryOutcome> sent = world.Wait(world.Spec.SendChangeAsync("p", "gift", "{\"gold\":5}", true));
                Check.Same(DeliveryOutcome.Delivered, sent.Outcome, sent.Text);
                Check.Same(0L, world.Engine.VisitsInProgress);
                string told = "";
                world.Engine.Trouble += happened => told += happened.Text;
                world.Engine.ChangeApplied += happened => told += happened.Name + " from " + happened.Text + " to " + happened.Key;
                Locker locker = world.Load("p");
                world.Wait(locker.SaveAsync());
                world.Until(() => told.Length > 0, "event");
                Check.Same("gift from s to p", told);
                Check.Same(5L, locker.GetInt64("/gold"));
                Check.Same("s", locker.GetString("/note"));
            }
        }

        private static void SentToNobody()
        {
            using (World world = new World(spec => spec.ApplyChange = Apply))
            {
                TickTask<RecordReport<DeliveryOutcome>> sent = world.Spec.SendChangeAsync("nobody", "gift", "{\"gold\":5}");
                Check.Same(1L, world.Engine.VisitsInProgress);
                Check.Same(DeliveryOutcome.NoRecord, world.Wait(sent).Outcome);
                Check.Fails(Result.InvalidJson, () => world.Spec.SendChangeAsync("p", "gift", "{"));
                Check.Throws<ArgumentNullException>(() => world.Spec.SendChangeAsync(null, "gift"));
            }
        }

        private static void ChangeWaitsOrThrows()
        {
            using (World world = new World(spec => spec.ApplyChange = Apply))
            {
                Locker locker = world.Load("p");
                string told = "";
                world.Engine.Trouble += happened => told += happened.Kind + ": " + happened.Text;
                Check.Same(DeliveryOutcome.Delivered, world.Wait(world.Spec.SendChangeAsync("p", "riddle")).Outcome);
                Check.Same(DeliveryOutcome.Delivered, world.Wait(world.Spec.SendChangeAsync("p", "broken")).Outcome);
                world.Until(() => told.Contains("CallbackFailed") && told.Contains("half way"), "failure");
                Check.Same(0L, locker.GetInt64("/gold"));
                Check.Same(2L, locker.Status.IncomingChanges);
                world.Wait(locker.SaveAsync());
            }
        }

        private static void GiftMoves()
        {
            using (World world = new World(spec => spec.ApplyChange = Apply))
            {
                Locker giver = world.Load("giver");
                Locker taker = world.Load("taker");
                giver.SetInt64("/gold", -5);
                Change change = giver.QueueChange(world.Spec, "taker", "gift", "{\"gold\":5}");
                Check.Same(1L, giver.Status.OutgoingChanges);
                world.Wait(giver.SaveAsync());
                Check.Same(ChangeStatus.Saved, giver.GetChangeStatus(change));
                world.Until(() => taker.GetInt64("/gold") == 5, "gift");
                Check.Same("player/giver", taker.GetString("/note"));
                world.Until(() => giver.Status.OutgoingChanges == 0, "delivery");
            }
        }

        private static void GiftComesBack()
        {
            using (World world = new World(spec => spec.ApplyChange = Apply))
            {
                Locker giver = world.Load("giver");
                giver.QueueChange(world.Spec, "nobody", "gift", "{\"gold\":7}");
                giver.MarkForceSave();
                world.Until(() => giver.GetInt64("/gold") == 7, "return");
                Check.Same("back from player/nobody", giver.GetString("/note"));
            }
        }

        private static void QueuedOnDraft()
        {
            Spec self = null;
            bool isQueued = false;
            using (World world = new World(spec =>
            {
                spec.ApplyChange = Apply;
                spec.BeforeSave = (save, draft) =>
                {
                    if (!isQueued)
                        draft.QueueChange(self, "taker", "gift", "{\"gold\":2}", true);
                    isQueued = true;
                };
            }))
            {
                self = world.Spec;
                Locker giver = world.Load("giver");
                world.Wait(giver.SaveAsync());
                world.Until(() => giver.Status.OutgoingChanges == 0, "delivery");
                Check.Same(2L, world.Load("taker").GetInt64("/gold"));
                using (Document document = Document.FromJson("{}"))
                    Check.Fails(Result.InvalidArgument, () => document.QueueChange(self, "taker", "gift"));
            }
        }

        private static void Updated()
        {
            using (World world = new World(spec => spec.ApplyChange = Apply))
            {
                RecordReport<UpdateOutcome> updated = world.Wait(world.Spec.UpdateRecordAsync("guild", "gift", "{\"gold\":4}"));
                Check.Same(UpdateOutcome.Saved, updated.Outcome, updated.Text);
                RecordReport<UpdateOutcome> refused = world.Wait(world.Spec.UpdateRecordAsync("guild", "broken"));
                Check.Same(UpdateOutcome.Refused, refused.Outcome);
                Check.That(refused.Text.Contains("half way"), refused.Text);
                using (RecordView view = world.Wait(world.Spec.ViewRecordAsync("guild")))
                {
                    Check.Same(4L, view.Data.GetInt64("/gold"));
                    Check.Same("update", view.Data.GetString("/note"));
                }
            }
            using (World world = new World())
                Check.Fails(Result.Unsupported, () => world.Spec.UpdateRecordAsync("guild", "gift"));
        }

        private static void Viewed()
        {
            using (World world = new World(server: "s"))
            {
                Locker locker = world.Load("p");
                locker.SetInt64("/gold", 6);
                world.Wait(locker.SaveAsync());
                using (RecordView view = world.Wait(world.Spec.ViewRecordAsync("p")))
                {
                    Check.Same(RecordOutcome.Done, view.Outcome, view.Text);
                    Check.Same("p s 1 6", $"{view.Key} {view.Server} {view.SchemaVersion} {view.Data.GetInt64("/gold")}");
                    Check.Same(locker.Status.Epoch, view.Epoch);
                    Check.That(view.Since > DateTimeOffset.UtcNow.AddHours(-1), "since when");
                }
                using (RecordView view = world.Wait(world.Spec.ViewRecordAsync("nobody")))
                    Check.That(view.Outcome == RecordOutcome.NoRecord && view.Data == null, "nobody");
            }
        }

        private static void Erased()
        {
            using (Store store = Store.OpenMemory())
            using (World one = new World(store: store, server: "one"))
            using (World two = new World(store: store, server: "two"))
            {
                Locker locker = one.Load("p");
                LossCause? lost = null;
                one.Engine.Lost += happened => { lost = happened.LossCause; happened.Document.Dispose(); };
                RecordReport<RecordOutcome> held = two.Wait(two.Spec.EraseRecordAsync("p"));
                Check.Same("LockedElsewhere one", held.Outcome + " " + held.Server);
                Check.Same(RecordOutcome.Done, two.Wait(two.Spec.EraseRecordAsync("p", true)).Outcome);
                locker.MarkForceSave();
                one.Until(() => lost != null, "loss");
                Check.Same(LossCause.Erased, lost.Value);
                Check.Same(RecordOutcome.NoRecord, two.Wait(two.Spec.EraseRecordAsync("nobody")).Outcome);
            }
        }

        private static void PersonExported()
        {
            using (World world = new World())
                Person(world);
        }

        private static void PersonOnShelf(bool isAsync)
        {
            using (Store store = isAsync ? Store.Create(new AsyncShelf()) : Store.Create(new BlockingShelf()))
            using (World world = new World(store: store))
                Person(world);
        }

        private static void Person(World world)
        {
            for (int number = 0; number < 3; number++)
            {
                Locker locker = world.Load("p" + number);
                Change change = locker.AddUser("ä person");
                locker.AddUser("another");
                Check.Same("another ä person", string.Join(" ", locker.GetUsers()));
                Check.That(change.Number > 0 && locker.RemoveUser("another") && !locker.RemoveUser("another"), "another");
                if (number == 2)
                    locker.RemoveUser("ä person");
                world.Wait(locker.ReleaseAsync());
            }
            using (UserExport export = world.Wait(world.Spec.ExportUserAsync("ä person")))
            {
                Check.That(export.IsComplete, export.Text);
                Check.Same("p0 p1", string.Join(" ", export.Records.Select(record => record.Key)));
                Check.Same(0L, export.Records[0].Content.GetInt64("/data/gold"));
            }
            UserErasure erased = world.Wait(world.Spec.EraseUserAsync("ä person"));
            Check.Same("2 True", erased.Count + " " + erased.IsComplete);
            using (RecordView view = world.Wait(world.Spec.ViewRecordAsync("p0")))
                Check.Same(RecordOutcome.NoRecord, view.Outcome);
        }

        private static void EndsWithEngine()
        {
            AsyncShelf shelf = new AsyncShelf { Time = AnswerTime.Never };
            using (Store store = Store.Create(shelf))
            {
                World world = new World(store: store);
                List<TickTask> asked = new List<TickTask>
                {
                    world.Spec.SendChangeAsync("p", "gift"), world.Spec.ViewRecordAsync("p"), world.Spec.ExportUserAsync("u"), world.Spec.EraseUserAsync("u"),
                };
                world.Engine.Tick();
                world.Dispose();
                Check.That(asked.All(task => task.Error is ObjectDisposedException), "all failed");
                shelf.Forget();
            }
        }
    }
}
