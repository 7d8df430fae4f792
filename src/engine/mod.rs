//! One game server: its lockers, its clock, its server records, its event queue.

mod access;
pub mod beat;
pub mod core;
mod drive;
pub mod event;
mod schedule;
mod timers;
mod watch;

pub use access::LockerStatus;
pub use event::{Event, LockerId, Source, SpecId, StoreId};
