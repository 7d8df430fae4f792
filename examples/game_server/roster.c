#include "roster.h"

#include <string.h>

/* A search through a few thousand short names is nothing beside the rest of a tick; a game with more has a hash map. */
static struct player players[MAX_PLAYERS];
static size_t used; /* places from here on were never taken */
static uint64_t last_tag;

struct player *roster_next(struct player *player)
{
    for (size_t i = player == NULL ? 0 : (size_t)(player - players) + 1; i < used; i++)
        if (players[i].tag != 0)
            return &players[i];
    return NULL;
}

struct player *roster_find(const char *name)
{
    for (struct player *player = roster_next(NULL); player != NULL; player = roster_next(player))
        if (strcmp(player->name, name) == 0)
            return player;
    return NULL;
}

struct player *roster_find_tag(uint64_t tag)
{
    for (struct player *player = roster_next(NULL); player != NULL; player = roster_next(player))
        if (player->tag == tag)
            return player;
    return NULL;
}

struct player *roster_add(const char *name)
{
    size_t place = 0, length = strlen(name);
    while (place < used && players[place].tag != 0)
        place++;
    if (place == MAX_PLAYERS || length > MAX_PLAYER_NAME)
        return NULL;
    if (place == used)
        used++;
    memset(&players[place], 0, sizeof players[place]);
    memcpy(players[place].name, name, length + 1);
    players[place].tag = ++last_tag;
    return &players[place];
}

void roster_remove(struct player *player)
{
    player->tag = 0;
}
