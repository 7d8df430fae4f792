//! The store in a PostgreSQL server: its tables, and what becomes of requests while the server is restarted, killed,
//! frozen, cut off, or replaced by its standby.
#![cfg(all(unix, feature = "postgres"))]

mod store_support;
mod tools;

use sessionlocker::engine::host::{About, Host};
use sessionlocker::engine::{Engine, EngineOptions, Event, LockerId};
use sessionlocker::error::{Error, ErrorKind};
use sessionlocker::locker::call::{CallAnswer, HostCall};
use sessionlocker::locker::{event, Spec};
use sessionlocker::log::{Level, LogSink};
use sessionlocker::record::Document;
use sessionlocker::store::postgres::{create_tables, open, part_of, PostgresOptions};
use sessionlocker::store::{
    Cause, Expected, Hints, Key, Kind, Listener, Operation, Outcome, Reply, Request, Store, StoreError, StoreResult,
};
use std::os::unix::fs::{chown, MetadataExt};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use std::{fs, thread};
use store_support::{call, failed_of, get, key, put, read, read_in_time, remove, write, Asked, PATIENCE};
use tools::postgres::{url_of, Postgres};
use tools::proxy::{Proxy, Way};

/// So that a slow machine is no trouble of the store.
fn patient() -> PostgresOptions {
    PostgresOptions {
        connect_timeout: PATIENCE,
        request_timeout: PATIENCE,
        ..PostgresOptions::default()
    }
}

fn over_one_connection() -> PostgresOptions {
    PostgresOptions {
        connections: 1,
        ..patient()
    }
}

/// For servers that will not answer.
fn hasty() -> PostgresOptions {
    PostgresOptions {
        connect_timeout: Duration::from_secs(2),
        request_timeout: Duration::from_secs(2),
        connections: 1,
        ..PostgresOptions::default()
    }
}

fn made(urls: &str) -> &str {
    create_tables(urls, &patient()).unwrap();
    urls
}

fn refused(urls: &str, options: &PostgresOptions, kind: ErrorKind, words: &str) {
    let error = open(urls, options).err().expect("must be refused");
    assert_eq!(error.kind(), kind, "{error}");
    assert!(error.text().contains(words), "{error}");
}

/// Failed in this way, and in words that name the server and the key, and no password.
fn failed(result: StoreResult, outcome: Outcome, key: &Key) -> StoreError {
    failed_of("postgres", result, outcome, key)
}

// Writes of the header alone, and messages

/// Bytes that the database has logged so far.
fn logged(server: &Postgres) -> u64 {
    server
        .sql(
            "postgres",
            "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint",
        )
        .parse()
        .unwrap()
}

#[test]
fn a_write_that_leaves_the_data_logs_the_header_alone() {
    const WRITES: u64 = 50;
    const DATA: usize = 50_000;
    let Some(server) = Postgres::start_with(&[("autovacuum", "off"), ("full_page_writes", "off")]) else {
        return;
    };
    let url = server.new_schema("apart");
    let store = &*open(made(&url), &over_one_connection()).unwrap();
    // Nothing that could be compressed.
    let data: Vec<u8> = std::iter::repeat_with(|| fastrand::u8(..)).take(DATA).collect();
    let save = |header: &str, expected: Expected, data_unchanged: bool| {
        let operation = Operation::Put {
            value: [header.as_bytes(), &data].concat().into(),
            expected,
            hints: Hints {
                header_bytes: u32::try_from(header.len()).unwrap(),
                data_unchanged,
                announce: None,
            },
        };
        let key = key("42");
        match call(store, Request { key, operation }) {
            Ok(Reply::Written { version }) => version,
            other => panic!("{other:?}"),
        }
    };
    let mut version = save("header 0", Expected::Missing, false);
    let mut logged_by = |unchanged: bool| {
        let before = logged(&server);
        for number in 0..WRITES {
            version = save(
                &format!("header {number}"),
                Expected::Version(version.clone()),
                unchanged,
            );
        }
        (logged(&server) - before) / WRITES
    };
    let (whole, header_alone) = (logged_by(false), logged_by(true));
    println!("logged for a save of {DATA} bytes: {whole}, of the header alone: {header_alone}");
    assert!(whole > DATA as u64, "{whole}");
    assert!(header_alone < 2_000, "{header_alone}");
    assert_eq!(
        read(store, &key("42")).unwrap().0[8..],
        [b"9".as_slice(), &data].concat()
    );
}

#[derive(Default)]
struct Ear {
    heard: Mutex<Vec<String>>,
    missed: AtomicU32,
}

impl Listener for Ear {
    fn changed(&self, key: &Key) {
        self.heard.lock().unwrap().push(key.name.to_string());
    }

    fn missed(&self) {
        self.missed.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn who_listens_is_told_that_something_may_have_been_missed_and_hears_on() {
    let Some(mut server) = Postgres::start() else { return };
    let url = server.new_schema("missed");
    let store = open(made(&url), &over_one_connection()).unwrap();
    let ear = Arc::new(Ear::default());
    let listener: Arc<dyn Listener> = Arc::clone(&ear) as _;
    store.listen("eu-1", Arc::downgrade(&listener));
    let wait = |what: &str, is_so: &dyn Fn() -> bool| {
        let start = Instant::now();
        while !is_so() {
            assert!(start.elapsed() < PATIENCE, "{what}");
            thread::sleep(Duration::from_millis(20));
        }
    };
    wait("connected", &|| ear.missed.load(Ordering::SeqCst) == 1);
    server.kill();
    server.start_again();
    wait("connected again", &|| ear.missed.load(Ordering::SeqCst) >= 2);
    let announced = Hints {
        announce: Some("eu-1".into()),
        ..Hints::default()
    };
    let heard = || ear.heard.lock().unwrap().contains(&"42".to_owned());
    wait("heard", &|| {
        let expected = read(&*store, &key("42")).map_or(Expected::Missing, |(_, version)| Expected::Version(version));
        let operation = Operation::Put {
            value: b"x".as_slice().into(),
            expected,
            hints: announced.clone(),
        };
        call(
            &*store,
            Request {
                key: key("42"),
                operation,
            },
        )
        .unwrap();
        heard()
    });
}

// Tables and URLs

#[test]
fn tables_are_made_when_that_is_asked_for_and_never_mixed_up() {
    let Some(server) = Postgres::start() else { return };
    let (first, second) = (server.new_schema("first"), server.new_schema("second"));
    refused(
        &first,
        &patient(),
        ErrorKind::NotADatabase,
        "slk_postgres_create_tables",
    );
    assert_eq!(
        server.sql(
            "postgres",
            "SELECT count(*) FROM pg_tables WHERE tablename LIKE 'slk_%'"
        ),
        "0"
    );

    let both = format!("{first}\n {second}");
    made(&both);
    write(
        &*open(&both, &patient()).unwrap(),
        &key("a"),
        b"kept",
        Expected::Missing,
    );
    made(&both);
    assert!(read(&*open(&both, &patient()).unwrap(), &key("a")).is_some());
    for wrong in [
        &first,
        &second,
        &format!("{second} {first}"),
        &format!("{first} {first}"),
    ] {
        refused(wrong, &patient(), ErrorKind::InvalidArgument, "of 2");
        assert_eq!(
            create_tables(wrong, &patient()).unwrap_err().kind(),
            ErrorKind::InvalidArgument
        );
    }
    let other = format!("{} {}", server.new_schema("third"), server.new_schema("fourth"));
    made(&other);
    let mixed = format!("{first} {}", other.split_once(' ').unwrap().1);
    refused(&mixed, &patient(), ErrorKind::InvalidArgument, "another store");

    server.sql("postgres", "UPDATE first.slk_layout SET layout = 2");
    refused(&both, &patient(), ErrorKind::Unsupported, "newer version");
    assert_eq!(
        create_tables(&both, &patient()).unwrap_err().kind(),
        ErrorKind::Unsupported
    );
}

#[test]
fn where_a_key_lies_never_changes() {
    let key = |kind, space: &str, name: &str| Key {
        kind,
        space: space.into(),
        name: name.into(),
    };
    let vectors = [
        (key(Kind::Record, "player", "42"), [0, 1, 1, 5, 61]),
        (key(Kind::Record, "player", "43"), [0, 0, 2, 4, 44]),
        (key(Kind::Record, "", ""), [0, 1, 2, 5, 9]),
        (key(Kind::Server, "", "eu-1"), [0, 0, 0, 3, 6]),
        (key(Kind::Record, "guild", "ä"), [0, 1, 2, 3, 41]),
    ];
    for (key, parts) in vectors {
        assert_eq!([1, 2, 3, 7, 64].map(|of| part_of(&key, of)), parts, "{key}");
    }
}

#[test]
fn options_and_urls_that_make_no_sense_are_refused() {
    let good = "postgresql://me:secret@/game?host=%2Fno%2Fsuch%2Ffolder";
    let wrong = [
        ("", patient()),
        ("mysql://a/b", patient()),
        (
            good,
            PostgresOptions {
                connections: 0,
                ..patient()
            },
        ),
        (
            good,
            PostgresOptions {
                connections: 1000,
                ..patient()
            },
        ),
        (
            good,
            PostgresOptions {
                request_timeout: Duration::ZERO,
                ..patient()
            },
        ),
        (
            good,
            PostgresOptions {
                connect_timeout: Duration::MAX,
                ..patient()
            },
        ),
    ];
    for (urls, options) in &wrong {
        refused(urls, options, ErrorKind::InvalidArgument, "");
    }
    let error = open(good, &patient()).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Store, "{error}");
    assert!(
        error.text().contains("/no/such/folder") && !error.text().contains("secret"),
        "{error}"
    );
}

// Batches

#[test]
fn writes_that_wait_share_a_transaction() {
    let Some(server) = Postgres::start() else { return };
    let url = server.url("postgres");
    let store = open(made(&url), &over_one_connection()).unwrap();
    server.pause();
    let mut asked = Asked::default();
    for number in 0..200 {
        asked.submit(&*store, put(&key(&number.to_string()), b"x", Expected::Missing));
    }
    server.go_on();
    assert!(asked.finish().iter().all(Result::is_ok));
    let transactions: u32 = server
        .sql("postgres", "SELECT count(DISTINCT xmin::text) FROM slk_records")
        .parse()
        .unwrap();
    // One for what was taken before the rest came, one for the rest.
    assert!((1..=2).contains(&transactions), "{transactions}");
}

#[test]
fn what_does_not_fit_fails_alone() {
    let Some(server) = Postgres::start() else { return };
    let url = server.url("postgres");
    let store = open(made(&url), &over_one_connection()).unwrap();
    server.sql(
        "postgres",
        "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no such thing'; END $$; \
         CREATE TRIGGER no BEFORE INSERT ON slk_records FOR EACH ROW WHEN (NEW.name = 'bad') EXECUTE FUNCTION no()",
    );
    write(&*store, &key("taken"), b"x", Expected::Missing);
    server.pause();
    let mut asked = Asked::default();
    for name in ["first", "a", "bad", "taken", "z"] {
        asked.submit(&*store, put(&key(name), b"y", Expected::Missing));
    }
    server.go_on();
    let results = asked.finish();
    for number in [0, 1, 4] {
        assert!(
            matches!(results[number], Ok(Reply::Written { .. })),
            "{:?}",
            results[number]
        );
    }
    assert_eq!(results[3], Ok(Reply::Conflict));
    let error = failed(results[2].clone(), Outcome::NotApplied, &key("bad"));
    assert_eq!(error.cause, Cause::Request);
    assert!(error.text.contains("no such thing"), "{error}");
    assert!(read(&*store, &key("bad")).is_none());
}

#[test]
fn batches_of_two_servers_never_wait_for_each_other_in_a_circle() {
    let Some(server) = Postgres::start() else { return };
    let url = server.url("postgres");
    let stores = [open(made(&url), &patient()).unwrap(), open(&url, &patient()).unwrap()];
    let keys: Vec<Key> = (0..30).map(|number| key(&format!("{number}"))).collect();
    let mut versions: Vec<_> = keys
        .iter()
        .map(|key| write(&*stores[0], key, b"x", Expected::Missing))
        .collect();
    for _ in 0..20 {
        let mut asked = [Asked::default(), Asked::default()];
        for number in 0..keys.len() {
            // One from the first to the last, one from the last to the first.
            for (side, number) in [(0, number), (1, keys.len() - 1 - number)] {
                let expected = Expected::Version(versions[number].clone());
                asked[side].submit(&*stores[side], put(&keys[number], b"y", expected));
            }
        }
        let results = asked.map(Asked::finish);
        for number in 0..keys.len() {
            let both = [&results[0][number], &results[1][keys.len() - 1 - number]];
            let mut written = both.iter().filter_map(|result| match result {
                Ok(Reply::Written { version }) => Some(version.clone()),
                Ok(Reply::Conflict) => None,
                other => panic!("{other:?}"),
            });
            versions[number] = written.next().expect("one of them wins");
            assert!(written.next().is_none());
        }
    }
}

#[test]
fn a_row_that_somebody_holds_is_told_and_holds_up_no_other() {
    let Some(server) = Postgres::start_with(&[("max_prepared_transactions", "1")]) else {
        return;
    };
    let url = server.url("postgres");
    let store = open(
        made(&url),
        &PostgresOptions {
            request_timeout: Duration::from_secs(20),
            ..patient()
        },
    )
    .unwrap();
    let held = write(&*store, &key("held"), b"x", Expected::Missing);
    // A prepared transaction holds its rows without a connection.
    server.sql(
        "postgres",
        "BEGIN; UPDATE slk_records SET data = data; PREPARE TRANSACTION 'stuck'",
    );
    let mut asked = Asked::default();
    asked.submit(&*store, put(&key("held"), b"y", Expected::Version(held.clone())));
    asked.submit(&*store, put(&key("free"), b"y", Expected::Missing));
    let results = asked.finish();
    let error = failed(results[0].clone(), Outcome::NotApplied, &key("held"));
    assert!(error.text.contains("has held the row"), "{error}");
    assert!(results[1].is_ok(), "{:?}", results[1]);
    server.sql("postgres", "ROLLBACK PREPARED 'stuck'");
    write(&*store, &key("held"), b"z", Expected::Version(held));
}

// Servers that go away

#[test]
fn a_server_that_was_restarted_or_killed_is_used_again_at_once() {
    let Some(mut server) = Postgres::start() else { return };
    let url = server.url("postgres").replace("postgres@", "postgres:secret@");
    let store = open(made(&url), &patient()).unwrap();
    let mut version = write(&*store, &key("a"), b"0", Expected::Missing);
    for kill in [false, true] {
        read(&*store, &key("a"));
        if kill {
            server.kill();
        } else {
            server.stop();
        }
        let request = put(&key("a"), b"lost", Expected::Version(version.clone()));
        let error = failed(call(&*store, request), Outcome::NotApplied, &key("a"));
        assert_eq!(error.cause, Cause::Store);
        failed(call(&*store, get(&key("a"))), Outcome::NotApplied, &key("a"));
        server.start_again();
        assert_eq!(&*read_in_time(&*store, &key("a")).unwrap().0, b"0");
        // Connections that broke while nobody used them are no trouble of the next request.
        server.stop();
        server.start_again();
        let value = b"0".as_slice();
        version = write(&*store, &key("a"), value, Expected::Version(version));
    }
}

#[test]
fn a_frozen_server_ends_in_an_unknown_outcome_and_not_in_waiting() {
    let Some(server) = Postgres::start() else { return };
    let url = server.url("postgres");
    let store = open(made(&url), &hasty()).unwrap();
    let version = write(&*store, &key("a"), b"one", Expected::Missing);
    let other = open(&url, &hasty()).unwrap();
    server.pause();
    let error = failed(
        call(&*store, put(&key("a"), b"two", Expected::Version(version))),
        Outcome::Unknown,
        &key("a"),
    );
    assert!(error.text.contains("no answer within"), "{error}");
    assert_eq!(error.cause, Cause::Unknown);
    failed(call(&*other, get(&key("a"))), Outcome::NotApplied, &key("a"));
    server.go_on();
    // What was sent may have landed or not, and nobody else is in the way.
    let start = Instant::now();
    loop {
        let (found, version) = read_in_time(&*other, &key("a")).unwrap();
        assert!(*found == *b"one" || *found == *b"two", "{found:?}");
        match call(&*store, put(&key("a"), b"three", Expected::Version(version))) {
            Ok(Reply::Written { .. }) => break,
            other => assert!(start.elapsed() < PATIENCE, "{other:?}"),
        }
    }
}

/// A store whose connection can be cut.
fn through_proxy(server: &Postgres) -> (Proxy, Arc<dyn Store>) {
    made(&server.url("postgres"));
    let proxy = Proxy::to_socket(&server.socket());
    let url = format!("postgresql://postgres@127.0.0.1:{}/postgres", proxy.port());
    let store = open(&url, &over_one_connection()).unwrap();
    (proxy, store)
}

#[test]
fn a_commit_whose_connection_breaks_is_of_unknown_outcome() {
    let Some(server) = Postgres::start() else { return };
    let (proxy, store) = through_proxy(&server);
    let first = write(&*store, &key("a"), b"one", Expected::Missing);
    proxy.cut_before(b"COMMIT");
    let request = put(&key("a"), b"two", Expected::Version(first.clone()));
    failed(call(&*store, request.clone()), Outcome::Unknown, &key("a"));
    assert_eq!(&*read_in_time(&*store, &key("a")).unwrap().0, b"one");
    proxy.cut_answer(b"COMMIT");
    failed(call(&*store, request.clone()), Outcome::Unknown, &key("a"));
    let start = Instant::now();
    while *read_in_time(&*store, &key("a")).unwrap().0 != *b"two" {
        assert!(start.elapsed() < PATIENCE);
    }
    assert_eq!(proxy.sprung(), 2);
    assert_eq!(call(&*store, request), Ok(Reply::Conflict));
    proxy.set(Way::Closed);
    failed(call(&*store, get(&key("a"))), Outcome::NotApplied, &key("a"));
    failed(call(&*store, remove(&key("a"), &first)), Outcome::NotApplied, &key("a"));
}

struct Game;

impl Host for Game {
    fn default_data(&self, _key: &str) -> Result<Document, Error> {
        Document::from_json("{\"gold\":0}")
    }

    fn answer(&self, _about: &About, _call: HostCall) -> CallAnswer {
        CallAnswer::done(None)
    }
}

#[derive(Default)]
struct Words(Mutex<Vec<(Level, String)>>);

impl LogSink for Words {
    fn log(&self, level: Level, text: std::fmt::Arguments<'_>) {
        self.0.lock().unwrap().push((level, text.to_string()));
    }
}

fn play(engine: &Engine, until: impl Fn() -> bool) {
    let start = Instant::now();
    while !until() {
        engine.update(Duration::from_millis(5)).unwrap();
        while engine.core().next_event().is_some() {}
        assert!(start.elapsed() < PATIENCE);
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn an_engine_reads_back_what_a_broken_commit_left() {
    let Some(server) = Postgres::start() else { return };
    let (proxy, store) = through_proxy(&server);
    let words = Arc::new(Words::default());
    let engine = Engine::new(EngineOptions {
        log: Some((Arc::clone(&words) as Arc<dyn LogSink>, Level::Warning)),
        ..EngineOptions::default()
    })
    .unwrap();
    let spec = engine.add_spec(&store, Spec::named("player"), Arc::new(Game)).unwrap();
    let said = words.0.lock().unwrap().clone();
    let warned = said
        .iter()
        .filter(|(level, text)| *level == Level::Warning && text.contains("fsync"));
    assert_eq!(warned.count(), 1, "{said:?}");
    let player: LockerId = engine.open_locker(spec, "42", 42).unwrap();
    engine.core().mark_should_acquire(player, None).unwrap();
    let start = Instant::now();
    loop {
        engine.update(Duration::from_millis(5)).unwrap();
        match engine.core().next_event() {
            Some(Event::Locker {
                event: event::Event::Loaded { .. },
                ..
            }) => break,
            _ => thread::sleep(Duration::from_millis(1)),
        }
        assert!(start.elapsed() < PATIENCE);
    }
    for (gold, trap) in [(1, Proxy::cut_answer as fn(&Proxy, &[u8])), (2, Proxy::cut_before)] {
        let sprung = proxy.sprung();
        engine.core().edit(player, |data| data.add_i64("/gold", 1)).unwrap();
        trap(&proxy, b"COMMIT");
        engine.core().mark_force_save(player).unwrap();
        play(&engine, || proxy.sprung() > sprung);
        let saved = format!("%\"gold\":{gold}%");
        let stored = || {
            let sql =
                format!("SELECT count(*) FROM slk_records WHERE convert_from(header || data, 'UTF8') LIKE '{saved}'");
            server.sql("postgres", &sql) == "1"
        };
        play(&engine, stored);
    }
    assert!(engine.shutdown(PATIENCE).unwrap());
}

// Standbys

#[test]
fn a_failover_to_a_synchronous_standby_loses_nothing_and_is_followed() {
    let Some(mut primary) = Postgres::start_with(&[("fsync", "on")]) else {
        return;
    };
    made(&primary.url("postgres"));
    let standby = primary.standby("second");
    let strict = PostgresOptions {
        require_synchronous: true,
        ..patient()
    };
    let url = url_of(&[&standby, &primary], "postgres");
    let alone = standby.url("postgres");
    refused(&alone, &patient(), ErrorKind::Store, "takes no writes");
    refused(
        &url,
        &strict,
        ErrorKind::Unsupported,
        "does not replicate synchronously",
    );
    let loose = open(&url, &patient()).unwrap();
    assert_eq!(loose.warnings().len(), 1, "{:?}", loose.warnings());
    drop(loose);
    primary.set("synchronous_standby_names", "'second'");
    primary.wait_until(
        "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'",
        "1",
    );
    let store = open(&url, &strict).unwrap();
    assert!(store.warnings().is_empty());
    drop(store);

    let store = open(&url, &patient()).unwrap();
    let versions: Vec<_> = (0..50)
        .map(|number| write(&*store, &key(&number.to_string()), b"x", Expected::Missing))
        .collect();
    primary.kill();
    failed(call(&*store, get(&key("0"))), Outcome::NotApplied, &key("0"));
    standby.promote();
    read_in_time(&*store, &key("0"));
    for (number, version) in versions.into_iter().enumerate() {
        write(&*store, &key(&number.to_string()), b"y", Expected::Version(version));
    }
}

#[test]
fn nothing_is_answered_that_only_the_crashed_server_has() {
    let Some(mut primary) = Postgres::start() else { return };
    let url = primary.url("postgres");
    made(&url);
    let standby = primary.standby("second");
    primary.set("synchronous_standby_names", "'second'");
    primary.wait_until(
        "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'",
        "1",
    );
    let store = open(&url, &hasty()).unwrap();
    write(&*store, &key("before"), b"x", Expected::Missing);
    standby.pause();
    let request = put(&key("a"), b"x", Expected::Missing);
    failed(call(&*store, request), Outcome::Unknown, &key("a"));
    primary.kill();
    primary.start_again();
    // The server has it, and the standby does not: were it promoted now, it would be gone.
    let there = "SELECT count(*) FROM slk_records WHERE name = 'a'";
    assert_eq!(primary.sql("postgres", there), "1");
    for _ in 0..3 {
        let result = call(&*store, get(&key("a")));
        failed(result, Outcome::NotApplied, &key("a"));
        thread::sleep(Duration::from_millis(100));
    }
    standby.go_on();
    assert!(read_in_time(&*store, &key("a")).is_some());
    assert_eq!(standby.sql("postgres", there), "1");
}

#[test]
fn a_commit_whose_standby_was_not_waited_for_is_of_unknown_outcome() {
    let Some(primary) = Postgres::start() else { return };
    let url = primary.url("postgres");
    made(&url);
    let standby = primary.standby("second");
    primary.set("synchronous_standby_names", "'second'");
    primary.wait_until(
        "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'",
        "1",
    );
    let store = open(&url, &over_one_connection()).unwrap();
    write(&*store, &key("before"), b"x", Expected::Missing);
    standby.pause();
    let mut asked = Asked::default();
    asked.submit(&*store, put(&key("a"), b"x", Expected::Missing));
    let waiting = "FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
    primary.wait_until(&format!("SELECT count(*) {waiting}"), "1");
    primary.sql("postgres", &format!("SELECT pg_cancel_backend(pid) {waiting}"));
    let error = failed(asked.finish().remove(0), Outcome::Unknown, &key("a"));
    assert!(error.text.contains("cancelled the wait"), "{error}");
    standby.go_on();
    assert!(read_in_time(&*store, &key("a")).is_some());
}

// TLS

#[test]
fn tls_is_used_where_it_is_and_checked_where_it_is_required() {
    let Some(mut server) = Postgres::start() else { return };
    if !tools::have("openssl") {
        return;
    }
    tools::certificates::make(server.folder());
    let owner = fs::metadata(server.folder()).unwrap();
    chown(server.folder().join("server.key"), Some(owner.uid()), Some(owner.gid())).unwrap();
    made(&server.url("postgres"));
    server.stop();
    server.listen_at_port();
    for (name, file) in [("ssl_cert_file", "server.pem"), ("ssl_key_file", "server.key")] {
        server.set_at_start(name, server.folder().join(file).to_str().unwrap().to_owned().as_str());
    }
    server.set_at_start("ssl", "on");
    server.start_again();
    let url = |host: &str, query: &str| format!("postgresql://postgres@{host}:{}/postgres{query}", server.port());
    let authority = format!("?sslrootcert={}", server.folder().join("ca.pem").display());
    let strict = PostgresOptions {
        require_tls: true,
        ..patient()
    };
    let encrypted = "SELECT DISTINCT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
        WHERE application_name = 'sessionlocker'";
    for (url, options) in [
        (url("localhost", &authority), &strict),
        (url("127.0.0.1", ""), &patient()),
        (
            url("localhost", &format!("{authority}&sslmode=verify-full")),
            &patient(),
        ),
    ] {
        let store = open(&url, options).unwrap();
        read(&*store, &key("a"));
        server.wait_until(encrypted, "t");
        drop(store);
    }
    refused(&url("127.0.0.1", &authority), &strict, ErrorKind::Store, "certificate");
    refused(
        &url("localhost", "?sslmode=require"),
        &patient(),
        ErrorKind::Store,
        "certificate",
    );
    server.stop();
    server.set_at_start("ssl", "off");
    server.start_again();
    refused(
        &format!("postgresql://postgres@localhost:{}/postgres{authority}", server.port()),
        &strict,
        ErrorKind::Store,
        "TLS",
    );
}
