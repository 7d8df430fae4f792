#include "options.hpp"

#include <charconv>
#include <cstdio>
#include <string_view>
#include <utility>

namespace game {
namespace {

constexpr char usage[] =
    "usage: game_server_cpp [options]\n"
    "  --db <file>              SQLite file with the players (default: players.db)\n"
    "  --store <where>          instead: files:<folder>, one file for each player, or postgresql://... or redis://...\n"
    "  --create-tables          make what PostgreSQL or Redis needs first, if it is not there yet\n"
    "  --check-store            find out whether the store keeps what a store must promise, and end\n"
    "  --server-id <name>       unique among living servers (default: game-server)\n"
    "  --port <number>          0: the system chooses, and the program prints which (default: 0)\n"
    "  --lease-ms <number>      how long others wait before they take over a dead server's players\n"
    "  --autosave-ms <number>   how long a change may wait to be saved\n"
    "  --game-version 1|2       1: as the game was before gifts and mail (default: 2)\n"
    "  --predecessor-gone       an older process with this server id is surely dead\n"
    "  --log <file>             audit log\n";

std::optional<std::uint32_t> parse_number(const std::string &name, std::string_view text, std::uint32_t limit) {
    std::uint32_t number = 0;
    const char *const end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, number);
    if (parsed.ec == std::errc() && parsed.ptr == end && number <= limit)
        return number;
    std::fprintf(stderr, "game_server: %s takes a number up to %u, not '%s'\n", name.c_str(), limit, text.data());
    return std::nullopt;
}

bool parse_milliseconds(const std::string &name, std::string_view text, std::chrono::milliseconds &time) {
    const auto number = parse_number(name, text, 3'600'000);
    time = std::chrono::milliseconds(number.value_or(0));
    return number.has_value();
}

bool parse_store(std::string_view text, Options &options) {
    constexpr std::pair<std::string_view, StoreKind> kinds[] = {
        {"files:", StoreKind::files},
        {"postgresql://", StoreKind::postgres},
        {"postgres://", StoreKind::postgres},
        {"redis://", StoreKind::redis},
        {"rediss://", StoreKind::redis},
        {"redis+unix://", StoreKind::redis},
    };
    for (const auto &[prefix, store] : kinds) {
        if (text.substr(0, prefix.size()) != prefix || text.size() == prefix.size())
            continue;
        options.store = store;
        options.where = store == StoreKind::files ? text.substr(prefix.size()) : text;
        return true;
    }
    std::fprintf(stderr, "game_server: --store takes files:<folder> or a URL of PostgreSQL or Redis, not '%s'\n",
                 text.data());
    return false;
}

bool parse_one(const std::string &name, const char *value, Options &options) {
    if (name == "--store")
        return parse_store(value, options);
    if (name == "--lease-ms")
        return parse_milliseconds(name, value, options.lease);
    if (name == "--autosave-ms")
        return parse_milliseconds(name, value, options.autosave);
    if (name == "--port") {
        const auto port = parse_number(name, value, 65535);
        options.port = static_cast<std::uint16_t>(port.value_or(0));
        return port.has_value();
    }
    if (name == "--game-version") {
        const auto version = parse_number(name, value, 2);
        options.game_version = version.value_or(0);
        return options.game_version > 0;
    }
    if (name == "--db") {
        options.store = StoreKind::sqlite;
        options.where = value;
    } else if (name == "--server-id")
        options.server_id = value;
    else if (name == "--log")
        options.log = value;
    else {
        std::fprintf(stderr, "game_server: unknown option '%s'\n%s", name.c_str(), usage);
        return false;
    }
    return true;
}

} // namespace

std::optional<Options> parse_options(int count, char **arguments) {
    Options options;
    for (int i = 1; i < count; ++i) {
        const std::string name = arguments[i];
        if (name == "--help") {
            std::fputs(usage, stdout);
            return std::nullopt;
        }
        if (name == "--predecessor-gone") {
            options.predecessor_gone = true;
            continue;
        }
        if (name == "--create-tables") {
            options.create_tables = true;
            continue;
        }
        if (name == "--check-store") {
            options.check_store = true;
            continue;
        }
        if (i + 1 == count) {
            std::fprintf(stderr, "game_server: '%s' is unknown or lacks its value\n%s", name.c_str(), usage);
            return std::nullopt;
        }
        if (!parse_one(name, arguments[++i], options))
            return std::nullopt;
    }
    return options;
}

} // namespace game
