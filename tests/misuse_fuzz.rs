//! Random calls of every function of the header: `tests/c/misuse_fuzz.c`, with a fixed number of seeds.
//!
//! `scripts/sanitize.sh` runs the same program with sanitizers inside the library as well, and for as long as is wanted.

#![cfg(all(unix, feature = "sqlite", feature = "zstd"))]

mod tools;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use tools::{have, library, root, succeed};

/// The program, linked with the static library; `None` if there is no compiler.
fn compiled(name: &str, sanitizers: &[&str]) -> Option<PathBuf> {
    if !have("gcc") {
        return None;
    }
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("misuse_fuzz").join(name);
    std::fs::create_dir_all(&place).expect("the directory can be made");
    let binary = place.join("misuse_fuzz");
    let mut gcc = Command::new("gcc");
    gcc.args([
        "-std=c11",
        "-Wall",
        "-Wextra",
        "-Wpedantic",
        "-Wconversion",
        "-Wshadow",
        "-Werror",
    ]);
    gcc.args(["-g", "-O1"])
        .args(sanitizers)
        .arg("-I")
        .arg(root().join("include"));
    gcc.arg(root().join("tests/c/misuse_fuzz.c")).arg("-o").arg(&binary);
    gcc.arg(library("libsessionlocker.a"))
        .args(["-lpthread", "-ldl", "-lm"]);
    succeed(&mut gcc);
    Some(binary)
}

/// Plays seeds, shows the figures, and gives the trace.
fn play(binary: &Path, mode: &str, cases: &str) -> String {
    let mut command = Command::new(binary);
    command
        .args([mode, "1", cases])
        .current_dir(binary.parent().expect("it lies in a directory"));
    let said = succeed(&mut command);
    let figures = said.lines().last().unwrap_or_default();
    println!("{figures}");
    let (_, trace) = figures.rsplit_once("trace ").expect("it ends with the trace");
    trace.to_owned()
}

#[test]
fn every_function_of_the_header_is_called() {
    let Some(binary) = compiled("calls", &[]) else {
        return;
    };
    let called: BTreeSet<String> = succeed(Command::new(binary).arg("calls"))
        .lines()
        .map(str::to_owned)
        .collect();
    let header = std::fs::read_to_string(root().join("include/sessionlocker.h")).expect("the header is there");
    let declared: BTreeSet<String> = header
        .split("SLK_API ")
        .skip(1)
        .filter_map(|rest| rest.split_once('('))
        .filter_map(|(declaration, _)| declaration.split([' ', '*']).next_back())
        .filter(|name| name.starts_with("slk_"))
        .map(str::to_owned)
        .collect();
    assert!(declared.len() > 100, "the header was understood: {}", declared.len());
    assert_eq!(called, declared);
}

#[test]
fn alone() {
    let sanitizers = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"];
    if let Some(binary) = compiled("alone", &sanitizers) {
        play(&binary, "alone", "1000");
    }
}

/// A run that shows a fault must show it again.
#[test]
fn equal_runs_give_equal_traces() {
    if let Some(binary) = compiled("again", &[]) {
        let first = play(&binary, "alone", "1000");
        assert_eq!(play(&binary, "alone", "1000"), first);
    }
}

#[test]
fn in_a_crowd() {
    let sanitizers = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"];
    if let Some(binary) = compiled("crowd", &sanitizers) {
        play(&binary, "crowd", "150");
    }
}
