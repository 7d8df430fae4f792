//! The host's functions that concern a whole engine: clock, log, and the end of user data.

use super::callback;
use crate::clock::{Clock, SystemClock, Time};
use crate::error::Cause;
use crate::log::{Kind, Level, LogSink, Record};
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

/// A message about the engine as a whole.
pub const SLK_LOG_KIND_ENGINE: i32 = 1;
/// A message about a store, or this server's standing in it.
pub const SLK_LOG_KIND_STORE: i32 = 2;
/// A message about the session of one key.
pub const SLK_LOG_KIND_LOCKER: i32 = 3;
/// A message about a receipt or a use of credit.
pub const SLK_LOG_KIND_PURCHASE: i32 = 4;
/// A message about a callback of yours.
pub const SLK_LOG_KIND_CALLBACK: i32 = 5;

/// Nobody's trouble.
pub const SLK_CAUSE_NONE: i32 = 0;
/// Our mistake: the request cannot succeed as it is. Too large, a key that the store cannot hold, no permission.
pub const SLK_CAUSE_REQUEST: i32 = 1;
/// The store's trouble: unreachable, full, overloaded, broken.
pub const SLK_CAUSE_STORE: i32 = 2;
/// Trouble of which it cannot be told whose it is.
pub const SLK_CAUSE_UNKNOWN: i32 = 3;

/// Gives the steady time in nanoseconds since any origin. It must never go back, and must count the time during which
/// the machine is suspended; from 2^63 on, after 292 years, it counts as standing still. Called on any thread that calls
/// the library, often; no function of the library may be called inside.
pub type slk_clock = Option<unsafe extern "C" fn(user_data: *mut c_void) -> u64>;

/// Gives the milliseconds since 1970-01-01 UTC. They are written into records for people to read; nothing depends on
/// them. Called like `slk_clock`.
pub type slk_wall_clock = Option<unsafe extern "C" fn(user_data: *mut c_void) -> i64>;

/// Takes one message: `level` is one of `SLK_LOG_`, `text` ends with a NUL after `length` bytes and lives until the call
/// returns. Called inside update and the other functions of the engine, on their thread.
pub type slk_log = Option<unsafe extern "C" fn(user_data: *mut c_void, level: i32, text: *const c_char, length: usize)>;

/// A message with what it is about in fields of their own. Its strings end with a NUL and live until the callback returns;
/// they are NULL where there is nothing to say.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct slk_log_record {
    /// The size of this struct in the library that fills it; it only grows.
    pub struct_size: u32,
    /// One of `SLK_LOG_ERROR` to `SLK_LOG_DEBUG`.
    pub level: i32,
    /// What it is about: one of `SLK_LOG_KIND_`.
    pub kind: i32,
    /// Whose trouble it is: one of `SLK_CAUSE_`.
    pub cause: i32,
    /// This server's id.
    pub server: *const c_char,
    /// The store's name.
    pub store: *const c_char,
    /// The spec's name.
    pub spec: *const c_char,
    /// The locker's key; with `mask_ids` what stands for it: `#` and eight hexadecimal digits, the same for the same key as
    /// long as the engine lives.
    pub key: *const c_char,
    /// The message in words.
    pub text: *const c_char,
    /// Its length in bytes.
    pub text_length: usize,
    /// The fencing token of the session; 0 where there is none.
    pub epoch: u64,
    /// The wall clock in milliseconds since 1970-01-01 UTC.
    pub wall_ms: i64,
}

/// Takes one message with its fields. Called like `slk_log`.
pub type slk_log_structured = Option<unsafe extern "C" fn(user_data: *mut c_void, record: *const slk_log_record)>;

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

/// No host's clock goes on from here: at the end of the numbers "a second later" would be now, and an update that does
/// what is due would never end.
const END_OF_TIME: u64 = 1 << 63;

/// The host's clocks; the system's where the host has none.
pub(super) struct HostClock {
    pub steady: slk_clock,
    pub wall: slk_wall_clock,
    pub user_data: std::sync::Arc<UserData>,
}

/// The steady clock for calls that do nothing but ask for the time.
pub(super) struct Glance {
    steady: unsafe extern "C" fn(user_data: *mut c_void) -> u64,
    user_data: std::sync::Arc<UserData>,
}

/// The system's clock where the host has none.
unsafe extern "C" fn system_time(_user_data: *mut c_void) -> u64 {
    SystemClock.now().0
}

impl Glance {
    pub fn new(steady: slk_clock, user_data: &std::sync::Arc<UserData>) -> Self {
        Self {
            steady: steady.unwrap_or(system_time),
            user_data: std::sync::Arc::clone(user_data),
        }
    }

    /// The time; beyond the end of time it may go on. A clock may call no function of the library; one that does so all the
    /// same is refused by the functions that read the time through the engine.
    #[inline(always)]
    pub fn glance(&self) -> Time {
        // SAFETY: the host gave this function for this purpose and with this user data, which are alive; or it is ours.
        Time(unsafe { (self.steady)(self.user_data.pointer()) })
    }
}

impl Clock for HostClock {
    fn now(&self) -> Time {
        match self.steady {
            // SAFETY: the host gave this function for this purpose and with this user data, which are alive.
            Some(steady) => Time(callback::run(|| unsafe { steady(self.user_data.pointer()) }).min(END_OF_TIME)),
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
    pub log: slk_log,
    pub record: slk_log_structured,
    pub user_data: std::sync::Arc<UserData>,
}

impl LogSink for HostLog {
    fn log(&self, level: Level, text: fmt::Arguments<'_>) {
        let Some(log) = self.log else {
            return;
        };
        // A NUL inside, which only the host's own words could bring in, would cut the text.
        let text = CString::new(text.to_string().replace('\0', " ")).unwrap_or_default();
        let length = text.as_bytes().len();
        // SAFETY: the host gave this function for this purpose and with this user data, which are alive; the text lives
        // until the call returns.
        callback::run(|| unsafe { log(self.user_data.pointer(), number_of(level), text.as_ptr(), length) });
    }

    fn record(&self, record: &Record<'_>) {
        self.log(record.level, format_args!("{}", record.text));
        let Some(take) = self.record else {
            return;
        };
        let c_text = |text: &str| CString::new(text.replace('\0', " ")).unwrap_or_default();
        let optional = |text: Option<&str>| text.map(c_text);
        let texts = [
            optional(Some(record.server)),
            optional(record.store),
            optional(record.spec),
            optional(record.key),
            optional(Some(record.text)),
        ];
        let pointer = |text: &Option<CString>| text.as_ref().map_or(std::ptr::null(), |text| text.as_ptr());
        #[allow(clippy::cast_possible_truncation, reason = "the struct is small")]
        let struct_size = size_of::<slk_log_record>() as u32;
        let view = slk_log_record {
            struct_size,
            level: number_of(record.level),
            kind: kind_number(record.kind),
            cause: record.cause.map_or(SLK_CAUSE_NONE, cause_number),
            server: pointer(&texts[0]),
            store: pointer(&texts[1]),
            spec: pointer(&texts[2]),
            key: pointer(&texts[3]),
            text: pointer(&texts[4]),
            text_length: record.text.len(),
            epoch: record.epoch.unwrap_or(0),
            wall_ms: record.wall_ms,
        };
        // SAFETY: the host gave this function for this purpose and with this user data, which are alive; the record and
        // what it points to live until the call returns.
        callback::run(|| unsafe { take(self.user_data.pointer(), &raw const view) });
    }
}

fn kind_number(kind: Kind) -> i32 {
    match kind {
        Kind::Engine => SLK_LOG_KIND_ENGINE,
        Kind::Store => SLK_LOG_KIND_STORE,
        Kind::Locker => SLK_LOG_KIND_LOCKER,
        Kind::Purchase => SLK_LOG_KIND_PURCHASE,
        Kind::Callback => SLK_LOG_KIND_CALLBACK,
    }
}

/// The header's number for whose trouble it is.
pub(super) fn cause_number(cause: Cause) -> i32 {
    match cause {
        Cause::Request => SLK_CAUSE_REQUEST,
        Cause::Store => SLK_CAUSE_STORE,
        Cause::Unknown => SLK_CAUSE_UNKNOWN,
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
