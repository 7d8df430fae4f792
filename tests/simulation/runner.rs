//! Many seeds on all cores, and what came of them.

use crate::checker::Violation;
use crate::server::{Setup, Through};
use crate::tally::Tally;
use crate::world::World;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Every so many seeds one is run twice, and both traces must be the same.
const REPLAY_EVERY: u64 = 16;
/// Which of them is compared with the core, when servers are driven through C.
const COMPARED: u64 = REPLAY_EVERY / 2;
/// Seeds that a thread takes at a time.
const CHUNK: u64 = 16;
/// Broken promises after which a run is given up.
const MOST_VIOLATIONS: usize = 10;

/// A seed with a broken promise.
pub struct Found {
    pub seed: u64,
    pub violation: Violation,
}

/// What came of many seeds.
pub struct Outcome {
    pub tally: Tally,
    /// In the order of their seeds.
    pub found: Vec<Found>,
    pub took: Duration,
}

/// Runs one seed; a panic is a broken promise, too.
pub fn run_seed(seed: u64, setup: impl Into<Setup>, telling: bool) -> (u64, Tally, Option<Violation>) {
    let setup = setup.into();
    let run = || {
        let mut world = World::new(seed, setup, telling);
        let ending = world.run();
        (ending.hash, world.tally.clone(), ending.violation)
    };
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
        let text = panic
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string))
            .unwrap_or_default();
        let violation = Violation {
            invariant: "I11",
            text: format!("panic: {text}"),
        };
        (0, Tally::default(), Some(violation))
    })
}

/// Runs the seeds from `first` on, `count` of them, until the end or until `enough` promises were found broken.
pub fn run_many(first: u64, count: u64, setup: impl Into<Setup>, enough: usize, threads: usize) -> Outcome {
    let setup = setup.into();
    let started = Instant::now();
    let next = AtomicU64::new(0);
    let sum = Mutex::new(Tally::default());
    let found = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut tally = Tally::default();
                while found
                    .lock()
                    .is_ok_and(|found: std::sync::MutexGuard<'_, Vec<Found>>| found.len() < enough)
                {
                    let chunk = next.fetch_add(CHUNK, Ordering::Relaxed);
                    if chunk >= count {
                        break;
                    }
                    for seed in first + chunk..first + (chunk + CHUNK).min(count) {
                        if let Some(violation) = run_and_compare(seed, setup, &mut tally) {
                            if let Ok(mut found) = found.lock() {
                                found.push(Found { seed, violation });
                            }
                        }
                    }
                }
                if let Ok(mut sum) = sum.lock() {
                    sum.add(&tally);
                }
            });
        }
    });
    let mut found = found.into_inner().unwrap_or_default();
    found.sort_by_key(|found| found.seed);
    Outcome {
        tally: sum.into_inner().unwrap_or_default(),
        found,
        took: started.elapsed(),
    }
}

fn run_and_compare(seed: u64, setup: Setup, sum: &mut Tally) -> Option<Violation> {
    let (hash, tally, violation) = run_seed(seed, setup, false);
    sum.add(&tally);
    if violation.is_some() {
        return violation;
    }
    let again = match seed % REPLAY_EVERY {
        0 => setup,
        // What goes in and out through C is what the core, driven directly, would have said.
        COMPARED if setup.through == Through::C => Setup::from(Through::PlainCore),
        _ => return None,
    };
    sum.replayed += 1;
    let (other, ..) = run_seed(seed, again, false);
    (hash != other).then(|| Violation {
        invariant: "I13",
        text: format!(
            "the same seed gave the traces {hash:016x} and, through {:?}, {other:016x}",
            again.through
        ),
    })
}

/// Runs seeds and prints what came of them; whether all was well.
pub fn hunt(first: u64, count: u64, through: Through, threads: usize, must_see_all: bool) -> bool {
    let way = if through == Through::C { ", through the C interface" } else { "" };
    println!(
        "simulation: seeds {first} to {} on {threads} threads{way}",
        first + count - 1
    );
    let outcome = run_many(first, count, through, MOST_VIOLATIONS, threads);
    print_summary(&outcome);
    let missing = missing_counters(&outcome.tally);
    let blind = must_see_all && !missing.is_empty();
    if blind {
        println!("never happened, so this run proves too little: {}", missing.join(", "));
    }
    outcome.found.is_empty() && !blind && crate::through_c::nothing_is_left()
}

fn missing_counters(tally: &Tally) -> Vec<&'static str> {
    let all = tally.all_injected().into_iter().chain(tally.all_seen());
    all.filter(|(_, count)| *count == 0).map(|(name, _)| name).collect()
}

fn print_summary(outcome: &Outcome) {
    let tally = &outcome.tally;
    let seconds = outcome.took.as_secs_f64().max(0.001);
    println!("\ninjected");
    print_counts(&tally.all_injected());
    println!("seen");
    print_counts(&tally.all_seen());
    println!(
        "seeds      {} ({} calm, {} rough, {} stormy; {} with clock rates beyond the bound), {} run twice",
        tally.seeds, tally.calm_seeds, tally.rough_seeds, tally.stormy_seeds, tally.wild_seeds, tally.replayed
    );
    println!(
        "work       {} events, {} requests, {} writes of records and server records, {} edits, {} notices of purchases",
        tally.steps, tally.requests, tally.commits, tally.edits, tally.receipts
    );
    println!(
        "time       {seconds:.1} s, {:.0} seeds a second, {:.1} hours of play",
        tally.seeds as f64 / seconds,
        tally.virtual_ns as f64 / 3.6e12
    );
    println!(
        "slowest    {:.1} s until all was loaded, {:.1} s until all was idle, {:.1} s until all was shut down, after the last fault",
        tally.slowest_load as f64 / 1e9,
        tally.slowest_idle as f64 / 1e9,
        tally.slowest_shutdown as f64 / 1e9
    );
    for found in &outcome.found {
        println!(
            "BROKEN     {} seed {}: {}",
            found.violation.invariant, found.seed, found.violation.text
        );
        println!(
            "           see it: cargo test --release --test simulation -- --seed {} --trace",
            found.seed
        );
    }
    if outcome.found.is_empty() {
        println!(
            "violations none; a fault that shows in more than {:.1e} of the seeds is excluded with 95 % confidence (3/N)",
            3.0 / tally.seeds.max(1) as f64
        );
    }
}

fn print_counts(counts: &[(&str, u64)]) {
    for (name, count) in counts {
        println!("  {count:>12}  {name}");
    }
}
