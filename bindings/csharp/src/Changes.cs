using System;
using System.Runtime.InteropServices;

namespace SessionLocker
{
    /// <summary>A change that somebody sent, and that is to be applied.</summary>
    public sealed class ChangeInfo
    {
        private readonly byte[] payload;

        internal unsafe ChangeInfo(slk_change_view* view, Locker locker)
        {
            Locker = locker;
            Key = locker != null ? locker.Key : Utf8.Read(view->key);
            Kind = Utf8.Read(view->kind);
            payload = new ReadOnlySpan<byte>(view->payload, (int)view->payload_length).ToArray();
            From = Utf8.Read(view->from);
            ReturnedFrom = Utf8.Read(view->returned_from);
            Sent = DateTimeOffset.FromUnixTimeMilliseconds(view->sent_ms);
            IsUpdate = (view->flags & Native.SLK_CHANGE_UPDATE) != 0;
            IsReturned = (view->flags & Native.SLK_CHANGE_RETURNED) != 0;
        }

        /// <summary>The locker; null for an update, or if you have disposed it.</summary>
        public Locker Locker { get; }

        /// <summary>The record's key.</summary>
        public string Key { get; }

        /// <summary>What kind of change it is, as its sender called it.</summary>
        public string Kind { get; }

        /// <summary>What was sent with it, as JSON text.</summary>
        public string Json => System.Text.Encoding.UTF8.GetString(payload);

        /// <summary>Who sent it: <c>spec/key</c> of a record, or the id of a server.</summary>
        public string From { get; }

        /// <summary>For one that has come back: the target, as <c>spec/key</c>; else empty.</summary>
        public string ReturnedFrom { get; }

        /// <summary>When it was sent, by the sender's clock.</summary>
        public DateTimeOffset Sent { get; }

        /// <summary>It is an update of a record that nobody holds; see <see cref="Spec.UpdateRecordAsync"/>.</summary>
        public bool IsUpdate { get; }

        /// <summary>This record sent it, and its target could not take it: it has come back.</summary>
        public bool IsReturned { get; }

        /// <summary>What was sent with it, as an object of the game.</summary>
        /// <typeparam name="T">The type of the object.</typeparam>
        /// <param name="serializer">How.</param>
        /// <returns>The object.</returns>
        public T Get<T>(IDataSerializer<T> serializer)
        {
            return serializer.Read(payload);
        }
    }

    /// <summary>
    /// Applies a change that somebody sent to the draft of the record's data. It may be called again for the same change,
    /// also on another server, if the save is lost: effects outside the draft belong to
    /// <see cref="EventKind.ChangeApplied"/>. An exception: all edits are dropped, and it is tried again in the next session.
    /// </summary>
    /// <param name="change">What was sent.</param>
    /// <param name="draft">The data.</param>
    /// <returns>
    /// Done; or not applicable, if this server does not know the kind: the change waits for one that does, and holds up no
    /// other.
    /// </returns>
    public delegate Applied ApplyChangeCallback(ChangeInfo change, Document draft);

    // Changes for other records.
    public sealed unsafe partial class Locker
    {
        /// <summary>
        /// Queues a change for another record as part of this record's data: both are saved in one write, and from then on
        /// the change is delivered exactly once, whichever server dies when. If the target does not exist, the change comes
        /// back to <see cref="SpecOptions.ApplyChange"/> of this record.
        /// </summary>
        /// <param name="target">The kind of the record that is to get it.</param>
        /// <param name="key">Its key.</param>
        /// <param name="kind">What kind of change it is.</param>
        /// <param name="json">What goes with it; null for <c>null</c>.</param>
        /// <param name="create">Create the target with its default data if it does not exist.</param>
        /// <returns>The change of this record.</returns>
        public Change QueueChange(Spec target, string key, string kind, string json = null, bool create = false)
        {
            ulong change = 0;
            slk_locker handle = Handle;
            ulong* number = &change;
            Outgoing.Send(target, key, kind, json, create, (spec, keyBytes, kindBytes, payload, length, flags) =>
                Native.slk_locker_queue_change(handle, spec, keyBytes, kindBytes, payload, length, flags, number));
            return new Change(change);
        }
    }

    /// <summary>Passes a change to the library.</summary>
    internal static unsafe class Outgoing
    {
        internal delegate int Call(slk_spec spec, byte* key, byte* kind, byte* payload, nuint length, uint flags);

        internal static void Send(Spec target, string key, string kind, string json, bool create, Call call)
        {
            slk_spec spec = (target ?? throw new ArgumentNullException(nameof(target))).Handle;
            using Utf8 keyText = new Utf8(key, stackalloc byte[Utf8.OnStack], nameof(key));
            using Utf8 kindText = new Utf8(kind, stackalloc byte[Utf8.OnStack], nameof(kind));
            using Utf8 payload = json == null ? default : Utf8.Data(json, stackalloc byte[Utf8.OnStack], nameof(json));
            fixed (byte* keyBytes = keyText)
            fixed (byte* kindBytes = kindText)
            fixed (byte* payloadBytes = payload)
                Failure.Check(call(spec, keyBytes, kindBytes, payloadBytes, (nuint)payload.Length, create ? (uint)Native.SLK_SEND_CREATE : 0));
        }
    }
}
