using System;
using System.Collections.Generic;

namespace SessionLocker
{
    /// <summary>What became of a change that was sent.</summary>
    public enum DeliveryOutcome
    {
        /// <summary>It is in the record.</summary>
        Delivered = Native.SLK_OK,

        /// <summary>There is no such record.</summary>
        NoRecord = Native.SLK_EMPTY,

        /// <summary>The record has too many changes waiting.</summary>
        InboxFull = Native.SLK_E_FULL,

        /// <summary>It was never written.</summary>
        Lost = Native.SLK_LOST,

        /// <summary>It cannot be known.</summary>
        Unknown = Native.SLK_UNKNOWN,
    }

    /// <summary>What became of an update.</summary>
    public enum UpdateOutcome
    {
        /// <summary>It is saved.</summary>
        Saved = Native.SLK_SAVED,

        /// <summary>A server holds the record.</summary>
        LockedElsewhere = Native.SLK_LOCKED_ELSEWHERE,

        /// <summary>The callback failed or did not know the kind.</summary>
        Refused = Native.SLK_E_CALLBACK,

        /// <summary>It was never written.</summary>
        Lost = Native.SLK_LOST,

        /// <summary>It cannot be known.</summary>
        Unknown = Native.SLK_UNKNOWN,
    }

    /// <summary>What became of a look at a record, or of erasing it.</summary>
    public enum RecordOutcome
    {
        /// <summary>It was done.</summary>
        Done = Native.SLK_OK,

        /// <summary>There is no such record.</summary>
        NoRecord = Native.SLK_EMPTY,

        /// <summary>Erasing: a living server holds it.</summary>
        LockedElsewhere = Native.SLK_LOCKED_ELSEWHERE,

        /// <summary>It is there, and cannot be read or worked with here.</summary>
        Unreadable = Native.SLK_UNREADABLE,

        /// <summary>The store failed.</summary>
        StoreFailed = Native.SLK_E_STORE,
    }

    /// <summary>How something that was asked for on a record ended.</summary>
    /// <typeparam name="T">The type of the outcome.</typeparam>
    public readonly struct RecordReport<T>
    {
        internal RecordReport(T outcome, in Event happened)
        {
            Outcome = outcome;
            Server = happened.Name;
            Text = happened.Text;
        }

        /// <summary>How it ended.</summary>
        public T Outcome { get; }

        /// <summary>The server that holds the record, where that is the outcome; else empty.</summary>
        public string Server { get; }

        /// <summary>Why, in words; may be empty.</summary>
        public string Text { get; }
    }

    /// <summary>What was seen of a record. It may be out of date already. To be disposed.</summary>
    public sealed class RecordView : IDisposable
    {
        internal RecordView(in Event happened)
        {
            Outcome = (RecordOutcome)happened.Result;
            Key = happened.Key;
            Data = happened.Document;
            Server = happened.Name;
            Since = happened.Since;
            Epoch = happened.Epoch;
            SchemaVersion = (int)happened.Count;
            Text = happened.Text;
        }

        /// <summary>Whether it was seen.</summary>
        public RecordOutcome Outcome { get; }

        /// <summary>The record's key.</summary>
        public string Key { get; }

        /// <summary>Its data, in this server's schema version; null if it was not seen.</summary>
        public Document Data { get; }

        /// <summary>The server that holds it; empty if none does.</summary>
        public string Server { get; }

        /// <summary>Since when, by that server's clock.</summary>
        public DateTimeOffset Since { get; }

        /// <summary>The fencing token of its latest session.</summary>
        public ulong Epoch { get; }

        /// <summary>The schema version that is stored.</summary>
        public int SchemaVersion { get; }

        /// <summary>Why it was not seen.</summary>
        public string Text { get; }

        /// <summary>Ends the document.</summary>
        public void Dispose()
        {
            Data?.Dispose();
        }
    }

    /// <summary>A record that is about a person.</summary>
    public readonly struct ExportedRecord
    {
        internal ExportedRecord(string key, Document content)
        {
            Key = key;
            Content = content;
        }

        /// <summary>The record's key.</summary>
        public string Key { get; }

        /// <summary>
        /// An object with the members key, data (or bytes in base64), users, purchases, credit, schema, created_ms and saved_ms.
        /// </summary>
        public Document Content { get; }
    }

    /// <summary>All records of a kind that are about a person. To be disposed.</summary>
    public sealed class UserExport : IDisposable
    {
        internal UserExport(IReadOnlyList<ExportedRecord> records, in Event happened)
        {
            Records = records;
            IsComplete = happened.Result == Result.Ok;
            Text = happened.Text;
        }

        /// <summary>The records.</summary>
        public IReadOnlyList<ExportedRecord> Records { get; }

        /// <summary>Whether these are all: false if some cannot be read.</summary>
        public bool IsComplete { get; }

        /// <summary>The first that is missing, and why.</summary>
        public string Text { get; }

        /// <summary>Ends the documents.</summary>
        public void Dispose()
        {
            foreach (ExportedRecord record in Records)
                record.Content.Dispose();
        }
    }

    /// <summary>How erasing all records of a person ended.</summary>
    public readonly struct UserErasure
    {
        internal UserErasure(in Event happened)
        {
            Count = (int)happened.Count;
            IsComplete = happened.Result == Result.Ok;
            Text = happened.Text;
        }

        /// <summary>How many records were erased.</summary>
        public int Count { get; }

        /// <summary>Whether these are all: false if some cannot be read, or are held by a server.</summary>
        public bool IsComplete { get; }

        /// <summary>The first that is left, and why.</summary>
        public string Text { get; }
    }

    // Records that are not held. Each answer comes inside a tick.
    public sealed unsafe partial class Spec
    {
        private delegate int Asking(slk_spec spec, byte* name, ulong tag);

        /// <summary>
        /// Sends a change to a record, whether it is held here, by another server or by nobody. Whoever holds it, or loads it
        /// next, applies it by <see cref="SpecOptions.ApplyChange"/>, exactly once.
        /// </summary>
        /// <param name="key">The record's key.</param>
        /// <param name="kind">What kind of change it is.</param>
        /// <param name="json">What goes with it; null for <c>null</c>.</param>
        /// <param name="create">Create the record with its default data if it does not exist.</param>
        /// <returns>Whether it is in the record.</returns>
        public TickTask<RecordReport<DeliveryOutcome>> SendChangeAsync(string key, string kind, string json = null, bool create = false)
        {
            return Expect(new Waiter<RecordReport<DeliveryOutcome>>(Engine.Queue, ReadDelivery), tag =>
                Outgoing.Send(this, key, kind, json, create, (spec, keyBytes, kindBytes, payload, length, flags) =>
                    Native.slk_spec_send_change(spec, keyBytes, kindBytes, payload, length, flags, tag)));
        }

        /// <summary>
        /// Updates a record that nobody holds, such as a guild or a leaderboard: <see cref="SpecOptions.ApplyChange"/> is
        /// called with its data (or the default data), again if another server was faster. The effect takes place once.
        /// </summary>
        /// <param name="key">The record's key.</param>
        /// <param name="kind">What kind of change it is.</param>
        /// <param name="json">What goes with it; null for <c>null</c>.</param>
        /// <returns>Whether it is saved.</returns>
        public TickTask<RecordReport<UpdateOutcome>> UpdateRecordAsync(string key, string kind, string json = null)
        {
            return Expect(new Waiter<RecordReport<UpdateOutcome>>(Engine.Queue, ReadUpdate), tag =>
                Outgoing.Send(this, key, kind, json, false, (spec, keyBytes, kindBytes, payload, length, flags) =>
                    Native.slk_spec_update_record(spec, keyBytes, kindBytes, payload, length, tag)));
        }

        /// <summary>Looks at a record without taking it.</summary>
        /// <param name="key">The record's key.</param>
        /// <returns>What was seen; to be disposed.</returns>
        public TickTask<RecordView> ViewRecordAsync(string key)
        {
            return Ask(new Waiter<RecordView>(Engine.Queue, ReadView), key, nameof(key), Native.slk_spec_view_record);
        }

        /// <summary>
        /// Erases a record: its data, user ids, credit and the details of its purchases. What stays keeps late writes out and
        /// old receipts from taking effect again.
        /// </summary>
        /// <param name="key">The record's key.</param>
        /// <param name="force">Also while a living server holds it, whose session is lost then.</param>
        /// <returns>Whether it is erased.</returns>
        public TickTask<RecordReport<RecordOutcome>> EraseRecordAsync(string key, bool force = false)
        {
            uint flags = force ? (uint)Native.SLK_ERASE_FORCE : 0;
            Waiter<RecordReport<RecordOutcome>> waiter = new Waiter<RecordReport<RecordOutcome>>(Engine.Queue, ReadErasure);
            return Ask(waiter, key, nameof(key), (spec, name, tag) => Native.slk_spec_erase_record(spec, name, flags, tag));
        }

        /// <summary>
        /// Exports all records of this kind that are about a person; see <see cref="Locker.AddUser"/>. Every record is read
        /// once, one after the other.
        /// </summary>
        /// <param name="userId">The person's id.</param>
        /// <returns>The records; to be disposed.</returns>
        public TickTask<UserExport> ExportUserAsync(string userId)
        {
            return Ask(new ExportWaiter(Engine.Queue), userId, nameof(userId), Native.slk_spec_export_user);
        }

        /// <summary>Erases all records of this kind that are about a person.</summary>
        /// <param name="userId">The person's id.</param>
        /// <param name="force">As for <see cref="EraseRecordAsync"/>.</param>
        /// <returns>How many were erased.</returns>
        public TickTask<UserErasure> EraseUserAsync(string userId, bool force = false)
        {
            uint flags = force ? (uint)Native.SLK_ERASE_FORCE : 0;
            return Ask(
                new ErasureWaiter(Engine.Queue), userId, nameof(userId),
                (spec, name, tag) => Native.slk_spec_erase_user(spec, name, flags, tag));
        }

        private static RecordReport<DeliveryOutcome> ReadDelivery(in Event happened)
        {
            return new RecordReport<DeliveryOutcome>((DeliveryOutcome)happened.Result, happened);
        }

        private static RecordReport<UpdateOutcome> ReadUpdate(in Event happened)
        {
            return new RecordReport<UpdateOutcome>((UpdateOutcome)happened.Result, happened);
        }

        private static RecordView ReadView(in Event happened)
        {
            return new RecordView(happened);
        }

        private static RecordReport<RecordOutcome> ReadErasure(in Event happened)
        {
            return new RecordReport<RecordOutcome>((RecordOutcome)happened.Result, happened);
        }

        private TickTask<T> Ask<T>(Waiter<T> waiter, string name, string argument, Asking ask)
        {
            return Expect(waiter, tag =>
            {
                using Utf8 text = new Utf8(name, stackalloc byte[Utf8.OnStack], argument);
                fixed (byte* bytes = text)
                    Failure.Check(ask(Handle, bytes, tag));
            });
        }

        private TickTask<T> Expect<T>(Waiter<T> waiter, Action<ulong> ask)
        {
            ulong tag = Engine.Expect(waiter);
            try
            {
                ask(tag);
            }
            catch
            {
                Engine.Forget(tag);
                throw;
            }
            return waiter.Task;
        }

        /// <summary>Collects the records until the end is told.</summary>
        private sealed class ExportWaiter : Waiter<UserExport>
        {
            private readonly List<ExportedRecord> records;

            internal ExportWaiter(TickQueue queue)
                : this(queue, new List<ExportedRecord>())
            {
            }

            private ExportWaiter(TickQueue queue, List<ExportedRecord> records)
                : base(queue, (in Event happened) => new UserExport(records, happened))
            {
                this.records = records;
            }

            internal override bool IsAnsweredBy(in Event happened)
            {
                if (happened.Kind == EventKind.RecordExported)
                    records.Add(new ExportedRecord(happened.Key, happened.Document));
                return happened.Kind == EventKind.UserDone;
            }

            internal override void Fail(Exception error, Action<Exception> continuationFailed)
            {
                foreach (ExportedRecord record in records)
                    record.Content.Dispose();
                base.Fail(error, continuationFailed);
            }
        }

        /// <summary>Each record is told of with the same tag; the answer is the end.</summary>
        private sealed class ErasureWaiter : Waiter<UserErasure>
        {
            internal ErasureWaiter(TickQueue queue)
                : base(queue, (in Event happened) => new UserErasure(happened))
            {
            }

            internal override bool IsAnsweredBy(in Event happened)
            {
                return happened.Kind == EventKind.UserDone;
            }
        }
    }
}
