//! What is due when: a heap of wake-ups, and the time-outs of requests in the order in which they were sent.

use super::core::give_room_back;
use super::event::StoreId;
use crate::clock::Time;
use crate::store::RequestId;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::sync::Arc;

/// Who wants to be woken.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sleeper {
    Locker { index: u32, generation: u32 },
    Watch(StoreId, Arc<str>),
    Visit(super::visit::VisitId),
}

/// The timers of one engine. A wake-up that is no longer wanted stays in the heap until its time and does no harm.
#[derive(Default)]
pub(super) struct Timers {
    wakes: BinaryHeap<Reverse<(Time, Sleeper)>>,
    // Within a queue all time-outs are equally long, so that the oldest is always in front.
    beats: VecDeque<(Time, RequestId)>,
    requests: VecDeque<(Time, RequestId)>,
}

impl Timers {
    pub(super) fn wake(&mut self, at: Time, sleeper: Sleeper) {
        self.wakes.push(Reverse((at, sleeper)));
    }

    pub(super) fn time_out(&mut self, at: Time, id: RequestId, beat: bool) {
        let queue = if beat { &mut self.beats } else { &mut self.requests };
        queue.push_back((at, id));
    }

    /// The next sleeper whose time has come.
    pub(super) fn pop_wake(&mut self, now: Time) -> Option<(Time, Sleeper)> {
        if self.wakes.peek()?.0 .0 > now {
            return None;
        }
        self.wakes.pop().map(|Reverse(wake)| wake)
    }

    /// The next request to give up. `answered` tells which are of no interest any more.
    pub(super) fn pop_time_out(&mut self, now: Time, answered: impl Fn(RequestId) -> bool) -> Option<RequestId> {
        for queue in [&mut self.beats, &mut self.requests] {
            while queue.front().is_some_and(|(at, id)| answered(*id) || *at <= now) {
                if let Some((_, id)) = queue.pop_front() {
                    if !answered(id) {
                        return Some(id);
                    }
                }
            }
            give_room_back(queue);
        }
        None
    }

    /// When something here is due.
    pub(super) fn next(&self) -> Option<Time> {
        let wake = self.wakes.peek().map(|Reverse((at, _))| *at);
        let beat = self.beats.front().map(|(at, _)| *at);
        let request = self.requests.front().map(|(at, _)| *at);
        [wake, beat, request].into_iter().flatten().min()
    }
}
