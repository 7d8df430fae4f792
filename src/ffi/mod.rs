//! The C boundary: what `include/sessionlocker.h` declares.
//!
//! Every exported function checks what it is given, calls the crate, and turns what comes back into a result. The comment
//! of a function here is its comment in the header, written for the reader of C.
//!
//! Each handle has a file of its own; `handle` has their types and `table` tells good ones from bad; `panic` lets no panic
//! through; `text` and `options` check what comes in; `callback` is how the host is called.

#![allow(
    non_camel_case_types,
    reason = "the types carry the names that they have in the header"
)]
#![allow(
    clippy::missing_safety_doc,
    reason = "what callers must keep is said in the header's words: parameters, threads, ownership"
)]

mod callback;
pub mod change;
pub mod codec;
pub mod data;
pub mod document;
pub mod engine;
pub mod error_sink;
mod error_text;
pub mod event;
pub mod handle;
pub mod host;
pub mod locker;
pub mod locker_data;
pub mod metrics;
pub mod migration;
mod options;
mod panic;
pub mod receipt;
pub mod request;
pub mod result;
pub mod spec;
mod spec_host;
pub mod store;
pub mod store_callback;
pub mod store_postgres;
pub mod store_redis;
pub mod store_sqlite;
pub mod store_testing;
mod table;
pub mod text;
pub mod version;
pub mod visit;
