//! All players of a server are saved and let go at once, beside the time that the storage's own client takes for as many
//! writes.

use crate::game::Server;
use crate::page::{spread, Pairs};
use crate::saves::value;
use crate::stores::Bed;
use crate::Size;
use sessionlocker::store::Store;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// As many writes of the client share a transaction as of the store.
const BATCH: usize = 256;

pub fn measure(beds: &[Bed], size: &Size) -> String {
    let players = size.players_at_shutdown;
    let mut text = format!(
        "{players} players with 1 KB each on one server process, each changed since the last save. The time from the \
         beginning of the shutdown to its end, with a turn of the game loop each millisecond, beside the time of as many \
         writes in transactions of {BATCH} by the storage's own client. In turn {} times: medians, and the middle half.\n\n\
         | store | shutdown in ms | its own client | ratio |\n|---|---|---|---|\n",
        size.rounds
    );
    let value = value(1300);
    for bed in beds {
        let mut client = bed.client("shutdown_raw");
        client.fill(players, &value);
        let mut pairs = Pairs::default();
        let store = bed.store("shutdown");
        for _ in 0..size.rounds {
            let own = shut_down(&store, players);
            let start = Instant::now();
            client.replace(players, BATCH, &value);
            pairs.push(own, start.elapsed().as_secs_f64() * 1e3);
        }
        let [ours, theirs, ratio] = pairs.medians();
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} |",
            bed.name,
            spread(ours, 0),
            spread(theirs, 0),
            spread(ratio, 2)
        );
    }
    text
}

/// Milliseconds from the beginning of a shutdown to its end.
fn shut_down(store: &Arc<dyn Store>, players: usize) -> f64 {
    let mut server = Server::start("shutdown", store, None, None);
    server.join(0..players);
    server.tick_until_loaded();
    (0..players).for_each(|place| server.earn(place));
    let start = Instant::now();
    server.begin_shutdown();
    while !server.tick() {
        std::thread::sleep(Duration::from_millis(1));
    }
    start.elapsed().as_secs_f64() * 1e3
}
