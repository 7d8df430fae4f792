//! Whether something may be visible that is not replicated.

use std::sync::atomic::{AtomicU64, Ordering};

/// What a server that crashed had not got confirmed by its standby becomes visible when it starts again, and is gone if it
/// then fails over. So after each new connection, and after each outcome that is unknown, nothing is answered before a
/// small write has been replicated behind what was read.
pub(super) struct Doubt {
    raised: AtomicU64,
    settled: AtomicU64,
}

impl Doubt {
    /// A doubt: nothing is known of the server yet.
    pub fn new() -> Self {
        Self {
            raised: AtomicU64::new(1),
            settled: AtomicU64::new(0),
        }
    }

    pub fn raise(&self) {
        self.raised.fetch_add(1, Ordering::AcqRel);
    }

    /// What is to be settled, if anything is.
    pub fn open(&self) -> Option<u64> {
        let raised = self.raised.load(Ordering::Acquire);
        (raised > self.settled.load(Ordering::Acquire)).then_some(raised)
    }

    pub fn settle(&self, raised: u64) {
        self.settled.fetch_max(raised, Ordering::AcqRel);
    }
}
