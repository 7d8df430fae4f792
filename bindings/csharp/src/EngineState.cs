using System;
using System.Runtime.InteropServices;

namespace SessionLocker
{
    /// <summary>What the callbacks of an engine lead to: clocks and log.</summary>
    internal sealed unsafe class EngineState : CallbackState
    {
        private static readonly slk_clock ClockDelegate = Clock;
        private static readonly slk_wall_clock WallClockDelegate = WallClock;
        private static readonly slk_log LogDelegate = Log;
        private static readonly slk_log_structured LogRecordDelegate = LogRecord;
        private static readonly IntPtr ClockPointer = Marshal.GetFunctionPointerForDelegate(ClockDelegate);
        private static readonly IntPtr WallClockPointer = Marshal.GetFunctionPointerForDelegate(WallClockDelegate);
        private static readonly IntPtr LogPointer = Marshal.GetFunctionPointerForDelegate(LogDelegate);
        private static readonly IntPtr LogRecordPointer = Marshal.GetFunctionPointerForDelegate(LogRecordDelegate);

        private readonly EngineOptions options;
        private ulong lastTime;

        internal EngineState(EngineOptions options)
        {
            this.options = options;
        }

        internal void SetCallbacks(ref slk_engine_options native)
        {
            if (options.Clock != null)
                native.clock = ClockPointer;
            if (options.WallClock != null)
                native.wall_clock = WallClockPointer;
            if (options.Log != null)
                native.log = LogPointer;
            if (options.LogRecord != null)
                native.log_record = LogRecordPointer;
            if (options.Log != null || options.LogRecord != null)
                native.log_level = (int)options.LogLevel;
            native.destroy = DestroyPointer;
        }

        /// <summary>Tells of an exception in code of the host.</summary>
        internal void Report(string where, Exception error)
        {
            if (options.Log == null)
            {
                SessionLockerLibrary.Report(error);
                return;
            }
            try
            {
                options.Log(LogLevel.Error, where + " threw " + TextOf(error));
            }
            catch (Exception second)
            {
                SessionLockerLibrary.Report(second);
            }
        }

        [MonoPInvokeCallback(typeof(slk_clock))]
        private static ulong Clock(void* userData)
        {
            EngineState state = From<EngineState>(userData);
            try
            {
                state.lastTime = state.options.Clock();
            }
            catch (Exception error)
            {
                // Time stands still then: sessions become suspect, and nothing worse.
                state.Report("the clock", error);
            }
            return state.lastTime;
        }

        [MonoPInvokeCallback(typeof(slk_wall_clock))]
        private static long WallClock(void* userData)
        {
            EngineState state = From<EngineState>(userData);
            try
            {
                return state.options.WallClock().ToUnixTimeMilliseconds();
            }
            catch (Exception error)
            {
                state.Report("the wall clock", error);
                return 0;
            }
        }

        [MonoPInvokeCallback(typeof(slk_log))]
        private static void Log(void* userData, int level, byte* text, nuint length)
        {
            try
            {
                From<EngineState>(userData).options.Log((LogLevel)level, Utf8.Read(text, length));
            }
            catch (Exception error)
            {
                SessionLockerLibrary.Report(error);
            }
        }

        [MonoPInvokeCallback(typeof(slk_log_structured))]
        private static void LogRecord(void* userData, slk_log_record* record)
        {
            try
            {
                From<EngineState>(userData).options.LogRecord(new LogRecord(record));
            }
            catch (Exception error)
            {
                SessionLockerLibrary.Report(error);
            }
        }
    }
}
