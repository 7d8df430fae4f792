//! A simulator of several game servers over one store: everything that happens is decided by a seed.
//!
//! ```text
//! cargo test --release --test simulation                                  a share of the seeds, as in every test run
//! cargo test --release --test simulation -- --seeds 100000                many seeds
//! cargo test --release --test simulation -- --seconds 600 --from 5000000  as many as fit into the time
//! cargo test --release --test simulation -- --seed 7 --trace              all that happens in one seed
//! cargo test --release --test simulation -- --seed 7 --shrink             the shortest story of a seed that breaks a promise
//! cargo test --release --test simulation -- --through-c --seeds 1000      servers that use the C interface
//! cargo test --release --features planted-bugs --test simulation -- --planted        look for every planted bug
//! cargo test --release --features planted-bugs --test simulation -- --rate 2000      how often each of them shows
//! ```
//!
//! The servers run the library's own core, which does no I/O and reads no clock. The world loses, doubles and delays
//! requests and answers, stops and kills servers, bends clocks and damages records; after every step the invariants of
//! the lock are checked for all servers together.
//!
//! With `--through-c` the servers use the C interface instead, with the host's clock and a store of callbacks, and what
//! they write is compared with what the core writes in the same play.

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
mod shrink;
mod store;
mod tally;
mod through_c;
mod trace;
mod transitions;
mod view;
mod world;

use crate::server::Through;
use runner::{Range, Setup};
use sessionlocker::planted::Bugs;
use std::process::ExitCode;
use std::time::Duration;
use trace::Telling;

/// The share of seeds in every test run.
const USUAL_SEEDS: u64 = 4_000;
/// From so many seeds on, everything that can be injected and seen must have been.
const ALL_SEEN_FROM: u64 = 20_000;

struct Arguments {
    seeds: Option<u64>,
    seconds: Option<u64>,
    from: u64,
    seed: Option<u64>,
    trace: bool,
    shrink: bool,
    planted: bool,
    planted_known: bool,
    write: bool,
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
    let longest = arguments.seconds.map(Duration::from_secs);
    let range = Range {
        first: arguments.from,
        count: arguments.seeds.unwrap_or(longest.map_or(USUAL_SEEDS, |_| u64::MAX / 2)),
        longest,
    };
    let well = runner::hunt(range, arguments.through, arguments.threads, ALL_SEEN_FROM);
    // A plain test run replays the planted bugs too, where they are built in.
    let plain = arguments.seeds.is_none() && longest.is_none() && arguments.through == Through::Core;
    let usual = plain && cfg!(feature = "planted-bugs");
    well && (!usual || planted(arguments))
}

fn tell_one(seed: u64, arguments: &Arguments) -> bool {
    let setup = Setup {
        bugs: bugs(arguments),
        telling: if arguments.trace {
            Telling::Everything
        } else {
            Telling::Nothing
        },
        through: arguments.through,
        ..Setup::default()
    };
    if arguments.shrink {
        shrink::tell(seed, &setup);
        return true;
    }
    let run = runner::run_with(seed, &setup);
    println!(
        "seed {seed}: trace {:016x}, {} events, {} requests",
        run.hash, run.tally.steps, run.tally.requests
    );
    match run.violation {
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
        campaign::find_all(
            arguments.bug.as_deref(),
            arguments.cap,
            arguments.threads,
            arguments.write,
        )
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
        seconds: None,
        from: 0,
        seed: None,
        trace: false,
        shrink: false,
        planted: false,
        planted_known: false,
        write: false,
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
            "--seconds" => arguments.seconds = Some(number()?),
            "--from" => arguments.from = number()?,
            "--seed" => arguments.seed = Some(number()?),
            "--cap" => arguments.cap = number()?,
            "--threads" => arguments.threads = usize::try_from(number()?).unwrap_or(1).max(1),
            "--trace" => arguments.trace = true,
            "--shrink" => arguments.shrink = true,
            "--through-c" => arguments.through = Through::C,
            // The same plays with the core, to be compared with those through C.
            "--plain" => arguments.through = Through::PlainCore,
            "--planted" => arguments.planted = true,
            "--planted-known" => arguments.planted_known = true,
            "--write" => arguments.write = true,
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
