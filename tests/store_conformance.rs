//! What every store must do, tried on each of ours.

mod store_support;
#[cfg(all(unix, any(feature = "postgres", feature = "redis")))]
mod tools;

use sessionlocker::store::memory::MemoryStore;
use sessionlocker::store::{
    Cause, Expected, Hints, Key, Kind, Listener, Operation, Outcome, Reply, Request, Store, StoreResult, Version,
};
use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::{Duration, Instant};
use store_support::{call, get, key, list, put, read, remove, write, Asked, PATIENCE};

/// Opens one more store object on the same, at first empty, storage.
type Open<'a> = &'a dyn Fn() -> Arc<dyn Store>;

type Check = (&'static str, fn(Open));

const CHECKS: [Check; 19] = [
    ("abilities make sense", abilities_make_sense),
    ("create, then read", create_then_read),
    ("create is refused where something is", create_on_existing),
    ("a put needs the present version", put_needs_the_version),
    ("a conflict changes nothing", conflict_changes_nothing),
    ("a remove needs the present version", remove_needs_the_version),
    ("a version never comes back", versions_never_come_back),
    ("made-up versions conflict", made_up_versions_conflict),
    ("read your write, in order", reads_follow_writes),
    ("odd keys are different keys", odd_keys),
    ("sizes from nothing to the largest", sizes),
    ("too large is refused", too_large),
    ("each of a batch on its own", each_of_a_batch_on_its_own),
    ("header and data apart", header_and_data),
    ("what is announced is heard by whom it is for", announcements),
    ("a storm of conflicts loses nothing", storm),
    ("two objects see one storage", two_objects),
    ("a list is complete, in order, and of one space", list_in_order),
    ("a list begins behind any name", list_begins_anywhere),
];

#[test]
fn memory() {
    for (name, check) in CHECKS {
        println!("{name}");
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        check(&|| Arc::clone(&store));
    }
}

fn abilities_make_sense(open: Open) {
    let store = open();
    let abilities = store.abilities();
    assert!(abilities.compare_and_set);
    assert!(!abilities.name.is_empty());
    assert!(abilities.max_value_bytes >= 1 << 20);
    assert!(abilities.max_key_bytes >= 128);
}

fn create_then_read(open: Open) {
    let (store, key) = (&*open(), key("a"));
    assert_eq!(read(store, &key), None);
    let version = write(store, &key, b"one", Expected::Missing);
    assert_eq!(read(store, &key), Some((b"one".as_slice().into(), version)));
}

fn create_on_existing(open: Open) {
    let (store, key) = (&*open(), key("a"));
    let version = write(store, &key, b"one", Expected::Missing);
    let second = call(store, put(&key, b"two", Expected::Missing));
    assert_eq!(second, Ok(Reply::Conflict));
    assert_eq!(read(store, &key), Some((b"one".as_slice().into(), version)));
}

fn put_needs_the_version(open: Open) {
    let (store, key) = (&*open(), key("a"));
    let first = write(store, &key, b"one", Expected::Missing);
    let second = write(store, &key, b"two", Expected::Version(first.clone()));
    let late = call(store, put(&key, b"late", Expected::Version(first)));
    assert_eq!(late, Ok(Reply::Conflict));
    assert_eq!(read(store, &key), Some((b"two".as_slice().into(), second)));
}

fn conflict_changes_nothing(open: Open) {
    let (store, key, other) = (&*open(), key("a"), key("b"));
    let foreign = write(store, &other, b"other", Expected::Missing);
    let missing = call(store, put(&key, b"x", Expected::Version(foreign.clone())));
    assert_eq!(missing, Ok(Reply::Conflict), "put of a missing key");
    assert_eq!(read(store, &key), None);
    assert_eq!(call(store, remove(&key, &foreign)), Ok(Reply::Conflict));
    assert_eq!(read(store, &other), Some((b"other".as_slice().into(), foreign)));
}

fn remove_needs_the_version(open: Open) {
    let (store, key) = (&*open(), key("a"));
    let first = write(store, &key, b"one", Expected::Missing);
    let second = write(store, &key, b"two", Expected::Version(first.clone()));
    assert_eq!(call(store, remove(&key, &first)), Ok(Reply::Conflict));
    assert!(read(store, &key).is_some());
    assert_eq!(call(store, remove(&key, &second)), Ok(Reply::Removed));
    assert_eq!(read(store, &key), None);
    assert_eq!(call(store, remove(&key, &second)), Ok(Reply::Conflict));
}

fn versions_never_come_back(open: Open) {
    let (store, key) = (&*open(), key("a"));
    let mut seen = HashSet::new();
    for _ in 0..20 {
        // The same bytes each time: a version that follows from the content would come back.
        let first = write(store, &key, b"same", Expected::Missing);
        let second = write(store, &key, b"same", Expected::Version(first.clone()));
        assert_eq!(call(store, remove(&key, &second)), Ok(Reply::Removed));
        for old in [first, second] {
            let stale = call(store, put(&key, b"stale", Expected::Version(old.clone())));
            assert_eq!(stale, Ok(Reply::Conflict));
            assert!(seen.insert(old), "a version came back");
        }
    }
}

fn made_up_versions_conflict(open: Open) {
    let (store, key) = (&*open(), key("a"));
    let version = write(store, &key, b"one", Expected::Missing);
    let bytes = version.as_bytes();
    let longer = [bytes, b"\0"].concat();
    for made_up in [&[0], &bytes[..bytes.len() - 1], &longer, &[b'x'; 255]] {
        let made_up = Version::new(made_up).unwrap();
        let result = call(store, put(&key, b"two", Expected::Version(made_up.clone())));
        assert_eq!(result, Ok(Reply::Conflict));
        assert_eq!(call(store, remove(&key, &made_up)), Ok(Reply::Conflict));
    }
    assert_eq!(read(store, &key), Some((b"one".as_slice().into(), version)));
}

fn reads_follow_writes(open: Open) {
    let (store, key) = (&*open(), key("a"));
    let mut expected = Expected::Missing;
    for number in 0..200_u32 {
        let version = write(store, &key, &number.to_be_bytes(), expected);
        let (value, found) = read(store, &key).unwrap();
        assert_eq!((&*value, &found), (&number.to_be_bytes()[..], &version));
        expected = Expected::Version(version);
    }
}

fn odd_keys(open: Open) {
    let store = &*open();
    let longest = "k".repeat(store.abilities().max_key_bytes as usize);
    let almost = format!("{}j", &longest[1..]);
    let names = [
        "a",
        "A",
        "a ",
        " a",
        "a\0",
        "a\0b",
        "\0",
        " ",
        "ä",
        "a\u{308}",
        "Ä",
        "ß",
        "ss",
        "日本語",
        "😀",
        "'",
        "\"",
        "'; DROP TABLE slk_values; --",
        "%",
        "_",
        "*",
        "?",
        "/",
        "\\",
        "../x",
        "a/b",
        ".",
        "..",
        "CON",
        "\n",
        "\r\n",
        "\t",
        "1",
        "01",
        "1.0",
        "1e0",
        "NULL",
        "true",
        "\u{feff}a",
        "\u{7f}",
        "\u{10ffff}",
        &longest,
        &almost,
    ];
    let mut keys: Vec<Key> = names.iter().map(|name| key(name)).collect();
    for (kind, space) in [
        (Kind::Record, "PLAYER"),
        (Kind::Record, "player "),
        (Kind::Record, ""),
        (Kind::Server, ""),
    ] {
        keys.push(Key {
            kind,
            space: space.into(),
            name: "a".into(),
        });
    }
    // A space and a name that give the same text when put together.
    for (space, name) in [("x", "y/z"), ("x/y", "z")] {
        keys.push(Key {
            kind: Kind::Record,
            space: space.into(),
            name: name.into(),
        });
    }
    let mut versions = Vec::new();
    for (index, key) in keys.iter().enumerate() {
        versions.push(write(store, key, &index.to_be_bytes(), Expected::Missing));
    }
    for (index, (key, version)) in keys.iter().zip(&versions).enumerate() {
        let (value, found) = read(store, key).unwrap();
        assert_eq!((&*value, &found), (&index.to_be_bytes()[..], version));
        assert_eq!(call(store, remove(key, version)), Ok(Reply::Removed));
        assert_eq!(read(store, key), None);
    }
}

fn sizes(open: Open) {
    let (store, key) = (&*open(), key("a"));
    let largest = usize::try_from(store.abilities().max_value_bytes).unwrap();
    let mut expected = Expected::Missing;
    for size in [0, 1, 4095, 4096, 50_000, 1 << 20, largest, 0] {
        let value: Vec<u8> = (0..size).map(|index| (index * 31 % 251) as u8).collect();
        let version = write(store, &key, &value, expected);
        let (found, _) = read(store, &key).unwrap();
        assert!(*found == value, "{size} bytes came back changed");
        expected = Expected::Version(version);
    }
}

fn too_large(open: Open) {
    let store = &*open();
    let abilities = store.abilities();
    let value = vec![0; usize::try_from(abilities.max_value_bytes).unwrap() + 1];
    let long = key(&"k".repeat(abilities.max_key_bytes as usize + 1));
    for request in [
        put(&key("a"), &value, Expected::Missing),
        put(&long, b"", Expected::Missing),
        get(&long),
    ] {
        let error = call(store, request).unwrap_err();
        assert_eq!(error.outcome, Outcome::NotApplied);
        assert_eq!(error.cause, Cause::Request);
        assert!(error.text.contains("at most"), "{error}");
    }
    assert_eq!(read(store, &key("a")), None);
}

fn each_of_a_batch_on_its_own(open: Open) {
    let store = &*open();
    let old = write(store, &key("old"), b"x", Expected::Missing);
    let too_long = "k".repeat(store.abilities().max_key_bytes as usize + 1);
    let mut asked = Asked::default();
    for number in 0..60 {
        let name = format!("new {number}");
        asked.submit(store, put(&key(&name), b"v", Expected::Missing));
        asked.submit(store, put(&key("old"), b"y", Expected::Missing));
        asked.submit(store, put(&key(&too_long), b"", Expected::Missing));
        asked.submit(store, get(&key(&name)));
        asked.submit(store, remove(&key(&name), &old));
    }
    for of_one in asked.finish().chunks(5) {
        assert!(matches!(of_one[0], Ok(Reply::Written { .. })));
        assert_eq!(of_one[1], Ok(Reply::Conflict));
        assert!(of_one[2].is_err());
        assert!(matches!(of_one[3], Ok(Reply::Found { .. })), "{of_one:?}");
        assert_eq!(of_one[4], Ok(Reply::Conflict));
    }
    assert_eq!(read(store, &key("old")), Some((b"x".as_slice().into(), old)));
}

fn put_with(key: &Key, value: &[u8], expected: Expected, hints: Hints) -> Request {
    Request {
        key: key.clone(),
        operation: Operation::Put {
            value: value.into(),
            expected,
            hints,
        },
    }
}

/// A put of a record whose header is `header` and whose data say the same as before, or so it says.
fn of_header(key: &Key, header: &[u8], data: &[u8], expected: &Version) -> Request {
    let hints = Hints {
        header_bytes: u32::try_from(header.len()).unwrap(),
        data_unchanged: true,
        ..Hints::default()
    };
    put_with(
        key,
        &[header, data].concat(),
        Expected::Version(expected.clone()),
        hints,
    )
}

fn written(reply: StoreResult) -> Version {
    match reply {
        Ok(Reply::Written { version }) => version,
        other => panic!("{other:?}"),
    }
}

fn header_and_data(open: Open) {
    let store = &*open();
    let key = key("apart");
    let apart = Hints {
        header_bytes: 4,
        ..Hints::default()
    };
    let first = written(call(store, put_with(&key, b"headdata", Expected::Missing, apart)));
    let second = written(call(store, of_header(&key, b"longer head", b"data", &first)));
    assert_eq!(read(store, &key).unwrap().0[..], b"longer headdata"[..]);
    let late = call(store, of_header(&key, b"late", b"data", &first));
    assert_eq!(late, Ok(Reply::Conflict));
    // Of another length: it cannot be true that the data are the same.
    let third = written(call(store, of_header(&key, b"h", b"other data", &second)));
    assert_eq!(read(store, &key).unwrap().0[..], b"hother data"[..]);
    // Not written apart: there is no header to be replaced.
    let whole = written(call(store, put(&key, b"whole", Expected::Version(third))));
    let last = written(call(store, of_header(&key, b"W", b"hole!", &whole)));
    assert_eq!(read(store, &key), Some((b"Whole!".as_slice().into(), last)));
}

#[derive(Default)]
struct Ear(Mutex<Vec<String>>);

impl Listener for Ear {
    fn changed(&self, key: &Key) {
        self.0.lock().unwrap().push(key.name.to_string());
    }

    fn missed(&self) {}
}

impl Ear {
    fn has_heard(&self, name: &str) -> bool {
        self.0.lock().unwrap().iter().any(|heard| heard == name)
    }
}

/// Writes under this name for this server.
fn write_for(store: &dyn Store, server: &str, name: &str) {
    let hints = Hints {
        announce: Some(server.into()),
        ..Hints::default()
    };
    let expected = read(store, &key(name)).map_or(Expected::Missing, |(_, version)| Expected::Version(version));
    written(call(store, put_with(&key(name), b"x", expected, hints)));
}

/// Writes until it is heard: a store may need a while before it listens.
fn write_until_heard(store: &dyn Store, server: &str, name: &str, ear: &Ear) {
    let start = Instant::now();
    while !ear.has_heard(name) {
        assert!(start.elapsed() < PATIENCE, "{name} was not heard");
        write_for(store, server, name);
        thread::sleep(Duration::from_millis(20));
    }
}

fn announcements(open: Open) {
    let (teller, hearer) = (&*open(), &*open());
    if !hearer.abilities().push {
        return;
    }
    let (ear, other) = (Arc::new(Ear::default()), Arc::new(Ear::default()));
    let listeners: [Arc<dyn Listener>; 2] = [Arc::clone(&ear) as _, Arc::clone(&other) as _];
    hearer.listen("eu-1", Arc::downgrade(&listeners[0]));
    hearer.listen("eu \"2\"; DROP", Arc::downgrade(&listeners[1]));
    write_until_heard(teller, "eu-1", "first", &ear);
    write_until_heard(teller, "eu \"2\"; DROP", "second", &other);
    write_for(teller, "nobody", "for nobody");
    write(teller, &key("silent"), b"x", Expected::Missing);
    let in_vain = Hints {
        announce: Some("eu-1".into()),
        ..Hints::default()
    };
    let conflict = call(teller, put_with(&key("silent"), b"y", Expected::Missing, in_vain));
    assert_eq!(conflict, Ok(Reply::Conflict));
    write_until_heard(teller, "eu-1", "last", &ear);
    for name in ["for nobody", "silent", "second"] {
        assert!(!ear.has_heard(name), "{name}");
    }
}

/// Adds one to the number under the key, once; `false` when somebody else was faster. `between` is called after the
/// read and before the write.
fn try_to_count(store: &dyn Store, key: &Key, between: impl FnOnce()) -> bool {
    let (number, expected) = match read(store, key) {
        Some((value, version)) => (number(&value), Expected::Version(version)),
        None => (0, Expected::Missing),
    };
    between();
    match call(store, put(key, &(number + 1).to_be_bytes(), expected)) {
        Ok(Reply::Written { .. }) => true,
        Ok(Reply::Conflict) => false,
        other => panic!("{other:?}"),
    }
}

fn number(value: &[u8]) -> u64 {
    u64::from_be_bytes(value.try_into().unwrap())
}

fn storm(open: Open) {
    const THREADS: usize = 64;
    let key = key("counter");
    let store = &*open();
    let all = Barrier::new(THREADS);
    let won = AtomicU64::new(0);
    let count = |between: &dyn Fn()| {
        let counted = try_to_count(store, &key, between);
        won.fetch_add(u64::from(counted), Ordering::Relaxed);
    };
    let each = || {
        for _ in 0..5 {
            // All have read the same version before one writes.
            count(&|| {
                all.wait();
            });
            all.wait();
        }
        assert_eq!(won.load(Ordering::Relaxed), 5, "one in each round");
        all.wait();
        (0..10).for_each(|_| count(&|| ()));
    };
    thread::scope(|scope| (0..THREADS).for_each(|_| drop(scope.spawn(each))));
    let counted = number(&read(store, &key).unwrap().0);
    assert_eq!(counted, won.into_inner());
}

/// All names under this space, asked for in pages of so many.
fn listed(store: &dyn Store, kind: Kind, space: &str, page: u32) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    loop {
        let after = all.last().cloned().unwrap_or_default();
        let Ok(Reply::Keys { names, more }) = call(store, list(kind, space, &after, page)) else {
            panic!("no list");
        };
        assert!(names.len() <= page as usize && (!more || names.len() == page as usize));
        let first = names.first().map_or("\u{10ffff}", |name| &**name);
        assert!(
            first > after.as_str() || all.is_empty(),
            "the list goes on from where it was"
        );
        all.extend(names.iter().map(ToString::to_string));
        assert!(all.is_sorted(), "{all:?}");
        if !more {
            return all;
        }
    }
}

fn list_in_order(open: Open) {
    let store = &*open();
    assert!(store.abilities().list);
    assert_eq!(listed(store, Kind::Record, "player", 3), [""; 0]);
    let mut names: Vec<String> = (0..40).map(|number| format!("{number}")).collect();
    names.extend(["a", "A", "a ", "ä", "a\0", "a\0b", "\u{10ffff}", "%", "_", "日本語"].map(str::to_owned));
    for name in &names {
        write(store, &key(name), b"x", Expected::Missing);
        for (kind, space) in [(Kind::Record, "player2"), (Kind::Record, "Player"), (Kind::Server, "")] {
            let (space, name) = (space.into(), format!("other {name}").into());
            write(store, &Key { kind, space, name }, b"x", Expected::Missing);
        }
    }
    names.sort_unstable_by(|a, b| a.as_bytes().cmp(b.as_bytes()));
    for page in [1, 7, 50, 51, u32::MAX] {
        let page = page.min(sessionlocker::store::MAX_LISTED);
        assert_eq!(listed(store, Kind::Record, "player", page), names, "pages of {page}");
    }
    assert_eq!(listed(store, Kind::Server, "", 100).len(), names.len());
    let gone = names.remove(3);
    let version = read(store, &key(&gone)).unwrap().1;
    assert_eq!(call(store, remove(&key(&gone), &version)), Ok(Reply::Removed));
    assert_eq!(listed(store, Kind::Record, "player", 9), names);
}

fn list_begins_anywhere(open: Open) {
    let store = &*open();
    for name in ["b", "d", "f"] {
        write(store, &key(name), b"x", Expected::Missing);
    }
    for (after, expected) in [("a", "bdf"), ("b", "df"), ("c", "df"), ("e", "f"), ("f", ""), ("z", "")] {
        let Ok(Reply::Keys { names, more }) = call(store, list(Kind::Record, "player", after, 9)) else {
            panic!("no list after {after}");
        };
        assert_eq!((names.concat().as_str(), more), (expected, false), "after {after}");
    }
    let error = call(store, list(Kind::Record, "player", "", 0)).unwrap_err();
    assert_eq!((error.outcome, error.cause), (Outcome::NotApplied, Cause::Request));
}

fn two_objects(open: Open) {
    let (first, second, key) = (open(), open(), key("a"));
    let mut expected = Expected::Missing;
    for number in 0..50_u32 {
        let (writer, reader) = if number % 2 == 0 {
            (&first, &second)
        } else {
            (&second, &first)
        };
        let version = write(&**writer, &key, &number.to_be_bytes(), expected);
        assert_eq!(*read(&**reader, &key).unwrap().0, number.to_be_bytes());
        expected = Expected::Version(version);
    }
    drop(first);
    assert!(read(&*second, &key).is_some());
    let Expected::Version(version) = expected else {
        unreachable!()
    };
    let result: StoreResult = call(
        &*second,
        Request {
            key,
            operation: Operation::Remove { expected: version },
        },
    );
    assert_eq!(result, Ok(Reply::Removed));
}

#[cfg(feature = "sqlite")]
mod sqlite {
    use super::*;
    use rusqlite::Connection;
    use sessionlocker::store::sqlite::{open, Durability, SqliteOptions};
    use std::path::Path;
    use std::process::{Child, Stdio};
    use std::time::{Duration, Instant};
    use std::{env, fs};
    use store_support::{child, Folder, PATIENCE};

    fn run_checks(options: &SqliteOptions) {
        for (name, check) in CHECKS {
            println!("{name}");
            let folder = Folder::new();
            let file = folder.file("players.db");
            check(&|| open(&file, options.clone()).unwrap());
        }
    }

    #[test]
    fn durable() {
        run_checks(&SqliteOptions::default());
    }

    #[test]
    fn normal_durability_and_one_thread_for_all() {
        run_checks(&SqliteOptions {
            durability: Durability::Normal,
            read_threads: 0,
            checkpoint_at_close: true,
            ..SqliteOptions::default()
        });
    }

    #[test]
    fn what_was_written_is_there_after_reopening() {
        for checkpoint_at_close in [false, true] {
            let folder = Folder::new();
            let options = SqliteOptions {
                checkpoint_at_close,
                ..SqliteOptions::default()
            };
            let file = folder.file("players.db");
            let version = {
                let store = open(&file, options.clone()).unwrap();
                write(&*store, &key("a"), b"kept", Expected::Missing)
            };
            assert!(!folder.file("players.db-wal").exists(), "the last one tidies up");
            let store = open(&file, options).unwrap();
            assert_eq!(read(&*store, &key("a")), Some((b"kept".as_slice().into(), version)));
        }
    }

    #[test]
    fn a_checkpoint_at_close_empties_the_log_although_others_use_the_file() {
        let folder = Folder::new();
        let file = folder.file("players.db");
        let log_bytes = || fs::metadata(folder.file("players.db-wal")).unwrap().len();
        let other = open(&file, SqliteOptions::default()).unwrap();
        for checkpoint_at_close in [false, true] {
            let options = SqliteOptions {
                checkpoint_at_close,
                ..SqliteOptions::default()
            };
            let store = open(&file, options).unwrap();
            let name = format!("{checkpoint_at_close}");
            write(&*store, &key(&name), &[7; 100_000], Expected::Missing);
            drop(store);
            assert_eq!(log_bytes() == 0, checkpoint_at_close);
            assert!(read(&*other, &key(&name)).is_some());
        }
    }

    /// How many transactions lie in the log: a frame that ends one holds the size of the database.
    fn transactions(log: &Path) -> usize {
        let log = fs::read(log).unwrap();
        if log.is_empty() {
            return 0;
        }
        let word = |at: usize| u32::from_be_bytes(log[at..at + 4].try_into().unwrap());
        let frame = 24 + word(8) as usize;
        (32..=log.len() - frame)
            .step_by(frame)
            .filter(|&at| word(at + 4) != 0 && word(at + 8) == word(16) && word(at + 12) == word(20))
            .count()
    }

    #[test]
    fn writes_that_wait_share_a_transaction() {
        let folder = Folder::new();
        let file = folder.file("players.db");
        let log = folder.file("players.db-wal");
        let options = SqliteOptions {
            busy_timeout: PATIENCE,
            ..SqliteOptions::default()
        };
        let store = open(&file, options).unwrap();
        let before = transactions(&log);
        let other = Connection::open(&file).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        let mut asked = Asked::default();
        for number in 0..200 {
            let key = key(&number.to_string());
            asked.submit(&*store, put(&key, b"x", Expected::Missing));
        }
        other.execute_batch("ROLLBACK").unwrap();
        assert!(asked.finish().iter().all(Result::is_ok));
        let taken = transactions(&log) - before;
        // One for what was taken before the rest came, one for the rest.
        assert!((1..=2).contains(&taken), "{taken} transactions");
    }

    #[test]
    fn reads_do_not_wait_for_a_writer() {
        let folder = Folder::new();
        let file = folder.file("players.db");
        let options = SqliteOptions {
            busy_timeout: PATIENCE,
            ..SqliteOptions::default()
        };
        let store = open(&file, options).unwrap();
        write(&*store, &key("a"), b"x", Expected::Missing);
        let other = Connection::open(&file).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        let mut asked = Asked::default();
        asked.submit(&*store, put(&key("b"), b"x", Expected::Missing));
        assert!(read(&*store, &key("a")).is_some());
        other.execute_batch("ROLLBACK").unwrap();
        assert!(asked.finish()[0].is_ok());
    }

    const DATABASE: &str = "SESSIONLOCKER_TEST_DATABASE";
    const COUNTS_EACH: u64 = 300;

    #[test]
    fn two_processes_count_together() {
        let folder = Folder::new();
        let file = folder.file("players.db");
        let start = |_| -> Child {
            child("sqlite::child_that_counts")
                .env(DATABASE, &file)
                .stdout(Stdio::null())
                .spawn()
                .unwrap()
        };
        // None has made the database yet: they race for that too.
        let children: Vec<Child> = (0..2).map(start).collect();
        for mut child in children {
            assert!(child.wait().unwrap().success());
        }
        let store = open(&file, SqliteOptions::default()).unwrap();
        let (value, _) = read(&*store, &key("counter")).unwrap();
        assert_eq!(number(&value), 2 * COUNTS_EACH);
    }

    #[test]
    #[ignore = "started by two_processes_count_together"]
    fn child_that_counts() {
        let store = open(env::var_os(DATABASE).unwrap(), SqliteOptions::default()).unwrap();
        meet(&*store);
        let mut counted = 0;
        while counted < COUNTS_EACH {
            counted += u64::from(try_to_count(&*store, &key("counter"), || ()));
        }
    }

    /// Waits until both processes are there, so that they count at the same time.
    fn meet(store: &dyn Store) {
        let place = key("meeting");
        while !try_to_count(store, &place, || ()) {}
        let start = Instant::now();
        while number(&read(store, &place).unwrap().0) < 2 {
            assert!(start.elapsed() < PATIENCE);
            thread::sleep(Duration::from_millis(1));
        }
    }
}

/// Runs all checks, each on an empty store of this number; with `whole` also what is the same for all stores of its kind and
/// takes long.
#[cfg(all(unix, any(feature = "postgres", feature = "redis")))]
fn run_each(whole: bool, empty: impl Fn(usize) -> String, open: impl Fn(&str) -> Arc<dyn Store>) {
    use sessionlocker::store::check::check_together;

    for (number, (name, check)) in CHECKS.into_iter().enumerate() {
        if !whole && name.starts_with("sizes") {
            continue;
        }
        println!("{name}");
        let urls = empty(number);
        if name.starts_with("a list") && !open(&urls).abilities().list {
            continue;
        }
        check(&|| open(&urls));
    }
    if whole {
        let urls = empty(CHECKS.len());
        let stores = [open(&urls), open(&urls)];
        let report = check_together(&stores, store_support::PATIENCE).unwrap();
        assert!(report.is_kept(), "{report}");
    }
}

#[cfg(all(unix, feature = "postgres"))]
mod postgres {
    use super::*;
    use sessionlocker::store::postgres::{create_tables, open, PostgresOptions};
    use store_support::PATIENCE;
    use tools::postgres::Postgres;

    /// So that a slow machine is no trouble of the store.
    fn patient(connections: usize) -> PostgresOptions {
        PostgresOptions {
            connections,
            connect_timeout: PATIENCE,
            request_timeout: PATIENCE,
            ..PostgresOptions::default()
        }
    }

    /// Runs all checks, each on as many empty databases.
    fn run_checks(databases: usize, connections: usize) {
        let Some(server) = Postgres::start() else { return };
        let options = patient(connections);
        let empty = |check: usize| {
            let name = |number| server.new_schema(&format!("check{check}_{number}"));
            let urls = (0..databases).map(name).collect::<Vec<_>>().join(" ");
            create_tables(&urls, &options).unwrap();
            urls
        };
        let whole = databases + connections == 5;
        run_each(whole, empty, |urls| open(urls, &options).unwrap());
    }

    #[test]
    fn one_database() {
        run_checks(1, 4);
    }

    #[test]
    fn one_connection() {
        run_checks(1, 1);
    }

    #[test]
    fn three_databases() {
        run_checks(3, 2);
    }
}

#[cfg(all(unix, feature = "redis"))]
mod redis {
    use super::*;
    use sessionlocker::store::redis::{create_layout, open, RedisOptions};
    use store_support::PATIENCE;
    use tools::redis::Redis;
    use tools::redis_cluster::Cluster;

    /// So that a slow machine is no trouble of the store.
    fn patient(connections: usize) -> RedisOptions {
        RedisOptions {
            connections,
            connect_timeout: PATIENCE,
            request_timeout: PATIENCE,
            ..RedisOptions::default()
        }
    }

    /// Runs all checks, each on as many empty databases.
    fn run_checks(databases: u32, connections: usize) {
        let Some(server) = Redis::start() else { return };
        let options = patient(connections);
        let empty = |check: usize| {
            let first = u32::try_from(check).unwrap() * databases;
            let urls = (first..first + databases).map(|number| server.url(number));
            let urls = urls.collect::<Vec<_>>().join(" ");
            create_layout(&urls, &options).unwrap();
            urls
        };
        let whole = databases == 1 && connections == 4;
        run_each(whole, empty, |urls| open(urls, &options).unwrap());
    }

    #[test]
    fn one_server() {
        run_checks(1, 4);
    }

    #[test]
    fn one_connection() {
        run_checks(1, 1);
    }

    #[test]
    fn three_servers() {
        run_checks(3, 2);
    }

    #[test]
    fn a_cluster() {
        let Some(cluster) = Cluster::start(0) else { return };
        let (url, options) = (cluster.url(&[1]), patient(2));
        let empty = |_| {
            cluster.empty();
            create_layout(&url, &options).unwrap();
            url.clone()
        };
        run_each(false, empty, |url| open(url, &options).unwrap());
    }
}
