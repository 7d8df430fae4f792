//! Descriptors, threads, room and memory that end; files that may not be written, and a database that is moved away
//! while it is used.

use crate::programs::{Ended, Folder, Kind, Run, DONE, REFUSED, UNDONE};
use crate::promises::{check, Checked, Promises};
use crate::tools::have;
use crate::{none_of, report, seed};
use std::fs;
use std::os::unix::fs::{chown, PermissionsExt};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;

/// Users who have no other process here, so that a limit of processes counts the threads of one alone.
const STRANGER: u32 = 54_321;

/// Runs and how they ended.
#[derive(Default)]
struct Tally {
    done: u64,
    refused: u64,
    undone: u64,
    aborted: u64,
    checked: Checked,
}

impl std::fmt::Display for Tally {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            done,
            refused,
            undone,
            aborted,
            checked,
        } = self;
        write!(
            out,
            "{done} done, {refused} refused, {undone} with something undone, {aborted} aborted; {checked}"
        )
    }
}

impl Tally {
    /// Counts an end, and has a healthy process look at the store.
    fn add(&mut self, kind: Kind, folder: &Folder, ended: &Ended) -> Result<(), String> {
        self.add_to(&mut Promises::default(), kind, folder, ended)
    }

    /// The same where earlier processes were promised something on this store.
    fn add_to(&mut self, promises: &mut Promises, kind: Kind, folder: &Folder, ended: &Ended) -> Result<(), String> {
        match ended.status.code() {
            Some(DONE) => self.done += 1,
            Some(REFUSED) => self.refused += 1,
            Some(UNDONE) => self.undone += 1,
            None if ended.status.signal() == Some(libc::SIGABRT) => self.aborted += 1,
            _ => return Err(ended.last_words()),
        }
        promises.learn(ended.lines.iter().map(String::as_str));
        self.checked += check(kind, folder, promises)?;
        Ok(())
    }

    /// The end of a test: nothing went wrong, the limit was felt, and without it all is well.
    fn finish(&self, name: &str, seed: u64, faults: &[String]) {
        report(name, &format!("seed {seed}: {self}"));
        none_of(faults, seed);
        assert!(
            self.done > 0 && self.refused + self.undone + self.aborted > 0,
            "{name}: {self}"
        );
    }
}

/// A game for each limit. Whatever it makes impossible, the process ends by itself, unless it may be aborted.
fn under_limits(name: &str, variable: &str, limits: impl Iterator<Item = u64> + Clone, may_abort: bool) {
    if !have("gcc") {
        return;
    }
    let seed = seed();
    let (mut tally, mut faults) = (Tally::default(), Vec::new());
    for kind in Kind::ALL {
        for limit in limits.clone() {
            let folder = Folder::new(name);
            let run = Run::play(kind, folder.path(), seed, 2).with(variable, &limit.to_string());
            let ended = run.end();
            let mut result = tally.add(kind, &folder, &ended);
            if ended.status.signal().is_some() && !may_abort {
                result = Err(ended.last_words());
            }
            if let Err(fault) = result {
                faults.push(format!("{kind:?}, {variable} {limit}: {fault}"));
            }
        }
    }
    tally.finish(name, seed, &faults);
}

#[test]
fn descriptors_may_end() {
    under_limits("disk-descriptors", "LIMIT_FILES", 3..24, false);
}

#[test]
fn files_may_not_grow() {
    let sizes = [
        0, 1, 1000, 4096, 5000, 20_000, 32_768, 50_000, 100_000, 400_000, 10_000_000,
    ];
    under_limits("disk-file-size", "LIMIT_FILE_SIZE", sizes.into_iter(), false);
}

/// The allocator of the standard library ends the process; what was reported is safe from that.
#[test]
fn memory_may_end() {
    let steps = (0..24).map(|step| step * 400_000).chain([1 << 30]);
    under_limits("disk-memory", "LIMIT_MEMORY", steps, true);
}

/// Real limits of a user, and each thread in turn that the system does not give.
#[test]
fn threads_may_end() {
    if !have("gcc") {
        return;
    }
    let seed = seed();
    let (mut tally, mut faults) = (Tally::default(), Vec::new());
    for kind in Kind::ALL {
        for limit in 0..8u64 {
            let folder = Folder::new("threads");
            let ended = run_as_stranger(kind, &folder, seed, &limit.to_string());
            if let Err(fault) = tally.add(kind, &folder, &ended) {
                faults.push(format!("{kind:?}, {limit} tasks: {fault}"));
            }
        }
        for thread in 1..=12 {
            for last in [thread, u64::MAX] {
                let (folder, outside) = (Folder::new("threads"), Folder::new("threads-log"));
                let ended = Run::play(kind, folder.path(), seed, 2)
                    .watched(&outside.file("counts"))
                    .with_fault("thread", thread, last, &libc::EAGAIN.to_string())
                    .end();
                if let Err(fault) = tally.add(kind, &folder, &ended) {
                    faults.push(format!("{kind:?}, no thread {thread} to {last}: {fault}"));
                }
            }
        }
    }
    tally.finish("disk-threads", seed, &faults);
}

/// Where this is root, a user whom limits and permissions bind; else this user.
fn run_as_stranger(kind: Kind, folder: &Folder, seed: u64, tasks: &str) -> Ended {
    let mut run = Run::play(kind, folder.path(), seed, 2);
    if is_root(folder.path()) {
        give_to_stranger(folder.path());
        run = run.by_user(STRANGER);
    }
    run.with("LIMIT_TASKS", tasks).end()
}

fn is_root(folder: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(folder).is_ok_and(|status| status.uid() == 0)
}

fn give_to_stranger(path: &Path) {
    chown(path, Some(STRANGER), Some(STRANGER)).expect("root may give files away");
    if path.is_dir() {
        for entry in fs::read_dir(path).expect("the folder is readable") {
            give_to_stranger(&entry.expect("the folder is readable").path());
        }
    }
}

fn allow(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("the owner may do that");
}

/// All bytes of all files in a folder.
fn contents(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder is readable") {
        let path = entry.expect("the folder is readable").path();
        if path.is_dir() {
            all.append(&mut contents(&path));
        } else if path.parent().is_none_or(|parent| !parent.ends_with("locks")) {
            all.push((
                path.display().to_string(),
                fs::read(&path).expect("the file is readable"),
            ));
        }
    }
    all.sort();
    all
}

#[test]
fn what_may_not_be_written_is_left_and_said() {
    if !have("gcc") {
        return;
    }
    let seed = seed();
    let mut tally = Tally::default();
    let mut faults = Vec::new();
    for kind in Kind::ALL {
        let folder = Folder::new("read-only");
        let mut promises = Promises::default();
        let first = Run::play(kind, folder.path(), seed, 1).end();
        tally
            .add_to(&mut promises, kind, &folder, &first)
            .expect("a game without trouble");
        // The file store's records lie in folders of their own.
        let place = kind.place(folder.path());
        let locked = match kind {
            Kind::Sqlite => vec![(place, 0o444, 0o644), (folder.path().to_owned(), 0o555, 0o755)],
            Kind::Files => vec![(place.join("records/player"), 0o555, 0o755), (place, 0o000, 0o755)],
        };
        for (path, closed, open) in locked {
            let before = contents(folder.path());
            let root = is_root(folder.path());
            let mut run = Run::play(kind, folder.path(), seed + 1, 1);
            if root {
                run = run.by_user(STRANGER);
                give_to_stranger(folder.path());
            }
            allow(&path, closed);
            let ended = run.end();
            allow(&path, open);
            let _ = fs::remove_file(folder.file("player-program"));
            if root {
                chown(folder.path(), Some(0), Some(0)).expect("root may do that");
            }
            if !ended.ended_with(&[REFUSED, UNDONE]) || !ended.lines.iter().any(|line| is_complaint(line)) {
                faults.push(format!("{} closed: {}", path.display(), ended.last_words()));
            }
            if ended.ended_with(&[REFUSED]) && contents(folder.path()) != before {
                faults.push(format!("{} closed: something was changed", path.display()));
            }
            if let Err(fault) = tally.add_to(&mut promises, kind, &folder, &ended) {
                faults.push(format!("{} closed: {fault}", path.display()));
            }
        }
    }
    tally.finish("disk-read-only", seed, &faults);
}

fn is_complaint(line: &str) -> bool {
    line.starts_with("refused ") || line.starts_with("trouble ")
}

/// The database has another name for a while, or to the end. What is saved meanwhile is saved in it, or not reported.
#[test]
fn a_database_may_be_moved_while_it_is_used() {
    if !have("gcc") {
        return;
    }
    let seed = seed();
    let mut random = fastrand::Rng::with_seed(seed);
    let (mut tally, mut faults) = (Tally::default(), Vec::new());
    for _ in 0..40 {
        let class = ["write", "sync", "read"][random.usize(..3)];
        let first = random.u64(1..if class == "sync" { 40 } else { 150 });
        let last = if random.bool() {
            first + random.u64(1..10)
        } else {
            u64::MAX
        };
        let (folder, outside) = (Folder::new("moved"), Folder::new("moved-log"));
        let place = Kind::Sqlite.place(folder.path());
        let mut promises = Promises::default();
        let before = Run::play(Kind::Sqlite, folder.path(), seed, 1).end();
        tally
            .add_to(&mut promises, Kind::Sqlite, &folder, &before)
            .expect("a game without trouble");
        let ended = Run::play(Kind::Sqlite, folder.path(), seed + 1, 1)
            .watched(&outside.file("counts"))
            .with("MUST_EXIST", "1")
            .with("SHIM_MOVE", &place.display().to_string())
            .with_fault(class, first, last, "move")
            .end();
        let away = folder.file("players.db.away");
        let moved_back = !away.exists() || put_back(&away, &place);
        let result = if moved_back {
            tally.add_to(&mut promises, Kind::Sqlite, &folder, &ended)
        } else {
            Err("another database was put in its place".to_owned())
        };
        if let Err(fault) = result {
            faults.push(format!("away from {class} {first} to {last}: {fault}"));
        }
    }
    tally.finish("disk-moved", seed, &faults);
}

fn put_back(away: &Path, place: &Path) -> bool {
    !place.exists() && fs::rename(away, place).is_ok()
}
