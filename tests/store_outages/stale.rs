//! A server that stands still past its lease while another takes its players over, and then goes on as if nothing had
//! happened: as a process after SIGSTOP and SIGCONT does.

use crate::promises::Promises;
use crate::report;
use crate::server::{names, play_until, read, wait_until, GameServer};
use sessionlocker::store::memory::MemoryStore;
use sessionlocker::store::Store;
use std::sync::Arc;

const PLAYERS: usize = 10;

fn stands_still(name: &str, far_store: &Arc<dyn Store>, near_store: &Arc<dyn Store>) {
    let mut promises = Promises::default();
    let mut still = GameServer::start("still", far_store);
    let mut other = GameServer::start("other", near_store);
    for player in names(PLAYERS) {
        still.join(&player);
    }
    wait_until(&mut [&mut still], &mut promises, "the players", |servers| {
        servers[0].is_settled()
    });
    play_until(&mut [&mut still], &mut promises, "saves", |servers| {
        servers[0].told.saved >= 50
    });
    for seat in 0..PLAYERS {
        still.mark(seat);
    }

    // From here on its loop stands.
    for player in names(PLAYERS) {
        other.join(&player);
    }
    wait_until(&mut [&mut other], &mut promises, "the takeover", |servers| {
        servers[0].is_settled()
    });
    play_until(&mut [&mut other], &mut promises, "saves", |servers| {
        servers[0].told.saved >= 50
    });

    // It goes on: before it has heard anything it knows that it cannot be sure, and what it tries to save is refused.
    let available = (0..PLAYERS).filter(|seat| still.is_available(*seat));
    assert_eq!(available.count(), 0, "it does not take itself for the owner");
    for seat in 0..PLAYERS {
        still.save(seat);
    }
    wait_until(
        &mut [&mut still, &mut other],
        &mut promises,
        "the bad news",
        |servers| servers[0].told.lost == PLAYERS as u64,
    );
    assert_eq!(
        still.told.handed_over, PLAYERS as u64,
        "what was not saved is handed over"
    );
    let still = still.shut_down(&mut promises);
    let other = other.shut_down(&mut promises);
    assert_eq!(other.lost, 0, "nothing of it reached the records");
    let verdict = promises.compare(&read(near_store, &names(PLAYERS)));
    assert!(verdict.faults.is_empty(), "{:#?}", verdict.faults);
    report(
        name,
        &format!("{PLAYERS} stale saves refused, all told and handed over: {still:?}"),
    );
}

#[test]
fn a_server_that_stood_still_finds_out_in_memory() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    stands_still("stale-memory", &store, &store);
}

#[cfg(feature = "postgres")]
#[test]
fn a_server_that_stood_still_finds_out_on_postgres() {
    if let Some(subject) = crate::subject::postgres::subject() {
        stands_still("stale-postgres", &subject.store(), &subject.store());
    }
}

#[cfg(feature = "redis")]
#[test]
fn a_server_that_stood_still_finds_out_on_redis() {
    if let Some(subject) = crate::subject::redis::subject() {
        stands_still("stale-redis", &subject.store(), &subject.store());
    }
}
