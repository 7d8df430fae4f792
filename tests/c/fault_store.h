/*
 * A store in the memory of the test, behind the callbacks of the library, that goes wrong where it is told to.
 *
 * The n-th call of one kind suffers one fault, all others are served at once. What the library must make of each fault
 * is checked right here: a completion that comes late or twice, or makes no sense, is an error result and nothing more.
 */
#ifndef FAULT_STORE_H
#define FAULT_STORE_H

#include "harness.h"

#include <pthread.h>

enum fault {
    NONE,
    FAIL_NOT_APPLIED,     /* not carried out, and said so */
    FAIL_UNKNOWN,         /* not carried out, but that is not known */
    FAIL_ODD,             /* not carried out, and answered with a result that is none */
    LOSE_REPLY,           /* carried out, but that is not known */
    DELAY,                /* carried out and answered some ticks later */
    LATE,                 /* carried out at once, answered after the library has given up */
    LATE_EFFECT,          /* carried out and answered after the library has given up */
    TWICE,                /* answered a second time */
    NEVER,                /* carried out, never answered, abandoned when asked to cancel */
    ABANDON,              /* carried out, and abandoned inside the callback */
    OTHER_THREAD,         /* carried out and answered by another thread */
    NO_VERSION,           /* answered with a version of no bytes, or NULL, or too long */
    WRONG_ANSWER,         /* answered with what is no answer to this request */
    NO_BYTES,             /* found, but NULL with a length */
    FAULTS
};

static const char *const fault_names[FAULTS] = {
    "none", "fail: not applied", "fail: unknown", "fail: odd result", "lose reply", "delay", "late", "late effect", "twice",
    "never", "abandon", "other thread", "no version", "wrong answer", "no bytes",
};

#define MAX_RECORDS 8
#define MAX_HELD 16

struct record {
    char key[64];
    char *value;
    size_t length;
    uint64_t version;
};

/* A request that is not answered yet. */
struct held {
    slk_request request;
    const slk_request_view *view;
    uint64_t due;     /* in virtual time */
    int carried_out;
    enum fault fault;
    int outcome;      /* of compare-and-set */
};

struct fault_store {
    pthread_mutex_t lock;
    struct record records[MAX_RECORDS];
    uint64_t last_version;
    struct held held[MAX_HELD];
    int held_count;
    /* The fault, and when: the n-th call of this kind. */
    enum fault fault;
    int32_t kind;
    int nth;
    int calls;
    /* What happened. */
    int injected, cancelled, late, destroyed;
};

enum { DONE, MISSED };

static struct record *find_record(struct fault_store *store, const slk_request_view *view)
{
    char name[64];
    CHECK(view->struct_size == sizeof *view);
    CHECK(strlen(view->key) == view->key_length && strlen(view->spec) == view->spec_length);
    CHECK((view->key_kind == SLK_KEY_SERVER) == (view->spec_length == 0));
    CHECK(snprintf(name, sizeof name, "%s/%s", view->spec, view->key) < (int)sizeof name);
    for (int at = 0; at < MAX_RECORDS; at++) {
        struct record *record = &store->records[at];
        if (record->key[0] == '\0')
            strcpy(record->key, name);
        if (strcmp(record->key, name) == 0)
            return record;
    }
    CHECK(!"too many records");
    return NULL;
}

/* Whether the key is as the request expects; the version is the number, as text. */
static int as_expected(const struct record *record, const slk_request_view *view)
{
    char version[32];
    if (view->version == NULL || record->value == NULL)
        return view->version == NULL && record->value == NULL;
    int length = snprintf(version, sizeof version, "%llu", (unsigned long long)record->version);
    return view->version_length == (size_t)length && memcmp(view->version, version, view->version_length) == 0;
}

static int carry_out(struct fault_store *store, const slk_request_view *view)
{
    struct record *record = find_record(store, view);
    if (view->kind == SLK_REQUEST_GET)
        return DONE;
    if (!as_expected(record, view))
        return MISSED;
    free(record->value);
    record->value = NULL;
    if (view->kind == SLK_REQUEST_PUT) {
        CHECK(view->value != NULL && view->value_length > 0);
        record->value = malloc(view->value_length);
        CHECK(record->value != NULL);
        memcpy(record->value, view->value, view->value_length);
        record->length = view->value_length;
        record->version = ++store->last_version;
    }
    return DONE;
}

/* Answers truly. The memory of the answer is overwritten at once: the library must have copied it. */
static slk_result answer(struct fault_store *store, slk_request request, const slk_request_view *view, int outcome)
{
    struct record *record = find_record(store, view);
    char version[32];
    int length = snprintf(version, sizeof version, "%llu", (unsigned long long)record->version);
    slk_result result;
    if (outcome == MISSED)
        return slk_request_complete_conflict(request);
    switch (view->kind) {
    case SLK_REQUEST_GET:
        if (record->value == NULL)
            return slk_request_complete_missing(request);
        char *copy = malloc(record->length);
        CHECK(copy != NULL);
        memcpy(copy, record->value, record->length);
        result = slk_request_complete_found(request, copy, record->length, version, (size_t)length);
        memset(copy, 'x', record->length);
        free(copy);
        break;
    case SLK_REQUEST_PUT:
        result = slk_request_complete_written(request, version, (size_t)length);
        break;
    default:
        result = slk_request_complete_removed(request);
    }
    memset(version, 'x', sizeof version);
    return result;
}

static void hold(struct fault_store *store, struct held held)
{
    CHECK(store->held_count < MAX_HELD);
    store->held[store->held_count++] = held;
}

struct errand {
    struct fault_store *store;
    slk_request request;
    const slk_request_view *view;
    int outcome;
};

static void *answer_elsewhere(void *user_data)
{
    struct errand *errand = user_data;
    OK(answer(errand->store, errand->request, errand->view, errand->outcome));
    return NULL;
}

static void answer_by_other_thread(struct fault_store *store, slk_request request, const slk_request_view *view,
                                   int outcome)
{
    struct errand errand = { store, request, view, outcome };
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, answer_elsewhere, &errand) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
}

/* Answers with what makes no sense; each is an error result, and the request is over. */
static void answer_nonsense(enum fault fault, slk_request request, const slk_request_view *view)
{
    static char long_version[SLK_MAX_VERSION_BYTES + 1];
    int is_get = view->kind == SLK_REQUEST_GET, is_put = view->kind == SLK_REQUEST_PUT;
    if (fault == FAIL_ODD) {
        EXPECT(SLK_E_INVALID_ARGUMENT, slk_request_complete_failed(request, 4711, "odd"));
    } else if (fault == NO_BYTES && is_get) {
        EXPECT(SLK_E_INVALID_ARGUMENT, slk_request_complete_found(request, NULL, 10, "1", 1));
    } else if (fault == NO_VERSION && is_get) {
        EXPECT(SLK_E_INVALID_ARGUMENT, slk_request_complete_found(request, "{}", 2, "", 0));
    } else if (fault == NO_VERSION && is_put) {
        EXPECT(SLK_E_INVALID_ARGUMENT, slk_request_complete_written(request, long_version, sizeof long_version));
    } else if (is_get) {
        EXPECT(SLK_E_INVALID_ARGUMENT, slk_request_complete_conflict(request));
        CHECK(says("no answer to a get"));
    } else if (is_put) {
        EXPECT(SLK_E_INVALID_ARGUMENT, slk_request_complete_found(request, "{}", 2, "1", 1));
    } else {
        EXPECT(SLK_E_INVALID_ARGUMENT, slk_request_complete_written(request, "1", 1));
    }
    EXPECT(SLK_E_INVALID_HANDLE, slk_request_complete_conflict(request));
}

static enum fault fault_of_call(struct fault_store *store, const slk_request_view *view)
{
    if (view->kind != store->kind || ++store->calls != store->nth)
        return NONE;
    store->injected++;
    return store->fault;
}

/* Faults that leave the answer for later, as asynchronous stores can. */
static int answer_later(struct fault_store *store, enum fault fault, slk_request request, const slk_request_view *view)
{
    struct held held = { request, view, virtual_time + 100000000u, 1, fault, DONE };
    if (fault == LATE || fault == LATE_EFFECT)
        held.due = virtual_time + 5000000000u;
    else if (fault == NEVER)
        held.due = UINT64_MAX;
    else if (fault != DELAY)
        return 0;
    if (fault == LATE_EFFECT)
        held.carried_out = 0;
    else
        held.outcome = carry_out(store, view);
    hold(store, held);
    return 1;
}

static void answer_now(struct fault_store *store, enum fault fault, slk_request request, const slk_request_view *view)
{
    switch (fault) {
    case FAIL_NOT_APPLIED:
        OK(slk_request_complete_failed(request, SLK_E_NOT_APPLIED, "injected: not applied"));
        break;
    case FAIL_UNKNOWN:
        OK(slk_request_complete_failed(request, SLK_E_UNKNOWN_OUTCOME, NULL));
        break;
    case LOSE_REPLY:
        (void)carry_out(store, view);
        OK(slk_request_complete_failed(request, SLK_E_UNKNOWN_OUTCOME, "injected: reply lost"));
        break;
    case ABANDON:
        (void)carry_out(store, view);
        OK(slk_request_abandon(request));
        EXPECT(SLK_E_INVALID_HANDLE, slk_request_abandon(request));
        break;
    case TWICE:
        OK(answer(store, request, view, carry_out(store, view)));
        EXPECT(SLK_E_INVALID_HANDLE, answer(store, request, view, DONE));
        break;
    case OTHER_THREAD:
        answer_by_other_thread(store, request, view, carry_out(store, view));
        break;
    case FAIL_ODD:
    case NO_VERSION:
    case WRONG_ANSWER:
    case NO_BYTES:
        answer_nonsense(fault, request, view);
        break;
    default:
        OK(answer(store, request, view, carry_out(store, view)));
    }
}

static void serve(void *user_data, slk_request request, const slk_request_view *view)
{
    struct fault_store *store = user_data;
    CHECK(pthread_mutex_lock(&store->lock) == 0);
    CHECK(!store->destroyed);
    enum fault fault = fault_of_call(store, view);
    if (!answer_later(store, fault, request, view))
        answer_now(store, fault, request, view);
    CHECK(pthread_mutex_unlock(&store->lock) == 0);
}

/* For blocking stores, whose calls cannot be answered later: returns without an answer instead. */
static void serve_blocking(void *user_data, slk_request request, const slk_request_view *view)
{
    struct fault_store *store = user_data;
    CHECK(pthread_mutex_lock(&store->lock) == 0);
    CHECK(!store->destroyed);
    enum fault fault = fault_of_call(store, view);
    if (fault == NEVER || fault == LATE || fault == LATE_EFFECT)
        (void)carry_out(store, view);
    else
        answer_now(store, fault, request, view);
    CHECK(pthread_mutex_unlock(&store->lock) == 0);
}

static void cancel(void *user_data, slk_request request)
{
    struct fault_store *store = user_data;
    store->cancelled++;
    for (int at = 0; at < store->held_count; at++) {
        if (store->held[at].request.id == request.id && store->held[at].fault == NEVER) {
            OK(slk_request_abandon(request));
            store->held[at] = store->held[--store->held_count];
            return;
        }
    }
}

static void destroy_store(void *user_data)
{
    struct fault_store *store = user_data;
    store->destroyed++;
}

/* Answers what is due; what the library has given up by then must be told to be late. */
static inline void answer_held(struct fault_store *store)
{
    for (int at = 0; at < store->held_count; at++) {
        struct held held = store->held[at];
        if (held.due > virtual_time)
            continue;
        store->held[at--] = store->held[--store->held_count];
        if (!held.carried_out)
            held.outcome = carry_out(store, held.view);
        slk_result result = answer(store, held.request, held.view, held.outcome);
        if (held.fault == DELAY) {
            OK(result);
        } else {
            EXPECT(SLK_E_LATE, result);
            store->late++;
        }
    }
}

static inline slk_store open_fault_store(struct fault_store *store, int32_t mode)
{
    slk_store_callbacks callbacks = SLK_STORE_CALLBACKS_INIT;
    callbacks.mode = mode;
    callbacks.name = "faulty";
    callbacks.user_data = store;
    callbacks.get = callbacks.put = callbacks.remove = mode == SLK_STORE_ASYNCHRONOUS ? serve : serve_blocking;
    callbacks.cancel = cancel;
    callbacks.destroy = destroy_store;
    slk_store handle;
    OK(slk_store_create(&callbacks, &handle));
    return handle;
}

static void free_fault_store(struct fault_store *store)
{
    for (int at = 0; at < MAX_RECORDS; at++)
        free(store->records[at].value);
    CHECK(pthread_mutex_destroy(&store->lock) == 0);
}

#endif
