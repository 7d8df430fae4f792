//! What the tests of stores share: asking a store and waiting for its answer.
#![allow(dead_code)] // Each test program uses its part.

use sessionlocker::store::{
    Bytes, Completions, Expected, Key, Kind, Operation, Outcome, Reply, Request, RequestId, Store, StoreError,
    StoreResult, Version,
};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{env, fs, thread};

/// Longer than anything here takes on the slowest machine; ends a test that would hang.
pub const PATIENCE: Duration = Duration::from_secs(120);

pub fn key(name: &str) -> Key {
    Key {
        kind: Kind::Record,
        space: "player".into(),
        name: name.into(),
    }
}

pub fn get(key: &Key) -> Request {
    Request {
        key: key.clone(),
        operation: Operation::Get,
    }
}

pub fn put(key: &Key, value: &[u8], expected: Expected) -> Request {
    Request {
        key: key.clone(),
        operation: Operation::put(value, expected),
    }
}

pub fn remove(key: &Key, expected: &Version) -> Request {
    Request {
        key: key.clone(),
        operation: Operation::Remove {
            expected: expected.clone(),
        },
    }
}

pub fn list(kind: Kind, space: &str, after: &str, limit: u32) -> Request {
    Request {
        key: Key {
            kind,
            space: space.into(),
            name: after.into(),
        },
        operation: Operation::List { limit },
    }
}

/// Requests under way, answered in any order.
#[derive(Default)]
pub struct Asked {
    completions: Arc<Completions>,
    submitted: u64,
    arrived: Vec<(RequestId, StoreResult)>,
}

impl Asked {
    pub fn submit(&mut self, store: &dyn Store, request: Request) -> RequestId {
        let id = RequestId(self.submitted);
        self.submitted += 1;
        store.submit(request, self.completions.expect(id));
        id
    }

    /// Waits until this many answers are there; gives all that arrived so far, in the order in which they did.
    pub fn wait_for(&mut self, count: usize) -> &[(RequestId, StoreResult)] {
        let start = Instant::now();
        // Many threads that look all the time would leave nothing for the store's own.
        let mut pause = Duration::from_micros(50);
        loop {
            self.completions.take(&mut self.arrived);
            if self.arrived.len() >= count {
                return &self.arrived;
            }
            assert!(start.elapsed() < PATIENCE, "no answer from the store");
            thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(10));
        }
    }

    /// Waits until all are answered; gives the answers in the order of submission.
    pub fn finish(mut self) -> Vec<StoreResult> {
        self.wait_for(usize::try_from(self.submitted).unwrap());
        self.arrived.sort_by_key(|(id, _)| *id);
        self.arrived.into_iter().map(|(_, result)| result).collect()
    }
}

/// Asks and waits for the answer.
pub fn call(store: &dyn Store, request: Request) -> StoreResult {
    let mut asked = Asked::default();
    asked.submit(store, request);
    asked.finish().pop().unwrap()
}

/// Writes and gives the new version; anything but success fails the test.
pub fn write(store: &dyn Store, key: &Key, value: &[u8], expected: Expected) -> Version {
    match call(store, put(key, value, expected)) {
        Ok(Reply::Written { version }) => version,
        other => panic!("put of {key}: {other:?}"),
    }
}

/// Reads; anything but success fails the test.
pub fn read(store: &dyn Store, key: &Key) -> Option<(Bytes, Version)> {
    match call(store, get(key)) {
        Ok(Reply::Found { value, version }) => Some((value, version)),
        Ok(Reply::Missing) => None,
        other => panic!("get of {key}: {other:?}"),
    }
}

/// Failed in this way, and in words that name the store and the key, and no password.
pub fn failed_of(store: &str, result: StoreResult, outcome: Outcome, key: &Key) -> StoreError {
    let error = result.expect_err("must fail");
    assert_eq!(error.outcome, outcome, "{error}");
    assert!(
        error.text.contains(store) && error.text.contains(&key.to_string()),
        "{error}"
    );
    assert!(!error.text.contains("secret"), "{error}");
    error
}

/// Reads until the store answers.
pub fn read_in_time(store: &dyn Store, key: &Key) -> Option<(Bytes, Version)> {
    let start = Instant::now();
    loop {
        match call(store, get(key)) {
            Ok(Reply::Found { value, version }) => return Some((value, version)),
            Ok(_) => return None,
            Err(error) => assert!(start.elapsed() < PATIENCE, "{error}"),
        }
        thread::sleep(Duration::from_millis(10));
    }
}

/// A folder of this test alone, removed with all that is in it.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("sessionlocker-test-{}-{number}", std::process::id());
        let path = env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).unwrap();
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

/// The arguments that make this test program run one ignored test and nothing else, on its first thread.
pub const CHILD_ARGUMENTS: [&str; 4] = ["--exact", "--ignored", "--nocapture", "--test-threads=1"];

/// A command to run one ignored test of this program in a process of its own.
pub fn child(test: &str) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.arg(test).args(CHILD_ARGUMENTS);
    command
}

/// Like [`child`], for limits and permissions that do not bind root: where this is root, the child is nobody, and may
/// write in `folder`. `wrapper` is put before the program.
#[cfg(unix)]
pub fn unprivileged_child(wrapper: &[&str], test: &str, folder: &Folder) -> Command {
    use std::os::unix::fs::{chown, MetadataExt};
    use std::os::unix::process::CommandExt;
    const NOBODY: u32 = 65534;

    let mut program = env::current_exe().unwrap();
    let root = fs::metadata(folder.path()).unwrap().uid() == 0;
    if root {
        // Nobody may not be allowed to see where the program was built.
        let copy = folder.file("test-program");
        fs::copy(&program, &copy).unwrap();
        program = copy;
        chown(folder.path(), Some(NOBODY), Some(NOBODY)).unwrap();
    }
    let mut command = match wrapper {
        [] => Command::new(&program),
        [first, rest @ ..] => {
            let mut command = Command::new(first);
            command.args(rest).arg(&program);
            command
        }
    };
    command.arg(test).args(CHILD_ARGUMENTS);
    command.current_dir(folder.path());
    if root {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}
