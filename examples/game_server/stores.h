/* The store with the players: which one, and whether it keeps what a store must promise. */
#ifndef GAME_STORES_H
#define GAME_STORES_H

#include "options.h"

#include <sessionlocker.h>

/* Opens the store of the command line. Says on stderr what is wrong. */
bool stores_open(const struct options *options, slk_store *store);

/* Tries out what a store must promise, next to what is in it, and says which promises it breaks. Waits for the store. */
bool stores_check(const struct options *options);

#endif
