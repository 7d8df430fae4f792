//! The defects that players' data libraries are known for, each as a story that must end well here.
//!
//! The stories drive the sans-I/O core directly, with a store whose replies the story can hold back or drop.

mod common;

use common::{Fate, World};
use sessionlocker::locker::event::{ChangeStatus, Event, LossCause};
use sessionlocker::receipt::ReceiptOutcome;
use std::time::Duration;

const LEASE: Duration = Duration::from_secs(10);

/// D1: the acquire lands and its reply is lost. The server must not be locked out by its own lock.
#[test]
fn d1_acquire_landed_reply_lost() {
    let mut world = World::new();
    let a = world.server("a", LEASE);
    let locker = world.open(a, "p");
    world.fate(a, |request| {
        if common::is_put_of(request, "p") {
            Fate::LoseReply
        } else {
            Fate::Deliver
        }
    });
    world.acquire(a, locker);
    world.run(Duration::from_secs(1));
    world.fate(a, |_| Fate::Deliver);
    world.run(Duration::from_secs(40));
    assert!(world.is_available(a, locker));
    assert_eq!(world.header("p").epoch, 1, "the earlier try is adopted, not replaced");
}

/// D2: the release lands and its reply is lost. It must be reported as released, the save as saved.
#[test]
fn d2_release_landed_reply_lost() {
    let mut world = World::new();
    let a = world.server("a", LEASE);
    let b = world.server("b", LEASE);
    let locker = world.load(a, "p");
    let change = world.set(a, locker, "/gold", 7);
    world.fate(a, |request| {
        if common::is_put_of(request, "p") {
            Fate::LoseReply
        } else {
            Fate::Deliver
        }
    });
    world.release(a, locker);
    world.run(Duration::from_millis(200));
    // Another server takes the record before the first one learns what became of its release.
    let other = world.load(b, "p");
    world.set(b, other, "/gold", 8);
    world.fate(a, |_| Fate::Deliver);
    world.run(Duration::from_secs(60));
    assert_eq!(world.change_status(a, locker, change), ChangeStatus::Saved);
    let events = world.events(a);
    assert!(
        events.iter().any(|event| matches!(event, Event::Released { .. })),
        "{events:?}"
    );
    assert!(
        !events.iter().any(|event| matches!(event, Event::Lost { .. })),
        "{events:?}"
    );
}

/// D3: the record is erased during a session. The next save must not create it again.
#[test]
fn d3_record_erased_during_a_session() {
    let mut world = World::new();
    let a = world.server("a", LEASE);
    let locker = world.load(a, "p");
    world.erase("p");
    let change = world.set(a, locker, "/gold", 7);
    world.force_save(a, locker);
    world.run(Duration::from_secs(5));
    assert!(world.record("p").is_none(), "the record stays erased");
    assert_eq!(world.change_status(a, locker, change), ChangeStatus::Unknown);
    let lost = world.events(a).into_iter().find_map(|event| match event {
        Event::Lost { cause, document, .. } => Some((cause, document)),
        _ => None,
    });
    let (cause, document) = lost.expect("the loss is told");
    assert_eq!(cause, LossCause::Erased);
    assert_eq!(common::json(&document)["gold"], 7, "with the data that were not saved");
}

/// D5: a save that covers only some of the waiters must not forget the others.
#[test]
fn d5_a_save_that_covers_some_waiters() {
    let mut world = World::new();
    let a = world.server("a", LEASE);
    let locker = world.load(a, "p");
    let first = world.set(a, locker, "/gold", 1);
    world.await_change(a, locker, first, 100);
    world.force_save(a, locker);
    world.hold_replies(a, true);
    world.tick(a);
    let second = world.set(a, locker, "/gold", 2);
    world.await_change(a, locker, second, 200);
    world.hold_replies(a, false);
    world.run(Duration::from_millis(100));
    assert_eq!(world.settled(a), vec![(100, ChangeStatus::Saved)]);
    world.force_save(a, locker);
    world.run(Duration::from_millis(100));
    assert_eq!(world.settled(a), vec![(200, ChangeStatus::Saved)]);
}

/// D6: the owner's lock was taken and let go again. Its old data must not overwrite the newer ones.
#[test]
fn d6_lock_taken_and_let_go() {
    let mut world = World::new();
    let a = world.server("a", LEASE);
    let b = world.server("b", LEASE);
    let locker = world.load(a, "p");
    let change = world.set(a, locker, "/gold", 1);
    world.pause(a, true);
    let other = world.open(b, "p");
    world.acquire(b, other);
    world.run(LEASE * 2);
    assert!(world.is_available(b, other), "the silent server was declared dead");
    world.set(b, other, "/gold", 99);
    world.release(b, other);
    world.run(Duration::from_secs(2));
    world.pause(a, false);
    world.run(Duration::from_secs(60));
    assert_eq!(common::json(&world.data("p"))["gold"], 99);
    assert_eq!(world.change_status(a, locker, change), ChangeStatus::Lost);
    assert!(world.events(a).iter().any(|event| matches!(event, Event::Lost { .. })));
}

/// D8: a slow but living owner must not be taken over, however long the other waits.
#[test]
fn d8_slow_but_living_owner() {
    let mut world = World::new();
    let a = world.stubborn_server("a", LEASE);
    let b = world.server("b", LEASE);
    let locker = world.load(a, "p");
    world.set(a, locker, "/gold", 1);
    let other = world.open(b, "p");
    world.acquire(b, other);
    // The owner's saves get nowhere for minutes; only its beats do.
    world.fate(a, |request| {
        if common::is_put_of(request, "p") {
            Fate::LoseRequest
        } else {
            Fate::Deliver
        }
    });
    world.force_save(a, locker);
    for _ in 0..100 {
        world.run(Duration::from_secs(3));
        assert!(world.is_available(a, locker));
        assert!(!world.is_available(b, other));
    }
    world.fate(a, |_| Fate::Deliver);
    world.run(Duration::from_secs(60));
    assert_eq!(common::json(&world.data("p"))["gold"], 1, "nothing of its play is lost");
}

/// D9: a receipt that comes again after thousands of others, on another server, has no second effect.
#[test]
fn d9_a_very_old_receipt_comes_again() {
    let mut world = World::new();
    let a = world.server("a", LEASE);
    let b = world.server("b", LEASE);
    let locker = world.load(a, "p");
    for number in 0..300 {
        world.receipt(a, locker, &number.to_string(), number);
        world.run(Duration::from_millis(5));
    }
    world.release(a, locker);
    world.run(Duration::from_secs(2));
    let other = world.load(b, "p");
    world.receipt(b, other, "0", 7);
    world.run(Duration::from_secs(1));
    assert_eq!(
        world.receipt_outcomes(b),
        vec![(7, ReceiptOutcome::Granted { duplicate: true })]
    );
    assert_eq!(common::json(&world.data("p"))["bought"], 300);
}

/// D13: wall clocks that are hours apart neither steal nor block sessions.
#[test]
fn d13_wall_clocks_apart() {
    let mut world = World::new();
    let a = world.stubborn_server("a", LEASE);
    let b = world.server("b", LEASE);
    world.skew_wall(a, -45 * 60_000);
    world.skew_wall(b, 1_000 * 60 * 60_000);
    let locker = world.load(a, "p");
    let other = world.open(b, "p");
    world.acquire(b, other);
    for _ in 0..60 {
        world.run(Duration::from_secs(1));
        assert!(world.is_available(a, locker), "not stolen");
        assert!(!world.is_available(b, other));
    }
    world.crash(a);
    world.run(LEASE * 2);
    assert!(world.is_available(b, other), "not blocked");
}

/// A contender gets a record by asking: the holder saves and lets go at its next beat.
#[test]
fn a_record_is_handed_over() {
    let mut world = World::new();
    let a = world.server("a", LEASE);
    let b = world.server("b", LEASE);
    let locker = world.load(a, "p");
    world.set(a, locker, "/gold", 5);
    let other = world.open(b, "p");
    world.acquire(b, other);
    world.run(LEASE / 2);
    assert!(world.is_available(b, other));
    assert!(!world.is_available(a, locker));
    assert_eq!(common::json(&world.document(b, other))["gold"], 5);
}

/// An acquisition that lands after it was given up leaves no orphan: who asks for the record gets it.
#[test]
fn an_acquisition_given_up_leaves_no_orphan() {
    let mut world = World::new();
    let a = world.server("a", LEASE);
    let b = world.server("b", LEASE);
    let locker = world.open(a, "p");
    world.fate(a, |request| {
        if common::is_put_of(request, "p") {
            Fate::Late(Duration::from_secs(50))
        } else {
            Fate::Deliver
        }
    });
    world.acquire(a, locker);
    world.run(Duration::from_secs(1));
    world.fate(a, |_| Fate::Deliver);
    world.release(a, locker);
    world.run(Duration::from_secs(60));
    let other = world.open(b, "p");
    world.acquire(b, other);
    world.run(LEASE);
    assert!(world.is_available(b, other));
}

/// At the deadline of a shutdown everybody who still waits is answered, and the lockers left behind are named.
#[test]
fn a_shutdown_that_runs_out_of_time_answers_everybody() {
    let mut world = World::new();
    let a = world.server("a", LEASE);
    let locker = world.load(a, "p");
    let change = world.set(a, locker, "/gold", 1);
    world.await_change(a, locker, change, 5);
    world.fate(a, |_| Fate::LoseRequest);
    world.receipt(a, locker, "r", 6);
    world.run(Duration::from_millis(100));
    world.shut_down(a, Duration::from_secs(3));
    world.run(Duration::from_secs(4));
    let events = world.events(a);
    let settled = events.iter().filter(|event| {
        matches!(
            event,
            Event::ChangeSettled {
                tag: 5,
                status: ChangeStatus::Unknown,
                ..
            }
        )
    });
    assert_eq!(settled.count(), 1, "{events:?}");
    let refused = events.iter().filter(|event| {
        matches!(
            event,
            Event::Receipt {
                tag: 6,
                outcome: ReceiptOutcome::NotProcessed,
                ..
            }
        )
    });
    assert_eq!(refused.count(), 1, "{events:?}");
}
