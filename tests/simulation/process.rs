//! One game server process of a run: a server, and a host with wishes, edits and memories.

use crate::queue::Turn;
use crate::server::{LockerId, Server};
use crate::transitions::State;
use sessionlocker::store::{Key, RequestId, StoreResult};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// A change that a host made and has not been told about yet.
#[derive(Clone, Copy, Debug)]
pub struct Untold {
    pub change: u64,
    pub edit: u32,
}

/// What a host knows of one key.
#[derive(Debug, Default)]
pub struct Desk {
    pub locker: Option<LockerId>,
    /// The host has a handle of it; without one the locker ends its work by itself.
    pub open: bool,
    /// The host wants the record under no name, and under a name.
    pub wanted: [bool; 2],
    /// The session as the checker knows it, while there is one.
    pub session: Option<usize>,
    pub epoch: u64,
    pub untold: VecDeque<Untold>,
    /// Which edit a change is.
    pub edit_of: BTreeMap<u64, u32>,
    /// Who waits for which edit, by tag.
    pub awaited: BTreeMap<u64, u32>,
    /// Purchases delivered here and not answered yet, by tag.
    pub receipts: BTreeMap<u64, u32>,
    /// Writes of this key, as flights, oldest first.
    pub writes: Vec<usize>,
    /// The host no longer wants it: that it stops being available is no surprise.
    pub releasing: bool,
    pub was_available: bool,
    /// It was available in this session, and then was not.
    pub was_suspect: bool,
    /// Its release was called off by wanting it again, and no end of the session was heard of yet.
    pub reacquired: bool,
    /// The last session in which the host did not apply every letter; those wait for the next.
    pub stubborn_in: Option<u64>,
    /// The host has ever asked to erase the record even under a session.
    pub erased_by_force: bool,
    pub state: State,
    /// Since when the host has waited for a session.
    pub wish_at: u64,
}

impl Desk {
    /// Whether the host left letters unapplied in the present session.
    pub fn is_stubborn(&self) -> bool {
        self.stubborn_in == Some(self.epoch)
    }

    pub fn wants(&self) -> bool {
        self.wanted != [false; 2]
    }

    /// Whether the host still has to hear about something.
    pub fn is_expecting(&self) -> bool {
        !self.untold.is_empty() || !self.awaited.is_empty() || !self.receipts.is_empty()
    }
}

/// What a host has asked for that is not about a locker of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Errand {
    Letter(u32),
    View { since: u64 },
    Erase,
}

/// One process.
pub struct Process {
    pub number: usize,
    pub place: usize,
    pub server_id: String,
    pub server: Box<dyn Server>,
    pub alive: bool,
    pub paused: bool,
    /// Dies at the end of this tick.
    pub doomed: bool,
    /// Until when, by its own clock, its shutdown must be done.
    pub shutting_down: Option<u64>,
    pub shut_down: bool,
    /// Answers that wait for the next tick.
    pub inbox: Vec<(RequestId, StoreResult)>,
    /// Keys of which the store has told it; the next tick passes them on.
    pub pushed: Vec<Key>,
    /// Calls whose answers wait until it goes on.
    pub parked_calls: Vec<usize>,
    pub desks: Vec<Desk>,
    /// Every session that its host heard of: key and epoch.
    pub loaded: BTreeSet<(usize, u64)>,
    pub ticks: Turn,
    pub next_tag: u64,
    /// The schema version that it knows.
    pub schema: u32,
    /// What it waits to hear of, by tag, with the key.
    pub errands: BTreeMap<u64, (usize, Errand)>,
    pub rate_before_pause: Option<i32>,
}

/// The names of the two holders that a host may use for one key.
pub const NAMES: [Option<&str>; 2] = [None, Some("trade")];
