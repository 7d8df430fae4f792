using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Threading;
using UnityEngine;
using Debug = UnityEngine.Debug;

namespace SessionLocker.Unity
{
    /// <summary>
    /// Ticks engines in Unity's game loop, and ends them where Unity would leave them behind: when the program quits, when
    /// play mode ends, and before the editor loads the scripts anew. Make one with <see cref="Shared"/> or add it to an object.
    /// </summary>
    [DisallowMultipleComponent]
    [AddComponentMenu("SessionLocker/Ticker")]
    public sealed class SessionLockerTicker : MonoBehaviour
    {
        private static readonly List<SessionLockerTicker> Living = new List<SessionLockerTicker>();
        private static SessionLockerTicker shared;

        private readonly List<Entry> entries = new List<Entry>();
        private Entry[] ticking = Array.Empty<Entry>();

        /// <summary>The ticker that outlives scenes; made at the first use.</summary>
        public static SessionLockerTicker Shared
        {
            get
            {
                if (shared == null)
                {
                    GameObject host = new GameObject("SessionLocker");
                    DontDestroyOnLoad(host);
                    shared = host.AddComponent<SessionLockerTicker>();
                    Register(shared);
                }
                return shared;
            }
        }

        /// <summary>How long each engine may take in a frame; zero: no limit.</summary>
        public TimeSpan Budget { get; set; } = TimeSpan.FromMilliseconds(1);

        /// <summary>How long quitting may wait until everybody is saved and released.</summary>
        public TimeSpan ShutdownTime { get; set; } = TimeSpan.FromSeconds(10);

        /// <summary>Ticks an engine from now on, and ends it at the end.</summary>
        /// <param name="engine">The engine.</param>
        /// <param name="owned">What is disposed after the engine, in this order, such as its store.</param>
        public void Add(Engine engine, params IDisposable[] owned)
        {
            Register(this);
            entries.Add(new Entry(engine ?? throw new ArgumentNullException(nameof(engine)), owned));
            ticking = entries.ToArray();
        }

        /// <summary>Ticks the engine of these profiles from now on, and disposes the profiles at the end.</summary>
        /// <typeparam name="T">A player's data.</typeparam>
        /// <param name="profiles">The profiles.</param>
        public void Add<T>(Profiles<T> profiles)
            where T : class
        {
            Add((profiles ?? throw new ArgumentNullException(nameof(profiles))).Engine, profiles);
        }

        /// <summary>Ticks the engine no more; it is its owner's again.</summary>
        /// <param name="engine">The engine.</param>
        public void Remove(Engine engine)
        {
            entries.RemoveAll(entry => entry.Engine == engine);
            ticking = entries.ToArray();
        }

        /// <summary>
        /// Saves and releases everything of all tickers, and disposes it. Blocks for up to <see cref="ShutdownTime"/> for each
        /// ticker. Unity's events call it; calling it again does nothing.
        /// </summary>
        public static void EndAll()
        {
            foreach (SessionLockerTicker ticker in Living.ToArray())
                ticker.End();
            SessionLockerLibrary.EndForgotten();
        }

        // Where play mode begins without loading the scripts anew, the static fields are those of the last time.
        [RuntimeInitializeOnLoadMethod(RuntimeInitializeLoadType.SubsystemRegistration)]
        private static void BeginPlay()
        {
            EndAll();
            shared = null;
        }

        private static void Register(SessionLockerTicker ticker)
        {
            if (!Living.Contains(ticker))
                Living.Add(ticker);
        }

        private void Update()
        {
            // An event may add or remove an engine, which makes another array.
            foreach (Entry entry in ticking)
                Tick(entry.Engine, Budget);
        }

        private void OnApplicationQuit()
        {
            End();
        }

        private void OnDestroy()
        {
            End();
        }

        // An exception of one engine must keep no other from its beat.
        private void Tick(Engine engine, TimeSpan budget)
        {
            try
            {
                engine.Tick(budget);
            }
            catch (Exception error)
            {
                Debug.LogException(error, this);
            }
        }

        private void End()
        {
            Entry[] last = entries.ToArray();
            entries.Clear();
            ticking = Array.Empty<Entry>();
            Living.Remove(this);
            List<TickTask<int>> shutdowns = new List<TickTask<int>>();
            foreach (Entry entry in last)
                Begin(entry.Engine, shutdowns);
            Stopwatch time = Stopwatch.StartNew();
            // Ticked and not waited for: a store may need this thread.
            while (shutdowns.Exists(task => !task.IsCompleted) && time.Elapsed < ShutdownTime)
            {
                foreach (Entry entry in last)
                    Tick(entry.Engine, TimeSpan.Zero);
                Thread.Sleep(5);
            }
            foreach (Entry entry in last)
                entry.Dispose();
        }

        private void Begin(Engine engine, List<TickTask<int>> shutdowns)
        {
            try
            {
                shutdowns.Add(engine.ShutdownAsync(ShutdownTime));
            }
            catch (ObjectDisposedException)
            {
                // Its owner has ended it already.
            }
            catch (SessionLockerException error)
            {
                Debug.LogException(error, this);
            }
        }

        private sealed class Entry : IDisposable
        {
            private readonly IDisposable[] owned;

            internal Entry(Engine engine, IDisposable[] owned)
            {
                Engine = engine;
                this.owned = owned;
            }

            internal Engine Engine { get; }

            public void Dispose()
            {
                Engine.Dispose();
                foreach (IDisposable one in owned)
                    one.Dispose();
            }
        }
    }
}
