//! Which changes are saved, pending, lost or unknown, and who waits to hear.

use super::event::ChangeStatus;
use crate::rare::{Empty, Rare};
use std::collections::VecDeque;

/// Changes of a lost session, with what became of them.
#[derive(Clone, Copy, Debug)]
struct Settled {
    first: u64,
    last: u64,
    status: ChangeStatus,
}

#[derive(Clone, Copy, Debug)]
struct Waiter {
    change: u64,
    tag: u64,
}

/// A waiter whose change has met its fate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The change.
    pub change: u64,
    /// The waiter's tag.
    pub tag: u64,
    /// What became of the change.
    pub status: ChangeStatus,
}

/// The changes of one locker, over all its sessions.
#[derive(Debug, Default)]
pub struct Changes {
    latest: u64,
    saved: u64,
    past: Rare<Past>,
}

/// What few lockers have.
#[derive(Debug, Default)]
struct Past {
    settled: VecDeque<Settled>,
    // Changes up to here were settled so long ago that their ranges are forgotten.
    forgotten: u64,
    waiters: Vec<Waiter>,
}

impl Empty for Past {
    fn none() -> &'static Self {
        static NONE: Past = Past {
            settled: VecDeque::new(),
            forgotten: 0,
            waiters: Vec::new(),
        };
        &NONE
    }

    fn is_empty(&self) -> bool {
        self.settled.is_empty() && self.forgotten == 0 && self.waiters.is_empty()
    }
}

/// How many ranges of lost or unknown changes a locker remembers.
const REMEMBERED_RANGES: usize = 64;

impl Changes {
    /// A change was made.
    pub fn record(&mut self, change: u64) {
        self.latest = change;
    }

    /// The last change that was made; 0 if none was.
    #[must_use]
    pub fn latest(&self) -> u64 {
        self.latest
    }

    /// The last change of the present session that is saved.
    #[must_use]
    pub fn saved(&self) -> u64 {
        self.saved
    }

    /// Whether some change is not saved.
    #[must_use]
    pub fn is_dirty(&self) -> bool {
        self.latest > self.saved
    }

    /// All changes up to `change` are saved.
    pub fn settle_saved(&mut self, change: u64) {
        self.saved = self.saved.max(change);
    }

    /// The session is over: changes after the saved ones and up to `unknown` may be in the record, later ones are not.
    pub fn settle_loss(&mut self, unknown: u64) {
        self.settle(unknown.min(self.latest), ChangeStatus::Unknown);
        self.settle(self.latest, ChangeStatus::Lost);
    }

    fn settle(&mut self, last: u64, status: ChangeStatus) {
        if last <= self.saved {
            return;
        }
        let past = self.past.put();
        past.settled.push_back(Settled {
            first: self.saved + 1,
            last,
            status,
        });
        self.saved = last;
        if past.settled.len() > REMEMBERED_RANGES {
            if let Some(oldest) = past.settled.pop_front() {
                past.forgotten = oldest.last;
            }
        }
    }

    /// What became of a change; `None` if it was never made here.
    #[must_use]
    pub fn status(&self, change: u64) -> Option<ChangeStatus> {
        if change == 0 || change > self.latest {
            return None;
        }
        if change > self.saved {
            return Some(ChangeStatus::Pending);
        }
        if change <= self.past.forgotten {
            return Some(ChangeStatus::Unknown);
        }
        let range = self
            .past
            .settled
            .iter()
            .find(|range| (range.first..=range.last).contains(&change));
        Some(range.map_or(ChangeStatus::Saved, |range| range.status))
    }

    /// Remembers somebody who wants to hear of a change.
    pub fn wait(&mut self, change: u64, tag: u64) {
        self.past.put().waiters.push(Waiter { change, tag });
    }

    /// All waiters that are left, whose change is still pending: nobody will be there to tell them later.
    pub fn dismiss_waiters(&mut self) -> Vec<Answered> {
        let unknown = |waiter: Waiter| Answered {
            change: waiter.change,
            tag: waiter.tag,
            status: ChangeStatus::Unknown,
        };
        self.take_waiters().into_iter().map(unknown).collect()
    }

    /// The waiters whose change is no longer pending, in the order in which they came. Each is given once.
    pub fn take_answered(&mut self) -> Vec<Answered> {
        let mut answered = Vec::new();
        for waiter in self.take_waiters() {
            match self.status(waiter.change) {
                Some(ChangeStatus::Pending) | None => self.wait(waiter.change, waiter.tag),
                Some(status) => answered.push(Answered {
                    change: waiter.change,
                    tag: waiter.tag,
                    status,
                }),
            }
        }
        answered
    }

    fn take_waiters(&mut self) -> Vec<Waiter> {
        let past = self.past.used();
        past.map_or_else(Vec::new, |past| std::mem::take(&mut past.waiters))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_change_has_its_own_fate() {
        let mut changes = Changes::default();
        changes.record(10);
        changes.settle_saved(4);
        changes.settle_loss(7);
        changes.record(12);
        changes.settle_saved(11);
        assert_eq!(changes.status(0), None);
        assert_eq!(changes.status(4), Some(ChangeStatus::Saved));
        assert_eq!(changes.status(7), Some(ChangeStatus::Unknown));
        assert_eq!(changes.status(8), Some(ChangeStatus::Lost));
        assert_eq!(changes.status(11), Some(ChangeStatus::Saved));
        assert_eq!(changes.status(12), Some(ChangeStatus::Pending));
        assert_eq!(changes.status(13), None);
    }

    #[test]
    fn a_later_waiter_outlives_an_earlier_save() {
        let mut changes = Changes::default();
        changes.record(2);
        changes.wait(1, 100);
        changes.wait(2, 200);
        changes.settle_saved(1);
        let first = changes.take_answered();
        assert_eq!(first.len(), 1);
        assert_eq!(first[0].tag, 100);
        changes.settle_saved(2);
        assert_eq!(changes.take_answered()[0].tag, 200);
        assert!(changes.take_answered().is_empty());
    }

    #[test]
    fn forgotten_fates_are_unknown_not_saved() {
        let mut changes = Changes::default();
        for change in 1..=200 {
            changes.record(change);
            changes.settle_loss(0);
        }
        assert_eq!(changes.status(1), Some(ChangeStatus::Unknown));
        assert_eq!(changes.status(200), Some(ChangeStatus::Lost));
    }
}
