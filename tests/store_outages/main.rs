//! Real game servers in this process on real store servers that are restarted, killed, stopped, cut off, and replaced by
//! standbys that are behind. The game loop never waits for them, what was promised is kept, and what a store lost is told.
#![cfg(all(unix, any(feature = "postgres", feature = "redis")))]

mod cut;
mod failover;
mod outages;
mod promises;
mod server;
mod stale;
mod subject;
#[path = "../tools/mod.rs"]
mod tools;

use std::path::Path;

/// Leaves the figures where the test runner collects them, and prints them.
fn report(name: &str, text: &str) {
    println!("{name}: {text}");
    if let Ok(folder) = std::env::var("FIGURES_DIR") {
        std::fs::write(Path::new(&folder).join(name), format!("{text}\n")).expect("the folder for figures is writable");
    }
}
