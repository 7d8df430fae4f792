#include "events.h"

#include "audit.h"
#include "clients.h"
#include "game.h"
#include "platform.h"
#include "roster.h"

#include <inttypes.h>
#include <stdio.h>

static bool ended;

static void on_loaded(struct player *player, const slk_event *event)
{
    struct summary now;
    player->epoch = event->epoch;
    if (game_summary(player->locker, &now) != SLK_OK) {
        fprintf(stderr, "game_server: the data of %s are not what this game writes\n", player->name);
        return;
    }
    audit("loaded %s epoch %" PRIu64 " ops %" PRId64 " gold %" PRId64 " receipts %" PRIu64, player->name,
          player->epoch, now.ops, now.gold, now.receipts);
    clients_print(player->client, "* loaded %s gold %" PRId64 " ops %" PRId64 " epoch %" PRIu64, player->name,
                  now.gold, now.ops, player->epoch);
}
