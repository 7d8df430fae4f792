//! The host's functions that concern a whole engine: clock, log, and the end of user data.

use super::callback;
use crate::clock::{Clock, SystemClock, Time};
use crate::log::{Level, LogSink};
use std::ffi::{c_char, c_void, CString};
use std::fmt;

/// Data are at risk, or a promise could not be kept.
pub const SLK_LOG_ERROR: i32 = 1;
/// Something is wrong and is being dealt with.
pub const SLK_LOG_WARNING: i32 = 2;
/// Rare events of normal life: registered, taken over, handed over.
pub const SLK_LOG_INFO: i32 = 3;
/// Each step of each session.
pub const SLK_LOG_DEBUG: i32 = 4;

/// Gives the steady time in nanoseconds since any origin. It must never go back, and must count the time during which
/// the machine is suspended. Called on any thread that calls the library, often; no function of the library may be
/// called inside.
pub type slk_clock = Option<unsafe extern "C" fn(user_data: *mut c_void) -> u64>;

/// Gives the milliseconds since 1970-01-01 UTC. They are written into records for people to read; nothing depends on
/// them. Called like `slk_clock`.
pub type slk_wall_clock = Option<unsafe extern "C" fn(user_data: *mut c_void) -> i64>;

/// Takes one message: `level` is one of `SLK_LOG_`, `text` ends with a NUL after `length` bytes and lives until the call
/// returns. Called inside update and the other functions of the engine, on their thread.
pub type slk_log = Option<unsafe extern "C" fn(user_data: *mut c_void, level: i32, text: *const c_char, length: usize)>;

/// Ends the life of a `user_data`.
pub type slk_destroy = Option<unsafe extern "C" fn(user_data: *mut c_void)>;

/// The host's pointer, which only the host looks behind. When it is dropped, the host's `destroy` is called, once.
#[derive(Debug)]
pub(super) struct UserData {
    pointer: *mut c_void,
    /// Set once the object exists: if it could not be made, its user data stay with the host.
    destroy: std::sync::OnceLock<unsafe extern "C" fn(*mut c_void)>,
}

// SAFETY: the pointer is only handed back to the host, who allows its callbacks on the threads that the header names.
unsafe impl Send for UserData {}
// SAFETY: as above.
unsafe impl Sync for UserData {}

impl UserData {
    pub fn new(pointer: *mut c_void) -> Self {
        Self {
            pointer,
            destroy: std::sync::OnceLock::new(),
        }
    }

    pub fn pointer(&self) -> *mut c_void {
        self.pointer
    }

    /// From now on the user data are ours to end.
    pub fn take_over(&self, destroy: slk_destroy) {
        if let Some(destroy) = destroy {
            // It is set at most once, when the object has been made.
            let _ = self.destroy.set(destroy);
        }
    }
}

impl Drop for UserData {
    fn drop(&mut self) {
        if let Some(destroy) = self.destroy.get() {
            // SAFETY: the host gave this function for this purpose and with this pointer. This is the only call, and no
            // other callback with this pointer can follow, since nobody has it any longer.
            callback::run(|| unsafe { destroy(self.pointer) });
        }
    }
}

/// The host's clocks; the system's where the host has none.
pub(super) struct HostClock {
    pub steady: slk_clock,
    pub wall: slk_wall_clock,
    pub user_data: std::sync::Arc<UserData>,
}

impl Clock for HostClock {
    fn now(&self) -> Time {
        match self.steady {
            // SAFETY: the host gave this function for this purpose and with this user data, which are alive.
            Some(steady) => Time(callback::run(|| unsafe { steady(self.user_data.pointer()) })),
            None => SystemClock.now(),
        }
    }

    fn wall_ms(&self) -> i64 {
        match self.wall {
            // SAFETY: as above.
            Some(wall) => callback::run(|| unsafe { wall(self.user_data.pointer()) }),
            None => SystemClock.wall_ms(),
        }
    }
}

/// The host's log.
pub(super) struct HostLog {
    pub log: unsafe extern "C" fn(*mut c_void, i32, *const c_char, usize),
    pub user_data: std::sync::Arc<UserData>,
}

impl LogSink for HostLog {
    fn log(&self, level: Level, text: fmt::Arguments<'_>) {
        // A NUL inside, which only the host's own words could bring in, would cut the text.
        let text = CString::new(text.to_string().replace('\0', " ")).unwrap_or_default();
        let length = text.as_bytes().len();
        // SAFETY: the host gave this function for this purpose and with this user data, which are alive; the text lives
        // until the call returns.
        callback::run(|| unsafe { (self.log)(self.user_data.pointer(), number_of(level), text.as_ptr(), length) });
    }
}

fn number_of(level: Level) -> i32 {
    match level {
        Level::Error => SLK_LOG_ERROR,
        Level::Warning => SLK_LOG_WARNING,
        Level::Info => SLK_LOG_INFO,
        Level::Debug => SLK_LOG_DEBUG,
    }
}

/// The level of a number; `None` if it is none.
pub(super) fn level_of(number: i32) -> Option<Level> {
    [Level::Error, Level::Warning, Level::Info, Level::Debug]
        .into_iter()
        .find(|level| number_of(*level) == number)
}
