//! SessionLocker keeps players' save data safe in game servers.

pub mod clock;
pub mod engine;
pub mod error;
pub mod ffi;
pub mod locker;
pub mod log;
pub mod planted;
pub mod receipt;
pub mod record;
pub mod store;
