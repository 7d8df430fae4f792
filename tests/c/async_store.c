/* The life of requests to an asynchronous store: past a time-out, past the engine's end, past the store's handle. */
#include "harness.h"

#define MAX_REQUESTS 64

struct host {
    slk_request requests[MAX_REQUESTS];
    const slk_request_view *views[MAX_REQUESTS];
    int count, cancelled, destroyed;
    int abandon_on_cancel;
};

static void take(void *user_data, slk_request request, const slk_request_view *view)
{
    struct host *host = user_data;
    CHECK(host->destroyed == 0);
    if (host->count == MAX_REQUESTS) {
        OK(slk_request_complete_failed(request, SLK_E_NOT_APPLIED, "the test has seen enough"));
        return;
    }
    host->requests[host->count] = request;
    host->views[host->count++] = view;
}

static void cancel(void *user_data, slk_request request)
{
    struct host *host = user_data;
    host->cancelled++;
    EXPECT(SLK_E_REENTRANT, slk_store_destroy((slk_store){ 0 }));
    if (host->abandon_on_cancel)
        OK(slk_request_abandon(request));
}

static void destroy(void *user_data)
{
    ((struct host *)user_data)->destroyed++;
}

static slk_store open_store(struct host *host, int with_cancel)
{
    slk_store_callbacks callbacks = SLK_STORE_CALLBACKS_INIT;
    callbacks.user_data = host;
    callbacks.get = callbacks.put = callbacks.remove = take;
    callbacks.cancel = with_cancel ? cancel : NULL;
    callbacks.destroy = destroy;
    slk_store store;
    OK(slk_store_create(&callbacks, &store));
    return store;
}

static slk_result no_version_missing(slk_request request)
{
    return slk_request_complete_missing(request);
}

/* Ticks until the store has so many requests. */
static void collect(slk_engine engine, struct host *host, int count)
{
    for (int tick = 0; tick < 1000 && host->count < count; tick++) {
        OK(slk_engine_update(engine, 0));
        pass_ms(10);
    }
    CHECK(host->count >= count);
}

/* The memory of a request is readable as long as the request lives. */
static void read_view(const slk_request_view *view)
{
    CHECK(view->struct_size == sizeof *view && strlen(view->key) == view->key_length);
    unsigned sum = 0;
    for (size_t at = 0; at < view->value_length; at++)
        sum += ((const unsigned char *)view->value)[at];
    CHECK(view->kind != SLK_REQUEST_PUT || sum > 0);
}

static void answered_after_the_end(int with_cancel, int abandon)
{
    struct host host = { .abandon_on_cancel = abandon };
    slk_store store = open_store(&host, with_cancel);
    slk_engine engine = new_engine("eu-1");
    slk_spec spec = new_spec(engine, store);
    for (int at = 0; at < 3; at++) {
        char key[8];
        CHECK(snprintf(key, sizeof key, "%d", at) > 0);
        OK(slk_locker_mark_should_acquire(new_locker(spec, key, 1), NULL));
    }
    collect(engine, &host, 1);
    OK(slk_store_destroy(store));
    CHECK(host.destroyed == 0);
    OK(slk_engine_destroy(engine));
    CHECK(host.cancelled == (with_cancel ? host.count : 0));
    if (abandon) {
        for (int at = 0; at < host.count; at++)
            EXPECT(SLK_E_INVALID_HANDLE, slk_request_abandon(host.requests[at]));
    } else {
        for (int at = 0; at < host.count; at++) {
            CHECK(host.destroyed == 0);
            read_view(host.views[at]);
            if (host.views[at]->kind == SLK_REQUEST_GET)
                EXPECT(SLK_E_LATE, no_version_missing(host.requests[at]));
            else if (at % 2 == 0)
                EXPECT(SLK_E_LATE, slk_request_complete_failed(host.requests[at], SLK_E_NOT_APPLIED, NULL));
            else
                OK(slk_request_abandon(host.requests[at]));
            EXPECT(SLK_E_INVALID_HANDLE, slk_request_abandon(host.requests[at]));
        }
    }
    CHECK(host.destroyed == 1);
}

/* The handle of a store may go first; the engine goes on with it. */
static void store_handle_goes_first(void)
{
    struct host host = { 0 };
    slk_store store = open_store(&host, 1);
    slk_engine engine = new_engine("eu-1");
    (void)new_spec(engine, store);
    OK(slk_store_destroy(store));
    slk_spec_options options = SLK_SPEC_OPTIONS_INIT;
    options.name = "other";
    options.store = store;
    slk_spec spec;
    EXPECT(SLK_E_INVALID_HANDLE, slk_spec_create(engine, &options, &spec));
    collect(engine, &host, 1);
    CHECK(host.views[0]->key_kind == SLK_KEY_SERVER && strcmp(host.views[0]->key, "eu-1") == 0);
    OK(slk_request_complete_failed(host.requests[0], SLK_E_NOT_APPLIED, "not today"));
    slk_event event = wait_for_event(engine, SLK_EVENT_STORE_TROUBLE);
    CHECK(strstr(event.text, "not today") != NULL && strcmp(event.name, "callbacks") == 0);
    host.abandon_on_cancel = 1;
    OK(slk_engine_destroy(engine));
    CHECK(host.destroyed == 1);
}

/* A store that nobody ever used, and one that two engines use. */
static void users_of_a_store(void)
{
    struct host unused = { 0 };
    OK(slk_store_destroy(open_store(&unused, 0)));
    CHECK(unused.destroyed == 1 && unused.count == 0);

    struct host host = { .abandon_on_cancel = 1 };
    slk_store store = open_store(&host, 1);
    slk_engine first = new_engine("eu-1"), second = new_engine("eu-2");
    (void)new_spec(first, store);
    (void)new_spec(second, store);
    OK(slk_engine_destroy(first));
    OK(slk_store_destroy(store));
    CHECK(host.destroyed == 0);
    OK(slk_engine_destroy(second));
    CHECK(host.destroyed == 1);
}

/* A request that takes too long is given up while the engine lives; the session goes on when the store does. */
static void timed_out(void)
{
    struct host host = { .abandon_on_cancel = 1 };
    slk_store store = open_store(&host, 1);
    slk_engine engine = new_engine("eu-1");
    slk_spec spec = new_spec(engine, store);
    OK(slk_locker_mark_should_acquire(new_locker(spec, "42", 1), NULL));
    collect(engine, &host, 1);
    int before = host.count;
    pass_ms(40000);
    OK(slk_engine_update(engine, 0));
    CHECK(host.cancelled == before);
    collect(engine, &host, before + 1);
    OK(slk_engine_destroy(engine));
    OK(slk_store_destroy(store));
    CHECK(host.destroyed == 1);
}

/* What is no record is told, and left as it is. */
static void unreadable_records(void)
{
    static const char *const values[] = { "", "garbage", "null", "{\"gold\":1}", "{\"$slk\":{\"format\":1},\"data\":{}}", "\xff\xfe" };
    for (size_t at = 0; at < sizeof values / sizeof values[0]; at++) {
        struct host host = { .abandon_on_cancel = 1 };
        slk_store store = open_store(&host, 1);
        slk_engine engine = new_engine("eu-1");
        slk_locker locker = new_locker(new_spec(engine, store), "42", 1);
        OK(slk_locker_mark_should_acquire(locker, NULL));
        int told = 0, done = 0;
        for (int tick = 0; tick < 500; tick++) {
            slk_event event;
            OK(slk_engine_update(engine, 0));
            while (slk_engine_next_event(engine, &event, sizeof event) == SLK_OK) {
                CHECK(event.kind != SLK_EVENT_LOADED);
                told |= event.kind == SLK_EVENT_LOAD_STATUS && event.detail == SLK_LOAD_UNREADABLE && event.text_length > 0;
            }
            for (; done < host.count; done++) {
                const slk_request_view *view = host.views[done];
                if (view->key_kind == SLK_KEY_RECORD) {
                    CHECK(view->kind == SLK_REQUEST_GET); /* nothing is ever written */
                    OK(slk_request_complete_found(host.requests[done], values[at], strlen(values[at]), "v1", 2));
                } else if (view->kind == SLK_REQUEST_PUT) {
                    OK(slk_request_complete_written(host.requests[done], "v1", 2));
                } else {
                    OK(slk_request_complete_missing(host.requests[done]));
                }
            }
            if (done == MAX_REQUESTS)
                break;
            pass_ms(10);
        }
        slk_locker_status status;
        OK(slk_locker_get_status(locker, &status, sizeof status));
        CHECK(told && status.load == SLK_LOAD_UNREADABLE);
        OK(slk_engine_destroy(engine));
        OK(slk_store_destroy(store));
        CHECK(host.destroyed == 1);
    }
}

int main(void)
{
    answered_after_the_end(0, 0);
    answered_after_the_end(1, 0);
    answered_after_the_end(1, 1);
    store_handle_goes_first();
    users_of_a_store();
    timed_out();
    unreadable_records();
    return 0;
}
