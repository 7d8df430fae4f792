//! Trouble with the database file: what is not one, what is damaged, full, read-only, taken away, and `kill -9`.
#![cfg(feature = "sqlite")]

mod store_support;

use rusqlite::Connection;
use sessionlocker::error::ErrorKind;
use sessionlocker::store::sqlite::{open, SqliteOptions};
use sessionlocker::store::{Cause, Expected, Outcome, Reply, Store, StoreError, Version};
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
#[cfg(unix)]
use std::process::Command;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::time::Duration;
use std::{env, fs, thread};
use store_support::{call, child, get, key, put, read, remove, write, Asked, Folder};

const DATABASE: &str = "SESSIONLOCKER_TEST_DATABASE";

fn open_default(path: &Path) -> Arc<dyn Store> {
    open(path, SqliteOptions::default()).unwrap()
}

/// Opening must fail in this way, name the file, and leave it as it is.
fn refused(path: &Path, kind: ErrorKind, words: &str) {
    let before = fs::read(path).ok();
    for create in [true, false] {
        let options = SqliteOptions {
            create,
            ..SqliteOptions::default()
        };
        let error = open(path, options).err().expect("must be refused");
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.text().contains(words), "{error}");
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(error.text().contains(name), "{error}");
    }
    assert_eq!(fs::read(path).ok(), before, "the file was changed");
}

/// The store must refuse in this way and name the file.
fn failed(result: Result<Reply, StoreError>, path: &Path, words: &str) -> StoreError {
    let error = result.expect_err("must fail");
    assert_eq!(error.cause, Cause::Store, "{error}");
    assert!(error.text.contains(words), "{error}");
    assert!(error.text.contains(path.to_str().unwrap()), "{error}");
    error
}

// What is not a database of ours

#[test]
fn a_file_that_is_not_a_database_is_refused_and_left() {
    let folder = Folder::new();
    let file = folder.file("notes.txt");
    let long = "buy milk\n".repeat(10_000);
    for content in ["xy", "SQLite format 2", &long] {
        fs::write(&file, content).unwrap();
        refused(&file, ErrorKind::NotADatabase, "not a SQLite database");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn the_database_of_another_program_is_refused_and_left() {
    for mark in [
        "PRAGMA application_id = 1; CREATE TABLE t (x)",
        "PRAGMA application_id = 1",
        "CREATE TABLE t (x)",
        "CREATE TABLE slk_values (x)",
        "PRAGMA user_version = 1",
    ] {
        let folder = Folder::new();
        let file = folder.file("browser.db");
        Connection::open(&file).unwrap().execute_batch(mark).unwrap();
        refused(&file, ErrorKind::NotADatabase, "another program");
    }
}

#[test]
fn the_database_of_a_newer_version_is_refused_and_left() {
    let folder = Folder::new();
    let file = folder.file("players.db");
    drop(open_default(&file));
    let change = |sql| Connection::open(&file).unwrap().execute_batch(sql).unwrap();
    change("PRAGMA user_version = 2");
    refused(&file, ErrorKind::Unsupported, "newer version");
    change("PRAGMA user_version = 0");
    refused(&file, ErrorKind::Store, "layout 0");
    change("PRAGMA user_version = 1; DROP TABLE slk_values");
    refused(&file, ErrorKind::Store, "slk_values");
}

#[test]
fn paths_that_are_no_files_are_refused() {
    for path in ["", ":memory:", "a\0b"] {
        let error = open(path, SqliteOptions::default()).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{path:?}: {error}");
    }
    let folder = Folder::new();
    for path in [folder.path(), &folder.file("no").join("such").join("folder.db")] {
        let error = open(path, SqliteOptions::default()).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Store, "{error}");
        assert!(error.text().contains(path.to_str().unwrap()), "{error}");
    }
    let options = SqliteOptions {
        busy_timeout: Duration::MAX,
        ..SqliteOptions::default()
    };
    let error = open(folder.file("a.db"), options).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");
}

#[test]
fn nothing_is_created_where_that_was_not_allowed() {
    let folder = Folder::new();
    let options = SqliteOptions {
        create: false,
        ..SqliteOptions::default()
    };
    let file = folder.file("players.db");
    let error = open(&file, options.clone()).err().unwrap();
    assert!(error.text().contains("no such file"), "{error}");
    assert!(!file.exists());
    fs::write(&file, "").unwrap();
    let error = open(&file, options.clone()).err().unwrap();
    assert!(error.text().contains("empty"), "{error}");
    drop(open_default(&file));
    assert!(open(&file, options).is_ok());
}

#[test]
fn names_that_sqlite_could_take_for_notations_are_files() {
    let folder = Folder::new();
    let mut names = vec!["100%41.db", "a#b.db", "it's ä.db"];
    // Windows has no files of such names.
    if !cfg!(windows) {
        names.extend(["a?mode=memory", " "]);
    }
    for name in names {
        let file = folder.file(name);
        write(&*open_default(&file), &key("a"), b"x", Expected::Missing);
        assert!(file.exists(), "{name}");
        assert!(read(&*open_default(&file), &key("a")).is_some());
    }
}

// Damage

fn fill(store: &dyn Store, count: usize) -> HashMap<String, Version> {
    let named = |number| format!("key {number}");
    (0..count)
        .map(|number| {
            let name = named(number);
            let version = write(store, &key(&name), &[number as u8; 3000], Expected::Missing);
            (name, version)
        })
        .collect()
}

#[test]
fn a_cut_database_is_refused_and_left() {
    let folder = Folder::new();
    let file = folder.file("players.db");
    fill(&*open_default(&file), 100);
    let whole = fs::read(&file).unwrap();
    for keep in [whole.len() / 2, 8192, 5000, 4096, 100] {
        fs::write(&file, &whole[..keep]).unwrap();
        refused(&file, ErrorKind::Store, "damaged");
    }
}

#[test]
fn a_damaged_index_is_an_error_and_never_a_missing_record() {
    let folder = Folder::new();
    let file = folder.file("players.db");
    let versions = fill(&*open_default(&file), 20);
    let connection = Connection::open(&file).unwrap();
    let page: u32 = connection
        .query_row("SELECT rootpage FROM sqlite_schema WHERE type = 'index'", [], |row| {
            row.get(0)
        })
        .unwrap();
    drop(connection);
    let page = page as usize;
    let mut bytes = fs::read(&file).unwrap();
    bytes[(page - 1) * 4096..page * 4096].fill(0xee);
    fs::write(&file, &bytes).unwrap();

    let store = open_default(&file);
    for (name, version) in &versions {
        let key = key(name);
        failed(call(&*store, get(&key)), &file, "damaged");
        for request in [
            put(&key, b"new", Expected::Missing),
            put(&key, b"new", Expected::Version(version.clone())),
            remove(&key, version),
        ] {
            let error = failed(call(&*store, request), &file, "damaged");
            assert_eq!(error.outcome, Outcome::NotApplied);
        }
    }
    drop(store);
    assert_eq!(fs::read(&file).unwrap(), bytes, "the file was changed");
}

#[test]
fn a_version_that_is_not_ours_is_an_error_of_that_key_alone() {
    let folder = Folder::new();
    let file = folder.file("players.db");
    let store = open_default(&file);
    fill(&*store, 3);
    let change = "UPDATE slk_values SET version = x'' WHERE name = 'key 1'";
    Connection::open(&file).unwrap().execute_batch(change).unwrap();
    failed(call(&*store, get(&key("key 1"))), &file, "player/key 1");
    assert!(read(&*store, &key("key 0")).is_some());
    assert!(read(&*store, &key("key 2")).is_some());
}

// Locks

#[test]
fn a_lock_that_another_holds_too_long_is_an_error_and_then_works_again() {
    let folder = Folder::new();
    let file = folder.file("players.db");
    let options = SqliteOptions {
        busy_timeout: Duration::from_millis(50),
        ..SqliteOptions::default()
    };
    let store = open(&file, options).unwrap();
    let other = Connection::open(&file).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let result = call(&*store, put(&key("a"), b"x", Expected::Missing));
    let error = failed(result, &file, "held its lock for too long");
    assert_eq!(error.outcome, Outcome::NotApplied);
    assert_eq!(read(&*store, &key("a")), None);
    other.execute_batch("COMMIT").unwrap();
    write(&*store, &key("a"), b"x", Expected::Missing);
}

// Files taken away, on systems that allow it

#[cfg(unix)]
#[test]
fn a_database_that_was_moved_fails_until_it_is_back() {
    let folder = Folder::new();
    let (file, away) = (folder.file("players.db"), folder.file("away.db"));
    let store = open_default(&file);
    let version = write(&*store, &key("a"), b"one", Expected::Missing);
    fs::rename(&file, &away).unwrap();
    for _ in 0..3 {
        let request = put(&key("a"), b"two", Expected::Version(version.clone()));
        let error = failed(call(&*store, request), &file, "moved");
        assert_eq!(error.outcome, Outcome::NotApplied);
        failed(call(&*store, get(&key("a"))), &file, "moved");
    }
    assert!(!file.exists(), "an empty database was put in its place");
    fs::rename(&away, &file).unwrap();
    assert_eq!(&*read(&*store, &key("a")).unwrap().0, b"one");
    write(&*store, &key("a"), b"two", Expected::Version(version));
}

#[cfg(unix)]
#[test]
fn an_older_copy_put_in_place_is_read_and_old_versions_conflict() {
    let folder = Folder::new();
    let (file, copy) = (folder.file("players.db"), folder.file("copy.db"));
    let first = write(&*open_default(&file), &key("a"), b"one", Expected::Missing);
    fs::copy(&file, &copy).unwrap();
    let store = open_default(&file);
    let second = write(&*store, &key("a"), b"two", Expected::Version(first.clone()));
    fs::remove_file(folder.file("players.db-wal")).unwrap();
    fs::remove_file(folder.file("players.db-shm")).unwrap();
    fs::rename(&copy, &file).unwrap();
    assert_eq!(
        read(&*store, &key("a")),
        Some((b"one".as_slice().into(), first.clone()))
    );
    let third = write(&*store, &key("a"), b"other", Expected::Version(first));
    assert_ne!(second, third);
    let stale = call(&*store, put(&key("a"), b"stale", Expected::Version(second)));
    assert_eq!(stale, Ok(Reply::Conflict));
}

#[cfg(unix)]
#[test]
fn a_log_that_was_removed_loses_nothing() {
    let folder = Folder::new();
    let file = folder.file("players.db");
    let stores = [open_default(&file), open_default(&file)];
    let mut versions = Vec::new();
    for (number, store) in stores.iter().enumerate() {
        let key = key(&number.to_string());
        versions.push(write(&**store, &key, b"saved", Expected::Missing));
        read(&**store, &key);
    }
    fs::remove_file(folder.file("players.db-wal")).unwrap();
    // One of them alone cannot mend it, since the other still uses the log; when both have noticed, it is mended.
    let result = call(&*stores[0], put(&key("new"), b"x", Expected::Missing));
    let error = failed(result, &file, "-wal");
    assert_eq!(error.outcome, Outcome::NotApplied);
    let _ = call(&*stores[1], put(&key("new"), b"x", Expected::Missing));
    for store in &stores {
        for (number, version) in versions.iter().enumerate() {
            let found = read(&**store, &key(&number.to_string()));
            let expected = (b"saved".as_slice().into(), version.clone());
            assert_eq!(found, Some(expected));
        }
    }
    write(&*stores[0], &key("later"), b"x", Expected::Missing);
    assert!(read(&*stores[1], &key("later")).is_some());
    drop(stores);
    check_integrity(&file);
}

fn check_integrity(file: &Path) {
    let connection = Connection::open(file).unwrap();
    let found: String = connection
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(found, "ok");
}

// Read-only, full: in child processes that are not root, or have a filesystem of their own

#[cfg(unix)]
fn succeeds(child: &mut Command) {
    let output = child.output().unwrap();
    print!("{}", String::from_utf8_lossy(&output.stdout));
    assert!(output.status.success(), "{output:?}");
}

#[cfg(unix)]
#[test]
fn a_read_only_file_or_folder_is_an_error_until_it_can_be_written() {
    let folder = Folder::new();
    let mut child = store_support::unprivileged_child(&[], "child_with_read_only_files", &folder);
    succeeds(child.env(DATABASE, folder.file("players.db")));
}

#[cfg(unix)]
#[test]
#[ignore = "started by a_read_only_file_or_folder_is_an_error_until_it_can_be_written"]
fn child_with_read_only_files() {
    use std::os::unix::fs::PermissionsExt;
    let file = Path::new(&env::var_os(DATABASE).unwrap()).to_owned();
    let folder = file.parent().unwrap();
    let allow = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();

    allow(folder, 0o555);
    refused(&file, ErrorKind::Store, if file.exists() { "written" } else { "" });
    allow(folder, 0o755);
    let version = write(&*open_default(&file), &key("a"), b"one", Expected::Missing);

    allow(&file, 0o444);
    refused(&file, ErrorKind::Store, "cannot be written");
    allow(&file, 0o644);
    allow(folder, 0o555);
    refused(&file, ErrorKind::Store, "folder");
    allow(folder, 0o755);

    let store = open_default(&file);
    let second = write(&*store, &key("a"), b"two", Expected::Version(version));
    assert_eq!(read(&*store, &key("a")).unwrap().1, second);
}

/// Writes until a write fails, and looks what became of it. Gives the error.
#[cfg(target_os = "linux")]
fn write_until_failure(store: &dyn Store, round: usize) -> StoreError {
    for number in 0..100_000 {
        let key = key(&format!("{round} {number}"));
        match call(store, put(&key, &[7; 20_000], Expected::Missing)) {
            Ok(Reply::Written { version }) => {
                assert_eq!(read(store, &key).unwrap().1, version);
            }
            Ok(other) => panic!("{other:?}"),
            Err(error) => {
                if error.outcome == Outcome::NotApplied {
                    assert_eq!(read(store, &key), None);
                }
                return error;
            }
        }
    }
    panic!("there was room for everything");
}

/// All that was written before the trouble is there.
#[cfg(target_os = "linux")]
fn is_whole(store: &dyn Store, kept: &HashMap<String, Version>) {
    for (name, version) in kept {
        assert_eq!(read(store, &key(name)).unwrap().1, *version);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_that_may_not_grow_fails_and_then_works_again() {
    let folder = Folder::new();
    let ignore_signal = ["sh", "-c", r#"trap "" XFSZ; exec "$0" "$@""#];
    let mut child = store_support::unprivileged_child(&ignore_signal, "child_with_small_files", &folder);
    succeeds(child.env(DATABASE, folder.file("players.db")));
}

#[cfg(target_os = "linux")]
#[test]
#[ignore = "started by a_file_that_may_not_grow_fails_and_then_works_again"]
fn child_with_small_files() {
    let limit_files = |bytes: &str| {
        let status = Command::new("prlimit")
            .args(["--pid", &std::process::id().to_string()])
            .arg(format!("--fsize={bytes}:"))
            .status()
            .unwrap();
        assert!(status.success());
    };
    let file = Path::new(&env::var_os(DATABASE).unwrap()).to_owned();
    let store = open_default(&file);
    let kept = fill(&*store, 50);
    for round in 0..3 {
        let log = fs::metadata(file.with_extension("db-wal")).unwrap().len();
        limit_files(&(log + 150_000).to_string());
        let error = write_until_failure(&*store, round);
        println!("{error}");
        failed(Err(error), &file, "the store goes on by itself");
        is_whole(&*store, &kept);
        limit_files("unlimited");
        let name = format!("after {round}");
        write(&*store, &key(&name), b"x", Expected::Missing);
        is_whole(&*store, &kept);
    }
    drop(store);
    check_integrity(&file);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_fails_and_then_works_again() {
    let folder = Folder::new();
    let mount = r#"mount -t tmpfs -o size=4m none "$SESSIONLOCKER_TEST_DISK" && exec "$0" "$@""#;
    let enter = |command: &mut Command, arguments: &[&str]| {
        command
            .args(arguments)
            .env("SESSIONLOCKER_TEST_DISK", folder.path())
            .output()
            .is_ok_and(|output| output.status.success())
    };
    // Root needs no user namespace, and others may not be allowed to have one.
    let Some(options) = ["-m", "-rm"]
        .into_iter()
        .find(|options| enter(&mut Command::new("unshare"), &[options, "sh", "-c", mount, "true"]))
    else {
        println!("skipped: a small filesystem cannot be mounted here");
        return;
    };
    let program = env::current_exe().unwrap();
    let mut child = Command::new("unshare");
    child.args([options, "sh", "-c", mount]).arg(program);
    child.arg("child_with_small_disk").args(store_support::CHILD_ARGUMENTS);
    child.env("SESSIONLOCKER_TEST_DISK", folder.path());
    succeeds(child.env(DATABASE, folder.file("players.db")));
}

/// Of several writes in one transaction, one needs more than the disk has.
#[cfg(target_os = "linux")]
fn one_without_room_fails_alone(store: &dyn Store, file: &Path) {
    let mut asked = Asked::default();
    let other = Connection::open(file).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    for name in ["before", "too large", "after"] {
        let size = if name == "too large" { 5_000_000 } else { 10 };
        asked.submit(store, put(&key("first"), b"x", Expected::Missing));
        asked.submit(store, put(&key(name), &vec![1; size], Expected::Missing));
    }
    other.execute_batch("ROLLBACK").unwrap();
    let results = asked.finish();
    for index in [0, 1, 5] {
        assert!(
            matches!(results[index], Ok(Reply::Written { .. })),
            "{index}: {results:?}"
        );
    }
    let error = failed(results[3].clone(), file, "the disk is full");
    println!("{error}");
    assert_eq!(read(store, &key("too large")), None);
}

#[cfg(target_os = "linux")]
#[test]
#[ignore = "started by a_full_disk_fails_and_then_works_again"]
fn child_with_small_disk() {
    let file = Path::new(&env::var_os(DATABASE).unwrap()).to_owned();
    let store = open_default(&file);
    let kept = fill(&*store, 50);
    let ballast = file.with_extension("ballast");
    for round in 0..3 {
        fs::write(&ballast, vec![0; 400_000 - round * 100_000]).unwrap();
        if round == 0 {
            one_without_room_fails_alone(&*store, &file);
        }
        let error = write_until_failure(&*store, round);
        println!("{error}");
        failed(Err(error), &file, "the store");
        is_whole(&*store, &kept);
        fs::remove_file(&ballast).unwrap();
        let name = format!("after {round}");
        write(&*store, &key(&name), b"x", Expected::Missing);
        is_whole(&*store, &kept);
    }
    drop(store);
    check_integrity(&file);
}

// kill -9

const KEYS: u32 = 40;

/// What the n-th write of a key writes: it can be told whether it is whole.
fn content(name: u32, number: u32) -> Vec<u8> {
    let length = (name * 7919 + number * 104_729) % 60_000;
    let mut value = [name.to_be_bytes(), number.to_be_bytes()].concat();
    value.extend((0..length).map(|index| (index ^ number ^ name) as u8));
    value
}

fn number_of(name: u32, value: &[u8]) -> u32 {
    let number = u32::from_be_bytes(value[4..8].try_into().unwrap());
    assert!(value == content(name, number), "{name} is not whole");
    number
}

#[test]
fn what_was_answered_survives_kill_9() {
    let kills = env::var("SESSIONLOCKER_TEST_KILLS").map_or(25, |count| count.parse().unwrap());
    let folder = Folder::new();
    let file = folder.file("players.db");
    let mut answered = HashMap::new();
    for kill in 0..kills {
        let mut child = child("child_that_is_killed")
            .env(DATABASE, &file)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let before = answered.len();
        read_and_kill(&mut child, 1 + kill * 7 % 40, &mut answered);
        assert!(kill > 0 || answered.len() > before, "nothing was written");
        check_integrity(&file);
        let store = open_default(&file);
        for name in 0..KEYS {
            let found = read(&*store, &key(&name.to_string()));
            let found = found.map(|(value, _)| number_of(name, &value));
            assert!(
                found >= answered.get(&name).copied(),
                "kill {kill}: {name} was answered at {:?} and is at {found:?}",
                answered.get(&name)
            );
        }
    }
}

/// Notes what the child says was answered, kills it after so many batches and a moment, and notes the rest.
fn read_and_kill(child: &mut Child, batches: u32, answered: &mut HashMap<u32, u32>) {
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let (mut line, mut seen, mut killed) = (String::new(), 0, false);
    while lines.read_line(&mut line).unwrap() > 0 {
        // The last line may be cut.
        let whole = line.ends_with('\n');
        if let (true, Some((name, number))) = (whole, parse(&line)) {
            answered.insert(name, number);
        }
        seen += u32::from(line.starts_with("batch"));
        line.clear();
        if seen >= batches && !killed {
            killed = true;
            thread::sleep(Duration::from_micros(fastrand::u64(0..8000)));
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    assert!(killed, "the child ended by itself");
}

fn parse(line: &str) -> Option<(u32, u32)> {
    let (name, number) = line.trim_end().strip_prefix("saved ")?.split_once(' ')?;
    Some((name.parse().ok()?, number.parse().ok()?))
}

#[test]
#[ignore = "started by what_was_answered_survives_kill_9"]
fn child_that_is_killed() {
    let store = open_default(Path::new(&env::var_os(DATABASE).unwrap()));
    let mut state: Vec<(u32, Expected)> = (0..KEYS)
        .map(|name| match read(&*store, &key(&name.to_string())) {
            Some((value, version)) => (number_of(name, &value), Expected::Version(version)),
            None => (0, Expected::Missing),
        })
        .collect();
    println!();
    loop {
        let mut asked = Asked::default();
        for (name, (number, expected)) in (0..).zip(&state) {
            let value = content(name, number + 1);
            let key = key(&name.to_string());
            asked.submit(&*store, put(&key, &value, expected.clone()));
        }
        let mut said = String::from("batch\n");
        for (name, (state, result)) in state.iter_mut().zip(asked.finish()).enumerate() {
            let Ok(Reply::Written { version }) = result else {
                panic!("{name}: {result:?}");
            };
            *state = (state.0 + 1, Expected::Version(version));
            said += &format!("saved {name} {}\n", state.0);
        }
        let mut out = std::io::stdout().lock();
        out.write_all(said.as_bytes()).unwrap();
        out.flush().unwrap();
    }
}
