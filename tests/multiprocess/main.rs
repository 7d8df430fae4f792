//! Real game servers on one store, in C, C++ and C#, a thousand players who move between them at random, and `kill -9` of one of the
//! processes every few seconds. Afterwards the records and the log of each process must agree: no save that was
//! reported is lost, no purchase took effect twice, and no player was available in two processes at one time.
//!
//! `MULTIPROCESS_SECONDS`, `MULTIPROCESS_PLAYERS` and `MULTIPROCESS_SEED` set how long, how many, and which chance.

mod audit;
mod checker;
mod crowd;
mod servers;

use crowd::{Crowd, Plan};
use servers::Settings;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::time::Duration;

/// The runs share the machine's two cores and measure nothing useful side by side.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn setting(name: &str, default: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text
            .parse()
            .unwrap_or_else(|_| panic!("{name} must be a number, not '{text}'")),
        Err(_) => default,
    }
}

fn fresh_folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("the target folder is writable");
    folder
}

/// Leaves the figures where the test runner collects them, and prints them.
fn report(name: &str, text: &str) {
    println!("{name}: {text}");
    if let Ok(folder) = std::env::var("FIGURES_DIR") {
        std::fs::write(Path::new(&folder).join(name), text).expect("the folder for figures is writable");
    }
}

fn run(name: &str, programs: Vec<PathBuf>, store: impl FnOnce(&Path) -> [String; 2], plan: &Plan) {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let folder = fresh_folder(name);
    let settings = Settings {
        programs,
        store: store(&folder),
        folder,
        lease: Duration::from_secs(3),
    };
    println!("{name}: seed {}", plan.seed);
    let mut crowd = Crowd::new(&settings, plan);
    crowd.play(plan);
    let settled = crowd.settle(Duration::from_secs(120));
    let deeds = std::mem::take(&mut crowd.deeds);
    let logs = crowd.end(settled.is_ok());
    let records = settled
        .as_ref()
        .ok()
        .map(|_| crowd::read_records(&settings, plan.players, Duration::from_secs(120)));

    let mut history = audit::History::default();
    for (server, log) in logs {
        let text = std::fs::read_to_string(&log).expect("each process has an audit log");
        history.add(&server, &text).unwrap_or_else(|error| panic!("{error}"));
    }
    let checked = checker::check(&history, records.as_ref());
    let stuck = settled.as_ref().err().cloned();
    let faults: Vec<String> = checked
        .as_ref()
        .err()
        .into_iter()
        .flatten()
        .cloned()
        .chain(stuck)
        .collect();
    let (Ok(settled), Ok(counts)) = (settled, checked) else {
        // A share of them: what comes first in the alphabet is not all there is.
        let shown = faults.iter().rev().step_by(1 + faults.len() / 20);
        let shown: String = shown.map(|fault| format!("\n  {fault}")).collect();
        panic!(
            "{} faults (seed {}, folder {}):{shown}",
            faults.len(),
            plan.seed,
            settings.folder.display()
        )
    };
    let mut text = String::new();
    let _ = writeln!(
        text,
        "{} players, {} s, seed {}",
        plan.players,
        plan.duration.as_secs(),
        plan.seed
    );
    let _ = writeln!(text, "{deeds:?}");
    let _ = writeln!(text, "{counts:?}");
    let _ = writeln!(
        text,
        "{} log lines, settled {:.1} s after the last fault",
        history.lines,
        settled.as_secs_f64()
    );
    report(name, &text);
    assert_nothing_missing(&deeds, &counts);
}

/// A run in which something expected never happened proves nothing about it.
fn assert_nothing_missing(deeds: &crowd::Deeds, counts: &checker::Counts) {
    let expected = [
        ("joins", deeds.joins),
        ("kills", deeds.kills),
        ("pauses", deeds.pauses),
        ("receipts delivered again", deeds.delivered_again),
        ("hand-overs", counts.hand_overs),
        ("takeovers", counts.takeovers),
        ("restarts", counts.restarts),
        ("saves reported", counts.saves_reported),
        ("receipts granted", counts.granted),
        ("receipts granted again", counts.granted_again),
        ("credits", counts.credited),
        ("lost sessions", counts.lost),
        ("suspect sessions", counts.suspects),
        ("available times", counts.intervals),
    ];
    let missing: Vec<&str> = expected
        .iter()
        .filter(|(_, count)| *count == 0)
        .map(|(name, _)| *name)
        .collect();
    assert!(missing.is_empty(), "these never happened: {missing:?}");
}

#[test]
fn the_game_server_compiles_with_clang() {
    servers::build_game_server("clang", "game_server-clang", &[]);
}

#[test]
fn the_story_of_the_demo_plays_under_sanitizers() {
    let flags = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"];
    let program = servers::build_game_server("gcc", "game_server-sanitized", &flags);
    for store in ["sqlite", "files"] {
        let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/demo.sh");
        let output = Command::new("bash")
            .arg(demo)
            .args([&program, &program])
            .arg(store)
            .output();
        let output = output.expect("bash is there");
        let transcript = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success() && transcript.ends_with("demo: success\n"),
            "{store}:\n{transcript}"
        );
    }
}

#[test]
fn two_servers_on_one_sqlite_file_keep_their_promises() {
    let plan = Plan {
        players: setting("MULTIPROCESS_PLAYERS", 1000) as usize,
        duration: Duration::from_secs(setting("MULTIPROCESS_SECONDS", 60)),
        actions_per_second: 500,
        seed: setting("MULTIPROCESS_SEED", fastrand::u64(..1_000_000)),
    };
    run("multiprocess-sqlite", two_in_c("game_server-sqlite"), database, &plan);
}

#[test]
fn servers_in_c_cpp_and_csharp_on_one_sqlite_file_keep_their_promises() {
    let Some(csharp) = servers::build_csharp_game_server("game_server-csharp") else {
        return;
    };
    let programs = vec![
        servers::build_game_server("gcc", "game_server-c", &[]),
        servers::build_cpp_game_server("g++", "game_server-cpp"),
        csharp,
    ];
    let plan = Plan {
        players: setting("MULTIPROCESS_PLAYERS", 1000) as usize,
        duration: Duration::from_secs(setting("MULTIPROCESS_SECONDS", 60)),
        actions_per_second: 400,
        seed: setting("MULTIPROCESS_SEED", fastrand::u64(..1_000_000)),
    };
    run("multiprocess-languages", programs, database, &plan);
}

fn database(folder: &Path) -> [String; 2] {
    ["--db".to_owned(), folder.join("players.db").display().to_string()]
}

fn two_in_c(name: &str) -> Vec<PathBuf> {
    let program = servers::build_game_server("gcc", name, &[]);
    vec![program.clone(), program]
}

#[test]
fn two_servers_on_one_folder_keep_their_promises() {
    let plan = Plan {
        players: (setting("MULTIPROCESS_PLAYERS", 1000) / 10).max(2) as usize,
        duration: Duration::from_secs((setting("MULTIPROCESS_SECONDS", 60) / 2).max(20)),
        actions_per_second: 150,
        seed: setting("MULTIPROCESS_SEED", fastrand::u64(..1_000_000)),
    };
    let store = |folder: &Path| {
        [
            "--store".to_owned(),
            format!("files:{}", folder.join("players").display()),
        ]
    };
    run("multiprocess-files", two_in_c("game_server-files"), store, &plan);
}
