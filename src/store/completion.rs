//! How answers come back from a store: a one-shot [`Completion`] for each request, and the queue of one engine.

use super::{Request, Store, StoreError, StoreResult};
use crate::sync::{slip, Mutex, Slip};
use std::collections::BTreeMap;
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Weak};
use std::time::Duration;

/// Names one request of one engine. Never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestId(pub u64);

/// A store's side of a request, which wants to know when nobody waits for the answer any longer.
pub trait Waiter: Send + Sync {
    /// The request timed out, or its engine is gone. Called once, on the engine's thread, without a lock. An answer
    /// may still be given; it counts for nothing.
    fn given_up(&self);
}

/// The answers that came in for one engine, from any thread, until its next update takes them.
#[derive(Default)]
pub struct Completions {
    arrived: Mutex<Vec<(RequestId, StoreResult)>>,
    waiters: Mutex<BTreeMap<RequestId, Weak<dyn Waiter>>>,
}

impl Completions {
    /// A completion whose answer will arrive here.
    #[must_use]
    pub fn expect(self: &Arc<Self>, id: RequestId) -> Completion {
        Completion {
            id,
            to: Some(To::Queue(Arc::clone(self))),
        }
    }

    /// Whether nothing has arrived.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.arrived.lock().is_empty()
    }

    /// Moves what has arrived to the end of `into`, oldest first; false if there was nothing.
    pub fn take(&self, into: &mut Vec<(RequestId, StoreResult)>) -> bool {
        let mut arrived = self.arrived.lock();
        if arrived.is_empty() {
            return false;
        }
        into.append(&mut arrived);
        drop(arrived);
        slip(Slip::TakingLetsGo, || self.arrived.lock().clear());
        true
    }

    /// Tells the store's side of this request that nobody waits for its answer any longer.
    pub fn give_up(&self, id: RequestId) {
        let waiter = self.waiters.lock().remove(&id);
        if let Some(waiter) = waiter.and_then(|waiter| waiter.upgrade()) {
            waiter.given_up();
        }
    }

    /// The same for all requests that have no answer yet: the engine ends.
    pub fn give_up_all(&self) {
        let waiters = std::mem::take(&mut *self.waiters.lock());
        for waiter in waiters.values().filter_map(Weak::upgrade) {
            waiter.given_up();
        }
    }
}

/// The right to answer one request, once. Dropped without an answer, it answers "outcome unknown".
pub struct Completion {
    id: RequestId,
    to: Option<To>,
}

enum To {
    Queue(Arc<Completions>),
    Receiver(Box<dyn Receiver>),
}

/// Takes the answer to one request where it is no engine's queue: how one store stands in front of another.
pub trait Receiver: Send {
    /// The answer, on whatever thread the store gives it.
    fn answer(self: Box<Self>, result: StoreResult);

    /// As [`Completion::watch`]; to be passed on to whoever waits.
    fn watch(&self, waiter: Weak<dyn Waiter>);
}

impl Completion {
    /// A completion whose answer goes to `receiver`.
    #[must_use]
    pub fn to(id: RequestId, receiver: impl Receiver + 'static) -> Self {
        Self {
            id,
            to: Some(To::Receiver(Box::new(receiver))),
        }
    }

    /// Answers the request.
    pub fn complete(mut self, result: StoreResult) {
        self.answer(result);
    }

    /// The request that this answers.
    #[must_use]
    pub fn id(&self) -> RequestId {
        self.id
    }

    /// From now on `waiter` is told when nobody waits for the answer any longer.
    pub fn watch(&self, waiter: Weak<dyn Waiter>) {
        match &self.to {
            Some(To::Queue(queue)) => {
                queue.waiters.lock().insert(self.id, waiter);
            }
            Some(To::Receiver(receiver)) => receiver.watch(waiter),
            None => {}
        }
    }

    fn answer(&mut self, result: StoreResult) {
        match self.to.take() {
            Some(To::Queue(queue)) => {
                queue.waiters.lock().remove(&self.id);
                queue.arrived.lock().push((self.id, result));
                slip(Slip::AnsweredTwice, || {
                    queue
                        .arrived
                        .lock()
                        .push((self.id, Err(StoreError::unknown("planted"))));
                });
            }
            Some(To::Receiver(receiver)) => receiver.answer(result),
            None => {}
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

impl Receiver for Sender<StoreResult> {
    fn answer(self: Box<Self>, result: StoreResult) {
        // Whoever asked may have lost patience.
        let _ = self.send(result);
    }

    fn watch(&self, _waiter: Weak<dyn Waiter>) {}
}

/// Asks a store and waits for the answer; `None` if none came in this time. Not for stores that answer only while the
/// calling thread does something else.
pub fn ask(store: &dyn Store, request: Request, patience: Duration) -> Option<StoreResult> {
    let (sender, receiver) = mpsc::channel();
    store.submit(request, Completion::to(RequestId(0), sender));
    receiver.recv_timeout(patience).ok()
}

#[cfg(all(test, schedules))]
mod schedules;
