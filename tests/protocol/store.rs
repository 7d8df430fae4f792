//! What is stored, and how a write comes to it: compare-and-set on one key.

use crate::names::Name;
use crate::state::{Put, Stored};

/// How many past sessions the model's record remembers; small, so that forgetting is reached.
pub const PAST_SESSIONS: usize = 1;

/// Who holds the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Holder {
    pub incarnation: Name,
    /// The acquisition that made the session.
    pub op: Name,
}

/// The end of a past session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PastSession {
    pub epoch: u8,
    pub op: Name,
}

/// A player's record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Record {
    pub epoch: u8,
    /// The last write of the session of this epoch.
    pub op: Name,
    /// The acquisition that began this epoch. Not in the product: it is what I1 is checked by.
    pub author: Name,
    pub holder: Option<Holder>,
    /// Somebody asks for the record.
    pub asked: bool,
    /// Oldest first.
    pub past: [Option<PastSession>; PAST_SESSIONS],
    /// The game's data: the set of changes that were ever made, one bit each.
    pub data: u8,
}

impl Record {
    /// The last operation that landed under `epoch`, if the record remembers it.
    pub fn last_operation_of(&self, epoch: u8) -> Option<Name> {
        if self.epoch == epoch {
            return Some(self.op);
        }
        let mut past = self.past.iter().flatten();
        past.find(|past| past.epoch == epoch).map(|past| past.op)
    }

    /// The record as an acquisition writes it.
    pub fn begin_session(found: Option<&Self>, holder: Holder, raise_epoch: bool) -> Self {
        let mut past = found.map_or([None; PAST_SESSIONS], |found| found.past);
        if let Some(found) = found {
            past.rotate_left(1);
            past[PAST_SESSIONS - 1] = Some(PastSession {
                epoch: found.epoch,
                op: found.op,
            });
        }
        let epoch = found.map_or(0, |found| found.epoch);
        Self {
            epoch: if raise_epoch || epoch == 0 { epoch + 1 } else { epoch },
            op: holder.op,
            author: holder.op,
            holder: Some(holder),
            asked: false,
            past,
            data: found.map_or(0, |found| found.data),
        }
    }
}

/// A server record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ServerRecord {
    pub incarnation: Name,
    pub nonce: u8,
    pub ended: bool,
    /// The record's key is in the letter box.
    pub letter: bool,
}

/// The condition of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Expected {
    Missing,
    Version(u8),
    /// Planted errors only: no condition.
    Anything,
}

/// Who writes what for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Purpose {
    Take,
    Save,
    Release,
    Ask,
    Reclaim,
    Beat,
    Ended,
    Letter,
}

/// How far a write is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// On its way to the store.
    Pending,
    /// It landed; the answer is on its way back.
    Written(u8),
    /// It did not; the answer is on its way back.
    Conflict,
}

/// Whether a write can land now.
pub fn can_land<T>(stored: Option<&Stored<T>>, put: &Put<T>) -> bool {
    match put.expected {
        Expected::Anything => true,
        Expected::Missing => stored.is_none(),
        Expected::Version(version) => stored.is_some_and(|stored| stored.version == version),
    }
}
