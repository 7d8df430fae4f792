/* Calls on specs, sets of migrations, and records that are not held. */
#ifndef MISUSE_CALLS_SPECS_H
#define MISUSE_CALLS_SPECS_H

#include "calls_engines.h"

static void set_callbacks(slk_spec_options *options)
{
    options->default_data_for = one_in(3) ? game_default_data : NULL;
    options->before_save = one_in(2) ? game_before_save : NULL;
    options->apply_receipt = one_in(8) ? NULL : game_receipt;
    options->validate = one_in(4) ? game_validate : NULL;
    options->merge_offline = one_in(2) ? game_merge : NULL;
    options->apply_change = one_in(4) ? NULL : game_change;
    int buys = options->apply_receipt != NULL || odd(4);
    options->validate_receipt = buys && one_in(2) ? game_receipt : NULL;
    options->record_receipt = buys && one_in(2) ? game_receipt : NULL;
    options->revoke_receipt = buys && one_in(2) ? game_receipt : NULL;
}

static void set_codec(slk_spec_options *options)
{
    options->codec = one_in(2) ? any_i32(2) : SLK_CODEC_NONE;
    if (!crowded && options->codec == SLK_CODEC_ZSTD)
        options->codec = SLK_CODEC_NONE; /* the random names of engines are not compressed to the same size each time */
    options->codec_level = options->codec == SLK_CODEC_ZSTD || odd(6) ? any_i32(5) : 0;
    if (options->codec != SLK_CODEC_CALLBACKS && !odd(6))
        return;
    options->codec_name = odd(6) ? any_name() : "turned";
    options->codec_encode = odd(12) ? NULL : game_codec;
    options->codec_decode = odd(12) ? NULL : game_codec;
}

static void set_numbers(slk_spec_options *options)
{
    options->schema_version = any_u32(2);
    options->data_kind = one_in(6) ? any_i32(1) : SLK_DATA_JSON;
    options->handover_mode = any_i32(1);
    options->handover_delay_ms = any_u32(1000);
    options->autosave_ms = any_u32(2000);
    options->retry_min_ms = odd(4) ? any_u32(100) : 0;
    options->retry_max_ms = odd(4) ? any_u32(100) : 0;
    options->flags = any_u32(7);
    options->import_schema_version = odd(4) ? any_u32(2) : 0;
    options->inbox_limit = any_u32(3);
    options->reserved = (uint32_t)odd(50);
    options->max_value_bytes = odd(6) ? any_u64() : 0;
    options->size_warning_percent = any_u32(100);
    options->purchase_history = any_u32(3);
}

static slk_result spec_create(void)
{
    struct owner *owner = new_owner("slk_spec_create");
    slk_destroy destroy = any_destroy();
    slk_spec_options options = SLK_SPEC_OPTIONS_INIT;
    slk_engine engine = any_engine();
    struct span data = any_json();
    options.name = any_name();
    options.store = any_store();
    set_numbers(&options);
    set_callbacks(&options);
    set_codec(&options);
    options.default_data = one_in(2) ? NULL : data.at;
    options.default_data_length = options.default_data == NULL || data.length == SLK_NUL_TERMINATED ? 0 : data.length;
    if (options.default_data_length == 0 && options.default_data != NULL && data.length == 0)
        options.default_data = NULL;
    options.migrations.id = any_handle_or_null(SLK_OBJECT_MIGRATIONS);
    options.user_data = owner;
    options.destroy = destroy;
    slk_spec *spec = out(sizeof *spec, LOAN_HANDLE);
    const slk_spec_options *given = odd_options(&options, sizeof options);
    slk_result result = slk_spec_create(engine, given, spec);
    settle(owner, result, destroy); /* shorter structs that work end behind `destroy` */
    return made(result, SLK_OBJECT_SPEC, spec, engine.id);
}

static slk_result spec_options_init(void)
{
    return slk_spec_options_init(out(LARGEST_STRUCT, LOAN_OUT), any_struct_size(sizeof(slk_spec_options)));
}

static slk_result spec_destroy(void)
{
    slk_spec spec = { any_handle_or_null(SLK_OBJECT_SPEC) };
    return ended(slk_spec_destroy(spec), spec.id);
}

static slk_result spec_send_change(void)
{
    struct span payload = any_json();
    return slk_spec_send_change(any_spec(), any_key(), any_name(), payload.at, payload.length, any_u32(1), any_u64());
}

static slk_result spec_update_record(void)
{
    struct span payload = any_json();
    return slk_spec_update_record(any_spec(), any_key(), any_name(), payload.at, payload.length, any_u64());
}

static slk_result spec_view_record(void)
{
    return slk_spec_view_record(any_spec(), any_key(), any_u64());
}

static slk_result spec_erase_record(void)
{
    return slk_spec_erase_record(any_spec(), any_key(), any_u32(1), any_u64());
}

static slk_result spec_export_user(void)
{
    return slk_spec_export_user(any_spec(), any_name(), any_u64());
}

static slk_result spec_erase_user(void)
{
    return slk_spec_erase_user(any_spec(), any_name(), any_u32(1), any_u64());
}

/* Migrations. ------------------------------------------------------------------------------------------------------- */

static slk_result migrations_create(void)
{
    slk_migrations *migrations = out(sizeof *migrations, LOAN_HANDLE);
    return made(slk_migrations_create(migrations), SLK_OBJECT_MIGRATIONS, migrations, 0);
}

static slk_result migrations_add_migrator(void)
{
    struct owner *owner = new_owner("slk_migrations_add_migrator");
    slk_destroy destroy = any_destroy();
    slk_migrate migrate = odd(12) ? NULL : game_migrate;
    slk_result result = slk_migrations_add_migrator(any_migrations(), any_u32(2),
                                                    one_in(2) ? SLK_LATEST_PATCH : any_u32(2), any_u32(1), migrate,
                                                    owner, destroy);
    settle(owner, result, destroy);
    return result;
}

static slk_result migrations_add_patcher(void)
{
    struct owner *owner = new_owner("slk_migrations_add_patcher");
    slk_destroy destroy = any_destroy();
    slk_migrate patch = odd(12) ? NULL : game_migrate;
    slk_result result = slk_migrations_add_patcher(any_migrations(), any_u32(2), any_u32(2), patch, owner, destroy);
    settle(owner, result, destroy);
    return result;
}

static slk_result migrations_check(void)
{
    return slk_migrations_check(any_migrations(), any_u32(3));
}

static slk_result migrations_destroy(void)
{
    slk_migrations migrations = { any_handle_or_null(SLK_OBJECT_MIGRATIONS) };
    return ended(slk_migrations_destroy(migrations), migrations.id);
}

#endif
