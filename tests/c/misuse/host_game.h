/* The callbacks of engines, specs and sets of migrations: they edit, refuse, fail, and call back into the library. */
#ifndef MISUSE_HOST_GAME_H
#define MISUSE_HOST_GAME_H

#include "owner.h"

/* Clock and log. ---------------------------------------------------------------------------------------------------- */

static uint64_t fuzz_clock(void *user_data)
{
    struct owner *owner = enter_callback(user_data);
    HOLDS(pthread_mutex_lock(&owner->lock) == 0);
    uint64_t time = owner->time;
    HOLDS(pthread_mutex_unlock(&owner->lock) == 0);
    return time;
}

static int64_t fuzz_wall_clock(void *user_data)
{
    (void)enter_callback(user_data);
    return any_i64();
}

/* Between two turns of the game: a moment, a lease, a year, or the end of time. */
static void pass_time(struct owner *owner)
{
    static const uint64_t steps[] = { 1000000, 10000000, 50000000, 300000000, 6000000000, 61000000000, 31536000000000000 };
    uint64_t step = one_in(3) ? steps[below(one_in(20) ? 7 : 6)] : steps[below(4)];
    HOLDS(pthread_mutex_lock(&owner->lock) == 0);
    if (owner->time > UINT64_MAX - step || one_in(5000))
        owner->time = UINT64_MAX;
    else
        owner->time += step;
    HOLDS(pthread_mutex_unlock(&owner->lock) == 0);
}

static void no_bug_told(const char *text)
{
    HOLDS(strstr(text, "a bug in this library was caught") == NULL);
}

static void game_log(void *user_data, int32_t level, const char *text, size_t length)
{
    (void)enter_callback(user_data);
    HOLDS(level >= SLK_LOG_ERROR && level <= SLK_LOG_DEBUG);
    look_at(text, length);
    no_bug_told(text);
    meddle(60);
}

static void game_log_record(void *user_data, const slk_log_record *record)
{
    (void)enter_callback(user_data);
    HOLDS(record->struct_size >= sizeof *record);
    look_at(record->text, record->text_length);
    no_bug_told(record->text);
    meddle(60);
}

/* Specs. ------------------------------------------------------------------------------------------------------------ */

/* What a callback with a draft does; draft and sink end when it returns. */
static slk_result deal(void *user_data, slk_document draft, slk_error_sink sink)
{
    (void)enter_callback(user_data);
    remember(SLK_OBJECT_DOCUMENT, draft.id, 0);
    remember(SLK_OBJECT_ERROR_SINK, sink.id, 0);
    slk_result result = slk_document_add_i64(draft, "/gold", 1);
    HOLDS(result != SLK_E_INVALID_HANDLE && result != SLK_E_PANIC);
    HOLDS(slk_document_destroy(draft) == SLK_E_INVALID_ARGUMENT);
    meddle(3);
    if (one_in(4))
        HOLDS(slk_error_sink_set(sink, "so the game wants it") == SLK_OK);
    bury_at_return(draft.id);
    bury_at_return(sink.id);
    return any_answer();
}

static slk_result game_default_data(void *user_data, const char *key, slk_document draft, slk_error_sink error)
{
    look_at_string(key);
    return deal(user_data, draft, error);
}

static slk_result game_before_save(void *user_data, const slk_save_view *save, slk_document draft, slk_error_sink error)
{
    HOLDS(save->struct_size >= sizeof *save && save->reason >= SLK_SAVE_AUTOSAVE && save->reason <= SLK_SAVE_SHUTDOWN);
    look_at_string(save->key);
    return deal(user_data, draft, error);
}

static slk_result game_receipt(void *user_data, const slk_receipt_view *receipt, slk_document draft,
        slk_error_sink error)
{
    HOLDS(receipt->struct_size >= sizeof *receipt);
    look_at_string(receipt->key);
    look_at_string(receipt->product);
    look_at_string(receipt->provider);
    look_at_string(receipt->environment);
    look_at_string(receipt->purchase_id);
    return deal(user_data, draft, error);
}

static slk_result game_validate(void *user_data, const slk_data_view *view, slk_document data, slk_error_sink error)
{
    HOLDS(view->struct_size >= sizeof *view && view->reserved == 0);
    look_at_string(view->key);
    return deal(user_data, data, error);
}

static slk_result game_merge(void *user_data, const slk_data_view *view, slk_document offline, slk_document draft,
        slk_error_sink error)
{
    look_at_string(view->key);
    remember(SLK_OBJECT_DOCUMENT, offline.id, 0);
    slk_result result = deal(user_data, draft, error);
    bury_at_return(offline.id);
    return result;
}

static slk_result game_change(void *user_data, const slk_change_view *change, slk_document draft, slk_error_sink error)
{
    HOLDS(change->struct_size >= sizeof *change);
    look_at_string(change->key);
    look_at_string(change->kind);
    look_at_string(change->from);
    look_at_string(change->returned_from);
    look_at(change->payload, change->payload_length);
    return deal(user_data, draft, error);
}

static slk_result game_migrate(void *user_data, const slk_migration_view *view, slk_document draft, slk_error_sink error)
{
    HOLDS(view->struct_size >= sizeof *view && view->to_version >= view->from_version);
    look_at_string(view->key);
    return deal(user_data, draft, error);
}

/* Turns each bit around, in two pieces. Rubbish goes in and out as well. */
static slk_result game_codec(void *user_data, const void *bytes, size_t length, slk_buffer buffer, slk_error_sink error)
{
    (void)enter_callback(user_data);
    remember(SLK_OBJECT_BUFFER, buffer.id, 0);
    remember(SLK_OBJECT_ERROR_SINK, error.id, 0);
    unsigned char *turned = malloc(length + 1);
    HOLDS(turned != NULL);
    for (size_t at = 0; at < length; at++)
        turned[at] = (unsigned char)~((const unsigned char *)bytes)[at];
    HOLDS(slk_buffer_append(buffer, turned, length / 2) == SLK_OK);
    meddle(6);
    HOLDS(slk_buffer_append(buffer, turned + length / 2, length - length / 2) == SLK_OK);
    free(turned);
    bury_at_return(buffer.id);
    bury_at_return(error.id);
    return one_in(10) ? any_answer() : SLK_OK;
}

/* Events. ----------------------------------------------------------------------------------------------------------- */

static void hear_event(const slk_event *event)
{
    HOLDS(event->kind >= SLK_EVENT_LOADED && event->kind <= SLK_EVENT_SAVE_REFUSED);
    look_at(event->key, event->key_length);
    look_at(event->text, event->text_length);
    look_at(event->name, event->name_length);
    no_bug_told(event->text);
}

static void keep_handles_of(const slk_event *event)
{
    HOLDS(event->result != SLK_E_PANIC);
    remember(SLK_OBJECT_DOCUMENT, event->document.id, 0);
    if (event->kind == SLK_EVENT_HANDOVER_REQUESTED)
        atomic_store(&asked_for, event->locker.id);
}

static void game_event(void *user_data, const slk_event *event)
{
    (void)enter_callback(user_data);
    hear_event(event);
    keep_handles_of(event);
    meddle(4);
    hear_event(event);
}

#endif
