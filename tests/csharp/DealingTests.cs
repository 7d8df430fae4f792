using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;

namespace SessionLocker.Tests
{
    /// <summary>What profiles do beyond loading and saving.</summary>
    internal static class DealingTests
    {
        internal static void Run()
        {
            Program.Test("a profile is started again", () => Play(StartAgain));
            Program.Test("a profile gives to a player who is here, away, or nobody", () => Play(Give));
            Program.Test("a gift that cannot be given leaves the data as they were", () => Play(GiveFails));
            Program.Test("a profile's purchases are parked, refunded and listed", () => Play(Purchases));
            Program.Test("a player who is away is looked at, updated and erased", () => Play(Away));
            Program.Test("a profile's data are migrated", Migrated);
        }

        private static void Play(Func<Profiles<Player>, Task> story)
        {
            using (Store store = Store.OpenMemory())
            using (Profiles<Player> profiles = new Profiles<Player>(store, Options()))
            {
                Objects.Collect();
                Task task = story(profiles);
                Loop.Until(() => profiles.Tick(), () => task.IsCompleted, "story");
                task.GetAwaiter().GetResult();
            }
        }

        private static ProfileOptions<Player> Options()
        {
            return new ProfileOptions<Player>
            {
                Serializer = new PlayerSerializer(),
                CreateDefault = key => new Player { Name = key },
                ValidatePurchase = (player, purchase) => { player.Gold += 1; return purchase.Product == "fake" ? Applied.Rejected : Applied.Done; },
                ApplyPurchase = (player, purchase) => { player.Gold += 100; return purchase.Product == "future" && !player.Name.EndsWith("!") ? Applied.UnknownProduct : Applied.Done; },
                RevokePurchase = (player, purchase) => { player.Gold -= 100; return player.Gold < 0 ? Applied.NotApplicable : Applied.Done; },
                Spec = spec => spec.RetryMin = TimeSpan.FromMilliseconds(1),
            }
            .OnChange("gift", (player, change) =>
            {
                player.Gold += long.Parse(change.Json);
                if (change.Json == "666")
                    throw new InvalidOperationException("half way");
            })
            .OnChange("name", (player, change) => player.Name = change.Json.Trim('"'));
        }

        private static async Task StartAgain(Profiles<Player> profiles)
        {
            Profile<Player> profile = await profiles.StartAsync("anna");
            for (int round = 1; round <= 3; round++)
            {
                profile.Edit(player => player.Gold += 1);
                Check.Throws<InvalidOperationException>(() => profile.StartAsync());
                Check.Same(ReleaseOutcome.Released, await profile.EndAsync());
                Check.That(profile.IsEnding, "over");
                Check.Same(profile, await profile.StartAsync());
                Check.Same((long)round, profile.Data.Gold);
            }
            // Before the end, too.
            TickTask<ReleaseOutcome> end = profile.EndAsync();
            await profile.StartAsync();
            Check.Same(ReleaseOutcome.WantedAgain, await end);
            Profile<Player> same = null;
            Check.Throws<InvalidOperationException>(() => profiles.StartAsync("anna"));
            await profile.EndAsync();
            same = await profiles.StartAsync("anna");
            Check.Throws<InvalidOperationException>(() => profile.StartAsync());
            await same.EndAsync();
        }

        private static async Task Give(Profiles<Player> profiles)
        {
            Profile<Player> giver = await profiles.StartAsync("giver");
            Profile<Player> taker = await profiles.StartAsync("taker");
            await (await profiles.StartAsync("away")).EndAsync();
            giver.Edit(player => player.Gold = 100);
            foreach (string key in new[] { "taker", "away", "nobody" })
                giver.Give(key, "gift", "10", player => player.Gold -= 10);
            await giver.SaveAsync();
            while (giver.Locker.Status.OutgoingChanges > 0 || taker.Data.Gold == 0 || giver.Data.Gold != 80)
                await giver.SaveAsync();
            Check.Same(10L, taker.Data.Gold, "here");
            Check.Same(80L, giver.Data.Gold, "what nobody took is back");
            Profile<Player> away = await profiles.StartAsync("away");
            Check.Same(10L, away.Data.Gold, "away");
            RecordReport<DeliveryOutcome> broken = await profiles.SendChangeAsync("taker", "gift", "666");
            Check.Same(DeliveryOutcome.Delivered, broken.Outcome);
            await taker.SaveAsync();
            Check.Same(10L, taker.Data.Gold, "an exception changes nothing");
            Check.Same(DeliveryOutcome.Delivered, (await profiles.SendChangeAsync("taker", "riddle")).Outcome);
            await taker.EndAsync();
            await giver.EndAsync();
            await away.EndAsync();
        }

        private static async Task GiveFails(Profiles<Player> profiles)
        {
            Profile<Player> giver = await profiles.StartAsync("giver");
            Check.Fails(Result.InvalidJson, () => giver.Give("other", "gift", "{", player => player.Gold -= 10));
            Check.Throws<InvalidOperationException>(() => giver.Give("other", "gift", "1", player => { player.Gold = 5; throw new InvalidOperationException(); }));
            Check.Same(0L, giver.Data.Gold);
            Check.Same(0L, giver.Locker.GetInt64("/gold"));
            await giver.SaveAsync();
            Check.Same(0L, giver.Locker.Status.OutgoingChanges);
            await giver.EndAsync();
        }

        private static async Task Purchases(Profiles<Player> profiles)
        {
            Profile<Player> profile = await profiles.StartAsync("carl");
            Player data = profile.Data;
            Func<string, string, ReceiptState, Task<PurchaseOutcome>> buy = async (id, product, state) =>
                (await profile.ProcessReceiptAsync(new Receipt("shop", "live", id, product) { State = state })).Outcome;
            Check.Same(PurchaseOutcome.Granted, await buy("1", "gold", ReceiptState.Purchased));
            Check.Same(100L, profile.Data.Gold, "what a check changes is undone");
            Check.Same(PurchaseOutcome.Rejected, await buy("2", "fake", ReceiptState.Purchased));
            Check.Same(PurchaseOutcome.Parked, await buy("3", "future", ReceiptState.Purchased));
            Check.Same(PurchaseOutcome.Revoked, await buy("1", "gold", ReceiptState.Revoked));
            Check.Same(0L, profile.Data.Gold);
            profile.Edit(player => player.Name = "carl!");
            profile.RetryParked();
            await profile.SaveAsync();
            while (profile.Data.Gold == 0)
                await profile.SaveAsync();
            Check.Same(100L, profile.Data.Gold, "taken up");
            profile.Edit(player => player.Gold = 50);
            Check.Same(PurchaseOutcome.Revoked, await buy("3", "future", ReceiptState.Revoked));
            Check.Same(50L, profile.Data.Gold);
            Check.Same(-1L, profile.GetCredit("future"));
            Check.Same("Rejected Revoked Revoked", string.Join(" ", profile.GetPurchases().Select(it => it.State).OrderBy(it => it.ToString())));
            await profile.EndAsync();
        }

        private static async Task Away(Profiles<Player> profiles)
        {
            Profile<Player> profile = await profiles.StartAsync("dora");
            profile.AddUser("a person");
            profile.AddUser("nobody");
            Check.That(profile.RemoveUser("nobody"), "removed");
            Check.Same("a person", string.Join(" ", profile.GetUsers()));
            profile.Edit(player => player.Gold = 3);
            await profile.EndAsync();
            using (UserExport export = await profiles.ExportUserAsync("a person"))
                Check.That(export.IsComplete, export.Text);
            ProfileView<Player> seen = await profiles.ViewAsync("dora");
            Check.Same("Done dora 3 ", $"{seen.Outcome} {seen.Data.Name} {seen.Data.Gold} {seen.Server}");
            Check.Same(RecordOutcome.NoRecord, (await profiles.ViewAsync("nobody")).Outcome);
            Check.Same(UpdateOutcome.Saved, (await profiles.Spec.UpdateRecordAsync("dora", "name", "\"d\"")).Outcome);
            Check.Same("d", (await profiles.ViewAsync("dora")).Data.Name);
            Check.Same(1, (await profiles.EraseUserAsync("a person")).Count);
            Check.Same(RecordOutcome.NoRecord, (await profiles.ViewAsync("dora")).Outcome);
            Check.Same(RecordOutcome.NoRecord, (await profiles.EraseAsync("nobody")).Outcome);
        }

        private static void Migrated()
        {
            using (Store store = Store.OpenMemory())
            using (Migrations migrations = new Migrations().AddMigrator(1, (info, draft) => draft.AddInt64("/gold", 1000)))
            {
                for (int version = 1; version <= 2; version++)
                {
                    ProfileOptions<Player> options = Options();
                    options.SchemaVersion = version;
                    options.Migrations = version == 1 ? null : migrations;
                    using (Profiles<Player> profiles = new Profiles<Player>(store, options))
                    {
                        Task task = Visit(profiles, version == 1 ? 0 : 1000);
                        Loop.Until(() => profiles.Tick(), () => task.IsCompleted, "story");
                        task.GetAwaiter().GetResult();
                    }
                }
            }
        }

        private static async Task Visit(Profiles<Player> profiles, long gold)
        {
            Profile<Player> profile = await profiles.StartAsync("emil");
            Check.Same(gold, profile.Data.Gold);
            await profile.EndAsync();
        }
    }
}
