//! The binary interface: sizes and offsets of all public structs in Rust, C and C++, the exported symbols, and the header
//! under every compiler, standard and warning.
//!
//! `tests/abi/layout.txt` and `tests/abi/symbols.txt` are committed; a difference means that the interface has changed,
//! and `docs/abi.md` says what may change when. Write them anew with `SLK_WRITE_ABI=1 cargo test --test abi`.

#![cfg(all(unix, target_pointer_width = "64"))]

mod tools;

use sessionlocker::ffi::{
    change, engine, event, handle, host, locker, metrics, migration, receipt, request, spec, store_callback,
    store_postgres, store_redis, store_sqlite, store_testing, version,
};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use tools::{have, library, root, succeed};

/// Adds a struct's lines to the table. The pattern names every field, so none can be forgotten.
macro_rules! layout {
    ($table:ident, $module:ident::$name:ident { $($field:ident),+ }) => {
        let fields = |it: $module::$name| {
            let $module::$name { $($field),+ } = it;
            [$((stringify!($field), std::mem::offset_of!($module::$name, $field), size_of_val(&$field))),+]
        };
        // SAFETY: all structs of the header are valid when all their bytes are zero.
        let zeroed = unsafe { std::mem::zeroed() };
        writeln!($table, "{} {}", stringify!($name), size_of::<$module::$name>()).unwrap();
        for (field, offset, size) in fields(zeroed) {
            writeln!($table, "{}.{field} {offset} {size}", stringify!($name)).unwrap();
        }
    };
}

fn layout_in_rust() -> String {
    let mut table = String::new();
    layout!(table, handle::slk_store { id });
    layout!(table, handle::slk_engine { id });
    layout!(table, handle::slk_spec { id });
    layout!(table, handle::slk_locker { id });
    layout!(table, handle::slk_document { id });
    layout!(table, handle::slk_request { id });
    layout!(table, handle::slk_error_sink { id });
    layout!(table, handle::slk_buffer { id });
    layout!(table, handle::slk_migrations { id });
    layout!(
        table,
        store_sqlite::slk_sqlite_options {
            struct_size,
            durability,
            flags,
            busy_timeout_ms,
            read_threads,
            batch
        }
    );
    layout!(
        table,
        store_postgres::slk_postgres_options {
            struct_size,
            flags,
            connections,
            batch,
            connect_timeout_ms,
            request_timeout_ms
        }
    );
    layout!(
        table,
        store_redis::slk_redis_options {
            struct_size,
            flags,
            connections,
            batch,
            connect_timeout_ms,
            request_timeout_ms,
            wait_replicas,
            wait_ms
        }
    );
    layout!(
        table,
        store_callback::slk_store_callbacks {
            struct_size,
            mode,
            name,
            user_data,
            get,
            put,
            remove,
            cancel,
            destroy,
            max_value_bytes,
            max_key_bytes,
            threads,
            list
        }
    );
    layout!(
        table,
        store_testing::slk_fault_options {
            struct_size,
            flags,
            seed,
            refused,
            unknown,
            request_lost,
            reply_lost,
            delayed,
            late,
            conflict,
            longest
        }
    );
    layout!(
        table,
        store_testing::slk_fault_counts {
            requests,
            refused,
            unknown,
            requests_lost,
            replies_lost,
            delayed,
            late,
            conflicts,
            held
        }
    );
    layout!(
        table,
        request::slk_request_view {
            struct_size,
            kind,
            key_kind,
            flags,
            spec,
            spec_length,
            key,
            key_length,
            value,
            value_length,
            version,
            version_length,
            limit,
            header_length,
            announce,
            announce_length
        }
    );
    layout!(
        table,
        engine::slk_engine_options {
            struct_size,
            abi_version,
            server_id,
            lease_ms,
            beat_interval_ms,
            request_timeout_ms,
            max_requests_in_flight,
            flags,
            log_level,
            clock,
            wall_clock,
            log,
            user_data,
            destroy,
            max_requests_per_second,
            mask_ids,
            log_record,
            seed
        }
    );
    layout!(
        table,
        event::slk_event {
            kind,
            result,
            locker,
            user_tag,
            key,
            key_length,
            text,
            text_length,
            name,
            name_length,
            epoch,
            change,
            unknown_change,
            tag,
            document,
            count,
            since_ms,
            detail,
            flags,
            spec,
            cause,
            amount
        }
    );
    layout!(
        table,
        receipt::slk_receipt {
            struct_size,
            reserved,
            provider,
            environment,
            purchase_id,
            product,
            context,
            context_length,
            tag,
            state
        }
    );
    layout!(
        table,
        receipt::slk_receipt_view {
            struct_size,
            kind,
            locker,
            user_tag,
            key,
            product,
            provider,
            environment,
            purchase_id,
            context,
            context_length,
            tag,
            operation,
            effect
        }
    );
    layout!(
        table,
        spec::slk_save_view {
            struct_size,
            reason,
            locker,
            user_tag,
            key
        }
    );
    layout!(
        table,
        spec::slk_spec_options {
            struct_size,
            schema_version,
            name,
            store,
            data_kind,
            handover_mode,
            handover_delay_ms,
            autosave_ms,
            retry_min_ms,
            retry_max_ms,
            default_data,
            default_data_length,
            default_data_for,
            before_save,
            apply_receipt,
            user_data,
            destroy,
            migrations,
            flags,
            import_schema_version,
            inbox_limit,
            reserved,
            validate,
            merge_offline,
            apply_change,
            max_value_bytes,
            size_warning_percent,
            validate_receipt,
            record_receipt,
            revoke_receipt,
            purchase_history,
            codec,
            codec_level,
            codec_name,
            codec_encode,
            codec_decode
        }
    );
    layout!(
        table,
        spec::slk_data_view {
            struct_size,
            reserved,
            locker,
            user_tag,
            key
        }
    );
    layout!(
        table,
        migration::slk_migration_view {
            struct_size,
            from_version,
            from_patch,
            to_version,
            locker,
            user_tag,
            key
        }
    );
    layout!(
        table,
        change::slk_change_view {
            struct_size,
            flags,
            locker,
            user_tag,
            key,
            kind,
            payload,
            payload_length,
            from,
            returned_from,
            sent_ms
        }
    );
    layout!(
        table,
        locker::slk_locker_status {
            load,
            refused,
            since_ms,
            epoch,
            latest_change,
            saved_change,
            purchases_in_progress,
            available,
            wanted,
            dirty,
            idle,
            incoming_changes,
            outgoing_changes
        }
    );
    layout!(
        table,
        host::slk_log_record {
            struct_size,
            level,
            kind,
            cause,
            server,
            store,
            spec,
            key,
            text,
            text_length,
            epoch,
            wall_ms
        }
    );
    layout!(
        table,
        metrics::slk_metrics {
            sessions_acquired,
            sessions_released,
            sessions_released_by_shutdown,
            handovers_given,
            handovers_received,
            handovers_refused,
            takeovers,
            lost_taken,
            lost_erased,
            lost_rolled_back,
            waits_living_server,
            waits_dead_server,
            waits_store_failure,
            wait_seconds_living_server,
            wait_seconds_dead_server,
            wait_seconds_store_failure,
            longest_wait_seconds_living_server,
            longest_wait_seconds_dead_server,
            longest_wait_seconds_store_failure,
            saves,
            saves_timed,
            save_seconds,
            longest_save_seconds,
            oldest_unsaved_seconds,
            requests_sent,
            requests_sent_beats,
            requests_sent_loads,
            requests_ok,
            conflicts,
            requests_timed,
            request_seconds,
            longest_request_seconds,
            errors_request,
            errors_store,
            errors_unknown,
            stores_critical,
            times_critical,
            requests_in_flight,
            requests_queued_purchase,
            requests_queued_release,
            requests_queued_force,
            requests_queued_save,
            requests_queued_load,
            lockers_idle,
            lockers_loading,
            lockers_held,
            lockers_suspect,
            held_seconds,
            requests_per_player_hour,
            receipts_granted,
            receipts_granted_before,
            receipts_credited,
            receipts_credited_before,
            receipts_not_processed,
            callbacks_failed,
            events_queued,
            receipts_pending,
            receipts_rejected,
            receipts_revoked,
            receipts_parked
        }
    );
    table
}

/// Compares with a committed file, or writes it.
fn compare(file: &str, present: &str) {
    let path = root().join("tests/abi").join(file);
    if std::env::var_os("SLK_WRITE_ABI").is_some() {
        std::fs::write(&path, present).expect("the file can be written");
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == present,
        "the binary interface differs from tests/abi/{file}; docs/abi.md says what may change when\n\
         committed:\n{committed}\npresent:\n{present}"
    );
}

fn workplace() -> PathBuf {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("abi");
    std::fs::create_dir_all(&place).expect("the directory can be made");
    place
}

#[test]
fn sizes_and_offsets_in_rust_are_those_of_the_table() {
    compare("layout.txt", &layout_in_rust());
}

/// A source file that only compiles if every size and offset is that of the committed table.
fn layout_in_c() -> String {
    let table = std::fs::read_to_string(root().join("tests/abi/layout.txt")).expect("the table");
    let mut source = "#include \"sessionlocker.h\"\n".to_owned();
    for line in table.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let claim = match (words[0].split_once('.'), &words[1..]) {
            (Some((name, field)), [offset, size]) => {
                format!("offsetof({name}, {field}) == {offset} && sizeof((({name} *)0)->{field}) == {size}")
            }
            (None, [size]) => format!("sizeof({}) == {size}", words[0]),
            _ => panic!("bad line: {line}"),
        };
        writeln!(source, "ASSERT({claim}, \"{line}\");").unwrap();
    }
    source
}

#[test]
fn sizes_and_offsets_in_c_and_cpp_are_those_of_the_table() {
    let source = workplace().join("layout.inc");
    std::fs::write(&source, layout_in_c()).expect("the file can be written");
    let languages = [
        ("gcc", "c", "c11", "_Static_assert"),
        ("clang", "c", "c11", "_Static_assert"),
        ("g++", "c++", "c++11", "static_assert"),
        ("clang++", "c++", "c++11", "static_assert"),
    ];
    for (compiler, language, standard, assert) in languages {
        if have(compiler) {
            let mut command = Command::new(compiler);
            command
                .arg(format!("-std={standard}"))
                .arg(format!("-DASSERT={assert}"));
            command.arg("-I").arg(root().join("include")).arg("-fsyntax-only");
            succeed(command.args(["-x", language]).arg(&source));
        }
    }
}

/// What a program does with the header: everything that warnings could strike, without any function being called.
const USES: &str = r#"
#include "sessionlocker.h"
#include "sessionlocker.h"

extern int use_all(slk_engine_options *engine, slk_spec_options *spec, slk_store_callbacks *store,
                   slk_sqlite_options *sqlite, slk_postgres_options *postgres, slk_redis_options *redis,
                   slk_receipt *receipt);
extern const char *name_of(slk_result result);

int use_all(slk_engine_options *engine, slk_spec_options *spec, slk_store_callbacks *store,
            slk_sqlite_options *sqlite, slk_postgres_options *postgres, slk_redis_options *redis,
            slk_receipt *receipt)
{
    slk_engine_options engine_options = SLK_ENGINE_OPTIONS_INIT;
    slk_spec_options spec_options = SLK_SPEC_OPTIONS_INIT;
    slk_store_callbacks callbacks = SLK_STORE_CALLBACKS_INIT;
    slk_sqlite_options sqlite_options = SLK_SQLITE_OPTIONS_INIT;
    slk_postgres_options postgres_options = SLK_POSTGRES_OPTIONS_INIT;
    slk_redis_options redis_options = SLK_REDIS_OPTIONS_INIT;
    slk_receipt one = SLK_RECEIPT_INIT;
    *engine = engine_options;
    *spec = spec_options;
    *store = callbacks;
    *sqlite = sqlite_options;
    *postgres = postgres_options;
    *redis = redis_options;
    *receipt = one;
    return SLK_OK;
}

/* Constants can be cases. */
const char *name_of(slk_result result)
{
    switch (result) {
    case SLK_OK: return "ok";
    case SLK_EMPTY: return "empty";
    case SLK_E_INVALID_ARGUMENT: return "argument";
    case -SLK_E_INVALID_HANDLE: return "bracketed";
    default: return "other";
    }
}
"#;

#[test]
fn the_header_is_clean_in_every_standard() {
    let place = workplace();
    let c = ["c99", "c11", "c17", "c2x"];
    let cpp = ["c++11", "c++14", "c++17", "c++20", "c++2b"];
    let common = [
        "-Wall",
        "-Wextra",
        "-Wpedantic",
        "-Werror",
        "-Wconversion",
        "-Wsign-conversion",
        "-Wshadow",
        "-Wundef",
    ];
    let c_only = ["-Wstrict-prototypes", "-Wmissing-prototypes", "-Wc++-compat"];
    let cpp_only = ["-Wnon-virtual-dtor", "-Woverloaded-virtual"];
    let matrix = [
        ("gcc", "uses.c", &c[..], &c_only[..]),
        ("clang", "uses.c", &c[..], &c_only[..]),
        ("g++", "uses.cpp", &cpp[..], &cpp_only[..]),
        ("clang++", "uses.cpp", &cpp[..], &cpp_only[..]),
    ];
    let mut compiled = 0;
    for (compiler, file, standards, warnings) in matrix {
        if !have(compiler) {
            continue;
        }
        let source = place.join(file);
        std::fs::write(&source, USES).expect("the file can be written");
        for standard in standards {
            let mut command = Command::new(compiler);
            command.arg(format!("-std={standard}")).args(common).args(warnings);
            command.arg("-I").arg(root().join("include")).arg("-fsyntax-only");
            succeed(command.arg(&source));
            compiled += 1;
        }
    }
    println!("the header was compiled {compiled} times");
}

#[test]
fn the_header_includes_two_standard_headers_only() {
    let header = std::fs::read_to_string(root().join("include/sessionlocker.h")).expect("the header");
    let includes: Vec<&str> = header.lines().filter(|line| line.starts_with("#include")).collect();
    assert_eq!(includes, ["#include <stddef.h>", "#include <stdint.h>"]);
}

/// The functions that the header declares, one a line.
fn declared() -> String {
    let header = std::fs::read_to_string(root().join("include/sessionlocker.h")).expect("the header");
    let declarations = header.split("SLK_API ").skip(1);
    let mut names: Vec<&str> = declarations
        .filter_map(|rest| rest.split_once('('))
        .filter_map(|(before, _)| before.rsplit([' ', '*']).next())
        .filter(|name| name.starts_with("slk_"))
        .collect();
    names.sort_unstable();
    names.join("\n") + "\n"
}

#[test]
fn exported_symbols_are_those_of_the_list_and_of_the_header() {
    compare("symbols.txt", &declared());
    if !have("nm") {
        return;
    }
    let table = succeed(
        Command::new("nm")
            .args(["-D", "--defined-only"])
            .arg(library("libsessionlocker.so")),
    );
    let mut exported: Vec<&str> = table.lines().filter_map(|line| line.rsplit(' ').next()).collect();
    exported.sort_unstable();
    assert_eq!(exported.join("\n") + "\n", declared());
}

#[test]
fn the_shared_library_is_named_by_its_interface() {
    if cfg!(target_os = "linux") && have("readelf") {
        let dynamic = succeed(Command::new("readelf").arg("-d").arg(library("libsessionlocker.so")));
        let name = format!("[libsessionlocker.so.{}]", version::SLK_ABI_VERSION);
        assert!(dynamic.contains(&name), "{dynamic}");
    }
}

/// The header without comments and empty lines.
fn bare_header() -> String {
    let header = std::fs::read_to_string(root().join("include/sessionlocker.h")).expect("the header");
    let mut bare = String::new();
    let mut rest = header.as_str();
    while let Some((code, comment)) = rest.split_once("/*") {
        bare += code;
        (_, rest) = comment.split_once("*/").expect("each comment ends");
    }
    bare += rest;
    let lines = bare.lines().map(str::trim_end).filter(|line| !line.is_empty());
    lines.fold(String::new(), |text, line| text + line + "\n")
}

/// The header of the version that is being made is kept as it is; those of earlier ones stay as they were.
#[test]
fn the_header_of_this_version_is_kept() {
    compare(
        concat!("released/", env!("CARGO_PKG_VERSION"), "/sessionlocker.h"),
        &bare_header(),
    );
}

#[test]
fn programs_of_earlier_versions_go_on_working() {
    if !have("gcc") {
        return;
    }
    let mut played = 0;
    for version in std::fs::read_dir(root().join("tests/abi/released")).expect("the headers that are kept") {
        let folder = version.expect("a folder").path();
        let version = folder.file_name().expect("a name").to_str().expect("a version");
        let place = workplace().join(version);
        std::fs::create_dir_all(&place).expect("the directory can be made");
        let (soname, program) = (place.join("libsessionlocker.so.1"), place.join("player"));
        let _ = std::fs::remove_file(&soname);
        std::os::unix::fs::symlink(library("libsessionlocker.so"), &soname).expect("the link can be made");
        let mut gcc = Command::new("gcc");
        gcc.args(["-std=c11", "-Wall", "-Wextra", "-Werror", "-I"]).arg(&folder);
        gcc.arg(folder.join("player.c")).arg(&soname);
        succeed(
            gcc.arg(format!("-Wl,-rpath,{}", place.display()))
                .arg("-o")
                .arg(&program),
        );
        assert_eq!(succeed(&mut Command::new(&program)), format!("as in {version}\n"));
        played += 1;
    }
    assert!(played > 0);
}
