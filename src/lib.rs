//! SessionLocker keeps players' save data safe in game servers.

pub mod clock;
pub mod error;
pub mod ffi;
pub mod log;
pub mod record;
pub mod store;
