//! What a locker is told at each step, and what it answers.

use crate::clock::Time;
use crate::planted::Bugs;
use crate::record::stamp::{Incarnation, OperationId};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use super::call::HostCall;
use super::event::Event;
use crate::change::Delivery;

/// What an engine believes of its own server record in one store.
#[derive(Clone, Debug)]
pub struct ServerView {
    /// The server's id.
    pub server_id: Arc<str>,
    /// The random origin of all incarnations and operations of this engine.
    pub origin: u128,
    /// The living registration; `None` before the first, and from finding out that it was ended until the next.
    pub incarnation: Option<Incarnation>,
    /// Until when nobody can have declared that registration dead.
    pub fresh_until: Time,
    /// The lease that is written into records.
    pub lease: Duration,
}

impl ServerView {
    /// Stands in a header that nobody has written yet: no write is ever called so.
    #[must_use]
    pub fn no_operation(&self) -> OperationId {
        OperationId {
            origin: self.origin,
            number: 0,
        }
    }

    /// Whether sessions held under `incarnation` are surely still ours at `now`.
    #[must_use]
    pub fn is_fresh(&self, incarnation: Incarnation, now: Time) -> bool {
        self.incarnation == Some(incarnation) && now < self.fresh_until
    }
}

/// Incarnations that are known to be over. A verdict never turns back, so it can be kept and shared.
#[derive(Debug, Default)]
pub struct Verdicts {
    dead: HashSet<Incarnation>,
}

impl Verdicts {
    // Forgetting a verdict costs another look at a server record, nothing else.
    const LIMIT: usize = 4096;

    /// Remembers that this incarnation is over.
    pub fn pronounce(&mut self, incarnation: Incarnation) {
        if self.dead.len() >= Self::LIMIT {
            self.dead.clear();
        }
        self.dead.insert(incarnation);
    }

    /// Whether this incarnation is known to be over.
    #[must_use]
    pub fn is_dead(&self, incarnation: Incarnation) -> bool {
        self.dead.contains(&incarnation)
    }
}

/// What a locker is told at each step.
pub struct Inputs<'a> {
    /// The steady time.
    pub now: Time,
    /// The wall clock, for people.
    pub wall_ms: i64,
    /// A random number of this step in `0.0..1.0`, for jitter.
    pub jitter: f64,
    /// The engine's standing in this locker's store.
    pub server: &'a ServerView,
    /// Which incarnations are over.
    pub verdicts: &'a Verdicts,
    /// Whether the engine is shutting down.
    pub shutting_down: bool,
    /// Deliberate faults, for tests.
    pub bugs: Bugs,
    /// Whether the store is in a critical state: loads wait as long as they may between two tries.
    pub critical: bool,
    /// The id that the next change has, if this step makes one.
    pub next_change: u64,
}

/// What would be lost first goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// A beat, on which every session depends.
    Beat,
    /// A final save that makes purchases durable: paid for, and not to be lost when time runs out.
    Purchase,
    /// A final save, and what is needed for one.
    Release,
    /// A save that the host or a receipt waits for.
    Force,
    /// A save in its own time.
    Save,
    /// A load.
    Load,
}

impl Priority {
    /// How many there are.
    pub const COUNT: usize = 6;
}

/// What a locker wants after a step.
#[derive(Default)]
pub struct Outputs {
    /// What the host should hear of.
    pub events: Vec<Event>,
    /// Call `build` when the store has room, and send what it gives.
    pub send: Option<Priority>,
    /// Step again at this time at the latest.
    pub wake: Option<Time>,
    /// Call the host.
    pub call: Option<HostCall>,
    /// Changes to be delivered to other records.
    pub deliver: Vec<Delivery>,
    /// What is to be counted.
    pub facts: Facts,
    /// How many changes this step made, with ids from [`Inputs::next_change`] on.
    pub changes_made: u64,
}

/// What a load had to wait for before it had the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitCause {
    /// A living server held it.
    Living,
    /// A server held it that turned out to be dead.
    Dead,
    /// The store failed.
    Store,
}

impl WaitCause {
    /// How many there are.
    pub const COUNT: usize = 3;
}

/// What happened in a step that only the counters want to know of.
#[derive(Clone, Copy, Debug, Default)]
pub struct Facts {
    /// A session has begun.
    pub acquired: bool,
    /// It was taken over from a dead server.
    pub taken_over: bool,
    /// It was handed over by a living server that had been asked.
    pub handed_over: bool,
    /// A load waited this long, and now has the record or was given up.
    pub waited: Option<(WaitCause, Duration)>,
    /// Another server's request for the record was refused, and the refusal is stored.
    pub refused: bool,
    /// A write of a session is stored.
    pub saved: bool,
    /// With it became durable what was first unsaved this long ago.
    pub save_time: Option<Duration>,
}

impl Outputs {
    /// Step again at `time`, or earlier if that was already wanted.
    pub fn wake_at(&mut self, time: Time) {
        self.wake = Some(self.wake.map_or(time, |earlier| earlier.min(time)));
    }
}
