//! How many requests a player costs the store in an hour, counted in virtual time.

use crate::game::Server;
use sessionlocker::clock::{Clock, Time};
use sessionlocker::store::memory::MemoryStore;
use sessionlocker::store::Store;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::time::Duration;

/// A clock that only moves when it is told to.
struct Hand(AtomicU64);

impl Clock for Hand {
    fn now(&self) -> Time {
        Time(self.0.load(Ordering::SeqCst))
    }

    fn wall_ms(&self) -> i64 {
        i64::try_from(self.now().0 / 1_000_000).expect("not that late")
    }
}

const PLAYERS: usize = 1_000;
const TICK: Duration = Duration::from_millis(100);
const HOUR: u64 = 3_600_000 / TICK.as_millis() as u64;

/// What the Luau library ProfileStore sends for each player: a save every 300 s, which is also its sign of life.
const PROFILE_STORE: f64 = 12.0;

pub fn measure() -> String {
    let mut text = format!(
        "{PLAYERS} players on one server for an hour, at the defaults, in virtual time: all requests after the load, the \
         server's beats with them, for each player and hour.\n\n| | SessionLocker | ProfileStore |\n|---|---|---|\n"
    );
    for (name, ticks_between) in [("idle", None), ("playing: a change every 10 s", Some(100))] {
        let requests = an_hour(ticks_between);
        let _ = writeln!(text, "| {name} | {requests:.2} | {PROFILE_STORE} |");
    }
    text
}

fn an_hour(ticks_between: Option<u64>) -> f64 {
    let clock = Arc::new(Hand(AtomicU64::new(1_000_000_000_000)));
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let mut server = Server::start("counted", &store, None, Some(Arc::clone(&clock) as Arc<dyn Clock>));
    let step = |server: &mut Server| {
        server.tick();
        clock.0.fetch_add(TICK.as_nanos() as u64, Ordering::SeqCst);
    };
    server.join(0..PLAYERS);
    while !server.loaded.iter().all(|loaded| *loaded) {
        step(&mut server);
    }
    let sent = |server: &Server| server.engine.metrics().all_stores().counters.requests_sent();
    let before = sent(&server);
    for tick in 0..HOUR {
        for place in 0..PLAYERS {
            if ticks_between.is_some_and(|between| (tick + place as u64).is_multiple_of(between)) {
                server.earn(place);
            }
        }
        step(&mut server);
    }
    (sent(&server) - before) as f64 / PLAYERS as f64
}
