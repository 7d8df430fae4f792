//! The network between one server and the store is cut while another takes its players over.

use crate::promises::Promises;
use crate::report;
use crate::server::{names, play_until, read, turn, wait_until, GameServer, PATIENCE};
use crate::subject::Subject;
use crate::tools::proxy::Way;
use std::time::Instant;

const PLAYERS: usize = 10;

#[cfg(feature = "postgres")]
#[test]
fn a_server_that_is_cut_off_from_postgres_loses_its_players_and_nothing_that_was_promised() {
    if let Some(subject) = crate::subject::postgres::subject() {
        cut_off(&subject);
    }
}

#[cfg(feature = "redis")]
#[test]
fn a_server_that_is_cut_off_from_redis_loses_its_players_and_nothing_that_was_promised() {
    if let Some(subject) = crate::subject::redis::subject() {
        cut_off(&subject);
    }
}

fn cut_off(subject: &Subject) {
    let mut promises = Promises::default();
    let mut far = GameServer::start("far", &(subject.open)(&subject.by_proxy));
    let mut near = GameServer::start("near", &subject.store());
    for name in names(PLAYERS) {
        far.join(&name);
    }
    wait_until(&mut [&mut far], &mut promises, "the players", |servers| {
        servers[0].is_settled()
    });
    let enough = promises.saves + 50;
    play_until(&mut [&mut far], &mut promises, "saves", |servers| {
        servers[0].told.saved >= enough
    });

    // First it only does not hear that its writes arrive, then nothing gets through.
    subject.proxy.set(Way::Deaf);
    let swallowed = subject.proxy.swallowed();
    play_until(&mut [&mut far], &mut promises, "lost answers", |_| {
        subject.proxy.swallowed() > swallowed
    });
    subject.proxy.set(Way::Stalled);

    for name in names(PLAYERS) {
        near.join(&name);
    }
    let start = Instant::now();
    let mut repeated = [false; PLAYERS];
    while !(repeated.iter().all(|done| *done) && near.told.saved >= 50) {
        assert!(
            start.elapsed() < PATIENCE,
            "nobody took over: {:?} {:?}",
            far.told,
            near.told
        );
        turn(&mut [&mut far, &mut near], &mut promises);
        for (seat, repeated) in repeated.iter_mut().enumerate() {
            let (there, here) = (far.is_available(seat), near.is_available(seat));
            assert!(!(there && here), "player {seat} is available on both");
            // The platform heard nothing of what was bought there, and tells again.
            if here && !std::mem::replace(repeated, true) {
                for purchase in far.purchases(seat) {
                    near.buy(seat, &purchase);
                }
            }
        }
    }

    subject.proxy.set(Way::Open);
    subject.proxy.cut();
    play_until(&mut [&mut far, &mut near], &mut promises, "the bad news", |servers| {
        servers[0].told.lost >= PLAYERS as u64
    });
    assert!(
        far.told.handed_over > 0,
        "what was not saved is handed over: {:?}",
        far.told
    );
    wait_until(&mut [&mut near], &mut promises, "the last saves", |servers| {
        servers[0].is_settled()
    });
    let far = far.shut_down(&mut promises);
    let near = near.shut_down(&mut promises);
    let verdict = promises.compare(&read(&subject.store(), &names(PLAYERS)));
    assert!(verdict.faults.is_empty(), "{:#?}", verdict.faults);
    assert_eq!((verdict.gone_and_told, near.lost), (0, 0));
    let text = format!(
        "{PLAYERS} players taken over; {} saves and {} purchases promised, none missing, none twice; cut off: {far:?}",
        promises.saves, promises.grants
    );
    report(&format!("network-cut-{}", subject.name), &text);
}
