//! Which request goes to a store next: what would be lost first goes first, within the store's budget.

use super::event::LockerId;
use crate::clock::Time;
use crate::locker::inputs::Priority;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

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
    /// How many stand in all queues together.
    waiting: usize,
    in_flight: usize,
    window: Window,
    bucket: Option<Bucket>,
}

impl Schedule {
    /// `per_second` is how many requests the store gets in a second; 0 for as many as there are.
    pub(super) fn new(window: Window, per_second: u32) -> Self {
        Self {
            queues: Default::default(),
            waiting: 0,
            in_flight: 0,
            window,
            bucket: (per_second > 0).then(|| Bucket::new(per_second)),
        }
    }

    pub(super) fn push(&mut self, priority: Priority, sender: Sender) {
        self.waiting += 1;
        self.queues[priority as usize].push_back(sender);
    }

    /// To the front: it already had its turn, and something came between.
    pub(super) fn push_front(&mut self, priority: Priority, sender: Sender) {
        self.waiting += 1;
        self.queues[priority as usize].push_front(sender);
    }

    /// The next that may send, with the queue that it stood in.
    pub(super) fn pop(&mut self, now: Time) -> Option<(Priority, Sender)> {
        const ORDER: [Priority; Priority::COUNT] = [
            Priority::Beat,
            Priority::Purchase,
            Priority::Release,
            Priority::Force,
            Priority::Save,
            Priority::Load,
        ];
        if !self.has_room_and_work() {
            return None;
        }
        if self.bucket.as_mut().is_some_and(|bucket| !bucket.has_one(now)) {
            return None;
        }
        let next = ORDER
            .into_iter()
            .find_map(|priority| Some((priority, self.queues[priority as usize].pop_front()?)))?;
        self.waiting -= 1;
        Some(next)
    }

    pub(super) fn sent(&mut self, now: Time) {
        self.in_flight += 1;
        self.count(now);
    }

    /// A beat was sent, which is never held back: it takes its share of the budget if there is some, so that beats alone
    /// cannot keep everybody else from ever being served.
    pub(super) fn beat_sent(&mut self, now: Time) {
        self.count(now);
    }

    fn count(&mut self, now: Time) {
        if let Some(bucket) = &mut self.bucket {
            bucket.take(now);
        }
    }

    /// An answer came this long after its request was sent.
    pub(super) fn answered(&mut self, took: Duration) {
        self.window.follow(took, self.waiting > 0);
        self.in_flight = self.in_flight.saturating_sub(1);
    }

    /// When something can be sent; `None` while nothing waits, or only an answer can make room.
    pub(super) fn next(&self) -> Option<Time> {
        self.has_room_and_work()
            .then(|| self.bucket.as_ref().map_or(Time(0), Bucket::next))
    }

    fn has_room_and_work(&self) -> bool {
        self.waiting > 0 && self.in_flight < self.window.now
    }

    /// How many stand in each queue, by [`Priority`].
    pub(super) fn lengths(&self) -> [usize; Priority::COUNT] {
        std::array::from_fn(|index| self.queues[index].len())
    }
}

/// How many requests a store gets at once.
///
/// What was sent cannot be overtaken any more: a purchase waits behind all of it. So a window above the least is given only
/// to a store that answers soon, and taken back from one that does not.
pub(super) struct Window {
    now: usize,
    least: usize,
    most: usize,
}

impl Window {
    /// Answers that take longer make a window smaller. Above the turn of a game loop, during which an answer waits.
    const SOON: Duration = Duration::from_millis(250);

    pub(super) fn fixed(requests: usize) -> Self {
        Self::between(requests, requests)
    }

    /// Begins with the least.
    pub(super) fn between(least: usize, most: usize) -> Self {
        Self {
            now: least,
            least,
            most: most.max(least),
        }
    }

    /// Grows by an answer at a time, so that it doubles in the time of one, while it holds something back.
    fn follow(&mut self, took: Duration, holds_back: bool) {
        if took > Self::SOON {
            self.now = self.least.max(self.now - 1);
        } else if holds_back {
            self.now = self.most.min(self.now + 1);
        }
    }
}

/// What one request takes out of the bucket; a nanosecond puts in as much as there are requests in a second.
const COST: u64 = 1_000_000_000;

/// A token bucket that holds what may be sent in one second.
struct Bucket {
    per_second: u64,
    filling: u64,
    /// When `filling` was right; `None` before the first use, when the bucket is full.
    at: Option<Time>,
}

impl Bucket {
    fn new(per_second: u32) -> Self {
        let per_second = u64::from(per_second);
        Self {
            per_second,
            filling: per_second * COST,
            at: None,
        }
    }

    fn has_one(&mut self, now: Time) -> bool {
        self.fill(now);
        self.filling >= COST
    }

    fn take(&mut self, now: Time) {
        if self.has_one(now) {
            self.filling -= COST;
        }
    }

    fn fill(&mut self, now: Time) {
        let passed = self.at.map_or(0, |at| now.0.saturating_sub(at.0));
        self.at = Some(self.at.map_or(now, |at| at.max(now)));
        let full = self.per_second * COST;
        self.filling = passed
            .saturating_mul(self.per_second)
            .saturating_add(self.filling)
            .min(full);
    }

    /// When the next request may go.
    fn next(&self) -> Time {
        let Some(at) = self.at.filter(|_| self.filling < COST) else {
            return Time(0);
        };
        at.after(Duration::from_nanos((COST - self.filling).div_ceil(self.per_second)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at_ms(ms: u64) -> Time {
        Time(ms * 1_000_000)
    }

    fn full_queue(per_second: u32) -> Schedule {
        let mut schedule = Schedule::new(Window::fixed(1_000), per_second);
        for index in 0..100 {
            let sender = Sender::Locker(LockerId { index, generation: 1 });
            schedule.push(Priority::Save, sender);
        }
        schedule
    }

    fn send_all(schedule: &mut Schedule, now: Time) -> usize {
        let mut count = 0;
        while schedule.pop(now).is_some() {
            schedule.sent(now);
            count += 1;
        }
        count
    }

    #[test]
    fn a_store_gets_a_burst_of_one_second_and_then_its_rate() {
        let mut schedule = full_queue(10);
        assert_eq!(send_all(&mut schedule, at_ms(5_000)), 10);
        assert_eq!(schedule.next(), Some(at_ms(5_100)));
        assert_eq!(send_all(&mut schedule, at_ms(5_099)), 0);
        assert_eq!(send_all(&mut schedule, at_ms(5_100)), 1);
        assert_eq!(send_all(&mut schedule, at_ms(5_450)), 3);
        // Half a token was left, and a long silence gives no more than one second's worth.
        assert_eq!(schedule.next(), Some(at_ms(5_500)));
        assert_eq!(send_all(&mut schedule, at_ms(60_000)), 10);
    }

    #[test]
    fn beats_count_and_are_never_in_debt() {
        let mut schedule = full_queue(2);
        schedule.beat_sent(at_ms(0));
        assert_eq!(send_all(&mut schedule, at_ms(0)), 1);
        for _ in 0..50 {
            schedule.beat_sent(at_ms(0));
        }
        assert_eq!(schedule.next(), Some(at_ms(500)));
        assert_eq!(send_all(&mut schedule, at_ms(500)), 1);
    }

    #[test]
    fn without_a_limit_only_the_requests_in_flight_count() {
        let mut schedule = full_queue(0);
        assert_eq!(schedule.next(), Some(Time(0)));
        assert_eq!(send_all(&mut schedule, at_ms(1)), 100);
        assert_eq!(schedule.next(), None);
    }

    /// Has as many answered as are in flight, after so long each.
    fn answer_all(schedule: &mut Schedule, took: Duration) {
        for _ in 0..schedule.in_flight {
            schedule.answered(took);
        }
    }

    fn busy(window: Window) -> Schedule {
        let mut schedule = Schedule::new(window, 0);
        for index in 0..100_000 {
            let sender = Sender::Locker(LockerId { index, generation: 1 });
            schedule.push(Priority::Save, sender);
        }
        schedule
    }

    #[test]
    fn a_store_that_answers_soon_gets_more_at_once_up_to_the_most() {
        let mut schedule = busy(Window::between(64, 500));
        for expected in [64, 128, 256, 500, 500] {
            assert_eq!(send_all(&mut schedule, at_ms(0)), expected);
            answer_all(&mut schedule, Duration::from_millis(30));
        }
    }

    #[test]
    fn a_store_that_becomes_slow_gets_as_few_at_once_as_at_first() {
        let mut schedule = busy(Window::between(64, 500));
        for _ in 0..5 {
            send_all(&mut schedule, at_ms(0));
            answer_all(&mut schedule, Duration::from_millis(30));
        }
        assert_eq!(send_all(&mut schedule, at_ms(0)), 500);
        answer_all(&mut schedule, Duration::from_millis(900));
        assert_eq!(send_all(&mut schedule, at_ms(0)), 64);
    }

    #[test]
    fn a_fixed_window_stays() {
        let mut schedule = busy(Window::fixed(3));
        for took in [1, 900, 1] {
            assert_eq!(send_all(&mut schedule, at_ms(0)), 3);
            answer_all(&mut schedule, Duration::from_millis(took));
        }
    }

    #[test]
    fn a_window_that_holds_nothing_back_does_not_grow() {
        let mut schedule = full_queue(0);
        schedule.window = Window::between(100, 500);
        assert_eq!(send_all(&mut schedule, at_ms(0)), 100);
        answer_all(&mut schedule, Duration::from_millis(1));
        assert_eq!(schedule.window.now, 100);
    }
}
