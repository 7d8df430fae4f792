//! Many seeds on all cores, and what came of them.

use crate::checker::Violation;
use crate::server::Through;
use crate::shrink::{self, Omit};
use crate::tally::Tally;
use crate::trace::Telling;
use crate::world::World;
use sessionlocker::planted::Bugs;
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

/// How a seed is run.
#[derive(Clone, Default)]
pub struct Setup {
    pub bugs: Bugs,
    pub omit: Omit,
    pub telling: Telling,
    pub through: Through,
}

impl From<Bugs> for Setup {
    fn from(bugs: Bugs) -> Self {
        Self {
            bugs,
            ..Self::default()
        }
    }
}

impl From<Through> for Setup {
    fn from(through: Through) -> Self {
        Self {
            through,
            ..Self::default()
        }
    }
}

/// What came of one seed.
#[derive(Default)]
pub struct Run {
    pub hash: u64,
    pub now: u64,
    pub tally: Tally,
    pub violation: Option<Violation>,
}

/// Runs one seed; a panic is a broken promise, too.
pub fn run_with(seed: u64, setup: &Setup) -> Run {
    let run = || {
        let mut world = World::new(seed, setup);
        let ending = world.run();
        Run {
            hash: ending.hash,
            now: world.now,
            tally: world.tally.clone(),
            violation: ending.violation,
        }
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
        Run {
            violation: Some(violation),
            ..Run::default()
        }
    })
}

/// Runs one seed as it is.
#[cfg(feature = "planted-bugs")]
pub fn run_seed(seed: u64, setup: impl Into<Setup>) -> Run {
    run_with(seed, &setup.into())
}

/// Which seeds are run, and for how long at most.
#[derive(Clone, Copy)]
pub struct Range {
    pub first: u64,
    pub count: u64,
    pub longest: Option<Duration>,
}

impl Range {
    /// So many seeds from 0 on, however long they take.
    #[cfg(feature = "planted-bugs")]
    pub fn up_to(count: u64) -> Self {
        Self {
            first: 0,
            count,
            longest: None,
        }
    }
}

/// Runs seeds until the end or until `enough` promises were found broken.
pub fn run_many(range: Range, setup: impl Into<Setup>, enough: usize, threads: usize) -> Outcome {
    let setup = &setup.into();
    let Range { first, count, longest } = range;
    let started = Instant::now();
    let in_time = || longest.is_none_or(|longest| started.elapsed() < longest);
    let next = AtomicU64::new(0);
    let sum = Mutex::new(Tally::default());
    let found = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut tally = Tally::default();
                while found
                    .lock()
                    .is_ok_and(|found: std::sync::MutexGuard<'_, Vec<Found>>| found.len() < enough && in_time())
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

fn run_and_compare(seed: u64, setup: &Setup, sum: &mut Tally) -> Option<Violation> {
    let Run {
        hash, tally, violation, ..
    } = run_with(seed, setup);
    sum.add(&tally);
    if violation.is_some() {
        return violation;
    }
    let again = match seed % REPLAY_EVERY {
        0 => setup.clone(),
        // What goes in and out through C is what the core, driven directly, would have said.
        COMPARED if setup.through == Through::C => Setup::from(Through::PlainCore),
        _ => return None,
    };
    sum.replayed += 1;
    let other = run_with(seed, &again).hash;
    (hash != other).then(|| Violation {
        invariant: "I13",
        text: format!(
            "the same seed gave the traces {hash:016x} and, through {:?}, {other:016x}",
            again.through
        ),
    })
}

/// Runs seeds and prints what came of them; whether all was well.
pub fn hunt(range: Range, through: Through, threads: usize, all_seen_from: u64) -> bool {
    let way = if through == Through::C {
        ", through the C interface"
    } else {
        ""
    };
    match range.longest {
        None => println!(
            "simulation: seeds {} to {} on {threads} threads{way}",
            range.first,
            range.first + range.count - 1
        ),
        Some(longest) => println!(
            "simulation: seeds from {} on, for {} s on {threads} threads{way}",
            range.first,
            longest.as_secs()
        ),
    }
    let outcome = run_many(range, through, MOST_VIOLATIONS, threads);
    print_summary(&outcome, through);
    if let Some(found) = outcome.found.first() {
        println!("\nthe story of seed {}, as short as it could be made", found.seed);
        shrink::tell(found.seed, &Setup::from(through));
    }
    let missing = missing_counters(&outcome.tally);
    let blind = outcome.tally.seeds >= all_seen_from && !missing.is_empty();
    if blind {
        println!("never happened, so this run proves too little: {}", missing.join(", "));
    }
    outcome.found.is_empty() && !blind && crate::through_c::nothing_is_left()
}

fn missing_counters(tally: &Tally) -> Vec<String> {
    let all = tally.all_injected().into_iter().chain(tally.all_seen());
    let never = all.filter(|(_, count)| *count == 0).map(|(name, _)| name.to_owned());
    never.chain(tally.transitions.missing()).collect()
}

fn print_summary(outcome: &Outcome, through: Through) {
    let way = if through == Through::C { "--through-c " } else { "" };
    let tally = &outcome.tally;
    let seconds = outcome.took.as_secs_f64().max(0.001);
    println!("\ninjected");
    print_counts(&tally.all_injected());
    println!("seen");
    print_counts(&tally.all_seen());
    tally.transitions.print();
    println!(
        "seeds      {} ({} calm, {} rough, {} stormy; {} with clock rates beyond the bound), {} run twice",
        tally.seeds, tally.calm_seeds, tally.rough_seeds, tally.stormy_seeds, tally.wild_seeds, tally.replayed
    );
    println!(
        "work       {} events, {} requests, {} writes of records and server records, {} edits, {} notices of purchases",
        tally.steps, tally.requests, tally.commits, tally.edits, tally.receipts
    );
    println!(
        "rates      {:.0} events a second; {} changes sent; {} faults injected",
        tally.steps as f64 / seconds,
        tally.letters,
        tally.all_injected().iter().map(|(_, count)| count).sum::<u64>()
    );
    let checks = &tally.checks;
    println!(
        "checked    {} writes (I1 I2 I3 I9), {} verdicts on changes (I2 I3), {} writes with purchases (I4), {} with changes (I5 I6), \
         {} availabilities (I7), {} looks (I2)",
        checks.writes, checks.verdicts, checks.purchases, checks.letters, checks.exclusive, checks.loads
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
            "           see it: cargo test --release --test simulation -- {way}--seed {} --trace",
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
