//! Waking many lockers at once: so many in each step that a tick keeps its budget, however many lockers there are.
//!
//! A locker that is stepped for another reason before its turn comes loses nothing: it sees what all are woken for.

use super::core::{Core, LockerSlot};
use super::event::{place, StoreId};

/// How many places are looked at in one step.
const AT_ONCE: usize = 512;

/// Which lockers of a store are woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whom {
    /// All that are not idle: this server has a new registration.
    Busy,
    /// Those with purchases and changes that waited for a fresh lease.
    WaitingForLease,
    /// Those that wait for what other servers write: news of it may have been lost.
    WaitingForOthers,
}

/// A round through all places that has not come to its end.
#[derive(Debug)]
pub(super) struct Waking {
    store: StoreId,
    whom: Whom,
    next: usize,
}

impl Core {
    /// Wakes these lockers of a store: the first at once, the others in the steps that follow.
    pub(super) fn wake_all(&mut self, store: StoreId, whom: Whom) {
        // What is going round for the same reason has to begin anew.
        self.waking
            .retain(|waking| (waking.store, waking.whom) != (store, whom));
        self.waking.push_back(Waking { store, whom, next: 0 });
        self.go_on_waking();
    }

    /// Looks at some more places.
    pub(super) fn go_on_waking(&mut self) {
        let Some(mut waking) = self.waking.pop_front() else {
            return;
        };
        let end = (waking.next + AT_ONCE).min(self.slots.len());
        for index in waking.next..end {
            let used = self.slots[index].used.as_deref_mut();
            if used.is_some_and(|slot| slot.store == waking.store && waking.whom.has(slot)) {
                self.make_ready(place(index));
            }
        }
        if end < self.slots.len() {
            waking.next = end;
            self.waking.push_front(waking);
        }
    }
}

impl Whom {
    fn has(self, slot: &mut LockerSlot) -> bool {
        match self {
            Self::Busy => !slot.idle,
            Self::WaitingForLease => slot.locker.purchases_in_progress() > 0 || slot.locker.incoming() > 0,
            Self::WaitingForOthers => {
                let waits = slot.locker.waits_for_others();
                if waits {
                    slot.locker.notified();
                }
                waits
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Time;
    use crate::engine::core::CoreOptions;
    use crate::engine::event::{LockerId, SpecId};
    use crate::locker::Spec;
    use crate::record::Document;
    use crate::store::memory::MemoryStore;
    use crate::store::Store;

    fn core() -> (Core, StoreId, SpecId) {
        let options = CoreOptions {
            server_id: "a".into(),
            ..CoreOptions::default()
        };
        let mut core = Core::new(options).unwrap();
        let store = core.add_store(MemoryStore::new().abilities().clone()).unwrap();
        let spec = core.add_spec(store, Spec::named("player")).unwrap();
        (core, store, spec)
    }

    fn open(core: &mut Core, spec: SpecId, number: usize) -> LockerId {
        core.open_locker(spec, &format!("p{number}"), 0, Document::default())
            .unwrap()
    }

    #[test]
    fn all_are_woken_and_no_step_looks_at_all_of_them() {
        let (mut core, store, spec) = core();
        for number in 0..3 * AT_ONCE {
            let locker = open(&mut core, spec, number);
            if number % 2 == 0 {
                core.mark_should_acquire(locker, None).unwrap();
            }
        }
        // Nothing can be loaded before this server is registered.
        while core.poll(Time(1), 0).is_some() {}
        assert!(core.ready.is_empty());
        core.wake_all(store, Whom::Busy);
        assert_eq!(core.ready.len(), AT_ONCE / 2);
        core.go_on_waking();
        core.wake_all(store, Whom::Busy);
        assert_eq!(core.ready.len(), AT_ONCE, "it begins anew, and nobody is woken twice");
        while !core.waking.is_empty() {
            core.go_on_waking();
        }
        assert_eq!(core.ready.len(), 3 * AT_ONCE / 2);
        core.wake_all(store, Whom::Busy);
        while core.poll(Time(1), 0).is_some() {}
        assert!(
            core.ready.is_empty() && core.waking.is_empty(),
            "polling goes on to the end"
        );
    }

    #[test]
    fn each_key_has_one_locker_until_it_is_forgotten() {
        const KEYS: usize = 5_000;
        let (mut core, store, spec) = core();
        let other = core.add_spec(store, Spec::named("guild")).unwrap();
        let opened: Vec<_> = (0..KEYS)
            .map(|number| (open(&mut core, spec, number), open(&mut core, other, number)))
            .collect();
        for (number, both) in opened.iter().enumerate() {
            assert_eq!((open(&mut core, spec, number), open(&mut core, other, number)), *both);
        }
        for (number, (player, guild)) in opened.iter().enumerate() {
            for locker in [player, player] {
                core.close_locker(*locker).unwrap();
            }
            while core.poll(Time(1), 0).is_some() {}
            assert_eq!(core.by_key.find(&core.slots, spec, &format!("p{number}")), None);
            assert!(core.document(*player).is_err() && core.document(*guild).is_ok());
        }
        let again = open(&mut core, spec, 7);
        assert_ne!(again, opened[7].0);
        assert_eq!(open(&mut core, other, 7), opened[7].1);
    }
}
