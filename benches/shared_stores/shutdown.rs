//! All players of a server are saved and let go at once, beside the time that the storage's own client takes for as many
//! writes.

use crate::game::Server;
use crate::saves::value;
use crate::stores::Bed;
use crate::Size;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

pub fn measure(beds: &[Bed], size: &Size) -> String {
    let players = size.players_at_shutdown;
    let mut text = format!(
        "{players} players with 1 KB each on one server process, each changed since the last save. The time from the \
         beginning of the shutdown to its end, with a turn of the game loop each millisecond, beside the time of as many \
         batched writes by the storage's own client.\n\n| store | shutdown | its own client | ratio |\n|---|---|---|---|\n"
    );
    for bed in beds {
        let store = bed.store("shutdown");
        let mut server = Server::start("shutdown", &store, None, None);
        server.join(0..players);
        server.tick_until_loaded();
        (0..players).for_each(|place| server.earn(place));
        let start = Instant::now();
        server.begin_shutdown();
        while !server.tick() {
            std::thread::sleep(Duration::from_millis(1));
        }
        let ours = start.elapsed().as_secs_f64();
        let mut client = bed.client("shutdown_raw");
        let value = value(1300);
        client.fill(players, &value);
        let start = Instant::now();
        client.replace(players, &value);
        let theirs = start.elapsed().as_secs_f64();
        let _ = writeln!(
            text,
            "| {} | {ours:.2} s | {theirs:.2} s | {:.2} |",
            bed.name,
            ours / theirs
        );
    }
    text
}
