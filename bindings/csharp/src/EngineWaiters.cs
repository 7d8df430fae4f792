using System;
using System.Collections.Generic;

namespace SessionLocker
{
    // Who waits for what: lockers by their handles, and what is awaited by its tag.
    public sealed unsafe partial class Engine
    {
        private readonly Dictionary<ulong, LockerGroup> lockers = new Dictionary<ulong, LockerGroup>();
        private readonly Dictionary<(ulong Spec, string Key, bool IsArtificial), LockerGroup> groups =
            new Dictionary<(ulong Spec, string Key, bool IsArtificial), LockerGroup>();
        private readonly Dictionary<ulong, Spec> specs = new Dictionary<ulong, Spec>();
        private readonly Dictionary<ulong, Waiter> waiters = new Dictionary<ulong, Waiter>();
        private readonly List<TickTask<int>> shutdowns = new List<TickTask<int>>();
        private ulong lastTag;

        internal object Sync { get; } = new object();

        internal void Add(Locker locker, ulong handle)
        {
            lock (Sync)
            {
                if (!groups.TryGetValue(NameOf(locker), out LockerGroup group))
                    groups.Add(NameOf(locker), group = new LockerGroup());
                group.Members.Add(locker);
                lockers.Add(handle, group);
            }
        }

        internal void Remove(Locker locker, ulong handle)
        {
            lock (Sync)
            {
                if (!lockers.TryGetValue(handle, out LockerGroup group))
                    return;
                lockers.Remove(handle);
                group.Members.Remove(locker);
                if (group.Members.Count == 0)
                    groups.Remove(NameOf(locker));
            }
        }

        /// <summary>Our object for a handle: the oldest of those on the same session; null if there is none.</summary>
        internal Locker Find(slk_locker handle)
        {
            lock (Sync)
                return lockers.TryGetValue(handle.id, out LockerGroup group) && group.Members.Count > 0 ? group.Members[0] : null;
        }

        internal void Add(Spec spec)
        {
            lock (Sync)
                specs.Add(spec.Id, spec);
        }

        internal void Remove(Spec spec)
        {
            lock (Sync)
                specs.Remove(spec.Id);
        }

        internal Spec Find(slk_spec handle)
        {
            lock (Sync)
                return specs.TryGetValue(handle.id, out Spec spec) ? spec : null;
        }

        /// <summary>Names something that an event will answer.</summary>
        internal ulong Expect(Waiter waiter)
        {
            lock (Sync)
            {
                waiters.Add(++lastTag, waiter);
                return lastTag;
            }
        }

        /// <summary>It will not be answered.</summary>
        internal void Forget(ulong tag)
        {
            lock (Sync)
                waiters.Remove(tag);
        }

        /// <summary>Lockers with the same name share a session.</summary>
        private static (ulong Spec, string Key, bool IsArtificial) NameOf(Locker locker)
        {
            return (locker.Spec.Id, locker.Key, locker.IsArtificial);
        }

        private void Route(in Event happened)
        {
            switch (happened.Kind)
            {
                case EventKind.ChangeSettled:
                case EventKind.Receipt:
                case EventKind.CreditUsed:
                case EventKind.ChangeSent:
                case EventKind.RecordUpdated:
                case EventKind.RecordViewed:
                case EventKind.RecordErased:
                case EventKind.RecordExported:
                case EventKind.UserDone:
                    Answer(happened);
                    break;
                case EventKind.ShutdownDone:
                    EndShutdown(happened);
                    break;
                default:
                    if (happened.Locker != null)
                        TellGroup(happened);
                    break;
            }
        }

        private void TellGroup(in Event happened)
        {
            foreach (Locker locker in MembersWith(happened.Locker))
                locker.Hear(happened);
        }

        /// <summary>All our objects on the same session.</summary>
        internal Locker[] MembersWith(Locker locker)
        {
            lock (Sync)
            {
                bool isKnown = groups.TryGetValue(NameOf(locker), out LockerGroup group);
                return isKnown ? group.Members.ToArray() : Array.Empty<Locker>();
            }
        }

        private void Answer(in Event happened)
        {
            Waiter waiter;
            lock (Sync)
            {
                if (!waiters.TryGetValue(happened.Tag, out waiter) || !waiter.IsAnsweredBy(happened))
                    return;
                waiters.Remove(happened.Tag);
            }
            waiter.Settle(happened, OnHandlerFailed);
        }

        private void EndShutdown(in Event happened)
        {
            TickTask<int>[] done;
            lock (Sync)
            {
                done = shutdowns.ToArray();
                shutdowns.Clear();
            }
            foreach (Locker locker in AllLockers())
                locker.Hear(happened);
            foreach (TickTask<int> task in done)
                task.Complete((int)happened.Count, OnHandlerFailed);
        }

        private List<Locker> AllLockers()
        {
            List<Locker> all = new List<Locker>();
            lock (Sync)
            {
                foreach (LockerGroup group in groups.Values)
                    all.AddRange(group.Members);
            }
            return all;
        }

        private void FailWaiters(Exception error)
        {
            List<Locker> ended = AllLockers();
            List<Waiter> awaited;
            TickTask<int>[] stopped;
            lock (Sync)
            {
                awaited = new List<Waiter>(waiters.Values);
                stopped = shutdowns.ToArray();
                waiters.Clear();
                shutdowns.Clear();
                lockers.Clear();
                groups.Clear();
            }
            foreach (Locker locker in ended)
                locker.FailWaiters(error, OnHandlerFailed);
            foreach (Waiter waiter in awaited)
                waiter.Fail(error, OnHandlerFailed);
            foreach (TickTask<int> task in stopped)
                task.Complete(error, OnHandlerFailed);
            Queue.Run(OnHandlerFailed);
        }

        private sealed class LockerGroup
        {
            internal List<Locker> Members { get; } = new List<Locker>(1);
        }
    }

    /// <summary>What an event with a tag answers.</summary>
    internal abstract class Waiter
    {
        /// <summary>Whether this event is the answer, and not only a part of it.</summary>
        internal virtual bool IsAnsweredBy(in Event happened)
        {
            return true;
        }

        internal abstract void Settle(in Event happened, Action<Exception> continuationFailed);

        internal abstract void Fail(Exception error, Action<Exception> continuationFailed);
    }

    /// <summary>What an event with a tag answers, by a task.</summary>
    /// <typeparam name="T">The type of the answer.</typeparam>
    internal class Waiter<T> : Waiter
    {
        internal delegate T Reading(in Event happened);

        private readonly Reading read;

        internal Waiter(TickQueue queue, Reading read)
        {
            Task = new TickTask<T>(queue);
            this.read = read;
        }

        internal TickTask<T> Task { get; }

        internal override void Settle(in Event happened, Action<Exception> continuationFailed)
        {
            T answer;
            try
            {
                answer = read(happened);
            }
            catch (SessionLockerException error)
            {
                Task.Complete(error, continuationFailed);
                return;
            }
            Task.Complete(answer, continuationFailed);
        }

        internal override void Fail(Exception error, Action<Exception> continuationFailed)
        {
            Task.Complete(error, continuationFailed);
        }
    }
}
