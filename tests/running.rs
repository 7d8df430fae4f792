//! What whoever runs game servers needs: a budget for each store, warnings before something fails, counters, and a log
//! that machines can read and that names no player.

mod common;

use common::{is_put_of, json, Fate, World};
use sessionlocker::engine::core::{Core, CoreOptions};
use sessionlocker::engine::host::{About as Asked, Host};
use sessionlocker::engine::journal::Line;
use sessionlocker::engine::metrics::{Metrics, RESULTS};
use sessionlocker::engine::{Engine, EngineOptions, Event as EngineEvent, LockerId};
use sessionlocker::error::{Cause, Error};
use sessionlocker::locker::call::{CallAnswer, HostCall};
use sessionlocker::locker::event::{ChangeStatus, Event, LoadStatus};
use sessionlocker::locker::Spec;
use sessionlocker::log::{Kind as About, Level, LogSink};
use sessionlocker::record::Document;
use sessionlocker::store::memory::MemoryStore;
use sessionlocker::store::{Abilities, Completion, Kind, Operation, Request, Store};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const LEASE: Duration = Duration::from_secs(20);
const TICK: Duration = Duration::from_millis(20);

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// What a server has sent: when, of which kind, and the key.
type Sent = Rc<RefCell<Vec<(Kind, String)>>>;

fn note_requests(world: &mut World, server: usize) -> Sent {
    let sent = Sent::default();
    let seen = Rc::clone(&sent);
    world.fate(server, move |request: &Request| {
        let entry = (request.key.kind, request.key.name.to_string());
        seen.borrow_mut().push(entry);
        Fate::Deliver
    });
    sent
}

fn names(sent: &Sent) -> Vec<String> {
    let records = |(kind, name): &(Kind, String)| (*kind == Kind::Record).then(|| name.clone());
    sent.borrow().iter().filter_map(records).collect()
}

/// Wants a save of each of these while nothing can be sent; gives what is sent from now on.
fn want_saves_in_vain(world: &mut World, server: usize, lockers: &[LockerId]) -> Sent {
    for locker in lockers {
        world.set(server, *locker, "/gold", 1);
        world.force_save(server, *locker);
    }
    let sent = note_requests(world, server);
    world.tick(server);
    assert_eq!(names(&sent), Vec::<String>::new(), "the budget was used up");
    sent
}

// The budget -------------------------------------------------------------------------------------------------------

/// A server whose store takes two requests in a second, with these players loaded and the budget used up.
fn narrow_world(players: &[&str]) -> (World, usize, Vec<LockerId>) {
    let mut world = World::new();
    let server = world.add_with("narrow", LEASE, |options, _| options.max_requests_per_second = 2);
    let lockers: Vec<LockerId> = players.iter().map(|name| world.load(server, name)).collect();
    world.run(Duration::from_secs(5));
    // Until only fractions of a request are left.
    for locker in &lockers {
        world.force_save(server, *locker);
    }
    world.run(ms(100));
    (world, server, lockers)
}

#[test]
fn when_little_can_be_sent_purchases_and_releases_go_first() {
    let (mut world, server, lockers) = narrow_world(&["a", "b", "c", "d"]);
    world.run(Duration::from_secs(2));
    let [a, b, c, d] = lockers[..] else {
        panic!("four players");
    };
    let late = world.open(server, "late");
    world.acquire(server, late);
    for locker in [a, b, c] {
        world.set(server, locker, "/gold", 1);
        world.force_save(server, locker);
    }
    let sent = note_requests(&mut world, server);
    world.run(ms(40));
    // The budget is used up now; whatever comes next waits.
    let before = sent.borrow().len();
    world.receipt(server, d, "order-1", 1);
    world.run(ms(40));
    assert_eq!(sent.borrow().len(), before, "{:?}", sent.borrow());
    world.shut_down(server, Duration::from_secs(60));
    world.run(Duration::from_secs(30));
    let order = names(&sent);
    let after: Vec<&str> = order[before..].iter().map(String::as_str).collect();
    assert_eq!(after.first(), Some(&"d"), "the purchase first: {after:?}");
    assert!(after.contains(&"a") && after.contains(&"b") && after.contains(&"c"));
    assert!(!after.contains(&"late"), "no load in a shutdown: {after:?}");
    assert_eq!(world.receipt_outcomes(server).len(), 1);
    assert!(world.header("d").holder.is_none());
}

#[test]
fn a_release_goes_before_saves_and_loads_when_little_can_be_sent() {
    let (mut world, server, lockers) = narrow_world(&["a", "b", "c", "d"]);
    let late = world.open(server, "late");
    world.acquire(server, late);
    let sent = want_saves_in_vain(&mut world, server, &lockers[..3]);
    world.release(server, lockers[3]);
    world.run(Duration::from_secs(20));
    let order = names(&sent);
    assert_eq!(order.first().map(String::as_str), Some("d"), "{order:?}");
    let place = |name: &str| order.iter().position(|other| other == name).unwrap();
    assert!(place("late") > place("a").max(place("b")).max(place("c")), "{order:?}");
}

#[test]
fn a_purchase_goes_before_saves_that_were_asked_for() {
    let (mut world, server, lockers) = narrow_world(&["a", "b", "c", "d"]);
    let sent = want_saves_in_vain(&mut world, server, &lockers[..3]);
    world.receipt(server, lockers[3], "order-1", 1);
    world.run(Duration::from_secs(20));
    assert_eq!(names(&sent).first().map(String::as_str), Some("d"));
    assert_eq!(world.receipt_outcomes(server).len(), 1);
}

#[test]
fn a_store_gets_no_more_than_its_budget_and_beats_are_not_held_back() {
    let (mut world, server, lockers) = narrow_world(&["a", "b", "c", "d"]);
    let sent = note_requests(&mut world, server);
    for _ in 0..1_000 {
        for locker in &lockers {
            world.force_save(server, *locker);
        }
        world.run(TICK);
    }
    let (mut beats, mut saves) = (0, 0);
    for (kind, _) in sent.borrow().iter() {
        match kind {
            Kind::Server => beats += 1,
            Kind::Record => saves += 1,
        }
    }
    // Twenty seconds, and a beat each two of them.
    assert!((9..=11).contains(&beats), "{beats}");
    assert!((38..=41).contains(&(beats + saves)), "{beats} + {saves}");
}

#[test]
fn the_core_says_when_the_budget_allows_the_next_request() {
    let (mut world, server, lockers) = narrow_world(&["a", "b", "c", "d"]);
    for locker in &lockers {
        world.force_save(server, *locker);
    }
    world.tick(server);
    let now = world.now();
    let due = world.core(server).next_due().expect("something waits");
    assert!(due > now && due <= now.after(ms(500)), "{now:?} {due:?}");
}

#[test]
fn a_budget_that_beats_would_use_up_is_refused() {
    let options = |budget| CoreOptions {
        server_id: "a".into(),
        beat_interval: Duration::from_secs(1),
        max_requests_per_second: budget,
        ..CoreOptions::default()
    };
    let error = Core::new(options(3)).err().expect("too little");
    assert!(error.text().contains("max_requests_per_second 3"), "{error}");
    assert!(Core::new(options(4)).is_ok());
}

// The store's health -----------------------------------------------------------------------------------------------

fn critical_events(events: &[EngineEvent]) -> Vec<&'static str> {
    let name = |event: &EngineEvent| match event {
        EngineEvent::StoreCritical { store, text, cause } => {
            assert_eq!((store.as_str(), *cause), ("test", Cause::Store));
            assert!(text.contains("no disk"), "{text}");
            Some("critical")
        }
        EngineEvent::StoreRecovered { store } => {
            assert_eq!(store, "test");
            Some("recovered")
        }
        _ => None,
    };
    events.iter().filter_map(name).collect()
}

#[test]
fn a_store_that_fails_is_critical_until_it_is_calm() {
    let mut world = World::new();
    let server = world.server("a", LEASE);
    let locker = world.load(server, "42");
    assert_eq!(critical_events(&world.engine_events(server)), Vec::<&str>::new());
    world.fate(server, |_| Fate::Fail("no disk"));
    world.set(server, locker, "/gold", 1);
    world.force_save(server, locker);
    world.run(Duration::from_secs(10));
    assert_eq!(critical_events(&world.engine_events(server)), ["critical"]);
    let now = world.now();
    assert_eq!(world.core(server).metrics(now).all_stores().counters.critical, 1);
    assert!(world.core(server).metrics(now).stores[0].is_critical);

    world.fate(server, |_| Fate::Deliver);
    world.run(Duration::from_secs(8));
    assert_eq!(critical_events(&world.engine_events(server)), Vec::<&str>::new());
    world.run(Duration::from_secs(15));
    assert_eq!(critical_events(&world.engine_events(server)), ["recovered"]);
    let now = world.now();
    assert!(!world.core(server).metrics(now).stores[0].is_critical);
    assert_eq!(json(&world.data("42")), json(&world.document(server, locker)));
}

/// It may have done what it was asked for, and the save is told when a sensible answer says so.
#[test]
fn a_store_that_answers_nonsense_fails() {
    let mut world = World::new();
    let server = world.server("a", LEASE);
    let locker = world.load(server, "42");
    world.engine_events(server);
    world.fate(server, |_| Fate::Nonsense);
    let change = world.set(server, locker, "/gold", 1);
    world.force_save(server, locker);
    world.run(Duration::from_secs(10));
    let told: Vec<String> = world
        .engine_events(server)
        .into_iter()
        .filter_map(|event| match event {
            EngineEvent::StoreCritical { text, .. } => Some(text),
            EngineEvent::StoreRecovered { .. } => panic!("nothing went well"),
            _ => None,
        })
        .collect();
    let [text] = told.as_slice() else {
        panic!("told once, and not {told:?}");
    };
    assert!(
        text.contains("a get with 'removed'") || text.contains("a put with 'missing'"),
        "{text}"
    );
    let now = world.now();
    let counters = world.core(server).metrics(now).all_stores().counters;
    let [got, put, ..] = counters.requests;
    let end = |name: &str| RESULTS.iter().position(|result| *result == name).unwrap();
    assert_eq!((got[end("removed")], put[end("missing")]), (0, 0));
    assert!(counters.errors.iter().sum::<u64>() >= 5);
    assert_eq!(world.change_status(server, locker, change), ChangeStatus::Pending);

    world.fate(server, |_| Fate::Deliver);
    world.run(Duration::from_secs(30));
    assert_eq!(world.change_status(server, locker, change), ChangeStatus::Saved);
    assert_eq!(json(&world.data("42"))["gold"], 1);
    let events = world.engine_events(server);
    assert!(events
        .iter()
        .any(|event| matches!(event, EngineEvent::StoreRecovered { .. })));
}

/// How often a load is tried in five seconds when the store fails for loads of `42`, and for saves of `7` if it is critical.
fn loads_in_five_seconds(critical: bool) -> usize {
    let mut world = World::new();
    let server = world.add_with("a", LEASE, |_, spec| spec.retry_max = Duration::from_secs(20));
    let other = world.load(server, "7");
    let sent = Sent::default();
    let seen = Rc::clone(&sent);
    world.fate(server, move |request| {
        if critical || *request.key.name == *"42" {
            seen.borrow_mut().push((request.key.kind, request.key.name.to_string()));
            return Fate::Fail("no disk");
        }
        Fate::Deliver
    });
    if critical {
        world.set(server, other, "/gold", 1);
        world.force_save(server, other);
        world.run(Duration::from_secs(30));
        assert_eq!(critical_events(&world.engine_events(server)), ["critical"]);
    } else {
        // So many successes that the store is not critical.
        for _ in 0..20 {
            world.force_save(server, other);
            world.run(TICK);
        }
    }
    sent.borrow_mut().clear();
    let locker = world.open(server, "42");
    world.acquire(server, locker);
    world.run(Duration::from_secs(5));
    let tried = names(&sent).iter().filter(|name| *name == "42").count();
    assert!(tried > 0, "a critical store is still asked");
    tried
}

#[test]
fn loads_wait_longer_while_a_store_is_critical() {
    assert_eq!(loads_in_five_seconds(true), 1);
    assert!(loads_in_five_seconds(false) > 4);
}

// The size ---------------------------------------------------------------------------------------------------------

fn grow(world: &mut World, server: usize, locker: LockerId, bytes: usize) {
    let json = format!("{{\"gold\":0,\"bought\":0,\"text\":\"{}\"}}", "x".repeat(bytes));
    let document = Document::from_json(&json).unwrap();
    let edit = |data: &mut Document| {
        *data = document;
        Ok(())
    };
    world.core(server).edit(locker, edit).unwrap();
    world.force_save(server, locker);
    world.run(ms(100));
}

fn size_warnings(world: &mut World, server: usize) -> Vec<(u64, u64)> {
    let warning = |event: Event| match event {
        Event::SizeWarning { bytes, max } => Some((bytes, max)),
        _ => None,
    };
    world.events(server).into_iter().filter_map(warning).collect()
}

#[test]
fn a_record_that_grows_is_told_of_once_until_it_is_smaller_again() {
    let mut world = World::new();
    let server = world.add_with("a", LEASE, |_, spec| {
        spec.max_value_bytes = 10_000;
        spec.size_warning_percent = 50;
    });
    let locker = world.load(server, "42");
    grow(&mut world, server, locker, 3_000);
    assert_eq!(size_warnings(&mut world, server), []);
    grow(&mut world, server, locker, 5_000);
    let told = size_warnings(&mut world, server);
    assert!(matches!(told[..], [(5_000..6_000, 10_000)]), "{told:?}");
    grow(&mut world, server, locker, 6_000);
    assert_eq!(size_warnings(&mut world, server), [], "told once");
    grow(&mut world, server, locker, 10);
    grow(&mut world, server, locker, 5_000);
    assert_eq!(size_warnings(&mut world, server).len(), 1, "it had been smaller");
}

#[test]
fn a_record_that_is_too_large_says_the_sizes_and_what_to_do() {
    let mut world = World::new();
    let server = world.add_with("a", LEASE, |_, spec| {
        spec.max_value_bytes = 10_000;
        spec.size_warning_percent = 100;
    });
    let locker = world.load(server, "42");
    grow(&mut world, server, locker, 9_500);
    grow(&mut world, server, locker, 12_000);
    let events = world.events(server);
    let never = |event: &Event| matches!(event, Event::SizeWarning { .. });
    assert!(!events.iter().any(never), "100 percent is never");
    let trouble = events.iter().find_map(|event| match event {
        Event::SaveTrouble { text, cause } => Some((text.clone(), *cause)),
        _ => None,
    });
    let (text, cause) = trouble.expect("the save was refused");
    assert_eq!(cause, Cause::Request);
    assert!(text.contains("would be 12") && text.contains("at most 10000"), "{text}");
    assert!(text.contains("take something out of it"), "{text}");
    grow(&mut world, server, locker, 5_000);
    world.run(Duration::from_secs(5));
    assert_eq!(
        json(&world.data("42")),
        json(&world.document(server, locker)),
        "saved when it fits"
    );
}

// Counters ---------------------------------------------------------------------------------------------------------

fn metrics(world: &mut World, server: usize) -> Metrics {
    let now = world.now();
    world.core(server).metrics(now)
}

#[test]
fn a_dead_servers_sessions_are_counted_where_they_are_taken_over() {
    let mut world = World::new();
    let (a, b) = (world.server("a", LEASE), world.server("b", LEASE));
    let one = world.load(a, "42");
    world.set(a, one, "/gold", 5);
    world.crash(a);
    let two = world.load(b, "42");
    assert!(world.is_available(b, two));
    let all = metrics(&mut world, b).all_specs();
    let it = &all.counters;
    assert_eq!((it.acquired, it.takeovers, it.handovers_received), (1, 1, 0));
    let [living, dead, store] = it.waits;
    assert_eq!((living.count, dead.count, store.count), (0, 1, 0));
    assert!(dead.total >= LEASE && dead.total < LEASE * 2, "{dead:?}");
    assert_eq!(dead.longest, dead.total);
    assert_eq!(all.lockers, [0, 0, 1, 0]);
}

#[test]
fn hand_overs_are_counted_on_both_sides() {
    let mut world = World::new();
    let (a, b) = (world.server("a", LEASE), world.server("b", LEASE));
    let one = world.load(a, "42");
    world.load(b, "42");
    assert!(!world.is_available(a, one));
    let given = metrics(&mut world, a).all_specs();
    assert_eq!((given.counters.acquired, given.counters.released), (1, [0, 1, 0]));
    assert_eq!(given.lockers, [1, 0, 0, 0]);
    let received = metrics(&mut world, b).all_specs().counters;
    assert_eq!((received.handovers_received, received.takeovers), (1, 0));
    assert_eq!((received.waits[0].count, received.waits[1].count), (1, 0));
}

#[test]
fn refusals_are_counted_where_they_are_made() {
    let mut world = World::new();
    let (a, b) = (world.stubborn_server("a", LEASE), world.server("b", LEASE));
    world.load(a, "42");
    let two = world.open(b, "42");
    world.acquire(b, two);
    world.run(Duration::from_secs(5));
    assert_eq!(metrics(&mut world, a).all_specs().counters.handovers_refused, 1);
    let waiting = metrics(&mut world, b).all_specs();
    assert_eq!((waiting.lockers, waiting.counters.waits[0].count), ([0, 1, 0, 0], 0));
    world.release(b, two);
    world.run(Duration::from_secs(1));
    let given_up = metrics(&mut world, b).all_specs().counters.waits[0];
    assert_eq!(given_up.count, 1);
    assert!(given_up.total >= Duration::from_secs(4), "{given_up:?}");
}

#[test]
fn requests_conflicts_and_failures_are_counted_by_how_they_ended() {
    let mut world = World::new();
    let server = world.server("a", LEASE);
    let locker = world.load(server, "42");
    let before = metrics(&mut world, server).all_stores().counters;
    assert_eq!((before.conflicts(), before.errors), (0, [0, 0, 0]));
    // A write that lands without its answer, then its repetition: one unknown outcome, no second effect.
    let mut lost = false;
    world.fate(server, move |request| {
        if is_put_of(request, "42") && !std::mem::replace(&mut lost, true) {
            return Fate::Late(ms(10_000));
        }
        Fate::Deliver
    });
    world.set(server, locker, "/gold", 1);
    world.force_save(server, locker);
    world.run(Duration::from_secs(20));
    let after = metrics(&mut world, server).all_stores().counters;
    assert_eq!(after.errors, [0, 0, 1], "given up: nobody knows why");
    assert_eq!(after.requests[1][6], 1, "a put of unknown outcome");
    // Another server writes its request into the record: our next write is refused by the store.
    let other = world.server("b", LEASE);
    world.fate(server, |_| Fate::Deliver);
    let two = world.open(other, "42");
    world.hold_replies(server, true);
    world.acquire(other, two);
    world.run(Duration::from_secs(1));
    world.hold_replies(server, false);
    world.force_save(server, locker);
    world.run(Duration::from_secs(1));
    let conflicts = metrics(&mut world, server).all_stores().counters.conflicts();
    assert!(conflicts >= 1, "{conflicts}");
    let sent = metrics(&mut world, server).all_stores();
    let ended: u64 = sent.counters.requests.iter().flatten().sum();
    assert_eq!(ended, sent.counters.request_time.count);
    assert_eq!(ended + sent.in_flight, sent.counters.requests_sent());
}

#[test]
fn save_times_count_from_the_first_unsaved_change() {
    let mut world = World::new();
    let server = world.server("a", LEASE);
    let locker = world.load(server, "42");
    world.set(server, locker, "/gold", 1);
    world.run(Duration::from_secs(2));
    world.set(server, locker, "/gold", 2);
    world.run(Duration::from_secs(1));
    let waiting = metrics(&mut world, server).all_specs();
    let oldest = waiting.oldest_unsaved;
    assert!(oldest > ms(2_900) && oldest <= ms(3_000), "{oldest:?}");
    world.force_save(server, locker);
    world.run(TICK);
    let saved = metrics(&mut world, server).all_specs();
    assert_eq!((saved.counters.saves, saved.oldest_unsaved), (1, Duration::ZERO));
    let time = saved.counters.save_time;
    assert_eq!(time.count, 1);
    assert!(time.sum > ms(2_900) && time.sum <= ms(3_040), "{time:?}");
    world.force_save(server, locker);
    world.run(TICK);
    let again = metrics(&mut world, server).all_specs().counters;
    assert_eq!((again.saves, again.save_time.count), (2, 1), "nothing was unsaved");
}

#[test]
fn losses_receipts_and_player_hours_are_counted() {
    let mut world = World::new();
    let server = world.server("a", LEASE);
    let locker = world.load(server, "42");
    world.receipt(server, locker, "order-1", 1);
    world.run(ms(100));
    world.receipt(server, locker, "order-1", 2);
    world.run(Duration::from_secs(3_600));
    let all = metrics(&mut world, server);
    assert_eq!(all.all_specs().counters.receipts, [1, 1, 0, 0, 0, 0, 0, 0, 0]);
    let held = all.all_specs().counters.held_time;
    assert!(
        held > Duration::from_secs(3_599) && held < Duration::from_secs(3_602),
        "{held:?}"
    );
    let sent = all.all_stores().counters.requests_sent();
    let rate = all.requests_per_player_hour();
    assert!((rate - sent as f64).abs() < 1.0, "{rate} {sent}");
    world.erase("42");
    world.force_save(server, locker);
    world.run(Duration::from_secs(1));
    let after = metrics(&mut world, server).all_specs();
    assert_eq!((after.counters.lost, after.lockers), ([0, 1, 0], [1, 0, 0, 0]));
    let held_then = after.counters.held_time;
    world.run(Duration::from_secs(100));
    assert_eq!(metrics(&mut world, server).all_specs().counters.held_time, held_then);
}

// The text ---------------------------------------------------------------------------------------------------------

#[derive(Debug, Default)]
struct Exposition {
    types: BTreeMap<String, String>,
    samples: BTreeMap<String, f64>,
}

/// Reads the text exposition format strictly; each line must be as its grammar says.
fn parse(text: &str) -> Exposition {
    assert!(text.ends_with('\n'));
    let mut read = Exposition::default();
    let mut helped = String::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').expect("a help text");
            assert!(is_name(name) && !help.is_empty(), "{line}");
            helped = name.to_owned();
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').expect("a type");
            assert_eq!(name, helped);
            assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
            assert_eq!(kind == "counter", name.ends_with("_total"), "{line}");
            assert!(read.types.insert(name.to_owned(), kind.to_owned()).is_none(), "{line}");
        } else {
            let (series, value) = line.rsplit_once(' ').expect("a value");
            let name = check_series(series);
            let base = ["_bucket", "_sum", "_count"]
                .iter()
                .filter_map(|end| name.strip_suffix(end))
                .find(|base| read.types.get(*base).is_some_and(|kind| kind == "histogram"));
            assert_eq!(base.unwrap_or(&name), helped, "{line} is out of its family");
            let value: f64 = value.parse().expect("a number");
            assert!(read.samples.insert(series.to_owned(), value).is_none(), "twice: {line}");
        }
    }
    read
}

fn is_name(name: &str) -> bool {
    let first = |c: char| c.is_ascii_alphabetic() || c == '_';
    name.starts_with(first) && name.chars().all(|c| first(c) || c.is_ascii_digit())
}

/// Checks name and labels of a sample, and gives the name.
fn check_series(series: &str) -> String {
    let Some((name, labels)) = series.split_once('{') else {
        assert!(is_name(series), "{series}");
        return series.to_owned();
    };
    assert!(is_name(name), "{series}");
    let mut rest = labels.strip_suffix('}').expect("a closing brace");
    loop {
        let (label, after) = rest.split_once("=\"").expect("a label");
        assert!(is_name(label), "{series}");
        let end = end_of_quoted(after);
        rest = &after[end + 1..];
        match rest.strip_prefix(',') {
            Some(more) => rest = more,
            None => break,
        }
    }
    assert_eq!(rest, "", "{series}");
    name.to_owned()
}

fn end_of_quoted(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => {
                assert!("\\\"n".contains(c), "\\{c} is no escape");
                escaped = false;
            }
            '\\' => escaped = true,
            '"' => return at,
            _ => assert_ne!(c, '\n'),
        }
    }
    panic!("no closing quote: {text}");
}

#[test]
fn the_text_is_as_the_grammar_says_and_agrees_with_the_numbers() {
    let mut world = World::new();
    let (a, b) = (world.server("a", LEASE), world.server("b \"2\" \\ c\nd", LEASE));
    let one = world.load(a, "42");
    world.set(a, one, "/gold", 5);
    world.crash(a);
    let two = world.load(b, "42");
    world.receipt(b, two, "order-1", 1);
    world.run(Duration::from_secs(10));
    let numbers = metrics(&mut world, b);
    let text = numbers.text();
    let read = parse(&text);
    let server = "server=\"b \\\"2\\\" \\\\ c\\nd\"";
    let of_spec = |name: &str, more: &str| {
        let series = format!("{name}{{{server},store=\"test\",spec=\"player\"{more}}}");
        *read
            .samples
            .get(&series)
            .unwrap_or_else(|| panic!("no {series} in\n{text}"))
    };
    let of_store = |name: &str, more: &str| {
        let series = format!("{name}{{{server},store=\"test\"{more}}}");
        *read
            .samples
            .get(&series)
            .unwrap_or_else(|| panic!("no {series} in\n{text}"))
    };
    let (specs, stores) = (numbers.all_specs(), numbers.all_stores());
    assert_eq!(of_spec("sessionlocker_takeovers_total", ""), 1.0);
    assert_eq!(of_spec("sessionlocker_lock_waits_total", ",cause=\"dead_server\""), 1.0);
    let waited = specs.counters.waits[1].total.as_secs_f64();
    assert_eq!(
        of_spec("sessionlocker_lock_wait_seconds_total", ",cause=\"dead_server\""),
        waited
    );
    assert_eq!(of_spec("sessionlocker_receipts_total", ",outcome=\"granted\""), 1.0);
    assert_eq!(of_spec("sessionlocker_lockers", ",state=\"held\""), 1.0);
    let saved = specs.counters.save_time;
    assert_eq!(of_spec("sessionlocker_save_seconds_count", ""), saved.count as f64);
    assert_eq!(
        of_spec("sessionlocker_save_seconds_bucket", ",le=\"+Inf\""),
        saved.count as f64
    );
    assert_eq!(of_spec("sessionlocker_save_seconds_sum", ""), saved.sum.as_secs_f64());
    let written = of_store("sessionlocker_requests_total", ",operation=\"put\",result=\"written\"");
    assert_eq!(written, stores.counters.requests[1][2] as f64);
    assert!(written >= 3.0);
    assert_eq!(
        of_store("sessionlocker_conflicts_total", ""),
        stores.counters.conflicts() as f64
    );
    let beats = of_store("sessionlocker_requests_sent_total", ",purpose=\"beat\"");
    assert_eq!(beats, stores.counters.sent[0] as f64);
    assert!(!text.contains("42"), "a player's key:\n{text}");
    let mut below = 0.0;
    for bound in ["0.001", "0.005", "1", "600", "+Inf"] {
        let count = of_store("sessionlocker_request_seconds_bucket", &format!(",le=\"{bound}\""));
        assert!(count >= below, "buckets add up");
        below = count;
    }
}

// The log ----------------------------------------------------------------------------------------------------------

const KEY: &str = "alice@example.org";
const PURCHASE: &str = "GPA.3301-5512-0042";

/// Everything that can be said of a player: loaded, saved, trouble, purchases, a failed callback, a loss.
fn eventful_life(salt: Option<u128>) -> (Vec<Line>, Vec<Event>) {
    let mut world = World::new();
    let server = world.add_with("a", LEASE, |options, _| {
        options.log_level = Some(Level::Debug);
        options.mask_salt = salt;
    });
    let other = world.server("b", LEASE);
    let mut failures = 0;
    world.fate(server, move |request| {
        failures += 1;
        // Also the beat's trouble quotes the key of a player.
        match request.operation {
            Operation::Put { .. } if (40..46).contains(&failures) => {
                Fate::Fail("cannot write player/alice@example.org")
            }
            Operation::Get if failures < 6 && request.key.kind == Kind::Record => Fate::Fail("cannot read"),
            _ => Fate::Deliver,
        }
    });
    let locker = world.load(server, KEY);
    let second = world.load(server, "7");
    world.receipt(server, locker, PURCHASE, 1);
    for round in 0..60 {
        world.set(server, locker, "/gold", round);
        world.force_save(server, locker);
        world.force_save(server, second);
        world.run(ms(500));
    }
    world.receipt(server, locker, PURCHASE, 2);
    world.run(Duration::from_secs(1));
    let there = world.open(other, KEY);
    world.acquire(other, there);
    world.run(Duration::from_secs(30));
    world.receipt(server, locker, PURCHASE, 3);
    world.acquire(server, locker);
    world.run(Duration::from_secs(30));
    world.erase(KEY);
    world.force_save(server, locker);
    world.run(Duration::from_secs(5));
    let events = world.events(server);
    (world.core(server).take_log(), events)
}

fn quotes(line: &Line, id: &str) -> bool {
    line.text.contains(id) || line.key.as_deref().is_some_and(|key| key.contains(id))
}

#[test]
fn a_log_line_has_fields_that_say_what_it_is_about() {
    let (lines, _) = eventful_life(None);
    let find = |kind: About, words: &str| {
        let line = lines.iter().find(|line| line.kind == kind && line.text.contains(words));
        line.unwrap_or_else(|| panic!("no line of {kind:?} says {words}: {lines:#?}"))
    };
    let loaded = find(About::Locker, "loaded at epoch 1");
    assert_eq!(
        (loaded.level, loaded.epoch, loaded.cause),
        (Level::Debug, Some(1), None)
    );
    assert_eq!(loaded.spec.as_deref(), Some("player"));
    assert_eq!(loaded.store.as_deref(), Some("test"));
    assert_eq!(loaded.key.as_deref(), Some(KEY));
    let trouble = find(About::Locker, "not saved yet");
    assert_eq!((trouble.level, trouble.cause), (Level::Warning, Some(Cause::Store)));
    assert_eq!(trouble.epoch, Some(1));
    let failing = find(About::Locker, "the store fails");
    assert_eq!((failing.cause, failing.epoch), (Some(Cause::Store), None));
    let granted = find(About::Purchase, "granted");
    assert_eq!((granted.key.as_deref(), granted.epoch), (Some(KEY), Some(1)));
    let lost = find(About::Locker, "LOST");
    assert_eq!(lost.level, Level::Error);
    assert!(lost.epoch.is_some_and(|epoch| epoch > 1), "{lost:?}");
    let registered = find(About::Store, "registered");
    assert_eq!((registered.store.as_deref(), &registered.key), (Some("test"), &None));
    assert!(lines.iter().any(|line| quotes(line, KEY)) && lines.iter().any(|line| quotes(line, PURCHASE)));
}

#[test]
fn no_line_of_the_log_names_a_player_or_a_purchase_where_ids_are_masked() {
    let (plain, _) = eventful_life(None);
    let (masked, events) = eventful_life(Some(0x5eed));
    assert_eq!(plain.len(), masked.len(), "nothing is left out");
    for line in &masked {
        assert!(!quotes(line, KEY) && !quotes(line, "alice"), "{line:?}");
        assert!(!quotes(line, PURCHASE), "{line:?}");
        assert_ne!(line.key.as_deref(), Some("7"), "{line:?}");
    }
    // One player's lines can be followed, and told from another's.
    let keys: std::collections::BTreeSet<&str> = masked.iter().filter_map(|line| line.key.as_deref()).collect();
    assert_eq!(keys.len(), 2, "{keys:?}");
    for key in &keys {
        let digest = key.strip_prefix('#').expect("a digest");
        assert!(
            digest.len() == 8 && digest.chars().all(|c| c.is_ascii_hexdigit()),
            "{key}"
        );
    }
    // What the game is told is not masked.
    let told = events
        .iter()
        .any(|event| matches!(event, Event::Receipt { purchase, .. } if purchase == PURCHASE));
    let words = |text: &str| text.contains(KEY);
    let trouble = events.iter().any(|event| match event {
        Event::SaveTrouble { text, .. } | Event::LoadStatus(LoadStatus::StoreFailure { text, .. }) => words(text),
        _ => false,
    });
    assert!(told && trouble);
    let (other, _) = eventful_life(Some(0xbeef));
    assert!(other
        .iter()
        .all(|line| line.key.as_deref().is_none_or(|key| !keys.contains(key))));
}

#[test]
fn lines_below_the_level_are_never_made() {
    let mut world = World::new();
    let server = world.add_with("a", LEASE, |options, _| options.log_level = Some(Level::Warning));
    world.load(server, "42");
    assert!(world.core(server).take_log().is_empty());
}

// Through an engine ------------------------------------------------------------------------------------------------

/// A sink that only takes words.
#[derive(Default)]
struct Words(Mutex<Vec<String>>);

impl LogSink for Words {
    fn log(&self, _level: Level, text: std::fmt::Arguments<'_>) {
        self.0.lock().unwrap().push(text.to_string());
    }
}

struct Game;

impl Host for Game {
    fn default_data(&self, _key: &str) -> Result<Document, Error> {
        Ok(Document::default())
    }

    fn answer(&self, _about: &Asked, _call: HostCall) -> CallAnswer {
        CallAnswer::done(None)
    }
}

/// What a sink that only takes words hears while a player is loaded, and of a message of somebody else about the player.
fn words_of_an_engine(mask_ids: bool) -> Vec<String> {
    let sink = Arc::new(Words::default());
    let engine = Engine::new(EngineOptions {
        log: Some((Arc::clone(&sink) as Arc<dyn LogSink>, Level::Debug)),
        mask_ids,
        ..EngineOptions::default()
    })
    .unwrap();
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let spec = engine.add_spec(&store, Spec::named("player"), Arc::new(Game)).unwrap();
    let locker = engine.open_locker(spec, KEY, 1).unwrap();
    engine.core().mark_should_acquire(locker, None).unwrap();
    while !engine.core().is_available(engine.now(), locker) {
        engine.update(Duration::ZERO).unwrap();
    }
    assert_eq!(engine.metrics().all_specs().counters.acquired, 1);
    engine.log(Level::Info, format_args!("a bug met {KEY}: sorry"));
    let core = engine.core();
    engine.log(Level::Info, format_args!("a bug inside met {KEY}"));
    drop(core);
    assert!(engine.shutdown(Duration::from_secs(10)).unwrap());
    let words = sink.0.lock().unwrap().clone();
    words
}

#[test]
fn a_sink_without_fields_gets_the_words_and_no_ids_where_they_are_masked() {
    let plain = words_of_an_engine(false);
    assert!(
        plain.iter().any(|line| line.contains(&format!("`{KEY}`: loaded"))),
        "{plain:?}"
    );
    assert!(
        plain.iter().any(|line| line == &format!("a bug met {KEY}: sorry")),
        "{plain:?}"
    );
    let masked = words_of_an_engine(true);
    assert_eq!(plain.len(), masked.len());
    assert!(masked.iter().all(|line| !line.contains(KEY)), "{masked:?}");
    assert!(masked.iter().any(|line| line.starts_with("a bug met #")), "{masked:?}");
}

/// A store that is free with server records, and keeps the answers for all others until it is told.
struct Holding {
    abilities: Abilities,
    inner: MemoryStore,
    held: Mutex<Vec<(Request, Completion)>>,
}

impl Holding {
    fn new(at_once: usize) -> Arc<Self> {
        let inner = MemoryStore::new();
        let abilities = Abilities {
            at_once,
            ..inner.abilities().clone()
        };
        Arc::new(Self {
            abilities,
            inner,
            held: Mutex::default(),
        })
    }

    /// Answers all that it holds; how many that were.
    fn answer_all(&self) -> usize {
        let held = std::mem::take(&mut *self.held.lock().unwrap());
        let count = held.len();
        for (request, completion) in held {
            self.inner.submit(request, completion);
        }
        count
    }
}

impl Store for Holding {
    fn abilities(&self) -> &Abilities {
        &self.abilities
    }

    fn submit(&self, request: Request, completion: Completion) {
        match request.key.kind {
            Kind::Server => self.inner.submit(request, completion),
            Kind::Record => self.held.lock().unwrap().push((request, completion)),
        }
    }
}

/// How many requests of a thousand players who come at once a store has at once, time after time.
fn held_in_turn(at_once: usize, max_in_flight: usize) -> Vec<usize> {
    let engine = Engine::new(EngineOptions {
        max_in_flight,
        ..EngineOptions::default()
    })
    .unwrap();
    let holding = Holding::new(at_once);
    let store: Arc<dyn Store> = Arc::clone(&holding) as Arc<dyn Store>;
    let spec = engine.add_spec(&store, Spec::named("player"), Arc::new(Game)).unwrap();
    for number in 0..1_000 {
        let locker = engine.open_locker(spec, &format!("p{number}"), number).unwrap();
        engine.core().mark_should_acquire(locker, None).unwrap();
    }
    let turn = |_| {
        engine.update(Duration::ZERO).unwrap();
        holding.answer_all()
    };
    (0..5).map(turn).collect()
}

#[test]
fn a_store_that_takes_many_requests_at_once_gets_them_once_it_answers_soon() {
    assert_eq!(held_in_turn(300, 0), [64, 128, 256, 300, 300]);
}

#[test]
fn any_other_store_gets_64_at_once_and_one_that_is_given_a_number_gets_that() {
    assert_eq!(held_in_turn(0, 0), [64; 5]);
    assert_eq!(held_in_turn(300, 20), [20; 5]);
}
