//! What shared stores cost and how fast players move between servers, on stores that this program starts itself.
//!
//! `cargo bench --features postgres,redis --bench shared_stores` measures, prints, and writes its part of `docs/performance.md`.
//! `-- --quick` measures a little of everything, and `-- shutdown` only what has this word in its title; both leave the page
//! alone.

#[path = "../common/chart.rs"]
mod chart;
mod clients;
#[path = "../common/game.rs"]
mod game;
mod hand_over;
#[path = "../common/page.rs"]
mod page;
mod requests;
mod saves;
mod shutdown;
mod stores;
#[path = "../../tests/tools/mod.rs"]
mod tools;

/// How much is measured.
struct Size {
    /// Runs of each thing that is compared, in turn.
    rounds: usize,
    /// Writes in each run.
    saves: usize,
    /// Players who are saved when their server shuts down.
    players_at_shutdown: usize,
    /// Players who go from one server to another.
    moving_players: usize,
}

const WHOLE: Size = Size {
    rounds: 7,
    saves: 20_000,
    players_at_shutdown: 10_000,
    moving_players: 200,
};

const QUICK: Size = Size {
    rounds: 2,
    saves: 2_000,
    players_at_shutdown: 500,
    moving_players: 20,
};

fn main() {
    let asked = page::asked();
    let size = if asked.is_quick { QUICK } else { WHOLE };
    let stores = stores::all();
    let parts: [(&str, page::Measure<'_>); 4] = [
        ("Saves per second", &|charts| saves::measure(&stores, &size, charts)),
        ("Ten thousand players at shutdown", &|_| {
            shutdown::measure(&stores, &size)
        }),
        ("Hand-over and takeover", &|charts| {
            hand_over::measure(&stores, &size, charts)
        }),
        ("Requests to the store", &|_| requests::measure()),
    ];
    page::run(
        "cargo bench --features postgres,redis --bench shared_stores",
        &asked,
        &parts,
    );
}
