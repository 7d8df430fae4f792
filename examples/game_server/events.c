#include "events.h"

#include "audit.h"
#include "clients.h"
#include "game.h"
#include "platform.h"
#include "roster.h"

#include <inttypes.h>
#include <stdio.h>

static bool ended;

static void complain(const char *about, const char *what, const char *text)
{
    fprintf(stderr, "game_server: %s: %s: %s\n", about, what, text);
}

/* The end of a time in which the player was available, for the audit log. */
static void note_unavailable(struct player *player)
{
    if (player->available)
        audit("unavailable %s until %" PRIu64, player->name, player->seen_at_ns);
    player->available = false;
}

/* What happens to one player */

/* The data as they are now are those that were loaded, if nothing was done with them yet. */
static void note_session(struct player *player, uint64_t epoch)
{
    struct summary now;
    if (epoch <= player->epoch)
        return;
    note_unavailable(player);
    player->epoch = epoch;
    if (game_summary(player->locker, &now) != SLK_OK)
        complain(player->name, "loaded", "the data are not what this game writes");
    else
        audit("loaded %s epoch %" PRIu64 " ops %" PRId64 " gold %" PRId64 " receipts %" PRIu64, player->name, player->epoch,
              now.ops, now.gold, (uint64_t)now.receipts);
}

void events_note_session(struct player *player)
{
    slk_locker_status status;
    if (slk_locker_get_status(player->locker, &status, sizeof status) == SLK_OK)
        note_session(player, status.epoch);
}

static void on_loaded(struct player *player, const slk_event *event)
{
    struct summary now;
    slk_locker_status status;
    /* What was loaded may be lost again by the time that this is heard of: then its data are gone. */
    if (slk_locker_get_status(player->locker, &status, sizeof status) != SLK_OK || status.epoch != event->epoch) {
        audit("missed %s epoch %" PRIu64, player->name, event->epoch);
        player->epoch = event->epoch;
        return;
    }
    note_session(player, event->epoch);
    if (game_summary(player->locker, &now) != SLK_OK)
        return;
    if (player->migrated)
        clients_print(player->client, "* migrated %s from 1 to 2", player->name);
    player->migrated = false;
    clients_print(player->client, "* loaded %s gold %" PRId64 " ops %" PRId64 " epoch %" PRIu64, player->name,
                  now.gold, now.ops, event->epoch);
}

static void on_load_status(struct player *player, const slk_event *event)
{
    switch (event->detail) {
    case SLK_LOAD_LOCKED_ELSEWHERE:
        clients_print(player->client, "* waiting %s: server %s has the player", player->name, event->name);
        break;
    case SLK_LOAD_STORE_FAILURE:
    case SLK_LOAD_UNKNOWN_VERSION:
    case SLK_LOAD_UNREADABLE:
    case SLK_LOAD_DATA_REFUSED:
        clients_print(player->client, "* waiting %s: %s", player->name, event->text);
        break;
    default: /* on its way */
        break;
    }
}

static void on_released(struct player *player, const slk_event *event)
{
    bool handed_over = event->detail == SLK_RELEASE_HANDED_OVER;
    audit("released %s epoch %" PRIu64, player->name, player->epoch);
    clients_print(player->client, "* %s %s", handed_over ? "handed-over" : "left", player->name);
}

static void on_lost(struct player *player, const slk_event *event)
{
    audit("lost %s epoch %" PRIu64 " saved %" PRIu64 " unknown %" PRIu64, player->name, player->epoch, event->change,
          event->unknown_change);
    clients_print(player->client, "* lost %s: %s", player->name, event->text);
    /* The data as they were here, for a game that wants to keep or compare them. This one does not. */
    if (slk_document_destroy(event->document) != SLK_OK)
        complain(player->name, "lost", "its document cannot be destroyed");
}

static void on_saved(struct player *player, const slk_event *event)
{
    audit("saved %s epoch %" PRIu64 " change %" PRIu64, player->name, player->epoch, event->change);
    clients_print(player->client, "* saved %s change %" PRIu64, player->name, event->change);
}

/* The answer to `save`; the tag says who asked. */
static void on_change_settled(struct player *player, const slk_event *event)
{
    if (event->result == SLK_SAVED)
        clients_print(event->tag, "ok save %s change %" PRIu64 " saved", player->name, event->change);
    else
        clients_print(event->tag, "error save %s: change %" PRIu64 " is %s", player->name, event->change,
                      event->result == SLK_LOST ? "lost" : "lost or saved, which cannot be known");
}

/* The answer to the shop. A real server confirms the purchase to the platform here, and not earlier; what was not
 * processed it does not confirm, so that the notice comes again. */
static void on_receipt(struct player *player, const slk_event *event)
{
    bool again = (event->flags & SLK_EVENT_DUPLICATE) != 0;
    if (event->result == SLK_NOT_PROCESSED) {
        audit("not-processed %s epoch %" PRIu64 " receipt %s", player->name, player->epoch, event->name);
        clients_print(event->tag, "* not-processed %s %s: %s", player->name, event->name, event->text);
        return;
    }
    if (event->result == SLK_REVOKED) {
        clients_print(event->tag, "* %s %s %s", again ? "refunded-again" : "refunded", player->name, event->name);
        return;
    }
    const char *what = event->result == SLK_CREDITED ? "credited" : again ? "granted-again" : "granted";
    audit("%s %s epoch %" PRIu64 " receipt %s", what, player->name, player->epoch, event->name);
    clients_print(event->tag, "* %s %s %s", what, player->name, event->name);
}

static void on_credit_used(struct player *player, const slk_event *event)
{
    if (event->result == SLK_OK)
        clients_print(event->tag, "* redeemed %s %s", player->name, event->name);
    else
        clients_print(event->tag, "* not-redeemed %s %s: %s", player->name, event->name, event->text);
}

/* What was earned before the record was loaded could not be merged. */
static void on_offline_dropped(struct player *player, const slk_event *event)
{
    complain(player->name, "what was played while loading is lost", event->text);
    if (slk_document_destroy(event->document) != SLK_OK)
        complain(player->name, "offline", "its document cannot be destroyed");
}

/* Nothing of the player is held or under way here any more. */
static void on_idle(struct player *player)
{
    note_unavailable(player);
    if (slk_locker_destroy(player->locker) != SLK_OK)
        complain(player->name, "idle", "the locker cannot be destroyed");
    roster_remove(player);
}

static void take_player_event(struct player *player, const slk_event *event)
{
    switch (event->kind) {
    case SLK_EVENT_LOADED:
        on_loaded(player, event);
        break;
    case SLK_EVENT_LOAD_STATUS:
        on_load_status(player, event);
        break;
    case SLK_EVENT_RELEASED:
        on_released(player, event);
        break;
    case SLK_EVENT_LOST:
        on_lost(player, event);
        break;
    case SLK_EVENT_SAVED:
        on_saved(player, event);
        break;
    case SLK_EVENT_CHANGE_SETTLED:
        on_change_settled(player, event);
        break;
    case SLK_EVENT_HANDOVER_REQUESTED:
        /* A game can finish a fight first, or refuse: slk_locker_answer_handover. This one lets go at once. */
        audit("asked %s epoch %" PRIu64, player->name, player->epoch);
        break;
    case SLK_EVENT_AVAILABLE:
        clients_print(player->client, "* available %s", player->name);
        break;
    case SLK_EVENT_RECEIPT:
        on_receipt(player, event);
        break;
    case SLK_EVENT_CREDIT_USED:
        on_credit_used(player, event);
        break;
    case SLK_EVENT_CHANGE_APPLIED:
        clients_print(player->client, "* %s %s from %s", event->name, player->name, event->text);
        break;
    case SLK_EVENT_OFFLINE_DROPPED:
        on_offline_dropped(player, event);
        break;
    case SLK_EVENT_SAVE_TROUBLE:
        complain(player->name, "cannot be saved yet", event->text);
        break;
    case SLK_EVENT_CALLBACK_FAILED:
        complain(player->name, "a callback failed", event->text);
        break;
    case SLK_EVENT_LEFT_BEHIND:
        complain(player->name, "not released before the end of the shutdown",
                 (event->flags & SLK_EVENT_DIRTY) != 0 ? "some changes are not saved" : "everything is saved");
        break;
    case SLK_EVENT_IDLE:
        on_idle(player);
        break;
    default: /* of a newer library */
        break;
    }
}

/* What happens to the whole server */

static void tell_everybody(const char *what)
{
    for (struct player *player = roster_next(NULL); player != NULL; player = roster_next(player))
        clients_print(player->client, "* %s %s", what, player->name);
}

static void take_server_event(const slk_event *event)
{
    switch (event->kind) {
    case SLK_EVENT_SUSPECT:
        audit("suspect -");
        complain(event->name, "no sign of life was taken in time", "the players are not available");
        tell_everybody("suspect");
        break;
    case SLK_EVENT_AVAILABLE:
        tell_everybody("available");
        break;
    case SLK_EVENT_ENDED:
        complain(event->name, "this server was declared dead", "each player is confirmed anew");
        break;
    case SLK_EVENT_SERVER_ID_IN_USE:
        complain(event->name, "another process has this server id", "waiting for it to end");
        break;
    case SLK_EVENT_SUPERSEDED:
        /* Two processes with one id are a mistake of whoever started them, and the younger one has won. */
        complain(event->name, "another process has taken over this server id", "giving up");
        ended = true;
        break;
    case SLK_EVENT_STORE_TROUBLE:
        complain(event->name, "the store is in trouble", event->text);
        break;
    case SLK_EVENT_SHUTDOWN_DONE:
        ended = true;
        break;
    default: /* of a newer library */
        break;
    }
}

/* A mail has reached the record of its receiver, or not. */
static void on_change_sent(const slk_event *event)
{
    if (event->result == SLK_OK)
        clients_print(event->tag, "* mail-sent %s", event->key);
    else
        clients_print(event->tag, "* mail-failed %s: %s: %s", event->key, slk_result_name(event->result), event->text);
}

void events_take(slk_engine engine)
{
    slk_event event;
    slk_result result;
    while ((result = slk_engine_next_event(engine, &event, sizeof event)) == SLK_OK) {
        struct player *player = roster_find_tag(event.user_tag);
        if (event.kind == SLK_EVENT_CHANGE_SENT)
            on_change_sent(&event);
        else if (event.key_length == 0)
            take_server_event(&event);
        else if (player != NULL)
            take_player_event(player, &event);
    }
    if (result != SLK_EMPTY)
        complain("events", slk_result_name(result), "no event can be taken");
}

bool events_show_the_end(void)
{
    return ended;
}

/* Who is available, for the audit log. The time before looking goes with what was seen last, and the time after looking
 * with what is seen first: so the player was available at both ends of the time that the log states. */
void events_watch(void)
{
    uint64_t before = platform_now_ns();
    for (struct player *player = roster_next(NULL); player != NULL; player = roster_next(player)) {
        bool available = slk_locker_is_available(player->locker) != 0;
        if (!available) {
            note_unavailable(player);
            continue;
        }
        if (!player->available)
            audit("available %s epoch %" PRIu64, player->name, player->epoch);
        player->available = true;
        player->seen_at_ns = before;
    }
    audit_at(before, "tick -");
}
