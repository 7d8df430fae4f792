//! The persisted record: our header and the game's data in one JSON object.

mod document;

pub use document::Document;
