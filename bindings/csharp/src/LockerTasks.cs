using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using System.Threading;

namespace SessionLocker
{
    // What can be awaited. Each wait ends inside a tick.
    public sealed unsafe partial class Locker
    {
        /// <summary>Says that a part of the game wants the record, and waits until it is loaded.</summary>
        /// <param name="cancellation">Gives up: this part of the game no longer wants it.</param>
        /// <param name="holder">As for <see cref="MarkShouldAcquire"/>.</param>
        /// <returns>
        /// Done when the record is loaded and held. While that is tried again and again, for example because another
        /// server has the record, it waits; <see cref="Status"/> and <see cref="Engine.LoadStatusChanged"/> tell why.
        /// </returns>
        public TickTask LoadAsync(CancellationToken cancellation = default, string holder = null)
        {
            return Load(MarkShouldAcquire, cancellation, holder);
        }

        /// <summary>As <see cref="LoadAsync"/>, and takes the record also from a living server; see <see cref="TakeOver"/>.</summary>
        /// <param name="cancellation">Gives up: this part of the game no longer wants it.</param>
        /// <param name="holder">As for <see cref="MarkShouldAcquire"/>.</param>
        /// <returns>Done when the record is loaded and held.</returns>
        public TickTask TakeOverAsync(CancellationToken cancellation = default, string holder = null)
        {
            return Load(TakeOver, cancellation, holder);
        }

        /// <summary>
        /// Says that a part of the game no longer wants the record, and waits until it is saved and let go. If others
        /// hold it, that is when the last of them lets go.
        /// </summary>
        /// <param name="holder">As for <see cref="MarkShouldAcquire"/>.</param>
        /// <returns>How it ended.</returns>
        public TickTask<ReleaseOutcome> ReleaseAsync(string holder = null)
        {
            TickTask<ReleaseOutcome> task = new TickTask<ReleaseOutcome>(Engine.Queue);
            lock (releases)
                releases.Add(task);
            try
            {
                MarkShouldRelease(holder);
            }
            catch
            {
                RemoveRelease(task);
                throw;
            }
            if (IsIdle && RemoveRelease(task))
                task.Complete(ReleaseOutcome.NotHeld, Engine.OnHandlerFailed);
            return task;
        }

        /// <summary>Saves at once, and waits until all that was changed so far is durable.</summary>
        /// <returns>
        /// Done when it is. Fails with <see cref="Result.Lost"/> or <see cref="Result.Unknown"/> if it never will be.
        /// </returns>
        public TickTask<Change> SaveAsync()
        {
            Change change = MarkChanged();
            TickTask<Change> task = Await(change, ReadSaved);
            MarkForceSave();
            return task;
        }

        /// <summary>Waits for what becomes of a change. It does not make the save come sooner.</summary>
        /// <param name="change">A change of this locker.</param>
        /// <returns>What became of it.</returns>
        public TickTask<ChangeStatus> AwaitChange(Change change)
        {
            return Await(change, ReadStatus);
        }

        /// <summary>
        /// Takes a purchase notice: applies it, saves it at once, and tells what to answer the platform. A purchase that
        /// took effect before, on any server and at any time, is granted again without a second effect.
        /// </summary>
        /// <param name="receipt">The notice.</param>
        /// <returns>How it was dealt with.</returns>
        public TickTask<PurchaseReport> ProcessReceiptAsync(Receipt receipt)
        {
            if (receipt == null)
                throw new ArgumentNullException(nameof(receipt));
            Waiter<PurchaseReport> waiter = new Waiter<PurchaseReport>(Engine.Queue, ReadReport);
            ulong tag = Engine.Expect(waiter);
            try
            {
                Failure.Check(Process(receipt, tag));
            }
            catch
            {
                Engine.Forget(tag);
                throw;
            }
            return waiter.Task;
        }

        /// <summary>Applies a product that the player has credit for.</summary>
        /// <param name="product">The product.</param>
        /// <returns>How it ended.</returns>
        public TickTask<CreditOutcome> UseCreditAsync(string product)
        {
            Waiter<CreditOutcome> waiter = new Waiter<CreditOutcome>(Engine.Queue, ReadCredit);
            ulong tag = Engine.Expect(waiter);
            try
            {
                using Utf8 name = new Utf8(product, stackalloc byte[Utf8.OnStack], nameof(product));
                fixed (byte* bytes = name)
                    Failure.Check(Native.slk_locker_use_credit(Handle, bytes, tag));
            }
            catch
            {
                Engine.Forget(tag);
                throw;
            }
            return waiter.Task;
        }

        /// <summary>Ends the waits that the event answers.</summary>
        internal void Hear(in Event happened)
        {
            switch (happened.Kind)
            {
                case EventKind.Loaded:
                    EndLoads(null);
                    break;
                case EventKind.Released:
                    EndReleasesNow(isSaveRefused ? ReleaseOutcome.SaveRefused : ReleaseOutcome.Released);
                    isSaveRefused = false;
                    break;
                case EventKind.SaveRefused:
                    // The release follows.
                    isSaveRefused = true;
                    break;
                case EventKind.Lost:
                    EndReleasesNow(ReleaseOutcome.Lost);
                    break;
                case EventKind.LeftBehind:
                case EventKind.ShutdownDone:
                    EndReleasesNow(ReleaseOutcome.LeftBehind);
                    EndLoads(new SessionLockerException(Result.ShuttingDown, "the engine has shut down"));
                    break;
                case EventKind.Idle:
                    EndReleasesNow(ReleaseOutcome.NotHeld);
                    // It may have been marked again since.
                    if (HasWaiters() && !IsWanted())
                        EndLoads(new SessionLockerException(Result.Idle, "'" + Key + "' is not wanted any more"));
                    break;
            }
        }

        internal void FailWaiters(Exception error, Action<Exception> continuationFailed)
        {
            foreach (TickTask load in TakeAll(loads))
                load.Complete(error, continuationFailed);
            foreach (TickTask<ReleaseOutcome> release in TakeAll(releases))
                release.Complete(error, continuationFailed);
        }

        private static List<T> TakeAll<T>(List<T> waiting)
        {
            lock (waiting)
            {
                List<T> all = new List<T>(waiting);
                waiting.Clear();
                return all;
            }
        }

        private static Change ReadSaved(in Event happened)
        {
            if (happened.Result == Result.Saved)
                return happened.Change;
            string words = happened.Result == Result.Lost ? "is lost" : "may be lost: it cannot be known";
            throw new SessionLockerException(happened.Result, "change " + happened.Change + " of '" + happened.Key + "' " + words);
        }

        private static ChangeStatus ReadStatus(in Event happened)
        {
            return (ChangeStatus)happened.Result;
        }

        private static PurchaseReport ReadReport(in Event happened)
        {
            return new PurchaseReport(happened);
        }

        private static CreditOutcome ReadCredit(in Event happened)
        {
            return (CreditOutcome)happened.Result;
        }

        private TickTask Load(Action<string> mark, CancellationToken cancellation, string holder)
        {
            TickTask task = new TickTask(Engine.Queue);
            lock (loads)
                loads.Add(task);
            try
            {
                mark(holder);
            }
            catch
            {
                RemoveLoad(task);
                throw;
            }
            if (IsLoaded && RemoveLoad(task))
                task.Complete(null, Engine.OnHandlerFailed);
            else if (cancellation.CanBeCanceled)
                cancellation.Register(() => Engine.Queue.Add(() => CancelLoad(task, cancellation, holder)));
            return task;
        }

        private TickTask<T> Await<T>(Change change, Waiter<T>.Reading read)
        {
            Waiter<T> waiter = new Waiter<T>(Engine.Queue, read);
            ulong tag = Engine.Expect(waiter);
            try
            {
                Failure.Check(Native.slk_locker_await_change(Handle, change.Number, tag));
            }
            catch
            {
                Engine.Forget(tag);
                throw;
            }
            return waiter.Task;
        }

        private int Process(Receipt receipt, ulong tag)
        {
            slk_receipt native = default;
            Failure.Check(Native.slk_receipt_init(&native, (nuint)sizeof(slk_receipt)));
            using Utf8 provider = new Utf8(receipt.Provider, stackalloc byte[Utf8.OnStack], nameof(receipt.Provider));
            using Utf8 environment = new Utf8(receipt.Environment, stackalloc byte[Utf8.OnStack], nameof(receipt.Environment));
            using Utf8 purchaseId = new Utf8(receipt.PurchaseId, stackalloc byte[Utf8.OnStack], nameof(receipt.PurchaseId));
            using Utf8 product = new Utf8(receipt.Product, stackalloc byte[Utf8.OnStack], nameof(receipt.Product));
            fixed (byte* providerBytes = provider)
            fixed (byte* environmentBytes = environment)
            fixed (byte* purchaseIdBytes = purchaseId)
            fixed (byte* productBytes = product)
            fixed (byte* context = &MemoryMarshal.GetReference(receipt.Context.Span))
            {
                native.provider = providerBytes;
                native.environment = environmentBytes;
                native.purchase_id = purchaseIdBytes;
                native.product = productBytes;
                native.context = context;
                native.context_length = (nuint)receipt.Context.Length;
                native.tag = tag;
                native.state = (int)receipt.State;
                return Native.slk_locker_process_receipt(Handle, &native);
            }
        }

        private void CancelLoad(TickTask task, CancellationToken cancellation, string holder)
        {
            if (!RemoveLoad(task))
                return;
            try
            {
                MarkShouldRelease(holder);
            }
            catch (ObjectDisposedException)
            {
                // Nobody wants it then, either.
            }
            task.Complete(new OperationCanceledException("the load of '" + Key + "' was given up", cancellation), Engine.OnHandlerFailed);
        }

        private bool IsWanted()
        {
            slk_locker_status status;
            int result = Native.slk_locker_get_status(MaybeEnded, &status, (nuint)sizeof(slk_locker_status));
            return result == Native.SLK_OK && status.wanted != 0;
        }

        private bool RemoveLoad(TickTask task)
        {
            lock (loads)
                return loads.Remove(task);
        }

        private bool RemoveRelease(TickTask<ReleaseOutcome> task)
        {
            lock (releases)
                return releases.Remove(task);
        }

        private bool HasWaiters()
        {
            lock (loads)
            {
                if (loads.Count > 0)
                    return true;
            }
            lock (releases)
                return releases.Count > 0;
        }

        private void EndLoads(Exception error)
        {
            foreach (TickTask load in TakeAll(loads))
                load.Complete(error, Engine.OnHandlerFailed);
        }

        /// <summary>Ends the waits in the next tick, because this may be any thread.</summary>
        private void EndReleases(ReleaseOutcome outcome)
        {
            foreach (TickTask<ReleaseOutcome> release in TakeAll(releases))
                Engine.Queue.Add(() => release.Complete(outcome, Engine.OnHandlerFailed));
        }

        private void EndReleasesNow(ReleaseOutcome outcome)
        {
            foreach (TickTask<ReleaseOutcome> release in TakeAll(releases))
                release.Complete(outcome, Engine.OnHandlerFailed);
        }
    }
}
