//! What players were told, and whether it is so in the store afterwards.

use crate::programs::{Folder, Kind, Run, DONE};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::AddAssign;
use std::path::Path;

/// How many promises were looked at.
#[derive(Clone, Copy, Default, Debug)]
pub struct Checked {
    pub records: u64,
    pub saves: u64,
    pub losses: u64,
    pub purchases: u64,
}

impl AddAssign for Checked {
    fn add_assign(&mut self, more: Self) {
        self.records += more.records;
        self.saves += more.saves;
        self.losses += more.losses;
        self.purchases += more.purchases;
    }
}

impl std::fmt::Display for Checked {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            out,
            "checked: {} records, {} sessions with reported saves, {} with reported losses, {} granted purchases",
            self.records, self.saves, self.losses, self.purchases
        )
    }
}

#[derive(Clone, Default)]
struct Told {
    /// By epoch: how many changes of the session were reported saved.
    saved: BTreeMap<u64, u64>,
    /// By epoch: how many changes may be there, since what came after them was reported lost.
    at_most: BTreeMap<u64, u64>,
    offered: BTreeSet<String>,
    granted: BTreeSet<String>,
}

/// All that the players of one store were told, by key.
#[derive(Clone, Default)]
pub struct Promises {
    players: BTreeMap<String, Told>,
}

impl Promises {
    /// Adds what a process said.
    pub fn learn<'a>(&mut self, lines: impl IntoIterator<Item = &'a str>) {
        for line in lines {
            let words: Vec<&str> = line.split(' ').collect();
            let number = |at: usize| -> u64 {
                let parsed = words.get(at).and_then(|word| word.parse().ok());
                parsed.unwrap_or_else(|| panic!("not a line of a player: {line}"))
            };
            let subject = words.get(1).copied().unwrap_or_default();
            if !matches!(words[0], "saved" | "lost" | "settled" | "offered" | "granted") {
                continue;
            }
            let told = self.players.entry(subject.to_owned()).or_default();
            match words[0] {
                "saved" => raise(&mut told.saved, number(2), number(3)),
                "lost" => lower(&mut told.at_most, number(2), number(3)),
                "settled" if words[4] == "saved" => raise(&mut told.saved, number(2), number(3)),
                // The changes of a session are saved in their order: without this one, none after it is there.
                "settled" if words[4] == "lost" => lower(&mut told.at_most, number(2), number(3) - 1),
                "settled" => {}
                "offered" => {
                    told.offered.insert(words[2].to_owned());
                }
                _ => {
                    told.granted.insert(words[2].to_owned());
                }
            }
        }
    }

    /// Purchases whose end the platform has not heard of yet: it sends them again.
    pub fn unanswered(&self) -> Vec<String> {
        let all = self.players.values();
        all.flat_map(|told| told.offered.difference(&told.granted).cloned())
            .collect()
    }

    fn check_record(&self, key: &str, record: &Value, purchases: &Value) -> Result<Checked, String> {
        let none = Told::default();
        let told = self.players.get(key).unwrap_or(&none);
        check_marks(told, record).map_err(|fault| format!("{key}: {fault}; it is {}", shown(record)))?;
        check_purchases(told, record, purchases)
            .map_err(|fault| format!("{key}: {fault}; it is {} and {purchases}", shown(record)))?;
        Ok(Checked {
            records: 1,
            saves: told.saved.len() as u64,
            losses: told.at_most.len() as u64,
            purchases: told.granted.len() as u64,
        })
    }
}

fn raise(numbers: &mut BTreeMap<u64, u64>, epoch: u64, number: u64) {
    let known = numbers.entry(epoch).or_insert(number);
    *known = number.max(*known);
}

fn lower(numbers: &mut BTreeMap<u64, u64>, epoch: u64, number: u64) {
    let known = numbers.entry(epoch).or_insert(number);
    *known = number.min(*known);
}

fn shown(record: &Value) -> String {
    format!(
        "marks {} bought {} gold {}",
        record["marks"], record["bought"], record["gold"]
    )
}

/// Each session that was told that its changes are saved, or lost, has left its mark, or not.
fn check_marks(told: &Told, record: &Value) -> Result<(), String> {
    let mark = |epoch: u64| record["marks"][epoch.to_string()].as_u64().unwrap_or(0);
    for (&epoch, &number) in &told.saved {
        if mark(epoch) < number {
            return Err(format!(
                "change {number} of epoch {epoch} was reported saved and is not there"
            ));
        }
    }
    for (&epoch, &number) in &told.at_most {
        if mark(epoch) > number {
            return Err(format!(
                "what came after change {number} of epoch {epoch} was reported lost and is there"
            ));
        }
    }
    Ok(())
}

/// Effect and ledger agree, each purchase is there at most once, and each that was granted is there.
fn check_purchases(told: &Told, record: &Value, purchases: &Value) -> Result<(), String> {
    let bought = record["bought"].as_object().ok_or("no purchases in the data")?;
    for (purchase, times) in bought {
        if times != 1 {
            return Err(format!("{purchase} took effect {times} times"));
        }
        if !told.offered.contains(purchase) {
            return Err(format!("nobody has offered {purchase}"));
        }
    }
    let ledger: Vec<&str> = purchases
        .as_array()
        .ok_or("no ledger")?
        .iter()
        .filter(|entry| entry["state"] == "granted")
        .filter_map(|entry| entry["purchase_id"].as_str())
        .collect();
    let entries: BTreeSet<&str> = ledger.iter().copied().collect();
    if ledger.len() != entries.len() || entries != bought.keys().map(String::as_str).collect() {
        return Err(format!("the ledger has {ledger:?}"));
    }
    if record["gold"].as_u64() != Some(100 * bought.len() as u64) {
        return Err("the gold is not what was bought".to_owned());
    }
    match told.granted.iter().find(|purchase| !bought.contains_key(*purchase)) {
        Some(missing) => Err(format!("{missing} was granted and is not there")),
        None => Ok(()),
    }
}

fn integrity(kind: Kind, folder: &Path) -> Result<(), String> {
    let place = kind.place(folder);
    if kind != Kind::Sqlite || !place.exists() {
        return Ok(());
    }
    let found = rusqlite::Connection::open(&place)
        .and_then(|connection| connection.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0)))
        .map_err(|error| format!("the integrity check fails: {error}"))?;
    match found.as_str() {
        "ok" => Ok(()),
        other => Err(format!("the integrity check finds {other}")),
    }
}

/// Lets a healthy process look at every record, send again what was not answered, save, and let go; holds what it finds
/// against the promises, and adds what that process was promised.
pub fn check(kind: Kind, folder: &Folder, promises: &mut Promises) -> Result<Checked, String> {
    let again = promises.unanswered();
    let mut arguments = vec!["check"];
    arguments.extend(again.iter().map(String::as_str));
    let ended = Run::plain(kind, folder.path(), &arguments).end();
    if !ended.ended_with(&[DONE]) {
        return Err(format!("a healthy process fails: {}", ended.last_words()));
    }
    let checked = compare(promises, &ended.lines)?;
    if let Some(purchase) = promises.unanswered().first() {
        return Err(format!("{purchase} was sent again and not granted"));
    }
    integrity(kind, folder.path())?;
    Ok(checked)
}

/// Goes through what a process said: each record that it shows must be as all that was said before promises.
pub fn compare(promises: &mut Promises, lines: &[String]) -> Result<Checked, String> {
    let mut checked = Checked::default();
    let mut record = Value::Null;
    for line in lines {
        let json = |text: &str| serde_json::from_str::<Value>(text).map_err(|error| format!("{error}: {text}"));
        let mut words = line.splitn(3, ' ');
        match (words.next(), words.next(), words.next()) {
            (Some("record"), Some(_), Some(text)) => record = json(text)?,
            (Some("purchases"), Some(key), Some(text)) => {
                checked += promises.check_record(key, &record, &json(text)?)?;
            }
            _ => promises.learn([line.as_str()]),
        }
    }
    Ok(checked)
}
