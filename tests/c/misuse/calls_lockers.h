/* Calls on lockers. */
#ifndef MISUSE_CALLS_LOCKERS_H
#define MISUSE_CALLS_LOCKERS_H

#include "calls_specs.h"

static uint64_t *any_change_out(void)
{
    return one_in(3) ? NULL : lend(sizeof(uint64_t), LOAN_OUT);
}

static slk_result locker_create(void)
{
    slk_spec spec = any_spec();
    slk_locker *locker = out(sizeof *locker, LOAN_HANDLE);
    slk_result result = slk_locker_create(spec, any_key(), any_u64(), locker);
    return made(result, SLK_OBJECT_LOCKER, locker, lookup(spec.id).parent);
}

static slk_result locker_create_artificial(void)
{
    slk_spec spec = any_spec();
    slk_locker *locker = out(sizeof *locker, LOAN_HANDLE);
    slk_result result = slk_locker_create_artificial(spec, any_key(), any_u64(), locker);
    return made(result, SLK_OBJECT_LOCKER, locker, lookup(spec.id).parent);
}

static slk_result locker_destroy(void)
{
    slk_locker locker = { any_handle_or_null(SLK_OBJECT_LOCKER) };
    return ended(slk_locker_destroy(locker), locker.id);
}

static slk_result locker_mark_deleted(void)
{
    return slk_locker_mark_deleted(any_locker());
}

static const char *any_holder(void)
{
    return one_in(2) ? NULL : any_name();
}

static slk_result locker_mark_should_acquire(void)
{
    return slk_locker_mark_should_acquire(any_locker(), any_holder());
}

static slk_result locker_take_over(void)
{
    return slk_locker_take_over(any_locker(), any_holder());
}

static slk_result locker_mark_should_release(void)
{
    return slk_locker_mark_should_release(any_locker(), any_holder());
}

static slk_result locker_mark_should_save(void)
{
    return slk_locker_mark_should_save(any_locker());
}

static slk_result locker_mark_force_save(void)
{
    return slk_locker_mark_force_save(any_locker());
}

static slk_result locker_mark_changed(void)
{
    return slk_locker_mark_changed(any_locker(), any_change_out());
}

static slk_result locker_update(void)
{
    move_clocks();
    return slk_locker_update(any_locker(), any_budget());
}

static slk_result locker_is_available(void)
{
    return slk_locker_is_available(any_locker());
}

static slk_result locker_is_loaded(void)
{
    return slk_locker_is_loaded(any_locker());
}

static slk_result locker_is_idle(void)
{
    return slk_locker_is_idle(any_locker());
}

static slk_result locker_is_syncing(void)
{
    return slk_locker_is_syncing(any_locker());
}

static slk_result locker_get_status(void)
{
    slk_locker_status *status = out(LARGEST_STRUCT, LOAN_OUT);
    return slk_locker_get_status(any_locker(), status, any_struct_size(sizeof *status));
}

static slk_result locker_change_status(void)
{
    return slk_locker_change_status(any_locker(), any_u64());
}

static slk_result locker_await_change(void)
{
    return slk_locker_await_change(any_locker(), any_u64(), any_u64());
}

static slk_result locker_answer_handover(void)
{
    return slk_locker_answer_handover(any_asked_locker(), any_i32(2), any_u32(1000));
}

static slk_result locker_add_user(void)
{
    return slk_locker_add_user(any_locker(), any_name(), any_change_out());
}

static slk_result locker_remove_user(void)
{
    return slk_locker_remove_user(any_locker(), any_name(), any_change_out());
}

static slk_result locker_get_users(void)
{
    struct room room = any_room(LOAN_OUT);
    return slk_locker_get_users(any_locker(), room.at, room.capacity, any_length_out());
}

static slk_result locker_queue_change(void)
{
    struct span payload = any_json();
    return slk_locker_queue_change(any_locker(), any_spec(), any_key(), any_name(), payload.at, payload.length,
                                   any_u32(1), any_change_out());
}

/* Purchases. -------------------------------------------------------------------------------------------------------- */

static const char *any_purchase_id(void)
{
    static const char *const ids[] = { "p1", "p2", "p3", "p4", "p5" };
    return any_of(ids, 5, SLK_MAX_NAME_BYTES);
}

static slk_result locker_process_receipt(void)
{
    slk_receipt receipt = SLK_RECEIPT_INIT;
    struct span context = any_bytes();
    receipt.reserved = (uint32_t)odd(40);
    receipt.provider = any_name();
    receipt.environment = any_name();
    receipt.purchase_id = any_purchase_id();
    receipt.product = any_product();
    receipt.context = context.at;
    receipt.context_length = context.length;
    receipt.tag = any_u64();
    receipt.state = any_i32(3);
    return slk_locker_process_receipt(any_locker(), odd_options(&receipt, sizeof receipt));
}

static slk_result receipt_init(void)
{
    return slk_receipt_init(out(LARGEST_STRUCT, LOAN_OUT), any_struct_size(sizeof(slk_receipt)));
}

static slk_result locker_credit(void)
{
    return slk_locker_credit(any_locker(), any_product(), out(sizeof(int64_t), LOAN_OUT));
}

static slk_result locker_give_credit(void)
{
    return slk_locker_give_credit(any_locker(), any_product(), any_i64(), any_change_out());
}

static slk_result locker_use_credit(void)
{
    return slk_locker_use_credit(any_locker(), any_product(), any_u64());
}

static slk_result locker_retry_parked(void)
{
    return slk_locker_retry_parked(any_locker());
}

static slk_result locker_find_purchase(void)
{
    return slk_locker_find_purchase(any_locker(), any_name(), any_name(), any_purchase_id(),
                                    out(sizeof(slk_result), LOAN_OUT));
}

static slk_result locker_get_purchases(void)
{
    struct room room = any_room(LOAN_OUT);
    return slk_locker_get_purchases(any_locker(), room.at, room.capacity, any_length_out());
}

/* Data. ------------------------------------------------------------------------------------------------------------- */

static slk_result locker_get_type(void)
{
    return slk_locker_get_type(any_locker(), any_pointer(), out(sizeof(int32_t), LOAN_OUT));
}

static slk_result locker_get_bool(void)
{
    return slk_locker_get_bool(any_locker(), any_pointer(), out(sizeof(int32_t), LOAN_OUT));
}

static slk_result locker_get_i64(void)
{
    return slk_locker_get_i64(any_locker(), any_pointer(), out(sizeof(int64_t), LOAN_OUT));
}

static slk_result locker_get_f64(void)
{
    return slk_locker_get_f64(any_locker(), any_pointer(), out(sizeof(double), LOAN_OUT));
}

static slk_result locker_get_string(void)
{
    struct room room = any_room(LOAN_OUT);
    return slk_locker_get_string(any_locker(), any_pointer(), room.at, room.capacity, any_length_out());
}

static slk_result locker_get_json(void)
{
    struct room room = any_room(LOAN_OUT);
    return slk_locker_get_json(any_locker(), any_pointer(), room.at, room.capacity, any_length_out());
}

static slk_result locker_get_bytes(void)
{
    struct room room = any_room(LOAN_OUT);
    return slk_locker_get_bytes(any_locker(), room.at, room.capacity, any_length_out());
}

static slk_result locker_length(void)
{
    return slk_locker_length(any_locker(), any_pointer(), out(sizeof(size_t), LOAN_OUT));
}

static slk_result locker_key_at(void)
{
    struct room room = any_room(LOAN_OUT);
    return slk_locker_key_at(any_locker(), any_pointer(), any_u64(), room.at, room.capacity, any_length_out());
}

static slk_result locker_set_null(void)
{
    return slk_locker_set_null(any_locker(), any_pointer(), any_change_out());
}

static slk_result locker_set_bool(void)
{
    return slk_locker_set_bool(any_locker(), any_pointer(), any_i32(1), any_change_out());
}

static slk_result locker_set_i64(void)
{
    return slk_locker_set_i64(any_locker(), any_pointer(), any_i64(), any_change_out());
}

static slk_result locker_set_f64(void)
{
    return slk_locker_set_f64(any_locker(), any_pointer(), any_f64(), any_change_out());
}

static slk_result locker_set_string(void)
{
    struct span text = any_json();
    return slk_locker_set_string(any_locker(), any_pointer(), text.at, text.length, any_change_out());
}

static slk_result locker_set_json(void)
{
    struct span json = any_json();
    return slk_locker_set_json(any_locker(), any_pointer(), json.at, json.length, any_change_out());
}

static slk_result locker_set_bytes(void)
{
    struct span bytes = any_bytes();
    return slk_locker_set_bytes(any_locker(), bytes.at, bytes.length, any_change_out());
}

static slk_result locker_add_i64(void)
{
    return slk_locker_add_i64(any_locker(), any_pointer(), any_i64(), any_change_out());
}

static slk_result locker_add_f64(void)
{
    return slk_locker_add_f64(any_locker(), any_pointer(), any_f64(), any_change_out());
}

static slk_result locker_append_json(void)
{
    struct span json = any_json();
    return slk_locker_append_json(any_locker(), any_pointer(), json.at, json.length, any_change_out());
}

static slk_result locker_remove(void)
{
    return slk_locker_remove(any_locker(), any_pointer(), any_change_out());
}

#endif
