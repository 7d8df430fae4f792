#include "callbacks.h"

#include "audit.h"
#include "events.h"
#include "game.h"
#include "roster.h"

#include <inttypes.h>

/* A purchase is to be applied, or one that was paid back is to be taken away again. */
static slk_result apply_receipt(void *user_data, const slk_receipt_view *receipt, slk_document draft,
                                slk_error_sink error)
{
    struct summary after;
    (void)user_data;
    slk_result result = game_apply(receipt, draft, error, &after);
    struct player *player = roster_find_tag(receipt->user_tag);
    if (result == SLK_OK && player != NULL && receipt->kind == SLK_APPLY_RECEIPT)
        audit("applied %s epoch %" PRIu64 " receipt %s ops %" PRId64 " gold %" PRId64 " receipts %" PRIu64, player->name,
              player->epoch, receipt->purchase_id, after.ops, after.gold, (uint64_t)after.receipts);
    return result;
}

static slk_result revoke_receipt(void *user_data, const slk_receipt_view *receipt, slk_document draft,
                                 slk_error_sink error)
{
    (void)user_data;
    (void)error;
    return game_take_back(receipt->product, draft);
}

/* Somebody sent something: a gift of a player, a mail of a server. It may have waited in the record and be applied before
 * the event of the load is taken; the audit log has the load first all the same. */
static slk_result apply_change(void *user_data, const slk_change_view *change, slk_document draft, slk_error_sink error)
{
    struct summary after;
    (void)user_data;
    (void)error;
    struct player *player = roster_find_tag(change->user_tag);
    if (player != NULL)
        events_note_session(player);
    slk_result result = game_receive(change, draft, &after);
    if (result == SLK_OK && player != NULL)
        audit("received %s epoch %" PRIu64 " kind %s ops %" PRId64 " gold %" PRId64 " receipts %" PRIu64, player->name,
              player->epoch, change->kind, after.ops, after.gold, (uint64_t)after.receipts);
    return result;
}

/* The last moment before a save: what the game keeps outside the data would be written here. */
static slk_result before_save(void *user_data, const slk_save_view *save, slk_document draft, slk_error_sink error)
{
    (void)user_data;
    (void)error;
    return save->reason == SLK_SAVE_CONFIRM ? SLK_OK : slk_document_add_i64(draft, "/saves", 1);
}

/* The player earned and spent before the data were here: that comes on top of what was loaded. */
static slk_result merge_offline(void *user_data, const slk_data_view *view, slk_document offline, slk_document draft,
                                slk_error_sink error)
{
    int64_t gold, ops;
    (void)user_data;
    (void)view;
    (void)error;
    slk_result result = slk_document_get_i64(offline, "/gold", &gold);
    if (result == SLK_OK)
        result = slk_document_get_i64(offline, "/ops", &ops);
    if (result == SLK_OK)
        result = slk_document_add_i64(draft, "/gold", gold);
    if (result == SLK_OK)
        result = slk_document_add_i64(draft, "/ops", ops);
    return result;
}

/* Version 2 of the game has gifts, mail, and counts its saves. Servers of version 1 can go on with such data: they leave
 * alone what they do not know. */
static slk_result migrate_to_2(void *user_data, const slk_migration_view *view, slk_document draft,
                               slk_error_sink error)
{
    (void)user_data;
    (void)error;
    slk_result result = slk_document_set_json(draft, "/gifts", "[\"welcome\"]", SLK_NUL_TERMINATED);
    if (result == SLK_OK)
        result = slk_document_set_json(draft, "/mail", "[]", SLK_NUL_TERMINATED);
    if (result == SLK_OK)
        result = slk_document_set_i64(draft, "/saves", 0);
    struct player *player = roster_find_tag(view->user_tag);
    if (result == SLK_OK && player != NULL)
        player->migrated = true;
    return result;
}

slk_result callbacks_fill_in(uint32_t version, slk_spec_options *options, slk_migrations *migrations)
{
    *migrations = (slk_migrations){ 0 };
    options->schema_version = version < 2 ? 1 : 2;
    options->apply_receipt = apply_receipt;
    if (version < 2) {
        options->default_data = GAME_NEW_PLAYER_1;
        return SLK_OK;
    }
    options->default_data = GAME_NEW_PLAYER;
    options->revoke_receipt = revoke_receipt;
    options->apply_change = apply_change;
    options->before_save = before_save;
    options->merge_offline = merge_offline;
    slk_result result = slk_migrations_create(migrations);
    if (result == SLK_OK)
        result = slk_migrations_add_migrator(*migrations, 1, SLK_LATEST_PATCH, SLK_MIGRATION_COMPATIBLE, migrate_to_2,
                                             NULL, NULL);
    options->migrations = *migrations;
    return result;
}
