//! The inbox of a record: changes that others have sent, and what is needed to take each of them once.
//!
//! Every sender numbers its changes upwards, under a name of its own (its *line*). The record keeps the highest number
//! that it has taken in from each line, in the write that takes the change in. So a sender whose reply was lost looks at
//! that number and knows; and a change that comes again is recognised for as long as its line is remembered.

use super::extra::Extra;
use super::outbox::MAX_OUTBOX;
use super::rare::Part;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How many senders an inbox remembers.
pub const REMEMBERED_LINES: usize = 1024;

/// One change that was sent to a record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sent {
    /// The sender's name for its row of changes.
    pub line: String,
    /// The change's number in that row.
    pub number: u64,
    /// What kind of change it is; the game's word.
    pub kind: String,
    /// What the game sent with it.
    #[serde(default)]
    pub payload: Value,
    /// Who sent it: `space/key` of a record, or the id of a server.
    pub from: String,
    /// It could not be delivered to this target and came back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returned_from: Option<String>,
    /// When it was sent, by the wall clock of the sender; for people.
    #[serde(default)]
    pub at_ms: i64,
    /// Fields of newer versions.
    #[serde(flatten)]
    pub extra: Extra,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Line {
    name: String,
    /// The highest number that was taken in or turned away.
    taken: u64,
    /// The last numbers that were turned away because there was no record: they go back to their sender, whoever brings
    /// them. As many as an outbox can hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    refused: Vec<u64>,
}

impl Line {
    fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            taken: 0,
            refused: Vec::new(),
        }
    }
}

/// What an inbox says to a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intake {
    /// It is new.
    New,
    /// It was taken in before.
    Known,
    /// It was turned away before, and has gone back to its sender or will.
    Refused,
    /// Its line is not remembered, and may have been forgotten.
    Forgotten,
}

/// The changes that a record has taken in and not applied yet, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Inbox {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    waiting: Vec<Sent>,
    /// The line that was heard of last stands last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    lines: Vec<Line>,
    /// Some line was forgotten to make room.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    forgetful: bool,
    /// Fields of newer versions.
    #[serde(flatten)]
    extra: Extra,
}

impl Part for Inbox {
    fn missing() -> &'static Self {
        static EMPTY: Inbox = Inbox {
            waiting: Vec::new(),
            lines: Vec::new(),
            forgetful: false,
            extra: Extra::new(),
        };
        &EMPTY
    }
}

impl Inbox {
    /// Whether nothing was ever sent here.
    #[must_use]
    pub fn is_untouched(&self) -> bool {
        self.waiting.is_empty() && self.lines.is_empty() && !self.forgetful && self.extra.is_empty()
    }

    /// What waits to be applied, oldest first.
    #[must_use]
    pub fn waiting(&self) -> &[Sent] {
        &self.waiting
    }

    /// Whether a change is new here.
    #[must_use]
    pub fn intake(&self, line: &str, number: u64) -> Intake {
        match self.lines.iter().find(|known| known.name == line) {
            Some(known) if known.refused.contains(&number) => Intake::Refused,
            Some(known) if number <= known.taken => Intake::Known,
            Some(_) => Intake::New,
            None if self.forgetful => Intake::Forgotten,
            None => Intake::New,
        }
    }

    /// Takes a change in.
    pub fn take(&mut self, sent: Sent) {
        self.note(&sent.line, sent.number, false);
        self.waiting.push(sent);
    }

    /// Turns a change away, since there is no record to take it in. Nobody else who brings it can deliver it after that:
    /// its sender has it back.
    pub fn refuse(&mut self, line: &str, number: u64) {
        self.note(line, number, true);
    }

    /// Remembers the number of a change that was taken in or turned away.
    fn note(&mut self, line: &str, number: u64, refused: bool) {
        let known = self.lines.iter().position(|known| known.name == line);
        let mut noted = known.map_or_else(|| Line::new(line), |index| self.lines.remove(index));
        noted.taken = noted.taken.max(number);
        if refused {
            noted.refused.push(number);
            let surplus = noted.refused.len().saturating_sub(MAX_OUTBOX);
            noted.refused.drain(..surplus);
        }
        self.lines.push(noted);
        while self.lines.len() > REMEMBERED_LINES {
            // A line of which something still waits is remembered for as long as it waits.
            let waiting = &self.waiting;
            let idle = |known: &Line| !waiting.iter().any(|sent| sent.line == known.name);
            let Some(index) = self.lines.iter().position(idle) else {
                return;
            };
            self.lines.remove(index);
            self.forgetful = true;
        }
    }

    /// A change of the record itself that came back: it waits like one that was sent.
    pub fn take_back(&mut self, sent: Sent) {
        self.waiting.push(sent);
    }

    /// Takes out what has been applied.
    pub fn remove(&mut self, line: &str, number: u64) -> Option<Sent> {
        let index = self
            .waiting
            .iter()
            .position(|sent| sent.line == line && sent.number == number)?;
        Some(self.waiting.remove(index))
    }

    /// The stored inbox as the holder sees it, who has `own`: without what `applied` names, and with what came back to
    /// the holder and is not stored yet.
    #[must_use]
    pub fn merged_into(&self, own: &Self, applied: impl Fn(&Sent) -> bool) -> Self {
        let mut merged = self.clone();
        merged.waiting.retain(|sent| !applied(sent));
        let came_back = own.waiting.iter().filter(|sent| sent.returned_from.is_some());
        let missing = came_back.filter(|sent| !self.has(sent));
        merged.waiting.extend(missing.cloned());
        merged
    }

    /// The inbox as it was stored last, with what others have sent since then: `present` is the holder's view of now.
    #[must_use]
    pub fn with_news_of(&self, present: &Self) -> Self {
        let mut back = present.clone();
        back.waiting.clone_from(&self.waiting);
        let sent_since = present.waiting.iter().filter(|sent| sent.returned_from.is_none());
        back.waiting.extend(sent_since.filter(|sent| !self.has(sent)).cloned());
        back
    }

    fn has(&self, sent: &Sent) -> bool {
        self.waiting
            .iter()
            .any(|other| other.line == sent.line && other.number == sent.number)
    }

    /// The inbox of an erased record: it remembers its senders and has nothing to apply.
    #[must_use]
    pub fn emptied(&self) -> Self {
        Self {
            waiting: Vec::new(),
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(line: &str, number: u64) -> Sent {
        Sent {
            line: line.into(),
            number,
            kind: "gift".into(),
            payload: Value::Null,
            from: "a".into(),
            returned_from: None,
            at_ms: 0,
            extra: Extra::default(),
        }
    }

    #[test]
    fn a_change_is_taken_in_once() {
        let mut inbox = Inbox::default();
        assert_eq!(inbox.intake("x", 1), Intake::New);
        inbox.take(sent("x", 1));
        assert_eq!(inbox.intake("x", 1), Intake::Known);
        assert!(inbox.remove("x", 1).is_some());
        assert_eq!(inbox.intake("x", 1), Intake::Known, "also after it was applied");
        assert_eq!(inbox.intake("x", 2), Intake::New);
        let text = serde_json::to_string(&inbox).unwrap();
        let again: Inbox = serde_json::from_str(&text).unwrap();
        assert_eq!(again, inbox);
    }

    #[test]
    fn what_was_turned_away_stays_so() {
        let mut inbox = Inbox::default();
        inbox.take(sent("x", 1));
        inbox.refuse("x", 2);
        inbox.take(sent("x", 3));
        let taken: Vec<_> = (1..=4).map(|number| inbox.intake("x", number)).collect();
        assert_eq!(taken, [Intake::Known, Intake::Refused, Intake::Known, Intake::New]);
        let text = serde_json::to_string(&inbox.emptied()).unwrap();
        let again: Inbox = serde_json::from_str(&text).unwrap();
        assert_eq!(
            again.intake("x", 2),
            Intake::Refused,
            "also in what is left of an erased record"
        );
    }

    #[test]
    fn a_line_that_may_have_been_forgotten_is_not_new() {
        let mut inbox = Inbox::default();
        for number in 0..=REMEMBERED_LINES {
            let line = format!("line {number}");
            inbox.take(sent(&line, 1));
            inbox.remove(&line, 1);
        }
        assert_eq!(inbox.intake("line 0", 1), Intake::Forgotten);
        assert_eq!(inbox.intake("line 1", 1), Intake::Known);
        assert_eq!(inbox.intake("never heard of", 1), Intake::Forgotten);
    }

    #[test]
    fn a_line_with_something_waiting_is_not_forgotten() {
        let mut inbox = Inbox::default();
        inbox.take(sent("first", 1));
        for number in 0..2 * REMEMBERED_LINES {
            let line = format!("line {number}");
            inbox.take(sent(&line, 1));
            inbox.remove(&line, 1);
        }
        assert_eq!(inbox.intake("first", 1), Intake::Known);
    }
}
