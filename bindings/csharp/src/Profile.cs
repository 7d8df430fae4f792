using System;
using System.Threading;

namespace SessionLocker
{
    /// <summary>
    /// One player's session: the data as an object of the game. Its members are for the thread that ticks.
    /// </summary>
    /// <typeparam name="T">The type of the data.</typeparam>
    public sealed partial class Profile<T> : IDisposable
        where T : class
    {
        private readonly Profiles<T> owner;
        private T data;
        private bool isStarted;
        private bool isLoading;
        private bool isOpen;

        internal Profile(Profiles<T> owner, string key)
        {
            this.owner = owner;
            Key = key;
        }

        /// <summary>
        /// The session has ended without <see cref="EndAsync"/>: kick the player. <see cref="EventKind.Released"/>: all is
        /// saved; another server asked for the player, or the engine shuts down. <see cref="EventKind.Lost"/>: another
        /// server took the player, or the record was erased; <see cref="Data"/> are what could not be saved.
        /// </summary>
        public event Action<Event> SessionEnded;

        /// <summary>The player's id.</summary>
        public string Key { get; }

        /// <summary>The full way to this record.</summary>
        public Locker Locker { get; private set; }

        /// <summary>
        /// The data. Change them by <see cref="Edit"/>, or directly and say so by <see cref="MarkChanged"/>.
        /// </summary>
        public T Data => data;

        /// <summary>Whether the session is surely ours now.</summary>
        public bool IsAvailable => Locker != null && Locker.IsAvailable;

        /// <summary>Whether the profile was ended, or lost.</summary>
        public bool IsEnding { get; private set; }

        /// <summary>Changes the data; they are saved within the autosave period.</summary>
        /// <param name="change">Changes them in place.</param>
        /// <returns>The change, to ask whether it is saved.</returns>
        public Change Edit(Action<T> change)
        {
            RequireActive();
            change(data);
            return MarkChanged();
        }

        /// <summary>Says that the data were changed directly.</summary>
        /// <returns>The change, to ask whether it is saved.</returns>
        public Change MarkChanged()
        {
            RequireActive();
            return Locker.MarkChanged();
        }

        /// <summary>Saves at once, and waits until the data as they are now are durable.</summary>
        /// <returns>Done when they are; fails if they never will be.</returns>
        public TickTask<Change> SaveAsync()
        {
            RequireActive();
            return Locker.SaveAsync();
        }

        /// <summary>Takes a purchase notice; see <see cref="SessionLocker.Locker.ProcessReceiptAsync"/>.</summary>
        /// <param name="receipt">The notice.</param>
        /// <returns>What to answer the platform.</returns>
        public TickTask<PurchaseReport> ProcessReceiptAsync(Receipt receipt)
        {
            RequireActive();
            return Locker.ProcessReceiptAsync(receipt);
        }

        /// <summary>Applies a product that the player has credit for.</summary>
        /// <param name="product">The product.</param>
        /// <returns>How it ended.</returns>
        public TickTask<CreditOutcome> UseCreditAsync(string product)
        {
            RequireActive();
            return Locker.UseCreditAsync(product);
        }

        /// <summary>
        /// Starts the session of a profile whose last one is over, or about to be; see <see cref="Profiles{T}.StartAsync"/>.
        /// </summary>
        /// <param name="cancellation">Gives up.</param>
        /// <returns>This, when the data are loaded.</returns>
        public TickTask<Profile<T>> StartAsync(CancellationToken cancellation = default)
        {
            owner.Add(this);
            TickTask<Profile<T>> started = new TickTask<Profile<T>>(owner.Engine.Queue);
            try
            {
                if (!isOpen)
                    Locker = owner.Spec.CreateLocker(Key, this);
                isOpen = true;
                IsEnding = false;
                Load(started, cancellation);
            }
            catch
            {
                Close();
                throw;
            }
            return started;
        }

        /// <summary>Ends the session, and waits until all is saved and another server may have the player.</summary>
        /// <returns>How it ended.</returns>
        public TickTask<ReleaseOutcome> EndAsync()
        {
            RequireActive();
            IsEnding = true;
            TickTask<ReleaseOutcome> released = Locker.ReleaseAsync();
            Finish(released);
            return released;
        }

        /// <summary>Ends the session without waiting: all is saved and let go in later ticks. May be called again.</summary>
        public void Dispose()
        {
            if (!IsEnding && isStarted && !owner.Engine.IsEnded)
                EndAsync();
        }

        /// <summary>Whether there are data.</summary>
        internal bool IsStarted => isStarted;

        internal void WriteTo(Document draft)
        {
            // Before the data are loaded there is nothing of ours to write.
            if (isStarted)
                draft.Set("", data, owner.Serializer);
        }

        /// <summary>Changes the data in place, and not at all unless that is to be kept.</summary>
        internal Applied Work(Document draft, bool keepsEdits, Func<T, Applied> work)
        {
            byte[] before = Serialize();
            bool isKept = false;
            Applied applied;
            try
            {
                applied = work(data);
                isKept = applied == Applied.Done && keepsEdits;
            }
            finally
            {
                // Usually nothing was changed then, and the object that the game knows can stay.
                if (!isKept && !Serialize().AsSpan().SequenceEqual(before))
                    data = owner.Serializer.Read(before);
            }
            if (isKept)
                WriteTo(draft);
            return applied;
        }

        internal void OnSessionEnded(in Event happened)
        {
            happened.Document?.Dispose();
            if (!isStarted)
                return;
            isStarted = false;
            // Started again while the last save was under way: what is loaded next is what counts.
            if (isLoading)
                return;
            IsEnding = true;
            owner.Engine.Call(SessionEnded, happened);
            Close();
        }

        private byte[] Serialize()
        {
            using JsonOutput output = JsonOutput.Of(data, owner.Serializer);
            return output.Written.ToArray();
        }

        private async void Load(TickTask<Profile<T>> started, CancellationToken cancellation)
        {
            Action<Exception> failed = owner.Engine.OnHandlerFailed;
            isLoading = true;
            try
            {
                await Locker.LoadAsync(cancellation);
                // Whoever comes back before the last save was sent goes on with the same data.
                if (!isStarted)
                    data = Locker.Get("", owner.Serializer);
                isStarted = true;
                isLoading = false;
                started.Complete(this, failed);
            }
            catch (Exception error)
            {
                Close();
                started.Complete(error, failed);
            }
        }

        private async void Finish(TickTask<ReleaseOutcome> released)
        {
            try
            {
                if (await released != ReleaseOutcome.WantedAgain)
                    Close();
            }
            catch (ObjectDisposedException)
            {
                // The engine was disposed meanwhile.
            }
        }

        private void Close()
        {
            IsEnding = true;
            isStarted = false;
            isLoading = false;
            isOpen = false;
            owner.Remove(this);
            Locker?.Dispose();
        }

        private void RequireActive()
        {
            if (!isStarted || IsEnding)
                throw new InvalidOperationException("the session of '" + Key + "' is not active: not loaded yet, ended or lost");
        }
    }
}
