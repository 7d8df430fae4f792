//! The power goes at any moment of a game, also of one whose flushes fail.

use crate::faults::count_calls;
use crate::power::{read_log, Disk, Entry, Keep};
use crate::programs::{Folder, Kind, Run, DONE, REFUSED, UNDONE};
use crate::promises::{check, Checked, Promises};
use crate::tools::have;
use crate::{none_of, report, seed, setting};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Power losses of one game.
const MOMENTS: u64 = 20;

#[derive(Default)]
struct Tally {
    games: u64,
    failed_flushes: u64,
    images: u64,
    kept: BTreeMap<Keep, u64>,
    checked: Checked,
}

/// A game, and all that went to the disk in it.
struct Game {
    kind: Kind,
    seed: u64,
    folder: Folder,
    log: Vec<Entry>,
}

/// Every other game has some flushes that fail.
fn play(kind: Kind, seed: u64, random: &mut fastrand::Rng, tally: &mut Tally) -> Result<Game, String> {
    let folder = Folder::new("power");
    let outside = Folder::new("power-log");
    let log: PathBuf = outside.file("log");
    let mut run = Run::play(kind, folder.path(), seed, 2)
        .watched(&outside.file("counts"))
        .with("SHIM_LOG", &log.display().to_string());
    if seed % 2 == 1 {
        let flushes = count_calls(kind, seed).made[3];
        let first = random.u64(1..=flushes);
        run = run.with_fault("sync", first, first + random.u64(..6), &libc::EIO.to_string());
    }
    let ended = run.end();
    if !ended.ended_with(&[DONE, REFUSED, UNDONE]) {
        return Err(ended.last_words());
    }
    tally.games += 1;
    tally.failed_flushes += ended.calls.injected[3];
    Ok(Game {
        kind,
        seed,
        folder,
        log: read_log(&log),
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

fn lose_power(game: &Game, at: usize, random: &mut fastrand::Rng, tally: &mut Tally) -> Result<(), String> {
    let (mut disk, mut promises) = (Disk::default(), Promises::default());
    for entry in &game.log[..at] {
        disk.apply(entry);
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
        if tally.images >= images || faults.len() > 20 {
            break;
        }
        for kind in Kind::ALL {
            let mut random = fastrand::Rng::with_seed(game_seed);
            let game = match play(kind, game_seed, &mut random, &mut tally) {
                Ok(game) => game,
                Err(words) => {
                    faults.push(format!("{kind:?}, seed {game_seed}: {words}"));
                    continue;
                }
            };
            for _ in 0..MOMENTS {
                let at = moment(&game.log, &mut random);
                if let Err(fault) = lose_power(&game, at, &mut random, &mut tally) {
                    faults.push(format!(
                        "{kind:?}, seed {}, after entry {at} of {}: {fault}",
                        game.seed,
                        game.log.len()
                    ));
                }
            }
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
    assert!(
        *failed_flushes > 0 && kept.len() == 6,
        "something was never tried (seed {seed})"
    );
    assert!(checked.saves > 0 && checked.purchases > 0, "nothing was promised");
}
