//! Whether a session is surely ours, for whoever asks often: without waiting for the core.
//!
//! The answer depends on the locker, on the registration of this server in the locker's store, and on the time. The core
//! leaves the first two here whenever they change, and whoever asks brings the third.

use crate::clock::Time;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::Arc;

/// No session that is available. Registrations are numbered from 1.
const NO_SESSION: u64 = 0;
/// No registration that lives: equal to no session's.
const NO_REGISTRATION: u64 = u64::MAX;

/// What this server's registration in one store is worth.
#[derive(Debug)]
pub(super) struct Lease {
    registration: AtomicU64,
    fresh_until: AtomicU64,
    /// A bug has left the engine in an unknown state: nothing is sure any more.
    withdrawn: AtomicBool,
}

impl Default for Lease {
    fn default() -> Self {
        Self {
            registration: AtomicU64::new(NO_REGISTRATION),
            fresh_until: AtomicU64::new(0),
            withdrawn: AtomicBool::new(false),
        }
    }
}

impl Lease {
    /// The living registration, if there is one, and until when nobody can have declared it dead.
    pub fn set(&self, registration: Option<u64>, fresh_until: Time) {
        // In this order: who reads the time of a new registration then finds that registration too, and never takes the
        // time for that of an older one.
        self.registration
            .store(registration.unwrap_or(NO_REGISTRATION), Ordering::SeqCst);
        self.fresh_until.store(fresh_until.0, Ordering::Release);
        if self.withdrawn.load(Ordering::SeqCst) {
            self.registration.store(NO_REGISTRATION, Ordering::Release);
        }
    }

    /// From now on no session here is available, whatever is set.
    pub fn withdraw(&self) {
        self.withdrawn.store(true, Ordering::SeqCst);
        self.registration.store(NO_REGISTRATION, Ordering::SeqCst);
    }
}

/// The registration under which a locker's session is held, if it is one that can be available.
#[derive(Clone, Debug, Default)]
pub(super) struct Session(Arc<AtomicU64>);

impl Session {
    pub fn set(&self, registration: Option<u64>) {
        self.0.store(registration.unwrap_or(NO_SESSION), Ordering::Release);
    }

    #[cfg(debug_assertions)]
    pub fn with(&self, lease: &Arc<Lease>) -> Availability {
        Availability {
            lease: Arc::clone(lease),
            session: self.clone(),
        }
    }
}

/// Tells of one locker whether its session is available.
#[derive(Clone, Debug)]
pub struct Availability {
    pub(super) lease: Arc<Lease>,
    pub(super) session: Session,
}

impl Availability {
    /// Of a locker that is never available.
    #[must_use]
    pub fn never() -> Self {
        Self {
            lease: Arc::default(),
            session: Session::default(),
        }
    }

    /// Whether the session is surely ours at `now`.
    #[inline]
    #[must_use]
    pub fn is_sure(&self, now: Time) -> bool {
        let fresh_until = self.lease.fresh_until.load(Ordering::Acquire);
        let registration = self.lease.registration.load(Ordering::Acquire);
        registration == self.session.0.load(Ordering::Acquire) && now.0 < fresh_until
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_available_under_its_registration_until_the_lease_ends() {
        let availability = Availability::never();
        let (early, late) = (Time(10), Time(20));
        assert!(!availability.is_sure(early), "neither a session nor a registration");
        availability.session.set(Some(1));
        assert!(!availability.is_sure(early), "no registration");
        availability.lease.set(Some(1), late);
        assert!(availability.is_sure(early));
        assert!(!availability.is_sure(late), "the lease is over");
        availability.lease.set(Some(2), Time(40));
        assert!(!availability.is_sure(early), "not confirmed under the new registration");
        availability.session.set(Some(2));
        assert!(availability.is_sure(late));
        availability.session.set(None);
        assert!(!availability.is_sure(early));
        availability.lease.set(None, Time(40));
        assert!(!availability.is_sure(early));
    }

    #[test]
    fn what_was_withdrawn_is_not_available_again() {
        let availability = Availability::never();
        availability.session.set(Some(1));
        availability.lease.set(Some(1), Time(20));
        assert!(availability.is_sure(Time(10)));
        availability.lease.withdraw();
        assert!(!availability.is_sure(Time(10)));
        availability.lease.set(Some(1), Time(30));
        assert!(!availability.is_sure(Time(10)));
    }
}
