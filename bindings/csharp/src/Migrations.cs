using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using System.Threading;

namespace SessionLocker
{
    /// <summary>Data that are about to be patched or migrated.</summary>
    public readonly struct MigrationInfo
    {
        internal unsafe MigrationInfo(slk_migration_view* view, Locker locker)
        {
            Locker = locker;
            Key = locker != null ? locker.Key : Utf8.Read(view->key);
            FromVersion = (int)view->from_version;
            FromPatch = (int)view->from_patch;
            ToVersion = (int)view->to_version;
        }

        /// <summary>The locker; null for a record that is only looked at or updated.</summary>
        public Locker Locker { get; }

        /// <summary>The record's key.</summary>
        public string Key { get; }

        /// <summary>The schema version that the data have.</summary>
        public int FromVersion { get; }

        /// <summary>The patch number that the data have.</summary>
        public int FromPatch { get; }

        /// <summary>The schema version that they are to get: the same for a patcher.</summary>
        public int ToVersion { get; }
    }

    /// <summary>
    /// Turns the draft, which has the stored data, into data of the next patch or version. It may be called again for the
    /// same record, and must give the same result on every server. An exception: the record is left as it is and not
    /// loaded (<see cref="LoadStatus.DataRefused"/>).
    /// </summary>
    /// <param name="migration">Which data.</param>
    /// <param name="draft">The data.</param>
    public delegate void MigrateCallback(MigrationInfo migration, Document draft);

    /// <summary>
    /// How records of older schema versions are brought to a newer one: migrators from each version to the next, and
    /// patchers that mend data within a version. Give it to <see cref="SpecOptions.Migrations"/>; it may be disposed then.
    /// </summary>
    public sealed unsafe class Migrations : IDisposable
    {
        private readonly EngineList engines = new EngineList();
        private long id;

        /// <summary>Makes an empty set.</summary>
        public Migrations()
        {
            SessionLockerLibrary.Require();
            slk_migrations handle;
            Failure.Check(Native.slk_migrations_create(&handle));
            id = (long)handle.id;
        }

        /// <summary>Leaves the ending to the next thread that may call callbacks.</summary>
        ~Migrations()
        {
            ulong last = (ulong)Interlocked.Exchange(ref id, 0);
            if (last != 0)
                EndQueue.Forgotten.AddMigrations(last);
        }

        internal slk_migrations Handle
        {
            get
            {
                ulong now = (ulong)Volatile.Read(ref id);
                return now != 0 ? new slk_migrations { id = now } : throw new ObjectDisposedException(nameof(Migrations));
            }
        }

        /// <summary>Adds the migrator from one schema version to the next.</summary>
        /// <param name="fromVersion">The version that it begins with; it gives the next one.</param>
        /// <param name="migrate">Changes the data.</param>
        /// <param name="isCompatible">Whether servers that know the version before can go on working with its result.</param>
        /// <param name="givesPatch">The patch number of its result; null for the highest. Patchers from there on run after it.</param>
        /// <returns>This, for the next one.</returns>
        public Migrations AddMigrator(int fromVersion, MigrateCallback migrate, bool isCompatible = false, int? givesPatch = null)
        {
            MigrationState state = new MigrationState(engines, migrate ?? throw new ArgumentNullException(nameof(migrate)));
            uint patch = givesPatch == null ? Native.SLK_LATEST_PATCH : checked((uint)givesPatch.Value);
            uint flags = isCompatible ? (uint)Native.SLK_MIGRATION_COMPATIBLE : 0;
            slk_migrations handle = Handle;
            uint version = checked((uint)fromVersion);
            state.Hand(data => Native.slk_migrations_add_migrator(
                handle, version, patch, flags, MigrationState.Pointer, (void*)data, CallbackState.DestroyPointer));
            GC.KeepAlive(this);
            return this;
        }

        /// <summary>Adds a patcher: it mends data of one version and takes them from one patch number to the next.</summary>
        /// <param name="version">The schema version.</param>
        /// <param name="fromPatch">The patch number that it begins with; new records of a version without patchers have 0.</param>
        /// <param name="patch">Changes the data.</param>
        /// <returns>This, for the next one.</returns>
        public Migrations AddPatcher(int version, int fromPatch, MigrateCallback patch)
        {
            MigrationState state = new MigrationState(engines, patch ?? throw new ArgumentNullException(nameof(patch)));
            slk_migrations handle = Handle;
            uint ofVersion = checked((uint)version);
            uint from = checked((uint)fromPatch);
            state.Hand(data => Native.slk_migrations_add_patcher(
                handle, ofVersion, from, MigrationState.Pointer, (void*)data, CallbackState.DestroyPointer));
            GC.KeepAlive(this);
            return this;
        }

        /// <summary>
        /// Throws unless the set leads to a schema version without a gap and not beyond it; making a spec does the same.
        /// </summary>
        /// <param name="schemaVersion">The version that the server knows.</param>
        public void Check(int schemaVersion)
        {
            Failure.Check(Native.slk_migrations_check(Handle, checked((uint)schemaVersion)));
            GC.KeepAlive(this);
        }

        /// <summary>
        /// Ends the set; specs that were made with it keep what they need. May be called again, and by any thread; inside a
        /// callback, the end comes later.
        /// </summary>
        public void Dispose()
        {
            ulong last = (ulong)Interlocked.Exchange(ref id, 0);
            GC.SuppressFinalize(this);
            if (last == 0)
                return;
            EndQueue.Disposed.AddMigrations(last);
            EndQueue.Disposed.End();
        }

        /// <summary>Lets the callbacks find the lockers of an engine.</summary>
        internal void UseIn(Engine engine)
        {
            engines.Add(engine);
        }
    }

    /// <summary>Engines, without keeping them alive.</summary>
    internal sealed class EngineList
    {
        private readonly List<WeakReference<Engine>> engines = new List<WeakReference<Engine>>();

        internal void Add(Engine engine)
        {
            lock (engines)
            {
                engines.RemoveAll(one => !one.TryGetTarget(out Engine known) || known == engine);
                engines.Add(new WeakReference<Engine>(engine));
            }
        }

        /// <summary>Handles are unique in the process, so at most one engine has it.</summary>
        internal Locker Find(slk_locker handle)
        {
            lock (engines)
            {
                foreach (WeakReference<Engine> one in engines)
                {
                    Locker found = one.TryGetTarget(out Engine engine) ? engine.Find(handle) : null;
                    if (found != null)
                        return found;
                }
                return null;
            }
        }
    }

    /// <summary>What the callback of a migrator or patcher leads to.</summary>
    internal sealed unsafe class MigrationState : CallbackState
    {
        private static readonly slk_migrate Delegate = Migrate;

        internal static readonly IntPtr Pointer = Marshal.GetFunctionPointerForDelegate(Delegate);

        private readonly EngineList engines;
        private readonly MigrateCallback migrate;

        internal MigrationState(EngineList engines, MigrateCallback migrate)
        {
            this.engines = engines;
            this.migrate = migrate;
        }

        /// <summary>Gives it to the library, which says at the end that no call follows.</summary>
        internal void Hand(Func<IntPtr, int> add)
        {
            int result = add((IntPtr)Enroot());
            if (result == Native.SLK_OK)
                return;
            Uproot();
            throw Failure.Of(result);
        }

        [MonoPInvokeCallback(typeof(slk_migrate))]
        private static int Migrate(void* userData, slk_migration_view* view, slk_document draft, slk_error_sink error)
        {
            Document shown = new Document(draft, false);
            try
            {
                MigrationState state = From<MigrationState>(userData);
                state.migrate(new MigrationInfo(view, state.engines.Find(view->locker)), shown);
                return Native.SLK_OK;
            }
            catch (Exception thrown)
            {
                return Explain(error, thrown);
            }
            finally
            {
                shown.EndLoan();
            }
        }
    }
}
