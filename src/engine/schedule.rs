//! Which request goes to a store next: what would be lost first goes first, within the store's budget.

use super::event::LockerId;
use crate::locker::inputs::Priority;
use std::collections::VecDeque;
use std::sync::Arc;

/// Who has a request to send.
#[derive(Clone, Debug)]
pub(super) enum Sender {
    Locker(LockerId),
    Watch(Arc<str>),
    Visit(super::visit::VisitId),
}

/// The queue of one store.
pub(super) struct Schedule {
    queues: [VecDeque<Sender>; Priority::COUNT],
    in_flight: usize,
    max_in_flight: usize,
}

impl Schedule {
    pub(super) fn new(max_in_flight: usize) -> Self {
        Self {
            queues: Default::default(),
            in_flight: 0,
            max_in_flight,
        }
    }

    pub(super) fn push(&mut self, priority: Priority, sender: Sender) {
        self.queues[priority as usize].push_back(sender);
    }

    /// To the front: it already had its turn, and something came between.
    pub(super) fn push_front(&mut self, priority: Priority, sender: Sender) {
        self.queues[priority as usize].push_front(sender);
    }

    /// The next that may send, with the queue that it stood in.
    pub(super) fn pop(&mut self) -> Option<(Priority, Sender)> {
        const ORDER: [Priority; Priority::COUNT] = [
            Priority::Beat,
            Priority::Release,
            Priority::Force,
            Priority::Save,
            Priority::Load,
        ];
        if self.in_flight >= self.max_in_flight {
            return None;
        }
        ORDER
            .into_iter()
            .find_map(|priority| Some((priority, self.queues[priority as usize].pop_front()?)))
    }

    pub(super) fn sent(&mut self) {
        self.in_flight += 1;
    }

    pub(super) fn answered(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
    }

    /// Whether something could be sent now.
    pub(super) fn has_next(&self) -> bool {
        self.in_flight < self.max_in_flight && self.queues.iter().any(|queue| !queue.is_empty())
    }
}
