//! Locks for where threads meet outside an engine: the tables of handles and the queue of answers.
//!
//! They are parking_lot's. Compiled with `--cfg schedules`, for `make schedules`, they are those of shuttle instead, which
//! decides at each of them which thread goes on, so that a test can play one order of the threads after the other; and
//! deliberate errors can be switched on that only some of the orders show.

#[cfg(not(all(test, schedules)))]
mod plain {
    pub use parking_lot::{Mutex, RwLock};

    /// The lock that is held; with this error planted, let go and taken anew.
    #[inline(always)]
    pub fn kept<G>(_: super::Slip, guard: G, _again: impl FnOnce() -> G) -> G {
        guard
    }

    /// Done only with this error planted.
    #[inline(always)]
    pub fn slip(_: super::Slip, _deed: impl FnOnce()) {}
}

#[cfg(all(test, schedules))]
pub mod scheduled;

#[cfg(not(all(test, schedules)))]
pub(crate) use plain::{kept, slip, Mutex, RwLock};
#[cfg(all(test, schedules))]
pub(crate) use scheduled::{kept, slip, Mutex, RwLock};

/// A deliberate error in what the locks protect, to test the test of schedules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slip {
    /// A look-up lets go of the slot between the comparison of the generation and taking the object.
    LookUpLetsGo,
    /// A removal does so.
    RemovalLetsGo,
    /// A slot that is used again keeps its generation.
    GenerationKept,
    /// The count of slots that were used is read under one lock and raised under another.
    CountLetsGo,
    /// The queue is emptied under another lock than the one under which its answers are taken out.
    TakingLetsGo,
    /// An answer is queued a second time.
    AnsweredTwice,
}
