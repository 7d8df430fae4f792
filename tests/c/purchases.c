/* Purchases: the three callbacks on one draft, every end that a purchase can have, and what can be asked about them. */
#include "harness.h"

struct game {
    slk_engine engine;
    slk_store store;
    slk_spec spec;
    slk_locker locker;
    slk_receipt_view seen[8];
    char context[8][16];
    int32_t steps[8]; /* the operations of the last purchase, in order */
    int calls;
    slk_result validate, apply, record, revoke; /* what each callback answers */
    int apply_only;                             /* the spec has no other callback */
    const char *words;
};

/* One function serves all callbacks; each leaves its mark in the draft before it answers. */
static slk_result purchase_step(void *user_data, const slk_receipt_view *receipt, slk_document draft, slk_error_sink error)
{
    struct game *game = user_data;
    CHECK(receipt->struct_size == sizeof *receipt && strcmp(receipt->key, "42") == 0 && receipt->user_tag == 42);
    CHECK(game->calls < 8);
    game->seen[game->calls] = *receipt;
    CHECK(receipt->context_length < 16);
    if (receipt->context_length > 0)
        memcpy(game->context[game->calls], receipt->context, receipt->context_length);
    game->steps[game->calls++] = receipt->operation;
    if (game->words != NULL)
        OK(slk_error_sink_set(error, game->words));
    switch (receipt->operation) {
    case SLK_PURCHASE_VALIDATE:
        CHECK(receipt->effect == SLK_OK);
        OK(slk_document_add_i64(draft, "/validated", 1));
        return game->validate;
    case SLK_PURCHASE_APPLY: {
        int64_t validated = 0, before = 0;
        if (receipt->kind == SLK_APPLY_RECEIPT && !game->apply_only) {
            /* It is the draft that validate has edited. */
            OK(slk_document_get_i64(draft, "/validated", &validated));
            slk_result found = slk_locker_get_i64(game->locker, "/validated", &before);
            CHECK((found == SLK_OK || found == SLK_EMPTY) && validated == before + 1);
        }
        OK(slk_document_add_i64(draft, "/gold", 100));
        return game->apply;
    }
    case SLK_PURCHASE_RECORD:
        CHECK(receipt->effect == SLK_GRANTED || receipt->effect == SLK_CREDITED);
        OK(slk_document_add_i64(draft, receipt->effect == SLK_GRANTED ? "/history_granted" : "/history_credited", 1));
        return game->record;
    case SLK_PURCHASE_REVOKE:
        OK(slk_document_add_i64(draft, "/gold", -100));
        return game->revoke;
    default:
        CHECK(!"an operation of this version");
        return SLK_E_CALLBACK;
    }
}

static void attach(struct game *game, const char *server)
{
    game->engine = new_engine(server);
    slk_spec_options options = SLK_SPEC_OPTIONS_INIT;
    options.name = "player";
    options.store = game->store;
    options.default_data = "{\"gold\":0}";
    options.apply_receipt = purchase_step;
    if (!game->apply_only) {
        options.validate_receipt = purchase_step;
        options.record_receipt = purchase_step;
        options.revoke_receipt = purchase_step;
    }
    options.purchase_history = 5;
    options.user_data = game;
    OK(slk_spec_create(game->engine, &options, &game->spec));
    game->locker = new_locker(game->spec, "42", 42);
    OK(slk_locker_mark_should_acquire(game->locker, NULL));
    (void)wait_for_event(game->engine, SLK_EVENT_LOADED);
}

static void detach(struct game *game)
{
    EXPECT(SLK_OK, slk_engine_shutdown(game->engine, 10000));
    OK(slk_engine_destroy(game->engine));
}

static void begin(struct game *game)
{
    memset(game, 0, sizeof *game);
    OK(slk_store_open_memory(&game->store));
    attach(game, "eu-1");
}

static void end(struct game *game)
{
    detach(game);
    OK(slk_store_destroy(game->store));
}

static slk_receipt receipt_of(const char *purchase, int32_t state)
{
    slk_receipt receipt = SLK_RECEIPT_INIT;
    receipt.provider = "shop";
    receipt.environment = "test";
    receipt.purchase_id = purchase;
    receipt.product = "gold100";
    receipt.context = "more";
    receipt.context_length = 4;
    receipt.tag = 5;
    receipt.state = state;
    return receipt;
}

/* Sends a notice, and expects this answer with these flags. */
static slk_event notice(struct game *game, const char *purchase, int32_t state, slk_result answer, uint32_t flags)
{
    slk_receipt receipt = receipt_of(purchase, state);
    game->calls = 0;
    OK(slk_locker_process_receipt(game->locker, &receipt));
    uint64_t open = 0;
    OK(slk_engine_purchases_in_progress(game->engine, &open));
    CHECK(open == 1);
    slk_event event = wait_for_event(game->engine, SLK_EVENT_RECEIPT);
    CHECK(strcmp(event.name, purchase) == 0 && event.tag == 5 && event.locker.id == game->locker.id);
    EXPECT(answer, event.result);
    CHECK(event.flags == flags);
    OK(slk_engine_purchases_in_progress(game->engine, &open));
    CHECK(open == 0);
    return event;
}

static int64_t number_at(const struct game *game, const char *pointer)
{
    int64_t number = 0;
    slk_result result = slk_locker_get_i64(game->locker, pointer, &number);
    CHECK(result == SLK_OK || result == SLK_EMPTY);
    return number;
}

static int64_t credit(const struct game *game)
{
    int64_t amount = 0;
    OK(slk_locker_credit(game->locker, "gold100", &amount));
    return amount;
}

static slk_result state_of(const struct game *game, const char *purchase)
{
    slk_result state = -1;
    slk_result result = slk_locker_find_purchase(game->locker, "shop", "test", purchase, &state);
    CHECK(result == SLK_OK || (result == SLK_EMPTY && state == -1));
    return result == SLK_EMPTY ? SLK_EMPTY : state;
}

static void three_steps_on_one_draft(void)
{
    struct game game;
    begin(&game);
    (void)notice(&game, "p-1", SLK_RECEIPT_PURCHASED, SLK_GRANTED, 0);
    CHECK(game.calls == 3 && game.steps[0] == SLK_PURCHASE_VALIDATE && game.steps[1] == SLK_PURCHASE_APPLY);
    CHECK(game.steps[2] == SLK_PURCHASE_RECORD && game.seen[2].effect == SLK_GRANTED);
    for (int step = 0; step < 3; step++)
        CHECK(game.seen[step].tag == 5 && game.seen[step].context_length == 4 && memcmp(game.context[step], "more", 4) == 0);
    CHECK(number_at(&game, "/validated") == 1 && number_at(&game, "/gold") == 100);
    CHECK(number_at(&game, "/history_granted") == 1);
    (void)notice(&game, "p-1", SLK_RECEIPT_PURCHASED, SLK_GRANTED, SLK_EVENT_DUPLICATE);
    CHECK(game.calls == 0 && number_at(&game, "/gold") == 100);

    /* Each step may turn it into credit; the game's history is kept, the other edits are not. */
    game.apply = SLK_NOT_APPLICABLE;
    (void)notice(&game, "p-2", SLK_RECEIPT_PURCHASED, SLK_CREDITED, 0);
    CHECK(game.calls == 3 && game.seen[2].effect == SLK_CREDITED);
    CHECK(number_at(&game, "/validated") == 1 && number_at(&game, "/gold") == 100);
    CHECK(number_at(&game, "/history_credited") == 1 && credit(&game) == 1);
    game.apply = SLK_OK;
    game.validate = SLK_NOT_APPLICABLE;
    (void)notice(&game, "p-3", SLK_RECEIPT_PURCHASED, SLK_CREDITED, 0);
    CHECK(game.calls == 2 && game.steps[1] == SLK_PURCHASE_RECORD && credit(&game) == 2);
    game.validate = SLK_OK;

    /* A step that fails takes the edits of all of them along. */
    slk_result *answers[] = { &game.validate, &game.apply, &game.record };
    static const char *const names[] = { "validate_receipt", "apply_receipt", "record_receipt" };
    for (int step = 0; step < 3; step++) {
        *answers[step] = SLK_E_CALLBACK;
        game.words = "the shop is closed";
        slk_event event = notice(&game, "p-4", SLK_RECEIPT_PURCHASED, SLK_NOT_PROCESSED, 0);
        CHECK(strstr(event.text, names[step]) != NULL && strstr(event.text, "the shop is closed") != NULL);
        CHECK(game.calls == step + 1);
        *answers[step] = SLK_OK;
        game.words = NULL;
    }
    game.record = SLK_NOT_APPLICABLE; /* it is too late to say so */
    (void)notice(&game, "p-4", SLK_RECEIPT_PURCHASED, SLK_NOT_PROCESSED, 0);
    game.record = SLK_OK;
    CHECK(number_at(&game, "/validated") == 1 && number_at(&game, "/gold") == 100 && credit(&game) == 2);
    CHECK(number_at(&game, "/history_granted") == 1 && number_at(&game, "/history_credited") == 2);
    CHECK(state_of(&game, "p-4") == SLK_EMPTY);

    /* Credit is used by the apply step alone, and told. */
    game.calls = 0;
    OK(slk_locker_use_credit(game.locker, "gold100", 6));
    slk_event event = wait_for_event(game.engine, SLK_EVENT_CREDIT_CHANGED);
    CHECK(event.amount == 1 && strcmp(event.name, "gold100") == 0 && event.locker.id == game.locker.id);
    event = wait_for_event(game.engine, SLK_EVENT_CREDIT_USED);
    CHECK(event.result == SLK_OK && game.calls == 1 && game.steps[0] == SLK_PURCHASE_APPLY);
    CHECK(number_at(&game, "/gold") == 200);
    end(&game);
}

static void states_of_a_receipt(void)
{
    struct game game;
    begin(&game);
    (void)notice(&game, "p-1", SLK_RECEIPT_PENDING, SLK_PENDING, 0);
    (void)notice(&game, "p-1", SLK_RECEIPT_PENDING, SLK_PENDING, SLK_EVENT_DUPLICATE);
    CHECK(state_of(&game, "p-1") == SLK_PENDING && game.calls == 0);
    (void)notice(&game, "p-1", SLK_RECEIPT_PURCHASED, SLK_GRANTED, 0);
    CHECK(state_of(&game, "p-1") == SLK_GRANTED && number_at(&game, "/gold") == 100);

    (void)notice(&game, "p-2", SLK_RECEIPT_REJECTED, SLK_REJECTED, 0);
    (void)notice(&game, "p-2", SLK_RECEIPT_REJECTED, SLK_REJECTED, SLK_EVENT_DUPLICATE);
    game.validate = SLK_REJECTED;
    game.words = "the signature is wrong";
    slk_event event = notice(&game, "p-2", SLK_RECEIPT_PURCHASED, SLK_REJECTED, 0);
    CHECK(strcmp(event.text, "the signature is wrong") == 0 && number_at(&game, "/validated") == 1);
    CHECK(state_of(&game, "p-2") == SLK_REJECTED);
    game.validate = SLK_OK;
    game.words = NULL;
    (void)notice(&game, "p-2", SLK_RECEIPT_PURCHASED, SLK_GRANTED, 0);
    CHECK(number_at(&game, "/gold") == 200);

    slk_receipt bad = receipt_of("p-9", 4);
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_locker_process_receipt(game.locker, &bad));
    CHECK(says("state 4"));
    bad.state = -1;
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_locker_process_receipt(game.locker, &bad));
    /* A program that knows no states means purchases. */
    bad.state = SLK_RECEIPT_REVOKED;
    bad.struct_size = offsetof(slk_receipt, state);
    OK(slk_locker_process_receipt(game.locker, &bad));
    game.calls = 0;
    EXPECT(SLK_GRANTED, wait_for_event(game.engine, SLK_EVENT_RECEIPT).result);
    end(&game);
}

static void paid_back(void)
{
    struct game game;
    begin(&game);
    (void)notice(&game, "p-1", SLK_RECEIPT_PURCHASED, SLK_GRANTED, 0);
    (void)notice(&game, "p-1", SLK_RECEIPT_REVOKED, SLK_REVOKED, 0);
    CHECK(game.calls == 1 && game.steps[0] == SLK_PURCHASE_REVOKE && game.seen[0].kind == SLK_APPLY_RECEIPT);
    CHECK(number_at(&game, "/gold") == 0 && credit(&game) == 0 && state_of(&game, "p-1") == SLK_REVOKED);
    (void)notice(&game, "p-1", SLK_RECEIPT_REVOKED, SLK_REVOKED, SLK_EVENT_DUPLICATE);
    (void)notice(&game, "p-1", SLK_RECEIPT_PURCHASED, SLK_REVOKED, SLK_EVENT_DUPLICATE);
    CHECK(game.calls == 0 && number_at(&game, "/gold") == 0);

    /* Spent already: a debt, which stands in the way of using credit until it is paid off. */
    (void)notice(&game, "p-2", SLK_RECEIPT_PURCHASED, SLK_GRANTED, 0);
    game.revoke = SLK_NOT_APPLICABLE;
    slk_receipt refund = receipt_of("p-2", SLK_RECEIPT_REVOKED);
    game.calls = 0;
    OK(slk_locker_process_receipt(game.locker, &refund));
    CHECK(wait_for_event(game.engine, SLK_EVENT_CREDIT_CHANGED).amount == -1);
    EXPECT(SLK_REVOKED, wait_for_event(game.engine, SLK_EVENT_RECEIPT).result);
    CHECK(number_at(&game, "/gold") == 100 && credit(&game) == -1);
    OK(slk_locker_use_credit(game.locker, "gold100", 7));
    EXPECT(SLK_EMPTY, wait_for_event(game.engine, SLK_EVENT_CREDIT_USED).result);
    OK(slk_locker_give_credit(game.locker, "gold100", 1, NULL));
    CHECK(wait_for_event(game.engine, SLK_EVENT_CREDIT_CHANGED).amount == 0 && credit(&game) == 0);

    /* A callback that fails, or answers what makes no sense, has done nothing. */
    (void)notice(&game, "p-3", SLK_RECEIPT_PURCHASED, SLK_GRANTED, 0);
    static const slk_result odd[] = { SLK_E_CALLBACK, SLK_REJECTED, SLK_UNKNOWN_PRODUCT };
    for (int at = 0; at < 3; at++) {
        game.revoke = odd[at];
        slk_event event = notice(&game, "p-3", SLK_RECEIPT_REVOKED, SLK_NOT_PROCESSED, 0);
        CHECK(strstr(event.text, "revoke_receipt") != NULL && strstr(event.text, slk_result_name(odd[at])) != NULL);
    }
    CHECK(state_of(&game, "p-3") == SLK_GRANTED && number_at(&game, "/gold") == 200);

    /* Credit that is still there goes first; the game is not asked. */
    game.apply = SLK_NOT_APPLICABLE;
    (void)notice(&game, "p-4", SLK_RECEIPT_PURCHASED, SLK_CREDITED, 0);
    (void)notice(&game, "p-4", SLK_RECEIPT_REVOKED, SLK_REVOKED, 0);
    CHECK(game.calls == 0 && credit(&game) == 0);
    end(&game);
}

/* A game that knows only how to apply: all is good, nothing is recorded, and what is paid back is a debt. */
static void without_the_other_callbacks(void)
{
    struct game game;
    memset(&game, 0, sizeof game);
    game.apply_only = 1;
    OK(slk_store_open_memory(&game.store));
    attach(&game, "eu-1");
    (void)notice(&game, "p-1", SLK_RECEIPT_PURCHASED, SLK_GRANTED, 0);
    CHECK(game.calls == 1 && game.steps[0] == SLK_PURCHASE_APPLY);
    (void)notice(&game, "p-1", SLK_RECEIPT_REVOKED, SLK_REVOKED, 0);
    CHECK(game.calls == 0 && number_at(&game, "/gold") == 100 && credit(&game) == -1);
    game.apply = SLK_NOT_APPLICABLE;
    (void)notice(&game, "p-2", SLK_RECEIPT_PURCHASED, SLK_CREDITED, 0);
    CHECK(number_at(&game, "/gold") == 100 && credit(&game) == 0);
    end(&game);
}

/* The notice came before the game knew the product; a later server does. */
static void unknown_products(void)
{
    struct game game;
    begin(&game);
    game.validate = SLK_UNKNOWN_PRODUCT;
    (void)notice(&game, "p-1", SLK_RECEIPT_PURCHASED, SLK_PARKED, 0);
    (void)notice(&game, "p-1", SLK_RECEIPT_PURCHASED, SLK_PARKED, SLK_EVENT_DUPLICATE);
    CHECK(state_of(&game, "p-1") == SLK_PARKED && number_at(&game, "/validated") == 0);
    game.validate = SLK_OK;
    game.apply = SLK_UNKNOWN_PRODUCT;
    (void)notice(&game, "p-2", SLK_RECEIPT_PURCHASED, SLK_PARKED, 0);
    detach(&game);

    /* The next server knows only that there is no use for it yet. */
    game.apply = SLK_NOT_APPLICABLE;
    game.calls = 0;
    attach(&game, "eu-2");
    for (int at = 0; at < 2; at++) {
        slk_event event = wait_for_event(game.engine, SLK_EVENT_RECEIPT);
        CHECK(event.result == SLK_CREDITED && event.flags == SLK_EVENT_TAKEN_UP && event.tag == 0);
        CHECK(strcmp(event.name, at == 0 ? "p-1" : "p-2") == 0);
    }
    CHECK(game.calls == 6 && memcmp(game.context[0], "more", 4) == 0 && game.seen[0].tag == 0);
    CHECK(credit(&game) == 2 && number_at(&game, "/history_credited") == 2 && state_of(&game, "p-1") == SLK_CREDITED);

    /* Learnt during a session. */
    game.apply = SLK_UNKNOWN_PRODUCT;
    (void)notice(&game, "p-3", SLK_RECEIPT_PURCHASED, SLK_PARKED, 0);
    OK(slk_locker_retry_parked(game.locker));
    game.calls = 0;
    for (int tick = 0; tick < 100; tick++) {
        OK(slk_engine_update(game.engine, 0));
        pass_ms(10);
    }
    CHECK(game.calls == 2 && state_of(&game, "p-3") == SLK_PARKED); /* asked once, and no more */
    game.apply = SLK_OK;
    game.calls = 0;
    OK(slk_locker_retry_parked(game.locker));
    slk_event event = wait_for_event(game.engine, SLK_EVENT_RECEIPT);
    CHECK(event.result == SLK_GRANTED && event.flags == SLK_EVENT_TAKEN_UP && number_at(&game, "/gold") == 100);
    end(&game);
}

static void history(void)
{
    struct game game;
    begin(&game);
    char text[2048];
    size_t needed = 0;
    OK(slk_locker_get_purchases(game.locker, text, sizeof text, &needed));
    CHECK(strcmp(text, "[]") == 0 && needed == 2);
    char name[] = "p-0";
    for (; name[2] < '7'; name[2]++)
        (void)notice(&game, name, SLK_RECEIPT_PURCHASED, SLK_GRANTED, 0);
    (void)notice(&game, "p-1", SLK_RECEIPT_REVOKED, SLK_REVOKED, 0);
    game.validate = SLK_UNKNOWN_PRODUCT;
    (void)notice(&game, "p-8", SLK_RECEIPT_PURCHASED, SLK_PARKED, 0);

    /* The last five that were dealt with, and the parked one, as a document. */
    OK(slk_locker_get_purchases(game.locker, text, sizeof text, &needed));
    CHECK(strlen(text) == needed);
    slk_document document;
    OK(slk_document_create_json(text, SLK_NUL_TERMINATED, &document));
    static const char *const expected[][2] = { { "p-3", "granted" }, { "p-4", "granted" }, { "p-5", "granted" },
                                               { "p-6", "granted" }, { "p-1", "revoked" }, { "p-8", "parked" } };
    size_t length = 0;
    OK(slk_document_length(document, "", &length));
    CHECK(length == 6);
    for (int at = 0; at < 6; at++) {
        char pointer[32], value[32];
        int64_t at_ms = 0;
        snprintf(pointer, sizeof pointer, "/%d/purchase_id", at);
        OK(slk_document_get_string(document, pointer, value, sizeof value, NULL));
        CHECK(strcmp(value, expected[at][0]) == 0);
        snprintf(pointer, sizeof pointer, "/%d/state", at);
        OK(slk_document_get_string(document, pointer, value, sizeof value, NULL));
        CHECK(strcmp(value, expected[at][1]) == 0);
        snprintf(pointer, sizeof pointer, "/%d/product", at);
        OK(slk_document_get_string(document, pointer, value, sizeof value, NULL));
        CHECK(strcmp(value, "gold100") == 0);
        snprintf(pointer, sizeof pointer, "/%d/at_ms", at);
        OK(slk_document_get_i64(document, pointer, &at_ms));
        CHECK(at_ms > 0);
    }
    OK(slk_document_destroy(document));

    /* Older ones are known all the same. */
    CHECK(state_of(&game, "p-0") == SLK_GRANTED && state_of(&game, "p-1") == SLK_REVOKED);
    CHECK(state_of(&game, "p-8") == SLK_PARKED && state_of(&game, "p-9") == SLK_EMPTY);
    text[0] = 'x';
    EXPECT(SLK_E_BUFFER_TOO_SMALL, slk_locker_get_purchases(game.locker, text, needed, &needed));
    CHECK(text[0] == 'x');
    OK(slk_locker_get_purchases(game.locker, NULL, 0, &needed));
    end(&game);
}

static void bad_calls(void)
{
    struct game game;
    begin(&game);
    slk_result state = -1;
    char text[8];
    uint64_t count;
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_locker_find_purchase(game.locker, NULL, "test", "p", &state));
    CHECK(says("provider"));
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_locker_find_purchase(game.locker, "shop", "", "p", &state));
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_locker_find_purchase(game.locker, "shop", "test", "p", NULL));
    EXPECT(SLK_E_INVALID_UTF8, slk_locker_find_purchase(game.locker, "shop", "test", "\xff", &state));
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_locker_get_purchases(game.locker, NULL, 5, NULL));
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_engine_purchases_in_progress(game.engine, NULL));
    slk_engine no_engine = { 0 };
    slk_locker no_locker = { 12345 };
    EXPECT(SLK_E_INVALID_HANDLE, slk_engine_purchases_in_progress(no_engine, &count));
    EXPECT(SLK_E_INVALID_HANDLE, slk_locker_retry_parked(no_locker));
    EXPECT(SLK_E_INVALID_HANDLE, slk_locker_get_purchases(no_locker, text, sizeof text, NULL));
    EXPECT(SLK_E_INVALID_HANDLE, slk_locker_find_purchase(no_locker, "shop", "test", "p", &state));

    slk_locker idle = new_locker(game.spec, "43", 43);
    EXPECT(SLK_E_NOT_LOADED, slk_locker_find_purchase(idle, "shop", "test", "p", &state));
    EXPECT(SLK_E_NOT_LOADED, slk_locker_get_purchases(idle, text, sizeof text, NULL));
    EXPECT(SLK_E_NOT_LOADED, slk_locker_retry_parked(idle));
    CHECK(state == -1);

    /* Settings that make no sense. */
    slk_spec_options options = SLK_SPEC_OPTIONS_INIT;
    slk_spec spec;
    options.name = "other";
    options.store = game.store;
    options.validate_receipt = purchase_step;
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_spec_create(game.engine, &options, &spec));
    CHECK(says("apply_receipt"));
    options.apply_receipt = purchase_step;
    options.purchase_history = 1001;
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_spec_create(game.engine, &options, &spec));
    CHECK(says("1001"));
    options.purchase_history = 1000;
    OK(slk_spec_create(game.engine, &options, &spec));

    /* A kind of record without purchases. */
    slk_spec_options plain = SLK_SPEC_OPTIONS_INIT;
    plain.name = "guild";
    plain.store = game.store;
    OK(slk_spec_create(game.engine, &plain, &spec));
    EXPECT(SLK_E_UNSUPPORTED, slk_locker_retry_parked(new_locker(spec, "g", 1)));
    end(&game);
}

/* A locker that goes away before it was loaded answers what it was given. */
static void purchases_of_a_locker_that_goes_away(void)
{
    struct game game;
    begin(&game);
    slk_receipt receipt = receipt_of("p-1", SLK_RECEIPT_PURCHASED);
    OK(slk_locker_process_receipt(game.locker, &receipt));
    receipt.purchase_id = "p-2";
    OK(slk_locker_process_receipt(game.locker, &receipt));
    uint64_t count = 0;
    OK(slk_engine_purchases_in_progress(game.engine, &count));
    CHECK(count == 2);
    OK(slk_locker_destroy(game.locker));
    for (int at = 0; at < 2; at++) {
        slk_event event = wait_for_event(game.engine, SLK_EVENT_RECEIPT);
        CHECK(event.result == SLK_NOT_PROCESSED && event.text_length > 0 && event.locker.id == 0);
    }
    OK(slk_engine_purchases_in_progress(game.engine, &count));
    CHECK(count == 0 && game.calls == 0);
    end(&game);
}

int main(void)
{
    three_steps_on_one_draft();
    states_of_a_receipt();
    paid_back();
    without_the_other_callbacks();
    unknown_products();
    history();
    bad_calls();
    purchases_of_a_locker_that_goes_away();
    return 0;
}
