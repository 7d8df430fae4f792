//! Reads every record in the end, as one more server that has nothing to do with the story.

use crate::audit::State;
use crate::checker::Final;
use crate::servers::{Server, Settings};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

/// What the reader found, and the log of what it did itself: gifts that were still under way arrive at it.
pub struct Reading {
    pub records: BTreeMap<String, Final>,
    pub log: PathBuf,
}

/// Joins each player and shows it, until `is_all` says that nothing more is to come.
pub fn read_records(
    settings: &Settings,
    players: usize,
    limit: Duration,
    is_all: impl Fn(&BTreeMap<String, Final>) -> bool,
) -> Reading {
    let (sender, messages) = channel();
    let mut reader = Server::new(0, "reader");
    reader.start(settings, false, &sender);
    let deadline = Instant::now() + limit;
    let mut shown: BTreeMap<String, Final> = BTreeMap::new();
    let mut records: BTreeMap<String, Final> = BTreeMap::new();
    let mut joined = 0;
    let mut look = Instant::now();
    while records.len() < players || Instant::now() < look || !is_all(&records) {
        if Instant::now() > deadline {
            // What is missing the checker will tell.
            assert!(
                records.len() == players,
                "{} of {players} records could be read within {limit:?}",
                records.len()
            );
            break;
        }
        look = look.max(Instant::now());
        while joined < players && reader.keeps_up() {
            reader.send(&format!("join p{joined}"));
            joined += 1;
        }
        let Ok(message) = messages.recv_timeout(Duration::from_millis(200)) else {
            continue;
        };
        let line = message.line.expect("the reader lives");
        reader.heard(&line);
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            // What comes later than the load shows in another look.
            ["*", "loaded" | "gift" | "mail", player, ..] => {
                reader.send(&format!("show {player}"));
                reader.send(&format!("letters {player}"));
                look = Instant::now() + Duration::from_secs(1);
            }
            ["ok", "show", player, ..] => {
                let read = parse_show(&words).unwrap_or_else(|| panic!("unclear: {line}"));
                shown.insert(player.to_owned(), read);
            }
            ["ok", "letters", player, "gifts", gifts, "mail", mail] => {
                if let Some(read) = shown.get(player) {
                    let mut read = read.clone();
                    (read.gifts, read.mail) = (list(gifts), list(mail));
                    records.insert(player.to_owned(), read);
                }
            }
            // Not available just now.
            ["error", "show" | "letters", player, ..] => {
                let player = player.trim_end_matches(':');
                reader.send(&format!("show {player}"));
                reader.send(&format!("letters {player}"));
            }
            _ => {}
        }
    }
    reader.shut_down(Duration::from_secs(60));
    let log = reader.logs.pop().expect("it was started");
    Reading { records, log }
}

/// Words separated by commas, `-` for none.
fn list(text: &str) -> Vec<String> {
    text.split(',').filter(|id| *id != "-").map(str::to_owned).collect()
}

/// `ok show <player> gold <n> ops <n> vip <yes|no> credit <n> receipts <id,id|->`.
fn parse_show(words: &[&str]) -> Option<Final> {
    let value = |name: &str| {
        let place = words.iter().position(|word| *word == name)?;
        words.get(place + 1).copied()
    };
    let receipts = list(value("receipts")?);
    let state = State {
        ops: value("ops")?.parse().ok()?,
        gold: value("gold")?.parse().ok()?,
        receipts: i64::try_from(receipts.len()).ok()?,
    };
    Some(Final {
        state,
        receipts,
        gifts: Vec::new(),
        mail: Vec::new(),
    })
}
