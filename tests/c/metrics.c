/* What whoever runs servers reads: counters as numbers and as text, and a log with fields that names no player. */
#include "switch_store.h"

static const char *const key = "alice@example.org";
static const char *const purchase = "GPA.3301-5512-0042";

/* All that a log was told, as one text, with what the fields said. */
struct journal {
    char text[400000];
    size_t length;
    int lines, records, kinds[6], causes[4], masked_keys;
    uint64_t last_epoch;
    char masked_key[32];
};

static void add(struct journal *journal, const char *text)
{
    size_t length = strlen(text);
    CHECK(journal->length + length + 2 < sizeof journal->text);
    memcpy(journal->text + journal->length, text, length + 1);
    journal->length += length;
    strcpy(journal->text + journal->length++, "\n");
}

static void take_line(void *user_data, int32_t level, const char *text, size_t length)
{
    struct journal *journal = user_data;
    CHECK(level >= SLK_LOG_ERROR && level <= SLK_LOG_DEBUG && strlen(text) == length);
    journal->lines++;
    add(journal, text);
}

static void take_record(void *user_data, const slk_log_record *record)
{
    struct journal *journal = user_data;
    CHECK(record->struct_size == sizeof *record && record->text_length == strlen(record->text));
    CHECK(record->level >= SLK_LOG_ERROR && record->level <= SLK_LOG_DEBUG);
    CHECK(record->kind >= SLK_LOG_KIND_ENGINE && record->kind <= SLK_LOG_KIND_CALLBACK);
    CHECK(record->cause >= SLK_CAUSE_NONE && record->cause <= SLK_CAUSE_UNKNOWN);
    CHECK(strcmp(record->server, "eu-1") == 0 && record->wall_ms > 1600000000000);
    journal->records++;
    journal->kinds[record->kind]++;
    journal->causes[record->cause]++;
    add(journal, record->text);
    if (record->kind == SLK_LOG_KIND_STORE)
        CHECK(strcmp(record->store, "shelf") == 0 && record->key == NULL && record->spec == NULL);
    if (record->kind != SLK_LOG_KIND_LOCKER)
        return;
    CHECK(strcmp(record->spec, "player") == 0 && record->key != NULL);
    add(journal, record->key);
    if (record->epoch != 0)
        journal->last_epoch = record->epoch;
    if (record->key[0] != '#')
        return;
    CHECK(strlen(record->key) == 9);
    if (journal->masked_keys++ == 0)
        strcpy(journal->masked_key, record->key);
    CHECK(strcmp(journal->masked_key, record->key) == 0);
}

static slk_engine logging_engine(struct journal *journal, int32_t mask_ids, int with_lines)
{
    slk_engine_options options = SLK_ENGINE_OPTIONS_INIT;
    options.server_id = "eu-1";
    options.clock = virtual_clock;
    options.log_level = SLK_LOG_DEBUG;
    options.mask_ids = 2;
    slk_engine engine;
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_engine_create(&options, &engine));
    CHECK(says("mask_ids 2"));
    options.mask_ids = mask_ids;
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_engine_create(&options, &engine));
    CHECK(says("log_record"));
    options.log = with_lines ? take_line : NULL;
    options.log_record = take_record;
    options.user_data = journal;
    OK(slk_engine_create(&options, &engine));
    return engine;
}

static slk_result apply(void *user_data, const slk_receipt_view *receipt, slk_document draft, slk_error_sink error)
{
    (void)user_data, (void)draft;
    if (strcmp(receipt->product, "broken") != 0)
        return SLK_OK;
    char words[200];
    CHECK(snprintf(words, sizeof words, "%s bought %s, which nobody knows", receipt->key, receipt->purchase_id) > 0);
    OK(slk_error_sink_set(error, words));
    return SLK_E_CALLBACK;
}

static slk_locker locker_with_purchases(slk_engine engine, slk_store store)
{
    slk_spec_options options = SLK_SPEC_OPTIONS_INIT;
    options.name = "player";
    options.store = store;
    options.schema_version = 1;
    options.apply_receipt = apply;
    slk_spec spec;
    OK(slk_spec_create(engine, &options, &spec));
    return new_locker(spec, key, 42);
}

static slk_event buy(slk_engine engine, slk_locker locker, const char *product)
{
    slk_receipt receipt = SLK_RECEIPT_INIT;
    receipt.provider = "shop";
    receipt.environment = "test";
    receipt.purchase_id = purchase;
    receipt.product = product;
    OK(slk_locker_process_receipt(locker, &receipt));
    return wait_for_event(engine, SLK_EVENT_RECEIPT);
}

/* A life with trouble, purchases, and a loss. */
static void live(slk_engine engine, slk_locker locker, struct switch_store *shelf)
{
    OK(slk_locker_mark_should_acquire(locker, NULL));
    (void)wait_for_event(engine, SLK_EVENT_LOADED);
    CHECK(buy(engine, locker, "broken").result == SLK_NOT_PROCESSED);
    slk_event bought = buy(engine, locker, "sword");
    CHECK(bought.result == SLK_GRANTED && strcmp(bought.name, purchase) == 0 && strcmp(bought.key, key) == 0);
    shelf->failing = SLK_E_NOT_APPLIED;
    OK(slk_locker_set_i64(locker, "/gold", 1, NULL));
    OK(slk_locker_mark_force_save(locker));
    slk_event trouble = wait_for_event(engine, SLK_EVENT_SAVE_TROUBLE);
    CHECK(strstr(trouble.text, key) != NULL);
    shelf->failing = SLK_OK;
    (void)wait_for_event(engine, SLK_EVENT_SAVED);
    for (int at = 0; at < SWITCH_RECORDS; at++)
        if (strstr(shelf->records[at].name, key) != NULL)
            shelf->records[at].version = 0; /* somebody removed it */
    OK(slk_locker_mark_force_save(locker));
    slk_event lost = wait_for_event(engine, SLK_EVENT_LOST);
    CHECK(lost.detail == SLK_LOSS_ERASED);
    OK(slk_document_destroy(lost.document));
}

/* The value of a sample, whose beginning is given up to the value. */
static double sample(const char *text, const char *series)
{
    const char *at = text;
    size_t length = strlen(series);
    while ((at = strstr(at, series)) != NULL && (at[length] != ' ' || (at != text && at[-1] != '\n')))
        at++;
    if (at == NULL) {
        fprintf(stderr, "no %s in\n%s", series, text);
        exit(1);
    }
    return atof(at + length);
}

static void the_numbers(slk_engine engine)
{
    slk_metrics metrics;
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_engine_get_metrics(engine, NULL, sizeof metrics));
    EXPECT(SLK_E_STRUCT_SIZE, slk_engine_get_metrics(engine, &metrics, 3));
    EXPECT(SLK_E_INVALID_HANDLE, slk_engine_get_metrics((slk_engine){ 0 }, &metrics, sizeof metrics));
    OK(slk_engine_get_metrics(engine, &metrics, sizeof metrics));
    CHECK(metrics.sessions_acquired == 1 && metrics.lost_erased == 1 && metrics.lost_taken == 0);
    CHECK(metrics.receipts_granted == 1 && metrics.receipts_not_processed == 1 && metrics.callbacks_failed == 1);
    CHECK(metrics.errors_store >= 1 && metrics.errors_request == 0 && metrics.errors_unknown == 0);
    CHECK(metrics.conflicts == 1 && metrics.saves == 2 && metrics.saves_timed == 2);
    CHECK(metrics.requests_timed == metrics.requests_ok + metrics.conflicts + metrics.errors_store);
    CHECK(metrics.requests_sent == metrics.requests_timed + metrics.requests_in_flight);
    CHECK(metrics.lockers_idle == 1 && metrics.lockers_held == 0 && metrics.held_seconds > 0);
    CHECK(metrics.requests_per_player_hour > 0);

    /* A program that was compiled when the struct was shorter, and one that was compiled when it was longer. */
    uint64_t first[2] = { 0, 77 }, longer[sizeof metrics / 8 + 1];
    OK(slk_engine_get_metrics(engine, (slk_metrics *)(void *)first, sizeof first[0]));
    CHECK(first[0] == 1 && first[1] == 77);
    memset(longer, 0xff, sizeof longer);
    OK(slk_engine_get_metrics(engine, (slk_metrics *)(void *)longer, sizeof longer));
    CHECK(longer[0] == 1 && longer[sizeof metrics / 8] == 0);

    size_t needed, again;
    OK(slk_engine_metrics_text(engine, NULL, 0, &needed));
    static char text[40000];
    CHECK(needed > 1000 && needed < sizeof text);
    EXPECT(SLK_E_BUFFER_TOO_SMALL, slk_engine_metrics_text(engine, text, needed, &again));
    EXPECT(SLK_E_INVALID_HANDLE, slk_engine_metrics_text((slk_engine){ 0 }, text, sizeof text, NULL));
    OK(slk_engine_metrics_text(engine, text, sizeof text, &again));
    CHECK(again == needed && strlen(text) == needed && strstr(text, key) == NULL);
    const char *of_store = "{server=\"eu-1\",store=\"shelf\"}";
    const char *of_spec = "{server=\"eu-1\",store=\"shelf\",spec=\"player\"}";
    char series[200];
    snprintf(series, sizeof series, "sessionlocker_conflicts_total%s", of_store);
    CHECK((uint64_t)sample(text, series) == metrics.conflicts);
    snprintf(series, sizeof series, "sessionlocker_saves_total%s", of_spec);
    CHECK((uint64_t)sample(text, series) == metrics.saves);
    snprintf(series, sizeof series, "sessionlocker_save_seconds_count%s", of_spec);
    CHECK((uint64_t)sample(text, series) == metrics.saves_timed);
}

static void a_log(int32_t mask_ids, int with_lines)
{
    static struct journal journal;
    memset(&journal, 0, sizeof journal);
    struct switch_store shelf = { 0 };
    slk_store store = open_switch_store(&shelf);
    slk_engine engine = logging_engine(&journal, mask_ids, with_lines);
    slk_locker locker = locker_with_purchases(engine, store);
    live(engine, locker, &shelf);
    the_numbers(engine);
    end_engine(engine);
    OK(slk_store_destroy(store));
    empty_switch_store(&shelf);

    CHECK(journal.lines == (with_lines ? journal.records : 0) && journal.records > 10);
    CHECK(journal.kinds[SLK_LOG_KIND_STORE] > 0 && journal.kinds[SLK_LOG_KIND_LOCKER] > 0);
    CHECK(journal.kinds[SLK_LOG_KIND_PURCHASE] == 2 && journal.kinds[SLK_LOG_KIND_CALLBACK] == 1);
    CHECK(journal.causes[SLK_CAUSE_STORE] > 0 && journal.causes[SLK_CAUSE_REQUEST] == 1 && journal.last_epoch == 1);
    CHECK((journal.masked_keys > 0) == (mask_ids == 1));
    CHECK((strstr(journal.text, key) == NULL) == (mask_ids == 1));
    CHECK((strstr(journal.text, purchase) == NULL) == (mask_ids == 1));
}

int main(void)
{
    a_log(0, 1);
    a_log(1, 1);
    a_log(1, 0);
    return 0;
}
