using System;
using System.Globalization;

namespace GameServer
{
    /// <summary>Where the players are.</summary>
    internal enum StoreKind
    {
        Sqlite,
        Postgres,
        Redis,
    }

    /// <summary>The command line.</summary>
    internal sealed class Options
    {
        private const string Usage =
            "usage: game_server [options]\n"
            + "  --db <file>              SQLite file with the players (default: players.db)\n"
            + "  --store <where>          instead a URL: postgresql://... or redis://...\n"
            + "  --create-tables          make what PostgreSQL or Redis needs first, if it is not there yet\n"
            + "  --check-store            find out whether the store keeps what a store must promise, and end\n"
            + "  --server-id <name>       unique among living servers (default: game-server)\n"
            + "  --port <number>          0: the system chooses, and the program prints which (default: 0)\n"
            + "  --lease-ms <number>      how long others wait before they take over a dead server's players\n"
            + "  --autosave-ms <number>   how long a change may wait to be saved\n"
            + "  --predecessor-gone       an older process with this server id is surely dead\n"
            + "  --game-version <1|2>     the version of the players' data that this server knows (default: 2)\n"
            + "  --log <file>             audit log";

        internal StoreKind Store { get; private set; }

        /// <summary>The SQLite file, or the URL.</summary>
        internal string Where { get; private set; } = "players.db";

        /// <summary>Whether to make what PostgreSQL or Redis needs, if it is not there yet.</summary>
        internal bool CreatesTables { get; private set; }

        /// <summary>Whether to try the store out and end.</summary>
        internal bool ChecksStore { get; private set; }

        internal string ServerId { get; private set; } = "game-server";

        internal int Port { get; private set; }

        internal TimeSpan Lease { get; private set; }

        internal TimeSpan Autosave { get; private set; }

        internal bool IsPredecessorGone { get; private set; }

        internal string Log { get; private set; }

        internal int GameVersion { get; private set; } = 2;

        /// <summary>Says what is wrong, or the help, and returns false if the program should not go on.</summary>
        internal static bool TryParse(string[] arguments, out Options options)
        {
            options = new Options();
            try
            {
                for (int at = 0; at < arguments.Length; at++)
                {
                    if (arguments[at] == "--help")
                    {
                        Console.WriteLine(Usage);
                        return false;
                    }
                    if (arguments[at] == "--predecessor-gone")
                        options.IsPredecessorGone = true;
                    else if (arguments[at] == "--create-tables")
                        options.CreatesTables = true;
                    else if (arguments[at] == "--check-store")
                        options.ChecksStore = true;
                    else if (at + 1 < arguments.Length)
                        options.Take(arguments[at], arguments[++at]);
                    else
                        throw new FormatException("'" + arguments[at] + "' is unknown or lacks its value\n" + Usage);
                }
                return true;
            }
            catch (FormatException error)
            {
                Console.Error.WriteLine("game_server: " + error.Message);
                return false;
            }
        }

        private void Take(string name, string value)
        {
            switch (name)
            {
                case "--db":
                    (Store, Where) = (StoreKind.Sqlite, value);
                    break;
                case "--store":
                    (Store, Where) = (KindOf(value), value);
                    break;
                case "--server-id":
                    ServerId = value;
                    break;
                case "--port":
                    Port = Number(name, value, 65535);
                    break;
                case "--lease-ms":
                    Lease = TimeSpan.FromMilliseconds(Number(name, value, 3600000));
                    break;
                case "--autosave-ms":
                    Autosave = TimeSpan.FromMilliseconds(Number(name, value, 3600000));
                    break;
                case "--game-version":
                    GameVersion = value == "1" || value == "2" ? value[0] - '0' : throw new FormatException(name + " takes 1 or 2, not '" + value + "'");
                    break;
                case "--log":
                    Log = value;
                    break;
                default:
                    throw new FormatException("unknown option '" + name + "'\n" + Usage);
            }
        }

        private static StoreKind KindOf(string url)
        {
            switch (url.Split(':')[0])
            {
                case "postgresql":
                case "postgres":
                    return StoreKind.Postgres;
                case "redis":
                case "rediss":
                case "redis+unix":
                    return StoreKind.Redis;
                default:
                    throw new FormatException("--store takes a URL of PostgreSQL or Redis, not '" + url + "'");
            }
        }

        private static int Number(string name, string value, int limit)
        {
            bool isNumber = int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int number);
            return isNumber && number <= limit ? number : throw new FormatException(name + " takes a number up to " + limit + ", not '" + value + "'");
        }
    }
}
