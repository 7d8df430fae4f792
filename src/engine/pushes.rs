//! What stores push between two updates: which keys others wrote for this server. The next update looks at them.

use super::event::StoreId;
use crate::store::{Key, Listener};
use parking_lot::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;

/// So many keys wait at most; of what comes on top only is known that it was missed.
const MOST_WAITING: usize = 65_536;

/// What was pushed, until the next update takes it.
#[derive(Default)]
pub(super) struct Pushes {
    /// Whether there is something to take, so that an update without pushes takes no lock.
    some: AtomicBool,
    waiting: Mutex<Vec<Push>>,
}

/// One push.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Push {
    /// Somebody wrote this key for us.
    Changed(StoreId, Key),
    /// Pushes of this store may have been lost.
    Missed(StoreId),
}

impl Pushes {
    fn add(&self, push: Push) {
        let mut waiting = self.waiting.lock();
        match push {
            Push::Changed(store, _) if waiting.len() >= MOST_WAITING => add_missed(&mut waiting, store),
            Push::Changed(..) => waiting.push(push),
            Push::Missed(store) => add_missed(&mut waiting, store),
        }
        self.some.store(true, Ordering::Release);
    }

    /// Whether something was pushed since it was taken.
    pub fn has_some(&self) -> bool {
        self.some.load(Ordering::Acquire)
    }

    /// All that was pushed since the last call.
    pub fn take(&self) -> Vec<Push> {
        let mut waiting = self.waiting.lock();
        self.some.store(false, Ordering::Relaxed);
        std::mem::take(&mut *waiting)
    }
}

/// Looking at everything covers all that was to be looked at.
fn add_missed(waiting: &mut Vec<Push>, store: StoreId) {
    waiting.retain(|push| match push {
        Push::Changed(other, _) | Push::Missed(other) => *other != store,
    });
    waiting.push(Push::Missed(store));
}

/// Listens at one store for one engine.
pub(super) struct StoreListener {
    store: StoreId,
    pushes: Arc<Pushes>,
}

impl StoreListener {
    pub fn new(store: StoreId, pushes: &Arc<Pushes>) -> Arc<Self> {
        let pushes = Arc::clone(pushes);
        Arc::new(Self { store, pushes })
    }
}

impl Listener for StoreListener {
    fn changed(&self, key: &Key) {
        self.pushes.add(Push::Changed(self.store, key.clone()));
    }

    fn missed(&self) {
        self.pushes.add(Push::Missed(self.store));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Kind;

    fn key(name: &str) -> Key {
        Key {
            kind: Kind::Record,
            space: "player".into(),
            name: name.into(),
        }
    }

    #[test]
    fn what_was_missed_stands_for_all_of_its_store() {
        let pushes = Arc::new(Pushes::default());
        let (first, second) = (
            StoreListener::new(StoreId::at(0), &pushes),
            StoreListener::new(StoreId::at(1), &pushes),
        );
        first.changed(&key("1"));
        second.changed(&key("2"));
        first.missed();
        first.missed();
        let expected = [Push::Changed(StoreId::at(1), key("2")), Push::Missed(StoreId::at(0))];
        assert_eq!(pushes.take(), expected);
        assert_eq!(pushes.take(), []);
    }

    #[test]
    fn a_flood_of_pushes_takes_a_bounded_room() {
        let pushes = Arc::new(Pushes::default());
        let listener = StoreListener::new(StoreId::at(0), &pushes);
        for number in 0..=MOST_WAITING {
            listener.changed(&key(&number.to_string()));
        }
        assert_eq!(pushes.take(), [Push::Missed(StoreId::at(0))]);
    }
}
