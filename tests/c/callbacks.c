/* The callbacks of a spec and an engine: drafts, words, reentrancy, user data, and destroying things in odd places. */
#include "harness.h"

struct game {
    slk_engine engine;
    slk_store store;
    slk_spec spec;
    slk_locker locker;
    int destroyed, saves, applied, defaults, dispatched, logged;
    /* What the callbacks answer, and whether they say why. */
    slk_result answer;
    const char *words;
    int64_t gold; /* the game's own state, written by before_save */
    int leave;    /* before_save destroys the locker that it is called for */
    slk_document last_draft;
    slk_error_sink last_sink;
};

/* What no callback may call, and some of what it may. */
static void try_everything(struct game *game)
{
    slk_event event;
    size_t count;
    EXPECT(SLK_E_REENTRANT, slk_engine_update(game->engine, 0));
    EXPECT(SLK_E_REENTRANT, slk_locker_update(game->locker, 0));
    EXPECT(SLK_E_REENTRANT, slk_engine_next_event(game->engine, &event, sizeof event));
    EXPECT(SLK_E_REENTRANT, slk_engine_next_events(game->engine, &event, sizeof event, 1, &count));
    EXPECT(SLK_E_REENTRANT, slk_engine_dispatch(game->engine, NULL, NULL));
    EXPECT(SLK_E_REENTRANT, slk_engine_begin_shutdown(game->engine, 1));
    EXPECT(SLK_E_REENTRANT, slk_engine_shutdown(game->engine, 1));
    EXPECT(SLK_E_REENTRANT, slk_engine_destroy(game->engine));
    EXPECT(SLK_E_REENTRANT, slk_spec_destroy(game->spec));
    EXPECT(SLK_E_REENTRANT, slk_store_destroy(game->store));
    CHECK(says("game loop"));

    /* Another locker can be made, wanted, and given back. */
    slk_locker other = new_locker(game->spec, "somebody else", 9);
    OK(slk_locker_mark_should_acquire(other, "callback"));
    OK(slk_locker_mark_should_release(other, "callback"));
    OK(slk_locker_destroy(other));
}

static slk_result before_save(void *user_data, const slk_save_view *save, slk_document draft, slk_error_sink error)
{
    struct game *game = user_data;
    game->saves++;
    CHECK(save->struct_size == sizeof *save && strcmp(save->key, "42") == 0 && save->user_tag == 42);
    CHECK(save->locker.id == game->locker.id);
    try_everything(game);
    OK(slk_document_set_i64(draft, "/gold", game->gold));
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_document_destroy(draft));
    /* The draft has the data now. */
    EXPECT(SLK_BUSY, slk_locker_add_i64(game->locker, "/gold", 1, NULL));
    game->last_draft = draft;
    game->last_sink = error;
    if (game->leave) {
        OK(slk_locker_destroy(game->locker));
        game->locker.id = 0;
        game->leave = 0;
    }
    if (game->words != NULL)
        OK(slk_error_sink_set(error, game->words));
    return game->answer;
}

static slk_result apply_receipt(void *user_data, const slk_receipt_view *receipt, slk_document draft, slk_error_sink error)
{
    struct game *game = user_data;
    game->applied++;
    CHECK(receipt->struct_size == sizeof *receipt && strcmp(receipt->key, "42") == 0);
    CHECK(strcmp(receipt->product, "gold100") == 0 && receipt->locker.id == game->locker.id);
    if (receipt->kind == SLK_APPLY_RECEIPT) {
        CHECK(strcmp(receipt->provider, "shop") == 0 && strcmp(receipt->environment, "test") == 0);
        CHECK(receipt->context_length == 4 && memcmp(receipt->context, "more", 4) == 0 && receipt->tag == 5);
    } else {
        CHECK(receipt->kind == SLK_APPLY_CREDIT && receipt->purchase_id[0] == '\0' && receipt->context == NULL);
    }
    try_everything(game);
    OK(slk_document_add_i64(draft, "/bought", 100));
    if (game->words != NULL)
        OK(slk_error_sink_set(error, game->words));
    return game->answer;
}

static slk_result default_data_for(void *user_data, const char *key, slk_document draft, slk_error_sink error)
{
    struct game *game = user_data;
    game->defaults++;
    if (strcmp(key, "banned") == 0) {
        OK(slk_error_sink_set(error, "this player is banned"));
        return SLK_E_CALLBACK;
    }
    OK(slk_document_set_string(draft, "/key", key, SLK_NUL_TERMINATED));
    return SLK_OK;
}

static void destroy_game(void *user_data)
{
    ((struct game *)user_data)->destroyed++;
}

static void take_log(void *user_data, int32_t level, const char *text, size_t length)
{
    struct game *game = user_data;
    CHECK(level >= SLK_LOG_ERROR && level <= SLK_LOG_DEBUG && strlen(text) == length);
    game->logged++;
}

static void begin(struct game *game)
{
    memset(game, 0, sizeof *game);
    OK(slk_store_open_memory(&game->store));
    slk_engine_options options = SLK_ENGINE_OPTIONS_INIT;
    options.server_id = "eu-1";
    options.clock = virtual_clock;
    options.log = take_log;
    options.log_level = SLK_LOG_DEBUG;
    options.user_data = game;
    options.destroy = destroy_game;
    OK(slk_engine_create(&options, &game->engine));
    slk_spec_options spec_options = SLK_SPEC_OPTIONS_INIT;
    spec_options.name = "player";
    spec_options.store = game->store;
    spec_options.default_data = "{\"gold\":0}";
    spec_options.default_data_for = default_data_for;
    spec_options.before_save = before_save;
    spec_options.apply_receipt = apply_receipt;
    spec_options.user_data = game;
    spec_options.destroy = destroy_game;
    OK(slk_spec_create(game->engine, &spec_options, &game->spec));
    game->locker = new_locker(game->spec, "42", 42);
    OK(slk_locker_mark_should_acquire(game->locker, NULL));
    (void)wait_for_event(game->engine, SLK_EVENT_LOADED);
}

static void end(struct game *game)
{
    CHECK(game->destroyed == 0);
    OK(slk_engine_destroy(game->engine));
    CHECK(game->destroyed == 2 && game->logged > 0);
    OK(slk_store_destroy(game->store));
}

static int64_t number_at(slk_locker locker, const char *pointer)
{
    int64_t number = -1;
    slk_result result = slk_locker_get_i64(locker, pointer, &number);
    CHECK(result == SLK_OK || result == SLK_EMPTY);
    return number;
}

static void default_data(void)
{
    struct game game;
    begin(&game);
    char text[32];
    OK(slk_locker_get_string(game.locker, "/key", text, sizeof text, NULL));
    CHECK(strcmp(text, "42") == 0 && game.defaults >= 1);
    slk_locker locker;
    EXPECT(SLK_E_CALLBACK, slk_locker_create(game.spec, "banned", 1, &locker));
    CHECK(says("banned") && says("this player is banned") && locker.id == 0);
    end(&game);
}

static void saves(void)
{
    struct game game;
    begin(&game);
    game.gold = 7;
    uint64_t change;
    OK(slk_locker_mark_changed(game.locker, &change));
    OK(slk_locker_await_change(game.locker, change, 1));
    OK(slk_locker_mark_should_save(game.locker));
    slk_event event = wait_for_event(game.engine, SLK_EVENT_CHANGE_SETTLED);
    CHECK(event.result == SLK_SAVED && game.saves > 0 && number_at(game.locker, "/gold") == 7);
    /* Draft and sink died with the callback. */
    EXPECT(SLK_E_INVALID_HANDLE, slk_document_set_i64(game.last_draft, "/gold", 1));
    EXPECT(SLK_E_INVALID_HANDLE, slk_error_sink_set(game.last_sink, "too late"));

    /* A hook that fails loses its edits, not the save. */
    game.gold = 8;
    game.answer = SLK_E_CALLBACK;
    game.words = "the world is locked";
    OK(slk_locker_set_i64(game.locker, "/other", 1, &change));
    OK(slk_locker_mark_force_save(game.locker));
    event = wait_for_event(game.engine, SLK_EVENT_CALLBACK_FAILED);
    CHECK(strstr(event.text, "the world is locked") != NULL && strlen(event.text) == event.text_length);
    (void)wait_for_event(game.engine, SLK_EVENT_SAVED);
    CHECK(number_at(game.locker, "/gold") == 7);
    game.words = NULL;
    game.answer = 12345; /* no result at all */
    OK(slk_locker_mark_force_save(game.locker));
    event = wait_for_event(game.engine, SLK_EVENT_CALLBACK_FAILED);
    CHECK(strstr(event.text, "12345") != NULL);
    end(&game);
}

/* A callback destroys the very locker that it is called for: its save and its release go on. */
static void leaving_inside_a_callback(void)
{
    struct game game;
    begin(&game);
    game.gold = 11;
    game.leave = 1;
    OK(slk_locker_mark_changed(game.locker, NULL));
    OK(slk_locker_mark_should_save(game.locker));
    slk_event event = wait_for_event(game.engine, SLK_EVENT_RELEASED);
    CHECK(game.locker.id == 0 && event.locker.id == 0 && event.user_tag == 42);
    game.locker = new_locker(game.spec, "42", 42);
    OK(slk_locker_mark_should_acquire(game.locker, NULL));
    (void)wait_for_event(game.engine, SLK_EVENT_LOADED);
    CHECK(number_at(game.locker, "/gold") == 11);
    end(&game);
}

static slk_event buy(struct game *game, const char *purchase, slk_result answer)
{
    slk_receipt receipt = SLK_RECEIPT_INIT;
    receipt.provider = "shop";
    receipt.environment = "test";
    receipt.purchase_id = purchase;
    receipt.product = "gold100";
    receipt.context = "more";
    receipt.context_length = 4;
    receipt.tag = 5;
    game->answer = answer;
    OK(slk_locker_process_receipt(game->locker, &receipt));
    slk_event event;
    for (int tick = 0; tick < 1000; tick++) {
        OK(slk_engine_update(game->engine, 0));
        game->answer = SLK_OK; /* for before_save */
        if (saw_event(game->engine, SLK_EVENT_RECEIPT, &event)) {
            CHECK(strcmp(event.name, purchase) == 0 && event.tag == 5);
            return event;
        }
        pass_ms(10);
    }
    CHECK(!"the receipt was answered");
    exit(1);
}

static void purchases(void)
{
    struct game game;
    begin(&game);
    int64_t credit = -1;
    CHECK(buy(&game, "p-1", SLK_OK).result == SLK_GRANTED);
    CHECK(number_at(game.locker, "/bought") == 100 && game.applied == 1);
    slk_event event = buy(&game, "p-1", SLK_OK);
    CHECK(event.result == SLK_GRANTED && (event.flags & SLK_EVENT_DUPLICATE) != 0);
    CHECK(number_at(game.locker, "/bought") == 100 && game.applied == 1);

    CHECK(buy(&game, "p-2", SLK_NOT_APPLICABLE).result == SLK_CREDITED);
    CHECK(number_at(game.locker, "/bought") == 100 && game.applied == 2);
    OK(slk_locker_credit(game.locker, "gold100", &credit));
    CHECK(credit == 1);
    game.words = "the shop is closed";
    event = buy(&game, "p-3", SLK_E_CALLBACK);
    CHECK(event.result == SLK_NOT_PROCESSED && strstr(event.text, "the shop is closed") != NULL);
    CHECK(number_at(game.locker, "/bought") == 100);
    game.words = NULL;

    OK(slk_locker_use_credit(game.locker, "gold100", 6));
    event = wait_for_event(game.engine, SLK_EVENT_CREDIT_USED);
    CHECK(event.result == SLK_OK && event.tag == 6 && strcmp(event.name, "gold100") == 0);
    CHECK(number_at(game.locker, "/bought") == 200);
    OK(slk_locker_use_credit(game.locker, "gold100", 7));
    CHECK(wait_for_event(game.engine, SLK_EVENT_CREDIT_USED).result == SLK_EMPTY);
    uint64_t change = 0;
    OK(slk_locker_give_credit(game.locker, "gold100", 2, &change));
    OK(slk_locker_credit(game.locker, "gold100", &credit));
    CHECK(credit == 2 && change > 0);

    /* Nobody wants the record: the platform has to come again. */
    OK(slk_locker_mark_should_release(game.locker, NULL));
    (void)wait_for_event(game.engine, SLK_EVENT_RELEASED);
    CHECK(buy(&game, "p-4", SLK_OK).result == SLK_NOT_PROCESSED);
    end(&game);
}

static void on_event(void *user_data, const slk_event *event)
{
    struct game *game = user_data;
    game->dispatched++;
    try_everything(game);
    if (event->kind == SLK_EVENT_LOADED) {
        CHECK(event->locker.id == game->locker.id);
        OK(slk_locker_destroy(game->locker));
        game->locker.id = 0;
    }
}

static void on_event_alone(void *user_data, const slk_event *event)
{
    struct game *game = user_data;
    game->dispatched++;
    if (event->kind == SLK_EVENT_RELEASED)
        CHECK(event->locker.id == 0 && event->user_tag == 42 && strcmp(event->key, "42") == 0);
}

static void dispatching(void)
{
    struct game game;
    begin(&game);
    OK(slk_locker_mark_should_release(game.locker, NULL));
    (void)wait_for_event(game.engine, SLK_EVENT_RELEASED);
    OK(slk_locker_mark_should_acquire(game.locker, NULL));
    for (int tick = 0; tick < 200 && game.locker.id != 0; tick++) {
        OK(slk_engine_update(game.engine, 0));
        /* The first call of the callback that sees the event destroys the locker and calls no other function with it. */
        slk_locker before = game.locker;
        OK(slk_engine_dispatch(game.engine, slk_locker_is_loaded(before) ? on_event : on_event_alone, &game));
        pass_ms(10);
    }
    CHECK(game.locker.id == 0 && game.dispatched > 0);
    /* The locker was destroyed inside a callback; its record is released all the same, and the event still comes. */
    game.dispatched = 0;
    for (int tick = 0; tick < 200 && game.dispatched == 0; tick++) {
        OK(slk_engine_update(game.engine, 0));
        OK(slk_engine_dispatch(game.engine, on_event_alone, &game));
        pass_ms(10);
    }
    CHECK(game.dispatched > 0);
    end(&game);
}

/* Two engines, one record: the second gets it, by the mode, by an answer, or not at all. */
static void hand_over(slk_result (*answer)(slk_locker), int refused)
{
    slk_store store;
    OK(slk_store_open_memory(&store));
    slk_engine first = new_engine("eu-1"), second = new_engine("eu-2");
    slk_spec_options options = SLK_SPEC_OPTIONS_INIT;
    options.name = "player";
    options.store = store;
    options.schema_version = 1;
    options.handover_delay_ms = 600000;
    slk_spec spec;
    OK(slk_spec_create(first, &options, &spec));
    slk_locker here = new_locker(spec, "42", 1);
    OK(slk_locker_mark_should_acquire(here, NULL));
    (void)wait_for_event(first, SLK_EVENT_LOADED);
    slk_locker there = new_locker(new_spec(second, store), "42", 2);
    OK(slk_locker_mark_should_acquire(there, NULL));

    int asked = 0, told_locked = 0, loaded = 0, told_refused = 0;
    for (int tick = 0; tick < 6000 && !loaded && !told_refused; tick++) {
        slk_event event;
        OK(slk_engine_update(first, 0));
        OK(slk_engine_update(second, 0));
        while (slk_engine_next_event(first, &event, sizeof event) == SLK_OK) {
            if (event.kind == SLK_EVENT_HANDOVER_REQUESTED) {
                CHECK(strcmp(event.name, "eu-2") == 0 && event.locker.id == here.id);
                asked++;
                OK(answer(here));
            }
            if (event.kind == SLK_EVENT_RELEASED)
                CHECK(event.detail == SLK_RELEASE_HANDED_OVER);
        }
        while (slk_engine_next_event(second, &event, sizeof event) == SLK_OK) {
            loaded |= event.kind == SLK_EVENT_LOADED;
            if (event.kind == SLK_EVENT_LOAD_STATUS && event.detail == SLK_LOAD_LOCKED_ELSEWHERE) {
                CHECK(strcmp(event.name, "eu-1") == 0);
                told_locked = 1;
                told_refused |= (event.flags & SLK_EVENT_REFUSED) != 0;
            }
        }
        CHECK(slk_locker_is_available(here) + slk_locker_is_available(there) <= 1);
        pass_ms(10);
    }
    CHECK(asked == 1 && told_locked && loaded == !refused && told_refused == refused);
    if (refused) {
        slk_locker_status status;
        OK(slk_locker_get_status(there, &status, sizeof status));
        CHECK(status.load == SLK_LOAD_LOCKED_ELSEWHERE && status.refused == 1);
    }
    OK(slk_engine_destroy(first));
    OK(slk_engine_destroy(second));
    OK(slk_store_destroy(store));
}

/* A store that pushes: the hand-over takes no virtual time at all, where it else waits for the next beat. */
static void hand_over_by_notification(void)
{
    slk_store store;
    OK(slk_store_open_memory(&store));
    slk_engine first = new_engine("eu-1"), second = new_engine("eu-2");
    slk_locker here = new_locker(new_spec(first, store), "42", 1);
    OK(slk_locker_mark_should_acquire(here, NULL));
    (void)wait_for_event(first, SLK_EVENT_LOADED);
    pass_ms(100);
    slk_locker there = new_locker(new_spec(second, store), "42", 2);
    OK(slk_locker_mark_should_acquire(there, NULL));
    uint64_t begin = virtual_time;
    int loaded = 0;
    for (int tick = 0; tick < 50 && !loaded; tick++) {
        OK(slk_engine_update(second, 0));
        OK(slk_store_notify(store, SLK_KEY_RECORD, "player", "42"));
        OK(slk_store_notify(store, SLK_KEY_SERVER, NULL, "eu-1"));
        OK(slk_store_notify(store, SLK_KEY_SERVER, "", "eu-2"));
        OK(slk_engine_update(first, 0));
        loaded = slk_locker_is_loaded(there);
    }
    CHECK(loaded && !slk_locker_is_loaded(here) && virtual_time == begin);
    OK(slk_store_notify(store, SLK_KEY_RECORD, "player", "nobody"));
    OK(slk_store_notify(store, SLK_KEY_RECORD, "no spec", "42"));
    OK(slk_store_notify(store, SLK_KEY_SERVER, NULL, "eu-77"));
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_store_notify(store, 3, NULL, "42"));
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_store_notify(store, SLK_KEY_RECORD, "player", NULL));
    OK(slk_engine_destroy(first));
    OK(slk_engine_destroy(second));
    OK(slk_store_notify(store, SLK_KEY_RECORD, "player", "42"));
    OK(slk_store_destroy(store));
    EXPECT(SLK_E_INVALID_HANDLE, slk_store_notify(store, SLK_KEY_RECORD, "player", "42"));
}

static slk_result give(slk_locker locker)
{
    return slk_locker_answer_handover(locker, SLK_ANSWER_GIVE, 0);
}

static slk_result refuse(slk_locker locker)
{
    return slk_locker_answer_handover(locker, SLK_ANSWER_REFUSE, 0);
}

/* A server that stalled is declared dead, its session lost, and the data come with the event. */
static void lost_session(size_t event_size)
{
    slk_store store;
    OK(slk_store_open_memory(&store));
    slk_engine first = new_engine("eu-1"), second = new_engine("eu-2");
    slk_locker here = new_locker(new_spec(first, store), "42", 1);
    OK(slk_locker_mark_should_acquire(here, NULL));
    (void)wait_for_event(first, SLK_EVENT_LOADED);
    OK(slk_locker_set_i64(here, "/gold", 99, NULL));
    CHECK(slk_locker_is_available(here) == 1);
    pass_ms(61000); /* nobody ticks the first engine */
    CHECK(slk_locker_is_available(here) == 0 && slk_locker_is_loaded(here) == 1);

    slk_locker there = new_locker(new_spec(second, store), "42", 2);
    OK(slk_locker_mark_should_acquire(there, NULL));
    CHECK(wait_for_event(second, SLK_EVENT_LOADED).epoch == 2);
    slk_event event;
    memset(&event, 0, sizeof event);
    for (int tick = 0; tick < 1000 && event.kind != SLK_EVENT_LOST; tick++) {
        OK(slk_engine_update(first, 0));
        while (event.kind != SLK_EVENT_LOST && slk_engine_next_event(first, &event, event_size) == SLK_OK)
            continue;
        pass_ms(10);
    }
    CHECK(event.kind == SLK_EVENT_LOST);
    if (event_size == sizeof event) {
        CHECK(event.detail == SLK_LOSS_TAKEN && event.locker.id == here.id && event.text_length > 0);
        int64_t gold = 0;
        OK(slk_document_get_i64(event.document, "/gold", &gold));
        CHECK(gold == 99);
        OK(slk_engine_destroy(first)); /* the document is the host's, and outlives the engine */
        OK(slk_document_get_i64(event.document, "/gold", &gold));
        OK(slk_document_destroy(event.document));
    } else {
        OK(slk_engine_destroy(first));
    }
    OK(slk_engine_destroy(second));
    OK(slk_store_destroy(store));
}

int main(void)
{
    default_data();
    saves();
    leaving_inside_a_callback();
    purchases();
    dispatching();
    hand_over(give, 0);
    hand_over(refuse, 1);
    hand_over_by_notification();
    lost_session(sizeof(slk_event));
    lost_session(offsetof(slk_event, document)); /* a program that knows no documents leaks none */
    return 0;
}
