using System;
using System.Collections.Generic;
using System.Text;

namespace SessionLocker.Tests
{
    /// <summary>Data between the store and the game: migrations, checks, offline play, imports, taking over, bots.</summary>
    internal static class LoadingTests
    {
        internal static void Run()
        {
            Program.Test("a record is migrated and patched on its way in", Migrated);
            Program.Test("a migrator that throws leaves the record as it is", MigratorThrows);
            Program.Test("a set of migrations with a gap says which version is missing", GapIsTold);
            Program.Test("migrations that are forgotten are ended", ForgottenMigrations);
            Program.Test("data that a check refuses are not saved, and not loaded", Refused);
            Program.Test("a last save that is refused is told with the data", LastSaveRefused);
            Program.Test("what was edited before the load is merged, or told", Merged);
            Program.Test("members that are missing are filled in", Reconciled);
            Program.Test("plain data are imported as of their version", Imported);
            Program.Test("a record is taken over from a living server", TakenOver);
            Program.Test("a bot plays and leaves nothing in the store", Artificial);
            Program.Test("a record that grows too large is told of", SizeWarning);
        }

        private static Store StoreWith(string key, string json)
        {
            Store store = Store.OpenMemory();
            store.SetValue("player", key, Encoding.UTF8.GetBytes(json));
            return store;
        }

        private static void Migrated()
        {
            using (Store store = Store.OpenMemory())
            {
                using (World world = new World(store: store))
                    world.Wait(world.Load("p").ReleaseAsync());
                List<string> seen = new List<string>();
                using (Migrations migrations = GoldToCoins(seen))
                using (World world = new World(spec => { spec.SchemaVersion = 2; spec.DefaultJson = "{}"; spec.Migrations = migrations; }, store: store))
                {
                    Check.Same(1, SessionLockerLibrary.CountObjects().Migrations);
                    // What the spec needs of the set must outlive it, and collections.
                    migrations.Dispose();
                    Objects.Collect();
                    Locker locker = world.Load("p");
                    Check.Same("p 1-1 here, p 1-2 here, p 2-2 here", string.Join(", ", seen));
                    Check.Same("{\"coins\":11,\"new\":true}", locker.GetJson());
                }
            }
        }

        private static Migrations GoldToCoins(List<string> seen)
        {
            Action<MigrationInfo> see = info =>
            {
                Objects.Collect();
                seen.Add($"{info.Key} {info.FromVersion}-{info.ToVersion} {(info.Locker != null ? "here" : "away")}");
            };
            return new Migrations()
                .AddPatcher(1, 0, (info, draft) => { see(info); draft.AddInt64("/gold", 1); })
                .AddMigrator(1, (info, draft) => { see(info); draft.SetJson("", "{\"coins\":" + draft.GetInt64("/gold") + "0}"); }, true, 0)
                .AddPatcher(2, 0, (info, draft) => { see(info); draft.AddInt64("/coins", 1); draft.SetBoolean("/new", true); });
        }

        private static void MigratorThrows()
        {
            bool isBroken = true;
            using (Store store = Store.OpenMemory())
            {
                using (World world = new World(store: store))
                    world.Wait(world.Load("p").ReleaseAsync());
                using (Migrations migrations = new Migrations())
                using (World world = new World(
                    spec =>
                    {
                        spec.SchemaVersion = 2;
                        spec.RetryMin = TimeSpan.FromMilliseconds(1);
                        spec.Migrations = migrations.AddMigrator(1, (info, draft) =>
                        {
                            draft.SetInt64("/gold", 99);
                            if (isBroken)
                                throw new InvalidOperationException("the coins are gone");
                        });
                    },
                    store: store))
                {
                    // The spec keeps what it needs.
                    migrations.Dispose();
                    string told = "";
                    world.Engine.LoadStatusChanged += happened => told += happened.LoadStatus + ": " + happened.Text;
                    Locker locker = world.Spec.CreateLocker("p");
                    TickTask loaded = locker.LoadAsync();
                    world.Until(() => told.Contains("DataRefused") && told.Contains("the coins are gone"), "refusal");
                    Check.That(!loaded.IsCompleted, "not loaded");
                    Check.That(Encoding.UTF8.GetString(store.GetValue("player", "p")).Contains("\"gold\":0"), "left as it is");
                    isBroken = false;
                    world.Until(() => loaded.IsCompleted, "load");
                    Check.Same(99L, locker.GetInt64("/gold"));
                }
            }
        }

        private static void GapIsTold()
        {
            using (Migrations migrations = new Migrations().AddMigrator(1, (info, draft) => { }))
            {
                migrations.Check(2);
                SessionLockerException gap = Check.Throws<SessionLockerException>(() => migrations.Check(4));
                Check.Same(Result.InvalidArgument, gap.Result);
                Check.That(gap.Message.Contains("2") || gap.Message.Contains("3"), gap.Message);
                Check.Fails(Result.Exists, () => migrations.AddMigrator(1, (info, draft) => { }));
                using (World world = new World())
                {
                    SpecOptions options = new SpecOptions { Name = "other", Store = world.Store, SchemaVersion = 4, Migrations = migrations };
                    Check.Fails(Result.InvalidArgument, () => world.Engine.CreateSpec(options));
                }
                Check.Throws<ArgumentNullException>(() => migrations.AddPatcher(1, 0, null));
            }
            Check.Throws<ObjectDisposedException>(() => Disposed().Check(1));
        }

        private static Migrations Disposed()
        {
            Migrations migrations = new Migrations();
            migrations.Dispose();
            migrations.Dispose();
            return migrations;
        }

        private static void ForgottenMigrations()
        {
            // On a thread of its own: a conservative garbage collector may find the last one on this stack.
            System.Threading.Thread thread = new System.Threading.Thread(Forget);
            thread.Start();
            thread.Join();
            Objects.ExpectNone();
        }

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        private static void Forget()
        {
            for (int at = 0; at < 10; at++)
                new Migrations().AddPatcher(1, 0, (info, draft) => { });
        }

        private static void Refused()
        {
            using (Store store = Store.OpenMemory())
            {
                using (World world = new World(spec => spec.Validate = Positive, store: store))
                {
                    Objects.Collect();
                    string told = "";
                    world.Engine.Trouble += happened => told += happened.Kind + ": " + happened.Text;
                    Locker locker = world.Load("p");
                    locker.SetInt64("/gold", -1);
                    locker.MarkForceSave();
                    world.Until(() => told.Contains("SaveTrouble") && told.Contains("/gold: below zero"), "refusal");
                    locker.SetInt64("/gold", 5);
                    world.Wait(locker.SaveAsync());
                    locker.SetInt64("/gold", 666);
                    Check.Same(ReleaseOutcome.Released, world.Wait(locker.ReleaseAsync()));
                }
                using (World world = new World(spec => spec.Validate = (info, data) => data.GetInt64("/gold") != 666 ? null : throw new InvalidOperationException("bad luck"), store: store))
                {
                    string told = "";
                    world.Engine.LoadStatusChanged += happened => told += happened.LoadStatus + ": " + happened.Text;
                    world.Spec.CreateLocker("p").MarkShouldAcquire();
                    world.Until(() => told.Contains("DataRefused: ") && told.Contains("bad luck"), "refusal");
                }
            }
        }

        private static string Positive(DataInfo info, Document data)
        {
            Check.Same("p", info.Key);
            return data.GetInt64("/gold") < 0 ? "/gold: below zero" : null;
        }

        private static void LastSaveRefused()
        {
            using (World world = new World(spec => spec.Validate = Positive))
            {
                Locker locker = world.Load("p");
                world.Wait(locker.SaveAsync());
                locker.SetInt64("/gold", -1);
                long refused = 0;
                world.Engine.Trouble += happened =>
                {
                    if (happened.Kind != EventKind.SaveRefused)
                        return;
                    refused = happened.Document.GetInt64("/gold");
                    happened.Document.Dispose();
                };
                Check.Same(ReleaseOutcome.SaveRefused, world.Wait(locker.ReleaseAsync()));
                Check.Same(-1L, refused);
                TickTask loaded = locker.LoadAsync();
                world.Until(() => loaded.IsCompleted, "load");
                Check.Same(0L, locker.GetInt64("/gold"), "as saved before");
                Check.Same(ReleaseOutcome.Released, world.Wait(locker.ReleaseAsync()));
            }
        }

        private static void Merged()
        {
            bool isBroken = false;
            string dropped = "";
            using (World world = new World(spec => spec.MergeOffline = (info, offline, draft) =>
            {
                Objects.Collect();
                draft.AddInt64("/gold", offline.GetInt64("/gold"));
                if (isBroken)
                    throw new InvalidOperationException("cannot be merged with " + info.Key);
            }))
            {
                world.Engine.Trouble += happened =>
                {
                    dropped += happened.Kind + " " + happened.Document?.GetInt64("/gold") + " " + happened.Text;
                    happened.Document?.Dispose();
                };
                Locker locker = world.Spec.CreateLocker("p");
                for (int round = 1; round <= 2; round++)
                {
                    TickTask loaded = locker.LoadAsync();
                    locker.AddInt64("/gold", 3);
                    Check.Same(3L, locker.GetInt64("/gold"), "before the load");
                    world.Until(() => loaded.IsCompleted, "load");
                    Check.Same(isBroken ? 3L : 3L * round, locker.GetInt64("/gold"), "round " + round);
                    world.Wait(locker.ReleaseAsync());
                    isBroken = true;
                }
                Check.That(dropped.Contains("OfflineDropped 3") && dropped.Contains("cannot be merged with p"), dropped);
            }
        }

        private static void Reconciled()
        {
            using (Store store = Store.OpenMemory())
            {
                using (World world = new World(store: store))
                    world.Wait(world.Load("p").ReleaseAsync());
                using (World world = new World(spec => { spec.Reconcile = true; spec.DefaultJson = "{\"gold\":1,\"gems\":2}"; }, store: store))
                {
                    Locker locker = world.Load("p");
                    Check.Same(0L, locker.GetInt64("/gold"));
                    Check.Same(2L, locker.GetInt64("/gems"));
                }
            }
        }

        private static void Imported()
        {
            using (Store store = StoreWith("p", "{\"gold\":77}"))
            using (Migrations migrations = new Migrations().AddMigrator(1, (info, draft) => draft.AddInt64("/gold", 1)))
            using (World world = new World(
                spec =>
                {
                    spec.ImportPlain = true;
                    spec.ImportOriginal = true;
                    spec.ImportSchemaVersion = 1;
                    spec.SchemaVersion = 2;
                    spec.Migrations = migrations;
                },
                store: store))
            {
                Check.Same(78L, world.Load("p").GetInt64("/gold"));
            }
        }

        private static void TakenOver()
        {
            using (Store store = Store.OpenMemory())
            using (World one = new World(spec => spec.HandoverMode = HandoverMode.Refuse, store: store, server: "one"))
            using (World two = new World(store: store, server: "two"))
            {
                Locker here = one.Load("p");
                LossCause? lost = null;
                one.Engine.Lost += happened =>
                {
                    lost = happened.LossCause;
                    Check.Same(one.Spec, happened.Spec, "the spec");
                    happened.Document.Dispose();
                };
                TickTask taken = two.Spec.CreateLocker("p").TakeOverAsync(holder: "admin");
                Loop.Until(() => { one.Engine.Tick(); two.Engine.Tick(); }, () => taken.IsCompleted, "take over");
                here.MarkForceSave();
                Loop.Until(() => { one.Engine.Tick(); two.Engine.Tick(); }, () => lost != null, "loss");
                Check.Same(LossCause.Taken, lost.Value);
            }
        }

        private static void Artificial()
        {
            int saves = 0;
            using (World world = new World(spec => spec.BeforeSave = (save, draft) => saves++))
            {
                Locker real = world.Load("p");
                Locker bot = world.Spec.CreateArtificialLocker("p", "tag");
                Check.That(bot.IsArtificial && !real.IsArtificial && !bot.IsSyncing && real.IsSyncing, "what they are");
                TickTask loaded = bot.LoadAsync();
                SaveReason? reason = null;
                world.Engine.EventReceived += happened =>
                {
                    if (happened.Kind == EventKind.Saving)
                        reason = happened.SaveReason;
                };
                world.Until(() => loaded.IsCompleted, "load");
                bot.AddInt64("/gold", 3);
                world.Wait(bot.SaveAsync());
                Check.Same(SaveReason.Asked, reason.Value);
                Check.Same(0L, real.GetInt64("/gold"), "of the real player");
                real.MarkShouldAcquire("another part");
                TickTask<ReleaseOutcome> release = real.ReleaseAsync();
                Check.Same(ReleaseOutcome.Released, world.Wait(bot.ReleaseAsync()));
                Check.That(!release.IsCompleted, "a release of the bot is none of the player");
                bot.MarkDeleted();
                Check.Fails(Result.Deleted, () => bot.MarkDeleted());
                Check.That(real.IsLoaded && saves > 0, "the real player stays");
            }
        }

        private static void SizeWarning()
        {
            using (World world = new World(spec => { spec.MaxValueBytes = 20000; spec.SizeWarningPercent = 50; }))
            {
                long told = 0;
                world.Engine.Trouble += happened => told = happened.Kind == EventKind.SizeWarning ? happened.Count : told;
                Locker locker = world.Load("p");
                locker.SetString("/name", new string('x', 12000));
                world.Wait(locker.SaveAsync());
                world.Until(() => told > 0, "warning");
                Check.That(told >= 12000 && told < 20000, told + " bytes");
            }
        }
    }
}
