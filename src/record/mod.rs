//! The persisted record: our header and the game's data in one JSON object; and the server record.

mod access;
pub mod codec;
mod digests;
mod document;
pub mod extra;
pub mod header;
pub mod import;
pub mod inbox;
mod json_text;
pub mod ledger;
pub mod migration;
pub mod outbox;
mod pointer;
pub mod rare;
mod recent;
mod scan;
pub mod server;
pub mod stamp;
mod tree;
mod writer;

pub use access::ValueType;
pub use document::Document;
pub use json_text::MAX_DEPTH;
pub use pointer::MAX_POINTER_BYTES;
