//! Time as the engine sees it: a steady clock that counts suspended time, and the wall clock for people to read.

use std::time::Duration;

/// A point on a steady clock, in nanoseconds since an origin that only this clock knows.
///
/// Times of two clocks are never compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub u64);

impl Time {
    /// The time `duration` later; stays at the end of the range instead of wrapping.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(nanos))
    }

    /// How much later `self` is than `earlier`; zero if it is not later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

/// Where an engine reads the time.
pub trait Clock: Send + Sync {
    /// The steady time. It must not jump, and must go on while the machine is suspended.
    fn now(&self) -> Time;

    /// Milliseconds since 1970-01-01 UTC. Only written into records for people to read; nothing is decided by it.
    fn wall_ms(&self) -> i64;
}

/// The system's clocks.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Time {
        Time(steady_nanos())
    }

    fn wall_ms(&self) -> i64 {
        let since_epoch = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
const STEADY_CLOCK: libc::clockid_t = libc::CLOCK_BOOTTIME;
// On Apple's systems CLOCK_MONOTONIC counts suspended time.
#[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
const STEADY_CLOCK: libc::clockid_t = libc::CLOCK_MONOTONIC;

#[cfg(unix)]
fn steady_nanos() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a valid, writable timespec for the duration of the call. The call cannot fail for a clock that
    // the system has; were it to, the zeroed value is returned.
    unsafe { libc::clock_gettime(STEADY_CLOCK, &raw mut time) };
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let nanos = u64::try_from(time.tv_nsec).unwrap_or(0);
    seconds.saturating_mul(1_000_000_000).saturating_add(nanos)
}

#[cfg(windows)]
fn steady_nanos() -> u64 {
    #[link(name = "kernel32")]
    extern "system" {
        /// Milliseconds since the system started, suspended time included. (The finer QueryInterruptTime lives in an
        /// API set that older systems and Wine lack.)
        fn GetTickCount64() -> u64;
    }
    // SAFETY: the function takes nothing and only returns a number.
    unsafe { GetTickCount64() }.saturating_mul(1_000_000)
}
