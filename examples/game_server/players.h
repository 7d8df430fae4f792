/* The players of this server: one locker for each, what clients ask of them, and what happens to them. */
#ifndef GAME_PLAYERS_H
#define GAME_PLAYERS_H

#include "clients.h"
#include "options.h"

#include <sessionlocker.h>

#include <stdbool.h>
#include <stdint.h>

/* Opens the store and the engine. Says on stderr what is wrong. */
bool players_open(const struct options *options);
/* One step of the game loop: lets the library work, and tells the clients what happened. */
void players_tick(void);
/* Begins to save and release everybody; `client` is told when that is done. */
void players_begin_shutdown(client_id client);
/* Whether there is nothing more to do. */
bool players_are_done(void);
void players_close(void);

/* What clients can ask. Each answers with one line. */
void players_join(client_id client, const char *name);
void players_leave(client_id client, const char *name);
void players_earn(client_id client, const char *name, int64_t amount);
void players_spend(client_id client, const char *name, int64_t amount);
void players_buy(client_id client, const char *name, const char *product, const char *purchase);
void players_gift(client_id client, const char *name, const char *to, int64_t amount);
void players_mail(client_id client, const char *to, const char *word);
void players_redeem(client_id client, const char *name, const char *product);
void players_refund(client_id client, const char *name, const char *product, const char *purchase);
void players_save(client_id client, const char *name);
void players_show(client_id client, const char *name);
void players_letters(client_id client, const char *name);
/* The connection has ended: its players leave. */
void players_client_gone(client_id client);

#endif
