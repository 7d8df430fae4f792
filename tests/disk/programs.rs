//! The small game (`player.c`) and the shim between it and the system (`shim.c`): built once, run often.

use crate::tools::{library, root, succeed};
use std::io::ErrorKind;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::OnceLock;
use std::{env, fs};

const FLAGS: &[&str] = &[
    "-std=c11",
    "-Wall",
    "-Wextra",
    "-Wpedantic",
    "-Wconversion",
    "-Wshadow",
    "-Werror",
    "-g",
    "-O1",
];

/// The player's ways to end by itself.
pub const DONE: i32 = 0;
pub const REFUSED: i32 = 3;
pub const UNDONE: i32 = 4;

/// A folder of one test, which every user may enter; removed with all that is in it.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new(name: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = env::temp_dir().join(format!("sessionlocker-disk-{}-{name}-{number}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).expect("the folder for temporary files is writable");
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

struct Programs {
    player: PathBuf,
    shim: PathBuf,
}

fn programs() -> &'static Programs {
    static PROGRAMS: OnceLock<Programs> = OnceLock::new();
    PROGRAMS.get_or_init(|| {
        let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("disk");
        fs::create_dir_all(&place).expect("the target folder is writable");
        // By process while they are built: two test runs may share the folder.
        let fresh = |name: &str| place.join(format!("{name}.{}", std::process::id()));
        let (new_player, new_shim) = (fresh("player"), fresh("shim.so"));
        let sources = root().join("tests/disk");
        let example = root().join("examples/game_server");
        succeed(
            Command::new("gcc")
                .args(FLAGS)
                .args(["-fPIC", "-shared"])
                .arg(sources.join("shim.c"))
                .arg("-ldl")
                .arg("-o")
                .arg(&new_shim),
        );
        succeed(
            Command::new("gcc")
                .args(FLAGS)
                .arg("-I")
                .arg(root().join("include"))
                .arg("-I")
                .arg(&example)
                .arg(sources.join("player.c"))
                .arg(example.join("file_store.c"))
                .arg(example.join("platform.c"))
                .arg(library("libsessionlocker.a"))
                .args(["-lpthread", "-ldl", "-lm"])
                .arg("-o")
                .arg(&new_player),
        );
        let (player, shim) = (place.join("player"), place.join("shim.so"));
        for (built, name) in [(&new_player, &player), (&new_shim, &shim)] {
            fs::rename(built, name).expect("the target folder is writable");
        }
        Programs { player, shim }
    })
}

/// Which store the players are in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Sqlite,
    Files,
}

impl Kind {
    pub const ALL: [Self; 2] = [Self::Sqlite, Self::Files];

    /// Where it is, inside a folder that only has it.
    pub fn place(self, folder: &Path) -> PathBuf {
        match self {
            Self::Sqlite => folder.join("players.db"),
            Self::Files => folder.join("players"),
        }
    }

    fn argument(self, folder: &Path) -> String {
        let name = if self == Self::Sqlite { "sqlite" } else { "files" };
        format!("{name}:{}", self.place(folder).display())
    }
}

/// The classes of calls that the shim counts, in its order.
pub const CLASSES: [&str; 11] = [
    "open", "read", "write", "sync", "truncate", "unlink", "rename", "mkdir", "map", "lock", "thread",
];

/// How often each class of calls was made, and how often something was injected.
#[derive(Clone, Copy, Default)]
pub struct Calls {
    pub made: [u64; CLASSES.len()],
    pub injected: [u64; CLASSES.len()],
}

fn read_calls(path: &Path) -> Calls {
    let mut calls = Calls::default();
    let bytes = fs::read(path).unwrap_or_default();
    for (at, pair) in bytes.chunks_exact(16).take(CLASSES.len()).enumerate() {
        let number = |bytes: &[u8]| u64::from_ne_bytes(bytes.try_into().expect("eight bytes"));
        calls.made[at] = number(&pair[..8]);
        calls.injected[at] = number(&pair[8..]);
    }
    calls
}

/// One process that is to be run on the store in a folder.
pub struct Run<'a> {
    command: Command,
    counts: Option<PathBuf>,
    folder: &'a Path,
}

/// How it ended, and what it said.
pub struct Ended {
    pub lines: Vec<String>,
    pub status: ExitStatus,
    pub errors: String,
    pub calls: Calls,
}

impl Ended {
    /// Whether it ended by itself in one of these ways.
    pub fn ended_with(&self, codes: &[i32]) -> bool {
        self.status.code().is_some_and(|code| codes.contains(&code))
    }

    pub fn was_killed(&self) -> bool {
        self.status.signal() == Some(libc::SIGKILL)
    }

    /// Its last words, for a report.
    pub fn last_words(&self) -> String {
        let from = self.lines.len().saturating_sub(12);
        let lines: Vec<&str> = self.lines[from..]
            .iter()
            .map(|line| line.get(..300).unwrap_or(line))
            .collect();
        format!("{}\n{}{}", self.status, self.errors, lines.join("\n"))
    }
}

impl<'a> Run<'a> {
    /// Without the shim.
    pub fn plain(kind: Kind, folder: &'a Path, arguments: &[&str]) -> Self {
        let mut command = Command::new(&programs().player);
        command.arg(kind.argument(folder)).args(arguments);
        Self {
            command,
            counts: None,
            folder,
        }
    }

    pub fn play(kind: Kind, folder: &'a Path, seed: u64, rounds: u32) -> Self {
        let (seed, rounds) = (seed.to_string(), rounds.to_string());
        Self::plain(kind, folder, &["play", &seed, &rounds])
    }

    /// With the shim, which counts; flushes are not done, since nothing here takes the system down.
    pub fn watched(mut self, counts: &Path) -> Self {
        let _ = fs::remove_file(counts);
        self.command
            .env("LD_PRELOAD", &programs().shim)
            .env("SHIM_FOLDER", self.folder)
            .env("SHIM_NO_SYNC", "1")
            .env("SHIM_COUNTS", counts);
        self.counts = Some(counts.to_owned());
        self
    }

    pub fn with_fault(self, class: &str, first: u64, last: u64, action: &str) -> Self {
        self.with("SHIM_FAULT", &format!("{class} {first} {last} {action}"))
    }

    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// As another user. The program is copied into the folder, since that user may not be allowed to see where it was
    /// built.
    pub fn by_user(mut self, user: u32) -> Self {
        let copy = self.folder.join("player-program");
        fs::copy(&programs().player, &copy).expect("the program can be copied");
        let mut command = Command::new(copy);
        command.args(self.command.get_args()).uid(user).gid(user);
        command.current_dir(self.folder);
        self.command = command;
        self
    }

    pub fn start(mut self) -> Child {
        self.command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        loop {
            match self.command.spawn() {
                // A process that another test starts just now has the fresh copy of the program open for a moment.
                Err(error) if error.kind() == ErrorKind::ExecutableFileBusy => std::thread::yield_now(),
                result => return result.expect("the program can be started"),
            }
        }
    }

    pub fn end(self) -> Ended {
        let counts = self.counts.clone();
        let child = self.start();
        ended(child, counts.as_deref())
    }

    /// Kills it after some time, unless it ends before.
    pub fn end_within(self, time: std::time::Duration) -> Ended {
        let counts = self.counts.clone();
        let mut child = self.start();
        std::thread::sleep(time);
        let _ = child.kill();
        ended(child, counts.as_deref())
    }
}

fn ended(child: Child, counts: Option<&Path>) -> Ended {
    let output = child.wait_with_output().expect("the program ends");
    let text = String::from_utf8_lossy(&output.stdout);
    // The last line of a process that was killed may be cut.
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    Ended {
        lines: whole.lines().map(str::to_owned).collect(),
        status: output.status,
        errors: String::from_utf8_lossy(&output.stderr).into_owned(),
        calls: counts.map(read_calls).unwrap_or_default(),
    }
}
