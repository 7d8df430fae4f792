//! What shared stores cost and how fast players move between servers, on stores that this program starts itself.
//!
//! `cargo bench --features postgres,redis --bench shared_stores` measures, prints, and writes its part of `docs/performance.md`.
//! `-- --quick` measures a little of everything and writes nothing.

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
    let is_quick = std::env::args().any(|argument| argument == "--quick");
    let size = if is_quick { QUICK } else { WHOLE };
    let stores = stores::all();
    let mut text = String::from("### Saves per second\n\n");
    text += &saves::measure(&stores, &size);
    text += "\n### Ten thousand players at shutdown\n\n";
    text += &shutdown::measure(&stores, &size);
    text += "\n### Hand-over and takeover\n\n";
    text += &hand_over::measure(&stores, &size);
    text += "\n### Requests to the store\n\n";
    text += &requests::measure();
    println!("{text}");
    if !is_quick {
        page::write("cargo bench --features postgres,redis --bench shared_stores", &text);
    }
}
