#include "game.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

slk_result game_summary(slk_locker locker, struct summary *summary)
{
    slk_result result = slk_locker_get_i64(locker, "/gold", &summary->gold);
    if (result == SLK_OK)
        result = slk_locker_get_i64(locker, "/ops", &summary->ops);
    if (result == SLK_OK)
        result = slk_locker_get_bool(locker, "/vip", &summary->vip);
    if (result == SLK_OK)
        result = slk_locker_length(locker, "/receipts", &summary->receipts);
    /* Records of version 1 have neither. */
    summary->gifts = summary->mail = 0;
    if (result == SLK_OK && slk_locker_length(locker, "/gifts", &summary->gifts) < SLK_OK)
        result = SLK_E_WRONG_TYPE;
    if (result == SLK_OK && slk_locker_length(locker, "/mail", &summary->mail) < SLK_OK)
        result = SLK_E_WRONG_TYPE;
    return result;
}

static slk_result draft_summary(slk_document draft, struct summary *summary)
{
    slk_result result = slk_document_get_i64(draft, "/gold", &summary->gold);
    if (result == SLK_OK)
        result = slk_document_get_i64(draft, "/ops", &summary->ops);
    if (result == SLK_OK)
        result = slk_document_get_bool(draft, "/vip", &summary->vip);
    if (result == SLK_OK)
        result = slk_document_length(draft, "/receipts", &summary->receipts);
    return result;
}

slk_result game_add_gold(slk_locker locker, int64_t amount, uint64_t *change)
{
    /* Two edits, and no save can come between them: the library works only while it is called by the tick. */
    slk_result result = slk_locker_add_i64(locker, "/gold", amount, NULL);
    if (result == SLK_OK)
        result = slk_locker_add_i64(locker, "/ops", 1, change);
    return result;
}

static slk_result give_product(const char *product, slk_document draft, slk_error_sink error)
{
    int32_t vip;
    if (strcmp(product, "gold100") == 0)
        return slk_document_add_i64(draft, "/gold", 100);
    if (strcmp(product, "vip") != 0) {
        (void)slk_error_sink_set(error, "the shop sold a product that this game does not have");
        return SLK_E_INVALID_ARGUMENT;
    }
    slk_result result = slk_document_get_bool(draft, "/vip", &vip);
    if (result != SLK_OK)
        return result;
    /* Paid for, but there is nothing to give: the library notes credit, and the player can have the pass later. */
    if (vip)
        return SLK_NOT_APPLICABLE;
    return slk_document_set_bool(draft, "/vip", 1);
}

slk_result game_take_back(const char *product, slk_document draft)
{
    int64_t gold;
    int32_t vip;
    slk_result result;
    if (strcmp(product, "gold100") == 0) {
        result = slk_document_get_i64(draft, "/gold", &gold);
        if (result == SLK_OK)
            result = gold < 100 ? SLK_NOT_APPLICABLE : slk_document_add_i64(draft, "/gold", -100);
    } else {
        result = slk_document_get_bool(draft, "/vip", &vip);
        if (result == SLK_OK)
            result = vip ? slk_document_set_bool(draft, "/vip", 0) : SLK_NOT_APPLICABLE;
    }
    return result == SLK_OK ? slk_document_add_i64(draft, "/ops", 1) : result;
}

/* {"gold":30,"id":"ann-7"}: the gift is worth that much, and is noted by its id, one that came back as such. */
static slk_result receive_gift(const slk_change_view *change, slk_document draft)
{
    slk_document gift;
    int64_t gold = 0;
    char id[GAME_GIFT_ID + 1];
    slk_result result = slk_document_create_json(change->payload, change->payload_length, &gift);
    if (result != SLK_OK)
        return result;
    result = slk_document_get_i64(gift, "/gold", &gold);
    if (result == SLK_OK)
        result = slk_document_get_string(gift, "/id", id, sizeof id, NULL);
    (void)slk_document_destroy(gift);
    if (result == SLK_OK)
        result = slk_document_add_i64(draft, "/gold", gold);
    if (result == SLK_OK)
        result = slk_document_add_i64(draft, "/ops", 1);
    if (result != SLK_OK)
        return result;
    /* The ids need no escaping in JSON: they are names of players and numbers. */
    char entry[GAME_GIFT_ID + 10];
    int length = snprintf(entry, sizeof entry, "\"%s%s\"", change->flags & SLK_CHANGE_RETURNED ? "back-" : "", id);
    return slk_document_append_json(draft, "/gifts", entry, (size_t)length);
}

slk_result game_send_gift(slk_locker locker, slk_spec players, const char *name, const char *to, int64_t amount,
                          uint64_t *change)
{
    /* No two gifts of a player that were saved have the same number. */
    int64_t ops;
    char payload[GAME_GIFT_ID + 64];
    slk_result result = slk_locker_get_i64(locker, "/ops", &ops);
    if (result != SLK_OK)
        return result;
    int length = snprintf(payload, sizeof payload, "{\"gold\":%" PRId64 ",\"id\":\"%s-%" PRId64 "\"}", amount, name, ops + 1);
    result = slk_locker_queue_change(locker, players, to, "gift", payload, (size_t)length, 0, NULL);
    return result == SLK_OK ? game_add_gold(locker, -amount, change) : result;
}

slk_result game_receive(const slk_change_view *change, slk_document draft, struct summary *after)
{
    slk_result result = SLK_NOT_APPLICABLE;
    if (strcmp(change->kind, "gift") == 0)
        result = receive_gift(change, draft);
    else if (strcmp(change->kind, "mail") == 0)
        result = slk_document_append_json(draft, "/mail", change->payload, change->payload_length);
    return result == SLK_OK ? draft_summary(draft, after) : result;
}

static slk_result note_receipt(const char *purchase, slk_document draft)
{
    /* The protocol lets in only purchase ids that need no escaping in JSON. */
    char entry[80];
    int length = snprintf(entry, sizeof entry, "\"%s\"", purchase);
    if (length < 0 || (size_t)length >= sizeof entry)
        return SLK_E_TOO_LONG;
    slk_result result = slk_document_append_json(draft, "/receipts", entry, (size_t)length);
    if (result == SLK_OK)
        result = slk_document_add_i64(draft, "/ops", 1);
    return result;
}

slk_result game_apply(const slk_receipt_view *receipt, slk_document draft, slk_error_sink error, struct summary *after)
{
    slk_result result = give_product(receipt->product, draft, error);
    if (result == SLK_OK && receipt->kind == SLK_APPLY_RECEIPT)
        result = note_receipt(receipt->purchase_id, draft);
    if (result == SLK_OK)
        result = draft_summary(draft, after);
    return result;
}
