//! Real game servers on one store, eight processes in C, C++ and C# and of two versions of the game, two thousand players
//! who move between them at random, buy, and send each other gifts, and `kill -9` or SIGSTOP of a process, or of the
//! store, every few seconds. Afterwards the records and the log of each process must agree: no save that was reported is
//! lost, no purchase took effect twice, each gift that left has arrived once, and no player was available in two processes
//! at one time.
//!
//! `MULTIPROCESS_SECONDS`, `MULTIPROCESS_PLAYERS` and `MULTIPROCESS_SEED` set how long, how many, and which chance.

mod audit;
mod checker;
mod crowd;
mod deeds;
mod faults;
mod reader;
mod servers;
mod store_check;
#[path = "../tools/mod.rs"]
mod tools;

use crowd::{Crowd, Plan};
use servers::{Program, Settings};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock};
use std::time::Duration;
use tools::served::Served;

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

/// A store for the servers: what they are told of it, and the process that serves it, if there is one.
struct Store {
    arguments: Vec<String>,
    server: Option<Box<dyn Served>>,
}

impl Store {
    fn without_server(arguments: &[&str]) -> Self {
        Self {
            arguments: arguments.iter().map(|&argument| argument.to_owned()).collect(),
            server: None,
        }
    }
}

fn run(name: &str, programs: Vec<Program>, open: impl FnOnce(&Path) -> Store, plan: &Plan) {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let folder = fresh_folder(name);
    let mut store = open(&folder);
    let settings = Settings {
        programs,
        store: store.arguments.clone(),
        folder,
        lease: Duration::from_secs(3),
    };
    println!("{name}: seed {}", plan.seed);
    let mut crowd = Crowd::new(&settings, plan);
    let played = crowd.play(plan, store.server.as_mut());
    println!("{name}: played {:.1} s", played.as_secs_f64());
    let settled = crowd.settle(Duration::from_secs(180));
    let deeds = std::mem::take(&mut crowd.deeds);
    let heard = std::mem::take(&mut crowd.heard);
    let letters = std::mem::take(&mut crowd.letters);
    let logs = crowd.end(settled.is_ok());

    let mut history = read_logs(&logs);
    let mut records = None;
    if settled.is_ok() {
        let is_all = |found: &_| checker::gifts_under_way(&history, found).is_empty();
        let reading = reader::read_records(&settings, plan.players, Duration::from_secs(120), is_all);
        history = read_logs(&[logs, vec![("reader".to_owned(), reading.log)]].concat());
        records = Some(reading.records);
    }
    let checked = checker::check(&history, records.as_ref());
    let mut faults: Vec<String> = settled.as_ref().err().cloned().into_iter().collect();
    faults.extend(checked.as_ref().err().into_iter().flatten().cloned());
    faults.extend(
        records
            .iter()
            .flat_map(|records| checker::check_mail(&letters, records)),
    );
    let (Ok(settled), Ok(counts), true) = (settled, checked, faults.is_empty()) else {
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
    let seconds = played.as_secs();
    let mut text = format!("{} players, {seconds} s, seed {}\n", plan.players, plan.seed);
    let _ = writeln!(text, "{deeds:?}\n{heard:?}\n{counts:?}");
    let _ = writeln!(
        text,
        "{} log lines, settled {:.1} s after the last fault",
        history.lines,
        settled.as_secs_f64()
    );
    report(name, &text);
    assert_nothing_missing(&deeds, &heard, &counts, store.server.is_some());
}

fn read_logs(logs: &[(String, PathBuf)]) -> audit::History {
    let mut history = audit::History::default();
    for (server, log) in logs {
        let text = std::fs::read_to_string(log).expect("each process has an audit log");
        history.add(server, &text).unwrap_or_else(|error| panic!("{error}"));
    }
    history
}

/// A run in which something expected never happened proves nothing about it.
fn assert_nothing_missing(deeds: &deeds::Deeds, heard: &deeds::Heard, counts: &checker::Counts, served: bool) {
    let mut expected = vec![
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
        ("gifts", counts.gifts),
        ("gifts and mails received", counts.received),
        ("lost sessions", counts.lost),
        ("suspect sessions", counts.suspects),
        ("available times", counts.intervals),
    ];
    if served {
        expected.push(("kills of the store", deeds.store_kills));
        expected.push(("pauses of the store", deeds.store_pauses));
    }
    let missing = expected.iter().filter(|(_, count)| *count == 0).map(|(name, _)| *name);
    let missing: Vec<&str> = missing.chain(heard.missing()).collect();
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

fn plan(duration: u64) -> Plan {
    Plan {
        players: setting("MULTIPROCESS_PLAYERS", 2000) as usize,
        duration: Duration::from_secs(setting("MULTIPROCESS_SECONDS", duration)),
        actions_per_second: 600,
        seed: setting("MULTIPROCESS_SEED", fastrand::u64(..1_000_000)),
    }
}

/// The versions of the game that the servers in each language know: rolled out to a part of them.
const IN_C: [u32; 3] = [2, 2, 1];
const IN_CPP: [u32; 3] = [2, 1, 2];
const IN_CSHARP: [u32; 2] = [2, 1];

/// Eight servers in three languages. `None`, and words why, where C# cannot be run and need not be.
fn eight_servers() -> Option<Vec<Program>> {
    static BUILT: OnceLock<Option<Vec<Program>>> = OnceLock::new();
    BUILT.get_or_init(build_eight_servers).clone()
}

fn build_eight_servers() -> Option<Vec<Program>> {
    let csharp = servers::build_csharp_game_server("game_server-csharp")?;
    let c = servers::build_game_server("gcc", "game_server-c", &[]);
    let cpp = servers::build_cpp_game_server("g++", "game_server-cpp");
    let of = |path: &PathBuf, versions: &[u32]| {
        let program = |version: &u32| Program {
            path: path.clone(),
            version: *version,
        };
        versions.iter().map(program).collect::<Vec<_>>()
    };
    Some([of(&c, &IN_C), of(&cpp, &IN_CPP), of(&csharp, &IN_CSHARP)].concat())
}

#[test]
fn eight_servers_on_one_sqlite_file_keep_their_promises() {
    if let Some(programs) = eight_servers() {
        let open = |folder: &Path| {
            let file = folder.join("players.db");
            Store::without_server(&["--db", &file.to_string_lossy()])
        };
        run("multiprocess-sqlite", programs, open, &plan(30));
    }
}

#[test]
fn two_servers_on_one_folder_keep_their_promises() {
    let program = Program {
        path: servers::build_game_server("gcc", "game_server-files", &[]),
        version: 2,
    };
    let plan = Plan {
        players: (setting("MULTIPROCESS_PLAYERS", 2000) / 20).max(2) as usize,
        duration: Duration::from_secs((setting("MULTIPROCESS_SECONDS", 30) / 2).max(15)),
        actions_per_second: 150,
        ..plan(30)
    };
    let open = |folder: &Path| {
        let place = format!("files:{}", folder.join("players").display());
        Store::without_server(&["--store", &place])
    };
    run("multiprocess-files", vec![program.clone(), program], open, &plan);
}

#[cfg(feature = "postgres")]
#[test]
fn eight_servers_on_postgres_keep_their_promises() {
    let (Some(programs), Some(server)) = (eight_servers(), tools::postgres::Postgres::start()) else {
        return;
    };
    let url = server.new_database(tools::served::DATABASE);
    let open = |_: &Path| Store {
        arguments: vec!["--store".to_owned(), url, "--create-tables".to_owned()],
        server: Some(Box::new(server)),
    };
    run("multiprocess-postgres", programs, open, &plan(30));
}

#[cfg(feature = "redis")]
#[test]
fn eight_servers_on_redis_keep_their_promises() {
    // Flushed as in earnest: it is killed.
    let settings = [("appendfsync", "always")];
    let (Some(programs), Some(server)) = (eight_servers(), tools::redis::Redis::start_with(&settings)) else {
        return;
    };
    let url = server.url(0);
    // Once, and not by each server, so that one that lost its data would be found out.
    sessionlocker::store::redis::create_layout(&url, &Default::default()).expect("a layout");
    let open = |_: &Path| Store {
        arguments: vec!["--store".to_owned(), url],
        server: Some(Box::new(server)),
    };
    run("multiprocess-redis", programs, open, &plan(30));
}
