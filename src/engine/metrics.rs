//! Counters and gauges of a running engine.
//!
//! The core counts as things happen: plain numbers behind its lock, no allocation. What can be found out by looking, such
//! as how many lockers are in which state, is found out when [`Core::metrics`] is called, so that an idle locker costs
//! nothing. The words for a monitoring system are made in `exposition.rs`.

use super::core::{Core, SpecSlot, StoreSlot, Target};
use super::event::{SpecId, StoreId};
use crate::clock::Time;
use crate::error::Cause;
use crate::locker::event::{Event as LockerEvent, LossCause, ReleaseCause};
use crate::locker::inputs::{Facts, Priority, WaitCause};
use crate::receipt::ReceiptOutcome;
use crate::store::{Operation, Outcome, Reply, StoreResult};
use std::time::Duration;

/// The upper bounds of the buckets of a histogram, in seconds. A last bucket takes what is above.
pub const BOUNDS: [f64; 16] = [
    0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 600.0,
];

/// How long something took, how often.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    /// How many were at most as long as each bound, and longer than the one before; the last are longer than all.
    pub buckets: [u64; BOUNDS.len() + 1],
    /// How many there were.
    pub count: u64,
    /// How long all took together.
    pub sum: Duration,
    /// How long the longest took.
    pub longest: Duration,
}

impl Histogram {
    fn note(&mut self, time: Duration) {
        let seconds = time.as_secs_f64();
        let bucket = BOUNDS.iter().position(|bound| seconds <= *bound);
        self.buckets[bucket.unwrap_or(BOUNDS.len())] += 1;
        self.count += 1;
        self.sum = self.sum.saturating_add(time);
        self.longest = self.longest.max(time);
    }

    fn add(&mut self, other: &Self) {
        for (sum, count) in self.buckets.iter_mut().zip(other.buckets) {
            *sum += count;
        }
        self.count += other.count;
        self.sum = self.sum.saturating_add(other.sum);
        self.longest = self.longest.max(other.longest);
    }
}

/// How often and how long loads had to wait for one cause.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waits {
    /// How many waits are over.
    pub count: u64,
    /// How long all of them took together.
    pub total: Duration,
    /// How long the longest took.
    pub longest: Duration,
}

impl Waits {
    fn note(&mut self, time: Duration) {
        self.add(&Self {
            count: 1,
            total: time,
            longest: time,
        });
    }

    fn add(&mut self, other: &Self) {
        self.count += other.count;
        self.total = self.total.saturating_add(other.total);
        self.longest = self.longest.max(other.longest);
    }
}

fn add_all<const N: usize>(sums: &mut [u64; N], others: &[u64; N]) {
    for (sum, other) in sums.iter_mut().zip(others) {
        *sum += other;
    }
}

/// What can be asked of a store, as [`StoreCounters::requests`] counts it.
pub const OPERATIONS: [&str; 4] = ["get", "put", "remove", "list"];
/// How a request can end, as [`StoreCounters::requests`] counts it.
pub const RESULTS: [&str; 8] = [
    "found",
    "missing",
    "written",
    "removed",
    "conflict",
    "not_applied",
    "unknown",
    "listed",
];
/// The number of a conflict in [`RESULTS`].
pub const CONFLICT: usize = 4;
/// What a request is for, by [`Priority`].
pub const PURPOSES: [&str; Priority::COUNT] = ["beat", "purchase", "release", "force", "save", "load"];
/// Whose trouble a failure is, as [`StoreCounters::errors`] counts it.
pub const TROUBLES: [&str; 3] = ["request", "store", "unknown"];
/// Why sessions were released, as [`SpecCounters::released`] counts it.
pub const RELEASES: [&str; 3] = ["released", "handed_over", "shutdown"];
/// Why sessions were lost, as [`SpecCounters::lost`] counts it.
pub const LOSSES: [&str; 3] = ["taken", "erased", "rolled_back"];
/// What loads waited for, as [`SpecCounters::waits`] counts it.
pub const WAITS: [&str; WaitCause::COUNT] = ["living_server", "dead_server", "store_failure"];
/// What was said of receipts, as [`SpecCounters::receipts`] counts it.
pub const RECEIPTS: [&str; 9] = [
    "granted",
    "granted_before",
    "credited",
    "credited_before",
    "not_processed",
    "pending",
    "rejected",
    "revoked",
    "parked",
];
/// The states of a locker, as [`SpecMetrics::lockers`] counts them.
pub const STATES: [&str; 4] = ["idle", "loading", "held", "suspect"];

/// What is counted of one store.
#[derive(Clone, Copy, Debug, Default)]
pub struct StoreCounters {
    /// Requests that have ended, by [`OPERATIONS`] and [`RESULTS`].
    pub requests: [[u64; RESULTS.len()]; OPERATIONS.len()],
    /// Requests that were sent, by [`PURPOSES`]. Looks at other servers count as loads, which wait for them.
    pub sent: [u64; PURPOSES.len()],
    /// Requests that failed, by [`TROUBLES`].
    pub errors: [u64; TROUBLES.len()],
    /// From sending a request to its answer, or to giving it up.
    pub request_time: Histogram,
    /// How often the store has got into a critical state.
    pub critical: u64,
}

impl StoreCounters {
    fn note(&mut self, operation: usize, result: &StoreResult, time: Duration) {
        let end = match result {
            Ok(Reply::Found { .. }) => 0,
            Ok(Reply::Missing) => 1,
            Ok(Reply::Written { .. }) => 2,
            Ok(Reply::Removed) => 3,
            Ok(Reply::Conflict) => CONFLICT,
            Ok(Reply::Keys { .. }) => 7,
            Err(error) if error.outcome == Outcome::NotApplied => 5,
            Err(_) => 6,
        };
        self.requests[operation][end] += 1;
        self.request_time.note(time);
        if let Err(error) = result {
            self.errors[trouble_of(error.cause)] += 1;
        }
    }

    /// Writes and removals that the store refused because something else was stored than expected.
    #[must_use]
    pub fn conflicts(&self) -> u64 {
        self.requests.iter().map(|ends| ends[CONFLICT]).sum()
    }

    /// All requests that were sent.
    #[must_use]
    pub fn requests_sent(&self) -> u64 {
        self.sent.iter().sum()
    }

    fn add(&mut self, other: &Self) {
        for (sums, others) in self.requests.iter_mut().zip(&other.requests) {
            add_all(sums, others);
        }
        add_all(&mut self.sent, &other.sent);
        add_all(&mut self.errors, &other.errors);
        self.request_time.add(&other.request_time);
        self.critical += other.critical;
    }
}

/// What is counted of one spec.
#[derive(Clone, Copy, Debug, Default)]
pub struct SpecCounters {
    /// Sessions that have begun.
    pub acquired: u64,
    /// Sessions that were saved and let go, by [`RELEASES`]. Those that were handed over are the hand-overs given.
    pub released: [u64; RELEASES.len()],
    /// Sessions that were lost, by [`LOSSES`].
    pub lost: [u64; LOSSES.len()],
    /// Sessions that were taken over from dead servers.
    pub takeovers: u64,
    /// Sessions that other servers handed over when asked.
    pub handovers_received: u64,
    /// Requests for hand-over that were refused here.
    pub handovers_refused: u64,
    /// Loads that had to wait, by [`WAITS`]: from the first obstacle until they had the record or were given up.
    pub waits: [Waits; WAITS.len()],
    /// Writes of sessions that are stored.
    pub saves: u64,
    /// From the first unsaved change, as a tick first saw it, until it was durable.
    pub save_time: Histogram,
    /// Receipts that were answered, by [`RECEIPTS`].
    pub receipts: [u64; RECEIPTS.len()],
    /// Callbacks of the host that failed.
    pub callbacks_failed: u64,
    /// How long all sessions together were held up to the moment of the last count.
    pub held_time: Duration,
    held: u64,
    held_at: Time,
}

impl SpecCounters {
    fn note(&mut self, now: Time, facts: &Facts) {
        if facts.acquired {
            self.acquired += 1;
            self.count_held(now, 1);
            self.takeovers += u64::from(facts.taken_over);
            self.handovers_received += u64::from(facts.handed_over);
        }
        if let Some((cause, time)) = facts.waited {
            self.waits[cause as usize].note(time);
        }
        self.handovers_refused += u64::from(facts.refused);
        self.saves += u64::from(facts.saved);
        if let Some(time) = facts.save_time {
            self.save_time.note(time);
        }
    }

    fn note_event(&mut self, now: Time, event: &LockerEvent) {
        match event {
            LockerEvent::Released { cause, .. } => {
                self.released[release_of(*cause)] += 1;
                self.count_held(now, -1);
            }
            LockerEvent::Lost { cause, .. } => {
                self.lost[loss_of(*cause)] += 1;
                self.count_held(now, -1);
            }
            LockerEvent::Receipt { outcome, .. } => self.receipts[receipt_of(*outcome)] += 1,
            LockerEvent::CallbackFailed { .. } => self.callbacks_failed += 1,
            _ => {}
        }
    }

    /// Adds what the present sessions were held since the last time, and changes how many there are.
    fn count_held(&mut self, now: Time, difference: i64) {
        let passed = now.since(self.held_at).as_nanos() * u128::from(self.held);
        let passed = u64::try_from(passed).unwrap_or(u64::MAX);
        self.held_time = self.held_time.saturating_add(Duration::from_nanos(passed));
        self.held_at = self.held_at.max(now);
        self.held = self.held.saturating_add_signed(difference);
    }

    fn add(&mut self, other: &Self) {
        self.acquired += other.acquired;
        add_all(&mut self.released, &other.released);
        add_all(&mut self.lost, &other.lost);
        self.takeovers += other.takeovers;
        self.handovers_received += other.handovers_received;
        self.handovers_refused += other.handovers_refused;
        for (sum, waits) in self.waits.iter_mut().zip(&other.waits) {
            sum.add(waits);
        }
        self.saves += other.saves;
        self.save_time.add(&other.save_time);
        add_all(&mut self.receipts, &other.receipts);
        self.callbacks_failed += other.callbacks_failed;
        self.held_time = self.held_time.saturating_add(other.held_time);
    }
}

/// One store at one moment.
#[derive(Clone, Debug, Default)]
pub struct StoreMetrics {
    /// The store's name.
    pub name: String,
    /// What was counted.
    pub counters: StoreCounters,
    /// Requests without an answer, beats included.
    pub in_flight: u64,
    /// How many wait to be sent, by [`PURPOSES`].
    pub queued: [u64; PURPOSES.len()],
    /// Whether it is in a critical state.
    pub is_critical: bool,
}

/// One spec at one moment.
#[derive(Clone, Debug, Default)]
pub struct SpecMetrics {
    /// The store's name.
    pub store: String,
    /// The spec's name.
    pub name: String,
    /// What was counted.
    pub counters: SpecCounters,
    /// How many lockers are in which of the [`STATES`].
    pub lockers: [u64; STATES.len()],
    /// How long the oldest change that is not saved has been waiting.
    pub oldest_unsaved: Duration,
}

/// One engine at one moment.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    /// The server's id.
    pub server: String,
    /// Each store.
    pub stores: Vec<StoreMetrics>,
    /// Each spec.
    pub specs: Vec<SpecMetrics>,
    /// Events that the host has not taken yet.
    pub events_queued: u64,
}

impl Metrics {
    /// All stores together; the name is empty.
    #[must_use]
    pub fn all_stores(&self) -> StoreMetrics {
        let mut all = StoreMetrics::default();
        for store in &self.stores {
            all.counters.add(&store.counters);
            all.in_flight += store.in_flight;
            add_all(&mut all.queued, &store.queued);
            all.is_critical |= store.is_critical;
        }
        all
    }

    /// All specs together; the names are empty.
    #[must_use]
    pub fn all_specs(&self) -> SpecMetrics {
        let mut all = SpecMetrics::default();
        for spec in &self.specs {
            all.counters.add(&spec.counters);
            add_all(&mut all.lockers, &spec.lockers);
            all.oldest_unsaved = all.oldest_unsaved.max(spec.oldest_unsaved);
        }
        all
    }

    /// Requests sent for each hour that a session was held; 0 as long as none was.
    #[must_use]
    pub fn requests_per_player_hour(&self) -> f64 {
        let hours = self.all_specs().counters.held_time.as_secs_f64() / 3600.0;
        if hours <= 0.0 {
            return 0.0;
        }
        #[allow(clippy::cast_precision_loss, reason = "a ratio for people to look at")]
        let requests = self.all_stores().counters.requests_sent() as f64;
        requests / hours
    }
}

impl Core {
    /// What was counted so far, and what there is at `now`. Looks at each locker: for once in a while, not for each tick.
    #[must_use]
    pub fn metrics(&self, now: Time) -> Metrics {
        let mut stores: Vec<StoreMetrics> = self.stores.iter().map(look_at_store).collect();
        tell_apart(&mut stores);
        for flight in self.in_flight.values() {
            stores[flight.store.0 as usize].in_flight += 1;
        }
        let mut specs: Vec<SpecMetrics> = self.specs.iter().map(|spec| look_at_spec(now, spec, &stores)).collect();
        for slot in self.slots.iter().filter_map(|slot| slot.used.as_deref()) {
            let view = self.stores[slot.store.0 as usize].beat.view();
            let state = match (slot.locker.is_held(), slot.locker.is_loading()) {
                (true, _) if slot.locker.is_fresh(now, view) => 2,
                (true, _) => 3,
                (_, true) => 1,
                _ => 0,
            };
            let spec = &mut specs[slot.spec.0 as usize];
            spec.lockers[state] += 1;
            let waiting = slot.locker.unsaved_since().map(|since| now.since(since));
            spec.oldest_unsaved = spec.oldest_unsaved.max(waiting.unwrap_or_default());
        }
        Metrics {
            server: self.options.server_id.clone(),
            stores,
            specs,
            events_queued: self.events.len() as u64,
        }
    }

    pub(super) fn count_facts(&mut self, now: Time, spec: SpecId, facts: &Facts) {
        self.specs[spec.0 as usize].counters.note(now, facts);
    }

    pub(super) fn count_events(&mut self, spec: SpecId, events: &[LockerEvent]) {
        let now = self.now;
        for event in events {
            self.specs[spec.0 as usize].counters.note_event(now, event);
        }
    }

    pub(super) fn count_sent(&mut self, store: StoreId, target: &Target) {
        let purpose = match target {
            Target::Beat(_) => Priority::Beat,
            Target::Watch(..) => Priority::Load,
            Target::Locker(_, priority) | Target::Visit(_, priority) => *priority,
        };
        self.stores[store.0 as usize].counters.sent[purpose as usize] += 1;
    }

    pub(super) fn count_result(&mut self, store: StoreId, operation: usize, result: &StoreResult, time: Duration) {
        self.stores[store.0 as usize].counters.note(operation, result, time);
    }
}

fn look_at_store(store: &StoreSlot) -> StoreMetrics {
    StoreMetrics {
        name: store.abilities.name.clone(),
        counters: store.counters,
        in_flight: 0,
        queued: store.schedule.lengths().map(|length| length as u64),
        is_critical: store.health.is_critical(),
    }
}

fn look_at_spec(now: Time, spec: &SpecSlot, stores: &[StoreMetrics]) -> SpecMetrics {
    let mut counters = spec.counters;
    counters.count_held(now, 0);
    SpecMetrics {
        store: stores[spec.store.0 as usize].name.clone(),
        name: spec.spec.name.to_string(),
        counters,
        ..SpecMetrics::default()
    }
}

/// Gives stores of the same name a number, since a monitoring system tells them apart by name.
fn tell_apart(stores: &mut [StoreMetrics]) {
    for index in 1..stores.len() {
        let (before, rest) = stores.split_at_mut(index);
        let taken = |name: &str| before.iter().any(|other| other.name == name);
        let name = rest[0].name.clone();
        let free = (2..).map(|number| format!("{name} ({number})"));
        if taken(&name) {
            rest[0].name = free.into_iter().find(|name| !taken(name)).unwrap_or(name);
        }
    }
}

/// The number of an operation in [`OPERATIONS`].
pub(super) fn operation_of(operation: &Operation) -> usize {
    match operation {
        Operation::Get => 0,
        Operation::Put { .. } => 1,
        Operation::Remove { .. } => 2,
        Operation::List { .. } => 3,
    }
}

fn trouble_of(cause: Cause) -> usize {
    match cause {
        Cause::Request => 0,
        Cause::Store => 1,
        Cause::Unknown => 2,
    }
}

fn release_of(cause: ReleaseCause) -> usize {
    match cause {
        ReleaseCause::Released => 0,
        ReleaseCause::HandedOver => 1,
        ReleaseCause::Shutdown => 2,
    }
}

fn loss_of(cause: LossCause) -> usize {
    match cause {
        LossCause::Taken => 0,
        LossCause::Erased => 1,
        LossCause::RolledBack => 2,
    }
}

fn receipt_of(outcome: ReceiptOutcome) -> usize {
    match outcome {
        ReceiptOutcome::Granted { duplicate: false } => 0,
        ReceiptOutcome::Granted { duplicate: true } => 1,
        ReceiptOutcome::Credited { duplicate: false } => 2,
        ReceiptOutcome::Credited { duplicate: true } => 3,
        ReceiptOutcome::NotProcessed => 4,
        ReceiptOutcome::Pending { .. } => 5,
        ReceiptOutcome::Rejected { .. } => 6,
        ReceiptOutcome::Revoked { .. } => 7,
        ReceiptOutcome::Parked { .. } => 8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_on_a_bound_is_in_its_bucket() {
        let mut histogram = Histogram::default();
        histogram.note(Duration::from_millis(1));
        histogram.note(Duration::from_micros(1_001));
        histogram.note(Duration::from_secs(601));
        assert_eq!(histogram.buckets[0], 1);
        assert_eq!(histogram.buckets[1], 1);
        assert_eq!(histogram.buckets[BOUNDS.len()], 1);
        assert_eq!((histogram.count, histogram.longest), (3, Duration::from_secs(601)));
    }

    #[test]
    fn stores_of_one_name_are_told_apart() {
        let store = |name: &str| StoreMetrics {
            name: name.to_owned(),
            ..StoreMetrics::default()
        };
        let mut stores = ["a", "b", "a", "a (2)", "a"].map(store);
        tell_apart(&mut stores);
        assert_eq!(stores.map(|it| it.name), ["a", "b", "a (2)", "a (2) (2)", "a (3)"]);
    }

    #[test]
    fn held_time_is_that_of_all_sessions_together() {
        let at = |seconds: u64| Time(seconds * 1_000_000_000);
        let mut counters = SpecCounters::default();
        counters.count_held(at(100), 1);
        counters.count_held(at(110), 1);
        counters.count_held(at(130), -1);
        counters.count_held(at(131), -1);
        counters.count_held(at(999), 0);
        assert_eq!(counters.held_time, Duration::from_secs(10 + 2 * 20 + 1));
    }
}
