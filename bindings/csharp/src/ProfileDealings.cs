using System;
using System.Collections.Generic;

namespace SessionLocker
{
    // What a player's session does with purchases, with other players, and with people.
    public sealed partial class Profile<T>
    {
        /// <summary>
        /// Gives something to another player, who may be here, on another server or away: takes it from the own data and
        /// sends it, both in one write. From then on it arrives exactly once, whichever server dies when. If there is no such
        /// player, it comes back as a change with <see cref="ChangeInfo.IsReturned"/>.
        /// </summary>
        /// <param name="key">The other player's id.</param>
        /// <param name="kind">What kind of change it is there.</param>
        /// <param name="json">What goes with it; null for <c>null</c>.</param>
        /// <param name="take">Takes it from the own data, in place. An exception: nothing is given.</param>
        /// <returns>The change of the own data, to ask whether it is saved.</returns>
        public Change Give(string key, string kind, string json, Action<T> take)
        {
            RequireActive();
            byte[] before = Serialize();
            try
            {
                take(data);
                // Written now, so that no save can have the one without the other.
                Locker.Set("", data, owner.Serializer);
                return Locker.QueueChange(owner.Spec, key, kind, json);
            }
            catch
            {
                data = owner.Serializer.Read(before);
                Locker.SetJson("", before);
                throw;
            }
        }

        /// <summary>The player's credit for a product; below zero it is a debt.</summary>
        /// <param name="product">The product.</param>
        /// <returns>How many times.</returns>
        public long GetCredit(string product)
        {
            RequireActive();
            return Locker.GetCredit(product);
        }

        /// <summary>Has the game asked once more about purchases whose products it did not know.</summary>
        public void RetryParked()
        {
            RequireActive();
            Locker.RetryParked();
        }

        /// <summary>The player's latest purchases; see <see cref="SessionLocker.Locker.GetPurchases"/>.</summary>
        /// <returns>The purchases.</returns>
        public IReadOnlyList<PurchaseEntry> GetPurchases()
        {
            RequireActive();
            return Locker.GetPurchases();
        }

        /// <summary>Says that the data are about this person; see <see cref="SessionLocker.Locker.AddUser"/>.</summary>
        /// <param name="userId">The person's id.</param>
        /// <returns>The change.</returns>
        public Change AddUser(string userId)
        {
            RequireActive();
            return Locker.AddUser(userId);
        }

        /// <summary>Says that the data are no longer about this person.</summary>
        /// <param name="userId">The person's id.</param>
        /// <returns>Whether they were.</returns>
        public bool RemoveUser(string userId)
        {
            RequireActive();
            return Locker.RemoveUser(userId);
        }

        /// <summary>The ids of the people whom the data are about.</summary>
        /// <returns>The ids.</returns>
        public IReadOnlyList<string> GetUsers()
        {
            RequireActive();
            return Locker.GetUsers();
        }
    }

    /// <summary>What was seen of a player's data.</summary>
    /// <typeparam name="T">The type of the data.</typeparam>
    public readonly struct ProfileView<T>
        where T : class
    {
        internal ProfileView(RecordView view, IDataSerializer<T> serializer)
        {
            Outcome = view.Outcome;
            Data = view.Data?.Get("", serializer);
            Server = view.Server;
            Text = view.Text;
        }

        /// <summary>Whether they were seen.</summary>
        public RecordOutcome Outcome { get; }

        /// <summary>The data; null if they were not seen. A copy: changing it changes nothing.</summary>
        public T Data { get; }

        /// <summary>The server that has the player; empty if none does.</summary>
        public string Server { get; }

        /// <summary>Why they were not seen.</summary>
        public string Text { get; }
    }

    // Players who are not here.
    public sealed partial class Profiles<T>
    {
        /// <summary>
        /// Sends a change to a player, whether here, on another server or away; see <see cref="ProfileOptions{T}.OnChange"/>.
        /// </summary>
        /// <param name="key">The player's id.</param>
        /// <param name="kind">What kind of change it is.</param>
        /// <param name="json">What goes with it; null for <c>null</c>.</param>
        /// <param name="create">Create the player's data if there are none.</param>
        /// <returns>Whether it is in the player's record.</returns>
        public TickTask<RecordReport<DeliveryOutcome>> SendChangeAsync(string key, string kind, string json = null, bool create = false)
        {
            return Spec.SendChangeAsync(key, kind, json, create);
        }

        /// <summary>Looks at a player's data without taking them.</summary>
        /// <param name="key">The player's id.</param>
        /// <returns>What was seen; it may be out of date already.</returns>
        public TickTask<ProfileView<T>> ViewAsync(string key)
        {
            TickTask<ProfileView<T>> seen = new TickTask<ProfileView<T>>(Engine.Queue);
            View(Spec.ViewRecordAsync(key), seen);
            return seen;
        }

        /// <summary>Erases a player's data; see <see cref="Spec.EraseRecordAsync"/>.</summary>
        /// <param name="key">The player's id.</param>
        /// <param name="force">Also while a living server has the player.</param>
        /// <returns>Whether they are erased.</returns>
        public TickTask<RecordReport<RecordOutcome>> EraseAsync(string key, bool force = false)
        {
            return Spec.EraseRecordAsync(key, force);
        }

        /// <summary>Exports all data that are about a person; see <see cref="Profile{T}.AddUser"/>.</summary>
        /// <param name="userId">The person's id.</param>
        /// <returns>The records; to be disposed.</returns>
        public TickTask<UserExport> ExportUserAsync(string userId)
        {
            return Spec.ExportUserAsync(userId);
        }

        /// <summary>Erases all data that are about a person.</summary>
        /// <param name="userId">The person's id.</param>
        /// <param name="force">Also while a living server has them.</param>
        /// <returns>How many were erased.</returns>
        public TickTask<UserErasure> EraseUserAsync(string userId, bool force = false)
        {
            return Spec.EraseUserAsync(userId, force);
        }

        private async void View(TickTask<RecordView> asked, TickTask<ProfileView<T>> seen)
        {
            try
            {
                using RecordView view = await asked;
                seen.Complete(new ProfileView<T>(view, Serializer), Engine.OnHandlerFailed);
            }
            catch (Exception error)
            {
                seen.Complete(error, Engine.OnHandlerFailed);
            }
        }
    }
}
