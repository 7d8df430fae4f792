#include "players.h"

#include "audit.h"
#include "callbacks.h"
#include "events.h"
#include "failures.h"
#include "game.h"
#include "roster.h"
#include "stores.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    TICK_BUDGET_US = 5000,
    SHUTDOWN_MS = 20000
};

static slk_store store;
static slk_engine engine;
static slk_spec spec;
static bool shutting_down;

/* Start and end */

static void print_log(void *user_data, int32_t level, const char *text, size_t length)
{
    (void)user_data;
    (void)level;
    (void)length;
    fprintf(stderr, "game_server: %s\n", text);
}

static bool create_engine(const struct options *options)
{
    slk_engine_options engine_options = SLK_ENGINE_OPTIONS_INIT;
    engine_options.server_id = options->server_id;
    engine_options.lease_ms = options->lease_ms;
    engine_options.log = print_log;
    engine_options.log_level = SLK_LOG_WARNING;
    if (options->predecessor_gone)
        engine_options.flags |= SLK_ENGINE_PREDECESSOR_GONE;
    return succeeded(slk_engine_create(&engine_options, &engine), "cannot create the engine");
}

static bool create_spec(const struct options *options)
{
    slk_migrations migrations;
    slk_spec_options spec_options = SLK_SPEC_OPTIONS_INIT;
    spec_options.name = "player";
    spec_options.store = store;
    spec_options.autosave_ms = options->autosave_ms;
    bool made = succeeded(callbacks_fill_in(options->game_version, &spec_options, &migrations),
                          "cannot set up the migrations") &&
                succeeded(slk_spec_create(engine, &spec_options, &spec), "cannot create the spec");
    return succeeded(slk_migrations_destroy(migrations), "cannot destroy the migrations") && made;
}

bool players_open(const struct options *options)
{
    return stores_open(options, &store) && create_engine(options) && create_spec(options);
}

void players_tick(void)
{
    slk_result result = slk_engine_update(engine, TICK_BUDGET_US);
    if (result < SLK_OK)
        succeeded(result, "update");
    events_take(engine);
    events_watch();
}

void players_begin_shutdown(client_id client)
{
    if (!shutting_down)
        shutting_down = succeeded(slk_engine_begin_shutdown(engine, SHUTDOWN_MS), "cannot begin the shutdown");
    clients_print(client, shutting_down ? "ok shutdown" : "error shutdown: %s", last_error());
}

bool players_are_done(void)
{
    return events_show_the_end();
}

void players_close(void)
{
    /* Takes its specs and lockers with it. */
    succeeded(slk_engine_destroy(engine), "cannot destroy the engine");
    succeeded(slk_store_destroy(store), "cannot destroy the store");
}

/* What clients ask */

static void answer_failure(client_id client, const char *command, const char *name, slk_result result)
{
    clients_print(client, "error %s %s: %s: %s", command, name, slk_result_name(result), last_error());
}

/* The player, if this server surely holds the record right now; otherwise the client is told why not. While a session
 * is only suspect a game may let play go on and save later. This one stops: what it says, holds. */
static struct player *find_available(client_id client, const char *command, const char *name)
{
    struct player *player = roster_find(name);
    if (player == NULL)
        clients_print(client, "error %s %s: not on this server", command, name);
    else if (!slk_locker_is_available(player->locker))
        clients_print(client, "error %s %s: not available now", command, name);
    else
        return player;
    return NULL;
}

/* The same, also while the record is still being loaded: what is earned and spent then is merged into it later. */
static struct player *find_playing(client_id client, const char *command, const char *name)
{
    struct player *player = roster_find(name);
    bool loading = player != NULL && !slk_locker_is_loaded(player->locker);
    return loading ? player : find_available(client, command, name);
}

static struct player *add_player(client_id client, const char *name)
{
    struct player *player = roster_add(name);
    if (player == NULL) {
        clients_print(client, "error join %s: the server is full", name);
        return NULL;
    }
    slk_result result = slk_locker_create(spec, name, player->tag, &player->locker);
    if (result != SLK_OK) {
        answer_failure(client, "join", name, result);
        roster_remove(player);
        return NULL;
    }
    return player;
}

void players_join(client_id client, const char *name)
{
    /* Who left a moment ago may still be here, being saved: then marking the same locker again calls that off. */
    struct player *player = roster_find(name);
    if (player == NULL)
        player = add_player(client, name);
    if (player == NULL)
        return;
    slk_result result = slk_locker_mark_should_acquire(player->locker, NULL);
    if (result != SLK_OK) {
        answer_failure(client, "join", name, result);
        return;
    }
    player->client = client;
    clients_print(client, "ok join %s", name);
}

void players_leave(client_id client, const char *name)
{
    struct player *player = roster_find(name);
    if (player == NULL) {
        clients_print(client, "error leave %s: not on this server", name);
        return;
    }
    slk_result result = slk_locker_mark_should_release(player->locker, NULL);
    if (result == SLK_OK)
        clients_print(client, "ok leave %s", name);
    else
        answer_failure(client, "leave", name, result);
}

/* Tells what a change made of the player. The audit log has it first: it must know at least as much as any client. */
static void report_change(client_id client, const char *command, struct player *player, uint64_t change)
{
    struct summary now;
    slk_result result = game_summary(player->locker, &now);
    if (result != SLK_OK) {
        answer_failure(client, command, player->name, result);
        return;
    }
    /* What is done before the record is loaded belongs to no session yet. */
    if (slk_locker_is_loaded(player->locker))
        audit("changed %s epoch %" PRIu64 " change %" PRIu64 " ops %" PRId64 " gold %" PRId64 " receipts %" PRIu64,
              player->name, player->epoch, change, now.ops, now.gold, (uint64_t)now.receipts);
    clients_print(client, "ok %s %s gold %" PRId64 " change %" PRIu64, command, player->name, now.gold, change);
}

static void change_gold(client_id client, const char *command, struct player *player, int64_t amount)
{
    uint64_t change;
    slk_result result = game_add_gold(player->locker, amount, &change);
    if (result == SLK_OK)
        report_change(client, command, player, change);
    else
        answer_failure(client, command, player->name, result);
}

void players_earn(client_id client, const char *name, int64_t amount)
{
    struct player *player = find_playing(client, "earn", name);
    if (player != NULL)
        change_gold(client, "earn", player, amount);
}

void players_spend(client_id client, const char *name, int64_t amount)
{
    struct player *player = find_playing(client, "spend", name);
    int64_t gold;
    if (player == NULL)
        return;
    slk_result result = slk_locker_get_i64(player->locker, "/gold", &gold);
    if (result != SLK_OK)
        answer_failure(client, "spend", name, result);
    else if (gold < amount)
        clients_print(client, "error spend %s: has only %" PRId64 " gold", name, gold);
    else
        change_gold(client, "spend", player, -amount);
}

static slk_receipt receipt_of(client_id client, const char *product, const char *purchase)
{
    slk_receipt receipt = SLK_RECEIPT_INIT;
    receipt.provider = "example-shop";
    receipt.environment = "live";
    receipt.purchase_id = purchase;
    receipt.product = product;
    receipt.tag = client;
    return receipt;
}

void players_buy(client_id client, const char *name, const char *product, const char *purchase)
{
    struct player *player = find_available(client, "buy", name);
    if (player == NULL)
        return;
    slk_receipt receipt = receipt_of(client, product, purchase);
    slk_result result = slk_locker_process_receipt(player->locker, &receipt);
    if (result == SLK_OK)
        clients_print(client, "ok buy %s %s", name, purchase);
    else
        answer_failure(client, "buy", name, result);
}

/* The gold leaves in the same write in which the gift is put on its way: whatever happens, it is in one place. */
void players_gift(client_id client, const char *name, const char *to, int64_t amount)
{
    struct player *player = find_available(client, "gift", name);
    int64_t gold;
    uint64_t change;
    if (player == NULL)
        return;
    slk_result result = slk_locker_get_i64(player->locker, "/gold", &gold);
    if (result == SLK_OK && gold < amount) {
        clients_print(client, "error gift %s: has only %" PRId64 " gold", name, gold);
        return;
    }
    if (result == SLK_OK)
        result = game_send_gift(player->locker, spec, name, to, amount, &change);
    if (result == SLK_OK)
        result = slk_locker_mark_should_save(player->locker);
    if (result != SLK_OK) {
        answer_failure(client, "gift", name, result);
        return;
    }
    struct summary now;
    if (game_summary(player->locker, &now) == SLK_OK)
        audit("gave %s epoch %" PRIu64 " change %" PRIu64 " ops %" PRId64 " gold %" PRId64 " receipts %" PRIu64, name,
              player->epoch, change, now.ops, now.gold, (uint64_t)now.receipts);
    clients_print(client, "ok gift %s %s gold %" PRId64 " change %" PRIu64, name, to, gold - amount, change);
}

void players_mail(client_id client, const char *to, const char *word)
{
    char payload[80];
    snprintf(payload, sizeof payload, "\"%s\"", word);
    slk_result result = slk_spec_send_change(spec, to, "mail", payload, SLK_NUL_TERMINATED, SLK_SEND_CREATE, client);
    if (result == SLK_OK)
        clients_print(client, "ok mail %s", to);
    else
        answer_failure(client, "mail", to, result);
}

void players_redeem(client_id client, const char *name, const char *product)
{
    struct player *player = find_available(client, "redeem", name);
    if (player == NULL)
        return;
    slk_result result = slk_locker_use_credit(player->locker, product, client);
    if (result == SLK_OK)
        clients_print(client, "ok redeem %s %s", name, product);
    else
        answer_failure(client, "redeem", name, result);
}

/* The shop has paid a purchase back. */
void players_refund(client_id client, const char *name, const char *product, const char *purchase)
{
    struct player *player = find_available(client, "refund", name);
    if (player == NULL)
        return;
    slk_receipt receipt = receipt_of(client, product, purchase);
    receipt.state = SLK_RECEIPT_REVOKED;
    slk_result result = slk_locker_process_receipt(player->locker, &receipt);
    if (result == SLK_OK)
        clients_print(client, "ok refund %s %s", name, purchase);
    else
        answer_failure(client, "refund", name, result);
}

void players_save(client_id client, const char *name)
{
    struct player *player = find_available(client, "save", name);
    uint64_t change;
    if (player == NULL)
        return;
    /* A change of its own, so that there is one to wait for. The answer comes with its event: see events.c. */
    slk_result result = slk_locker_mark_changed(player->locker, &change);
    if (result == SLK_OK)
        result = slk_locker_await_change(player->locker, change, client);
    if (result == SLK_OK)
        result = slk_locker_mark_force_save(player->locker);
    if (result != SLK_OK)
        answer_failure(client, "save", name, result);
}

/* A list of ids as words separated by commas; "-" if there are none. */
static char *list_ids(slk_locker locker, const char *pointer)
{
    size_t needed = 0;
    slk_result result = slk_locker_get_json(locker, pointer, NULL, 0, &needed);
    char *json = malloc(needed + 2);
    /* Records of version 1 have no gifts and no mail. */
    bool is_there = json != NULL && result == SLK_OK
                    && slk_locker_get_json(locker, pointer, json, needed + 1, NULL) == SLK_OK;
    if (json == NULL)
        return NULL;
    if (!is_there)
        json[0] = '\0';
    /* ["a","b"]: the ids have none of the characters that JSON would escape. */
    size_t length = 0;
    for (const char *from = json; *from != '\0'; from++)
        if (strchr("[]\" ", *from) == NULL)
            json[length++] = *from;
    if (length == 0)
        json[length++] = '-';
    json[length] = '\0';
    return json;
}

void players_show(client_id client, const char *name)
{
    struct player *player = find_available(client, "show", name);
    struct summary now;
    int64_t credit;
    if (player == NULL)
        return;
    slk_result result = game_summary(player->locker, &now);
    if (result == SLK_OK)
        result = slk_locker_credit(player->locker, "vip", &credit);
    char *receipts = result == SLK_OK ? list_ids(player->locker, "/receipts") : NULL;
    if (receipts == NULL)
        answer_failure(client, "show", name, result);
    else
        clients_print(client,
                      "ok show %s gold %" PRId64 " ops %" PRId64 " vip %s credit %" PRId64
                      " receipts %s gifts %" PRIu64 " mail %" PRIu64,
                      name, now.gold, now.ops, now.vip ? "yes" : "no", credit, receipts, (uint64_t)now.gifts,
                      (uint64_t)now.mail);
    free(receipts);
}

void players_letters(client_id client, const char *name)
{
    struct player *player = find_available(client, "letters", name);
    if (player == NULL)
        return;
    char *gifts = list_ids(player->locker, "/gifts"), *mail = list_ids(player->locker, "/mail");
    if (gifts == NULL || mail == NULL)
        clients_print(client, "error letters %s: out of memory", name);
    else
        clients_print(client, "ok letters %s gifts %s mail %s", name, gifts, mail);
    free(gifts);
    free(mail);
}

void players_client_gone(client_id client)
{
    for (struct player *player = roster_next(NULL); player != NULL; player = roster_next(player)) {
        if (player->client != client)
            continue;
        player->client = 0;
        succeeded(slk_locker_mark_should_release(player->locker, NULL), "cannot release a player");
    }
}
