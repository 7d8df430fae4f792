using System;
using System.Collections.Generic;
using System.Threading;

namespace SessionLocker
{
    /// <summary>How profiles are set up. What is not set has the library's default.</summary>
    /// <typeparam name="T">The type of a player's data.</typeparam>
    public sealed class ProfileOptions<T>
        where T : class
    {
        private readonly Dictionary<string, ApplyChangeToDataCallback<T>> changeHandlers =
            new Dictionary<string, ApplyChangeToDataCallback<T>>();

        /// <summary>Turns the data into JSON and back. Required.</summary>
        public IDataSerializer<T> Serializer { get; set; }

        /// <summary>The data of a player who has never played. Required.</summary>
        public Func<string, T> CreateDefault { get; set; }

        /// <summary>Applies products. Without it, receipts cannot be processed.</summary>
        public ApplyToDataCallback<T> ApplyPurchase { get; set; }

        /// <summary>Says whether a purchase is good before it is applied; what it changes is undone. Without it, all are.</summary>
        public ApplyToDataCallback<T> ValidatePurchase { get; set; }

        /// <summary>Takes a product back that was paid back. Without it, each becomes a debt.</summary>
        public ApplyToDataCallback<T> RevokePurchase { get; set; }

        /// <summary>How data of older versions are brought to <see cref="SchemaVersion"/>.</summary>
        public Migrations Migrations { get; set; }

        /// <summary>All else about the kind of record, set last; not its data and purchases.</summary>
        public Action<SpecOptions> Spec { get; set; }

        /// <summary>The kind of record: part of the keys in the store.</summary>
        public string Name { get; set; } = "player";

        /// <summary>The version of the data that this server reads and writes.</summary>
        public int SchemaVersion { get; set; } = 1;

        /// <summary>A change is saved after half to all of this time; default 5 minutes.</summary>
        public TimeSpan Autosave { get; set; }

        /// <summary>All else about the engine.</summary>
        public EngineOptions Engine { get; set; } = new EngineOptions();

        internal IReadOnlyDictionary<string, ApplyChangeToDataCallback<T>> ChangeHandlers => changeHandlers;

        /// <summary>
        /// Applies the changes of one kind that others send. Changes of kinds without a handler wait for a server that has
        /// one.
        /// </summary>
        /// <param name="kind">The kind.</param>
        /// <param name="apply">Changes the data.</param>
        /// <returns>This, for the next one.</returns>
        public ProfileOptions<T> OnChange(string kind, ApplyChangeToDataCallback<T> apply)
        {
            changeHandlers.Add(kind, apply ?? throw new ArgumentNullException(nameof(apply)));
            return this;
        }
    }

    /// <summary>
    /// The easy way: each player's data as an object of the game. Start a profile when the player joins, change its data,
    /// end it when the player leaves; call <see cref="Tick"/> in the game loop. The code behind each <c>await</c> runs
    /// inside the tick. The full way is one step further: <see cref="Engine"/> and <see cref="Profile{T}.Locker"/>.
    /// </summary>
    /// <typeparam name="T">The type of a player's data.</typeparam>
    public sealed partial class Profiles<T> : IDisposable
        where T : class
    {
        private readonly Dictionary<string, Profile<T>> profiles = new Dictionary<string, Profile<T>>();
        private readonly Store ownStore;

        /// <summary>Makes them on a store.</summary>
        /// <param name="store">Where the records live; stays yours to dispose.</param>
        /// <param name="options">How they are set up.</param>
        public Profiles(Store store, ProfileOptions<T> options)
        {
            if (options == null)
                throw new ArgumentNullException(nameof(options));
            Serializer = options.Serializer ?? throw new ArgumentException("the serializer is missing", nameof(options));
            CreateDefault = options.CreateDefault ?? throw new ArgumentException("the default data are missing", nameof(options));
            Engine = new Engine(options.Engine);
            try
            {
                Spec = Engine.CreateSpec(ProfileCallbacks<T>.SpecOptionsFor(store, options));
            }
            catch
            {
                Engine.Dispose();
                throw;
            }
            Engine.Lost += TellEnd;
            Engine.Released += TellEnd;
        }

        private Profiles(Store store, ProfileOptions<T> options, bool isOwner)
            : this(store, options)
        {
            ownStore = isOwner ? store : null;
        }

        /// <summary>The engine, for its events and all else.</summary>
        public Engine Engine { get; }

        /// <summary>The spec of the records.</summary>
        public Spec Spec { get; }

        internal IDataSerializer<T> Serializer { get; }

        internal Func<string, T> CreateDefault { get; }

        /// <summary>Opens a SQLite database, or makes it.</summary>
        /// <param name="path">The file.</param>
        /// <param name="serverId">This server's id, unique among living servers.</param>
        /// <param name="options">How the profiles are set up.</param>
        /// <returns>The profiles.</returns>
        public static Profiles<T> OpenSqlite(string path, string serverId, ProfileOptions<T> options)
        {
            if (options == null)
                throw new ArgumentNullException(nameof(options));
            options.Engine.ServerId = serverId;
            Store store = Store.OpenSqlite(path);
            try
            {
                return new Profiles<T>(store, options, true);
            }
            catch
            {
                store.Dispose();
                throw;
            }
        }

        /// <summary>Starts a player's session, and waits until the data are loaded.</summary>
        /// <param name="key">The player's id.</param>
        /// <param name="cancellation">Gives up.</param>
        /// <returns>
        /// The profile. For a player who left a moment ago and whose last save is still under way, that is called off or
        /// waited for.
        /// </returns>
        /// <exception cref="InvalidOperationException">The player has an active profile on this server.</exception>
        public TickTask<Profile<T>> StartAsync(string key, CancellationToken cancellation = default)
        {
            Profile<T> profile;
            lock (profiles)
            {
                if (!profiles.TryGetValue(key ?? throw new ArgumentNullException(nameof(key)), out profile))
                    profile = new Profile<T>(this, key);
            }
            return profile.StartAsync(cancellation);
        }

        /// <summary>One step of the game loop; see <see cref="Engine.Tick"/>.</summary>
        /// <param name="budget">Let the library stop after this time; zero: no limit.</param>
        public void Tick(TimeSpan budget = default)
        {
            Engine.Tick(budget);
        }

        /// <summary>Saves and ends everything; go on ticking until it is done.</summary>
        /// <param name="deadline">After this time it is over at the latest.</param>
        /// <returns>How many players were left behind.</returns>
        public TickTask<int> ShutdownAsync(TimeSpan deadline)
        {
            return Engine.ShutdownAsync(deadline);
        }

        /// <summary>
        /// Ends everything at once: what is not saved is not saved. Use <see cref="ShutdownAsync"/> before.
        /// </summary>
        public void Dispose()
        {
            Engine.Dispose();
            ownStore?.Dispose();
        }

        /// <summary>A player has at most one profile that is not over.</summary>
        internal void Add(Profile<T> profile)
        {
            lock (profiles)
            {
                if (profiles.TryGetValue(profile.Key, out Profile<T> known) && (known != profile || !profile.IsEnding))
                    throw new InvalidOperationException("'" + profile.Key + "' has a profile here already");
                profiles[profile.Key] = profile;
            }
        }

        internal void Remove(Profile<T> profile)
        {
            lock (profiles)
            {
                if (profiles.TryGetValue(profile.Key, out Profile<T> known) && known == profile)
                    profiles.Remove(profile.Key);
            }
        }

        private static void TellEnd(Event happened)
        {
            (happened.Locker?.Tag as Profile<T>)?.OnSessionEnded(happened);
        }
    }
}
