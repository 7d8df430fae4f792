//! Deliberate faults in the safety lines of the lock: each must be found, or the simulator is blind.

use crate::runner::{run_many, run_seed};
use sessionlocker::planted::{Bug, Bugs};

/// Where each fault was first found. When the library or the simulator changes, seeds tell other stories: a seed that
/// no longer shows its fault is no failure as long as the search finds another.
const KNOWN: &[(Bug, u64)] = &[
    (Bug::TimeoutIsFailure, 6),
    (Bug::ConflictIsSuccess, 0),
    (Bug::AdoptOtherOperation, 492),
    (Bug::NoHolderMargin, 32),
    (Bug::TakeWithoutEnded, 72),
    (Bug::EndedUnconditionally, 3),
    (Bug::LeaseFromAnswer, 96),
    (Bug::LeaseFromLastTry, 76),
    (Bug::NoConfirmation, 20),
    (Bug::ReplacedFromOldLook, 2385),
    (Bug::LateAnswersAccepted, 4),
    (Bug::ReceiptsInMemoryOnly, 0),
    (Bug::GrantedBeforeDurable, 0),
    (Bug::SavedPastSnapshot, 1),
    (Bug::ReleaseCalledOffInDoubt, 1),
    (Bug::MissingRecreated, 3),
    (Bug::EpochIgnored, 0),
    (Bug::EpochNotRaised, 0),
    (Bug::UnknownQueuedAgain, 1),
    (Bug::MissingIsDead, 3234),
    (Bug::LengthInRecordIgnored, 2),
    (Bug::AdoptOldProcess, 3),
    (Bug::NameUsedAgain, 15459),
];

/// How many seeds are searched where a known one no longer shows its fault.
const SEARCH: u64 = 20_000;

fn known_seed(bug: Bug) -> Option<u64> {
    KNOWN.iter().find(|(known, _)| *known == bug).map(|(_, seed)| *seed)
}

/// Looks for each fault from seed 0 on, and prints a table; whether all were found.
pub fn find_all(only: Option<&str>, cap: u64, threads: usize) -> bool {
    let mut survivors = 0;
    let mut hardest = None;
    for bug in chosen(only) {
        let outcome = run_many(0, cap, Bugs::default().with(bug), 1, threads);
        let name = format!("{bug:?}");
        match outcome.found.first() {
            Some(found) => {
                println!(
                    "{name:<24} {:<4} seed {:<7} {:>7.1} s  {}",
                    found.violation.invariant,
                    found.seed,
                    outcome.took.as_secs_f64(),
                    found.violation.text
                );
                if hardest.as_ref().is_none_or(|(seed, _)| *seed < found.seed) {
                    hardest = Some((found.seed, bug));
                }
            }
            None => {
                survivors += 1;
                println!("{name:<24} NOT FOUND in {} seeds", outcome.tally.seeds);
            }
        }
    }
    if let Some((seed, bug)) = hardest {
        println!("hardest: {bug:?}, first seed {seed}");
    }
    report(chosen(only).len(), survivors)
}

/// Counts in how many of the first `count` seeds each fault shows.
pub fn count_all(only: Option<&str>, count: u64, threads: usize) -> bool {
    let mut survivors = 0;
    for bug in chosen(only) {
        let outcome = run_many(0, count, Bugs::default().with(bug), usize::MAX, threads);
        let share = outcome.found.len() as f64 / count.max(1) as f64 * 100.0;
        let first = outcome.found.first().map(|found| found.seed);
        survivors += usize::from(first.is_none());
        println!(
            "{:<24} {share:>8.3} % of {count} seeds, first {first:?}",
            format!("{bug:?}")
        );
    }
    report(chosen(only).len(), survivors)
}

/// Replays each fault's known seed, and searches where that no longer shows it; whether all were found.
pub fn replay_known(threads: usize) -> bool {
    let mut survivors = 0;
    for bug in Bug::ALL {
        let bugs = Bugs::default().with(bug);
        let known = known_seed(bug).and_then(|seed| Some((seed, run_seed(seed, bugs, false).2?)));
        if let Some((seed, violation)) = known {
            println!("planted {bug:?}: {} broken at seed {seed}", violation.invariant);
            continue;
        }
        let outcome = run_many(0, SEARCH, bugs, 1, threads);
        match outcome.found.first() {
            Some(found) => println!(
                "planted {bug:?}: {} broken at seed {} (not the one on record)",
                found.violation.invariant, found.seed
            ),
            None => {
                survivors += 1;
                println!("planted {bug:?}: NOT FOUND in {SEARCH} seeds");
            }
        }
    }
    report(Bug::ALL.len(), survivors)
}

fn report(all: usize, survivors: usize) -> bool {
    println!("planted bugs found: {} of {all}", all - survivors);
    survivors == 0
}

fn chosen(only: Option<&str>) -> Vec<Bug> {
    Bug::ALL
        .into_iter()
        .filter(|bug| only.is_none_or(|only| format!("{bug:?}") == only))
        .collect()
}
