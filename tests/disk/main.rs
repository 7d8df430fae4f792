//! Real processes on failing resources: each call to the system fails or kills the process in turn, the power goes, files
//! are moved away, descriptors, threads, room and memory end, and the process is stopped past its lease. Whatever happens,
//! what the players were told is so in the store afterwards, and a healthy process goes on with it.
//!
//! Each run has a seed, which is printed and set by `DISK_SEED`. How much is tried is set by `DISK_FAULTS` (runs with a
//! failing call, or `all`), `DISK_IMAGES` (power losses) and `KILLS`.
#![cfg(all(target_os = "linux", feature = "sqlite"))]

mod faults;
mod kills;
mod losses;
mod pauses;
mod power;
mod programs;
mod promises;
mod resources;
#[path = "../tools/mod.rs"]
mod tools;

use std::path::Path;

/// The number that an environment variable sets.
fn setting(name: &str, default: u64) -> u64 {
    match std::env::var(name).as_deref() {
        Ok("all") => u64::MAX,
        Ok(text) => text
            .parse()
            .unwrap_or_else(|_| panic!("{name} must be a number, not '{text}'")),
        Err(_) => default,
    }
}

fn seed() -> u64 {
    setting("DISK_SEED", fastrand::u64(..1_000_000_000))
}

/// Leaves the figures where the test runner collects them, and prints them.
fn report(name: &str, text: &str) {
    println!("{name}: {text}");
    if let Ok(folder) = std::env::var("FIGURES_DIR") {
        std::fs::write(Path::new(&folder).join(name), text).expect("the folder for figures is writable");
    }
}

/// Ends the test with the first faults that were found.
fn none_of(faults: &[String], seed: u64) {
    let shown = faults[..faults.len().min(10)].join("\n\n");
    assert!(faults.is_empty(), "{} faults (seed {seed}):\n{shown}", faults.len());
}
