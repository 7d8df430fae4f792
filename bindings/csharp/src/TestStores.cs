using System;
using System.Runtime.InteropServices;

namespace SessionLocker
{
    /// <summary>
    /// Faults of a store that fails on purpose. Each rate is in parts of <see cref="Always"/>. A request meets one fault at
    /// most, so all rates together are at most that. Time is counted in steps: each request that comes in is one.
    /// </summary>
    public sealed class FaultOptions
    {
        /// <summary>Rates are parts of this.</summary>
        public const int Always = Native.SLK_FAULTS_ALWAYS;

        /// <summary>The same seed and the same requests give the same faults. Of no meaning when faults are changed.</summary>
        public ulong Seed { get; set; }

        /// <summary>Reads go well.</summary>
        public bool SpareReads { get; set; }

        /// <summary>Writes go well.</summary>
        public bool SpareWrites { get; set; }

        /// <summary>Server records are read and written well: only the game's records meet trouble.</summary>
        public bool SpareServers { get; set; }

        /// <summary>Not carried out, and the answer says so.</summary>
        public int Refused { get; set; }

        /// <summary>Carried out, but the answer says that the outcome is unknown.</summary>
        public int Unknown { get; set; }

        /// <summary>Never arrives, and no answer comes until the request is given up.</summary>
        public int RequestLost { get; set; }

        /// <summary>Carried out, but no answer comes until the request is given up.</summary>
        public int ReplyLost { get; set; }

        /// <summary>Carried out at once; the answer comes 1 to <see cref="Longest"/> steps later.</summary>
        public int Delayed { get; set; }

        /// <summary>Writes alone: the outcome is unknown, and the write is carried out 1 to <see cref="Longest"/> steps later.</summary>
        public int Late { get; set; }

        /// <summary>Writes alone: not carried out, and answered with a conflict that is none.</summary>
        public int Conflict { get; set; }

        /// <summary>The longest that anything is held back, in steps; default 8.</summary>
        public int Longest { get; set; }

        internal slk_fault_options ToNative()
        {
            return new slk_fault_options
            {
                flags = (SpareReads ? (uint)Native.SLK_FAULTS_SPARE_READS : 0)
                    | (SpareWrites ? (uint)Native.SLK_FAULTS_SPARE_WRITES : 0)
                    | (SpareServers ? (uint)Native.SLK_FAULTS_SPARE_SERVERS : 0),
                seed = Seed,
                refused = checked((uint)Refused),
                unknown = checked((uint)Unknown),
                request_lost = checked((uint)RequestLost),
                reply_lost = checked((uint)ReplyLost),
                delayed = checked((uint)Delayed),
                late = checked((uint)Late),
                conflict = checked((uint)Conflict),
                longest = checked((uint)Longest),
            };
        }
    }

    /// <summary>What a store that fails on purpose has done.</summary>
    public readonly struct FaultCounts
    {
        internal FaultCounts(in slk_fault_counts native)
        {
            Requests = (long)native.requests;
            Refused = (long)native.refused;
            Unknown = (long)native.unknown;
            RequestsLost = (long)native.requests_lost;
            RepliesLost = (long)native.replies_lost;
            Delayed = (long)native.delayed;
            Late = (long)native.late;
            Conflicts = (long)native.conflicts;
            Held = (long)native.held;
        }

        /// <summary>All requests that came in.</summary>
        public long Requests { get; }

        /// <summary>Those that were refused.</summary>
        public long Refused { get; }

        /// <summary>Those that were carried out with an unknown outcome.</summary>
        public long Unknown { get; }

        /// <summary>Those that never arrived.</summary>
        public long RequestsLost { get; }

        /// <summary>Those whose answers never came.</summary>
        public long RepliesLost { get; }

        /// <summary>Those whose answers were held back.</summary>
        public long Delayed { get; }

        /// <summary>Writes that were carried out late.</summary>
        public long Late { get; }

        /// <summary>Conflicts that were none.</summary>
        public long Conflicts { get; }

        /// <summary>Answers and late writes that are held back just now.</summary>
        public long Held { get; }
    }

    // Stores for tests, and the check of stores.
    public sealed unsafe partial class Store
    {
        /// <summary>Opens a store that fails on purpose, in front of another one: for tests of how the game lives with trouble.</summary>
        /// <param name="inner">The store behind it. It may be disposed; it lives as long as this one.</param>
        /// <param name="faults">The faults; null: none for now.</param>
        /// <returns>The store.</returns>
        public static Store OpenFaulty(Store inner, FaultOptions faults = null)
        {
            Begin();
            slk_store behind = (inner ?? throw new ArgumentNullException(nameof(inner))).Handle;
            slk_store handle = default;
            slk_store* place = &handle;
            WithFaults(faults, native => Native.slk_store_open_faulty(behind, (slk_fault_options*)native, place));
            GC.KeepAlive(inner);
            return new Store(handle);
        }

        /// <summary>
        /// Opens a store that reads from another one and never writes to it: all that is written stays in this process and
        /// ends with this store. For trying things out on real data.
        /// </summary>
        /// <param name="inner">The store to read from. It may be disposed; it lives as long as this one.</param>
        /// <returns>The store.</returns>
        public static Store OpenReadOnly(Store inner)
        {
            Begin();
            slk_store handle;
            Failure.Check(Native.slk_store_open_read_only((inner ?? throw new ArgumentNullException(nameof(inner))).Handle, &handle));
            GC.KeepAlive(inner);
            return new Store(handle);
        }

        /// <summary>Changes the faults of a store of <see cref="OpenFaulty"/> from the next request on.</summary>
        /// <param name="faults">
        /// The faults; what is held back stays so. Null: none from now on, and what is held back comes out at once.
        /// </param>
        public void SetFaults(FaultOptions faults)
        {
            slk_store handle = Handle;
            WithFaults(faults, native => Native.slk_store_set_faults(handle, (slk_fault_options*)native));
            GC.KeepAlive(this);
        }

        /// <summary>What a store of <see cref="OpenFaulty"/> has done so far.</summary>
        /// <returns>The counts.</returns>
        public FaultCounts GetFaultCounts()
        {
            slk_fault_counts counts;
            Failure.Check(Native.slk_store_fault_counts(Handle, &counts, (nuint)sizeof(slk_fault_counts)));
            GC.KeepAlive(this);
            return new FaultCounts(counts);
        }

        /// <summary>
        /// Puts a value under a record's key, whatever is there: test data in place of stored ones. For memory stores,
        /// read-only stores, and stores that fail on purpose in front of these. A session that holds the record is not asked.
        /// </summary>
        /// <param name="spec">The name of the record's spec.</param>
        /// <param name="key">The record's key.</param>
        /// <param name="value">The value as it is to be stored.</param>
        public void SetValue(string spec, string key, ReadOnlySpan<byte> value)
        {
            using Utf8 specName = new Utf8(spec, stackalloc byte[Utf8.OnStack], nameof(spec));
            using Utf8 keyName = new Utf8(key, stackalloc byte[Utf8.OnStack], nameof(key));
            fixed (byte* specBytes = specName)
            fixed (byte* keyBytes = keyName)
            fixed (byte* bytes = &MemoryMarshal.GetReference(value))
                Failure.Check(Native.slk_store_set_value(Handle, specBytes, keyBytes, bytes, (nuint)value.Length));
            GC.KeepAlive(this);
        }

        /// <summary>
        /// What is stored under a record's key, byte for byte: for tests that look at what was written. Waits for the store,
        /// which must answer by itself; not inside callbacks.
        /// </summary>
        /// <param name="spec">The name of the record's spec.</param>
        /// <param name="key">The record's key.</param>
        /// <returns>The bytes; null if nothing is stored.</returns>
        public byte[] GetValue(string spec, string key)
        {
            using Utf8 specName = new Utf8(spec, stackalloc byte[Utf8.OnStack], nameof(spec));
            using Utf8 keyName = new Utf8(key, stackalloc byte[Utf8.OnStack], nameof(key));
            slk_store handle = Handle;
            fixed (byte* specBytes = specName)
            fixed (byte* keyBytes = keyName)
            {
                byte* specAt = specBytes;
                byte* keyAt = keyBytes;
                byte[] value = NativeText.ReadBytes((buffer, capacity, needed) =>
                    Native.slk_store_get_value(handle, specAt, keyAt, buffer, capacity, needed));
                GC.KeepAlive(this);
                return value;
            }
        }

        /// <summary>
        /// Finds out which of its promises a store breaks: for the tests of a store of your own. It writes records of a spec
        /// with a name of its own, and removes them at the end. Waits until all is tried; the store must answer by itself.
        /// </summary>
        /// <param name="timeout">How long one request may take; default 10 s.</param>
        /// <returns>A line for each promise that is broken; empty if nothing was found.</returns>
        public string Check(TimeSpan timeout = default)
        {
            byte[] report = new byte[ReportBytes];
            nuint needed = 0;
            int result;
            fixed (byte* bytes = report)
            {
                result = Native.slk_store_check(Handle, Milliseconds.Of(timeout, nameof(timeout)), bytes, (nuint)report.Length, &needed);
                GC.KeepAlive(this);
                if (result == Native.SLK_E_BROKEN_STORE)
                    return Utf8.Read(bytes);
            }
            Failure.Check(result);
            return "";
        }

        private const int ReportBytes = 64 * 1024;

        private static void WithFaults(FaultOptions faults, Func<IntPtr, int> call)
        {
            if (faults == null)
            {
                Failure.Check(call(IntPtr.Zero));
                return;
            }
            slk_fault_options native;
            Failure.Check(Native.slk_fault_options_init(&native, (nuint)sizeof(slk_fault_options)));
            uint size = native.struct_size;
            native = faults.ToNative();
            native.struct_size = size;
            Failure.Check(call((IntPtr)(&native)));
        }
    }
}
