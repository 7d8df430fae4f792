//! Whether a store is in a critical state, judged by how its requests end.
//!
//! A store is critical when [`FAILURES`] requests failed within [`WINDOW`] and no more than that succeeded between the
//! first and the last of them. It is well again when [`SUCCESSES`] requests in a row succeeded and nothing has failed for
//! [`CALM`]. A conflict says nothing, and neither does a request that could not succeed as it was: that is our mistake.

use super::metrics::OPERATIONS;
use crate::clock::Time;
use crate::error::Cause;
use crate::store::{Outcome, Reply, StoreError, StoreResult};
use std::time::Duration;

/// How many failures make a store critical.
pub const FAILURES: usize = 5;
/// The time within which they must come.
pub const WINDOW: Duration = Duration::from_secs(120);
/// How many successes in a row it takes to be well again.
pub const SUCCESSES: u64 = 3;
/// How long nothing may have failed before that.
pub const CALM: Duration = Duration::from_secs(10);

/// The result of an operation (its number in [`OPERATIONS`]). An answer that does not belong to it is a failure of the
/// store; what then became of a write, nobody knows.
pub(super) fn fitting(operation: usize, result: StoreResult) -> StoreResult {
    let Ok(reply) = &result else {
        return result;
    };
    let asked = OPERATIONS[operation];
    match (asked, reply) {
        ("get", Reply::Found { .. } | Reply::Missing)
        | ("put", Reply::Written { .. } | Reply::Conflict)
        | ("remove", Reply::Removed | Reply::Conflict)
        | ("list", Reply::Keys { .. }) => result,
        _ => Err(StoreError {
            outcome: match asked {
                "put" | "remove" => Outcome::Unknown,
                _ => Outcome::NotApplied,
            },
            cause: Cause::Store,
            text: format!(
                "the store answered a {asked} with '{}'; it must be mended",
                reply.name()
            ),
        }),
    }
}

/// What a result changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// The store has become critical.
    Critical,
    /// It is well again.
    Recovered,
}

/// How one store is doing.
#[derive(Debug, Default)]
pub(super) struct Health {
    /// The latest failures, in a ring: when, and how many successes there had been before.
    failures: [Option<(Time, u64)>; FAILURES],
    next: usize,
    successes: u64,
    /// How many successes there have been since the last failure.
    in_row: u64,
    last_failure: Option<Time>,
    critical: bool,
}

impl Health {
    pub(super) fn is_critical(&self) -> bool {
        self.critical
    }

    /// Takes note of how a request ended.
    pub(super) fn note(&mut self, now: Time, result: &StoreResult) -> Option<Turn> {
        match result {
            Ok(Reply::Conflict) => None,
            Ok(_) => self.succeeded(now),
            Err(error) if error.cause == Cause::Request => None,
            Err(_) => self.failed(now),
        }
    }

    fn succeeded(&mut self, now: Time) -> Option<Turn> {
        self.successes += 1;
        self.in_row += 1;
        let calm = self.last_failure.is_none_or(|at| now >= at.after(CALM));
        if !self.critical || self.in_row < SUCCESSES || !calm {
            return None;
        }
        self.critical = false;
        // What is over does not count when it goes wrong again.
        self.failures = [None; FAILURES];
        Some(Turn::Recovered)
    }

    fn failed(&mut self, now: Time) -> Option<Turn> {
        self.in_row = 0;
        self.last_failure = Some(now);
        self.failures[self.next] = Some((now, self.successes));
        self.next = (self.next + 1) % FAILURES;
        // The oldest is the one that is overwritten next.
        let (since, before) = self.failures[self.next]?;
        let close = now <= since.after(WINDOW);
        let outnumbered = self.successes - before > FAILURES as u64;
        if self.critical || !close || outnumbered {
            return None;
        }
        self.critical = true;
        Some(Turn::Critical)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::StoreError;

    struct Patient {
        health: Health,
        now: Time,
    }

    impl Patient {
        fn new() -> Self {
            Self {
                health: Health::default(),
                now: Time(1_000_000_000),
            }
        }

        fn pass(&mut self, seconds: u64) {
            self.now = self.now.after(Duration::from_secs(seconds));
        }

        fn fail(&mut self) -> Option<Turn> {
            self.health.note(self.now, &Err(StoreError::not_applied("down")))
        }

        fn succeed(&mut self) -> Option<Turn> {
            self.health.note(self.now, &Ok(Reply::Missing))
        }
    }

    fn critical() -> Patient {
        let mut patient = Patient::new();
        for _ in 1..FAILURES {
            assert_eq!(patient.fail(), None);
        }
        assert_eq!(patient.fail(), Some(Turn::Critical));
        assert_eq!(patient.fail(), None, "told once");
        patient
    }

    #[test]
    fn five_failures_within_the_window_are_critical() {
        assert!(critical().health.is_critical());
    }

    #[test]
    fn failures_far_apart_are_not() {
        let mut patient = Patient::new();
        for _ in 0..20 {
            assert_eq!(patient.fail(), None);
            patient.pass(31);
        }
        // 4 * 30 s is just within it.
        for _ in 1..FAILURES {
            patient.fail();
            patient.pass(30);
        }
        assert_eq!(patient.fail(), Some(Turn::Critical));
    }

    #[test]
    fn failures_among_more_successes_are_not() {
        let mut patient = Patient::new();
        for _ in 0..50 {
            assert_eq!(patient.fail(), None);
            patient.succeed();
            patient.succeed();
        }
        for _ in 0..3 {
            assert_eq!(patient.fail(), None);
            patient.succeed();
        }
        assert_eq!(
            patient.fail(),
            Some(Turn::Critical),
            "one success to each failure is too little"
        );
    }

    #[test]
    fn it_is_over_after_three_successes_and_a_calm_time() {
        let mut patient = critical();
        for _ in 0..10 {
            assert_eq!(patient.succeed(), None, "no calm yet");
        }
        patient.pass(10);
        assert_eq!(patient.fail(), None);
        patient.pass(10);
        assert_eq!(patient.succeed(), None);
        assert_eq!(patient.succeed(), None);
        assert_eq!(patient.succeed(), Some(Turn::Recovered));
        assert_eq!(patient.fail(), None, "one failure more is not critical again");
    }

    #[test]
    fn conflicts_and_our_own_mistakes_do_not_count() {
        let mut patient = Patient::new();
        for _ in 0..20 {
            let now = patient.now;
            assert_eq!(patient.health.note(now, &Ok(Reply::Conflict)), None);
            let mistake = Err(StoreError::bad_request("too large"));
            assert_eq!(patient.health.note(now, &mistake), None);
        }
        assert!(!patient.health.is_critical());
    }
}
