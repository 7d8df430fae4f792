/* A store of callbacks: it works, except where it fails, answers nonsense, gives up, or leaves the answer to others. */
#ifndef MISUSE_HOST_STORE_H
#define MISUSE_HOST_STORE_H

#include "owner.h"

static slk_result any_failure(void)
{
    static const slk_result failures[] = { SLK_E_NOT_APPLIED, SLK_E_UNKNOWN_OUTCOME, SLK_E_TOO_LONG,
                                           SLK_E_UNSUPPORTED, SLK_E_INVALID_ARGUMENT };
    return odd(3) ? any_i32(30) : failures[below(sizeof failures / sizeof failures[0])];
}

/* The last use of a request. */
static slk_result answered(slk_request request, slk_result result)
{
    if (result != SLK_E_INVALID_HANDLE)
        bury(request.id);
    return result;
}

static char *name_of(const slk_request_view *view)
{
    size_t size = view->spec_length + view->key_length + 3;
    char *name = malloc(size);
    HOLDS(name != NULL);
    HOLDS(snprintf(name, size, "%c%s\n%s", view->key_kind == SLK_KEY_SERVER ? 's' : 'r', view->spec, view->key) > 0);
    return name;
}

static struct record **find_record(const struct owner *owner, const char *name)
{
    struct record **at = (struct record **)&owner->records;
    while (*at != NULL && strcmp((*at)->name, name) < 0)
        at = &(*at)->next;
    return at;
}

static int is_there(struct record *const *at, const char *name)
{
    return *at != NULL && strcmp((*at)->name, name) == 0;
}

static int is_as_expected(struct record *const *at, const char *name, const slk_request_view *view)
{
    if (!is_there(at, name))
        return view->version == NULL;
    return view->version_length == sizeof(uint64_t) && memcmp(view->version, &(*at)->version, sizeof(uint64_t)) == 0;
}

/* What is to be answered: worked out under the store's lock, and told without, since that may be the store's end. */
struct reply {
    enum { FOUND, MISSING, WRITTEN, REMOVED, CONFLICTING, KEYS } what;
    struct span value;
    uint64_t version;
    const char *names[8];
    size_t count;
    int32_t more;
};

static const void *copy_of(const void *bytes, size_t length)
{
    void *copy = lend(length, LOAN_IN);
    if (length != 0)
        memcpy(copy, bytes, length);
    return copy;
}

static struct reply get_record(const struct owner *owner, const char *name)
{
    struct record *const *at = find_record(owner, name);
    if (!is_there(at, name))
        return (struct reply){ .what = MISSING };
    struct span value = { copy_of((*at)->value, (*at)->length), (*at)->length };
    return (struct reply){ .what = FOUND, .value = value, .version = (*at)->version };
}

static struct record *new_record(const char *name, const slk_request_view *view, uint64_t version)
{
    struct record *record = calloc(1, sizeof *record);
    HOLDS(record != NULL);
    record->name = malloc(strlen(name) + 1);
    record->value = malloc(view->value_length + 1);
    HOLDS(record->name != NULL && record->value != NULL);
    strcpy(record->name, name);
    if (view->value_length != 0)
        memcpy(record->value, view->value, view->value_length);
    record->length = view->value_length;
    record->version = version;
    return record;
}

static struct reply put_record(struct owner *owner, const slk_request_view *view, const char *name)
{
    struct record **at = find_record(owner, name);
    if (!is_as_expected(at, name, view))
        return (struct reply){ .what = CONFLICTING };
    struct record *record = new_record(name, view, ++owner->versions);
    record->next = *at;
    if (is_there(at, name)) {
        record->next = (*at)->next;
        free_record(*at);
    }
    *at = record;
    return (struct reply){ .what = WRITTEN, .version = record->version };
}

static struct reply remove_record(struct owner *owner, const slk_request_view *view, const char *name)
{
    struct record **at = find_record(owner, name);
    if (!is_there(at, name) || !is_as_expected(at, name, view))
        return (struct reply){ .what = CONFLICTING };
    struct record *gone = *at;
    *at = gone->next;
    free_record(gone);
    return (struct reply){ .what = REMOVED };
}

static struct reply list_records(const struct owner *owner, const slk_request_view *view, const char *name)
{
    struct reply reply = { .what = KEYS };
    size_t prefix = strlen(name) - view->key_length;
    const struct record *record = owner->records;
    for (; record != NULL && reply.count < 8 && reply.count < view->limit; record = record->next)
        if (strncmp(record->name, name, prefix) == 0 && strcmp(record->name, name) > 0)
            reply.names[reply.count++] = copy_of(record->name + prefix, strlen(record->name + prefix) + 1);
    reply.more = record != NULL && reply.count > 0;
    return reply;
}

static struct reply carry_out(struct owner *owner, const slk_request_view *view, const char *name)
{
    switch (view->kind) {
    case SLK_REQUEST_GET:
        return get_record(owner, name);
    case SLK_REQUEST_PUT:
        return put_record(owner, view, name);
    case SLK_REQUEST_REMOVE:
        return remove_record(owner, view, name);
    default:
        HOLDS(view->kind == SLK_REQUEST_LIST);
        return list_records(owner, view, name);
    }
}

static slk_result tell(slk_request request, const struct reply *reply)
{
    switch (reply->what) {
    case FOUND:
        return slk_request_complete_found(request, reply->value.at, reply->value.length, &reply->version,
                                          sizeof reply->version);
    case MISSING:
        return slk_request_complete_missing(request);
    case WRITTEN:
        return slk_request_complete_written(request, &reply->version, sizeof reply->version);
    case REMOVED:
        return slk_request_complete_removed(request);
    case CONFLICTING:
        return slk_request_complete_conflict(request);
    default:
        return slk_request_complete_keys(request, reply->names, reply->count, reply->more);
    }
}

static void look_at_request(const slk_request_view *view)
{
    int is_put = view->kind == SLK_REQUEST_PUT;
    HOLDS(view->struct_size >= sizeof *view);
    HOLDS(is_put || (view->flags == 0 && view->header_length == 0 && view->announce == NULL));
    HOLDS((view->flags | SLK_REQUEST_DATA_UNCHANGED) == SLK_REQUEST_DATA_UNCHANGED);
    HOLDS(view->header_length <= view->value_length && (view->announce == NULL) == (view->announce_length == 0));
    if (view->announce != NULL)
        look_at(view->announce, view->announce_length);
    look_at(view->spec, view->spec_length);
    look_at(view->key, view->key_length);
    HOLDS((view->version == NULL) == (view->version_length == 0) && view->version_length <= SLK_MAX_VERSION_BYTES);
    HOLDS(is_put == (view->value != NULL));
}

static slk_result answer_as_asked(struct owner *owner, slk_request request, const slk_request_view *view)
{
    char *name = name_of(view);
    unsigned loans = me.loan_count;
    HOLDS(pthread_mutex_lock(&owner->lock) == 0);
    struct reply reply = carry_out(owner, view, name);
    HOLDS(pthread_mutex_unlock(&owner->lock) == 0);
    slk_result result = answered(request, tell(request, &reply));
    end_loans(loans);
    free(name);
    return result;
}

static void store_asked(void *user_data, slk_request request, const slk_request_view *view)
{
    struct owner *owner = enter_callback(user_data);
    look_at_request(view);
    remember(SLK_OBJECT_REQUEST, request.id, 0);
    mark_asks(request.id, view->kind);
    meddle(12);
    slk_result result = SLK_OK;
    int is_rare = view->kind == SLK_REQUEST_REMOVE || view->kind == SLK_REQUEST_LIST;
    if (me.answer_now || !one_in(is_rare ? 2 : 8))
        result = answer_as_asked(owner, request, view);
    else if (one_in(3))
        result = answered(request, slk_request_complete_failed(request, any_failure(), "no"));
    else if (one_in(3))
        result = answered(request, slk_request_abandon(request));
    /* Else it is left to whoever takes the request from the pool, or to the end of the case. */
    HOLDS(result != SLK_E_PANIC);
    meddle(20);
}

static void store_cancelled(void *user_data, slk_request request)
{
    (void)enter_callback(user_data);
    meddle(4);
    if (one_in(2))
        HOLDS(answered(request, slk_request_abandon(request)) != SLK_E_PANIC);
}

#endif
