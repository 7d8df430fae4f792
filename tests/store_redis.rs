//! The store in a Redis server: its layout, and what becomes of requests while the server refuses them, is restarted, killed,
//! frozen, cut off, or replaced by its replica.
#![cfg(all(unix, feature = "redis"))]

mod store_support;
mod tools;

use sessionlocker::error::ErrorKind;
use sessionlocker::store::redis::{create_layout, open, RedisOptions};
use sessionlocker::store::{Cause, Expected, Key, Outcome, Reply, Store, StoreError, StoreResult};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};
use store_support::{call, failed_of, get, key, list, put, read, read_in_time, remove, write, Asked, PATIENCE};
use tools::proxy::{Proxy, Way};
use tools::redis::{url_of, Redis};

/// So that a slow machine is no trouble of the store.
fn patient() -> RedisOptions {
    RedisOptions {
        connect_timeout: PATIENCE,
        request_timeout: PATIENCE,
        ..RedisOptions::default()
    }
}

fn over_one_connection() -> RedisOptions {
    RedisOptions {
        connections: 1,
        ..patient()
    }
}

/// For servers that will not answer.
fn hasty() -> RedisOptions {
    RedisOptions {
        connect_timeout: Duration::from_secs(2),
        request_timeout: Duration::from_secs(2),
        connections: 1,
        ..RedisOptions::default()
    }
}

fn made(urls: &str) -> &str {
    create_layout(urls, &patient()).unwrap();
    urls
}

fn refused(urls: &str, options: &RedisOptions, kind: ErrorKind, words: &str) {
    let error = open(urls, options).err().expect("must be refused");
    assert_eq!(error.kind(), kind, "{error}");
    assert!(error.text().contains(words), "{error}");
    assert!(!error.text().contains("secret"), "{error}");
}

/// Failed in this way, and in words that name the server and the key, and no password.
fn failed(result: StoreResult, outcome: Outcome, key: &Key) -> StoreError {
    failed_of("redis", result, outcome, key)
}

fn new_put(name: &str) -> sessionlocker::store::Request {
    put(&key(name), b"x", Expected::Missing)
}

// Layout and URLs

#[test]
fn a_layout_is_made_when_that_is_asked_for_and_never_mixed_up() {
    let Some(server) = Redis::start() else { return };
    let (first, second) = (server.url(1), server.url(2));
    refused(&first, &patient(), ErrorKind::NotADatabase, "slk_redis_create_layout");
    assert_eq!(server.cli(&["-n", "1", "DBSIZE"]), "0");

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
            create_layout(wrong, &patient()).unwrap_err().kind(),
            ErrorKind::InvalidArgument
        );
    }
    let other = format!("{} {}", server.url(3), server.url(4));
    made(&other);
    let mixed = format!("{first} {}", server.url(4));
    refused(&mixed, &patient(), ErrorKind::InvalidArgument, "another store");

    server.cli(&["-n", "1", "HSET", "slk:layout", "layout", "2"]);
    refused(&both, &patient(), ErrorKind::Unsupported, "newer version");
    assert_eq!(
        create_layout(&both, &patient()).unwrap_err().kind(),
        ErrorKind::Unsupported
    );
    server.cli(&["-n", "1", "HSET", "slk:layout", "layout", "what"]);
    refused(&both, &patient(), ErrorKind::Store, "nobody wrote");
}

#[test]
fn a_server_that_was_emptied_is_not_taken_for_a_new_one() {
    let Some(mut server) = Redis::start_with(&[("appendonly", "no")]) else {
        return;
    };
    let url = server.url(0);
    let store = open(made(&url), &patient()).unwrap();
    write(&*store, &key("a"), b"x", Expected::Missing);
    server.cli(&["FLUSHALL"]);
    // What is not there cannot be replaced; a record must not be made anew.
    let error = failed(call(&*store, new_put("a")), Outcome::NotApplied, &key("a"));
    assert!(error.text.contains("has lost what was on it"), "{error}");
    get_until_told(&*store, "lost what was on it");
    made(&url);
    get_until_told(&*store, "another store");
    assert!(read(&*open(&url, &patient()).unwrap(), &key("a")).is_none());
    server.kill();
    server.start_again();
    get_until_told(&*store, "there is no layout");
    refused(&url, &patient(), ErrorKind::NotADatabase, "restore it");
}

/// Reads until this is why it cannot be done; it never can.
fn get_until_told(store: &dyn Store, words: &str) {
    let start = Instant::now();
    loop {
        let error = failed(call(store, get(&key("a"))), Outcome::NotApplied, &key("a"));
        if error.text.contains(words) {
            return;
        }
        assert!(start.elapsed() < PATIENCE, "{error}");
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn options_and_urls_that_make_no_sense_are_refused() {
    let good = "redis+unix:///no/such/socket?pass=secret";
    let wait = |wait_replicas, millis| RedisOptions {
        wait_replicas,
        wait: Duration::from_millis(millis),
        ..RedisOptions::default()
    };
    let wrong = [
        ("", patient()),
        ("postgresql://a/b", patient()),
        (
            good,
            RedisOptions {
                connections: 0,
                ..patient()
            },
        ),
        (
            good,
            RedisOptions {
                request_timeout: Duration::ZERO,
                ..patient()
            },
        ),
        (
            good,
            RedisOptions {
                require_tls: true,
                ..patient()
            },
        ),
        (good, wait(101, 100)),
        (good, wait(1, 0)),
        (good, wait(1, 8000)),
    ];
    for (urls, options) in &wrong {
        refused(urls, options, ErrorKind::InvalidArgument, "");
    }
    refused(good, &patient(), ErrorKind::Store, "/no/such/socket");
}

#[test]
fn a_password_opens_and_is_never_shown() {
    let Some(server) = Redis::start_at_port(&[]) else {
        return;
    };
    server.cli(&[
        "ACL",
        "SETUSER",
        "game",
        "on",
        ">secret@1",
        "~slk:*",
        "+@all",
        "-@dangerous",
    ]);
    server.cli(&[
        "ACL",
        "SETUSER",
        "guest",
        "on",
        ">secret",
        "~slk:*",
        "+@connection",
        "+hmget",
    ]);
    let url = |user: &str, password: &str| format!("redis://{user}:{password}@127.0.0.1:{}", server.port());
    let good = url("game", "secret%401");
    let store = open(made(&good), &patient()).unwrap();
    write(&*store, &key("a"), b"x", Expected::Missing);
    // Without the right to ask it must be said that it is not known.
    assert!(store.warnings()[0].contains("does not tell"), "{:?}", store.warnings());
    refused(
        &url("game", "secret"),
        &patient(),
        ErrorKind::Store,
        "does not let this user in",
    );
    refused(
        &server.url(0).replace("?", "?user=nobody&pass=secret&"),
        &patient(),
        ErrorKind::Store,
        "let this user in",
    );
    let guest = open(&url("guest", "secret"), &patient()).unwrap();
    let error = failed(call(&*guest, new_put("b")), Outcome::NotApplied, &key("b"));
    assert!(error.text.contains("lacks a right"), "{error}");
}

// Batches

#[test]
fn writes_that_wait_share_a_round_trip() {
    let Some(server) = Redis::start() else { return };
    let url = server.url(0);
    let store = open(made(&url), &over_one_connection()).unwrap();
    let reads = || number_of(&server, "stats", "total_reads_processed");
    let before = reads();
    server.pause();
    let mut asked = Asked::default();
    for number in 0..200 {
        asked.submit(&*store, new_put(&number.to_string()));
    }
    server.go_on();
    assert!(asked.finish().iter().all(Result::is_ok));
    let taken = reads() - before;
    assert!(taken < 50, "the server was asked 200 things in {taken} pieces");
}

/// A number from what a server says about itself.
fn number_of(server: &Redis, section: &str, name: &str) -> u64 {
    let said = server.cli(&["INFO", section]);
    let mut lines = said.lines();
    let line = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.expect("it is said").trim().parse().expect("a number")
}

#[test]
fn what_does_not_fit_fails_alone() {
    let Some(server) = Redis::start() else { return };
    let url = server.url(0);
    let store = open(made(&url), &over_one_connection()).unwrap();
    server.cli(&["SET", "slk:r:6:player:text", "of somebody else"]);
    server.cli(&["HSET", "slk:r:6:player:hash", "of", "somebody else"]);
    write(&*store, &key("taken"), b"x", Expected::Missing);
    // Half of them are sent again, since the server does not know the script any longer.
    for flush in [false, true] {
        if flush {
            server.cli(&["SCRIPT", "FLUSH"]);
        }
        server.pause();
        let mut asked = Asked::default();
        for name in [&*format!("a{flush}"), "hash", "taken", &*format!("z{flush}")] {
            asked.submit(&*store, put(&key(name), b"y", Expected::Missing));
        }
        server.go_on();
        let results = asked.finish();
        for number in [0, 3] {
            let result = &results[number];
            assert!(matches!(result, Ok(Reply::Written { .. })), "{result:?}");
        }
        assert_eq!(results[2], Ok(Reply::Conflict));
        let error = failed(results[1].clone(), Outcome::NotApplied, &key("hash"));
        assert!(error.text.contains("not what this library writes"), "{error}");
    }
    let error = failed(call(&*store, get(&key("text"))), Outcome::NotApplied, &key("text"));
    assert!(error.text.contains("not what this library writes"), "{error}");
    let version = sessionlocker::store::Version::new(b"made up").unwrap();
    let error = failed(
        call(&*store, remove(&key("text"), &version)),
        Outcome::NotApplied,
        &key("text"),
    );
    assert_eq!(error.cause, Cause::Request);
    assert_eq!(server.cli(&["GET", "slk:r:6:player:text"]), "of somebody else");
}

// What the server refuses

#[test]
fn what_the_server_refuses_was_not_applied_and_is_told_in_words() {
    let Some(server) = Redis::start() else { return };
    let url = server.url(0);
    let store = open(made(&url), &patient()).unwrap();
    let version = write(&*store, &key("a"), b"x", Expected::Missing);
    let set = |name, value| server.cli(&["CONFIG", "SET", name, value]);
    let refuses = |words: &str| {
        let request = put(&key("a"), &[b'y'; 100_000], Expected::Version(version.clone()));
        let error = failed(call(&*store, request), Outcome::NotApplied, &key("a"));
        assert!(error.text.contains(words), "{error}");
        assert_eq!(error.cause, Cause::Store);
    };
    set("maxmemory", "1");
    refuses("memory is full");
    set("maxmemory", "0");
    set("min-replicas-to-write", "1");
    refuses("fewer replicas than it must have");
    set("min-replicas-to-write", "0");
    assert_eq!(read(&*store, &key("a")).unwrap().1, version);
    write(&*store, &key("a"), b"z", Expected::Version(version));
}

#[test]
fn a_primary_that_became_a_replica_is_left_alone() {
    let Some(server) = Redis::start() else { return };
    let url = server.url(0);
    let store = open(made(&url), &over_one_connection()).unwrap();
    let version = write(&*store, &key("a"), b"x", Expected::Missing);
    // It goes on answering, over the connection that there is.
    server.cli(&["REPLICAOF", "127.0.0.1", "1"]);
    assert_eq!(server.cli(&["EXISTS", "slk:r:6:player:a"]), "1");
    let error = failed(call(&*store, get(&key("a"))), Outcome::NotApplied, &key("a"));
    assert!(error.text.contains("is a replica"), "{error}");
    let request = put(&key("a"), b"y", Expected::Version(version.clone()));
    failed(call(&*store, request), Outcome::NotApplied, &key("a"));
    refused(&url, &patient(), ErrorKind::Store, "it is a replica");
    server.cli(&["REPLICAOF", "NO", "ONE"]);
    read_in_time(&*store, &key("a"));
    // A write notices it by itself.
    server.cli(&["REPLICAOF", "127.0.0.1", "1"]);
    let request = put(&key("a"), b"y", Expected::Version(version.clone()));
    let error = failed(call(&*store, request), Outcome::NotApplied, &key("a"));
    assert!(error.text.contains("takes no writes"), "{error}");
    server.promote();
    read_in_time(&*store, &key("a"));
    write(&*store, &key("a"), b"z", Expected::Version(version));
}

#[test]
fn a_server_that_runs_a_script_or_loads_its_data_is_waited_for() {
    let Some(mut server) = Redis::start() else { return };
    let url = server.url(0);
    let store = open(made(&url), &patient()).unwrap();
    let version = write(&*store, &key("a"), b"x", Expected::Missing);
    server.cli(&["CONFIG", "SET", "busy-reply-threshold", "1"]);
    thread::scope(|scope| {
        scope.spawn(|| server.try_cli(&["EVAL", "while true do end", "0"]));
        server.wait_until(&["GET", "b"], "BUSY");
        let request = put(&key("a"), b"y", Expected::Version(version.clone()));
        let result = call(&*store, request);
        server.cli(&["SCRIPT", "KILL"]);
        let error = failed(result, Outcome::NotApplied, &key("a"));
        assert!(error.text.contains("keeps the server busy"), "{error}");
    });
    read_in_time(&*store, &key("a"));

    for number in 0..1000 {
        server.cli(&["SET", &number.to_string(), "x"]);
    }
    server.cli(&["SAVE"]);
    server.stop();
    server.set_at_start("appendonly", "no");
    server.set_at_start("key-load-delay", "2000");
    server.set_at_start("loading-process-events-interval-bytes", "1024");
    let told = thread::scope(|scope| {
        let loading = scope.spawn(|| server.start_again());
        let mut told = String::new();
        while !loading.is_finished() {
            match call(&*store, get(&key("a"))) {
                Ok(_) => {}
                Err(error) if error.text.contains("still loading") => told = error.text,
                Err(_) => thread::sleep(Duration::from_millis(1)),
            }
        }
        told
    });
    assert!(told.contains("LOADING"), "{told}");
    read_in_time(&*store, &key("a"));
    write(&*store, &key("a"), b"z", Expected::Version(version));
}

// Servers that go away

#[test]
fn a_server_that_was_restarted_or_killed_is_used_again_at_once() {
    let Some(mut server) = Redis::start() else { return };
    let url = server.url(0);
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
    let Some(server) = Redis::start() else { return };
    let url = server.url(0);
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
fn through_proxy(server: &Redis) -> (Proxy, Arc<dyn Store>) {
    made(&server.url(0));
    let proxy = Proxy::to_socket(&server.socket());
    let url = format!("redis://127.0.0.1:{}", proxy.port());
    let store = open(&url, &over_one_connection()).unwrap();
    (proxy, store)
}

#[test]
fn a_write_whose_connection_breaks_is_of_unknown_outcome() {
    let Some(server) = Redis::start() else { return };
    let (proxy, store) = through_proxy(&server);
    let first = write(&*store, &key("a"), b"zero", Expected::Missing);
    let first = write(&*store, &key("a"), b"one", Expected::Version(first));
    proxy.cut_before(b"EVALSHA");
    let request = put(&key("a"), b"two", Expected::Version(first.clone()));
    failed(call(&*store, request.clone()), Outcome::Unknown, &key("a"));
    assert_eq!(&*read_in_time(&*store, &key("a")).unwrap().0, b"one");
    proxy.cut_answer(b"EVALSHA");
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

// What a server can lose

#[test]
fn a_server_that_can_lose_what_it_confirmed_is_told_of() {
    let safe = [("appendfsync", "always")];
    let Some(server) = Redis::start_with(&safe) else { return };
    let url = server.url(0);
    made(&url);
    let warnings = || open(&url, &patient()).unwrap().warnings();
    let strict = RedisOptions {
        require_durable: true,
        ..patient()
    };
    assert_eq!(warnings(), [""; 0]);
    open(&url, &strict).unwrap();
    for (name, value, words) in [
        ("appendfsync", "everysec", "a crash can lose"),
        ("appendonly", "no", "keeps no log"),
    ] {
        server.cli(&["CONFIG", "SET", name, value]);
        let told = warnings();
        assert!(told.len() == 1 && told[0].contains(words), "{told:?}");
        refused(&url, &strict, ErrorKind::Unsupported, words);
    }
    server.cli(&["CONFIG", "SET", "maxmemory", "1gb", "maxmemory-policy", "allkeys-lru"]);
    assert!(warnings()[1].contains("throws values away"), "{:?}", warnings());
}

fn waiting(wait_replicas: u32) -> RedisOptions {
    RedisOptions {
        wait_replicas,
        wait: Duration::from_secs(5),
        ..patient()
    }
}

/// A primary with a replica, and a store that waits for it.
fn replicated() -> Option<(Redis, Redis, Arc<dyn Store>)> {
    let primary = Redis::start_at_port(&[("appendfsync", "always")])?;
    made(&primary.url(0));
    let replica = primary.replica();
    // A replica that does not answer is not to be asked first.
    let url = url_of(&[&primary, &replica]);
    let loose = open(&url, &patient()).unwrap();
    let told = loose.warnings();
    assert!(told.len() == 1 && told[0].contains("a failover can lose"), "{told:?}");
    let told = open(&url, &waiting(2)).unwrap().warnings();
    assert!(told[0].contains("no save will be reported"), "{told:?}");
    let store = open(&url, &waiting(1)).unwrap();
    assert_eq!(store.warnings(), [""; 0]);
    Some((primary, replica, store))
}

#[test]
fn what_no_replica_has_is_of_unknown_outcome_and_nothing_is_answered_before_it_has() {
    let Some((primary, replica, store)) = replicated() else {
        return;
    };
    let before = write(&*store, &key("before"), b"w", Expected::Missing);
    let before = write(&*store, &key("before"), b"x", Expected::Version(before));
    let other = open(&url_of(&[&primary]), &waiting(1)).unwrap();
    read(&*other, &key("before"));
    replica.pause();
    let mut asked = Asked::default();
    asked.submit(&*store, new_put("a"));
    asked.submit(&*store, put(&key("before"), b"y", Expected::Missing));
    let results = asked.finish();
    let error = failed(results[0].clone(), Outcome::Unknown, &key("a"));
    assert!(error.text.contains("0 of 1 replicas"), "{error}");
    assert_eq!(primary.cli(&["EXISTS", "slk:r:6:player:a"]), "1");
    // Were the replica promoted now, it would be gone.
    for store in [&store, &other] {
        let error = failed(call(&**store, get(&key("a"))), Outcome::NotApplied, &key("a"));
        assert!(error.text.contains("0 of 1 replicas"), "{error}");
    }
    let request = put(&key("before"), b"z", Expected::Version(before.clone()));
    failed(call(&*store, request), Outcome::NotApplied, &key("before"));
    replica.go_on();
    assert!(read_in_time(&*store, &key("a")).is_some());
    assert_eq!(replica.cli(&["EXISTS", "slk:r:6:player:a"]), "1");
    write(&*store, &key("before"), b"z", Expected::Version(before));
}

#[test]
fn a_failover_to_a_replica_that_was_waited_for_loses_nothing_and_is_followed() {
    let Some((mut primary, replica, store)) = replicated() else {
        return;
    };
    let versions: Vec<_> = (0..50)
        .map(|number| write(&*store, &key(&number.to_string()), b"x", Expected::Missing))
        .collect();
    primary.kill();
    failed(call(&*store, get(&key("0"))), Outcome::NotApplied, &key("0"));
    replica.promote();
    // Nothing is confirmed before it has a replica itself.
    let second = replica.replica();
    read_in_time(&*store, &key("0"));
    for (number, version) in versions.into_iter().enumerate() {
        write(&*store, &key(&number.to_string()), b"y", Expected::Version(version));
    }
    drop(second);
}

// Lists

#[test]
fn names_are_kept_with_their_records() {
    let Some(server) = Redis::start() else { return };
    let url = server.url(0);
    let store = open(made(&url), &patient()).unwrap();
    let version = write(&*store, &key("a"), b"x", Expected::Missing);
    let index = "slk:names:r:player";
    assert_eq!(server.cli(&["ZCARD", index]), "1");
    write(&*store, &key("a"), b"y", Expected::Version(version.clone()));
    assert_eq!(call(&*store, remove(&key("a"), &version)), Ok(Reply::Conflict));
    assert_eq!(server.cli(&["ZCARD", index]), "1");
    let (_, version) = read(&*store, &key("a")).unwrap();
    assert_eq!(call(&*store, remove(&key("a"), &version)), Ok(Reply::Removed));
    assert_eq!(server.cli(&["EXISTS", index, "slk:r:6:player:a"]), "0");
    // A record is not written where its name cannot be.
    server.cli(&["SET", index, "of somebody else"]);
    failed(call(&*store, new_put("b")), Outcome::NotApplied, &key("b"));
    assert_eq!(server.cli(&["EXISTS", "slk:r:6:player:b"]), "0");
    let request = list(key("b").kind, "player", "", 10);
    assert!(call(&*store, request).is_err());
}

// TLS

#[test]
fn tls_is_used_where_the_url_says_so_and_always_checked() {
    let Some(mut server) = Redis::start() else { return };
    if !tools::have("openssl") {
        return;
    }
    tools::certificates::make(server.folder());
    made(&server.url(0));
    server.stop();
    server.use_tls();
    server.start_again();
    let url = |scheme: &str, host: &str, query: &str| format!("{scheme}://{host}:{}{query}", server.port());
    let authority = format!("?sslrootcert={}", server.folder().join("ca.pem").display());
    let strict = RedisOptions {
        require_tls: true,
        ..patient()
    };
    let store = open(&url("rediss", "localhost", &authority), &strict).unwrap();
    write(&*store, &key("a"), b"x", Expected::Missing);
    for (host, query) in [("127.0.0.1", &*authority), ("localhost", "")] {
        refused(&url("rediss", host, query), &patient(), ErrorKind::Store, "certificate");
    }
    refused(&url("redis", "localhost", ""), &patient(), ErrorKind::Store, "");
    refused(
        &url("redis", "localhost", ""),
        &strict,
        ErrorKind::InvalidArgument,
        "TLS",
    );
}
