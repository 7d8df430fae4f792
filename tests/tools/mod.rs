//! What the tests that run compilers, servers and other programs have in common.
#![allow(dead_code)] // Each test program uses its part.

pub mod certificates;
pub mod daemon;
pub mod postgres;
pub mod proxy;
pub mod redis;
pub mod redis_cluster;
#[cfg(unix)]
pub mod served;

use std::path::PathBuf;
use std::process::Command;

pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A library that cargo has built for the test that asks: it lies beside it.
pub fn library(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("the test has a path");
    test.with_file_name(name)
}

/// Whether a tool is there. Where nothing may be skipped, a missing one is a failure.
pub fn have(tool: &str) -> bool {
    let found = Command::new(tool).arg("--version").output().is_ok();
    let must = std::env::var_os("CI").is_some_and(|value| value == "true");
    assert!(found || !must, "{tool} is missing");
    if !found {
        eprintln!("skipped: {tool} is missing");
    }
    found
}

/// Runs a program that must succeed, and gives what it printed.
pub fn succeed(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{command:?}\n{}\n{out}{err}", output.status);
    out
}
