using System;
using System.Diagnostics;
using System.IO;
using System.Runtime.InteropServices;
using System.Text;

namespace GameServer
{
    /// <summary>
    /// The audit log: what this server was told and did, line by line, for a checker that looks for broken promises after
    /// the process was killed. A game does not need it, though support staff will thank you for something like it.
    /// <code>&lt;nanoseconds&gt; &lt;what&gt; &lt;player&gt; &lt;name&gt; &lt;value&gt; &lt;name&gt; &lt;value&gt; ...</code>
    /// Times are of the machine's steady clock, so the logs of several processes can be compared. Each line has left the
    /// process before the caller goes on, so a killed process has logged whatever it acted on.
    /// </summary>
    internal sealed class Audit : IDisposable
    {
        private const int ClockBootTime = 7;
        private readonly FileStream file;

        /// <summary>Without a path nothing is logged.</summary>
        internal Audit(string path)
        {
            // Without a buffer, each line is one write of the system.
            if (path != null)
                file = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite, 1);
        }

        /// <summary>Nanoseconds of the machine's steady clock, suspended time included.</summary>
        internal static ulong Now
        {
            get
            {
                if (RuntimeInformation.IsOSPlatform(OSPlatform.Linux) && clock_gettime(ClockBootTime, out TimeSpec now) == 0)
                    return ((ulong)now.Seconds * 1000000000) + (ulong)now.Nanoseconds;
                return (ulong)(Stopwatch.GetTimestamp() * (1e9 / Stopwatch.Frequency));
            }
        }

        internal void Write(string line)
        {
            WriteAt(Now, line);
        }

        internal void WriteAt(ulong time, string line)
        {
            if (file == null)
                return;
            byte[] bytes = Encoding.UTF8.GetBytes(time + " " + line + "\n");
            file.Write(bytes, 0, bytes.Length);
            file.Flush();
        }

        public void Dispose()
        {
            file?.Dispose();
        }

        [DllImport("libc")]
        private static extern int clock_gettime(int clock, out TimeSpec time);

        [StructLayout(LayoutKind.Sequential)]
        private struct TimeSpec
        {
            internal IntPtr SecondsPart;
            internal IntPtr NanosecondsPart;

            internal long Seconds => (long)SecondsPart;

            internal long Nanoseconds => (long)NanosecondsPart;
        }
    }
}
