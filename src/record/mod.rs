//! The persisted record: our header and the game's data in one JSON object.

mod access;
mod document;
mod json_text;
mod pointer;

pub use access::ValueType;
pub use document::Document;
pub use json_text::MAX_DEPTH;
pub use pointer::MAX_POINTER_BYTES;
