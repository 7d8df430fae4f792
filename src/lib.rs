//! SessionLocker keeps players' save data safe in game servers: at most one server writes a record, what is reported
//! as saved is saved, and each purchase takes effect exactly once.
//!
//! It is made to be linked from C (`include/sessionlocker.h`); a Rust program uses the same engine directly.
//!
//! # The rooms
//!
//! Arrows run one way, from the top to the bottom of this list.
//!
//! | room | what is in it |
//! |---|---|
//! | [`ffi`] | the C boundary: handles, strings, results, panics, stores made of C callbacks |
//! | [`engine`] | one game server: tick, timers, events, scheduler, server record |
//! | [`visit`] | work on records that are not held: delivering changes, updating, looking, erasing |
//! | [`locker`] | the session state machine of one key: acquire, save, hand over, release |
//! | [`change`] | what one record sends to another |
//! | [`receipt`] | purchases: from the platform's notice to the answer that may be given |
//! | [`record`] | what is stored: header, ledger, the game's data, the server record |
//! | [`codec`] | how the value of a record is compressed or hidden on its way to the store |
//! | [`store`] | compare-and-set on one key: the trait, memory, SQLite, PostgreSQL, the thread pool |
//! | [`clock`], [`error`], [`log`], [`rare`] | what everybody needs |
//!
//! Everything below [`engine::Engine`] is free of I/O: [`engine::core::Core`] is driven by the time and by answers
//! alone, so that a simulator runs the very code that ships.
//!
//! # A server in a few lines
//!
//! ```
//! use sessionlocker::engine::host::{About, Host};
//! use sessionlocker::engine::{Engine, EngineOptions, Event};
//! use sessionlocker::error::Error;
//! use sessionlocker::locker::call::{CallAnswer, HostCall};
//! use sessionlocker::locker::{event, Spec};
//! use sessionlocker::record::Document;
//! use sessionlocker::store::{memory::MemoryStore, Store};
//! use std::sync::Arc;
//! use std::time::Duration;
//!
//! struct Game;
//! impl Host for Game {
//!     fn default_data(&self, _key: &str) -> Result<Document, Error> {
//!         Document::from_json("{\"gold\":0}")
//!     }
//!     fn answer(&self, _about: &About, _call: HostCall) -> CallAnswer {
//!         CallAnswer::done(None)
//!     }
//! }
//!
//! # fn main() -> Result<(), Error> {
//! let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
//! let engine = Engine::new(EngineOptions::default())?;
//! let players = engine.add_spec(&store, Spec::named("player"), Arc::new(Game))?;
//! let player = engine.open_locker(players, "42", 42)?;
//! engine.core().mark_should_acquire(player, None)?;
//! loop {
//!     engine.update(Duration::from_micros(500))?; // once in each turn of the game loop
//!     match engine.core().next_event() {
//!         Some(Event::Locker { event: event::Event::Loaded { .. }, .. }) => break,
//!         _ => std::thread::sleep(Duration::from_millis(1)),
//!     }
//! }
//! engine.core().edit(player, |data| data.add_i64("/gold", 1))?;
//! assert!(engine.shutdown(Duration::from_secs(10))?);
//! # Ok(())
//! # }
//! ```

/// The program of the guide for Rust, as a test.
#[cfg(doctest)]
#[doc = include_str!("../docs/guide/rust.md")]
mod guide {}

pub mod change;
pub mod clock;
pub mod codec;
pub mod engine;
pub mod error;
pub mod ffi;
pub mod locker;
pub mod log;
pub mod planted;
pub mod rare;
pub mod receipt;
pub mod record;
pub mod store;
mod sync;
pub mod visit;
