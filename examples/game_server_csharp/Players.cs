using System;
using System.Collections.Generic;
using System.Linq;
using SessionLocker;

namespace GameServer
{
    /// <summary>One player on this server.</summary>
    internal sealed class Player
    {
        internal Player(string name)
        {
            Name = name;
        }

        internal string Name { get; }

        internal Locker Locker { get; set; }

        /// <summary>Who hears of this player.</summary>
        internal long Client { get; set; }

        /// <summary>Of the session; 0: none.</summary>
        internal ulong Epoch { get; set; }

        /// <summary>As seen at the latest tick, for the audit log.</summary>
        internal bool IsAvailable { get; set; }

        /// <summary>The version that the data had before they were migrated for this session; 0: they were not.</summary>
        internal int MigratedFrom { get; set; }

        /// <summary>When it was last seen available.</summary>
        internal ulong SeenAt { get; set; }
    }

    /// <summary>The players of this server: one locker for each, and what clients ask of them.</summary>
    internal sealed class Players : IDisposable
    {
        private static readonly TimeSpan ShutdownTime = TimeSpan.FromSeconds(20);

        private readonly Dictionary<string, Player> players = new Dictionary<string, Player>();
        private readonly Clients clients;
        private readonly Audit audit;
        private readonly Store store;
        private readonly Engine engine;
        private readonly Spec spec;
        private readonly Happenings happenings;
        private readonly int gameVersion;
        private bool isShuttingDown;

        internal Players(Options options, Clients clients, Audit audit)
        {
            this.clients = clients;
            this.audit = audit;
            gameVersion = options.GameVersion;
            store = Stores.Open(options);
            engine = new Engine(new EngineOptions
            {
                ServerId = options.ServerId,
                Lease = options.Lease,
                PredecessorGone = options.IsPredecessorGone,
                Log = (level, text) => Console.Error.WriteLine("game_server: " + text),
            });
            spec = CreateSpec(options);
            happenings = new Happenings(players, clients, audit);
            engine.EventReceived += happenings.Take;
        }

        private Spec CreateSpec(Options options)
        {
            SpecOptions kind = new SpecOptions
            {
                Name = "player",
                Store = store,
                SchemaVersion = gameVersion,
                DefaultJson = gameVersion == 1 ? Game.OldPlayer : Game.NewPlayer,
                ApplyPurchase = ApplyPurchase,
                Autosave = options.Autosave,
            };
            if (gameVersion == 1)
                return engine.CreateSpec(kind);
            // Servers of version 1 do not mind the new members, and keep them.
            using Migrations migrations = new Migrations().AddMigrator(1, Migrate, true);
            kind.Migrations = migrations;
            kind.BeforeSave = Game.Save;
            kind.MergeOffline = (info, offline, draft) => Game.Merge(offline, draft);
            kind.ApplyChange = ApplyChange;
            kind.RevokePurchase = TakeBack;
            return engine.CreateSpec(kind);
        }

        internal bool IsDone => happenings.IsEnd;

        /// <summary>One step of the game loop: lets the library work, and tells the clients what happened.</summary>
        internal void Tick(TimeSpan budget)
        {
            engine.Tick(budget);
            happenings.WatchAvailability();
        }

        /// <summary>Begins to save and release everybody.</summary>
        internal void BeginShutdown(long client)
        {
            if (!isShuttingDown)
                engine.BeginShutdown(ShutdownTime);
            isShuttingDown = true;
            clients.Print(client, "ok shutdown");
        }

        internal void Join(long client, string name)
        {
            Try(client, "join", name, () =>
            {
                // Who left a moment ago may still be here, being saved: then marking the same locker again calls that off.
                if (!players.TryGetValue(name, out Player player))
                {
                    player = new Player(name);
                    player.Locker = spec.CreateLocker(name, player);
                    players.Add(name, player);
                }
                player.Locker.MarkShouldAcquire();
                player.Client = client;
                clients.Print(client, "ok join " + name);
            });
        }

        internal void Leave(long client, string name)
        {
            if (!players.TryGetValue(name, out Player player))
            {
                clients.Print(client, "error leave " + name + ": not on this server");
                return;
            }
            Try(client, "leave", name, () =>
            {
                player.Locker.MarkShouldRelease();
                clients.Print(client, "ok leave " + name);
            });
        }

        internal void Earn(long client, string name, long amount)
        {
            Player player = FindPlaying(client, "earn", name);
            if (player != null)
                Try(client, "earn", name, () => ChangeGold(client, "earn", player, amount));
        }

        internal void Spend(long client, string name, long amount)
        {
            Player player = FindPlaying(client, "spend", name);
            if (player == null)
                return;
            Try(client, "spend", name, () =>
            {
                long gold = player.Locker.GetInt64("/gold");
                if (gold < amount)
                    clients.Print(client, "error spend " + name + ": has only " + gold + " gold");
                else
                    ChangeGold(client, "spend", player, -amount);
            });
        }

        /// <summary>
        /// Hands the shop's notice to the library. What follows the await runs inside a later tick, when the outcome is
        /// durable. A real server confirms the purchase to the platform there, and not earlier; what was not processed it
        /// does not confirm, so that the notice comes again.
        /// </summary>
        internal async void Buy(long client, string name, string product, string purchase)
        {
            Player player = FindAvailable(client, "buy", name);
            if (player == null)
                return;
            try
            {
                TickTask<PurchaseReport> outcome = player.Locker.ProcessReceiptAsync(new Receipt("example-shop", "live", purchase, product));
                clients.Print(client, "ok buy " + name + " " + purchase);
                TellPurchase(client, player, purchase, await outcome);
            }
            catch (Exception error)
            {
                TellFailure(client, "buy", name, error);
            }
        }

        /// <summary>Gold moves to another player, wherever that one is: it leaves and arrives exactly once.</summary>
        internal void Give(long client, string name, string to, long amount)
        {
            Player player = FindAvailable(client, "gift", name);
            if (player == null)
                return;
            Try(client, "gift", name, () =>
            {
                long gold = player.Locker.GetInt64("/gold");
                if (gold < amount)
                {
                    clients.Print(client, "error gift " + name + ": has only " + gold + " gold");
                    return;
                }
                Change change = Game.SendGift(player.Locker, spec, name, to, amount);
                // The gift leaves with the save: its receiver should not have to wait for the next one.
                player.Locker.MarkShouldSave();
                Summary now = new Summary(player.Locker);
                audit.Write($"gave {player.Name} epoch {player.Epoch} change {change} {now}");
                clients.Print(client, $"ok gift {name} {to} gold {now.Gold} change {change}");
            });
        }

        /// <summary>The server itself sends something to a player, who need not be here.</summary>
        internal async void Mail(long client, string to, string word)
        {
            try
            {
                TickTask<RecordReport<DeliveryOutcome>> sent = spec.SendChangeAsync(to, "mail", "\"" + word + "\"", true);
                clients.Print(client, "ok mail " + to);
                RecordReport<DeliveryOutcome> report = await sent;
                bool isSent = report.Outcome == DeliveryOutcome.Delivered;
                clients.Print(client, isSent ? "* mail-sent " + to : $"* mail-failed {to}: {report.Outcome} {report.Text}");
            }
            catch (Exception error)
            {
                TellFailure(client, "mail", to, error);
            }
        }

        /// <summary>Applies a product that was paid for before, when it could not be applied.</summary>
        internal async void Redeem(long client, string name, string product)
        {
            Player player = FindAvailable(client, "redeem", name);
            if (player == null)
                return;
            try
            {
                TickTask<CreditOutcome> used = player.Locker.UseCreditAsync(product);
                clients.Print(client, $"ok redeem {name} {product}");
                CreditOutcome outcome = await used;
                clients.Print(client, outcome == CreditOutcome.Used ? $"* redeemed {name} {product}" : $"* not-redeemed {name} {product}: {outcome}");
            }
            catch (Exception error)
            {
                TellFailure(client, "redeem", name, error);
            }
        }

        /// <summary>The shop says that a purchase was paid back.</summary>
        internal async void Refund(long client, string name, string product, string purchase)
        {
            Player player = FindAvailable(client, "refund", name);
            if (player == null)
                return;
            try
            {
                Receipt notice = new Receipt("example-shop", "live", purchase, product) { State = ReceiptState.Revoked };
                TickTask<PurchaseReport> outcome = player.Locker.ProcessReceiptAsync(notice);
                clients.Print(client, "ok refund " + name + " " + purchase);
                TellPurchase(client, player, purchase, await outcome);
            }
            catch (Exception error)
            {
                TellFailure(client, "refund", name, error);
            }
        }

        /// <summary>Saves, and answers when everything up to now is durable.</summary>
        internal async void Save(long client, string name)
        {
            Player player = FindAvailable(client, "save", name);
            if (player == null)
                return;
            try
            {
                Change change = await player.Locker.SaveAsync();
                clients.Print(client, "ok save " + name + " change " + change + " saved");
            }
            catch (Exception error)
            {
                TellFailure(client, "save", name, error);
            }
        }

        internal void Show(long client, string name)
        {
            Player player = FindAvailable(client, "show", name);
            if (player == null)
                return;
            Try(client, "show", name, () =>
            {
                Summary now = new Summary(player.Locker);
                string receipts = ListIds(player.Locker, "/receipts", now.Receipts);
                long credit = player.Locker.GetCredit("vip");
                clients.Print(client, $"ok show {name} gold {now.Gold} ops {now.Operations} vip {(now.IsVip ? "yes" : "no")} credit {credit} receipts {receipts} gifts {now.Gifts} mail {now.Mail}");
            });
        }

        internal void Letters(long client, string name)
        {
            Player player = FindAvailable(client, "letters", name);
            if (player == null)
                return;
            Try(client, "letters", name, () =>
            {
                Summary now = new Summary(player.Locker);
                string gifts = ListIds(player.Locker, "/gifts", now.Gifts), mail = ListIds(player.Locker, "/mail", now.Mail);
                clients.Print(client, $"ok letters {name} gifts {gifts} mail {mail}");
            });
        }

        /// <summary>A list of ids as words separated by commas; "-" if there are none.</summary>
        private static string ListIds(Locker locker, string list, int count)
        {
            return count == 0 ? "-" : string.Join(",", Enumerable.Range(0, count).Select(at => locker.GetString(list + "/" + at)));
        }

        /// <summary>The connection has ended: its players leave.</summary>
        internal void ClientGone(long client)
        {
            foreach (Player player in players.Values.Where(it => it.Client == client))
            {
                player.Client = Clients.Nobody;
                Try(Clients.Nobody, "leave", player.Name, () => player.Locker.MarkShouldRelease());
            }
        }

        public void Dispose()
        {
            // Takes its specs and lockers with it.
            engine.Dispose();
            store.Dispose();
        }

        private static void Migrate(MigrationInfo info, Document draft)
        {
            Game.Migrate(draft);
            if (info.Locker?.Tag is Player player)
                player.MigratedFrom = info.FromVersion;
        }

        /// <summary>
        /// It may have waited in the record and be applied before the event of the load is taken; the audit log has the load
        /// first all the same.
        /// </summary>
        private Applied ApplyChange(ChangeInfo change, Document draft)
        {
            Player player = change.Locker?.Tag as Player;
            if (player != null)
                happenings.NoteSession(player, player.Locker.Status.Epoch);
            if (!Game.Receive(change, draft))
                return Applied.NotApplicable;
            if (player != null)
                audit.Write($"received {player.Name} epoch {player.Epoch} kind {change.Kind} {new Summary(draft)}");
            return Applied.Done;
        }

        private Applied TakeBack(PurchaseInfo purchase, Document draft)
        {
            Applied applied = Game.TakeBack(purchase, draft);
            if (applied == Applied.Done && purchase.Locker?.Tag is Player player)
                audit.Write($"applied {player.Name} epoch {player.Epoch} receipt refund {new Summary(draft)}");
            return applied;
        }

        private Applied ApplyPurchase(PurchaseInfo purchase, Document draft)
        {
            Applied applied = Game.Apply(purchase, draft);
            if (applied == Applied.Done && purchase.Locker?.Tag is Player player)
                audit.Write($"applied {player.Name} epoch {player.Epoch} receipt {(purchase.IsCredit ? "credit" : purchase.PurchaseId)} {new Summary(draft)}");
            return applied;
        }

        /// <summary>
        /// The player, if this server surely holds the record right now; otherwise the client is told why not. While a
        /// session is only suspect a game may let play go on and save later. This one stops: what it says, holds.
        /// </summary>
        private Player FindAvailable(long client, string command, string name)
        {
            if (!players.TryGetValue(name, out Player player))
                clients.Print(client, "error " + command + " " + name + ": not on this server");
            else if (!player.Locker.IsAvailable)
                clients.Print(client, "error " + command + " " + name + ": not available now");
            else
                return player;
            return null;
        }

        /// <summary>
        /// The player, if this server has the record, or is loading it: what is played until then is merged into it.
        /// </summary>
        private Player FindPlaying(long client, string command, string name)
        {
            bool isEarly = gameVersion > 1 && players.TryGetValue(name, out Player player)
                && !player.Locker.IsLoaded && player.Locker.Status.IsWanted;
            return isEarly ? players[name] : FindAvailable(client, command, name);
        }

        /// <summary>The audit log has it first: it must know at least as much as any client.</summary>
        private void ChangeGold(long client, string command, Player player, long amount)
        {
            Change change = Game.AddGold(player.Locker, amount);
            Summary now = new Summary(player.Locker);
            // Before the load it is no edit of a session; the line of the load has it then.
            if (player.Locker.IsLoaded)
                audit.Write($"changed {player.Name} epoch {player.Epoch} change {change} {now}");
            clients.Print(client, $"ok {command} {player.Name} gold {now.Gold} change {change}");
        }

        private void TellPurchase(long client, Player player, string purchase, PurchaseReport report)
        {
            string who = player.Name + " epoch " + player.Epoch + " receipt " + purchase;
            if (report.Outcome == PurchaseOutcome.NotProcessed)
            {
                audit.Write("not-processed " + who);
                clients.Print(client, $"* not-processed {player.Name} {purchase}: {report.Text}");
                return;
            }
            // Also the answer to an old notice of what was paid back since: it grants nothing again.
            if (report.Outcome == PurchaseOutcome.Revoked)
            {
                clients.Print(client, (report.IsDuplicate ? "* refunded-again " : "* refunded ") + player.Name + " " + purchase);
                return;
            }
            string what = report.Outcome == PurchaseOutcome.Credited ? "credited" : report.IsDuplicate ? "granted-again" : "granted";
            audit.Write(what + " " + who);
            clients.Print(client, $"* {what} {player.Name} {purchase}");
        }

        private void Try(long client, string command, string name, Action action)
        {
            try
            {
                action();
            }
            catch (SessionLockerException error)
            {
                TellFailure(client, command, name, error);
            }
        }

        private void TellFailure(long client, string command, string name, Exception error)
        {
            // Texts may have several lines, and the protocol's answers have one.
            clients.Print(client, "error " + command + " " + name + ": " + error.Message.Replace('\n', ' '));
        }
    }
}
