//! The outbox of a record: changes to other records that left in the same write as the record's own data, and are
//! delivered from there, however often that takes.

use super::extra::Extra;
use super::inbox::Sent;
use super::rare::Part;
use super::stamp::Stamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How many undelivered changes an outbox holds.
pub const MAX_OUTBOX: usize = 256;

/// One change that is on its way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outgoing {
    /// Its number in the record's line.
    pub number: u64,
    /// The spec of the target.
    pub space: String,
    /// The key of the target.
    pub key: String,
    /// What kind of change it is; the game's word.
    pub kind: String,
    /// What the game sends with it.
    #[serde(default)]
    pub payload: Value,
    /// Whether the target is created if it does not exist.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub create: bool,
    /// When it was queued, by the wall clock of the server; for people.
    #[serde(default)]
    pub at_ms: i64,
    /// Fields of newer versions.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Outgoing {
    /// The change as it comes back to its own record, because `target` cannot take it.
    #[must_use]
    pub fn returned(&self, line: &str, from: &str) -> Sent {
        Sent {
            line: line.to_owned(),
            number: self.number,
            kind: self.kind.clone(),
            payload: self.payload.clone(),
            from: from.to_owned(),
            returned_from: Some(format!("{}/{}", self.space, self.key)),
            at_ms: self.at_ms,
            extra: Extra::default(),
        }
    }
}

/// The changes of a record that are on their way, in the order in which they were queued.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Outbox {
    /// Names the row of all changes that ever left this record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    line: Option<Stamp>,
    /// The number of the last change that was queued.
    #[serde(default)]
    last: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    waiting: Vec<Outgoing>,
    /// Fields of newer versions.
    #[serde(flatten)]
    extra: Extra,
}

impl Part for Outbox {
    fn missing() -> &'static Self {
        static EMPTY: Outbox = Outbox {
            line: None,
            last: 0,
            waiting: Vec::new(),
            extra: Extra::new(),
        };
        &EMPTY
    }
}

impl Outbox {
    /// Whether nothing ever left from here.
    #[must_use]
    pub fn is_untouched(&self) -> bool {
        self.line.is_none() && self.last == 0 && self.waiting.is_empty() && self.extra.is_empty()
    }

    /// The number of the last change that was queued; 0 if none was.
    #[must_use]
    pub fn last(&self) -> u64 {
        self.last
    }

    /// What is on its way, oldest first.
    #[must_use]
    pub fn waiting(&self) -> &[Outgoing] {
        &self.waiting
    }

    /// The name of the row; `None` before the first change.
    #[must_use]
    pub fn line(&self) -> Option<String> {
        self.line.map(|line| line.to_string())
    }

    /// Whether there is no room for `more` changes.
    #[must_use]
    pub fn is_full(&self, more: usize) -> bool {
        self.waiting.len() + more > MAX_OUTBOX
    }

    /// Queues a change. `line` names the row if this is its first.
    pub fn queue(&mut self, line: Stamp, mut outgoing: Outgoing) -> u64 {
        self.line.get_or_insert(line);
        self.last += 1;
        outgoing.number = self.last;
        self.waiting.push(outgoing);
        self.last
    }

    /// Takes out what was delivered or came back.
    pub fn remove(&mut self, number: u64) -> Option<Outgoing> {
        let index = self.waiting.iter().position(|outgoing| outgoing.number == number)?;
        Some(self.waiting.remove(index))
    }

    /// The outbox of an erased record: its row goes on where it was.
    #[must_use]
    pub fn emptied(&self) -> Self {
        Self {
            waiting: Vec::new(),
            ..self.clone()
        }
    }
}
