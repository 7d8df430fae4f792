using System;
using System.Buffers;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;

namespace SessionLocker
{
    /// <summary>What kind of key a store is asked for.</summary>
    public enum KeyKind
    {
        /// <summary>A record of the game.</summary>
        Record = Native.SLK_KEY_RECORD,

        /// <summary>A server record: how an engine shows that it is alive.</summary>
        Server = Native.SLK_KEY_SERVER,
    }

    /// <summary>What a blocking store is asked to do. It ends with the call.</summary>
    public readonly unsafe ref struct StoreRequest
    {
        private readonly slk_request_view* view;

        internal StoreRequest(slk_request_view* view)
        {
            this.view = view;
        }

        /// <summary>What kind of key it is. A record and a server may have the same name.</summary>
        public KeyKind KeyKind => (KeyKind)view->key_kind;

        /// <summary>The name of the record's spec; empty for a server record.</summary>
        public string Spec => Utf8.Read(view->spec, view->spec_length);

        /// <summary>The record's key or the server's id. For a list: the name after which to begin; empty: from the start.</summary>
        public string Key => Utf8.Read(view->key, view->key_length);

        /// <summary>For a put: the value to write: JSON in UTF-8, or bytes of any kind where the spec has a codec.</summary>
        public ReadOnlySpan<byte> Value => new ReadOnlySpan<byte>(view->value, (int)view->value_length);

        /// <summary>Whether a version must be stored. For a put, false means that the key must be missing.</summary>
        public bool HasVersion => view->version != null;

        /// <summary>The version that must be stored, as the store gave it before.</summary>
        public ReadOnlySpan<byte> Version => new ReadOnlySpan<byte>(view->version, (int)view->version_length);

        /// <summary>For a list: the most names to answer with.</summary>
        public int Limit => (int)view->limit;

        /// <summary>
        /// For a put, a hint: so many bytes at the beginning of the value are the record's header; 0 if that is not known.
        /// </summary>
        public int HeaderLength => (int)view->header_length;

        /// <summary>For a put, a hint: the data behind the header say the same as those stored under the version.</summary>
        public bool DataUnchanged => (view->flags & Native.SLK_REQUEST_DATA_UNCHANGED) != 0;

        /// <summary>
        /// For a put, a hint: the id of the server that waits for this write; empty if none does. A store that can push
        /// tells that server the key once the write is durable.
        /// </summary>
        public string Announce => Utf8.Read(view->announce, view->announce_length);
    }

    /// <summary>What an asynchronous store is asked to do. A copy, which lives as long as the work needs it.</summary>
    public sealed class AsyncStoreRequest
    {
        internal unsafe AsyncStoreRequest(slk_request_view* view)
        {
            StoreRequest request = new StoreRequest(view);
            KeyKind = request.KeyKind;
            Spec = request.Spec;
            Key = request.Key;
            Value = request.Value.ToArray();
            Version = request.HasVersion ? request.Version.ToArray() : null;
            Limit = request.Limit;
            HeaderLength = request.HeaderLength;
            DataUnchanged = request.DataUnchanged;
            Announce = request.Announce;
        }

        /// <summary>What kind of key it is. A record and a server may have the same name.</summary>
        public KeyKind KeyKind { get; }

        /// <summary>The name of the record's spec; empty for a server record.</summary>
        public string Spec { get; }

        /// <summary>The record's key or the server's id. For a list: the name after which to begin; empty: from the start.</summary>
        public string Key { get; }

        /// <summary>For a put: the value to write: JSON in UTF-8, or bytes of any kind where the spec has a codec.</summary>
        public byte[] Value { get; }

        /// <summary>
        /// The version that must be stored, as the store gave it before. Null: for a put, the key must be missing.
        /// </summary>
        public byte[] Version { get; }

        /// <summary>For a list: the most names to answer with.</summary>
        public int Limit { get; }

        /// <summary>
        /// For a put, a hint: so many bytes at the beginning of the value are the record's header; 0 if that is not known.
        /// </summary>
        public int HeaderLength { get; }

        /// <summary>For a put, a hint: the data behind the header say the same as those stored under the version.</summary>
        public bool DataUnchanged { get; }

        /// <summary>
        /// For a put, a hint: the id of the server that waits for this write; empty if none does. A store that can push
        /// tells that server the key once the write is durable.
        /// </summary>
        public string Announce { get; }
    }

    /// <summary>What became of a request to a store. Use the members that make one.</summary>
    public readonly struct StoreAnswer
    {
        private StoreAnswer(AnswerKind kind, ReadOnlyMemory<byte> value, ReadOnlyMemory<byte> version, Result result, string text)
        {
            Kind = kind;
            Value = value;
            Version = version;
            Result = result;
            Text = text;
        }

        internal enum AnswerKind
        {
            None,
            Found,
            Missing,
            Written,
            Removed,
            Conflict,
            Keys,
            HasMore,
            Failed,
        }

        /// <summary>To a get: nothing is stored under the key.</summary>
        public static StoreAnswer Missing => Of(AnswerKind.Missing);

        /// <summary>To a remove: the key is gone, durably.</summary>
        public static StoreAnswer Removed => Of(AnswerKind.Removed);

        /// <summary>To a put or a remove: the key was not as expected, and nothing was changed.</summary>
        public static StoreAnswer Conflict => Of(AnswerKind.Conflict);

        internal AnswerKind Kind { get; }

        internal ReadOnlyMemory<byte> Value { get; }

        internal ReadOnlyMemory<byte> Version { get; }

        internal Result Result { get; }

        internal string Text { get; }

        /// <summary>To a get: this is stored.</summary>
        /// <param name="value">The stored bytes.</param>
        /// <param name="version">The token of this state of the key, 1 to 255 bytes.</param>
        /// <returns>The answer.</returns>
        public static StoreAnswer Found(ReadOnlyMemory<byte> value, ReadOnlyMemory<byte> version)
        {
            return new StoreAnswer(AnswerKind.Found, value, version, Result.Ok, null);
        }

        /// <summary>To a put: the value is written and durable.</summary>
        /// <param name="version">The token of the new state. It must never have been given for this key before.</param>
        /// <returns>The answer.</returns>
        public static StoreAnswer Written(ReadOnlyMemory<byte> version)
        {
            return new StoreAnswer(AnswerKind.Written, default, version, Result.Ok, null);
        }

        /// <summary>To a list: these are the next keys, in the order of their bytes in UTF-8.</summary>
        /// <param name="names">The names, at most as many as the request's limit; none only if no key is left.</param>
        /// <param name="hasMore">Whether there are more behind the last one.</param>
        /// <returns>The answer.</returns>
        public static StoreAnswer Keys(IEnumerable<string> names, bool hasMore)
        {
            // One behind the other, each with its NUL: so they need to be pinned only once.
            ArrayBufferWriter<byte> texts = new ArrayBufferWriter<byte>();
            foreach (string name in names)
            {
                using Utf8 text = new Utf8(name, stackalloc byte[Utf8.OnStack], nameof(names));
                texts.Write(text.WithNul);
            }
            return new StoreAnswer(hasMore ? AnswerKind.HasMore : AnswerKind.Keys, texts.WrittenMemory, default, Result.Ok, null);
        }

        /// <summary>
        /// It was surely not carried out and will not be, because the store is in trouble. It is tried again.
        /// </summary>
        /// <param name="text">What happened, in the store's words.</param>
        /// <returns>The answer.</returns>
        public static StoreAnswer NotApplied(string text)
        {
            return new StoreAnswer(AnswerKind.Failed, default, default, Result.NotApplied, text);
        }

        /// <summary>
        /// It was surely not carried out, because this request cannot be: too large, a key that the store cannot hold,
        /// no permission.
        /// </summary>
        /// <param name="text">What is wrong, in the store's words.</param>
        /// <returns>The answer.</returns>
        public static StoreAnswer Refused(string text)
        {
            return new StoreAnswer(AnswerKind.Failed, default, default, Result.InvalidArgument, text);
        }

        /// <summary>
        /// It may have been carried out, or may yet be: the connection broke, no answer in time. An exception means the
        /// same.
        /// </summary>
        /// <param name="text">What happened, in the store's words.</param>
        /// <returns>The answer.</returns>
        public static StoreAnswer UnknownOutcome(string text)
        {
            return new StoreAnswer(AnswerKind.Failed, default, default, Result.UnknownOutcome, text);
        }

        private static StoreAnswer Of(AnswerKind kind)
        {
            return new StoreAnswer(kind, default, default, Result.Ok, null);
        }
    }

    /// <summary>
    /// A store of yours whose calls do the work and return the answer. They come on threads of the library, one at a time
    /// unless <see cref="StoreOptions.Threads"/> says otherwise. Where that is no good, as in Unity, implement
    /// <see cref="IAsyncStore"/>.
    /// </summary>
    /// <remarks>
    /// What a store promises: put and remove compare and write in one step; what was answered as written stays; a get
    /// gives the latest state, not that of a replica or cache; a version is never given for another state of the same
    /// key, not even after remove and create. An exception means that nobody knows the outcome. If it is
    /// <see cref="IDisposable"/>, it is disposed when nothing uses it any more.
    /// </remarks>
    public interface IBlockingStore
    {
        /// <summary>Reads.</summary>
        /// <param name="request">What.</param>
        /// <returns>Found, missing or failed.</returns>
        StoreAnswer Get(in StoreRequest request);

        /// <summary>Writes, if the key is as expected.</summary>
        /// <param name="request">What.</param>
        /// <returns>Written, conflict or failed.</returns>
        StoreAnswer Put(in StoreRequest request);

        /// <summary>Removes, if the key is as expected.</summary>
        /// <param name="request">What.</param>
        /// <returns>Removed, conflict or failed.</returns>
        StoreAnswer Remove(in StoreRequest request);
    }

    /// <summary>A store that can list its keys: for exporting and erasing all records of a person.</summary>
    public interface IListingStore : IBlockingStore
    {
        /// <summary>Lists keys of one spec whose names come after the request's key, in the order of their bytes in UTF-8.</summary>
        /// <param name="request">What.</param>
        /// <returns>Keys or failed.</returns>
        StoreAnswer List(in StoreRequest request);
    }

    /// <summary>
    /// A store of yours whose calls start the work and return. They come inside <see cref="Engine.Update"/>, on its
    /// thread; the tasks may complete on any thread. For what a store promises, see <see cref="IBlockingStore"/>.
    /// </summary>
    public interface IAsyncStore
    {
        /// <summary>Reads.</summary>
        /// <param name="request">What.</param>
        /// <param name="cancellation">Cancelled when nobody waits for the answer any longer.</param>
        /// <returns>Found, missing or failed.</returns>
        Task<StoreAnswer> GetAsync(AsyncStoreRequest request, CancellationToken cancellation);

        /// <summary>Writes, if the key is as expected.</summary>
        /// <param name="request">What.</param>
        /// <param name="cancellation">Cancelled when nobody waits for the answer any longer.</param>
        /// <returns>Written, conflict or failed.</returns>
        Task<StoreAnswer> PutAsync(AsyncStoreRequest request, CancellationToken cancellation);

        /// <summary>Removes, if the key is as expected.</summary>
        /// <param name="request">What.</param>
        /// <param name="cancellation">Cancelled when nobody waits for the answer any longer.</param>
        /// <returns>Removed, conflict or failed.</returns>
        Task<StoreAnswer> RemoveAsync(AsyncStoreRequest request, CancellationToken cancellation);
    }

    /// <summary>A store that can list its keys: for exporting and erasing all records of a person.</summary>
    public interface IAsyncListingStore : IAsyncStore
    {
        /// <summary>Lists keys of one spec whose names come after the request's key, in the order of their bytes in UTF-8.</summary>
        /// <param name="request">What.</param>
        /// <param name="cancellation">Cancelled when nobody waits for the answer any longer.</param>
        /// <returns>Keys or failed.</returns>
        Task<StoreAnswer> ListAsync(AsyncStoreRequest request, CancellationToken cancellation);
    }
}
