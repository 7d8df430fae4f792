//! A simulator of several game servers over one store: everything that happens is decided by a seed.
//!
//! ```text
//! cargo test --release --test simulation                                  a share of the seeds, as in every test run
//! cargo test --release --test simulation -- --seeds 100000                many seeds
//! cargo test --release --test simulation -- --seed 7 --trace              the story of one seed
//! cargo test --release --test simulation -- --through-c --seeds 1000      servers that use the C interface
//! cargo test --release --features planted-bugs --test simulation -- --planted        look for every planted bug
//! cargo test --release --features planted-bugs --test simulation -- --rate 2000      how often each of them shows
//! ```
//!
//! The servers run the library's own core, which does no I/O and reads no clock. The world loses, doubles and delays
//! requests and answers, stops and kills servers, bends clocks and damages records; after every step the invariants of
//! the lock are checked for all servers together.

#[cfg(feature = "planted-bugs")]
mod campaign;
mod checker;
mod clock;
mod faults;
mod hear;
mod history;
mod host;
mod mail;
mod network;
mod post;
mod process;
mod profile;
mod queue;
mod runner;
mod seen;
mod server;
mod server_core;
mod settle;
mod store;
mod tally;
mod through_c;
mod trace;
mod view;
mod world;

use sessionlocker::planted::Bugs;
use crate::server::{Setup, Through};
use std::process::ExitCode;

/// The share of seeds in every test run.
const USUAL_SEEDS: u64 = 4_000;
/// From so many seeds on, everything that can be injected and seen must have been.
const ALL_SEEN_FROM: u64 = 20_000;

struct Arguments {
    seeds: Option<u64>,
    from: u64,
    seed: Option<u64>,
    trace: bool,
    planted: bool,
    planted_known: bool,
    rate: Option<u64>,
    bug: Option<String>,
    cap: u64,
    threads: usize,
    list: bool,
    through: Through,
}

fn main() -> ExitCode {
    let arguments = match parse(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(text) => {
            eprintln!("{text}");
            return ExitCode::from(2);
        }
    };
    if arguments.list || run(&arguments) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn run(arguments: &Arguments) -> bool {
    if let Some(seed) = arguments.seed {
        return tell_one(seed, arguments);
    }
    if arguments.planted || arguments.planted_known {
        return planted(arguments);
    }
    let count = arguments.seeds.unwrap_or(USUAL_SEEDS);
    let must_see_all = count >= ALL_SEEN_FROM;
    let well = runner::hunt(arguments.from, count, arguments.through, arguments.threads, must_see_all);
    // A plain test run replays the planted bugs too, where they are built in.
    let usual = arguments.seeds.is_none() && arguments.through == Through::Core && cfg!(feature = "planted-bugs");
    well && (!usual || planted(arguments))
}

fn tell_one(seed: u64, arguments: &Arguments) -> bool {
    let setup = Setup {
        bugs: bugs(arguments),
        through: arguments.through,
    };
    let (hash, tally, violation) = runner::run_seed(seed, setup, arguments.trace);
    println!(
        "seed {seed}: trace {hash:016x}, {} events, {} requests",
        tally.steps, tally.requests
    );
    match violation {
        Some(violation) => {
            println!("BROKEN {}: {}", violation.invariant, violation.text);
            false
        }
        None => true,
    }
}

#[cfg(feature = "planted-bugs")]
fn planted(arguments: &Arguments) -> bool {
    if let Some(count) = arguments.rate {
        campaign::count_all(arguments.bug.as_deref(), count, arguments.threads)
    } else if arguments.planted {
        campaign::find_all(arguments.bug.as_deref(), arguments.cap, arguments.threads)
    } else {
        campaign::replay_known(arguments.threads)
    }
}

#[cfg(not(feature = "planted-bugs"))]
fn planted(_arguments: &Arguments) -> bool {
    eprintln!("planted bugs need the feature planted-bugs: cargo test --release --features planted-bugs ...");
    false
}

#[cfg(feature = "planted-bugs")]
fn bugs(arguments: &Arguments) -> Bugs {
    let named = sessionlocker::planted::Bug::ALL
        .into_iter()
        .find(|bug| arguments.bug.as_deref() == Some(&format!("{bug:?}")));
    named.map_or_else(Bugs::default, |bug| Bugs::default().with(bug))
}

#[cfg(not(feature = "planted-bugs"))]
fn bugs(_arguments: &Arguments) -> Bugs {
    Bugs::default()
}

fn parse(mut words: impl Iterator<Item = String>) -> Result<Arguments, String> {
    let mut arguments = Arguments {
        seeds: None,
        from: 0,
        seed: None,
        trace: false,
        planted: false,
        planted_known: false,
        rate: None,
        bug: None,
        cap: 200_000,
        threads: std::thread::available_parallelism().map_or(1, usize::from),
        list: false,
        through: Through::Core,
    };
    while let Some(word) = words.next() {
        let mut number = || {
            let value = words.next().ok_or_else(|| format!("{word} needs a number"))?;
            value
                .parse::<u64>()
                .map_err(|_| format!("{word} needs a number, not {value}"))
        };
        match word.as_str() {
            "--seeds" => arguments.seeds = Some(number()?.max(1)),
            "--from" => arguments.from = number()?,
            "--seed" => arguments.seed = Some(number()?),
            "--cap" => arguments.cap = number()?,
            "--threads" => arguments.threads = usize::try_from(number()?).unwrap_or(1).max(1),
            "--trace" => arguments.trace = true,
            "--through-c" => arguments.through = Through::C,
            // The same plays with the core, to be compared with those through C.
            "--plain" => arguments.through = Through::PlainCore,
            "--planted" => arguments.planted = true,
            "--planted-known" => arguments.planted_known = true,
            "--rate" => {
                arguments.planted = true;
                arguments.rate = Some(number()?.max(1));
            }
            "--bug" => arguments.bug = words.next(),
            // What `cargo test` passes on to all tests.
            "--list" => arguments.list = true,
            "--nocapture" | "--quiet" | "-q" | "--include-ignored" | "--ignored" | "--exact" => {}
            other if !other.starts_with('-') => {}
            other => return Err(format!("unknown argument {other}; see tests/simulation/main.rs")),
        }
    }
    Ok(arguments)
}
