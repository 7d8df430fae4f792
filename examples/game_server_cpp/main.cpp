// The game server of ../game_server in C++: the same protocol, options, audit log and database, so that players move
// between the two. What the C++ binding does here that C must do by hand: handles end by themselves, failures carry their
// words, events come as types, and the store of files is a class.
//
//     game_server_cpp --db players.db --server-id eu-1 --port 4000
//
// The files, in reading order:
//
//     main.cpp         the game loop
//     players.cpp      what clients ask, and what happens to players
//     game.cpp         the rules of this game: the data and the shop's products
//     stores.cpp       which store the players are in
//     file_store.cpp   a store of one's own, one file for each record
//     protocol.cpp clients.cpp platform.cpp options.cpp audit.hpp   what any server has
#include "audit.hpp"
#include "clients.hpp"
#include "options.hpp"
#include "platform.hpp"
#include "players.hpp"
#include "protocol.hpp"
#include "stores.hpp"

#include <cstdio>
#include <exception>

namespace {

constexpr auto tick_time = std::chrono::nanoseconds(1'000'000'000) / 30;

void run_loop(game::Clients &clients, game::Players &players) {
    auto next_tick = platform::now();
    bool stopping = false;
    while (!players.are_done()) {
        if (platform::stop_requested() && !std::exchange(stopping, true))
            players.begin_shutdown(game::nobody);
        clients.receive([&](game::ClientId client, std::string_view line) { game::take_line(players, clients, client, line); },
                        [&](game::ClientId client) { players.client_gone(client); });
        players.tick();
        clients.send();

        // After a stall there is no point in catching up on ticks that nobody saw.
        next_tick = std::max(next_tick + tick_time, platform::now());
        platform::sleep_until(next_tick);
    }
}

} // namespace

int main(int count, char **arguments) try {
    const auto options = game::parse_options(count, arguments);
    if (!options)
        return 1;
    if (options->check_store)
        return game::check_store(*options) ? 0 : 1;
    platform::start();
    game::Audit audit(options->log);
    game::Clients clients(options->port);
    game::Players players(*options, audit, clients);
    audit.line("start", "-", "server", options->server_id);
    std::printf("listening on 127.0.0.1:%u\n", static_cast<unsigned>(clients.port()));
    std::fflush(stdout);

    run_loop(clients, players);

    audit.line("stop", "-");
    return 0;
} catch (const std::exception &failed) {
    std::fprintf(stderr, "game_server: %s\n", failed.what());
    return 1;
}
