//! `kill -9` at exact calls to the system, in the middle of writes, and at any time, again and again on the same store.

use crate::faults::count_calls;
use crate::programs::{Ended, Folder, Kind, Run, CLASSES, DONE, UNDONE};
use crate::promises::{check, Checked, Promises};
use crate::tools::have;
use crate::{none_of, report, seed, setting};
use std::collections::BTreeMap;
use std::time::Duration;

/// After so many processes a store is given up for a fresh one.
const PROCESSES: u64 = 25;

#[derive(Default)]
struct Tally {
    killed: BTreeMap<String, u64>,
    /// Processes that had ended before their time came.
    too_late: u64,
    stores: u64,
    checked: Checked,
}

impl Tally {
    fn kills(&self) -> u64 {
        self.killed.values().sum()
    }

    /// The ways that no process was killed in yet.
    fn missing(&self) -> Vec<&'static str> {
        let wanted = ["write", "torn write", "sync", "unlink", "rename", "time"];
        wanted
            .into_iter()
            .filter(|way| !self.killed.contains_key(*way))
            .collect()
    }

    /// So many kills, in every way; or several times as many, which then shows that a way does not exist.
    fn is_enough(&self, kills: u64) -> bool {
        let all = self.kills() + self.too_late;
        self.kills() >= kills && (self.missing().is_empty() || all > 10 * kills.max(100))
    }
}

/// One process that is killed somewhere, and the name of the way.
fn kill_one(kind: Kind, folder: &Folder, made: &[u64], seed: u64, random: &mut fastrand::Rng) -> (String, Ended) {
    let run = Run::play(kind, folder.path(), seed, 1);
    if random.u8(..8) == 0 {
        let ended = run.end_within(Duration::from_micros(random.u64(..15_000)));
        return ("time".to_owned(), ended);
    }
    let outside = Folder::new("kill-log");
    let called: Vec<usize> = (0..CLASSES.len()).filter(|at| made[*at] > 0).collect();
    let class = called[random.usize(..called.len())];
    let call = random.u64(1..=made[class]);
    let tear = CLASSES[class] == "write" && random.bool();
    let action = if tear { "tear" } else { "kill" };
    let ended = run
        .watched(&outside.file("counts"))
        .with_fault(CLASSES[class], call, call, action)
        .end();
    let name = if tear { "torn write" } else { CLASSES[class] };
    (name.to_owned(), ended)
}

/// Kills processes on one store until it is given up, or until there were enough.
fn kill_on_one_store(kind: Kind, seed: u64, enough: u64, tally: &mut Tally) -> Result<(), String> {
    let folder = Folder::new("kills");
    let mut random = fastrand::Rng::with_seed(seed);
    let mut promises = Promises::default();
    let made = count_calls(kind, seed).made.map(|calls| calls.div_ceil(2));
    tally.stores += 1;
    for process in 0..PROCESSES {
        if tally.is_enough(enough) {
            break;
        }
        let number = seed * PROCESSES + process;
        let (way, ended) = kill_one(kind, &folder, &made, number, &mut random);
        if ended.was_killed() {
            *tally.killed.entry(way.clone()).or_default() += 1;
        } else if ended.ended_with(&[DONE, UNDONE]) {
            tally.too_late += 1;
        } else {
            return Err(format!("process {process} ends by itself: {}", ended.last_words()));
        }
        promises.learn(ended.lines.iter().map(String::as_str));
        // Now and then the next one is killed too before anybody has looked.
        if random.u8(..4) > 0 {
            let checked = check(kind, &folder, &mut promises);
            tally.checked += checked.map_err(|fault| format!("after process {process}, {way}: {fault}"))?;
        }
    }
    tally.checked += check(kind, &folder, &mut promises)?;
    Ok(())
}

#[test]
fn what_was_reported_survives_kill_9_anywhere() {
    if !have("gcc") {
        return;
    }
    let seed = seed();
    println!("kills: seed {seed}");
    let kills = setting("KILLS", 300);
    let (mut tally, mut faults) = (Tally::default(), Vec::new());
    for store in 0.. {
        if tally.is_enough(kills) || faults.len() > 20 {
            break;
        }
        let kind = Kind::ALL[store % 2];
        let store_seed = seed + store as u64;
        if let Err(fault) = kill_on_one_store(kind, store_seed, kills, &mut tally) {
            faults.push(format!("{kind:?}, seed {store_seed}: {fault}"));
        }
    }
    report(
        "disk-kills",
        &format!(
            "seed {seed}, {} stores, {} kills at {:?}, {} processes ended before; {}",
            tally.stores,
            tally.kills(),
            tally.killed,
            tally.too_late,
            tally.checked
        ),
    );
    none_of(&faults, seed);
    let missing = tally.missing();
    assert!(missing.is_empty(), "nobody was killed at: {missing:?} (seed {seed})");
    assert!(
        tally.checked.saves > 0 && tally.checked.purchases > 0,
        "nothing was promised"
    );
}
