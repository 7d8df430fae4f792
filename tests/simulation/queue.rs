//! What happens when: events in the order of true time, and of their making where the time is the same.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

struct Entry<E> {
    at: u64,
    number: u64,
    event: E,
}

impl<E> PartialEq for Entry<E> {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl<E> Eq for Entry<E> {}

impl<E> PartialOrd for Entry<E> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<E> Ord for Entry<E> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.number).cmp(&(other.at, other.number))
    }
}

/// The events to come.
pub struct Queue<E> {
    heap: BinaryHeap<Reverse<Entry<E>>>,
    made: u64,
}

impl<E> Queue<E> {
    pub fn new() -> Self {
        Self {
            heap: BinaryHeap::new(),
            made: 0,
        }
    }

    pub fn push(&mut self, at: u64, event: E) {
        self.made += 1;
        self.heap.push(Reverse(Entry {
            at,
            number: self.made,
            event,
        }));
    }

    /// The next event and its time.
    pub fn pop(&mut self) -> Option<(u64, E)> {
        self.heap.pop().map(|Reverse(entry)| (entry.at, entry.event))
    }
}

/// Tells the latest appointment of its kind from older ones that were put off or brought forward.
#[derive(Clone, Copy, Debug, Default)]
pub struct Turn {
    current: u32,
    at: Option<u64>,
}

impl Turn {
    /// A new appointment; older ones no longer count. Gives the number to put into the event.
    pub fn appoint(&mut self, at: u64) -> u32 {
        self.current += 1;
        self.at = Some(at);
        self.current
    }

    /// When the appointment is, if there is one.
    pub fn at(&self) -> Option<u64> {
        self.at
    }

    /// Whether this is the appointment that counts; then it is over.
    pub fn keep(&mut self, turn: u32) -> bool {
        let counts = turn == self.current && self.at.is_some();
        if counts {
            self.at = None;
        }
        counts
    }

    /// No appointment counts any more.
    pub fn cancel(&mut self) {
        self.at = None;
    }
}
