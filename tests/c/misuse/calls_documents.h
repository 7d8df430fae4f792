/* Calls on documents, and on what is lent to callbacks. */
#ifndef MISUSE_CALLS_DOCUMENTS_H
#define MISUSE_CALLS_DOCUMENTS_H

#include "host_game.h"

static slk_result document_create_json(void)
{
    struct span json = any_json();
    slk_document *document = out(sizeof *document, LOAN_HANDLE);
    slk_result result = slk_document_create_json(json.at, json.length, document);
    return made(result, SLK_OBJECT_DOCUMENT, document, 0);
}

static slk_result document_create_bytes(void)
{
    struct span bytes = any_bytes();
    slk_document *document = out(sizeof *document, LOAN_HANDLE);
    slk_result result = slk_document_create_bytes(bytes.at, bytes.length, document);
    return made(result, SLK_OBJECT_DOCUMENT, document, 0);
}

static slk_result document_destroy(void)
{
    slk_document document = { any_handle_or_null(SLK_OBJECT_DOCUMENT) };
    return ended(slk_document_destroy(document), document.id);
}

static slk_result document_get_type(void)
{
    return slk_document_get_type(any_document(), any_pointer(), out(sizeof(int32_t), LOAN_OUT));
}

static slk_result document_get_bool(void)
{
    return slk_document_get_bool(any_document(), any_pointer(), out(sizeof(int32_t), LOAN_OUT));
}

static slk_result document_get_i64(void)
{
    return slk_document_get_i64(any_document(), any_pointer(), out(sizeof(int64_t), LOAN_OUT));
}

static slk_result document_get_f64(void)
{
    return slk_document_get_f64(any_document(), any_pointer(), out(sizeof(double), LOAN_OUT));
}

static slk_result document_get_string(void)
{
    struct room room = any_room(LOAN_OUT);
    return slk_document_get_string(any_document(), any_pointer(), room.at, room.capacity, any_length_out());
}

static slk_result document_get_json(void)
{
    struct room room = any_room(LOAN_OUT);
    return slk_document_get_json(any_document(), any_pointer(), room.at, room.capacity, any_length_out());
}

static slk_result document_get_bytes(void)
{
    struct room room = any_room(LOAN_OUT);
    return slk_document_get_bytes(any_document(), room.at, room.capacity, any_length_out());
}

static slk_result document_length(void)
{
    return slk_document_length(any_document(), any_pointer(), out(sizeof(size_t), LOAN_OUT));
}

static slk_result document_key_at(void)
{
    struct room room = any_room(LOAN_OUT);
    return slk_document_key_at(any_document(), any_pointer(), any_u64(), room.at, room.capacity, any_length_out());
}

static slk_result document_set_null(void)
{
    return slk_document_set_null(any_document(), any_pointer());
}

static slk_result document_set_bool(void)
{
    return slk_document_set_bool(any_document(), any_pointer(), any_i32(1));
}

static slk_result document_set_i64(void)
{
    return slk_document_set_i64(any_document(), any_pointer(), any_i64());
}

static slk_result document_set_f64(void)
{
    return slk_document_set_f64(any_document(), any_pointer(), any_f64());
}

static slk_result document_set_string(void)
{
    struct span text = any_json();
    return slk_document_set_string(any_document(), any_pointer(), text.at, text.length);
}

static slk_result document_set_json(void)
{
    struct span json = any_json();
    return slk_document_set_json(any_document(), any_pointer(), json.at, json.length);
}

static slk_result document_set_bytes(void)
{
    struct span bytes = any_bytes();
    return slk_document_set_bytes(any_document(), bytes.at, bytes.length);
}

static slk_result document_add_i64(void)
{
    return slk_document_add_i64(any_document(), any_pointer(), any_i64());
}

static slk_result document_add_f64(void)
{
    return slk_document_add_f64(any_document(), any_pointer(), any_f64());
}

static slk_result document_append_json(void)
{
    struct span json = any_json();
    return slk_document_append_json(any_document(), any_pointer(), json.at, json.length);
}

static slk_result document_remove(void)
{
    return slk_document_remove(any_document(), any_pointer());
}

static slk_result document_queue_change(void)
{
    struct span payload = any_json();
    return slk_document_queue_change(any_document(), any_spec(), any_key(), any_name(), payload.at, payload.length,
                                     any_u32(1));
}

static slk_result error_sink_set(void)
{
    static const char *const words[] = { "words", "more words" };
    return slk_error_sink_set(any_sink(), any_of(words, 2, SLK_MAX_TEXT_BYTES));
}

static slk_result buffer_append(void)
{
    struct span bytes = any_bytes();
    return slk_buffer_append(any_buffer(), bytes.at, bytes.length);
}

#endif
