//! The power goes at any moment of a game, also of one whose flushes fail.

use crate::faults::count_calls;
use crate::power::{read_log, Disk, Entry, Keep};
use crate::programs::{Folder, Kind, Run, DONE, REFUSED, UNDONE};
use crate::promises::{check, Checked, Promises};
use crate::tools::have;
use crate::{none_of, report, seed, setting};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::PathBuf;

/// Power losses of one game.
const MOMENTS: u64 = 20;

/// The same where there are many games.
const FEW_MOMENTS: u64 = 8;

/// Where the class of flushes is in the shim's order.
const FLUSHES: usize = 3;

/// So much of a game is told with a fault.
const STORY: usize = 400;

#[derive(Default)]
struct Tally {
    games: u64,
    failed_flushes: u64,
    images: u64,
    kept: BTreeMap<Keep, u64>,
    checked: Checked,
}

impl Tally {
    /// Flushes have failed, and something of each way to lose what was not flushed was looked at.
    fn has_tried_all(&self) -> bool {
        let Checked { saves, purchases, .. } = self.checked;
        self.failed_flushes > 0 && self.kept.len() == Keep::ALL.len() && saves > 0 && purchases > 0
    }
}

/// A game, and all that went to the disk in it.
struct Game {
    kind: Kind,
    folder: Folder,
    log: Vec<Entry>,
}

/// A game in which the flushes of these numbers fail, if any.
fn play(kind: Kind, seed: u64, failing: Option<RangeInclusive<u64>>, tally: &mut Tally) -> Result<Game, String> {
    let folder = Folder::new("power");
    let outside = Folder::new("power-log");
    let log: PathBuf = outside.file("log");
    let mut run = Run::play(kind, folder.path(), seed, 2)
        .watched(&outside.file("counts"))
        .with("SHIM_LOG", &log.display().to_string());
    if let Some(numbers) = failing {
        run = run.with_fault("sync", *numbers.start(), *numbers.end(), &libc::EIO.to_string());
    }
    let ended = run.end();
    if !ended.ended_with(&[DONE, REFUSED, UNDONE]) {
        return Err(ended.last_words());
    }
    tally.games += 1;
    tally.failed_flushes += ended.calls.injected[FLUSHES];
    Ok(Game {
        kind,
        folder,
        log: read_log(&log),
    })
}

fn flushes_of(kind: Kind, seed: u64) -> u64 {
    count_calls(kind, seed).made[FLUSHES]
}

/// Every other game has some flushes that fail.
fn failing(kind: Kind, seed: u64, random: &mut fastrand::Rng) -> Option<RangeInclusive<u64>> {
    (seed % 2 == 1).then(|| {
        let first = random.u64(1..=flushes_of(kind, seed));
        first..=first + random.u64(..6)
    })
}

/// A moment: half of the time just before or just after something was said or flushed, else any.
fn moment(log: &[Entry], random: &mut fastrand::Rng) -> usize {
    let at = random.usize(..=log.len());
    if random.bool() {
        return at;
    }
    let special = |entry: &Entry| {
        matches!(
            entry,
            Entry::Said { .. } | Entry::Flushed { .. } | Entry::FolderFlushed { .. }
        )
    };
    let found = log[at..].iter().position(special).map_or(log.len(), |next| at + next);
    (found + random.usize(..2)).min(log.len())
}

/// The last of what happened before a moment.
fn story(log: &[Entry]) -> String {
    let from = log.len().saturating_sub(STORY);
    log[from..].iter().map(|entry| entry.shown() + "\n").collect()
}

/// Plays a game, and loses the power at some moments of it.
fn lose_power_often(
    kind: Kind,
    seed: u64,
    failing: Option<RangeInclusive<u64>>,
    moments: u64,
    random: &mut fastrand::Rng,
    tally: &mut Tally,
) -> Vec<String> {
    let shown = format!("{kind:?}, seed {seed}, failing flushes {failing:?}");
    let game = match play(kind, seed, failing, tally) {
        Ok(game) => game,
        Err(words) => return vec![format!("{shown}: {words}")],
    };
    let lost = (0..moments).filter_map(|_| {
        let at = moment(&game.log, random);
        let fault = lose_power(&game, at, random, tally).err()?;
        let story = story(&game.log[..at]);
        Some(format!(
            "{shown}, after entry {at} of {}: {fault}\n{story}",
            game.log.len()
        ))
    });
    lost.collect()
}

fn lose_power(game: &Game, at: usize, random: &mut fastrand::Rng, tally: &mut Tally) -> Result<(), String> {
    let (mut disk, mut promises) = (Disk::default(), Promises::default());
    for entry in &game.log[..at] {
        disk.apply(entry, random);
        if let Entry::Said { text } = entry {
            promises.learn(text.lines());
        }
    }
    let left = Folder::new("left");
    let from = game.folder.path().display().to_string();
    let keep = disk.leave(&from, left.path(), random);
    tally.images += 1;
    *tally.kept.entry(keep).or_default() += 1;
    tally.checked += check(game.kind, &left, &mut promises).map_err(|fault| format!("kept {keep:?}: {fault}"))?;
    Ok(())
}

#[test]
fn what_was_reported_survives_the_loss_of_power() {
    if !have("gcc") {
        return;
    }
    let seed = seed();
    println!("power: seed {seed}");
    let images = setting("DISK_IMAGES", 600);
    let (mut tally, mut faults) = (Tally::default(), Vec::new());
    for game_seed in seed.. {
        let is_enough = tally.images >= images && tally.has_tried_all();
        if is_enough || tally.images > 10 * images || faults.len() > 20 {
            break;
        }
        for kind in Kind::ALL {
            let mut random = fastrand::Rng::with_seed(game_seed);
            let failing = failing(kind, game_seed, &mut random);
            faults.extend(lose_power_often(
                kind,
                game_seed,
                failing,
                MOMENTS,
                &mut random,
                &mut tally,
            ));
        }
    }
    let Tally {
        games,
        failed_flushes,
        images,
        kept,
        checked,
    } = &tally;
    report(
        "disk-power",
        &format!(
            "seed {seed}, {games} games, {failed_flushes} failed flushes, {images} images, kept {kept:?}; {checked}"
        ),
    );
    none_of(&faults, seed);
    assert!(tally.has_tried_all(), "something was never tried (seed {seed})");
}

/// What follows a flush that fails depends on which one it is: each of a game fails, alone and with the next one.
#[test]
fn what_was_reported_survives_whichever_flush_failed() {
    if !have("gcc") {
        return;
    }
    let seed = seed();
    println!("power: seed {seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let (mut tally, mut faults) = (Tally::default(), Vec::new());
    let flushes = flushes_of(Kind::Sqlite, seed);
    for first in 1..=flushes {
        for last in [first, first + 1] {
            faults.extend(lose_power_often(
                Kind::Sqlite,
                seed,
                Some(first..=last),
                FEW_MOMENTS,
                &mut random,
                &mut tally,
            ));
        }
    }
    let Tally {
        games, images, checked, ..
    } = &tally;
    report(
        "disk-flushes",
        &format!("seed {seed}, {flushes} flushes, {games} games, {images} images; {checked}"),
    );
    none_of(&faults, seed);
}
