/*
 * What is counted, one thing at a time, through the header of C:
 *
 *     play NAME TIMES LOCKERS
 *
 * Loads LOCKERS lockers of about 1 KB of JSON on the memory store, and then does what NAME says TIMES times. Two runs with
 * different TIMES differ by that alone. Time is the program's own, so that equal runs do equal work.
 */
#include "../../tests/c/harness.h"

static slk_engine engine;
static slk_spec spec;
static slk_locker *lockers;
static unsigned locker_count;

static void drop_events(void)
{
    slk_event event;
    while (slk_engine_next_event(engine, &event, sizeof event) == SLK_OK)
        OK(slk_document_destroy(event.document));
}

static void tick(void)
{
    slk_result result = slk_engine_update(engine, 0);
    CHECK(result >= SLK_OK);
}

/* Until nothing is on its way any more: the memory store answers within a tick. */
static void settle(void)
{
    for (int round = 0; round < 3; round++) {
        tick();
        drop_events();
    }
    pass_ms(1);
}

static slk_result give_gold(void *user_data, const slk_receipt_view *receipt, slk_document draft, slk_error_sink error)
{
    (void)user_data;
    (void)receipt;
    (void)error;
    OK(slk_document_add_i64(draft, "/gold", 100));
    return SLK_OK;
}

static void load_all(void)
{
    lockers = calloc(locker_count, sizeof *lockers);
    CHECK(lockers != NULL);
    for (unsigned at = 0; at < locker_count; at++) {
        char key[32];
        snprintf(key, sizeof key, "player-%u", at);
        lockers[at] = new_locker(spec, key, at);
        OK(slk_locker_mark_should_acquire(lockers[at], NULL));
    }
    for (unsigned at = 0; at < locker_count; at++)
        while (slk_locker_is_loaded(lockers[at]) == 0)
            settle();
    for (int round = 0; round < 100; round++)
        settle();
}

static void set_up(void)
{
    /* 1 KB of JSON, as a small game keeps it. */
    static char data[2048];
    size_t length = (size_t)snprintf(data, sizeof data, "{\"gold\":0,\"level\":7,\"items\":[");
    for (int at = 0; at < 22; at++)
        length += (size_t)snprintf(data + length, sizeof data - length, "%s{\"name\":\"item-%02d\",\"count\":%d,\"worn\":false}",
                                   at == 0 ? "" : ",", at, at * 37);
    snprintf(data + length, sizeof data - length, "]}");
    slk_store store;
    slk_spec_options options = SLK_SPEC_OPTIONS_INIT;
    OK(slk_store_open_memory(&store));
    engine = new_engine("eu-1");
    options.name = "player";
    options.store = store;
    options.default_data = data;
    options.apply_receipt = give_gold;
    options.autosave_ms = 3600000; /* nothing is counted that was not asked for */
    OK(slk_spec_create(engine, &options, &spec));
    load_all();
}

/* What is counted */

static void ask_whether_available(unsigned times)
{
    for (unsigned time = 0; time < times; time++)
        CHECK(slk_locker_is_available(lockers[0]) == 1);
}

static void read_a_number(unsigned times)
{
    int64_t gold;
    for (unsigned time = 0; time < times; time++)
        OK(slk_locker_get_i64(lockers[0], "/gold", &gold));
}

static void add(unsigned times)
{
    for (unsigned time = 0; time < times; time++)
        OK(slk_locker_add_i64(lockers[0], "/gold", 1, NULL));
}

static void tick_idle(unsigned times)
{
    for (unsigned time = 0; time < times; time++)
        tick();
}

/* All lockers at once, `times` in all. */
static void save(unsigned times)
{
    for (unsigned done = 0; done < times; done += locker_count) {
        for (unsigned at = 0; at < locker_count; at++) {
            OK(slk_locker_add_i64(lockers[at], "/gold", 1, NULL));
            OK(slk_locker_mark_force_save(lockers[at]));
        }
        settle();
    }
}

static void buy(unsigned times)
{
    for (unsigned time = 0; time < times; time++) {
        char id[32];
        slk_receipt receipt = SLK_RECEIPT_INIT;
        snprintf(id, sizeof id, "GPA.0000-%08u", time);
        receipt.provider = "steam";
        receipt.environment = "production";
        receipt.purchase_id = id;
        receipt.product = "gold-100";
        OK(slk_locker_process_receipt(lockers[0], &receipt));
        settle();
    }
}

/* Leave, come again, earn, save. */
static void play_sessions(unsigned times)
{
    for (unsigned time = 0; time < times; time++) {
        OK(slk_locker_mark_should_release(lockers[0], NULL));
        settle();
        CHECK(slk_locker_is_loaded(lockers[0]) == 0);
        OK(slk_locker_mark_should_acquire(lockers[0], NULL));
        settle();
        OK(slk_locker_add_i64(lockers[0], "/gold", 1, NULL));
        OK(slk_locker_mark_force_save(lockers[0]));
        settle();
    }
}

int main(int count, char **arguments)
{
    static const struct {
        const char *name;
        void (*play)(unsigned times);
    } SCENES[] = {
        { "is_available", ask_whether_available },
        { "get_i64", read_a_number },
        { "add_i64", add },
        { "idle_tick", tick_idle },
        { "save", save },
        { "receipt", buy },
        { "session", play_sessions },
    };
    if (count != 4)
        return 2;
    locker_count = (unsigned)strtoul(arguments[3], NULL, 10);
    for (unsigned at = 0; at < sizeof SCENES / sizeof SCENES[0]; at++)
        if (strcmp(SCENES[at].name, arguments[1]) == 0) {
            set_up();
            SCENES[at].play((unsigned)strtoul(arguments[2], NULL, 10));
            return 0;
        }
    return 2;
}
