/* The table of players on this server. */
#ifndef GAME_ROSTER_H
#define GAME_ROSTER_H

#include "clients.h"

#include <sessionlocker.h>

#include <stdbool.h>
#include <stdint.h>

enum { MAX_PLAYERS = 4096, MAX_PLAYER_NAME = 64 };

struct player {
    char name[MAX_PLAYER_NAME + 1];
    /* Names this entry in events: unlike its place in the table it is never used again, so that a late event finds
     * nobody instead of somebody else. 0: the place is free. */
    uint64_t tag;
    slk_locker locker;
    client_id client;    /* who hears of this player */
    uint64_t epoch;      /* of the session; 0: none */
    bool migrated;       /* an old record was brought up to date for this session */
    bool available;      /* as seen at the latest tick, for the audit log */
    uint64_t seen_at_ns; /* when it was last seen available */
};

struct player *roster_find(const char *name);
struct player *roster_find_tag(uint64_t tag);
/* A new entry, or NULL if the server is full. */
struct player *roster_add(const char *name);
void roster_remove(struct player *player);
/* All players in turn: starts with NULL, ends with NULL. */
struct player *roster_next(struct player *player);

#endif
