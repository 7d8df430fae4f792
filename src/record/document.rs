//! The game's data in a record: a JSON value, or opaque bytes.
//!
//! A document that was read from a store stays text until somebody looks inside, and goes back byte for byte if nobody
//! changed it. Clones share the content until one of them is changed.

use crate::error::{Error, ErrorKind};
use serde_json::value::RawValue;
use serde_json::Value;
use std::sync::Arc;

/// A JSON value or opaque bytes. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Document {
    content: Content,
}

#[derive(Clone, Debug)]
enum Content {
    /// Valid JSON that nobody has looked into.
    Text(Arc<RawValue>),
    /// JSON that has been looked into.
    Tree(Arc<Value>),
    Bytes(Arc<[u8]>),
}

impl Default for Document {
    /// An empty JSON object.
    fn default() -> Self {
        Self::from_value(Value::Object(serde_json::Map::new()))
    }
}

impl Document {
    /// A document from JSON text.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidJson`] with the place of the fault.
    pub fn from_json(text: &str) -> Result<Self, Error> {
        let raw: Box<RawValue> = serde_json::from_str(text)
            .map_err(|fault| Error::new(ErrorKind::InvalidJson, format!("not valid JSON: {fault}")))?;
        Ok(Self::from_raw(raw))
    }

    /// A document from JSON that has been checked.
    #[must_use]
    pub fn from_raw(raw: Box<RawValue>) -> Self {
        Self {
            content: Content::Text(raw.into()),
        }
    }

    /// A document from a JSON value.
    #[must_use]
    pub fn from_value(value: Value) -> Self {
        Self {
            content: Content::Tree(Arc::new(value)),
        }
    }

    /// A document of opaque bytes.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Self {
        Self {
            content: Content::Bytes(bytes.into()),
        }
    }

    /// The opaque bytes, if it is a document of bytes.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match &self.content {
            Content::Bytes(bytes) => Some(bytes),
            Content::Text(_) | Content::Tree(_) => None,
        }
    }

    /// Appends the JSON text to `out`; false, and nothing appended, for a document of bytes.
    pub fn write_json(&self, out: &mut Vec<u8>) -> bool {
        match &self.content {
            Content::Text(raw) => out.extend_from_slice(raw.get().as_bytes()),
            Content::Tree(value) => {
                serde_json::to_writer(out, value.as_ref()).expect("a JSON value can always be written to memory");
            }
            Content::Bytes(_) => return false,
        }
        true
    }

    /// Whether both show the same content. Text is compared as text.
    #[must_use]
    pub fn same_content(&self, other: &Self) -> bool {
        match (&self.content, &other.content) {
            (Content::Bytes(a), Content::Bytes(b)) => a == b,
            (Content::Bytes(_), _) | (_, Content::Bytes(_)) => false,
            _ => {
                let (mut a, mut b) = (Vec::new(), Vec::new());
                self.write_json(&mut a);
                other.write_json(&mut b);
                a == b
            }
        }
    }
}
