/* A small game server: players join over TCP, earn, spend and buy, and their data are safe.
 *
 *     game_server --db players.db --server-id eu-1 --port 4000
 *
 * Every server on one database needs a server id of its own. Try `help` over a connection. The files, in reading order:
 *
 *     main.c         the game loop
 *     players.c      what clients ask: the library's calls
 *     events.c       what happens: the library's events
 *     game.c         the rules of this game: the data and the shop's products
 *     stores.c       which store the players are in
 *     file_store.c   a store made of callbacks, one file for each record
 *     protocol.c clients.c platform.c options.c audit.c   what any server has
 */
#include "audit.h"
#include "clients.h"
#include "options.h"
#include "platform.h"
#include "players.h"
#include "protocol.h"
#include "stores.h"

#include <stdio.h>
#include <stdlib.h>

static const uint64_t TICK_NS = UINT64_C(1000000000) / 30;

static void run_loop(void)
{
    uint64_t next_tick = platform_now_ns();
    bool stopping = false;
    while (!players_are_done()) {
        if (platform_stop_requested() && !stopping) {
            stopping = true;
            players_begin_shutdown(0);
        }
        clients_receive(protocol_line, players_client_gone);
        players_tick();
        clients_send();

        next_tick += TICK_NS;
        uint64_t now = platform_now_ns();
        /* After a stall there is no point in catching up on ticks that nobody saw. */
        if (next_tick < now)
            next_tick = now;
        platform_sleep_until_ns(next_tick);
    }
}

int main(int count, char **arguments)
{
    struct options options;
    uint16_t port;
    if (!options_parse(count, arguments, &options))
        return EXIT_FAILURE;
    if (options.check_store)
        return stores_check(&options) ? EXIT_SUCCESS : EXIT_FAILURE;
    if (!platform_start() || !audit_open(options.log)) {
        perror("game_server: cannot start");
        return EXIT_FAILURE;
    }
    if (!clients_listen(options.port, &port)) {
        perror("game_server: cannot listen");
        return EXIT_FAILURE;
    }
    if (!players_open(&options))
        return EXIT_FAILURE;
    audit("start - server %s", options.server_id);
    printf("listening on 127.0.0.1:%u\n", (unsigned)port);
    fflush(stdout);

    run_loop();

    audit("stop -");
    clients_close();
    players_close();
    audit_close();
    return EXIT_SUCCESS;
}
