//! What hosts saw and were told, in the order of true time, and at the end a check of it that knows nothing of the store:
//! there must be one order of all saves of a record that explains every look at it (after the way in which Elle checks
//! lists that are only appended to; Kingsbury and Alvaro, 2020).
//!
//! Each session that is loaded, and each look, sees the list of all edits up to some moment between its wish and its
//! answer. So of any two lists one is the beginning of the other; who asked after another was answered sees at least
//! as much; and an edit that was told saved is in everything that was asked for later.

use crate::checker::Fault;
use std::collections::BTreeMap;

/// One look at a record.
struct Look {
    process: usize,
    since: u64,
    until: u64,
    log: Vec<u32>,
}

#[derive(Default)]
struct Story {
    looks: Vec<Look>,
    /// When each edit was first told saved.
    saved: BTreeMap<u32, u64>,
    /// Until when what was seen before counts no longer: the record was erased or rolled back then.
    begins: u64,
}

/// All of a run.
pub struct History {
    keys: Vec<Story>,
    pub compared: u64,
}

impl History {
    pub fn new(keys: usize) -> Self {
        Self {
            keys: (0..keys).map(|_| Story::default()).collect(),
            compared: 0,
        }
    }

    /// A process wished to see a record at `since`, and saw this at `until`.
    pub fn seen(&mut self, key: usize, process: usize, since: u64, until: u64, log: &[u32]) {
        self.keys[key].looks.push(Look {
            process,
            since,
            until,
            log: log.to_vec(),
        });
    }

    /// A host was told that an edit is saved.
    pub fn saved(&mut self, key: usize, edit: u32, now: u64) {
        self.keys[key].saved.entry(edit).or_insert(now);
    }

    /// The record was erased, or the store fell back: what was seen before says nothing of later.
    pub fn broken_off(&mut self, key: usize, now: u64) {
        self.keys[key].begins = now;
    }

    /// Whether one order explains everything; `last` is what is stored at the end, if that can be read.
    pub fn check(&mut self, key: usize, last: Option<&[u32]>, now: u64) -> Result<(), Fault> {
        if let Some(last) = last {
            self.seen(key, usize::MAX, now, now, last);
        }
        let story = &self.keys[key];
        let mut looks: Vec<&Look> = story.looks.iter().filter(|look| look.since >= story.begins).collect();
        looks.sort_by_key(|look| (look.log.len(), look.until));
        for pair in looks.windows(2) {
            if !pair[1].log.starts_with(&pair[0].log) {
                return Err(("I2", told("no order explains what was seen", key, pair[0], pair[1])));
            }
        }
        // Of all that were answered before a look was asked for, the longest list counts.
        let mut by_until: Vec<&Look> = looks.clone();
        by_until.sort_by_key(|look| look.until);
        let mut by_since = looks.clone();
        by_since.sort_by_key(|look| look.since);
        let mut longest: Option<&Look> = None;
        let mut answered = by_until.into_iter().peekable();
        for look in by_since {
            while let Some(before) = answered.next_if(|before| before.until < look.since) {
                longest = longest
                    .filter(|longest| longest.log.len() >= before.log.len())
                    .or(Some(before));
            }
            self.compared += 1;
            if let Some(before) = longest.filter(|before| before.log.len() > look.log.len()) {
                return Err(("I2", told("what was seen is seen no more", key, before, look)));
            }
        }
        self.check_saved(key)
    }

    fn check_saved(&mut self, key: usize) -> Result<(), Fault> {
        let story = &self.keys[key];
        for look in story.looks.iter().filter(|look| look.since >= story.begins) {
            for (edit, at) in &story.saved {
                self.compared += 1;
                if *at >= story.begins && *at < look.since && !look.log.contains(edit) {
                    let text = format!(
                        "k{key}: edit {edit} was told saved at {at}, and process {} saw {:?} from {} on",
                        look.process, look.log, look.since
                    );
                    return Err(("I2", text));
                }
            }
        }
        Ok(())
    }
}

fn told(what: &str, key: usize, one: &Look, other: &Look) -> String {
    let look = |look: &Look| {
        format!(
            "process {} saw {:?} between {} and {}",
            look.process, look.log, look.since, look.until
        )
    };
    format!("k{key}: {what}: {}, {}", look(one), look(other))
}
