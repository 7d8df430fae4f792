//! Whole sessions, one after the other: acquire, a change, a forced save, release.

use crate::game::{data, Server};
use crate::page::{spread, Pairs};
use crate::serde::{micros, stored};
use crate::Size;
use sessionlocker::engine::EngineOptions;
use sessionlocker::locker::Spec;
use sessionlocker::store::memory::MemoryStore;
use sessionlocker::store::Store;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Instant;

const BYTES: [usize; 2] = [1_000, 48_000];

pub fn measure(size: &Size) -> String {
    let mut text = format!(
        "One player's sessions one after the other, three writes each: acquire, change, forced save, release. Beside it \
         serde_json reads the same record once and writes it three times. In turn, {} times: medians, and the middle \
         half.\n\n| record | us a session | a second | serde_json | ratio |\n|---|---|---|---|---|\n",
        size.rounds
    );
    for bytes in BYTES {
        for (name, changes) in [("", true), (", the data not looked at", false)] {
            let sessions = 4_000_000 / (bytes + 3_000);
            let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
            let mut server = Server::start_with(EngineOptions::default(), &store, Spec::named("player"), &data(bytes));
            server.join(0..1);
            server.tick_until_loaded();
            leave(&mut server);
            let record = stored(&store, "p0");
            let mut pairs = Pairs::default();
            for _ in 0..size.rounds {
                let start = Instant::now();
                for _ in 0..sessions {
                    play(&mut server, changes);
                }
                let own = start.elapsed().as_secs_f64() * 1e6 / sessions as f64;
                let raw = micros(&record, 1, 3, sessions);
                pairs.push(own, raw);
            }
            let [ours, theirs, ratio] = pairs.medians();
            let _ = writeln!(
                text,
                "| {} bytes{name} | {} | {:.0} | {} | {} |",
                record.len(),
                spread(ours, 1),
                1e6 / ours.0,
                spread(theirs, 1),
                spread(ratio, 2)
            );
        }
    }
    text
}

fn play(server: &mut Server, changes: bool) {
    server.want(0);
    while !server.loaded[0] {
        server.tick();
    }
    if changes {
        server.earn(0);
    }
    let before = server.engine.metrics().all_stores().counters.requests_sent();
    let forced = server.engine.core().mark_force_save(server.lockers[0]);
    forced.expect("it is loaded");
    while server.engine.metrics().all_stores().counters.requests_sent() == before {
        server.tick();
    }
    leave(server);
}

fn leave(server: &mut Server) {
    let released = server.engine.core().mark_should_release(server.lockers[0], None);
    released.expect("a living locker");
    while server.loaded[0] {
        server.tick();
    }
}
