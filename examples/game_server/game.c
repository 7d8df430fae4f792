#include "game.h"

#include "audit.h"

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

static bool is(slk_text text, const char *word)
{
    return text.len == strlen(word) && memcmp(text.ptr, word, text.len) == 0;
}

static slk_result give_vip(slk_document draft)
{
    int32_t vip;
    slk_result result = slk_document_get_bool(draft, "/vip", &vip);
    if (result != SLK_OK)
        return result;
    /* Paid for, but there is nothing to give: the library notes credit, and the player can have the pass later. */
    if (vip)
        return SLK_NOT_APPLICABLE;
    return slk_document_set_bool(draft, "/vip", 1);
}

static slk_result note_receipt(slk_document draft, const slk_receipt_view *receipt)
{
    char entry[80];
    int length = snprintf(entry, sizeof entry, "\"%.*s\"", (int)receipt->purchase_id.len, receipt->purchase_id.ptr);
    if (length < 0 || (size_t)length >= sizeof entry)
        return SLK_E_TOO_LONG;
    slk_result result = slk_document_append_json(draft, "/receipts", entry, (size_t)length);
    if (result == SLK_OK)
        result = slk_document_add_i64(draft, "/ops", 1);
    return result;
}

slk_result game_apply_receipt(void *user_data, const slk_receipt_view *receipt, slk_document draft,
                              slk_error_sink error)
{
    slk_result result;
    (void)user_data;
    if (is(receipt->product, "gold100")) {
        result = slk_document_add_i64(draft, "/gold", 100);
    } else if (is(receipt->product, "vip")) {
        result = give_vip(draft);
    } else {
        slk_error_sink_set(error, "the shop sold a product that this game does not have");
        return SLK_E_INVALID_ARGUMENT;
    }
    return result == SLK_OK ? note_receipt(draft, receipt) : result;
}
