//! The store's primary dies under load and a standby takes its place: one that has all that was confirmed, or one that is
//! behind.

use crate::promises::Promises;
use crate::report;
use crate::server::{names, play_until, read, wait_until, GameServer};
use sessionlocker::store::Store;
use std::sync::Arc;

const PLAYERS: usize = 20;

/// A full server that has played for so many saves.
fn playing_server(id: &str, store: &Arc<dyn Store>, promises: &mut Promises) -> GameServer {
    let mut server = GameServer::start(id, store);
    for name in names(PLAYERS) {
        server.join(&name);
    }
    wait_until(&mut [&mut server], promises, "the players", |servers| {
        servers[0].is_settled()
    });
    play_saves(&mut server, promises, 100);
    server
}

fn play_saves(server: &mut GameServer, promises: &mut Promises, saves: u64) {
    let enough = server.told.saved + saves;
    play_until(&mut [server], promises, "the saves", |servers| {
        servers[0].told.saved >= enough
    });
}

/// With a standby that has missed nothing that was confirmed, nothing that was promised is missing.
fn nothing_is_lost(name: &str, mut server: GameServer, mut promises: Promises, store: &Arc<dyn Store>) {
    let fresh = server.told.fresh;
    play_until(&mut [&mut server], &mut promises, "the new primary", |servers| {
        servers[0].told.fresh > fresh
    });
    play_saves(&mut server, &mut promises, 50);
    wait_until(&mut [&mut server], &mut promises, "the saves", |servers| {
        servers[0].is_settled()
    });
    let told = server.shut_down(&mut promises);
    let verdict = promises.compare(&read(store, &names(PLAYERS)));
    assert!(verdict.faults.is_empty(), "{:#?}", verdict.faults);
    assert_eq!((verdict.gone_and_told, told.rolled_back), (0, 0));
    let text = format!(
        "{} saves and {} purchases promised, none missing",
        promises.saves, promises.grants
    );
    report(name, &text);
}

/// With one that was behind, each player whose saves are gone is told of.
fn what_is_lost_is_told(name: &str, mut server: GameServer, mut promises: Promises, store: &Arc<dyn Store>) {
    let mut told_of = [false; PLAYERS];
    // The sessions end as they are found out; then the players come back to what is left.
    while !told_of.iter().all(|told| *told) {
        let before = server.told.rolled_back;
        let mut servers = [&mut server];
        play_until(&mut servers, &mut promises, "a save that is gone", |servers| {
            servers[0].told.rolled_back > before
        });
        for (seat, told) in told_of.iter_mut().enumerate() {
            if !server.seats[seat].loaded && !std::mem::replace(told, true) {
                server.join_again(seat);
            }
        }
    }
    wait_until(&mut [&mut server], &mut promises, "the players", |servers| {
        servers[0].is_settled()
    });
    play_saves(&mut server, &mut promises, 50);
    let told = server.shut_down(&mut promises);
    let verdict = promises.compare(&read(store, &names(PLAYERS)));
    assert!(
        verdict.faults.is_empty(),
        "what is gone was not told: {:#?}",
        verdict.faults
    );
    assert!(verdict.gone_and_told > 0, "the standby was behind: {verdict:?}");
    let text = format!(
        "{} saves promised; {} sessions told that the store fell back, {} of {PLAYERS} players miss a promised save",
        promises.saves, told.rolled_back, verdict.gone_and_told
    );
    report(name, &text);
}

#[cfg(feature = "postgres")]
mod on_postgres {
    use super::{nothing_is_lost, play_saves, playing_server, what_is_lost_is_told};
    use crate::promises::Promises;
    use crate::server::play_until;
    use crate::subject::postgres::{open, server};
    use crate::tools::postgres::{url_of, Postgres};
    use crate::tools::served::DATABASE;
    use sessionlocker::store::Store;
    use std::sync::Arc;

    struct Pair {
        primary: Postgres,
        standby: Postgres,
        store: Arc<dyn Store>,
    }

    fn pair(synchronous: bool) -> Option<Pair> {
        let primary = server()?;
        let standby = primary.standby("s1");
        if synchronous {
            primary.set("synchronous_standby_names", "'s1'");
        }
        let state = if synchronous { "sync" } else { "async" };
        primary.wait_until("SELECT sync_state FROM pg_stat_replication", state);
        let store = open(&url_of(&[&primary, &standby], DATABASE));
        Some(Pair {
            primary,
            standby,
            store,
        })
    }

    #[test]
    fn a_synchronous_standby_takes_over_and_nothing_is_lost() {
        let Some(mut pair) = pair(true) else { return };
        let mut promises = Promises::default();
        let mut server = playing_server("synchronous", &pair.store, &mut promises);
        // What is written now is on the primary alone, and must not be reported.
        pair.standby.pause();
        play_until(&mut [&mut server], &mut promises, "the doubt", |servers| {
            servers[0].told.suspect > 0
        });
        pair.primary.kill();
        pair.standby.go_on();
        pair.standby.promote();
        nothing_is_lost("failover-postgres-synchronous", server, promises, &pair.store);
    }

    #[test]
    fn an_asynchronous_standby_that_is_behind_takes_over_and_it_is_told() {
        let Some(mut pair) = pair(false) else { return };
        let mut promises = Promises::default();
        let mut server = playing_server("asynchronous", &pair.store, &mut promises);
        pair.standby.set("primary_conninfo", "''");
        pair.standby
            .wait_until("SELECT count(*) FROM pg_stat_wal_receiver", "0");
        play_saves(&mut server, &mut promises, 200);
        pair.primary.kill();
        pair.standby.promote();
        what_is_lost_is_told("failover-postgres-asynchronous", server, promises, &pair.store);
    }
}

#[cfg(feature = "redis")]
mod on_redis {
    use super::{nothing_is_lost, play_saves, playing_server, what_is_lost_is_told};
    use crate::promises::Promises;
    use crate::server::play_until;
    use crate::subject::redis::{options, server};
    use crate::tools::redis::{url_of, Redis};
    use sessionlocker::store::redis::{open, RedisOptions};
    use sessionlocker::store::Store;
    use std::sync::Arc;

    struct Pair {
        primary: Redis,
        replica: Redis,
        store: Arc<dyn Store>,
    }

    fn pair(wait_replicas: u32) -> Option<Pair> {
        let primary = server()?;
        let replica = primary.replica();
        let options = RedisOptions {
            wait_replicas,
            ..options()
        };
        let store = open(&url_of(&[&primary, &replica]), &options).expect("a store");
        Some(Pair {
            primary,
            replica,
            store,
        })
    }

    #[test]
    fn a_replica_that_is_waited_for_takes_over_and_nothing_is_lost() {
        let Some(mut pair) = pair(1) else { return };
        let mut promises = Promises::default();
        let mut server = playing_server("waiting", &pair.store, &mut promises);
        // What is written now is on the primary alone, and must not be reported.
        pair.replica.pause();
        play_until(&mut [&mut server], &mut promises, "the doubt", |servers| {
            servers[0].told.suspect > 0
        });
        pair.primary.kill();
        pair.replica.go_on();
        pair.replica.promote();
        // Without one of its own it confirms nothing.
        let _second = pair.replica.replica();
        nothing_is_lost("failover-redis-waiting", server, promises, &pair.store);
    }

    #[test]
    fn a_replica_that_is_behind_takes_over_and_it_is_told() {
        let Some(mut pair) = pair(0) else { return };
        let mut promises = Promises::default();
        let mut server = playing_server("asynchronous", &pair.store, &mut promises);
        pair.replica.follow_nobody();
        play_saves(&mut server, &mut promises, 200);
        pair.primary.kill();
        pair.replica.promote();
        what_is_lost_is_told("failover-redis-asynchronous", server, promises, &pair.store);
    }
}
