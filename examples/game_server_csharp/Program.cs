// A small game server in C#: players join over TCP, earn, spend and buy, and their data are safe. It speaks the same
// protocol as the server in C, and shares databases with it: a player can move from one to the other.
//
//     game_server --db players.db --server-id eu-1 --port 4000
//
// Every server on one database needs a server id of its own. Try `help` over a connection. The files, in reading order:
//
//     Program.cs    the game loop
//     Players.cs    what clients ask: the library's calls
//     Happenings.cs what happens: the library's events
//     Game.cs       the rules of this game: the data and the shop's products
//     Stores.cs     which store the players are in
//     Protocol.cs Clients.cs Options.cs Audit.cs   what any server has
using System;
using System.Diagnostics;
using System.Threading;

namespace GameServer
{
    internal static class Program
    {
        private static readonly TimeSpan TickTime = TimeSpan.FromSeconds(1.0 / 30);
        private static readonly TimeSpan TickBudget = TimeSpan.FromMilliseconds(5);
        private static readonly ManualResetEventSlim Ended = new ManualResetEventSlim();
        private static volatile bool isStopRequested;

        private static int Main(string[] arguments)
        {
            if (!Options.TryParse(arguments, out Options options))
                return 1;
            ListenToSignals();
            try
            {
                if (options.ChecksStore)
                    return Stores.Check(options) ? 0 : 1;
                using (Audit audit = new Audit(options.Log))
                using (Clients clients = new Clients(options.Port))
                using (Players players = new Players(options, clients, audit))
                {
                    audit.Write("start - server " + options.ServerId);
                    Console.WriteLine("listening on 127.0.0.1:" + clients.Port);
                    RunLoop(clients, players);
                    audit.Write("stop -");
                }
                return 0;
            }
            catch (Exception error)
            {
                Console.Error.WriteLine("game_server: " + error.Message);
                return 1;
            }
            finally
            {
                Ended.Set();
            }
        }

        private static void RunLoop(Clients clients, Players players)
        {
            Protocol protocol = new Protocol(clients, players);
            Stopwatch time = Stopwatch.StartNew();
            TimeSpan nextTick = TimeSpan.Zero;
            bool isStopping = false;
            while (!players.IsDone)
            {
                if (isStopRequested && !isStopping)
                {
                    isStopping = true;
                    players.BeginShutdown(Clients.Nobody);
                }
                clients.Receive(protocol.TakeLine, players.ClientGone);
                players.Tick(TickBudget);
                clients.Send();

                nextTick += TickTime;
                // After a stall there is no point in catching up on ticks that nobody saw.
                if (nextTick < time.Elapsed)
                    nextTick = time.Elapsed;
                Thread.Sleep(nextTick - time.Elapsed > TimeSpan.Zero ? nextTick - time.Elapsed : TimeSpan.Zero);
            }
        }

        /// <summary>
        /// Makes SIGINT and SIGTERM a request; the process stays until the loop has ended. Mono does not ask at SIGTERM: use
        /// the protocol's shutdown there.
        /// </summary>
        private static void ListenToSignals()
        {
            Console.CancelKeyPress += (sender, signal) =>
            {
                signal.Cancel = true;
                isStopRequested = true;
            };
            AppDomain.CurrentDomain.ProcessExit += (sender, end) =>
            {
                isStopRequested = true;
                Ended.Wait();
            };
        }
    }
}
