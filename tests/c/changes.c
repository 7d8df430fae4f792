/*
 * Changes between records: sent, queued with a record's own data, applied once, and updates of records that nobody holds.
 */
#include "harness.h"

static int updates;
static int misuse;

static slk_result apply(void *user_data, const slk_change_view *change, slk_document draft, slk_error_sink error)
{
    slk_engine engine = *(slk_engine *)user_data;
    CHECK(change->struct_size >= sizeof *change);
    CHECK(strlen(change->payload) == change->payload_length);
    if (strcmp(change->kind, "gold") == 0) {
        int64_t amount = strtoll(change->payload, NULL, 10);
        OK(slk_document_add_i64(draft, "/gold", amount));
        if (change->flags & SLK_CHANGE_RETURNED)
            CHECK(strcmp(change->returned_from, "player/nobody") == 0);
        if (change->flags & SLK_CHANGE_UPDATE)
            updates++;
        else
            CHECK(change->locker.id != 0);
        return SLK_OK;
    }
    if (strcmp(change->kind, "misuse") == 0) {
        EXPECT(SLK_E_REENTRANT, slk_engine_update(engine, 0));
        EXPECT(SLK_E_REENTRANT, slk_engine_destroy(engine));
        EXPECT(SLK_BUSY, slk_locker_set_i64(change->locker, "/gold", 1, NULL));
        OK(slk_error_sink_set(error, "it is no use"));
        misuse++;
        return 12345;
    }
    return SLK_NOT_APPLICABLE;
}

static slk_result buy_for_friend(void *user_data, const slk_receipt_view *receipt, slk_document draft,
                                 slk_error_sink error)
{
    (void)error;
    slk_spec spec = ((slk_spec *)user_data)[1];
    CHECK(strcmp(receipt->product, "gift") == 0);
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_document_queue_change(draft, spec, "", "gold", "50", 2, 0));
    EXPECT(SLK_E_INVALID_JSON, slk_document_queue_change(draft, spec, "friend", "gold", "{", 1, 0));
    return slk_document_queue_change(draft, spec, "friend", "gold", "50", 2, SLK_SEND_CREATE);
}

/* The engine and the spec, for the callbacks of one server. */
struct server {
    slk_engine engine;
    slk_spec spec;
};

static void start(struct server *server, const char *id, slk_store store)
{
    server->engine = new_engine(id);
    slk_spec_options options = SLK_SPEC_OPTIONS_INIT;
    options.name = "player";
    options.store = store;
    options.schema_version = 1;
    options.default_data = "{\"gold\":0}";
    options.apply_change = apply;
    options.apply_receipt = buy_for_friend;
    options.inbox_limit = 3;
    options.user_data = server;
    OK(slk_spec_create(server->engine, &options, &server->spec));
}

static slk_locker load(struct server *server, const char *key)
{
    slk_locker locker = new_locker(server->spec, key, 0);
    OK(slk_locker_mark_should_acquire(locker, NULL));
    wait_for_event(server->engine, SLK_EVENT_LOADED);
    return locker;
}

static int64_t gold_of(slk_locker locker)
{
    int64_t gold;
    OK(slk_locker_get_i64(locker, "/gold", &gold));
    return gold;
}

static void wait_for_gold(struct server *server, slk_locker locker, int64_t gold)
{
    for (int tick = 0; tick < 10000 && gold_of(locker) != gold; tick++) {
        OK(slk_engine_update(server->engine, 0));
        pass_ms(10);
    }
    CHECK(gold_of(locker) == gold);
}

static void check_sending(struct server *a, struct server *b)
{
    OK(slk_spec_send_change(a->spec, "target", "gold", "5", 1, 0, 1));
    uint64_t count;
    OK(slk_engine_visits_in_progress(a->engine, &count));
    CHECK(count == 1);
    slk_event event = wait_for_event(a->engine, SLK_EVENT_CHANGE_SENT);
    CHECK(event.tag == 1 && event.result == SLK_EMPTY && strcmp(event.key, "target") == 0);
    OK(slk_spec_send_change(a->spec, "target", "gold", "5", SLK_NUL_TERMINATED, SLK_SEND_CREATE, 2));
    event = wait_for_event(a->engine, SLK_EVENT_CHANGE_SENT);
    CHECK(event.tag == 2 && event.result == SLK_OK);
    slk_locker target = load(b, "target");
    event = wait_for_event(b->engine, SLK_EVENT_CHANGE_APPLIED);
    CHECK(strcmp(event.name, "gold") == 0 && strcmp(event.text, "a") == 0 && event.change != 0);
    CHECK(gold_of(target) == 5);

    /* Unknown kinds wait, failing ones are told, and a full inbox is an error to the sender. */
    OK(slk_spec_send_change(b->spec, "target", "future", NULL, 0, 0, 3));
    OK(slk_spec_send_change(b->spec, "target", "misuse", "{\"deep\":[1.50]}", SLK_NUL_TERMINATED, 0, 4));
    event = wait_for_event(b->engine, SLK_EVENT_CALLBACK_FAILED);
    CHECK(strstr(event.text, "it is no use") != NULL && misuse == 1);
    OK(slk_spec_send_change(a->spec, "target", "future", "1", 1, 0, 5));
    OK(slk_spec_send_change(a->spec, "target", "gold", "1", 1, 0, 6));
    do
        event = wait_for_event(a->engine, SLK_EVENT_CHANGE_SENT);
    while (event.tag != 6);
    CHECK(event.result == SLK_E_FULL);
    slk_locker_status status;
    OK(slk_engine_update(b->engine, 0));
    OK(slk_locker_get_status(target, &status, sizeof status));
    CHECK(status.incoming_changes >= 2);

    EXPECT(SLK_E_INVALID_JSON, slk_spec_send_change(a->spec, "t", "gold", "no", 2, 0, 0));
    CHECK(says("payload"));
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_spec_send_change(a->spec, "t", "gold", "1", 1, 8, 0));
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_spec_send_change(a->spec, NULL, "gold", "1", 1, 0, 0));
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_spec_send_change(a->spec, "t", "", "1", 1, 0, 0));
    EXPECT(SLK_E_INVALID_HANDLE, slk_spec_send_change((slk_spec){ 7 }, "t", "gold", "1", 1, 0, 0));
    OK(slk_locker_destroy(target));
}

static void check_gifts(struct server *a, struct server *b)
{
    slk_locker giver = load(a, "giver");
    slk_locker friend = load(b, "friend");
    uint64_t change;
    OK(slk_locker_set_i64(giver, "/gold", 70, NULL));
    OK(slk_locker_queue_change(giver, a->spec, "friend", "gold", "30", 2, 0, &change));
    OK(slk_locker_queue_change(giver, a->spec, "nobody", "gold", "8", 1, 0, NULL));
    slk_locker_status status;
    OK(slk_locker_get_status(giver, &status, sizeof status));
    CHECK(status.outgoing_changes == 2);
    EXPECT(SLK_PENDING, slk_locker_change_status(giver, change));
    OK(slk_locker_mark_force_save(giver));
    wait_for_gold(a, giver, 78);
    wait_for_gold(b, friend, 30);

    slk_receipt receipt = SLK_RECEIPT_INIT;
    receipt.provider = "shop";
    receipt.environment = "test";
    receipt.purchase_id = "one";
    receipt.product = "gift";
    for (int time = 0; time < 2; time++) {
        OK(slk_locker_process_receipt(giver, &receipt));
        slk_event event = wait_for_event(a->engine, SLK_EVENT_RECEIPT);
        CHECK(event.result == SLK_GRANTED && (event.flags == SLK_EVENT_DUPLICATE) == (time == 1));
    }
    wait_for_gold(b, friend, 80);
    pass_ms(20000);
    wait_for_gold(b, friend, 80);

    slk_document own;
    OK(slk_document_create_json("{}", 2, &own));
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_document_queue_change(own, a->spec, "x", "gold", "1", 1, 0));
    OK(slk_document_destroy(own));
    OK(slk_locker_mark_should_release(giver, NULL));
    wait_for_event(a->engine, SLK_EVENT_RELEASED);
    EXPECT(SLK_E_NOT_LOADED, slk_locker_queue_change(giver, a->spec, "friend", "gold", "1", 1, 0, NULL));
    OK(slk_locker_destroy(giver));
    OK(slk_locker_destroy(friend));
}

static void check_updates(struct server *a, struct server *b)
{
    for (uint64_t tag = 1; tag <= 3; tag++) {
        OK(slk_spec_update_record(a->spec, "guild", "gold", "1", 1, tag));
        OK(slk_spec_update_record(b->spec, "guild", "gold", "10", 2, tag));
    }
    int answers = 0;
    for (int tick = 0; tick < 10000 && answers < 6; tick++) {
        struct server *server = tick % 2 ? a : b;
        slk_event event;
        OK(slk_engine_update(server->engine, 0));
        while (saw_event(server->engine, SLK_EVENT_RECORD_UPDATED, &event)) {
            CHECK(event.result == SLK_SAVED);
            answers++;
        }
        pass_ms(10);
    }
    CHECK(answers == 6 && updates >= 6);
    OK(slk_spec_view_record(a->spec, "guild", 0));
    slk_event event = wait_for_event(a->engine, SLK_EVENT_RECORD_VIEWED);
    int64_t gold;
    OK(slk_document_get_i64(event.document, "/gold", &gold));
    OK(slk_document_destroy(event.document));
    CHECK(gold == 33);

    slk_locker held = load(b, "guild");
    OK(slk_spec_update_record(a->spec, "guild", "gold", "1", 1, 4));
    event = wait_for_event(a->engine, SLK_EVENT_RECORD_UPDATED);
    CHECK(event.result == SLK_LOCKED_ELSEWHERE && strcmp(event.name, "b") == 0);
    OK(slk_locker_destroy(held));
    OK(slk_spec_update_record(a->spec, "other", "unknown", NULL, 0, 5));
    event = wait_for_event(a->engine, SLK_EVENT_RECORD_UPDATED);
    CHECK(event.result == SLK_E_CALLBACK && event.tag == 5);
}

int main(void)
{
    slk_store store;
    struct server a, b;
    OK(slk_store_open_memory(&store));
    start(&a, "a", store);
    start(&b, "b", store);
    check_sending(&a, &b);
    check_gifts(&a, &b);
    check_updates(&a, &b);
    OK(slk_engine_destroy(a.engine));
    OK(slk_engine_destroy(b.engine));
    OK(slk_store_destroy(store));
    for (int32_t kind = SLK_OBJECT_STORE; kind <= SLK_OBJECT_MIGRATIONS; kind++)
        CHECK(slk_object_count(kind) == 0);
    return 0;
}
