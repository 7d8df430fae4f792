//! The library as a C program sees it: the programs in `tests/c`, compiled with the committed header and linked with the
//! static library, the shared library, and the static library under AddressSanitizer and UndefinedBehaviorSanitizer.
//!
//! Without gcc (or valgrind) the tests that need it say so and pass, except where nothing may be skipped (CI=true).

#![cfg(unix)]

mod tools;

use std::path::{Path, PathBuf};
use std::process::Command;
use tools::{have, library, root, succeed};

const WARNINGS: &[&str] = &[
    "-std=c11",
    "-Wall",
    "-Wextra",
    "-Wpedantic",
    "-Wconversion",
    "-Wshadow",
    "-Werror",
    "-g",
];

/// What the static library needs from the system.
const SYSTEM_LIBRARIES: &[&str] = &["-lpthread", "-ldl", "-lm"];

/// How a program is linked and run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flavour {
    Static,
    Shared,
    Sanitized,
    Valgrind,
}

impl Flavour {
    fn name(self) -> &'static str {
        match self {
            Self::Static => "static",
            Self::Shared => "shared",
            Self::Sanitized => "sanitized",
            Self::Valgrind => "valgrind",
        }
    }
}

/// A directory of this test run, with the shared library under the name that programs ask for.
fn workplace(name: &str) -> PathBuf {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("c_api").join(name);
    std::fs::create_dir_all(&place).expect("the directory can be made");
    place
}

fn compile(program: &str, flavour: Flavour, place: &Path) -> PathBuf {
    let binary = place.join(program);
    let mut gcc = Command::new("gcc");
    gcc.args(WARNINGS).arg("-I").arg(root().join("include"));
    gcc.arg(root().join("tests/c").join(format!("{program}.c")))
        .arg("-o")
        .arg(&binary);
    if flavour == Flavour::Shared {
        let soname = place.join("libsessionlocker.so.1");
        let _ = std::fs::remove_file(&soname);
        std::os::unix::fs::symlink(library("libsessionlocker.so"), &soname).expect("the link can be made");
        gcc.arg(&soname)
            .arg(format!("-Wl,-rpath,{}", place.display()))
            .arg("-lpthread");
    } else {
        if flavour == Flavour::Sanitized {
            gcc.args(["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]);
        }
        gcc.arg(library("libsessionlocker.a")).args(SYSTEM_LIBRARIES);
    }
    succeed(&mut gcc);
    binary
}

fn play(program: &str, flavour: Flavour, arguments: &[&str]) {
    if !have("gcc") || (flavour == Flavour::Valgrind && !have("valgrind")) {
        return;
    }
    let place = workplace(&[program, flavour.name(), &arguments.join("-")].join("-"));
    let binary = compile(program, flavour, &place);
    let mut command = match flavour {
        Flavour::Valgrind => {
            let mut valgrind = Command::new("valgrind");
            // The standard library keeps one small block for each thread that it did not start.
            valgrind.args([
                "-q",
                "--error-exitcode=9",
                "--leak-check=full",
                "--errors-for-leak-kinds=definite",
            ]);
            valgrind.arg(&binary);
            valgrind
        }
        _ => Command::new(&binary),
    };
    command.args(arguments).current_dir(&place);
    print!("{}", succeed(&mut command));
    // It passed: what is left of it only fills the disk. Each program has the whole static library in it.
    std::fs::remove_dir_all(&place).expect("the directory can be removed");
}

/// In each flavour but the slow one.
fn play_all(program: &str, arguments: &[&str]) {
    for flavour in [Flavour::Static, Flavour::Shared, Flavour::Sanitized] {
        play(program, flavour, arguments);
    }
}

#[test]
fn a_player_joins_and_leaves() {
    play_all("quickstart", &[]);
}

#[test]
fn documents_and_data_by_pointer() {
    play_all("documents", &[]);
}

#[test]
fn bad_input() {
    play_all("bad_input", &[]);
}

#[test]
fn faults_that_fuzzing_found() {
    play_all("found_by_fuzzing", &[]);
}

#[test]
fn callbacks_and_hand_over() {
    play_all("callbacks", &[]);
}

#[test]
fn requests_outlive_engines() {
    play_all("async_store", &[]);
}

#[test]
fn a_full_disk_and_two_servers_with_one_id() {
    play_all("trouble", &[]);
}

#[test]
fn threads() {
    play_all("threads", &[]);
}

#[test]
fn hosts_that_hang_many_threads_and_clocks_at_different_rates() {
    play_all("clocks", &[]);
}

#[test]
fn faults_of_an_asynchronous_callback_store() {
    play_all("store_faults", &["async"]);
}

#[test]
fn faults_of_a_blocking_callback_store() {
    play_all("store_faults", &["blocking"]);
}

#[test]
fn faults_of_a_concurrent_callback_store() {
    play_all("store_faults", &["concurrent"]);
}

#[test]
fn loading_and_migrations() {
    play_all("loading", &[]);
}

#[test]
fn changes_between_records() {
    play_all("changes", &[]);
}

#[test]
fn budgets_sizes_and_critical_stores() {
    play_all("limits", &[]);
}

#[test]
fn counters_and_a_log_that_names_no_player() {
    play_all("metrics", &[]);
}

#[test]
fn every_end_of_a_purchase() {
    play_all("purchases", &[]);
}

#[test]
fn the_check_of_stores() {
    play_all("store_check", &[]);
}

#[cfg(feature = "zstd")]
#[test]
fn records_are_encoded() {
    play_all("codecs", &[]);
}

#[test]
fn an_hour_of_play_with_faults() {
    play_all("play_with_faults", &[]);
}

#[test]
fn under_valgrind() {
    for program in [
        "documents",
        "bad_input",
        "callbacks",
        "async_store",
        "loading",
        "changes",
        "purchases",
    ] {
        play(program, Flavour::Valgrind, &[]);
    }
    play("store_faults", Flavour::Valgrind, &["async"]);
    play("store_faults", Flavour::Valgrind, &["blocking"]);
}
