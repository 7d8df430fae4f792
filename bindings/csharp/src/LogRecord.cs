using System;

namespace SessionLocker
{
    /// <summary>What a message of the log is about.</summary>
    public enum LogKind
    {
        /// <summary>The engine as a whole.</summary>
        Engine = Native.SLK_LOG_KIND_ENGINE,

        /// <summary>A store, or this server's standing in it.</summary>
        Store = Native.SLK_LOG_KIND_STORE,

        /// <summary>The session of one key.</summary>
        Locker = Native.SLK_LOG_KIND_LOCKER,

        /// <summary>A receipt or a use of credit.</summary>
        Purchase = Native.SLK_LOG_KIND_PURCHASE,

        /// <summary>A callback of yours.</summary>
        Callback = Native.SLK_LOG_KIND_CALLBACK,
    }

    /// <summary>A message of the log with what it is about; texts are empty where there is nothing to say.</summary>
    public sealed class LogRecord
    {
        internal unsafe LogRecord(slk_log_record* native)
        {
            Level = (LogLevel)native->level;
            Kind = (LogKind)native->kind;
            Cause = (TroubleCause)native->cause;
            Server = Utf8.Read(native->server);
            Store = Utf8.Read(native->store);
            Spec = Utf8.Read(native->spec);
            Key = Utf8.Read(native->key);
            Text = Utf8.Read(native->text, native->text_length);
            Epoch = native->epoch;
            Time = DateTimeOffset.FromUnixTimeMilliseconds(native->wall_ms);
        }

        /// <summary>How important it is.</summary>
        public LogLevel Level { get; }

        /// <summary>What it is about.</summary>
        public LogKind Kind { get; }

        /// <summary>Whose trouble it is.</summary>
        public TroubleCause Cause { get; }

        /// <summary>This server's id.</summary>
        public string Server { get; }

        /// <summary>The store's name.</summary>
        public string Store { get; }

        /// <summary>The spec's name.</summary>
        public string Spec { get; }

        /// <summary>The locker's key, or with <see cref="EngineOptions.MaskIds"/> what stands for it.</summary>
        public string Key { get; }

        /// <summary>The message in words.</summary>
        public string Text { get; }

        /// <summary>The fencing token of the session; 0 where there is none.</summary>
        public ulong Epoch { get; }

        /// <summary>By the wall clock.</summary>
        public DateTimeOffset Time { get; }
    }
}
