/* The rules of the game: what a player's data look like and what the shop's products do. */
#ifndef GAME_GAME_H
#define GAME_GAME_H

#include <sessionlocker.h>

#include <stddef.h>
#include <stdint.h>

/* The data of a player who has never played. `ops` counts every change and `receipts` lists the purchases that took
 * effect: the game does not need either, but they let a test see a lost change or a doubled purchase. */
#define GAME_NEW_PLAYER \
    "{\"gold\":0,\"ops\":0,\"vip\":false,\"receipts\":[],\"gifts\":[],\"mail\":[],\"saves\":0}"
/* The same in version 1 of the game. */
#define GAME_NEW_PLAYER_1 "{\"gold\":0,\"ops\":0,\"vip\":false,\"receipts\":[]}"

/* The numbers of a player that the protocol and the audit log show. */
struct summary {
    int64_t gold, ops;
    size_t receipts, gifts, mail;
    int32_t vip;
};

slk_result game_summary(slk_locker locker, struct summary *summary);

/* Adds `amount`, which may be negative, to the player's gold. *change names the change. */
slk_result game_add_gold(slk_locker locker, int64_t amount, uint64_t *change);

/* Applies a purchase to a draft of the player's data. Called by the library, perhaps again after a loss: so it changes
 * nothing but the draft. *after is what came of it. */
slk_result game_apply(const slk_receipt_view *receipt, slk_document draft, slk_error_sink error, struct summary *after);

/* Takes a product away again that was paid back. SLK_NOT_APPLICABLE: the player does not have it any more. */
slk_result game_take_back(const char *product, slk_document draft);

/* The longest id of a gift: a name and a number. */
enum { GAME_GIFT_ID = 96 };

/* Takes gold from the player and sends it to another in one change: both are saved in one write. *change names it. */
slk_result game_send_gift(slk_locker locker, slk_spec players, const char *name, const char *to, int64_t amount,
                          uint64_t *change);

/* A change that somebody sent; *after is what came of it. SLK_NOT_APPLICABLE: of a kind that this version of the game
 * does not know. */
slk_result game_receive(const slk_change_view *change, slk_document draft, struct summary *after);

#endif
