//! What happens to data between the store and the game: migration, merging, checking, importing, erasing; and who gets a
//! record when.

mod common;

use common::{json, with, World};
use sessionlocker::engine::core::Core;
use sessionlocker::engine::host::{About, Host};
use sessionlocker::engine::{Engine, EngineOptions, Event as EngineEvent, VisitOutcome};
use sessionlocker::error::{Error, ErrorKind};
use sessionlocker::locker::call::{CallAnswer, HostCall, Question, Verdict};
use sessionlocker::locker::event::{ChangeStatus, Event, LoadStatus, LossCause, ReleaseCause};
use sessionlocker::locker::Spec;
use sessionlocker::record::import::Import;
use sessionlocker::record::migration::{Migrations, Step};
use sessionlocker::record::Document;
use sessionlocker::store::memory::MemoryStore;
use sessionlocker::store::{Key, Kind, Store};
use sessionlocker::visit::guest::{Parting, Purpose};
use sessionlocker::visit::search::{Aim, SearchEnd};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

const LEASE: Duration = Duration::from_secs(10);
const SECOND: Duration = Duration::from_secs(1);

fn spec(schema: u32, migrations: Migrations) -> Spec {
    Spec {
        schema,
        migrations: Arc::new(migrations),
        ..common::spec(false)
    }
}

fn migrators(steps: &[(u32, bool)]) -> Migrations {
    let mut migrations = Migrations::default();
    for (from, compatible) in steps {
        migrations.add_migrator(*from, *compatible, None).unwrap();
    }
    migrations
}

/// Each step writes its name into the data.
fn trail(call: &HostCall) -> CallAnswer {
    let Question::Prepare(step) = call.question else {
        return common::answer(call);
    };
    let mut data = json(&call.draft);
    let name = match step {
        Step::Patch { schema, patch } => format!("patch {schema}.{patch}"),
        Step::Migrate { from, .. } => format!("from {from}"),
    };
    let mut trail = data["trail"].as_array().cloned().unwrap_or_default();
    trail.push(name.into());
    data["trail"] = trail.into();
    CallAnswer::done(Some(Document::from_value(data)))
}

fn last_status(world: &mut World, server: usize) -> Option<LoadStatus> {
    let status = |event| match event {
        Event::LoadStatus(status) => Some(status),
        _ => None,
    };
    world.events(server).into_iter().filter_map(status).last()
}

#[test]
fn old_data_are_patched_and_migrated_before_they_are_taken() {
    let mut world = World::new();
    let old = world.server_with("old", LEASE, spec(1, Migrations::default()), |_, call| {
        common::answer(call)
    });
    let locker = world.load(old, "p");
    world.set(old, locker, "/gold", 5);
    world.release(old, locker);
    world.run(SECOND);

    let mut chain = migrators(&[(1, false), (2, true)]);
    chain.add_patcher(1, 0).unwrap();
    chain.add_patcher(3, 0).unwrap();
    let new = world.server_with("new", LEASE, spec(3, chain), |_, call| trail(call));
    let locker = world.load(new, "p");
    let data = json(&world.document(new, locker));
    assert_eq!(data["gold"], 5);
    assert_eq!(data["trail"].to_string(), r#"["patch 1.0","from 1","from 2"]"#);
    let header = world.header("p");
    assert_eq!((header.schema, header.patch, header.least_schema()), (3, 1, 2));
    world.release(new, locker);
    world.run(SECOND);
    let again = world.load(new, "p");
    assert_eq!(
        json(&world.document(new, again))["trail"].as_array().unwrap().len(),
        3,
        "once"
    );
}

/// D12: an old server that can still work with newer data must not lower what they need, nor lose what it does not know.
#[test]
fn d12_old_server_keeps_the_least_version_and_unknown_fields() {
    let mut world = World::new();
    let first = world.server_with("v1", LEASE, spec(1, Migrations::default()), |_, call| {
        common::answer(call)
    });
    let newer = world.server_with("v2", LEASE, spec(2, migrators(&[(1, true)])), |_, call| trail(call));
    let newest = world.server_with("v3", LEASE, spec(3, migrators(&[(1, true), (2, false)])), |_, call| {
        trail(call)
    });
    let locker = world.load(newer, "p");
    assert_eq!(
        world.header("p").least_schema(),
        1,
        "new data need what the oldest compatible server knows"
    );
    let edit = |document: &mut Document| document.set_json("/new_field", "[1.50, {\"deep\": 12345678901234567890.10}]");
    world.core(newer).edit(locker, edit).unwrap();
    world.release(newer, locker);
    world.run(SECOND);

    let old = world.load(first, "p");
    assert_eq!(world.header("p").schema, 2);
    world.set(first, old, "/gold", 9);
    world.release(first, old);
    world.run(SECOND);
    let (header, _) = world.record("p").unwrap();
    assert_eq!((header.schema, header.least_schema()), (2, 1));

    let locker = world.load(newest, "p");
    let data = world.document(newest, locker);
    assert_eq!(
        data.get_json("/new_field").unwrap().unwrap(),
        "[1.50,{\"deep\":12345678901234567890.10}]"
    );
    assert_eq!(json(&data)["gold"], 9);
    world.release(newest, locker);
    world.run(SECOND);
    assert_eq!(world.header("p").least_schema(), 3);

    let before = world.stored_value("p");
    let too_old = world.open(first, "p");
    world.acquire(first, too_old);
    world.run(SECOND * 5);
    let status = last_status(&mut world, first);
    assert!(
        matches!(status, Some(LoadStatus::UnknownVersion { needs: 3, .. })),
        "{status:?}"
    );
    assert_eq!(world.stored_value("p"), before, "byte for byte as it was");
}

#[test]
fn a_failing_migrator_leaves_the_record_as_it_is() {
    let mut world = World::new();
    let old = world.server_with("old", LEASE, spec(1, Migrations::default()), |_, call| {
        common::answer(call)
    });
    let locker = world.load(old, "p");
    world.release(old, locker);
    world.run(SECOND);
    let before = world.stored_value("p");
    let failing = Rc::new(Cell::new(true));
    let fails = Rc::clone(&failing);
    let new = world.server_with(
        "new",
        LEASE,
        spec(2, migrators(&[(1, false)])),
        move |_, call| match call.question {
            Question::Prepare(_) if fails.get() => CallAnswer::refused(Verdict::Failed("no sword".into())),
            _ => trail(call),
        },
    );
    let locker = world.open(new, "p");
    world.acquire(new, locker);
    world.run(SECOND * 3);
    let status = last_status(&mut world, new);
    assert!(
        matches!(&status, Some(LoadStatus::DataRefused { text }) if text.contains("from version 1") && text.contains("no sword")),
        "{status:?}"
    );
    assert_eq!(world.stored_value("p"), before);
    failing.set(false);
    world.run(SECOND * 10);
    assert!(world.is_available(new, locker), "it is tried again");
}

/// D11: a record that cannot be read is reported, and never replaced by an empty one.
#[test]
fn d11_unreadable_record_is_left_alone() {
    for value in [
        "",
        "not json",
        "{\"gold\":7}",
        "{\"$slk\":{\"format\":1},\"data\":{}}",
        "{\"$slk\":{\"format\":77}}",
    ] {
        let mut world = World::new();
        world.store_value("p", value);
        let a = world.server("a", LEASE);
        let locker = world.open(a, "p");
        world.acquire(a, locker);
        world.run(SECOND * 20);
        let load = world.status(a, locker).load;
        assert!(
            matches!(load, LoadStatus::Unreadable { .. } | LoadStatus::UnknownVersion { .. }),
            "{value}: {load:?}"
        );
        world.release(a, locker);
        world.run(SECOND * 5);
        assert_eq!(world.stored_value("p"), value);
    }
}

#[test]
fn missing_members_are_filled_in() {
    let mut world = World::new();
    world.store_value("p", r#"{"gold":7,"bag":{"slots":[]}}"#);
    let settings = Spec {
        reconcile: true,
        import: Import {
            plain: true,
            plain_schema: 1,
            ..Import::default()
        },
        ..common::spec(false)
    };
    let a = world.server_with("a", LEASE, settings, |_, call| common::answer(call));
    let spec = world.spec_of(a);
    let default = Document::from_json(r#"{"gold":0,"bag":{"slots":[1],"size":4},"name":""}"#).unwrap();
    let locker = world.core(a).open_locker(spec, "p", 0, default).unwrap();
    world.acquire(a, locker);
    world.run(SECOND);
    let data = world.document(a, locker).get_json("").unwrap().unwrap();
    assert_eq!(data, r#"{"gold":7,"bag":{"slots":[],"size":4},"name":""}"#);
}

/// What was played before the load is merged into what was loaded, and saved.
#[test]
fn offline_play_is_merged() {
    let mut world = World::new();
    let settings = Spec {
        merge_offline: true,
        ..common::spec(false)
    };
    let a = world.server_with("a", LEASE, settings.clone(), |_, call| match &call.question {
        Question::MergeOffline { offline } => {
            let gold = json(&call.draft)["gold"].as_i64().unwrap() + json(offline)["gold"].as_i64().unwrap();
            CallAnswer::done(Some(with(&call.draft, "/gold", gold)))
        }
        _ => common::answer(call),
    });
    let locker = world.load(a, "p");
    world.set(a, locker, "/gold", 10);
    world.release(a, locker);
    world.run(SECOND);
    world.events(a);

    world.acquire(a, locker);
    let change = world.set(a, locker, "/gold", 3);
    world.await_change(a, locker, change, 7);
    assert_eq!(world.change_status(a, locker, change), ChangeStatus::Pending);
    world.run(SECOND);
    assert_eq!(json(&world.document(a, locker))["gold"], 13);
    world.force_save(a, locker);
    world.run(SECOND);
    assert_eq!(json(&world.data("p"))["gold"], 13);
    assert_eq!(world.settled(a), [(7, ChangeStatus::Saved)]);

    // A load that is given up takes what was played before with it, and says so.
    world.release(a, locker);
    world.run(SECOND);
    world.fate(a, |_| common::Fate::LoseRequest);
    world.acquire(a, locker);
    let change = world.set(a, locker, "/gold", 4);
    world.await_change(a, locker, change, 8);
    world.release(a, locker);
    world.fate(a, |_| common::Fate::Deliver);
    world.run(SECOND * 30);
    assert_eq!(world.settled(a), [(8, ChangeStatus::Lost)]);
    assert_eq!(json(&world.data("p"))["gold"], 13);
}

#[test]
fn offline_play_that_cannot_be_merged_is_handed_back() {
    let mut world = World::new();
    let settings = Spec {
        merge_offline: true,
        ..common::spec(false)
    };
    let a = world.server_with("a", LEASE, settings, |_, call| match &call.question {
        Question::MergeOffline { .. } => CallAnswer::refused(Verdict::Failed("two worlds".into())),
        _ => common::answer(call),
    });
    let locker = world.open(a, "p");
    world.acquire(a, locker);
    let change = world.set(a, locker, "/gold", 3);
    world.run(SECOND);
    let dropped = world.events(a).into_iter().find_map(|event| match event {
        Event::OfflineDropped { document, text } => Some((document, text)),
        _ => None,
    });
    let (document, text) = dropped.expect("it is told");
    assert!(text.contains("two worlds"), "{text}");
    assert_eq!(json(&document)["gold"], 3);
    assert_eq!(json(&world.document(a, locker))["gold"], 0);
    assert_eq!(world.change_status(a, locker, change), ChangeStatus::Lost);
    let settings = common::spec(false);
    let b = world.server_with("b", LEASE, settings, |_, call| common::answer(call));
    let locker = world.open(b, "q");
    world.acquire(b, locker);
    let refused = world.core(b).edit(locker, |document| document.set_i64("/gold", 1));
    assert_eq!(
        refused.unwrap_err().kind(),
        ErrorKind::NotLoaded,
        "only where the host can merge"
    );
}

fn negative_gold(call: &HostCall) -> CallAnswer {
    match call.question {
        Question::Validate if json(&call.draft)["gold"].as_i64().unwrap() < 0 => {
            CallAnswer::refused(Verdict::Failed("/gold: is below zero".into()))
        }
        _ => common::answer(call),
    }
}

#[test]
fn data_that_are_refused_are_not_saved() {
    let mut world = World::new();
    let settings = Spec {
        validate: true,
        ..common::spec(false)
    };
    let a = world.server_with("a", LEASE, settings.clone(), |_, call| negative_gold(call));
    let locker = world.load(a, "p");
    world.set(a, locker, "/gold", 5);
    world.force_save(a, locker);
    world.run(SECOND);
    let bad = world.set(a, locker, "/gold", -1);
    world.force_save(a, locker);
    world.run(SECOND);
    let trouble = world.events(a).into_iter().find_map(|event| match event {
        Event::SaveTrouble { text, .. } => Some(text),
        _ => None,
    });
    assert!(
        trouble
            .as_ref()
            .is_some_and(|text| text.contains("/gold: is below zero")),
        "{trouble:?}"
    );
    assert_eq!(json(&world.data("p"))["gold"], 5);
    let good = world.set(a, locker, "/gold", 6);
    world.run(SECOND * 5);
    assert_eq!(
        world.change_status(a, locker, bad),
        ChangeStatus::Saved,
        "as a part of what followed"
    );
    assert_eq!(world.change_status(a, locker, good), ChangeStatus::Saved);

    // At the last save the record stays as it was, and a purchase that came since is not granted.
    world.receipt(a, locker, "r1", 1);
    world.run(Duration::ZERO);
    world.set(a, locker, "/gold", -2);
    world.receipt(a, locker, "r2", 2);
    world.tick(a);
    world.release(a, locker);
    world.events(a);
    world.run(SECOND * 2);
    let events = world.events(a);
    let refused = events.iter().find_map(|event| match event {
        Event::Refused { document, .. } => Some(json(document)["gold"].clone()),
        _ => None,
    });
    assert_eq!(refused, Some((-2).into()), "{events:?}");
    assert!(events.iter().any(|event| matches!(
        event,
        Event::Released {
            cause: ReleaseCause::Released,
            ..
        }
    )));
    let (header, data) = world.record("p").unwrap();
    let bought = json(&data)["bought"].as_i64().unwrap();
    assert_eq!(
        i64::try_from(header.ledger.len()).unwrap(),
        bought,
        "as many effects as receipts"
    );
    assert_eq!(json(&data)["gold"], 6);
    assert!(header.holder.is_none());

    let b = world.server_with("b", LEASE, settings, |_, call| match call.question {
        Question::Validate => CallAnswer::refused(Verdict::Failed("/: nothing is right".into())),
        _ => common::answer(call),
    });
    let before = world.stored_value("p");
    let locker = world.open(b, "p");
    world.acquire(b, locker);
    world.run(SECOND);
    assert!(matches!(
        last_status(&mut world, b),
        Some(LoadStatus::DataRefused { .. })
    ));
    assert_eq!(world.stored_value("p"), before);
}

#[test]
fn a_record_can_be_taken_from_a_living_server() {
    let mut world = World::new();
    let a = world.stubborn_server("a", LEASE);
    let b = world.server("b", LEASE);
    let locker = world.load(a, "p");
    let change = world.set(a, locker, "/gold", 1);
    let other = world.open(b, "p");
    world.core(b).take_over(other, None).unwrap();
    world.run(SECOND);
    assert!(world.is_available(b, other));
    assert_eq!(world.header("p").epoch, 2);
    world.force_save(a, locker);
    world.run(SECOND * 3);
    assert_eq!(world.change_status(a, locker, change), ChangeStatus::Lost);
    let lost = |event: &Event| {
        matches!(
            event,
            Event::Lost {
                cause: LossCause::Taken,
                ..
            }
        )
    };
    assert!(world.events(a).iter().any(lost), "the old holder hears it");
    assert!(world.is_available(b, other), "and does not come back");
}

#[test]
fn an_imported_record_keeps_its_purchases_and_its_lock() {
    let mut world = World::new();
    let until = (world.now_ms() + 20_000) / 1000;
    world.store_value(
        "p",
        &format!(
            r#"{{"Version":1,"VersionPatch":0,"Session":{{"JobId":"roblox-1","Expires":{until}}},"gold":40,"bought":0,
            "Purchases":[[77,"abc",1700000000,true]],"ProductCredit":[[5,2]],"RemoteChanges":[{{"K":"gift","I":"1","A":3}}]}}"#
        ),
    );
    let settings = Spec {
        import: Import {
            original: true,
            ..Import::default()
        },
        apply_change: true,
        ..common::spec(false)
    };
    let gifts = Rc::new(RefCell::new(Vec::new()));
    let seen = Rc::clone(&gifts);
    let a = world.server_with("a", LEASE, settings, move |_, call| match &call.question {
        Question::ApplyChange { sent, .. } => {
            seen.borrow_mut().push((sent.kind.clone(), sent.payload.to_string()));
            CallAnswer::done(None)
        }
        _ => common::answer(call),
    });
    let locker = world.open(a, "p");
    world.acquire(a, locker);
    world.run(SECOND * 5);
    let status = last_status(&mut world, a);
    assert!(
        matches!(&status, Some(LoadStatus::LockedElsewhere { server, .. }) if server == "roblox-1"),
        "{status:?}"
    );
    world.run(SECOND * 30);
    assert!(world.is_available(a, locker), "the lock ends by its own time");
    assert_eq!(
        world.document(a, locker).get_json("").unwrap().unwrap(),
        r#"{"gold":40,"bought":0}"#
    );
    assert_eq!(world.core(a).credit(locker, "5").unwrap(), 2);
    assert_eq!(*gifts.borrow(), [("gift".to_owned(), "3".to_owned())]);
}

fn view(world: &mut World, server: usize, tag: u64) -> Parting {
    let spec = world.spec_of(server);
    world
        .core(server)
        .visit(spec, "p", Purpose::View, Document::default(), tag)
        .unwrap();
    world.run(SECOND);
    match world.visits(server).pop() {
        Some((found, VisitOutcome::View(parting))) if found == tag => parting,
        other => panic!("no answer: {other:?}"),
    }
}

fn erase(world: &mut World, server: usize, force: bool) -> Parting {
    let spec = world.spec_of(server);
    let purpose = Purpose::Erase { force };
    world
        .core(server)
        .visit(spec, "p", purpose, Document::default(), 1)
        .unwrap();
    world.run(SECOND);
    match world.visits(server).pop() {
        Some((1, VisitOutcome::Erase(parting))) => parting,
        other => panic!("no answer: {other:?}"),
    }
}

#[test]
fn a_record_is_seen_without_being_taken() {
    let mut world = World::new();
    let a = world.server("a", LEASE);
    let new = world.server_with("new", LEASE, spec(2, migrators(&[(1, false)])), |_, call| trail(call));
    assert!(matches!(view(&mut world, new, 5), Parting::Missing));
    let locker = world.load(a, "p");
    world.core(a).add_user(locker, "u7").unwrap();
    world.set(a, locker, "/gold", 3);
    world.force_save(a, locker);
    world.run(SECOND);
    let before = world.stored_value("p");
    let Parting::Seen(seen) = view(&mut world, new, 6) else {
        panic!("it is there");
    };
    assert_eq!((seen.epoch, seen.schema), (1, 1));
    assert_eq!(seen.holder.unwrap().0, "a");
    assert_eq!(seen.users, ["u7"]);
    assert_eq!(
        json(&seen.document)["trail"][0],
        "from 1",
        "as the viewer's version wants it"
    );
    assert_eq!(world.stored_value("p"), before);
}

/// D3, by erasing as the library does it: a running session cannot bring the data back.
#[test]
fn an_erased_record_stays_erased_under_a_running_session() {
    let mut world = World::new();
    let a = world.server("a", LEASE);
    let b = world.server("b", LEASE);
    let locker = world.load(a, "p");
    world.receipt(a, locker, "r", 1);
    world.set(a, locker, "/gold", 3);
    world.run(SECOND);
    assert!(matches!(erase(&mut world, b, false), Parting::Locked { server } if server == "a"));
    assert!(matches!(erase(&mut world, b, true), Parting::Erased { .. }));
    assert_eq!(world.header("p").epoch, 2, "whoever had the old fencing token is out");
    let change = world.set(a, locker, "/gold", 4);
    world.force_save(a, locker);
    world.run(SECOND * 3);
    let lost = |event: &Event| {
        matches!(
            event,
            Event::Lost {
                cause: LossCause::Erased,
                ..
            }
        )
    };
    assert!(world.events(a).iter().any(lost));
    assert_eq!(world.change_status(a, locker, change), ChangeStatus::Lost);
    assert!(!world.stored_value("p").contains("gold"), "{}", world.stored_value("p"));
    assert!(
        matches!(view(&mut world, b, 9), Parting::Missing),
        "as if it were not there"
    );
    assert!(matches!(erase(&mut world, b, false), Parting::Erased { .. }), "again");

    // A new life: the old receipt is granted again in answer, not in effect.
    let again = world.load(b, "p");
    assert_eq!(json(&world.document(b, again))["gold"], 0);
    world.receipt(b, again, "r", 2);
    world.run(SECOND);
    assert_eq!(world.receipt_outcomes(b).len(), 1);
    assert_eq!(json(&world.document(b, again))["bought"], 0);
}

/// D15: a callback that fails or panics at any point leaves no session stuck.
#[test]
fn d15_failing_callbacks_leave_nothing_stuck() {
    let mut world = World::new();
    let settings = Spec {
        before_save: true,
        apply_change: true,
        ..common::spec(false)
    };
    let a = world.server_with("a", LEASE, settings, |_, _| {
        CallAnswer::refused(Verdict::Failed("an exception".into()))
    });
    let locker = world.load(a, "p");
    world.set(a, locker, "/gold", 3);
    world.receipt(a, locker, "r", 1);
    world.run(SECOND);
    world.release(a, locker);
    world.run(SECOND * 2);
    assert!(world.status(a, locker).idle);
    assert_eq!(json(&world.data("p"))["gold"], 3);
    assert!(world.header("p").holder.is_none());
    let b = world.server("b", LEASE);
    world.load(b, "p");
}

/// D14: what cannot be reached never reads as "free": neither the record, nor the server record of its holder.
#[test]
fn d14_unreachable_store_is_not_unlocked() {
    for only_the_holder in [false, true] {
        let mut world = World::new();
        let a = world.stubborn_server("a", LEASE);
        let b = world.server("b", LEASE);
        let locker = world.load(a, "p");
        world.set(a, locker, "/gold", 1);
        world.fate(b, move |request| {
            if only_the_holder && &*request.key.name != "a" {
                common::Fate::Deliver
            } else {
                common::Fate::LoseRequest
            }
        });
        let other = world.open(b, "p");
        world.acquire(b, other);
        for _ in 0..120 {
            world.run(SECOND);
            assert!(!world.is_available(b, other));
            assert!(world.is_available(a, locker));
        }
        assert_eq!(world.header("p").epoch, 1);
        let load = world.status(b, other).load;
        match load {
            LoadStatus::LockedElsewhere { .. } if only_the_holder => {}
            LoadStatus::StoreFailure { .. } if !only_the_holder => {}
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_chain_of_migrators_with_a_gap_is_refused() {
    let mut core = Core::new(sessionlocker::engine::core::CoreOptions {
        server_id: "a".into(),
        ..Default::default()
    })
    .unwrap();
    let store = core
        .add_store(sessionlocker::store::Abilities {
            name: "test".into(),
            compare_and_set: true,
            max_value_bytes: 1000,
            list: false,
            push: false,
            at_once: 0,
            max_key_bytes: 100,
        })
        .unwrap();
    let error = core.add_spec(store, spec(3, migrators(&[(1, false)]))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    assert!(error.text().contains("no migrator from version 2"), "{error}");
}

/// Exporting and erasing for one person, through an engine, since the keys are listed by a real store.
#[test]
fn all_records_of_a_person_are_exported_and_erased() {
    let engine = Engine::new(EngineOptions::default()).unwrap();
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let spec = engine.add_spec(&store, Spec::named("player"), Arc::new(Game)).unwrap();
    for number in 0..600 {
        let locker = engine.open_locker(spec, &format!("k{number}"), 0).unwrap();
        engine.core().mark_should_acquire(locker, None).unwrap();
        settle(&engine);
        if number % 100 == 7 || number == 99 {
            engine.core().add_user(locker, "u1").unwrap();
        }
        if number != 107 {
            engine.core().mark_should_release(locker, None).unwrap();
        } else {
            engine.core().mark_force_save(locker).unwrap();
        }
        settle(&engine);
    }
    store
        .set_value(
            Key {
                kind: Kind::Record,
                space: "player".into(),
                name: "broken".into(),
            },
            b"no record".as_slice().into(),
        )
        .unwrap();
    engine.core().search(spec, "u1", Aim::Export, 5).unwrap();
    let (hits, end) = searched(&engine);
    assert_eq!(hits, ["k107", "k207", "k307", "k407", "k507", "k7", "k99"]);
    assert_eq!((end.done, end.left), (7, 1));
    assert!(end.text.contains("broken"), "{end:?}");
    engine
        .core()
        .search(spec, "u1", Aim::Erase { force: false }, 5)
        .unwrap();
    let (hits, end) = searched(&engine);
    assert_eq!(hits.len(), 6, "{hits:?}");
    assert_eq!((end.done, end.left), (6, 2), "one is held, one cannot be read");
    engine.core().search(spec, "u1", Aim::Erase { force: true }, 5).unwrap();
    let (_, end) = searched(&engine);
    assert_eq!((end.done, end.left), (1, 1));
    engine.core().search(spec, "u1", Aim::Export, 5).unwrap();
    assert_eq!(searched(&engine).1.done, 0);
}

struct Game;

impl Host for Game {
    fn default_data(&self, _key: &str) -> Result<Document, Error> {
        Ok(Document::default())
    }

    fn answer(&self, _about: &About, _call: HostCall) -> CallAnswer {
        CallAnswer::done(None)
    }
}

fn settle(engine: &Engine) {
    for _ in 0..20 {
        engine.update(Duration::ZERO).unwrap();
    }
    while engine.next_event().is_some() {}
}

fn searched(engine: &Engine) -> (Vec<String>, SearchEnd) {
    let mut hits = Vec::new();
    for _ in 0..10_000 {
        engine.update(Duration::ZERO).unwrap();
        while let Some(event) = engine.next_event() {
            match event {
                EngineEvent::Visit {
                    outcome: VisitOutcome::Searched(end),
                    tag: 5,
                    ..
                } => return (hits, end),
                EngineEvent::Visit {
                    key,
                    outcome: VisitOutcome::Export(_) | VisitOutcome::Erase(Parting::Erased { .. }),
                    ..
                } => hits.push(key.to_string()),
                _ => {}
            }
        }
    }
    panic!("the search does not end");
}
