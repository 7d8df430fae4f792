using System;
using System.Globalization;
using System.Linq;

namespace GameServer
{
    /// <summary>The lines that clients send.</summary>
    internal sealed class Protocol
    {
        private const int MaxWord = 64;
        private const long MaxAmount = 1000000000;
        private const string WordLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";

        private readonly Clients clients;
        private readonly Command[] commands;

        internal Protocol(Clients clients, Players players)
        {
            this.clients = clients;
            commands = new[]
            {
                new Command("join <player>", (client, words) => players.Join(client, words[1])),
                new Command("leave <player>", (client, words) => players.Leave(client, words[1])),
                new Command("earn <player> <gold>", (client, words) => WithAmount(client, words, 2, amount => players.Earn(client, words[1], amount))),
                new Command("spend <player> <gold>", (client, words) => WithAmount(client, words, 2, amount => players.Spend(client, words[1], amount))),
                new Command("buy <player> gold100|vip <receipt id>", (client, words) => players.Buy(client, words[1], words[2], words[3])),
                new Command("gift <player> <to> <gold>", (client, words) => WithAmount(client, words, 3, amount => players.Give(client, words[1], words[2], amount))),
                new Command("mail <to> <word>", (client, words) => players.Mail(client, words[1], words[2])),
                new Command("redeem <player> <product>", (client, words) => players.Redeem(client, words[1], words[2])),
                new Command("refund <player> <product> <receipt id>", (client, words) => players.Refund(client, words[1], words[2], words[3])),
                new Command("save <player>", (client, words) => players.Save(client, words[1])),
                new Command("show <player>", (client, words) => players.Show(client, words[1])),
                new Command("letters <player>", (client, words) => players.Letters(client, words[1])),
                new Command("shutdown", (client, words) => players.BeginShutdown(client)),
                new Command("help", (client, words) => Help(client)),
            };
        }

        internal void TakeLine(long client, string line)
        {
            string[] words = line.Split(new[] { ' ' }, StringSplitOptions.RemoveEmptyEntries);
            if (words.Length == 0)
                return;
            Command command = words.All(IsWord) ? commands.FirstOrDefault(it => it.Name == words[0]) : null;
            if (command == null)
                clients.Print(client, "error not understood; 'help' lists the commands");
            else if (words.Length != command.WordCount)
                clients.Print(client, "error usage: " + command.Usage);
            else
                command.Run(client, words);
        }

        /// <summary>
        /// Words become part of keys, lines and the audit log, so this game allows few characters. The library would take
        /// any text as a key.
        /// </summary>
        private static bool IsWord(string word)
        {
            return word.Length <= MaxWord && word.All(letter => WordLetters.IndexOf(letter) >= 0);
        }

        /// <summary>A positive amount, bounded so that no sum of a few can overflow.</summary>
        private void WithAmount(long client, string[] words, int at, Action<long> run)
        {
            bool isNumber = long.TryParse(words[at], NumberStyles.None, CultureInfo.InvariantCulture, out long amount);
            if (isNumber && amount > 0 && amount <= MaxAmount)
                run(amount);
            else
                clients.Print(client, $"error {words[0]} {words[1]}: the amount must be 1 to {MaxAmount}, not '{words[at]}'");
        }

        private void Help(long client)
        {
            foreach (Command command in commands)
                clients.Print(client, "* " + command.Usage);
            clients.Print(client, "ok help");
        }

        private sealed class Command
        {
            internal Command(string usage, Action<long, string[]> run)
            {
                Usage = usage;
                Run = run;
                string[] words = usage.Replace("<receipt id>", "<receipt>").Split(' ');
                Name = words[0];
                WordCount = words.Length;
            }

            internal string Name { get; }

            internal string Usage { get; }

            internal int WordCount { get; }

            internal Action<long, string[]> Run { get; }
        }
    }
}
