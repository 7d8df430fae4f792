using System;

namespace SessionLocker
{
    /// <summary>How important a message of the log is.</summary>
    public enum LogLevel
    {
        /// <summary>Data are at risk, or a promise could not be kept.</summary>
        Error = Native.SLK_LOG_ERROR,

        /// <summary>Something is wrong and is being dealt with.</summary>
        Warning = Native.SLK_LOG_WARNING,

        /// <summary>Rare events of normal life: registered, taken over, handed over.</summary>
        Info = Native.SLK_LOG_INFO,

        /// <summary>Each step of each session.</summary>
        Debug = Native.SLK_LOG_DEBUG,
    }

    /// <summary>How an engine is set up. What is not set has the library's default.</summary>
    public sealed class EngineOptions
    {
        /// <summary>This server's id, unique among living servers. Null: a random one.</summary>
        public string ServerId { get; set; }

        /// <summary>How long others must see no sign of life before they may declare this server dead; default 60 s.</summary>
        public TimeSpan Lease { get; set; }

        /// <summary>The time between two signs of life; default a twelfth of the lease.</summary>
        public TimeSpan BeatInterval { get; set; }

        /// <summary>After this time without an answer the outcome of a request counts as unknown; default 30 s.</summary>
        public TimeSpan RequestTimeout { get; set; }

        /// <summary>How many requests a store gets at once; default 64, and up to four batches if the store has
        /// batches and answers soon.</summary>
        public int MaxRequestsInFlight { get; set; }

        /// <summary>
        /// You vouch that no process that used this server id before is alive: its sessions are free at once.
        /// </summary>
        public bool PredecessorGone { get; set; }

        /// <summary>Takes messages, inside the calls of the engine and on their thread; null: nobody does.</summary>
        public Action<LogLevel, string> Log { get; set; }

        /// <summary>Takes messages with what they are about, beside <see cref="Log"/> or instead of it; null: nobody does.</summary>
        public Action<LogRecord> LogRecord { get; set; }

        /// <summary>The least important level that <see cref="Log"/> and <see cref="LogRecord"/> get.</summary>
        public LogLevel LogLevel { get; set; } = LogLevel.Warning;

        /// <summary>
        /// How many requests each store gets in a second; what would be lost first goes first. 0: no limit.
        /// </summary>
        public int MaxRequestsPerSecond { get; set; }

        /// <summary>
        /// Players' keys and the ids of purchases stand in the log as short digests with a secret of this engine. Events and
        /// texts of errors have them all the same.
        /// </summary>
        public bool MaskIds { get; set; }

        /// <summary>For tests that are to run the same way each time: decides the jitter of waits and periods. 0: random.</summary>
        public ulong Seed { get; set; }

        /// <summary>
        /// The steady clock in nanoseconds, for tests; null: the system's. Called on any thread that calls the library;
        /// it must call nothing of the library.
        /// </summary>
        public Func<ulong> Clock { get; set; }

        /// <summary>The wall clock, for what people read in records; null: the system's.</summary>
        public Func<DateTimeOffset> WallClock { get; set; }

        internal EngineOptions Copy()
        {
            return (EngineOptions)MemberwiseClone();
        }
    }
}
