using System;
using System.Threading.Tasks;

namespace SessionLocker.Tests
{
    internal static class ProfileTests
    {
        internal static void Run()
        {
            Program.Test("a profile is played from start to end", Played);
            Program.Test("a player who comes back at once goes on with the same data", ComesBack);
            Program.Test("a purchase changes the data in place, or not at all", Purchases);
            Program.Test("a player who moves ends the profile", Moves);
            Program.Test("a profile that was ended or is active twice says so", SaysSo);
        }

        private static ProfileOptions<Player> Options(string server)
        {
            return new ProfileOptions<Player>
            {
                Serializer = new PlayerSerializer(),
                CreateDefault = key => new Player { Name = key },
                ApplyPurchase = Apply,
                Engine = new EngineOptions { ServerId = server, Lease = TimeSpan.FromSeconds(2), BeatInterval = TimeSpan.FromMilliseconds(50) },
            };
        }

        private static Applied Apply(Player player, PurchaseInfo purchase)
        {
            if (purchase.Product == "peek")
                return Applied.NotApplicable;
            player.Gold += 100;
            if (purchase.Product == "broken")
                throw new InvalidOperationException("half way");
            return purchase.Product == "ticket" && !purchase.IsCredit ? Applied.NotApplicable : Applied.Done;
        }

        private static void Finish(Profiles<Player> profiles, Task task)
        {
            Loop.Until(() => profiles.Tick(), () => task.IsCompleted, "story");
            task.GetAwaiter().GetResult();
        }

        private static void Played()
        {
            using (Store store = Store.OpenMemory())
            {
                for (int round = 0; round < 3; round++)
                {
                    using (Profiles<Player> profiles = new Profiles<Player>(store, Options("s")))
                    {
                        Finish(profiles, PlayRound(profiles, round));
                        TickTask<int> shutdown = profiles.ShutdownAsync(TimeSpan.FromSeconds(10));
                        Loop.Until(() => profiles.Tick(), () => shutdown.IsCompleted, "shutdown");
                    }
                }
            }
        }

        private static async Task PlayRound(Profiles<Player> profiles, int round)
        {
            using (Profile<Player> profile = await profiles.StartAsync("anna"))
            {
                Check.Same("anna", profile.Data.Name);
                Check.Same(round * 3L, profile.Data.Gold);
                Check.That(profile.IsAvailable, "available");
                profile.Data.Gold += 1;
                Change change = profile.Edit(player => player.Gold += 1);
                await profile.SaveAsync();
                Check.Same(ChangeStatus.Saved, profile.Locker.GetChangeStatus(change));
                profile.Data.Gold += 1;
                profile.MarkChanged();
                // The last round leaves it to the shutdown.
                if (round < 2)
                    Check.Same(ReleaseOutcome.Released, await profile.EndAsync());
            }
        }

        private static void ComesBack()
        {
            using (Store store = Store.OpenMemory())
            using (Profiles<Player> profiles = new Profiles<Player>(store, Options("s")))
            {
                Finish(profiles, ComeBack(profiles, 0));
                // With ticks between, the last save is on its way, and is waited for.
                Finish(profiles, ComeBack(profiles, 1));
                Finish(profiles, ComeBack(profiles, 2));
            }
        }

        private static async Task ComeBack(Profiles<Player> profiles, int round)
        {
            Profile<Player> profile = await profiles.StartAsync("ben");
            Check.Same(round * 2L, profile.Data.Gold);
            profile.Edit(player => player.Gold += 1);
            TickTask<ReleaseOutcome> end = profile.EndAsync();
            if (round > 0)
            {
                TickTask other = profiles.Spec.CreateLocker("other" + round).LoadAsync();
                await other;
            }
            Profile<Player> again = await profiles.StartAsync("ben");
            Check.Same(round * 2L + 1, again.Data.Gold);
            again.Edit(player => player.Gold += 1);
            Check.Same(ReleaseOutcome.Released, await again.EndAsync());
            Check.That(end.IsCompleted, "the first end is settled");
        }

        private static void Purchases()
        {
            using (Store store = Store.OpenMemory())
            using (Profiles<Player> profiles = new Profiles<Player>(store, Options("s")))
                Finish(profiles, Buy(profiles));
        }

        private static async Task Buy(Profiles<Player> profiles)
        {
            Profile<Player> profile = await profiles.StartAsync("carl");
            Player data = profile.Data;
            data.Gold = 5;
            PurchaseReport granted = await profile.ProcessReceiptAsync(new Receipt("shop", "live", "1", "gold"));
            Check.Same(PurchaseOutcome.Granted, granted.Outcome, granted.Text);
            Check.Same(105L, data.Gold, "changed in place");
            PurchaseReport peeked = await profile.ProcessReceiptAsync(new Receipt("shop", "live", "2", "peek"));
            Check.Same(PurchaseOutcome.Credited, peeked.Outcome, peeked.Text);
            Check.That(ReferenceEquals(data, profile.Data), "the object stays where nothing was changed");
            PurchaseReport broken = await profile.ProcessReceiptAsync(new Receipt("shop", "live", "3", "broken"));
            Check.Same(PurchaseOutcome.NotProcessed, broken.Outcome);
            Check.Same(105L, profile.Data.Gold, "nothing was changed");
            PurchaseReport credited = await profile.ProcessReceiptAsync(new Receipt("shop", "live", "4", "ticket"));
            Check.Same(PurchaseOutcome.Credited, credited.Outcome);
            Check.Same(105L, profile.Data.Gold, "nothing was changed");
            Check.Same(CreditOutcome.Used, await profile.UseCreditAsync("ticket"));
            Check.Same(205L, profile.Data.Gold);
            await profile.EndAsync();
            Profile<Player> again = await profiles.StartAsync("carl");
            Check.Same(205L, again.Data.Gold);
            again.Dispose();
        }

        private static void Moves()
        {
            using (Store store = Store.OpenMemory())
            using (Profiles<Player> one = new Profiles<Player>(store, Options("one")))
            using (Profiles<Player> two = new Profiles<Player>(store, Options("two")))
            {
                Task move = Move(one, two);
                Loop.Until(() => { one.Tick(); two.Tick(); }, () => move.IsCompleted, "move");
                move.GetAwaiter().GetResult();
            }
        }

        private static async Task Move(Profiles<Player> one, Profiles<Player> two)
        {
            Profile<Player> here = await one.StartAsync("dora");
            Event ended = default;
            here.SessionEnded += happened => ended = happened;
            here.Edit(player => player.Gold = 77);
            Profile<Player> there = await two.StartAsync("dora");
            Check.Same(77L, there.Data.Gold);
            Check.Same(EventKind.Released, ended.Kind);
            Check.Same(ReleaseCause.HandedOver, ended.ReleaseCause);
            Check.Throws<InvalidOperationException>(() => here.MarkChanged());
            here.Dispose();
            await there.EndAsync();
        }

        private static void SaysSo()
        {
            using (Store store = Store.OpenMemory())
            using (Profiles<Player> profiles = new Profiles<Player>(store, Options("s")))
                Finish(profiles, Misuse(profiles));
        }

        private static async Task Misuse(Profiles<Player> profiles)
        {
            Profile<Player> profile = await profiles.StartAsync("emil");
            Check.Throws<InvalidOperationException>(() => profiles.StartAsync("emil"));
            await profile.EndAsync();
            Check.Throws<InvalidOperationException>(() => profile.EndAsync());
            Check.Throws<InvalidOperationException>(() => profile.SaveAsync());
            profile.Dispose();
        }
    }
}
