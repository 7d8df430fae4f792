//! What a run needs of a server: the same small surface, whether the library is driven by its core or through the C
//! interface.

use crate::clock::MS;
use crate::through_c::Engine;
use crate::view::Game;
use sessionlocker::change::Draft;
use sessionlocker::clock::Time;
use sessionlocker::engine::core::Core;
use sessionlocker::engine::event::{self, VisitOutcome};
use sessionlocker::engine::visit::Sending;
use sessionlocker::error::Error;
use sessionlocker::locker::event::{ChangeStatus, Event as LockerEvent};
use sessionlocker::locker::HandoverAnswer;
use sessionlocker::receipt::Receipt;
use sessionlocker::record::Document;
use sessionlocker::store::{Key, Outcome, Reply, RequestId, StoreError, StoreResult};
use sessionlocker::visit::guest::Purpose;
use std::time::Duration;

/// By which door the servers of a run use the library.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Through {
    /// Its core, with all that a host may do.
    #[default]
    Core,
    /// Its core, where hosts do only what the C interface offers, in the same way: for comparison with [`Through::C`].
    PlainCore,
    /// The C interface.
    C,
}

impl Through {
    /// Whether hosts keep to what can be done through the C interface: they answer callbacks at once, and times are
    /// whole milliseconds.
    pub fn is_plain(self) -> bool {
        self != Self::Core
    }

    /// An answer that is none to this request.
    pub fn nonsense(self, to_get: bool) -> StoreResult {
        match (self, to_get) {
            // What the boundary makes of it; see `slk_request_complete_found`.
            (Self::PlainCore, true) => Err(StoreError {
                outcome: Outcome::NotApplied,
                ..StoreError::unknown("no answer to a get")
            }),
            (Self::PlainCore, false) => Err(StoreError::unknown("no answer to a write")),
            (_, true) => Ok(Reply::Removed),
            (_, false) => Ok(Reply::Missing),
        }
    }

    /// A time as a host can give it to the library.
    pub fn time(self, nanos: u64) -> Duration {
        if self.is_plain() {
            Duration::from_millis(nanos / MS)
        } else {
            Duration::from_nanos(nanos)
        }
    }
}

/// Names a locker of a server. Never names another one later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockerId {
    Core(event::LockerId),
    C(u64),
}

/// Where a locker stands, as far as hosts ask.
#[derive(Clone, Copy, Debug)]
pub struct Standing {
    pub epoch: Option<u64>,
    pub wanted: bool,
    pub idle: bool,
}

/// What a host hears.
#[derive(Debug)]
pub enum Heard {
    Locker {
        locker: LockerId,
        /// The host's tag, which is the key.
        tag: u64,
        event: LockerEvent,
    },
    Visit {
        key: String,
        tag: u64,
        outcome: VisitOutcome,
    },
    LeftBehind,
    Engine(event::Event),
}

/// One game server.
pub trait Server {
    /// The core, if it is driven directly: then the world polls it and brings it the host's answers.
    fn core(&mut self) -> Option<&mut Core>;

    /// The engine, if it is driven through C: then it is updated, and calls the host by itself.
    fn engine(&self) -> Option<Engine>;

    /// When the core has something to do by itself. The C interface does not tell: its host updates in each tick.
    fn next_due(&self, now: Time) -> Option<Time>;

    fn complete(&mut self, now: Time, wall: i64, id: RequestId, result: StoreResult);
    /// An answer to a request of a process that has ended meanwhile.
    fn complete_for_nobody(&mut self, id: RequestId, result: StoreResult);
    /// The store has told of a write for this server.
    fn notify(&mut self, now: Time, key: &Key);
    fn next_event(&mut self) -> Option<Heard>;

    fn open_locker(&mut self, key: usize, default: Document) -> Result<LockerId, Error>;
    fn close_locker(&mut self, locker: LockerId) -> Result<(), Error>;
    fn mark_should_acquire(&mut self, locker: LockerId, name: Option<&str>) -> Result<(), Error>;
    fn mark_should_release(&mut self, locker: LockerId, name: Option<&str>) -> Result<(), Error>;
    fn mark_should_save(&mut self, locker: LockerId) -> Result<(), Error>;
    fn mark_force_save(&mut self, locker: LockerId) -> Result<(), Error>;
    fn is_available(&self, now: Time, locker: LockerId) -> bool;
    fn status(&self, now: Time, locker: LockerId) -> Result<Standing, Error>;
    fn answer_handover(&mut self, locker: LockerId, answer: HandoverAnswer) -> Result<(), Error>;

    fn document(&self, locker: LockerId) -> Result<Document, Error>;
    /// Changes the data as one change, and gives its number.
    fn edit(&mut self, locker: LockerId, before: &Game, after: &Game) -> Result<u64, Error>;
    fn change_status(&self, locker: LockerId, change: u64) -> Result<ChangeStatus, Error>;
    fn await_change(&mut self, locker: LockerId, change: u64, tag: u64) -> Result<(), Error>;
    fn queue_change(&mut self, locker: LockerId, draft: Draft) -> Result<u64, Error>;

    fn process_receipt(&mut self, locker: LockerId, receipt: Receipt) -> Result<(), Error>;
    fn use_credit(&mut self, locker: LockerId, product: &str, tag: u64) -> Result<(), Error>;
    fn credit(&self, locker: LockerId, product: &str) -> Result<i64, Error>;

    /// `wall` is the wall clock at this moment.
    fn send_change(&mut self, wall: i64, key: usize, sending: Sending, default: Option<Document>) -> Result<(), Error>;
    fn visit(&mut self, key: usize, purpose: Purpose, default: Document, tag: u64) -> Result<(), Error>;
    /// Ends within `patience` nanoseconds.
    fn begin_shutdown(&mut self, now: Time, patience: u64);

    /// The process is gone.
    fn kill(&mut self);

    /// The run is over. What is left is given back.
    ///
    /// # Errors
    /// What the library did not give back, or called when it must not.
    fn finish(&mut self) -> Result<(), String>;

    /// Something that the boundary did wrong by itself, if it did.
    fn take_fault(&mut self) -> Option<String>;
}

/// How keys are called in the store.
pub fn name_of(key: usize) -> String {
    format!("k{key}")
}
