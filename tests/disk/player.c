/*
 * A game server in small: three players, who are loaded, changed, saved, sell and buy, and are let go. It says line by
 * line what the library told it, and never more than that, so that what is in the store afterwards can be held against it.
 *
 *   player STORE play SEED ROUNDS    plays; each round opens and closes the store
 *   player STORE check PURCHASE...   loads each player, sends these notices once more, saves, and lets go
 *   player STORE hold                loads one player, saves one change, makes another, and waits to be told of its end
 *   player STORE take                takes that player over from a server that has died
 *
 * STORE is sqlite:FILE or files:FOLDER. What it says:
 *
 *   loaded KEY EPOCH            saved KEY EPOCH N             lost KEY EPOCH N (what came after N)
 *   settled KEY EPOCH N WORD    offered KEY PURCHASE          granted KEY PURCHASE
 *   trouble KEY TEXT            refused TEXT                  record KEY JSON
 *   purchases KEY JSON          left KEY                      suspect, ended, ready, available 0 or 1
 *
 * LIMIT_FILES, LIMIT_FILE_SIZE, LIMIT_TASKS and LIMIT_MEMORY (beyond what the program has when it begins) limit it from
 * its beginning. With MUST_EXIST no database is made.
 *
 * N counts the changes of one session: the N-th writes N into the data, under the epoch of its session.
 *
 * It ends with 0 when all was done, 3 if the store could not be opened or used at all, 4 if something was left undone, 9 if
 * the library broke a promise. It must not end in another way by itself.
 */
#define _DEFAULT_SOURCE
#define _POSIX_C_SOURCE 200809L
#include "file_store.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { DONE = 0, REFUSED = 3, UNDONE = 4, BROKEN = 9 };

enum { PLAYERS = 3, ACTIONS = 7, MAX_CHANGES = 64, MAX_LINE = 200000, LARGEST_PAD = 24000 };

/* The time of a game with faults passes quickly, so that nobody waits for a store that never answers. Who looks gives the
 * machine all the time that it needs. */
enum { FAST_TICK_MS = 20, SLOW_TICK_MS = 1, TICKS = 1500, FAST_SHUTDOWN_MS = 8000, SLOW_SHUTDOWN_MS = 3600000 };

/* Hundreds of times as many as a server needs to find out that it was declared dead. */
enum { MANY_TICKS = 100000 };

/* An epoch and the number of a change in one tag. */
static const uint64_t SESSION = 1000;

/* Longer than any of this takes on the slowest machine; ends what would hang. */
enum { PATIENCE_S = 300 };

struct player {
    char key[8];
    slk_locker locker;
    uint64_t epoch; /* 0: not loaded */
    uint64_t changes[MAX_CHANGES + 1];
    int made, saved; /* changes of this session */
    int wanted;      /* nothing is done until so many are saved */
    int left;        /* actions that are to be done still */
    int purchases;
    int let_go;
};

struct game {
    const char *path;
    int real_time, slow;
    uint64_t now_ms, random, seed;
    int round;
    const char *server;
    uint32_t lease_ms;
    slk_store store;
    slk_engine engine;
    slk_spec spec;
    struct player players[PLAYERS];
    int playing; /* the first so many of them */
    int answers; /* receipts that were not answered yet */
    int over;
};

/* What it says */

static void say(const char *format, ...)
{
    static char line[MAX_LINE];
    va_list rest;
    va_start(rest, format);
    int length = vsnprintf(line, sizeof line - 1, format, rest);
    va_end(rest);
    if (length < 0 || (size_t)length >= sizeof line - 1)
        exit(BROKEN);
    line[length] = '\n';
    size_t said = 0, all = (size_t)length + 1;
    while (said < all) {
        ssize_t now = write(STDOUT_FILENO, line + said, all - said);
        if (now < 0 && errno != EINTR)
            exit(BROKEN);
        said += now > 0 ? (size_t)now : 0;
    }
}

static void broken(const char *what)
{
    char text[2048] = "";
    (void)slk_last_error(text, sizeof text, NULL);
    fprintf(stderr, "player: %s; the last error: %s\n", what, text);
    exit(BROKEN);
}

static void must(slk_result result, const char *what)
{
    if (result != SLK_OK) {
        fprintf(stderr, "player: %s\n", slk_result_name(result));
        broken(what);
    }
}

/* Chance and time */

/* SplitMix64: the same game for the same seed on every machine. */
static uint64_t draw(struct game *game, uint64_t below)
{
    uint64_t z = game->random += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (z ^ (z >> 31)) % below;
}

static uint64_t steady_ns(void *user_data)
{
    const struct game *game = user_data;
    return (UINT64_C(1000000) + game->now_ms) * UINT64_C(1000000);
}

static void tick(struct game *game)
{
    struct timespec pause = { 0, 100000 };
    must(slk_engine_update(game->engine, 0), "update");
    (void)nanosleep(&pause, NULL);
    game->now_ms += game->slow ? SLOW_TICK_MS : FAST_TICK_MS;
}

/* Purchases */

static slk_result apply(void *user_data, const slk_receipt_view *receipt, slk_document draft, slk_error_sink error)
{
    char pointer[128];
    (void)user_data;
    (void)error;
    if (snprintf(pointer, sizeof pointer, "/bought/%s", receipt->purchase_id) >= (int)sizeof pointer)
        return SLK_E_TOO_LONG;
    int64_t times = 0;
    slk_result result = slk_document_get_i64(draft, pointer, &times);
    if (result == SLK_OK || result == SLK_EMPTY)
        result = slk_document_set_i64(draft, pointer, times + 1);
    return result == SLK_OK ? slk_document_add_i64(draft, "/gold", 100) : result;
}

static void offer(struct game *game, struct player *player, const char *purchase)
{
    slk_receipt receipt = SLK_RECEIPT_INIT;
    receipt.provider = "shop";
    receipt.environment = "test";
    receipt.purchase_id = purchase;
    receipt.product = "gold100";
    say("offered %s %s", player->key, purchase);
    must(slk_locker_process_receipt(player->locker, &receipt), "process_receipt");
    game->answers++;
}

/* Changes */

static void change(struct game *game, struct player *player, int with_pad)
{
    static char pad[LARGEST_PAD];
    char pointer[64];
    if (player->made == MAX_CHANGES)
        return;
    if (with_pad) {
        memset(pad, 'a' + (int)draw(game, 26), sizeof pad);
        must(slk_locker_set_string(player->locker, "/pad", pad, (size_t)draw(game, sizeof pad) + 1, NULL), "set_string");
    }
    (void)snprintf(pointer, sizeof pointer, "/marks/%" PRIu64, player->epoch);
    uint64_t *number = &player->changes[player->made + 1];
    must(slk_locker_set_i64(player->locker, pointer, player->made + 1, number), "set_i64");
    player->made++;
}

/* How many changes of this session are covered by a number of the library. */
static int changes_up_to(const struct player *player, uint64_t number)
{
    int count = player->made;
    while (count > 0 && player->changes[count] > number)
        count--;
    return count;
}

static void act(struct game *game, struct player *player)
{
    char purchase[64];
    player->left--;
    switch (draw(game, 8)) {
    case 0:
    case 1:
        change(game, player, 0);
        break;
    case 2:
        change(game, player, 1);
        break;
    case 3:
    case 4:
        change(game, player, 0);
        must(slk_locker_mark_force_save(player->locker), "mark_force_save");
        player->wanted = player->made;
        break;
    case 5:
        (void)snprintf(purchase, sizeof purchase, "%s-%" PRIu64 "-%d-%d", player->key, game->seed, game->round,
                       player->purchases++);
        offer(game, player, purchase);
        offer(game, player, purchase); /* platforms do that */
        break;
    case 6:
        change(game, player, 0);
        must(slk_locker_await_change(player->locker, player->changes[player->made],
                                     player->epoch * SESSION + (uint64_t)player->made),
             "await_change");
        break;
    default: /* away and back again */
        must(slk_locker_mark_should_release(player->locker, NULL), "mark_should_release");
        player->let_go = 1;
    }
}

/* What the library says */

static struct player *player_of(struct game *game, const slk_event *event)
{
    return event->user_tag < PLAYERS ? &game->players[event->user_tag] : NULL;
}

static void heard_saved(struct player *player, uint64_t number)
{
    int count = changes_up_to(player, number);
    if (count > player->saved) {
        player->saved = count;
        say("saved %s %" PRIu64 " %d", player->key, player->epoch, count);
    }
}

static const char *word_of(slk_result result)
{
    return result == SLK_SAVED ? "saved" : result == SLK_LOST ? "lost" : result == SLK_UNKNOWN ? "unknown" : "?";
}

static void heard_trouble(const struct player *player, const slk_event *event)
{
    if (player != NULL && strcmp(event->key, player->key) != 0)
        broken("trouble without its key");
    if (event->text_length == 0)
        broken("trouble without words");
    say("trouble %s %s", player != NULL ? player->key : "-", event->text);
}

static void heard_loaded(struct player *player, uint64_t epoch)
{
    player->epoch = epoch;
    player->made = player->saved = player->wanted = 0;
    say("loaded %s %" PRIu64, player->key, epoch);
}

static void heard_lost(struct player *player, const slk_event *event)
{
    heard_saved(player, event->change);
    say("lost %s %" PRIu64 " %d", player->key, player->epoch, changes_up_to(player, event->unknown_change));
    must(slk_document_destroy(event->document), "document_destroy");
    player->epoch = 0;
}

static void heard(struct game *game, const slk_event *event)
{
    struct player *player = player_of(game, event);
    switch (event->kind) {
    case SLK_EVENT_LOADED:
        heard_loaded(player, event->epoch);
        break;
    case SLK_EVENT_SAVED:
        heard_saved(player, event->change);
        break;
    case SLK_EVENT_RELEASED:
        heard_saved(player, event->change);
        player->epoch = 0;
        break;
    case SLK_EVENT_LOST:
        heard_lost(player, event);
        break;
    case SLK_EVENT_CHANGE_SETTLED:
        say("settled %s %" PRIu64 " %" PRIu64 " %s", player->key, event->tag / SESSION, event->tag % SESSION,
            word_of(event->result));
        break;
    case SLK_EVENT_RECEIPT:
        game->answers--;
        if (event->result == SLK_GRANTED)
            say("granted %s %s", player->key, event->name);
        break;
    case SLK_EVENT_SAVE_TROUBLE:
        heard_trouble(player, event);
        break;
    case SLK_EVENT_LOAD_STATUS:
        if (event->detail == SLK_LOAD_STORE_FAILURE)
            heard_trouble(player, event);
        if (event->detail == SLK_LOAD_UNREADABLE)
            broken("a record cannot be read");
        break;
    case SLK_EVENT_STORE_TROUBLE:
    case SLK_EVENT_STORE_CRITICAL:
        heard_trouble(NULL, event);
        break;
    case SLK_EVENT_SUSPECT:
        say("suspect");
        break;
    case SLK_EVENT_ENDED:
        say("ended");
        break;
    case SLK_EVENT_LEFT_BEHIND:
        say("left %s", player->key);
        break;
    case SLK_EVENT_SHUTDOWN_DONE:
        game->over = 1;
        break;
    default:
        break;
    }
}

static void hear(struct game *game)
{
    slk_event event;
    while (slk_engine_next_event(game->engine, &event, sizeof event) == SLK_OK)
        heard(game, &event);
}

/* Beginning and end */

static slk_result open_store(struct game *game)
{
    slk_sqlite_options options = SLK_SQLITE_OPTIONS_INIT;
    options.busy_timeout_ms = 200; /* nobody else is there, so that only a fault can look like it */
    if (getenv("MUST_EXIST") != NULL)
        options.flags = SLK_SQLITE_MUST_EXIST;
    if (strncmp(game->path, "sqlite:", 7) == 0)
        return slk_store_open_sqlite(game->path + 7, &options, &game->store);
    if (strncmp(game->path, "files:", 6) == 0)
        return file_store_open(game->path + 6, &game->store);
    broken("no such store");
    return SLK_E_STORE;
}

/* A host that is refused says so and tries again, as an operator would. */
static int open_patiently(struct game *game)
{
    const char *name = strchr(game->path, ':') + 1;
    for (int tries = 0; tries < 3; tries++) {
        char text[4096] = "";
        if (open_store(game) == SLK_OK)
            return 1;
        (void)slk_last_error(text, sizeof text, NULL);
        say("refused %s", text);
        if (strncmp(game->path, "sqlite:", 7) == 0 && strstr(text, name) == NULL && strstr(text, "thread") == NULL)
            broken("a refusal that names nothing");
    }
    return 0;
}

static void begin_engine(struct game *game)
{
    slk_engine_options options = SLK_ENGINE_OPTIONS_INIT;
    options.server_id = game->server;
    options.lease_ms = game->lease_ms;
    options.clock = game->real_time ? NULL : steady_ns;
    options.flags = game->real_time ? 0 : SLK_ENGINE_PREDECESSOR_GONE;
    options.user_data = game;
    options.seed = game->seed + 1;
    must(slk_engine_create(&options, &game->engine), "engine_create");
    slk_spec_options spec = SLK_SPEC_OPTIONS_INIT;
    spec.name = "player";
    spec.store = game->store;
    spec.default_data = "{\"gold\":0,\"marks\":{},\"bought\":{},\"pad\":\"\"}";
    spec.apply_receipt = apply;
    spec.purchase_history = 1000;
    spec.retry_max_ms = 1000;
    must(slk_spec_create(game->engine, &spec, &game->spec), "spec_create");
    for (int at = 0; at < game->playing; at++) {
        struct player *player = &game->players[at];
        memset(player, 0, sizeof *player);
        (void)snprintf(player->key, sizeof player->key, "p%d", at);
        player->left = ACTIONS;
        must(slk_locker_create(game->spec, player->key, (uint64_t)at, &player->locker), "locker_create");
        must(slk_locker_mark_should_acquire(player->locker, NULL), "mark_should_acquire");
    }
}

/* Gives 1 if nothing was left behind. */
static int end_engine(struct game *game)
{
    int whole = 1;
    slk_event event;
    must(slk_engine_begin_shutdown(game->engine, game->slow ? SLOW_SHUTDOWN_MS : FAST_SHUTDOWN_MS),
         "begin_shutdown");
    for (game->over = 0; !game->over;) {
        tick(game);
        while (!game->over && slk_engine_next_event(game->engine, &event, sizeof event) == SLK_OK) {
            whole = whole && event.kind != SLK_EVENT_LEFT_BEHIND;
            heard(game, &event);
        }
    }
    must(slk_engine_destroy(game->engine), "engine_destroy");
    must(slk_store_destroy(game->store), "store_destroy");
    return whole;
}

/* Playing */

static int is_busy(const struct player *player)
{
    return player->left > 0 || player->saved < player->wanted || player->epoch == 0;
}

static void play_on(struct game *game, struct player *player)
{
    if (player->let_go && player->epoch == 0) {
        must(slk_locker_mark_should_acquire(player->locker, NULL), "mark_should_acquire");
        player->let_go = 0;
    } else if (player->epoch != 0 && !player->let_go && player->saved >= player->wanted && player->left > 0) {
        act(game, player);
    }
}

static int play_round(struct game *game)
{
    int busy = 1;
    begin_engine(game);
    for (int ticks = 0; busy && ticks < TICKS; ticks++) {
        tick(game);
        hear(game);
        busy = game->answers > 0;
        for (int at = 0; at < game->playing; at++) {
            play_on(game, &game->players[at]);
            busy = busy || is_busy(&game->players[at]);
        }
    }
    game->answers = 0;
    return end_engine(game) && !busy;
}

static int play(struct game *game, int rounds)
{
    int whole = 1;
    for (game->round = 0; game->round < rounds; game->round++) {
        if (!open_patiently(game))
            return REFUSED;
        whole = play_round(game) && whole;
    }
    return whole ? DONE : UNDONE;
}

/* Looking */

static void show(const struct player *player)
{
    static char text[MAX_LINE / 2];
    must(slk_locker_get_json(player->locker, "", text, sizeof text, NULL), "get_json");
    say("record %s %s", player->key, text);
    must(slk_locker_get_purchases(player->locker, text, sizeof text, NULL), "get_purchases");
    say("purchases %s %s", player->key, text);
}

/* Ticks until nobody is waited for; the alarm ends it if that never comes. */
static void settle(struct game *game, int (*waits)(const struct player *))
{
    for (;;) {
        int waiting = game->answers > 0;
        for (int at = 0; at < game->playing; at++)
            waiting = waiting || waits(&game->players[at]);
        if (!waiting)
            return;
        tick(game);
        hear(game);
    }
}

static int is_away(const struct player *player)
{
    return player->epoch == 0;
}

static int is_unsaved(const struct player *player)
{
    return player->saved < player->made;
}

static int check(struct game *game, char **purchases, int count)
{
    game->slow = 1;
    if (!open_patiently(game))
        return REFUSED;
    begin_engine(game);
    settle(game, is_away);
    for (int at = 0; at < game->playing; at++) {
        show(&game->players[at]);
        change(game, &game->players[at], 0);
        must(slk_locker_mark_force_save(game->players[at].locker), "mark_force_save");
    }
    for (int at = 0; at < count; at++)
        offer(game, &game->players[purchases[at][1] - '0'], purchases[at]);
    settle(game, is_unsaved);
    for (int at = 0; at < game->playing; at++)
        show(&game->players[at]);
    return end_engine(game) ? DONE : UNDONE;
}

/* Two servers, in the machine's own time */

static void begin_in_real_time(struct game *game, const char *server)
{
    game->real_time = game->slow = 1;
    game->playing = 1;
    game->server = server;
    game->lease_ms = 1000;
    if (!open_patiently(game))
        exit(REFUSED);
    begin_engine(game);
    settle(game, is_away);
    change(game, &game->players[0], 0);
    must(slk_locker_mark_force_save(game->players[0].locker), "mark_force_save");
    settle(game, is_unsaved);
}

static void wait_for_input(void)
{
    char more;
    while (read(STDIN_FILENO, &more, 1) < 0)
        if (errno != EINTR)
            exit(BROKEN);
}

/* Whoever started it stops it while it waits, and lets it go on when another server has the player. */
static int hold(struct game *game)
{
    struct player *player = &game->players[0];
    begin_in_real_time(game, "first");
    change(game, player, 0);
    say("available %d", slk_locker_is_available(player->locker));
    say("ready");
    wait_for_input();
    say("available %d", slk_locker_is_available(player->locker));
    must(slk_locker_mark_force_save(player->locker), "mark_force_save");
    for (int ticks = 0; player->epoch != 0; ticks++) {
        if (ticks == MANY_TICKS)
            broken("nobody says that the player is lost");
        tick(game);
        hear(game);
    }
    return end_engine(game) ? DONE : UNDONE;
}

/* Ends when its input ends. */
static int take(struct game *game)
{
    begin_in_real_time(game, "second");
    show(&game->players[0]);
    say("ready");
    wait_for_input();
    return end_engine(game) ? DONE : UNDONE;
}

/* Limits */

static void limit(const char *name, int resource, rlim_t more)
{
    const char *text = getenv(name);
    if (text == NULL)
        return;
    struct rlimit limits;
    if (getrlimit(resource, &limits) != 0)
        exit(BROKEN);
    limits.rlim_cur = more + strtoull(text, NULL, 10);
    if (setrlimit(resource, &limits) != 0)
        exit(BROKEN);
}

/* How much address space this process has. */
static rlim_t memory(void)
{
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%lu", &pages) != 1)
        exit(BROKEN);
    (void)fclose(file);
    return (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE);
}

static void set_limits(void)
{
    (void)signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error of the write */
    limit("LIMIT_FILE_SIZE", RLIMIT_FSIZE, 0);
    limit("LIMIT_TASKS", RLIMIT_NPROC, 0);
    if (getenv("LIMIT_MEMORY") != NULL)
        limit("LIMIT_MEMORY", RLIMIT_AS, memory());
    limit("LIMIT_FILES", RLIMIT_NOFILE, 0);
    (void)alarm(PATIENCE_S);
}

int main(int count, char **words)
{
    static struct game game = { .server = "server", .playing = PLAYERS };
    if (count < 3)
        return BROKEN;
    set_limits();
    game.path = words[1];
    if (strcmp(words[2], "play") == 0 && count == 5) {
        game.seed = game.random = strtoull(words[3], NULL, 10);
        return play(&game, atoi(words[4]));
    }
    if (strcmp(words[2], "check") == 0)
        return check(&game, words + 3, count - 3);
    if (strcmp(words[2], "hold") == 0)
        return hold(&game);
    if (strcmp(words[2], "take") == 0)
        return take(&game);
    return BROKEN;
}
