//! What the host hears from an engine.

use crate::error::Cause;
use crate::locker::event::Event as LockerEvent;
use crate::record::Document;
use crate::visit::courier::Fate;
use crate::visit::guest::Parting;
use crate::visit::search::SearchEnd;
use std::sync::Arc;

/// Names a store of an engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StoreId(pub(super) u32);

impl StoreId {
    pub(super) fn at(index: usize) -> Self {
        Self(place(index))
    }
}

/// Names a spec of an engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SpecId(pub(super) u32);

impl SpecId {
    pub(super) fn at(index: usize) -> Self {
        Self(place(index))
    }
}

/// A place in one of the core's tables, none of which can hold that many.
pub(super) fn place(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

/// Names a locker of an engine. Never names another one later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LockerId {
    pub(super) index: u32,
    pub(super) generation: u32,
}

impl LockerId {
    /// A small number that no other living locker of the engine has.
    pub(crate) fn place(self) -> usize {
        self.index as usize
    }
}

/// The locker that an event is about.
#[derive(Clone, Debug)]
pub struct Source {
    /// The locker.
    pub locker: LockerId,
    /// Its spec.
    pub spec: SpecId,
    /// Its key.
    pub key: Arc<str>,
    /// The host's tag.
    pub tag: u64,
    /// Whether the host has closed the locker since.
    pub closed: bool,
}

/// How work on a record that is not held ended.
#[derive(Clone, Debug)]
pub enum VisitOutcome {
    /// A change was to be sent.
    Send(Fate),
    /// A record that nobody holds was to be updated.
    Update(Fate),
    /// A record was to be looked at.
    View(Parting),
    /// A record was to be erased.
    Erase(Parting),
    /// A record was found that is about a person: what it holds, as JSON.
    Export(Document),
    /// All records of a person were to be exported or erased, and the search is over.
    Searched(SearchEnd),
}

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// To one locker.
    Locker {
        /// Which.
        source: Source,
        /// What.
        event: LockerEvent,
    },
    /// The lease on this store was not renewed in time: no locker on it is available until it is.
    Suspect {
        /// The store's name.
        store: String,
    },
    /// The lease on this store is fresh again.
    Fresh {
        /// The store's name.
        store: String,
    },
    /// This server was declared dead on this store; it registers again and confirms each session.
    Ended {
        /// The store's name.
        store: String,
    },
    /// Another living process uses our server id. `registered` tells whether it took over from us.
    ServerIdInUse {
        /// The store's name.
        store: String,
        /// We were registered and are not any more; no session is available again.
        superseded: bool,
    },
    /// The store does not take our beat.
    StoreTrouble {
        /// The store's name.
        store: String,
        /// What went wrong.
        text: String,
        /// Whose trouble it is.
        cause: Cause,
    },
    /// Shutting down is over: everything is saved and released, or the deadline has passed.
    ShutdownDone {
        /// How many lockers did not make it in time. Each has had its own event.
        left: usize,
    },
    /// A locker whose last save did not make it before the deadline of the shutdown.
    LeftBehind {
        /// Which.
        source: Source,
        /// Whether it has changes that are not saved.
        dirty: bool,
    },
    /// Work on a record that is not held has ended.
    Visit {
        /// The record's spec.
        spec: SpecId,
        /// Its key.
        key: Arc<str>,
        /// The host's tag.
        tag: u64,
        /// How it ended.
        outcome: VisitOutcome,
    },
    /// So many requests to the store fail that it is in a critical state: expect loads and saves to take long.
    StoreCritical {
        /// The store's name.
        store: String,
        /// The latest failure.
        text: String,
        /// Whose trouble it is.
        cause: Cause,
    },
    /// The store is well again.
    StoreRecovered {
        /// The store's name.
        store: String,
    },
}
