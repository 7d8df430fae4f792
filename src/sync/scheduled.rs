//! The locks of shuttle with the functions of parking_lot, planted errors, and how the orders of threads are played.

use super::Slip;
use shuttle::scheduler::{DfsScheduler, RandomScheduler, Scheduler};
use shuttle::sync::{MutexGuard, RwLockReadGuard, RwLockWriteGuard};
use std::cell::Cell;
use std::panic::AssertUnwindSafe;

/// A panic ends the whole schedule, so that no lock is ever found poisoned.
const POISONED: &str = "a thread of this schedule panicked with the lock";

#[derive(Debug, Default)]
pub(crate) struct Mutex<T>(shuttle::sync::Mutex<T>);

impl<T> Mutex<T> {
    pub const fn new(value: T) -> Self {
        Self(shuttle::sync::Mutex::new(value))
    }

    pub fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().expect(POISONED)
    }
}

#[derive(Debug)]
pub(crate) struct RwLock<T>(shuttle::sync::RwLock<T>);

impl<T> RwLock<T> {
    pub const fn new(value: T) -> Self {
        Self(shuttle::sync::RwLock::new(value))
    }

    pub fn read(&self) -> RwLockReadGuard<'_, T> {
        self.0.read().expect(POISONED)
    }

    pub fn write(&self) -> RwLockWriteGuard<'_, T> {
        self.0.write().expect(POISONED)
    }
}

thread_local! {
    /// All threads of a schedule run on the thread of the test.
    static PLANTED: Cell<Option<Slip>> = const { Cell::new(None) };
}

fn is_planted(slip: Slip) -> bool {
    PLANTED.get() == Some(slip)
}

/// The lock that is held; with this error planted, let go and taken anew.
pub(crate) fn kept<G>(slip: Slip, guard: G, again: impl FnOnce() -> G) -> G {
    if !is_planted(slip) {
        return guard;
    }
    drop(guard);
    again()
}

/// Done only with this error planted.
pub(crate) fn slip(slip: Slip, deed: impl FnOnce()) {
    if is_planted(slip) {
        deed();
    }
}

fn config() -> shuttle::Config {
    let mut config = shuttle::Config::new();
    // What formats an error's text needs more than the usual 32 KiB in a build for tests.
    config.stack_size = 0x4_0000;
    config.silence_warnings = true;
    config
}

fn play(scheduler: impl Scheduler + 'static, story: impl Fn() + Send + Sync + 'static) -> usize {
    shuttle::Runner::new(scheduler, config()).run(story)
}

fn number(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

/// Plays a story in every order that its threads can take.
pub(crate) fn in_every_order(name: &str, story: impl Fn() + Send + Sync + 'static) {
    let schedules = play(DfsScheduler::new(None, false), story);
    println!("schedules: {name}: {schedules}, which is every one");
    assert!(schedules > 1, "the threads of {name} never meet");
}

/// Plays a story in many orders chosen by a seed: SCHEDULES of them, from SCHEDULES_SEED.
pub(crate) fn in_random_orders(name: &str, story: impl Fn() + Send + Sync + 'static) {
    let (seed, count) = (
        number("SCHEDULES_SEED").unwrap_or(1),
        number("SCHEDULES").unwrap_or(20_000),
    );
    let schedules = play(RandomScheduler::new_from_seed(seed, count as usize), story);
    println!("schedules: {name}: {schedules} at random from seed {seed}");
    assert_eq!(schedules as u64, count);
}

/// Plays a story in every order with an error planted, and fails if none of them shows it.
pub(crate) fn finds(slip: Slip, story: impl Fn() + Send + Sync + 'static) {
    PLANTED.set(Some(slip));
    let played = std::panic::catch_unwind(AssertUnwindSafe(|| play(DfsScheduler::new(None, false), story)));
    PLANTED.set(None);
    let words = match played {
        Ok(schedules) => panic!("{slip:?} is not found in {schedules} schedules"),
        Err(panic) => panic
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())),
    };
    println!(
        "schedules: {slip:?} is found: {}",
        words.unwrap_or_default().lines().next().unwrap_or_default()
    );
}
