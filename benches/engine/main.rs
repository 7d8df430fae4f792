//! What the engine costs on the memory store, on one core, beside what serde_json needs for the same records.
//!
//! `cargo bench --bench engine` measures, prints, and writes its part of `docs/performance.md`. `-- --quick` measures a
//! little of everything and writes nothing, `-- --only farm` the parts with this word in their titles.

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

/// What is measured: a title, and how.
type Part = (&'static str, fn(&Size) -> String);

fn main() {
    let is_quick = std::env::args().any(|argument| argument == "--quick");
    let only = std::env::args().skip_while(|argument| argument != "--only").nth(1);
    let size = if is_quick { QUICK } else { WHOLE };
    let parts: [Part; 5] = [
        ("A tick over idle lockers", ticks::measure),
        ("A whole session", sessions::measure),
        ("A purchase", receipts::measure),
        ("Memory", memory::measure),
        ("A server farm restarts", farm::measure),
    ];
    let wanted = |title: &str| only.as_ref().is_none_or(|only| title.to_lowercase().contains(only));
    let parts = parts.iter().filter(|(title, _)| wanted(title));
    let parts: Vec<String> = parts
        .map(|(title, measure)| format!("### {title}\n\n{}", measure(&size).trim()))
        .collect();
    let text = parts.join("\n\n");
    println!("{text}");
    if !is_quick && only.is_none() {
        page::write("cargo bench --bench engine", &text);
    }
}
