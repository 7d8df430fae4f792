//! How answers come back from a store: a one-shot [`Completion`] for each request, and the queue of one engine.

use super::{StoreError, StoreResult};
use parking_lot::Mutex;
use std::sync::Arc;

/// Names one request of one engine. Never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestId(pub u64);

/// The answers that came in for one engine, from any thread, until its next update takes them.
#[derive(Default)]
pub struct Completions {
    arrived: Mutex<Vec<(RequestId, StoreResult)>>,
}

impl Completions {
    /// A completion whose answer will arrive here.
    #[must_use]
    pub fn expect(self: &Arc<Self>, id: RequestId) -> Completion {
        Completion {
            id,
            queue: Some(Arc::clone(self)),
        }
    }

    /// Whether nothing has arrived.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.arrived.lock().is_empty()
    }

    /// Moves what has arrived to the end of `into`, oldest first.
    pub fn take(&self, into: &mut Vec<(RequestId, StoreResult)>) {
        into.append(&mut self.arrived.lock());
    }
}

/// The right to answer one request, once. Dropped without an answer, it answers "outcome unknown".
pub struct Completion {
    id: RequestId,
    queue: Option<Arc<Completions>>,
}

impl Completion {
    /// Answers the request.
    pub fn complete(mut self, result: StoreResult) {
        self.answer(result);
    }

    /// The request that this answers.
    #[must_use]
    pub fn id(&self) -> RequestId {
        self.id
    }

    fn answer(&mut self, result: StoreResult) {
        if let Some(queue) = self.queue.take() {
            queue.arrived.lock().push((self.id, result));
        }
    }
}

impl Drop for Completion {
    fn drop(&mut self) {
        self.answer(Err(StoreError::unknown(
            "the store gave the request up without an answer",
        )));
    }
}
