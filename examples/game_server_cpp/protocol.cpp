#include "protocol.hpp"

#include <algorithm>
#include <charconv>

namespace game {
namespace {

using Words = std::vector<std::string>;

constexpr std::size_t max_words = 4;
constexpr std::size_t max_word = 64;

// A positive amount, bounded so that no sum of a few can overflow.
std::optional<std::int64_t> parse_amount(Clients &clients, ClientId client, const Words &words) {
    const std::string &text = words.back();
    std::int64_t amount = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), amount);
    if (parsed.ec == std::errc() && parsed.ptr == text.data() + text.size() && amount > 0 && amount <= 1'000'000'000)
        return amount;
    clients.print(client, "error", words[0], words[1] + ":", "the amount must be 1 to 1000000000, not '" + text + "'");
    return std::nullopt;
}

struct Command {
    const char *name;
    std::size_t words; // with the name of the command
    const char *usage;
    void (*run)(Players &players, Clients &clients, ClientId client, const Words &words);
};

constexpr Command commands[] = {
    {"join", 2, "join <player>",
     [](Players &players, Clients &, ClientId client, const Words &words) { players.join(client, words[1]); }},
    {"leave", 2, "leave <player>",
     [](Players &players, Clients &, ClientId client, const Words &words) { players.leave(client, words[1]); }},
    {"earn", 3, "earn <player> <gold>",
     [](Players &players, Clients &clients, ClientId client, const Words &words) {
         if (const auto amount = parse_amount(clients, client, words))
             players.earn(client, words[1], *amount);
     }},
    {"spend", 3, "spend <player> <gold>",
     [](Players &players, Clients &clients, ClientId client, const Words &words) {
         if (const auto amount = parse_amount(clients, client, words))
             players.spend(client, words[1], *amount);
     }},
    {"buy", 4, "buy <player> gold100|vip <receipt id>",
     [](Players &players, Clients &, ClientId client, const Words &words) {
         players.buy(client, words[1], words[2], words[3]);
     }},
    {"gift", 4, "gift <player> <to> <gold>",
     [](Players &players, Clients &clients, ClientId client, const Words &words) {
         if (const auto amount = parse_amount(clients, client, words))
             players.gift(client, words[1], words[2], *amount);
     }},
    {"mail", 3, "mail <to> <word>",
     [](Players &players, Clients &, ClientId client, const Words &words) { players.mail(client, words[1], words[2]); }},
    {"redeem", 3, "redeem <player> <product>",
     [](Players &players, Clients &, ClientId client, const Words &words) { players.redeem(client, words[1], words[2]); }},
    {"refund", 4, "refund <player> <product> <receipt id>",
     [](Players &players, Clients &, ClientId client, const Words &words) {
         players.refund(client, words[1], words[2], words[3]);
     }},
    {"save", 2, "save <player>",
     [](Players &players, Clients &, ClientId client, const Words &words) { players.save(client, words[1]); }},
    {"show", 2, "show <player>",
     [](Players &players, Clients &, ClientId client, const Words &words) { players.show(client, words[1]); }},
    {"letters", 2, "letters <player>",
     [](Players &players, Clients &, ClientId client, const Words &words) { players.letters(client, words[1]); }},
    {"shutdown", 1, "shutdown",
     [](Players &players, Clients &, ClientId client, const Words &) { players.begin_shutdown(client); }},
};

void help(Clients &clients, ClientId client) {
    for (const Command &command : commands)
        clients.print(client, "*", command.usage);
    clients.print(client, "* help");
    clients.print(client, "ok help");
}

// Words become part of keys, lines and the audit log, so this game allows few characters. The library would take any
// UTF-8 as a key.
bool is_word(std::string_view word) {
    constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    return word.size() <= max_word && word.find_first_not_of(letters) == std::string_view::npos;
}

// The words of the line; none if it has too many or bad ones.
std::optional<Words> split(std::string_view line) {
    Words words;
    while (!line.empty()) {
        const std::size_t length = std::min(line.find(' '), line.size());
        const std::string_view next = line.substr(0, length);
        line.remove_prefix(std::min(length + 1, line.size()));
        if (next.empty())
            continue;
        if (words.size() == max_words || !is_word(next))
            return std::nullopt;
        words.emplace_back(next);
    }
    return words;
}

} // namespace

void take_line(Players &players, Clients &clients, ClientId client, std::string_view line) {
    const auto words = split(line);
    if (words && words->empty())
        return;
    if (words && words->front() == "help")
        return help(clients, client);
    for (const Command &command : commands) {
        if (!words || words->front() != command.name)
            continue;
        if (words->size() != command.words)
            return clients.print(client, "error usage:", command.usage);
        return command.run(players, clients, client, *words);
    }
    clients.print(client, "error not understood; 'help' lists the commands");
}

} // namespace game
