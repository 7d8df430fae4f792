//! Deliberate faults in the safety lines of the library: each must be found, or the simulator is blind.

use crate::runner::{run_many, run_seed, Found, Range};
use sessionlocker::planted::{Bug, Bugs};
use std::path::PathBuf;

/// Where each fault was first found: name, invariant, seed. When the library or the simulator changes, seeds tell other
/// stories: a seed that no longer shows its fault is no failure as long as the search finds another.
const KNOWN: &str = include_str!("planted_known.txt");
/// The text of each fault is what its documentation says.
const FAULTS: &str = include_str!("../../src/planted.rs");
/// How many seeds are searched where a known one no longer shows its fault.
const SEARCH: u64 = 20_000;
/// The table in the page on reliability stands between these lines.
const PAGE: &str = "docs/reliability.md";
const MARKS: [&str; 2] = ["<!-- planted bugs -->\n", "<!-- end of planted bugs -->\n"];

fn known_seed(bug: Bug) -> Option<u64> {
    let name = format!("{bug:?}");
    let mut words = KNOWN.lines().map(str::split_whitespace);
    let mut line = words.find(|words| words.clone().next() == Some(&name))?;
    line.nth(2)?.parse().ok()
}

/// What a fault does, as its documentation tells.
fn text_of(bug: Bug) -> &'static str {
    let name = format!("    {bug:?},");
    let mut before = "";
    for line in FAULTS.lines() {
        if line == name {
            break;
        }
        before = line;
    }
    before.trim().trim_start_matches("/// ").trim_end_matches('.')
}

/// Looks for each fault from seed 0 on, and prints a table; whether all were found. With `write`, the known seeds and the
/// page on reliability are written anew.
pub fn find_all(only: Option<&str>, cap: u64, threads: usize, write: bool) -> bool {
    let mut all = Vec::new();
    for bug in chosen(only) {
        let outcome = run_many(Range::up_to(cap), Bugs::default().with(bug), 1, threads);
        let name = format!("{bug:?}");
        match outcome.found.into_iter().next() {
            Some(found) => {
                println!(
                    "{name:<26} {:<4} seed {:<7} {:>7.1} s  {}",
                    found.violation.invariant,
                    found.seed,
                    outcome.took.as_secs_f64(),
                    found.violation.text
                );
                all.push((bug, found));
            }
            None => println!("{name:<26} NOT FOUND in {} seeds", outcome.tally.seeds),
        }
    }
    if let Some((bug, found)) = all.iter().max_by_key(|(_, found)| found.seed) {
        println!("hardest: {bug:?}, first seed {}", found.seed);
    }
    if write && only.is_none() {
        write_down(&all);
    }
    report(chosen(only).len(), chosen(only).len() - all.len())
}

fn write_down(all: &[(Bug, Found)]) {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let mut known = String::new();
    let mut table = String::from("| planted | caught by | first seed |\n|---|---|---|\n");
    for (bug, found) in all {
        let (invariant, seed) = (found.violation.invariant, found.seed);
        known.push_str(&format!("{bug:?} {invariant} {seed}\n"));
        table.push_str(&format!("| {} (`{bug:?}`) | {invariant} | {seed} |\n", text_of(*bug)));
    }
    std::fs::write(root.join("tests/simulation/planted_known.txt"), known).expect("the file can be written");
    let page = std::fs::read_to_string(root.join(PAGE)).expect("the page is there");
    let [begin, end] = MARKS;
    let (head, rest) = page.split_once(begin).expect("the page has a place for the table");
    let (_, tail) = rest.split_once(end).expect("the place has an end");
    let page = format!("{head}{begin}\n{table}\n{end}{tail}");
    std::fs::write(root.join(PAGE), page).expect("the page can be written");
}

/// Counts in how many of the first `count` seeds each fault shows.
pub fn count_all(only: Option<&str>, count: u64, threads: usize) -> bool {
    let mut survivors = 0;
    for bug in chosen(only) {
        let outcome = run_many(Range::up_to(count), Bugs::default().with(bug), usize::MAX, threads);
        let share = outcome.found.len() as f64 / count.max(1) as f64 * 100.0;
        let first = outcome.found.first().map(|found| found.seed);
        survivors += usize::from(first.is_none());
        println!(
            "{:<26} {share:>8.3} % of {count} seeds, first {first:?}",
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
        let known = known_seed(bug).and_then(|seed| Some((seed, run_seed(seed, bugs).violation?)));
        if let Some((seed, violation)) = known {
            println!("planted {bug:?}: {} broken at seed {seed}", violation.invariant);
            continue;
        }
        let outcome = run_many(Range::up_to(SEARCH), bugs, 1, threads);
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
