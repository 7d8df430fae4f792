//! What players were promised, by whichever server, and whether the records keep it in the end.

use std::collections::{BTreeMap, BTreeSet};

/// A player's record in the end: for each server the last mark that it left, and the purchases that took effect.
#[derive(Debug, Default)]
pub struct Found {
    pub marks: BTreeMap<String, i64>,
    pub purchases: Vec<String>,
}

/// What one player was promised. A server's marks count upwards and none is used twice, so that nobody else's later save
/// can hide that one is missing.
#[derive(Debug, Default)]
struct Player {
    saved: BTreeMap<String, i64>,
    lost: BTreeSet<(String, i64)>,
    /// Purchases, and how often they were told to be new.
    granted: BTreeMap<String, u64>,
    /// The store had lost saves, and the holder was told.
    rolled_back: bool,
}

#[derive(Debug, Default)]
pub struct Promises {
    players: BTreeMap<String, Player>,
    pub saves: u64,
    pub grants: u64,
    pub rollbacks: u64,
}

/// How records and promises compare.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// What is wrong.
    pub faults: Vec<String>,
    /// Players of whom saves that had been reported are gone because the store lost them, and were told so.
    pub gone_and_told: usize,
}

impl Promises {
    fn of(&mut self, player: &str) -> &mut Player {
        self.players.entry(player.to_owned()).or_default()
    }

    pub fn saved(&mut self, player: &str, server: &str, mark: i64) {
        self.saves += 1;
        let known = self.of(player).saved.entry(server.to_owned()).or_default();
        *known = mark.max(*known);
    }

    pub fn lost(&mut self, player: &str, server: &str, mark: i64) {
        self.of(player).lost.insert((server.to_owned(), mark));
    }

    pub fn granted(&mut self, player: &str, purchase: &str, duplicate: bool) {
        self.grants += 1;
        // Who takes over may be told that it is an old one before the first hears that it is a new one.
        *self.of(player).granted.entry(purchase.to_owned()).or_default() += u64::from(!duplicate);
    }

    pub fn rolled_back(&mut self, player: &str) {
        self.rollbacks += 1;
        self.of(player).rolled_back = true;
    }

    pub fn compare(&self, records: &BTreeMap<String, Found>) -> Verdict {
        let mut verdict = Verdict::default();
        for (name, player) in &self.players {
            let Some(found) = records.get(name) else {
                verdict.faults.push(format!("{name} has no record"));
                continue;
            };
            let missing = player.missing(found);
            match (missing.is_empty(), player.rolled_back) {
                (true, _) => {}
                (false, true) => verdict.gone_and_told += 1,
                (false, false) => verdict.faults.push(format!("{name}: {missing:?} in {found:?}")),
            }
            let wrong = player.wrong(found);
            if !wrong.is_empty() {
                verdict.faults.push(format!("{name}: {wrong:?} in {found:?}"));
            }
        }
        verdict
    }
}

impl Player {
    /// What was promised and is not there.
    fn missing(&self, found: &Found) -> Vec<String> {
        let saved = self.saved.iter().filter_map(|(server, mark)| {
            let there = found.marks.get(server).copied().unwrap_or(0);
            (there < *mark).then(|| format!("{server} was told that mark {mark} is saved"))
        });
        let granted = self
            .granted
            .keys()
            .filter(|purchase| !found.purchases.contains(purchase));
        let granted = granted.map(|purchase| format!("granted {purchase}"));
        saved.chain(granted).collect()
    }

    /// What must not be there, whatever the store has lost.
    fn wrong(&self, found: &Found) -> Vec<String> {
        let lost = found.marks.iter().filter(|(server, mark)| {
            let mark = ((*server).clone(), **mark);
            self.lost.contains(&mark)
        });
        let lost = lost.map(|(server, mark)| format!("{server} was told that mark {mark} is lost"));
        let mut seen = BTreeSet::new();
        let twice = found.purchases.iter().filter(move |purchase| !seen.insert(*purchase));
        let twice = twice.map(|purchase| format!("{purchase} took effect twice"));
        let doubled = self
            .granted
            .iter()
            .filter(|(_, times)| **times > 1 && !self.rolled_back);
        let doubled = doubled.map(|(purchase, times)| format!("{purchase} was granted {times} times as if new"));
        lost.chain(twice).chain(doubled).collect()
    }
}

mod tests {
    use super::*;

    fn found(mark: i64, purchases: &[&str]) -> BTreeMap<String, Found> {
        let found = Found {
            marks: BTreeMap::from([("a".to_owned(), mark)]),
            purchases: purchases.iter().map(|id| (*id).to_owned()).collect(),
        };
        BTreeMap::from([("p".to_owned(), found)])
    }

    #[test]
    fn what_is_kept_and_what_is_not_is_told_apart() {
        let mut promises = Promises::default();
        promises.saved("p", "a", 3);
        promises.lost("p", "a", 5);
        promises.granted("p", "r1", false);
        promises.granted("p", "r1", true);
        let faults = |records| promises.compare(&records).faults.len();
        assert_eq!(faults(found(3, &["r1"])), 0);
        assert_eq!(faults(found(4, &["r1", "r2"])), 0);
        assert_eq!(faults(found(2, &["r1"])), 1, "a save is gone");
        assert_eq!(faults(found(5, &["r1"])), 1, "what is lost is there");
        assert_eq!(faults(found(3, &[])), 1, "a purchase is gone");
        assert_eq!(faults(found(3, &["r1", "r1"])), 1, "a purchase took effect twice");
        assert_eq!(faults(BTreeMap::new()), 1, "the record is gone");
        promises.granted("p", "r1", false);
        assert_eq!(
            promises.compare(&found(3, &["r1"])).faults.len(),
            1,
            "granted twice as if new"
        );
    }

    #[test]
    fn what_a_store_lost_is_a_fault_unless_it_was_told() {
        let mut promises = Promises::default();
        promises.saved("p", "a", 3);
        assert_eq!(promises.compare(&found(2, &[])).faults.len(), 1);
        promises.rolled_back("p");
        let verdict = promises.compare(&found(2, &[]));
        assert_eq!((verdict.faults.len(), verdict.gone_and_told), (0, 1));
    }
}
