//! The protocol of the lock as a model, all of whose states are visited.
mod acquire;
mod actions;
mod beat;
mod held;
mod model;
mod names;
mod planted;
mod recovery;
mod search;
mod state;
mod store;
mod story;
mod watch;

use model::{Bound, Lease, Model};
use planted::Planted;
use search::{search, Limits};

const TWO: Bound = Bound {
    engines: 2,
    server_ids: [0, 1, 2],
    epochs: 2,
    edits: 1,
    faults: 1,
    crashes: 0,
    erasures: 0,
    letters: false,
    slow_looks: false,
    slow_reads: false,
    any_clock_rate: false,
    lease: Lease { wait: 2, stop: 1 },
};

fn env(name: &str, default: u8) -> u8 {
    std::env::var(name).map_or(default, |s| s.parse().unwrap())
}

#[test]
fn explore() {
    let bound = Bound {
        engines: env("N", 2) as usize,
        server_ids: if env("SHARED", 0) == 1 { [0, 0, 2] } else { [0, 1, 2] },
        epochs: env("E", 2),
        edits: env("D", 1),
        faults: env("F", 1),
        crashes: env("C", 0),
        erasures: env("X", 0),
        letters: env("L", 0) == 1,
        slow_looks: env("SL", 0) == 1,
        slow_reads: env("SR", 0) == 1,
        any_clock_rate: env("ANY", 0) == 1,
        lease: Lease { wait: env("W", 2), stop: env("W", 2) - 1 },
        ..TWO
    };
    let planted = env("P", 255);
    let planted = (planted != 255).then(|| Planted::ALL[planted as usize]);
    let model = Model { bound, planted };
    let max: usize = std::env::var("MAX").map_or(5_000_000, |s| s.parse().unwrap());
    let found = search(&model, Limits { states: max, only: None, recover_each: env("R", 0) as u64 });
    println!(
        "{planted:?} unique {} steps {} depth {} exhausted {} recovered {} {:.1} s",
        found.unique, found.steps, found.depth, found.exhausted, found.recovered, found.took.as_secs_f64()
    );
    for s in model::Sometimes::ALL {
        if found.sometimes & 1 << s as u32 == 0 {
            println!("   never: {}", s.text());
        }
    }
    if let Some((property, way)) = &found.broken {
        println!("BROKEN {} in {} steps\n{}", property.name(), way.len(), if env("STORY",1)==1 {story::tell(&model, way)} else {String::new()});
    }
}
