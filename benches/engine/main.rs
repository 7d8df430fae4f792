//! What the engine costs on the memory store, on one core, beside what serde_json needs for the same records.
//!
//! `cargo bench --bench engine` measures, prints, and writes its part of `docs/performance.md`. `-- --quick` measures a
//! little of everything, and `-- purchase` only what has this word in its title; both leave the page alone.

#[expect(dead_code, reason = "one line in one colour is all that is drawn here")]
#[path = "../common/chart.rs"]
mod chart;
mod farm;
#[path = "../common/game.rs"]
mod game;
mod memory;
#[path = "../common/page.rs"]
mod page;
mod receipts;
mod serde;
mod sessions;
mod ticks;

/// How much is measured.
struct Size {
    /// Runs of each thing that is compared, in turn.
    rounds: usize,
    /// Lockers of the idle servers.
    idle: &'static [usize],
    /// Older purchases in the record of a player who has bought a lot.
    older_receipts: usize,
    /// Players who come in ten seconds.
    joining: usize,
}

const WHOLE: Size = Size {
    rounds: 31,
    idle: &[100, 1_000, 10_000, 100_000],
    older_receipts: 10_000,
    joining: 100_000,
};

const QUICK: Size = Size {
    rounds: 3,
    idle: &[100, 1_000],
    older_receipts: 200,
    joining: 2_000,
};

fn main() {
    let asked = page::asked();
    let size = if asked.is_quick { QUICK } else { WHOLE };
    let parts: [(&str, page::Measure<'_>); 5] = [
        ("A tick over idle lockers", &|charts| ticks::measure(&size, charts)),
        ("A whole session", &|_| sessions::measure(&size)),
        ("A purchase", &|_| receipts::measure(&size)),
        ("Memory", &|_| memory::measure()),
        ("A server farm restarts", &|_| farm::measure(&size)),
    ];
    page::run("cargo bench --bench engine", &asked, &parts);
}
