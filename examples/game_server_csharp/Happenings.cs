using System;
using System.Collections.Generic;
using SessionLocker;

namespace GameServer
{
    /// <summary>What the library tells.</summary>
    internal sealed class Happenings
    {
        private readonly Dictionary<string, Player> players;
        private readonly Clients clients;
        private readonly Audit audit;

        internal Happenings(Dictionary<string, Player> players, Clients clients, Audit audit)
        {
            this.players = players;
            this.clients = clients;
            this.audit = audit;
        }

        /// <summary>Whether the shutdown is done or the engine can do no more.</summary>
        internal bool IsEnd { get; private set; }

        internal void Take(Event happened)
        {
            if (happened.Locker?.Tag is Player player)
                TakeOfPlayer(player, happened);
            else if (happened.Key.Length == 0)
                TakeOfServer(happened);
        }

        /// <summary>
        /// Who is available, for the audit log. The time before looking goes with what was seen last, and the time after
        /// looking with what is seen first: so the player was available at both ends of the time that the log states.
        /// </summary>
        internal void WatchAvailability()
        {
            ulong before = Audit.Now;
            foreach (Player player in players.Values)
            {
                if (!player.Locker.IsAvailable)
                {
                    NoteUnavailable(player);
                    continue;
                }
                if (!player.IsAvailable)
                    audit.Write($"available {player.Name} epoch {player.Epoch}");
                player.IsAvailable = true;
                player.SeenAt = before;
            }
            audit.WriteAt(before, "tick -");
        }

        private static void Complain(string about, string what, string text)
        {
            Console.Error.WriteLine("game_server: " + about + ": " + what + ": " + text);
        }

        private void TakeOfPlayer(Player player, in Event happened)
        {
            switch (happened.Kind)
            {
                case EventKind.Loaded:
                    OnLoaded(player, happened);
                    break;
                case EventKind.LoadStatus:
                    OnLoadStatus(player, happened);
                    break;
                case EventKind.Released:
                    audit.Write($"released {player.Name} epoch {player.Epoch}");
                    clients.Print(player.Client, "* " + (happened.ReleaseCause == ReleaseCause.HandedOver ? "handed-over " : "left ") + player.Name);
                    break;
                case EventKind.Lost:
                    OnLost(player, happened);
                    break;
                case EventKind.Saved:
                    audit.Write($"saved {player.Name} epoch {player.Epoch} change {happened.Change}");
                    clients.Print(player.Client, $"* saved {player.Name} change {happened.Change}");
                    break;
                case EventKind.HandoverRequested:
                    // A game can finish a fight first, or refuse: Locker.GiveAway and RefuseHandover. This one lets go.
                    audit.Write($"asked {player.Name} epoch {player.Epoch}");
                    break;
                case EventKind.ChangeApplied:
                    clients.Print(player.Client, $"* {happened.Name} {player.Name} from {happened.Text}");
                    break;
                case EventKind.Available:
                    clients.Print(player.Client, "* available " + player.Name);
                    break;
                case EventKind.SaveTrouble:
                    Complain(player.Name, "cannot be saved yet", happened.Text);
                    break;
                case EventKind.CallbackFailed:
                    Complain(player.Name, "a callback failed", happened.Text);
                    break;
                case EventKind.LeftBehind:
                    Complain(player.Name, "not released before the end of the shutdown", happened.IsDirty ? "some changes are not saved" : "everything is saved");
                    break;
                case EventKind.Idle:
                    // Nothing of the player is held or under way here any more.
                    NoteUnavailable(player);
                    player.Locker.Dispose();
                    players.Remove(player.Name);
                    break;
            }
        }

        private void TakeOfServer(in Event happened)
        {
            switch (happened.Kind)
            {
                case EventKind.Suspect:
                    audit.Write("suspect -");
                    Complain(happened.Name, "no sign of life was taken in time", "the players are not available");
                    TellEverybody("suspect");
                    break;
                case EventKind.Available:
                    TellEverybody("available");
                    break;
                case EventKind.Ended:
                    Complain(happened.Name, "this server was declared dead", "each player is confirmed anew");
                    break;
                case EventKind.ServerIdInUse:
                    Complain(happened.Name, "another process has this server id", "waiting for it to end");
                    break;
                case EventKind.Superseded:
                    // Two processes with one id are a mistake of whoever started them, and the younger one has won.
                    Complain(happened.Name, "another process has taken over this server id", "giving up");
                    IsEnd = true;
                    break;
                case EventKind.StoreTrouble:
                    Complain(happened.Name, "the store is in trouble", happened.Text);
                    break;
                case EventKind.ShutdownDone:
                    IsEnd = true;
                    break;
            }
        }

        /// <summary>
        /// Puts the session into the audit log, unless that is there already. The data as they are now are those that were
        /// loaded, if nothing was done with them yet.
        /// </summary>
        internal void NoteSession(Player player, ulong epoch)
        {
            if (epoch <= player.Epoch)
                return;
            NoteUnavailable(player);
            player.Epoch = epoch;
            audit.Write($"loaded {player.Name} epoch {player.Epoch} {new Summary(player.Locker)}");
        }

        private void OnLoaded(Player player, in Event happened)
        {
            try
            {
                // What was loaded may be lost again by the time that this is heard of: then its data are gone.
                if (player.Locker.Status.Epoch != happened.Epoch)
                {
                    audit.Write($"missed {player.Name} epoch {happened.Epoch}");
                    player.Epoch = happened.Epoch;
                    return;
                }
                NoteSession(player, happened.Epoch);
                Summary now = new Summary(player.Locker);
                if (player.MigratedFrom != 0)
                    clients.Print(player.Client, $"* migrated {player.Name} from {player.MigratedFrom} to {player.MigratedFrom + 1}");
                player.MigratedFrom = 0;
                clients.Print(player.Client, $"* loaded {player.Name} gold {now.Gold} ops {now.Operations} epoch {player.Epoch}");
            }
            catch (SessionLockerException error)
            {
                Complain(player.Name, "the data are not what this game writes", error.Message);
            }
        }

        private void OnLoadStatus(Player player, in Event happened)
        {
            switch (happened.LoadStatus)
            {
                case LoadStatus.LockedElsewhere:
                    clients.Print(player.Client, $"* waiting {player.Name}: server {happened.Name} has the player");
                    break;
                case LoadStatus.StoreFailure:
                case LoadStatus.UnknownVersion:
                case LoadStatus.Unreadable:
                case LoadStatus.DataRefused:
                    clients.Print(player.Client, $"* waiting {player.Name}: {happened.Text}");
                    break;
            }
        }

        private void OnLost(Player player, in Event happened)
        {
            audit.Write($"lost {player.Name} epoch {player.Epoch} saved {happened.Change} unknown {happened.UnknownChange}");
            clients.Print(player.Client, $"* lost {player.Name}: {happened.Text}");
            // The data as they were here, for a game that wants to keep or compare them. This one does not.
            happened.Document.Dispose();
        }

        /// <summary>The end of a time in which the player was available, for the audit log.</summary>
        private void NoteUnavailable(Player player)
        {
            if (player.IsAvailable)
                audit.Write($"unavailable {player.Name} until {player.SeenAt}");
            player.IsAvailable = false;
        }

        private void TellEverybody(string what)
        {
            foreach (Player player in players.Values)
                clients.Print(player.Client, "* " + what + " " + player.Name);
        }
    }
}
