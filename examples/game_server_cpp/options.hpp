#ifndef GAME_OPTIONS_HPP
#define GAME_OPTIONS_HPP

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace game {

enum class StoreKind { sqlite, files, postgres, redis };

struct Options {
    StoreKind store = StoreKind::sqlite;
    std::string where = "players.db";       // the SQLite file, the folder, or the URL
    bool create_tables = false;             // make what PostgreSQL or Redis needs, if it is not there yet
    bool check_store = false;               // try the store out and end
    std::string server_id = "game-server";
    std::string log;                        // audit log; empty: none
    std::uint16_t port = 0;                 // 0: the system chooses
    std::chrono::milliseconds lease{0};     // 0: the library's default
    std::chrono::milliseconds autosave{0};  // 0: the library's default
    std::uint32_t game_version = 2;         // 1: as this game was before gifts and mail
    bool predecessor_gone = false;          // the operator vouches that an older process with this server id is dead
};

// Prints what is wrong, or the help, if the program should not go on.
std::optional<Options> parse_options(int count, char **arguments);

} // namespace game

#endif
