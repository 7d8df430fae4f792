//! The persisted record: our header and the game's data in one JSON object; and the server record.

pub mod codec;
mod document;
pub mod header;
pub mod ledger;
pub mod server;
pub mod stamp;

pub use document::Document;
