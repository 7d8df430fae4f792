//! Every call to the system fails, one at a time, once, several times in a row, and from then on.

use crate::programs::{Calls, Folder, Kind, Run, CLASSES, DONE, REFUSED, UNDONE};
use crate::promises::{check, Checked, Promises};
use crate::tools::have;
use crate::{none_of, report, seed, setting};
use std::collections::HashMap;
use std::fmt::Write as _;

/// What the calls of a class can fail with.
fn actions(class: &str) -> &'static [i32] {
    match class {
        "open" => &[libc::EMFILE, libc::EACCES, libc::ENOSPC, libc::EIO],
        "read" => &[libc::EIO],
        "write" => &[SHORT, libc::ENOSPC, libc::EIO, libc::EDQUOT],
        "sync" | "truncate" => &[libc::EIO, libc::ENOSPC],
        "unlink" | "rename" => &[libc::EACCES, libc::EIO],
        "mkdir" => &[libc::ENOSPC],
        "map" => &[libc::ENOMEM],
        "lock" => &[libc::ENOLCK, libc::EIO],
        "thread" => &[libc::EAGAIN],
        other => panic!("no class {other}"),
    }
}

/// Half of it is written.
const SHORT: i32 = 0;

const WORKERS: usize = 8;

struct Fault {
    kind: Kind,
    class: &'static str,
    first: u64,
    last: u64,
    action: i32,
}

impl Fault {
    fn action(&self) -> String {
        match self.action {
            SHORT => "short".to_owned(),
            number => number.to_string(),
        }
    }

    fn shown(&self, seed: u64) -> String {
        let Self {
            kind,
            class,
            first,
            last,
            ..
        } = self;
        format!(
            "{kind:?}, seed {seed}, {class} {first} to {last} gives {}",
            self.action()
        )
    }
}

/// How often each class of calls is made in an undisturbed game.
pub fn count_calls(kind: Kind, seed: u64) -> Calls {
    let folder = Folder::new("count");
    let outside = Folder::new("count-log");
    let ended = Run::play(kind, folder.path(), seed, 2)
        .watched(&outside.file("counts"))
        .end();
    assert!(ended.ended_with(&[DONE, UNDONE]), "{}", ended.last_words());
    ended.calls
}

fn all_faults(kind: Kind, calls: &Calls) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (class, made) in CLASSES.into_iter().zip(calls.made) {
        for first in 1..=made {
            for &action in actions(class) {
                for last in [first, first + 4, u64::MAX] {
                    faults.push(Fault {
                        kind,
                        class,
                        first,
                        last,
                        action,
                    });
                }
            }
        }
    }
    faults
}

#[derive(Default)]
struct Tally {
    runs: u64,
    calls: Calls,
    /// How the processes ended: all done, refused, something left undone.
    ends: [u64; 3],
    checked: Checked,
}

impl Tally {
    fn add(&mut self, more: &Self) {
        self.runs += more.runs;
        self.checked += more.checked;
        for (end, more) in self.ends.iter_mut().zip(more.ends) {
            *end += more;
        }
        for (injected, more) in self.calls.injected.iter_mut().zip(more.calls.injected) {
            *injected += more;
        }
    }
}

fn try_fault(fault: &Fault, seed: u64, tally: &mut Tally) -> Result<(), String> {
    let folder = Folder::new("fault");
    let outside = Folder::new("fault-log");
    let ended = Run::play(fault.kind, folder.path(), seed, 2)
        .watched(&outside.file("counts"))
        .with_fault(fault.class, fault.first, fault.last, &fault.action())
        .end();
    let codes = [DONE, REFUSED, UNDONE];
    let end = codes.iter().position(|code| ended.ended_with(&[*code]));
    let end = end.ok_or_else(|| format!("it ended with {}", ended.last_words()))?;
    let mut promises = Promises::default();
    promises.learn(ended.lines.iter().map(String::as_str));
    tally.runs += 1;
    tally.ends[end] += 1;
    for at in 0..CLASSES.len() {
        tally.calls.injected[at] += ended.calls.injected[at];
    }
    tally.checked += check(fault.kind, &folder, &mut promises)?;
    Ok(())
}

#[test]
fn every_call_to_the_system_may_fail() {
    if !have("gcc") {
        return;
    }
    let seed = seed();
    println!("faults: seed {seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let mut tally = Tally::default();
    let mut faults = Vec::new();
    for kind in Kind::ALL {
        let mut share = choose(
            all_faults(kind, &count_calls(kind, seed)),
            setting("DISK_FAULTS", 400) / 2,
            &mut random,
        );
        faults.append(&mut share);
    }
    random.shuffle(&mut faults); // those that wait long fall to different workers
    let failed = try_all(&faults, seed, &mut tally);
    report("disk-faults", &summary(&tally, seed));
    none_of(&failed, seed);
    let never: Vec<&str> = CLASSES
        .into_iter()
        .zip(tally.calls.injected)
        .filter(|(_, injected)| *injected == 0)
        .map(|(class, _)| class)
        .collect();
    assert!(never.is_empty(), "these never failed: {never:?} (seed {seed})");
    assert!(
        tally.checked.saves > 0 && tally.checked.purchases > 0,
        "nothing was promised"
    );
}

/// Several at once: most of them only wait for a lock that nobody holds.
fn try_all(faults: &[Fault], seed: u64, tally: &mut Tally) -> Vec<String> {
    let workers = faults.chunks(faults.len().div_ceil(WORKERS).max(1)).map(|share| {
        move || {
            let mut tally = Tally::default();
            let failed: Vec<String> = share
                .iter()
                .filter_map(|fault| {
                    let failed = try_fault(fault, seed, &mut tally).err()?;
                    Some(format!("{}: {failed}", fault.shown(seed)))
                })
                .collect();
            (tally, failed)
        }
    });
    let mut failed = Vec::new();
    std::thread::scope(|scope| {
        let workers: Vec<_> = workers.map(|worker| scope.spawn(worker)).collect();
        for worker in workers {
            let (part, mut found) = worker.join().expect("a worker does not panic");
            tally.add(&part);
            failed.append(&mut found);
        }
    });
    failed
}

/// At most so many of them, and as many of each class, however rarely it is called.
fn choose(mut all: Vec<Fault>, most: u64, random: &mut fastrand::Rng) -> Vec<Fault> {
    random.shuffle(&mut all);
    let mut of_class = HashMap::new();
    all.sort_by_cached_key(|fault| {
        let before: &mut u64 = of_class.entry(fault.class).or_default();
        *before += 1;
        *before
    });
    all.truncate(usize::try_from(most).unwrap_or(usize::MAX));
    all
}

fn summary(tally: &Tally, seed: u64) -> String {
    let mut text = format!("seed {seed}, {} runs; failed:", tally.runs);
    for (class, injected) in CLASSES.into_iter().zip(tally.calls.injected) {
        let _ = write!(text, " {injected} {class}");
    }
    let [done, refused, undone] = tally.ends;
    let _ = write!(
        text,
        "; ended: {done} done, {refused} refused, {undone} with something undone; {}",
        tally.checked
    );
    text
}
